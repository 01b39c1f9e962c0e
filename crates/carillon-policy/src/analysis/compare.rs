//! What one policy allows and another does not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;

use super::difference::{Comparison, Difference, Source, Undecided, Witness, in_map, shown};
use super::formula::Formula;
use super::language::Valuation;
use super::limit::{Budget, TooLarge};
use super::situation::{Side, Situation, kind, reachable, situations, subject};
use super::solver::{Context, Found, Group, Solver, Why};
use super::space::{Space, Unreadable};
use super::words::Written;
use crate::context::MapContext;
use crate::document::{Effect, PolicyType, Statement};
use crate::facts::Facts;
use crate::policies::Attached;
use crate::resource::RequestResource;

/// Work one comparison may be: some seconds.
const BUDGET: usize = 3_000_000;

/// More differences are not listed.
const MOST: usize = 200;

/// Compares two policies of one type. Several documents count as one, as those attached to one user do.
///
/// `catalogue`: the actions there are known to be, as `service:Name`, to name and to choose examples from; the
/// comparison is over all names there can be.
///
/// What it assumes of requests: keys are independent of each other; a key holds a list only if AWS documents it so
/// or a policy uses it with a set operator; keys that every request has are never absent, and those with values of
/// one type hold such values.
pub fn compare(old: &[Attached], new: &[Attached], ty: PolicyType, catalogue: &[&str]) -> Comparison {
    compare_within(BUDGET, old, new, ty, catalogue)
}

/// As [`compare`] with other limits of work, each way.
pub(super) fn compare_within(
    budget: usize,
    old: &[Attached],
    new: &[Attached],
    ty: PolicyType,
    catalogue: &[&str],
) -> Comparison {
    let known = Known {
        all: catalogue,
        hints: &[],
    };
    let (gained, mut undecided) = allowed_only_by(budget, new, old, ty, known);
    let (lost, others) = allowed_only_by(budget, old, new, ty, known);
    undecided.extend(others);
    undecided.sort();
    undecided.dedup();
    Comparison {
        gained,
        lost,
        undecided,
    }
}

/// As [`compare`], but only what the new policy allows beyond the old. The catalogue serves for examples only, and
/// what is gained names its actions by patterns, which is less work.
pub fn new_access(old: &[Attached], new: &[Attached], ty: PolicyType, catalogue: &[&str]) -> Comparison {
    let (gained, undecided) = allowed_only_by(
        BUDGET,
        new,
        old,
        ty,
        Known {
            all: &[],
            hints: catalogue,
        },
    );
    Comparison {
        gained,
        lost: Vec::new(),
        undecided,
    }
}

/// Actions there are known to be.
#[derive(Clone, Copy)]
struct Known<'a> {
    /// Of these, all that make a difference are listed.
    all: &'a [&'a str],
    /// These are looked into for examples.
    hints: &'a [&'a str],
}

fn allowed_only_by(
    budget: usize,
    by: &[Attached],
    not_by: &[Attached],
    ty: PolicyType,
    known: Known<'_>,
) -> (Vec<Difference>, Vec<Undecided>) {
    let mut search = Search {
        by: Side { documents: by, ty },
        not_by: Side {
            documents: not_by,
            ty,
        },
        ty,
        known,
        differences: Vec::new(),
        doubts: BTreeMap::new(),
        settled: BTreeSet::new(),
        budget: Budget::new(budget),
    };
    let whole = |reason: String| Undecided {
        actions: Vec::new(),
        reason,
    };
    let mut undecided = match search.run() {
        Ok(()) => search.undecided(),
        Err(Stopped::TooLarge(error)) => vec![whole(error.to_string())],
        Err(Stopped::Unreadable(error)) => vec![whole(error.to_string())],
    };
    if search.differences.len() > MOST {
        search.differences.truncate(MOST);
        undecided.push(whole(format!("there are more than {MOST} differences")));
    }
    (search.differences, undecided)
}

#[derive(Debug)]
enum Stopped {
    TooLarge(TooLarge),
    Unreadable(Unreadable),
}

impl From<TooLarge> for Stopped {
    fn from(error: TooLarge) -> Stopped {
        Stopped::TooLarge(error)
    }
}

impl From<Unreadable> for Stopped {
    fn from(error: Unreadable) -> Stopped {
        Stopped::Unreadable(error)
    }
}

/// When there is a difference, in some situations.
struct Question<'s> {
    formula: Formula,
    /// When the policy allows that should not.
    other: Formula,
    situations: Vec<&'s Situation>,
}

struct Search<'a> {
    by: Side<'a>,
    not_by: Side<'a>,
    ty: PolicyType,
    known: Known<'a>,
    differences: Vec<Difference>,
    /// Actions of which it is not known whether there is a difference, with the reason.
    doubts: BTreeMap<String, Why>,
    /// Actions for which there is one.
    settled: BTreeSet<String>,
    budget: Budget,
}

impl Search<'_> {
    fn run(&mut self) -> Result<(), Stopped> {
        let documents: Vec<&Attached> = self.by.documents.iter().chain(self.not_by.documents).collect();
        let situations = situations(self.ty, &documents);
        // Where values of variables matter, a few values may show a difference; that there is none, they can't.
        for valuation in self.look(&situations, Valuation::default())? {
            if self.doubts.keys().all(|action| self.settled.contains(action)) || self.differences.len() > MOST
            {
                break;
            }
            self.look(&situations, valuation)?;
        }
        Ok(())
    }

    /// Looks for differences in all situations; gives values of variables that are worth a closer look.
    fn look(&mut self, situations: &[Situation], valuation: Valuation) -> Result<Vec<Valuation>, Stopped> {
        let is_free = valuation == Valuation::default();
        let mut space = Space::new(valuation);
        let questions = self.questions(&mut space, situations)?;
        let mut solver = Solver::new(&space, self.known.all, self.budget.take());
        for question in &questions {
            for group in solver.groups(&question.formula)? {
                self.explore(&mut solver, question, &group, is_free)?;
                if self.differences.len() > MOST {
                    return Ok(Vec::new());
                }
            }
        }
        let valuations = if is_free && !self.doubts.is_empty() {
            valuations(&space, &mut solver)?
        } else {
            Vec::new()
        };
        self.budget = solver.budget;
        Ok(valuations)
    }

    /// What makes a difference, for each situation; situations in which the same does are one question.
    fn questions<'s>(
        &self,
        space: &mut Space,
        situations: &'s [Situation],
    ) -> Result<Vec<Question<'s>>, Stopped> {
        let scope = Formula::all([reachable(space), subject(space, self.ty)]);
        let mut questions: Vec<Question<'s>> = Vec::new();
        let mut numbers: HashMap<Formula, usize> = HashMap::new();
        for situation in situations {
            let allowed = self.by.allowed(space, situation)?;
            let other = self.not_by.allowed(space, situation)?;
            let formula = Formula::all([scope.clone(), allowed, Formula::not(other.clone())]);
            match numbers
                .get(&formula)
                .and_then(|number| questions.get_mut(*number))
            {
                Some(question) => question.situations.push(situation),
                None => {
                    numbers.insert(formula.clone(), questions.len());
                    questions.push(Question {
                        formula,
                        other,
                        situations: vec![situation],
                    });
                }
            }
        }
        Ok(questions)
    }

    fn explore(
        &mut self,
        solver: &mut Solver<'_>,
        question: &Question<'_>,
        group: &Group,
        is_free: bool,
    ) -> Result<(), Stopped> {
        let Some(first) = group.actions.first() else {
            return Ok(());
        };
        for (resources, left) in solver.cases(&group.formula)? {
            match solver.context(&left)? {
                Found::Nothing => {}
                Found::Request(context) => {
                    let same = solver.of_action(&question.other, first.example())?;
                    let same = solver.of_resource(&same, resources.example())?;
                    let only_conditions = solver.context(&same)? != Found::Nothing;
                    let (action, resource) = solver.request(first, &resources, self.known.hints);
                    for situation in &question.situations {
                        self.note(situation, group, [&action, &resource], &context, only_conditions);
                    }
                }
                Found::Perhaps(why) if is_free => {
                    let names = group.actions.iter().map(|actions| actions.example().to_owned());
                    self.doubts.extend(names.map(|name| (name, why.clone())));
                }
                Found::Perhaps(_) => {}
            }
        }
        Ok(())
    }

    /// Keeps a request that makes a difference, with others of the same statement.
    fn note(
        &mut self,
        situation: &Situation,
        group: &Group,
        [action, resource]: [&str; 2],
        context: &Context,
        only_conditions: bool,
    ) {
        let asked = in_map(context);
        let confirmed = self.by.confirms(situation, action, resource, &asked)
            && !self.not_by.confirms(situation, action, resource, &asked);
        let allowing = applying(&self.by, situation, Effect::Allow, action, resource, &asked);
        let denying = applying(&self.not_by, situation, Effect::Deny, action, resource, &asked);
        let (true, Some((attached, statement))) = (confirmed, allowing.or(denying)) else {
            let names = group.actions.iter().map(|actions| actions.example().to_owned());
            self.doubts.extend(names.map(|name| (name, Why::Variables)));
            return;
        };
        let written = Written::read(&attached.document, statement.index());
        let source = allowing.map(|(attached, statement)| Source::new(attached, statement));
        let denied_by = denying.map(|(attached, statement)| Source::new(attached, statement));
        self.settled
            .extend(group.actions.iter().map(|actions| actions.example().to_owned()));
        let same = self.differences.iter_mut().find(|known| {
            known.statement == source
                && known.denied_by == denied_by
                && known.only_conditions == only_conditions
        });
        let difference = match same {
            Some(known) => known,
            None => {
                self.differences.push(Difference {
                    actions: Vec::new(),
                    action_patterns: Vec::new(),
                    resources: written.resources.clone(),
                    conditions: written.conditions.clone(),
                    callers: BTreeSet::new(),
                    only_conditions,
                    statement: source,
                    denied_by,
                    witness: Witness {
                        caller: situation.description(self.ty),
                        action: action.to_owned(),
                        resource: resource.to_owned(),
                        context: shown(context),
                    },
                });
                let Some(new) = self.differences.last_mut() else {
                    return;
                };
                new
            }
        };
        difference.callers.extend(situation.description(self.ty));
        for actions in &group.actions {
            difference.actions.extend(actions.known.iter().cloned());
            if actions.open || actions.known.is_empty() {
                difference
                    .action_patterns
                    .extend(written.patterns_of(actions.example()));
            }
        }
        for list in [&mut difference.actions, &mut difference.action_patterns] {
            list.sort();
            list.dedup();
        }
    }

    fn undecided(&self) -> Vec<Undecided> {
        let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let open = self
            .doubts
            .iter()
            .filter(|(action, _)| !self.settled.contains(*action));
        for (action, why) in open {
            by_reason.entry(why.to_string()).or_default().push(action.clone());
        }
        let each = by_reason.into_iter();
        each.map(|(reason, actions)| Undecided { actions, reason })
            .collect()
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Variables => f.write_str("it depends on the values of variables"),
            Why::Key(key) => write!(
                f,
                "`{key}` is compared in several ways, and it is not known whether one value passes all of them"
            ),
        }
    }
}

/// The first statement of the effect that applies to the request.
pub(super) fn applying<'a>(
    side: &Side<'a>,
    situation: &Situation,
    effect: Effect,
    action: &str,
    resource: &str,
    context: &MapContext,
) -> Option<(&'a Attached, &'a Statement)> {
    let action = action.to_ascii_lowercase();
    let (resource, facts) = (RequestResource::new(resource), Facts::new(context));
    let statements = side.documents.iter().flat_map(|attached| {
        attached
            .document
            .statements()
            .iter()
            .map(move |statement| (attached, statement))
    });
    let mut applying = statements.filter(|(_, statement)| {
        statement.effect() == effect
            && side.way(statement, situation).is_some()
            && statement.action.matches(iter::once(action.as_str()))
            && statement.resource.matches(kind(side.ty), &resource, context)
            && statement.conditions.iter().all(|test| test.holds(&facts))
    });
    applying.next()
}

/// Values of variables to try: some text for each, none for any, and for one each of the values that tests of
/// its key tell apart.
fn valuations(space: &Space, solver: &mut Solver<'_>) -> Result<Vec<Valuation>, TooLarge> {
    /// Values of one variable that are tried.
    const EACH: usize = 4;
    /// Valuations that are tried in all.
    const ALL: usize = 24;
    let some: BTreeMap<Box<str>, Option<String>> = space
        .variables
        .iter()
        .enumerate()
        .map(|(number, key)| (key.clone(), Some(format!("value{number}"))))
        .collect();
    let none = some.keys().map(|key| (key.clone(), None)).collect();
    let mut all = vec![some.clone(), none];
    for key in some.keys() {
        let mut varied = some.clone();
        varied.insert(key.clone(), None);
        all.push(varied);
        for value in solver.values(key)?.into_iter().take(EACH) {
            let mut varied = some.clone();
            varied.insert(key.clone(), Some(value));
            all.push(varied);
        }
    }
    all.truncate(ALL);
    let fixed = |known| Valuation { known, closed: None };
    Ok(all.into_iter().map(fixed).collect())
}
