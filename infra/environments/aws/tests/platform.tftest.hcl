# The real environment, planned without an account: what a laptop does not apply is checked here.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-2" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-2a", "eu-west-2b", "eu-west-2c"] }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/quayside-pipelines" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::a-bucket" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:123456789012:quayside-alerts" }
  }
}

variables {
  alert_emails       = ["data@example.com"]
  source_cidr_blocks = ["10.9.0.0/24"]
}

run "the_whole_plans_and_names_what_settings_are_made_of" {
  command = plan

  assert {
    condition     = output.ledger_table == "quayside-ledger"
    error_message = "QUAYSIDE_LEDGER_TABLE"
  }

  assert {
    condition     = output.landing_database == "quayside_landing"
    error_message = "QUAYSIDE_LANDING_DATABASE"
  }

  assert {
    condition     = output.airflow.environment == "quayside" && output.airflow.settings.QUAYSIDE_LEDGER_TABLE == "quayside-ledger"
    error_message = "where `make deploy` brings the code, and what it puts into the start-up script"
  }

  assert {
    condition     = output.catalog_database == "quayside" && output.athena_workgroup == "quayside"
    error_message = "QUAYSIDE_CATALOG_DATABASE and QUAYSIDE_ATHENA_WORKGROUP"
  }
}

run "the_api_is_watched_and_its_users_are_kept" {
  command = plan

  module {
    source = "../../modules/serving"
  }

  variables {
    name                 = "quayside"
    source_root          = "../../.." # relative to this environment
    packages             = "../../../dist/lambdas"
    lake_bucket          = "quayside-lake-123456789012"
    lake_bucket_arn      = "arn:aws:s3:::quayside-lake-123456789012"
    ledger_table         = "quayside-ledger"
    ledger_table_arn     = "arn:aws:dynamodb:eu-west-2:123456789012:table/quayside-ledger"
    catalog_database     = "quayside"
    athena_workgroup     = "quayside"
    athena_workgroup_arn = "arn:aws:athena:eu-west-2:123456789012:workgroup/quayside"
    secret_prefix        = "quayside/"
    serving_secret_arn   = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:quayside/serving-a1b2c3"
    airflow_url          = "https://airflow.example"
    alerts_topic_arn     = "arn:aws:sns:eu-west-2:123456789012:quayside-alerts"

    network = {
      subnet_ids         = ["subnet-00000000000000001", "subnet-00000000000000002"]
      security_group_ids = ["sg-00000000000000001"]
    }
  }

  assert {
    condition     = aws_cognito_user_pool.users.deletion_protection == "ACTIVE" && aws_cognito_user_pool.users.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "nobody signs up, and the pool refuses to be deleted"
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.generate_secret == false && aws_cognito_user_pool_client.web.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]) && aws_cognito_user_pool_client.web.prevent_user_existence_errors == "ENABLED"
    error_message = "SRP and refresh alone, and nobody learns who has an account"
  }

  assert {
    condition     = aws_dynamodb_table.users.deletion_protection_enabled && aws_dynamodb_table.users.point_in_time_recovery[0].enabled
    error_message = "users can be restored"
  }

  assert {
    condition     = aws_dynamodb_table.serving.ttl[0].attribute_name == "expires"
    error_message = "kept answers go"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["authorizer", "errors", "slow"]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(alarm.alarm_actions) == 1])
    error_message = "somebody is told of errors, of slowness, and when nobody gets in"
  }

  assert {
    condition     = aws_api_gateway_stage.this.xray_tracing_enabled && length(aws_api_gateway_stage.this.access_log_settings) == 1 && aws_api_gateway_method_settings.all.settings[0].throttling_rate_limit == 500
    error_message = "traces, access logs, and a limit"
  }

  assert {
    condition     = length(aws_lambda_function.this["dashboards"].vpc_config) == 1 && length(aws_lambda_function.this["authorizer"].vpc_config) == 0
    error_message = "only dashboards are in the warehouse's network"
  }

  assert {
    condition     = length(aws_cloudfront_distribution.web[0].viewer_certificate) == 1 && aws_cloudfront_origin_access_control.web[0].signing_behavior == "always"
    error_message = "the bucket answers CloudFront alone"
  }

  assert {
    condition     = strcontains(aws_cloudfront_response_headers_policy.web[0].security_headers_config[0].content_security_policy[0].content_security_policy, "script-src 'self';")
    error_message = "no script but the app's own"
  }

  assert {
    condition     = !can(regex("unsafe|data:|blob:| https:( |;)|[*] ", aws_cloudfront_response_headers_policy.web[0].security_headers_config[0].content_security_policy[0].content_security_policy))
    error_message = "nothing inline, and no host but those that are named"
  }

  assert {
    condition     = strcontains(aws_cloudfront_response_headers_policy.web[0].security_headers_config[0].content_security_policy[0].content_security_policy, "connect-src 'self' https://*.execute-api.eu-west-2.amazonaws.com https://cognito-idp.eu-west-2.amazonaws.com;")
    error_message = "the app calls the region's APIs and its Cognito, and nothing else"
  }
}

run "the_lake_keeps_what_a_mistake_deletes" {
  command = plan

  module {
    source = "../../modules/lake"
  }

  variables {
    name = "quayside"
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.lake[0].rule : rule.noncurrent_version_expiration[0].noncurrent_days if rule.id == "forget-replaced-versions"]) == 30
    error_message = "replaced versions stay for 30 days"
  }

  assert {
    condition     = !anytrue([for rule in aws_s3_bucket_lifecycle_configuration.lake[0].rule : contains(["expire-landing", "expire-curated"], rule.id)])
    error_message = "landing and curated never expire"
  }

  assert {
    condition     = aws_dynamodb_table.ledger.deletion_protection_enabled && aws_dynamodb_table.ledger.point_in_time_recovery[0].enabled
    error_message = "the ledger can be restored"
  }
}

run "the_inbox_forgets_what_the_lake_keeps" {
  command = plan

  module {
    source = "../../modules/landing"
  }

  variables {
    name            = "quayside"
    lake_bucket     = "quayside-lake-123456789012"
    lake_bucket_arn = "arn:aws:s3:::quayside-lake-123456789012"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.inbox[0].rule[0].expiration[0].days == 30
    error_message = "dropped files go after a month"
  }

  assert {
    condition     = toset([for crawler in aws_glue_crawler.landing : crawler.name]) == toset(["quayside-aristocrat", "quayside-rosters", "quayside-sales", "quayside-timesheets"])
    error_message = "the four crawlers"
  }

  assert {
    condition     = alltrue([for crawler in aws_glue_crawler.landing : crawler.schedule == null])
    error_message = "the DAG starts them"
  }
}

run "a_glue_job_for_each_source_and_each_curated_table" {
  command = plan

  module {
    source = "../../modules/curated"
  }

  variables {
    name            = "quayside"
    source_root     = "../../.." # relative to this environment
    lake_bucket     = "quayside-lake-123456789012"
    lake_bucket_arn = "arn:aws:s3:::quayside-lake-123456789012"
  }

  assert {
    condition     = alltrue([for name in ["quayside-aristocrat", "quayside-humanforce", "quayside-swiftpos", "quayside-sale_item"] : contains([for job in aws_glue_job.curate : job.name], name)])
    error_message = "by their names"
  }

  assert {
    condition     = aws_glue_job.curate["sale_item"].default_arguments["--tables"] == "sale_item"
    error_message = "a table's job makes no other"
  }

  assert {
    condition     = alltrue([for job in aws_glue_job.curate : job.execution_property[0].max_concurrent_runs == 1 && job.number_of_workers == 2])
    error_message = "small, and one run at a time"
  }
}

run "a_bucket_refuses_plain_http" {
  command = plan

  module {
    source = "../../modules/bucket"
  }

  variables {
    name            = "quayside-lake-123456789012"
    versioned       = true
    served_over_tls = true
  }

  assert {
    condition     = length(aws_s3_bucket_policy.tls_only) == 1
    error_message = "the policy is attached"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "no policy can open the bucket"
  }
}

run "airflow_is_made_and_its_code_is_not_terraforms" {
  command = plan

  module {
    source = "../../modules/orchestration"
  }

  variables {
    name                 = "quayside"
    lake_bucket_arn      = "arn:aws:s3:::quayside-lake-123456789012"
    ledger_table_arn     = "arn:aws:dynamodb:eu-west-2:123456789012:table/quayside-ledger"
    catalog_database     = "quayside"
    athena_workgroup_arn = "arn:aws:athena:eu-west-2:123456789012:workgroup/quayside"
    secret_arns          = ["arn:aws:secretsmanager:eu-west-2:123456789012:secret:quayside/warehouse-a1b2c3"]
    alerts_topic_arn     = "arn:aws:sns:eu-west-2:123456789012:quayside-alerts"
    inbox_bucket_arn     = "arn:aws:s3:::quayside-inbox-123456789012"
    landing_database     = "quayside_landing"
    crawler_arns         = ["arn:aws:glue:eu-west-2:123456789012:crawler/quayside-sales"]
    job_arns             = ["arn:aws:glue:eu-west-2:123456789012:job/quayside-swiftpos"]

    airflow = {
      subnet_ids         = ["subnet-00000000000000001", "subnet-00000000000000002"]
      security_group_ids = ["sg-00000000000000001"]
    }
  }

  assert {
    condition     = aws_mwaa_environment.airflow[0].airflow_version == "3.2.1"
    error_message = "the Airflow that requirements.txt is resolved for"
  }

  assert {
    condition     = aws_mwaa_environment.airflow[0].dag_s3_path == "dags/"
    error_message = "where `make deploy` puts the DAGs"
  }

  assert {
    condition     = aws_iam_policy.deploy[0].name == "quayside-deploy"
    error_message = "what whoever deploys is allowed"
  }
}
