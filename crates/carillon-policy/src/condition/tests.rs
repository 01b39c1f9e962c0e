use serde_json::{Value as Json, json};

use super::*;
use crate::context::MapContext;

fn context(values: &Json) -> MapContext {
    let mut context = MapContext::new();
    for (key, value) in values.as_object().unwrap() {
        match value {
            Json::Array(values) => context.set_many(key, values.iter().map(|value| value.as_str().unwrap())),
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
    let context = context(values);
    tests.iter().all(|test| test.holds(&Facts::new(&context)))
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
