//! The policies that take part in a caller's decisions.

use std::sync::Arc;

use crate::decision::PolicyKind;
use crate::document::Document;
use crate::program::Actions;
pub(crate) use crate::program::Set;

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
#[derive(Debug, Clone)]
pub struct Policies {
    pub(crate) actions: Arc<Actions>,
    pub(crate) identity: Arc<Set>,
    pub(crate) boundary: Option<Arc<Set>>,
    pub(crate) session: Option<Arc<Set>>,
    pub(crate) service_control: Arc<[Set]>,
    pub(crate) resource_control: Arc<[Set]>,
    pub(crate) endpoint: Option<Arc<Set>>,
}

impl Default for Policies {
    fn default() -> Policies {
        Policies::new()
    }
}

impl Policies {
    /// No policies at all: only root, and callers a resource policy names, may do anything.
    ///
    /// What is added is not compiled for any action; see [`Policies::for_actions`].
    pub fn new() -> Policies {
        Policies::for_actions(&Actions::none())
    }

    /// As [`Policies::new`]; what is added is compiled for these actions, and shared with others who have the same
    /// documents under the same names.
    pub fn for_actions(actions: &Arc<Actions>) -> Policies {
        Policies {
            actions: Arc::clone(actions),
            identity: Arc::default(),
            boundary: None,
            session: None,
            service_control: Arc::default(),
            resource_control: Arc::default(),
            endpoint: None,
        }
    }

    /// The identity-based policies: of a user and its groups, or of a role.
    #[must_use]
    pub fn identity(mut self, policies: Vec<Attached>) -> Policies {
        self.identity = Set::shared(PolicyKind::Identity, policies, &self.actions);
        self
    }

    /// The permissions boundary. Several documents count as one; an empty list allows nothing.
    #[must_use]
    pub fn boundary(mut self, policies: Vec<Attached>) -> Policies {
        self.boundary = Some(Set::shared(PolicyKind::Boundary, policies, &self.actions));
        self
    }

    /// The policies passed when the session was made. Several count as one; an empty list allows nothing.
    #[must_use]
    pub fn session(mut self, policies: Vec<Attached>) -> Policies {
        self.session = Some(Set::shared(PolicyKind::Session, policies, &self.actions));
        self
    }

    /// One list for each level of the caller's organization, from the root to the account: each must allow.
    #[must_use]
    pub fn service_control(mut self, levels: Vec<Vec<Attached>>) -> Policies {
        self.service_control = self.levels(PolicyKind::ServiceControl, levels);
        self
    }

    /// One list for each level of the organization of the *resource's* account. Nothing is added, not even
    /// the policy that AWS attaches everywhere.
    #[must_use]
    pub fn resource_control(mut self, levels: Vec<Vec<Attached>>) -> Policies {
        self.resource_control = self.levels(PolicyKind::ResourceControl, levels);
        self
    }

    /// Whether there are no others than identity-based policies.
    pub(crate) fn are_identity_only(&self) -> bool {
        self.boundary.is_none()
            && self.session.is_none()
            && self.service_control.is_empty()
            && self.resource_control.is_empty()
            && self.endpoint.is_none()
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
        self.endpoint = Some(Set::shared(PolicyKind::Endpoint, policies, &self.actions));
        self
    }

    fn levels(&self, kind: PolicyKind, levels: Vec<Vec<Attached>>) -> Arc<[Set]> {
        levels
            .into_iter()
            .map(|policies| Set::build(kind, policies, &self.actions))
            .collect()
    }
}
