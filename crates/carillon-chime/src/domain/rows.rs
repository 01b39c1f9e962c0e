//! How domains are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::DomainRow;
use crate::account::{AccountRow, ManagedAccount};

impl FromRow for DomainRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            account_id: row.get(0)?,
            name: row.get(1)?,
            status: row.parse(2)?,
            challenge: row.get(3)?,
            created_at: row.get(4)?,
            verified_at: row.get(5)?,
            checked_at: row.get(6)?,
            check_result: row.parse_optional(7)?,
            next_check_at: row.get(8)?,
            owner: row.get(9)?,
        })
    }
}

/// The statement that reads domains, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account_id, domain_name, status, challenge, created_at, verified_at, checked_at, check_result,
                    next_check_at, aws_account_id
               FROM chime_domain ",
            $rest
        )
    };
}

pub(crate) async fn find(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    name: &str,
) -> Result<Option<DomainRow>, StoreError> {
    find_of(tx, &account.id, name).await
}

/// The domain of whatever account. Not for callers of the API.
pub(crate) async fn find_of(
    tx: &mut ReadTx,
    account_id: &str,
    name: &str,
) -> Result<Option<DomainRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE account_id = $1 AND domain_name = $2"),
        bind![account_id, name],
    )
    .await
}

/// The domains of the account after the one with the name `after`, by name.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    after: &str,
    limit: i64,
) -> Result<Vec<DomainRow>, StoreError> {
    tx.fetch_all(
        select!("WHERE account_id = $1 AND domain_name > $2 ORDER BY domain_name LIMIT $3"),
        bind![account.id, after, limit],
    )
    .await
}

/// Claims of a domain that are not proved, whoever makes them.
pub(crate) async fn waiting(tx: &mut ReadTx, name: &str, limit: i64) -> Result<Vec<DomainRow>, StoreError> {
    tx.fetch_all(
        select!("WHERE domain_name = $1 AND status = 'PendingVerification' ORDER BY account_id LIMIT $2"),
        bind![name, limit],
    )
    .await
}

/// How many domains the account has, in any state.
pub(crate) async fn count(tx: &mut ReadTx, account: &ManagedAccount) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_domain WHERE account_id = $1",
        bind![account.id],
    )
    .await
}

/// How many claims of an AWS account are looked up. The quota bounds what is counted.
pub(crate) async fn count_waiting(tx: &mut ReadTx, owner: AwsAccountId) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_domain WHERE aws_account_id = $1 AND status = 'PendingVerification'",
        bind![owner],
    )
    .await
}

/// Writes everything of the domain, which may be new.
pub(crate) async fn put(tx: &mut WriteTx, domain: &DomainRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_domain
           (account_id, domain_name, status, challenge, created_at, verified_at, checked_at, check_result,
            next_check_at, aws_account_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (account_id, domain_name) DO UPDATE
            SET status = excluded.status, challenge = excluded.challenge, created_at = excluded.created_at,
                verified_at = excluded.verified_at, checked_at = excluded.checked_at,
                check_result = excluded.check_result, next_check_at = excluded.next_check_at",
        bind![
            domain.account_id,
            domain.name,
            domain.status.as_str(),
            domain.challenge,
            domain.created_at,
            domain.verified_at,
            domain.checked_at,
            domain.check_result.map(|result| result.as_str()),
            domain.next_check_at,
            domain.owner
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, domain: &DomainRow) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_domain WHERE account_id = $1 AND domain_name = $2",
        bind![domain.account_id, domain.name],
    )
    .await?;
    Ok(())
}

/// Erases what is kept of the domains of an account.
pub(crate) async fn delete_all(tx: &mut WriteTx, account_id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM chime_domain WHERE account_id = $1",
        "DELETE FROM chime_former_domain WHERE account_id = $1",
    ] {
        tx.execute(sql, bind![account_id]).await?;
    }
    Ok(())
}

/// Keeps in mind that an account gave a domain up.
pub(crate) async fn put_former(
    tx: &mut WriteTx,
    account: &AccountRow,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_former_domain (account_id, domain_name, given_up_at, is_settled)
         VALUES ($1, $2, $3, FALSE)
         ON CONFLICT (account_id, domain_name) DO UPDATE
            SET given_up_at = excluded.given_up_at, is_settled = FALSE",
        bind![account.id, name, now],
    )
    .await?;
    Ok(())
}

/// Keeps in mind that nobody of the domain is left to be released.
pub(crate) async fn settle_former(tx: &mut WriteTx, account_id: &str, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_former_domain SET is_settled = TRUE WHERE account_id = $1 AND domain_name = $2",
        bind![account_id, name],
    )
    .await?;
    Ok(())
}

/// Forgets that the account once gave the domain up.
pub(crate) async fn delete_former(tx: &mut WriteTx, account_id: &str, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_former_domain WHERE account_id = $1 AND domain_name = $2",
        bind![account_id, name],
    )
    .await?;
    Ok(())
}

/// Whether the account gave the domain up, and has not claimed it again; `Some(false)` while its people are still
/// being released.
pub(crate) async fn former(
    tx: &mut ReadTx,
    account_id: &str,
    name: &str,
) -> Result<Option<bool>, StoreError> {
    let found: Option<(bool,)> = tx
        .fetch_optional(
            "SELECT is_settled FROM chime_former_domain WHERE account_id = $1 AND domain_name = $2",
            bind![account_id, name],
        )
        .await?;
    Ok(found.map(|(is_settled,)| is_settled))
}
