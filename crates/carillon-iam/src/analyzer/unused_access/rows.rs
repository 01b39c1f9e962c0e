//! What was not used, as it is kept with each.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, bind};

use super::FindingType;
use crate::page::fetched;

/// Something that was not used.
pub(super) struct Unused {
    pub ty: FindingType,
    name_key: String,
    /// Empty, unless it is one.
    pub access_key_id: String,
    pub name: String,
    pub path: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Unused {
    /// Where it stands in the list.
    pub fn key(&self) -> [String; 3] {
        [
            self.ty.as_str().to_owned(),
            self.name_key.clone(),
            self.access_key_id.clone(),
        ]
    }
}

impl FromRow for Unused {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            ty: row.parse(0)?,
            name_key: row.get(1)?,
            access_key_id: row.get(2)?,
            name: row.get(3)?,
            path: row.get(4)?,
            created_at: row.get(5)?,
            last_used_at: row.get(6)?,
        })
    }
}

/// What was there and not used since a time, by type, name and key, after the place of the page before. Roles of
/// services are theirs to use. An empty type stands for all.
pub(super) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    since: Timestamp,
    ty: &str,
    after: &[String; 3],
    limit: usize,
) -> Result<Vec<Unused>, StoreError> {
    let [after_type, after_name, after_key] = after;
    tx.fetch_all(
        "SELECT type, name_key, access_key_id, name, path, created_at, last_used_at FROM (
           SELECT 'UnusedIAMRole' AS type, name_key, '' AS access_key_id, role_name AS name, path, created_at,
                  last_used_at
             FROM iam_role
            WHERE aws_account_id = $1 AND path NOT LIKE '/aws-service-role/%'
           UNION ALL
           SELECT 'UnusedIAMUserAccessKey', u.name_key, k.access_key_id, u.user_name, u.path, k.created_at,
                  x.last_used_at
             FROM iam_user u
             JOIN iam_access_key k ON k.user_id = u.user_id
             LEFT JOIN iam_access_key_use x ON x.access_key_id = k.access_key_id
            WHERE u.aws_account_id = $1 AND k.status = 'Active'
           UNION ALL
           SELECT 'UnusedIAMUserPassword', u.name_key, '', u.user_name, u.path, p.password_changed_at,
                  p.password_last_used_at
             FROM iam_user u
             JOIN iam_login_profile p ON p.user_id = u.user_id
            WHERE u.aws_account_id = $1
         ) found
          WHERE created_at < $2 AND (last_used_at IS NULL OR last_used_at < $2)
            AND ($3 = '' OR type = $3)
            AND (type, name_key, access_key_id) > ($4, $5, $6)
          ORDER BY type, name_key, access_key_id
          LIMIT $7",
        bind![
            account,
            since,
            ty,
            after_type,
            after_name,
            after_key,
            fetched(limit)
        ],
    )
    .await
}
