//! What an encoded authorization message says.

use carillon_aws::string_type;
use carillon_operation::{Context, Fault, Operation, Read, Recorded, Spec, authorization_message};
use carillon_policy::explain::{Actual, Element, Explanation, Outcome, Part};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::analyzer::explain_request::Case;
use crate::error::Error;

string_type! {
    /// A message as the answer to a refused request has it.
    pub EncodedMessage, min: 1, max: 10240
}

/// Decodes the message that a refusal carries in its header `x-amzn-encoded-authorization-message`: who was refused
/// what, by an explicit deny or for want of an allow, and with which context.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DecodeAuthorizationMessage {
    encoded_message: EncodedMessage,
}

/// The message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DecodedMessage {
    /// JSON.
    decoded_message: String,
}

impl Operation for DecodeAuthorizationMessage {
    const SPEC: Spec = Spec::named("sts:DecodeAuthorizationMessage");

    // AWS says `Write`; but nothing is written.
    type Access = Read;
    type Output = DecodedMessage;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DecodedMessage, Error> {
        let account = cx.aws_account_id();
        let (vault, registry) = (&cx.environment.vault, &cx.environment.registry);
        let invalid = || {
            Fault::refused(
                400,
                "InvalidAuthorizationMessageException",
                "The authorization message is invalid, or what it is about is not kept any more.",
            )
        };
        let request_id = authorization_message::decode(vault, account, self.encoded_message.as_str())
            .ok_or_else(invalid)?;
        let recorded = Recorded::find(cx.tx, account, &request_id)
            .await?
            .ok_or_else(invalid)?;
        let case = Case::read(cx.tx, registry, &recorded)
            .await?
            .ok_or_else(invalid)?;
        let explanation = if case.shows_resource_to(cx).await? {
            case.explain(&[])
        } else {
            case.explain_caller(&[])
        };
        Ok(DecodedMessage {
            decoded_message: message(&explanation).to_string(),
        })
    }
}

/// The message in the form that AWS's have.
fn message(explanation: &Explanation) -> Value {
    let request = &explanation.request;
    let context = |key: &str| {
        let found = request.context.iter().find(|(name, _)| name == key);
        found.and_then(|(_, value)| match value {
            Actual::One(value) => Some(value.as_str()),
            Actual::Many(_) => None,
        })
    };
    let conditions = request.context.iter().map(|(key, value)| {
        let values = match value {
            Actual::One(value) => std::slice::from_ref(value),
            Actual::Many(values) => values,
        };
        json!({ "key": key, "values": items(values) })
    });
    json!({
        "allowed": explanation.decision == Outcome::Allowed,
        "explicitDeny": explanation.decision == Outcome::ExplicitlyDenied,
        "matchedStatements": { "items": matched(explanation) },
        "failures": { "items": [] },
        "context": {
            "principal": {
                "id": context("aws:userid"),
                "name": context("aws:username"),
                "arn": request.principal,
            },
            "action": request.action,
            "resource": request.resource,
            "conditions": { "items": conditions.collect::<Vec<_>>() },
        },
    })
}

fn items(values: &[String]) -> Value {
    let items: Vec<Value> = values.iter().map(|value| json!({ "value": value })).collect();
    json!({ "items": items })
}

/// The statements that decided.
fn matched(explanation: &Explanation) -> Vec<Value> {
    let statements = explanation.deciding.iter().filter_map(|pointer| {
        let policy = explanation.policies.get(pointer.policy)?;
        policy
            .statements
            .iter()
            .find(|statement| statement.index == pointer.index)
    });
    statements
        .map(|statement| {
            let of = |element: Element| {
                let part = statement.parts.iter().find(|part| part.element == element);
                items(part.map_or(&[], |part| &part.wanted))
            };
            let conditions = statement
                .parts
                .iter()
                .filter(|part| part.element == Element::Condition);
            json!({
                "statementId": statement.sid.as_deref().unwrap_or_default(),
                "effect": format!("{:?}", statement.effect).to_uppercase(),
                "principals": of(Element::Principal),
                "principalGroups": items(&[]),
                "actions": of(Element::Action),
                "resources": of(Element::Resource),
                "conditions": { "items": conditions.map(condition).collect::<Vec<_>>() },
            })
        })
        .collect()
}

fn condition(part: &Part) -> Value {
    json!({ "operator": part.operator, "key": part.key, "values": items(&part.wanted) })
}
