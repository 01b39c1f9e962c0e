//! How sessions are kept.

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{IDLE, LONGEST, MOST, SessionRow};

impl FromRow for SessionRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            user_id: row.get(1)?,
            source_ip: row.get(2)?,
            user_agent: row.get(3)?,
            created_at: row.get(4)?,
            seen_at: row.get(5)?,
        })
    }
}

pub(crate) async fn find(tx: &mut ReadTx, token_digest: &str) -> Result<Option<SessionRow>, StoreError> {
    tx.fetch_optional(
        "SELECT session_id, user_id, source_ip, user_agent, created_at, seen_at
           FROM chime_session WHERE token_digest = $1",
        bind![token_digest],
    )
    .await
}

pub(crate) async fn find_by_id(tx: &mut ReadTx, session_id: &str) -> Result<Option<SessionRow>, StoreError> {
    tx.fetch_optional(
        "SELECT session_id, user_id, source_ip, user_agent, created_at, seen_at
           FROM chime_session WHERE session_id = $1",
        bind![session_id],
    )
    .await
}

/// The sessions of a person, newest first.
pub(crate) async fn list(tx: &mut ReadTx, user_id: &str) -> Result<Vec<SessionRow>, StoreError> {
    tx.fetch_all(
        "SELECT session_id, user_id, source_ip, user_agent, created_at, seen_at
           FROM chime_session WHERE user_id = $1
          ORDER BY created_at DESC, session_id DESC LIMIT $2",
        bind![user_id, i64::try_from(MOST).unwrap_or(i64::MAX)],
    )
    .await
}

/// Adds a session, and removes those of the person that are over or make too many.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    session: &SessionRow,
    token_digest: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_session WHERE user_id = $1 AND (seen_at <= $2 OR created_at <= $3)",
        bind![
            session.user_id,
            session.created_at - IDLE,
            session.created_at - LONGEST
        ],
    )
    .await?;
    let held = list(tx, &session.user_id).await?;
    for oldest in held.iter().skip(MOST - 1) {
        end(tx, &oldest.id).await?;
    }
    tx.execute(
        "INSERT INTO chime_session
           (session_id, token_digest, user_id, source_ip, user_agent, created_at, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        bind![
            session.id,
            token_digest,
            session.user_id,
            session.source_ip,
            session.user_agent,
            session.created_at,
            session.seen_at
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn note_use(
    tx: &mut WriteTx,
    session: &SessionRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_session SET seen_at = $1 WHERE session_id = $2",
        bind![now, session.id],
    )
    .await?;
    Ok(())
}

pub(crate) async fn end(tx: &mut WriteTx, session_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_session WHERE session_id = $1",
        bind![session_id],
    )
    .await?;
    Ok(())
}

/// Ends a session, if it is of this person.
pub(crate) async fn end_of(tx: &mut WriteTx, user_id: &str, session_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_session WHERE session_id = $1 AND user_id = $2",
        bind![session_id, user_id],
    )
    .await?;
    Ok(())
}

/// Ends all sessions of a person but one.
pub(crate) async fn end_others(tx: &mut WriteTx, user_id: &str, kept: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_session WHERE user_id = $1 AND session_id <> $2",
        bind![user_id, kept],
    )
    .await?;
    Ok(())
}

/// Ends all sessions of a person.
pub(crate) async fn end_all(tx: &mut WriteTx, user_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chime_session WHERE user_id = $1", bind![user_id])
        .await?;
    Ok(())
}

/// Ends the sessions of a person that began by then.
pub(crate) async fn end_until(tx: &mut WriteTx, user_id: &str, last: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_session WHERE user_id = $1 AND created_at <= $2",
        bind![user_id, last],
    )
    .await?;
    Ok(())
}
