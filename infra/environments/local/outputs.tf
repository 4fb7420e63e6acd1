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

output "web_config" {
  value = module.serving.web_config
}
