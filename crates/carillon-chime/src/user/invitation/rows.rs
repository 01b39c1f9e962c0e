//! How invitations are kept.

use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::InviteRow;
use crate::account::ManagedAccount;
use crate::email::key_of;

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
        })
    }
}

/// The invitation, of whatever account. Not for callers of the API.
pub(crate) async fn find_any(tx: &mut ReadTx, id: &str) -> Result<Option<InviteRow>, StoreError> {
    tx.fetch_optional(
        "SELECT invite_id, account_id, email, status, token_digest, created_at, expires_at
           FROM chime_invite WHERE invite_id = $1",
        bind![id],
    )
    .await
}

pub(crate) async fn insert(tx: &mut WriteTx, invite: &InviteRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_invite
           (invite_id, account_id, email, email_key, status, token_digest, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        bind![
            invite.id,
            invite.account_id,
            invite.email,
            key_of(&invite.email),
            invite.status.as_str(),
            invite.token_digest,
            invite.created_at,
            invite.expires_at
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

/// Ends all open invitations of an account.
pub(crate) async fn fail_all_open(tx: &mut WriteTx, account: &ManagedAccount) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_invite SET status = 'Failed' WHERE account_id = $1 AND status = 'Pending'",
        bind![account.id],
    )
    .await?;
    tx.execute(
        "UPDATE chime_user SET invitation = 'Failed' WHERE account_id = $1 AND invitation = 'Pending'",
        bind![account.id],
    )
    .await?;
    Ok(())
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
