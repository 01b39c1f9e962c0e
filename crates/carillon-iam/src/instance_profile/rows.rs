//! How instance profiles are kept.

use carillon_aws::id::AwsAccountId;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::InstanceProfileRow;
use crate::page::end_of;
use crate::role::RoleRow;

impl FromRow for InstanceProfileRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            role_id: row.get(3)?,
            created_at: row.get(4)?,
        })
    }
}

macro_rules! profiles {
    ($condition:literal) => {
        concat!(
            "SELECT instance_profile_id, instance_profile_name, path, role_id, created_at
               FROM iam_instance_profile WHERE ",
            $condition
        )
    };
}

/// The instance profile of this name, in any case.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<Option<InstanceProfileRow>, StoreError> {
    tx.fetch_optional(
        profiles!("aws_account_id = $1 AND name_key = $2"),
        bind![account, name.to_lowercase()],
    )
    .await
}

pub(crate) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_instance_profile WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// How many instance profiles hold the role.
pub(crate) async fn count_of_role(tx: &mut ReadTx, role_id: &str) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM iam_instance_profile WHERE role_id = $1",
        bind![role_id],
    )
    .await
}

/// Instance profiles by name, after the name with this key, whose paths begin with a prefix.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    after: &str,
    path_prefix: &str,
    limit: i64,
) -> Result<Vec<InstanceProfileRow>, StoreError> {
    tx.fetch_all(
        profiles!(
            "aws_account_id = $1 AND name_key > $2 AND path >= $3 AND path < $4
              ORDER BY name_key LIMIT $5"
        ),
        bind![account, after, path_prefix, end_of(path_prefix), limit],
    )
    .await
}

/// The instance profiles that hold a role, by name, after the name with this key.
pub(crate) async fn list_of_role_after(
    tx: &mut ReadTx,
    role_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<InstanceProfileRow>, StoreError> {
    tx.fetch_all(
        profiles!("role_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3"),
        bind![role_id, after, limit],
    )
    .await
}

/// The instance profiles of the roles between two names in lower case, both included, by role.
pub(crate) async fn of_roles_between(
    tx: &mut ReadTx,
    account: AwsAccountId,
    first: &str,
    last: &str,
) -> Result<Vec<InstanceProfileRow>, StoreError> {
    tx.fetch_all(
        profiles!(
            "role_id IN (SELECT role_id FROM iam_role
                          WHERE aws_account_id = $1 AND name_key >= $2 AND name_key <= $3)
              ORDER BY name_key"
        ),
        bind![account, first, last],
    )
    .await
}

/// The roles of the instance profiles from one name to another, both included.
pub(crate) async fn roles_between(
    tx: &mut ReadTx,
    account: AwsAccountId,
    first: &str,
    last: &str,
) -> Result<Vec<RoleRow>, StoreError> {
    tx.fetch_all(
        "SELECT DISTINCT role.role_id, role.role_name, role.path, role.assume_role_policy_document,
                role.description, role.max_session_duration, role.permissions_boundary_arn, role.created_at,
                role.last_used_at
           FROM iam_instance_profile profile
           JOIN iam_role role ON role.role_id = profile.role_id
          WHERE profile.aws_account_id = $1 AND profile.name_key >= $2 AND profile.name_key <= $3",
        bind![account, first.to_lowercase(), last.to_lowercase()],
    )
    .await
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    profile: &InstanceProfileRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_instance_profile (instance_profile_id, aws_account_id, instance_profile_name, name_key,
                                           path, role_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        bind![
            profile.id,
            account,
            profile.name,
            profile.name.to_lowercase(),
            profile.path,
            profile.role_id,
            profile.created_at
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_role(tx: &mut WriteTx, id: &str, role_id: Option<&str>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_instance_profile SET role_id = $1 WHERE instance_profile_id = $2",
        bind![role_id, id],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_instance_profile WHERE instance_profile_id = $1",
        bind![id],
    )
    .await?;
    Ok(())
}
