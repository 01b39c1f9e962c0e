//! Text with wildcards and variables, compiled once and matched without recursion.
//!
//! A variable's value is never spliced into the pattern before it is compiled: it stays a literal, so a tag
//! whose value is `*` matches a star and nothing else.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::context::{Context, ContextValue};

/// Which parts of the language a text may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language {
    /// `${key}`; only documents of version 2012-10-17 have it.
    pub variables: bool,
    /// `*` and `?` are patterns rather than characters.
    pub wildcards: bool,
}

/// A compiled text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    /// Nothing but stars.
    Any,
    Literal(Box<str>),
    /// A literal and a star after it.
    Prefix(Box<str>),
    /// The runs between the stars: the first is anchored at the start, the last at the end.
    Runs(Box<[Run]>),
    /// As `Runs`, with variables that take their values from the request.
    Variables(Box<[Run]>, Box<[Variable]>),
}

type Run = Box<[Piece]>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    Text(Box<str>),
    /// Exactly one character.
    One,
    /// The value of the variable with this number.
    Value(usize),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Variable {
    /// Lower-cased.
    pub key: Box<str>,
    pub default: Option<Box<str>>,
}

/// What came of matching a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    /// A variable has no value in this request.
    Unresolved,
}

impl From<bool> for Match {
    fn from(matched: bool) -> Self {
        if matched { Match::Yes } else { Match::No }
    }
}

impl Pattern {
    pub fn compile(text: &str, language: Language) -> Pattern {
        if let Some(pattern) = Pattern::simple(text, language) {
            return pattern;
        }
        let mut builder = Builder::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if language.variables
                && let Some((body, after)) = rest.strip_prefix("${").and_then(|body| body.split_once('}'))
            {
                match body {
                    "*" | "?" | "$" => builder.literal.push_str(body),
                    _ => builder.variable(body),
                }
                rest = after;
                continue;
            }
            match first {
                '*' if language.wildcards => builder.star(),
                '?' if language.wildcards => builder.piece(Piece::One),
                _ => builder.literal.push(first),
            }
            rest = rest.strip_prefix(first).unwrap_or_default();
        }
        builder.finish()
    }

    /// The forms that most texts have, without taking the text apart.
    fn simple(text: &str, language: Language) -> Option<Pattern> {
        let special = |byte: u8| match byte {
            b'*' | b'?' => language.wildcards,
            b'$' => language.variables,
            _ => false,
        };
        let at = text.bytes().position(special);
        let (before, rest) = text.split_at_checked(at.unwrap_or(text.len()))?;
        match rest {
            "" => Some(Pattern::Literal(before.into())),
            "*" if before.is_empty() => Some(Pattern::Any),
            "*" => Some(Pattern::Prefix(before.into())),
            _ => None,
        }
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str, context: &dyn Context) -> Match {
        match self {
            Pattern::Any => Match::Yes,
            Pattern::Literal(literal) => Match::from(**literal == *text),
            Pattern::Prefix(prefix) => Match::from(text.starts_with(&**prefix)),
            Pattern::Runs(runs) => Match::from(runs_match(runs, &[], text)),
            Pattern::Variables(runs, variables) => {
                let matched = resolve(variables, context, |values| runs_match(runs, values, text));
                matched.map_or(Match::Unresolved, Match::from)
            }
        }
    }

    /// As [`Pattern::matches`] for a pattern compiled without variables.
    pub fn matches_plain(&self, text: &str) -> bool {
        self.matches(text, &crate::context::Nothing) == Match::Yes
    }

    /// The text this pattern stands for in this request, if it has no wildcards and all variables a value.
    pub fn text<'a>(&'a self, context: &'a dyn Context) -> Option<Cow<'a, str>> {
        match self {
            Pattern::Literal(literal) => Some(Cow::Borrowed(literal)),
            Pattern::Variables(runs, variables) => {
                let [run] = &**runs else { return None };
                let spliced = |values: &[Cow<'_, str>]| {
                    let mut text = String::new();
                    for piece in run {
                        text.push_str(written(piece, values)?);
                    }
                    Some(Cow::Owned(text))
                };
                resolve(variables, context, spliced)?
            }
            Pattern::Any | Pattern::Prefix(_) | Pattern::Runs(_) => None,
        }
    }
}

#[derive(Default)]
struct Builder {
    runs: Vec<Run>,
    run: Vec<Piece>,
    literal: String,
    variables: Vec<Variable>,
}

impl Builder {
    fn piece(&mut self, piece: Piece) {
        self.flush();
        self.run.push(piece);
    }

    fn variable(&mut self, body: &str) {
        let index = self.variables.len();
        self.variables.push(Variable::read(body));
        self.piece(Piece::Value(index));
    }

    fn star(&mut self) {
        self.flush();
        // A star after a star adds nothing.
        if !self.run.is_empty() || self.runs.is_empty() {
            self.runs.push(std::mem::take(&mut self.run).into_boxed_slice());
        }
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.run
                .push(Piece::Text(std::mem::take(&mut self.literal).into_boxed_str()));
        }
    }

    fn finish(mut self) -> Pattern {
        self.flush();
        self.runs.push(self.run.into_boxed_slice());
        let runs = self.runs.into_boxed_slice();
        if !self.variables.is_empty() {
            return Pattern::Variables(runs, self.variables.into_boxed_slice());
        }
        let simple = match &*runs {
            [only] => match &**only {
                [] => Some(Pattern::Literal("".into())),
                [Piece::Text(literal)] => Some(Pattern::Literal(literal.clone())),
                _ => None,
            },
            [first, last] if last.is_empty() => match &**first {
                [] => Some(Pattern::Any),
                [Piece::Text(literal)] => Some(Pattern::Prefix(literal.clone())),
                _ => None,
            },
            _ => None,
        };
        simple.unwrap_or(Pattern::Runs(runs))
    }
}

impl Variable {
    /// `key` or `key, 'default'`. Spacing is free; a default without its quotes is no default.
    pub fn read(body: &str) -> Variable {
        let (key, default) = match body.split_once(',') {
            Some((key, default)) => (
                key,
                default
                    .trim()
                    .strip_prefix('\'')
                    .and_then(|text| text.strip_suffix('\'')),
            ),
            None => (body, None),
        };
        Variable {
            key: key.trim().to_lowercase().into_boxed_str(),
            default: default.map(Into::into),
        }
    }

    /// A key that is absent or holds a list has no value.
    pub fn value<'a>(&'a self, context: &'a dyn Context) -> Option<Cow<'a, str>> {
        match context.get(&self.key) {
            Some(ContextValue::One(value)) => Some(value),
            Some(ContextValue::Many(_)) | None => self.default.as_deref().map(Cow::Borrowed),
        }
    }
}

/// Calls with the values of all variables, if they have some. A few variables take no allocation.
fn resolve<'a, T>(
    variables: &'a [Variable],
    context: &'a dyn Context,
    call: impl FnOnce(&[Cow<'a, str>]) -> T,
) -> Option<T> {
    if let [variable] = variables {
        return Some(call(&[variable.value(context)?]));
    }
    if let [one, two] = variables {
        return Some(call(&[one.value(context)?, two.value(context)?]));
    }
    let values: Option<Vec<Cow<'a, str>>> =
        variables.iter().map(|variable| variable.value(context)).collect();
    Some(call(&values?))
}

/// Greedy: the outer runs are anchored, each inner one takes its leftmost place. Taking a later place never
/// helps the runs after it, so nothing is ever tried twice.
fn runs_match(runs: &[Run], values: &[Cow<'_, str>], text: &str) -> bool {
    let Some((first, others)) = runs.split_first() else {
        return false;
    };
    let Some(rest) = strip_start(first, values, text) else {
        return false;
    };
    let Some((last, inner)) = others.split_last() else {
        return rest.is_empty();
    };
    let Some(mut rest) = strip_end(last, values, rest) else {
        return false;
    };
    for run in inner {
        match find(run, values, rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What is left of the text after a run at its start.
fn strip_start<'t>(run: &[Piece], values: &[Cow<'_, str>], text: &'t str) -> Option<&'t str> {
    run.iter().try_fold(text, |rest, piece| match piece {
        Piece::Text(literal) => rest.strip_prefix(&**literal),
        Piece::Value(index) => rest.strip_prefix(&**values.get(*index)?),
        Piece::One => {
            let mut characters = rest.chars();
            characters.next().map(|_| characters.as_str())
        }
    })
}

/// What is left of the text before a run at its end.
fn strip_end<'t>(run: &[Piece], values: &[Cow<'_, str>], text: &'t str) -> Option<&'t str> {
    run.iter().rev().try_fold(text, |rest, piece| match piece {
        Piece::Text(literal) => rest.strip_suffix(&**literal),
        Piece::Value(index) => rest.strip_suffix(&**values.get(*index)?),
        Piece::One => {
            let mut characters = rest.chars();
            characters.next_back().map(|_| characters.as_str())
        }
    })
}

/// What is left of the text after the leftmost place of a run.
///
/// The time is linear in the text where the run is a literal, and elsewhere at most a sixty-fourth of the text
/// times the run: whoever writes a policy and whoever sends a request may be hostile.
fn find<'t>(run: &[Piece], values: &[Cow<'_, str>], text: &'t str) -> Option<&'t str> {
    // A star before `?` may as well come after it, and a place further right leaves fewer characters for the `?`
    // at the end.
    let is_literal = |piece: &Piece| *piece != Piece::One;
    let Some(first) = run.iter().position(is_literal) else {
        return skip(run.len(), text);
    };
    let after_last = run.iter().rposition(is_literal)? + 1;
    let text = skip(first, text)?;
    let middle = run.get(first..after_last)?;
    let after = match middle {
        [Piece::Text(_) | Piece::Value(_)] => after_literal(written(middle.first()?, values)?, text),
        _ if middle.contains(&Piece::One) => after_gapped(middle, values, text),
        _ => {
            let mut literal = String::new();
            for piece in middle {
                literal.push_str(written(piece, values)?);
            }
            after_literal(&literal, text)
        }
    }?;
    skip(run.len() - after_last, after)
}

/// What is left of the text after so many characters.
fn skip(count: usize, text: &str) -> Option<&str> {
    let mut characters = text.chars();
    for _ in 0..count {
        characters.next()?;
    }
    Some(characters.as_str())
}

fn after_literal<'t>(literal: &str, text: &'t str) -> Option<&'t str> {
    text.get(text.find(literal)? + literal.len()..)
}

/// The literal that a piece stands for. A `?` stands for none.
fn written<'a>(piece: &'a Piece, values: &'a [Cow<'_, str>]) -> Option<&'a str> {
    match piece {
        Piece::Text(literal) => Some(literal),
        Piece::Value(index) => values.get(*index).map(|value| &**value),
        Piece::One => None,
    }
}

/// As [`find`], for literals with `?` between them. Each bit of the state is a beginning of the run that ends at
/// the present character (the shift-and method), so that no character is looked at twice.
fn after_gapped<'t>(run: &[Piece], values: &[Cow<'_, str>], text: &'t str) -> Option<&'t str> {
    let mut wanted = Vec::new();
    for piece in run {
        match piece {
            Piece::One => wanted.push(None),
            _ => wanted.extend(written(piece, values)?.chars().map(Some)),
        }
        // A character is a byte at least.
        if wanted.len() > text.len() {
            return None;
        }
    }
    let words = wanted.len().div_ceil(64);
    let mut anything = vec![0_u64; words];
    let mut places: HashMap<char, Vec<u64>> = HashMap::new();
    for (at, wanted) in wanted.iter().enumerate() {
        let mask = match wanted {
            None => &mut anything,
            Some(character) => places.entry(*character).or_insert_with(|| vec![0; words]),
        };
        *mask.get_mut(at / 64)? |= 1 << (at % 64);
    }
    for mask in places.values_mut() {
        for (word, anything) in mask.iter_mut().zip(&anything) {
            *word |= anything;
        }
    }
    let whole = 1_u64 << (wanted.len().checked_sub(1)? % 64);
    let mut state = vec![0_u64; words];
    for (at, character) in text.char_indices() {
        let allowed = places.get(&character).unwrap_or(&anything);
        let mut carry = 1;
        for (word, allowed) in state.iter_mut().zip(allowed) {
            let carried = carry;
            carry = *word >> 63;
            *word = (*word << 1 | carried) & allowed;
        }
        if state.last()? & whole != 0 {
            return text.get(at + character.len_utf8()..);
        }
    }
    None
}

#[cfg(test)]
mod tests;
