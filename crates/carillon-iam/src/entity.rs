//! What users, groups and roles have in common: a name, a path, an identifier, and policies on them.

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_operation::{Fault, Target};
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use crate::boundary;
use crate::error::Error;
use crate::role::service_linked;
use crate::tag;

/// What policies can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntityKind {
    User,
    Group,
    Role,
}

impl EntityKind {
    /// In messages, and in the tables.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// What the trail files events under.
    const fn resource_type(self) -> &'static str {
        match self {
            Self::User => "AWS::IAM::User",
            Self::Group => "AWS::IAM::Group",
            Self::Role => "AWS::IAM::Role",
        }
    }

    pub fn arn(self, account: AwsAccountId, path: &str, name: &str) -> String {
        match self {
            Self::User => arn::user(account, path, name),
            Self::Group => arn::group(account, path, name),
            Self::Role => arn::role(account, path, name),
        }
    }

    pub fn no_such(self, name: &str) -> Error {
        Error::NoSuchEntity {
            kind: self.noun(),
            name: name.to_owned(),
        }
    }
}

/// A user, group or role, as far as they are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub id: String,
    pub name: String,
    pub path: String,
    /// Groups have none.
    pub permissions_boundary: Option<String>,
}

impl FromRow for Entity {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            permissions_boundary: row.get(3)?,
        })
    }
}

/// The entity of this name, in any case.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: EntityKind,
    name: &str,
) -> Result<Option<Entity>, StoreError> {
    let sql = match kind {
        EntityKind::User => {
            "SELECT user_id, user_name, path, permissions_boundary_arn
               FROM iam_user WHERE aws_account_id = $1 AND name_key = $2"
        }
        EntityKind::Group => {
            "SELECT group_id, group_name, path, CAST(NULL AS TEXT)
               FROM iam_group WHERE aws_account_id = $1 AND name_key = $2"
        }
        EntityKind::Role => {
            "SELECT role_id, role_name, path, permissions_boundary_arn
               FROM iam_role WHERE aws_account_id = $1 AND name_key = $2"
        }
    };
    tx.fetch_optional(sql, bind![account, name.to_lowercase()]).await
}

/// The entity of this name, or `NoSuchEntity`.
pub(crate) async fn require(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: EntityKind,
    name: &str,
) -> Result<Entity, Error> {
    find(tx, account, kind, name)
        .await?
        .ok_or_else(|| kind.no_such(name))
}

/// The entity of this name, to change what it may do: not the role of a service.
pub(crate) async fn require_changeable(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: EntityKind,
    name: &str,
) -> Result<Entity, Error> {
    let entity = require(tx, account, kind, name).await?;
    if kind == EntityKind::Role {
        service_linked::check_changeable(&entity.path, &entity.name)?;
    }
    Ok(entity)
}

/// Sets or removes the permissions boundary of a user or role.
pub(crate) async fn set_boundary(
    tx: &mut WriteTx,
    kind: EntityKind,
    id: &str,
    arn: Option<&str>,
) -> Result<(), StoreError> {
    let sql = match kind {
        EntityKind::User => "UPDATE iam_user SET permissions_boundary_arn = $1 WHERE user_id = $2",
        EntityKind::Role => "UPDATE iam_role SET permissions_boundary_arn = $1 WHERE role_id = $2",
        EntityKind::Group => return Ok(()),
    };
    tx.execute(sql, bind![arn, id]).await?;
    Ok(())
}

/// What the policies are asked about: the entity's ARN and tags. One that does not exist is asked about as if it
/// had the path `/`.
pub(crate) async fn target(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: EntityKind,
    name: &str,
) -> Result<Target, Fault> {
    let entity = find(tx, account, kind, name).await?;
    target_of(tx, account, kind, name, entity.as_ref()).await
}

/// As [`target`], with the permissions boundary as a condition key: for changes of what the entity may do, so
/// that somebody can be allowed to make them only where a boundary holds.
pub(crate) async fn bounded_target(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: EntityKind,
    name: &str,
) -> Result<Target, Fault> {
    let entity = find(tx, account, kind, name).await?;
    let mut target = target_of(tx, account, kind, name, entity.as_ref()).await?;
    if let Some(boundary) = entity.and_then(|entity| entity.permissions_boundary) {
        target.keys.push((boundary::KEY, boundary));
    }
    Ok(target)
}

async fn target_of(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: EntityKind,
    name: &str,
    entity: Option<&Entity>,
) -> Result<Target, Fault> {
    let target = match entity {
        None => Target::on(kind.arn(account, "/", name)),
        Some(entity) => {
            let mut target = Target::on(kind.arn(account, &entity.path, &entity.name));
            if kind != EntityKind::Group {
                target.tags = tag::of(tx, &entity.id).await?;
            }
            target
        }
    };
    Ok(target.filed_under(kind.resource_type(), name))
}
