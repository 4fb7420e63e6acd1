output "inbox_bucket" {
  description = "Name of the bucket in which others drop files."
  value       = module.inbox.name
}

output "inbox_bucket_arn" {
  value = module.inbox.arn
}

output "database" {
  description = "Name of the Glue database of what crawlers infer."
  value       = aws_glue_catalog_database.landing.name
}

output "crawler_arns" {
  value = [for crawler in aws_glue_crawler.landing : crawler.arn]
}
