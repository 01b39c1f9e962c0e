//! Statements that almost applied, and what the request lacked for them.

use serde::Serialize;

use super::consider::{Checked, Considered};
use super::part::{Element, shortened, substituted};
use super::verdict::Verdict;
use super::written::{Condition, Keys};
use super::{MOST_KEYS, MOST_NEAR_MISSES, Outcome, Place, Pointer};
use crate::condition;
use crate::context::{Context, ContextValue};
use crate::decision::Request;
use crate::document::Effect;
use crate::syntax::Node;

/// A statement that fails by one part only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    pub statement: Pointer,
    /// The part that failed.
    pub element: Element,
    /// Of a condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What would have to be otherwise.
    pub sentence: String,
}

/// The closest statements that would have turned the decision: allows of a denial, denies of an allowed request.
/// A condition is closer than a resource, a resource than an action, an action than a caller.
pub(super) fn near_misses(
    request: &Request<'_>,
    considered: &[Considered<'_>],
    verdict: &Verdict,
) -> Vec<NearMiss> {
    let effect = match verdict.outcome {
        Outcome::Allowed => Effect::Deny,
        Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied => Effect::Allow,
    };
    let mut found = Vec::new();
    for (number, policy) in considered.iter().enumerate() {
        for (statement, checked) in policy.statements.iter().enumerate() {
            if checked.statement.effect() != effect || checked.failures() != 1 {
                continue;
            }
            let Some(rank) = rank(request, checked) else {
                continue;
            };
            found.push((
                rank,
                Place {
                    policy: number,
                    statement,
                },
            ));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.truncate(MOST_NEAR_MISSES);
    found
        .into_iter()
        .filter_map(|(_, place)| near_miss(request, considered, place))
        .collect()
}

/// How far a statement is from applying, less for closer; nothing for one that is about something else.
fn rank(request: &Request<'_>, checked: &Checked<'_>) -> Option<(u8, usize)> {
    let common = |left: &str, right: &str| {
        let pairs = left.bytes().zip(right.bytes());
        pairs
            .take_while(|(left, right)| left.eq_ignore_ascii_case(right))
            .count()
    };
    let closest = |element: &str, text: &str| {
        let node = checked.node().and_then(|node| node.get(element));
        let strings = node
            .map(Node::each)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::string);
        strings.map(|string| common(string, text)).max().unwrap_or(0)
    };
    if checked.failed_conditions().next().is_some() {
        return Some((0, 0));
    }
    if !checked.resource {
        return Some((1, usize::MAX - closest("Resource", request.resource)));
    }
    if !checked.action {
        let action = request.actions.first().copied().unwrap_or_default();
        let service = action.split_once(':').map_or(0, |(service, _)| service.len() + 1);
        let excluded = checked.node().is_some_and(|node| node.get("NotAction").is_some());
        // Statements about other services are no near misses.
        let close = closest("Action", action);
        return (excluded || (close >= service && service > 0)).then_some((2, usize::MAX - close));
    }
    Some((3, 0))
}

fn near_miss(request: &Request<'_>, considered: &[Considered<'_>], place: Place) -> Option<NearMiss> {
    let policy = considered.get(place.policy)?;
    let checked = policy.statements.get(place.statement)?;
    let pointer = place.pointer(considered);
    let label = &pointer.label;
    let written = |name: &str| checked.node().is_some_and(|node| node.get(name).is_some());
    let (element, key, sentence) = if let Some(condition) = checked.failed_conditions().next() {
        let sentence = match turn(request.context, policy.text.variables, condition, true) {
            Some(Turn::Value(value)) => {
                format!(
                    "{label} would apply if `{}` were `{}`",
                    condition.key,
                    shortened(&value)
                )
            }
            Some(Turn::Absent) => format!("{label} would apply if the request had no `{}`", condition.key),
            Some(Turn::Present) => format!(
                "{label} would apply if the request had the key `{}`",
                condition.key
            ),
            Some(Turn::Other) => format!("{label} would apply if `{}` had another value", condition.key),
            None => format!(
                "{label} would apply but for its condition `{}` on `{}`",
                shortened(&condition.operator),
                shortened(&condition.key)
            ),
        };
        (Element::Condition, Some(shortened(&condition.key)), sentence)
    } else if !checked.resource {
        let (element, verb) = either(written("NotResource"), Element::Resource, Element::NotResource);
        let sentence = format!(
            "{label} would apply if it {verb} the resource {}",
            shortened(request.resource)
        );
        (element, None, sentence)
    } else if !checked.action {
        let (element, verb) = either(written("NotAction"), Element::Action, Element::NotAction);
        let action = request.actions.first().copied().unwrap_or_default();
        let sentence = format!(
            "{label} would apply if it {verb} the action {}",
            shortened(action)
        );
        (element, None, sentence)
    } else {
        let (element, verb) = either(written("NotPrincipal"), Element::Principal, Element::NotPrincipal);
        (
            element,
            None,
            format!("{label} would apply if it {verb} the caller"),
        )
    };
    Some(NearMiss {
        statement: pointer,
        element,
        key,
        sentence,
    })
}

fn either(negative: bool, named: Element, excluded: Element) -> (Element, &'static str) {
    match negative {
        true => (excluded, "did not exclude"),
        false => (named, "named"),
    }
}

/// Other values of context keys, in lower case; without one, the key is absent.
pub(super) type Values = Vec<(String, Option<String>)>;

/// A context that differs from another in some keys.
pub(super) struct Overlay<'a> {
    pub base: &'a dyn Context,
    pub changed: Values,
}

impl Context for Overlay<'_> {
    fn get(&self, key: &str) -> Option<ContextValue<'_>> {
        match self.changed.iter().find(|(changed, _)| changed == key) {
            Some((_, value)) => value.as_deref().map(ContextValue::from),
            None => self.base.get(key),
        }
    }
}

/// What would turn a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// This value of its key, where not just any would do.
    Value(String),
    /// Any value at all; now there is none.
    Present,
    /// Almost any value but the present one.
    Other,
    /// No value.
    Absent,
}

/// What would make the condition hold (`wanted`) or not hold, found by trying.
pub(super) fn turn(
    context: &dyn Context,
    variables: bool,
    condition: &Condition,
    wanted: bool,
) -> Option<Turn> {
    let key = condition.key.to_lowercase();
    let turns = |value: Option<String>| {
        let overlay = Overlay {
            base: context,
            changed: vec![(key.clone(), value)],
        };
        condition.holds_in(&overlay) == wanted
    };
    // A text that no policy names.
    let by_any = || turns(Some("\u{1}".to_owned()));
    let any = || match context.get(&key) {
        Some(_) => Turn::Other,
        None => Turn::Present,
    };
    let typed = condition::compares_typed(&condition.operator);
    if !typed && by_any() {
        return Some(any());
    }
    let patterns = condition::compares_patterns(&condition.operator);
    let texts = condition
        .values
        .each()
        .iter()
        .take(5)
        .filter_map(condition::scalar);
    texts
        .flat_map(|text| match variables {
            true => around(&substituted(&text, patterns, context)),
            false => around(&text),
        })
        .chain(["true", "false"].map(ToOwned::to_owned))
        .find(|value| turns(Some(value.clone())))
        .map(Turn::Value)
        .or_else(|| turns(None).then_some(Turn::Absent))
        .or_else(|| (typed && by_any()).then(any))
}

/// Values that a value of a policy may mean: itself, with its wildcards filled in, or a neighbour in order.
fn around(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    let literal = text
        .replace("${*}", "\u{2}")
        .replace("${?}", "\u{3}")
        .replace("${$}", "$");
    let filled = literal.replace('*', "").replace('?', "x");
    values.push(literal.replace('\u{2}', "*").replace('\u{3}', "?"));
    values.push(filled.replace('\u{2}', "*").replace('\u{3}', "?"));
    if let Some((address, _)) = text.split_once('/') {
        values.push(address.to_owned());
    }
    if let Ok(number) = text.parse::<i64>() {
        values.push(number.saturating_add(1).to_string());
        values.push(number.saturating_sub(1).to_string());
    }
    if text.len() >= 8 && text.contains('-') {
        values.push("1970-01-01T00:00:00Z".to_owned());
        values.push("9999-12-31T00:00:00Z".to_owned());
    }
    values
}

/// The keys that statements about this action ask for, in lower case and sorted.
pub(super) fn asked_keys(considered: &[Considered<'_>]) -> Vec<String> {
    let mut keys = Keys::default();
    for policy in considered {
        for checked in policy.statements.iter().filter(|checked| checked.action) {
            checked.add_keys(&mut keys);
            if keys.names.len() > MOST_KEYS {
                break;
            }
        }
    }
    let mut names: Vec<String> = keys.names.iter().map(|name| name.to_lowercase()).collect();
    names.truncate(MOST_KEYS);
    names.sort();
    names
}

/// Those of the asked keys that the request does not have.
pub(super) fn missing_context(request: &Request<'_>, considered: &[Considered<'_>]) -> Vec<String> {
    let mut keys = asked_keys(considered);
    keys.retain(|key| request.context.get(key).is_none());
    keys
}
