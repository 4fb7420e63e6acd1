# Containers only: the values are put by whoever owns what they open, so that no password ever is in Terraform's state.
# A database's is {"host", "port", "dbname", "username", "password"}; infra/README.md has those of the vendors.

resource "aws_secretsmanager_secret" "connection" {
  for_each = var.connections

  name                    = "${var.prefix}${each.key}"
  description             = each.value
  recovery_window_in_days = var.recovery_days
}
