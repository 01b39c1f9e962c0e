//! How sessions of the console are kept.

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{ConsoleCredentials, ConsoleSession, LONGEST, MOST, SwitchedRole, digest};

/// A session, and whether its owner still has the password that began it.
struct Kept {
    session: ConsoleSession,
    holds: bool,
}

/// Reads sessions with what they depend on.
macro_rules! sessions {
    ($which:literal) => {
        concat!(
            "SELECT s.session_id, s.aws_account_id, s.owner_id, u.user_name, s.access_key_id, s.session_token,
                    s.created_at, s.seen_at, s.role_arn, s.role_access_key_id, s.role_session_token,
                    s.role_expires_at, s.password_digest, p.password_hash, a.root_user_id, a.root_password_hash,
                    s.must_change_password, s.source_ip, s.user_agent
               FROM iam_console_session s
               JOIN aws_account a ON a.aws_account_id = s.aws_account_id
               LEFT JOIN iam_login_profile p ON p.user_id = s.owner_id
               LEFT JOIN iam_user u ON u.user_id = s.owner_id ",
            $which
        )
    };
}

impl FromRow for Kept {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let role = match (row.get(8)?, row.get(9)?, row.get(10)?, row.get(11)?) {
            (Some(arn), Some(access_key_id), Some(session_token), Some(expires_at)) => Some(SwitchedRole {
                arn,
                credentials: ConsoleCredentials {
                    access_key_id,
                    session_token,
                },
                expires_at,
            }),
            _ => None,
        };
        let owner_id: String = row.get(2)?;
        let (root_user_id, root_password): (String, Option<String>) = (row.get(14)?, row.get(15)?);
        let (shown, password): (String, Option<String>) = (row.get(12)?, row.get(13)?);
        let present = if owner_id == root_user_id {
            root_password
        } else {
            password
        };
        let holds = present.is_some_and(|hash| digest(&hash) == shown);
        Ok(Self {
            holds,
            session: ConsoleSession {
                id: row.get(0)?,
                aws_account_id: row.get(1)?,
                owner_id,
                user_name: row.get(3)?,
                own: ConsoleCredentials {
                    access_key_id: row.get(4)?,
                    session_token: row.get(5)?,
                },
                role,
                must_change_password: row.get(16)?,
                source_ip: row.get(17)?,
                user_agent: row.get(18)?,
                created_at: row.get(6)?,
                seen_at: row.get(7)?,
            },
        })
    }
}

pub(super) async fn find(tx: &mut ReadTx, token_digest: &str) -> Result<Option<ConsoleSession>, StoreError> {
    let found: Option<Kept> = tx
        .fetch_optional(sessions!("WHERE s.token_digest = $1"), bind![token_digest])
        .await?;
    Ok(found.filter(|kept| kept.holds).map(|kept| kept.session))
}

/// The sessions of a user or root, newest first.
pub(super) async fn list(tx: &mut ReadTx, owner_id: &str) -> Result<Vec<ConsoleSession>, StoreError> {
    let found: Vec<Kept> = tx
        .fetch_all(
            sessions!("WHERE s.owner_id = $1 ORDER BY s.created_at DESC, s.session_id DESC LIMIT $2"),
            bind![owner_id, i64::try_from(MOST).unwrap_or(i64::MAX)],
        )
        .await?;
    let held = found.into_iter().filter(|kept| kept.holds);
    Ok(held.map(|kept| kept.session).collect())
}

/// Adds a session, and removes those of its owner that are over or make too many.
pub(super) async fn insert(
    tx: &mut WriteTx,
    session: &ConsoleSession,
    token_digest: &str,
    password_digest: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    tx.execute(
        "DELETE FROM iam_console_session WHERE owner_id = $1 AND created_at <= $2",
        bind![session.owner_id, now - LONGEST],
    )
    .await?;
    let held: Vec<(String,)> = tx
        .fetch_all(
            "SELECT session_id FROM iam_console_session WHERE owner_id = $1
              ORDER BY created_at DESC, session_id DESC LIMIT $2",
            bind![session.owner_id, i64::try_from(MOST).unwrap_or(i64::MAX)],
        )
        .await?;
    for (oldest,) in held.iter().skip(MOST - 1) {
        end(tx, &session.owner_id, oldest).await?;
    }
    tx.execute(
        "INSERT INTO iam_console_session
           (session_id, token_digest, aws_account_id, owner_id, access_key_id, session_token, password_digest,
            must_change_password, source_ip, user_agent, created_at, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        bind![
            session.id,
            token_digest,
            session.aws_account_id,
            session.owner_id,
            session.own.access_key_id,
            session.own.session_token,
            password_digest,
            session.must_change_password,
            session.source_ip,
            session.user_agent,
            session.created_at,
            session.seen_at
        ],
    )
    .await?;
    Ok(true)
}

pub(super) async fn note_use(tx: &mut WriteTx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_console_session SET seen_at = $1 WHERE session_id = $2",
        bind![now, id],
    )
    .await?;
    Ok(())
}

/// Ends a session of this owner, and says whether there was one.
pub(super) async fn end(tx: &mut WriteTx, owner_id: &str, id: &str) -> Result<bool, StoreError> {
    let ended = tx
        .execute(
            "DELETE FROM iam_console_session WHERE owner_id = $1 AND session_id = $2",
            bind![owner_id, id],
        )
        .await?;
    Ok(ended > 0)
}

pub(super) async fn set_role(
    tx: &mut WriteTx,
    id: &str,
    role: Option<&SwitchedRole>,
) -> Result<bool, StoreError> {
    let switched = tx
        .execute(
            "UPDATE iam_console_session
            SET role_arn = $1, role_access_key_id = $2, role_session_token = $3, role_expires_at = $4
          WHERE session_id = $5",
            bind![
                role.map(|role| role.arn.as_str()),
                role.map(|role| role.credentials.access_key_id.as_str()),
                role.map(|role| role.credentials.session_token.as_str()),
                role.map(|role| role.expires_at),
                id
            ],
        )
        .await?;
    Ok(switched > 0)
}

/// Lets the session with these credentials, if there is one, go on with the password that its owner chose in it.
pub(crate) async fn keep(
    tx: &mut WriteTx,
    owner_id: &str,
    access_key_id: &str,
    password_hash: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_console_session SET password_digest = $1, must_change_password = FALSE
          WHERE owner_id = $2 AND access_key_id = $3",
        bind![digest(password_hash), owner_id, access_key_id],
    )
    .await?;
    Ok(())
}
