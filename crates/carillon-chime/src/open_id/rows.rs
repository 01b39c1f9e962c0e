//! How clients, grants and keys are kept.

use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::client::ClientRow;
use super::grant::{GrantRow, MOST};
use super::key::KeyRow;

impl FromRow for ClientRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let lines = |column| {
            row.get::<String>(column)
                .map(|text| text.lines().map(str::to_owned).collect())
        };
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            secret_digest: row.get(2)?,
            redirect_uris: lines(3)?,
            post_logout_uris: lines(4)?,
            back_channel_uri: row.get(5)?,
            account_id: row.get(6)?,
            license: row.parse_optional(7)?,
            algorithm: row.parse(8)?,
            created_at: row.get(9)?,
        })
    }
}

macro_rules! select_client {
    ($rest:literal) => {
        concat!(
            "SELECT client_id, name, secret_digest, redirect_uris, post_logout_uris, back_channel_uri, account_id,
                    license, algorithm, created_at
               FROM chime_openid_client ",
            $rest
        )
    };
}

pub(crate) async fn client(tx: &mut ReadTx, id: &str) -> Result<Option<ClientRow>, StoreError> {
    tx.fetch_optional(select_client!("WHERE client_id = $1"), bind![id])
        .await
}

/// Clients after `after`, in the order of their identifiers.
pub(crate) async fn clients(tx: &mut ReadTx, after: &str, limit: i64) -> Result<Vec<ClientRow>, StoreError> {
    tx.fetch_all(
        select_client!("WHERE client_id > $1 ORDER BY client_id LIMIT $2"),
        bind![after, limit],
    )
    .await
}

pub(crate) async fn insert_client(tx: &mut WriteTx, client: &ClientRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_openid_client
           (client_id, name, secret_digest, redirect_uris, post_logout_uris, back_channel_uri, account_id, license,
            algorithm, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        bind![
            client.id,
            client.name,
            client.secret_digest,
            client.redirect_uris.join("\n"),
            client.post_logout_uris.join("\n"),
            client.back_channel_uri,
            client.account_id,
            client.license.map(|license| license.as_str()),
            client.algorithm.as_str(),
            client.created_at
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_secret(tx: &mut WriteTx, client: &ClientRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_openid_client SET secret_digest = $1 WHERE client_id = $2",
        bind![client.secret_digest, client.id],
    )
    .await?;
    Ok(())
}

/// Deletes a client with everything it was given.
pub(crate) async fn delete_client(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM chime_openid_grant WHERE client_id = $1",
        "DELETE FROM chime_openid_client WHERE client_id = $1",
    ] {
        tx.execute(sql, bind![id]).await?;
    }
    Ok(())
}

impl FromRow for GrantRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            client_id: row.get(1)?,
            session_id: row.get(2)?,
            user_id: row.get(3)?,
            scope: row.get(4)?,
            nonce: row.get(5)?,
            redirect_uri: row.get(6)?,
            challenge: row.get(7)?,
            code_expires_at: row.get(8)?,
            status: row.parse(9)?,
            family: row.get(10)?,
            refresh_digest: row.get(11)?,
            created_at: row.get(12)?,
        })
    }
}

macro_rules! select_grant {
    ($rest:literal) => {
        concat!(
            "SELECT grant_id, client_id, session_id, user_id, scope, nonce, redirect_uri, challenge, code_expires_at,
                    status, family, refresh_digest, created_at
               FROM chime_openid_grant ",
            $rest
        )
    };
}

pub(crate) async fn grant(tx: &mut ReadTx, id: &str) -> Result<Option<GrantRow>, StoreError> {
    tx.fetch_optional(select_grant!("WHERE grant_id = $1"), bind![id])
        .await
}

pub(crate) async fn grant_of_code(
    tx: &mut ReadTx,
    code_digest: &str,
) -> Result<Option<GrantRow>, StoreError> {
    tx.fetch_optional(select_grant!("WHERE code_digest = $1"), bind![code_digest])
        .await
}

pub(crate) async fn grant_of_family(tx: &mut ReadTx, family: &str) -> Result<Option<GrantRow>, StoreError> {
    tx.fetch_optional(select_grant!("WHERE family = $1"), bind![family])
        .await
}

/// The grants of a session: no more than [`MOST`] for each client that people use.
pub(crate) async fn grants_of_session(
    tx: &mut ReadTx,
    session_id: &str,
) -> Result<Vec<GrantRow>, StoreError> {
    tx.fetch_all(
        select_grant!("WHERE session_id = $1 ORDER BY client_id, created_at"),
        bind![session_id],
    )
    .await
}

/// The grants of a person that are good: bounded, because its sessions are.
pub(crate) async fn live_grants_of_user(tx: &mut ReadTx, user_id: &str) -> Result<Vec<GrantRow>, StoreError> {
    tx.fetch_all(
        select_grant!("WHERE user_id = $1 AND status = 'Live' ORDER BY grant_id"),
        bind![user_id],
    )
    .await
}

/// Whether a person signed in to any product that is not for everybody.
pub(crate) async fn uses_limited_clients(tx: &mut ReadTx, user_id: &str) -> Result<bool, StoreError> {
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT g.grant_id
               FROM chime_openid_grant g JOIN chime_openid_client c ON c.client_id = g.client_id
              WHERE g.user_id = $1 AND g.status = 'Live' AND (c.license IS NOT NULL OR c.account_id IS NOT NULL)
              LIMIT 1",
            bind![user_id],
        )
        .await?;
    Ok(found.is_some())
}

/// Adds a grant, and removes those of its session that nobody fetched, or that are too many of this client. Codes that
/// wait make room first: links of other sites can ask for them, and must not end what is in use.
pub(crate) async fn insert_grant(
    tx: &mut WriteTx,
    grant: &GrantRow,
    code_digest: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_openid_grant WHERE session_id = $1 AND status = 'Waiting' AND code_expires_at <= $2",
        bind![grant.session_id, grant.created_at],
    )
    .await?;
    tx.execute(
        "DELETE FROM chime_openid_grant WHERE grant_id IN
           (SELECT grant_id FROM chime_openid_grant
             WHERE session_id = $1 AND client_id = $2
             ORDER BY CASE WHEN status = 'Waiting' THEN 1 ELSE 0 END, created_at DESC
             LIMIT 1000 OFFSET $3)",
        bind![
            grant.session_id,
            grant.client_id,
            i64::try_from(MOST - 1).unwrap_or(i64::MAX)
        ],
    )
    .await?;
    tx.execute(
        "INSERT INTO chime_openid_grant
           (grant_id, client_id, session_id, user_id, scope, nonce, redirect_uri, challenge, code_digest,
            code_expires_at, status, family, refresh_digest, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        bind![
            grant.id,
            grant.client_id,
            grant.session_id,
            grant.user_id,
            grant.scope,
            grant.nonce,
            grant.redirect_uri,
            grant.challenge,
            code_digest,
            grant.code_expires_at,
            grant.status.as_str(),
            grant.family,
            grant.refresh_digest,
            grant.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything of the grant that can change.
pub(crate) async fn update_grant(tx: &mut WriteTx, grant: &GrantRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_openid_grant SET status = $1, refresh_digest = $2 WHERE grant_id = $3",
        bind![grant.status.as_str(), grant.refresh_digest, grant.id],
    )
    .await?;
    Ok(())
}

pub(crate) async fn forget_session(tx: &mut WriteTx, session_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_openid_grant WHERE session_id = $1",
        bind![session_id],
    )
    .await?;
    Ok(())
}

impl FromRow for KeyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            algorithm: row.parse(1)?,
            public_key: row.get(2)?,
            sealed: row.get(3)?,
            signs_from: row.get(4)?,
        })
    }
}

/// All keys, in the order of their beginning: a handful.
pub(crate) async fn keys(tx: &mut ReadTx) -> Result<Vec<KeyRow>, StoreError> {
    tx.fetch_all(
        "SELECT key_id, algorithm, public_key, sealed, signs_from FROM chime_openid_key ORDER BY signs_from, key_id",
        bind![],
    )
    .await
}

pub(crate) async fn insert_key(tx: &mut WriteTx, key: &KeyRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_openid_key (key_id, algorithm, public_key, sealed, signs_from)
         VALUES ($1, $2, $3, $4, $5)",
        bind![
            key.id,
            key.algorithm.as_str(),
            key.public_key,
            key.sealed,
            key.signs_from
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete_key(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chime_openid_key WHERE key_id = $1", bind![id])
        .await?;
    Ok(())
}
