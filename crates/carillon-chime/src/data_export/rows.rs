//! How exports are kept.

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::DataExportRow;
use crate::account::ManagedAccount;

impl FromRow for DataExportRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            account_id: row.get(1)?,
            status: row.parse(2)?,
            requested_at: row.get(3)?,
            requested_by: row.get(4)?,
            completed_at: row.get(5)?,
            expires_at: row.get(6)?,
            attachment_count: row.get(7)?,
            total_bytes: row.get(8)?,
            missing_count: row.get(9)?,
            failure_reason: row.get(10)?,
            after: (row.get(11)?, row.get(12)?),
        })
    }
}

/// The statement that reads exports, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT data_export_id, account_id, status, requested_at, requested_by, completed_at, expires_at,
                    attachment_count, total_bytes, missing_count, failure_reason, after_at, after_id
               FROM chime_data_export ",
            $rest
        )
    };
}

pub(crate) async fn find(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    id: &str,
) -> Result<Option<DataExportRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE data_export_id = $1 AND account_id = $2"),
        bind![id, account.id],
    )
    .await
}

/// The export, of whatever account. For jobs and links.
pub(crate) async fn find_any(tx: &mut ReadTx, id: &str) -> Result<Option<DataExportRow>, StoreError> {
    tx.fetch_optional(select!("WHERE data_export_id = $1"), bind![id])
        .await
}

/// The newest export of the account that did not fail.
pub(crate) async fn newest(
    tx: &mut ReadTx,
    account: &ManagedAccount,
) -> Result<Option<DataExportRow>, StoreError> {
    tx.fetch_optional(
        select!(
            "WHERE account_id = $1 AND status <> 'Failed'
             ORDER BY requested_at DESC, data_export_id DESC LIMIT 1"
        ),
        bind![account.id],
    )
    .await
}

/// Exports after `after`, oldest first.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    after: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<DataExportRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE account_id = $1 AND (requested_at, data_export_id) > ($2, $3)
             ORDER BY requested_at, data_export_id LIMIT $4"
        ),
        bind![account.id, after.0, after.1, limit],
    )
    .await
}

pub(crate) async fn insert(tx: &mut WriteTx, export: &DataExportRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_data_export
           (data_export_id, account_id, status, requested_at, requested_by, completed_at, expires_at,
            attachment_count, total_bytes, missing_count, failure_reason, after_at, after_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        bind![
            export.id,
            export.account_id,
            export.status.as_str(),
            export.requested_at,
            export.requested_by,
            export.completed_at,
            export.expires_at,
            export.attachment_count,
            export.total_bytes,
            export.missing_count,
            export.failure_reason,
            export.after.0,
            export.after.1
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything of the export that can change.
pub(crate) async fn update(tx: &mut WriteTx, export: &DataExportRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_data_export
            SET status = $1, completed_at = $2, expires_at = $3, attachment_count = $4, total_bytes = $5,
                missing_count = $6, failure_reason = $7, after_at = $8, after_id = $9
          WHERE data_export_id = $10",
        bind![
            export.status.as_str(),
            export.completed_at,
            export.expires_at,
            export.attachment_count,
            export.total_bytes,
            export.missing_count,
            export.failure_reason,
            export.after.0,
            export.after.1,
            export.id
        ],
    )
    .await?;
    Ok(())
}

/// How many parts the file has so far.
pub(crate) async fn count_parts(tx: &mut ReadTx, export_id: &str) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM chime_data_export_part WHERE data_export_id = $1",
        bind![export_id],
    )
    .await
}

pub(crate) async fn insert_part(
    tx: &mut WriteTx,
    export_id: &str,
    part: i64,
    object_key: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_data_export_part (data_export_id, part, object_key) VALUES ($1, $2, $3)",
        bind![export_id, part, object_key],
    )
    .await?;
    Ok(())
}

/// The objects of the parts, in order.
pub(crate) async fn parts(tx: &mut ReadTx, export_id: &str) -> Result<Vec<String>, StoreError> {
    let found: Vec<(String,)> = tx
        .fetch_all(
            "SELECT object_key FROM chime_data_export_part WHERE data_export_id = $1 ORDER BY part",
            bind![export_id],
        )
        .await?;
    Ok(found.into_iter().map(|(key,)| key).collect())
}

pub(crate) async fn delete_parts(tx: &mut WriteTx, export_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM chime_data_export_part WHERE data_export_id = $1",
        bind![export_id],
    )
    .await?;
    Ok(())
}

/// Forgets the exports of an account that is erased. Their files are deleted by their place.
pub(crate) async fn delete_of_account(tx: &mut WriteTx, account_id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM chime_data_export_part WHERE data_export_id IN
           (SELECT data_export_id FROM chime_data_export WHERE account_id = $1)",
        "DELETE FROM chime_data_export WHERE account_id = $1",
    ] {
        tx.execute(sql, bind![account_id]).await?;
    }
    Ok(())
}
