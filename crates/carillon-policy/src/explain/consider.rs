//! Every statement of every policy that takes part, and which of its parts match.

use std::sync::Arc;

use super::written::{Condition, Keys, Text, Texts};
use crate::decision::{PolicyKind, Request};
use crate::document::{Effect, Statement};
use crate::policies::{Attached, Policies, Set};
use crate::principal::{Principal, Way};
use crate::resource::RequestResource;
use crate::service;
use crate::syntax::Node;

/// A policy that takes part.
pub(super) struct Considered<'a> {
    pub kind: PolicyKind,
    /// Of a control policy.
    pub level: Option<usize>,
    pub policy: &'a Attached,
    /// The policy's name; one without is named by its place among its like, counted from 1.
    pub name: Arc<str>,
    pub text: Arc<Text>,
    pub statements: Vec<Checked<'a>>,
}

/// A statement, and which of its parts match.
pub(super) struct Checked<'a> {
    pub statement: &'a Statement,
    /// How it names the caller; nothing where statements do not name anybody.
    pub principal: Option<Option<Way>>,
    pub action: bool,
    pub resource: bool,
    /// Whether they hold, in the order in which they are written.
    holds: Vec<bool>,
    text: Arc<Text>,
    /// Among those of the document.
    place: usize,
}

impl Checked<'_> {
    pub fn applies(&self) -> bool {
        self.failures() == 0
    }

    /// How many parts keep it from applying.
    pub fn failures(&self) -> usize {
        let unnamed = self.principal.is_some_and(|way| way.is_none());
        let conditions = self.holds.iter().filter(|holds| !**holds);
        usize::from(unnamed) + usize::from(!self.action) + usize::from(!self.resource) + conditions.count()
    }

    /// As written, if the text can be read again.
    pub fn node(&self) -> Option<&Node> {
        self.text.statements.get(self.place)?.node.as_ref()
    }

    /// Adds the keys it asks for, as written.
    pub fn add_keys(&self, keys: &mut Keys) {
        if let Some(written) = self.text.statements.get(self.place) {
            written.add_keys(self.text.variables, keys);
        }
    }

    /// The conditions, and whether they hold.
    pub fn conditions(&self) -> impl Iterator<Item = (&Condition, bool)> {
        let written = self.text.statements.get(self.place);
        let conditions = written.map_or(&[][..], |written| &written.conditions);
        conditions.iter().zip(self.holds.iter().copied())
    }

    pub fn failed_conditions(&self) -> impl Iterator<Item = &Condition> {
        self.conditions()
            .filter(|(_, holds)| !holds)
            .map(|(condition, _)| condition)
    }

    /// For people: which statement of which policy.
    pub fn label(&self, policy: &Considered<'_>) -> String {
        let number = self.statement.index() + 1;
        let sid = match self.statement.sid() {
            Some(sid) if !sid.is_empty() => format!(" `{sid}`"),
            _ => String::new(),
        };
        format!("statement {number}{sid} of {}", policy.label())
    }
}

impl Considered<'_> {
    /// For people: which policy.
    pub fn label(&self) -> String {
        format!("the {} `{}`", self.kind.name(), self.name)
    }

    pub fn applying(&self, effect: Effect) -> impl Iterator<Item = (usize, &Checked<'_>)> {
        self.statements
            .iter()
            .enumerate()
            .filter(move |(_, checked)| checked.statement.effect() == effect && checked.applies())
    }
}

/// What the policy of the resource is called: that of a role is its trust policy.
pub(super) fn resource_kind(request: &Request<'_>) -> PolicyKind {
    let action = request.actions.first().map(|action| action.to_ascii_lowercase());
    match service::has_trust_policy(
        action.as_deref().unwrap_or_default(),
        &RequestResource::new(request.resource),
    ) {
        true => PolicyKind::Trust,
        false => PolicyKind::Resource,
    }
}

/// The policies that count for this kind of caller. Control policies of the resource's side and of endpoints always
/// do.
pub(super) struct TakingPart<'a> {
    pub identity: Option<&'a Set>,
    pub boundary: Option<&'a Set>,
    pub session: Option<&'a Set>,
    pub service_control: &'a [Set],
}

impl<'a> TakingPart<'a> {
    pub fn of(principal: &Principal, policies: &'a Policies) -> TakingPart<'a> {
        let of_an_account = principal.account().is_some();
        let has_policies = of_an_account && !matches!(principal, Principal::Root { .. });
        TakingPart {
            identity: has_policies.then_some(&*policies.identity),
            boundary: policies.boundary.as_deref().filter(|_| has_policies),
            session: policies.session.as_deref().filter(|_| of_an_account),
            service_control: match of_an_account && !principal.is_service_linked_role() {
                true => &policies.service_control,
                false => &[],
            },
        }
    }
}

/// Which statements are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    /// Those that apply: all that a decision needs.
    Applying,
}

/// Judges the statements of the policies that take part for this kind of caller.
pub(super) fn consider<'a>(
    request: &Request<'a>,
    policies: &'a Policies,
    texts: &mut Texts,
    scope: Scope,
) -> Vec<Considered<'a>> {
    let part = TakingPart::of(request.principal, policies);
    let judge = Judge {
        request,
        actions: request
            .actions
            .iter()
            .map(|action| action.to_ascii_lowercase())
            .collect(),
        resource: RequestResource::new(request.resource),
        bounded: part.boundary.is_some(),
        scope,
    };
    let mut considered = Vec::new();
    let mut add = |kind, level, list: &'a [Attached]| {
        let policies = list.iter().zip(1..);
        considered.extend(
            policies.map(|(policy, place)| judge.policy(kind, level, policy, place, texts.of(policy))),
        );
    };
    let list = |set: Option<&'a Set>| set.map_or(&[][..], Set::policies);
    add(PolicyKind::Identity, None, list(part.identity));
    add(PolicyKind::Boundary, None, list(part.boundary));
    add(PolicyKind::Session, None, list(part.session));
    add(
        resource_kind(request),
        None,
        request.resource_policy.map_or(&[], std::slice::from_ref),
    );
    for (level, set) in part.service_control.iter().enumerate() {
        add(PolicyKind::ServiceControl, Some(level), set.policies());
    }
    for (level, set) in policies.resource_control.iter().enumerate() {
        add(PolicyKind::ResourceControl, Some(level), set.policies());
    }
    add(PolicyKind::Endpoint, None, list(policies.endpoint.as_deref()));
    considered
}

struct Judge<'a, 'r> {
    request: &'r Request<'a>,
    /// All spellings, in lower case.
    actions: Vec<String>,
    resource: RequestResource<'a>,
    bounded: bool,
    scope: Scope,
}

impl<'a> Judge<'a, '_> {
    fn policy(
        &self,
        kind: PolicyKind,
        level: Option<usize>,
        policy: &'a Attached,
        number: usize,
        text: Arc<Text>,
    ) -> Considered<'a> {
        let statements = policy.document.statements().iter().enumerate();
        let statements =
            statements.filter_map(|(place, statement)| self.statement(kind, statement, &text, place));
        Considered {
            kind,
            level,
            policy,
            name: match policy.name.is_empty() {
                true => number.to_string().into(),
                false => policy.name.clone(),
            },
            statements: statements.collect(),
            text,
        }
    }

    fn statement(
        &self,
        kind: PolicyKind,
        statement: &'a Statement,
        text: &Arc<Text>,
        place: usize,
    ) -> Option<Checked<'a>> {
        let (request, context) = (self.request, self.request.context);
        let applying = self.scope == Scope::Applying;
        let action = statement.action.matches(self.actions.iter().map(String::as_str));
        if applying && !action {
            return None;
        }
        let resource = statement.resource.matches(kind, &self.resource, context);
        if applying && !resource {
            return None;
        }
        let names_principals = matches!(
            kind,
            PolicyKind::Resource | PolicyKind::Trust | PolicyKind::ResourceControl | PolicyKind::Endpoint
        );
        // Whoever has a permissions boundary cannot be exempted from a deny by `NotPrincipal`.
        let always_hit = statement.effect() == Effect::Deny && self.bounded;
        let conditions = text
            .statements
            .get(place)
            .map_or(&[][..], |written| &written.conditions);
        let checked = Checked {
            statement,
            principal: names_principals.then(|| statement.principal.way(request.principal, always_hit)),
            action,
            resource,
            holds: conditions
                .iter()
                .map(|condition| condition.holds_in(context))
                .collect(),
            text: text.clone(),
            place,
        };
        (!applying || checked.applies()).then_some(checked)
    }
}
