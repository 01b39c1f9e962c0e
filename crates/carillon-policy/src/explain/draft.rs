//! A copy of everything a decision depends on, to try changes on.

use std::sync::Arc;

use super::Reason;
use super::consider::Considered;
use super::near::{Overlay, Values};
use crate::decision::{Decision, PolicyKind, Request, decide};
use crate::document::Document;
use crate::policies::{Attached, Policies, Set};

/// The request and the policies as they would be.
pub(super) struct Draft<'a> {
    request: &'a Request<'a>,
    pub identity: Vec<Attached>,
    boundary: Option<Vec<Attached>>,
    session: Option<Vec<Attached>>,
    service_control: Vec<Vec<Attached>>,
    resource_control: Vec<Vec<Attached>>,
    endpoint: Option<Vec<Attached>>,
    resource_policy: Option<Attached>,
    pub context: Values,
}

impl<'a> Draft<'a> {
    pub fn of(request: &'a Request<'a>, policies: &Policies) -> Draft<'a> {
        let list = |set: &Set| set.policies().to_vec();
        Draft {
            request,
            identity: list(&policies.identity),
            boundary: policies.boundary.as_deref().map(list),
            session: policies.session.as_deref().map(list),
            service_control: policies.service_control.iter().map(list).collect(),
            resource_control: policies.resource_control.iter().map(list).collect(),
            endpoint: policies.endpoint.as_deref().map(list),
            resource_policy: request.resource_policy.cloned(),
            context: Vec::new(),
        }
    }

    pub fn is_allowed(&self) -> bool {
        let overlay = Overlay {
            base: self.request.context,
            changed: self.context.clone(),
        };
        let request = Request {
            context: &overlay,
            ..self.request()
        };
        matches!(decide(&request, &self.policies()), Decision::Allowed { .. })
    }

    pub fn request(&self) -> Request<'_> {
        Request {
            resource_policy: self.resource_policy.as_ref(),
            ..*self.request
        }
    }

    pub fn policies(&self) -> Policies {
        let mut policies = Policies::new()
            .identity(self.identity.clone())
            .service_control(self.service_control.clone())
            .resource_control(self.resource_control.clone());
        if let Some(list) = &self.boundary {
            policies = policies.boundary(list.clone());
        }
        if let Some(list) = &self.session {
            policies = policies.session(list.clone());
        }
        if let Some(list) = &self.endpoint {
            policies = policies.endpoint(list.clone());
        }
        policies
    }

    /// The lists a policy of this kind may be in.
    fn list(&mut self, kind: PolicyKind, level: Option<usize>) -> Option<&mut Vec<Attached>> {
        match kind {
            PolicyKind::Identity => Some(&mut self.identity),
            PolicyKind::Boundary => self.boundary.as_mut(),
            PolicyKind::Session => self.session.as_mut(),
            PolicyKind::ServiceControl => self.service_control.get_mut(level?),
            PolicyKind::ResourceControl => self.resource_control.get_mut(level?),
            PolicyKind::Endpoint => self.endpoint.as_mut(),
            PolicyKind::Resource | PolicyKind::Trust => None,
        }
    }

    /// Adds a statement where a policy of the reason's kind was missing one.
    pub fn add(&mut self, reason: &Reason, statement: &str) {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        let Ok(document) = Document::lenient_text(&text) else {
            return;
        };
        match self.list(reason.kind, reason.level) {
            Some(list) => list.push(Attached::inline("", Arc::new(document))),
            None => self.add_to_resource(statement),
        }
    }

    /// The resource has one policy, so that the statement joins those it has.
    fn add_to_resource(&mut self, statement: &str) {
        let present = self.resource_policy.as_ref().map(|policy| policy.document.text());
        let root = present.and_then(|text| serde_json::from_str(text).ok());
        let mut root: serde_json::Value = root.unwrap_or_else(|| serde_json::json!({}));
        let Ok(statement) = serde_json::from_str::<serde_json::Value>(statement) else {
            return;
        };
        let mut statements = statements_of(&mut root);
        statements.push(statement);
        if let Some(members) = root.as_object_mut() {
            members.insert("Statement".to_owned(), statements.into());
            if self.resource_policy.is_none() {
                members.insert("Version".to_owned(), "2012-10-17".into());
            }
        }
        self.resource_policy = Some(Attached::inline("", Arc::new(Document::lenient(&root))));
    }

    /// Takes statements out of a policy; none means the whole policy.
    pub fn remove(&mut self, policy: &Considered<'_>, indexes: &[usize]) {
        let document = Arc::new(without(&policy.policy.document, indexes));
        let removed = policy.policy;
        let is_it =
            |other: &Attached| Arc::ptr_eq(&other.document, &removed.document) && other.name == removed.name;
        match self.list(policy.kind, policy.level) {
            Some(list) if indexes.is_empty() => list.retain(|other| !is_it(other)),
            Some(list) => {
                for other in list.iter_mut().filter(|other| is_it(other)) {
                    other.document = document.clone();
                }
            }
            None => {
                self.resource_policy = self
                    .resource_policy
                    .take()
                    .map(|policy| Attached { document, ..policy });
            }
        }
    }
}

/// The statements of a document, taken out of it.
fn statements_of(root: &mut serde_json::Value) -> Vec<serde_json::Value> {
    match root.get_mut("Statement").map(serde_json::Value::take) {
        Some(serde_json::Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    }
}

/// A document without some of its statements; the others keep their places.
fn without(document: &Document, indexes: &[usize]) -> Document {
    let mut root: serde_json::Value = serde_json::from_str(document.text()).unwrap_or_default();
    let mut statements = statements_of(&mut root);
    for index in indexes {
        if let Some(statement) = statements.get_mut(*index) {
            *statement = serde_json::Value::Null;
        }
    }
    if let Some(members) = root.as_object_mut() {
        members.insert("Statement".to_owned(), statements.into());
    }
    Document::lenient(&root)
}
