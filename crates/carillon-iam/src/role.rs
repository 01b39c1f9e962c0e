//! Roles: identities that are assumed, by whom their trust policy names.

pub(crate) mod operations;
pub(crate) mod rows;
pub(crate) mod service_linked;
pub(crate) mod settings;
pub(crate) mod trust;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Ranged;
use carillon_aws::string_type;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::REGION;
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Serialize;

use crate::boundary::AttachedPermissionsBoundary;
use crate::document;
use crate::error::Error;
use crate::name::RoleName;
use crate::tag::TagShape;

/// Roles in one AWS account.
pub(crate) const ROLES: usize = 1_000;
/// The longest session of a role that says nothing else, in seconds.
pub(crate) const MAX_SESSION_DURATION: i64 = 3_600;

/// How long sessions of a role may last, in seconds.
pub(crate) type MaxSessionDuration = Ranged<3_600, 43_200>;

string_type! {
    /// What a role is for, in the words of its author.
    pub RoleDescription, max: 1000, pattern: r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
    example: "For those who answer the phone"
}

/// A role as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleRow {
    pub id: String,
    pub name: String,
    pub path: String,
    /// Users and roles are named by unique id in it; [`trust::shown`] makes it what people read.
    pub trust_policy: String,
    pub description: Option<String>,
    /// In seconds.
    pub max_session_duration: i64,
    pub permissions_boundary: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl RoleRow {
    pub fn arn(&self, account: AwsAccountId) -> String {
        arn::role(account, &self.path, &self.name)
    }

    /// The shape of the wire, with the trust policy as people read it. List answers leave out boundary, tags
    /// and last use.
    pub fn shape(&self, account: AwsAccountId, trust_policy: &str) -> Role {
        Role {
            path: self.path.clone(),
            role_name: self.name.clone(),
            role_id: self.id.clone(),
            arn: self.arn(account),
            create_date: IsoSeconds(self.created_at),
            assume_role_policy_document: document::encoded(trust_policy),
            description: self.description.clone(),
            max_session_duration: self.max_session_duration,
            permissions_boundary: None,
            tags: None,
            role_last_used: None,
        }
    }

    pub fn last_used(&self) -> RoleLastUsed {
        RoleLastUsed {
            last_used_date: self.last_used_at.map(IsoSeconds),
            region: self.last_used_at.map(|_| REGION),
        }
    }
}

/// The role of this name, in any case, or `NoSuchEntity`.
async fn require(tx: &mut ReadTx, account: AwsAccountId, name: &RoleName) -> Result<RoleRow, Error> {
    rows::find(tx, account, name.as_str())
        .await?
        .ok_or_else(|| Error::NoSuchEntity {
            kind: "role",
            name: name.to_string(),
        })
}

/// An IAM role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Role {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: IsoSeconds,
    /// URL-encoded.
    assume_role_policy_document: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    max_session_duration: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<AttachedPermissionsBoundary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_last_used: Option<RoleLastUsed>,
}

/// When and where a role was last assumed, to a quarter of an hour; empty if never.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleLastUsed {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_date: Option<IsoSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'static str>,
}
