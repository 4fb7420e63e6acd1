variable "name" {
  description = "Prefix of names; the user pool and the API have it as their name."
  type        = string
}

variable "source_root" {
  description = "The checkout whose api_lambdas/openapi.yaml is imported."
  type        = string
}

variable "packages" {
  description = "Folder with a package for each Lambda, <name>.zip, which `make packages` builds."
  type        = string
}

variable "lake_bucket" {
  type = string
}

variable "lake_bucket_arn" {
  type = string
}

variable "ledger_table" {
  type = string
}

variable "ledger_table_arn" {
  type = string
}

variable "catalog_database" {
  description = "Name of the Glue database."
  type        = string
}

variable "athena_workgroup" {
  type = string
}

variable "athena_workgroup_arn" {
  type = string
}

variable "secret_prefix" {
  description = "What every secret's name begins with; ends with a slash."
  type        = string
}

variable "serving_secret_arn" {
  description = "The secret that opens the warehouse to who may only read."
  type        = string
}

variable "airflow_url" {
  description = "Where the runs are that data health links to."
  type        = string
}

variable "alerts_topic_arn" {
  description = "Topic that alarms are published to."
  type        = string
  default     = null
}

variable "watched" {
  description = "Whether there are alarms, traces, metrics and access logs. False locally, where nothing would read them."
  type        = bool
  default     = true
}

variable "keeps_history" {
  description = "Whether user pool, tables and bucket refuse to be deleted or keep what is replaced. False locally: `make reset` deletes at will."
  type        = bool
  default     = true
}

variable "served_over_tls" {
  description = "Whether requests that are not TLS are refused. False locally, where the endpoint is plain HTTP on 127.0.0.1."
  type        = bool
  default     = true
}

variable "endpoint" {
  description = "Where the local AWS answers; null on AWS."
  type        = string
  default     = null
}

variable "web_origin" {
  description = "Where the web app is served, as a browser's Origin has it; null to serve it with CloudFront."
  type        = string
  default     = null
}

variable "network" {
  description = "Subnets and security groups from which the warehouse can be reached; null where it is on this machine."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "throttle" {
  description = "Requests per second that all callers together may make, and how many at once on top."
  type = object({
    rate  = optional(number, 500)
    burst = optional(number, 1000)
  })
  default = {}
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}
