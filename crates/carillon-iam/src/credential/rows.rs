//! How credentials are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{CredentialRow, Kind, Whose};
use crate::access_key::Status;

impl FromRow for CredentialRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            owner_id: row.get(1)?,
            status: row.parse(2)?,
            body: row.get(3)?,
            fingerprint: row.get(4)?,
            service_name: row.get(5)?,
            created_at: row.get(6)?,
            expires_at: row.get(7)?,
            user_name: row.get(8)?,
        })
    }
}

macro_rules! credentials {
    ($condition:literal) => {
        concat!(
            "SELECT c.credential_id, c.owner_id, c.status, c.body, c.fingerprint, c.service_name, c.created_at,
                    c.expires_at, u.user_name
               FROM iam_credential c LEFT JOIN iam_user u ON u.user_id = c.owner_id
              WHERE ",
            $condition
        )
    };
}

pub(super) async fn find(
    tx: &mut ReadTx,
    kind: Kind,
    owner_id: &str,
    id: &str,
) -> Result<Option<CredentialRow>, StoreError> {
    tx.fetch_optional(
        credentials!("c.credential_id = $1 AND c.owner_id = $2 AND c.kind = $3"),
        bind![id, owner_id, kind.as_str()],
    )
    .await
}

/// Those of an owner, or of everybody, and of a service if one is named: the oldest first, after the one of that time
/// and identifier.
pub(super) async fn list_after(
    tx: &mut ReadTx,
    kind: Kind,
    whose: Whose<'_>,
    service_name: &str,
    after: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<CredentialRow>, StoreError> {
    let kind = kind.as_str();
    match whose {
        Whose::Owner(id) => {
            tx.fetch_all(
                credentials!(
                    "c.owner_id = $1 AND c.kind = $2 AND ($3 = '' OR c.service_name = $3)
                        AND (c.created_at, c.credential_id) > ($4, $5)
                      ORDER BY c.created_at, c.credential_id LIMIT $6"
                ),
                bind![id, kind, service_name, after.0, after.1, limit],
            )
            .await
        }
        Whose::All(account) => {
            tx.fetch_all(
                credentials!(
                    "c.aws_account_id = $1 AND c.kind = $2 AND ($3 = '' OR c.service_name = $3)
                        AND (c.created_at, c.credential_id) > ($4, $5)
                      ORDER BY c.created_at, c.credential_id LIMIT $6"
                ),
                bind![account, kind, service_name, after.0, after.1, limit],
            )
            .await
        }
    }
}

/// How many an owner has, of a service if one is named.
pub(super) async fn count_of_owner(
    tx: &mut ReadTx,
    kind: Kind,
    owner_id: &str,
    service_name: &str,
) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_credential
              WHERE owner_id = $1 AND kind = $2 AND ($3 = '' OR service_name = $3)",
        bind![owner_id, kind.as_str(), service_name],
    )
    .await
}

/// Those of the AWS account with a fingerprint: identifier of the owner.
pub(super) async fn owners_of_fingerprint(
    tx: &mut ReadTx,
    kind: Kind,
    account: AwsAccountId,
    fingerprint: &str,
) -> Result<Vec<(String,)>, StoreError> {
    tx.fetch_all(
        "SELECT owner_id FROM iam_credential WHERE aws_account_id = $1 AND kind = $2 AND fingerprint = $3",
        bind![account, kind.as_str(), fingerprint],
    )
    .await
}

/// Whether somebody of the AWS account is known to a service by this name.
pub(super) async fn is_taken(
    tx: &mut ReadTx,
    account: AwsAccountId,
    service_name: &str,
    name: &str,
) -> Result<bool, StoreError> {
    let count = tx
        .fetch_number(
            "SELECT COUNT(*) FROM iam_credential WHERE aws_account_id = $1 AND service_name = $2 AND body = $3",
            bind![account, service_name, name],
        )
        .await?;
    Ok(count > 0)
}

pub(super) async fn insert(
    tx: &mut WriteTx,
    kind: Kind,
    account: AwsAccountId,
    row: &CredentialRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_credential (credential_id, aws_account_id, owner_id, kind, status, body, fingerprint,
                                     service_name, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        bind![
            row.id,
            account,
            row.owner_id,
            kind.as_str(),
            row.status.as_str(),
            row.body,
            row.fingerprint,
            row.service_name,
            row.created_at,
            row.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// Changes the status, and says whether there is such a credential.
pub(super) async fn set_status(
    tx: &mut WriteTx,
    kind: Kind,
    owner_id: &str,
    id: &str,
    status: Status,
) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE iam_credential SET status = $1 WHERE credential_id = $2 AND owner_id = $3 AND kind = $4",
            bind![status.as_str(), id, owner_id, kind.as_str()],
        )
        .await?;
    Ok(changed > 0)
}

/// Puts another digest in the place of a secret's that is good no longer.
pub(super) async fn set_fingerprint(tx: &mut WriteTx, id: &str, fingerprint: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_credential SET fingerprint = $1 WHERE credential_id = $2",
        bind![fingerprint, id],
    )
    .await?;
    Ok(())
}

/// Deletes one, and says whether there was such a credential.
pub(super) async fn delete(
    tx: &mut WriteTx,
    kind: Kind,
    owner_id: &str,
    id: &str,
) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM iam_credential WHERE credential_id = $1 AND owner_id = $2 AND kind = $3",
            bind![id, owner_id, kind.as_str()],
        )
        .await?;
    Ok(deleted > 0)
}
