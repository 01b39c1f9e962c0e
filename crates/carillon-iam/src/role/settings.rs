//! What callers may ask of a role that exists: its trust policy and its description.

use carillon_operation::{Caller, Context, Fault, Operation, PermissionsManagement, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operations::RoleOutput;
use super::trust::{self, Names};
use super::{MaxSessionDuration, RoleDescription, rows, service_linked};
use crate::account::raise_revision;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{PolicyDocument, RoleName};

/// Changes description and longest session of a role. What is left out stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateRole {
    role_name: RoleName,
    description: Option<RoleDescription>,
    max_session_duration: Option<MaxSessionDuration>,
}

/// Says nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Updated {}

impl Operation for UpdateRole {
    const SPEC: Spec = Spec::named("iam:UpdateRole");

    type Access = Write;
    type Output = Updated;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.role_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Updated, Error> {
        let account = cx.aws_account_id();
        let mut role = super::require(cx.tx, account, &self.role_name).await?;
        if let Some(description) = &self.description {
            role.description = Some(description.to_string());
        }
        if let Some(duration) = self.max_session_duration {
            service_linked::check_changeable(&role.path, &role.name)?;
            role.max_session_duration = duration.get();
        }
        rows::update(cx.tx, &role).await?;
        Ok(Updated {})
    }
}

/// Changes the description of a role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateRoleDescription {
    role_name: RoleName,
    description: RoleDescription,
}

impl Operation for UpdateRoleDescription {
    const SPEC: Spec = Spec::named("iam:UpdateRoleDescription");

    type Access = Write;
    type Output = RoleOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.role_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<RoleOutput, Error> {
        let account = cx.aws_account_id();
        let mut role = super::require(cx.tx, account, &self.role_name).await?;
        role.description = Some(self.description.to_string());
        rows::update(cx.tx, &role).await?;
        let trust_policy = trust::shown(cx.tx, &role.trust_policy, &mut Names::default()).await?;
        Ok(RoleOutput {
            role: role.shape(account, &trust_policy),
        })
    }
}

/// Replaces the trust policy of a role. Sessions that exist go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateAssumeRolePolicy {
    role_name: RoleName,
    policy_document: PolicyDocument,
}

impl Operation for UpdateAssumeRolePolicy {
    const SPEC: Spec = Spec::named("iam:UpdateAssumeRolePolicy");

    type Access = PermissionsManagement;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.role_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut role = super::require(cx.tx, account, &self.role_name).await?;
        service_linked::check_changeable(&role.path, &role.name)?;
        role.trust_policy = trust::kept(cx.tx, account, self.policy_document.as_str()).await?;
        rows::update(cx.tx, &role).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

async fn target(tx: &mut ReadTx, caller: &Caller, name: &RoleName) -> Result<Target, Fault> {
    entity::target(tx, caller.aws_account_id, EntityKind::Role, name.as_str()).await
}
