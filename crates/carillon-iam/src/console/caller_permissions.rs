//! What the caller may do, all actions at once: the question that a console asks before it draws its buttons.

use carillon_aws::string_enum;
use carillon_operation::{Admission, Context, Fault, Operation, Read, Spec, Target};
use carillon_policy::validate::KeyKind;
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

string_enum! {
    /// What the values of a condition key are, which decides the operators that make sense for it.
    pub(crate) enum ConditionKeyKind {
        Text = "TEXT", Arn = "ARN", Bool = "BOOL", Number = "NUMBER", Date = "DATE", Address = "ADDRESS",
        Binary = "BINARY",
    }
}

impl From<KeyKind> for ConditionKeyKind {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Text => Self::Text,
            KeyKind::Arn => Self::Arn,
            KeyKind::Bool => Self::Bool,
            KeyKind::Number => Self::Number,
            KeyKind::Date => Self::Date,
            KeyKind::Address => Self::Address,
            KeyKind::Binary => Self::Binary,
        }
    }
}

/// A key that conditions of policies may name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConditionKey {
    /// `aws:SourceIp`; one that ends in `/` goes before the key of a tag.
    name: String,
    kind: ConditionKeyKind,
    /// Whether a request has several values of it at a time.
    multivalued: bool,
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
    /// What conditions can ask about, for those who write policies.
    condition_keys: Vec<ConditionKey>,
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
        let condition_keys = cx.environment.registry.catalogue().condition_keys();
        Ok(ListCallerPermissionsOutput {
            principal: cx.caller.arn.clone(),
            permissions,
            condition_keys: condition_keys
                .into_iter()
                .map(|key| ConditionKey {
                    name: key.name,
                    kind: key.kind.into(),
                    multivalued: key.multivalued,
                })
                .collect(),
        })
    }
}
