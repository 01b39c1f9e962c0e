//! The states a condition key can be in, as far as the tests of it tell them apart.

use std::collections::HashMap;

use super::facts;
use super::formula::{Atom, Formula, Free};
use super::limit::{Budget, TooLarge};
use super::values::{Answer, Matcher, ValueClass, value_classes};
use crate::condition::Set;

/// One key under one operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Test {
    /// The values of `Null`.
    Null(Vec<bool>),
    Compare {
        /// Its number among the matchers.
        matcher: usize,
        set: Set,
        negated: bool,
        if_exists: bool,
    },
}

/// What a request says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    Absent,
    One(String),
    Many(Vec<String>),
}

/// A state of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// For each test what comes of it: a constant, or a free fact or its negation.
    pub outcomes: Vec<Formula>,
    /// One way to be in it; none if no value for it is known.
    pub held: Option<Held>,
}

/// All states of a key, each with other outcomes. `tests` come with their numbers.
pub(super) fn states(
    key: &str,
    tests: &[(usize, &Test)],
    matchers: &[&Matcher],
    fixed: Option<Option<&str>>,
    budget: &mut Budget,
) -> Result<Vec<State>, TooLarge> {
    let mut found = States::default();
    let facts = facts::of(key);
    // Those matchers that are about this key.
    let mut own: Vec<usize> = tests
        .iter()
        .filter_map(|(_, test)| match test {
            Test::Compare { matcher, .. } => Some(*matcher),
            Test::Null(_) => None,
        })
        .collect();
    own.sort_unstable();
    own.dedup();
    let at = |matcher: usize, class: &ValueClass| {
        let place = own.binary_search(&matcher).ok();
        place
            .and_then(|place| class.answers.get(place).copied())
            .unwrap_or(Answer::No)
    };
    let own_matchers: Vec<&Matcher> = own
        .iter()
        .filter_map(|number| matchers.get(*number).copied())
        .collect();
    let classes = match fixed {
        Some(Some(value)) => vec![ValueClass {
            answers: own_matchers.iter().map(|matcher| matcher.answer(value)).collect(),
            example: Some(value.to_owned()),
        }],
        Some(None) => Vec::new(),
        None => value_classes(&own_matchers, facts.kind, budget)?,
    };
    for class in &classes {
        let outcomes = tests.iter().map(|(_, test)| match test {
            Test::Null(absent) => Formula::from(absent.contains(&false)),
            Test::Compare { matcher, negated, .. } => {
                let matched = match at(*matcher, class) {
                    Answer::Yes => Formula::True,
                    Answer::No => Formula::False,
                    Answer::Open => Formula::Atom(Atom::Free(Free::Matcher(*matcher))),
                };
                if *negated { Formula::not(matched) } else { matched }
            }
        });
        found.add(outcomes.collect(), class.example.clone().map(Held::One), budget)?;
    }
    if !facts.always && !matches!(fixed, Some(Some(_))) {
        let outcomes = tests.iter().map(|(_, test)| match test {
            Test::Null(absent) => Formula::from(absent.contains(&true)),
            Test::Compare { if_exists: true, .. } => Formula::True,
            Test::Compare { set, negated, .. } => Formula::from(match set {
                Set::Single => *negated,
                Set::ForAll => true,
                Set::ForAny => false,
            }),
        });
        found.add(outcomes.collect(), Some(Held::Absent), budget)?;
    }
    let looks_into_lists = tests.iter().any(|(_, test)| {
        matches!(
            test,
            Test::Compare {
                set: Set::ForAll | Set::ForAny,
                ..
            }
        )
    });
    if fixed.is_none() && facts.lists.unwrap_or(looks_into_lists) {
        lists(tests, &classes, &at, &mut found, budget)?;
    }
    Ok(found.states)
}

/// Lists of values: what comes of a list follows from the classes its elements are of.
fn lists(
    tests: &[(usize, &Test)],
    classes: &[ValueClass],
    at: &impl Fn(usize, &ValueClass) -> Answer,
    found: &mut States,
    budget: &mut Budget,
) -> Result<(), TooLarge> {
    /// Whether the elements so far all pass, or any.
    type Folded = Vec<Answer>;
    let empty: Folded = tests
        .iter()
        .map(|(_, test)| match test {
            Test::Null(absent) => answer(absent.contains(&false)),
            Test::Compare { set: Set::ForAll, .. } => Answer::Yes,
            Test::Compare { .. } => Answer::No,
        })
        .collect();
    let mut reached: Vec<(Folded, Option<Vec<String>>)> = vec![(empty.clone(), Some(Vec::new()))];
    let mut seen = HashMap::from([(empty, ())]);
    let mut next = 0;
    while let Some((folded, elements)) = reached.get(next).cloned() {
        for class in classes {
            budget.spend(tests.len() + 1)?;
            let longer: Folded = tests
                .iter()
                .zip(&folded)
                .map(|((_, test), before)| match test {
                    Test::Compare {
                        matcher,
                        set: set @ (Set::ForAll | Set::ForAny),
                        negated,
                        ..
                    } => {
                        let passes = match (at(*matcher, class), negated) {
                            (Answer::Open, _) => Answer::Open,
                            (matched, negated) => answer((matched == Answer::Yes) != *negated),
                        };
                        fold(*set, *before, passes)
                    }
                    // A list under an operator for single values: never.
                    Test::Compare { .. } | Test::Null(_) => *before,
                })
                .collect();
            if seen.insert(longer.clone(), ()).is_none() {
                let elements = elements
                    .clone()
                    .zip(class.example.clone())
                    .map(|(mut elements, example)| {
                        elements.push(example);
                        elements
                    });
                reached.push((longer, elements));
            }
        }
        next += 1;
    }
    for (folded, elements) in reached {
        let outcomes = tests
            .iter()
            .zip(folded)
            .map(|((number, _), answer)| match answer {
                Answer::Yes => Formula::True,
                Answer::No => Formula::False,
                Answer::Open => Formula::Atom(Atom::Free(Free::List(*number))),
            });
        found.add(outcomes.collect(), elements.map(Held::Many), budget)?;
    }
    Ok(())
}

fn answer(yes: bool) -> Answer {
    if yes { Answer::Yes } else { Answer::No }
}

fn fold(set: Set, before: Answer, passes: Answer) -> Answer {
    let decisive = if set == Set::ForAll {
        Answer::No
    } else {
        Answer::Yes
    };
    match (before, passes) {
        (before, passes) if before == decisive || passes == decisive => decisive,
        (Answer::Open, _) | (_, Answer::Open) => Answer::Open,
        (before, _) => before,
    }
}

#[derive(Default)]
struct States {
    states: Vec<State>,
    numbers: HashMap<Vec<Formula>, usize>,
}

impl States {
    /// Of states with the same outcomes, the first that is known to exist is kept.
    fn add(
        &mut self,
        outcomes: Vec<Formula>,
        held: Option<Held>,
        budget: &mut Budget,
    ) -> Result<(), TooLarge> {
        budget.spend(outcomes.len() + 1)?;
        match self.numbers.get(&outcomes) {
            None => {
                self.numbers.insert(outcomes.clone(), self.states.len());
                self.states.push(State { outcomes, held });
            }
            Some(number) => {
                if let Some(state) = self.states.get_mut(*number)
                    && state.held.is_none()
                {
                    state.held = held;
                }
            }
        }
        Ok(())
    }
}
