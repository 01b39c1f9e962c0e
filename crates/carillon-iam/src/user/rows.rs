//! How users are kept.

use carillon_aws::id::AwsAccountId;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::UserRow;

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
    let count = tx
        .fetch_number(
            "SELECT COUNT(*) FROM iam_user WHERE aws_account_id = $1",
            bind![account],
        )
        .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
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
