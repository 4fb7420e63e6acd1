variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  description = "At least two private subnets in different zones."
  type        = list(string)
}

variable "pipelines_security_group_id" {
  description = "Who may connect."
  type        = string
}

variable "serving_security_group_id" {
  description = "Who else may connect, to read."
  type        = string
}

variable "instance_class" {
  type    = string
  default = "db.t4g.medium"
}

variable "multi_az" {
  description = "Whether a standby in another zone takes over; doubles the price."
  type        = bool
  default     = false
}
