//! The decision from what was considered, plainly, with everything that was missing.

use super::consider::{Considered, TakingPart, resource_kind};
use super::{Outcome, Place, Reason};
use crate::batch;
use crate::decision::{PolicyKind, Request};
use crate::document::Effect;
use crate::policies::Policies;
use crate::principal::{Principal, Way};
use crate::resource::RequestResource;
use crate::service;

/// The decision and where it comes from.
pub(super) struct Verdict {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    pub deciding: Vec<Place>,
    /// A rule that no policy expresses, if one decided.
    pub rule: Option<&'static str>,
}

impl Verdict {
    fn by_rule(outcome: Outcome, rule: &'static str) -> Verdict {
        Verdict {
            outcome,
            reasons: Vec::new(),
            deciding: Vec::new(),
            rule: Some(rule),
        }
    }

    pub fn summary(&self, request: &Request<'_>, considered: &[Considered<'_>]) -> String {
        let action = super::part::shortened(request.actions.first().copied().unwrap_or_default());
        let by = self.deciding.first().map(|place| place.pointer(considered).label);
        match (self.outcome, self.rule, by, self.reasons.first()) {
            (Outcome::Allowed, Some(rule), ..) => format!("{action} is allowed: {rule}"),
            (Outcome::Allowed, None, Some(by), _) => format!("{action} is allowed by {by}"),
            (Outcome::Allowed, None, None, _) => format!("{action} is allowed"),
            (Outcome::ExplicitlyDenied, _, by, _) => {
                format!("{action} is denied by {}", by.unwrap_or_default())
            }
            (Outcome::ImplicitlyDenied, Some(rule), ..) => format!("{action} is denied: {rule}"),
            (Outcome::ImplicitlyDenied, None, _, Some(reason)) => {
                format!("{action} is denied because no {} allows it", reason.kind.name())
            }
            (Outcome::ImplicitlyDenied, None, _, None) => format!("{action} is denied"),
        }
    }
}

/// Decides by section 6 of "Policy evaluation logic", one rule after the other.
pub(super) fn verdict(request: &Request<'_>, policies: &Policies, considered: &[Considered<'_>]) -> Verdict {
    let actions: Vec<String> = request
        .actions
        .iter()
        .map(|action| action.to_ascii_lowercase())
        .collect();
    let Some(first) = actions.first() else {
        return Verdict {
            outcome: Outcome::ImplicitlyDenied,
            reasons: vec![reason(PolicyKind::Identity, None)],
            deciding: Vec::new(),
            rule: None,
        };
    };
    let anonymous = matches!(request.principal, Principal::Anonymous);
    if !anonymous && actions.iter().any(|action| action == service::ALWAYS_ALLOWED) {
        let rule = "every authenticated caller may ask who it is";
        return Verdict::by_rule(Outcome::Allowed, rule);
    }
    let denies = places(considered, Effect::Deny, |_| true);
    if !denies.is_empty() {
        return Verdict {
            outcome: Outcome::ExplicitlyDenied,
            reasons: Vec::new(),
            deciding: denies,
            rule: None,
        };
    }
    let resource = RequestResource::new(request.resource);
    if actions
        .iter()
        .any(|action| service::is_out_of_reach(action, &resource))
    {
        let mut verdict = Verdict::by_rule(
            Outcome::ImplicitlyDenied,
            "AWS's own managed policies, reserved roles and key aliases cannot be changed by anyone",
        );
        verdict.reasons.push(reason(PolicyKind::Identity, None));
        return verdict;
    }

    let silent = |kind| places(considered, Effect::Allow, |policy| policy.kind == kind).is_empty();
    let mut reasons = silent_levels(request, policies, considered);
    if policies.endpoint.is_some() && silent(PolicyKind::Endpoint) {
        reasons.push(reason(PolicyKind::Endpoint, None));
    }
    let part = TakingPart::of(request.principal, policies);
    let limits: Vec<Reason> = [
        (PolicyKind::Boundary, part.boundary.is_some()),
        (PolicyKind::Session, part.session.is_some()),
    ]
    .into_iter()
    .filter(|(kind, present)| *present && silent(*kind))
    .map(|(kind, _)| reason(kind, None))
    .collect();

    let mut ways = ways(considered, resource_kind(request));
    ways.retain(|way| way.lets_in(request.principal));
    let by_caller = ways.iter().any(|way| matches!(way, Way::Wild | Way::Direct));
    let by_parent = ways.iter().any(|way| matches!(way, Way::User | Way::Role));
    let by_account = ways.contains(&Way::Account);
    let root = matches!(request.principal, Principal::Root { .. });
    match request.principal.account() {
        None if by_caller => {}
        None => reasons.push(reason(resource_kind(request), None)),
        Some(account) => {
            let own = request.resource_account.is_none_or(|owner| owner == account);
            let granted = own && (by_caller || (by_parent && limits.is_empty()));
            if !granted {
                let insists =
                    service::insists_on_account(first, &resource, request.resource_policy.is_some());
                let trusted = match own {
                    true => by_account || !insists,
                    false => !ways.is_empty(),
                };
                if !trusted {
                    reasons.push(reason(resource_kind(request), None));
                }
                if !root && silent(PolicyKind::Identity) {
                    reasons.push(reason(PolicyKind::Identity, None));
                }
                reasons.extend(limits);
            }
        }
    }
    if !reasons.is_empty() {
        return Verdict {
            outcome: Outcome::ImplicitlyDenied,
            reasons,
            deciding: Vec::new(),
            rule: None,
        };
    }
    let deciding = places(considered, Effect::Allow, |policy| {
        matches!(
            policy.kind,
            PolicyKind::Identity | PolicyKind::Resource | PolicyKind::Trust
        )
    });
    Verdict {
        outcome: Outcome::Allowed,
        reasons,
        rule: deciding
            .is_empty()
            .then_some("root needs no policy in its own account"),
        deciding,
    }
}

fn reason(kind: PolicyKind, level: Option<usize>) -> Reason {
    Reason {
        kind,
        level,
        text: batch::reason(kind),
    }
}

/// The statements of this effect that apply, in the order of the policies.
fn places(considered: &[Considered<'_>], effect: Effect, of: impl Fn(&Considered<'_>) -> bool) -> Vec<Place> {
    let policies = considered.iter().enumerate().filter(|(_, policy)| of(policy));
    policies
        .flat_map(|(number, policy)| {
            policy.applying(effect).map(move |(statement, _)| Place {
                policy: number,
                statement,
            })
        })
        .collect()
}

/// The ways in which the resource's policy allows the caller.
fn ways(considered: &[Considered<'_>], kind: PolicyKind) -> Vec<Way> {
    considered
        .iter()
        .filter(|policy| policy.kind == kind)
        .flat_map(|policy| policy.applying(Effect::Allow))
        .filter_map(|(_, checked)| checked.principal.flatten())
        .collect()
}

/// Levels of the organizations none of whose policies allows. One without policies allows nothing either.
fn silent_levels(request: &Request<'_>, policies: &Policies, considered: &[Considered<'_>]) -> Vec<Reason> {
    let scps = TakingPart::of(request.principal, policies).service_control.len();
    let levels = (0..scps)
        .map(|level| (PolicyKind::ServiceControl, level))
        .chain((0..policies.resource_control.len()).map(|level| (PolicyKind::ResourceControl, level)));
    levels
        .filter(|(kind, level)| {
            let of_level = |policy: &Considered<'_>| policy.kind == *kind && policy.level == Some(*level);
            places(considered, Effect::Allow, of_level).is_empty()
        })
        .map(|(kind, level)| reason(kind, Some(level)))
        .collect()
}
