//! How reports are kept: the last one of each AWS account.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::ReportRow;

impl FromRow for ReportRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            generated_at: row.get(0)?,
        })
    }
}

pub(super) async fn find(tx: &mut ReadTx, account: AwsAccountId) -> Result<Option<ReportRow>, StoreError> {
    tx.fetch_optional(
        "SELECT generated_at FROM iam_credential_report WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// The text of a report that was made.
pub(super) async fn content(tx: &mut ReadTx, account: AwsAccountId) -> Result<String, StoreError> {
    let found: Option<(Option<String>,)> = tx
        .fetch_optional(
            "SELECT content FROM iam_credential_report WHERE aws_account_id = $1",
            bind![account],
        )
        .await?;
    Ok(found.and_then(|(content,)| content).unwrap_or_default())
}

/// Puts a report that is to be made in the place of the last one.
pub(super) async fn begin(tx: &mut WriteTx, account: AwsAccountId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_credential_report (aws_account_id, requested_at, generated_at, content)
         VALUES ($1, $2, NULL, NULL)
         ON CONFLICT (aws_account_id) DO UPDATE
            SET requested_at = excluded.requested_at, generated_at = NULL, content = NULL",
        bind![account, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn finish(
    tx: &mut WriteTx,
    account: AwsAccountId,
    content: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_credential_report SET generated_at = $1, content = $2 WHERE aws_account_id = $3",
        bind![now, content, account],
    )
    .await?;
    Ok(())
}

/// Drops a report that will not be finished.
pub(super) async fn forget(tx: &mut WriteTx, account: AwsAccountId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_credential_report WHERE aws_account_id = $1 AND generated_at IS NULL",
        bind![account],
    )
    .await?;
    Ok(())
}
