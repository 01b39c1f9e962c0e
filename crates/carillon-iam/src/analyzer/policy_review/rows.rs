//! The AWS account's own policies, the managed ones and those of groups, roles and users.

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, bind};

use crate::entity::EntityKind;

/// A policy, as it counts.
#[derive(Debug)]
pub(super) struct Custom {
    pub name: String,
    /// Of a managed policy.
    pub arn: Option<String>,
    /// The group, role or user that has it, of an inline policy.
    pub holder: Option<String>,
    pub document: String,
    /// When this text was written.
    pub edited_at: Timestamp,
    /// Where it stands in the list.
    pub key: [String; 3],
}

/// A row: key, path and name of what has its place, name of the inline policy, text and its time.
struct Found {
    name_key: String,
    path: String,
    name: String,
    inline_name: String,
    document: String,
    edited_at: Timestamp,
}

impl FromRow for Found {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            name_key: row.get(0)?,
            path: row.get(1)?,
            name: row.get(2)?,
            inline_name: row.get(3)?,
            document: row.get(4)?,
            edited_at: row.get(5)?,
        })
    }
}

/// Where policies are: its name in keys, whose inline policies they are, and how they are read.
type Shelf = (&'static str, Option<EntityKind>, &'static str);

macro_rules! inline {
    ($table:literal, $id:literal, $name:literal) => {
        concat!(
            "SELECT holder.name_key, holder.path, holder.",
            $name,
            ", policy.policy_name, policy.document, policy.updated_at
               FROM ",
            $table,
            " holder
               JOIN iam_inline_policy policy ON policy.entity_id = holder.",
            $id,
            "
              WHERE holder.aws_account_id = $1 AND policy.updated_at < $2
                AND holder.name_key >= $3 AND (holder.name_key > $3 OR policy.policy_name > $4)
              ORDER BY holder.name_key, policy.policy_name
              LIMIT $5"
        )
    };
}

/// In the order of their names.
static SHELVES: [Shelf; 4] = [
    (
        "group",
        Some(EntityKind::Group),
        inline!("iam_group", "group_id", "group_name"),
    ),
    (
        "managed",
        None,
        "SELECT policy.name_key, policy.path, policy.policy_name, '', version.document, version.created_at
           FROM iam_policy policy
           JOIN iam_policy_version version
             ON version.policy_id = policy.policy_id AND version.version = policy.default_version
          WHERE policy.aws_account_id = $1 AND version.created_at < $2
            AND policy.name_key >= $3 AND (policy.name_key > $3 OR '' > $4)
          ORDER BY policy.name_key
          LIMIT $5",
    ),
    (
        "role",
        Some(EntityKind::Role),
        inline!("iam_role", "role_id", "role_name"),
    ),
    (
        "user",
        Some(EntityKind::User),
        inline!("iam_user", "user_id", "user_name"),
    ),
];

/// The policies whose text is older than a time, after the place of the page before.
pub(super) async fn list_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    before: Timestamp,
    after: &[String; 3],
    limit: i64,
) -> Result<Vec<Custom>, StoreError> {
    let [after_shelf, after_key, after_name] = after;
    let mut policies: Vec<Custom> = Vec::new();
    for (shelf, kind, sql) in &SHELVES {
        let (key, name) = match (*shelf).cmp(after_shelf.as_str()) {
            std::cmp::Ordering::Less => continue,
            std::cmp::Ordering::Equal => (after_key.as_str(), after_name.as_str()),
            std::cmp::Ordering::Greater => ("", ""),
        };
        let room = limit.saturating_sub(i64::try_from(policies.len()).unwrap_or(limit));
        if room == 0 {
            break;
        }
        let found: Vec<Found> = tx.fetch_all(sql, bind![account, before, key, name, room]).await?;
        policies.extend(found.into_iter().map(|found| found.on(shelf, *kind, account)));
    }
    Ok(policies)
}

impl Found {
    fn on(self, shelf: &str, kind: Option<EntityKind>, account: AwsAccountId) -> Custom {
        let key = [shelf.to_owned(), self.name_key, self.inline_name.clone()];
        let (name, arn, holder) = match kind {
            None => {
                let arn = arn::policy(account, &self.path, &self.name);
                (self.name, Some(arn), None)
            }
            Some(kind) => {
                let holder = kind.arn(account, &self.path, &self.name);
                (self.inline_name, None, Some(holder))
            }
        };
        Custom {
            name,
            arn,
            holder,
            document: self.document,
            edited_at: self.edited_at,
            key,
        }
    }
}
