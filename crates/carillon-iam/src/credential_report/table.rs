//! What the report says.

use std::collections::{HashMap, HashSet};

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, bind};

use crate::access_key::{KEYS_PER_USER, Status};
use crate::credential::signing_certificate::SIGNING_CERTIFICATES;
use crate::password_policy::{self, PasswordPolicy};

/// Source: IAM User Guide, "Understanding the report format".
const HEADER: [&str; 22] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];

/// What does not apply to somebody.
const NOT_APPLICABLE: &str = "N/A";
/// What was never recorded of somebody to whom it applies.
const NO_INFORMATION: &str = "no_information";
/// What root has in the place of a login profile.
const NOT_SUPPORTED: &str = "not_supported";

/// Everybody's credentials, as one snapshot has them. Each kind is read once for all.
pub(super) struct Table {
    account: AwsAccountId,
    root: Root,
    policy: PasswordPolicy,
    users: Vec<User>,
    /// The keys of each user and of root, the oldest first.
    keys: HashMap<String, Vec<Key>>,
    /// The signing certificates of each user and of root, the oldest first.
    certificates: HashMap<String, Vec<(Status, Timestamp)>>,
    /// Users, or root, who have a second factor.
    with_devices: HashSet<String>,
}

struct Root {
    user_id: String,
    created_at: Timestamp,
    password_last_used_at: Option<Timestamp>,
}

struct User {
    id: String,
    name: String,
    path: String,
    created_at: Timestamp,
    password_changed_at: Option<Timestamp>,
    password_last_used_at: Option<Timestamp>,
}

struct Key {
    owner_id: String,
    status: Status,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    region: Option<String>,
    service: Option<String>,
}

struct SigningCertificate {
    owner_id: String,
    status: Status,
    created_at: Timestamp,
}

impl FromRow for SigningCertificate {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            owner_id: row.get(0)?,
            status: row.parse(1)?,
            created_at: row.get(2)?,
        })
    }
}

impl FromRow for Root {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get(0)?,
            created_at: row.get(1)?,
            password_last_used_at: row.get(2)?,
        })
    }
}

impl FromRow for User {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            created_at: row.get(3)?,
            password_changed_at: row.get(4)?,
            password_last_used_at: row.get(5)?,
        })
    }
}

impl FromRow for Key {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            owner_id: row.get(0)?,
            status: row.parse(1)?,
            created_at: row.get(2)?,
            last_used_at: row.get(3)?,
            region: row.get(4)?,
            service: row.get(5)?,
        })
    }
}

impl Table {
    pub async fn read(tx: &mut ReadTx, account: AwsAccountId) -> Result<Self, StoreError> {
        let root: Option<Root> = tx
            .fetch_optional(
                "SELECT root_user_id, created_at, root_password_last_used_at
                   FROM aws_account WHERE aws_account_id = $1",
                bind![account],
            )
            .await?;
        let root = root.ok_or_else(|| StoreError::Corrupt {
            column: 0,
            expected: "an AWS account",
            found: "nothing".to_owned(),
        })?;
        let users = tx
            .fetch_all(
                "SELECT u.user_id, u.user_name, u.path, u.created_at, p.password_changed_at,
                        p.password_last_used_at
                   FROM iam_user u LEFT JOIN iam_login_profile p ON p.user_id = u.user_id
                  WHERE u.aws_account_id = $1
                  ORDER BY u.name_key",
                bind![account],
            )
            .await?;
        let found: Vec<Key> = tx
            .fetch_all(
                "SELECT k.user_id, k.status, k.created_at, x.last_used_at, x.region, x.service_name
                   FROM iam_access_key k LEFT JOIN iam_access_key_use x ON x.access_key_id = k.access_key_id
                  WHERE k.aws_account_id = $1
                  ORDER BY k.created_at, k.access_key_id",
                bind![account],
            )
            .await?;
        let mut keys: HashMap<String, Vec<Key>> = HashMap::new();
        for key in found {
            keys.entry(key.owner_id.clone()).or_default().push(key);
        }
        let found: Vec<SigningCertificate> = tx
            .fetch_all(
                "SELECT owner_id, status, created_at FROM iam_credential
                  WHERE aws_account_id = $1 AND kind = 'certificate'
                  ORDER BY created_at, credential_id",
                bind![account],
            )
            .await?;
        let mut certificates: HashMap<String, Vec<(Status, Timestamp)>> = HashMap::new();
        for found in found {
            let of_owner = certificates.entry(found.owner_id).or_default();
            of_owner.push((found.status, found.created_at));
        }
        let with_devices: Vec<(String,)> = tx
            .fetch_all(
                "SELECT DISTINCT owner_id FROM iam_mfa_device
                  WHERE aws_account_id = $1 AND owner_id IS NOT NULL",
                bind![account],
            )
            .await?;
        Ok(Self {
            account,
            root,
            policy: password_policy::rows::in_force(tx, account).await?,
            users,
            keys,
            certificates,
            with_devices: with_devices.into_iter().map(|(id,)| id).collect(),
        })
    }

    /// The report as CSV: a header, root, and the users by name.
    ///
    /// # Errors
    ///
    /// None that can happen: it is written into memory.
    pub fn write(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER)?;
        writer.write_record(self.root())?;
        for user in &self.users {
            writer.write_record(self.user(user))?;
        }
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn root(&self) -> Vec<String> {
        let mut row = vec![
            "<root_account>".to_owned(),
            arn::root(self.account),
            time(self.root.created_at),
            NOT_SUPPORTED.to_owned(),
            last_use(self.root.password_last_used_at),
            NOT_SUPPORTED.to_owned(),
            NOT_SUPPORTED.to_owned(),
        ];
        row.extend(self.beside_password(&self.root.user_id));
        row
    }

    fn user(&self, user: &User) -> Vec<String> {
        let not_applicable = || NOT_APPLICABLE.to_owned();
        let mut row = vec![
            user.name.clone(),
            arn::user(self.account, &user.path, &user.name),
            time(user.created_at),
        ];
        row.extend(match user.password_changed_at {
            None => [
                "false".to_owned(),
                not_applicable(),
                not_applicable(),
                not_applicable(),
            ],
            Some(changed_at) => [
                "true".to_owned(),
                last_use(user.password_last_used_at),
                time(changed_at),
                self.policy
                    .expires_at(changed_at)
                    .map_or_else(not_applicable, time),
            ],
        });
        row.extend(self.beside_password(&user.id));
        row
    }

    /// Second factor, access keys and signing certificates.
    fn beside_password(&self, owner_id: &str) -> Vec<String> {
        let mut row = vec![self.with_devices.contains(owner_id).to_string()];
        let keys = self.keys.get(owner_id).map_or(&[][..], Vec::as_slice);
        for number in 0..KEYS_PER_USER {
            row.extend(match keys.get(number) {
                None => [
                    "false",
                    NOT_APPLICABLE,
                    NOT_APPLICABLE,
                    NOT_APPLICABLE,
                    NOT_APPLICABLE,
                ]
                .map(str::to_owned),
                Some(key) => {
                    let or_not = |text: Option<String>| text.unwrap_or_else(|| NOT_APPLICABLE.to_owned());
                    [
                        (key.status == Status::Active).to_string(),
                        time(key.created_at),
                        or_not(key.last_used_at.map(time)),
                        or_not(key.region.clone()),
                        or_not(key.service.clone()),
                    ]
                }
            });
        }
        let certificates = self.certificates.get(owner_id).map_or(&[][..], Vec::as_slice);
        for number in 0..SIGNING_CERTIFICATES {
            row.extend(match certificates.get(number) {
                None => ["false", NOT_APPLICABLE].map(str::to_owned),
                Some((status, uploaded_at)) => [(*status == Status::Active).to_string(), time(*uploaded_at)],
            });
        }
        row
    }
}

/// When a password was last used, of somebody who has one.
fn last_use(at: Option<Timestamp>) -> String {
    at.map_or_else(|| NO_INFORMATION.to_owned(), time)
}

/// As the report writes times: `2026-03-01T12:00:00+00:00`.
fn time(at: Timestamp) -> String {
    let text = at.iso_seconds().to_string();
    format!("{}+00:00", text.trim_end_matches('Z'))
}
