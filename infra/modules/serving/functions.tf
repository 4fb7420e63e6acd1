# The Lambdas: each has its package, its role and its log.

locals {
  functions = {
    authorizer = {
      description = "Verifies the token and reads the caller's record, on every request"
      memory      = 512
      timeout     = 5
      policy      = data.aws_iam_policy_document.authorizer.json
    }
    dashboards = {
      description = "Dashboards, downloads, venues and data health"
      memory      = 1024
      timeout     = 29 # API Gateway waits no longer
      policy      = data.aws_iam_policy_document.dashboards.json
    }
    users = {
      description = "Profiles, users and the audit trail"
      memory      = 512
      timeout     = 20
      policy      = data.aws_iam_policy_document.users.json
    }
  }

  in_network = var.network == null ? toset([]) : toset(["dashboards"]) # who asks the warehouse

  environment = merge({
    QUAYSIDE_LAKE_BUCKET         = var.lake_bucket
    QUAYSIDE_LEDGER_TABLE        = var.ledger_table
    QUAYSIDE_CATALOG_DATABASE    = var.catalog_database
    QUAYSIDE_ATHENA_WORKGROUP    = var.athena_workgroup
    QUAYSIDE_SECRET_PREFIX       = var.secret_prefix
    QUAYSIDE_USERS_TABLE         = aws_dynamodb_table.users.name
    QUAYSIDE_SERVING_TABLE       = aws_dynamodb_table.serving.name
    QUAYSIDE_USER_POOL_ID        = aws_cognito_user_pool.users.id
    QUAYSIDE_USER_POOL_CLIENT_ID = aws_cognito_user_pool_client.web.id
    QUAYSIDE_JWKS_URL            = "${local.cognito}/${aws_cognito_user_pool.users.id}/.well-known/jwks.json"
    QUAYSIDE_ISSUER              = "https://cognito-idp.${data.aws_region.current.name}.amazonaws.com/${aws_cognito_user_pool.users.id}"
    QUAYSIDE_AIRFLOW_URL         = var.airflow_url
    QUAYSIDE_WEB_ORIGIN          = local.web_origin
    POWERTOOLS_METRICS_NAMESPACE = "Quayside"
  }, var.watched ? {} : { POWERTOOLS_TRACE_DISABLED = "true" })
}

# From S3, as the provider uploads packages one after the other, and waits five seconds for each.
resource "aws_s3_object" "package" {
  for_each = local.functions

  bucket      = var.lake_bucket
  key         = "artifacts/lambdas/${each.key}.zip"
  source      = "${var.packages}/${each.key}.zip"
  source_hash = filemd5("${var.packages}/${each.key}.zip")
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name    = "${var.name}-${each.key}"
  description      = each.value.description
  role             = aws_iam_role.function[each.key].arn
  runtime          = "python3.12"
  architectures    = ["x86_64"]
  handler          = "handler.handler"
  s3_bucket        = aws_s3_object.package[each.key].bucket
  s3_key           = aws_s3_object.package[each.key].key
  source_code_hash = filebase64sha256("${var.packages}/${each.key}.zip")
  memory_size      = each.value.memory
  timeout          = each.value.timeout

  environment {
    variables = merge(local.environment, { POWERTOOLS_SERVICE_NAME = each.key })
  }

  tracing_config {
    mode = var.watched ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = contains(local.in_network, each.key) ? [var.network] : []

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_days
}

resource "aws_lambda_permission" "api" {
  for_each = local.functions

  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${each.key == "authorizer" ? "authorizers/*" : "*/*"}"
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name               = "${var.name}-${each.key}"
  description        = "What the Lambda ${each.key} may do"
  assume_role_policy = data.aws_iam_policy_document.assume["lambda"].json
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "work"
  role   = aws_iam_role.function[each.key].id
  policy = each.value.policy
}

data "aws_iam_policy_document" "report" {
  for_each = local.functions

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  dynamic "statement" {
    for_each = var.watched ? [1] : []

    content {
      sid       = "SendTraces" # these actions know no resource
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = contains(local.in_network, each.key) ? [1] : []

    content {
      sid       = "EnterTheNetwork" # Lambda makes an interface before it has a name
      actions   = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
      resources = ["*"]
    }
  }
}

resource "aws_iam_role_policy" "report" {
  for_each = local.functions

  name   = "report"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.report[each.key].json
}
