output "role_arn" {
  description = "Role that the pipelines run with."
  value       = aws_iam_role.pipelines.arn
}

output "airflow_url" {
  description = "Airflow's web address; null where Terraform makes no environment."
  value       = one([for environment in aws_mwaa_environment.airflow : "https://${environment.webserver_url}"])
}
