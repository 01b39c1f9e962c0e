//! How managed policies are kept.

use std::collections::HashMap;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{PolicyRow, VersionRow};
use crate::page::end_of;

impl FromRow for PolicyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            arn: row.get(1)?,
            name: row.get(2)?,
            path: row.get(3)?,
            description: row.get(4)?,
            default_version: row.get(5)?,
            last_version: row.get(6)?,
            created_at: row.get(7)?,
            updated_at: row.get(8)?,
            attachments: row.get(9)?,
            boundaries: row.get(10)?,
        })
    }
}

impl FromRow for VersionRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.get(0)?,
            document: row.get(1)?,
            created_at: row.get(2)?,
        })
    }
}

/// Policies with the number of their users.
macro_rules! policies {
    ($condition:literal) => {
        concat!(
            "SELECT p.policy_id, p.arn, p.policy_name, p.path, p.description, p.default_version, p.last_version,
                    p.created_at, p.updated_at,
                    (SELECT COUNT(*) FROM iam_attachment a
                      WHERE a.aws_account_id = p.aws_account_id AND a.policy_arn = p.arn) AS attachments,
                    (SELECT COUNT(*) FROM iam_user u WHERE u.permissions_boundary_arn = p.arn)
                    + (SELECT COUNT(*) FROM iam_role r WHERE r.permissions_boundary_arn = p.arn) AS boundaries,
                    p.name_key AS name_key
               FROM iam_policy p WHERE ",
            $condition
        )
    };
}

pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    arn: &str,
) -> Result<Option<PolicyRow>, StoreError> {
    tx.fetch_optional(
        policies!("p.aws_account_id = $1 AND p.arn = $2"),
        bind![account, arn],
    )
    .await
}

pub(crate) async fn find_id(
    tx: &mut ReadTx,
    account: AwsAccountId,
    arn: &str,
) -> Result<Option<String>, StoreError> {
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT policy_id FROM iam_policy WHERE aws_account_id = $1 AND arn = $2",
            bind![account, arn],
        )
        .await?;
    Ok(found.map(|(id,)| id))
}

pub(crate) async fn exists(tx: &mut ReadTx, account: AwsAccountId, arn: &str) -> Result<bool, StoreError> {
    Ok(find_id(tx, account, arn).await?.is_some())
}

/// Whether a policy has this name, in any case and with any path.
pub(crate) async fn name_is_taken(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
) -> Result<bool, StoreError> {
    let count = tx
        .fetch_count(
            "SELECT COUNT(*) FROM iam_policy WHERE aws_account_id = $1 AND name_key = $2",
            bind![account, name.to_lowercase()],
        )
        .await?;
    Ok(count > 0)
}

pub(crate) async fn count(tx: &mut ReadTx, account: AwsAccountId) -> Result<usize, StoreError> {
    tx.fetch_count(
        "SELECT COUNT(*) FROM iam_policy WHERE aws_account_id = $1",
        bind![account],
    )
    .await
}

/// What a list of policies is limited to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter<'a> {
    pub path_prefix: &'a str,
    /// How often a policy must be attached, how often it must be a boundary, and both together.
    pub attachments: i64,
    pub boundaries: i64,
    pub uses: i64,
}

/// The policies of an AWS account by name, after the name with this key.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    after: &str,
    filter: Filter<'_>,
    limit: i64,
) -> Result<Vec<PolicyRow>, StoreError> {
    tx.fetch_all(
        concat!(
            "SELECT q.policy_id, q.arn, q.policy_name, q.path, q.description, q.default_version, q.last_version,
                    q.created_at, q.updated_at, q.attachments, q.boundaries
               FROM (",
            policies!("p.aws_account_id = $1 AND p.name_key > $2 AND p.path >= $3 AND p.path < $4"),
            ") q
              WHERE q.attachments >= $5 AND q.boundaries >= $6 AND q.attachments + q.boundaries >= $7
              ORDER BY q.name_key LIMIT $8"
        ),
        bind![
            account,
            after,
            filter.path_prefix,
            end_of(filter.path_prefix),
            filter.attachments,
            filter.boundaries,
            filter.uses,
            limit
        ],
    )
    .await
}

/// How an AWS account uses AWS's policies, by ARN.
pub(crate) struct Usage {
    attachments: HashMap<String, i64>,
    boundaries: HashMap<String, i64>,
}

impl Usage {
    /// Fills the numbers of a row.
    pub fn count(&self, row: &mut PolicyRow) {
        let of = |counts: &HashMap<String, i64>| counts.get(&row.arn).copied().unwrap_or(0);
        (row.attachments, row.boundaries) = (of(&self.attachments), of(&self.boundaries));
    }
}

pub(crate) async fn usage_of_aws_managed(
    tx: &mut ReadTx,
    account: AwsAccountId,
) -> Result<Usage, StoreError> {
    // Every ARN of AWS's is in this range, which the indexes serve.
    let (start, end) = ("arn:aws:iam::aws:", "arn:aws:iam::aws;");
    let attachments: Vec<(String, i64)> = tx
        .fetch_all(
            "SELECT policy_arn, COUNT(*) FROM iam_attachment
              WHERE aws_account_id = $1 AND policy_arn >= $2 AND policy_arn < $3
              GROUP BY policy_arn",
            bind![account, start, end],
        )
        .await?;
    let mut boundaries: HashMap<String, i64> = HashMap::new();
    for sql in [
        "SELECT permissions_boundary_arn, COUNT(*) FROM iam_user
          WHERE aws_account_id = $1 AND permissions_boundary_arn >= $2 AND permissions_boundary_arn < $3
          GROUP BY permissions_boundary_arn",
        "SELECT permissions_boundary_arn, COUNT(*) FROM iam_role
          WHERE aws_account_id = $1 AND permissions_boundary_arn >= $2 AND permissions_boundary_arn < $3
          GROUP BY permissions_boundary_arn",
    ] {
        let counts: Vec<(String, i64)> = tx.fetch_all(sql, bind![account, start, end]).await?;
        for (arn, count) in counts {
            *boundaries.entry(arn).or_default() += count;
        }
    }
    Ok(Usage {
        attachments: attachments.into_iter().collect(),
        boundaries,
    })
}

pub(crate) async fn insert(
    tx: &mut WriteTx,
    account: AwsAccountId,
    policy: &PolicyRow,
    document: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_policy (policy_id, aws_account_id, arn, policy_name, name_key, path, description,
                                 default_version, last_version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        bind![
            policy.id,
            account,
            policy.arn,
            policy.name,
            policy.name.to_lowercase(),
            policy.path,
            policy.description,
            policy.default_version,
            policy.last_version,
            policy.created_at,
            policy.updated_at
        ],
    )
    .await?;
    let version = VersionRow {
        number: policy.default_version,
        document: document.to_owned(),
        created_at: policy.created_at,
    };
    insert_version(tx, &policy.id, &version).await
}

/// ARN and default version of the first policies by name.
pub(crate) async fn first_documents(
    tx: &mut ReadTx,
    account: AwsAccountId,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    tx.fetch_all(
        "SELECT policy.arn, version.document
           FROM iam_policy policy
           JOIN iam_policy_version version
             ON version.policy_id = policy.policy_id AND version.version = policy.default_version
          WHERE policy.aws_account_id = $1
          ORDER BY policy.name_key LIMIT $2",
        bind![account, limit],
    )
    .await
}

/// Removes a policy with its versions.
pub(crate) async fn delete(tx: &mut WriteTx, policy_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_policy_version WHERE policy_id = $1",
        bind![policy_id],
    )
    .await?;
    tx.execute("DELETE FROM iam_policy WHERE policy_id = $1", bind![policy_id])
        .await?;
    Ok(())
}

/// All versions, newest first; a quota bounds them.
pub(crate) async fn versions(tx: &mut ReadTx, policy_id: &str) -> Result<Vec<VersionRow>, StoreError> {
    tx.fetch_all(
        "SELECT version, document, created_at FROM iam_policy_version
          WHERE policy_id = $1 ORDER BY version DESC",
        bind![policy_id],
    )
    .await
}

/// All versions of the policies between two names in lower case, both included, by policy; the newest first.
pub(crate) async fn versions_between(
    tx: &mut ReadTx,
    account: AwsAccountId,
    first: &str,
    last: &str,
) -> Result<HashMap<String, Vec<VersionRow>>, StoreError> {
    let found: Vec<(String, i64, String, Timestamp)> = tx
        .fetch_all(
            "SELECT v.policy_id, v.version, v.document, v.created_at
               FROM iam_policy p JOIN iam_policy_version v ON v.policy_id = p.policy_id
              WHERE p.aws_account_id = $1 AND p.name_key >= $2 AND p.name_key <= $3
              ORDER BY v.version DESC",
            bind![account, first, last],
        )
        .await?;
    let mut versions: HashMap<String, Vec<VersionRow>> = HashMap::new();
    for (policy_id, number, document, created_at) in found {
        versions.entry(policy_id).or_default().push(VersionRow {
            number,
            document,
            created_at,
        });
    }
    Ok(versions)
}

pub(crate) async fn insert_version(
    tx: &mut WriteTx,
    policy_id: &str,
    version: &VersionRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_policy_version (policy_id, version, document, created_at) VALUES ($1, $2, $3, $4)",
        bind![policy_id, version.number, version.document, version.created_at],
    )
    .await?;
    Ok(())
}

/// Says which version is the last and which one counts.
pub(crate) async fn update_versions(
    tx: &mut WriteTx,
    policy_id: &str,
    default_version: i64,
    last_version: i64,
    updated_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_policy SET default_version = $1, last_version = $2, updated_at = $3 WHERE policy_id = $4",
        bind![default_version, last_version, updated_at, policy_id],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete_version(
    tx: &mut WriteTx,
    policy_id: &str,
    version: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_policy_version WHERE policy_id = $1 AND version = $2",
        bind![policy_id, version],
    )
    .await?;
    Ok(())
}

/// Which of the users of a policy a list is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holders<'a> {
    pub policy_arn: &'a str,
    pub path_prefix: &'a str,
    /// Those it is attached to.
    pub attached: bool,
    /// Those it bounds.
    pub bounded: bool,
}

/// Who holds a policy: unique id, name and key of the name.
pub(crate) type Holder = (String, String, String);

macro_rules! holders {
    ($table:literal, $id:literal, $name:literal, $bounded:literal) => {
        concat!(
            "SELECT e.",
            $id,
            ", e.",
            $name,
            ", e.name_key FROM ",
            $table,
            " e
              WHERE e.aws_account_id = $1 AND e.name_key > $2 AND e.path >= $3 AND e.path < $4
                AND (($5 AND EXISTS (SELECT 1 FROM iam_attachment a
                                      WHERE a.entity_id = e.",
            $id,
            " AND a.policy_arn = $6))
                     OR ($7 AND ",
            $bounded,
            "))
              ORDER BY e.name_key LIMIT $8"
        )
    };
}

/// The users, groups or roles that hold a policy by name, after the name with this key.
pub(crate) async fn holders_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: crate::entity::EntityKind,
    holders: Holders<'_>,
    after: &str,
    limit: i64,
) -> Result<Vec<Holder>, StoreError> {
    use crate::entity::EntityKind;
    let sql = match kind {
        EntityKind::User => holders!(
            "iam_user",
            "user_id",
            "user_name",
            "e.permissions_boundary_arn = $6"
        ),
        // A group has no boundary.
        EntityKind::Group => holders!("iam_group", "group_id", "group_name", "1 = 0"),
        EntityKind::Role => holders!(
            "iam_role",
            "role_id",
            "role_name",
            "e.permissions_boundary_arn = $6"
        ),
    };
    tx.fetch_all(
        sql,
        bind![
            account,
            after,
            holders.path_prefix,
            end_of(holders.path_prefix),
            holders.attached,
            holders.policy_arn,
            holders.bounded,
            limit
        ],
    )
    .await
}
