terraform {
  required_version = ">= 1.10" # the state's lock lies beside it in S3

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # `terraform init -backend-config=bucket=… -backend-config=key=… -backend-config=region=…`
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "quayside", environment = "aws", managed-by = "terraform" }
  }
}
