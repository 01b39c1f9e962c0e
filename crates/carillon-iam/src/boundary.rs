//! Permissions boundaries: managed policies that bound what a user or role may be allowed.

pub(crate) mod operations;

use carillon_aws::id::AwsAccountId;
use carillon_operation::Environment;
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Serialize;

use crate::entity::EntityKind;
use crate::error::Error;
use crate::policy;
use crate::role::service_linked;

/// The condition key of requests that set or remove a boundary.
pub(crate) const KEY: &str = "iam:permissionsboundary";

/// The policy that bounds what a user or role may be allowed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
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

/// The refusal to remove what is not there.
fn not_there(kind: EntityKind, name: &str) -> Error {
    let kind = match kind {
        EntityKind::User => "User",
        EntityKind::Group => "Group",
        EntityKind::Role => "Role",
    };
    Error::NotFound(format!("{kind} {name} does not have a permissions boundary."))
}

/// Refuses a boundary that is neither one of AWS's policies nor a policy of this AWS account.
pub(crate) async fn require(
    tx: &mut ReadTx,
    environment: &Environment,
    account: AwsAccountId,
    arn: &str,
) -> Result<(), Error> {
    service_linked::check_attachable(arn)?;
    if policy::exists(tx, environment, account, arn).await? {
        return Ok(());
    }
    Err(Error::NotFound(format!(
        "Scope ARN: {arn} does not exist or is not attachable."
    )))
}
