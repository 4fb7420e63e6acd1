output "role_arn" {
  description = "Role that the pipelines run with."
  value       = aws_iam_role.pipelines.arn
}

output "airflow_url" {
  description = "Airflow's web address; null where Terraform makes no environment."
  value       = one([for environment in aws_mwaa_environment.airflow : "https://${environment.webserver_url}"])
}

output "code" {
  description = "Where code is uploaded to, which environment takes it from there, and what allows to do so; null where there is none."
  value = one([for environment in aws_mwaa_environment.airflow : {
    bucket        = module.code[0].name
    environment   = environment.name
    deploy_policy = aws_iam_policy.deploy[0].arn
  }])
}
