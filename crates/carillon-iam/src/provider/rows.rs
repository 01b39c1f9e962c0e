//! How identity providers are kept.

use carillon_aws::id::AwsAccountId;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::ProviderRow;
use crate::identity_provider::{list, written};

impl FromRow for ProviderRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.get(0)?,
            client_ids: list(row, 1)?,
            thumbprints: list(row, 2)?,
            created_at: row.get(3)?,
        })
    }
}

/// The provider of this name, exactly.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<Option<ProviderRow>, StoreError> {
    tx.fetch_optional(
        "SELECT provider_name, client_ids, thumbprints, created_at
           FROM iam_oidc_provider WHERE aws_account_id = $1 AND provider_name = $2",
        bind![account, name],
    )
    .await
}

/// The names of all providers of the AWS account, which are few.
pub(crate) async fn names(tx: &mut ReadTx, account: AwsAccountId) -> Result<Vec<String>, StoreError> {
    let names: Vec<(String,)> = tx
        .fetch_all(
            "SELECT provider_name FROM iam_oidc_provider WHERE aws_account_id = $1 ORDER BY provider_name",
            bind![account],
        )
        .await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    provider: &ProviderRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_oidc_provider (aws_account_id, provider_name, client_ids, thumbprints, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        bind![
            account,
            provider.name,
            written(&provider.client_ids),
            written(&provider.thumbprints),
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
    provider: &ProviderRow,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_oidc_provider SET client_ids = $1, thumbprints = $2
          WHERE aws_account_id = $3 AND provider_name = $4",
        bind![
            written(&provider.client_ids),
            written(&provider.thumbprints),
            account,
            provider.name
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, account: AwsAccountId, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_oidc_provider WHERE aws_account_id = $1 AND provider_name = $2",
        bind![account, name],
    )
    .await?;
    Ok(())
}
