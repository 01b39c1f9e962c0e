//! What would have to change for a denied request to be allowed. Every proposal is made to a copy and tried.

use std::sync::Arc;

use serde::Serialize;

use super::consider::{Checked, Considered, Scope};
use super::draft::Draft;
use super::near::{Overlay, Turn, Values, turn};
use super::part::{escaped, shortened};
use super::verdict::Verdict;
use super::written::{Condition, Texts};
use super::{Options, Outcome, Place, Pointer, Reason};
use crate::decision::{PolicyKind, Request};
use crate::document::Effect;
use crate::policies::{Attached, Policies};
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
                let mut values = Values::new();
                for condition in checked.failed_conditions() {
                    self.turned(policy, condition, true, &mut values)?;
                }
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
        let mut values = Values::new();
        for place in denies.iter().take(MOST_TRIED + 1) {
            let (policy, checked) = self.at(*place)?;
            checked
                .conditions()
                .find_map(|(condition, _)| self.turned(policy, condition, false, &mut values))?;
        }
        let mut draft = self.draft();
        draft.context.clone_from(&values);
        let sentence = format!("ask again with {}, so that no deny applies", listed(&values));
        draft.is_allowed().then(|| Change {
            sentence,
            edits: contexts(values),
        })
    }

    /// Adds the value that makes the condition hold (`wanted`) or not, if none of the values does so already. Nothing
    /// if there is no such value, or the key has another one among the values.
    fn turned(
        &self,
        policy: &Considered<'_>,
        condition: &Condition,
        wanted: bool,
        values: &mut Values,
    ) -> Option<()> {
        let key = condition.key.to_lowercase();
        let so_far = Overlay {
            base: self.request.context,
            changed: values.clone(),
        };
        if condition.holds_in(&so_far) == wanted {
            return Some(());
        }
        if GIVEN.contains(&&*key) || values.iter().any(|(taken, _)| *taken == key) {
            return None;
        }
        let value = match turn(&so_far, policy.text.variables, condition, wanted)? {
            Turn::Value(value) => Some(value),
            Turn::Absent => None,
            // There is nothing definite to propose.
            Turn::Present | Turn::Other => return None,
        };
        values.push((key, value));
        Some(())
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
            let considered =
                super::consider::consider(&request, &policies, &mut Texts::default(), Scope::Applying);
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

fn contexts(values: Values) -> Vec<Edit> {
    let edits = values.into_iter().map(|(key, value)| Edit::Context {
        key: shortened(&key),
        value: value.map(|value| shortened(&value)),
    });
    edits.collect()
}

fn listed(values: &Values) -> String {
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
