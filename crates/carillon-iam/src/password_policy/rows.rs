//! How password policies are kept.

use carillon_aws::id::AwsAccountId;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::PasswordPolicy;

impl FromRow for PasswordPolicy {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            minimum_length: row.get(0)?,
            require_symbols: row.get(1)?,
            require_numbers: row.get(2)?,
            require_uppercase_characters: row.get(3)?,
            require_lowercase_characters: row.get(4)?,
            allow_users_to_change_password: row.get(5)?,
            max_age: row.get(6)?,
            reuse_prevention: row.get(7)?,
            hard_expiry: row.get(8)?,
        })
    }
}

pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
) -> Result<Option<PasswordPolicy>, StoreError> {
    tx.fetch_optional(
        "SELECT minimum_password_length, require_symbols, require_numbers, require_uppercase_characters,
                require_lowercase_characters, allow_users_to_change_password, max_password_age,
                password_reuse_prevention, hard_expiry
           FROM iam_account_password_policy
          WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// What holds in the account: its policy, or what holds without one.
pub(crate) async fn in_force(tx: &mut ReadTx, account: AwsAccountId) -> Result<PasswordPolicy, StoreError> {
    Ok(find(tx, account).await?.unwrap_or_else(PasswordPolicy::absent))
}

/// Puts the policy in the place of the one before.
pub(crate) async fn replace(
    tx: &mut WriteTx,
    account: AwsAccountId,
    policy: &PasswordPolicy,
) -> Result<(), StoreError> {
    delete(tx, account).await?;
    tx.execute(
        "INSERT INTO iam_account_password_policy
           (aws_account_id, minimum_password_length, require_symbols, require_numbers,
            require_uppercase_characters, require_lowercase_characters, allow_users_to_change_password,
            max_password_age, password_reuse_prevention, hard_expiry)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        bind![
            account,
            policy.minimum_length,
            policy.require_symbols,
            policy.require_numbers,
            policy.require_uppercase_characters,
            policy.require_lowercase_characters,
            policy.allow_users_to_change_password,
            policy.max_age,
            policy.reuse_prevention,
            policy.hard_expiry
        ],
    )
    .await?;
    Ok(())
}

/// Removes the policy, and says whether there was one.
pub(crate) async fn delete(tx: &mut WriteTx, account: AwsAccountId) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM iam_account_password_policy WHERE aws_account_id = $1",
            bind![account],
        )
        .await?;
    Ok(deleted > 0)
}
