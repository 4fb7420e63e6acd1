# What dashboards need: a table of query handles, results known already and versions of data, and who may read what.

resource "aws_dynamodb_table" "serving" {
  name         = "${var.name}-serving"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  server_side_encryption {
    enabled = true
  }
}

# What the Lambda of the dashboards API may do.
data "aws_iam_policy_document" "dashboards" {
  statement {
    sid       = "KeepHandlesAndResults"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.serving.arn]
  }

  statement {
    sid       = "ReadTheLedger"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
    resources = [var.ledger_table_arn]
  }

  statement {
    sid = "Query"
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
    sid     = "ReadTheCatalog"
    actions = ["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      "arn:${data.aws_partition.current.partition}:glue:${local.here}:catalog",
      "arn:${data.aws_partition.current.partition}:glue:${local.here}:database/${var.catalog_database}",
      "arn:${data.aws_partition.current.partition}:glue:${local.here}:database/${var.catalog_database}_masked",
      "arn:${data.aws_partition.current.partition}:glue:${local.here}:table/${var.catalog_database}/*",
      "arn:${data.aws_partition.current.partition}:glue:${local.here}:table/${var.catalog_database}_masked/*",
    ]
  }

  statement {
    sid       = "FindInTheLake"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.lake_bucket_arn]
  }

  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake_bucket_arn}/curated/*", "${var.lake_bucket_arn}/quality/*"]
  }

  statement {
    sid       = "ReadAndWriteResults" # what Athena writes in this role's name, and what a signed link is to
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${var.lake_bucket_arn}/athena-results/*", "${var.lake_bucket_arn}/serving/*"]
  }

  statement {
    sid       = "OpenTheWarehouse"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.serving_secret_arn]
  }
}

# What the pipelines may do: say that data has changed.
data "aws_iam_policy_document" "data_versions" {
  statement {
    sid       = "RaiseDataVersions"
    actions   = ["dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.serving.arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["versions"]
    }
  }
}

output "data_versions_policy" {
  description = "What who publishes data may do, as JSON."
  value       = data.aws_iam_policy_document.data_versions.json
}
