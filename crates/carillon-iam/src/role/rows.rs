//! How roles are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::RoleRow;
use crate::page::end_of;

impl FromRow for RoleRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            trust_policy: row.get(3)?,
            description: row.get(4)?,
            max_session_duration: row.get(5)?,
            permissions_boundary: row.get(6)?,
            created_at: row.get(7)?,
            last_used_at: row.get(8)?,
        })
    }
}

macro_rules! roles {
    ($condition:literal) => {
        concat!(
            "SELECT role_id, role_name, path, assume_role_policy_document, description, max_session_duration,
                    permissions_boundary_arn, created_at, last_used_at
               FROM iam_role WHERE ",
            $condition
        )
    };
}

/// The role of this name, in any case.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<Option<RoleRow>, StoreError> {
    tx.fetch_optional(
        roles!("aws_account_id = $1 AND name_key = $2"),
        bind![account, name.to_lowercase()],
    )
    .await
}

pub(crate) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_role WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// Roles by name, after the name with this key, whose paths begin with a prefix.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    after: &str,
    path_prefix: &str,
    limit: i64,
) -> Result<Vec<RoleRow>, StoreError> {
    tx.fetch_all(
        roles!(
            "aws_account_id = $1 AND name_key > $2 AND path >= $3 AND path < $4
              ORDER BY name_key LIMIT $5"
        ),
        bind![account, after, path_prefix, end_of(path_prefix), limit],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    role: &RoleRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_role (role_id, aws_account_id, role_name, name_key, path, assume_role_policy_document,
                               description, max_session_duration, permissions_boundary_arn, created_at,
                               last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        bind![
            role.id,
            account,
            role.name,
            role.name.to_lowercase(),
            role.path,
            role.trust_policy,
            role.description,
            role.max_session_duration,
            role.permissions_boundary,
            role.created_at,
            role.last_used_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything of a role that can change.
pub(crate) async fn update(tx: &mut WriteTx, role: &RoleRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_role
            SET assume_role_policy_document = $1, description = $2, max_session_duration = $3,
                permissions_boundary_arn = $4
          WHERE role_id = $5",
        bind![
            role.trust_policy,
            role.description,
            role.max_session_duration,
            role.permissions_boundary,
            role.id
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_last_used(
    tx: &mut WriteTx,
    role_id: &str,
    last_used_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_role SET last_used_at = $1 WHERE role_id = $2",
        bind![last_used_at, role_id],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, role_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM iam_role WHERE role_id = $1", bind![role_id])
        .await?;
    Ok(())
}

/// Unique id, path and name of every user of an AWS account; a quota bounds them.
pub(crate) async fn users_by_id(
    tx: &mut ReadTx,
    account: AwsAccountId,
) -> Result<Vec<(String, String, String)>, StoreError> {
    tx.fetch_all(
        "SELECT user_id, path, user_name FROM iam_user WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// Unique id, path and name of every role of an AWS account; a quota bounds them.
pub(crate) async fn roles_by_id(
    tx: &mut ReadTx,
    account: AwsAccountId,
) -> Result<Vec<(String, String, String)>, StoreError> {
    tx.fetch_all(
        "SELECT role_id, path, role_name FROM iam_role WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// Account, path and name of the user with this unique id.
pub(crate) async fn user_by_id(
    tx: &mut ReadTx,
    user_id: &str,
) -> Result<Option<(AwsAccountId, String, String)>, StoreError> {
    tx.fetch_optional(
        "SELECT aws_account_id, path, user_name FROM iam_user WHERE user_id = $1",
        bind![user_id],
    )
    .await
}

/// Account, path and name of the role with this unique id.
pub(crate) async fn role_by_id(
    tx: &mut ReadTx,
    role_id: &str,
) -> Result<Option<(AwsAccountId, String, String)>, StoreError> {
    tx.fetch_optional(
        "SELECT aws_account_id, path, role_name FROM iam_role WHERE role_id = $1",
        bind![role_id],
    )
    .await
}

/// Remembers that a service-linked role was deleted.
pub(super) async fn note_deletion(
    tx: &mut WriteTx,
    account: AwsAccountId,
    task_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_role_deletion (task_id, aws_account_id, deleted_at) VALUES ($1, $2, $3)",
        bind![task_id, account, now],
    )
    .await?;
    Ok(())
}

/// Forgets deletions before a time.
pub(super) async fn forget_deletions(
    tx: &mut WriteTx,
    account: AwsAccountId,
    before: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_role_deletion WHERE aws_account_id = $1 AND deleted_at < $2",
        bind![account, before],
    )
    .await?;
    Ok(())
}

pub(super) async fn was_deleted(
    tx: &mut ReadTx,
    account: AwsAccountId,
    task_id: &str,
) -> Result<bool, StoreError> {
    let count = tx
        .fetch_number(
            "SELECT COUNT(*) FROM iam_role_deletion WHERE task_id = $1 AND aws_account_id = $2",
            bind![task_id, account],
        )
        .await?;
    Ok(count > 0)
}
