output "lake_bucket" {
  value = module.lake.bucket
}

output "ledger_table" {
  value = module.lake.ledger_table
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
