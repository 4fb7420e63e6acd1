variable "name" {
  description = "Prefix of names; the Glue database and the Athena workgroup have it as their name."
  type        = string
  default     = "quayside"
}

variable "region" {
  type    = string
  default = "eu-west-2"
}

variable "alert_emails" {
  description = "Who is told when a pipeline fails or recovers."
  type        = set(string)
  default     = []
}

variable "source_cidr_blocks" {
  description = "Where the source databases answer, if they lie outside the platform's network."
  type        = set(string)
  default     = []
}

variable "packages" {
  description = "Folder with the Lambdas' packages, which `make packages` builds."
  type        = string
  default     = "../../../dist/lambdas"
}
