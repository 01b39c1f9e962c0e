//! Users: the people an account administers. They sign in at the portal and never call the API.

pub(crate) mod batches;
pub(crate) mod entry;
pub(crate) mod invitation;
pub(crate) mod jobs;
pub(crate) mod mail;
pub(crate) mod operations;
pub(crate) mod pin;
pub(crate) mod rows;
pub(crate) mod settings;
pub(crate) mod standing;
pub(crate) mod update;

use std::time::Duration;

use carillon_aws::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{AccountRow, AccountType};
use crate::email::WireEmailAddress;
use crate::error::Error;
use crate::license::License;
use crate::name::require_printable;

carillon_aws::string_enum! {
    /// A person, or the profile of a device in a room.
    pub enum UserType {
        PrivateUser,
        SharedDevice,
    }
}

carillon_aws::string_enum! {
    /// Where a user stands.
    pub enum RegistrationStatus {
        /// Invited, and has not accepted.
        Unregistered,
        Registered,
        /// Stopped: cannot sign in.
        Suspended,
        /// Was registered when the domain of the address was removed. The address is free again.
        Released,
    }
}

carillon_aws::string_enum! {
    /// What became of an invitation.
    pub enum InviteStatus {
        Pending,
        Accepted,
        Failed,
    }
}

carillon_aws::string_enum! {
    /// Who sees whether a person is there.
    pub enum Presence {
        /// Everybody.
        Public,
        /// Those who the person chose.
        Private,
    }
}

carillon_aws::string_type! {
    /// Text that is not shown in logs.
    pub(crate) SensitiveString, example: "Ada Lovelace", sensitive
}

/// How long people who registered without an account have the trial.
///
/// Source: Chime Administration Guide, "Plans and pricing".
pub(crate) const TRIAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A user as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserRow {
    pub id: String,
    /// Absent for people who belong to no account.
    pub account_id: Option<String>,
    pub email: String,
    pub display_name: Option<String>,
    pub license: Option<License>,
    pub user_type: UserType,
    pub registration: RegistrationStatus,
    pub invitation: Option<InviteStatus>,
    pub registered_at: Option<Timestamp>,
    pub invited_at: Option<Timestamp>,
    pub personal_pin: Option<String>,
    pub alexa: Alexa,
    pub telephony: Telephony,
    pub password_hash: Option<String>,
    pub created_at: Timestamp,
    pub presence: Presence,
}

/// Kept and shown, with no effect: the product behind it is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Alexa {
    pub enabled: bool,
    pub room_arn: Option<String>,
}

/// What a user may do with the number assigned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Telephony {
    pub inbound_calling: bool,
    pub outbound_calling: bool,
    pub sms: bool,
}

impl UserRow {
    /// Somebody with an address and nothing else.
    pub fn new(id: String, account: &AccountRow, email: String, now: Timestamp) -> Self {
        Self {
            account_id: Some(account.id.clone()),
            ..Self::alone(id, email, now)
        }
    }

    /// The same, in no account.
    pub fn alone(id: String, email: String, now: Timestamp) -> Self {
        Self {
            id,
            account_id: None,
            email,
            display_name: None,
            license: None,
            user_type: UserType::PrivateUser,
            registration: RegistrationStatus::Unregistered,
            invitation: None,
            registered_at: None,
            invited_at: None,
            personal_pin: None,
            alexa: Alexa::default(),
            telephony: Telephony::default(),
            password_hash: None,
            created_at: now,
            presence: Presence::Public,
        }
    }

    /// As lists show it: without the PIN.
    pub fn shape(&self) -> User {
        User {
            user_id: self.id.clone(),
            account_id: self.account_id.clone(),
            primary_email: self.email.parse().ok(),
            primary_provisioned_number: None,
            display_name: self.display_name.as_deref().and_then(|name| name.parse().ok()),
            license_type: self.license,
            user_type: self.user_type,
            user_registration_status: self.registration,
            user_invitation_status: self.invitation,
            registered_on: self.registered_at,
            invited_on: self.invited_at,
            alexa_for_business_metadata: AlexaForBusinessMetadata {
                is_alexa_for_business_enabled: Some(self.alexa.enabled),
                alexa_for_business_room_arn: self.alexa.room_arn.as_deref().and_then(|arn| arn.parse().ok()),
            },
            personal_pin: None,
        }
    }

    /// As operations about one user show it.
    pub fn shape_with_pin(&self) -> User {
        User {
            personal_pin: self.personal_pin.as_deref().and_then(|pin| pin.parse().ok()),
            ..self.shape()
        }
    }

    /// Whether the user has, or should have, a personal PIN.
    pub fn has_pin(&self) -> bool {
        self.user_type == UserType::PrivateUser
            && matches!(
                self.registration,
                RegistrationStatus::Registered | RegistrationStatus::Suspended
            )
    }

    /// That the PIN can be reset.
    pub fn require_pin(&self) -> Result<(), Error> {
        if self.has_pin() {
            return Ok(());
        }
        Err(Error::BadRequest(match self.user_type {
            UserType::SharedDevice => "a shared device has no personal PIN".to_owned(),
            UserType::PrivateUser => format!("a user who is `{}` has no personal PIN", self.registration),
        }))
    }

    /// Stops the user until it is restored. Says whether anything changes.
    pub fn suspend(&mut self) -> Result<bool, Error> {
        match self.registration {
            RegistrationStatus::Registered => {
                self.registration = RegistrationStatus::Suspended;
                Ok(true)
            }
            RegistrationStatus::Suspended => Ok(false),
            RegistrationStatus::Unregistered | RegistrationStatus::Released => {
                Err(Error::Conflict(format!("the user is `{}`", self.registration)))
            }
        }
    }

    /// Lets a suspended user go on; nothing happens to others. Says whether anything changes.
    pub fn restore(&mut self) -> bool {
        let suspended = self.registration == RegistrationStatus::Suspended;
        if suspended {
            self.registration = RegistrationStatus::Registered;
        }
        suspended
    }

    /// Takes a registered person out of the account: it goes on with a free licence, on its own.
    ///
    /// Source: Chime Administration Guide, "Removing users".
    pub fn leave(&mut self) {
        self.account_id = None;
        self.license = Some(License::Basic);
        self.registration = RegistrationStatus::Registered;
        self.invitation = None;
        self.invited_at = None;
        self.personal_pin = None;
        self.telephony = Telephony::default();
        self.alexa = Alexa::default();
    }

    /// Leaves the user behind as one whose domain the account gave up: it is not let in again, and its address is free.
    pub fn release(&mut self) {
        self.registration = RegistrationStatus::Released;
        self.personal_pin = None;
        self.password_hash = None;
    }

    /// Makes the person one who registered without an account, with the trial that such people get.
    pub fn start_alone(&mut self, now: Timestamp) {
        self.leave();
        self.license = Some(License::ProTrial);
        self.registered_at = Some(now);
    }

    /// Makes the person a member of an account whose invitation it accepted.
    pub fn join(&mut self, account: &AccountRow, now: Timestamp) {
        // A license given while the invitation was open is what the administrator wants.
        let given = (self.registration == RegistrationStatus::Unregistered
            && self.account_id.as_deref() == Some(&account.id))
        .then_some(self.license)
        .flatten();
        self.account_id = Some(account.id.clone());
        self.license = Some(given.unwrap_or(account.default_license));
        self.registration = RegistrationStatus::Registered;
        self.invitation = Some(InviteStatus::Accepted);
        // The first registration counts.
        self.registered_at = self.registered_at.or(Some(now));
    }

    /// Makes the person a member of the account that claimed the domain of its address. Nobody asked it.
    pub fn be_taken_in(&mut self, account: &AccountRow, now: Timestamp) {
        self.join(account, now);
        self.invitation = None;
        self.invited_at = None;
    }
}

/// What an administrator changes of a user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub license: Option<License>,
    pub user_type: Option<UserType>,
    pub alexa: Option<Alexa>,
}

impl Change {
    /// Changes the user by the account's rules.
    pub fn apply(&self, user: &mut UserRow, account: &AccountRow) -> Result<(), Error> {
        if self.license.is_none() && self.user_type.is_none() && self.alexa.is_none() {
            return Err(Error::BadRequest("there is nothing to change".to_owned()));
        }
        if let Some(license) = self.license {
            require_licenses_by_hand(account)?;
            account.require_supported(license)?;
        }
        if self.user_type == Some(UserType::SharedDevice) {
            require_devices(account)?;
        }
        if let Some(arn) = self.alexa.as_ref().and_then(|alexa| alexa.room_arn.as_deref()) {
            require_printable("AlexaForBusinessRoomArn", arn)?;
            if arn.chars().count() > ROOM_ARN {
                return Err(Error::BadRequest(format!(
                    "`AlexaForBusinessRoomArn` must not be longer than {ROOM_ARN} characters"
                )));
            }
        }
        if user.registration == RegistrationStatus::Released {
            return Err(Error::Conflict("the user is `Released`".to_owned()));
        }
        if let Some(user_type) = self.user_type
            && user_type != user.user_type
        {
            if user.registration != RegistrationStatus::Registered {
                return Err(Error::Conflict(
                    "only a registered user can change its type".to_owned(),
                ));
            }
            user.user_type = user_type;
        }
        user.license = self.license.or(user.license);
        if let Some(alexa) = &self.alexa {
            user.alexa = alexa.clone();
        }
        Ok(())
    }
}

const ROOM_ARN: usize = 2048;

/// That licences are an administrator's to give: elsewhere groups of the directory or provider decide.
pub(crate) fn require_licenses_by_hand(account: &AccountRow) -> Result<(), Error> {
    account.require_type(&[AccountType::Team, AccountType::EnterpriseLWA])
}

/// That the account can have shared devices.
pub(crate) fn require_devices(account: &AccountRow) -> Result<(), Error> {
    if account.account_type == AccountType::Team {
        return Err(Error::BadRequest(
            "a Team account has no shared devices".to_owned(),
        ));
    }
    Ok(())
}

/// A user of Chime.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct User {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_email: Option<WireEmailAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_provisioned_number: Option<SensitiveString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<SensitiveString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_type: Option<License>,
    user_type: UserType,
    user_registration_status: RegistrationStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_invitation_status: Option<InviteStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_on: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_on: Option<Timestamp>,
    alexa_for_business_metadata: AlexaForBusinessMetadata,
    #[serde(rename = "PersonalPIN", skip_serializing_if = "Option::is_none")]
    personal_pin: Option<SensitiveString>,
}

/// Kept and shown, with no effect.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AlexaForBusinessMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    is_alexa_for_business_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alexa_for_business_room_arn: Option<SensitiveString>,
}

impl AlexaForBusinessMetadata {
    pub fn to_kept(&self) -> Alexa {
        Alexa {
            enabled: self.is_alexa_for_business_enabled.unwrap_or(false),
            room_arn: self.alexa_for_business_room_arn.as_ref().map(ToString::to_string),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
