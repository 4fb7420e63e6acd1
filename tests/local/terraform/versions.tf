# One of each resource that the platform is made of: applied once to the local AWS, a second plan must find nothing to do.

terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false # ARNs without an account break Glue and Athena
  max_retries                 = 2     # an error on this machine does not go away by waiting

  default_tags {
    tags = { project = "clean", managed-by = "terraform" }
  }
}

variable "name" {
  description = "What every name begins with."
  type        = string
}

variable "package" {
  description = "The ZIP file of the functions' code."
  type        = string
}

variable "greeting" {
  description = "Is in the API's document, so that a change of it updates the API."
  type        = string
  default     = "hello"
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

output "api_url" {
  value = "/_aws/execute-api/${aws_api_gateway_rest_api.api.id}/${aws_api_gateway_stage.v1.stage_name}"
}
