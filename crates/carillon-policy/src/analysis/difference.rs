//! What comes of a comparison: differences, each with a statement and a request.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::key::Held;
use super::solver::Context;
use crate::context::MapContext;
use crate::decision::{PolicyKind, StatementRef};
use crate::document::Statement;
use crate::policies::Attached;

/// Two policies compared: what the new one allows and the old one does not, and the other way round.
///
/// Each list is complete, over all requests there can be and actions there may ever be, unless
/// [`undecided`](Comparison::undecided) says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What becomes allowed.
    pub gained: Vec<Difference>,
    /// What stops being allowed.
    pub lost: Vec<Difference>,
    /// What could not be decided, and why. Empty if the comparison is whole.
    pub undecided: Vec<Undecided>,
}

/// Requests that one policy allows by one statement and the other does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The known actions concerned.
    pub actions: Vec<String>,
    /// The allowing statement's own patterns, where actions are concerned that are not known. The difference need
    /// not be all that a pattern matches.
    pub action_patterns: Vec<String>,
    /// The allowing statement's resources, as written.
    pub resources: Vec<String>,
    /// What the allowing statement asks of requests, one sentence each.
    pub conditions: Vec<String>,
    /// Callers, for documents that name principals.
    pub callers: BTreeSet<String>,
    /// Whether the other policy allows the same actions on the same resources under other conditions.
    pub only_conditions: bool,
    /// The statement that allows. None where the caller's own policies do, and the policy of the resource only does
    /// not deny; then resources, conditions and patterns are those of [`denied_by`](Difference::denied_by).
    pub statement: Option<Source>,
    /// The statement of the other policy that denies, if one does.
    pub denied_by: Option<Source>,
    /// A request that only one of the two allows, as the ordinary evaluator confirmed.
    pub witness: Witness,
}

/// A statement and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Source {
    /// The policy's name.
    pub policy: String,
    /// Of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<String>,
    /// Its place among the statements, counted from 0.
    pub index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Of its opening brace in the document, counted from 1.
    pub line: u32,
}

impl Source {
    pub(super) fn new(attached: &Attached, statement: &Statement) -> Source {
        let found = StatementRef::new(PolicyKind::Identity, attached, statement);
        Source {
            policy: found.policy_name.to_string(),
            policy_arn: found.policy_arn.map(|arn| arn.to_string()),
            index: found.index,
            sid: found.sid.filter(|sid| !sid.is_empty()).map(|sid| sid.to_string()),
            line: statement.span().line,
        }
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// Who asks, for documents that name principals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    pub action: String,
    pub resource: String,
    /// The condition keys that matter; all others may be absent.
    pub context: BTreeMap<String, Values>,
}

/// What a condition key holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Values {
    One(String),
    Many(Vec<String>),
}

/// What could not be decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Undecided {
    /// The actions in question; empty if any may be.
    pub actions: Vec<String>,
    pub reason: String,
}

/// The context as the evaluator wants it.
pub(super) fn in_map(context: &Context) -> MapContext {
    let mut map = MapContext::new();
    for (key, held) in context {
        match held {
            Held::Absent => {}
            Held::One(value) => drop(map.set(key, value.clone())),
            Held::Many(values) => drop(map.set_many(key, values.clone())),
        }
    }
    map
}

/// The context as it is told.
pub(super) fn shown(context: &Context) -> BTreeMap<String, Values> {
    let known = context.iter().filter_map(|(key, held)| {
        let values = match held {
            Held::Absent => return None,
            Held::One(value) => Values::One(value.clone()),
            Held::Many(values) => Values::Many(values.clone()),
        };
        Some((key.to_string(), values))
    });
    known.collect()
}
