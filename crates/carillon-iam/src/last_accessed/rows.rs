//! How last accesses are kept.

use std::collections::HashMap;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{Subject, SubjectKind};
use crate::entity::EntityKind;

/// Reports that are kept for one requester. Our choice: one can be tens of kilobytes.
const MOST_REPORTS: i64 = 10_000;

/// Upserts the last attempt of an action: principal, service, action, time. What is older than what is kept changes
/// nothing.
pub(crate) const RECORD_ACCESS: &str = "INSERT INTO iam_last_access (principal_id, service, action, last_at)
     VALUES ($1, $2, $3, $4)
     ON CONFLICT (principal_id, service, action) DO UPDATE SET last_at = excluded.last_at
      WHERE iam_last_access.last_at < excluded.last_at";

/// Users and roles that a subject gives permissions: itself, also when it is gone, the members of a group, or whoever
/// has a policy.
/// `$1` AWS account, `$2` identifier of the subject, `$3` ARN of a policy.
macro_rules! entities {
    () => {
        "SELECT user_id AS id FROM iam_user WHERE aws_account_id = $1 AND user_id = $2
          UNION SELECT role_id FROM iam_role WHERE aws_account_id = $1 AND role_id = $2
          UNION SELECT principal_id FROM iam_last_access WHERE principal_id = $2
          UNION SELECT user_id FROM iam_membership WHERE group_id = $2
          UNION SELECT entity_id FROM iam_attachment
                 WHERE aws_account_id = $1 AND policy_arn = $3 AND entity_kind <> 'group'
          UNION SELECT membership.user_id FROM iam_attachment attachment
                  JOIN iam_membership membership ON membership.group_id = attachment.entity_id
                 WHERE attachment.aws_account_id = $1 AND attachment.policy_arn = $3
                   AND attachment.entity_kind = 'group'"
    };
}

/// Path and name of a user or role by the identifier in `$id`.
macro_rules! names {
    ($id:literal) => {
        concat!(
            " LEFT JOIN iam_user AS u ON u.user_id = ",
            $id,
            " LEFT JOIN iam_role AS r ON r.role_id = ",
            $id
        )
    };
}

/// A user or role.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub id: String,
    pub is_role: bool,
    pub path: String,
    pub name: String,
}

impl Principal {
    pub fn arn(&self, account: AwsAccountId) -> String {
        if self.is_role {
            arn::role(account, &self.path, &self.name)
        } else {
            arn::user(account, &self.path, &self.name)
        }
    }

    /// Takes from the subject of a report what the tables do not have any more.
    pub fn recall(&mut self, subject: &Subject) {
        if self.name.is_empty() && self.id == subject.id() {
            let (name, path) = subject.name_and_path();
            (self.name, self.path) = (name.to_owned(), path.to_owned());
            self.is_role = matches!(subject.kind, SubjectKind::Entity(EntityKind::Role, _));
        }
    }

    /// Identifier, and path and name of the user and of the role, of which one is there.
    fn read(row: &Row<'_>, first: usize) -> Result<Self, StoreError> {
        let user: (Option<String>, Option<String>) = (row.get(first + 1)?, row.get(first + 2)?);
        let role: (Option<String>, Option<String>) = (row.get(first + 3)?, row.get(first + 4)?);
        let is_role = user.1.is_none();
        let (path, name) = if is_role { role } else { user };
        Ok(Self {
            id: row.get(first)?,
            is_role,
            path: path.unwrap_or_default(),
            name: name.unwrap_or_default(),
        })
    }
}

/// The last access of something: by whom, and by how many in all.
#[derive(Debug, Clone)]
pub(crate) struct LastAccess {
    pub at: Timestamp,
    pub by: Principal,
    pub principals: i64,
}

/// A last access under its service or action.
struct Keyed(String, LastAccess);

impl FromRow for Keyed {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let access = LastAccess {
            at: row.get(1)?,
            principals: row.get(2)?,
            by: Principal::read(row, 3)?,
        };
        Ok(Self(row.get(0)?, access))
    }
}

/// The last access of each service, or of each action: of whatever is in the column `$key`.
/// `$4` the time that is looked back to, the others as in [`entities!`].
macro_rules! last_accesses {
    ($key:literal) => {
        concat!(
            "SELECT last.",
            $key,
            ", last.last_at, last.principals, last.principal_id, u.path, u.user_name, r.path, r.role_name
               FROM (SELECT ",
            $key,
            ", principal_id, last_at, COUNT(*) OVER (PARTITION BY ",
            $key,
            ") AS principals, ROW_NUMBER() OVER (PARTITION BY ",
            $key,
            " ORDER BY last_at DESC, principal_id) AS place
                       FROM (SELECT ",
            $key,
            ", principal_id, MAX(last_at) AS last_at
                               FROM iam_last_access
                              WHERE principal_id IN (",
            entities!(),
            ") AND last_at >= $4
                              GROUP BY ",
            $key,
            ", principal_id) AS each_one) AS last",
            names!("last.principal_id"),
            " WHERE last.place = 1"
        )
    };
}

/// The last access of each service.
pub(crate) async fn by_service(
    tx: &mut ReadTx,
    account: AwsAccountId,
    subject: &Subject,
    since: Timestamp,
) -> Result<HashMap<String, LastAccess>, StoreError> {
    keyed(tx, last_accesses!("service"), account, subject, since).await
}

/// The last access of each action.
pub(crate) async fn by_action(
    tx: &mut ReadTx,
    account: AwsAccountId,
    subject: &Subject,
    since: Timestamp,
) -> Result<HashMap<String, LastAccess>, StoreError> {
    keyed(tx, last_accesses!("action"), account, subject, since).await
}

async fn keyed(
    tx: &mut ReadTx,
    last_accesses: &'static str,
    account: AwsAccountId,
    subject: &Subject,
    since: Timestamp,
) -> Result<HashMap<String, LastAccess>, StoreError> {
    let found: Vec<Keyed> = tx
        .fetch_all(
            last_accesses,
            bind![account, subject.id(), subject.policy_arn(), since],
        )
        .await?;
    Ok(found
        .into_iter()
        .map(|Keyed(key, access)| (key, access))
        .collect())
}

/// A user or role, and when it last accessed a service; 0 if never.
#[derive(Debug)]
pub(crate) struct Access {
    pub at: i64,
    pub by: Principal,
}

impl FromRow for Access {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            at: row.get(0)?,
            by: Principal::read(row, 1)?,
        })
    }
}

/// Everybody whom a subject gives permissions, the latest access first, after that time and identifier.
pub(crate) async fn entities_after(
    tx: &mut ReadTx,
    account: AwsAccountId,
    subject: &Subject,
    service: &str,
    since: Timestamp,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<Access>, StoreError> {
    tx.fetch_all(
        concat!(
            "SELECT last.last_at, last.id, u.path, u.user_name, r.path, r.role_name
               FROM (SELECT entity.id, COALESCE(MAX(access.last_at), 0) AS last_at
                       FROM (",
            entities!(),
            ") AS entity
                       LEFT JOIN iam_last_access AS access
                         ON access.principal_id = entity.id AND access.service = $4 AND access.last_at >= $5
                      GROUP BY entity.id) AS last",
            names!("last.id"),
            " WHERE last.last_at < $6 OR (last.last_at = $6 AND last.id > $7)
              ORDER BY last.last_at DESC, last.id LIMIT $8"
        ),
        bind![
            account,
            subject.id(),
            subject.policy_arn(),
            service,
            since,
            after.0,
            after.1,
            limit
        ],
    )
    .await
}

/// A report that was asked for.
#[derive(Debug)]
pub(crate) struct Report {
    pub arn: String,
    /// Of a user, group or role.
    pub subject_id: String,
    pub granularity: String,
    /// JSON.
    pub services: String,
    pub created_at: Timestamp,
}

impl FromRow for Report {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            arn: row.get(0)?,
            subject_id: row.get(1)?,
            granularity: row.get(2)?,
            services: row.get(3)?,
            created_at: row.get(4)?,
        })
    }
}

/// Who asks for a report.
pub(crate) struct Requester<'a> {
    pub account: AwsAccountId,
    pub id: &'a str,
}

/// Keeps a report, and forgets those of the AWS account that are older than `forgotten`, and all but the newest
/// [`MOST_REPORTS`] of the requester.
pub(crate) async fn insert(
    tx: &mut WriteTx,
    requester: &Requester<'_>,
    job_id: &str,
    report: &Report,
    forgotten: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_access_report WHERE aws_account_id = $1 AND created_at < $2",
        bind![requester.account, forgotten],
    )
    .await?;
    tx.execute(
        "DELETE FROM iam_access_report WHERE job_id IN
                (SELECT job_id FROM iam_access_report WHERE aws_account_id = $1 AND requested_by = $2
                  ORDER BY created_at DESC, job_id LIMIT $3 OFFSET $4)",
        bind![requester.account, requester.id, MOST_REPORTS, MOST_REPORTS - 1],
    )
    .await?;
    tx.execute(
        "INSERT INTO iam_access_report
                (job_id, aws_account_id, requested_by, arn, subject_id, granularity, services, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        bind![
            job_id,
            requester.account,
            requester.id,
            report.arn,
            report.subject_id,
            report.granularity,
            report.services,
            report.created_at
        ],
    )
    .await?;
    Ok(())
}

/// The report of this identifier, if it was made for whoever asks now.
pub(crate) async fn find(
    tx: &mut ReadTx,
    requester: &Requester<'_>,
    job_id: &str,
    since: Timestamp,
) -> Result<Option<Report>, StoreError> {
    tx.fetch_optional(
        "SELECT arn, subject_id, granularity, services, created_at FROM iam_access_report
          WHERE job_id = $1 AND aws_account_id = $2 AND requested_by = $3 AND created_at >= $4",
        bind![job_id, requester.account, requester.id, since],
    )
    .await
}
