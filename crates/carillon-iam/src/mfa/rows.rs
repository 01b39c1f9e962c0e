//! How devices are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::totp::Pace;
use super::{AssignmentStatus, DeviceRow, Holder};

impl FromRow for DeviceRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            serial_number: row.get(0)?,
            sealed_seed: row.get(1)?,
            owner_id: row.get(2)?,
            enabled_at: row.get(3)?,
            pace: Pace {
                drift: row.get(4)?,
                last_step: row.get(5)?,
            },
        })
    }
}

pub(super) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    serial_number: &str,
) -> Result<Option<DeviceRow>, StoreError> {
    tx.fetch_optional(
        "SELECT serial_number, sealed_seed, owner_id, enabled_at, drift, last_step
           FROM iam_mfa_device WHERE serial_number = $1 AND aws_account_id = $2 AND sealed_seed IS NOT NULL",
        bind![serial_number, account],
    )
    .await
}

/// All virtual devices of a user or root; a quota bounds them.
pub(super) async fn of_owner(tx: &mut ReadTx, owner_id: &str) -> Result<Vec<DeviceRow>, StoreError> {
    tx.fetch_all(
        "SELECT serial_number, sealed_seed, owner_id, enabled_at, drift, last_step
           FROM iam_mfa_device WHERE owner_id = $1 AND sealed_seed IS NOT NULL ORDER BY serial_number",
        bind![owner_id],
    )
    .await
}

/// Whether a user or root has a virtual device.
pub(crate) async fn has_virtual(tx: &mut ReadTx, owner_id: &str) -> Result<bool, StoreError> {
    Ok(!of_owner(tx, owner_id).await?.is_empty())
}

/// How many virtual devices an AWS account has.
pub(super) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_mfa_device WHERE aws_account_id = $1 AND sealed_seed IS NOT NULL",
        bind![account],
    )
    .await
}

/// How many devices of any kind a user or root has.
pub(crate) async fn count_of_owner(tx: &mut ReadTx, owner_id: &str) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_mfa_device WHERE owner_id = $1",
        bind![owner_id],
    )
    .await
}

pub(super) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    serial_number: &str,
    sealed_seed: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_mfa_device
           (serial_number, aws_account_id, sealed_seed, owner_id, enabled_at, drift, last_step, created_at)
         VALUES ($1, $2, $3, NULL, NULL, 0, 0, $4)",
        bind![serial_number, account, sealed_seed, now],
    )
    .await?;
    Ok(())
}

/// Writes everything of a device that can change.
pub(super) async fn update(tx: &mut WriteTx, device: &DeviceRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_mfa_device SET owner_id = $1, enabled_at = $2, drift = $3, last_step = $4
          WHERE serial_number = $5",
        bind![
            device.owner_id,
            device.enabled_at,
            device.pace.drift,
            device.pace.last_step,
            device.serial_number
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut WriteTx, serial_number: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_mfa_device WHERE serial_number = $1",
        bind![serial_number],
    )
    .await?;
    Ok(())
}

/// Serial number and time of enabling of the devices of a user or root by serial number, after `after`.
pub(super) async fn of_owner_after(
    tx: &mut ReadTx,
    owner_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>, StoreError> {
    tx.fetch_all(
        "SELECT serial_number, enabled_at FROM iam_mfa_device
          WHERE owner_id = $1 AND serial_number > $2 AND enabled_at IS NOT NULL
          ORDER BY serial_number
          LIMIT $3",
        bind![owner_id, after, limit],
    )
    .await
}

/// A device in the list of all, with who has it.
pub(super) struct Listed {
    pub serial_number: String,
    pub enabled_at: Option<Timestamp>,
    pub holder: Option<Holder>,
}

impl FromRow for Listed {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let owner: Option<String> = row.get(2)?;
        let name: Option<String> = row.get(3)?;
        let holder = match (owner, name) {
            (None, _) => None,
            (Some(_), None) => Some(Holder::Root),
            (Some(id), Some(name)) => Some(Holder::User(crate::user::UserRow {
                id,
                name,
                path: row.get(4)?,
                permissions_boundary: row.get(5)?,
                created_at: row.get(6)?,
                password_last_used_at: row.get(7)?,
            })),
        };
        Ok(Self {
            serial_number: row.get(0)?,
            enabled_at: row.get(1)?,
            holder,
        })
    }
}

macro_rules! devices {
    ($status:literal) => {
        concat!(
            "SELECT d.serial_number, d.enabled_at, d.owner_id, u.user_name, u.path, u.permissions_boundary_arn,
                    u.created_at, p.password_last_used_at
               FROM iam_mfa_device d
               LEFT JOIN iam_user u ON u.user_id = d.owner_id
               LEFT JOIN iam_login_profile p ON p.user_id = d.owner_id
              WHERE d.aws_account_id = $1 AND d.serial_number > $2 AND d.sealed_seed IS NOT NULL",
            $status,
            " ORDER BY d.serial_number LIMIT $3"
        )
    };
}

/// Virtual devices of an AWS account by serial number, after `after`.
pub(super) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    status: AssignmentStatus,
    after: &str,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let sql = match status {
        AssignmentStatus::Any => devices!(""),
        AssignmentStatus::Assigned => devices!(" AND d.owner_id IS NOT NULL"),
        AssignmentStatus::Unassigned => devices!(" AND d.owner_id IS NULL"),
    };
    tx.fetch_all(sql, bind![account, after, limit]).await
}
