//! What callers may ask of users: making, finding, renaming and removing them.

use carillon_aws::arn;
use carillon_aws::id::{IdPrefix, unique_id};
use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{USERS, User, UserRow, rows, subject_target};
use crate::account::raise_revision;
use crate::boundary::{self, AttachedPermissionsBoundary};
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Arn, ExistingUserName, Marker, Path, PathPrefix, UserName};
use crate::page::{self, MaxItems};
use crate::tag::{self, Tag};

/// Creates an IAM user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateUser {
    user_name: UserName,
    path: Option<Path>,
    permissions_boundary: Option<Arn>,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The answer of operations about one user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserOutput {
    user: User,
}

impl Operation for CreateUser {
    const SPEC: Spec = Spec::named("iam:CreateUser");

    type Access = Write;
    type Output = UserOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let arn = arn::user(caller.aws_account_id, self.path(), self.user_name.as_str());
        let mut target = Target::on(arn).filed_under("AWS::IAM::User", self.user_name.as_str());
        tag::made_with(&mut target, &self.tags);
        if let Some(boundary) = &self.permissions_boundary {
            target.keys.push((boundary::KEY, boundary.to_string()));
        }
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = cx.aws_account_id();
        tag::check(&self.tags)?;
        if let Some(boundary) = &self.permissions_boundary {
            boundary::require(cx.tx, cx.environment, account, boundary.as_str()).await?;
        }
        require_free(cx.tx, account, self.user_name.as_str(), None).await?;
        if rows::count(cx.tx, account).await? >= USERS {
            return Err(Error::LimitExceeded {
                quota: "UsersPerAccount",
                limit: USERS,
            });
        }
        let user = UserRow {
            id: unique_id(IdPrefix::User, cx.entropy()),
            name: self.user_name.to_string(),
            path: self.path().to_owned(),
            permissions_boundary: self.permissions_boundary.as_ref().map(ToString::to_string),
            created_at: cx.now,
            password_last_used_at: None,
        };
        rows::insert(cx.tx, account, &user).await?;
        tag::put(cx.tx, &user.id, &self.tags).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        let mut shape = user.shape(account);
        shape.permissions_boundary = user.permissions_boundary.map(AttachedPermissionsBoundary::of);
        shape.tags = tag::shown(tag::pairs(&self.tags));
        Ok(UserOutput { user: shape })
    }
}

impl CreateUser {
    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", Path::as_str)
    }
}

/// Refuses a name that another user has, in any case. `own` is the identifier of the user that is renamed.
async fn require_free(
    tx: &mut ReadTx,
    account: carillon_aws::id::AwsAccountId,
    name: &str,
    own: Option<&str>,
) -> Result<(), Error> {
    match entity::find(tx, account, EntityKind::User, name).await? {
        Some(other) if own != Some(other.id.as_str()) => Err(Error::EntityAlreadyExists {
            kind: "User",
            name: name.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Retrieves an IAM user, or the caller if no name is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUser {
    user_name: Option<ExistingUserName>,
}

impl Operation for GetUser {
    const SPEC: Spec = Spec::named("iam:GetUser");

    type Access = Read;
    type Output = UserOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = cx.aws_account_id();
        let subject = super::subject(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let Some(name) = subject.name() else {
            return Ok(UserOutput {
                user: User::root(cx.tx, account).await?,
            });
        };
        let user = require(cx.tx, account, name).await?;
        let tags = tag::of(cx.tx, &user.id).await?;
        let mut shape = user.shape(account);
        shape.permissions_boundary = user.permissions_boundary.map(AttachedPermissionsBoundary::of);
        shape.tags = tag::shown(tags);
        Ok(UserOutput { user: shape })
    }
}

/// The user of this name, or `NoSuchEntity`.
pub(super) async fn require(
    tx: &mut ReadTx,
    account: carillon_aws::id::AwsAccountId,
    name: &str,
) -> Result<UserRow, Error> {
    rows::find(tx, account, name)
        .await?
        .ok_or_else(|| Error::NoSuchEntity {
            kind: "user",
            name: name.to_owned(),
        })
}

/// Lists IAM users by name, without their tags and permissions boundaries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListUsers {
    path_prefix: Option<PathPrefix>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// A page of users.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserList {
    users: Vec<User>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListUsers {
    const SPEC: Spec = Spec::named("iam:ListUsers");

    type Access = List;
    type Output = UserList;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        // The collection: the prefix in the place of a path, and no name.
        Ok(Target::on(arn::user(caller.aws_account_id, self.prefix(), "")))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserList, Error> {
        let account = cx.aws_account_id();
        let limit = page::limit(self.max_items);
        let [after] = page::after(cx, self.marker.as_ref(), &[self.prefix()])?;
        let users = rows::list_after(cx.tx, account, self.prefix(), &after, page::fetched(limit)).await?;
        let page = cx.page(users, limit, &[self.prefix()], |user| {
            vec![user.name.to_lowercase()]
        });
        Ok(UserList {
            users: page.items.iter().map(|user| user.shape(account)).collect(),
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

impl ListUsers {
    fn prefix(&self) -> &str {
        self.path_prefix.as_ref().map_or("/", PathPrefix::as_str)
    }
}

/// Renames an IAM user or moves it to another path. Its identifier stays, its ARN changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateUser {
    user_name: ExistingUserName,
    new_path: Option<Path>,
    new_user_name: Option<UserName>,
}

impl Operation for UpdateUser {
    const SPEC: Spec = Spec::named("iam:UpdateUser");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let account = caller.aws_account_id;
        let old = entity::find(tx, account, EntityKind::User, self.user_name.as_str()).await?;
        let mut target = entity::target(tx, account, EntityKind::User, self.user_name.as_str()).await?;
        let old_path = old.as_ref().map_or("/", |old| old.path.as_str());
        let old_name = old
            .as_ref()
            .map_or(self.user_name.as_str(), |old| old.name.as_str());
        // Whoever renames needs the right to both names: what it has and what it gets.
        target.also_on(arn::user(
            account,
            self.new_path.as_ref().map_or(old_path, Path::as_str),
            self.new_user_name.as_ref().map_or(old_name, UserName::as_str),
        ));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut user = require(cx.tx, account, self.user_name.as_str()).await?;
        if let Some(name) = &self.new_user_name {
            require_free(cx.tx, account, name.as_str(), Some(&user.id)).await?;
            user.name = name.to_string();
        }
        if let Some(path) = &self.new_path {
            user.path = path.to_string();
        }
        rows::rename(cx.tx, &user).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Deletes an IAM user that has nothing left.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteUser {
    user_name: ExistingUserName,
}

impl Operation for DeleteUser {
    const SPEC: Spec = Spec::named("iam:DeleteUser");

    type Access = Write;
    type Output = ();
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

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let user = require(cx.tx, account, self.user_name.as_str()).await?;
        if let Some(held) = rows::first_held(cx.tx, &user.id).await? {
            return Err(Error::DeleteConflict(held));
        }
        tag::remove_all(cx.tx, &user.id).await?;
        rows::delete(cx.tx, &user.id).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}
