//! Many requests under the same policies, as policy simulators answer them.

use std::sync::Arc;

use super::Outcome;
use super::consider::{Considered, Scope, TakingPart, consider};
use super::verdict::{Verdict, verdict};
use super::written::{Keys, Text, Texts};
use crate::decision::{PolicyKind, Request};
use crate::document::{Document, Effect, Span};
use crate::policies::{Attached, Policies};
use crate::validate::KeyKind;
use crate::{resource, value};

/// Answers requests under the same policies. Documents are read once for all of them.
pub struct Simulator {
    policies: Policies,
    texts: Texts,
    /// Those of the actions that were simulated last: usually they are simulated on one resource after the other.
    keys: Option<(Vec<String>, Vec<String>)>,
}

/// One simulated decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    pub decision: Outcome,
    /// The denies that applied, or the allows that granted the request.
    pub matched: Vec<Matched>,
    /// What the policies of each kind say by themselves, of those kinds that take part.
    pub by_kind: Vec<(PolicyKind, Outcome)>,
    /// Keys that statements of the caller's and the resource's policies about this action ask for and the request does
    /// not have, as written.
    pub missing_context: Vec<String>,
}

/// A statement that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    pub kind: PolicyKind,
    pub policy_arn: Option<Arc<str>>,
    pub policy_name: Arc<str>,
    /// The ARN of what the policy is attached to.
    pub holder: Option<Arc<str>>,
    pub span: Span,
}

impl Simulator {
    /// Asks these policies, which are read for it at the first request.
    pub fn new(policies: Policies) -> Simulator {
        Simulator {
            policies,
            texts: Texts::default(),
            keys: None,
        }
    }

    /// How much there is to look at for one request: see [`Document::weight`].
    pub fn weight(&self) -> usize {
        let attached = self.policies.attached();
        attached.map(|(_, policy)| policy.document.weight()).sum()
    }

    /// Simulates one request.
    pub fn simulate(&mut self, request: &Request<'_>) -> Simulated {
        let considered = consider(request, &self.policies, &mut self.texts, Scope::Applying);
        let verdict = verdict(request, &self.policies, &considered);
        Simulated {
            decision: verdict.outcome,
            matched: matched(&verdict, &considered),
            by_kind: by_kind(request, &self.policies, &considered),
            missing_context: self.missing_context(request),
        }
    }

    fn missing_context(&mut self, request: &Request<'_>) -> Vec<String> {
        let actions: Vec<String> = request
            .actions
            .iter()
            .map(|action| action.to_ascii_lowercase())
            .collect();
        if self.keys.as_ref().is_none_or(|(known, _)| *known != actions) {
            let keys = self.keys(&actions, request.resource_policy);
            self.keys = Some((actions, keys));
        }
        let asked = self.keys.iter().flat_map(|(_, keys)| keys);
        asked
            .filter(|name| request.context.get(&name.to_lowercase()).is_none())
            .cloned()
            .collect()
    }

    /// The keys that statements about these actions (lower case) ask for, as written.
    fn keys(&mut self, actions: &[String], resource_policy: Option<&Attached>) -> Vec<String> {
        let own = self
            .policies
            .attached()
            .filter(|(kind, _)| matches!(kind, PolicyKind::Identity | PolicyKind::Boundary));
        let mut keys = Keys::default();
        for policy in own.map(|(_, policy)| policy).chain(resource_policy) {
            let text = self.texts.of(policy);
            for (statement, written) in policy.document.statements().iter().zip(&text.statements) {
                if statement.action.matches(actions.iter().map(String::as_str)) {
                    written.add_keys(text.variables, &mut keys);
                }
            }
        }
        keys.names
    }
}

fn matched(verdict: &Verdict, considered: &[Considered<'_>]) -> Vec<Matched> {
    let places = verdict.deciding.iter();
    places
        .filter_map(|place| {
            let policy = considered.get(place.policy)?;
            let checked = policy.statements.get(place.statement)?;
            Some(Matched {
                kind: policy.kind,
                policy_arn: policy.policy.arn.clone(),
                policy_name: policy.policy.name.clone(),
                holder: policy.policy.holder.clone(),
                span: checked.statement.span(),
            })
        })
        .collect()
}

fn by_kind(
    request: &Request<'_>,
    policies: &Policies,
    considered: &[Considered<'_>],
) -> Vec<(PolicyKind, Outcome)> {
    let part = TakingPart::of(request.principal, policies);
    let resource = super::consider::resource_kind(request);
    let kinds = [
        (PolicyKind::Identity, part.identity.is_some()),
        (PolicyKind::Boundary, part.boundary.is_some()),
        (PolicyKind::Session, part.session.is_some()),
        (resource, request.resource_policy.is_some()),
    ];
    let says = |policy: &Considered<'_>, effect| policy.applying(effect).next().is_some();
    let of = |kind| considered.iter().filter(move |policy| policy.kind == kind);
    let mut found: Vec<(PolicyKind, Outcome)> = kinds
        .into_iter()
        .filter(|(_, present)| *present)
        .map(|(kind, _)| {
            let denies = of(kind).any(|policy| says(policy, Effect::Deny));
            let allows = of(kind).any(|policy| says(policy, Effect::Allow));
            (kind, outcome(denies, allows))
        })
        .collect();
    let levels = part.service_control.len();
    if levels > 0 {
        let denies = of(PolicyKind::ServiceControl).any(|policy| says(policy, Effect::Deny));
        let allows = (0..levels).all(|level| {
            of(PolicyKind::ServiceControl)
                .any(|policy| policy.level == Some(level) && says(policy, Effect::Allow))
        });
        found.push((PolicyKind::ServiceControl, outcome(denies, allows)));
    }
    found
}

fn outcome(denies: bool, allows: bool) -> Outcome {
    match (denies, allows) {
        (true, _) => Outcome::ExplicitlyDenied,
        (false, true) => Outcome::Allowed,
        (false, false) => Outcome::ImplicitlyDenied,
    }
}

/// The context keys that documents name in conditions and variables, each once, as written and in the order of the
/// texts.
pub fn context_keys<'a>(documents: impl IntoIterator<Item = &'a Arc<Document>>) -> Vec<String> {
    let mut keys = Keys::default();
    for document in documents {
        let text = Text::read(document);
        for written in &text.statements {
            written.add_keys(text.variables, &mut keys);
        }
    }
    keys.names
}

/// Whether a text is a value of this kind, as conditions read it.
pub fn is_value(kind: KeyKind, text: &str) -> bool {
    match kind {
        KeyKind::Text => true,
        KeyKind::Arn => resource::split(text).is_some(),
        KeyKind::Bool => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        KeyKind::Number => value::Decimal::parse(text).is_some(),
        KeyKind::Date => value::instant(text).is_some(),
        KeyKind::Address => value::address_bits(text).is_some(),
        KeyKind::Binary => value::binary(text).is_some(),
    }
}
