//! How invitations are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{InviteRow, LastMail, MAILS_IN_A_ROW};
use crate::account::ManagedAccount;
use crate::email::{domain_of, key_of};

impl FromRow for InviteRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            account_id: row.get(1)?,
            email: row.get(2)?,
            status: row.parse(3)?,
            token_digest: row.get(4)?,
            created_at: row.get(5)?,
            expires_at: row.get(6)?,
            mail_at: row.get(7)?,
        })
    }
}

/// The statement that reads invitations, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT invite_id, account_id, email, status, token_digest, created_at, expires_at, mail_at
               FROM chime_invite ",
            $rest
        )
    };
}

/// The invitation, of whatever account. Not for callers of the API.
pub(crate) async fn find_any(tx: &mut ReadTx, id: &str) -> Result<Option<InviteRow>, StoreError> {
    tx.fetch_optional(select!("WHERE invite_id = $1"), bind![id])
        .await
}

/// The open invitation of an account to an address.
pub(crate) async fn find_open(
    tx: &mut ReadTx,
    account_id: &str,
    email_key: &str,
) -> Result<Option<InviteRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE account_id = $1 AND email_key = $2 AND status = 'Pending'"),
        bind![account_id, email_key],
    )
    .await
}

/// Adds an invitation of the account.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: &ManagedAccount,
    invite: &InviteRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_invite
           (invite_id, account_id, aws_account_id, email, email_key, email_domain, status, token_digest, created_at,
            expires_at, mail_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        bind![
            invite.id,
            invite.account_id,
            account.aws_account_id,
            invite.email,
            key_of(&invite.email),
            domain_of(&invite.email),
            invite.status.as_str(),
            invite.token_digest,
            invite.created_at,
            invite.expires_at,
            invite.mail_at
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn accept(tx: &mut WriteTx, invite: &InviteRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_invite SET status = 'Accepted' WHERE invite_id = $1",
        bind![invite.id],
    )
    .await?;
    Ok(())
}

/// Ends the open invitation of an account to an address, and says whether there was one.
pub(crate) async fn fail_open(
    tx: &mut WriteTx,
    account_id: &str,
    email_key: &str,
) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE chime_invite SET status = 'Failed'
              WHERE account_id = $1 AND email_key = $2 AND status = 'Pending'",
            bind![account_id, email_key],
        )
        .await?;
    Ok(changed > 0)
}

/// Ends one invitation, and says whether it was open.
pub(crate) async fn fail(tx: &mut WriteTx, invite_id: &str) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE chime_invite SET status = 'Failed' WHERE invite_id = $1 AND status = 'Pending'",
            bind![invite_id],
        )
        .await?;
    Ok(changed > 0)
}

/// Open invitations of an account that were made by then.
pub(crate) async fn open_until(
    tx: &mut ReadTx,
    account_id: &str,
    last: Timestamp,
    limit: i64,
) -> Result<Vec<InviteRow>, StoreError> {
    tx.fetch_all(
        select!("WHERE account_id = $1 AND status = 'Pending' AND created_at <= $2 LIMIT $3"),
        bind![account_id, last, limit],
    )
    .await
}

/// Open invitations of an account to addresses outside a domain.
pub(crate) async fn open_outside(
    tx: &mut ReadTx,
    account_id: &str,
    domain: &str,
    limit: i64,
) -> Result<Vec<InviteRow>, StoreError> {
    tx.fetch_all(
        select!("WHERE account_id = $1 AND status = 'Pending' AND email_domain <> $2 LIMIT $3"),
        bind![account_id, domain, limit],
    )
    .await
}

/// Open invitations to addresses of a domain, of all accounts but one.
pub(crate) async fn open_of_others(
    tx: &mut ReadTx,
    domain: &str,
    account_id: &str,
    limit: i64,
) -> Result<Vec<InviteRow>, StoreError> {
    tx.fetch_all(
        select!("WHERE email_domain = $1 AND status = 'Pending' AND account_id <> $2 LIMIT $3"),
        bind![domain, account_id, limit],
    )
    .await
}

/// Open invitations of an account to addresses of a domain.
pub(crate) async fn open_inside(
    tx: &mut ReadTx,
    account_id: &str,
    domain: &str,
    limit: i64,
) -> Result<Vec<InviteRow>, StoreError> {
    tx.fetch_all(
        select!("WHERE email_domain = $1 AND status = 'Pending' AND account_id = $2 LIMIT $3"),
        bind![domain, account_id, limit],
    )
    .await
}

/// Shows that the invitation of a user who has not accepted failed.
pub(crate) async fn show_failed(
    tx: &mut WriteTx,
    account_id: &str,
    email_key: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_user SET invitation = 'Failed'
          WHERE account_id = $1 AND email_key = $2 AND invitation = 'Pending'",
        bind![account_id, email_key],
    )
    .await?;
    Ok(())
}

/// The last mails of the AWS account to the address, the newest first, and which of them the account sent.
pub(crate) async fn last_mails(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    email_key: &str,
) -> Result<Vec<LastMail>, StoreError> {
    tx.fetch_all(
        "SELECT status, mail_at, account_id = $1 FROM chime_invite
          WHERE aws_account_id = $2 AND email_key = $3 AND mail_at IS NOT NULL
          ORDER BY mail_at DESC, created_at DESC LIMIT $4",
        bind![
            account.id,
            account.aws_account_id,
            email_key,
            MAILS_IN_A_ROW as i64
        ],
    )
    .await
}

impl FromRow for LastMail {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            status: row.parse(0)?,
            at: row.get(1)?,
            is_ours: row.get(2)?,
        })
    }
}

/// How many mails of an AWS account left after `since`, or wait to leave. The quota bounds what is counted.
pub(crate) async fn count_mails(
    tx: &mut ReadTx,
    owner: AwsAccountId,
    since: Timestamp,
) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_invite WHERE aws_account_id = $1 AND mail_at > $2",
        bind![owner, since],
    )
    .await
}

/// Erases up to `limit` invitations of a deleted account, and says whether there may be more.
pub(crate) async fn purge_portion(
    tx: &mut WriteTx,
    account_id: &str,
    limit: i64,
) -> Result<bool, StoreError> {
    let erased = tx
        .execute(
            "DELETE FROM chime_invite WHERE invite_id IN
               (SELECT invite_id FROM chime_invite WHERE account_id = $1 LIMIT $2)",
            bind![account_id, limit],
        )
        .await?;
    Ok(erased > 0)
}
