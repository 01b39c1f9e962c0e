//! The results of a simulation, as AWS shapes them.

use carillon_aws::string_enum;
use carillon_policy::PolicyKind;
use carillon_policy::explain::{Matched, Outcome, Simulated};
use schemars::JsonSchema;
use serde::Serialize;

use crate::map::Named;

/// Statements and keys that one result lists.
const MOST_LISTED: usize = 100;

string_enum! {
    /// What policies decide.
    pub(crate) enum EvalDecision {
        Allowed = "allowed",
        ExplicitDeny = "explicitDeny",
        ImplicitDeny = "implicitDeny",
    }
}

impl From<Outcome> for EvalDecision {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allowed => Self::Allowed,
            Outcome::ExplicitlyDenied => Self::ExplicitDeny,
            Outcome::ImplicitlyDenied => Self::ImplicitDeny,
        }
    }
}

impl EvalDecision {
    /// The more restrictive of two.
    fn and(self, other: Self) -> Self {
        let strictness = |decision| match decision {
            Self::Allowed => 0,
            Self::ImplicitDeny => 1,
            Self::ExplicitDeny => 2,
        };
        if strictness(other) > strictness(self) {
            other
        } else {
            self
        }
    }
}

/// A page of results.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SimulatePolicyResponse {
    pub evaluation_results: Vec<EvaluationResult>,
    pub is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

/// What would be decided about one action, on all resources together: the most restrictive decision.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EvaluationResult {
    eval_action_name: String,
    /// The resource, if it is the only one.
    eval_resource_name: String,
    eval_decision: EvalDecision,
    matched_statements: Vec<Statement>,
    missing_context_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizations_decision_detail: Option<OrganizationsDecisionDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_decision_details: Option<Details>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_specific_results: Vec<ResourceSpecificResult>,
}

/// What would be decided about one action on one resource.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResourceSpecificResult {
    eval_resource_name: String,
    eval_resource_decision: EvalDecision,
    matched_statements: Vec<Statement>,
    missing_context_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_decision_details: Option<Details>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
}

/// What each kind of policy says by itself, of requests across AWS accounts.
type Details = Named<EvalDecision>;

/// Whether the service control policies allow it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrganizationsDecisionDetail {
    allowed_by_organizations: bool,
}

/// Whether the permissions boundary allows it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PermissionsBoundaryDecisionDetail {
    allowed_by_permissions_boundary: bool,
}

/// A statement that decided.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Statement {
    source_policy_id: String,
    /// `IAM Policy` or `Resource Policy`: what AWS answers, whatever its reference lists.
    source_policy_type: &'static str,
    start_position: Position,
    end_position: Position,
}

/// A place in the text of a policy, lines and columns counted from 1.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Position {
    line: u32,
    column: u32,
}

/// Puts together what was decided about one action on each of the resources. `foreign`: whether a resource is
/// another AWS account's.
pub(super) fn of_action(
    action: &str,
    resources: &[String],
    foreign: &[bool],
    decisions: &[Simulated],
) -> EvaluationResult {
    let each: Vec<ResourceSpecificResult> = resources
        .iter()
        .zip(foreign)
        .zip(decisions)
        .map(|((resource, foreign), simulated)| on_resource(resource, *foreign, simulated))
        .collect();
    let decision = each.iter().fold(EvalDecision::Allowed, |all, one| {
        all.and(one.eval_resource_decision)
    });
    let deciding = each.iter().filter(|one| one.eval_resource_decision == decision);
    let everything = resources == ["*"];
    EvaluationResult {
        eval_action_name: action.to_owned(),
        eval_resource_name: match resources {
            [only] => only.clone(),
            _ => "*".to_owned(),
        },
        eval_decision: decision,
        matched_statements: union(deciding.map(|one| &one.matched_statements)),
        missing_context_values: union(each.iter().map(|one| &one.missing_context_values)),
        organizations_decision_detail: all_allow(decisions, PolicyKind::ServiceControl).map(|allowed| {
            OrganizationsDecisionDetail {
                allowed_by_organizations: allowed,
            }
        }),
        permissions_boundary_decision_detail: boundary(decisions),
        eval_decision_details: details_of_all(&each).or_else(|| (!everything).then(|| Named(Vec::new()))),
        resource_specific_results: if everything { Vec::new() } else { each },
    }
}

fn on_resource(resource: &str, foreign: bool, simulated: &Simulated) -> ResourceSpecificResult {
    let deciding = simulated.matched.iter().filter(|matched| {
        matches!(
            matched.kind,
            PolicyKind::Identity | PolicyKind::Resource | PolicyKind::Trust
        )
    });
    let mut missing = simulated.missing_context.clone();
    missing.truncate(MOST_LISTED);
    // Where an organization denies, the evaluation does not come to the other policies.
    let ended = says(simulated, PolicyKind::ServiceControl).is_some_and(|said| said != Outcome::Allowed);
    ResourceSpecificResult {
        eval_resource_name: resource.to_owned(),
        eval_resource_decision: simulated.decision.into(),
        matched_statements: union([&deciding.map(statement).collect::<Vec<_>>()]),
        missing_context_values: missing,
        eval_decision_details: (foreign && !ended).then(|| details(simulated)),
        permissions_boundary_decision_detail: boundary(std::slice::from_ref(simulated)),
    }
}

fn statement(matched: &Matched) -> Statement {
    let span = matched.span;
    Statement {
        source_policy_id: matched.policy_name.to_string(),
        source_policy_type: match matched.kind {
            PolicyKind::Resource | PolicyKind::Trust => "Resource Policy",
            _ => "IAM Policy",
        },
        start_position: Position {
            line: span.line,
            column: span.column,
        },
        end_position: Position {
            line: span.end_line,
            column: span.end_column,
        },
    }
}

/// Each item of the lists once, as many as are listed.
fn union<'a, T: Clone + PartialEq + 'a>(lists: impl IntoIterator<Item = &'a Vec<T>>) -> Vec<T> {
    let mut union: Vec<T> = Vec::new();
    for item in lists.into_iter().flatten() {
        if union.len() == MOST_LISTED {
            break;
        }
        if !union.contains(item) {
            union.push(item.clone());
        }
    }
    union
}

fn says(simulated: &Simulated, kind: PolicyKind) -> Option<Outcome> {
    let mut said = simulated.by_kind.iter();
    said.find(|(other, _)| *other == kind)
        .map(|(_, outcome)| *outcome)
}

/// Whether the policies of a kind allow it on every resource; nothing if there are none.
fn all_allow(decisions: &[Simulated], kind: PolicyKind) -> Option<bool> {
    let said: Vec<Outcome> = decisions.iter().filter_map(|one| says(one, kind)).collect();
    (!said.is_empty()).then(|| said.iter().all(|said| *said == Outcome::Allowed))
}

fn boundary(decisions: &[Simulated]) -> Option<PermissionsBoundaryDecisionDetail> {
    all_allow(decisions, PolicyKind::Boundary).map(|allowed| PermissionsBoundaryDecisionDetail {
        allowed_by_permissions_boundary: allowed,
    })
}

fn details(simulated: &Simulated) -> Details {
    let named = simulated.by_kind.iter().filter_map(|(kind, outcome)| {
        let name = match kind {
            PolicyKind::Identity => "IAM Policy",
            PolicyKind::Boundary => "Permissions Boundary Policy",
            PolicyKind::Resource | PolicyKind::Trust => "Resource Policy",
            _ => return None,
        };
        Some((name, EvalDecision::from(*outcome)))
    });
    Named(named.collect())
}

/// The most restrictive decision of each kind of policy on all resources; nothing if none is another account's.
fn details_of_all(each: &[ResourceSpecificResult]) -> Option<Details> {
    let mut all: Option<Details> = None;
    for details in each.iter().filter_map(|one| one.eval_decision_details.as_ref()) {
        let all = all.get_or_insert_with(|| Named(Vec::new()));
        for (name, decision) in &details.0 {
            match all.0.iter_mut().find(|(other, _)| other == name) {
                Some((_, other)) => *other = other.and(*decision),
                None => all.0.push((name, *decision)),
            }
        }
    }
    all
}
