# The catalog: one Glue database for all curated tables, and the Athena workgroup that reads them.
# The tables themselves come from the data contracts: the curated stage creates them, so that no column is listed here.

resource "aws_glue_catalog_database" "curated" {
  name         = var.name
  description  = "Curated tables of the lake, one per dataset"
  location_uri = "s3://${var.lake_bucket}/curated"
}

# Views of these tables without personal data, made by the curated stage; who may read no more is granted these.
resource "aws_glue_catalog_database" "masked" {
  name        = "${var.name}_masked"
  description = "Curated tables of the lake with personal data masked"
}

resource "aws_athena_workgroup" "platform" {
  name          = var.name
  description   = "All queries over the curated tables; results expire with athena-results/ of the lake"
  force_destroy = true # it holds query history, no data

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.query_limit_bytes

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${var.lake_bucket}/athena-results/"

      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}
