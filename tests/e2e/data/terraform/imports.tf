# Takes over what exists. Left out: what the provider cannot import (memberships of a whole group, attachments of a
# whole policy).

import {
  to = aws_iam_user.ada
  id = "ada"
}
import {
  to = aws_iam_user.ben
  id = "ben"
}
import {
  to = aws_iam_group.support
  id = "support"
}
import {
  to = aws_iam_group.readers
  id = "readers"
}
import {
  to = aws_iam_group.auditors
  id = "auditors"
}
import {
  to = aws_iam_user_group_membership.ada
  id = "ada/support/readers"
}
import {
  to = aws_iam_policy.chime
  id = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/support/chime"
}
import {
  to = aws_iam_policy.boundary
  id = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/boundary"
}
import {
  to = aws_iam_policy.shared
  id = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/shared"
}
import {
  to = aws_iam_user_policy_attachment.ada
  id = "ada/arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/support/chime"
}
import {
  to = aws_iam_group_policy_attachment.readers
  id = "readers/arn:aws:iam::aws:policy/AmazonChimeReadOnly"
}
import {
  to = aws_iam_role_policy_attachment.helpdesk
  id = "helpdesk/arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/support/chime"
}
import {
  to = aws_iam_user_policy.ben
  id = "ben:own"
}
import {
  to = aws_iam_group_policy.support
  id = "support:own"
}
import {
  to = aws_iam_role_policy.helpdesk
  id = "helpdesk:own"
}
import {
  to = aws_iam_access_key.ben
  id = var.access_key_id
}
import {
  to = aws_iam_user_login_profile.ben
  id = "ben"
}
import {
  to = aws_iam_virtual_mfa_device.ada
  id = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:mfa/ada"
}
import {
  to = aws_iam_user_ssh_key.ada
  id = "ada:${var.ssh_key_id}:SSH"
}
import {
  to = aws_iam_signing_certificate.ada
  id = "${var.signing_certificate_id}:ada"
}
import {
  to = aws_iam_service_specific_credential.ada
  id = "codecommit.amazonaws.com:ada:${var.credential_id}"
}
import {
  to = aws_iam_server_certificate.web
  id = "web"
}
import {
  to = aws_iam_service_linked_role.chime
  id = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/aws-service-role/chime.amazonaws.com/AWSServiceRoleForAmazonChime"
}
import {
  to = aws_iam_role.helpdesk
  id = "helpdesk"
}
import {
  to = aws_iam_role.web
  id = "web"
}
import {
  to = aws_iam_role.corp
  id = "corp"
}
import {
  to = aws_iam_instance_profile.helpdesk
  id = "helpdesk"
}
import {
  to = aws_iam_openid_connect_provider.login
  id = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/login.example.com/realms/one"
}
import {
  to = aws_iam_saml_provider.corp
  id = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:saml-provider/Corp"
}
import {
  to = aws_iam_account_alias.this
  id = "carillon-example"
}
import {
  to = aws_iam_account_password_policy.this
  id = "iam-account-password-policy"
}

variable "access_key_id" {
  type = string
}
variable "ssh_key_id" {
  type = string
}
variable "signing_certificate_id" {
  type = string
}
variable "credential_id" {
  type = string
}
