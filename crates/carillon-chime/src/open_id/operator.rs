//! Which products there are: for the operator, past all policies.

use std::net::{IpAddr, Ipv4Addr};

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::secret::Secret;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Fault, ServiceEvent, Vault};
use carillon_store::{ReadTx, WriteTx};
use serde_json::json;

use super::client::{ADDRESSES, ClientRow, NAME, check_back_channel, check_redirect};
use super::key::{self, Algorithm, KeyRow};
use super::rows;
use crate::account;
use crate::error::Error;
use crate::license::License;
use crate::session::digest;

/// A client as the operator describes it.
#[derive(Debug, Clone)]
pub struct NewClient {
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub post_logout_uris: Vec<String>,
    pub back_channel_uri: Option<String>,
    pub account_id: Option<String>,
    pub license: Option<License>,
    pub algorithm: Algorithm,
    /// It cannot keep a secret: an app, or a page's script.
    pub is_public: bool,
}

/// What is shown of a client.
#[derive(Debug, Clone)]
pub struct Shown {
    pub client_id: String,
    pub name: String,
    pub is_public: bool,
    pub redirect_uris: Vec<String>,
    pub post_logout_uris: Vec<String>,
    pub back_channel_uri: Option<String>,
    pub account_id: Option<String>,
    pub license: Option<License>,
    pub algorithm: Algorithm,
}

impl From<ClientRow> for Shown {
    fn from(client: ClientRow) -> Self {
        Self {
            client_id: client.id,
            name: client.name,
            is_public: client.secret_digest.is_none(),
            redirect_uris: client.redirect_uris,
            post_logout_uris: client.post_logout_uris,
            back_channel_uri: client.back_channel_uri,
            account_id: client.account_id,
            license: client.license,
            algorithm: client.algorithm,
        }
    }
}

impl NewClient {
    fn check(&self) -> Result<(), Error> {
        let bad = |text: String| Err(Error::BadRequest(text));
        let characters = self.name.chars().count();
        if self.name.trim().is_empty() || characters > NAME || self.name.chars().any(char::is_control) {
            return bad(format!(
                "a name has 1 to {NAME} characters, none of them control characters"
            ));
        }
        if self.redirect_uris.is_empty() {
            return bad("a client needs an address that people come back to".to_owned());
        }
        if self.redirect_uris.len().max(self.post_logout_uris.len()) > ADDRESSES {
            return bad(format!("a client has at most {ADDRESSES} addresses of a kind"));
        }
        for uri in self.redirect_uris.iter().chain(&self.post_logout_uris) {
            if let Err(why) = check_redirect(uri, self.is_public) {
                return bad(format!("the address `{uri}` {why}"));
            }
        }
        if let Some(uri) = &self.back_channel_uri
            && let Err(why) = check_back_channel(uri)
        {
            return bad(format!("the address `{uri}` {why}"));
        }
        if self.license == Some(License::ProTrial) {
            return bad("the trial is as good as `Pro`: require that".to_owned());
        }
        Ok(())
    }
}

/// Creates a client, and answers its secret, which is nowhere else.
///
/// # Errors
///
/// [`Fault::Refused`] when something in it is not as it must be.
pub async fn create(
    tx: &mut WriteTx,
    new: &NewClient,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(Shown, Option<Secret<String>>), Fault> {
    new.check()?;
    let secret = (!new.is_public).then(|| token(entropy));
    let client = ClientRow {
        id: uuid_v4(entropy),
        name: new.name.trim().to_owned(),
        secret_digest: secret.as_ref().map(|secret| digest(secret.expose())),
        redirect_uris: new.redirect_uris.clone(),
        post_logout_uris: new.post_logout_uris.clone(),
        back_channel_uri: new.back_channel_uri.clone(),
        account_id: new.account_id.clone(),
        license: new.license,
        algorithm: new.algorithm,
        created_at: now,
    };
    if let Some(account_id) = &client.account_id
        && account::rows::find_any(tx, account_id).await?.is_none()
    {
        return Err(Error::account_not_found(account_id).into());
    }
    if key::current(&rows::keys(tx).await?, client.algorithm, now).is_none()
        && client.algorithm == Algorithm::RS256
    {
        return Err(Error::Conflict("there is no key of RSA: import one first".to_owned()).into());
    }
    record(tx, &client, "CreateOpenIdClient", entropy, now).await?;
    rows::insert_client(tx, &client).await?;
    Ok((client.into(), secret))
}

/// Clients after the one with the identifier `after`.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn list(tx: &mut ReadTx, after: &str, limit: i64) -> Result<Vec<Shown>, Fault> {
    let clients = rows::clients(tx, after, limit).await?;
    Ok(clients.into_iter().map(Shown::from).collect())
}

/// Deletes a client. What it was given is worth nothing at once.
///
/// # Errors
///
/// [`Fault::Refused`] when there is none.
pub async fn delete(
    tx: &mut WriteTx,
    client_id: &str,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Shown, Fault> {
    let client = find(tx, client_id).await?;
    record(tx, &client, "DeleteOpenIdClient", entropy, now).await?;
    rows::delete_client(tx, client_id).await?;
    Ok(client.into())
}

/// Gives a client another secret. The old one is worth nothing at once.
///
/// # Errors
///
/// [`Fault::Refused`] when there is no such client, or it is a public one.
pub async fn rotate_secret(
    tx: &mut WriteTx,
    client_id: &str,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(Shown, Secret<String>), Fault> {
    let mut client = find(tx, client_id).await?;
    if client.secret_digest.is_none() {
        return Err(Error::Conflict("a public client has no secret".to_owned()).into());
    }
    let secret = token(entropy);
    client.secret_digest = Some(digest(secret.expose()));
    rows::set_secret(tx, &client).await?;
    record(tx, &client, "RotateOpenIdClientSecret", entropy, now).await?;
    Ok((client.into(), secret))
}

/// Makes a new key that signs from now on. The old ones of ours are published for another day, or, if `withdraw`, gone: what
/// they signed is good for nothing any more.
///
/// # Errors
///
/// When the database cannot be written.
pub async fn rotate_keys(
    tx: &mut WriteTx,
    vault: &Vault,
    entropy: &dyn Entropy,
    now: Timestamp,
    withdraw: bool,
) -> Result<String, Fault> {
    if withdraw {
        withdraw_keys(tx, Algorithm::ES256).await?;
    }
    let key = key::add(tx, vault, entropy, now).await?;
    key::watch(tx, entropy, now).await?;
    Ok(key.id)
}

/// Signs from now on with this private key of RSA, in PKCS #8 or PKCS #1, where a product asks for that. What becomes of
/// the one before is as with [`rotate_keys`].
///
/// # Errors
///
/// [`Fault::Refused`] when it is no such key.
pub async fn import_key(
    tx: &mut WriteTx,
    secret: &[u8],
    vault: &Vault,
    entropy: &dyn Entropy,
    now: Timestamp,
    withdraw: bool,
) -> Result<String, Fault> {
    let key = KeyRow::import(secret, vault, entropy, now).ok_or_else(|| {
        Error::BadRequest("the key must be one of RSA, of 2048 to 4096 bits, not encrypted".to_owned())
    })?;
    if withdraw {
        withdraw_keys(tx, Algorithm::RS256).await?;
    }
    rows::insert_key(tx, &key).await?;
    key::watch(tx, entropy, now).await?;
    Ok(key.id)
}

async fn withdraw_keys(tx: &mut WriteTx, algorithm: Algorithm) -> Result<(), Fault> {
    let keys = rows::keys(tx).await?;
    for old in keys.iter().filter(|key| key.algorithm == algorithm) {
        rows::delete_key(tx, &old.id).await?;
    }
    Ok(())
}

async fn find(tx: &mut ReadTx, client_id: &str) -> Result<ClientRow, Fault> {
    rows::client(tx, client_id).await?.ok_or_else(|| {
        Error::NotFound {
            kind: "client",
            id: client_id.to_owned(),
        }
        .into()
    })
}

/// Tells it in the trail of whoever owns the account that a client is limited to. Others concern nobody's, and an
/// account that is gone has nobody to tell.
async fn record(
    tx: &mut WriteTx,
    client: &ClientRow,
    name: &str,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(account_id) = &client.account_id else {
        return Ok(());
    };
    let Some(account) = account::rows::find_any(tx, account_id).await? else {
        return Ok(());
    };
    let event = ServiceEvent {
        aws_account_id: account.aws_account_id,
        at: now,
        source: crate::CHIME.event_source,
        name,
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: None,
        details: json!({
            "initiator": "operator", "accountId": account_id, "clientId": client.id, "clientName": client.name,
        }),
        error: None,
        resource: Some(("AWS::Chime::Account", account_id.clone())),
    }
    .event(entropy);
    event.insert(tx).await?;
    Ok(())
}
