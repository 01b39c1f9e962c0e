//! Passkeys and security keys: second factors of users and root that a browser asks for a signature.
//!
//! They are registered in the web console and shown when signing in there. Each ceremony begins with a challenge that
//! is kept for one owner and one purpose, and is gone with its use.

mod cbor;
mod ceremony;
pub(crate) mod operations;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::id::{AwsAccountId, token};
use carillon_aws::string_type;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Fault};
use carillon_store::{StoreError, WriteTx};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};

pub(crate) use self::ceremony::{ALGORITHMS, Credential, RelyingParty, Wrong};
use self::ceremony::{Ceremony, ClientData};
use super::{Tried, judge};

/// How long a ceremony may take. Browsers are told as much.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// Ceremonies of one user or root at the same time; the oldest makes room.
const CEREMONIES: usize = 8;
/// How long after signing in a passkey can be registered.
const RECENT: Duration = Duration::from_secs(15 * 60);
/// What the challenges of signing in are kept for. Those of registering have the access key of their session.
const SIGN_IN: &str = "sign-in";

string_type! {
    /// What its owner calls a passkey.
    pub PasskeyName, min: 1, max: 64, pattern: r"[\w+=,.@-]+", example: "yubikey"
}

string_type! {
    /// Bytes of a ceremony, in base64url. The trail is not the place for them.
    pub CeremonyBytes, min: 1, max: 8192, pattern: r"[A-Za-z0-9_-]+", example: "bWFkZSBieSBhIGJyb3dzZXI",
    sensitive
}

impl CeremonyBytes {
    fn decode(&self) -> Option<Vec<u8>> {
        BASE64URL_NOPAD.decode(self.as_str().as_bytes()).ok()
    }
}

/// A passkey as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct PasskeyRow {
    pub serial_number: String,
    pub credential: Credential,
}

/// What a browser is to ask the keys of somebody for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRequest {
    pub challenge: String,
    pub relying_party_id: String,
    /// Of the keys that will do.
    pub credential_ids: Vec<String>,
    /// As browsers take it: `required` if each of the keys can, else `preferred`.
    pub user_verification: &'static str,
    pub patience: Duration,
}

/// What a key answered, each part in base64url.
#[derive(Debug, Clone)]
pub struct PasskeyAssertion {
    pub credential_id: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
}

impl PasskeyAssertion {
    /// Whether its parts can be what they should be.
    fn parts(&self) -> Option<[Vec<u8>; 3]> {
        let part = |text: &String| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        Some([
            part(&self.client_data)?,
            part(&self.authenticator_data)?,
            part(&self.signature)?,
        ])
    }
}

/// How showing a key ended.
#[derive(Debug)]
pub(crate) enum Shown {
    /// With the serial number of the key.
    Right(String),
    Wrong,
    /// There are two of this key.
    Copied,
    TooOften(Duration),
}

/// The serial number of a new key. Source: IAM User Guide, "Assign a passkey or security key": the form is AWS's.
fn serial_number(
    account: AwsAccountId,
    user: Option<&str>,
    name: &PasskeyName,
    entropy: &dyn Entropy,
) -> String {
    let mut random = [0; 16];
    entropy.fill(&mut random);
    let owner = user.map_or_else(|| "root-account".to_owned(), |user| format!("user/{user}"));
    format!(
        "arn:aws:iam::{account}:u2f/{owner}/{name}-{}",
        BASE32_NOPAD.encode(&random)
    )
}

/// Keeps a new challenge for a purpose of its owner.
async fn challenge(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    (owner_id, purpose): (&str, &str),
    now: Timestamp,
) -> Result<String, StoreError> {
    let challenge = token(entropy).expose().clone();
    rows::make_room(tx, owner_id, CEREMONIES - 1, now).await?;
    rows::insert_challenge(tx, &challenge, (owner_id, purpose), now + PATIENCE).await?;
    Ok(challenge)
}

/// What a browser is to ask for when somebody with such keys signs in; nothing if there are none, or if this server
/// has no address that keys can be for.
pub(crate) async fn request(
    tx: &mut WriteTx,
    environment: &Environment,
    owner_id: &str,
    now: Timestamp,
) -> Result<Option<PasskeyRequest>, StoreError> {
    let Some(party) = RelyingParty::of(&environment.settings.public_url) else {
        return Ok(None);
    };
    let keys = rows::of_owner(tx, owner_id).await?;
    if keys.is_empty() {
        return Ok(None);
    }
    let all_verify = keys.iter().all(|key| key.credential.verifies_user);
    Ok(Some(PasskeyRequest {
        challenge: challenge(tx, &*environment.entropy, (owner_id, SIGN_IN), now).await?,
        relying_party_id: party.id,
        credential_ids: keys.into_iter().map(|key| key.credential.id).collect(),
        user_verification: if all_verify { "required" } else { "preferred" },
        patience: PATIENCE,
    }))
}

/// Takes what a key of a user or root showed. The challenge is used up whatever comes of it, so the transaction is to
/// be committed in any case.
pub(crate) async fn use_up(
    tx: &mut WriteTx,
    environment: &Environment,
    owner_id: &str,
    assertion: &PasskeyAssertion,
    now: Timestamp,
) -> Result<Shown, Fault> {
    let party = RelyingParty::of(&environment.settings.public_url);
    let parts = assertion.parts();
    let data = party
        .as_ref()
        .zip(parts.as_ref())
        .and_then(|(party, [client_data, ..])| ClientData::read(client_data, Ceremony::Get, party).ok());
    let is_asked = match &data {
        Some(data) => rows::take_challenge(tx, &data.challenge, (owner_id, SIGN_IN), now).await?,
        None => false,
    };
    let key = rows::of_owner(tx, owner_id)
        .await?
        .into_iter()
        .find(|key| key.credential.id == assertion.credential_id);
    let mut is_copied = false;
    let tried = judge(environment, owner_id, now, || {
        let (Some(party), Some(parts), Some(mut key), true) = (party, parts, key, is_asked) else {
            return Ok(None);
        };
        let [client_data, authenticator_data, signature] = &parts;
        match ceremony::shown(
            &party,
            &key.credential,
            client_data,
            authenticator_data,
            signature,
        ) {
            Ok(sign_count) => {
                key.credential.sign_count = sign_count;
                Ok(Some(key))
            }
            Err(wrong) => {
                is_copied = wrong == Wrong::Copied;
                tracing::debug!(owner_id, reason = wrong.message(), "a passkey was refused");
                Ok(None)
            }
        }
    })?;
    Ok(match tried {
        Tried::Right(key) => {
            rows::set_sign_count(tx, &key).await?;
            Shown::Right(key.serial_number)
        }
        Tried::Wrong if is_copied => Shown::Copied,
        Tried::Wrong => Shown::Wrong,
        Tried::TooOften(wait) => Shown::TooOften(wait),
    })
}

#[cfg(test)]
mod tests;
