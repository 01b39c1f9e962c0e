//! How delegations are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{DAY, DelegateRow};
use crate::account::ManagedAccount;

impl FromRow for DelegateRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            account_id: row.get(1)?,
            owner: row.get(2)?,
            delegate: row.get(3)?,
            email: row.get(4)?,
            invited_at: row.get(5)?,
            expires_at: row.get(6)?,
            token_digest: row.get(7)?,
            accepted_at: row.get(8)?,
            ends_at: row.get(9)?,
            boundary: row.get(10)?,
            reason: row.get(11)?,
            delegate_name: row.get(12)?,
        })
    }
}

/// The statement that reads delegations, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.delegate_id, d.account_id, d.owner_aws_account_id, d.delegate_aws_account_id, d.invited_email,
                    d.invited_at, d.invitation_expires_at, d.token_digest, d.accepted_at, d.ends_at, d.boundary,
                    d.reason, n.name
               FROM chime_delegate d
               LEFT JOIN aws_account n ON n.aws_account_id = d.delegate_aws_account_id ",
            $rest
        )
    };
}

/// A delegation of an account.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    id: &str,
) -> Result<Option<DelegateRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE d.delegate_id = $1 AND d.account_id = $2"),
        bind![id, account.id],
    )
    .await
}

/// A delegation of whatever account. For jobs, and for what trails are told.
pub(crate) async fn find_any(tx: &mut ReadTx, id: &str) -> Result<Option<DelegateRow>, StoreError> {
    tx.fetch_optional(select!("WHERE d.delegate_id = $1"), bind![id])
        .await
}

/// The invitation that a token belongs to, which is all that whoever accepts has of it.
pub(crate) async fn find_by_token(
    tx: &mut ReadTx,
    token_digest: &str,
) -> Result<Option<DelegateRow>, StoreError> {
    tx.fetch_optional(select!("WHERE d.token_digest = $1"), bind![token_digest])
        .await
}

/// The delegation of an account to an AWS account, whether it is over or not.
pub(crate) async fn find_of(
    tx: &mut ReadTx,
    account_id: &str,
    delegate: AwsAccountId,
) -> Result<Option<DelegateRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE d.account_id = $1 AND d.delegate_aws_account_id = $2"),
        bind![account_id, delegate],
    )
    .await
}

/// Delegations and invitations of an account that are not over, after `after`, oldest first.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    after: (Timestamp, &str),
    now: Timestamp,
    limit: i64,
) -> Result<Vec<DelegateRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE d.account_id = $1 AND (d.invited_at, d.delegate_id) > ($2, $3)
            AND (d.delegate_aws_account_id IS NULL OR d.ends_at IS NULL OR d.ends_at > $4)
          ORDER BY d.invited_at, d.delegate_id
          LIMIT $5"
        ),
        bind![account.id, after.0, after.1, now, limit],
    )
    .await
}

/// Delegations and invitations of an account that were made by then.
pub(crate) async fn until(
    tx: &mut ReadTx,
    account_id: &str,
    last: Timestamp,
    limit: i64,
) -> Result<Vec<DelegateRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE d.account_id = $1 AND d.invited_at <= $2 ORDER BY d.invited_at, d.delegate_id LIMIT $3"
        ),
        bind![account_id, last, limit],
    )
    .await
}

/// How many delegations and invitations the account has. The quota bounds what is counted.
pub(crate) async fn count(tx: &mut ReadTx, account: &ManagedAccount) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_delegate WHERE account_id = $1",
        bind![account.id],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: &ManagedAccount,
    row: &DelegateRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_delegate
           (delegate_id, account_id, account_created_at, owner_aws_account_id, delegate_aws_account_id, invited_email,
            invited_at, invitation_expires_at, token_digest, accepted_at, ends_at, boundary, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        bind![
            row.id,
            row.account_id,
            account.created_at,
            row.owner,
            row.delegate,
            row.email,
            row.invited_at,
            row.expires_at,
            row.token_digest,
            row.accepted_at,
            row.ends_at,
            row.boundary,
            row.reason
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything of the delegation that can change.
pub(crate) async fn update(tx: &mut WriteTx, row: &DelegateRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_delegate
            SET delegate_aws_account_id = $1, invitation_expires_at = $2, token_digest = $3, accepted_at = $4
          WHERE delegate_id = $5",
        bind![
            row.delegate,
            row.expires_at,
            row.token_digest,
            row.accepted_at,
            row.id
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chime_delegate WHERE delegate_id = $1", bind![id])
        .await?;
    Ok(())
}

/// Forgets everything that was agreed on an account.
pub(crate) async fn delete_all(tx: &mut WriteTx, account_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_delegate WHERE account_id = $1",
        bind![account_id],
    )
    .await?;
    Ok(())
}

/// How many invitations an AWS account sent in the last day. The quota bounds what is counted.
pub(crate) async fn count_mails(
    tx: &mut ReadTx,
    owner: AwsAccountId,
    now: Timestamp,
) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_delegate_mail WHERE aws_account_id = $1 AND sent_at > $2",
        bind![owner, now - DAY],
    )
    .await
}

/// Notes an invitation, and forgets those that do not count any more.
pub(crate) async fn note_mail(
    tx: &mut WriteTx,
    owner: AwsAccountId,
    mail_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_delegate_mail WHERE aws_account_id = $1 AND sent_at <= $2",
        bind![owner, now - DAY],
    )
    .await?;
    tx.execute(
        "INSERT INTO chime_delegate_mail (mail_id, aws_account_id, sent_at) VALUES ($1, $2, $3)",
        bind![mail_id, owner, now],
    )
    .await?;
    Ok(())
}
