//! Sessions of users and root that have the permissions of their owner.

use carillon_aws::shape::Ranged;
use carillon_operation::{Admission, Caller, CallerKind, Context, Fault, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Credentials, NewSession, SerialNumber, TokenCode, second_factor};
use crate::access_key::rows::root_user_id;
use crate::error::Error;
use crate::mfa;

/// How long a session lasts that says nothing, in seconds.
const DURATION: i64 = 43_200;
/// The longest session of root, in seconds. What asks for more gets this.
const ROOT_DURATION: i64 = 3_600;

/// Gives the caller temporary credentials with its own permissions. Needs no permission.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSessionToken {
    duration_seconds: Option<Ranged<900, 129_600>>,
    serial_number: Option<SerialNumber>,
    token_code: Option<TokenCode>,
}

/// The credentials.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SessionTokenOutput {
    credentials: Credentials,
}

impl Operation for GetSessionToken {
    const SPEC: Spec = Spec::named("sts:GetSessionToken").admission(Admission::Authenticated);

    // AWS says `Read`; but a code is used up.
    type Access = Write;
    type Output = SessionTokenOutput;
    type Error = Error;

    async fn target(&self, _: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = Target::any();
        target.second_factor = second_factor(self.serial_number.as_ref(), self.token_code.as_ref())?;
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SessionTokenOutput, Error> {
        let with_session =
            || Error::AccessDenied("Cannot call GetSessionToken with session credentials".to_owned());
        if cx.caller.session.is_some() {
            return Err(with_session());
        }
        let account = cx.aws_account_id();
        let duration = self.duration_seconds.map_or(DURATION, Ranged::get);
        let (owner_id, duration) = match &cx.caller.kind {
            CallerKind::User { id, .. } => (id.clone(), duration),
            CallerKind::Root => (root_user_id(cx.tx, account).await?, duration.min(ROOT_DURATION)),
            CallerKind::RoleSession { .. }
            | CallerKind::FederatedUser { .. }
            | CallerKind::WebIdentity(_) => return Err(with_session()),
        };
        let factor = second_factor(self.serial_number.as_ref(), self.token_code.as_ref())?;
        if let Some(factor) = &factor {
            mfa::use_up(cx.tx, cx.environment, account, &owner_id, factor, cx.now).await?;
        }
        let session = NewSession {
            multi_factor_at: factor.map(|_| cx.now),
            ..NewSession::of(account, owner_id, duration)
        };
        Ok(SessionTokenOutput {
            credentials: session.begin(&cx.environment.vault, cx.entropy(), cx.now)?,
        })
    }
}
