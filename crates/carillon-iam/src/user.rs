//! IAM users.

pub(crate) mod operations;
pub(crate) mod rows;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{IsoSeconds, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::tag::Tag;

/// Users in one AWS account.
pub(crate) const USERS: usize = 5_000;

/// A user as IAM keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserRow {
    pub id: String,
    pub name: String,
    pub path: String,
    pub permissions_boundary: Option<String>,
    pub created_at: Timestamp,
    pub password_last_used_at: Option<Timestamp>,
}

impl UserRow {
    pub fn arn(&self, account: AwsAccountId) -> String {
        arn::user(account, &self.path, &self.name)
    }

    /// The shape of the wire. List answers leave out boundary and tags.
    pub fn shape(&self, account: AwsAccountId) -> User {
        User {
            path: self.path.clone(),
            user_name: self.name.clone(),
            user_id: self.id.clone(),
            arn: self.arn(account),
            create_date: IsoSeconds(self.created_at),
            password_last_used: self.password_last_used_at.map(IsoSeconds),
            permissions_boundary: None,
            tags: None,
        }
    }
}

/// An IAM user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct User {
    path: String,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_last_used: Option<IsoSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<AttachedPermissionsBoundary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

/// The policy that bounds what a user or role may be allowed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPermissionsBoundary {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: String,
}

impl AttachedPermissionsBoundary {
    pub fn of(arn: String) -> Self {
        Self {
            permissions_boundary_type: "Policy",
            permissions_boundary_arn: arn,
        }
    }
}
