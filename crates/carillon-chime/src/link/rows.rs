//! How links are kept.

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{LinkRow, Purpose};
use crate::email::key_of;

impl FromRow for LinkRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            purpose: row.parse(1)?,
            email: row.get(2)?,
            user_id: row.get(3)?,
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
        })
    }
}

/// The link with this token, unless it was used.
pub(crate) async fn find(tx: &mut ReadTx, token_digest: &str) -> Result<Option<LinkRow>, StoreError> {
    tx.fetch_optional(
        "SELECT link_id, purpose, email, user_id, created_at, expires_at
           FROM chime_link WHERE token_digest = $1",
        bind![token_digest],
    )
    .await
}

/// Whether the link can still be used, as far as it says itself.
pub(crate) async fn is_open(tx: &mut ReadTx, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let found = tx
        .fetch_number(
            "SELECT COUNT(*) FROM chime_link
              WHERE link_id = $1 AND token_digest IS NOT NULL AND expires_at > $2",
            bind![id, now],
        )
        .await?;
    Ok(found > 0)
}

/// How many mails there were for the address after `since`. The limit on them bounds what is counted.
pub(crate) async fn count(tx: &mut ReadTx, email_key: &str, since: Timestamp) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_link WHERE email_key = $1 AND created_at > $2",
        bind![email_key, since],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    link: &LinkRow,
    token_digest: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_link
           (link_id, purpose, email, email_key, user_id, token_digest, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        bind![
            link.id,
            link.purpose.as_str(),
            link.email,
            key_of(&link.email),
            link.user_id,
            token_digest,
            link.created_at,
            link.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// Makes the links of one purpose that were sent to an address useless.
pub(crate) async fn void(tx: &mut WriteTx, email: &str, purpose: Purpose) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_link SET token_digest = NULL WHERE email_key = $1 AND purpose = $2",
        bind![key_of(email), purpose.as_str()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chime_link WHERE link_id = $1", bind![id])
        .await?;
    Ok(())
}
