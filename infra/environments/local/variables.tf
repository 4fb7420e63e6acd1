variable "packages" {
  description = "Folder with the Lambdas' packages."
  type        = string
  default     = "../../../.local/packages"
}

variable "endpoint" {
  description = "Where the local AWS answers."
  type        = string
  default     = "http://127.0.0.1:4566"
}

variable "web_origin" {
  description = "Where the web app is served, as a browser's Origin has it."
  type        = string
  default     = "http://127.0.0.1:8070"
}

variable "airflow_url" {
  description = "Where Airflow's user interface is."
  type        = string
  default     = "http://127.0.0.1:8080"
}
