# Containers only: the values {"host", "port", "dbname", "username", "password"} are put by whoever owns the database,
# so that no password ever is in Terraform's state.

resource "aws_secretsmanager_secret" "connection" {
  for_each = var.connections

  name                    = "${var.prefix}${each.key}"
  description             = each.value
  recovery_window_in_days = var.recovery_days
}
