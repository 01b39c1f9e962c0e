//! Is there a request of which a formula is true?
//!
//! Actions, resources and each condition key are dealt with in turn, class by class, and the formula shrinks with
//! each. Most of it is gone after the first two, so that few keys are left to look at.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::example;
use super::formula::{Atom, Formula};
use super::key::{Held, State, Test, states};
use super::language::{Class, Language, classes};
use super::limit::{Budget, TooLarge};
use super::space::Space;
use super::values::Matcher;

/// Actions that no policy tells apart.
#[derive(Debug, Clone)]
pub(super) struct Actions {
    class: Class,
    /// Those of the catalogue, as it spells them.
    pub known: Vec<String>,
    /// Whether there can be others.
    pub open: bool,
}

impl Actions {
    /// One of them, spelled as the catalogue or a policy does where either names it.
    pub fn example(&self) -> &str {
        self.known.first().map_or(&self.class.example, |known| known)
    }
}

/// Actions of which the same is to be shown.
pub(super) struct Group {
    pub actions: Vec<Actions>,
    /// What is left of the formula when the action is one of these.
    pub formula: Formula,
}

/// Resources that the policies in question do not tell apart.
#[derive(Debug, Clone)]
pub(super) struct Resources {
    /// None for what is no ARN: `*`.
    class: Option<Class>,
    /// The languages that made the classes, by their numbers.
    languages: Rc<[usize]>,
}

impl Resources {
    pub fn example(&self) -> &str {
        self.class.as_ref().map_or("*", |class| &class.example)
    }

    fn is_in(&self, language: usize) -> bool {
        self.class.as_ref().is_some_and(|class| class.is_in(language))
    }
}

/// The context of a request: keys that are not named do not matter.
pub(super) type Context = Vec<(Box<str>, Held)>;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// There is no such request.
    Nothing,
    /// There is, with this context.
    Request(Context),
    /// Perhaps, depending on this.
    Perhaps(Why),
}

/// What keeps an answer from being certain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Why {
    /// Values that a request gives to variables, or the case of letters beyond ASCII.
    Variables,
    /// This key is compared in several ways, and no value is known that passes all of them.
    Key(Box<str>),
}

/// The languages an action is in, by their numbers, ascending.
pub(super) struct KnownAction(Vec<usize>);

impl KnownAction {
    /// What is left of a formula.
    pub fn in_formula(&self, formula: &Formula) -> Formula {
        formula.assign(&|atom| match atom {
            Atom::Action(language) => Some(self.0.binary_search(&language).is_ok().into()),
            _ => None,
        })
    }
}

/// Answers questions about the formulas of one space.
pub(super) struct Solver<'a> {
    space: &'a Space,
    catalogue: &'a [&'a str],
    pub budget: Budget,
    actions: Option<Rc<[Actions]>>,
    resources: HashMap<Vec<usize>, Rc<[Resources]>>,
    keys: HashMap<Box<str>, Rc<[State]>>,
    matchers: Vec<&'a Matcher>,
    tests: HashMap<&'a str, Vec<(usize, &'a Test)>>,
}

impl<'a> Solver<'a> {
    /// The space must be complete. `catalogue`: known actions, used as examples.
    pub fn new(space: &'a Space, catalogue: &'a [&'a str], budget: Budget) -> Solver<'a> {
        let mut tests: HashMap<&str, Vec<(usize, &Test)>> = HashMap::new();
        for (number, (key, test)) in space.tests.iter().enumerate() {
            tests.entry(key).or_default().push((number, test));
        }
        Solver {
            space,
            catalogue,
            budget,
            actions: None,
            resources: HashMap::new(),
            keys: HashMap::new(),
            matchers: space.matchers.iter().map(|(_, matcher)| matcher).collect(),
            tests,
        }
    }

    /// All actions of which the formula may be true, by what is then left of it.
    pub fn groups(&mut self, formula: &Formula) -> Result<Vec<Group>, TooLarge> {
        let size = formula.size();
        let mut groups: Vec<Group> = Vec::new();
        let mut numbers: HashMap<Formula, usize> = HashMap::new();
        for actions in self.action_classes()?.iter() {
            self.budget.spend(size)?;
            let left = formula.assign(&|atom| match atom {
                Atom::Action(language) => Some(actions.class.is_in(language).into()),
                _ => None,
            });
            if left == Formula::False {
                continue;
            }
            match numbers.get(&left).and_then(|number| groups.get_mut(*number)) {
                Some(group) => group.actions.push(actions.clone()),
                None => {
                    numbers.insert(left.clone(), groups.len());
                    groups.push(Group {
                        actions: vec![actions.clone()],
                        formula: left,
                    });
                }
            }
        }
        Ok(groups)
    }

    fn action_classes(&mut self) -> Result<Rc<[Actions]>, TooLarge> {
        if let Some(known) = &self.actions {
            return Ok(known.clone());
        }
        let languages: Vec<&Language> = self.space.actions.iter().collect();
        let found = classes(&languages, &Language::action(), &[], &mut self.budget)?;
        let numbers: HashMap<Vec<usize>, usize> = found
            .iter()
            .enumerate()
            .map(|(number, class)| (class.members.clone(), number))
            .collect();
        let mut all: Vec<Actions> = found
            .into_iter()
            .map(|mut class| {
                if let Some(spelled) = self.space.spellings.get(&class.example) {
                    class.example.clone_from(spelled);
                }
                let is_single = |number: &usize| {
                    let language = languages.get(*number);
                    language.is_some_and(|language| language.only_text().is_some())
                };
                Actions {
                    open: !class.members.iter().any(is_single),
                    class,
                    known: Vec::new(),
                }
            })
            .collect();
        for action in self.catalogue {
            let members = self.members(&languages, &action.to_ascii_lowercase())?;
            if let Some(class) = numbers.get(&members).and_then(|number| all.get_mut(*number)) {
                class.known.push((*action).to_owned());
            }
        }
        let all: Rc<[Actions]> = all.into();
        self.actions = Some(all.clone());
        Ok(all)
    }

    fn members(&mut self, languages: &[&Language], text: &str) -> Result<Vec<usize>, TooLarge> {
        self.budget.spend(languages.len() + 1)?;
        let members = languages.iter().enumerate();
        Ok(members
            .filter(|(_, language)| language.has(text))
            .map(|(number, _)| number)
            .collect())
    }

    /// The formula for one action.
    pub fn of_action(&mut self, formula: &Formula, action: &str) -> Result<Formula, TooLarge> {
        let known = self.known_action(action)?;
        Ok(known.in_formula(formula))
    }

    /// What is known of facts once the action is.
    pub fn known_action(&mut self, action: &str) -> Result<KnownAction, TooLarge> {
        let languages: Vec<&Language> = self.space.actions.iter().collect();
        let members = self.members(&languages, &action.to_ascii_lowercase())?;
        Ok(KnownAction(members))
    }

    /// The formula for one resource.
    pub fn of_resource(&mut self, formula: &Formula, resource: &str) -> Result<Formula, TooLarge> {
        let languages: Vec<&Language> = self.space.resources.iter().collect();
        let members = self.members(&languages, resource)?;
        Ok(formula.assign(&|atom| match atom {
            Atom::Resource(language) => Some(members.binary_search(&language).is_ok().into()),
            _ => None,
        }))
    }

    /// All resources of which a formula without actions may be true, with what is then left of it.
    pub fn cases(&mut self, formula: &Formula) -> Result<Vec<(Resources, Formula)>, TooLarge> {
        let size = formula.size();
        self.budget.spend(size)?;
        let wanted: Vec<usize> = formula
            .atoms()
            .into_iter()
            .filter_map(|atom| match atom {
                Atom::Resource(language) => Some(language),
                _ => None,
            })
            .collect();
        let mut cases = Vec::new();
        for resources in self.resource_classes(wanted)?.iter() {
            self.budget.spend(size)?;
            let left = formula.assign(&|atom| match atom {
                Atom::Resource(language) => Some(resources.is_in(language).into()),
                _ => None,
            });
            if left != Formula::False {
                cases.push((resources.clone(), left));
            }
        }
        Ok(cases)
    }

    /// An action and a resource out of these as people know them, where there are any and the budget lasts.
    /// `hints`: actions there are, besides the catalogue.
    pub fn request(&mut self, actions: &Actions, resources: &Resources, hints: &[&str]) -> (String, String) {
        let action = self.likely_action(actions, hints);
        let action = action.unwrap_or_else(|TooLarge| actions.example().to_owned());
        let resource = self.likely_resource(resources, &action);
        let resource = resource.unwrap_or_else(|TooLarge| resources.example().to_owned());
        (action, resource)
    }

    fn likely_action(&mut self, actions: &Actions, hints: &[&str]) -> Result<String, TooLarge> {
        if actions.known.is_empty() && actions.open {
            let languages: Vec<&Language> = self.space.actions.iter().collect();
            for text in hints.iter().chain(&example::ACTIONS) {
                if self.members(&languages, &text.to_ascii_lowercase())? == actions.class.members {
                    return Ok((*text).to_owned());
                }
            }
        }
        Ok(actions.example().to_owned())
    }

    fn likely_resource(&mut self, resources: &Resources, action: &str) -> Result<String, TooLarge> {
        if let Some(class) = &resources.class {
            let service = example::service_of(action);
            let own = |text: &&String| text.split(':').nth(2) == Some(service.as_str());
            let usual = example::arn_for(action);
            for text in self.space.examples.iter().filter(own).chain([&usual]) {
                self.budget.spend(resources.languages.len() + 1)?;
                let alike = |number: &usize| {
                    let language = self.space.resources.get(*number);
                    language.is_some_and(|language| language.has(text) == class.is_in(*number))
                };
                if Language::arn().has(text) && resources.languages.iter().all(alike) {
                    return Ok(text.clone());
                }
            }
        }
        Ok(resources.example().to_owned())
    }

    fn resource_classes(&mut self, wanted: Vec<usize>) -> Result<Rc<[Resources]>, TooLarge> {
        if let Some(known) = self.resources.get(&wanted) {
            return Ok(known.clone());
        }
        let languages: Vec<&Language> = wanted
            .iter()
            .filter_map(|number| self.space.resources.get(*number))
            .collect();
        let mut examples = self.space.examples.clone();
        examples.push("arn:aws:service:us-east-1:111122223333:example".to_owned());
        let found = classes(&languages, &Language::arn(), &examples, &mut self.budget)?;
        let numbers: Rc<[usize]> = wanted.clone().into();
        let arns = found.into_iter().map(|mut class| {
            // From places among the wanted ones to the numbers of the space.
            class.members = class
                .members
                .iter()
                .filter_map(|at| wanted.get(*at).copied())
                .collect();
            Resources {
                class: Some(class),
                languages: numbers.clone(),
            }
        });
        let star = Resources {
            class: None,
            languages: numbers.clone(),
        };
        let all: Rc<[Resources]> = arns.chain([star]).collect();
        self.resources.insert(wanted, all.clone());
        Ok(all)
    }

    /// Whether some context makes a formula true that speaks of nothing else.
    pub fn context(&mut self, formula: &Formula) -> Result<Found, TooLarge> {
        let found = self.search(formula, &mut Vec::new())?;
        Ok(match found {
            Found::Request(mut context) => {
                for key in &self.space.variables {
                    if let Some(Some(value)) = self.space.valuation.of(key)
                        && !context.iter().any(|(known, _)| known == key)
                    {
                        context.push((key.clone(), Held::One(value.to_owned())));
                    }
                }
                context.retain(|(_, held)| *held != Held::Absent);
                for (key, _) in &mut context {
                    if let Some(spelled) = self.space.keys.get(key) {
                        key.clone_from(spelled);
                    }
                }
                Found::Request(context)
            }
            found => found,
        })
    }

    fn search(
        &mut self,
        formula: &Formula,
        chosen: &mut Vec<(Box<str>, Option<Held>)>,
    ) -> Result<Found, TooLarge> {
        match formula {
            Formula::False => return Ok(Found::Nothing),
            Formula::True => {
                let unknown = chosen.iter().find(|(_, held)| held.is_none());
                if let Some((key, _)) = unknown {
                    return Ok(Found::Perhaps(Why::Key(key.clone())));
                }
                let known = chosen
                    .iter()
                    .filter_map(|(key, held)| Some((key.clone(), held.clone()?)));
                return Ok(Found::Request(known.collect()));
            }
            _ => {}
        }
        self.budget.spend(formula.size() * 2)?;
        let atoms = formula.atoms();
        let key = atoms.iter().find_map(|atom| match atom {
            Atom::Test(number) => self.space.tests.get(*number).map(|(key, _)| key.clone()),
            _ => None,
        });
        match key {
            Some(key) => self.branch(formula, &atoms, key, chosen),
            None => self.guess(formula, &atoms),
        }
    }

    /// Tries the states of one key.
    fn branch(
        &mut self,
        formula: &Formula,
        atoms: &BTreeSet<Atom>,
        key: Box<str>,
        chosen: &mut Vec<(Box<str>, Option<Held>)>,
    ) -> Result<Found, TooLarge> {
        let tests = self.tests.get(&*key).cloned().unwrap_or_default();
        let states = self.states(&key, &tests)?;
        let place = |test: usize| tests.binary_search_by_key(&test, |(number, _)| *number).ok();
        // States that differ only in tests that no longer matter are one.
        let matters: Vec<usize> = atoms
            .iter()
            .filter_map(|atom| match atom {
                Atom::Test(number) => place(*number),
                _ => None,
            })
            .collect();
        let mut seen: HashMap<Vec<&Formula>, bool> = HashMap::new();
        let mut perhaps = Found::Nothing;
        for pass in [true, false] {
            // Those first of which a value is known.
            for state in states.iter().filter(|state| state.held.is_some() == pass) {
                let outcomes = matters.iter().filter_map(|at| state.outcomes.get(*at)).collect();
                if seen.insert(outcomes, true).is_some() {
                    continue;
                }
                self.budget.spend(formula.size())?;
                let left = formula.assign(&|atom| match atom {
                    Atom::Test(number) => place(number).and_then(|at| state.outcomes.get(at)).cloned(),
                    _ => None,
                });
                chosen.push((key.clone(), state.held.clone()));
                let found = self.search(&left, chosen);
                chosen.pop();
                match found? {
                    Found::Nothing => {}
                    Found::Request(context) => return Ok(Found::Request(context)),
                    uncertain => perhaps = uncertain,
                }
            }
        }
        Ok(perhaps)
    }

    fn states(&mut self, key: &str, tests: &[(usize, &Test)]) -> Result<Rc<[State]>, TooLarge> {
        if let Some(known) = self.keys.get(key) {
            return Ok(known.clone());
        }
        let fixed = self.space.valuation.of(key);
        let states: Rc<[State]> = states(key, tests, &self.matchers, fixed, &mut self.budget)?.into();
        self.keys.insert(key.into(), states.clone());
        Ok(states)
    }

    /// Some values that the tests of a key tell apart.
    pub fn values(&mut self, key: &str) -> Result<Vec<String>, TooLarge> {
        let tests = self.tests.get(key).cloned().unwrap_or_default();
        let states = self.states(key, &tests)?;
        Ok(states
            .iter()
            .filter_map(|state| match &state.held {
                Some(Held::One(value)) => Some(value.clone()),
                _ => None,
            })
            .collect())
    }

    /// Only free facts are left: whether the formula can be true says only that there may be a request.
    fn guess(&mut self, formula: &Formula, atoms: &BTreeSet<Atom>) -> Result<Found, TooLarge> {
        let Some(Atom::Free(free)) = atoms.first().copied() else {
            return Ok(if *formula == Formula::False {
                Found::Nothing
            } else {
                Found::Perhaps(Why::Variables)
            });
        };
        for value in [true, false] {
            self.budget.spend(formula.size())?;
            let left = formula.assign(&|atom| (atom == Atom::Free(free)).then(|| value.into()));
            let found = self.guess(&left, &left.atoms())?;
            if found != Found::Nothing {
                return Ok(Found::Perhaps(Why::Variables));
            }
        }
        Ok(Found::Nothing)
    }
}
