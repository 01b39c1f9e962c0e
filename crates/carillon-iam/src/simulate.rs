//! Simulation: what policies would decide, without asking for anything.
//!
//! The decision is the engine's own, and the context is what the request says: of a principal, only its tags are
//! known besides. Source: IAM API Reference, `SimulatePrincipalPolicy` and `SimulateCustomPolicy`.

mod exclusion;
pub(crate) mod operations;
mod principal;
mod question;
mod result;

use std::sync::Arc;

use carillon_policy::explain::Simulator;
use carillon_policy::{Attached, Document, MapContext, Policies, PolicyType, Principal, Request};

use self::result::{EvaluationResult, of_action};
use crate::error::Error;
use crate::name::PolicyDocument;

/// Pairs of action and resource that one page answers, unless one action alone has more.
const PAIRS: usize = 1_000;

/// Comparisons for one page, counted as [`Document::weight`] does: about a second of work.
const WORK: usize = 2_000_000;

/// What is asked.
struct Simulation {
    principal: Principal,
    /// Each with its accepted spellings, as it was asked first.
    actions: Vec<Vec<String>>,
    resources: Vec<String>,
    /// The owner of each resource; nothing where only one AWS account is considered.
    owners: Vec<Option<String>>,
    resource_policy: Option<Attached>,
    policies: Policies,
    context: MapContext,
}

/// A part of the results, and the number of the action that the next part begins with.
struct Part {
    results: Vec<EvaluationResult>,
    next: Option<usize>,
}

impl Simulation {
    /// The results from an action on, `limit` at the most.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if the policies and resources are too many even for one action.
    fn run(self, start: usize, limit: usize) -> Result<Part, Error> {
        let mut simulator = Simulator::new(self.policies.clone());
        let documents = self.resource_policy.iter().map(|policy| &policy.document);
        let weight: usize = documents.map(|document| document.weight()).sum();
        let each = (simulator.weight() + weight).saturating_mul(self.resources.len());
        if each > WORK {
            return Err(Error::InvalidInput(format!(
                "The policies are too large to simulate them on {} resources.",
                self.resources.len()
            )));
        }
        let fitting = (PAIRS / self.resources.len().max(1))
            .min(WORK / each.max(1))
            .max(1);
        let end = start.saturating_add(limit.min(fitting)).min(self.actions.len());
        let actions = self.actions.get(start..end).unwrap_or_default();
        let results = actions
            .iter()
            .map(|spellings| self.simulate(&mut simulator, spellings));
        Ok(Part {
            results: results.collect(),
            next: (end < self.actions.len()).then_some(end),
        })
    }

    fn simulate(&self, simulator: &mut Simulator, spellings: &[String]) -> EvaluationResult {
        let spellings: Vec<&str> = spellings.iter().map(String::as_str).collect();
        let on = self.resources.iter().zip(&self.owners).map(|(resource, owner)| {
            simulator.simulate(&Request {
                principal: &self.principal,
                actions: &spellings,
                resource,
                resource_account: owner.as_deref(),
                resource_policy: self.resource_policy.as_ref(),
                context: &self.context,
            })
        });
        let decisions: Vec<_> = on.collect();
        let foreign: Vec<bool> = self
            .owners
            .iter()
            .map(|owner| owner.is_some() && owner.as_deref() != self.principal.account())
            .collect();
        of_action(spellings[0], &self.resources, &foreign, &decisions)
    }
}

/// A policy of the request's own, which has no other name than its place.
fn input(name: &str, text: &str, ty: PolicyType) -> Result<Attached, Error> {
    let document = Document::parse(text, ty, false)
        .map_err(|malformed| Error::InvalidInput(format!("{name}: {malformed}")))?;
    Ok(Attached::inline(name, Arc::new(document)))
}

fn policy_inputs(texts: &[PolicyDocument]) -> Result<Vec<Attached>, Error> {
    inputs("PolicyInputList", texts)
}

fn inputs(list: &str, texts: &[PolicyDocument]) -> Result<Vec<Attached>, Error> {
    let texts = texts.iter().zip(1..);
    texts
        .map(|(text, number)| input(&format!("{list}.{number}"), text.as_str(), PolicyType::Identity))
        .collect()
}
