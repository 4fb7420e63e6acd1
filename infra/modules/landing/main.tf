# Landing: the inbox in which others drop files, and crawlers that infer what has landed, to explore it and to notice drift.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  here = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  glue = "arn:${data.aws_partition.current.partition}:glue:${local.here}"
}

module "inbox" {
  source = "../bucket"

  name            = "${var.name}-inbox-${data.aws_caller_identity.current.account_id}"
  versioned       = var.keeps_history
  served_over_tls = var.served_over_tls
}

# Each file is kept in the lake as it was dropped, so the inbox may forget it.
resource "aws_s3_bucket_lifecycle_configuration" "inbox" {
  count = var.keeps_history ? 1 : 0

  bucket = module.inbox.name

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.inbox_days
    }

    noncurrent_version_expiration {
      noncurrent_days = var.inbox_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

# Apart from the curated tables: what is here was guessed, and nothing is served from it.
resource "aws_glue_catalog_database" "landing" {
  name        = "${replace(var.name, "-", "_")}_landing"
  description = "What crawlers infer of the landing zone; a partition is a batch"
}

resource "aws_glue_crawler" "landing" {
  for_each = var.crawlers

  name          = "${var.name}-${each.key}"
  description   = "Infers the schema of what has landed from ${each.value.source}; started by the DAG hospitality_drift"
  database_name = aws_glue_catalog_database.landing.name
  role          = aws_iam_role.crawlers.arn
  table_prefix  = "${each.value.source}_"

  dynamic "s3_target" {
    for_each = each.value.datasets

    content {
      path       = "s3://${var.lake_bucket}/landing/${each.value.source}/${s3_target.value}/"
      exclusions = ["**/manifest.json"]
    }
  }

  recrawl_policy {
    recrawl_behavior = "CRAWL_EVERYTHING" # each partition keeps what was inferred of its batch, also where a type has changed
  }

  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "LOG"
  }

  configuration = jsonencode({
    Version  = 1.0
    Grouping = { TableGroupingPolicy = "CombineCompatibleSchemas", TableLevelConfiguration = 4 } # bucket/landing/source/dataset
  })
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "crawlers" {
  name               = "${var.name}-crawlers"
  description        = "What the crawlers of ${var.name} may do"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "crawlers" {
  statement {
    sid       = "FindWhatHasLanded"
    actions   = ["s3:ListBucket"]
    resources = [var.lake_bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["landing/*"]
    }
  }

  statement {
    sid       = "ReadWhatHasLanded"
    actions   = ["s3:GetObject"]
    resources = [for each in var.crawlers : "${var.lake_bucket_arn}/landing/${each.source}/*"]
  }

  statement {
    sid = "WriteWhatWasInferred"
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
      "glue:UpdatePartition",
      "glue:UpdateTable",
    ]
    resources = [
      "${local.glue}:catalog",
      "${local.glue}:database/${aws_glue_catalog_database.landing.name}",
      "${local.glue}:table/${aws_glue_catalog_database.landing.name}/*",
    ]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${data.aws_partition.current.partition}:logs:${local.here}:log-group:/aws-glue/crawlers*"]
  }
}

resource "aws_iam_role_policy" "crawlers" {
  name   = "crawl"
  role   = aws_iam_role.crawlers.id
  policy = data.aws_iam_policy_document.crawlers.json
}
