# Amazon MWAA and the bucket of its code. Nothing of this exists where var.airflow is null.
# What runs there is not Terraform's: `make deploy` uploads it, and tells the environment which versions to take.

locals {
  instances = var.airflow == null ? 0 : 1
}

module "code" {
  source = "../bucket"
  count  = local.instances

  name            = "${var.name}-code-${data.aws_caller_identity.current.account_id}"
  versioned       = true # MWAA insists
  served_over_tls = true
}

resource "aws_mwaa_environment" "airflow" {
  count = local.instances

  name               = var.name
  airflow_version    = "3.2.1"
  environment_class  = var.airflow.environment_class
  max_workers        = var.airflow.max_workers
  execution_role_arn = aws_iam_role.pipelines.arn

  source_bucket_arn = module.code[0].arn
  dag_s3_path       = "dags/"

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

  lifecycle {
    ignore_changes = [
      plugins_s3_object_version,
      plugins_s3_path,
      requirements_s3_object_version,
      requirements_s3_path,
      startup_script_s3_object_version,
      startup_script_s3_path,
    ]
  }

  depends_on = [aws_iam_role_policy.airflow]
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

# For whoever runs `make deploy`: to be attached to their role.
data "aws_iam_policy_document" "deploy" {
  count = local.instances

  statement {
    sid       = "CompareCode"
    actions   = ["s3:GetBucketLocation", "s3:GetEncryptionConfiguration", "s3:ListBucket"]
    resources = [module.code[0].arn]
  }

  statement {
    sid       = "UploadCode" # what is deleted or replaced stays as a version, which this role cannot delete
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = [for place in ["dags/*", "plugins.zip", "requirements.txt", "startup.sh"] : "${module.code[0].arn}/${place}"]
  }

  statement {
    sid       = "TellAirflow"
    actions   = ["airflow:GetEnvironment", "airflow:UpdateEnvironment"]
    resources = ["arn:${data.aws_partition.current.partition}:airflow:${local.here}:environment/${var.name}"]
  }

  statement {
    sid       = "LeaveAirflowItsRole" # an update hands the environment the role that it has
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.pipelines.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "deploy" {
  count = local.instances

  name        = "${var.name}-deploy"
  description = "Put another version of the pipelines' code into service"
  policy      = data.aws_iam_policy_document.deploy[0].json
}
