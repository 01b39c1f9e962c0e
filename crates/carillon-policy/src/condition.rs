//! The condition block of a statement.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::context::{Context, ContextValue};
use crate::pattern::{Language, Match, Pattern};
use crate::syntax::{Node, Value};
use crate::value::{self, Decimal, Network};

/// One key under one operator. A block holds when all of its tests do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Compare(Box<Compare>),
    /// `Null`: the values say whether the key must be absent.
    Null {
        key: Box<str>,
        absent: Vec<bool>,
    },
    /// An unknown operator or a block of the wrong shape.
    Never,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compare {
    /// Lower-cased.
    key: Box<str>,
    set: Set,
    if_exists: bool,
    negated: bool,
    values: Values,
}

/// How an operator looks into a multivalued key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Single,
    ForAll,
    ForAny,
}

/// The values of the policy, ready to compare. What cannot be read is left out: it matches nothing.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    /// `StringEquals` and `StringLike`: they differ in how the patterns were compiled.
    Text(Vec<Pattern>),
    IgnoreCase(Vec<Pattern>),
    Number(Relation, Vec<Box<str>>),
    Date(Relation, Vec<i128>),
    Bool(Vec<Pattern>),
    Binary(Vec<Vec<u8>>),
    Address(Vec<Network>),
    Arn(Vec<[Pattern; 6]>),
}

/// How the request's value, on the left, must stand to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    fn holds(self, ordering: Ordering) -> bool {
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
enum Family {
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
struct Operator {
    set: Set,
    family: Family,
    negated: bool,
    if_exists: bool,
}

impl Operator {
    fn read(name: &str) -> Option<Operator> {
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
                .map(|text| text.into_owned().into())
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
    Test::Compare(Box::new(Compare {
        key,
        set,
        if_exists,
        negated,
        values,
    }))
}

fn boolean(text: &str) -> Option<bool> {
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
    pub fn holds(&self, context: &dyn Context) -> bool {
        match self {
            Test::Never => false,
            Test::Null { key, absent } => absent.contains(&context.get(key).is_none()),
            Test::Compare(compare) => compare.holds(context),
        }
    }
}

impl Compare {
    fn holds(&self, context: &dyn Context) -> bool {
        match (context.get(&self.key), self.set) {
            (None, _) if self.if_exists => true,
            (None, Set::Single) => self.negated,
            (None, Set::ForAll) => true,
            (None, Set::ForAny) => false,
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
    /// Whether any of the policy's values matches the request's.
    fn any(&self, asked: &str, context: &dyn Context) -> bool {
        match self {
            Values::Text(patterns) => patterns
                .iter()
                .any(|pattern| pattern.matches(asked, context) == Match::Yes),
            Values::IgnoreCase(patterns) => patterns.iter().any(|pattern| {
                pattern
                    .text(context)
                    .is_some_and(|text| equal_ignoring_case(&text, asked))
            }),
            Values::Number(relation, numbers) => Decimal::parse(asked).is_some_and(|asked| {
                numbers
                    .iter()
                    .filter_map(|number| Decimal::parse(number))
                    .any(|number| relation.holds(asked.compare(&number)))
            }),
            Values::Date(relation, dates) => value::instant(asked)
                .is_some_and(|asked| dates.iter().any(|date| relation.holds(asked.cmp(date)))),
            Values::Bool(patterns) => boolean(asked).is_some_and(|asked| {
                patterns
                    .iter()
                    .any(|pattern| pattern.text(context).and_then(|text| boolean(&text)) == Some(asked))
            }),
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

/// Character by character, as the comparison of one text must not depend on the language it is in.
fn equal_ignoring_case(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || left
            .chars()
            .flat_map(char::to_lowercase)
            .eq(right.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::context::MapContext;

    fn context(values: &Json) -> MapContext {
        let mut context = MapContext::new();
        for (key, value) in values.as_object().unwrap() {
            match value {
                Json::Array(values) => {
                    context.set_many(key, values.iter().map(|value| value.as_str().unwrap()))
                }
                value => context.set(key, value.as_str().unwrap()),
            };
        }
        context
    }

    fn holds(condition: &Json, values: &Json) -> bool {
        holds_in(condition, values, true)
    }

    fn holds_in(condition: &Json, values: &Json, variables: bool) -> bool {
        let tests = compile(&crate::syntax::from_json(condition), variables);
        tests.iter().all(|test| test.holds(&context(values)))
    }

    #[test]
    fn the_worked_examples_hold() {
        for (condition, values, expected) in [
            (
                json!({"StringNotEquals": {"k": ["a", "b"]}}),
                json!({"k": "b"}),
                false,
            ),
            (
                json!({"StringNotEquals": {"k": ["a", "b"]}}),
                json!({"k": "c"}),
                true,
            ),
            (
                json!({"ForAnyValue:StringNotEquals": {"k": ["a", "b"]}}),
                json!({"k": ["a", "c"]}),
                true,
            ),
            (
                json!({"ForAllValues:StringNotEquals": {"k": ["a", "b"]}}),
                json!({"k": ["a", "c"]}),
                false,
            ),
            (json!({"StringEqualsIfExists": {"k": "a"}}), json!({}), true),
            (json!({"StringNotEqualsIfExists": {"k": "a"}}), json!({}), true),
            (
                json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
                json!({}),
                false,
            ),
            (
                json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
                json!({}),
                true,
            ),
            (
                json!({"ArnLike": {"k": "arn:aws:sns:*:111122223333:t*"}}),
                json!({"k": "arn:aws:sns:eu-west-1:999988887777:x:111122223333:t1"}),
                false,
            ),
            (
                json!({"StringLike": {"k": "arn:aws:sns:*:111122223333:t*"}}),
                json!({"k": "arn:aws:sns:eu-west-1:999988887777:x:111122223333:t1"}),
                true,
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "203.0.113.9/24"}}),
                json!({"aws:sourceip": "203.0.113.200"}),
                true,
            ),
            (json!({"NumericEquals": {"k": 7.50}}), json!({"k": "7.5"}), true),
            (
                json!({"StringLike": {"k": "${aws:PrincipalTag/t}*"}}),
                json!({"aws:PrincipalTag/T": "*", "k": "zebra"}),
                false,
            ),
            (
                json!({"StringLike": {"k": "${aws:PrincipalTag/t}*"}}),
                json!({"aws:PrincipalTag/T": "*", "k": "*zebra"}),
                true,
            ),
        ] {
            assert_eq!(holds(&condition, &values), expected, "{condition} in {values}");
        }
    }

    /// Each operator with a policy value, a request value that matches it, one that does not, and one that is
    /// unusable for the operator, where there is such a thing.
    const CASES: [(&str, &str, &str, &str, Option<&str>); 27] = [
        ("StringEquals", "a*", "a*", "ab", None),
        ("StringNotEquals", "a*", "ab", "a*", None),
        ("StringEqualsIgnoreCase", "Été", "éTÉ", "ete", None),
        ("StringNotEqualsIgnoreCase", "Ana", "ben", "ANA", None),
        ("StringLike", "a?c*", "abcd", "ac", None),
        ("StringNotLike", "a?c*", "ABC", "abc", None),
        ("NumericEquals", "10", "10.0", "11", Some("ten")),
        ("NumericNotEquals", "10", "-10", "10", None),
        ("NumericLessThan", "10", "9.99", "10", Some("")),
        ("NumericLessThanEquals", "10", "10", "10.01", Some("1e1")),
        ("NumericGreaterThan", "-10", "-9", "-10", Some("NaN")),
        ("NumericGreaterThanEquals", "10", "10", "9", Some("0x10")),
        (
            "DateEquals",
            "2026-01-01",
            "1767225600",
            "2026-01-02",
            Some("today"),
        ),
        ("DateNotEquals", "2026", "2025", "2026-01-01T00:00Z", None),
        (
            "DateLessThan",
            "2026-01-01T00:00:00+01:00",
            "2025-12-31T22:59:59Z",
            "2026-01-01",
            Some("2025-02-29"),
        ),
        (
            "DateLessThanEquals",
            "2026",
            "2026",
            "2026-01-01T00:00:00.5",
            Some("2026-13"),
        ),
        (
            "DateGreaterThan",
            "0",
            "1970-01-01T00:00:01Z",
            "1970",
            Some("later"),
        ),
        (
            "DateGreaterThanEquals",
            "2026-04",
            "2026-04-01",
            "2026-03-31T23:59:59Z",
            Some(""),
        ),
        ("Bool", "true", "TRUE", "false", Some("yes")),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", "QmluYXJ6", Some("?")),
        (
            "IpAddress",
            "10.0.0.0/8",
            "10.255.0.1",
            "11.0.0.1",
            Some("10.0.0"),
        ),
        ("NotIpAddress", "10.0.0.0/8", "::1", "10.0.0.1", None),
        (
            "ArnEquals",
            "arn:aws:iam::*:user/a*",
            "arn:aws:iam::1:user/ana",
            "arn:aws:iam::1:user/Ana",
            Some("user/ana"),
        ),
        (
            "ArnLike",
            "arn:*:s3:::b/?",
            "arn:aws:s3:::b/x",
            "arn:aws:s3:::b/xy",
            Some("arn:aws:s3"),
        ),
        (
            "ArnNotEquals",
            "arn:aws:s3:::b",
            "arn:aws:s3:::c",
            "arn:aws:s3:::b",
            None,
        ),
        (
            "ArnNotLike",
            "arn:aws:s3:::b*",
            "arn:aws:s3:::c",
            "arn:aws:s3:::bc",
            None,
        ),
        ("Null", "false", "", "", None),
    ];

    #[test]
    fn every_operator_in_every_form() {
        assert!(
            CASES
                .iter()
                .zip(OPERATORS)
                .all(|(case, (operator, ..))| case.0 == operator),
            "a line for each operator"
        );
        for (operator, wanted, good, bad, unusable) in CASES {
            let (_, family, negated) = OPERATORS
                .into_iter()
                .find(|(name, ..)| *name == operator)
                .unwrap();
            if family == Family::Null {
                continue;
            }
            let test = |form: &str, values: Json| {
                let condition = json!({form.replace('_', operator): {"K": wanted}});
                holds(&condition, &values)
            };
            let value = |value: &str| json!({"k": value});
            let list = |values: &[&str]| json!({"k": values});
            // plain
            assert!(test("_", value(good)), "{operator} {good}");
            assert!(!test("_", value(bad)), "{operator} {bad}");
            assert_eq!(test("_", json!({})), negated, "{operator} absent");
            assert!(!test("_", list(&[good])), "{operator} list");
            assert!(!test("_", list(&[])), "{operator} empty list");
            // IfExists
            assert!(test("_IfExists", value(good)), "{operator} {good}");
            assert!(!test("_IfExists", value(bad)), "{operator} {bad}");
            assert!(test("_IfExists", json!({})), "{operator} absent");
            assert!(!test("_IfExists", list(&[good])), "{operator} list");
            for suffix in ["", "IfExists"] {
                let all = |values| test(&format!("ForAllValues:_{suffix}"), values);
                assert!(
                    all(value(good)) && !all(value(bad)) && all(json!({})),
                    "{operator}{suffix}"
                );
                assert!(
                    all(list(&[good, good])) && !all(list(&[good, bad])) && all(list(&[])),
                    "{operator}{suffix}"
                );
                let any = |values| test(&format!("ForAnyValue:_{suffix}"), values);
                assert!(any(value(good)) && !any(value(bad)), "{operator}{suffix}");
                assert!(
                    any(list(&[bad, good])) && !any(list(&[bad, bad])) && !any(list(&[])),
                    "{operator}{suffix}"
                );
                assert_eq!(any(json!({})), suffix == "IfExists", "{operator}{suffix} absent");
            }
            if let Some(unusable) = unusable {
                assert!(!test("_", value(unusable)), "{operator} {unusable}");
            }
            // An unusable value of the policy matches nothing; beside a good one it does no harm.
            if family != Family::Equals && family != Family::IgnoreCase && family != Family::Like {
                let condition = |values: Json| json!({operator: {"k": values}});
                assert_eq!(
                    holds(&condition(json!(["{}"])), &value(good)),
                    negated,
                    "{operator}"
                );
                assert!(
                    holds(&condition(json!(["{}", wanted])), &value(good)),
                    "{operator}"
                );
                assert!(
                    !holds(&condition(json!(["{}", wanted])), &value(bad)),
                    "{operator}"
                );
            }
        }
    }

    #[test]
    fn presence_is_what_null_asks() {
        for (wanted, values, expected) in [
            (json!("true"), json!({}), true),
            (json!("true"), json!({"k": ""}), false),
            (json!(true), json!({}), true),
            (json!("FALSE"), json!({"k": ""}), true),
            (json!("false"), json!({}), false),
            (json!("false"), json!({"k": ["a"]}), true),
            (json!(["true", "false"]), json!({}), true),
            (json!(["true", "false"]), json!({"k": "a"}), true),
            (json!("maybe"), json!({}), false),
            (json!([]), json!({}), false),
        ] {
            for operator in ["Null", "ForAllValues:Null", "ForAnyValue:Null"] {
                assert_eq!(
                    holds(&json!({operator: {"k": wanted}}), &values),
                    expected,
                    "{operator} {wanted} in {values}"
                );
            }
        }
        assert!(!holds(&json!({"NullIfExists": {"k": "true"}}), &json!({})));
    }

    #[test]
    fn what_is_unknown_or_shapeless_never_holds() {
        for condition in [
            json!([]),
            json!("x"),
            json!(null),
            json!({"StringMatches": {"k": "a"}}),
            json!({"StringEqualsIfExistsIfExists": {"k": "a"}}),
            json!({"ForEachValue:StringEquals": {"k": "a"}}),
            json!({"StringMatches": {}}),
            json!({"StringEquals": []}),
            json!({"StringEquals": {"k": "a"}, "Odd": {"k": "a"}}),
            json!({"StringEquals": {"k": {"a": "a"}}}),
            json!({"StringEquals": {"k": [["a"]]}}),
            json!({"StringEquals": {"k": []}}),
        ] {
            assert!(!holds(&condition, &json!({"k": "a"})), "{condition}");
        }
        assert!(holds(&json!({}), &json!({})));
        assert!(holds(&json!({"StringEquals": {}}), &json!({})));
        assert!(holds(&json!({"STRINGequalsIFEXISTS": {"K": "a"}}), &json!({})));
        assert!(holds(
            &json!({"forallVALUES:stringLIKE": {"K": "a*"}}),
            &json!({"k": ["ab"]})
        ));
    }

    #[test]
    fn all_tests_of_a_block_must_hold() {
        let values = json!({"a": "1", "b": "2"});
        assert!(holds(&json!({"StringEquals": {"a": "1", "b": "2"}}), &values));
        assert!(!holds(&json!({"StringEquals": {"a": "1", "b": "1"}}), &values));
        assert!(!holds(
            &json!({"StringEquals": {"a": "1"}, "NumericLessThan": {"a": "1"}}),
            &values
        ));
        assert!(!holds(&json!({"StringEquals": {"a": "1", "A": "2"}}), &values));
    }

    #[test]
    fn variables_in_values() {
        let values = json!({"aws:username": "ana", "k": "ana", "arn": "arn:aws:iam::1:user/ana", "flag": "true", "b": "TRUE", "n": "5", "m": "5"});
        for (condition, new, old) in [
            (json!({"StringEquals": {"k": "${aws:username}"}}), true, false),
            (json!({"StringNotEquals": {"k": "${aws:username}"}}), false, true),
            (
                json!({"StringEqualsIgnoreCase": {"k": "${aws:UserName}"}}),
                true,
                false,
            ),
            (
                json!({"StringEqualsIgnoreCase": {"k": "${none, 'ANA'}"}}),
                true,
                false,
            ),
            (json!({"StringEquals": {"k": "${none}"}}), false, false),
            (json!({"StringNotEquals": {"k": "${none}"}}), true, true),
            (json!({"StringNotLike": {"k": ["${none}", "ana"]}}), false, false),
            (
                json!({"ArnLike": {"arn": "arn:aws:iam::*:user/${aws:username}"}}),
                true,
                false,
            ),
            (
                json!({"ArnNotLike": {"arn": "arn:aws:iam::*:user/${none}"}}),
                true,
                true,
            ),
            (
                json!({"ArnEquals": {"arn": "arn:aws:${none:x, 'iam'}::1:user/ana"}}),
                true,
                false,
            ),
            (json!({"Bool": {"b": "${flag}"}}), true, false),
            // Not in numbers.
            (json!({"NumericEquals": {"n": "${m}"}}), false, false),
        ] {
            assert_eq!(holds_in(&condition, &values, true), new, "{condition}");
            assert_eq!(
                holds_in(&condition, &values, false),
                old,
                "{condition}, older version"
            );
        }
        // Stars of values stay stars in every part.
        assert!(!holds(
            &json!({"ArnLike": {"arn": "arn:aws:iam::${t}:user/ana"}}),
            &json!({"t": "*", "arn": "arn:aws:iam::1:user/ana"})
        ));
    }
}
