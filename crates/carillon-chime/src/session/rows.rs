//! How sessions are kept.

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{IDLE, LONGEST, MOST, SessionRow};
use crate::open_id;

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

/// The session with this identifier, which is no secret: it proves nothing.
pub(crate) async fn find_by_id(tx: &mut ReadTx, session_id: &str) -> Result<Option<SessionRow>, StoreError> {
    tx.fetch_optional(
        "SELECT session_id, user_id, source_ip, user_agent, created_at, seen_at
           FROM chime_session WHERE session_id = $1",
        bind![session_id],
    )
    .await
}

/// Ends the sessions that a condition holds for, and tells the products that were used in them. Nothing else deletes
/// sessions, so that no way of ending one can forget the products.
macro_rules! end_where {
    ($tx:expr, $condition:literal, $values:expr) => {{
        let used: Vec<(String,)> = $tx
            .fetch_all(
                concat!(
                    "SELECT DISTINCT session_id FROM chime_openid_grant
                      WHERE session_id IN (SELECT session_id FROM chime_session WHERE ",
                    $condition,
                    ")"
                ),
                $values,
            )
            .await?;
        for (session_id,) in used {
            open_id::jobs::end_session($tx, session_id).await?;
        }
        $tx.execute(concat!("DELETE FROM chime_session WHERE ", $condition), $values)
            .await?;
        Ok::<(), StoreError>(())
    }};
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
    end_where!(
        tx,
        "user_id = $1 AND (seen_at <= $2 OR created_at <= $3)",
        bind![
            session.user_id,
            session.created_at - IDLE,
            session.created_at - LONGEST
        ]
    )?;
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
    end_where!(tx, "session_id = $1", bind![session_id])
}

/// Ends a session, if it is of this person.
pub(crate) async fn end_of(tx: &mut WriteTx, user_id: &str, session_id: &str) -> Result<(), StoreError> {
    end_where!(tx, "session_id = $1 AND user_id = $2", bind![session_id, user_id])
}

/// Ends all sessions of a person but one.
pub(crate) async fn end_others(tx: &mut WriteTx, user_id: &str, kept: &str) -> Result<(), StoreError> {
    end_where!(tx, "user_id = $1 AND session_id <> $2", bind![user_id, kept])
}

/// Ends all sessions of a person.
pub(crate) async fn end_all(tx: &mut WriteTx, user_id: &str) -> Result<(), StoreError> {
    end_where!(tx, "user_id = $1", bind![user_id])
}

/// Ends the sessions of a person that began by then.
pub(crate) async fn end_until(tx: &mut WriteTx, user_id: &str, last: Timestamp) -> Result<(), StoreError> {
    end_where!(tx, "user_id = $1 AND created_at <= $2", bind![user_id, last])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Files below a folder in which sessions are deleted, as often as they are.
    fn deletions(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                deletions(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let sql = ["DELETE", "FROM", "chime_session"].join(" ");
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                found.extend(text.matches(&sql).map(|_| name.clone()));
            }
        }
    }

    #[test]
    fn no_way_of_ending_a_session_forgets_the_products() {
        let mut found = Vec::new();
        deletions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert_eq!(found, ["rows.rs"], "use `end_where!` here");
    }
}
