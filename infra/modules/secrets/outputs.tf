output "arns" {
  description = "Name after the prefix → ARN."
  value       = { for name, secret in aws_secretsmanager_secret.connection : name => secret.arn }
}
