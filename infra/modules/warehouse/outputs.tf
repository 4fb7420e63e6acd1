output "host" {
  description = "Where the warehouse answers on port 5432: \"host\" of the secret <prefix>warehouse."
  value       = aws_db_instance.warehouse.address
}
