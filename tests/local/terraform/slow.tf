# What the provider itself waits for, whatever answers it: a queue takes 25 s, a lifecycle rule 55 s.

variable "slow" {
  description = "Whether to make these too."
  type        = bool
  default     = false
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  count  = var.slow ? 1 : 0
  bucket = aws_s3_bucket.lake.id

  rule {
    id     = "tier"
    status = "Enabled"

    filter {
      prefix = "landing/"
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = 365
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  rule {
    id     = "uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_sqs_queue" "dead" {
  count = var.slow ? 1 : 0

  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "work" {
  count = var.slow ? 1 : 0

  name                       = "${var.name}-work"
  visibility_timeout_seconds = 90
  receive_wait_time_seconds  = 5
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead[0].arn, maxReceiveCount = 3 })
}

resource "aws_sqs_queue_policy" "work" {
  count = var.slow ? 1 : 0

  queue_url = aws_sqs_queue.work[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.work[0].arn
    }]
  })
}

resource "aws_sns_topic_subscription" "queue" {
  count = var.slow ? 1 : 0

  topic_arn            = aws_sns_topic.alerts.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.work[0].arn
  raw_message_delivery = true
}

resource "aws_lambda_event_source_mapping" "queue" {
  count = var.slow ? 1 : 0

  event_source_arn                   = aws_sqs_queue.work[0].arn
  function_name                      = aws_lambda_function.worker.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
}
