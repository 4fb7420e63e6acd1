variable "name" {
  description = "Name of the Glue database and of the Athena workgroup."
  type        = string
}

variable "lake_bucket" {
  description = "Name of the bucket that holds curated/ and athena-results/."
  type        = string
}

variable "query_limit_bytes" {
  description = "Bytes a query may scan before Athena cancels it: 10 GB cost five cents."
  type        = number
  default     = 10000000000
}
