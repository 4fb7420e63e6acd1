# The platform on the local AWS: the modules of environments/aws, less what a laptop has otherwise or nobody would wait for.
#
#   network        everything is on 127.0.0.1
#   warehouse      the embedded PostgreSQL is the warehouse; creating an RDS instance takes 80 s
#   MWAA           Airflow runs as four processes of its own; its role is made all the same
#   CloudFront     the web app is served by a process of its own
#   alarms, logs   nobody would read them; a Lambda's own log is kept

locals {
  name = "quayside"
  tags = { project = "quayside", environment = "local", managed-by = "terraform" }
}

module "lake" {
  source = "../../modules/lake"

  name            = local.name
  keeps_history   = false
  served_over_tls = false
}

module "landing" {
  source = "../../modules/landing"

  name            = local.name
  lake_bucket     = module.lake.bucket
  lake_bucket_arn = module.lake.bucket_arn
  keeps_history   = false
  served_over_tls = false
}

module "curated" {
  source = "../../modules/curated"

  name            = local.name
  source_root     = abspath("${path.root}/../../..")
  lake_bucket     = module.lake.bucket
  lake_bucket_arn = module.lake.bucket_arn
}

module "catalog" {
  source = "../../modules/catalog"

  name        = local.name
  lake_bucket = module.lake.bucket
}

module "secrets" {
  source = "../../modules/secrets"

  recovery_days = 0
}

module "alerts" {
  source = "../../modules/alerts"

  name            = local.name
  served_over_tls = false
}

module "orchestration" {
  source = "../../modules/orchestration"

  name                 = local.name
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
}

module "serving" {
  source = "../../modules/serving"

  name                 = local.name
  source_root          = abspath("${path.root}/../../..")
  packages             = var.packages
  lake_bucket          = module.lake.bucket
  lake_bucket_arn      = module.lake.bucket_arn
  ledger_table         = module.lake.ledger_table
  ledger_table_arn     = module.lake.ledger_arn
  catalog_database     = module.catalog.database
  athena_workgroup     = module.catalog.workgroup
  athena_workgroup_arn = module.catalog.workgroup_arn
  secret_prefix        = "quayside/"
  serving_secret_arn   = module.secrets.arns["serving"]
  airflow_url          = var.airflow_url
  endpoint             = var.endpoint
  web_origin           = var.web_origin
  watched              = false
  keeps_history        = false
  served_over_tls      = false
}
