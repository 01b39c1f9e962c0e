//! What callers may change of one user.

use carillon_aws::id::uuid_v4;
use carillon_operation::{Context, FA, Grant, ManagedPolicy, Operation, Spec, UM, Write, enqueue};
use schemars::JsonSchema;
use serde::Deserialize;

use super::batches::change_user;
use super::operations::{UserOutput, require_user};
use super::{
    AlexaForBusinessMetadata, Change, RegistrationStatus, UserRow, UserType, jobs, pin, require_devices, rows,
};
use crate::account::{self, AccountType, ManagedAccount};
use crate::email::{EmailAddress, domain_of, member};
use crate::error::Error;
use crate::license::License;
use crate::name::{AccountId, UserId, require_printable};

/// Characters of the name of a device.
const USERNAME: usize = 128;

/// Changes a user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateUser {
    account_id: AccountId,
    user_id: UserId,
    license_type: Option<License>,
    user_type: Option<UserType>,
    alexa_for_business_metadata: Option<AlexaForBusinessMetadata>,
}

impl Operation for UpdateUser {
    const SPEC: Spec =
        Spec::rest("chime:UpdateUser", "POST /accounts/{AccountId}/users/{UserId}").granted(SINCE_TWO);

    type Access = Write;
    type Output = UserOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let user = require_user(cx.tx, &account, self.user_id.as_str()).await?;
        let change = Change {
            license: self.license_type,
            user_type: self.user_type,
            alexa: self
                .alexa_for_business_metadata
                .as_ref()
                .map(AlexaForBusinessMetadata::to_kept),
        };
        let user = change_user(cx.tx, cx.environment, &account, user, &change, cx.now).await?;
        Ok(UserOutput::from(&user))
    }
}

/// The managed policies that grew when these operations came.
const SINCE_TWO: &[Grant] = &[
    Grant::since(ManagedPolicy::FullAccess, 2),
    Grant::since(ManagedPolicy::UserManagement, 2),
];

/// Creates the profile of a shared device in an Enterprise account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateUser {
    account_id: AccountId,
    username: Option<String>,
    #[serde(default, deserialize_with = "member::email")]
    email: Option<EmailAddress>,
    user_type: Option<UserType>,
}

impl Operation for CreateUser {
    const SPEC: Spec = Spec::rest(
        "chime:CreateUser",
        "POST /accounts/{AccountId}/users?operation=create",
    )
    .status(201)
    .granted(SINCE_TWO);

    type Access = Write;
    type Output = UserOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        require_devices(&account)?;
        if self.user_type != Some(UserType::SharedDevice) {
            return Err(Error::BadRequest(
                "`UserType` must be `SharedDevice`: people register themselves".to_owned(),
            ));
        }
        let email = self
            .email
            .as_ref()
            .ok_or_else(|| Error::BadRequest("`Email` must be given".to_owned()))?;
        let name = self.username.as_deref().unwrap_or(email.as_str());
        require_printable("Username", name)?;
        if name.trim().is_empty() || name.chars().count() > USERNAME {
            return Err(Error::BadRequest(format!(
                "`Username` must be 1 to {USERNAME} characters, not all of them blank"
            )));
        }
        // One refusal for both: nobody learns here which addresses others have, nor takes one that is not its own.
        let claimant = account::rows::claimant(cx.tx, &domain_of(email.as_str())).await?;
        let is_ours = claimant.is_some_and(|claimant| claimant.id == account.id);
        if !is_ours || rows::holder(cx.tx, &email.key()).await?.is_some() {
            return Err(Error::Conflict(
                "the address is taken, or the account has not claimed its domain".to_owned(),
            ));
        }
        let mut user = UserRow::new(uuid_v4(cx.entropy()), &account, email.as_str().to_owned(), cx.now);
        user.display_name = Some(name.to_owned());
        user.user_type = UserType::SharedDevice;
        user.registration = RegistrationStatus::Registered;
        user.registered_at = Some(cx.now);
        // Elsewhere groups decide who has a license.
        user.license =
            (account.account_type == AccountType::EnterpriseLWA).then_some(account.default_license);
        rows::insert(cx.tx, &user).await?;
        Ok(UserOutput::from(&user))
    }
}

/// Gives a user a new personal meeting PIN. The old one stops working at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResetPersonalPIN {
    account_id: AccountId,
    user_id: UserId,
}

impl Operation for ResetPersonalPIN {
    const SPEC: Spec = Spec::rest(
        "chime:ResetPersonalPin",
        "POST /accounts/{AccountId}/users/{UserId}?operation=reset-personal-pin",
    )
    .wire_name("ResetPersonalPIN")
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = UserOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let mut user = require_user(cx.tx, &account, self.user_id.as_str()).await?;
        user.require_pin()?;
        pin::renew(cx.tx, &*cx.environment.entropy, &mut user, cx.now).await?;
        rows::update(cx.tx, &user).await?;
        if cx.environment.settings.mail {
            let tell = jobs::TellPinReset {
                notice_id: uuid_v4(cx.entropy()),
                email: user.email.clone(),
                account_name: account.name.clone(),
            };
            enqueue(cx.tx, &*cx.environment.entropy, &tell, cx.now, cx.now).await?;
        }
        Ok(UserOutput::from(&user))
    }
}
