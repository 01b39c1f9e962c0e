//! What callers may ask of users.

use carillon_aws::arn;
use carillon_aws::id::{IdPrefix, unique_id};
use carillon_operation::{Caller, Context, Fault, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AttachedPermissionsBoundary, USERS, User, UserRow, rows};
use crate::account::raise_revision;
use crate::error::Error;
use crate::name::{Arn, Path, UserName};
use crate::tag::{self, Tag};

/// Creates an IAM user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateUser {
    user_name: UserName,
    path: Option<Path>,
    permissions_boundary: Option<Arn>,
    #[serde(default)]
    tags: Vec<Tag>,
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
        target.request_tags = tag::pairs(&self.tags);
        target.tag_keys = self.tags.iter().map(|tag| tag.key.to_string()).collect();
        if let Some(boundary) = &self.permissions_boundary {
            target
                .keys
                .push(("iam:permissionsboundary", boundary.to_string()));
        }
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = cx.aws_account_id();
        tag::check(&self.tags)?;
        if rows::find(cx.tx, account, self.user_name.as_str())
            .await?
            .is_some()
        {
            return Err(Error::EntityAlreadyExists {
                kind: "User",
                name: self.user_name.to_string(),
            });
        }
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
        raise_revision(cx.tx, account).await?;
        let mut shape = user.shape(account);
        shape.permissions_boundary = user.permissions_boundary.map(AttachedPermissionsBoundary::of);
        shape.tags = (!self.tags.is_empty()).then(|| self.tags.clone());
        Ok(UserOutput { user: shape })
    }
}

impl CreateUser {
    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", Path::as_str)
    }
}
