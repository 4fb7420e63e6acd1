output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.curated.name
}

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.platform.name
}

output "workgroup_arn" {
  value = aws_athena_workgroup.platform.arn
}
