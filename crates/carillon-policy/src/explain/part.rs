//! What a statement wanted, and what the request had.

use serde::Serialize;

use super::consider::{Checked, Considered};
use super::written::Condition;
use crate::condition;
use crate::context::{Context, ContextValue};
use crate::decision::Request;
use crate::pattern::Variable;
use crate::syntax::Node;

/// Values shown of one part.
const MOST_VALUES: usize = 50;

/// Characters shown of one value.
const LONGEST_VALUE: usize = 512;

/// Which part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Element {
    Principal,
    NotPrincipal,
    Action,
    NotAction,
    Resource,
    NotResource,
    Condition,
}

/// One part of a statement beside the request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    pub element: Element,
    /// Of a condition, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Of a condition, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the statement says, as written; at most 50 values.
    pub wanted: Vec<String>,
    /// The same with the values of variables in their places, if there are any. In patterns, a star or question
    /// mark that a value brought along is written `${*}` or `${?}`. A variable without a value stays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<String>,
    /// What the request has; nothing for a key it does not have.
    pub actual: Option<Actual>,
    pub matched: bool,
}

/// A value of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Actual {
    One(String),
    Many(Vec<String>),
}

impl From<&ContextValue<'_>> for Actual {
    fn from(value: &ContextValue<'_>) -> Actual {
        match value {
            ContextValue::One(value) => Actual::One(shortened(value)),
            ContextValue::Many(values) => Actual::Many(
                values
                    .iter()
                    .take(MOST_VALUES)
                    .map(|value| shortened(value))
                    .collect(),
            ),
        }
    }
}

/// No more of a text than people read.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The parts of a statement in the order in which they are checked.
pub(super) fn parts(request: &Request<'_>, policy: &Considered<'_>, checked: &Checked<'_>) -> Vec<Part> {
    let view = View {
        request,
        variables: policy.text.variables,
        node: checked.node(),
    };
    let mut parts = Vec::new();
    if let Some(way) = checked.principal {
        let caller = request.principal.arn().map(|arn| Actual::One(shortened(&arn)));
        let either = (Element::Principal, Element::NotPrincipal);
        parts.extend(view.part("Principal", either, caller, way.is_some()));
    }
    let actual = |text: &str| Some(Actual::One(shortened(text)));
    let action = actual(request.actions.first().copied().unwrap_or_default());
    parts.extend(view.part(
        "Action",
        (Element::Action, Element::NotAction),
        action,
        checked.action,
    ));
    let resource = actual(request.resource);
    let either = (Element::Resource, Element::NotResource);
    parts.extend(view.part("Resource", either, resource, checked.resource));
    parts.extend(
        checked
            .conditions()
            .map(|(condition, holds)| view.condition(condition, holds)),
    );
    parts
}

struct View<'a> {
    request: &'a Request<'a>,
    variables: bool,
    node: Option<&'a Node>,
}

impl View<'_> {
    /// A part that stands under `name` or under `Not` and the name. Without either, it is shown only if its absence
    /// is what keeps the statement from applying.
    fn part(
        &self,
        name: &str,
        (positive, negative): (Element, Element),
        actual: Option<Actual>,
        matched: bool,
    ) -> Option<Part> {
        let member = |name: &str| self.node.and_then(|node| node.get(name));
        let (element, node) = match (member(name), member(&format!("Not{name}"))) {
            (Some(node), _) => (positive, Some(node)),
            (None, Some(node)) => (negative, Some(node)),
            (None, None) if matched => return None,
            (None, None) => (positive, None),
        };
        let texts: Vec<String> = node.map(values).unwrap_or_default();
        let resolvable = name == "Resource";
        Some(Part {
            element,
            operator: None,
            key: None,
            resolved: if resolvable {
                self.resolved(&texts, true)
            } else {
                Vec::new()
            },
            wanted: texts.iter().map(|text| shortened(text)).collect(),
            actual,
            matched,
        })
    }

    fn condition(&self, condition: &Condition, holds: bool) -> Part {
        let texts = values(&condition.values);
        let value = self.request.context.get(&condition.key.to_lowercase());
        let patterns = condition::compares_patterns(&condition.operator);
        let resolved = match condition::resolves_variables(&condition.operator) {
            true => self.resolved(&texts, patterns),
            false => Vec::new(),
        };
        Part {
            element: Element::Condition,
            operator: Some(shortened(&condition.operator)),
            key: Some(shortened(&condition.key)),
            wanted: texts.iter().map(|text| shortened(text)).collect(),
            resolved,
            actual: value.as_ref().map(Actual::from),
            matched: holds,
        }
    }

    /// The texts with the values of variables in them; nothing if there are no variables.
    fn resolved(&self, texts: &[String], patterns: bool) -> Vec<String> {
        if !self.variables || !texts.iter().any(|text| text.contains("${")) {
            return Vec::new();
        }
        let context = self.request.context;
        texts
            .iter()
            .map(|text| shortened(&substituted(text, patterns, context)))
            .collect()
    }
}

/// The first values of an element, as texts. A principal element lists those of all its keys.
fn values(node: &Node) -> Vec<String> {
    let mut texts = Vec::new();
    for element in node.each() {
        match element.object() {
            Some(members) => {
                let names = members.iter().flat_map(|(_, names)| names.each());
                texts.extend(
                    names
                        .filter_map(Node::string)
                        .take(MOST_VALUES)
                        .map(ToOwned::to_owned),
                );
            }
            None => texts.extend(condition::scalar(element).map(|text| text.into_owned())),
        }
        if texts.len() >= MOST_VALUES {
            texts.truncate(MOST_VALUES);
            break;
        }
    }
    texts
}

/// A text with its variables replaced by their values. `patterns`: stars and question marks that a value brings along
/// are told from those of the policy.
pub(super) fn substituted(text: &str, patterns: bool, context: &dyn Context) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        result.push_str(before);
        let Some((body, after)) = from.split_once('}') else {
            // Without its end it is plain text.
            result.push_str("${");
            rest = from;
            continue;
        };
        match (body, Variable::read(body).value(context)) {
            ("*" | "?" | "$", _) if !patterns => result.push_str(body),
            ("*" | "?" | "$", _) | (_, None) => {
                result.push_str("${");
                result.push_str(body);
                result.push('}');
            }
            (_, Some(value)) if patterns => result.push_str(&escaped(&value)),
            (_, Some(value)) => result.push_str(&value),
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

/// A text as a pattern that matches only it, in a document of version 2012-10-17.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '*' => escaped.push_str("${*}"),
            '?' => escaped.push_str("${?}"),
            '$' => escaped.push_str("${$}"),
            _ => escaped.push(character),
        }
    }
    escaped
}
