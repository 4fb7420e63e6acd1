output "job_arns" {
  value = [for job in aws_glue_job.curate : job.arn]
}
