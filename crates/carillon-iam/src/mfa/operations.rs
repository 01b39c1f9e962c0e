//! What callers may ask of second factors.

use carillon_aws::shape::Listed;
use carillon_aws::time::IsoSeconds;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use data_encoding::BASE32;
use percent_encoding::utf8_percent_encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::picture::qr_code_png;
use super::totp::Pace;
use super::{
    AssignmentStatus, AuthenticationCode, DEVICES, DEVICES_PER_USER, DeviceRow, Holder, MfaDevice,
    RESOURCE_TYPE, SEED, SERIAL_NUMBER, SerialNumber, VirtualMfaDevice, VirtualMfaDeviceName, arn,
    display_name, number, passkey, require, require_of, rows, seed_purpose, target,
};
use crate::account;
use crate::blob::Blob;
use crate::document::RESERVED;
use crate::error::Error;
use crate::name::{ExistingUserName, Marker, Path};
use crate::page::{self, MaxItems};
use crate::tag::{self, Tag};
use crate::user::{User, subject_target};

/// Creates a virtual MFA device: a seed that an authenticator app takes, as text and as a picture, shown this once.
/// It is nobody's until it is enabled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateVirtualMFADevice {
    path: Option<Path>,
    #[serde(rename = "VirtualMFADeviceName")]
    virtual_mfa_device_name: VirtualMfaDeviceName,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The new device.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VirtualMfaDeviceOutput {
    #[serde(rename = "VirtualMFADevice")]
    virtual_mfa_device: VirtualMfaDevice,
}

impl CreateVirtualMFADevice {
    fn serial_number(&self, caller: &Caller) -> String {
        let path = self.path.as_ref().map_or("/", Path::as_str);
        arn(caller.aws_account_id, path, self.virtual_mfa_device_name.as_str())
    }
}

impl Operation for CreateVirtualMFADevice {
    const SPEC: Spec = Spec::named("iam:CreateVirtualMFADevice");

    type Access = Write;
    type Output = VirtualMfaDeviceOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let serial_number = self.serial_number(caller);
        let mut target = Target::on(serial_number.clone()).filed_under(RESOURCE_TYPE, serial_number);
        tag::made_with(&mut target, &self.tags);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<VirtualMfaDeviceOutput, Error> {
        let account = cx.aws_account_id();
        tag::check(&self.tags)?;
        let serial_number = self.serial_number(cx.caller);
        if serial_number.len() > SERIAL_NUMBER {
            return Err(Error::Validation(format!(
                "1 validation error detected: Value '{serial_number}' at 'serialNumber' failed to satisfy \
                 constraint: Member must have length less than or equal to {SERIAL_NUMBER}"
            )));
        }
        if rows::find(cx.tx, account, &serial_number).await?.is_some() {
            return Err(Error::AlreadyExists(
                "MFADevice entity at the same path and name already exists.".to_owned(),
            ));
        }
        if rows::count(cx.tx, account).await? >= DEVICES {
            return Err(Error::LimitExceeded {
                quota: "MFADevicesPerAccount",
                limit: DEVICES,
            });
        }
        let mut seed = [0; SEED];
        cx.entropy().fill(&mut seed);
        let sealed = cx
            .environment
            .vault
            .seal(cx.entropy(), &seed_purpose(&serial_number), &seed);
        rows::insert(cx.tx, account, &serial_number, &sealed, cx.now).await?;
        tag::put(cx.tx, &serial_number, &self.tags).await?;
        let alias = account::find(cx.tx, account)
            .await?
            .and_then(|account| account.alias);
        let issuer = alias.unwrap_or_else(|| account.to_string());
        let base32 = BASE32.encode(&seed);
        let picture = qr_code_png(&key_uri(display_name(&serial_number), &issuer, &base32))?;
        Ok(VirtualMfaDeviceOutput {
            virtual_mfa_device: VirtualMfaDevice {
                serial_number,
                base32_string_seed: Some(Blob(base32.into_bytes())),
                qr_code_png: Some(Blob(picture)),
                user: None,
                enable_date: None,
                tags: tag::shown(tag::pairs(&self.tags)),
            },
        })
    }
}

/// What the picture says. Source: IAM API Reference, `VirtualMFADevice`, for the form
/// `otpauth://totp/<device>@<account>?secret=<seed>`.
fn key_uri(device: &str, account: &str, base32: &str) -> String {
    format!(
        "otpauth://totp/{}@{account}?secret={base32}",
        utf8_percent_encode(device, &RESERVED)
    )
}

/// What the policies are asked about when a device is given to a user or taken away: the user. The trail files it under
/// the device, whose story it is; the parameters name the user.
async fn holder_target(
    tx: &mut ReadTx,
    caller: &Caller,
    name: Option<&ExistingUserName>,
    serial_number: &SerialNumber,
) -> Result<Target, Fault> {
    let target = subject_target(tx, caller, name).await?;
    Ok(target.filed_under(RESOURCE_TYPE, serial_number.as_str()))
}

/// Learns the pace of a device from two codes in a row.
fn synchronise(
    cx: &Context<'_, impl Operation>,
    device: &DeviceRow,
    codes: [&AuthenticationCode; 2],
) -> Result<Pace, Error> {
    let seed = device.seed(&cx.environment.vault)?;
    let [first, second] = codes.map(|code| number(code.as_str()));
    first
        .zip(second)
        .filter(|(first, second)| first != second)
        .and_then(|(first, second)| device.pace.resynchronised(&seed, [first, second], cx.now))
        .ok_or(Error::InvalidAuthenticationCode)
}

/// Gives a virtual MFA device to an IAM user who proves to hold it, with two codes that it shows one after the other.
/// Root gives the number of its AWS account as the name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EnableMFADevice {
    user_name: ExistingUserName,
    serial_number: SerialNumber,
    authentication_code1: AuthenticationCode,
    authentication_code2: AuthenticationCode,
}

impl Operation for EnableMFADevice {
    const SPEC: Spec = Spec::named("iam:EnableMFADevice");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        holder_target(tx, caller, Some(&self.user_name), &self.serial_number).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let owner = super::owner(cx.tx, cx.caller, Some(&self.user_name)).await?;
        let mut device = require(cx.tx, account, &self.serial_number).await?;
        if device.owner_id.is_some() {
            return Err(Error::AlreadyExists("MFA Device is already in use.".to_owned()));
        }
        if rows::count_of_owner(cx.tx, &owner.id).await? >= DEVICES_PER_USER {
            return Err(Error::LimitExceeded {
                quota: "MFADevicesPerUser",
                limit: DEVICES_PER_USER,
            });
        }
        device.pace = synchronise(
            cx,
            &device,
            [&self.authentication_code1, &self.authentication_code2],
        )?;
        device.owner_id = Some(owner.id);
        device.enabled_at = Some(cx.now);
        rows::update(cx.tx, &device).await?;
        Ok(())
    }
}

/// Takes an MFA device from the user, or from the caller, who no longer needs it to sign in. A virtual one can be
/// enabled again; a passkey is forgotten.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeactivateMFADevice {
    user_name: Option<ExistingUserName>,
    serial_number: SerialNumber,
}

impl Operation for DeactivateMFADevice {
    const SPEC: Spec = Spec::named("iam:DeactivateMFADevice");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        holder_target(tx, caller, self.user_name.as_ref(), &self.serial_number).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let owner = super::owner(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        if passkey::rows::enabled_at(cx.tx, &owner.id, self.serial_number.as_str())
            .await?
            .is_some()
        {
            passkey::rows::delete(cx.tx, self.serial_number.as_str()).await?;
            return Ok(());
        }
        let mut device = require_of(cx.tx, account, &owner.id, &self.serial_number).await?;
        device.owner_id = None;
        device.enabled_at = None;
        device.pace.drift = 0;
        rows::update(cx.tx, &device).await?;
        Ok(())
    }
}

/// Puts a device right whose clock is off, with two codes that it shows one after the other.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResyncMFADevice {
    user_name: ExistingUserName,
    serial_number: SerialNumber,
    authentication_code1: AuthenticationCode,
    authentication_code2: AuthenticationCode,
}

impl Operation for ResyncMFADevice {
    const SPEC: Spec = Spec::named("iam:ResyncMFADevice");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        holder_target(tx, caller, Some(&self.user_name), &self.serial_number).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let owner = super::owner(cx.tx, cx.caller, Some(&self.user_name)).await?;
        let mut device = require_of(cx.tx, account, &owner.id, &self.serial_number).await?;
        device.pace = synchronise(
            cx,
            &device,
            [&self.authentication_code1, &self.authentication_code2],
        )?;
        rows::update(cx.tx, &device).await?;
        Ok(())
    }
}

/// Lists the MFA devices of an IAM user, or of the caller if no name is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMFADevices {
    user_name: Option<ExistingUserName>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// A page of the devices of somebody.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MfaDevices {
    #[serde(rename = "MFADevices")]
    mfa_devices: Vec<MfaDevice>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListMFADevices {
    const SPEC: Spec = Spec::named("iam:ListMFADevices");

    type Access = List;
    type Output = MfaDevices;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<MfaDevices, Error> {
        let owner = super::owner(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let limit = page::limit(self.max_items);
        let [after] = page::after(cx, self.marker.as_ref(), &[&owner.id])?;
        let devices = rows::of_owner_after(cx.tx, &owner.id, &after, page::fetched(limit)).await?;
        let page = cx.page(devices, limit, &[&owner.id], |(serial_number, _)| {
            vec![serial_number.clone()]
        });
        let shape = |(serial_number, enabled_at)| MfaDevice {
            user_name: owner.name.clone(),
            serial_number,
            enable_date: IsoSeconds(enabled_at),
        };
        Ok(MfaDevices {
            mfa_devices: page.items.into_iter().map(shape).collect(),
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

/// Retrieves an MFA device of an IAM user, or of the caller if no name is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetMFADevice {
    serial_number: SerialNumber,
    user_name: Option<ExistingUserName>,
}

/// A device and who has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MfaDeviceOutput {
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    serial_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_date: Option<IsoSeconds>,
}

impl Operation for GetMFADevice {
    const SPEC: Spec = Spec::named("iam:GetMFADevice");

    type Access = Read;
    type Output = MfaDeviceOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<MfaDeviceOutput, Error> {
        let account = cx.aws_account_id();
        let owner = super::owner(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let serial_number = self.serial_number.as_str();
        let enabled_at = match passkey::rows::enabled_at(cx.tx, &owner.id, serial_number).await? {
            Some(at) => Some(at),
            None => {
                require_of(cx.tx, account, &owner.id, &self.serial_number)
                    .await?
                    .enabled_at
            }
        };
        Ok(MfaDeviceOutput {
            user_name: owner.name,
            serial_number: serial_number.to_owned(),
            enable_date: enabled_at.map(IsoSeconds),
        })
    }
}

/// Lists the virtual MFA devices of the AWS account by serial number, with who has them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListVirtualMFADevices {
    assignment_status: Option<AssignmentStatus>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// A page of virtual devices.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VirtualMfaDevices {
    #[serde(rename = "VirtualMFADevices")]
    virtual_mfa_devices: Vec<VirtualMfaDevice>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListVirtualMFADevices {
    const SPEC: Spec = Spec::named("iam:ListVirtualMFADevices");

    type Access = List;
    type Output = VirtualMfaDevices;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        Ok(Target::on(arn(caller.aws_account_id, "/", "")))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<VirtualMfaDevices, Error> {
        let account = cx.aws_account_id();
        let status = self.assignment_status.unwrap_or(AssignmentStatus::Any);
        let limit = page::limit(self.max_items);
        let [after] = page::after(cx, self.marker.as_ref(), &[status.as_str()])?;
        let found = rows::list_after(cx.tx, account, status, &after, page::fetched(limit)).await?;
        let page = cx.page(found, limit, &[status.as_str()], |last| {
            vec![last.serial_number.clone()]
        });
        let mut devices = Vec::with_capacity(page.items.len());
        for device in page.items {
            devices.push(VirtualMfaDevice {
                serial_number: device.serial_number,
                base32_string_seed: None,
                qr_code_png: None,
                user: match device.holder {
                    Some(Holder::User(user)) => Some(user.shape(account)),
                    Some(Holder::Root) => Some(User::root(cx.tx, account).await?),
                    None => None,
                },
                enable_date: device.enabled_at.map(IsoSeconds),
                tags: None,
            });
        }
        Ok(VirtualMfaDevices {
            virtual_mfa_devices: devices,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

/// Deletes a virtual MFA device that nobody has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteVirtualMFADevice {
    serial_number: SerialNumber,
}

impl Operation for DeleteVirtualMFADevice {
    const SPEC: Spec = Spec::named("iam:DeleteVirtualMFADevice");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, self.serial_number.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let device = require(cx.tx, account, &self.serial_number).await?;
        if device.owner_id.is_some() {
            return Err(Error::DeleteConflict(
                "MFA VirtualDevice in use. Must deactivate first.",
            ));
        }
        tag::remove_all(cx.tx, &device.serial_number).await?;
        rows::delete(cx.tx, &device.serial_number).await?;
        Ok(())
    }
}
