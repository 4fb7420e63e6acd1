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

output "airflow_url" {
  value = module.orchestration.airflow_url
}

output "warehouse_host" {
  description = "\"host\" of the secret quayside/warehouse, to be put there with the loader's password."
  value       = module.warehouse.host
}
