//! How users are kept.

use carillon_aws::id::AwsAccountId;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::UserRow;
use crate::page;

impl FromRow for UserRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            permissions_boundary: row.get(3)?,
            created_at: row.get(4)?,
            password_last_used_at: row.get(5)?,
        })
    }
}

/// The user of this name, in any case.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<Option<UserRow>, StoreError> {
    tx.fetch_optional(
        "SELECT u.user_id, u.user_name, u.path, u.permissions_boundary_arn, u.created_at, p.password_last_used_at
           FROM iam_user u LEFT JOIN iam_login_profile p ON p.user_id = u.user_id
          WHERE u.aws_account_id = $1 AND u.name_key = $2",
        bind![account, name.to_lowercase()],
    )
    .await
}

pub(crate) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_user WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    user: &UserRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_user
           (user_id, aws_account_id, user_name, name_key, path, permissions_boundary_arn, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        bind![
            user.id,
            account,
            user.name,
            user.name.to_lowercase(),
            user.path,
            user.permissions_boundary,
            user.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Users whose path begins with `prefix`, by name, after the lower-case name `after`.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    prefix: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<UserRow>, StoreError> {
    tx.fetch_all(
        "SELECT u.user_id, u.user_name, u.path, u.permissions_boundary_arn, u.created_at, p.password_last_used_at
           FROM iam_user u LEFT JOIN iam_login_profile p ON p.user_id = u.user_id
          WHERE u.aws_account_id = $1 AND u.name_key > $2 AND u.path >= $3 AND u.path < $4
          ORDER BY u.name_key
          LIMIT $5",
        bind![account, after, prefix, page::end_of(prefix), limit],
    )
    .await
}

/// Gives the user its present name and path.
pub(crate) async fn rename(tx: &mut WriteTx, user: &UserRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_user SET user_name = $1, name_key = $2, path = $3 WHERE user_id = $4",
        bind![user.name, user.name.to_lowercase(), user.path, user.id],
    )
    .await?;
    Ok(())
}

/// The first thing that a user must lose before it can be deleted, as AWS says so.
pub(crate) async fn first_held(tx: &mut ReadTx, user_id: &str) -> Result<Option<&'static str>, StoreError> {
    let in_the_way = [
        (
            "SELECT COUNT(*) FROM iam_attachment WHERE entity_id = $1",
            "Cannot delete entity, must detach all policies first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_inline_policy WHERE entity_id = $1",
            "Cannot delete entity, must delete policies first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_access_key WHERE user_id = $1",
            "Cannot delete entity, must delete access keys first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_login_profile WHERE user_id = $1",
            "Cannot delete entity, must delete login profile first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_mfa_device WHERE owner_id = $1",
            "Cannot delete entity, must delete MFA device first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_credential WHERE owner_id = $1 AND kind = 'certificate'",
            "Cannot delete entity, must delete signing certificates first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_credential WHERE owner_id = $1 AND kind = 'ssh'",
            "Cannot delete entity, must delete SSH public keys first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_credential WHERE owner_id = $1 AND kind = 'service'",
            "Cannot delete entity, must delete service specific credentials first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_membership WHERE user_id = $1",
            "Cannot delete entity, must remove users from group first.",
        ),
    ];
    for (sql, message) in in_the_way {
        if tx.fetch_number(sql, bind![user_id]).await? > 0 {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

pub(crate) async fn delete(tx: &mut WriteTx, user_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_password_history WHERE user_id = $1",
        bind![user_id],
    )
    .await?;
    tx.execute("DELETE FROM iam_user WHERE user_id = $1", bind![user_id])
        .await?;
    Ok(())
}
