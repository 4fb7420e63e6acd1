resource "aws_glue_catalog_database" "lake" {
  name        = replace("${var.name}_lake", "-", "_")
  description = "The lake"
}

resource "aws_glue_catalog_table" "events" {
  name          = "events"
  database_name = aws_glue_catalog_database.lake.name
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                    = "TRUE"
    classification              = "json"
    "projection.enabled"        = "true"
    "projection.dt.type"        = "date"
    "projection.dt.format"      = "yyyy-MM-dd"
    "projection.dt.range"       = "2026-01-01,NOW"
    "storage.location.template" = "s3://${aws_s3_bucket.lake.bucket}/events/dt=$${dt}/"
  }

  partition_keys {
    name = "dt"
    type = "string"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.lake.bucket}/events/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }

    columns {
      name    = "id"
      type    = "bigint"
      comment = "Key"
    }
  }
}

resource "aws_glue_classifier" "files" {
  name = "${var.name}-files"

  csv_classifier {
    contains_header = "PRESENT"
    delimiter       = ";"
    quote_symbol    = "\""
  }
}

resource "aws_glue_crawler" "files" {
  name          = "${var.name}-files"
  description   = "Finds what was dropped"
  role          = aws_iam_role.service["glue"].arn
  database_name = aws_glue_catalog_database.lake.name
  schedule      = "cron(0 1 * * ? *)"
  classifiers   = [aws_glue_classifier.files.name]
  table_prefix  = "dropped_"

  s3_target {
    path       = "s3://${aws_s3_bucket.lake.bucket}/dropped/"
    exclusions = ["**.tmp"]
  }

  schema_change_policy {
    delete_behavior = "LOG"
    update_behavior = "UPDATE_IN_DATABASE"
  }

  recrawl_policy {
    recrawl_behavior = "CRAWL_EVERYTHING"
  }
}

resource "aws_glue_job" "curate" {
  name              = "${var.name}-curate"
  description       = "Curates"
  role_arn          = aws_iam_role.service["glue"].arn
  glue_version      = "5.0"
  worker_type       = "G.1X"
  number_of_workers = 2
  timeout           = 30
  max_retries       = 0

  command {
    name            = "glueetl"
    script_location = "s3://${aws_s3_bucket.lake.bucket}/${aws_s3_object.script.key}"
    python_version  = "3"
  }

  default_arguments = {
    "--bucket" = aws_s3_bucket.lake.bucket
  }

  execution_property {
    max_concurrent_runs = 3
  }
}

resource "aws_glue_trigger" "nightly" {
  name     = "${var.name}-nightly"
  type     = "SCHEDULED"
  schedule = "cron(0 2 * * ? *)"
  enabled  = false

  actions {
    job_name = aws_glue_job.curate.name
  }
}

resource "aws_athena_workgroup" "lake" {
  name          = "${var.name}-lake"
  description   = "Queries of the lake"
  force_destroy = true

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = 1073741824

    result_configuration {
      output_location = "s3://${aws_s3_bucket.lake.bucket}/athena-results/"

      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}

resource "aws_athena_named_query" "events" {
  name        = "${var.name}-events"
  description = "All events"
  workgroup   = aws_athena_workgroup.lake.id
  database    = aws_glue_catalog_database.lake.name
  query       = "SELECT * FROM events"
}

resource "aws_athena_prepared_statement" "one" {
  name            = "one_event"
  description     = "One event"
  workgroup       = aws_athena_workgroup.lake.name
  query_statement = "SELECT * FROM events WHERE id = ?"
}

resource "aws_kinesis_firehose_delivery_stream" "events" {
  name        = "${var.name}-events"
  destination = "extended_s3"

  extended_s3_configuration {
    bucket_arn          = aws_s3_bucket.lake.arn
    role_arn            = aws_iam_role.firehose.arn
    prefix              = "events/kind=!{partitionKeyFromQuery:kind}/dt=!{timestamp:yyyy-MM-dd}/"
    error_output_prefix = "failed/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
    buffering_size      = 64
    buffering_interval  = 60
    compression_format  = "GZIP"
    custom_time_zone    = "Europe/Lisbon"
    s3_backup_mode      = "Enabled"

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.worker.name
      log_stream_name = "delivery"
    }

    dynamic_partitioning_configuration {
      enabled = true
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${aws_lambda_function.worker.arn}:$LATEST"
        }
      }

      processors {
        type = "MetadataExtraction"

        parameters {
          parameter_name  = "JsonParsingEngine"
          parameter_value = "JQ-1.6"
        }

        parameters {
          parameter_name  = "MetadataExtractionQuery"
          parameter_value = "{kind:.kind}"
        }
      }
    }

    s3_backup_configuration {
      bucket_arn = aws_s3_bucket.lake.arn
      role_arn   = aws_iam_role.firehose.arn
      prefix     = "raw/"
    }
  }
}

resource "aws_kinesis_firehose_delivery_stream" "plain" {
  name        = "${var.name}-plain"
  destination = "extended_s3"

  extended_s3_configuration {
    bucket_arn = aws_s3_bucket.lake.arn
    role_arn   = aws_iam_role.firehose.arn
  }
}
