output "bucket" {
  description = "Name of the lake's bucket."
  value       = module.bucket.name
}

output "bucket_arn" {
  value = module.bucket.arn
}

output "ledger_table" {
  description = "Name of the extraction ledger."
  value       = aws_dynamodb_table.ledger.name
}

output "ledger_arn" {
  value = aws_dynamodb_table.ledger.arn
}
