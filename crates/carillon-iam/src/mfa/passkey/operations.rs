//! Registering a passkey in the web console: two operations, both allowed by `iam:EnableMFADevice` on oneself.
//!
//! AWS has no operation for it that others could call. Its policies tell the two steps apart by
//! `iam:RegisterSecurityKey`.

use carillon_operation::{Caller, CallerKind, Context, Fault, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ceremony::{self, Ceremony, ClientData};
use super::{
    ALGORITHMS, CeremonyBytes, PATIENCE, PasskeyName, PasskeyRow, RECENT, RelyingParty, Wrong, challenge,
    rows, serial_number,
};
use crate::error::Error;
use crate::mfa::rows::count_of_owner;
use crate::mfa::{DEVICES_PER_USER, SerialNumber};
use crate::name::ExistingUserName;
use crate::user::{Owner, subject_target};

const ACTION: &str = "iam:EnableMFADevice";

/// What the policies are asked about: the caller, and which step it is.
async fn target(tx: &mut ReadTx, caller: &Caller, step: &str) -> Result<Target, Fault> {
    let mut target = subject_target(tx, caller, None::<&ExistingUserName>).await?;
    target.keys.push(("iam:registersecuritykey", step.to_owned()));
    Ok(target)
}

/// Whose passkey is registered, and the session that it is registered in: of a user or root who signed in to the
/// console a moment ago. Whoever finds a browser that was left open must not be able to stay.
async fn registrar<O: Operation<Access = Write>>(cx: &mut Context<'_, O>) -> Result<(Owner, String), Error> {
    let session = cx
        .caller
        .session
        .as_ref()
        .filter(|_| cx.call.from_console)
        .ok_or_else(|| Error::AccessDenied("Passkeys are registered in the web console.".to_owned()))?;
    if !matches!(cx.caller.kind, CallerKind::User { .. } | CallerKind::Root) {
        return Err(Error::InvalidUserType(
            "Only IAM users and the root user have passkeys.".to_owned(),
        ));
    }
    if cx.now >= session.issued_at + RECENT {
        return Err(Error::RecentSignInRequired);
    }
    let owner = Owner::find(cx.tx, cx.caller, None::<&ExistingUserName>).await?;
    if count_of_owner(cx.tx, &owner.id).await? >= DEVICES_PER_USER {
        return Err(Error::LimitExceeded {
            quota: "MFADevicesPerUser",
            limit: DEVICES_PER_USER,
        });
    }
    Ok((owner, format!("register/{}", cx.caller.access_key_id)))
}

/// This server, as keys know it.
fn party<O: Operation>(cx: &Context<'_, O>) -> Result<RelyingParty, Error> {
    let public_url = &cx.environment.settings.public_url;
    RelyingParty::of(public_url).ok_or_else(|| {
        Error::InvalidInput(format!(
            "Browsers have no passkeys for {public_url}: they need HTTPS and a host with a name. Whoever runs this \
             server says its address with --public-url."
        ))
    })
}

/// Begins to register a passkey for the caller, who signed in to the web console a moment ago: tells the browser what
/// to ask the key for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartPasskeyRegistration {}

/// What the browser is to ask for. Bytes are in base64url.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PasskeyRegistration {
    challenge: String,
    relying_party_id: String,
    relying_party_name: String,
    user_handle: String,
    user_name: String,
    /// By their numbers in COSE, the best first.
    algorithms: Vec<i64>,
    /// Keys that the caller has, which are not registered twice.
    excluded_credential_ids: Vec<String>,
    timeout_milliseconds: i64,
}

impl Operation for StartPasskeyRegistration {
    const SPEC: Spec = Spec::named(ACTION).wire_name("StartPasskeyRegistration");

    type Access = Write;
    type Output = PasskeyRegistration;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, "Create").await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PasskeyRegistration, Error> {
        let party = party(cx)?;
        let (owner, purpose) = registrar(cx).await?;
        let keys = rows::of_owner(cx.tx, &owner.id).await?;
        let entropy = &*cx.environment.entropy;
        let challenge = challenge(cx.tx, entropy, (&owner.id, &purpose), cx.now).await?;
        let account = cx.aws_account_id();
        let name = owner.name.as_deref().unwrap_or("root");
        Ok(PasskeyRegistration {
            challenge,
            relying_party_name: format!("Carillon ({})", party.id),
            relying_party_id: party.id,
            user_handle: data_encoding::BASE64URL_NOPAD.encode(owner.id.as_bytes()),
            user_name: format!("{name} @ {account}"),
            algorithms: ALGORITHMS.to_vec(),
            excluded_credential_ids: keys.into_iter().map(|key| key.credential.id).collect(),
            timeout_milliseconds: i64::try_from(PATIENCE.as_millis()).unwrap_or(i64::MAX),
        })
    }
}

/// Registers a passkey for the caller with what the key answered. From then on it is asked for at each sign-in, unless
/// another device is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FinishPasskeyRegistration {
    device_name: PasskeyName,
    client_data: CeremonyBytes,
    attestation_object: CeremonyBytes,
}

/// The new device.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RegisteredPasskey {
    serial_number: SerialNumber,
}

impl Operation for FinishPasskeyRegistration {
    const SPEC: Spec = Spec::named(ACTION).wire_name("FinishPasskeyRegistration");

    type Access = Write;
    type Output = RegisteredPasskey;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, "Activate").await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<RegisteredPasskey, Error> {
        let refused =
            |wrong: Wrong| Error::InvalidInput(format!("The key is not taken: {}.", wrong.message()));
        let party = party(cx)?;
        let (owner, purpose) = registrar(cx).await?;
        let decoded = self.client_data.decode().zip(self.attestation_object.decode());
        let (client_data, attestation) =
            decoded.ok_or_else(|| refused(Wrong::Malformed("the answer is not in base64url")))?;
        let data = ClientData::read(&client_data, Ceremony::Create, &party).map_err(refused)?;
        if !rows::take_challenge(cx.tx, &data.challenge, (&owner.id, &purpose), cx.now).await? {
            return Err(refused(Wrong::Elsewhere(
                "it answers no question of this session, or one that is over",
            )));
        }
        let credential = ceremony::created(&party, &client_data, &attestation).map_err(refused)?;
        if rows::is_known(cx.tx, &credential.id).await? {
            return Err(Error::AlreadyExists("This key is registered already.".to_owned()));
        }
        let account = cx.aws_account_id();
        let key = PasskeyRow {
            serial_number: serial_number(account, owner.name.as_deref(), &self.device_name, cx.entropy()),
            credential,
        };
        rows::insert(cx.tx, (account, &owner.id), &key, cx.now).await?;
        let serial_number = key.serial_number.parse().map_err(Fault::internal)?;
        Ok(RegisteredPasskey { serial_number })
    }
}
