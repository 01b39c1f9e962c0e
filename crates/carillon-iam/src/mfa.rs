//! Second factors of users and of root: virtual devices, that is authenticator apps, and passkeys ([`passkey`]).
//!
//! A code proves that the caller holds a device, once. The operations that take one name it in their target, where
//! the pipeline has it checked before the policies are asked ([`check`]), and use it up in the transaction of their
//! effect ([`use_up`]).

pub(crate) mod operations;
pub(crate) mod passkey;
mod picture;
pub(crate) mod rows;
mod totp;

use std::time::Duration;

use carillon_aws::arn::{self, Arn, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_aws::secret::Secret;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_aws::{string_enum, string_type};
use carillon_operation::guard::Key;
use carillon_operation::{Caller, CallerKind, Environment, Fault, SecondFactor, Target, Vault};
use carillon_store::{ReadTx, WriteTx};
use schemars::JsonSchema;
use serde::Serialize;

use self::totp::Pace;
use crate::access_key::rows::root_user_id;
use crate::blob::Blob;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{self, ExistingUserName};
use crate::tag::{self, TagShape};
use crate::user::{self, Owner, Subject, User, UserRow};

/// Devices of one user, and of root.
pub(crate) const DEVICES_PER_USER: usize = 8;
/// Devices in one AWS account, whether or not somebody has them. Source: IAM User Guide, "IAM and AWS STS quotas": as
/// many as users.
pub(crate) const DEVICES: usize = user::USERS;
/// Characters of a serial number. AWS allows 256; a marker must hold one.
const SERIAL_NUMBER: usize = 209;
/// Bytes of a seed, as AWS draws them.
const SEED: usize = 40;

const RESOURCE_TYPE: &str = "AWS::IAM::MFADevice";

string_type! {
    /// The name of a virtual MFA device.
    pub VirtualMfaDeviceName, min: 1, pattern: r"[\w+=,.@-]+", form: name::NAME, example: "ada"
}

string_type! {
    /// What identifies a device: of a virtual one its ARN.
    pub SerialNumber, min: 9, max: 256, pattern: r"[\w+=/:,.@-]+",
    example: "arn:aws:iam::123456789012:mfa/ada"
}

string_type! {
    /// Six digits that a device shows.
    pub AuthenticationCode, min: 6, max: 6, pattern: r"[\d]+", example: "123456", sensitive
}

string_enum! {
    /// Whether somebody has a device.
    pub enum AssignmentStatus { Assigned, Unassigned, Any }
}

/// A virtual device as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRow {
    serial_number: String,
    sealed_seed: String,
    /// The user, or root, that it is enabled for.
    owner_id: Option<String>,
    enabled_at: Option<Timestamp>,
    pace: Pace,
}

impl DeviceRow {
    pub fn serial_number(&self) -> &str {
        &self.serial_number
    }

    /// The step of a code, if it is right at that time.
    fn step_of(&self, vault: &Vault, code: &Secret<String>, now: Timestamp) -> Result<Option<i64>, Fault> {
        let seed = self.seed(vault)?;
        Ok(number(code.expose()).and_then(|code| self.pace.accepts(&seed, code, now)))
    }

    fn seed(&self, vault: &Vault) -> Result<Vec<u8>, Fault> {
        vault
            .open(&seed_purpose(&self.serial_number), &self.sealed_seed)
            .ok_or_else(|| Fault::internal("the seed of a device was not sealed by this server's key"))
    }
}

/// How the seed of a device is sealed.
fn seed_purpose(serial_number: &str) -> String {
    format!("mfa/{serial_number}")
}

/// A code as a number; nothing of digits that no device shows.
fn number(code: &str) -> Option<u32> {
    code.parse().ok().filter(|_| code.len() == 6)
}

/// A virtual device. Seed and picture are shown once, in the answer that makes it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "VirtualMFADevice")]
pub(crate) struct VirtualMfaDevice {
    serial_number: String,
    /// The seed in base32, as it is typed into an app.
    #[serde(rename = "Base32StringSeed", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-sensitive" = true))]
    base32_string_seed: Option<Blob>,
    /// The same as a picture for an app to scan.
    #[serde(rename = "QRCodePNG", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-sensitive" = true))]
    qr_code_png: Option<Blob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_date: Option<IsoSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

/// A device that somebody has.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "MFADevice")]
pub(crate) struct MfaDevice {
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    serial_number: String,
    enable_date: IsoSeconds,
}

/// Who has a device.
enum Holder {
    Root,
    User(UserRow),
}

fn arn(account: AwsAccountId, path: &str, name: &str) -> String {
    arn::iam(IamKind::MfaDevice, account, path, name)
}

/// What the policies are asked about when a device is named, whether or not it exists.
pub(crate) async fn target(tx: &mut ReadTx, caller: &Caller, serial_number: &str) -> Result<Target, Fault> {
    let mut target =
        Target::on(serial_number.to_owned()).filed_under(RESOURCE_TYPE, serial_number.to_owned());
    if rows::find(tx, caller.aws_account_id, serial_number)
        .await?
        .is_some()
    {
        target.tags = tag::of(tx, serial_number).await?;
    }
    Ok(target)
}

/// The identifier that the tags of a device are kept under.
pub(crate) async fn tagged(
    tx: &mut ReadTx,
    caller: &Caller,
    serial_number: &SerialNumber,
) -> Result<String, Error> {
    let device = require(tx, caller.aws_account_id, serial_number).await?;
    Ok(device.serial_number)
}

/// The virtual device of this serial number, or `NoSuchEntity`.
async fn require(
    tx: &mut ReadTx,
    account: AwsAccountId,
    serial_number: &SerialNumber,
) -> Result<DeviceRow, Error> {
    rows::find(tx, account, serial_number.as_str())
        .await?
        .ok_or_else(|| {
            Error::NotFound(format!(
                "VirtualMFADevice with serial number {serial_number} does not exist."
            ))
        })
}

/// The device of this serial number, if that user or root has it.
async fn require_of(
    tx: &mut ReadTx,
    account: AwsAccountId,
    owner_id: &str,
    serial_number: &SerialNumber,
) -> Result<DeviceRow, Error> {
    let device = require(tx, account, serial_number).await?;
    if device.owner_id.as_deref() == Some(owner_id) {
        return Ok(device);
    }
    Err(Error::NotFound("MFA Device invalid for user.".to_owned()))
}

/// Whose devices an operation is about: of the user that is named, or of the caller. Where a name must be given, root
/// gives the number of its AWS account; for others that is nobody's name, unless a user is called so.
async fn owner(tx: &mut ReadTx, caller: &Caller, name: Option<&ExistingUserName>) -> Result<Owner, Error> {
    let account = caller.aws_account_id;
    let is_root = match name {
        Some(name) if caller.is_root() && name.as_str() == account.as_str() => {
            entity::find(tx, account, EntityKind::User, name.as_str())
                .await?
                .is_none()
        }
        _ => false,
    };
    if is_root {
        Ok(Owner::of(tx, account, Subject::Root).await?)
    } else {
        Owner::find(tx, caller, name).await
    }
}

/// Refuses a second factor that is not the caller's, or not what the device shows at that time. Who guesses waits
/// longer and longer.
pub(crate) async fn check(
    tx: &mut ReadTx,
    environment: &Environment,
    caller: &Caller,
    factor: &SecondFactor,
    now: Timestamp,
) -> Result<(), Fault> {
    let owner_id = match &caller.kind {
        CallerKind::User { id, .. } => id.clone(),
        CallerKind::Root => root_user_id(tx, caller.aws_account_id).await?,
        // Sessions have shown theirs when they began, or never.
        _ => return Err(invalid_serial_number()),
    };
    let account = caller.aws_account_id;
    let device = require_own(tx, account, &owner_id, factor).await?;
    let right = || device.step_of(&environment.vault, &factor.code, now);
    match judge(environment, &owner_id, now, right)? {
        Tried::Right(_) => Ok(()),
        Tried::Wrong => Err(invalid_code()),
        Tried::TooOften(wait) => Err(Fault::denied(format!(
            "MultiFactorAuthentication failed, too many wrong codes. Try again in {} seconds.",
            wait.as_secs().max(1)
        ))),
    }
}

/// The device that a second factor names, if that user or root has it.
async fn require_own(
    tx: &mut ReadTx,
    account: AwsAccountId,
    owner_id: &str,
    factor: &SecondFactor,
) -> Result<DeviceRow, Fault> {
    rows::find(tx, account, &factor.serial_number)
        .await?
        .filter(|device| device.owner_id.as_deref() == Some(owner_id))
        .ok_or_else(invalid_serial_number)
}

/// Makes a code that was checked in this transaction good for nothing else. The owner is a user or root.
pub(crate) async fn use_up(
    tx: &mut WriteTx,
    environment: &Environment,
    account: AwsAccountId,
    owner_id: &str,
    factor: &SecondFactor,
    now: Timestamp,
) -> Result<(), Error> {
    let mut device = require_own(tx, account, owner_id, factor).await?;
    device.pace.last_step = device
        .step_of(&environment.vault, &factor.code, now)?
        .ok_or_else(invalid_code)?;
    rows::update(tx, &device).await?;
    Ok(())
}

/// How a try of a code ended.
#[derive(Debug)]
pub(crate) enum Tried<T> {
    /// With what it is right for.
    Right(T),
    Wrong,
    /// How long to wait before the next.
    TooOften(Duration),
}

/// Counts a try of a code unless it is right: all those of a user or root together, whichever device and door they are
/// for.
///
/// Nothing is asked of the database between the count and the outcome. A request that loses a race there is run again,
/// and would leave a try behind that was not wrong.
fn judge<T>(
    environment: &Environment,
    owner_id: &str,
    now: Timestamp,
    right: impl FnOnce() -> Result<Option<T>, Fault>,
) -> Result<Tried<T>, Fault> {
    let keys = [Key::SecondFactor(owner_id.to_owned())];
    if let Err(wait) = environment.guard.admit(&keys, now) {
        return Ok(Tried::TooOften(wait));
    }
    let Some(found) = right()? else {
        return Ok(Tried::Wrong);
    };
    environment.guard.forgive(&keys);
    Ok(Tried::Right(found))
}

/// Takes a code of whichever virtual device a user or root has, and makes it good for nothing else.
pub(crate) async fn use_up_any(
    tx: &mut WriteTx,
    environment: &Environment,
    owner_id: &str,
    code: &Secret<String>,
    now: Timestamp,
) -> Result<Tried<DeviceRow>, Fault> {
    let devices = rows::of_owner(tx, owner_id).await?;
    let tried = judge(environment, owner_id, now, || {
        for mut device in devices {
            if let Some(last_step) = device.step_of(&environment.vault, code, now)? {
                device.pace.last_step = last_step;
                return Ok(Some(device));
            }
        }
        Ok(None)
    })?;
    if let Tried::Right(device) = &tried {
        rows::update(tx, device).await?;
    }
    Ok(tried)
}

/// What AWS says of a code that is wrong, or was used.
fn invalid_code() -> Fault {
    Fault::denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
}

/// What AWS says of a serial number that is not the caller's.
fn invalid_serial_number() -> Fault {
    Fault::denied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is \
         valid and associated with this user.",
    )
}

/// The name at the end of a serial number, for people.
fn display_name(serial_number: &str) -> &str {
    Arn::parse(serial_number)
        .ok()
        .and_then(|arn| arn.iam_entity())
        .map_or(serial_number, |entity| entity.name)
}

#[cfg(test)]
pub(crate) mod tests;
