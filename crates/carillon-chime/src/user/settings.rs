//! What a user may do with the phone number assigned.

use carillon_operation::{Context, Grant, ManagedPolicy, Operation, Read, Spec, Write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operations::require_user;
use super::{Telephony, rows};
use crate::account::ManagedAccount;
use crate::error::Error;

/// Settings of a user.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserSettings {
    telephony: TelephonySettings,
}

/// What a user may do with the phone number assigned.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TelephonySettings {
    inbound_calling: bool,
    outbound_calling: bool,
    #[serde(rename = "SMS")]
    sms: bool,
}

impl From<Telephony> for TelephonySettings {
    fn from(telephony: Telephony) -> Self {
        Self {
            inbound_calling: telephony.inbound_calling,
            outbound_calling: telephony.outbound_calling,
            sms: telephony.sms,
        }
    }
}

/// Shows the settings of a user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUserSettings {
    account_id: String,
    user_id: String,
}

/// The settings of a user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUserSettingsOutput {
    user_settings: UserSettings,
}

impl Operation for GetUserSettings {
    const SPEC: Spec = Spec::rest(
        "chime:GetUserSettings",
        "GET /accounts/{AccountId}/users/{UserId}/settings",
    )
    .granted(&[
        Grant::since(ManagedPolicy::FullAccess, 2),
        Grant::since(ManagedPolicy::UserManagement, 2),
        Grant::since(ManagedPolicy::ReadOnly, 2),
    ]);

    type Access = Read;
    type Output = GetUserSettingsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GetUserSettingsOutput, Error> {
        let account = ManagedAccount::find(cx, &self.account_id)?;
        let user = require_user(cx.tx, &account, &self.user_id).await?;
        Ok(GetUserSettingsOutput {
            user_settings: UserSettings {
                telephony: user.telephony.into(),
            },
        })
    }
}

/// Changes the settings of a user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateUserSettings {
    account_id: String,
    user_id: String,
    user_settings: UserSettings,
}

impl Operation for UpdateUserSettings {
    const SPEC: Spec = Spec::rest(
        "chime:UpdateUserSettings",
        "PUT /accounts/{AccountId}/users/{UserId}/settings",
    )
    .status(204)
    .granted(&[
        Grant::since(ManagedPolicy::FullAccess, 2),
        Grant::since(ManagedPolicy::UserManagement, 2),
    ]);

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = ManagedAccount::find_active(cx, &self.account_id)?;
        let mut user = require_user(cx.tx, &account, &self.user_id).await?;
        let telephony = &self.user_settings.telephony;
        user.telephony = Telephony {
            inbound_calling: telephony.inbound_calling,
            outbound_calling: telephony.outbound_calling,
            sms: telephony.sms,
        };
        rows::update(cx.tx, &user).await?;
        Ok(())
    }
}
