# The warehouse: RDS for PostgreSQL, reachable only from the pipelines and the dashboards.
# RDS keeps the administrator's password in a secret of its own; the loader's role and secret are made with it once.

resource "aws_security_group" "warehouse" {
  name        = "${var.name}-warehouse"
  description = "The warehouse"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "pipelines" {
  security_group_id            = aws_security_group.warehouse.id
  referenced_security_group_id = var.pipelines_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  description                  = "PostgreSQL from the pipelines"
}

resource "aws_vpc_security_group_ingress_rule" "serving" {
  security_group_id            = aws_security_group.warehouse.id
  referenced_security_group_id = var.serving_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  description                  = "PostgreSQL from the dashboards"
}

resource "aws_db_subnet_group" "warehouse" {
  name       = "${var.name}-warehouse"
  subnet_ids = var.subnet_ids
}

resource "aws_db_parameter_group" "warehouse" {
  name_prefix = "${var.name}-warehouse-"
  family      = "postgres16"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "warehouse" {
  identifier     = "${var.name}-warehouse"
  engine         = "postgres"
  engine_version = "16" # the minor version is AWS's to raise
  instance_class = var.instance_class
  db_name        = "warehouse"

  username                    = "quayside_admin"
  manage_master_user_password = true

  storage_type          = "gp3"
  storage_encrypted     = true
  allocated_storage     = 50
  max_allocated_storage = 500

  multi_az               = var.multi_az
  db_subnet_group_name   = aws_db_subnet_group.warehouse.name
  parameter_group_name   = aws_db_parameter_group.warehouse.name
  vpc_security_group_ids = [aws_security_group.warehouse.id]
  publicly_accessible    = false

  backup_retention_period   = 14
  copy_tags_to_snapshot     = true
  deletion_protection       = true
  final_snapshot_identifier = "${var.name}-warehouse-final"
}
