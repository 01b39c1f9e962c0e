//! The decision: which statements apply, and what follows from them.

use std::sync::Arc;

use crate::action::LowerCase;
use crate::context::Context;
use crate::document::{Effect, Statement};
use crate::policies::{Attached, Policies, Set};
use crate::principal::{Principal, Way};
use crate::resource::RequestResource;
use crate::service;

/// One question: may this caller do this action on this resource?
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// Every accepted spelling of the action, the primary one first. `Action` matches if any of them does,
    /// `NotAction` excludes if any of them does.
    pub actions: &'a [&'a str],
    /// The ARN of the target, or `*` for an action that supports no resource-level permission.
    pub resource: &'a str,
    /// The AWS account that owns the target; without one, the caller's own.
    pub resource_account: Option<&'a str>,
    /// The policy of the target itself; for a role, its trust policy.
    pub resource_policy: Option<&'a Attached>,
    /// What conditions and variables look into. Nothing is added to it.
    pub context: &'a dyn Context,
}

/// What kind of policy a statement spoke from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    Identity,
    Resource,
    Boundary,
    Session,
    ServiceControl,
    ResourceControl,
    Endpoint,
    Trust,
}

impl PolicyKind {
    /// With its article, as messages have it.
    pub(crate) fn with_article(self) -> &'static str {
        match self {
            PolicyKind::Identity => "an identity-based policy",
            PolicyKind::Resource => "a resource-based policy",
            PolicyKind::Boundary => "a permissions boundary",
            PolicyKind::Session => "a session policy",
            PolicyKind::ServiceControl => "a service control policy",
            PolicyKind::ResourceControl => "a resource control policy",
            PolicyKind::Endpoint => "a VPC endpoint policy",
            PolicyKind::Trust => "the role trust policy",
        }
    }

    /// Without an article.
    pub fn name(self) -> &'static str {
        match self {
            PolicyKind::Identity => "identity-based policy",
            PolicyKind::Resource => "resource-based policy",
            PolicyKind::Boundary => "permissions boundary",
            PolicyKind::Session => "session policy",
            PolicyKind::ServiceControl => "service control policy",
            PolicyKind::ResourceControl => "resource control policy",
            PolicyKind::Endpoint => "VPC endpoint policy",
            PolicyKind::Trust => "role trust policy",
        }
    }

    /// Whether an explicit deny in it is reported with the policy's ARN. Source: AWS, "Access denied error
    /// messages", since early 2026.
    fn shows_arn(self) -> bool {
        match self {
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::ServiceControl
            | PolicyKind::ResourceControl => true,
            PolicyKind::Resource | PolicyKind::Endpoint | PolicyKind::Trust => false,
        }
    }
}

/// A statement that decided, and where to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRef {
    pub kind: PolicyKind,
    /// Of a managed policy.
    pub policy_arn: Option<Arc<str>>,
    pub policy_name: Arc<str>,
    /// Its place among the document's statements, counted from 0.
    pub index: usize,
    pub sid: Option<Arc<str>>,
}

impl StatementRef {
    pub(crate) fn new(kind: PolicyKind, policy: &Attached, statement: &Statement) -> StatementRef {
        StatementRef {
            kind,
            policy_arn: policy.arn.clone(),
            policy_name: policy.name.clone(),
            index: statement.index(),
            sid: statement.sid().cloned(),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// `by`: the statement that granted it. None where no statement is needed: for root in its own account,
    /// and for `sts:GetCallerIdentity`.
    Allowed { by: Option<StatementRef> },
    /// One statement that denied; others may as well.
    ExplicitlyDenied { by: StatementRef },
    /// The first kind of policy that had to allow and did not.
    ImplicitlyDenied { missing: PolicyKind },
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allowed { .. })
    }

    /// The end of a refusal's message, from `with an explicit deny …` or `because no …`. Empty for an
    /// allowed request.
    ///
    /// `same_account`: whether caller and policy belong to one account or organization; only then the ARN of
    /// a denying policy is told.
    pub fn wording(&self, action: &str, same_account: bool) -> String {
        match self {
            Decision::Allowed { .. } => String::new(),
            Decision::ExplicitlyDenied { by } => {
                let mut text = format!("with an explicit deny in {}", by.kind.with_article());
                if let Some(arn) = by.policy_arn.as_deref()
                    && same_account
                    && by.kind.shows_arn()
                {
                    text.push_str(": ");
                    text.push_str(arn);
                }
                text
            }
            Decision::ImplicitlyDenied { missing } => {
                format!("because no {} allows the {action} action", missing.name())
            }
        }
    }
}

/// Decides one request.
///
/// Total: whatever the policies and the request hold, there is an answer, and without a reason to allow it is
/// a denial. Any applying `Deny` of any policy that takes part comes first.
/// Source: IAM User Guide, "Policy evaluation logic".
pub fn decide(request: &Request<'_>, policies: &Policies) -> Decision {
    let Some(primary) = request.actions.first() else {
        // Not even `*` is about no action.
        return Decision::ImplicitlyDenied {
            missing: PolicyKind::Identity,
        };
    };
    let first = LowerCase::new(primary);
    let others = request
        .actions
        .iter()
        .skip(1)
        .map(|action| LowerCase::new(action))
        .collect();
    let asked = Asked {
        request,
        first,
        others,
        resource: RequestResource::new(request.resource),
        taking_part: TakingPart::of(request.principal, policies),
    };
    asked.decide()
}

/// A request, prepared for matching.
struct Asked<'a> {
    request: &'a Request<'a>,
    first: LowerCase,
    others: Vec<LowerCase>,
    resource: RequestResource<'a>,
    taking_part: TakingPart<'a>,
}

/// Those policies that count for this kind of caller.
struct TakingPart<'a> {
    identity: Option<&'a Set>,
    boundary: Option<&'a Set>,
    session: Option<&'a Set>,
    service_control: &'a [Set],
    resource_control: &'a [Set],
    endpoint: Option<&'a Set>,
}

impl<'a> TakingPart<'a> {
    fn of(principal: &Principal, policies: &'a Policies) -> TakingPart<'a> {
        let everything = TakingPart {
            identity: Some(&policies.identity),
            boundary: policies.boundary.as_deref(),
            session: policies.session.as_deref(),
            service_control: &policies.service_control,
            resource_control: &policies.resource_control,
            endpoint: policies.endpoint.as_deref(),
        };
        match principal {
            Principal::Root { .. } => TakingPart {
                identity: None,
                boundary: None,
                ..everything
            },
            Principal::WebIdentity { .. } | Principal::Service(_) | Principal::Anonymous => TakingPart {
                identity: None,
                boundary: None,
                session: None,
                service_control: &[],
                ..everything
            },
            _ if principal.is_service_linked_role() => TakingPart {
                service_control: &[],
                ..everything
            },
            _ => everything,
        }
    }
}

/// What the resource's policy allows the caller, by the ways in which its statements name it.
#[derive(Default)]
struct Grants {
    account: Option<StatementRef>,
    /// The role of a session, or the user who made a federated one.
    parent: Option<StatementRef>,
    /// The caller itself, or everybody.
    caller: Option<StatementRef>,
}

impl Grants {
    fn any(&self) -> Option<&StatementRef> {
        self.caller
            .as_ref()
            .or(self.parent.as_ref())
            .or(self.account.as_ref())
    }
}

impl Asked<'_> {
    fn decide(&self) -> Decision {
        let authenticated = !matches!(self.request.principal, Principal::Anonymous);
        if authenticated && self.actions().any(|action| action == service::ALWAYS_ALLOWED) {
            return Decision::Allowed { by: None };
        }
        if let Some(by) = self.denied() {
            return Decision::ExplicitlyDenied { by };
        }
        if self
            .actions()
            .any(|action| service::is_out_of_reach(action, &self.resource))
        {
            return Decision::ImplicitlyDenied {
                missing: PolicyKind::Identity,
            };
        }
        let guard = self.guarded();
        match (guard, self.granted()) {
            (None, Ok(by)) => Decision::Allowed { by },
            (Some(missing), _) | (None, Err(missing)) => Decision::ImplicitlyDenied { missing },
        }
    }

    fn actions(&self) -> impl Iterator<Item = &str> + Clone {
        std::iter::once(&self.first)
            .chain(&self.others)
            .map(LowerCase::as_str)
    }

    /// What the policy of the resource is called: that of a role is its trust policy.
    fn resource_kind(&self) -> PolicyKind {
        if service::has_trust_policy(self.first.as_str(), &self.resource) {
            PolicyKind::Trust
        } else {
            PolicyKind::Resource
        }
    }

    /// Whether action, resource and conditions of a statement match.
    fn matches(&self, statement: &Statement, kind: PolicyKind) -> bool {
        statement.action.matches(self.actions())
            && statement
                .resource
                .matches(kind, &self.resource, self.request.context)
            && statement
                .conditions
                .iter()
                .all(|test| test.holds(self.request.context))
    }

    /// The way a statement names the caller; its other elements are not looked at.
    fn way(&self, statement: &Statement) -> Option<Way> {
        // Whoever has a permissions boundary cannot be exempted from a deny by `NotPrincipal`.
        let always_hit = statement.effect() == Effect::Deny && self.taking_part.boundary.is_some();
        statement.principal.way(self.request.principal, always_hit)
    }

    fn find(&self, set: &Set, effect: Effect, kind: PolicyKind) -> Option<StatementRef> {
        let names_principals = matches!(kind, PolicyKind::ResourceControl | PolicyKind::Endpoint);
        set.find(effect, self.actions(), kind, |statement| {
            (!names_principals || self.way(statement).is_some()) && self.matches(statement, kind)
        })
    }

    /// The first applying `Deny`, whatever policy it is in.
    fn denied(&self) -> Option<StatementRef> {
        let part = &self.taking_part;
        let deny = |set: &Set, kind| self.find(set, Effect::Deny, kind);
        let levels = |sets: &[Set], kind| sets.iter().find_map(|set| deny(set, kind));
        part.identity
            .and_then(|set| deny(set, PolicyKind::Identity))
            .or_else(|| part.boundary.and_then(|set| deny(set, PolicyKind::Boundary)))
            .or_else(|| part.session.and_then(|set| deny(set, PolicyKind::Session)))
            .or_else(|| self.denied_by_resource())
            .or_else(|| levels(part.service_control, PolicyKind::ServiceControl))
            .or_else(|| levels(part.resource_control, PolicyKind::ResourceControl))
            .or_else(|| part.endpoint.and_then(|set| deny(set, PolicyKind::Endpoint)))
    }

    fn denied_by_resource(&self) -> Option<StatementRef> {
        let policy = self.request.resource_policy?;
        let kind = self.resource_kind();
        let statements = policy.document.statements().iter();
        statements
            .filter(|statement| statement.effect() == Effect::Deny)
            .find(|statement| self.way(statement).is_some() && self.matches(statement, kind))
            .map(|statement| StatementRef::new(kind, policy, statement))
    }

    /// The kind of guardrail that does not allow: levels of the organizations, then the endpoint.
    fn guarded(&self) -> Option<PolicyKind> {
        let part = &self.taking_part;
        let silent = |set: &Set, kind| self.find(set, Effect::Allow, kind).is_none().then_some(kind);
        let levels = |sets: &[Set], kind| sets.iter().find_map(|set| silent(set, kind));
        levels(part.service_control, PolicyKind::ServiceControl)
            .or_else(|| levels(part.resource_control, PolicyKind::ResourceControl))
            .or_else(|| part.endpoint.and_then(|set| silent(set, PolicyKind::Endpoint)))
    }

    /// The grants of the resource's policy.
    fn resource_grants(&self) -> Grants {
        let mut grants = Grants::default();
        let Some(policy) = self.request.resource_policy else {
            return grants;
        };
        let kind = self.resource_kind();
        for statement in policy.document.statements() {
            if statement.effect() != Effect::Allow {
                continue;
            }
            let Some(way) = self.way(statement) else { continue };
            let place = match way {
                // Who trusts everybody means those whom AWS knows. Our choice: AWS does not say.
                Way::Wild if matches!(self.request.principal, Principal::WebIdentity { .. }) => continue,
                Way::Account => &mut grants.account,
                Way::User | Way::Role => &mut grants.parent,
                Way::Wild | Way::Direct => &mut grants.caller,
            };
            if place.is_none() && self.matches(statement, kind) {
                *place = Some(StatementRef::new(kind, policy, statement));
            }
        }
        grants
    }

    /// The statement that grants the request, or what is missing for it.
    fn granted(&self) -> Result<Option<StatementRef>, PolicyKind> {
        let grants = self.resource_grants();
        let principal = self.request.principal;
        let Some(account) = principal.account() else {
            return grants.caller.map(Some).ok_or(self.resource_kind());
        };
        let own = self.request.resource_account.is_none_or(|owner| owner == account);
        if own && let Some(by) = grants.caller {
            return Ok(Some(by));
        }
        let limits = self.limits();
        if own
            && limits.is_ok()
            && let Some(by) = grants.parent
        {
            return Ok(Some(by));
        }
        let trusted = match own {
            true => grants.account.is_some() || !self.insists(),
            false => grants.any().is_some(),
        };
        if !trusted {
            return Err(self.resource_kind());
        }
        let by = match principal {
            // Root needs no policy of its own.
            Principal::Root { .. } => grants.account,
            _ => {
                let set = self.taking_part.identity.ok_or(PolicyKind::Identity)?;
                Some(
                    self.find(set, Effect::Allow, PolicyKind::Identity)
                        .ok_or(PolicyKind::Identity)?,
                )
            }
        };
        limits.map(|()| by)
    }

    /// Whether the caller's own policies count only if the resource's policy names the account.
    fn insists(&self) -> bool {
        let resource_policy = self.request.resource_policy.is_some();
        service::insists_on_account(self.first.as_str(), &self.resource, resource_policy)
    }

    /// The boundary and the session policies, where there are any, must allow.
    fn limits(&self) -> Result<(), PolicyKind> {
        let allows = |set: Option<&Set>, kind| match set {
            Some(set) if self.find(set, Effect::Allow, kind).is_none() => Err(kind),
            _ => Ok(()),
        };
        allows(self.taking_part.boundary, PolicyKind::Boundary)?;
        allows(self.taking_part.session, PolicyKind::Session)
    }
}

#[cfg(test)]
mod tests;
