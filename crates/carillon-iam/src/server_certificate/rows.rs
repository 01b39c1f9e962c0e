//! How server certificates are kept.

use carillon_aws::id::AwsAccountId;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::ServerCertificateRow;
use crate::page::end_of;

impl FromRow for ServerCertificateRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            body: row.get(3)?,
            chain: row.get(4)?,
            uploaded_at: row.get(5)?,
            expires_at: row.get(6)?,
        })
    }
}

/// The server certificate of this name, in any case.
pub(super) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<Option<ServerCertificateRow>, StoreError> {
    tx.fetch_optional(
        "SELECT server_certificate_id, server_certificate_name, path, certificate_body, certificate_chain,
                uploaded_at, expires_at
           FROM iam_server_certificate WHERE aws_account_id = $1 AND name_key = $2",
        bind![account, name.to_lowercase()],
    )
    .await
}

pub(super) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_server_certificate WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// Server certificates by name, after the name with this key, whose paths begin with a prefix. The certificates
/// themselves, which may be long, are left out.
pub(super) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    after: &str,
    path_prefix: &str,
    limit: i64,
) -> Result<Vec<ServerCertificateRow>, StoreError> {
    tx.fetch_all(
        "SELECT server_certificate_id, server_certificate_name, path, '', CAST(NULL AS TEXT), uploaded_at, expires_at
           FROM iam_server_certificate
          WHERE aws_account_id = $1 AND name_key > $2 AND path >= $3 AND path < $4
          ORDER BY name_key LIMIT $5",
        bind![account, after, path_prefix, end_of(path_prefix), limit],
    )
    .await
}

pub(super) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    certificate: &ServerCertificateRow,
    sealed_private_key: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_server_certificate (server_certificate_id, aws_account_id, server_certificate_name, name_key,
                                             path, certificate_body, certificate_chain, sealed_private_key,
                                             uploaded_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        bind![
            certificate.id,
            account,
            certificate.name,
            certificate.name.to_lowercase(),
            certificate.path,
            certificate.body,
            certificate.chain,
            sealed_private_key,
            certificate.uploaded_at,
            certificate.expires_at
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn rename(tx: &mut WriteTx, id: &str, path: &str, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_server_certificate SET path = $1, server_certificate_name = $2, name_key = $3
          WHERE server_certificate_id = $4",
        bind![path, name, name.to_lowercase(), id],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_server_certificate WHERE server_certificate_id = $1",
        bind![id],
    )
    .await?;
    Ok(())
}
