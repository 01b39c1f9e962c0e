//! Instance profiles: containers through which machines are given a role. This server starts no machines, but keeps
//! what tools that manage roles expect to find.

pub(crate) mod operations;
pub(crate) mod rows;
pub(crate) mod settings;

use std::collections::HashMap;

use carillon_aws::arn::{self, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_aws::string_type;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Caller, Fault, Target};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::name;
use crate::role::Role;
use crate::role::trust::{self, Names};
use crate::tag::{self, TagShape};

/// Instance profiles in one AWS account.
pub(crate) const INSTANCE_PROFILES: usize = 1_000;

/// What the trail files events under.
const RESOURCE_TYPE: &str = "AWS::IAM::InstanceProfile";

string_type! {
    /// The name of an instance profile.
    pub InstanceProfileName, min: 1, max: 128, pattern: r"[\w+=,.@-]+", form: name::NAME, example: "web-servers"
}

/// An instance profile as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InstanceProfileRow {
    pub id: String,
    pub name: String,
    pub path: String,
    pub role_id: Option<String>,
    pub created_at: Timestamp,
}

impl InstanceProfileRow {
    fn arn(&self, account: AwsAccountId) -> String {
        arn(account, &self.path, &self.name)
    }

    /// The shape of the wire. List answers leave out tags.
    pub fn shape(&self, account: AwsAccountId, roles: Vec<Role>) -> InstanceProfile {
        InstanceProfile {
            path: self.path.clone(),
            instance_profile_name: self.name.clone(),
            instance_profile_id: self.id.clone(),
            arn: self.arn(account),
            create_date: IsoSeconds(self.created_at),
            roles,
            tags: None,
        }
    }
}

fn arn(account: AwsAccountId, path: &str, name: &str) -> String {
    arn::iam(IamKind::InstanceProfile, account, path, name)
}

/// The instance profile of this name, in any case, or `NoSuchEntity`.
async fn require(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &InstanceProfileName,
) -> Result<InstanceProfileRow, Error> {
    rows::find(tx, account, name.as_str())
        .await?
        .ok_or_else(|| Error::NotFound(format!("Instance Profile {name} cannot be found.")))
}

/// What the policies are asked about: ARN and tags. One that does not exist is asked about as if it had the path `/`.
pub(crate) async fn target(
    tx: &mut ReadTx,
    caller: &Caller,
    name: &InstanceProfileName,
) -> Result<Target, Fault> {
    let account = caller.aws_account_id;
    let target = match rows::find(tx, account, name.as_str()).await? {
        None => Target::on(arn(account, "/", name.as_str())),
        Some(profile) => {
            let mut target = Target::on(profile.arn(account));
            target.tags = tag::of(tx, &profile.id).await?;
            target
        }
    };
    Ok(target.filed_under(RESOURCE_TYPE, name.as_str()))
}

/// The identifier that the tags of an instance profile are kept under.
pub(crate) async fn tagged(
    tx: &mut ReadTx,
    caller: &Caller,
    name: &InstanceProfileName,
) -> Result<String, Error> {
    Ok(require(tx, caller.aws_account_id, name).await?.id)
}

/// The shapes of instance profiles, each with its role.
pub(crate) async fn shapes(
    tx: &mut ReadTx,
    account: AwsAccountId,
    profiles: &[InstanceProfileRow],
) -> Result<Vec<InstanceProfile>, StoreError> {
    let mut names = Names::default();
    let mut shapes = Vec::with_capacity(profiles.len());
    let roles = match (profiles.first(), profiles.last()) {
        (Some(first), Some(last)) => rows::roles_between(tx, account, &first.name, &last.name).await?,
        _ => Vec::new(),
    };
    for profile in profiles {
        let role = roles
            .iter()
            .find(|role| profile.role_id.as_deref() == Some(&role.id));
        let held = match role {
            None => Vec::new(),
            Some(role) => {
                let trust_policy = trust::shown(tx, &role.trust_policy, &mut names).await?;
                vec![role.shape(account, &trust_policy)]
            }
        };
        shapes.push(profile.shape(account, held));
    }
    Ok(shapes)
}

/// The instance profiles that hold a role, for each role between two names in lower case, both included.
pub(crate) async fn of_roles_between(
    tx: &mut ReadTx,
    account: AwsAccountId,
    first: &str,
    last: &str,
) -> Result<HashMap<String, Vec<InstanceProfileRow>>, StoreError> {
    let mut by_role: HashMap<String, Vec<InstanceProfileRow>> = HashMap::new();
    for profile in rows::of_roles_between(tx, account, first, last).await? {
        if let Some(role_id) = profile.role_id.clone() {
            by_role.entry(role_id).or_default().push(profile);
        }
    }
    Ok(by_role)
}

/// Whether an instance profile holds the role.
pub(crate) async fn holds(tx: &mut ReadTx, role_id: &str) -> Result<bool, StoreError> {
    Ok(rows::count_of_role(tx, role_id).await? > 0)
}

/// An instance profile.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceProfile {
    path: String,
    instance_profile_name: String,
    instance_profile_id: String,
    arn: String,
    create_date: IsoSeconds,
    /// One at most.
    roles: Vec<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}
