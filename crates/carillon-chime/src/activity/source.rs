//! Sources of activity: products that tell us what people do in them, and how they prove who they are.

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::secret::Secret;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Fault, Vault};
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::account;
use crate::error::Error;
use crate::name::{is_uuid, require_printable};

/// The number of the portal's own source.
pub(crate) const PORTAL: i64 = 0;
/// Sources of a deployment.
const SOURCES: i64 = 1_000;
/// Accounts that a source can be limited to.
const ACCOUNTS: usize = 100;
/// Bytes of a key that somebody else drew.
const KEY: std::ops::RangeInclusive<usize> = 16..=512;

carillon_aws::string_enum! {
    /// How a source speaks.
    pub enum SourceKind {
        Feed,
        LiveKit,
        /// Our own.
        Portal,
        /// Tells nothing any more.
        Deleted,
    }
}

/// A source of activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub(crate) number: i64,
    pub id: String,
    pub name: String,
    pub kind: SourceKind,
    /// What LiveKit calls its key.
    pub api_key: String,
    sealed_key: String,
    pub created_at: Timestamp,
    pub heard_at: Option<Timestamp>,
    /// The accounts whose people it may speak of; empty means everybody's.
    pub accounts: Vec<String>,
}

impl FromRow for Source {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
            kind: row.parse(3)?,
            api_key: row.get(4)?,
            sealed_key: row.get(5)?,
            created_at: row.get(6)?,
            heard_at: row.get(7)?,
            accounts: Vec::new(),
        })
    }
}

/// The statement that reads sources, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT source_number, source_id, name, kind, api_key, sealed_key, created_at, heard_at
               FROM activity_source ",
            $rest
        )
    };
}

impl Source {
    /// Whether it may say what people of an account do.
    pub(crate) fn may_speak_of(&self, account_id: &str) -> bool {
        // The portal adds answers to meetings that others told of, and names nobody.
        self.number != PORTAL
            && (self.accounts.is_empty() || self.accounts.iter().any(|account| account == account_id))
    }

    /// The key with which it signs, if it has one.
    pub(crate) fn key(&self, vault: &Vault) -> Option<Secret<Vec<u8>>> {
        vault.open(&purpose(&self.id), &self.sealed_key).map(Secret::new)
    }
}

/// HMAC-SHA256 over parts, which are as good as one text.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

fn purpose(source_id: &str) -> String {
    format!("activity-source/{source_id}")
}

/// A source that is to be made.
#[derive(Debug, Default)]
pub struct NewSource {
    pub name: String,
    /// LiveKit's name for the key; makes it a source of LiveKit's webhooks.
    pub livekit_api_key: Option<String>,
    /// A key that there is already; else one is drawn.
    pub key: Option<Secret<String>>,
    pub accounts: Vec<String>,
}

/// A source with its key, which nobody is shown again.
#[derive(Debug)]
pub struct Created {
    pub source: Source,
    pub key: Secret<String>,
}

/// Makes a source.
///
/// # Errors
///
/// [`Fault::Refused`] when a name, a key or an account is not one, or there are too many sources.
pub async fn create(
    tx: &mut WriteTx,
    vault: &Vault,
    entropy: &dyn Entropy,
    new: &NewSource,
    now: Timestamp,
) -> Result<Created, Fault> {
    check_name("name", &new.name)?;
    if let Some(api_key) = &new.livekit_api_key {
        check_name("API key", api_key)?;
    }
    if new.accounts.len() > ACCOUNTS {
        return Err(bad(format!("a source is limited to at most {ACCOUNTS} accounts")));
    }
    for id in &new.accounts {
        if account::rows::find_any(tx, id).await?.is_none() {
            return Err(Error::account_not_found(id).into());
        }
    }
    let last = tx
        .fetch_number("SELECT MAX(source_number) FROM activity_source", bind![])
        .await?;
    if tx
        .fetch_number("SELECT COUNT(*) FROM activity_source", bind![])
        .await?
        > SOURCES
    {
        return Err(Error::LimitExceeded(format!("there are {SOURCES} sources already")).into());
    }
    let key = drawn_or(new.key.as_ref(), entropy)?;
    let id = uuid_v4(entropy);
    let kind = match &new.livekit_api_key {
        Some(_) => SourceKind::LiveKit,
        None => SourceKind::Feed,
    };
    let mut accounts = new.accounts.clone();
    accounts.sort();
    accounts.dedup();
    let source = Source {
        number: last + 1,
        sealed_key: vault.seal(entropy, &purpose(&id), key.expose().as_bytes()),
        id,
        name: new.name.clone(),
        kind,
        api_key: new.livekit_api_key.clone().unwrap_or_default(),
        created_at: now,
        heard_at: None,
        accounts,
    };
    insert(tx, &source).await?;
    Ok(Created { source, key })
}

/// Gives a source another key. The one before is good for nothing any more.
///
/// # Errors
///
/// [`Fault::Refused`] when there is no such source, or the key is none.
pub async fn rotate(
    tx: &mut WriteTx,
    vault: &Vault,
    entropy: &dyn Entropy,
    id: &str,
    key: Option<&Secret<String>>,
) -> Result<Created, Fault> {
    let mut source = require(tx, id).await?;
    let key = drawn_or(key, entropy)?;
    source.sealed_key = vault.seal(entropy, &purpose(&source.id), key.expose().as_bytes());
    tx.execute(
        "UPDATE activity_source SET sealed_key = $1 WHERE source_number = $2",
        bind![source.sealed_key, source.number],
    )
    .await?;
    Ok(Created { source, key })
}

/// Deletes a source. What it told stays.
///
/// # Errors
///
/// [`Fault::Refused`] when there is no such source.
pub async fn delete(tx: &mut WriteTx, id: &str) -> Result<Source, Fault> {
    let source = require(tx, id).await?;
    // Its number stays taken, so that what another source tells is never mistaken for a repetition.
    tx.execute(
        "UPDATE activity_source SET sealed_key = '', api_key = '', kind = 'Deleted' WHERE source_number = $1",
        bind![source.number],
    )
    .await?;
    tx.execute(
        "DELETE FROM activity_source_account WHERE source_number = $1",
        bind![source.number],
    )
    .await?;
    Ok(source)
}

/// All sources, oldest first.
///
/// # Errors
///
/// When the database fails.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<Source>, Fault> {
    let mut sources: Vec<Source> = tx
        .fetch_all(
            select!("WHERE kind IN ('Feed', 'LiveKit') ORDER BY source_number"),
            bind![],
        )
        .await?;
    for source in &mut sources {
        source.accounts = accounts_of(tx, source.number).await?;
    }
    Ok(sources)
}

async fn require(tx: &mut ReadTx, id: &str) -> Result<Source, Fault> {
    let found = find(tx, id).await?;
    found.ok_or_else(|| {
        Error::NotFound {
            kind: "source",
            id: id.chars().filter(|c| !c.is_control()).take(64).collect(),
        }
        .into()
    })
}

/// The source with this id, unless it was deleted.
pub(crate) async fn find(tx: &mut ReadTx, id: &str) -> Result<Option<Source>, StoreError> {
    if !is_uuid(id) {
        return Ok(None);
    }
    let found: Option<Source> = tx
        .fetch_optional(
            select!("WHERE source_id = $1 AND kind IN ('Feed', 'LiveKit')"),
            bind![id],
        )
        .await?;
    with_accounts(tx, found).await
}

/// The portal's own source.
pub(crate) async fn portal(tx: &mut ReadTx) -> Result<Option<Source>, StoreError> {
    tx.fetch_optional(select!("WHERE source_number = $1"), bind![PORTAL])
        .await
}

async fn with_accounts(tx: &mut ReadTx, found: Option<Source>) -> Result<Option<Source>, StoreError> {
    let Some(mut source) = found else { return Ok(None) };
    source.accounts = accounts_of(tx, source.number).await?;
    Ok(Some(source))
}

async fn accounts_of(tx: &mut ReadTx, number: i64) -> Result<Vec<String>, StoreError> {
    let accounts: Vec<(String,)> = tx
        .fetch_all(
            "SELECT account_id FROM activity_source_account WHERE source_number = $1 ORDER BY account_id",
            bind![number],
        )
        .await?;
    Ok(accounts.into_iter().map(|(account,)| account).collect())
}

async fn insert(tx: &mut WriteTx, source: &Source) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO activity_source (source_number, source_id, name, kind, api_key, sealed_key, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        bind![
            source.number,
            source.id,
            source.name,
            source.kind.as_str(),
            source.api_key,
            source.sealed_key,
            source.created_at
        ],
    )
    .await?;
    for account in &source.accounts {
        tx.execute(
            "INSERT INTO activity_source_account (source_number, account_id) VALUES ($1, $2)",
            bind![source.number, account],
        )
        .await?;
    }
    Ok(())
}

/// Notes that the source told something.
pub(super) async fn heard(tx: &mut WriteTx, source: &Source, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE activity_source SET heard_at = $1 WHERE source_number = $2",
        bind![now, source.number],
    )
    .await?;
    Ok(())
}

/// When a source that may speak of the account last told anything.
pub(crate) async fn data_through(tx: &mut ReadTx, account_id: &str) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<(Option<Timestamp>,)> = tx
        .fetch_optional(
            "SELECT MAX(heard_at) FROM activity_source s
              WHERE kind IN ('Feed', 'LiveKit')
                AND (NOT EXISTS (SELECT 1 FROM activity_source_account a WHERE a.source_number = s.source_number)
                     OR EXISTS (SELECT 1 FROM activity_source_account a
                                 WHERE a.source_number = s.source_number AND a.account_id = $1))",
            bind![account_id],
        )
        .await?;
    Ok(found.and_then(|(at,)| at))
}

fn check_name(what: &'static str, text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() || text.chars().count() > 128 {
        return Err(bad(format!("a {what} has 1 to 128 characters")));
    }
    require_printable(what, text)?;
    Ok(())
}

fn drawn_or(given: Option<&Secret<String>>, entropy: &dyn Entropy) -> Result<Secret<String>, Fault> {
    match given {
        None => Ok(token(entropy)),
        Some(key) if KEY.contains(&key.expose().len()) => Ok(Secret::new(key.expose().clone())),
        Some(_) => Err(bad(format!("a key has {} to {} bytes", KEY.start(), KEY.end()))),
    }
}

fn bad(message: String) -> Fault {
    Error::BadRequest(message).into()
}
