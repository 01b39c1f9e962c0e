//! What callers may ask of attachments. Users, groups and roles differ in a name only, so one macro writes the
//! operations of each kind; what they do is in the module above.

use carillon_operation::{Caller, Context, Fault, List, Operation, PermissionsManagement, Spec, Target};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AttachedPolicies;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Arn, ExistingUserName, GroupName, Marker, PolicyPath, RoleName};
use crate::page::MaxItems;

/// Attaching and detaching: both name an entity and a policy.
macro_rules! change {
    ($kind:expr, $name:ident: $Name:ty, $Operation:ident, $change:path, $doc:expr) => {
        #[doc = $doc]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Operation {
            $name: $Name,
            policy_arn: Arn,
        }

        impl Operation for $Operation {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($Operation)));

            type Access = PermissionsManagement;
            type Output = ();
            type Error = Error;

            async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
                let (name, arn) = (self.$name.as_str(), self.policy_arn.as_str());
                super::target(caller, tx, $kind, name, arn).await
            }

            async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
                $change(cx, $kind, self.$name.as_str(), self.policy_arn.as_str()).await
            }
        }
    };
}

macro_rules! operations {
    ($kind:expr, $noun:literal, $name:ident: $Name:ty, $Attach:ident, $Detach:ident, $List:ident) => {
        change!(
            $kind, $name: $Name, $Attach, super::attach,
            concat!("Attaches a managed policy to a ", $noun, ".")
        );
        change!(
            $kind, $name: $Name, $Detach, super::detach,
            concat!("Detaches a managed policy from a ", $noun, ".")
        );

        #[doc = concat!("Lists the managed policies on a ", $noun, " by name.")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $List {
            $name: $Name,
            path_prefix: Option<PolicyPath>,
            marker: Option<Marker>,
            max_items: Option<MaxItems>,
        }

        impl Operation for $List {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($List)));

            type Access = List;
            type Output = AttachedPolicies;
            type Error = Error;

            async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
                entity::target(tx, caller.aws_account_id, $kind, self.$name.as_str()).await
            }

            async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AttachedPolicies, Error> {
                let (prefix, marker) = (self.path_prefix.as_ref(), self.marker.as_ref());
                super::list(
                    cx,
                    $kind,
                    self.$name.as_str(),
                    prefix,
                    marker,
                    self.max_items,
                )
                .await
            }
        }
    };
}

operations!(
    EntityKind::User, "user", user_name: ExistingUserName,
    AttachUserPolicy, DetachUserPolicy, ListAttachedUserPolicies
);
operations!(
    EntityKind::Group, "group", group_name: GroupName,
    AttachGroupPolicy, DetachGroupPolicy, ListAttachedGroupPolicies
);
operations!(
    EntityKind::Role, "role", role_name: RoleName,
    AttachRolePolicy, DetachRolePolicy, ListAttachedRolePolicies
);
