//! What would have to change for a denied request to be allowed. Every proposal is made to a copy and tried.

use std::sync::Arc;

use serde::Serialize;

use super::consider::{Checked, Considered};
use super::near::{Overlay, Turn, turn};
use super::part::{escaped, shortened};
use super::verdict::Verdict;
use super::{Options, Outcome, Place, Pointer, Reason};
use crate::decision::{Decision, PolicyKind, Request, decide};
use crate::document::{Document, Effect};
use crate::policies::{Attached, Policies, Set};
use crate::principal::Principal;
use crate::resource;

/// Ways out that are offered.
const MOST_CHANGES: usize = 5;

/// Statements whose conditions are tried, and denies that may have to change together.
const MOST_TRIED: usize = 20;

/// One way to have the request allowed. All its edits belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub sentence: String,
    pub edits: Vec<Edit>,
}

/// One step of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// The caller asks again with another value of a context key; without one, the key must be absent.
    Context { key: String, value: Option<String> },
    /// A statement is added to a policy of this kind.
    AddStatement {
        kind: PolicyKind,
        /// Of control policies.
        #[serde(skip_serializing_if = "Option::is_none")]
        level: Option<usize>,
        /// JSON; it allows this call and no other.
        statement: String,
        /// Who may make the change.
        by: String,
    },
    /// An existing managed policy is attached to the caller.
    Attach { policy_arn: Arc<str>, by: String },
    /// This call is taken out of a denying statement.
    Except { statement: Pointer, by: String },
    /// A policy that cannot be edited because it is AWS's is detached.
    Detach {
        statement: Pointer,
        policy_arn: Arc<str>,
        by: String,
    },
}

/// Keys that say who the caller is: asking again does not change them.
const GIVEN: [&str; 8] = [
    "aws:username",
    "aws:userid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:principalisawsservice",
    "aws:resourceaccount",
    "aws:viaawsservice",
];

/// The ways out, the smallest change first.
pub(super) fn changes(
    request: &Request<'_>,
    policies: &Policies,
    considered: &[Considered<'_>],
    verdict: &Verdict,
    options: Options<'_>,
) -> Vec<Change> {
    if verdict.outcome == Outcome::Allowed || verdict.rule.is_some() || request.actions.is_empty() {
        return Vec::new();
    }
    let proposer = Proposer {
        request,
        policies,
        considered,
    };
    let mut changes = match verdict.outcome {
        Outcome::ExplicitlyDenied => {
            let mut changes = Vec::from_iter(proposer.avoid(&verdict.deciding));
            changes.extend(proposer.except(&verdict.deciding));
            changes
        }
        Outcome::Allowed | Outcome::ImplicitlyDenied => {
            let mut changes = proposer.satisfy();
            changes.extend(proposer.add(&verdict.reasons));
            changes.extend(proposer.attach(options.attachable));
            changes
        }
    };
    changes.truncate(MOST_CHANGES);
    changes
}

struct Proposer<'a, 'p> {
    request: &'p Request<'a>,
    policies: &'p Policies,
    considered: &'p [Considered<'a>],
}

impl Proposer<'_, '_> {
    fn draft(&self) -> Draft<'_> {
        Draft::of(self.request, self.policies)
    }

    fn action(&self) -> &str {
        self.request.actions.first().copied().unwrap_or_default()
    }

    /// Another context that makes a near statement apply.
    fn satisfy(&self) -> Vec<Change> {
        let near = self.considered.iter().flat_map(|policy| {
            let statements = policy.statements.iter();
            statements.map(move |checked| (policy, checked))
        });
        let near = near.filter(|(_, checked)| {
            let conditions = checked.failed_conditions().count();
            checked.statement.effect() == Effect::Allow
                && (1..=3).contains(&conditions)
                && conditions == checked.failures()
        });
        let mut changes: Vec<Change> = near
            .take(MOST_TRIED)
            .filter_map(|(policy, checked)| {
                let values = self.values(policy, checked, true)?;
                let mut draft = self.draft();
                draft.context.clone_from(&values);
                draft.is_allowed().then(|| Change {
                    sentence: format!(
                        "ask again with {}, so that {} applies",
                        listed(&values),
                        checked.label(policy)
                    ),
                    edits: contexts(values),
                })
            })
            .collect();
        changes.sort_by_key(|change| change.edits.len());
        changes.truncate(2);
        changes
    }

    /// Another context in which none of the denies applies.
    fn avoid(&self, denies: &[Place]) -> Option<Change> {
        let mut values: Vec<(String, Option<String>)> = Vec::new();
        for place in denies.iter().take(MOST_TRIED + 1) {
            let (policy, checked) = self.at(*place)?;
            let turned = checked.conditions.iter().find_map(|condition| {
                let value = self.value(policy, condition, false)?;
                Some((condition.key.to_lowercase(), value))
            })?;
            if !values.contains(&turned) {
                values.push(turned);
            }
        }
        let mut draft = self.draft();
        draft.context.clone_from(&values);
        let sentence = format!("ask again with {}, so that no deny applies", listed(&values));
        draft.is_allowed().then(|| Change {
            sentence,
            edits: contexts(values),
        })
    }

    /// The values that make all failing conditions of a statement hold.
    fn values(
        &self,
        policy: &Considered<'_>,
        checked: &Checked<'_>,
        wanted: bool,
    ) -> Option<Vec<(String, Option<String>)>> {
        let failed = checked.failed_conditions();
        failed
            .map(|condition| {
                Some((
                    condition.key.to_lowercase(),
                    self.value(policy, condition, wanted)?,
                ))
            })
            .collect()
    }

    fn value(
        &self,
        policy: &Considered<'_>,
        condition: &super::consider::Condition,
        wanted: bool,
    ) -> Option<Option<String>> {
        if GIVEN.contains(&&*condition.key.to_lowercase()) {
            return None;
        }
        match turn(self.request.context, policy.variables, condition, wanted)? {
            Turn::Value(value) => Some(Some(value)),
            Turn::Absent => Some(None),
            // There is nothing definite to propose.
            Turn::Present | Turn::Other => None,
        }
    }

    /// The denying statements without this call, and whatever is missing besides.
    fn except(&self, denies: &[Place]) -> Option<Change> {
        if denies.len() > MOST_TRIED {
            return None;
        }
        let mut draft = self.draft();
        let mut edits = Vec::new();
        for denies in denies.chunk_by(|left, right| left.policy == right.policy) {
            let mut taken_out = Vec::new();
            for place in denies {
                let (policy, checked) = self.at(*place)?;
                let statement = place.pointer(self.considered);
                match policy.policy.arn.clone().filter(|arn| is_aws_managed(arn)) {
                    Some(policy_arn) => edits.push(Edit::Detach {
                        statement,
                        policy_arn,
                        by: self.detacher(policy),
                    }),
                    None => {
                        taken_out.push(checked.statement.index());
                        let by = self.owner(policy.kind, Some(policy));
                        edits.push(Edit::Except { statement, by });
                    }
                }
            }
            let (policy, _) = self.at(*denies.first()?)?;
            draft.remove(policy, &taken_out);
        }
        let labels: Vec<String> = edits.iter().map(Edit::brief).collect();
        let mut sentence = labels.join("; ");
        if !draft.is_allowed() {
            // Without the denies it would still lack an allow: what would be missing then is added too.
            let (request, policies) = (draft.request(), draft.policies());
            let considered = super::consider::consider(&request, &policies);
            let verdict = super::verdict::verdict(&request, &policies, &considered);
            let statements = self.statements(&verdict.reasons)?;
            drop(considered);
            for (reason, statement) in &statements {
                draft.add(reason, statement);
            }
            if !draft.is_allowed() {
                return None;
            }
            sentence.push_str("; ");
            sentence.push_str(&self.sentence(&statements));
            edits.extend(self.additions(statements));
        }
        Some(Change { sentence, edits })
    }

    /// The smallest statements that allow this call, wherever one is missing.
    fn add(&self, reasons: &[Reason]) -> Option<Change> {
        let statements = self.statements(reasons)?;
        let mut draft = self.draft();
        for (reason, statement) in &statements {
            draft.add(reason, statement);
        }
        draft.is_allowed().then(|| Change {
            sentence: self.sentence(&statements),
            edits: self.additions(statements),
        })
    }

    fn statements(&self, reasons: &[Reason]) -> Option<Vec<(Reason, String)>> {
        let statements = reasons.iter().map(|reason| {
            let statement = self.statement(reason.kind)?;
            Some((reason.clone(), statement))
        });
        statements.collect()
    }

    /// The statement that allows exactly this call in a policy of this kind.
    fn statement(&self, kind: PolicyKind) -> Option<String> {
        let text = |text: &str| serde_json::to_string(text).ok();
        let mut members = vec![r#""Effect": "Allow""#.to_owned()];
        if matches!(
            kind,
            PolicyKind::Resource | PolicyKind::Trust | PolicyKind::ResourceControl | PolicyKind::Endpoint
        ) {
            let principal = match self.request.principal {
                Principal::Anonymous => r#""*""#.to_owned(),
                Principal::WebIdentity { provider } => format!(r#"{{"Federated": {}}}"#, text(provider)?),
                Principal::Service(name) => format!(r#"{{"Service": {}}}"#, text(name)?),
                // Sessions come and go; their role stays.
                Principal::RoleSession { role_arn, .. } => format!(r#"{{"AWS": {}}}"#, text(role_arn)?),
                principal => format!(r#"{{"AWS": {}}}"#, text(&principal.arn()?)?),
            };
            members.push(format!(r#""Principal": {principal}"#));
        }
        members.push(format!(r#""Action": {}"#, text(self.action())?));
        if kind != PolicyKind::Trust {
            members.push(format!(
                r#""Resource": {}"#,
                text(&exactly(self.request.resource))?
            ));
        }
        Some(format!("{{{}}}", members.join(", ")))
    }

    fn additions(&self, statements: Vec<(Reason, String)>) -> Vec<Edit> {
        let additions = statements
            .into_iter()
            .map(|(reason, statement)| Edit::AddStatement {
                kind: reason.kind,
                level: reason.level,
                statement,
                by: self.owner(reason.kind, self.first(&reason)),
            });
        additions.collect()
    }

    fn sentence(&self, statements: &[(Reason, String)]) -> String {
        let places: Vec<String> = statements
            .iter()
            .map(|(reason, _)| match reason.level {
                Some(level) => format!("a {} of level {}", reason.kind.name(), level + 1),
                None => reason.kind.with_article().to_owned(),
            })
            .collect();
        format!(
            "add a statement that allows {} on {} to {}",
            shortened(self.action()),
            shortened(self.request.resource),
            places.join(", and one to ")
        )
    }

    /// The narrowest of the given policies that is enough.
    fn attach(&self, attachable: &[Attached]) -> Option<Change> {
        let policy = attachable.iter().find(|policy| {
            let mut draft = self.draft();
            draft.identity.push((*policy).clone());
            draft.is_allowed()
        })?;
        let policy_arn = policy.arn.clone()?;
        let by = match self.holder() {
            Some((kind, arn)) => format!("whoever may call iam:Attach{kind}Policy on {arn}"),
            None => return None,
        };
        Some(Change {
            sentence: format!("attach {policy_arn} to the caller"),
            edits: vec![Edit::Attach { policy_arn, by }],
        })
    }

    fn at(&self, place: Place) -> Option<(&Considered<'_>, &Checked<'_>)> {
        let policy = self.considered.get(place.policy)?;
        Some((policy, policy.statements.get(place.statement)?))
    }

    /// A policy that the missing statement could be added to.
    fn first(&self, reason: &Reason) -> Option<&Considered<'_>> {
        let mut policies = self.considered.iter();
        policies.find(|policy| policy.kind == reason.kind && policy.level == reason.level)
    }

    /// What the caller's own policies are on: `User` or `Role`, and its ARN.
    fn holder(&self) -> Option<(&'static str, &str)> {
        match self.request.principal {
            Principal::User { arn, .. } => Some(("User", arn)),
            Principal::Role { arn, .. } => Some(("Role", arn)),
            Principal::RoleSession { role_arn, .. } => Some(("Role", role_arn)),
            Principal::Federated { user_arn, .. } => Some(("User", user_arn.as_deref()?)),
            Principal::Root { .. }
            | Principal::WebIdentity { .. }
            | Principal::Service(_)
            | Principal::Anonymous => None,
        }
    }

    /// Who may change a policy of this kind: for identities and boundaries, whoever has the permission of IAM.
    fn owner(&self, kind: PolicyKind, policy: Option<&Considered<'_>>) -> String {
        let policy = policy.map(|policy| policy.policy);
        let arn = policy.and_then(|policy| policy.arn.as_deref());
        match (kind, arn) {
            (PolicyKind::Identity | PolicyKind::Boundary, Some(arn)) if !is_aws_managed(arn) => {
                format!("whoever may call iam:CreatePolicyVersion on {arn}")
            }
            (PolicyKind::Boundary, _) => match self.holder() {
                Some((kind, arn)) => format!("whoever may call iam:Put{kind}PermissionsBoundary on {arn}"),
                None => "whoever may set the permissions boundary".to_owned(),
            },
            (PolicyKind::Identity, _) => {
                let held = policy.and_then(|policy| policy.holder.as_deref());
                match held
                    .and_then(|arn| Some((entity_kind(arn)?, arn)))
                    .or_else(|| self.holder())
                {
                    Some((kind, arn)) => format!("whoever may call iam:Put{kind}Policy on {arn}"),
                    None => "whoever may change the caller's policies".to_owned(),
                }
            }
            (PolicyKind::Session, _) => "whoever makes the session and passes the session policy".to_owned(),
            (PolicyKind::Trust, _) => format!(
                "whoever may call iam:UpdateAssumeRolePolicy on {}",
                shortened(self.request.resource)
            ),
            (PolicyKind::Resource, _) => "the owner of the resource".to_owned(),
            (PolicyKind::ServiceControl | PolicyKind::ResourceControl, _) => {
                "the management account of the organization".to_owned()
            }
            (PolicyKind::Endpoint, _) => "the owner of the VPC endpoint".to_owned(),
        }
    }

    fn detacher(&self, policy: &Considered<'_>) -> String {
        let held = policy.policy.holder.as_deref();
        match (
            policy.kind,
            held.and_then(|arn| Some((entity_kind(arn)?, arn)))
                .or_else(|| self.holder()),
        ) {
            (PolicyKind::Identity, Some((kind, arn))) => {
                format!("whoever may call iam:Detach{kind}Policy on {arn}")
            }
            _ => self.owner(policy.kind, Some(policy)),
        }
    }
}

impl Edit {
    fn brief(&self) -> String {
        match self {
            Edit::Except { statement, .. } => format!("take this call out of {}", statement.label),
            Edit::Detach { policy_arn, .. } => {
                format!("detach {policy_arn}, which is AWS's and cannot be edited")
            }
            Edit::Context { .. } | Edit::AddStatement { .. } | Edit::Attach { .. } => String::new(),
        }
    }
}

fn contexts(values: Vec<(String, Option<String>)>) -> Vec<Edit> {
    let edits = values.into_iter().map(|(key, value)| Edit::Context {
        key: shortened(&key),
        value: value.map(|value| shortened(&value)),
    });
    edits.collect()
}

fn listed(values: &[(String, Option<String>)]) -> String {
    let texts: Vec<String> = values
        .iter()
        .map(|(key, value)| match value {
            Some(value) => format!("`{}` being `{}`", shortened(key), shortened(value)),
            None => format!("no `{}`", shortened(key)),
        })
        .collect();
    texts.join(" and ")
}

/// A pattern for `Resource` that matches this resource and no other.
fn exactly(resource: &str) -> String {
    match resource::split(resource) {
        Some([arn, partition, service, region, account, rest]) => {
            format!("{arn}:{partition}:{service}:{region}:{account}:{}", escaped(rest))
        }
        // What is no ARN is matched by the star alone.
        None => "*".to_owned(),
    }
}

fn is_aws_managed(arn: &str) -> bool {
    resource::split(arn).is_some_and(|[_, _, service, _, account, _]| service == "iam" && account == "aws")
}

fn entity_kind(arn: &str) -> Option<&'static str> {
    let [.., entity] = resource::split(arn)?;
    match entity.split_once('/')?.0 {
        "user" => Some("User"),
        "group" => Some("Group"),
        "role" => Some("Role"),
        _ => None,
    }
}

/// A copy of everything a decision depends on, to try changes on.
struct Draft<'a> {
    request: &'a Request<'a>,
    identity: Vec<Attached>,
    boundary: Option<Vec<Attached>>,
    session: Option<Vec<Attached>>,
    service_control: Vec<Vec<Attached>>,
    resource_control: Vec<Vec<Attached>>,
    endpoint: Option<Vec<Attached>>,
    resource_policy: Option<Attached>,
    context: Vec<(String, Option<String>)>,
}

impl<'a> Draft<'a> {
    fn of(request: &'a Request<'a>, policies: &Policies) -> Draft<'a> {
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

    fn is_allowed(&self) -> bool {
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

    fn request(&self) -> Request<'_> {
        Request {
            resource_policy: self.resource_policy.as_ref(),
            ..*self.request
        }
    }

    fn policies(&self) -> Policies {
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
    fn add(&mut self, reason: &Reason, statement: &str) {
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
    fn remove(&mut self, policy: &Considered<'_>, indexes: &[usize]) {
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
