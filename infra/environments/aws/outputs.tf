output "lake_bucket" {
  value = module.lake.bucket
}

output "ledger_table" {
  value = module.lake.ledger_table
}

output "inbox_bucket" {
  value = module.landing.inbox_bucket
}

output "landing_database" {
  value = module.landing.database
}

output "alerts_topic_arn" {
  value = module.alerts.topic_arn
}

output "catalog_database" {
  value = module.catalog.database
}

output "athena_workgroup" {
  value = module.catalog.workgroup
}

output "airflow" {
  description = "What `make deploy` asks for."
  value       = merge(module.orchestration.code, { region = var.region, settings = local.settings })
}

output "airflow_url" {
  value = module.orchestration.airflow_url
}

output "warehouse_host" {
  description = "\"host\" of the secret quayside/warehouse, to be put there with the loader's password."
  value       = module.warehouse.host
}

output "users_table" {
  value = module.serving.users_table
}

output "user_pool_id" {
  value = module.serving.user_pool_id
}

output "user_pool_client_id" {
  value = module.serving.user_pool_client_id
}

output "serving_table" {
  value = module.serving.serving_table
}

output "api_url" {
  value = module.serving.api_url
}

output "web_url" {
  value = module.serving.web_url
}

output "web_bucket" {
  description = "Where the web app's build is uploaded to."
  value       = module.serving.web_bucket
}
