locals {
  services = toset(["firehose", "glue", "lambda", "scheduler", "apigateway"])
}

data "aws_iam_policy_document" "assume" {
  for_each = local.services

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "lambda" {
  name                 = "${var.name}-lambda"
  description          = "What the functions may do"
  assume_role_policy   = data.aws_iam_policy_document.assume["lambda"].json
  max_session_duration = 7200
}

resource "aws_iam_role" "firehose" {
  name               = "${var.name}-firehose"
  assume_role_policy = data.aws_iam_policy_document.assume["firehose"].json
}

resource "aws_iam_role" "service" {
  for_each = toset(["glue", "scheduler", "apigateway"])

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume[each.key].json
}

data "aws_iam_policy_document" "work" {
  statement {
    sid       = "Work"
    actions   = ["firehose:PutRecordBatch", "dynamodb:PutItem"]
    resources = [aws_dynamodb_table.ledger.arn, aws_kinesis_firehose_delivery_stream.events.arn]
  }
}

resource "aws_iam_policy" "work" {
  name        = "${var.name}-work"
  description = "What all functions need"
  policy      = data.aws_iam_policy_document.work.json
}

resource "aws_iam_role_policy_attachment" "work" {
  role       = aws_iam_role.lambda.name
  policy_arn = aws_iam_policy.work.arn
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.lambda.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "firehose" {
  name = "deliver"
  role = aws_iam_role.firehose.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:PutObject"], Resource = "${aws_s3_bucket.lake.arn}/*" }]
  })
}
