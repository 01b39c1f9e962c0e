//! What callers may ask of the account's password policy.

use std::sync::Arc;

use carillon_aws::shape::Ranged;
use carillon_operation::{
    Caller, CallerKind, Context, Fault, Operation, PermissionsManagement, Read, Spec, Target, Write,
};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PasswordPolicy, SHORTEST_BY_DEFAULT, no_policy, rows};
use crate::error::Error;
use crate::login_profile::change_password::OWN_PASSWORD;

/// Retrieves the password policy of the AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GetAccountPasswordPolicy {}

/// The answer of `GetAccountPasswordPolicy`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PasswordPolicyOutput {
    password_policy: PasswordPolicyShape,
}

/// The password policy of an AWS account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "PasswordPolicy")]
pub(crate) struct PasswordPolicyShape {
    minimum_password_length: i64,
    require_symbols: bool,
    require_numbers: bool,
    require_uppercase_characters: bool,
    require_lowercase_characters: bool,
    allow_users_to_change_password: bool,
    /// Whether passwords expire: whether they have a maximum age.
    expire_passwords: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_password_age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_reuse_prevention: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard_expiry: Option<bool>,
}

impl From<PasswordPolicy> for PasswordPolicyShape {
    fn from(policy: PasswordPolicy) -> Self {
        Self {
            minimum_password_length: policy.minimum_length,
            require_symbols: policy.require_symbols,
            require_numbers: policy.require_numbers,
            require_uppercase_characters: policy.require_uppercase_characters,
            require_lowercase_characters: policy.require_lowercase_characters,
            allow_users_to_change_password: policy.allow_users_to_change_password,
            expire_passwords: policy.max_age.is_some(),
            max_password_age: policy.max_age,
            password_reuse_prevention: policy.reuse_prevention,
            hard_expiry: policy.hard_expiry,
        }
    }
}

impl Operation for GetAccountPasswordPolicy {
    const SPEC: Spec = Spec::named("iam:GetAccountPasswordPolicy");

    type Access = Read;
    type Output = PasswordPolicyOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = Target::any();
        let policy = rows::in_force(tx, caller.aws_account_id).await?;
        if policy.allow_users_to_change_password && matches!(caller.kind, CallerKind::User { .. }) {
            target.resource_policy = Some(Arc::clone(&OWN_PASSWORD));
        }
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PasswordPolicyOutput, Error> {
        let account = cx.aws_account_id();
        let policy = rows::find(cx.tx, account)
            .await?
            .ok_or_else(|| no_policy(account))?;
        Ok(PasswordPolicyOutput {
            password_policy: policy.into(),
        })
    }
}

/// Replaces the password policy of the AWS account. What is left out returns to its default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateAccountPasswordPolicy {
    minimum_password_length: Option<Ranged<6, 128>>,
    #[serde(default)]
    require_symbols: bool,
    #[serde(default)]
    require_numbers: bool,
    #[serde(default)]
    require_uppercase_characters: bool,
    #[serde(default)]
    require_lowercase_characters: bool,
    #[serde(default)]
    allow_users_to_change_password: bool,
    /// In days.
    max_password_age: Option<Ranged<1, 1095>>,
    password_reuse_prevention: Option<Ranged<1, 24>>,
    hard_expiry: Option<bool>,
}

impl Operation for UpdateAccountPasswordPolicy {
    const SPEC: Spec = Spec::named("iam:UpdateAccountPasswordPolicy");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let policy = PasswordPolicy {
            minimum_length: self
                .minimum_password_length
                .map_or(SHORTEST_BY_DEFAULT, Ranged::get),
            require_symbols: self.require_symbols,
            require_numbers: self.require_numbers,
            require_uppercase_characters: self.require_uppercase_characters,
            require_lowercase_characters: self.require_lowercase_characters,
            allow_users_to_change_password: self.allow_users_to_change_password,
            max_age: self.max_password_age.map(Ranged::get),
            reuse_prevention: self.password_reuse_prevention.map(Ranged::get),
            hard_expiry: self.hard_expiry,
        };
        rows::replace(cx.tx, account, &policy).await?;
        Ok(())
    }
}

/// Deletes the password policy of the AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DeleteAccountPasswordPolicy {}

impl Operation for DeleteAccountPasswordPolicy {
    const SPEC: Spec = Spec::named("iam:DeleteAccountPasswordPolicy");

    type Access = PermissionsManagement;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        if !rows::delete(cx.tx, account).await? {
            return Err(no_policy(account));
        }
        Ok(())
    }
}
