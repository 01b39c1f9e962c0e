//! What a request is about.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use carillon_aws::id::AwsAccountId;
use carillon_policy::Attached;

use super::Failed;
use crate::caller::SecondFactor;
use crate::located::{Lent, Located};

/// What the policies are asked about.
#[derive(Debug, Default)]
pub struct Target {
    /// An ARN, or `*` for actions without resource-level permissions.
    pub resource: Cow<'static, str>,
    /// Further ARNs that the action must be allowed on: where a renamed entity goes.
    pub further: Vec<String>,
    /// Actions that the operation needs beside its own, each with its spellings and a target of its own: whoever
    /// hands a role to a service must be allowed `iam:PassRole` on the role.
    pub dependent: Vec<(&'static [&'static str], Target)>,
    /// The AWS account that owns it, if not the caller's.
    pub owner: Option<AwsAccountId>,
    /// `aws:ResourceTag/…`.
    pub tags: Vec<(String, String)>,
    /// `aws:RequestTag/…`, of requests that pass tags.
    pub request_tags: Vec<(String, String)>,
    /// `aws:TagKeys`, of requests that pass or remove tags.
    pub tag_keys: Vec<String>,
    /// Keys of the service, by lower-case name: `iam:policyarn`.
    pub keys: Vec<(&'static str, String)>,
    /// Multivalued keys of the service, by lower-case name: `sts:transitivetagkeys`. Never with an empty list.
    pub multivalued_keys: Vec<(&'static str, Vec<String>)>,
    /// What an identity provider says of the caller, by lower-case key: `login.example.com:aud`. Never with an empty
    /// list.
    pub claims: Vec<(String, Vec<String>)>,
    /// The policy on the resource: the trust policy of a role to assume.
    pub resource_policy: Option<Arc<Attached>>,
    /// Set by the service for what another AWS account lends; owner and resource policy follow from it.
    pub(crate) lent: Option<Box<Lent>>,
    /// What the service found for the handler.
    pub(crate) located: Option<Arc<dyn Any + Send + Sync>>,
    /// An AWS account in whose trail the event of a success is as well, because the effect concerns it.
    pub(crate) told: Option<AwsAccountId>,
    /// What the caller shows beside its signature. It is checked before the policies are asked, and they are told
    /// that it was right.
    pub second_factor: Option<SecondFactor>,
    /// What the trail files the event under: type (`AWS::IAM::User`) and name.
    pub filed_under: Option<(&'static str, String)>,
}

impl Target {
    /// No resource: the answer for actions that are asked on `*`.
    pub fn any() -> Self {
        Self::on("*")
    }

    pub fn on(resource: impl Into<Cow<'static, str>>) -> Self {
        Self {
            resource: resource.into(),
            ..Self::default()
        }
    }

    /// A failure of a request about this target.
    pub(super) fn failed(self, failed: Failed) -> Failed {
        Failed {
            filed_under: self.filed_under,
            lent: self.lent,
            ..failed
        }
    }

    /// Something that another AWS account lends, for [`Context::may`](super::Context::may).
    pub fn lent(lent: Lent) -> Self {
        let mut target = Self::any();
        target.borrow(lent);
        target
    }

    /// What the service found, with what follows from who owns it.
    pub(super) fn locate(&mut self, located: Located) {
        if let Some(lent) = located.lent {
            self.borrow(lent);
        }
        self.located = Some(located.thing);
    }

    fn borrow(&mut self, lent: Lent) {
        self.owner = Some(lent.owner);
        self.resource_policy = Some(Arc::clone(&lent.terms));
        self.lent = Some(Box::new(lent));
    }

    /// The action must be allowed on this ARN as well.
    pub fn also_on(&mut self, resource: String) {
        if resource != self.resource {
            self.further.push(resource);
        }
    }

    /// A success is in the trail of this AWS account as well.
    #[must_use]
    pub fn telling(mut self, told: Option<AwsAccountId>) -> Self {
        self.told = told;
        self
    }

    #[must_use]
    pub fn filed_under(mut self, kind: &'static str, name: impl Into<String>) -> Self {
        self.filed_under = Some((kind, name.into()));
        self
    }
}
