//! How attachments are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{ReadTx, StoreError, WriteTx, bind};

use crate::entity::EntityKind;

/// The ARNs of the policies on a user, group or role; a quota bounds them.
pub(crate) async fn list(tx: &mut ReadTx, entity_id: &str) -> Result<Vec<(String,)>, StoreError> {
    tx.fetch_all(
        "SELECT policy_arn FROM iam_attachment WHERE entity_id = $1 ORDER BY policy_arn",
        bind![entity_id],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    kind: EntityKind,
    entity_id: &str,
    policy_arn: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_attachment (entity_id, policy_arn, entity_kind, aws_account_id, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        bind![entity_id, policy_arn, kind.noun(), account, now],
    )
    .await?;
    Ok(())
}

/// Whether it was attached.
pub(crate) async fn delete(tx: &mut WriteTx, entity_id: &str, policy_arn: &str) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM iam_attachment WHERE entity_id = $1 AND policy_arn = $2",
            bind![entity_id, policy_arn],
        )
        .await?;
    Ok(deleted > 0)
}
