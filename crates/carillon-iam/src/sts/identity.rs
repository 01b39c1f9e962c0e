//! Who one is, and whose a key is.

use carillon_aws::id::{AwsAccountId, account_of_access_key};
use carillon_operation::{Admission, Context, Operation, Read, Spec};
use carillon_store::bind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::name::AccessKeyId;

/// Tells the caller who it is. Needs no permission.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GetCallerIdentity {}

/// Who the caller is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CallerIdentity {
    user_id: String,
    account: String,
    arn: String,
}

impl Operation for GetCallerIdentity {
    const SPEC: Spec = Spec::named("sts:GetCallerIdentity").admission(Admission::Authenticated);

    type Access = Read;
    type Output = CallerIdentity;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<CallerIdentity, Error> {
        Ok(CallerIdentity {
            user_id: cx.caller.user_id.clone(),
            account: cx.caller.aws_account_id.to_string(),
            arn: cx.caller.arn.clone(),
        })
    }
}

/// Tells which AWS account an access key belongs to. Whether the key exists is not said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAccessKeyInfo {
    access_key_id: AccessKeyId,
}

/// The AWS account of a key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeyInfo {
    account: String,
}

impl Operation for GetAccessKeyInfo {
    const SPEC: Spec = Spec::named("sts:GetAccessKeyInfo");

    type Access = Read;
    type Output = AccessKeyInfo;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccessKeyInfo, Error> {
        let id = self.access_key_id.as_str();
        // Identifiers that an operator chose do not carry the account.
        let account = match account_of_access_key(id) {
            Some(account) => Some(account),
            None => cx
                .tx
                .fetch_optional::<(AwsAccountId,)>(
                    "SELECT aws_account_id FROM iam_access_key WHERE access_key_id = $1",
                    bind![id],
                )
                .await?
                .map(|(account,)| account),
        };
        let account = account.ok_or_else(|| {
            Error::Validation(format!("The access key {id} does not belong to an AWS account."))
        })?;
        Ok(AccessKeyInfo {
            account: account.to_string(),
        })
    }
}
