# Failure and recovery of any pipeline, with the reason and a link.

resource "aws_sns_topic" "alerts" {
  name = "${var.name}-alerts"
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "LetAlarmsTell" # a policy of our own takes the place of AWS's, which let the account's services publish
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  count = var.served_over_tls ? 1 : 0

  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.tls_only.json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}
