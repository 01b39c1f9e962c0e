//! How groups and memberships are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::GroupRow;
use crate::page;
use crate::user::UserRow;

impl FromRow for GroupRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            created_at: row.get(3)?,
        })
    }
}

/// The group of this name, in any case.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<Option<GroupRow>, StoreError> {
    tx.fetch_optional(
        "SELECT group_id, group_name, path, created_at FROM iam_group
          WHERE aws_account_id = $1 AND name_key = $2",
        bind![account, name.to_lowercase()],
    )
    .await
}

pub(crate) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_group WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    group: &GroupRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_group (group_id, aws_account_id, group_name, name_key, path, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        bind![
            group.id,
            account,
            group.name,
            group.name.to_lowercase(),
            group.path,
            group.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Groups whose path begins with `prefix`, by name, after the lower-case name `after`.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    prefix: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<GroupRow>, StoreError> {
    tx.fetch_all(
        "SELECT group_id, group_name, path, created_at FROM iam_group
          WHERE aws_account_id = $1 AND name_key > $2 AND path >= $3 AND path < $4
          ORDER BY name_key
          LIMIT $5",
        bind![account, after, prefix, page::end_of(prefix), limit],
    )
    .await
}

/// Gives the group its present name and path.
pub(crate) async fn rename(tx: &mut WriteTx, group: &GroupRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_group SET group_name = $1, name_key = $2, path = $3 WHERE group_id = $4",
        bind![group.name, group.name.to_lowercase(), group.path, group.id],
    )
    .await?;
    Ok(())
}

/// The first thing that a group must lose before it can be deleted, as AWS says so.
pub(crate) async fn first_held(tx: &mut ReadTx, group_id: &str) -> Result<Option<&'static str>, StoreError> {
    let in_the_way = [
        (
            "SELECT COUNT(*) FROM iam_membership WHERE group_id = $1",
            "Cannot delete entity, must remove users from group first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_attachment WHERE entity_id = $1",
            "Cannot delete entity, must detach all policies first.",
        ),
        (
            "SELECT COUNT(*) FROM iam_inline_policy WHERE entity_id = $1",
            "Cannot delete entity, must delete policies first.",
        ),
    ];
    for (sql, message) in in_the_way {
        if tx.fetch_number(sql, bind![group_id]).await? > 0 {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

pub(crate) async fn delete(tx: &mut WriteTx, group_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM iam_group WHERE group_id = $1", bind![group_id])
        .await?;
    Ok(())
}

/// Members of the group, by name, after the lower-case name `after`.
pub(crate) async fn members_after(
    tx: &mut ReadTx,
    group_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<UserRow>, StoreError> {
    tx.fetch_all(
        "SELECT u.user_id, u.user_name, u.path, u.permissions_boundary_arn, u.created_at, p.password_last_used_at
           FROM iam_membership m
           JOIN iam_user u ON u.user_id = m.user_id
           LEFT JOIN iam_login_profile p ON p.user_id = u.user_id
          WHERE m.group_id = $1 AND u.name_key > $2
          ORDER BY u.name_key
          LIMIT $3",
        bind![group_id, after, limit],
    )
    .await
}

/// Groups of the user, by name, after the lower-case name `after`.
pub(crate) async fn of_user_after(
    tx: &mut ReadTx,
    user_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<GroupRow>, StoreError> {
    tx.fetch_all(
        "SELECT g.group_id, g.group_name, g.path, g.created_at
           FROM iam_membership m JOIN iam_group g ON g.group_id = m.group_id
          WHERE m.user_id = $1 AND g.name_key > $2
          ORDER BY g.name_key
          LIMIT $3",
        bind![user_id, after, limit],
    )
    .await
}

pub(crate) async fn count_of_user(tx: &mut ReadTx, user_id: &str) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_membership WHERE user_id = $1",
        bind![user_id],
    )
    .await
}

pub(crate) async fn is_member(tx: &mut ReadTx, group_id: &str, user_id: &str) -> Result<bool, StoreError> {
    let count = tx
        .fetch_number(
            "SELECT COUNT(*) FROM iam_membership WHERE group_id = $1 AND user_id = $2",
            bind![group_id, user_id],
        )
        .await?;
    Ok(count > 0)
}

pub(crate) async fn add_member(
    tx: &mut WriteTx,
    group_id: &str,
    user_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_membership (group_id, user_id, created_at) VALUES ($1, $2, $3)",
        bind![group_id, user_id, now],
    )
    .await?;
    Ok(())
}

/// Ends a membership, and says whether there was one.
pub(crate) async fn remove_member(
    tx: &mut WriteTx,
    group_id: &str,
    user_id: &str,
) -> Result<bool, StoreError> {
    let removed = tx
        .execute(
            "DELETE FROM iam_membership WHERE group_id = $1 AND user_id = $2",
            bind![group_id, user_id],
        )
        .await?;
    Ok(removed > 0)
}
