//! Temporary credentials, and who one is.

use carillon_operation::{Admission, Context, Operation, Read, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

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
