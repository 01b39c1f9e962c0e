//! Why a request is allowed or denied, and what would have to change.
//!
//! [`explain`] judges a request once more, plainly and slowly: it looks at every statement of every policy that takes
//! part, and keeps for each what matched and what did not. Its decision is [`decide`](crate::decide)'s; tests compare
//! both on random cases. What it proposes it has tried: every [`Change`] was made to a copy of the policies or of the
//! request's context, and the engine then allowed the request.
//!
//! ```
//! # use std::sync::Arc;
//! # use carillon_policy::{Attached, Document, MapContext, Policies, PolicyType, Principal, Request};
//! use carillon_policy::explain::explain;
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": {"Sid": "Ops", "Effect": "Allow", "Action": "chime:*",
//!     "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#;
//! let document = Arc::new(Document::parse(text, PolicyType::Identity, true)?);
//! let policies = Policies::new().identity(vec![Attached::inline("Operators", document)]);
//! let principal: Principal = "arn:aws:iam::111122223333:user/ana".parse()?;
//! let mut context = MapContext::new();
//! context.set("aws:MultiFactorAuthPresent", "false");
//! let request = Request {
//!     principal: &principal, actions: &["chime:DeleteUser"], resource: "*",
//!     resource_account: None, resource_policy: None, context: &context,
//! };
//! let explanation = explain(&request, &policies);
//! assert_eq!(
//!     explanation.near_misses[0].sentence,
//!     "statement 1 `Ops` of the identity-based policy `Operators` would apply if `aws:MultiFactorAuthPresent` were `true`"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod change;
mod consider;
mod draft;
mod near;
mod part;
mod simulate;
mod text;
mod verdict;
mod written;

use std::sync::Arc;

use serde::Serialize;

pub use self::change::{Change, Edit};
pub use self::near::NearMiss;
pub use self::part::{Actual, Element, Part};
pub use self::simulate::{Matched, Simulated, Simulator, context_keys, is_value};

use self::consider::{Considered, Scope};
use self::written::Texts;
use crate::decision::{PolicyKind, Request};
use crate::document::{Effect, Span};
use crate::policies::{Attached, Policies};

/// Statements shown in full. Where there are more, those that come closest to applying are.
pub const MOST_STATEMENTS: usize = 500;

/// Near misses shown.
pub const MOST_NEAR_MISSES: usize = 10;

/// Keys listed of the context, and keys listed as missing.
pub const MOST_KEYS: usize = 100;

/// How it came out. Serialized as batch evaluation names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Outcome {
    Allowed,
    ExplicitlyDenied,
    ImplicitlyDenied,
}

/// One decision with everything that led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    pub decision: Outcome,
    /// The decision in a sentence.
    pub summary: String,
    /// Of an implicit denial: everything that had to allow and did not, in the order in which refusals name them.
    pub reasons: Vec<Reason>,
    /// The request as it was evaluated.
    pub request: ExplainedRequest,
    /// The policies that took part, each with its statements.
    pub policies: Vec<ExplainedPolicy>,
    /// Statements that are not shown because there are more than [`MOST_STATEMENTS`].
    pub left_out: usize,
    /// The denies that applied, or the allows that granted the request.
    pub deciding: Vec<Pointer>,
    /// Of a denial: allows that fail by one part only, the closest first. Of an allowed request: denies that do.
    pub near_misses: Vec<NearMiss>,
    /// Keys that statements about this action ask for and the request does not have, sorted.
    pub missing_context: Vec<String>,
    /// Of a denial: what would make it an allow, the smallest change first. Each was tried.
    pub changes: Vec<Change>,
}

/// Something that had to allow and did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub kind: PolicyKind,
    /// Of control policies: which level of the organization, counted from 0 at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<usize>,
    pub text: &'static str,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedRequest {
    /// Nothing for an anonymous caller.
    pub principal: Option<String>,
    pub action: String,
    /// Further accepted spellings of the action.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_spellings: Vec<String>,
    pub resource: String,
    pub resource_account: Option<String>,
    /// By key, sorted: what the request can list and what the policies ask for.
    pub context: Vec<(String, Actual)>,
}

/// One policy that took part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedPolicy {
    pub kind: PolicyKind,
    /// One without a name is named by its place among its like, counted from 1.
    pub name: Arc<str>,
    /// Of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arc<str>>,
    /// What it is attached to. A group's ARN says through which group the caller has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Arc<str>>,
    /// Of a control policy: its level in the organization, counted from 0 at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<usize>,
    pub statements: Vec<ExplainedStatement>,
}

/// One statement, and how each of its parts fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedStatement {
    /// Its place in the document, counted from 0.
    pub index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Arc<str>>,
    pub effect: Effect,
    /// Where it stands in the document's text; all zero where there was none.
    pub span: Span,
    pub applies: bool,
    pub parts: Vec<Part>,
}

/// Points at a statement of [`Explanation::policies`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pointer {
    /// Place in [`Explanation::policies`].
    pub policy: usize,
    /// The statement's own place in its document, counted from 0.
    pub index: usize,
    /// For people: which statement of which policy.
    pub label: String,
}

/// What an explanation may propose besides what follows from the policies themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Managed policies that could be attached to the caller, the narrowest first.
    pub attachable: &'a [Attached],
}

/// Explains one request. The time grows with the policies, not with their square; the answer is bounded.
pub fn explain(request: &Request<'_>, policies: &Policies) -> Explanation {
    explain_with(request, policies, Options::default())
}

/// As [`explain`], with more to propose.
pub fn explain_with(request: &Request<'_>, policies: &Policies, options: Options<'_>) -> Explanation {
    let considered = consider::consider(request, policies, &mut Texts::default(), Scope::All);
    let verdict = verdict::verdict(request, policies, &considered);
    let near = near::near_misses(request, &considered, &verdict);
    let changes = change::changes(request, policies, &considered, &verdict, options);
    let (policies, left_out) = shown(request, &considered);
    Explanation {
        decision: verdict.outcome,
        summary: verdict.summary(request, &considered),
        deciding: verdict
            .deciding
            .iter()
            .map(|place| place.pointer(&considered))
            .collect(),
        near_misses: near,
        missing_context: near::missing_context(request, &considered),
        request: ExplainedRequest::of(request, &considered),
        reasons: verdict.reasons,
        policies,
        left_out,
        changes,
    }
}

/// A statement among those considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    policy: usize,
    /// Among those of the policy, which leave out what is no statement.
    statement: usize,
}

impl Place {
    fn pointer(self, considered: &[Considered<'_>]) -> Pointer {
        let policy = considered.get(self.policy);
        let checked = policy.and_then(|policy| policy.statements.get(self.statement));
        let label = match (policy, checked) {
            (Some(policy), Some(checked)) => checked.label(policy),
            _ => String::new(),
        };
        Pointer {
            policy: self.policy,
            index: checked.map_or(0, |checked| checked.statement.index()),
            label,
        }
    }
}

/// The policies with the statements that are shown, and the number of those that are not.
fn shown(request: &Request<'_>, considered: &[Considered<'_>]) -> (Vec<ExplainedPolicy>, usize) {
    let mut distances: Vec<usize> = considered
        .iter()
        .flat_map(|policy| policy.statements.iter().map(|checked| checked.failures()))
        .collect();
    let all = distances.len();
    distances.sort_unstable();
    // Up to which distance statements are shown, and how many of those at that distance.
    let farthest = distances.get(MOST_STATEMENTS.min(all).saturating_sub(1)).copied();
    let nearer = distances
        .iter()
        .filter(|distance| Some(**distance) < farthest)
        .count();
    let mut at_the_edge = MOST_STATEMENTS.saturating_sub(nearer);
    let mut count = 0;
    let policies = considered
        .iter()
        .map(|policy| {
            let chosen = policy.statements.iter().filter(|checked| {
                let distance = Some(checked.failures());
                let fits = distance < farthest || (distance == farthest && at_the_edge > 0);
                if fits && distance == farthest {
                    at_the_edge -= 1;
                }
                fits
            });
            let statements: Vec<ExplainedStatement> = chosen
                .map(|checked| ExplainedStatement {
                    index: checked.statement.index(),
                    sid: checked.statement.sid().cloned(),
                    effect: checked.statement.effect(),
                    span: checked.statement.span(),
                    applies: checked.applies(),
                    parts: part::parts(request, policy, checked),
                })
                .collect();
            count += statements.len();
            ExplainedPolicy {
                kind: policy.kind,
                name: policy.name.clone(),
                arn: policy.policy.arn.clone(),
                holder: policy.policy.holder.clone(),
                level: policy.level,
                statements,
            }
        })
        .collect();
    (policies, all - count)
}

impl ExplainedRequest {
    fn of(request: &Request<'_>, considered: &[Considered<'_>]) -> ExplainedRequest {
        let mut keys = request.context.keys();
        keys.extend(near::asked_keys(considered));
        keys.sort();
        keys.dedup();
        let context = keys.into_iter().filter_map(|key| {
            let value = request.context.get(&key)?;
            Some((key, Actual::from(&value)))
        });
        let mut spellings = request.actions.iter().map(|action| part::shortened(action));
        ExplainedRequest {
            principal: request.principal.arn().map(|arn| part::shortened(&arn)),
            action: spellings.next().unwrap_or_default(),
            other_spellings: spellings.collect(),
            resource: part::shortened(request.resource),
            resource_account: request.resource_account.map(ToOwned::to_owned),
            context: context.take(MOST_KEYS).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
