//! How access keys are kept. Making one is in [`crate::account`], which makes root's first.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{AccessKeyRow, LastUse, Status};

/// Upserts the last use of a key: key, time, service, Region. What is older than what is kept changes nothing.
pub(crate) const RECORD_USE: &str = "INSERT INTO iam_access_key_use (access_key_id, last_used_at, service_name, region)
     VALUES ($1, $2, $3, $4)
     ON CONFLICT (access_key_id) DO UPDATE
        SET last_used_at = excluded.last_used_at, service_name = excluded.service_name, region = excluded.region
      WHERE iam_access_key_use.last_used_at < excluded.last_used_at";

impl FromRow for AccessKeyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            status: row.parse(1)?,
            created_at: row.get(2)?,
        })
    }
}

/// Keys of the user, the oldest first, after the key of that time and identifier.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    user_id: &str,
    after: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<AccessKeyRow>, StoreError> {
    tx.fetch_all(
        "SELECT access_key_id, status, created_at FROM iam_access_key
          WHERE user_id = $1 AND (created_at, access_key_id) > ($2, $3)
          ORDER BY created_at, access_key_id
          LIMIT $4",
        bind![user_id, after.0, after.1, limit],
    )
    .await
}

pub(crate) async fn count(tx: &mut ReadTx, user_id: &str) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_access_key WHERE user_id = $1",
        bind![user_id],
    )
    .await
}

/// Whether any AWS account has a key of this identifier.
pub(crate) async fn exists(tx: &mut ReadTx, access_key_id: &str) -> Result<bool, StoreError> {
    let count = tx
        .fetch_number(
            "SELECT COUNT(*) FROM iam_access_key WHERE access_key_id = $1",
            bind![access_key_id],
        )
        .await?;
    Ok(count > 0)
}

/// Changes the status of a key of this user, and says whether there is one.
pub(crate) async fn set_status(
    tx: &mut WriteTx,
    user_id: &str,
    access_key_id: &str,
    status: Status,
) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE iam_access_key SET status = $1 WHERE access_key_id = $2 AND user_id = $3",
            bind![status.as_str(), access_key_id, user_id],
        )
        .await?;
    Ok(changed > 0)
}

/// Deletes a key of this user with its last use, and says whether there was one.
pub(crate) async fn delete(tx: &mut WriteTx, user_id: &str, access_key_id: &str) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM iam_access_key WHERE access_key_id = $1 AND user_id = $2",
            bind![access_key_id, user_id],
        )
        .await?;
    if deleted > 0 {
        tx.execute(
            "DELETE FROM iam_access_key_use WHERE access_key_id = $1",
            bind![access_key_id],
        )
        .await?;
    }
    Ok(deleted > 0)
}

/// The identifier and name of the owner of a key of this AWS account; root has no name.
pub(crate) async fn owner(
    tx: &mut ReadTx,
    account: AwsAccountId,
    access_key_id: &str,
) -> Result<Option<(String, Option<String>)>, StoreError> {
    tx.fetch_optional(
        "SELECT k.user_id, u.user_name
           FROM iam_access_key k LEFT JOIN iam_user u ON u.user_id = k.user_id
          WHERE k.access_key_id = $1 AND k.aws_account_id = $2",
        bind![access_key_id, account],
    )
    .await
}

pub(crate) async fn last_use(tx: &mut ReadTx, access_key_id: &str) -> Result<Option<LastUse>, StoreError> {
    let found: Option<(Timestamp, String, String)> = tx
        .fetch_optional(
            "SELECT last_used_at, service_name, region FROM iam_access_key_use WHERE access_key_id = $1",
            bind![access_key_id],
        )
        .await?;
    Ok(found.map(|(at, service_name, region)| LastUse {
        at,
        service_name,
        region,
    }))
}

/// The identifier that root's keys are kept under.
pub(crate) async fn root_user_id(tx: &mut ReadTx, account: AwsAccountId) -> Result<String, StoreError> {
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT root_user_id FROM aws_account WHERE aws_account_id = $1",
            bind![account],
        )
        .await?;
    Ok(found.map(|(id,)| id).unwrap_or_default())
}
