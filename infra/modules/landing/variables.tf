variable "name" {
  description = "Prefix of the bucket's, the database's and the crawlers' names."
  type        = string
}

variable "lake_bucket" {
  description = "Name of the bucket that holds landing/."
  type        = string
}

variable "lake_bucket_arn" {
  type = string
}

variable "crawlers" {
  description = "Name → the source and the datasets that it looks at."
  type        = map(object({ source = string, datasets = set(string) }))
  default = {
    aristocrat = { source = "aristocrat", datasets = ["reading"] }
    rosters    = { source = "humanforce", datasets = ["roster_item"] }
    sales      = { source = "swiftpos", datasets = ["member_transaction", "product", "sale"] }
    timesheets = { source = "humanforce", datasets = ["timesheet"] }
  }
}

variable "inbox_days" {
  description = "Days after which a dropped file goes from the inbox."
  type        = number
  default     = 30
}

variable "keeps_history" {
  description = "Whether replaced files stay recoverable and old ones expire. False locally, where nothing would expire them."
  type        = bool
  default     = true
}

variable "served_over_tls" {
  description = "Whether requests that are not TLS are refused. False locally, where the endpoint is plain HTTP on 127.0.0.1."
  type        = bool
  default     = true
}
