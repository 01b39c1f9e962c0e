//! What callers may ask of an instance profile that exists: its role.

use carillon_operation::{Caller, Context, Fault, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{InstanceProfileName, require, rows, target};
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::RoleName;

/// Whom roles in instance profiles are passed to. Source: IAM API Reference, `AddRoleToInstanceProfile`.
const PASSED_TO: &str = "ec2.amazonaws.com";

/// Puts a role into an instance profile that has none. Needs the right to pass the role, too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddRoleToInstanceProfile {
    instance_profile_name: InstanceProfileName,
    role_name: RoleName,
}

impl Operation for AddRoleToInstanceProfile {
    const SPEC: Spec = Spec::named("iam:AddRoleToInstanceProfile");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, &self.instance_profile_name).await?;
        let name = self.role_name.as_str();
        let account = caller.aws_account_id;
        let mut role = entity::target(tx, account, EntityKind::Role, name).await?;
        // The right to pass a role does not depend on its tags.
        role.tags.clear();
        role.keys.push(("iam:passedtoservice", PASSED_TO.to_owned()));
        let instances = format!("arn:aws:ec2:*:{account}:instance/*");
        role.keys.push(("iam:associatedresourcearn", instances));
        target.dependent.push((&["iam:PassRole"], role));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let profile = require(cx.tx, account, &self.instance_profile_name).await?;
        let name = self.role_name.as_str();
        let role = entity::require_changeable(cx.tx, account, EntityKind::Role, name).await?;
        if profile.role_id.is_some() {
            return Err(Error::LimitExceeded {
                quota: "InstanceSessionsPerInstanceProfile",
                limit: 1,
            });
        }
        rows::set_role(cx.tx, &profile.id, Some(&role.id)).await?;
        Ok(())
    }
}

/// Takes the role out of an instance profile.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemoveRoleFromInstanceProfile {
    instance_profile_name: InstanceProfileName,
    role_name: RoleName,
}

impl Operation for RemoveRoleFromInstanceProfile {
    const SPEC: Spec = Spec::named("iam:RemoveRoleFromInstanceProfile");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.instance_profile_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let profile = require(cx.tx, account, &self.instance_profile_name).await?;
        let role = entity::require(cx.tx, account, EntityKind::Role, self.role_name.as_str()).await?;
        if profile.role_id.as_ref() != Some(&role.id) {
            return Err(Error::NoSuchEntity {
                kind: "role",
                name: self.role_name.to_string(),
            });
        }
        rows::set_role(cx.tx, &profile.id, None).await?;
        Ok(())
    }
}
