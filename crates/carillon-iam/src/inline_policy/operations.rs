//! What callers may ask of inline policies. Users, groups and roles differ in a name only, so one macro writes
//! the operations of each kind; what they do is in the module above.

use carillon_operation::{
    Caller, Context, Fault, List, Operation, PermissionsManagement, Read, Spec, Target,
};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PolicyNames;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{ExistingUserName, GroupName, Marker, PolicyDocument, PolicyName, RoleName};
use crate::page::MaxItems;

/// An operation on the entity whose name its input carries.
macro_rules! operation {
    ($kind:expr, $name:ident, $Operation:ident: $Access:ty => $Output:ty, |$self:ident, $cx:ident| $body:expr) => {
        impl Operation for $Operation {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($Operation)));

            type Access = $Access;
            type Output = $Output;
            type Error = Error;

            async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
                entity::bounded_target(tx, caller.aws_account_id, $kind, self.$name.as_str()).await
            }

            async fn handle(&$self, $cx: &mut Context<'_, Self>) -> Result<$Output, Error> {
                $body
            }
        }
    };
}

macro_rules! operations {
    ($kind:expr, $noun:literal, $name:ident: $Name:ty,
     $Put:ident, $Get:ident => $Output:ident, $List:ident, $Delete:ident) => {
        #[doc = concat!("Adds an inline policy to a ", $noun, ", or replaces the one of that name.")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Put {
            $name: $Name,
            policy_name: PolicyName,
            policy_document: PolicyDocument,
        }

        operation!($kind, $name, $Put: PermissionsManagement => (), |self, cx| {
            super::put(cx, $kind, self.$name.as_str(), &self.policy_name, &self.policy_document).await
        });

        #[doc = concat!("Returns an inline policy of a ", $noun, " with its document.")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Get {
            $name: $Name,
            policy_name: PolicyName,
        }

        #[doc = concat!("An inline policy of a ", $noun, "; its document is URL-encoded.")]
        #[derive(Debug, Serialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Output {
            $name: String,
            policy_name: String,
            policy_document: String,
        }

        operation!($kind, $name, $Get: Read => $Output, |self, cx| {
            let ($name, policy_document) =
                super::get(cx, $kind, self.$name.as_str(), &self.policy_name).await?;
            Ok($Output {
                $name,
                policy_name: self.policy_name.to_string(),
                policy_document,
            })
        });

        #[doc = concat!("Lists the names of the inline policies of a ", $noun, ".")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $List {
            $name: $Name,
            marker: Option<Marker>,
            max_items: Option<MaxItems>,
        }

        operation!($kind, $name, $List: List => PolicyNames, |self, cx| {
            super::list(cx, $kind, self.$name.as_str(), self.marker.as_ref(), self.max_items).await
        });

        #[doc = concat!("Deletes an inline policy of a ", $noun, ".")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Delete {
            $name: $Name,
            policy_name: PolicyName,
        }

        operation!($kind, $name, $Delete: PermissionsManagement => (), |self, cx| {
            super::delete(cx, $kind, self.$name.as_str(), &self.policy_name).await
        });
    };
}

operations!(
    EntityKind::User, "user", user_name: ExistingUserName,
    PutUserPolicy, GetUserPolicy => UserPolicy, ListUserPolicies, DeleteUserPolicy
);
operations!(
    EntityKind::Group, "group", group_name: GroupName,
    PutGroupPolicy, GetGroupPolicy => GroupPolicy, ListGroupPolicies, DeleteGroupPolicy
);
operations!(
    EntityKind::Role, "role", role_name: RoleName,
    PutRolePolicy, GetRolePolicy => RolePolicy, ListRolePolicies, DeleteRolePolicy
);
