//! What callers may ask of permissions boundaries. Users and roles differ in a name only, so one macro writes the
//! operations of each kind.

use carillon_operation::{Caller, Context, Fault, Operation, PermissionsManagement, Spec, Target};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::raise_revision;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Arn, RoleName, UserName};

macro_rules! operations {
    ($kind:expr, $noun:literal, $name:ident: $Name:ty, $Put:ident, $Delete:ident) => {
        #[doc = concat!("Bounds what ", $noun, " may be allowed to what a managed policy allows.")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Put {
            $name: $Name,
            permissions_boundary: Arn,
        }

        impl Operation for $Put {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($Put)));

            type Access = PermissionsManagement;
            type Output = ();
            type Error = Error;

            async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
                let name = self.$name.as_str();
                let mut target = entity::target(tx, caller.aws_account_id, $kind, name).await?;
                target
                    .keys
                    .push((super::KEY, self.permissions_boundary.to_string()));
                Ok(target)
            }

            async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
                let account = cx.aws_account_id();
                let entity = entity::require_changeable(cx.tx, account, $kind, self.$name.as_str()).await?;
                let arn = self.permissions_boundary.as_str();
                super::require(cx.tx, cx.environment, account, arn).await?;
                entity::set_boundary(cx.tx, $kind, &entity.id, Some(arn)).await?;
                raise_revision(cx.tx, account, cx.now).await?;
                Ok(())
            }
        }

        #[doc = concat!("Removes the permissions boundary of ", $noun, ".")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Delete {
            $name: $Name,
        }

        impl Operation for $Delete {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($Delete)));

            type Access = PermissionsManagement;
            type Output = ();
            type Error = Error;

            async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
                let name = self.$name.as_str();
                entity::bounded_target(tx, caller.aws_account_id, $kind, name).await
            }

            async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
                let account = cx.aws_account_id();
                let entity = entity::require_changeable(cx.tx, account, $kind, self.$name.as_str()).await?;
                if entity.permissions_boundary.is_none() {
                    return Err(super::not_there($kind, &entity.name));
                }
                entity::set_boundary(cx.tx, $kind, &entity.id, None).await?;
                raise_revision(cx.tx, account, cx.now).await?;
                Ok(())
            }
        }
    };
}

operations!(
    EntityKind::User, "an IAM user", user_name: UserName,
    PutUserPermissionsBoundary, DeleteUserPermissionsBoundary
);
operations!(
    EntityKind::Role, "a role", role_name: RoleName,
    PutRolePermissionsBoundary, DeleteRolePermissionsBoundary
);
