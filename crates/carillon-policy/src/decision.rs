//! The decision: which statements apply, and what follows from them.

use std::sync::Arc;

use crate::action::LowerCase;
use crate::context::Context;
use crate::document::{Effect, Statement};
use crate::facts::Facts;
use crate::policies::{Attached, Policies};
use crate::principal::{Principal, Way};
use crate::program::{ActionId, Actions, Judged, Memo, Question, Set};
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

/// A statement that decided, in the policies that were asked.
#[derive(Debug, Clone, Copy)]
pub struct Cited<'a> {
    pub kind: PolicyKind,
    pub policy: &'a Attached,
    pub statement: &'a Statement,
}

impl From<Cited<'_>> for StatementRef {
    fn from(cited: Cited<'_>) -> StatementRef {
        StatementRef::new(cited.kind, cited.policy, cited.statement)
    }
}

/// The answer. `By` is how statements are named: [`StatementRef`] outlives the policies, [`Cited`] does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<By = StatementRef> {
    /// `by`: one statement that granted it. None where no statement is needed: for root in its own account,
    /// and for `sts:GetCallerIdentity`.
    Allowed { by: Option<By> },
    /// One statement that denied; others may as well.
    ExplicitlyDenied { by: By },
    /// The first kind of policy that had to allow and did not.
    ImplicitlyDenied { missing: PolicyKind },
}

impl<'a> Decision<Cited<'a>> {
    /// Where nothing but identity-based policies has a say.
    fn of_identity(judged: Judged<'a>) -> Decision<Cited<'a>> {
        let cited = |policy, statement| Cited {
            kind: PolicyKind::Identity,
            policy,
            statement,
        };
        match judged {
            Judged::Denied(policy, statement) => Decision::ExplicitlyDenied {
                by: cited(policy, statement),
            },
            Judged::Allowed(policy, statement) => Decision::Allowed {
                by: Some(cited(policy, statement)),
            },
            Judged::Silent => Decision::ImplicitlyDenied {
                missing: PolicyKind::Identity,
            },
        }
    }

    /// The same decision, to be kept.
    pub fn keep(self) -> Decision {
        match self {
            Decision::Allowed { by } => Decision::Allowed {
                by: by.map(Into::into),
            },
            Decision::ExplicitlyDenied { by } => Decision::ExplicitlyDenied { by: by.into() },
            Decision::ImplicitlyDenied { missing } => Decision::ImplicitlyDenied { missing },
        }
    }
}

impl<By> Decision<By> {
    /// Whether the request may be carried out; either kind of denial says no.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allowed { .. })
    }
}

impl Decision {
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
    Prepared::new(request, &policies.actions).decide(policies).keep()
}

/// A request that was read once and can be decided often, by the policies of one caller or of several.
///
/// Values of the context that conditions ask for often are read at the first decision and kept.
///
/// A decision that allows allocates nothing, but for the first about an action of a class, for patterns of more than
/// two variables, and for variables compared as truth values or without regard to case.
///
/// ```
/// use std::sync::Arc;
/// use carillon_policy::{Actions, Attached, Document, Policies, PolicyType, Prepared, Principal, Request};
///
/// let actions = Actions::new(["chime:ListUsers", "chime:DeleteUser"]);
/// let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "chime:List*", "Resource": "*"}}"#;
/// let document = Document::parse(text, PolicyType::Identity, true)?;
/// let policies = Policies::for_actions(&actions).identity(vec![Attached::inline("Lists", Arc::new(document))]);
/// let principal: Principal = "arn:aws:iam::111122223333:user/ana".parse()?;
/// let request = Request {
///     principal: &principal, actions: &["chime:ListUsers"], resource: "*",
///     resource_account: None, resource_policy: None, context: &[("aws:username", "ana")],
/// };
/// let prepared = Prepared::new(&request, &actions);
/// assert!(prepared.decide(&policies).is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// In this order, what every decision looks at shares a cache line.
#[repr(C)]
pub struct Prepared<'a> {
    known: Option<ActionId>,
    /// Nothing but policies has a say: no rule of the action's service, no policy of the resource, no other account,
    /// and the caller is somebody to whom policies are attached.
    plain: bool,
    service_linked: bool,
    actions: &'a Actions,
    resource: RequestResource<'a>,
    facts: Facts<'a>,
    /// In lower case, the primary one first; empty if the action is not known.
    spellings: &'a [Box<str>],
    /// The spellings of an action that is not known.
    unknown: Option<LowerCase>,
    others: Vec<LowerCase>,
    request: Request<'a>,
}

impl<'a> Prepared<'a> {
    /// `actions`: what the policies that will decide were compiled for. With others the decision is the same, but
    /// takes longer.
    pub fn new(request: &Request<'a>, actions: &'a Actions) -> Prepared<'a> {
        let known = actions.find(request.actions);
        let lower = |action: &&str| LowerCase::new(action);
        let (unknown, others) = match (known, request.actions) {
            (None, [primary, others @ ..]) => (Some(lower(primary)), others.iter().map(lower).collect()),
            _ => (None, Vec::new()),
        };
        let spellings = known.map(|id| actions.spellings(id)).unwrap_or_default();
        let own = request
            .resource_account
            .is_none_or(|owner| request.principal.account() == Some(owner));
        Prepared {
            request: *request,
            known,
            spellings,
            plain: own
                && request.resource_policy.is_none()
                && request.principal.is_entity()
                && !spellings.iter().any(|action| service::has_rules(action)),
            unknown,
            others,
            resource: RequestResource::new(request.resource),
            facts: Facts::new(request.context),
            actions,
            service_linked: request.principal.is_service_linked_role(),
        }
    }

    /// Decides the request, as [`decide`] does.
    pub fn decide<'d>(&'d self, policies: &'d Policies) -> Decision<Cited<'d>> {
        let known = self
            .known
            .filter(|_| std::ptr::eq(self.actions, &*policies.actions));
        if let Some(action) = known.filter(|_| self.plain && policies.are_identity_only())
            && let Some(judged) = policies.identity.judge(action, &self.resource, &self.facts)
        {
            return Decision::of_identity(judged);
        }
        self.decide_in_full(policies, known)
    }

    /// Where anything may have a say.
    #[inline(never)]
    fn decide_in_full<'d>(&'d self, policies: &'d Policies, known: Option<ActionId>) -> Decision<Cited<'d>> {
        let Some(primary) = self.spellings().next() else {
            // Not even `*` is about no action.
            return Decision::ImplicitlyDenied {
                missing: PolicyKind::Identity,
            };
        };
        let asked = Asked {
            prepared: self,
            primary,
            known,
            taking_part: TakingPart::of(self, policies),
        };
        asked.decide()
    }

    fn spellings(&self) -> impl Iterator<Item = &str> + Clone {
        let known = self.spellings.iter().map(|spelling| &**spelling);
        known.chain(self.unknown.iter().chain(&self.others).map(LowerCase::as_str))
    }
}

/// A request put to some policies.
struct Asked<'a, 'r> {
    prepared: &'a Prepared<'r>,
    /// The primary spelling of the action.
    primary: &'a str,
    /// The action, if these policies were compiled for it.
    known: Option<ActionId>,
    taking_part: TakingPart<'a>,
}

/// Documents that count as one, and which of their conditions were tested already.
struct Asking<'a> {
    set: &'a Set,
    memo: Memo,
}

impl<'a> Asking<'a> {
    fn of(set: &'a Set) -> Asking<'a> {
        Asking {
            set,
            memo: Memo::default(),
        }
    }
}

/// Those policies that count for this kind of caller.
struct TakingPart<'a> {
    identity: Option<Asking<'a>>,
    boundary: Option<Asking<'a>>,
    session: Option<Asking<'a>>,
    service_control: &'a [Set],
    resource_control: &'a [Set],
    endpoint: Option<Asking<'a>>,
}

impl<'a> TakingPart<'a> {
    fn of(prepared: &Prepared<'_>, policies: &'a Policies) -> TakingPart<'a> {
        let principal = prepared.request.principal;
        let (anonymous, entity) = (principal.account().is_none(), principal.is_entity());
        let asking = |set: &'a Option<Arc<Set>>, takes_part| match set {
            Some(set) if takes_part => Some(Asking::of(set)),
            _ => None,
        };
        TakingPart {
            identity: entity.then(|| Asking::of(&policies.identity)),
            boundary: asking(&policies.boundary, entity),
            session: asking(&policies.session, !anonymous),
            service_control: match anonymous || prepared.service_linked {
                true => &[],
                false => &policies.service_control,
            },
            resource_control: &policies.resource_control,
            endpoint: asking(&policies.endpoint, true),
        }
    }
}

/// What the resource's policy allows the caller, by the ways in which its statements name it.
#[derive(Default)]
struct Grants<'a> {
    account: Option<Cited<'a>>,
    /// The role of a session, or the user who made a federated one.
    parent: Option<Cited<'a>>,
    /// The caller itself, or everybody.
    caller: Option<Cited<'a>>,
}

impl<'a> Grants<'a> {
    fn any(&self) -> Option<Cited<'a>> {
        self.caller.or(self.parent).or(self.account)
    }
}

impl<'a> Asked<'a, '_> {
    fn decide(&self) -> Decision<Cited<'a>> {
        let authenticated = !matches!(self.request().principal, Principal::Anonymous);
        let mut spellings = self.prepared.spellings();
        if authenticated && spellings.any(|action| action == service::ALWAYS_ALLOWED) {
            return Decision::Allowed { by: None };
        }
        if let Some(by) = self.denied() {
            return Decision::ExplicitlyDenied { by };
        }
        let mut spellings = self.prepared.spellings();
        if spellings.any(|action| service::is_out_of_reach(action, &self.prepared.resource)) {
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

    fn request(&self) -> &'a Request<'a> {
        &self.prepared.request
    }

    /// What the policy of the resource is called: that of a role is its trust policy.
    fn resource_kind(&self) -> PolicyKind {
        if service::has_trust_policy(self.primary, &self.prepared.resource) {
            PolicyKind::Trust
        } else {
            PolicyKind::Resource
        }
    }

    /// Whether a statement of the resource's policy matches, but for whom it names.
    fn matches(&self, statement: &Statement, kind: PolicyKind) -> bool {
        let Prepared { facts, resource, .. } = self.prepared;
        statement.action.matches(self.prepared.spellings())
            && statement.resource.matches(kind, resource, facts.context)
            && statement.conditions.iter().all(|test| test.holds(facts))
    }

    /// The way a statement names the caller; its other elements are not looked at.
    fn way(&self, statement: &Statement) -> Option<Way> {
        // Whoever has a permissions boundary cannot be exempted from a deny by `NotPrincipal`.
        let always_hit = statement.effect() == Effect::Deny && self.taking_part.boundary.is_some();
        statement.principal.way(self.request().principal, always_hit)
    }

    fn find(&self, asking: &Asking<'a>, effect: Effect) -> Option<Cited<'a>> {
        let question = Question {
            known: self.known,
            actions: self.prepared.spellings(),
            resource: &self.prepared.resource,
            facts: &self.prepared.facts,
        };
        let meant = |statement: &Statement| self.way(statement).is_some();
        let (policy, statement) = asking.set.find(effect, &question, &asking.memo, meant)?;
        Some(Cited {
            kind: asking.set.kind(),
            policy,
            statement,
        })
    }

    /// The first applying `Deny` found, whatever policy it is in.
    fn denied(&self) -> Option<Cited<'a>> {
        let part = &self.taking_part;
        let deny = |asking: &Asking<'a>| self.find(asking, Effect::Deny);
        let levels = |sets: &'a [Set]| sets.iter().find_map(|set| deny(&Asking::of(set)));
        let own = [&part.identity, &part.boundary, &part.session];
        own.into_iter()
            .flatten()
            .find_map(deny)
            .or_else(|| self.denied_by_resource())
            .or_else(|| levels(part.service_control))
            .or_else(|| levels(part.resource_control))
            .or_else(|| part.endpoint.as_ref().and_then(deny))
    }

    fn denied_by_resource(&self) -> Option<Cited<'a>> {
        let policy = self.request().resource_policy?;
        let kind = self.resource_kind();
        let statements = policy.document.statements().iter();
        statements
            .filter(|statement| statement.effect() == Effect::Deny)
            .find(|statement| self.way(statement).is_some() && self.matches(statement, kind))
            .map(|statement| Cited {
                kind,
                policy,
                statement,
            })
    }

    /// The kind of guardrail that does not allow: levels of the organizations, then the endpoint.
    fn guarded(&self) -> Option<PolicyKind> {
        let part = &self.taking_part;
        let silent = |asking: &Asking<'a>| match self.find(asking, Effect::Allow) {
            Some(_) => None,
            None => Some(asking.set.kind()),
        };
        let levels = |sets: &'a [Set]| sets.iter().find_map(|set| silent(&Asking::of(set)));
        levels(part.service_control)
            .or_else(|| levels(part.resource_control))
            .or_else(|| part.endpoint.as_ref().and_then(silent))
    }

    /// The grants of the resource's policy.
    fn resource_grants(&self) -> Grants<'a> {
        let mut grants = Grants::default();
        let Some(policy) = self.request().resource_policy else {
            return grants;
        };
        let kind = self.resource_kind();
        for statement in policy.document.statements() {
            if statement.effect() != Effect::Allow {
                continue;
            }
            let counts = |way: &Way| way.lets_in(self.request().principal);
            let Some(way) = self.way(statement).filter(counts) else {
                continue;
            };
            let place = match way {
                Way::Account => &mut grants.account,
                Way::User | Way::Role => &mut grants.parent,
                Way::Wild | Way::Direct => &mut grants.caller,
            };
            if place.is_none() && self.matches(statement, kind) {
                *place = Some(Cited {
                    kind,
                    policy,
                    statement,
                });
            }
        }
        grants
    }

    /// The statement that grants the request, or what is missing for it.
    fn granted(&self) -> Result<Option<Cited<'a>>, PolicyKind> {
        let grants = self.resource_grants();
        let principal = self.request().principal;
        let Some(account) = principal.account() else {
            return grants.caller.map(Some).ok_or(self.resource_kind());
        };
        let own = self
            .request()
            .resource_account
            .is_none_or(|owner| owner == account);
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
                let asking = self.taking_part.identity.as_ref().ok_or(PolicyKind::Identity)?;
                Some(self.find(asking, Effect::Allow).ok_or(PolicyKind::Identity)?)
            }
        };
        limits.map(|()| by)
    }

    /// Whether the caller's own policies count only if the resource's policy names the account.
    fn insists(&self) -> bool {
        let resource_policy = self.request().resource_policy.is_some();
        service::insists_on_account(self.primary, &self.prepared.resource, resource_policy)
    }

    /// The boundary and the session policies, where there are any, must allow.
    fn limits(&self) -> Result<(), PolicyKind> {
        let limits = [&self.taking_part.boundary, &self.taking_part.session];
        match limits
            .into_iter()
            .flatten()
            .find(|asking| self.find(asking, Effect::Allow).is_none())
        {
            Some(silent) => Err(silent.set.kind()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
