//! How inline policies are kept.

use carillon_aws::time::Timestamp;
use carillon_store::{ReadTx, StoreError, WriteTx, bind};

/// Names and documents of the policies of a user, group or role by name; a quota bounds them.
pub(crate) async fn list(tx: &mut ReadTx, entity_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    tx.fetch_all(
        "SELECT policy_name, document FROM iam_inline_policy WHERE entity_id = $1 ORDER BY policy_name",
        bind![entity_id],
    )
    .await
}

pub(crate) async fn names_after(
    tx: &mut ReadTx,
    entity_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<(String,)>, StoreError> {
    tx.fetch_all(
        "SELECT policy_name FROM iam_inline_policy
          WHERE entity_id = $1 AND policy_name > $2 ORDER BY policy_name LIMIT $3",
        bind![entity_id, after, limit],
    )
    .await
}

/// The document.
pub(crate) async fn find(
    tx: &mut ReadTx,
    entity_id: &str,
    policy_name: &str,
) -> Result<Option<String>, StoreError> {
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT document FROM iam_inline_policy WHERE entity_id = $1 AND policy_name = $2",
            bind![entity_id, policy_name],
        )
        .await?;
    Ok(found.map(|(document,)| document))
}

pub(crate) async fn put(
    tx: &mut WriteTx,
    entity_id: &str,
    policy_name: &str,
    document: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_inline_policy (entity_id, policy_name, document, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (entity_id, policy_name)
         DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at",
        bind![entity_id, policy_name, document, now],
    )
    .await?;
    Ok(())
}

/// Whether there was one.
pub(crate) async fn delete(tx: &mut WriteTx, entity_id: &str, policy_name: &str) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM iam_inline_policy WHERE entity_id = $1 AND policy_name = $2",
            bind![entity_id, policy_name],
        )
        .await?;
    Ok(deleted > 0)
}
