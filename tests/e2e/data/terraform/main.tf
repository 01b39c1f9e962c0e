# Every resource of IAM that Terraform's provider for AWS can manage against this server.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

# The folder of certificates and keys.
variable "keys" {
  type = string
}

variable "metadata" {
  type = string
}

provider "aws" {
  region                  = "us-east-1"
  max_retries             = 1
  skip_metadata_api_check = true
  skip_region_validation  = true

  endpoints {
    iam = var.endpoint
    sts = var.endpoint
  }
}

data "aws_caller_identity" "current" {}

# Users, groups, membership.

resource "aws_iam_user" "ada" {
  name                 = "ada"
  path                 = "/support/"
  permissions_boundary = aws_iam_policy.boundary.arn

  tags = {
    team = "support"
    Mail = "ada@example.com"
  }
}

resource "aws_iam_user" "ben" {
  name = "ben"
}

resource "aws_iam_group" "support" {
  name = "support"
  path = "/support/"
}

resource "aws_iam_group" "readers" {
  name = "readers"
}

resource "aws_iam_user_group_membership" "ada" {
  user   = aws_iam_user.ada.name
  groups = [aws_iam_group.support.name, aws_iam_group.readers.name]
}

resource "aws_iam_group" "auditors" {
  name = "auditors"
}

resource "aws_iam_group_membership" "auditors" {
  name  = "auditors"
  group = aws_iam_group.auditors.name
  users = [aws_iam_user.ada.name, aws_iam_user.ben.name]
}

# Policies, attached and inline.

data "aws_iam_policy_document" "chime" {
  statement {
    sid       = "ReadAccounts"
    actions   = ["chime:ListAccounts", "chime:GetAccount"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["support", "sales"]
    }
  }

  statement {
    effect        = "Deny"
    not_actions   = ["chime:*"]
    not_resources = ["arn:aws:iam::*:user/$${aws:username}"]
  }
}

resource "aws_iam_policy" "chime" {
  name        = "chime"
  path        = "/support/"
  description = "Reads accounts"
  policy      = data.aws_iam_policy_document.chime.json

  tags = {
    kind = "reading"
  }
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["chime:*", "iam:ChangePassword"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "shared" {
  name   = "shared"
  policy = data.aws_iam_policy_document.chime.json
}

resource "aws_iam_user_policy_attachment" "ada" {
  user       = aws_iam_user.ada.name
  policy_arn = aws_iam_policy.chime.arn
}

resource "aws_iam_group_policy_attachment" "readers" {
  group      = aws_iam_group.readers.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonChimeReadOnly"
}

resource "aws_iam_role_policy_attachment" "helpdesk" {
  role       = aws_iam_role.helpdesk.name
  policy_arn = aws_iam_policy.chime.arn
}

resource "aws_iam_policy_attachment" "shared" {
  name       = "shared"
  policy_arn = aws_iam_policy.shared.arn
  users      = [aws_iam_user.ben.name]
  groups     = [aws_iam_group.support.name]
  roles      = [aws_iam_role.helpdesk.name]
}

resource "aws_iam_user_policy" "ben" {
  name   = "own"
  user   = aws_iam_user.ben.name
  policy = data.aws_iam_policy_document.chime.json
}

resource "aws_iam_group_policy" "support" {
  name   = "own"
  group  = aws_iam_group.support.name
  policy = data.aws_iam_policy_document.chime.json
}

resource "aws_iam_role_policy" "helpdesk" {
  name   = "own"
  role   = aws_iam_role.helpdesk.id
  policy = data.aws_iam_policy_document.chime.json
}

# Credentials.

resource "aws_iam_access_key" "ben" {
  user   = aws_iam_user.ben.name
  status = "Inactive"
}

resource "aws_iam_user_login_profile" "ben" {
  user                    = aws_iam_user.ben.name
  password_reset_required = true

  # What an import cannot learn.
  lifecycle {
    ignore_changes = [password_length, password_reset_required]
  }
}

resource "aws_iam_virtual_mfa_device" "ada" {
  virtual_mfa_device_name = "ada"

  tags = {
    team = "support"
  }
}

resource "aws_iam_user_ssh_key" "ada" {
  username   = aws_iam_user.ada.name
  encoding   = "SSH"
  public_key = file("${var.keys}/key.pub")
  status     = "Active"
}

resource "aws_iam_signing_certificate" "ada" {
  user_name        = aws_iam_user.ada.name
  certificate_body = file("${var.keys}/second.pem")
  status           = "Active"
}

resource "aws_iam_service_specific_credential" "ada" {
  user_name    = aws_iam_user.ada.name
  service_name = "codecommit.amazonaws.com"
}

resource "aws_iam_server_certificate" "web" {
  name              = "web"
  path              = "/support/"
  certificate_body  = file("${var.keys}/leaf.pem")
  certificate_chain = file("${var.keys}/intermediate.pem")
  private_key       = file("${var.keys}/leaf.key")

  tags = {
    team = "support"
  }

  # What an import cannot learn.
  lifecycle {
    ignore_changes = [private_key]
  }
}

# Roles.

resource "aws_iam_service_linked_role" "chime" {
  aws_service_name = "chime.amazonaws.com"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.ada.arn, "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "helpdesk" {
  name                 = "helpdesk"
  path                 = "/support/"
  description          = "Helps"
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.boundary.arn
  assume_role_policy   = data.aws_iam_policy_document.trust.json

  tags = {
    team = "support"
  }
}

resource "aws_iam_instance_profile" "helpdesk" {
  name = "helpdesk"
  path = "/support/"
  role = aws_iam_role.helpdesk.name

  tags = {
    team = "support"
  }
}

# Identity providers.

resource "aws_iam_openid_connect_provider" "login" {
  url             = "https://login.example.com/realms/one"
  client_id_list  = ["app", "web"]
  thumbprint_list = ["990f4193972f2becf12ddeda5237f9c952f20d9e"]

  tags = {
    team = "support"
  }
}

data "aws_iam_policy_document" "web" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.login.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "login.example.com/realms/one:aud"
      values   = ["app"]
    }
  }
}

resource "aws_iam_role" "web" {
  name               = "web"
  assume_role_policy = data.aws_iam_policy_document.web.json
}

resource "aws_iam_saml_provider" "corp" {
  name                   = "Corp"
  saml_metadata_document = var.metadata

  tags = {
    team = "support"
  }
}

data "aws_iam_policy_document" "corp" {
  statement {
    actions = ["sts:AssumeRoleWithSAML"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_saml_provider.corp.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "SAML:aud"
      values   = ["https://signin.aws.amazon.com/saml"]
    }
  }
}

resource "aws_iam_role" "corp" {
  name               = "corp"
  assume_role_policy = data.aws_iam_policy_document.corp.json
}

# What belongs to the AWS account.

resource "aws_iam_account_alias" "this" {
  account_alias = "carillon-example"
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = 12
  require_lowercase_characters   = true
  require_uppercase_characters   = true
  require_numbers                = true
  require_symbols                = false
  allow_users_to_change_password = true
  max_password_age               = 90
  password_reuse_prevention      = 5
  hard_expiry                    = false
}

# What can be looked up.

data "aws_iam_user" "ada" {
  user_name = aws_iam_user.ada.name
}

data "aws_iam_role" "helpdesk" {
  name = aws_iam_role.helpdesk.name
}

data "aws_iam_policy" "reading" {
  name = "AmazonChimeReadOnly"
}

data "aws_iam_group" "support" {
  group_name = aws_iam_group.support.name
  depends_on = [aws_iam_user_group_membership.ada]
}

data "aws_iam_server_certificate" "web" {
  name = aws_iam_server_certificate.web.name
}

data "aws_iam_access_keys" "ben" {
  user       = aws_iam_user.ben.name
  depends_on = [aws_iam_access_key.ben]
}

data "aws_iam_instance_profile" "helpdesk" {
  name = aws_iam_instance_profile.helpdesk.name
}

data "aws_iam_openid_connect_provider" "login" {
  arn = aws_iam_openid_connect_provider.login.arn
}

data "aws_iam_users" "support" {
  path_prefix = "/support/"
  depends_on  = [aws_iam_user.ada]
}

data "aws_iam_roles" "support" {
  path_prefix = "/support/"
  depends_on  = [aws_iam_role.helpdesk]
}

data "aws_iam_principal_policy_simulation" "ben" {
  policy_source_arn = aws_iam_user.ben.arn
  action_names      = ["chime:ListUsers"]
  depends_on        = [aws_iam_user_policy.ben]
}

data "aws_iam_account_alias" "current" {
  depends_on = [aws_iam_account_alias.this]
}

output "found" {
  value = {
    account = data.aws_caller_identity.current.account_id
    alias   = data.aws_iam_account_alias.current.account_alias
    group   = [for user in data.aws_iam_group.support.users : user.user_name]
    policy  = data.aws_iam_policy.reading.arn
    role    = data.aws_iam_role.helpdesk.max_session_duration
    user    = data.aws_iam_user.ada.tags
    serving = data.aws_iam_server_certificate.web.expiration_date
    keys    = [for key in data.aws_iam_access_keys.ben.access_keys : key.status]
    profile = data.aws_iam_instance_profile.helpdesk.role_name
    clients = data.aws_iam_openid_connect_provider.login.client_id_list
    users   = data.aws_iam_users.support.names
    roles   = data.aws_iam_roles.support.names
    allowed = data.aws_iam_principal_policy_simulation.ben.all_allowed
  }
}
