//! A policy with less in it that means the same, beside whatever other policies.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::compare::compare;
use crate::document::{Document, Malformed, PolicyType};
use crate::policies::Attached;

/// Elements that may have many members, of which one may say nothing new.
const LISTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];
/// Parts of which two statements are made one, if they differ in nothing else.
const JOINED: [&str; 2] = ["Action", "Resource"];

/// What is left of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Minimised {
    /// The smaller policy, as JSON; the policy as it was where nothing can go.
    pub document: String,
    /// What went, in the order in which it went.
    pub changes: Vec<Change>,
    /// Parts of which it could not be decided whether they can go. They stayed.
    pub undecided: usize,
}

/// Something that is not in the smaller policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The place of the statement in the policy as it was, counted from 0.
    pub statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(flatten)]
    pub what: What,
}

/// What was done to a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum What {
    /// The statement changed nothing.
    Removed,
    /// A member of a list changed nothing.
    MemberRemoved { element: &'static str, member: String },
    /// The statement went into another one.
    JoinedWith { statement: usize },
}

/// Drops statements, and members of `Action`, `Resource` and their opposites, that change nothing, and joins statements
/// that differ in one of them only. Each step is proven by [`compare`]: over all requests, also by actions that do not
/// exist yet, and whatever else is attached beside the policy.
///
/// Only policies without principals can be made smaller: identity policies, boundaries, session policies and service
/// control policies. Others are returned as they are.
///
/// # Errors
///
/// When IAM would refuse the document.
pub fn minimise(text: &str, ty: PolicyType, catalogue: &[&str]) -> Result<Minimised, Malformed> {
    Document::parse(text, ty, false)?;
    let unchanged = Minimised {
        document: text.to_owned(),
        changes: Vec::new(),
        undecided: 0,
    };
    let Some(mut policy) = Policy::read(text, ty, catalogue) else {
        return Ok(unchanged);
    };
    let original = policy.tree(&policy.statements);
    policy.drop_statements();
    policy.join();
    policy.drop_members();
    let smaller = policy.tree(&policy.statements);
    // The steps together, once more.
    if policy.changes.is_empty() || policy.compared(&original, &smaller) != Some(true) {
        return Ok(Minimised {
            undecided: policy.undecided + policy.changes.len(),
            ..unchanged
        });
    }
    Ok(Minimised {
        document: format!("{smaller:#}"),
        changes: policy.changes,
        undecided: policy.undecided,
    })
}

/// A statement and its place in the policy as it was.
#[derive(Debug, Clone)]
struct Numbered {
    place: usize,
    statement: Map<String, Value>,
}

impl Numbered {
    fn is_deny(&self) -> bool {
        self.statement.get("Effect") == Some(&json!("Deny"))
    }

    fn change(&self, what: What) -> Change {
        let sid = self.statement.get("Sid").and_then(Value::as_str);
        Change {
            statement: self.place,
            sid: sid.map(str::to_owned),
            what,
        }
    }

    /// The members of a list, also where one stands for it.
    fn members(&self, element: &str) -> Vec<Value> {
        match self.statement.get(element) {
            Some(Value::Array(members)) => members.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        }
    }

    /// What is left without an element and the name.
    fn without(&self, element: &str) -> Map<String, Value> {
        let mut rest = self.statement.clone();
        rest.shift_remove(element);
        rest.shift_remove("Sid");
        rest
    }
}

struct Policy<'a> {
    ty: PolicyType,
    catalogue: &'a [&'a str],
    /// Everything but the statements.
    frame: Map<String, Value>,
    statements: Vec<Numbered>,
    changes: Vec<Change>,
    undecided: usize,
}

impl<'a> Policy<'a> {
    fn read(text: &str, ty: PolicyType, catalogue: &'a [&'a str]) -> Option<Self> {
        let has_no_principals = matches!(
            ty,
            PolicyType::Identity | PolicyType::Boundary | PolicyType::Session | PolicyType::ServiceControl
        );
        let Ok(Value::Object(mut frame)) = serde_json::from_str(text) else {
            return None;
        };
        let statements = match frame.get_mut("Statement").map(Value::take)? {
            Value::Array(statements) => statements,
            one => vec![one],
        };
        let statements: Option<Vec<_>> = (0..)
            .zip(statements)
            .map(|(place, statement)| match statement {
                Value::Object(statement) => Some(Numbered { place, statement }),
                _ => None,
            })
            .collect();
        Some(Self {
            ty,
            catalogue,
            frame,
            statements: statements.filter(|_| has_no_principals)?,
            changes: Vec::new(),
            undecided: 0,
        })
    }

    fn tree<'s>(&self, statements: impl IntoIterator<Item = &'s Numbered>) -> Value {
        let mut tree = self.frame.clone();
        let statements = statements.into_iter().map(|numbered| numbered.statement.clone());
        tree.insert(
            "Statement".to_owned(),
            Value::Array(statements.map(Value::Object).collect()),
        );
        Value::Object(tree)
    }

    /// Makes statements one that differ in their actions or resources only.
    fn join(&mut self) {
        let mut first = 0;
        while first < self.statements.len() {
            let mut second = first + 1;
            while second < self.statements.len() {
                let joined = self.joined(first, second);
                if !joined.is_some_and(|joined| self.try_without(second, Some((first, joined)))) {
                    second += 1;
                }
            }
            first += 1;
        }
    }

    fn joined(&self, first: usize, second: usize) -> Option<Numbered> {
        let (one, other) = (self.statements.get(first)?, self.statements.get(second)?);
        let element = JOINED.into_iter().find(|element| {
            one.statement.contains_key(*element)
                && other.statement.contains_key(*element)
                && one.without(element) == other.without(element)
        })?;
        let mut members = one.members(element);
        for member in other.members(element) {
            if !members.contains(&member) {
                members.push(member);
            }
        }
        let mut joined = one.clone();
        joined.statement.insert(element.to_owned(), Value::Array(members));
        Some(joined)
    }

    fn drop_statements(&mut self) {
        for place in (0..self.statements.len()).rev() {
            // A policy has one at least.
            if self.statements.len() > 1 {
                self.try_without(place, None);
            }
        }
    }

    /// Takes a statement away, perhaps into another, if that changes nothing.
    fn try_without(&mut self, place: usize, joined: Option<(usize, Numbered)>) -> bool {
        let mut fewer = self.statements.clone();
        let gone = fewer.remove(place);
        let what = match joined {
            None => What::Removed,
            Some((first, joined)) => {
                let statement = joined.place;
                if let Some(kept) = fewer.get_mut(first) {
                    *kept = joined;
                }
                What::JoinedWith { statement }
            }
        };
        self.accept(fewer, gone.is_deny(), gone.change(what))
    }

    fn drop_members(&mut self) {
        for place in 0..self.statements.len() {
            for element in LISTS {
                let mut number = self
                    .statements
                    .get(place)
                    .map_or(0, |one| one.members(element).len());
                while number > 0 {
                    number -= 1;
                    self.try_without_member(place, element, number);
                }
            }
        }
    }

    fn try_without_member(&mut self, place: usize, element: &'static str, number: usize) {
        let mut fewer = self.statements.clone();
        let Some(numbered) = fewer.get_mut(place) else {
            return;
        };
        let mut members = numbered.members(element);
        if members.len() < 2 {
            return;
        }
        let member = members.remove(number).as_str().unwrap_or_default().to_owned();
        numbered
            .statement
            .insert(element.to_owned(), Value::Array(members));
        let is_deny = numbered.is_deny();
        let change = numbered.change(What::MemberRemoved { element, member });
        self.accept(fewer, is_deny, change);
    }

    /// Goes on with other statements if they mean the same. What is not touched is the same anyway: with the denials of
    /// before, it is enough that the same is allowed, and with what was allowed before, that the same is denied.
    fn accept(&mut self, fewer: Vec<Numbered>, is_deny: bool, change: Change) -> bool {
        let same = if is_deny {
            self.denies_same(&self.tree(&self.statements), &self.tree(&fewer))
        } else {
            self.allows_same(&self.tree(&self.statements), &self.tree(&fewer))
        };
        match same {
            Some(true) => {
                self.statements = fewer;
                self.changes.push(change);
                true
            }
            Some(false) => false,
            None => {
                self.undecided += 1;
                false
            }
        }
    }

    /// Whether two policies allow the same and deny the same; nothing if that could not be decided.
    fn compared(&self, old: &Value, new: &Value) -> Option<bool> {
        Some(self.allows_same(old, new)? && self.denies_same(old, new)?)
    }

    fn allows_same(&self, old: &Value, new: &Value) -> Option<bool> {
        let comparison = compare(&[attached(old)], &[attached(new)], self.ty, self.catalogue);
        if !comparison.gained.is_empty() || !comparison.lost.is_empty() {
            return Some(false);
        }
        comparison.undecided.is_empty().then_some(true)
    }

    /// What a policy denies matters beside others, also where it allows nothing itself: it is compared as if it were
    /// allowed.
    fn denies_same(&self, old: &Value, new: &Value) -> Option<bool> {
        self.allows_same(&turned(old), &turned(new))
    }
}

/// The denials of a policy as permissions, and nothing else.
fn turned(policy: &Value) -> Value {
    let mut turned = policy.clone();
    if let Some(Value::Array(statements)) = turned.get_mut("Statement") {
        statements.retain(|statement| statement.get("Effect") == Some(&json!("Deny")));
        for statement in statements {
            if let Value::Object(statement) = statement {
                statement.insert("Effect".to_owned(), json!("Allow"));
            }
        }
    }
    turned
}

fn attached(policy: &Value) -> Attached {
    Attached::inline("policy", Arc::new(Document::lenient(policy)))
}
