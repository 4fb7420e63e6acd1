variable "name" {
  description = "Prefix of the jobs' names."
  type        = string
}

variable "source_root" {
  description = "The checkout whose script the jobs run and whose contracts name the tables."
  type        = string
}

variable "lake_bucket" {
  description = "Name of the bucket that holds landing/, curated/ and artifacts/."
  type        = string
}

variable "lake_bucket_arn" {
  type = string
}

variable "sources" {
  description = "Sources whose tables a Glue job makes."
  type        = list(string)
  default     = ["aristocrat", "humanforce", "swiftpos"]
}
