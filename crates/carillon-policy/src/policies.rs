//! The policies that take part in a caller's decisions, indexed once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::action::ActionPattern;
use crate::decision::{PolicyKind, StatementRef};
use crate::document::{Document, Effect, Statement};
use crate::pattern::Pattern;

/// A document and where it comes from.
#[derive(Debug, Clone)]
pub struct Attached {
    pub document: Arc<Document>,
    /// Of a managed policy; inline ones have none.
    pub arn: Option<Arc<str>>,
    /// For people: a policy's name, or the name of the resource whose policy it is.
    pub name: Arc<str>,
    /// The ARN of what it is attached to: a user, group, role, account or resource. Explanations show it; a group's
    /// says through which group a user has the policy.
    pub holder: Option<Arc<str>>,
}

impl Attached {
    /// An inline policy.
    pub fn inline(name: impl Into<Arc<str>>, document: Arc<Document>) -> Attached {
        Attached {
            document,
            arn: None,
            name: name.into(),
            holder: None,
        }
    }

    /// A managed policy; its name is the last part of its ARN.
    pub fn managed(arn: impl Into<Arc<str>>, document: Arc<Document>) -> Attached {
        let arn: Arc<str> = arn.into();
        let name = arn.rsplit('/').next().unwrap_or_default().into();
        Attached {
            document,
            arn: Some(arn),
            name,
            holder: None,
        }
    }

    /// The same policy, attached to the user, group, role, account or resource with this ARN.
    #[must_use]
    pub fn held_by(mut self, holder: impl Into<Arc<str>>) -> Attached {
        self.holder = Some(holder.into());
        self
    }
}

/// Everything that takes part in the decisions of one caller, except the resource's own policy.
///
/// Build it once for a caller and keep it until an attachment changes; [`decide`](crate::decide) only reads.
/// What is not given does not exist: no boundary, no session policies, no organization, no endpoint.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    pub(crate) identity: Arc<Set>,
    pub(crate) boundary: Option<Arc<Set>>,
    pub(crate) session: Option<Arc<Set>>,
    pub(crate) service_control: Arc<[Set]>,
    pub(crate) resource_control: Arc<[Set]>,
    pub(crate) endpoint: Option<Arc<Set>>,
}

impl Policies {
    /// No policies at all: only root, and callers a resource policy names, may do anything.
    pub fn new() -> Policies {
        Policies::default()
    }

    /// The identity-based policies: of a user and its groups, or of a role.
    #[must_use]
    pub fn identity(mut self, policies: Vec<Attached>) -> Policies {
        self.identity = Arc::new(Set::build(policies));
        self
    }

    /// The permissions boundary. Several documents count as one; an empty list allows nothing.
    #[must_use]
    pub fn boundary(mut self, policies: Vec<Attached>) -> Policies {
        self.boundary = Some(Arc::new(Set::build(policies)));
        self
    }

    /// The policies passed when the session was made. Several count as one; an empty list allows nothing.
    #[must_use]
    pub fn session(mut self, policies: Vec<Attached>) -> Policies {
        self.session = Some(Arc::new(Set::build(policies)));
        self
    }

    /// One list for each level of the caller's organization, from the root to the account: each must allow.
    #[must_use]
    pub fn service_control(mut self, levels: Vec<Vec<Attached>>) -> Policies {
        self.service_control = levels.into_iter().map(Set::build).collect();
        self
    }

    /// One list for each level of the organization of the *resource's* account. Nothing is added, not even
    /// the policy that AWS attaches everywhere.
    #[must_use]
    pub fn resource_control(mut self, levels: Vec<Vec<Attached>>) -> Policies {
        self.resource_control = levels.into_iter().map(Set::build).collect();
        self
    }

    /// All of them with their kinds, in the order in which they were given.
    pub fn attached(&self) -> impl Iterator<Item = (PolicyKind, &Attached)> {
        fn each<'a>(
            kind: PolicyKind,
            sets: impl IntoIterator<Item = &'a Set>,
        ) -> impl Iterator<Item = (PolicyKind, &'a Attached)> {
            sets.into_iter()
                .flat_map(move |set| set.policies().iter().map(move |policy| (kind, policy)))
        }
        each(PolicyKind::Identity, [&*self.identity])
            .chain(each(PolicyKind::Boundary, self.boundary.as_deref()))
            .chain(each(PolicyKind::Session, self.session.as_deref()))
            .chain(each(PolicyKind::ServiceControl, &*self.service_control))
            .chain(each(PolicyKind::ResourceControl, &*self.resource_control))
            .chain(each(PolicyKind::Endpoint, self.endpoint.as_deref()))
    }

    /// The policy of the VPC endpoint the request came through.
    #[must_use]
    pub fn endpoint(mut self, policies: Vec<Attached>) -> Policies {
        self.endpoint = Some(Arc::new(Set::build(policies)));
        self
    }
}

/// Documents that count as one, with an index from actions to the statements that can be about them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set {
    policies: Vec<Attached>,
    allow: Table,
    deny: Table,
}

/// Where a statement is: number of the policy, place in its list of statements.
type Place = (usize, usize);

/// Statements by what they can be about, each under every key it must be found by. All keys in lower case.
#[derive(Debug, Clone, Default)]
struct Table {
    /// Statements all of whose actions are written out.
    by_action: HashMap<Box<str>, Vec<Place>>,
    /// Statements with patterns, under the services these name.
    by_service: HashMap<Box<str>, Vec<Place>>,
    /// Statements about `*`, and those that say which actions they are not about.
    any: Vec<Place>,
}

impl Set {
    pub fn build(policies: Vec<Attached>) -> Set {
        let (mut allow, mut deny) = (Table::default(), Table::default());
        for (number, policy) in policies.iter().enumerate() {
            for (place, statement) in policy.document.statements().iter().enumerate() {
                let table = match statement.effect() {
                    Effect::Allow => &mut allow,
                    Effect::Deny => &mut deny,
                };
                table.insert(statement, (number, place));
            }
        }
        Set {
            policies,
            allow,
            deny,
        }
    }

    /// In the order in which they were given.
    pub fn policies(&self) -> &[Attached] {
        &self.policies
    }

    /// The first statement of this effect that can be about one of the actions and passes the test. The
    /// index only narrows the search: `applies` must still look at the action.
    pub fn find<'a>(
        &self,
        effect: Effect,
        actions: impl Iterator<Item = &'a str>,
        kind: PolicyKind,
        applies: impl Fn(&Statement) -> bool,
    ) -> Option<StatementRef> {
        let table = match effect {
            Effect::Allow => &self.allow,
            Effect::Deny => &self.deny,
        };
        let first = |places: &[Place]| {
            places.iter().find_map(|&(number, place)| {
                let policy = self.policies.get(number)?;
                let statement = policy.document.statements().get(place)?;
                applies(statement).then(|| StatementRef::new(kind, policy, statement))
            })
        };
        first(&table.any).or_else(|| {
            actions.into_iter().find_map(|action| {
                let service = action
                    .split_once(':')
                    .map(|(service, _)| service)
                    .unwrap_or_default();
                let by_action = table.by_action.get(action).and_then(|places| first(places));
                by_action.or_else(|| table.by_service.get(service).and_then(|places| first(places)))
            })
        })
    }
}

impl Table {
    fn insert(&mut self, statement: &Statement, place: Place) {
        let element = &statement.action;
        let patterns = match (&element.action, &element.not_action) {
            (Some(patterns), None) => patterns,
            (None, None) => return,
            (_, Some(_)) => {
                self.any.push(place);
                return;
            }
        };
        if patterns.contains(&ActionPattern::Any) {
            self.any.push(place);
            return;
        }
        for pattern in patterns {
            let ActionPattern::Of { service, name } = pattern else {
                continue;
            };
            let places = match name {
                Pattern::Literal(name) => self
                    .by_action
                    .entry(format!("{service}:{name}").into_boxed_str())
                    .or_default(),
                _ => self.by_service.entry(service.clone()).or_default(),
            };
            // A statement may name an action twice, or two patterns of one service.
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }
}
