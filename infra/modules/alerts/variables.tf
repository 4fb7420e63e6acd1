variable "name" {
  description = "Prefix of the topic's name."
  type        = string
}

variable "emails" {
  description = "Who is told; each address has to confirm the mail that AWS sends to it."
  type        = set(string)
  default     = []
}

variable "served_over_tls" {
  description = "Whether requests that are not TLS are refused. False locally, where the endpoint is plain HTTP on 127.0.0.1."
  type        = bool
  default     = true
}
