//! Policies compiled for fast decisions.
//!
//! The documents that count as one (all of a user and its groups, say) are a [`Set`]. The actions that a program
//! knows ([`Actions`]) fall into classes that its statements treat alike. For each class there are [`Rules`], made
//! when the first request comes: the statements about its actions, found by resource rather than tried one after
//! another, with their conditions, of which each different one is tested once a request. An action that is not
//! known is tried on each statement.

mod actions;
mod conditions;
mod keys;
mod rules;
mod shared;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use self::actions::Bits;
use self::conditions::{Conditions, Conjunction};
use self::rules::{Builder, Check, Guard, Place, Rules};
use crate::decision::PolicyKind;
use crate::document::{Effect, Statement};
use crate::facts::Facts;
use crate::policies::Attached;
use crate::resource::RequestResource;

pub(crate) use self::actions::ActionId;
pub use self::actions::Actions;
pub(crate) use self::conditions::Memo;

/// Rules may take so many bytes for each byte of the policies' text, beyond a small allowance. Only policies made to
/// waste memory come near: with what has no room, each statement is tried.
const BYTES_OF_RULES: usize = 16;
const ALLOWANCE: usize = 64 * 1024;

/// Documents that count as one.
#[derive(Debug)]
pub(crate) struct Set {
    kind: PolicyKind,
    policies: Vec<Attached>,
    actions: Arc<Actions>,
    /// The class of each known action.
    class_of: Box<[u16]>,
    classes: Box<[Class]>,
    conditions: Conditions,
    /// Of each statement in order, what conditions it has.
    conjunctions: Box<[Option<Conjunction>]>,
    /// Bytes that are left for rules.
    room: AtomicUsize,
}

/// Actions that no statement tells apart.
#[derive(Debug)]
struct Class {
    /// One of them.
    action: ActionId,
    /// Nothing inside: there is no room.
    rules: OnceLock<Option<ByEffect>>,
}

#[derive(Debug)]
struct ByEffect {
    /// What comes of every request, for most actions of most sets.
    sure: Sure,
    deny: Rules,
    allow: Rules,
}

/// What comes of a request whatever its resource and context are.
#[derive(Debug, Clone, Copy)]
enum Sure {
    Denied(Place),
    Allowed(Place),
    Silent,
    /// That depends.
    Not,
}

/// What statements are asked about.
pub(crate) struct Question<'q, 'a, F> {
    /// The action, if the set knows it.
    pub known: Option<ActionId>,
    /// All spellings in lower case.
    pub actions: F,
    pub resource: &'q RequestResource<'a>,
    pub facts: &'q Facts<'a>,
}

/// What documents say of a request, and the statement that says it.
pub(crate) enum Judged<'a> {
    Denied(&'a Attached, &'a Statement),
    Allowed(&'a Attached, &'a Statement),
    Silent,
}

impl Default for Set {
    /// No documents.
    fn default() -> Self {
        Set::build(PolicyKind::Identity, Vec::new(), &Actions::none())
    }
}

impl Set {
    pub fn build(kind: PolicyKind, policies: Vec<Attached>, actions: &Arc<Actions>) -> Set {
        let statements = policies.iter().flat_map(|policy| policy.document.statements());
        let (class_of, classes) = classes(actions, statements.clone());
        let (conditions, conjunctions) = Conditions::of(statements);
        let text: usize = policies.iter().map(|policy| policy.document.text().len()).sum();
        Set {
            kind,
            policies,
            actions: Arc::clone(actions),
            class_of,
            classes,
            conditions,
            conjunctions,
            room: AtomicUsize::new(ALLOWANCE + BYTES_OF_RULES * text),
        }
    }

    /// As [`Set::build`], or the same set if it is in use already.
    pub fn shared(kind: PolicyKind, policies: Vec<Attached>, actions: &Arc<Actions>) -> Arc<Set> {
        if actions.count() == 0 {
            // Nothing was compiled that could be shared.
            return Arc::new(Set::build(kind, policies, actions));
        }
        match actions.shared.find(kind, &policies) {
            Some(set) => set,
            None => actions
                .shared
                .insert(Arc::new(Set::build(kind, policies, actions))),
        }
    }

    /// In the order in which they were given.
    pub fn policies(&self) -> &[Attached] {
        &self.policies
    }

    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// A statement of this effect that applies; `meant`: whether a statement is about the caller.
    pub fn find<'a, F: Iterator<Item = &'a str> + Clone>(
        &self,
        effect: Effect,
        question: &Question<'_, '_, F>,
        memo: &Memo,
        meant: impl Fn(&Statement) -> bool,
    ) -> Option<(&Attached, &Statement)> {
        let passes = |guard: &Guard| {
            self.applies(guard, question.resource, question.facts, memo)
                && (!names_principals(self.kind)
                    || self
                        .at(guard.place)
                        .is_some_and(|(_, statement)| meant(statement)))
        };
        if let Some(rules) = question.known.and_then(|action| self.rules(action)) {
            let rules = match effect {
                Effect::Deny => &rules.deny,
                Effect::Allow => &rules.allow,
            };
            let guard = rules.find(question.resource, passes)?;
            return self.at(guard.place);
        }
        self.statements()
            .filter(|(_, statement, _)| {
                statement.effect() == effect && statement.action.matches(question.actions.clone())
            })
            .filter_map(|(place, _, conditions)| {
                let check = Check::Element;
                Some(Guard {
                    conditions: conditions?,
                    check,
                    place,
                })
            })
            .find(passes)
            .and_then(|guard| self.at(guard.place))
    }

    /// What these documents say of a known action, whoever asks: they are of a kind that names no principals. None if
    /// there are no rules for the action.
    pub fn judge(
        &self,
        action: ActionId,
        resource: &RequestResource<'_>,
        facts: &Facts<'_>,
    ) -> Option<Judged<'_>> {
        if names_principals(self.kind) {
            return None;
        }
        let rules = self.rules(action)?;
        let sure = match rules.sure {
            Sure::Not => {
                let memo = Memo::default();
                let passes = |guard: &Guard| self.applies(guard, resource, facts, &memo);
                if let Some(guard) = rules.deny.find(resource, passes) {
                    Sure::Denied(guard.place)
                } else if let Some(guard) = rules.allow.find(resource, passes) {
                    Sure::Allowed(guard.place)
                } else {
                    Sure::Silent
                }
            }
            sure => sure,
        };
        match sure {
            Sure::Denied(place) => self
                .at(place)
                .map(|(policy, found)| Judged::Denied(policy, found)),
            Sure::Allowed(place) => self
                .at(place)
                .map(|(policy, found)| Judged::Allowed(policy, found)),
            Sure::Silent => Some(Judged::Silent),
            Sure::Not => None,
        }
    }

    /// Whether a statement applies that was found for the action and the resource.
    fn applies(&self, guard: &Guard, resource: &RequestResource<'_>, facts: &Facts<'_>, memo: &Memo) -> bool {
        self.resource_matches(guard, resource, facts) && self.conditions.hold(guard.conditions, facts, memo)
    }

    fn resource_matches(&self, guard: &Guard, resource: &RequestResource<'_>, facts: &Facts<'_>) -> bool {
        match guard.check {
            Check::Nothing => true,
            Check::Length(length) => resource.text().len() == length as usize,
            Check::Pattern(number) => self.at(guard.place).is_some_and(|(_, statement)| {
                let pattern = statement
                    .resource
                    .resource
                    .as_deref()
                    .and_then(|list| list.get(number as usize));
                pattern.is_some_and(|pattern| pattern.matches(self.kind, resource, facts.context))
            }),
            Check::Element => self
                .at(guard.place)
                .is_some_and(|(_, statement)| statement.resource.matches(self.kind, resource, facts.context)),
        }
    }

    fn at(&self, place: Place) -> Option<(&Attached, &Statement)> {
        let policy = self.policies.get(place.policy as usize)?;
        Some((
            policy,
            policy.document.statements().get(place.statement as usize)?,
        ))
    }

    fn statements(&self) -> impl Iterator<Item = (Place, &Statement, Option<Conjunction>)> {
        let statements = (0..).zip(&self.policies).flat_map(|(policy, attached)| {
            let statements = (0..).zip(attached.document.statements());
            statements.map(move |(statement, found)| (Place { policy, statement }, found))
        });
        statements
            .zip(&self.conjunctions)
            .map(|((place, statement), conditions)| (place, statement, *conditions))
    }

    fn rules(&self, action: ActionId) -> Option<&ByEffect> {
        let class = self.class_of.get(action.index())?;
        let class = self.classes.get(usize::from(*class))?;
        class.rules.get_or_init(|| self.compile(class.action)).as_ref()
    }

    fn compile(&self, action: ActionId) -> Option<ByEffect> {
        let spellings = self.actions.spellings(action).iter().map(|spelling| &**spelling);
        let (mut deny, mut allow) = (Builder::default(), Builder::default());
        for (place, statement, conditions) in self.statements() {
            let Some(conditions) = conditions else { continue };
            if statement.action.matches(spellings.clone()) {
                let builder = match statement.effect() {
                    Effect::Deny => &mut deny,
                    Effect::Allow => &mut allow,
                };
                builder.add(statement, place, conditions);
            }
        }
        let size = deny.size() + allow.size();
        let take = |room: usize| room.checked_sub(size);
        self.room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .ok()?;
        let same = !names_principals(self.kind);
        let (deny, allow) = (deny.build(same)?, allow.build(same)?);
        let sure = match (deny.always(), allow.always()) {
            (Some(guard), _) => Sure::Denied(guard.place),
            (None, Some(guard)) if deny.is_empty() => Sure::Allowed(guard.place),
            (None, None) if deny.is_empty() && allow.is_empty() => Sure::Silent,
            _ => Sure::Not,
        };
        Some(ByEffect { sure, deny, allow })
    }
}

/// Whether statements of this kind say whom they are about.
fn names_principals(kind: PolicyKind) -> bool {
    match kind {
        PolicyKind::Resource | PolicyKind::Trust | PolicyKind::ResourceControl | PolicyKind::Endpoint => true,
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session | PolicyKind::ServiceControl => {
            false
        }
    }
}

/// Parts the known actions into classes, as coarse as the statements' action elements let them be.
fn classes<'a>(
    actions: &Actions,
    statements: impl Iterator<Item = &'a Statement>,
) -> (Box<[u16]>, Box<[Class]>) {
    let count = actions.count();
    let mut class_of = vec![0_u16; count];
    // There are never more classes than actions, which are numbered alike.
    let mut sizes = vec![count];
    let mut seen = std::collections::HashSet::new();
    for statement in statements {
        let matching: Bits = actions.matching(&statement.action);
        if !seen.insert(matching.clone()) {
            continue;
        }
        // What of a class is matched moves to a new class, unless that is all of it.
        let mut matched = std::collections::HashMap::new();
        for id in matching.ids() {
            if let Some(class) = class_of.get(id) {
                *matched.entry(*class).or_insert(0_usize) += 1;
            }
        }
        let mut moved = std::collections::HashMap::new();
        for (class, matched) in matched {
            let Some(size) = sizes.get_mut(usize::from(class)).filter(|size| **size > matched) else {
                continue;
            };
            *size -= matched;
            moved.insert(class, sizes.len());
            sizes.push(matched);
        }
        for id in matching.ids() {
            if let Some(class) = class_of.get_mut(id)
                && let Some(new) = moved.get(class).and_then(|new| u16::try_from(*new).ok())
            {
                *class = new;
            }
        }
    }
    let mut members: Vec<Option<ActionId>> = vec![None; sizes.len()];
    for (class, action) in class_of.iter().zip(actions.ids()) {
        if let Some(member) = members.get_mut(usize::from(*class)) {
            member.get_or_insert(action);
        }
    }
    let class = |action| Class {
        action,
        rules: OnceLock::new(),
    };
    (
        class_of.into(),
        members.into_iter().flatten().map(class).collect(),
    )
}

#[cfg(test)]
mod tests;
