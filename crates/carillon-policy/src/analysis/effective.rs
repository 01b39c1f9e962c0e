//! What one identity can do, after its denies and its boundary.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::account::Identity;
use super::difference::{Source, Witness, shown};
use super::formula::Formula;
use super::language::Valuation;
use super::limit::{Budget, TooLarge};
use super::situation::reachable;
use super::solver::{Found, Solver, Why};
use super::space::{Space, Unreadable};
use super::words::Written;
use crate::decision::PolicyKind;
use crate::document::{Effect, Statement};
use crate::policies::Attached;
use crate::principal::Way;

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// Every request asked about is allowed.
    Always,
    /// Some are: on some resources, or under conditions.
    Sometimes,
    Never,
    /// It depends on what an analysis cannot see, or is too large a question.
    Undecided,
}

/// A statement that gives or limits a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub statement: Source,
    /// ARN of what the policy is attached to: the identity, or a group of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// As written.
    pub resources: Vec<String>,
    /// In words, one sentence each.
    pub conditions: Vec<String>,
}

/// Whether an identity may do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Permission {
    pub extent: Extent,
    /// Statements that allow some of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_by: Vec<Reason>,
    /// Statements that deny some of what is allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied_by: Vec<Reason>,
    /// The boundary, if it does not allow some of what is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<String>,
    /// A request that is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Witness>,
    /// Why it is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// What stands in the way of an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// A statement, and when it applies.
struct Clause<'a> {
    attached: &'a Attached,
    statement: &'a Statement,
    applies: Formula,
}

/// The policies of one identity as formulas, for any number of questions.
pub(super) struct Effective<'a> {
    space: Space,
    allow: Vec<Clause<'a>>,
    deny: Vec<Clause<'a>>,
    /// Nothing if there is no boundary.
    boundary: Option<(&'a Attached, Formula)>,
    reachable: Formula,
    /// Actions that the policies name in full, as they spell them.
    pub named: Vec<String>,
    /// Answers by what is left of the formulas.
    answers: HashMap<Vec<Formula>, Permission>,
    /// Of all formulas together, which each question goes through.
    size: usize,
}

impl<'a> Effective<'a> {
    pub fn new(identity: &'a Identity) -> Result<Effective<'a>, Stopped> {
        let mut space = Space::new(Valuation {
            known: identity.known.clone(),
            closed: identity.tags_known.then_some("aws:principaltag/"),
        });
        let (mut allow, mut deny) = (Vec::new(), Vec::new());
        for attached in &identity.policies {
            add(&mut space, attached, PolicyKind::Identity, &mut allow, &mut deny)?;
        }
        let boundary = match &identity.boundary {
            Some(attached) => {
                let mut allowed = Vec::new();
                add(
                    &mut space,
                    attached,
                    PolicyKind::Boundary,
                    &mut allowed,
                    &mut deny,
                )?;
                Some((
                    attached,
                    Formula::any(allowed.into_iter().map(|clause| clause.applies)),
                ))
            }
            None => None,
        };
        let named = space.spellings.values().cloned().collect();
        let reachable = reachable(&mut space);
        let clauses = allow.iter().chain(&deny).map(|clause| clause.applies.size());
        let limit = boundary.as_ref().map_or(0, |(_, allowed)| allowed.size());
        let size = clauses.sum::<usize>() + limit + reachable.size();
        Ok(Effective {
            space,
            allow,
            deny,
            boundary,
            reachable,
            named,
            answers: HashMap::new(),
            size,
        })
    }

    /// How far the identity may do the action on the resources of a pattern; without one, on any.
    pub fn permission(&mut self, action: &str, resources: Option<&str>, budget: &mut Budget) -> Permission {
        match self.answer(action, resources, budget) {
            Ok(permission) => permission,
            Err(stopped) => Permission {
                doubt: Some(stopped.to_string()),
                ..Permission::of(Extent::Undecided)
            },
        }
    }

    fn answer(
        &mut self,
        action: &str,
        resources: Option<&str>,
        budget: &mut Budget,
    ) -> Result<Permission, Stopped> {
        let scope = match resources {
            None | Some("*") => Formula::True,
            Some(pattern) => self.space.wanted_resource(pattern),
        };
        let mut solver = Solver::new(&self.space, &[], budget.take());
        solver.budget.spend(self.size)?;
        let known = solver.known_action(action)?;
        let clauses = self.allow.iter().chain(&self.deny);
        let mut left: Vec<Formula> = clauses.map(|clause| known.in_formula(&clause.applies)).collect();
        if left
            .iter()
            .take(self.allow.len())
            .all(|applies| *applies == Formula::False)
        {
            *budget = solver.budget;
            return Ok(Permission::of(Extent::Never));
        }
        let limit = match &self.boundary {
            Some((_, allowed)) => known.in_formula(allowed),
            None => Formula::True,
        };
        let scope = Formula::all([scope, known.in_formula(&self.reachable)]);
        let mut key = left.clone();
        key.extend([limit.clone(), scope.clone()]);
        if let Some(known) = self.answers.get(&key) {
            let mut known = known.clone();
            if let Some(example) = &mut known.example {
                example.action = action.to_owned();
            }
            *budget = solver.budget;
            return Ok(known);
        }
        let deny = left.split_off(self.allow.len().min(left.len()));
        let allowed = Formula::any(left.iter().cloned());
        let denied = Formula::any(deny.iter().cloned());
        let whole = Formula::all([allowed.clone(), Formula::not(denied.clone()), limit.clone()]);
        let some = Formula::all([scope.clone(), whole.clone()]);
        let mut permission = Permission::of(Extent::Never);
        match find(&mut solver, &some)? {
            Where::Nowhere => {}
            Where::Perhaps(why) => {
                permission.extent = Extent::Undecided;
                permission.doubt = Some(why.to_string());
            }
            Where::Here(mut example) => {
                example.action = action.to_owned();
                permission.example = Some(example);
                let missing = Formula::all([scope.clone(), Formula::not(whole)]);
                permission.extent = match find(&mut solver, &missing)? {
                    Where::Nowhere => Extent::Always,
                    // Perhaps always; but nobody should count on it.
                    Where::Here(_) | Where::Perhaps(_) => Extent::Sometimes,
                };
            }
        }
        if permission.extent != Extent::Never {
            for (clause, applies) in self.allow.iter().zip(&left) {
                if reaches(&mut solver, &some, applies)? {
                    permission.allowed_by.push(clause.reason());
                }
            }
        }
        let before = Formula::all([scope, allowed]);
        for (clause, applies) in self.deny.iter().zip(&deny) {
            if reaches(&mut solver, &before, applies)? {
                permission.denied_by.push(clause.reason());
            }
        }
        if let Some((attached, _)) = &self.boundary
            && reaches(&mut solver, &before, &Formula::not(limit))?
        {
            permission.limited_by = Some(attached.arn.as_ref().unwrap_or(&attached.name).to_string());
        }
        *budget = solver.budget;
        self.answers.insert(key, permission.clone());
        Ok(permission)
    }

    /// Whether the identity may assume the role: its own policies and the role's trust policy together.
    pub fn assumes(
        &mut self,
        caller: &Identity,
        role: &Identity,
        budget: &mut Budget,
    ) -> Result<bool, Stopped> {
        const ACTION: &str = "sts:AssumeRole";
        let Some(trust) = &role.trust else {
            return Ok(false);
        };
        let formulas = self.space.document(&trust.document, PolicyKind::Trust)?;
        let always_hit = self.boundary.is_some();
        let (mut direct, mut parent, mut named, mut denied) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (statement, formula) in trust.document.statements().iter().zip(formulas.iter()) {
            let deny = statement.effect() == Effect::Deny;
            let Some(way) = statement.principal.way(&caller.principal, deny && always_hit) else {
                continue;
            };
            let list = match (deny, way) {
                (true, _) => &mut denied,
                (false, Way::Wild | Way::Direct) => &mut direct,
                (false, Way::User | Way::Role) => &mut parent,
                (false, Way::Account) => &mut named,
            };
            list.push(formula.clone());
        }
        if direct.is_empty() && parent.is_empty() && named.is_empty() {
            return Ok(false);
        }
        let own = Formula::any(self.allow.iter().map(|clause| clause.applies.clone()));
        denied.extend(self.deny.iter().map(|clause| clause.applies.clone()));
        let limit = self
            .boundary
            .as_ref()
            .map_or(Formula::True, |(_, allowed)| allowed.clone());
        let granted = Formula::any([
            Formula::any(direct),
            Formula::all([limit.clone(), Formula::any(parent)]),
            Formula::all([limit, own, Formula::any(named)]),
        ]);
        let whole = Formula::all([granted, Formula::not(Formula::any(denied))]);
        let mut solver = Solver::new(&self.space, &[], budget.take());
        let left = solver.of_action(&whole, ACTION)?;
        let left = solver.of_resource(&left, &role.arn)?;
        let found = solver.context(&left)?;
        *budget = solver.budget;
        // What may be possible is shown as possible: this is about who could.
        Ok(found != Found::Nothing)
    }
}

fn add<'a>(
    space: &mut Space,
    attached: &'a Attached,
    kind: PolicyKind,
    allow: &mut Vec<Clause<'a>>,
    deny: &mut Vec<Clause<'a>>,
) -> Result<(), Unreadable> {
    let formulas: Arc<[Formula]> = space.document(&attached.document, kind)?;
    for (statement, applies) in attached.document.statements().iter().zip(formulas.iter()) {
        let list = match statement.effect() {
            Effect::Allow => &mut *allow,
            Effect::Deny => &mut *deny,
        };
        list.push(Clause {
            attached,
            statement,
            applies: applies.clone(),
        });
    }
    Ok(())
}

impl Clause<'_> {
    fn reason(&self) -> Reason {
        let written = Written::read(&self.attached.document, self.statement.index());
        Reason {
            statement: Source::new(self.attached, self.statement),
            holder: self.attached.holder.as_ref().map(ToString::to_string),
            resources: written.resources,
            conditions: written.conditions,
        }
    }
}

impl Permission {
    pub(super) fn of(extent: Extent) -> Permission {
        Permission {
            extent,
            allowed_by: Vec::new(),
            denied_by: Vec::new(),
            limited_by: None,
            example: None,
            doubt: None,
        }
    }
}

/// Where a formula without actions is true.
enum Where {
    Nowhere,
    Here(Witness),
    Perhaps(Why),
}

fn find(solver: &mut Solver<'_>, formula: &Formula) -> Result<Where, TooLarge> {
    let mut perhaps = Where::Nowhere;
    for (resources, left) in solver.cases(formula)? {
        match solver.context(&left)? {
            Found::Nothing => {}
            Found::Perhaps(why) => perhaps = Where::Perhaps(why),
            Found::Request(context) => {
                return Ok(Where::Here(Witness {
                    caller: None,
                    action: String::new(),
                    resource: resources.example().to_owned(),
                    context: shown(&context),
                }));
            }
        }
    }
    Ok(perhaps)
}

/// Whether a statement applies to some of it, or may.
fn reaches(solver: &mut Solver<'_>, of: &Formula, applies: &Formula) -> Result<bool, TooLarge> {
    if *applies == Formula::False || *of == Formula::False {
        return Ok(false);
    }
    let both = Formula::all([of.clone(), applies.clone()]);
    Ok(!matches!(find(solver, &both)?, Where::Nowhere))
}
