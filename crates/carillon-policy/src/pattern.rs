//! Text with wildcards and variables, compiled once and matched without recursion.
//!
//! A variable's value is never spliced into the pattern before it is compiled: it stays a literal, so a tag
//! whose value is `*` matches a star and nothing else.

use std::borrow::Cow;

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
#[derive(Debug, Clone, PartialEq)]
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

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(Box<str>),
    /// Exactly one character.
    One,
    /// The value of the variable with this number.
    Value(usize),
}

#[derive(Debug, Clone, PartialEq)]
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

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str, context: &dyn Context) -> Match {
        match self {
            Pattern::Any => Match::Yes,
            Pattern::Literal(literal) => Match::from(**literal == *text),
            Pattern::Prefix(prefix) => Match::from(text.starts_with(&**prefix)),
            Pattern::Runs(runs) => Match::from(runs_match(runs, &[], text)),
            Pattern::Variables(runs, variables) => match resolve(variables, context) {
                Some(values) => Match::from(runs_match(runs, &values, text)),
                None => Match::Unresolved,
            },
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
                let values = resolve(variables, context)?;
                let mut text = String::new();
                for piece in run {
                    match piece {
                        Piece::Text(literal) => text.push_str(literal),
                        Piece::Value(index) => text.push_str(values.get(*index)?),
                        Piece::One => return None,
                    }
                }
                Some(Cow::Owned(text))
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
    fn read(body: &str) -> Variable {
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
    fn value<'a>(&'a self, context: &'a dyn Context) -> Option<Cow<'a, str>> {
        match context.get(&self.key) {
            Some(ContextValue::One(value)) => Some(value),
            Some(ContextValue::Many(_)) | None => self.default.as_deref().map(Cow::Borrowed),
        }
    }
}

fn resolve<'a>(variables: &'a [Variable], context: &'a dyn Context) -> Option<Vec<Cow<'a, str>>> {
    variables.iter().map(|variable| variable.value(context)).collect()
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
fn find<'t>(run: &[Piece], values: &[Cow<'_, str>], text: &'t str) -> Option<&'t str> {
    let mut rest = text;
    loop {
        if let Some(Piece::Text(literal)) = run.first() {
            rest = rest.get(rest.find(&**literal)?..)?;
        }
        if let Some(after) = strip_start(run, values, rest) {
            return Some(after);
        }
        let mut characters = rest.chars();
        characters.next()?;
        rest = characters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::context::MapContext;

    const NEW: Language = Language {
        variables: true,
        wildcards: true,
    };
    const OLD: Language = Language {
        variables: false,
        wildcards: true,
    };

    fn matched(pattern: &str, language: Language, text: &str, context: &MapContext) -> Match {
        Pattern::compile(pattern, language).matches(text, context)
    }

    #[test]
    fn wildcards_match_what_they_should() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a/b:c", true),
            ("**", "abc", true),
            ("a", "A", false),
            ("?", "", false),
            ("?", "é", true),
            ("?", "ab", false),
            ("??", "é💶", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*a*b*", "xaxbx", true),
            ("*ab*ab*", "xabx", false),
            ("a?*c", "abc", true),
            ("a*?c", "ac", false),
            ("*?", "", false),
            ("*??é", "aéé", true),
            ("a**b", "ab", true),
            ("*abc*abd", "abcabcabd", true),
            ("[a]", "a", false),
            ("a\\*", "a\\b", true),
        ] {
            assert_eq!(
                matched(pattern, OLD, text, &MapContext::new()),
                Match::from(expected),
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn hostile_patterns_take_no_longer_than_others() {
        let text = "a".repeat(20_000);
        let stars = format!("{}b", "*a".repeat(2_000));
        assert_eq!(matched(&stars, OLD, &text, &MapContext::new()), Match::No);
        let inner = format!("*{}b*c", "a".repeat(2_000));
        assert_eq!(matched(&inner, OLD, &text, &MapContext::new()), Match::No);
        let questions = format!("{}b", "*?a".repeat(1_000));
        assert_eq!(matched(&questions, OLD, &text, &MapContext::new()), Match::No);
    }

    #[test]
    fn values_of_variables_are_literals() {
        for value in ["*", "?", "a", "", "${", "}", "${aws:username}", "${*}", "é"] {
            let mut context = MapContext::new();
            context.set("aws:PrincipalTag/T", value);
            let test = |pattern, text: &str| matched(pattern, NEW, text, &context);
            assert_eq!(test("${aws:principaltag/t}", value), Match::Yes, "{value}");
            assert_eq!(test("${aws:PrincipalTag/T}", "zebra"), Match::No, "{value}");
            assert_eq!(
                test("${aws:PrincipalTag/t}*", &format!("{value}zebra")),
                Match::Yes,
                "{value}"
            );
            assert_eq!(
                test("*${aws:PrincipalTag/t}", &format!("zebra{value}")),
                Match::Yes,
                "{value}"
            );
            assert_eq!(
                test("*${aws:PrincipalTag/t}*-?", &format!("x{value}y-z")),
                Match::Yes,
                "{value}"
            );
        }
    }

    #[test]
    fn variables_exist_in_the_newer_version_only() {
        let mut context = MapContext::new();
        context.set("aws:username", "ana").set_many("list", ["ana"]);
        for (pattern, text, new, old) in [
            ("${aws:username}", "ana", Match::Yes, Match::No),
            ("${aws:username}", "${aws:username}", Match::No, Match::Yes),
            ("${ AWS:UserName }", "ana", Match::Yes, Match::No),
            ("${*}", "*", Match::Yes, Match::No),
            ("${*}", "x", Match::No, Match::No),
            // In the older version the star is what it always is.
            ("${*}", "${x}", Match::No, Match::Yes),
            ("${?}", "?", Match::Yes, Match::No),
            ("${$}{a}", "${a}", Match::Yes, Match::No),
            ("a${", "a${", Match::Yes, Match::Yes),
            ("${absent}", "", Match::Unresolved, Match::No),
            ("${absent, 'x'}", "x", Match::Yes, Match::No),
            ("${absent,'*'}", "y", Match::No, Match::No),
            ("${absent, ''}", "", Match::Yes, Match::No),
            ("${absent, x}", "x", Match::Unresolved, Match::No),
            ("${list}", "ana", Match::Unresolved, Match::No),
            ("${list, 'd'}", "d", Match::Yes, Match::No),
            ("${}", "", Match::Unresolved, Match::No),
        ] {
            assert_eq!(matched(pattern, NEW, text, &context), new, "{pattern} on {text}");
            assert_eq!(
                matched(pattern, OLD, text, &context),
                old,
                "{pattern} on {text}, older version"
            );
        }
    }

    #[test]
    fn texts_without_wildcards_are_texts() {
        let language = Language {
            variables: true,
            wildcards: false,
        };
        let mut context = MapContext::new();
        context.set("k", "v");
        assert_eq!(
            Pattern::compile("a*?", language).matches("a*?", &context),
            Match::Yes
        );
        assert_eq!(
            Pattern::compile("a*?", language).matches("abc", &context),
            Match::No
        );
        assert_eq!(
            Pattern::compile("a*${k}", language).text(&context).as_deref(),
            Some("a*v")
        );
        assert_eq!(Pattern::compile("${none}", language).text(&context), None);
    }

    /// By definition: a star is nothing, or one character and a star.
    fn defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], rest) => rest.is_empty(),
            (['*', pattern @ ..], _) => {
                defined(pattern, text)
                    || text.split_first().is_some_and(|(_, rest)| {
                        defined(&['*'].iter().chain(pattern).copied().collect::<Vec<_>>(), rest)
                    })
            }
            (['?', pattern @ ..], [_, text @ ..]) => defined(pattern, text),
            ([one, pattern @ ..], [other, text @ ..]) => one == other && defined(pattern, text),
            (_, []) => false,
        }
    }

    #[test]
    fn all_short_patterns_match_by_definition() {
        let all = |alphabet: &[char], longest: u32| {
            let mut texts = vec![String::new()];
            for _ in 0..longest {
                let longer: Vec<String> = texts
                    .iter()
                    .flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}")))
                    .collect();
                texts.extend(longer);
            }
            texts.sort();
            texts.dedup();
            texts
        };
        let texts = all(&['a', 'é'], 4);
        for pattern in all(&['a', 'é', '*', '?'], 5) {
            let compiled = Pattern::compile(&pattern, OLD);
            let characters: Vec<char> = pattern.chars().collect();
            for text in &texts {
                let expected = defined(&characters, &text.chars().collect::<Vec<_>>());
                assert_eq!(compiled.matches_plain(text), expected, "{pattern} on {text}");
            }
        }
    }

    proptest! {
        #[test]
        fn compiling_and_matching_never_panic(pattern in "\\PC{0,40}", text in "\\PC{0,40}", value in "\\PC{0,9}") {
            let mut context = MapContext::new();
            context.set("k", value);
            for text in [&text, &pattern] {
                let _ = matched(&format!("{pattern}${{k}}*{pattern}"), NEW, text, &context);
                let _ = matched(&pattern, OLD, text, &context);
            }
        }
    }
}
