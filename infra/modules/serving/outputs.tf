# users.tf has those of the users.

output "api_url" {
  description = "Where the API answers."
  value       = local.api_url
}

output "serving_table" {
  description = "Name of the table of query handles, results and data versions; QUAYSIDE_SERVING_TABLE."
  value       = aws_dynamodb_table.serving.name
}

output "serving_table_arn" {
  value = aws_dynamodb_table.serving.arn
}

output "web_url" {
  description = "Where the web app is."
  value       = local.web_origin
}

output "web_bucket" {
  description = "Where the web app's build is uploaded to; null where it is served otherwise."
  value       = one(module.web[*].name)
}

output "web_config" {
  description = "The web app's config.json."
  value       = local.config
}
