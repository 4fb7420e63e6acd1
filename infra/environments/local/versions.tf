terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # `terraform init -backend-config=path=FILE` says where the state is.
  backend "local" {}
}

# No `endpoints`: AWS_ENDPOINT_URL in the environment sends every service to the local AWS, also those added later.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "test" # worth nothing on the real AWS, should AWS_ENDPOINT_URL be missing
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false # ARNs without an account break Glue and Athena
  max_retries                 = 2     # an error on this machine does not go away by waiting

  default_tags {
    tags = local.tags
  }
}
