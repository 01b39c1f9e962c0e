//! What callers may ask of groups and their members.

use carillon_aws::arn;
use carillon_aws::id::{AwsAccountId, IdPrefix, unique_id};
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GROUPS, GROUPS_PER_USER, GroupRow, GroupShape, rows};
use crate::account::raise_revision;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{ExistingUserName, GroupName, Marker, Path, PathPrefix};
use crate::page::{self, MaxItems};
use crate::user::User;

async fn target(tx: &mut ReadTx, caller: &Caller, name: &GroupName) -> Result<Target, Fault> {
    entity::target(tx, caller.aws_account_id, EntityKind::Group, name.as_str()).await
}

/// The group of this name, or `NoSuchEntity`.
async fn require(tx: &mut ReadTx, account: AwsAccountId, name: &GroupName) -> Result<GroupRow, Error> {
    rows::find(tx, account, name.as_str())
        .await?
        .ok_or_else(|| Error::NoSuchEntity {
            kind: "group",
            name: name.to_string(),
        })
}

/// Refuses a name that another group has, in any case. `own` is the identifier of the group that is renamed.
async fn require_free(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &GroupName,
    own: Option<&str>,
) -> Result<(), Error> {
    match rows::find(tx, account, name.as_str()).await? {
        Some(other) if own != Some(other.id.as_str()) => Err(Error::EntityAlreadyExists {
            kind: "Group",
            name: name.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Creates an IAM group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateGroup {
    group_name: GroupName,
    path: Option<Path>,
}

/// The answer of operations about one group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupOutput {
    group: GroupShape,
}

impl Operation for CreateGroup {
    const SPEC: Spec = Spec::named("iam:CreateGroup");

    type Access = Write;
    type Output = GroupOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let arn = arn::group(caller.aws_account_id, self.path(), self.group_name.as_str());
        Ok(Target::on(arn).filed_under("AWS::IAM::Group", self.group_name.as_str()))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GroupOutput, Error> {
        let account = cx.aws_account_id();
        require_free(cx.tx, account, &self.group_name, None).await?;
        if rows::count(cx.tx, account).await? >= GROUPS {
            return Err(Error::LimitExceeded {
                quota: "GroupsPerAccount",
                limit: GROUPS,
            });
        }
        let group = GroupRow {
            id: unique_id(IdPrefix::Group, cx.entropy()),
            name: self.group_name.to_string(),
            path: self.path().to_owned(),
            created_at: cx.now,
        };
        rows::insert(cx.tx, account, &group).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(GroupOutput {
            group: group.shape(account),
        })
    }
}

impl CreateGroup {
    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", Path::as_str)
    }
}

/// Retrieves an IAM group and a page of its members, by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetGroup {
    group_name: GroupName,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// A group and a page of its members.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupWithMembers {
    group: GroupShape,
    users: Vec<User>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for GetGroup {
    const SPEC: Spec = Spec::named("iam:GetGroup");

    type Access = Read;
    type Output = GroupWithMembers;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.group_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GroupWithMembers, Error> {
        let account = cx.aws_account_id();
        let group = require(cx.tx, account, &self.group_name).await?;
        let limit = page::limit(self.max_items);
        let [after] = page::after(cx, self.marker.as_ref(), &[&group.id])?;
        let users = rows::members_after(cx.tx, &group.id, &after, page::fetched(limit)).await?;
        let page = cx.page(users, limit, &[&group.id], |user| vec![user.name.to_lowercase()]);
        Ok(GroupWithMembers {
            group: group.shape(account),
            users: page.items.iter().map(|user| user.shape(account)).collect(),
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

/// Lists IAM groups by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListGroups {
    path_prefix: Option<PathPrefix>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// A page of groups.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupList {
    groups: Vec<GroupShape>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl GroupList {
    fn of(page: carillon_operation::Page<GroupRow>, account: AwsAccountId) -> Self {
        Self {
            groups: page.items.iter().map(|group| group.shape(account)).collect(),
            is_truncated: page.next.is_some(),
            marker: page.next,
        }
    }
}

impl Operation for ListGroups {
    const SPEC: Spec = Spec::named("iam:ListGroups");

    type Access = List;
    type Output = GroupList;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        // The collection: the prefix in the place of a path, and no name.
        Ok(Target::on(arn::group(caller.aws_account_id, self.prefix(), "")))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GroupList, Error> {
        let account = cx.aws_account_id();
        let limit = page::limit(self.max_items);
        let [after] = page::after(cx, self.marker.as_ref(), &[self.prefix()])?;
        let groups = rows::list_after(cx.tx, account, self.prefix(), &after, page::fetched(limit)).await?;
        let page = cx.page(groups, limit, &[self.prefix()], |group| {
            vec![group.name.to_lowercase()]
        });
        Ok(GroupList::of(page, account))
    }
}

impl ListGroups {
    fn prefix(&self) -> &str {
        self.path_prefix.as_ref().map_or("/", PathPrefix::as_str)
    }
}

/// Renames an IAM group or moves it to another path. Its identifier, members and policies stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateGroup {
    group_name: GroupName,
    new_path: Option<Path>,
    new_group_name: Option<GroupName>,
}

impl Operation for UpdateGroup {
    const SPEC: Spec = Spec::named("iam:UpdateGroup");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let account = caller.aws_account_id;
        let mut target = target(tx, caller, &self.group_name).await?;
        let old = rows::find(tx, account, self.group_name.as_str()).await?;
        let old_path = old.as_ref().map_or("/", |old| old.path.as_str());
        let old_name = old
            .as_ref()
            .map_or(self.group_name.as_str(), |old| old.name.as_str());
        // Whoever renames needs the right to both names: what it has and what it gets.
        target.also_on(arn::group(
            account,
            self.new_path.as_ref().map_or(old_path, Path::as_str),
            self.new_group_name.as_ref().map_or(old_name, GroupName::as_str),
        ));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut group = require(cx.tx, account, &self.group_name).await?;
        if let Some(name) = &self.new_group_name {
            require_free(cx.tx, account, name, Some(&group.id)).await?;
            group.name = name.to_string();
        }
        if let Some(path) = &self.new_path {
            group.path = path.to_string();
        }
        rows::rename(cx.tx, &group).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Deletes an IAM group that has neither members nor policies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteGroup {
    group_name: GroupName,
}

impl Operation for DeleteGroup {
    const SPEC: Spec = Spec::named("iam:DeleteGroup");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.group_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let group = require(cx.tx, account, &self.group_name).await?;
        if let Some(held) = rows::first_held(cx.tx, &group.id).await? {
            return Err(Error::DeleteConflict(held));
        }
        rows::delete(cx.tx, &group.id).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Adds an IAM user to a group. A user that is in it already stays in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddUserToGroup {
    group_name: GroupName,
    user_name: ExistingUserName,
}

impl Operation for AddUserToGroup {
    const SPEC: Spec = Spec::named("iam:AddUserToGroup");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.group_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let group = require(cx.tx, account, &self.group_name).await?;
        let user = entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        if rows::is_member(cx.tx, &group.id, &user.id).await? {
            return Ok(());
        }
        if rows::count_of_user(cx.tx, &user.id).await? >= GROUPS_PER_USER {
            return Err(Error::LimitExceeded {
                quota: "GroupsPerUser",
                limit: GROUPS_PER_USER,
            });
        }
        rows::add_member(cx.tx, &group.id, &user.id, cx.now).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Removes an IAM user from a group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemoveUserFromGroup {
    group_name: GroupName,
    user_name: ExistingUserName,
}

impl Operation for RemoveUserFromGroup {
    const SPEC: Spec = Spec::named("iam:RemoveUserFromGroup");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.group_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let group = require(cx.tx, account, &self.group_name).await?;
        let user = entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        if !rows::remove_member(cx.tx, &group.id, &user.id).await? {
            return Err(Error::NotFound(format!(
                "User {} is not in group {}.",
                user.name, group.name
            )));
        }
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Lists the groups of an IAM user by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListGroupsForUser {
    user_name: ExistingUserName,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

impl Operation for ListGroupsForUser {
    const SPEC: Spec = Spec::named("iam:ListGroupsForUser");

    type Access = List;
    type Output = GroupList;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        entity::target(
            tx,
            caller.aws_account_id,
            EntityKind::User,
            self.user_name.as_str(),
        )
        .await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GroupList, Error> {
        let account = cx.aws_account_id();
        let user = entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        let limit = page::limit(self.max_items);
        let [after] = page::after(cx, self.marker.as_ref(), &[&user.id])?;
        let groups = rows::of_user_after(cx.tx, &user.id, &after, page::fetched(limit)).await?;
        let page = cx.page(groups, limit, &[&user.id], |group| {
            vec![group.name.to_lowercase()]
        });
        Ok(GroupList::of(page, account))
    }
}
