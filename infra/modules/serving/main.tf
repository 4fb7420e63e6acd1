# Serving: one REST API, made of api_lambdas/openapi.yaml, and the Lambdas that answer it. users.tf has who may call;
# dashboards.tf what dashboards need; web.tf the web app.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  here = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  cognito = var.endpoint == null ? "https://cognito-idp.${data.aws_region.current.name}.amazonaws.com" : var.endpoint
  api_url = (
    var.endpoint == null
    ? aws_api_gateway_stage.this.invoke_url
    : "${var.endpoint}/_aws/execute-api/${aws_api_gateway_rest_api.this.id}/${aws_api_gateway_stage.this.stage_name}"
  )

  # Read and written again as JSON: anchors are a matter of YAML alone.
  document = jsonencode(yamldecode(templatefile("${var.source_root}/api_lambdas/openapi.yaml", {
    authorizer_uri = aws_lambda_function.this["authorizer"].invoke_arn
    dashboards_uri = aws_lambda_function.this["dashboards"].invoke_arn
    users_uri      = aws_lambda_function.this["users"].invoke_arn
    user_pool_arn  = aws_cognito_user_pool.users.arn
    web_origin     = local.web_origin
  })))
}

resource "aws_api_gateway_rest_api" "this" {
  name = var.name
  body = local.document

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  triggers    = { document = sha1(local.document) }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "this" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = "v1"
  xray_tracing_enabled = var.watched

  dynamic "access_log_settings" {
    for_each = aws_cloudwatch_log_group.access

    content {
      destination_arn = access_log_settings.value.arn
      format = jsonencode({
        at         = "$context.requestTime"
        request_id = "$context.requestId"
        caller     = "$context.authorizer.user_id"
        method     = "$context.httpMethod"
        path       = "$context.resourcePath" # never the query: it may name persons
        status     = "$context.status"
        error      = "$context.error.responseType"
        authorizer = "$context.authorizer.status"
        latency    = "$context.responseLatency"
        bytes      = "$context.responseLength"
        address    = "$context.identity.sourceIp"
      })
    }
  }

  depends_on = [aws_api_gateway_account.this]
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = var.watched
    throttling_rate_limit  = var.throttle.rate
    throttling_burst_limit = var.throttle.burst
  }
}

resource "aws_cloudwatch_log_group" "access" {
  count = var.watched ? 1 : 0

  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_days
}

# API Gateway writes access logs with a role that is set once for the account and region.
resource "aws_api_gateway_account" "this" {
  count = var.watched ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.access_logs[0].arn
  depends_on          = [aws_iam_role_policy_attachment.access_logs]
}

resource "aws_iam_role" "access_logs" {
  count = var.watched ? 1 : 0

  name               = "${var.name}-access-logs"
  description        = "How API Gateway writes logs"
  assume_role_policy = data.aws_iam_policy_document.assume["apigateway"].json
}

resource "aws_iam_role_policy_attachment" "access_logs" {
  count = var.watched ? 1 : 0

  role       = aws_iam_role.access_logs[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

data "aws_iam_policy_document" "assume" {
  for_each = toset(["apigateway", "lambda"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}
