# Who runs the pipelines: the role that Airflow's workers take, allowed what the stages do and nothing else.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  here = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  glue = "arn:${data.aws_partition.current.partition}:glue:${local.here}"
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "pipelines" {
  name               = "${var.name}-pipelines"
  description        = "What the pipelines of ${var.name} may do"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "stages" {
  statement {
    sid       = "FindInTheLake"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [var.lake_bucket_arn]
  }

  statement {
    sid       = "ReadAndAddToTheLake"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = [for stage in var.lake_prefixes : "${var.lake_bucket_arn}/${stage}/*"]
  }

  statement {
    sid       = "SweepReplacedVersions" # landing stays as it was received, quarantine until it expires
    actions   = ["s3:DeleteObject"]
    resources = ["${var.lake_bucket_arn}/curated/*"]
  }

  statement {
    sid = "KeepTheLedger"
    actions = [
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [var.ledger_table_arn]
  }

  statement {
    sid = "PublishCuratedTables"
    actions = [
      "glue:BatchCreatePartition",
      "glue:BatchGetPartition",
      "glue:BatchUpdatePartition",
      "glue:CreateTable",
      "glue:GetDatabase",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
      "glue:UpdateTable",
    ]
    resources = [
      "${local.glue}:catalog",
      "${local.glue}:database/${var.catalog_database}",
      "${local.glue}:database/${var.catalog_database}_masked",
      "${local.glue}:table/${var.catalog_database}/*",
      "${local.glue}:table/${var.catalog_database}_masked/*",
    ]
  }

  statement {
    sid = "QueryCuratedTables"
    actions = [
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetWorkGroup",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [var.athena_workgroup_arn]
  }

  statement {
    sid       = "LookIntoTheInbox"
    actions   = ["s3:ListBucket"]
    resources = [var.inbox_bucket_arn]
  }

  statement {
    sid       = "ReadTheInbox"
    actions   = ["s3:GetObject"]
    resources = ["${var.inbox_bucket_arn}/*"]
  }

  statement {
    sid       = "RunGlueJobs"
    actions   = ["glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
    resources = var.job_arns
  }

  statement {
    sid       = "Crawl"
    actions   = ["glue:GetCrawler", "glue:StartCrawler"]
    resources = var.crawler_arns
  }

  statement {
    sid     = "ReadAndAlignWhatCrawlersInferred"
    actions = ["glue:BatchUpdatePartition", "glue:GetPartitions", "glue:GetTable"]
    resources = [
      "${local.glue}:catalog",
      "${local.glue}:database/${var.landing_database}",
      "${local.glue}:table/${var.landing_database}/*",
    ]
  }

  statement {
    sid       = "OpenConnections"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = var.secret_arns
  }

  statement {
    sid       = "Alert"
    actions   = ["sns:Publish"]
    resources = [var.alerts_topic_arn]
  }
}

resource "aws_iam_role_policy" "stages" {
  name   = "stages"
  role   = aws_iam_role.pipelines.id
  policy = data.aws_iam_policy_document.stages.json
}

resource "aws_iam_role_policy" "of_others" {
  for_each = var.policies

  name   = each.key
  role   = aws_iam_role.pipelines.id
  policy = each.value
}
