//! The condition block of a statement.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use crate::context::{Context, ContextValue};
use crate::facts::{Fact, Facts, Form, Kept};
use crate::pattern::{Language, Match, Pattern};
use crate::syntax::{Node, Value};
use crate::value::{self, Decimal, Network};

/// One key under one operator. A block holds when all of its tests do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    Compare(Arc<Compare>),
    /// `Null`: the values say whether the key must be absent.
    Null {
        key: Box<str>,
        absent: Vec<bool>,
    },
    /// An unknown operator or a block of the wrong shape.
    Never,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Compare {
    /// Lower-cased.
    key: Box<str>,
    /// Where [`Facts`] keep the value.
    kept: Option<Kept>,
    set: Set,
    if_exists: bool,
    negated: bool,
    values: Values,
}

impl Test {
    /// How many values there are to compare with.
    pub fn weight(&self) -> usize {
        match self {
            Test::Compare(compare) => compare.values.len(),
            Test::Null { absent, .. } => absent.len(),
            Test::Never => 0,
        }
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Values::Text(values) | Values::IgnoreCase(values) | Values::Bool(values) => values.len(),
            Values::Number(_, values) => values.len(),
            Values::Date(_, values) => values.len(),
            Values::Binary(values) => values.len(),
            Values::Address(values) => values.len(),
            Values::Arn(values) => values.len(),
        }
    }
}

/// How an operator looks into a multivalued key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Set {
    Single,
    ForAll,
    ForAny,
}

/// The values of the policy, ready to compare. What cannot be read is left out: it matches nothing.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Values {
    /// `StringEquals` and `StringLike`: they differ in how the patterns were compiled.
    Text(Vec<Pattern>),
    IgnoreCase(Vec<Pattern>),
    Number(Relation, Vec<Number>),
    Date(Relation, Vec<i128>),
    Bool(Vec<Pattern>),
    Binary(Vec<Vec<u8>>),
    Address(Vec<Network>),
    Arn(Vec<[Pattern; 6]>),
}

/// A number of a policy.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Number {
    text: Box<str>,
    /// The same, for most.
    whole: Option<i64>,
}

/// How the request's value, on the left, must stand to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Relation::Equal => ordering.is_eq(),
            Relation::Less => ordering.is_lt(),
            Relation::LessOrEqual => ordering.is_le(),
            Relation::Greater => ordering.is_gt(),
            Relation::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What an operator's name says, prefix and suffix taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Equals,
    IgnoreCase,
    Like,
    Number(Relation),
    Date(Relation),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

/// The operators by name, and whether they are negated.
const OPERATORS: [(&str, Family, bool); 27] = [
    ("StringEquals", Family::Equals, false),
    ("StringNotEquals", Family::Equals, true),
    ("StringEqualsIgnoreCase", Family::IgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Family::IgnoreCase, true),
    ("StringLike", Family::Like, false),
    ("StringNotLike", Family::Like, true),
    ("NumericEquals", Family::Number(Relation::Equal), false),
    ("NumericNotEquals", Family::Number(Relation::Equal), true),
    ("NumericLessThan", Family::Number(Relation::Less), false),
    (
        "NumericLessThanEquals",
        Family::Number(Relation::LessOrEqual),
        false,
    ),
    ("NumericGreaterThan", Family::Number(Relation::Greater), false),
    (
        "NumericGreaterThanEquals",
        Family::Number(Relation::GreaterOrEqual),
        false,
    ),
    ("DateEquals", Family::Date(Relation::Equal), false),
    ("DateNotEquals", Family::Date(Relation::Equal), true),
    ("DateLessThan", Family::Date(Relation::Less), false),
    ("DateLessThanEquals", Family::Date(Relation::LessOrEqual), false),
    ("DateGreaterThan", Family::Date(Relation::Greater), false),
    (
        "DateGreaterThanEquals",
        Family::Date(Relation::GreaterOrEqual),
        false,
    ),
    ("Bool", Family::Bool, false),
    ("BinaryEquals", Family::Binary, false),
    ("IpAddress", Family::Address, false),
    ("NotIpAddress", Family::Address, true),
    ("ArnEquals", Family::Arn, false),
    ("ArnLike", Family::Arn, false),
    ("ArnNotEquals", Family::Arn, true),
    ("ArnNotLike", Family::Arn, true),
    ("Null", Family::Null, false),
];

/// A name from a policy, read without regard to case as lenient evaluation wants it.
pub(crate) struct Operator {
    pub set: Set,
    pub family: Family,
    pub negated: bool,
    pub if_exists: bool,
}

impl Operator {
    pub fn read(name: &str) -> Option<Operator> {
        let (set, rest) = if let Some(rest) = strip_prefix(name, "ForAllValues:") {
            (Set::ForAll, rest)
        } else if let Some(rest) = strip_prefix(name, "ForAnyValue:") {
            (Set::ForAny, rest)
        } else {
            (Set::Single, name)
        };
        let (if_exists, rest) = match strip_suffix(rest, "IfExists") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (_, family, negated) = OPERATORS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(rest))?;
        if *family == Family::Null && if_exists {
            return None;
        }
        Some(Operator {
            set,
            family: *family,
            negated: *negated,
            if_exists,
        })
    }
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

/// The names of all operators, without what can stand before and after them.
pub(crate) fn operator_names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, ..)| *name)
}

/// Whether lenient evaluation knows an operator of this name.
pub(crate) fn is_known_operator(name: &str) -> bool {
    Operator::read(name).is_some()
}

/// Whether the operator compares numbers, dates, addresses or truth values, so that a text may be none.
pub(crate) fn compares_typed(name: &str) -> bool {
    let family = Operator::read(name).map(|operator| operator.family);
    matches!(
        family,
        Some(Family::Number(_) | Family::Date(_) | Family::Bool | Family::Address)
    )
}

/// Whether the operator's values are patterns, in which stars and question marks stand for others.
pub(crate) fn compares_patterns(name: &str) -> bool {
    let family = Operator::read(name).map(|operator| operator.family);
    matches!(family, Some(Family::Like | Family::Arn))
}

/// Whether the operator's values may hold variables.
pub(crate) fn resolves_variables(name: &str) -> bool {
    let family = Operator::read(name).map(|operator| operator.family);
    matches!(
        family,
        Some(Family::Equals | Family::IgnoreCase | Family::Like | Family::Bool | Family::Arn)
    )
}

/// Whether the IAM interface knows an operator of this name. Case matters here, and, unlike in evaluation,
/// `Null` may carry the suffix.
pub(crate) fn is_stored_operator(name: &str) -> bool {
    let rest = name
        .strip_prefix("ForAllValues:")
        .or_else(|| name.strip_prefix("ForAnyValue:"))
        .unwrap_or(name);
    let rest = rest.strip_suffix("IfExists").unwrap_or(rest);
    OPERATORS.iter().any(|(known, ..)| *known == rest)
}

/// Whether the name is that of a date operator, by the rules of [`is_stored_operator`].
pub(crate) fn is_date_operator(name: &str) -> bool {
    let rest = name
        .strip_prefix("ForAllValues:")
        .or_else(|| name.strip_prefix("ForAnyValue:"))
        .unwrap_or(name);
    is_stored_operator(name) && rest.starts_with("Date")
}

/// The text conditions compare for a value that may be a boolean or a number.
pub(crate) fn scalar(node: &Node) -> Option<Cow<'_, str>> {
    match &node.value {
        Value::String(text) | Value::Number(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Compiles a `Condition` element. Whatever has the wrong shape becomes a test that never holds.
pub(crate) fn compile(condition: &Node, variables: bool) -> Vec<Test> {
    let Some(operators) = condition.object() else {
        return vec![Test::Never];
    };
    let mut tests = Vec::new();
    for (name, keys) in operators {
        match (Operator::read(name), keys.object()) {
            (Some(operator), Some(keys)) => {
                tests.extend(
                    keys.iter()
                        .map(|(key, values)| test(&operator, key, values, variables)),
                );
            }
            _ => tests.push(Test::Never),
        }
    }
    tests
}

fn test(operator: &Operator, key: &str, values: &Node, variables: bool) -> Test {
    let key = key.to_lowercase().into_boxed_str();
    let texts = values.each().iter().filter_map(scalar);
    let pattern =
        |wildcards| move |text: Cow<'_, str>| Pattern::compile(&text, Language { variables, wildcards });
    let values = match operator.family {
        Family::Null => {
            return Test::Null {
                key,
                absent: texts.filter_map(|text| boolean(&text)).collect(),
            };
        }
        Family::Equals => Values::Text(texts.map(pattern(false)).collect()),
        Family::Like => Values::Text(texts.map(pattern(true)).collect()),
        Family::IgnoreCase => Values::IgnoreCase(texts.map(pattern(false)).collect()),
        Family::Bool => Values::Bool(texts.map(pattern(false)).collect()),
        Family::Number(relation) => Values::Number(
            relation,
            texts
                .filter(|text| Decimal::parse(text).is_some())
                .map(|text| Number {
                    whole: value::whole(&text),
                    text: text.into_owned().into(),
                })
                .collect(),
        ),
        Family::Date(relation) => {
            Values::Date(relation, texts.filter_map(|text| value::instant(&text)).collect())
        }
        Family::Binary => Values::Binary(texts.filter_map(|text| value::binary(&text)).collect()),
        Family::Address => Values::Address(texts.filter_map(|text| Network::parse(&text)).collect()),
        Family::Arn => Values::Arn(texts.filter_map(|text| arn(&text, variables)).collect()),
    };
    let Operator {
        set,
        if_exists,
        negated,
        ..
    } = *operator;
    Test::Compare(Arc::new(Compare {
        kept: values.form().and_then(|form| Kept::of(&key, form)),
        key,
        set,
        if_exists,
        negated,
        values,
    }))
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The six parts of an ARN pattern. The colon in the name of a variable's key separates nothing.
fn arn(text: &str, variables: bool) -> Option<[Pattern; 6]> {
    let mut parts = Vec::with_capacity(6);
    let mut part = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if variables
            && rest.starts_with("${")
            && let Some((variable, after)) = rest.find('}').and_then(|end| rest.split_at_checked(end + 1))
        {
            part.push_str(variable);
            rest = after;
            continue;
        }
        match character {
            ':' if parts.len() < 5 => parts.push(std::mem::take(&mut part)),
            _ => part.push(character),
        }
        rest = rest.strip_prefix(character).unwrap_or_default();
    }
    parts.push(part);
    let compiled: Vec<Pattern> = parts
        .iter()
        .map(|part| {
            Pattern::compile(
                part,
                Language {
                    variables,
                    wildcards: true,
                },
            )
        })
        .collect();
    compiled.try_into().ok()
}

impl Test {
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Test::Never => false,
            Test::Null { key, absent } => absent.contains(&facts.context.get(key).is_none()),
            Test::Compare(compare) => compare.holds(facts),
        }
    }
}

impl Compare {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let fact = self.kept.map_or(&Fact::Other, |kept| facts.get(kept));
        match fact {
            Fact::Absent => self.holds_without(),
            // A single value under a set operator is a list of one.
            fact => match self.values.any_is(fact, facts.context) {
                Some(any) => any != self.negated,
                None => self.holds_in(facts.context),
            },
        }
    }

    /// Whether it holds if the key is absent.
    fn holds_without(&self) -> bool {
        self.if_exists
            || match self.set {
                Set::Single => self.negated,
                Set::ForAll => true,
                Set::ForAny => false,
            }
    }

    fn holds_in(&self, context: &dyn Context) -> bool {
        match (context.get(&self.key), self.set) {
            (None, _) => self.holds_without(),
            // A single value under a set operator is a list of one.
            (Some(ContextValue::One(value)), _) => self.passes(&value, context),
            // Negated or not: without a set operator there is no telling which value is meant.
            (Some(ContextValue::Many(_)), Set::Single) => false,
            (Some(ContextValue::Many(values)), Set::ForAll) => {
                values.iter().all(|value| self.passes(value, context))
            }
            (Some(ContextValue::Many(values)), Set::ForAny) => {
                values.iter().any(|value| self.passes(value, context))
            }
        }
    }

    fn passes(&self, value: &str, context: &dyn Context) -> bool {
        self.values.any(value, context) != self.negated
    }
}

impl Values {
    /// The form in which a request's value can be kept for them.
    fn form(&self) -> Option<Form> {
        match self {
            Values::Text(_) => Some(Form::Text),
            Values::Bool(_) => Some(Form::Truth),
            Values::Number(..) => Some(Form::Whole),
            Values::Date(..) => Some(Form::Instant),
            Values::Address(_) => Some(Form::Address),
            Values::IgnoreCase(_) | Values::Binary(_) | Values::Arn(_) => None,
        }
    }

    /// As [`Values::any`], if the request's value was kept in their form.
    fn any_is(&self, fact: &Fact<'_>, context: &dyn Context) -> Option<bool> {
        Some(match (self, fact) {
            (Values::Text(patterns), Fact::Text(asked)) => any_matches(patterns, asked, context),
            (Values::Bool(patterns), Fact::Truth(asked)) => any_says(patterns, *asked, context),
            (Values::Number(relation, numbers), Fact::Whole(asked)) => {
                let mut wholes = numbers.iter().map(|number| number.whole);
                // A number that is not kept as one is compared digit by digit.
                wholes.try_fold(false, |any, whole| {
                    Some(any || relation.holds(asked.cmp(&whole?)))
                })?
            }
            (Values::Date(relation, dates), Fact::Instant(asked)) => {
                dates.iter().any(|date| relation.holds(asked.cmp(date)))
            }
            (Values::Address(networks), Fact::Address(asked)) => {
                networks.iter().any(|network| network.contains(*asked))
            }
            _ => return None,
        })
    }

    /// Whether any of the policy's values matches the request's.
    fn any(&self, asked: &str, context: &dyn Context) -> bool {
        match self {
            Values::Text(patterns) => any_matches(patterns, asked, context),
            Values::IgnoreCase(patterns) => patterns.iter().any(|pattern| {
                pattern
                    .text(context)
                    .is_some_and(|text| equal_ignoring_case(&text, asked))
            }),
            Values::Number(relation, numbers) => Decimal::parse(asked).is_some_and(|asked| {
                numbers
                    .iter()
                    .filter_map(|number| Decimal::parse(&number.text))
                    .any(|number| relation.holds(asked.compare(&number)))
            }),
            Values::Date(relation, dates) => value::instant(asked)
                .is_some_and(|asked| dates.iter().any(|date| relation.holds(asked.cmp(date)))),
            Values::Bool(patterns) => boolean(asked).is_some_and(|asked| any_says(patterns, asked, context)),
            Values::Binary(values) => value::binary(asked).is_some_and(|asked| values.contains(&asked)),
            Values::Address(networks) => value::address_bits(asked)
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Values::Arn(arns) => crate::resource::split(asked).is_some_and(|asked| {
                arns.iter().any(|arn| {
                    arn.iter()
                        .zip(asked)
                        .all(|(pattern, part)| pattern.matches(part, context) == Match::Yes)
                })
            }),
        }
    }
}

fn any_matches(patterns: &[Pattern], asked: &str, context: &dyn Context) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern.matches(asked, context) == Match::Yes)
}

fn any_says(patterns: &[Pattern], asked: bool, context: &dyn Context) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern.text(context).and_then(|text| boolean(&text)) == Some(asked))
}

/// Character by character, as the comparison of one text must not depend on the language it is in.
fn equal_ignoring_case(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || left
            .chars()
            .flat_map(char::to_lowercase)
            .eq(right.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests;
