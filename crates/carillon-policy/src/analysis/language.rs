//! Sets of texts as policies write them, and the classes into which several of them divide all texts.
//!
//! Two texts are of one class if each language has both or neither. Finitely many languages make finitely many
//! classes, and whatever is true of one text of a class, as far as these languages are concerned, is true of
//! all of them: this is what lets an analysis speak about all requests after looking at a few.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::limit::{Budget, TooLarge};
use crate::pattern::Variable;

/// One place of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Step {
    Char(char),
    /// An ASCII character in either case.
    EitherCase(char),
    One,
    /// Any character but a colon.
    OneInPart,
    Star,
    /// Any run without a colon: wildcards do not reach over the first five colons of an ARN.
    StarInPart,
}

impl Step {
    fn takes(self, character: char) -> bool {
        match self {
            Step::Char(own) => own == character,
            Step::EitherCase(own) => same_ignoring_case(own, character),
            Step::One | Step::Star => true,
            Step::OneInPart | Step::StarInPart => character != ':',
        }
    }

    fn is_star(self) -> bool {
        matches!(self, Step::Star | Step::StarInPart)
    }
}

/// Whether a character equals one in lower-case ASCII, as conditions that ignore case compare them.
fn same_ignoring_case(lower: char, character: char) -> bool {
    character.to_lowercase().eq(std::iter::once(lower))
}

/// A piece of a policy's text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Char(char),
    One,
    Star,
    Variable(Variable),
}

/// Takes a text apart. `${*}`, `${?}` and `${$}` are the characters themselves.
pub(super) fn tokens(text: &str, variables: bool, wildcards: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if variables
            && let Some((body, after)) = rest.strip_prefix("${").and_then(|body| body.split_once('}'))
        {
            match (body, body.chars().next()) {
                ("*" | "?" | "$", Some(character)) => tokens.push(Token::Char(character)),
                _ => tokens.push(Token::Variable(Variable::read(body))),
            }
            rest = after;
            continue;
        }
        tokens.push(match first {
            '*' if wildcards => Token::Star,
            '?' if wildcards => Token::One,
            _ => Token::Char(first),
        });
        rest = rest.strip_prefix(first).unwrap_or_default();
    }
    tokens
}

/// What is known of the keys that variables name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Valuation {
    /// Keys, in lower case, that have this one value, or none.
    pub known: BTreeMap<Box<str>, Option<String>>,
    /// No key that starts so is there unless it is known.
    pub closed: Option<&'static str>,
}

impl Valuation {
    /// The value of a key, or that it has none; nothing if any value is possible.
    pub fn of(&self, key: &str) -> Option<Option<&str>> {
        match self.known.get(key) {
            Some(value) => Some(value.as_deref()),
            None => self
                .closed
                .is_some_and(|prefix| key.starts_with(prefix))
                .then_some(None),
        }
    }

    /// Whether tokens have a variable of which nothing is known.
    pub fn leaves_open(&self, tokens: &[Token]) -> bool {
        tokens.iter().any(|token| match token {
            Token::Variable(variable) => self.of(&variable.key).is_none(),
            Token::Char(_) | Token::One | Token::Star => false,
        })
    }
}

/// A set of texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Language {
    steps: Vec<Step>,
}

impl Language {
    /// Adds what tokens stand for. `in_part`: wildcards do not match colons.
    ///
    /// Variables of which nothing is known become stars: the result has every text that some value would give.
    /// `None` if no text can match: a variable has no value, or one that no part of an ARN can have.
    pub fn push(&mut self, tokens: &[Token], in_part: bool, valuation: &Valuation) -> Option<()> {
        let (one, star) = if in_part {
            (Step::OneInPart, Step::StarInPart)
        } else {
            (Step::One, Step::Star)
        };
        for token in tokens {
            match token {
                Token::Char(character) => self.steps.push(Step::Char(*character)),
                Token::One => self.steps.push(one),
                Token::Star => self.star(star),
                Token::Variable(variable) => match valuation.of(&variable.key) {
                    None => self.star(star),
                    Some(value) => {
                        let text = value.or(variable.default.as_deref())?;
                        if in_part && text.contains(':') {
                            return None;
                        }
                        self.literal(text);
                    }
                },
            }
        }
        Some(())
    }

    fn star(&mut self, star: Step) {
        if self.steps.last() != Some(&star) {
            self.steps.push(star);
        }
    }

    pub fn literal(&mut self, text: &str) {
        self.steps.extend(text.chars().map(Step::Char));
    }

    /// The text in either case. Only ASCII: the case rules of other letters are not one letter for one.
    pub fn ignoring_case(text: &str) -> Option<Language> {
        let steps = text.chars().map(|character| {
            character
                .is_ascii()
                .then(|| Step::EitherCase(character.to_ascii_lowercase()))
        });
        Some(Language {
            steps: steps.collect::<Option<_>>()?,
        })
    }

    /// Every text.
    pub fn everything() -> Language {
        Language {
            steps: vec![Step::Star],
        }
    }

    /// At least one character other than a colon, a colon, and such characters again: what an action is.
    pub fn action() -> Language {
        use Step::{Char, OneInPart, StarInPart};
        Language {
            steps: vec![OneInPart, StarInPart, Char(':'), OneInPart, StarInPart],
        }
    }

    /// Every ARN: six parts, of which region and account may be empty.
    pub fn arn() -> Language {
        use Step::{Char, One, OneInPart, Star, StarInPart};
        let mut language = Language::default();
        language.literal("arn:");
        language.steps.extend([OneInPart, StarInPart, Char(':')]);
        language.steps.extend([OneInPart, StarInPart, Char(':')]);
        language
            .steps
            .extend([StarInPart, Char(':'), StarInPart, Char(':')]);
        language.steps.extend([One, Star]);
        language
    }

    /// The only text there is, if there is only one.
    pub fn only_text(&self) -> Option<String> {
        let characters = self.steps.iter().map(|step| match step {
            Step::Char(character) => Some(*character),
            _ => None,
        });
        characters.collect()
    }

    /// Whether it has the text.
    pub fn has(&self, text: &str) -> bool {
        // Most languages begin with a literal, and most texts with another.
        let mut characters = text.chars();
        let mut start = 0;
        while let Some(Step::Char(wanted)) = self.steps.get(start) {
            if characters.next() != Some(*wanted) {
                return false;
            }
            start += 1;
        }
        let mut state = BTreeSet::from([start]);
        self.close(&mut state);
        for character in characters {
            state = state.iter().filter_map(|at| self.after(*at, character)).collect();
            self.close(&mut state);
            if state.is_empty() {
                return false;
            }
        }
        state.contains(&self.steps.len())
    }

    /// The work of [`Language::has`] for a text of some length.
    pub fn work(&self, length: usize) -> usize {
        let stars = self.steps.iter().filter(|step| step.is_star()).count();
        // Most texts are told from a literal at once; after a star, every place may be one to go on from.
        if stars == 0 {
            return length / 64 + 1;
        }
        (length / 8 + 1).saturating_mul(stars + 1)
    }

    fn after(&self, at: usize, character: char) -> Option<usize> {
        let step = self.steps.get(at).filter(|step| step.takes(character))?;
        Some(if step.is_star() { at } else { at + 1 })
    }

    /// A star may take nothing.
    fn close(&self, state: &mut BTreeSet<usize>) {
        let stars: Vec<usize> = state.iter().copied().collect();
        for mut at in stars {
            while self.steps.get(at).is_some_and(|step| step.is_star()) {
                at += 1;
                state.insert(at);
            }
        }
    }
}

/// Texts that no language tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// The languages that have them, by their numbers, ascending.
    pub members: Vec<usize>,
    /// One of the texts.
    pub example: String,
}

impl Class {
    pub fn is_in(&self, language: usize) -> bool {
        self.members.binary_search(&language).is_ok()
    }
}

/// The classes into which the languages divide the texts of the universe: all of them, none twice, in the order
/// of the length of their shortest text. Of the `preferred` texts, the first in a class is its example.
pub(super) fn classes(
    languages: &[&Language],
    universe: &Language,
    preferred: &[String],
    budget: &mut Budget,
) -> Result<Vec<Class>, TooLarge> {
    let mut found = Explorer::new(languages, universe).explore(budget)?;
    for text in preferred {
        budget.spend(1)?;
        if !universe.has(text) {
            continue;
        }
        let members: Vec<usize> = (0..languages.len())
            .filter(|number| languages.get(*number).is_some_and(|language| language.has(text)))
            .collect();
        if let Some(example) = found.get_mut(&members)
            && !example.preferred
        {
            (example.text, example.preferred) = (text.clone(), true);
        }
    }
    let mut classes: Vec<(usize, Class)> = found
        .into_iter()
        .map(|(members, example)| {
            let class = Class {
                members,
                example: example.text,
            };
            (example.order, class)
        })
        .collect();
    classes.sort_by_key(|(order, _)| *order);
    Ok(classes.into_iter().map(|(_, class)| class).collect())
}

struct Example {
    text: String,
    preferred: bool,
    /// When it was found.
    order: usize,
}

/// Where a language stands after the characters read so far: number of the language, place in it.
type Place = (u32, u32);

/// Number of the state before, and the character that led on; none to the first.
type Way = Option<(usize, char)>;

/// A search, by breadth, through the states that the languages reach together.
struct Explorer<'a> {
    /// The universe comes last.
    languages: Vec<&'a Language>,
    /// The states reached, in order, with the way there.
    states: Vec<(Vec<Place>, Way)>,
    numbers: HashMap<Vec<Place>, usize>,
}

/// Stand-ins for all the characters that no language names; the first one unused is taken.
const OTHERS: &str = "xyzwvutqabcdefghijklmnoprs0123456789-_XYZ@~+=,.Ωαβγδεζηθικλμνξοπρστυφχψω";

impl<'a> Explorer<'a> {
    fn new(languages: &[&'a Language], universe: &'a Language) -> Explorer<'a> {
        let mut all = languages.to_vec();
        all.push(universe);
        Explorer {
            languages: all,
            states: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    fn explore(mut self, budget: &mut Budget) -> Result<HashMap<Vec<usize>, Example>, TooLarge> {
        let universe = self.languages.len().saturating_sub(1);
        let start = (0..self.languages.len()).filter_map(|number| Some((u32::try_from(number).ok()?, 0)));
        self.reach(start.collect(), None);
        let mut found: HashMap<Vec<usize>, Example> = HashMap::new();
        let mut next = 0;
        while let Some((state, _)) = self.states.get(next) {
            let state = state.clone();
            budget.spend(state.len() + 1)?;
            let accepting = self.accepting(&state);
            if let Some((last, members)) = accepting.split_last()
                && *last == universe
                && !found.contains_key(members)
            {
                let example = Example {
                    text: self.text(next),
                    preferred: false,
                    order: found.len(),
                };
                found.insert(members.to_vec(), example);
            }
            for character in self.telling(&state) {
                budget.spend(state.len() + 1)?;
                let after = self.step(&state, character);
                // Once outside the universe, always outside.
                if after
                    .last()
                    .is_some_and(|(number, _)| *number as usize == universe)
                {
                    self.reach(after, Some((next, character)));
                }
            }
            next += 1;
        }
        Ok(found)
    }

    fn reach(&mut self, mut state: Vec<Place>, way: Way) {
        self.close(&mut state);
        if !self.numbers.contains_key(&state) {
            self.numbers.insert(state.clone(), self.states.len());
            self.states.push((state, way));
        }
    }

    fn step_at(&self, (number, at): Place) -> Option<Step> {
        self.languages
            .get(number as usize)?
            .steps
            .get(at as usize)
            .copied()
    }

    fn close(&self, state: &mut Vec<Place>) {
        let mut index = 0;
        while let Some(&(number, at)) = state.get(index) {
            if self.step_at((number, at)).is_some_and(Step::is_star) {
                state.push((number, at + 1));
            }
            index += 1;
        }
        state.sort_unstable();
        state.dedup();
    }

    fn step(&self, state: &[Place], character: char) -> Vec<Place> {
        let moved = state.iter().filter_map(|&(number, at)| {
            let step = self.step_at((number, at)).filter(|step| step.takes(character))?;
            Some((number, if step.is_star() { at } else { at + 1 }))
        });
        moved.collect()
    }

    fn accepting(&self, state: &[Place]) -> Vec<usize> {
        let whole = state.iter().filter(|(number, at)| {
            self.languages
                .get(*number as usize)
                .is_some_and(|language| language.steps.len() == *at as usize)
        });
        let mut numbers: Vec<usize> = whole.map(|(number, _)| *number as usize).collect();
        numbers.dedup();
        numbers
    }

    /// Characters of which no two lead to different states unless one of them is here, and one for all others.
    fn telling(&self, state: &[Place]) -> BTreeSet<char> {
        let mut characters = BTreeSet::new();
        for place in state {
            match self.step_at(*place) {
                Some(Step::Char(character)) => drop(characters.insert(character)),
                Some(Step::EitherCase(character)) => {
                    characters.extend([character, character.to_ascii_uppercase()]);
                    if character == 'k' {
                        // The Kelvin sign is the one letter beyond ASCII that is equal to a letter of it.
                        characters.insert('\u{212a}');
                    }
                }
                Some(Step::OneInPart | Step::StarInPart) => drop(characters.insert(':')),
                Some(Step::One | Step::Star) | None => {}
            }
        }
        let other = OTHERS
            .chars()
            .chain('\u{4e00}'..='\u{9fff}')
            .find(|other| !characters.contains(other));
        characters.extend(other);
        characters
    }

    /// The characters on the way to a state.
    fn text(&self, state: usize) -> String {
        let mut characters = Vec::new();
        let mut at = state;
        while let Some((_, Some((before, character)))) = self.states.get(at) {
            characters.push(*character);
            at = *before;
        }
        characters.iter().rev().collect()
    }
}
