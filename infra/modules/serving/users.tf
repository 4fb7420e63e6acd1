# Users: who may sign in (a Cognito user pool), and who they are (a table, which decides).
#
# The table's record is made first, with an id of our own that is the Cognito user's name: so an account that has to be
# made again is the same user, and the access token's `username` finds the record by its key. People sign in with
# their address, an alias.

resource "aws_cognito_user_pool" "users" {
  name                     = var.name
  alias_attributes         = ["email"]
  auto_verified_attributes = ["email"]
  deletion_protection      = var.keeps_history ? "ACTIVE" : "INACTIVE"

  username_configuration {
    case_sensitive = false
  }

  # By invitation only.
  admin_create_user_config {
    allow_admin_create_user_only = true

    invite_message_template {
      email_subject = "You are invited to Quayside"
      email_message = "Sign in with this address and the temporary password {####}. It is valid for seven days. (Account {username})"
      sms_message   = "Quayside: temporary password {####} of account {username}"
    }
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = false
    temporary_password_validity_days = 7
  }
}

resource "aws_cognito_user_pool_client" "web" {
  name         = "${var.name}-web"
  user_pool_id = aws_cognito_user_pool.users.id

  generate_secret               = false
  explicit_auth_flows           = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  access_token_validity  = 15
  id_token_validity      = 15
  refresh_token_validity = 12

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }

  # Without a list, everyone could give themselves another address by their own token.
  read_attributes  = ["email", "email_verified"]
  write_attributes = ["locale"]
}

resource "aws_dynamodb_table" "users" {
  name                        = "${var.name}-users"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.keeps_history

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "list"
    type = "S"
  }

  attribute {
    name = "rank"
    type = "S"
  }

  # Users by address, and the audit trail by time.
  global_secondary_index {
    name            = "listing"
    hash_key        = "list"
    range_key       = "rank"
    projection_type = "ALL"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

# What the Lambda of the users API and the reconciler may do.
data "aws_iam_policy_document" "users" {
  statement {
    sid = "KeepRecords"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.users.arn, "${aws_dynamodb_table.users.arn}/index/*"]
  }

  statement {
    sid       = "NeverRewriteTheAuditTrail"
    effect    = "Deny"
    actions   = ["dynamodb:DeleteItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.users.arn]

    condition {
      test     = "ForAnyValue:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["audit#*"]
    }
  }

  statement {
    sid = "KeepAccounts"
    actions = [
      "cognito-idp:AdminCreateUser",
      "cognito-idp:AdminDisableUser",
      "cognito-idp:AdminEnableUser",
      "cognito-idp:AdminGetUser",
      "cognito-idp:AdminUpdateUserAttributes",
      "cognito-idp:ListUsers",
    ]
    resources = [aws_cognito_user_pool.users.arn]
  }
}

# What the authorizer may do: read one record.
data "aws_iam_policy_document" "authorizer" {
  statement {
    sid       = "ReadRecords"
    actions   = ["dynamodb:GetItem"]
    resources = [aws_dynamodb_table.users.arn]
  }
}

output "users_table" {
  description = "Name of the DynamoDB table of users; QUAYSIDE_USERS_TABLE."
  value       = aws_dynamodb_table.users.name
}

output "users_table_arn" {
  value = aws_dynamodb_table.users.arn
}

output "user_pool_id" {
  description = "QUAYSIDE_USER_POOL_ID."
  value       = aws_cognito_user_pool.users.id
}

output "user_pool_arn" {
  value = aws_cognito_user_pool.users.arn
}

output "user_pool_client_id" {
  description = "The web app's client of the pool; QUAYSIDE_USER_POOL_CLIENT_ID."
  value       = aws_cognito_user_pool_client.web.id
}

output "users_policy" {
  description = "What the users API and the reconciler may do, as JSON."
  value       = data.aws_iam_policy_document.users.json
}

output "authorizer_policy" {
  description = "What the authorizer may do, as JSON."
  value       = data.aws_iam_policy_document.authorizer.json
}
