variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "cidr_block" {
  description = "The network's addresses, a /16."
  type        = string
  default     = "10.40.0.0/16"
}

variable "source_cidr_blocks" {
  description = "Where source databases outside this network answer, e.g. the shop's network behind a peering."
  type        = set(string)
  default     = []
}
