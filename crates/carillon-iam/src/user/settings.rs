//! What callers may set on users that exist: the permissions boundary.

use carillon_operation::{Caller, Context, Fault, Operation, PermissionsManagement, Spec, Target};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operations::require;
use super::rows;
use crate::account::raise_revision;
use crate::boundary;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Arn, UserName};

async fn target(tx: &mut ReadTx, caller: &Caller, name: &str) -> Result<Target, Fault> {
    entity::target(tx, caller.aws_account_id, EntityKind::User, name).await
}

/// Bounds what an IAM user may be allowed to what a managed policy allows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutUserPermissionsBoundary {
    user_name: UserName,
    permissions_boundary: Arn,
}

impl Operation for PutUserPermissionsBoundary {
    const SPEC: Spec = Spec::named("iam:PutUserPermissionsBoundary");

    type Access = PermissionsManagement;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, self.user_name.as_str()).await?;
        target
            .keys
            .push((boundary::KEY, self.permissions_boundary.to_string()));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let user = entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        let arn = self.permissions_boundary.as_str();
        boundary::require(cx.tx, cx.environment, account, arn).await?;
        rows::set_boundary(cx.tx, &user.id, Some(arn)).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Removes the permissions boundary of an IAM user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteUserPermissionsBoundary {
    user_name: UserName,
}

impl Operation for DeleteUserPermissionsBoundary {
    const SPEC: Spec = Spec::named("iam:DeleteUserPermissionsBoundary");

    type Access = PermissionsManagement;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let name = self.user_name.as_str();
        entity::bounded_target(tx, caller.aws_account_id, EntityKind::User, name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let user = require(cx.tx, account, self.user_name.as_str()).await?;
        if user.permissions_boundary.is_none() {
            return Err(Error::NotFound(format!(
                "User {} does not have a permissions boundary.",
                user.name
            )));
        }
        rows::set_boundary(cx.tx, &user.id, None).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}
