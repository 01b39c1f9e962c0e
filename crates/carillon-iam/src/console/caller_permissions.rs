//! What the caller may do, all actions at once: the question that a console asks before it draws its buttons.

use carillon_aws::string_enum;
use carillon_operation::{Admission, Context, Fault, Operation, Read, Spec, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

string_enum! {
    /// How far an action is allowed to the caller, now and with its present session.
    pub(crate) enum CallerExtent {
        /// On all resources. A denial of a certain resource still counts.
        Allowed = "ALLOWED",
        /// Perhaps: on some resources, or under other conditions.
        Sometimes = "SOMETIMES",
        Denied = "DENIED",
    }
}

/// An action of the server.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallerPermission {
    /// `chime:ListUsers`
    action: String,
    /// The operation that it allows: `ListUsers`.
    operation: String,
    access_level: String,
    /// Whether this server carries the operation out.
    available: bool,
    extent: CallerExtent,
}

/// Tells the caller how far each action of the server is allowed to it. Needs no permission, as it tells nothing that
/// trying would not. An operation of this server's own, in the Access Analyzer's style.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListCallerPermissions {}

/// Every action, in the order of the reference.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListCallerPermissionsOutput {
    principal: String,
    permissions: Vec<CallerPermission>,
}

impl Operation for ListCallerPermissions {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:ListCallerPermissions",
        "POST /access/caller-permissions",
    )
    .admission(Admission::Authenticated);

    type Access = Read;
    type Output = ListCallerPermissionsOutput;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListCallerPermissionsOutput, Fault> {
        let anywhere = Target::any();
        let entries = cx
            .environment
            .registry
            .services()
            .iter()
            .flat_map(|service| &service.entries);
        let permissions = entries
            .map(|entry| CallerPermission {
                action: entry.spec.action.to_owned(),
                operation: entry.name.to_owned(),
                access_level: entry.level.name().to_owned(),
                available: entry.operation.is_built(),
                extent: if entry.spec.admission != Admission::Policy || cx.may(&entry.spellings, &anywhere) {
                    CallerExtent::Allowed
                } else if cx.may_somewhere(&entry.spellings) {
                    CallerExtent::Sometimes
                } else {
                    CallerExtent::Denied
                },
            })
            .collect();
        Ok(ListCallerPermissionsOutput {
            principal: cx.caller.arn.clone(),
            permissions,
        })
    }
}
