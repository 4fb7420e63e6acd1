# Curated: the Glue jobs that make curated tables of what has landed.
# A run names the very script and package that its DAG was deployed with; a job's own script is for runs by hand.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  here   = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  script = "${var.source_root}/include/glue_scripts/curate.py"
  tables = [for file in fileset("${var.source_root}/include/contracts/hospitality", "*.yaml") : trimsuffix(file, ".yaml")]

  # One for each source makes all of its tables from one read; one for each table is there to repair it by hand.
  jobs = merge({ for source in var.sources : source => {} }, { for table in local.tables : table => { "--tables" = table } })
}

resource "aws_s3_object" "script" {
  bucket      = var.lake_bucket
  key         = "artifacts/glue/curate.py"
  source      = local.script
  source_hash = filemd5(local.script)
}

resource "aws_glue_job" "curate" {
  for_each = local.jobs

  name              = "${var.name}-${each.key}"
  description       = contains(var.sources, each.key) ? "Makes all curated tables of ${each.key}" : "Makes ${each.key} alone, by hand"
  role_arn          = aws_iam_role.jobs.arn
  glue_version      = "5.0"
  worker_type       = "G.1X"
  number_of_workers = 2
  timeout           = 120 # minutes
  max_retries       = 0   # Airflow tries again

  command {
    name            = "glueetl"
    script_location = "s3://${var.lake_bucket}/${aws_s3_object.script.key}"
    python_version  = "3"
  }

  default_arguments = merge(each.value, {
    "--enable-job-insights" = "true"
    "--job-bookmark-option" = "job-bookmark-disable" # the ledger knows what is pending
    "--job-language"        = "python"
  })

  execution_property {
    max_concurrent_runs = 1
  }
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

resource "aws_iam_role" "jobs" {
  name               = "${var.name}-jobs"
  description        = "What the Glue jobs of ${var.name} may do"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "jobs" {
  statement {
    sid       = "FindInTheLake"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.lake_bucket_arn]
  }

  statement {
    sid     = "ReadWhatHasLanded"
    actions = ["s3:GetObject"]
    resources = concat(
      ["${var.lake_bucket_arn}/artifacts/*"],
      [for source in var.sources : "${var.lake_bucket_arn}/landing/${source}/*"],
    )
  }

  statement {
    sid     = "ReadAndWriteCurated" # DeleteObject: Spark clears away what it wrote for the time being
    actions = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [
      "${var.lake_bucket_arn}/curated/_plans/*",
      "${var.lake_bucket_arn}/curated/hospitality/*",
    ]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${data.aws_partition.current.partition}:logs:${local.here}:log-group:/aws-glue/*"]
  }
}

resource "aws_iam_role_policy" "jobs" {
  name   = "curate"
  role   = aws_iam_role.jobs.id
  policy = data.aws_iam_policy_document.jobs.json
}
