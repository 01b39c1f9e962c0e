//! How identity providers that speak SAML are kept.

use carillon_aws::id::AwsAccountId;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::SamlProviderRow;
use crate::identity_provider::{list, written};

impl FromRow for SamlProviderRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.get(0)?,
            id: row.get(1)?,
            entity_id: row.get(2)?,
            certificates: list(row, 3)?,
            valid_until: row.get(4)?,
            created_at: row.get(5)?,
        })
    }
}

/// The provider of this name, exactly.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<Option<SamlProviderRow>, StoreError> {
    tx.fetch_optional(
        "SELECT provider_name, provider_id, entity_id, certificates, valid_until, created_at
           FROM iam_saml_provider WHERE aws_account_id = $1 AND provider_name = $2",
        bind![account, name],
    )
    .await
}

/// All providers of the AWS account, which are few.
pub(crate) async fn all(tx: &mut ReadTx, account: AwsAccountId) -> Result<Vec<SamlProviderRow>, StoreError> {
    tx.fetch_all(
        "SELECT provider_name, provider_id, entity_id, certificates, valid_until, created_at
           FROM iam_saml_provider WHERE aws_account_id = $1 ORDER BY provider_name",
        bind![account],
    )
    .await
}

pub(crate) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_saml_provider WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// The metadata of a provider that is there, as it was sent.
pub(crate) async fn metadata(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<String, StoreError> {
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT metadata FROM iam_saml_provider WHERE aws_account_id = $1 AND provider_name = $2",
            bind![account, name],
        )
        .await?;
    Ok(found.map(|(metadata,)| metadata).unwrap_or_default())
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    provider: &SamlProviderRow,
    metadata: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_saml_provider (aws_account_id, provider_name, provider_id, metadata, entity_id, certificates,
                                        valid_until, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        bind![
            account,
            provider.name,
            provider.id,
            metadata,
            provider.entity_id,
            written(&provider.certificates),
            provider.valid_until,
            provider.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything of a provider that can change.
pub(crate) async fn update(
    tx: &mut WriteTx,
    account: AwsAccountId,
    provider: &SamlProviderRow,
    metadata: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_saml_provider SET metadata = $1, entity_id = $2, certificates = $3, valid_until = $4
          WHERE aws_account_id = $5 AND provider_name = $6",
        bind![
            metadata,
            provider.entity_id,
            written(&provider.certificates),
            provider.valid_until,
            account,
            provider.name
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, account: AwsAccountId, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_saml_provider WHERE aws_account_id = $1 AND provider_name = $2",
        bind![account, name],
    )
    .await?;
    Ok(())
}
