variable "name" {
  description = "Prefix of the role's, the environment's and the code bucket's name."
  type        = string
}

variable "lake_bucket_arn" {
  type = string
}

variable "lake_prefixes" {
  description = "Prefixes of the lake that pipelines read and write."
  type        = list(string)
  default     = ["landing", "curated", "quarantine", "quality", "artifacts", "athena-results"]
}

variable "ledger_table_arn" {
  type = string
}

variable "catalog_database" {
  description = "Name of the Glue database."
  type        = string
}

variable "athena_workgroup_arn" {
  type = string
}

variable "secret_arns" {
  description = "Secrets that pipelines may read."
  type        = list(string)
}

variable "alerts_topic_arn" {
  type = string
}

variable "inbox_bucket_arn" {
  description = "Bucket in which others drop files."
  type        = string
}

variable "landing_database" {
  description = "Name of the Glue database of what crawlers infer."
  type        = string
}

variable "crawler_arns" {
  description = "Crawlers that pipelines may start."
  type        = list(string)
}

variable "job_arns" {
  description = "Glue jobs that pipelines may start."
  type        = list(string)
}

variable "policies" {
  description = "What other modules let pipelines do: name → policy as JSON."
  type        = map(string)
  default     = {}
}

variable "airflow" {
  description = <<-E
    The Amazon MWAA environment, or null for none: locally Airflow runs as four processes of its own.
  E
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    environment_class  = optional(string, "mw1.small")
    max_workers        = optional(number, 4)
  })
  default = null
}
