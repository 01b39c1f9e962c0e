//! What callers may ask of an instance profile that exists: its role and its tags.

use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, List, Operation, Spec, Tagging, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{InstanceProfileName, require, rows, target};
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Marker, RoleName};
use crate::page::MaxItems;
use crate::tag::{self, Tag, TagKey, TagPage};

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
        let role = entity::require(cx.tx, account, EntityKind::Role, self.role_name.as_str()).await?;
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

/// Adds tags to an instance profile.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagInstanceProfile {
    instance_profile_name: InstanceProfileName,
    tags: Listed<Tag, 0, 50>,
}

impl Operation for TagInstanceProfile {
    const SPEC: Spec = Spec::named("iam:TagInstanceProfile");

    type Access = Tagging;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, &self.instance_profile_name).await?;
        tag::given(&mut target, &self.tags);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        tag::check(&self.tags)?;
        let profile = require(cx.tx, cx.caller.aws_account_id, &self.instance_profile_name).await?;
        tag::put(cx.tx, &profile.id, &self.tags).await
    }
}

/// Removes tags from an instance profile.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UntagInstanceProfile {
    instance_profile_name: InstanceProfileName,
    tag_keys: Listed<TagKey, 0, 50>,
}

impl Operation for UntagInstanceProfile {
    const SPEC: Spec = Spec::named("iam:UntagInstanceProfile");

    type Access = Tagging;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, &self.instance_profile_name).await?;
        target.tag_keys = self.tag_keys.iter().map(ToString::to_string).collect();
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let profile = require(cx.tx, cx.caller.aws_account_id, &self.instance_profile_name).await?;
        tag::remove(cx.tx, &profile.id, &self.tag_keys).await?;
        Ok(())
    }
}

/// Lists the tags of an instance profile by key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListInstanceProfileTags {
    instance_profile_name: InstanceProfileName,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

impl Operation for ListInstanceProfileTags {
    const SPEC: Spec = Spec::named("iam:ListInstanceProfileTags");

    type Access = List;
    type Output = TagPage;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.instance_profile_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<TagPage, Error> {
        let profile = require(cx.tx, cx.caller.aws_account_id, &self.instance_profile_name).await?;
        let tags = tag::of(cx.tx, &profile.id).await?;
        tag::page(cx, &profile.id, tags, self.marker.as_ref(), self.max_items)
    }
}
