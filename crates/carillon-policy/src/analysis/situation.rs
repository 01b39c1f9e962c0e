//! Whose request it is: for documents that name principals, the callers they tell apart; for the others, anybody.

use std::sync::Arc;

use super::formula::Formula;
use super::space::{Space, Unreadable};
use crate::context::Context;
use crate::decision::{PolicyKind, Request, decide};
use crate::document::{Document, Effect, PolicyType, Statement};
use crate::policies::{Attached, Policies};
use crate::principal::{NamedPrincipal, Principal, PrincipalType, Way};
use crate::service;

/// An AWS account that no policy names.
pub(super) const STRANGER: &str = "999988887777";
const ACCOUNT: &str = "111122223333";

/// A caller, and what is known of it and of the resource beside the documents in question.
#[derive(Debug, Clone)]
pub(super) struct Situation {
    pub principal: Principal,
    /// Whether the resource belongs to the caller's account.
    own: bool,
    /// Whether the caller's own policies allow everything, rather than nothing.
    identity: bool,
    /// Whether the caller has a permissions boundary that allows nothing.
    bounded: bool,
}

impl Situation {
    /// For people.
    pub fn description(&self, ty: PolicyType) -> Option<String> {
        if !ty.names_principals() {
            return None;
        }
        let Some(arn) = self.principal.arn() else {
            return Some("anybody, even without credentials".to_owned());
        };
        if self.principal.account().is_none() {
            return Some(arn.into_owned());
        }
        let relation = match (ty, self.own) {
            (PolicyType::ResourceControl | PolicyType::Endpoint, _) => "",
            (_, true) => " in the account of the resource",
            (_, false) => " from another account",
        };
        let own = match (self.identity, self.bounded) {
            (true, _) => ", whose own policies allow it",
            (false, false) => ", whose own policies say nothing",
            (false, true) => ", whose permissions boundary does not allow it",
        };
        Some(format!("{arn}{relation}{own}"))
    }

    /// The caller, for documents that name principals.
    pub fn name(&self, ty: PolicyType) -> Option<String> {
        let anybody = || "anybody, even without credentials".to_owned();
        ty.names_principals().then(|| {
            self.principal
                .arn()
                .map_or_else(anybody, std::borrow::Cow::into_owned)
        })
    }

    /// Whether nothing but the documents in question stands in the caller's way.
    pub fn is_plain(&self) -> bool {
        self.identity && !self.bounded
    }

    /// The account that owns the resource.
    pub fn owner(&self) -> &str {
        match self.principal.account() {
            Some(account) if self.own => account,
            Some("444455556666") => ACCOUNT,
            _ => "444455556666",
        }
    }
}

/// What is compared: the documents of one policy, read as their type.
pub(super) struct Side<'a> {
    pub documents: &'a [Attached],
    pub ty: PolicyType,
}

/// The place in decisions of documents of a type.
pub(super) fn kind(ty: PolicyType) -> PolicyKind {
    match ty {
        PolicyType::Identity => PolicyKind::Identity,
        PolicyType::Resource => PolicyKind::Resource,
        PolicyType::Trust => PolicyKind::Trust,
        PolicyType::Boundary => PolicyKind::Boundary,
        PolicyType::Session => PolicyKind::Session,
        PolicyType::ServiceControl => PolicyKind::ServiceControl,
        PolicyType::ResourceControl => PolicyKind::ResourceControl,
        PolicyType::Endpoint => PolicyKind::Endpoint,
    }
}

impl Side<'_> {
    /// When a request is allowed in the situation.
    pub fn allowed(&self, space: &mut Space, situation: &Situation) -> Result<Formula, Unreadable> {
        let deny = self.applying(space, Effect::Deny, |statement| {
            self.way(statement, situation).is_some()
        })?;
        let mut allow = |from: Way| {
            self.applying(space, Effect::Allow, |statement| {
                self.way(statement, situation).is_some_and(|way| way >= from)
            })
        };
        let allow = match self.ty {
            PolicyType::Resource | PolicyType::Trust => {
                let nameless = situation.principal.account().is_none();
                match (nameless, situation.own, situation.identity, situation.bounded) {
                    (true, ..) | (false, true, false, true) => allow(Way::Wild)?,
                    (false, true, false, false) => allow(Way::User)?,
                    (false, true, true, _) => {
                        // The caller's own policies do, unless the service insists on the resource's.
                        let named = allow(Way::Account)?;
                        Formula::any([named, Formula::not(insists(space))])
                    }
                    (false, false, true, _) => allow(Way::Account)?,
                    (false, false, false, _) => Formula::False,
                }
            }
            _ => allow(Way::Account)?,
        };
        Ok(Formula::all([allow, Formula::not(deny)]))
    }

    /// When a document itself grants a request to the caller, whatever other policies say.
    pub fn grants(&self, space: &mut Space, situation: &Situation) -> Result<Formula, Unreadable> {
        let counts = |statement: &Statement| self.way(statement, situation).is_some();
        let allow = self.applying(space, Effect::Allow, counts)?;
        let deny = self.applying(space, Effect::Deny, counts)?;
        Ok(Formula::all([allow, Formula::not(deny)]))
    }

    /// The way in which a statement names the caller, if it counts so. Documents without principals mean everybody.
    pub fn way(&self, statement: &Statement, situation: &Situation) -> Option<Way> {
        if !self.ty.names_principals() {
            return Some(Way::Wild);
        }
        let denies = statement.effect() == Effect::Deny;
        let way = statement
            .principal
            .way(&situation.principal, denies && situation.bounded)?;
        // Guardrails let nobody in, and deny nobody by allowing everybody.
        let lets_in = !denies && matches!(self.ty, PolicyType::Resource | PolicyType::Trust);
        (!lets_in || way.lets_in(&situation.principal)).then_some(way)
    }

    fn applying(
        &self,
        space: &mut Space,
        effect: Effect,
        counts: impl Fn(&Statement) -> bool,
    ) -> Result<Formula, Unreadable> {
        let mut parts = Vec::new();
        for attached in self.documents {
            let formulas = space.document(&attached.document, kind(self.ty))?;
            let statements = attached.document.statements().iter().zip(formulas.iter());
            let wanted =
                statements.filter(|(statement, _)| statement.effect() == effect && counts(statement));
            parts.extend(wanted.map(|(_, formula)| formula.clone()));
        }
        Ok(Formula::any(parts))
    }

    /// The ordinary evaluator's word on a request.
    pub fn confirms(
        &self,
        situation: &Situation,
        action: &str,
        resource: &str,
        context: &dyn Context,
    ) -> bool {
        let open = || vec![Attached::inline("open", open())];
        let documents = || self.documents.to_vec();
        let mut policies = Policies::new();
        if situation.identity {
            policies = policies.identity(open());
        }
        if situation.bounded {
            policies = policies.boundary(Vec::new());
        }
        policies = match self.ty {
            PolicyType::Identity => policies.identity(documents()),
            PolicyType::Boundary => policies.boundary(documents()),
            PolicyType::Session => policies.session(documents()),
            PolicyType::ServiceControl => policies.service_control(vec![documents()]),
            PolicyType::ResourceControl => policies.resource_control(vec![documents()]),
            PolicyType::Endpoint => policies.endpoint(documents()),
            PolicyType::Resource | PolicyType::Trust => policies,
        };
        // Of no consequence but for keys and roles, whose policies must let the account speak.
        let owner_speaks = Attached::inline("owner", delegating(situation.principal.account()));
        let resource_policy = match self.ty {
            PolicyType::Resource | PolicyType::Trust => self.documents.first(),
            _ => Some(&owner_speaks),
        };
        let request = Request {
            principal: &situation.principal,
            actions: &[action],
            resource,
            resource_account: Some(situation.owner()),
            resource_policy,
            context,
        };
        decide(&request, &policies).is_allowed()
    }
}

fn open() -> Arc<Document> {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    Arc::new(Document::lenient_text(text).unwrap_or_else(|_| Document::lenient(&serde_json::Value::Null)))
}

/// A resource's policy that leaves the decision to the policies of an account; callers without one are let in.
fn delegating(account: Option<&str>) -> Arc<Document> {
    let principal = account.unwrap_or("*");
    Arc::new(Document::lenient(&serde_json::json!({
        "Statement": {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*", "Resource": "*"}
    })))
}

/// What no policy can change: identity is always told, and some things are AWS's own.
pub(super) fn reachable(space: &mut Space) -> Formula {
    let always = space.action(service::ALWAYS_ALLOWED);
    let mut within = |actions: &[&str], resource: &str| {
        let actions: Vec<Formula> = actions.iter().map(|action| space.action(action)).collect();
        Formula::all([Formula::any(actions), space.plain_resource(resource)])
    };
    let policies = within(&service::POLICY_CHANGES, "arn:*:iam:*:aws:policy/*");
    let roles = within(&service::ROLE_CHANGES, "arn:*:iam:*:*:role/aws-reserved/*");
    let aliases = within(&service::ALIAS_CHANGES, "arn:*:kms:*:*:alias/aws/*");
    let of_aws = space.plain_resource("arn:*:iam:*:aws:*");
    let roles = Formula::all([roles, Formula::not(of_aws)]);
    Formula::not(Formula::any([always, policies, roles, aliases]))
}

fn insists(space: &mut Space) -> Formula {
    let keys = [space.action("kms:*"), space.plain_resource("arn:*:kms:*:*:key/*")];
    Formula::any([space.action("sts:*"), Formula::all(keys)])
}

/// What a document of this type is about at all.
pub(super) fn subject(space: &mut Space, ty: PolicyType) -> Formula {
    match ty {
        PolicyType::Trust => {
            let parts = [space.action("sts:*"), space.plain_resource("arn:*:iam::*:role/*")];
            Formula::all(parts)
        }
        _ => Formula::True,
    }
}

/// One situation for each way in which the documents can look at a caller.
pub(super) fn situations(ty: PolicyType, documents: &[&Attached]) -> Vec<Situation> {
    let anybody = |principal: Principal| Situation {
        principal,
        own: true,
        identity: true,
        bounded: false,
    };
    let someone = user(ACCOUNT, "someone");
    if !ty.names_principals() {
        return vec![anybody(someone)];
    }
    let statements = documents
        .iter()
        .flat_map(|attached| attached.document.statements());
    let statements: Vec<&Statement> = statements.collect();
    let names = statements
        .iter()
        .flat_map(|statement| statement.principals().iter().chain(statement.not_principals()));
    let mut callers: Vec<Principal> = names.flat_map(meant).collect();
    callers.extend([user(STRANGER, "someone"), session(STRANGER, "Role")]);
    callers.extend([
        Principal::Service("example.amazonaws.com".to_owned()),
        Principal::Anonymous,
    ]);
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for principal in callers {
        // Callers whom every statement names in the same way are one.
        let ways: Vec<Option<Way>> = statements
            .iter()
            .map(|statement| statement.principal.way(&principal, false))
            .collect();
        let sort = std::mem::discriminant(&principal);
        let root = matches!(principal, Principal::Root { .. });
        if seen.contains(&(ways.clone(), sort)) {
            continue;
        }
        seen.push((ways, sort));
        let base = anybody(principal);
        if base.principal.account().is_none() || !matches!(ty, PolicyType::Resource | PolicyType::Trust) {
            found.push(base);
            continue;
        }
        found.push(Situation {
            own: false,
            ..base.clone()
        });
        if !root {
            found.push(Situation {
                identity: false,
                ..base.clone()
            });
            found.push(Situation {
                identity: false,
                bounded: true,
                ..base.clone()
            });
        }
        found.push(base);
    }
    found
}

/// Callers whom no policy knows: a user and a role of another account, and somebody without credentials.
pub(super) fn strangers() -> Vec<Situation> {
    let callers = [
        user(STRANGER, "someone"),
        session(STRANGER, "Role"),
        Principal::Anonymous,
    ];
    let situation = |principal| Situation {
        principal,
        own: false,
        identity: true,
        bounded: false,
    };
    callers.into_iter().map(situation).collect()
}

fn user(account: &str, name: &str) -> Principal {
    Principal::User {
        arn: format!("arn:aws:iam::{account}:user/{name}"),
        account: account.to_owned(),
        unique_id: None,
    }
}

fn session(account: &str, role: &str) -> Principal {
    Principal::RoleSession {
        arn: format!("arn:aws:sts::{account}:assumed-role/{role}/session"),
        role_arn: format!("arn:aws:iam::{account}:role/{role}"),
        account: account.to_owned(),
        role_id: None,
    }
}

/// Callers that a name may mean, in the ways in which it may mean them.
fn meant(name: &NamedPrincipal) -> Vec<Principal> {
    let text = &*name.text;
    match name.kind {
        PrincipalType::Service => return vec![Principal::Service(text.to_owned())],
        PrincipalType::Federated => {
            let provider = text.to_owned();
            return vec![Principal::WebIdentity { provider }];
        }
        PrincipalType::CanonicalUser => return Vec::new(),
        PrincipalType::Aws => {}
    }
    let of_account = |account: &str| {
        let root = Principal::Root {
            account: account.to_owned(),
        };
        vec![user(account, "someone"), session(account, "Role"), root]
    };
    if crate::principal::is_account(text) {
        return of_account(text);
    }
    match text.parse::<Principal>() {
        Ok(Principal::Root { account }) => of_account(&account),
        Ok(Principal::Role { arn, account, .. }) => {
            let role = arn.rsplit('/').next().unwrap_or_default();
            let principal = Principal::RoleSession {
                arn: format!("arn:aws:sts::{account}:assumed-role/{role}/session"),
                role_arn: arn.clone(),
                account,
                role_id: None,
            };
            vec![principal]
        }
        Ok(Principal::User { arn, account, .. }) => {
            let name = arn.rsplit('/').next().unwrap_or_default();
            let federated = Principal::Federated {
                arn: format!("arn:aws:sts::{account}:federated-user/{name}"),
                account: account.clone(),
                user_arn: Some(arn.clone()),
            };
            let user = Principal::User {
                arn,
                account,
                unique_id: None,
            };
            vec![user, federated]
        }
        Ok(other) => vec![other],
        Err(_) if text.starts_with("AIDA") => vec![Principal::User {
            arn: format!("arn:aws:iam::{ACCOUNT}:user/{text}"),
            account: ACCOUNT.to_owned(),
            unique_id: Some(text.to_owned()),
        }],
        Err(_) if text.starts_with("AROA") => vec![Principal::RoleSession {
            arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/{text}/session"),
            role_arn: format!("arn:aws:iam::{ACCOUNT}:role/{text}"),
            account: ACCOUNT.to_owned(),
            role_id: Some(text.to_owned()),
        }],
        // A pattern or an unknown form names nobody.
        Err(_) => Vec::new(),
    }
}
