//! Every statement of every policy that takes part, and which of its parts match.

use std::sync::Arc;

use crate::condition;
use crate::context::Context;
use crate::decision::{PolicyKind, Request};
use crate::document::{Effect, Statement};
use crate::policies::{Attached, Policies, Set};
use crate::principal::{Principal, Way};
use crate::resource::RequestResource;
use crate::service;
use crate::syntax::{self, Node, Value};

/// A policy that takes part.
pub(super) struct Considered<'a> {
    pub kind: PolicyKind,
    /// Of a control policy.
    pub level: Option<usize>,
    pub policy: &'a Attached,
    /// The policy's name; one without is named by its place among its like, counted from 1.
    pub name: Arc<str>,
    /// Whether its document has variables.
    pub variables: bool,
    pub statements: Vec<Checked<'a>>,
}

/// A statement, and which of its parts match.
pub(super) struct Checked<'a> {
    pub statement: &'a Statement,
    /// As written, if the text can be read again.
    pub node: Option<Node>,
    /// How it names the caller; nothing where statements do not name anybody.
    pub principal: Option<Option<Way>>,
    pub action: bool,
    pub resource: bool,
    pub conditions: Vec<Condition>,
}

/// One key under one operator.
pub(super) struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Node,
    pub holds: bool,
}

impl Condition {
    /// Whether it holds in this context.
    pub fn holds_in(&self, variables: bool, context: &dyn Context) -> bool {
        let keys = Node::object_of(vec![(self.key.clone(), self.values.clone())]);
        let block = Node::object_of(vec![(self.operator.clone(), keys)]);
        condition::compile(&block, variables)
            .iter()
            .all(|test| test.holds(context))
    }
}

impl Checked<'_> {
    pub fn applies(&self) -> bool {
        self.failures() == 0
    }

    /// How many parts keep it from applying.
    pub fn failures(&self) -> usize {
        let unnamed = self.principal.is_some_and(|way| way.is_none());
        let conditions = self.conditions.iter().filter(|condition| !condition.holds);
        usize::from(unnamed) + usize::from(!self.action) + usize::from(!self.resource) + conditions.count()
    }

    pub fn failed_conditions(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(|condition| !condition.holds)
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

/// Judges every statement of the policies that take part for this kind of caller.
pub(super) fn consider<'a>(request: &Request<'a>, policies: &'a Policies) -> Vec<Considered<'a>> {
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
    };
    let mut considered = Vec::new();
    let mut add = |kind, level, list: &'a [Attached]| {
        let policies = list.iter().zip(1..);
        considered.extend(policies.map(|(policy, place)| judge.policy(kind, level, policy, place)));
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
}

impl<'a> Judge<'a, '_> {
    fn policy(
        &self,
        kind: PolicyKind,
        level: Option<usize>,
        policy: &'a Attached,
        place: usize,
    ) -> Considered<'a> {
        let root = syntax::read(policy.document.text()).ok();
        let variables = root
            .as_ref()
            .and_then(|root| root.get("Version"))
            .and_then(Node::string)
            == Some("2012-10-17");
        let mut nodes = match root.and_then(|root| root.into_member("Statement")) {
            Some(node) => node.into_each().into_iter().map(Some).collect(),
            None => Vec::new(),
        };
        let statements = policy.document.statements().iter().map(|statement| {
            let node = nodes.get_mut(statement.index()).and_then(Option::take);
            self.statement(kind, statement, node, variables)
        });
        Considered {
            kind,
            level,
            policy,
            name: match policy.name.is_empty() {
                true => place.to_string().into(),
                false => policy.name.clone(),
            },
            variables,
            statements: statements.collect(),
        }
    }

    fn statement(
        &self,
        kind: PolicyKind,
        statement: &'a Statement,
        node: Option<Node>,
        variables: bool,
    ) -> Checked<'a> {
        let names_principals = matches!(
            kind,
            PolicyKind::Resource | PolicyKind::Trust | PolicyKind::ResourceControl | PolicyKind::Endpoint
        );
        // Whoever has a permissions boundary cannot be exempted from a deny by `NotPrincipal`.
        let always_hit = statement.effect() == Effect::Deny && self.bounded;
        let principal = names_principals.then(|| statement.principal.way(self.request.principal, always_hit));
        Checked {
            statement,
            principal,
            action: statement.action.matches(self.actions.iter().map(String::as_str)),
            resource: statement
                .resource
                .matches(kind, &self.resource, self.request.context),
            conditions: match &node {
                Some(node) => self.conditions(node, variables),
                None => self.unreadable(statement),
            },
            node,
        }
    }

    fn conditions(&self, node: &Node, variables: bool) -> Vec<Condition> {
        let Some(block) = node.get("Condition") else {
            return Vec::new();
        };
        let empty = || Node::object_of(Vec::new());
        // What has the wrong shape never holds.
        let misshapen = |operator: &str| Condition {
            operator: operator.to_owned(),
            key: String::new(),
            values: empty(),
            holds: false,
        };
        let Some(operators) = block.object() else {
            return vec![misshapen("")];
        };
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            match keys.object() {
                Some([]) if condition::is_known_operator(operator) => {}
                None | Some([]) => conditions.push(misshapen(operator)),
                Some(keys) => conditions.extend(keys.iter().map(|(key, values)| {
                    let mut condition = Condition {
                        operator: operator.clone(),
                        key: key.clone(),
                        values: values.clone(),
                        holds: false,
                    };
                    condition.holds = condition.holds_in(variables, self.request.context);
                    condition
                })),
            }
        }
        conditions
    }

    /// For a document that was read from a value nested too deeply for a text: all conditions as one.
    fn unreadable(&self, statement: &Statement) -> Vec<Condition> {
        let holds = statement
            .conditions
            .iter()
            .all(|test| test.holds(self.request.context));
        vec![Condition {
            operator: String::new(),
            key: String::new(),
            values: Node::object_of(Vec::new()),
            holds,
        }]
    }
}

impl Node {
    /// An object that does not come from a text.
    fn object_of(members: Vec<(String, Node)>) -> Node {
        Node {
            value: Value::Object(members),
            start: 0,
            end: 0,
        }
    }

    fn into_member(self, key: &str) -> Option<Node> {
        match self.value {
            Value::Object(members) => members
                .into_iter()
                .find(|(name, _)| name == key)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// As [`Node::each`].
    fn into_each(self) -> Vec<Node> {
        match self.value {
            Value::Array(elements) => elements,
            _ => vec![self],
        }
    }
}
