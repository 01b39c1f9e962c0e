//! How requests for help are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{SupportRequestStatus, SupportRow};

impl FromRow for SupportRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            aws_account_id: row.get(1)?,
            account_id: row.get(2)?,
            status: row.parse(3)?,
            severity: row.parse(4)?,
            subject: row.get(5)?,
            description: row.get(6)?,
            contact_email: row.get(7)?,
            occurred_at: row.get(8)?,
            client_version: row.get(9)?,
            log_reference_id: row.get(10)?,
            meeting_id: row.get(11)?,
            submitted_at: row.get(12)?,
            submitted_by: row.get(13)?,
        })
    }
}

/// The statement that reads requests, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT request_id, aws_account_id, account_id, status, severity, subject, description, contact_email,
                    occurred_at, client_version, log_reference_id, meeting_id, submitted_at, submitted_by
               FROM chime_support_request ",
            $rest
        )
    };
}

/// A request of an AWS account.
pub(crate) async fn find(
    tx: &mut ReadTx,
    owner: AwsAccountId,
    id: &str,
) -> Result<Option<SupportRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE request_id = $1 AND aws_account_id = $2"),
        bind![id, owner],
    )
    .await
}

/// A request of whatever AWS account. Not for callers of the API.
pub(crate) async fn find_any(tx: &mut ReadTx, id: &str) -> Result<Option<SupportRow>, StoreError> {
    tx.fetch_optional(select!("WHERE request_id = $1"), bind![id])
        .await
}

/// Requests of an AWS account before `before`, the newest first.
pub(crate) async fn list_before(
    tx: &mut ReadTx,
    owner: AwsAccountId,
    before: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<SupportRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE aws_account_id = $1 AND (submitted_at, request_id) < ($2, $3)
          ORDER BY submitted_at DESC, request_id DESC
          LIMIT $4"
        ),
        bind![owner, before.0, before.1, limit],
    )
    .await
}

/// How many requests an AWS account made after `since`. The quota bounds what is counted.
pub(crate) async fn count_since(
    tx: &mut ReadTx,
    owner: AwsAccountId,
    since: Timestamp,
) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_support_request WHERE aws_account_id = $1 AND submitted_at > $2",
        bind![owner, since],
    )
    .await
}

pub(crate) async fn insert(tx: &mut WriteTx, row: &SupportRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_support_request
           (request_id, aws_account_id, account_id, status, severity, subject, description, contact_email,
            occurred_at, client_version, log_reference_id, meeting_id, submitted_at, submitted_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        bind![
            row.id,
            row.aws_account_id,
            row.account_id,
            row.status.as_str(),
            row.severity.as_str(),
            row.subject,
            row.description,
            row.contact_email,
            row.occurred_at,
            row.client_version,
            row.log_reference_id,
            row.meeting_id,
            row.submitted_at,
            row.submitted_by
        ],
    )
    .await?;
    Ok(())
}

/// Writes what became of a request.
pub(crate) async fn conclude(
    tx: &mut WriteTx,
    id: &str,
    status: SupportRequestStatus,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_support_request SET status = $1 WHERE request_id = $2",
        bind![status.as_str(), id],
    )
    .await?;
    Ok(())
}
