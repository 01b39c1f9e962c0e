//! How login profiles are kept, and which passwords a user has had.

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{LoginProfileRow, REMEMBERED};

impl FromRow for LoginProfileRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            password_hash: row.get(0)?,
            password_reset_required: row.get(1)?,
            created_at: row.get(2)?,
            password_changed_at: row.get(3)?,
        })
    }
}

pub(crate) async fn find(tx: &mut ReadTx, user_id: &str) -> Result<Option<LoginProfileRow>, StoreError> {
    tx.fetch_optional(
        "SELECT password_hash, password_reset_required, created_at, password_changed_at
           FROM iam_login_profile WHERE user_id = $1",
        bind![user_id],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    user_id: &str,
    password_hash: &str,
    reset_required: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_login_profile
           (user_id, password_hash, password_reset_required, created_at, password_changed_at)
         VALUES ($1, $2, $3, $4, $5)",
        bind![user_id, password_hash, reset_required, now, now],
    )
    .await?;
    remember(tx, user_id, password_hash, now).await
}

/// Gives the user another password.
pub(crate) async fn set_password(
    tx: &mut WriteTx,
    user_id: &str,
    password_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_login_profile SET password_hash = $1, password_changed_at = $2 WHERE user_id = $3",
        bind![password_hash, now, user_id],
    )
    .await?;
    remember(tx, user_id, password_hash, now).await
}

/// Says whether the user must choose another password at the next sign-in.
pub(crate) async fn set_reset_required(
    tx: &mut WriteTx,
    user_id: &str,
    reset_required: bool,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_login_profile SET password_reset_required = $1 WHERE user_id = $2",
        bind![reset_required, user_id],
    )
    .await?;
    Ok(())
}

/// Writes down that the user signed in.
pub(crate) async fn set_password_last_used(
    tx: &mut WriteTx,
    user_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_login_profile SET password_last_used_at = $1 WHERE user_id = $2",
        bind![now, user_id],
    )
    .await?;
    Ok(())
}

/// Deletes the profile, and says whether there was one.
pub(crate) async fn delete(tx: &mut WriteTx, user_id: &str) -> Result<bool, StoreError> {
    let deleted = tx
        .execute("DELETE FROM iam_login_profile WHERE user_id = $1", bind![user_id])
        .await?;
    Ok(deleted > 0)
}

/// The hashes of the last passwords, the present one first.
pub(crate) async fn past_hashes(
    tx: &mut ReadTx,
    user_id: &str,
    limit: i64,
) -> Result<Vec<(String,)>, StoreError> {
    tx.fetch_all(
        "SELECT password_hash FROM iam_password_history
          WHERE user_id = $1
          ORDER BY changed_at DESC, password_hash
          LIMIT $2",
        bind![user_id, limit],
    )
    .await
}

async fn remember(
    tx: &mut WriteTx,
    user_id: &str,
    password_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_password_history (user_id, changed_at, password_hash) VALUES ($1, $2, $3)",
        bind![user_id, now, password_hash],
    )
    .await?;
    let oldest: Option<(Timestamp,)> = tx
        .fetch_all::<(Timestamp,)>(
            "SELECT changed_at FROM iam_password_history
              WHERE user_id = $1
              ORDER BY changed_at DESC, password_hash
              LIMIT $2",
            bind![user_id, REMEMBERED],
        )
        .await?
        .pop();
    if let Some((oldest,)) = oldest {
        tx.execute(
            "DELETE FROM iam_password_history WHERE user_id = $1 AND changed_at < $2",
            bind![user_id, oldest],
        )
        .await?;
    }
    Ok(())
}
