variable "name" {
  description = "Prefix of the bucket's and the ledger's name."
  type        = string
}

variable "keeps_history" {
  description = <<-E
    Whether deleted and replaced objects stay recoverable for 30 days, old results and quarantine expire, and the ledger
    refuses to be deleted. False locally: `make reset` deletes at will, and the provider waits 55 s for a lifecycle that
    nothing there would run.
  E
  type        = bool
  default     = true
}

variable "served_over_tls" {
  description = "Whether requests that are not TLS are refused. False locally, where the endpoint is plain HTTP on 127.0.0.1."
  type        = bool
  default     = true
}

variable "expire_after_days" {
  description = "Prefix of the lake → days after which its objects go. What is not named here stays."
  type        = map(number)
  default = {
    athena-results = 7
    quarantine     = 365
    serving        = 8
  }
}
