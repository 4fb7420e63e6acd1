variable "name" {
  description = "The bucket's name, unique in all of AWS."
  type        = string
}

variable "versioned" {
  description = "Whether replaced and deleted objects are kept as versions."
  type        = bool
}

variable "served_over_tls" {
  description = "Whether requests that are not TLS are refused. False only where the endpoint is plain HTTP on 127.0.0.1."
  type        = bool
}

variable "policy_documents" {
  description = "Policies, as JSON, that others are let in by."
  type        = list(string)
  default     = []
}
