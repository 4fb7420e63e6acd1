# Amazon MWAA and the code it runs. Nothing of this exists where var.airflow is null.

locals {
  instances = var.airflow == null ? 0 : 1
  root      = try(var.airflow.source_root, "")

  # Only the dags/ prefix, plugins.zip, requirements.txt and a start-up script reach MWAA: include/ is laid over dags/.
  code = var.airflow == null ? {} : {
    for file in fileset(local.root, "{dags,include}/**") : "dags/${replace(file, "/^(dags|include)//", "")}" => file
    if !strcontains(file, "__pycache__")
  }
  startup = join("\n", concat(
    ["#!/bin/sh", "# What quayside.settings reads, in every process of the environment."],
    [for name, value in try(var.airflow.environment, {}) : "export ${name}='${value}'"],
    [""],
  ))
}

module "code" {
  source = "../bucket"
  count  = local.instances

  name            = "${var.name}-code-${data.aws_caller_identity.current.account_id}"
  versioned       = true # MWAA insists
  served_over_tls = true
}

resource "aws_s3_object" "code" {
  for_each = local.code

  bucket      = module.code[0].name
  key         = each.key
  source      = "${local.root}/${each.value}"
  source_hash = filemd5("${local.root}/${each.value}")
}

resource "aws_s3_object" "plugins" {
  count = local.instances

  bucket      = module.code[0].name
  key         = "plugins.zip"
  source      = var.airflow.plugins_zip
  source_hash = filemd5(var.airflow.plugins_zip)
}

resource "aws_s3_object" "requirements" {
  count = local.instances

  bucket      = module.code[0].name
  key         = "requirements.txt"
  source      = "${local.root}/requirements.txt"
  source_hash = filemd5("${local.root}/requirements.txt")
}

resource "aws_s3_object" "startup" {
  count = local.instances

  bucket  = module.code[0].name
  key     = "startup.sh"
  content = local.startup
}

resource "aws_mwaa_environment" "airflow" {
  count = local.instances

  name               = var.name
  airflow_version    = "3.2.1"
  environment_class  = var.airflow.environment_class
  max_workers        = var.airflow.max_workers
  execution_role_arn = aws_iam_role.pipelines.arn

  source_bucket_arn                = module.code[0].arn
  dag_s3_path                      = "dags/"
  plugins_s3_path                  = aws_s3_object.plugins[0].key
  plugins_s3_object_version        = aws_s3_object.plugins[0].version_id
  requirements_s3_path             = aws_s3_object.requirements[0].key
  requirements_s3_object_version   = aws_s3_object.requirements[0].version_id
  startup_script_s3_path           = aws_s3_object.startup[0].key
  startup_script_s3_object_version = aws_s3_object.startup[0].version_id

  # The address is public, the sign-in is IAM's.
  webserver_access_mode = "PUBLIC_ONLY"

  network_configuration {
    subnet_ids         = var.airflow.subnet_ids
    security_group_ids = var.airflow.security_group_ids
  }

  logging_configuration {
    dag_processing_logs {
      enabled   = true
      log_level = "WARNING"
    }

    scheduler_logs {
      enabled   = true
      log_level = "WARNING"
    }

    task_logs {
      enabled   = true
      log_level = "INFO"
    }

    webserver_logs {
      enabled   = true
      log_level = "WARNING"
    }

    worker_logs {
      enabled   = true
      log_level = "WARNING"
    }
  }

  depends_on = [aws_iam_role_policy.airflow, aws_s3_object.code]
}

# What MWAA itself asks of its execution role.
data "aws_iam_policy_document" "airflow" {
  count = local.instances

  statement {
    sid       = "PublishMetrics"
    actions   = ["airflow:PublishMetrics"]
    resources = ["arn:${data.aws_partition.current.partition}:airflow:${local.here}:environment/${var.name}"]
  }

  statement {
    sid = "ReadCode"
    actions = [
      "s3:GetBucketLocation",
      "s3:GetBucketPublicAccessBlock",
      "s3:GetBucketVersioning",
      "s3:GetEncryptionConfiguration",
      "s3:GetObject",
      "s3:GetObjectVersion",
      "s3:ListBucket",
      "s3:ListBucketVersions",
    ]
    resources = [module.code[0].arn, "${module.code[0].arn}/*"]
  }

  statement {
    sid = "WriteLogs"
    actions = [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:GetLogEvents",
      "logs:GetLogGroupFields",
      "logs:GetLogRecord",
      "logs:GetQueryResults",
      "logs:PutLogEvents",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:logs:${local.here}:log-group:airflow-${var.name}-*"]
  }

  statement {
    sid       = "NotLimitedToAResource" # these actions know none
    actions   = ["cloudwatch:PutMetricData", "logs:DescribeLogGroups", "s3:GetAccountPublicAccessBlock"]
    resources = ["*"]
  }

  statement {
    sid = "QueueTasks" # the queues belong to an account of AWS
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:*:airflow-celery-*"]
  }

  statement {
    sid           = "UseTheQueuesKey" # a key of AWS's account: named by what it is not, and by the service that uses it
    actions       = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    not_resources = ["arn:${data.aws_partition.current.partition}:kms:*:${data.aws_caller_identity.current.account_id}:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["sqs.${data.aws_region.current.name}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "airflow" {
  count = local.instances

  name   = "airflow"
  role   = aws_iam_role.pipelines.id
  policy = data.aws_iam_policy_document.airflow[0].json
}
