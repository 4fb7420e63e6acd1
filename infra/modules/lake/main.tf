# The lake: one bucket for landing, curated, quarantine, quality and athena-results, and the extraction ledger.

data "aws_caller_identity" "current" {}

module "bucket" {
  source = "../bucket"

  name            = "${var.name}-lake-${data.aws_caller_identity.current.account_id}" # names are shared by all of AWS
  versioned       = var.keeps_history
  served_over_tls = var.served_over_tls
}

# Versions and lifecycle go together: what a mistake deletes can be brought back for a month, and then goes for good.
resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  count = var.keeps_history ? 1 : 0

  bucket = module.bucket.name

  dynamic "rule" {
    for_each = var.expire_after_days

    content {
      id     = "expire-${rule.key}"
      status = "Enabled"

      filter {
        prefix = "${rule.key}/"
      }

      expiration {
        days = rule.value
      }
    }
  }

  rule {
    id     = "forget-replaced-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

# One item per dataset and entry: its cursor, and each extraction window with bounds, status, rows, checksum, manifest.
resource "aws_dynamodb_table" "ledger" {
  name                        = "${var.name}-ledger"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "dataset"
  range_key                   = "entry"
  deletion_protection_enabled = var.keeps_history

  attribute {
    name = "dataset"
    type = "S"
  }

  attribute {
    name = "entry"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}
