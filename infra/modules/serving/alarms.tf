# What somebody is told of at once, through the alerts' topic.

locals {
  of_the_api = { ApiName = aws_api_gateway_rest_api.this.name, Stage = aws_api_gateway_stage.this.stage_name }

  alarms = {
    errors = {
      says      = "The API answers with errors of its own: look for the request ids in its access log"
      namespace = "AWS/ApiGateway", metric = "5XXError", dimensions = local.of_the_api
      statistic = "Sum", percentile = null, threshold = 5, times = 1
    }
    slow = {
      says      = "One request of a hundred takes longer than 5 s"
      namespace = "AWS/ApiGateway", metric = "Latency", dimensions = local.of_the_api
      statistic = null, percentile = "p99", threshold = 5000, times = 3
    }
    authorizer = {
      says       = "The authorizer fails, so that nobody gets in: its log says why"
      namespace  = "AWS/Lambda", metric = "Errors"
      dimensions = { FunctionName = aws_lambda_function.this["authorizer"].function_name }
      statistic  = "Sum", percentile = null, threshold = 3, times = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.watched ? local.alarms : {}

  alarm_name          = "${var.name}-api-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  extended_statistic  = each.value.percentile
  period              = 300
  evaluation_periods  = each.value.times
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alerts_topic_arn]
  ok_actions          = [var.alerts_topic_arn]
}
