//! What callers may ask of roles: making, finding and removing them.

use carillon_aws::arn;
use carillon_aws::id::{AwsAccountId, IdPrefix, unique_id};
use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service_linked;
use super::trust::{self, Names};
use super::{MAX_SESSION_DURATION, MaxSessionDuration, ROLES, Role, RoleDescription, RoleRow, rows};
use crate::account::raise_revision;
use crate::attachment;
use crate::boundary::{self, AttachedPermissionsBoundary};
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::inline_policy;
use crate::instance_profile;
use crate::name::{Arn, Marker, Path, PathPrefix, PolicyDocument, RoleName};
use crate::page::{self, MaxItems};
use crate::tag::{self, Tag};

/// Creates a role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateRole {
    path: Option<Path>,
    role_name: RoleName,
    assume_role_policy_document: PolicyDocument,
    description: Option<RoleDescription>,
    max_session_duration: Option<MaxSessionDuration>,
    permissions_boundary: Option<Arn>,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The answer of operations about one role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleOutput {
    pub(super) role: Role,
}

impl CreateRole {
    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", Path::as_str)
    }
}

impl Operation for CreateRole {
    const SPEC: Spec = Spec::named("iam:CreateRole");

    type Access = Write;
    type Output = RoleOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let arn = arn::role(caller.aws_account_id, self.path(), self.role_name.as_str());
        let mut target = Target::on(arn).filed_under("AWS::IAM::Role", self.role_name.as_str());
        target.request_tags = tag::pairs(&self.tags);
        target.tags.clone_from(&target.request_tags);
        target.tag_keys = self.tags.iter().map(|tag| tag.key.to_string()).collect();
        if let Some(boundary) = &self.permissions_boundary {
            target.keys.push((boundary::KEY, boundary.to_string()));
        }
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<RoleOutput, Error> {
        let account = cx.aws_account_id();
        let written = self.assume_role_policy_document.as_str();
        if service_linked::is_linked(self.path()) {
            return Err(Error::InvalidInput(
                "Roles with this path are made by CreateServiceLinkedRole only.".to_owned(),
            ));
        }
        tag::check(&self.tags)?;
        let trust_policy = trust::kept(cx.tx, account, written).await?;
        if let Some(boundary) = &self.permissions_boundary {
            boundary::require(cx.tx, cx.environment, account, boundary.as_str()).await?;
        }
        if rows::find(cx.tx, account, self.role_name.as_str())
            .await?
            .is_some()
        {
            return Err(Error::EntityAlreadyExists {
                kind: "Role",
                name: self.role_name.to_string(),
            });
        }
        require_room(cx.tx, account).await?;
        let role = RoleRow {
            id: unique_id(IdPrefix::Role, cx.entropy()),
            name: self.role_name.to_string(),
            path: self.path().to_owned(),
            trust_policy,
            description: self.description.as_ref().map(ToString::to_string),
            max_session_duration: self
                .max_session_duration
                .map_or(MAX_SESSION_DURATION, MaxSessionDuration::get),
            permissions_boundary: self.permissions_boundary.as_ref().map(ToString::to_string),
            created_at: cx.now,
            last_used_at: None,
        };
        rows::insert(cx.tx, account, &role).await?;
        tag::put(cx.tx, &role.id, &self.tags).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        let mut shape = role.shape(account, written);
        shape.permissions_boundary = role.permissions_boundary.map(AttachedPermissionsBoundary::of);
        shape.tags = tag::shown(tag::pairs(&self.tags));
        Ok(RoleOutput { role: shape })
    }
}

/// Refuses one role more than an AWS account may have.
pub(super) async fn require_room(tx: &mut ReadTx, account: AwsAccountId) -> Result<(), Error> {
    if rows::count(tx, account).await? >= ROLES {
        return Err(Error::LimitExceeded {
            quota: "RolesPerAccount",
            limit: ROLES,
        });
    }
    Ok(())
}

/// Returns a role with its trust policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetRole {
    role_name: RoleName,
}

impl Operation for GetRole {
    const SPEC: Spec = Spec::named("iam:GetRole");

    type Access = Read;
    type Output = RoleOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        entity::target(
            tx,
            caller.aws_account_id,
            EntityKind::Role,
            self.role_name.as_str(),
        )
        .await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<RoleOutput, Error> {
        let account = cx.aws_account_id();
        let role = super::require(cx.tx, account, &self.role_name).await?;
        let trust_policy = trust::shown(cx.tx, &role.trust_policy, &mut Names::default()).await?;
        let tags = tag::of(cx.tx, &role.id).await?;
        let mut shape = role.shape(account, &trust_policy);
        shape.role_last_used = Some(role.last_used());
        shape.permissions_boundary = role.permissions_boundary.map(AttachedPermissionsBoundary::of);
        shape.tags = tag::shown(tags);
        Ok(RoleOutput { role: shape })
    }
}

/// Lists roles by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListRoles {
    path_prefix: Option<PathPrefix>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// Roles.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Roles {
    roles: Vec<Role>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl ListRoles {
    fn path_prefix(&self) -> &str {
        self.path_prefix.as_ref().map_or("/", PathPrefix::as_str)
    }
}

impl Operation for ListRoles {
    const SPEC: Spec = Spec::named("iam:ListRoles");

    type Access = List;
    type Output = Roles;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        Ok(Target::on(arn::role(
            caller.aws_account_id,
            self.path_prefix(),
            "",
        )))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Roles, Error> {
        let account = cx.aws_account_id();
        let limit = page::limit(self.max_items);
        let filters = [self.path_prefix()];
        let [after] = page::after(cx, self.marker.as_ref(), &filters)?;
        let found =
            rows::list_after(cx.tx, account, &after, self.path_prefix(), page::fetched(limit)).await?;
        let page = cx.page(found, limit, &filters, |last| vec![last.name.to_lowercase()]);
        let mut roles = Vec::with_capacity(page.items.len());
        let mut names = Names::default();
        for role in page.items {
            let trust_policy = trust::shown(cx.tx, &role.trust_policy, &mut names).await?;
            roles.push(role.shape(account, &trust_policy));
        }
        Ok(Roles {
            roles,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

/// Deletes a role that has no policies. Its sessions end with it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteRole {
    role_name: RoleName,
}

impl Operation for DeleteRole {
    const SPEC: Spec = Spec::named("iam:DeleteRole");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        entity::target(
            tx,
            caller.aws_account_id,
            EntityKind::Role,
            self.role_name.as_str(),
        )
        .await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let role = super::require(cx.tx, account, &self.role_name).await?;
        service_linked::check_changeable(&role.path, &role.name)?;
        if !attachment::rows::list(cx.tx, &role.id).await?.is_empty() {
            return Err(Error::DeleteConflict(
                "Cannot delete entity, must detach all policies first.",
            ));
        }
        if !inline_policy::rows::list(cx.tx, &role.id).await?.is_empty() {
            return Err(Error::DeleteConflict(
                "Cannot delete entity, must delete policies first.",
            ));
        }
        if instance_profile::holds(cx.tx, &role.id).await? {
            return Err(Error::DeleteConflict(
                "Cannot delete entity, must remove roles from instance profile first.",
            ));
        }
        tag::remove_all(cx.tx, &role.id).await?;
        rows::delete(cx.tx, &role.id).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}
