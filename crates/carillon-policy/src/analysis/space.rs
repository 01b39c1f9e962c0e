//! The facts that policies speak about, each once, and their statements as formulas over them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::formula::{Atom, Formula, Free};
use super::key::Test;
use super::language::{Language, Token, Valuation, tokens};
use super::values::Matcher;
use crate::action::ActionPattern;
use crate::condition::{Family, Operator, boolean, scalar};
use crate::decision::PolicyKind;
use crate::document::{Document, Statement};
use crate::resource;
use crate::syntax::{self, Node};

/// Actions, resources and tests by number, and what is known of variables.
#[derive(Debug)]
pub(super) struct Space {
    pub valuation: Valuation,
    pub actions: Numbered<Language>,
    pub resources: Numbered<Language>,
    /// With the key each is about: what is open about one key is not what is open about another.
    pub matchers: Numbered<(Box<str>, Matcher)>,
    /// With the key, in lower case, each is about.
    pub tests: Numbered<(Box<str>, Test)>,
    /// Resource patterns with variables, to tell them apart. Only where variables are free.
    patterns: Numbered<String>,
    /// The keys that variables name, in lower case.
    pub variables: BTreeSet<Box<str>>,
    /// Texts that may serve as examples of resources.
    pub examples: Vec<String>,
    /// Actions as their policies spell them, by lower case.
    pub spellings: BTreeMap<String, String>,
    /// Condition keys as their policies spell them, by lower case.
    pub keys: BTreeMap<Box<str>, Box<str>>,
    documents: HashMap<(usize, PolicyKind), Arc<[Formula]>>,
    /// Kept so that no other document gets the address of a known one.
    kept: Vec<Arc<Document>>,
}

/// A document that was read once and cannot be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a policy's text cannot be read")]
pub(super) struct Unreadable;

/// Values by number, each once.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    values: Vec<T>,
    numbers: HashMap<T, usize>,
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn new() -> Numbered<T> {
        Numbered {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    fn number(&mut self, value: T) -> usize {
        let next = self.values.len();
        *self.numbers.entry(value.clone()).or_insert_with(|| {
            self.values.push(value);
            next
        })
    }

    pub fn get(&self, number: usize) -> Option<&T> {
        self.values.get(number)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }
}

/// What an element of a resource list says of a request: that it matches, and that it does not say no.
struct Said {
    yes: Formula,
    not_no: Formula,
}

impl Space {
    pub fn new(valuation: Valuation) -> Space {
        Space {
            valuation,
            actions: Numbered::new(),
            resources: Numbered::new(),
            matchers: Numbered::new(),
            tests: Numbered::new(),
            patterns: Numbered::new(),
            variables: BTreeSet::new(),
            examples: Vec::new(),
            spellings: BTreeMap::new(),
            keys: BTreeMap::new(),
            documents: HashMap::new(),
            kept: Vec::new(),
        }
    }

    /// When each statement of the document applies, whoever asks.
    pub fn document(
        &mut self,
        document: &Arc<Document>,
        kind: PolicyKind,
    ) -> Result<Arc<[Formula]>, Unreadable> {
        let place = (Arc::as_ptr(document).addr(), kind);
        if let Some(known) = self.documents.get(&place) {
            return Ok(known.clone());
        }
        let root = syntax::read(document.text()).map_err(|_| Unreadable)?;
        let variables = root.get("Version").and_then(Node::string) == Some("2012-10-17");
        let nodes = root.get("Statement").map(Node::each).unwrap_or_default();
        let formulas = document.statements().iter().map(|statement| {
            let node = nodes.get(statement.index()).ok_or(Unreadable)?;
            Ok(self.statement(statement, node, kind, variables))
        });
        let formulas: Arc<[Formula]> = formulas.collect::<Result<_, Unreadable>>()?;
        self.documents.insert(place, formulas.clone());
        self.kept.push(document.clone());
        Ok(formulas)
    }

    fn statement(
        &mut self,
        _statement: &Statement,
        node: &Node,
        kind: PolicyKind,
        variables: bool,
    ) -> Formula {
        let (action, not_action) = (node.get("Action"), node.get("NotAction"));
        let action = match (action, not_action) {
            (None, None) => Formula::False,
            (action, not_action) => {
                let yes = action.map_or(Formula::True, |list| self.actions(list));
                let no = not_action.map_or(Formula::False, |list| self.actions(list));
                Formula::all([yes, Formula::not(no)])
            }
        };
        let resource = {
            let yes = node.get("Resource").map_or(Formula::True, |list| {
                Formula::any(
                    self.resources(list, kind, variables)
                        .into_iter()
                        .map(|said| said.yes),
                )
            });
            let no = node.get("NotResource").map_or(Formula::False, |list| {
                Formula::any(
                    self.resources(list, kind, variables)
                        .into_iter()
                        .map(|said| said.not_no),
                )
            });
            Formula::all([yes, Formula::not(no)])
        };
        let conditions = node
            .get("Condition")
            .map_or(Formula::True, |block| self.conditions(block, variables));
        Formula::all([action, resource, conditions])
    }

    fn actions(&mut self, list: &Node) -> Formula {
        let texts = list.each().iter().filter_map(Node::string);
        Formula::any(texts.map(|text| self.action(text)).collect::<Vec<_>>())
    }

    /// That the action matches a text of an `Action` element.
    pub fn action(&mut self, text: &str) -> Formula {
        match ActionPattern::compile(text) {
            ActionPattern::Any => Formula::True,
            ActionPattern::Unusable => Formula::False,
            ActionPattern::Of { .. } => {
                let lower = text.to_ascii_lowercase();
                if !lower.contains(['*', '?']) {
                    let spelled = self
                        .spellings
                        .entry(lower.clone())
                        .or_insert_with(|| lower.clone());
                    // What is in lower case may be ours.
                    if *spelled == lower {
                        text.clone_into(spelled);
                    }
                }
                let mut language = Language::default();
                match language.push(&tokens(&lower, false, true), true, &Valuation::default()) {
                    Some(()) => Formula::Atom(Atom::Action(self.actions.number(language))),
                    None => Formula::False,
                }
            }
        }
    }

    fn resources(&mut self, list: &Node, kind: PolicyKind, variables: bool) -> Vec<Said> {
        let elements = list.each().iter();
        elements
            .map(|node| match node.string() {
                Some(text) => self.resource(text, kind, variables),
                None => Said::always_unusable(),
            })
            .collect()
    }

    /// As [`Space::plain_resource`], for resources that are asked about and make good examples.
    pub fn wanted_resource(&mut self, text: &str) -> Formula {
        self.resource(text, PolicyKind::Identity, false).yes
    }

    /// As an identity-based policy without variables reads the text: `*`, or the pattern of an ARN.
    pub fn plain_resource(&mut self, text: &str) -> Formula {
        let shown = self.examples.len();
        let said = self.resource(text, PolicyKind::Identity, false);
        // No policy wrote this, so that it is no good example of what policies are about.
        self.examples.truncate(shown);
        said.yes
    }

    fn resource(&mut self, text: &str, kind: PolicyKind, variables: bool) -> Said {
        if text == "*" {
            return Said::both(Formula::True);
        }
        let plain = |part: &str| tokens(part, false, true);
        let (mut parts, short): (Vec<Vec<Token>>, bool) = match resource::split(text) {
            Some([first, second, third, fourth, fifth, last]) => {
                let mut parts: Vec<_> = [first, second, third, fourth, fifth].map(plain).into();
                parts.push(tokens(last, variables, true));
                (parts, false)
            }
            None => (text.split(':').map(plain).collect(), true),
        };
        if short {
            match kind {
                PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => {}
                PolicyKind::Resource | PolicyKind::Trust | PolicyKind::Endpoint => {
                    if !text.contains('*') {
                        return Said::both(Formula::False);
                    }
                }
                PolicyKind::ServiceControl if text.ends_with('*') => {}
                PolicyKind::ServiceControl | PolicyKind::ResourceControl => return Said::always_unusable(),
            }
            parts.resize(6, vec![Token::Star]);
        }
        self.example(&parts);
        for token in parts.iter().flatten() {
            if let Token::Variable(variable) = token {
                self.variables.insert(variable.key.clone());
            }
        }
        let Some((last, heads)) = parts.split_last() else {
            return Said::both(Formula::False);
        };
        let mut head = Language::default();
        for part in heads {
            // No variables here, so that there is always something to push.
            if head.push(part, true, &self.valuation).is_none() {
                return Said::both(Formula::False);
            }
            head.literal(":");
        }
        let mut whole = head.clone();
        let mut any_last = head;
        any_last.push(&[Token::Star], false, &self.valuation);
        let Some(()) = whole.push(last, false, &self.valuation) else {
            // A variable has no value: the element is unusable for resources it could be about.
            return Said {
                yes: Formula::False,
                not_no: self.resource_atom(any_last),
            };
        };
        let whole = self.resource_atom(whole);
        if !self.valuation.leaves_open(last) {
            return Said::both(whole);
        }
        let pattern = self.patterns.number(text.to_owned());
        let given = Formula::Atom(Atom::Free(Free::Resource(pattern)));
        let unresolved = Formula::Atom(Atom::Free(Free::Unresolved(pattern)));
        let yes = Formula::all([whole, given, Formula::not(unresolved.clone())]);
        Said {
            not_no: Formula::any([
                yes.clone(),
                Formula::all([self.resource_atom(any_last), unresolved]),
            ]),
            yes,
        }
    }

    fn resource_atom(&mut self, language: Language) -> Formula {
        Formula::Atom(Atom::Resource(self.resources.number(language)))
    }

    /// A resource that looks like one, for the pattern.
    fn example(&mut self, parts: &[Vec<Token>]) {
        let fill = ["arn", "aws", "service", "us-east-1", "111122223333", "example"];
        let mut texts = parts.iter().zip(fill).map(|(part, fill)| {
            let whole = part.as_slice() == [Token::Star];
            let one = |token: &Token| match token {
                Token::Char(character) => character.to_string(),
                Token::One => "x".to_owned(),
                Token::Star if whole => fill.to_owned(),
                Token::Star => "x".to_owned(),
                Token::Variable(variable) => {
                    let known = self.valuation.of(&variable.key).flatten();
                    known
                        .or(variable.default.as_deref())
                        .unwrap_or_default()
                        .to_owned()
                }
            };
            part.iter().map(one).collect::<String>()
        });
        let first = texts.next().unwrap_or_default();
        let text = texts.fold(first, |text, part| format!("{text}:{part}"));
        self.examples.push(text);
    }

    /// That all tests of a `Condition` element hold.
    pub fn conditions(&mut self, block: &Node, variables: bool) -> Formula {
        let Some(operators) = block.object() else {
            return Formula::False;
        };
        let mut parts = Vec::new();
        for (name, keys) in operators {
            match (Operator::read(name), keys.object()) {
                (Some(operator), Some(keys)) => {
                    parts.extend(
                        keys.iter()
                            .map(|(key, values)| self.test(&operator, key, values, variables)),
                    );
                }
                _ => return Formula::False,
            }
        }
        Formula::all(parts)
    }

    fn test(&mut self, operator: &Operator, key: &str, values: &Node, variables: bool) -> Formula {
        let texts: Vec<String> = values
            .each()
            .iter()
            .filter_map(scalar)
            .map(std::borrow::Cow::into_owned)
            .collect();
        let spelled = key;
        let key = key.to_lowercase().into_boxed_str();
        self.keys.entry(key.clone()).or_insert_with(|| spelled.into());
        let test = if operator.family == Family::Null {
            Test::Null(texts.iter().filter_map(|text| boolean(text)).collect())
        } else {
            self.note_variables(operator.family, &texts, variables);
            let matcher = Matcher::read(operator.family, &texts, variables, &self.valuation);
            Test::Compare {
                matcher: self.matchers.number((key.clone(), matcher)),
                set: operator.set,
                negated: operator.negated,
                if_exists: operator.if_exists,
            }
        };
        Formula::Atom(Atom::Test(self.tests.number((key, test))))
    }

    fn note_variables(&mut self, family: Family, texts: &[String], variables: bool) {
        let of_text = matches!(
            family,
            Family::Equals | Family::IgnoreCase | Family::Like | Family::Bool | Family::Arn
        );
        if !of_text {
            return;
        }
        for token in texts.iter().flat_map(|text| tokens(text, variables, true)) {
            if let Token::Variable(variable) = token {
                self.variables.insert(variable.key);
            }
        }
    }
}

impl Said {
    fn both(formula: Formula) -> Said {
        Said {
            yes: formula.clone(),
            not_no: formula,
        }
    }

    fn always_unusable() -> Said {
        Said {
            yes: Formula::False,
            not_no: Formula::True,
        }
    }
}
