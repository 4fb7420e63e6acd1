# The platform on AWS.

module "network" {
  source = "../../modules/network"

  name               = var.name
  source_cidr_blocks = var.source_cidr_blocks
}

module "lake" {
  source = "../../modules/lake"

  name = var.name
}

module "landing" {
  source = "../../modules/landing"

  name            = var.name
  lake_bucket     = module.lake.bucket
  lake_bucket_arn = module.lake.bucket_arn
}

module "curated" {
  source = "../../modules/curated"

  name            = var.name
  source_root     = local.source_root
  lake_bucket     = module.lake.bucket
  lake_bucket_arn = module.lake.bucket_arn
}

module "catalog" {
  source = "../../modules/catalog"

  name        = var.name
  lake_bucket = module.lake.bucket
}

module "secrets" {
  source = "../../modules/secrets"

  prefix = local.secret_prefix
}

module "alerts" {
  source = "../../modules/alerts"

  name   = var.name
  emails = var.alert_emails
}

module "warehouse" {
  source = "../../modules/warehouse"

  name                        = var.name
  vpc_id                      = module.network.vpc_id
  subnet_ids                  = module.network.private_subnet_ids
  pipelines_security_group_id = module.network.pipelines_security_group_id
  serving_security_group_id   = module.network.serving_security_group_id
}

locals {
  secret_prefix = "${var.name}/"
  source_root   = abspath("${path.root}/../../..")

  # What quayside.settings reads in every process of Airflow: `make deploy` puts it into the start-up script.
  settings = {
    QUAYSIDE_LAKE_BUCKET      = module.lake.bucket
    QUAYSIDE_LEDGER_TABLE     = module.lake.ledger_table
    QUAYSIDE_ALERTS_TOPIC_ARN = module.alerts.topic_arn
    QUAYSIDE_CATALOG_DATABASE = module.catalog.database
    QUAYSIDE_ATHENA_WORKGROUP = module.catalog.workgroup
    QUAYSIDE_SECRET_PREFIX    = local.secret_prefix
    QUAYSIDE_INBOX_BUCKET     = module.landing.inbox_bucket
    QUAYSIDE_LANDING_DATABASE = module.landing.database
    QUAYSIDE_SERVING_TABLE    = module.serving.serving_table
    QUAYSIDE_USERS_TABLE      = module.serving.users_table
    QUAYSIDE_USER_POOL_ID     = module.serving.user_pool_id
  }
}

module "orchestration" {
  source = "../../modules/orchestration"

  name                 = var.name
  lake_bucket_arn      = module.lake.bucket_arn
  ledger_table_arn     = module.lake.ledger_arn
  catalog_database     = module.catalog.database
  athena_workgroup_arn = module.catalog.workgroup_arn
  secret_arns          = [for name, arn in module.secrets.arns : arn if name != "serving"]
  alerts_topic_arn     = module.alerts.topic_arn
  inbox_bucket_arn     = module.landing.inbox_bucket_arn
  landing_database     = module.landing.database
  crawler_arns         = module.landing.crawler_arns
  job_arns             = module.curated.job_arns

  policies = {
    data-versions = module.serving.data_versions_policy
    users         = module.serving.users_policy
  }

  airflow = {
    subnet_ids         = module.network.private_subnet_ids
    security_group_ids = [module.network.pipelines_security_group_id]
  }
}

module "serving" {
  source = "../../modules/serving"

  name                 = var.name
  source_root          = local.source_root
  packages             = var.packages
  lake_bucket          = module.lake.bucket
  lake_bucket_arn      = module.lake.bucket_arn
  ledger_table         = module.lake.ledger_table
  ledger_table_arn     = module.lake.ledger_arn
  catalog_database     = module.catalog.database
  athena_workgroup     = module.catalog.workgroup
  athena_workgroup_arn = module.catalog.workgroup_arn
  secret_prefix        = local.secret_prefix
  serving_secret_arn   = module.secrets.arns["serving"]
  airflow_url          = module.orchestration.airflow_url
  alerts_topic_arn     = module.alerts.topic_arn

  network = {
    subnet_ids         = module.network.private_subnet_ids
    security_group_ids = [module.network.serving_security_group_id]
  }
}
