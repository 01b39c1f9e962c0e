//! What callers may set on users that exist: tags and the permissions boundary.

use carillon_aws::shape::Listed;
use carillon_operation::{
    Caller, Context, Fault, List, Operation, PermissionsManagement, Spec, Tagging, Target,
};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operations::require;
use super::rows;
use crate::account::raise_revision;
use crate::boundary;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Arn, ExistingUserName, Marker, UserName};
use crate::page::MaxItems;
use crate::tag::{self, Tag, TagKey, TagPage};

/// Adds tags to an IAM user; a key that it has gets the new value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagUser {
    user_name: ExistingUserName,
    tags: Listed<Tag, 0, 50>,
}

impl Operation for TagUser {
    const SPEC: Spec = Spec::named("iam:TagUser");

    type Access = Tagging;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, self.user_name.as_str()).await?;
        target.request_tags = tag::pairs(&self.tags);
        target.tag_keys = self.tags.iter().map(|tag| tag.key.to_string()).collect();
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        tag::check(&self.tags)?;
        let user = entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        tag::put(cx.tx, &user.id, &self.tags).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

async fn target(tx: &mut ReadTx, caller: &Caller, name: &str) -> Result<Target, Fault> {
    entity::target(tx, caller.aws_account_id, EntityKind::User, name).await
}

/// Removes tags from an IAM user. Keys that it has not are no error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UntagUser {
    user_name: ExistingUserName,
    tag_keys: Listed<TagKey, 0, 50>,
}

impl Operation for UntagUser {
    const SPEC: Spec = Spec::named("iam:UntagUser");

    type Access = Tagging;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, self.user_name.as_str()).await?;
        target.tag_keys = self.tag_keys.iter().map(ToString::to_string).collect();
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let user = entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        tag::remove(cx.tx, &user.id, &self.tag_keys).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Lists the tags of an IAM user by key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListUserTags {
    user_name: ExistingUserName,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

impl Operation for ListUserTags {
    const SPEC: Spec = Spec::named("iam:ListUserTags");

    type Access = List;
    type Output = TagPage;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, self.user_name.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<TagPage, Error> {
        let account = cx.aws_account_id();
        let user = entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        let tags = tag::of(cx.tx, &user.id).await?;
        tag::page(cx, &user.id, tags, self.marker.as_ref(), self.max_items)
    }
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
