//! What later releases made of a text: what its wildcards came to mean, and what a list of names does not have.

use std::collections::{BTreeSet, HashMap};

use carillon_aws::time::Timestamp;
use carillon_operation::Registry;
use carillon_policy::{Document, Effect, Statement, action_matches};
use carillon_store::{ReadTx, StoreError};
use serde_json::Value;

use super::served::{Served, later};
use crate::role::service_linked;

/// The actions of this release, those that came later than the first, and what AWS's policies grant. What policies are
/// compared with.
#[derive(Debug)]
pub(super) struct Yardstick {
    actions: Vec<Served>,
    /// Since when.
    later: HashMap<String, Timestamp>,
    /// ARN and text.
    managed: Vec<(String, String)>,
}

/// A statement whose wildcards mean more than when it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Widened {
    pub index: usize,
    pub sid: Option<String>,
    pub effect: Effect,
    /// The member of `Action`; or all of `NotAction`.
    pub wildcard: Wildcard,
    /// What it has come to mean besides.
    pub actions: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wildcard {
    Action(String),
    NotAction(Vec<String>),
}

/// The managed policy of AWS's that has most in common with a policy, and what it has in addition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nearest {
    pub arn: String,
    pub missing: Vec<String>,
    /// Those of them that came after the policy was written.
    pub new: Vec<String>,
}

/// What is to be said of a policy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Review {
    pub widened: Vec<Widened>,
    pub nearest: Option<Nearest>,
}

impl Review {
    /// Whether later releases concern the policy at all.
    pub fn is_due(&self) -> bool {
        !self.widened.is_empty()
            || self
                .nearest
                .as_ref()
                .is_some_and(|nearest| !nearest.new.is_empty())
    }
}

impl Yardstick {
    /// Nothing if no action came later than the first release.
    pub async fn read(tx: &mut ReadTx, registry: &Registry) -> Result<Option<Self>, StoreError> {
        let actions = Served::all(registry);
        let later = later(tx, &actions).await?;
        if later.is_empty() {
            return Ok(None);
        }
        let managed = registry
            .aws_managed_policies()
            .iter()
            .filter(|policy| !service_linked::is_linked(policy.path))
            .filter_map(|policy| Some((policy.arn.clone(), policy.documents.last()?.clone())))
            .collect();
        Ok(Some(Self {
            actions,
            later,
            managed,
        }))
    }

    /// When the last action came: no text that is newer needs a review.
    pub fn newest(&self) -> Timestamp {
        self.later.values().max().copied().unwrap_or(Timestamp::EPOCH)
    }

    /// Reviews texts, each with the time it was written. A text that cannot be read says nothing.
    pub fn review<'a>(&self, texts: impl Iterator<Item = (&'a str, Timestamp)>) -> Vec<Review> {
        let managed: Vec<(&str, BTreeSet<&str>)> = self
            .managed
            .iter()
            .map(|(arn, text)| (arn.as_str(), self.allowed(text)))
            .collect();
        texts
            .map(|(text, edited_at)| {
                let is_new = |action: &Served| {
                    self.later
                        .get(action.name())
                        .is_some_and(|since| *since > edited_at)
                };
                let new: Vec<&Served> = self.actions.iter().filter(|action| is_new(action)).collect();
                Review {
                    widened: widened(text, &new),
                    nearest: nearest(&self.allowed(text), &managed, &new),
                }
            })
            .collect()
    }

    /// The actions that some statement of a text allows, whatever else it says.
    fn allowed(&self, text: &str) -> BTreeSet<&str> {
        let document = Document::lenient_text(text);
        let statements = document.as_ref().map_or(&[][..], Document::statements);
        let allowing: Vec<&Statement> = statements
            .iter()
            .filter(|statement| statement.effect() == Effect::Allow)
            .collect();
        let is_allowed = |action: &Served| {
            let spellings: Vec<&str> = action.spellings.iter().map(String::as_str).collect();
            allowing
                .iter()
                .any(|statement| statement.concerns_action(&spellings))
        };
        let allowed = self.actions.iter().filter(|action| is_allowed(action));
        allowed.map(Served::name).collect()
    }
}

/// The wildcards of a text that mean some of the new actions.
fn widened(text: &str, new: &[&Served]) -> Vec<Widened> {
    let Ok(document) = Document::lenient_text(text) else {
        return Vec::new();
    };
    let tree: Value = serde_json::from_str(text).unwrap_or_default();
    let mut found = Vec::new();
    for statement in document.statements() {
        let written = match &tree["Statement"] {
            Value::Array(statements) => statements.get(statement.index()).unwrap_or(&Value::Null),
            one => one,
        };
        let matches = |pattern: &str, action: &Served| {
            action
                .spellings
                .iter()
                .any(|spelling| action_matches(pattern, spelling))
        };
        let mut add = |wildcard: Wildcard, means: &dyn Fn(&Served) -> bool| {
            let actions: Vec<String> = new
                .iter()
                .filter(|action| means(action))
                .map(|action| action.name().to_owned())
                .collect();
            if !actions.is_empty() {
                found.push(Widened {
                    index: statement.index(),
                    sid: statement.sid().map(|sid| sid.to_string()),
                    effect: statement.effect(),
                    wildcard,
                    actions,
                });
            }
        };
        for pattern in strings(&written["Action"]) {
            if pattern.contains(['*', '?']) {
                add(Wildcard::Action(pattern.clone()), &|action| {
                    matches(&pattern, action)
                });
            }
        }
        let excluded = strings(&written["NotAction"]);
        if !excluded.is_empty() {
            add(Wildcard::NotAction(excluded.clone()), &|action| {
                !excluded.iter().any(|pattern| matches(pattern, action))
            });
        }
    }
    found
}

/// A string or a list of them.
fn strings(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

/// Near is what has most in common, measured by what both have together; of equals the first.
fn nearest(allowed: &BTreeSet<&str>, managed: &[(&str, BTreeSet<&str>)], new: &[&Served]) -> Option<Nearest> {
    let shared = managed
        .iter()
        .map(|(arn, grants)| {
            let common = grants.intersection(allowed).count();
            (arn, grants, common, grants.union(allowed).count())
        })
        .filter(|(_, _, common, _)| *common > 0);
    // Fractions are compared crosswise; of equals the first stays.
    let (arn, grants, ..) = shared.reduce(|best, other| {
        let is_nearer = other.2 * best.3 > best.2 * other.3;
        if is_nearer { other } else { best }
    })?;
    let missing: Vec<String> = grants
        .difference(allowed)
        .map(|name| (*name).to_owned())
        .collect();
    let is_new = |name: &&String| new.iter().any(|action| action.name() == name.as_str());
    Some(Nearest {
        arn: (*arn).to_owned(),
        new: missing.iter().filter(is_new).cloned().collect(),
        missing,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn served(names: &[&str]) -> Vec<Served> {
        let one = |name: &&str| Served {
            spellings: vec![(*name).to_owned()],
        };
        names.iter().map(one).collect()
    }

    fn allow(actions: Value) -> String {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] })
            .to_string()
    }

    const BEFORE: Timestamp = Timestamp::from_seconds(10);
    const AFTER: Timestamp = Timestamp::from_seconds(30);

    /// `chime:GetRoom` and `chime:ListRooms` came at 20 seconds, when nobody had started `chime:GetBot` yet.
    fn yardstick() -> Yardstick {
        let since = Timestamp::from_seconds(20);
        Yardstick {
            actions: served(&[
                "chime:GetBot",
                "chime:GetRoom",
                "chime:GetUser",
                "chime:ListRooms",
                "chime:ListUsers",
                "iam:GetUser",
            ]),
            later: HashMap::from([
                ("chime:GetRoom".to_owned(), since),
                ("chime:ListRooms".to_owned(), since),
                ("chime:GetBot".to_owned(), Timestamp::MAX),
            ]),
            managed: vec![
                ("all".to_owned(), allow(json!("*"))),
                (
                    "readers".to_owned(),
                    allow(json!(["chime:GetUser", "chime:ListUsers", "chime:ListRooms"])),
                ),
            ],
        }
    }

    fn review(text: &str, edited_at: Timestamp) -> Review {
        yardstick().review([(text, edited_at)].into_iter()).pop().unwrap()
    }

    #[test]
    fn a_wildcard_means_what_came_after_it_was_written() {
        let text = allow(json!(["CHIME:get*", "chime:List????s", "chime:GetRoom", "iam:*"]));
        let told: Vec<_> = review(&text, BEFORE)
            .widened
            .into_iter()
            .map(|widened| (widened.index, widened.wildcard, widened.actions.join(" ")))
            .collect();
        assert_eq!(
            told,
            [
                (
                    0,
                    Wildcard::Action("CHIME:get*".to_owned()),
                    "chime:GetBot chime:GetRoom".to_owned()
                ),
                (
                    0,
                    Wildcard::Action("chime:List????s".to_owned()),
                    "chime:ListRooms".to_owned()
                ),
            ]
        );
        let later = review(&text, AFTER);
        assert_eq!(later.widened.len(), 1);
        assert_eq!(later.widened[0].actions, ["chime:GetBot"]);
    }

    #[test]
    fn what_is_not_excluded_is_meant_too() {
        let text = json!({ "Statement": {
            "Sid": "Fence", "Effect": "Deny", "NotAction": ["chime:Get*", "iam:*"], "Resource": "*",
        }})
        .to_string();
        assert_eq!(
            review(&text, BEFORE).widened,
            [Widened {
                index: 0,
                sid: Some("Fence".to_owned()),
                effect: Effect::Deny,
                wildcard: Wildcard::NotAction(vec!["chime:Get*".to_owned(), "iam:*".to_owned()]),
                actions: vec!["chime:ListRooms".to_owned()],
            }]
        );
    }

    #[test]
    fn a_list_of_names_is_compared_with_the_nearest_policy_of_aws() {
        let text = allow(json!(["chime:ListUsers", "chime:GetUser"]));
        let due = review(&text, BEFORE);
        assert_eq!(due.widened, []);
        assert_eq!(
            due.nearest,
            Some(Nearest {
                arn: "readers".to_owned(),
                missing: vec!["chime:ListRooms".to_owned()],
                new: vec!["chime:ListRooms".to_owned()],
            })
        );
        assert!(due.is_due());
        // It was known when the policy was written.
        assert!(!review(&text, AFTER).is_due());
        // What has nothing in common with any is near to none.
        assert_eq!(review(&allow(json!("s3:GetObject")), BEFORE).nearest, None);
    }

    #[test]
    fn what_is_no_policy_says_nothing() {
        for text in ["", "[]", "{}", "{\"Statement\": 3}", "{\"Statement\": [3, null]}"] {
            assert!(!review(text, BEFORE).is_due(), "{text}");
        }
    }
}
