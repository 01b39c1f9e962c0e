//! Comparisons of small policies, and of generated ones against the naive judge.

mod account;
mod generated;
mod minimise;

use std::sync::Arc;

use super::compare::compare_within;
use super::{Comparison, Values, compare, granted, new_access, public};
use crate::{Attached, Document, PolicyType};

const CATALOGUE: [&str; 5] = [
    "chime:CreateUser",
    "chime:DeleteUser",
    "chime:GetUser",
    "chime:ListUsers",
    "s3:GetObject",
];

fn attached(text: &str) -> Vec<Attached> {
    vec![Attached::inline(
        "p",
        Arc::new(Document::lenient_text(text).unwrap()),
    )]
}

/// A modern document with these statements.
fn policy(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

fn diff(old: &str, new: &str) -> Comparison {
    let (old, new) = (policy(old), policy(new));
    compare(&attached(&old), &attached(&new), PolicyType::Identity, &CATALOGUE)
}

/// `+` and `-` for gained and lost, `?` for undecided.
fn sign(old: &str, new: &str) -> String {
    let comparison = diff(old, new);
    let mut sign = String::new();
    for (mark, any) in [
        ('+', !comparison.gained.is_empty()),
        ('-', !comparison.lost.is_empty()),
        ('?', !comparison.undecided.is_empty()),
    ] {
        sign.extend(any.then_some(mark));
    }
    sign
}

/// An allow of an action on a resource.
fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#)
}

fn deny(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect": "Deny", "Action": "{action}", "Resource": "{resource}"}}"#)
}

/// An allow of everything under a condition block.
fn under(condition: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {{{condition}}}}}"#)
}

#[test]
fn patterns_are_compared_as_languages() {
    for (old, new, expected) in [
        (allow("chime:*", "*"), allow("chime:List*", "*"), "-"),
        (allow("chime:List*", "*"), allow("chime:*", "*"), "+"),
        (allow("chime:List*", "*"), allow("CHIME:list*", "*"), ""),
        (allow("chime:L*s", "*"), allow("chime:List*", "*"), "+-"),
        (allow("chime:*a*b*", "*"), allow("chime:*b*a*", "*"), "+-"),
        (allow("chime:?*", "*"), allow("chime:*?", "*"), ""),
        (allow("*", "*"), allow("*:*", "*"), ""),
        (allow("a:b", "*"), allow("a:b", "arn:aws:s3:::*"), "-"),
        (
            allow("a:b", "arn:aws:s3:::*"),
            allow("a:b", "arn:aws:s3:::x/*"),
            "-",
        ),
        (
            allow("a:b", "arn:aws:s3:::x*y"),
            allow("a:b", "arn:aws:s3:::x?y"),
            "-",
        ),
        (allow("a:b", "arn:aws:s3"), allow("a:b", "arn:aws:s3:*"), ""),
        (
            allow("a:b", "arn:*:s3:*:*:*"),
            allow("a:b", "arn:aws:s3:*:*:*"),
            "-",
        ),
        // A wildcard does not reach over the first five colons.
        (
            allow("a:b", "arn:aws:*:x:y:z"),
            allow("a:b", "arn:aws:s3:q:x:y:z"),
            "+-",
        ),
        (allow("sts:GetCallerIdentity", "*"), allow("a:b", "*"), "+"),
        (
            format!("{},{}", allow("*", "*"), deny("chime:*", "*")),
            allow("s3:*", "*"),
            "-",
        ),
        (
            allow("s3:*", "*"),
            format!("{},{}", allow("*", "*"), deny("chime:*", "*")),
            "+",
        ),
        (
            format!("{},{}", allow("chime:*", "*"), deny("chime:List*", "*")),
            format!("{},{}", deny("chime:List*", "*"), allow("chime:[^l]*", "*")),
            "-",
        ),
    ] {
        assert_eq!(sign(&old, &new), expected, "{old} to {new}");
    }
}

#[test]
fn conditions_are_compared_by_their_values() {
    for (old, new, expected) in [
        (
            r#""StringEquals": {"k": "a"}"#,
            r#""StringEquals": {"k": ["a", "b"]}"#,
            "+",
        ),
        (
            r#""StringEquals": {"k": "a"}"#,
            r#""StringEqualsIgnoreCase": {"k": "A"}"#,
            "+",
        ),
        (
            r#""StringLike": {"k": "a*"}"#,
            r#""StringLike": {"k": "a?*"}"#,
            "-",
        ),
        (
            r#""StringLike": {"k": "a*"}"#,
            r#""StringEquals": {"k": "a*"}"#,
            "-",
        ),
        (
            r#""StringNotEquals": {"k": "a"}"#,
            r#""StringNotEquals": {"k": ["b", "a"]}"#,
            "-",
        ),
        (
            r#""StringEquals": {"k": "a"}"#,
            r#""StringEqualsIfExists": {"k": "a"}"#,
            "+",
        ),
        (
            r#""StringEquals": {"k": "a"}, "Null": {"k": false}"#,
            r#""StringEquals": {"K": "a"}"#,
            "",
        ),
        (
            r#""StringNotEquals": {"k": "a"}"#,
            r#""StringNotEqualsIfExists": {"k": "a"}"#,
            "",
        ),
        (r#""Null": {"k": true}"#, r#""Null": {"k": [true, false]}"#, "+"),
        (
            r#""NumericLessThan": {"k": 10}"#,
            r#""NumericLessThanEquals": {"k": "9.99"}"#,
            "-",
        ),
        (
            r#""NumericLessThan": {"k": 10}"#,
            r#""NumericLessThanEquals": {"k": "10.0"}"#,
            "+",
        ),
        (
            r#""NumericEquals": {"k": "7"}"#,
            r#""NumericEquals": {"k": "7.00"}"#,
            "",
        ),
        (
            r#""NumericGreaterThan": {"k": "-2"}, "NumericLessThan": {"k": "-1"}"#,
            r#""NumericNotEquals": {"k": "-1.5"}"#,
            "+-",
        ),
        (
            r#""DateLessThan": {"k": "2026"}"#,
            r#""DateLessThan": {"k": "2026-01-01T00:00:00Z"}"#,
            "",
        ),
        (
            r#""DateLessThan": {"k": "2026"}"#,
            r#""DateLessThanEquals": {"k": "1767225600"}"#,
            "+",
        ),
        (
            r#""IpAddress": {"k": "10.0.0.0/8"}"#,
            r#""IpAddress": {"k": ["10.0.0.0/9", "10.128.0.0/9"]}"#,
            "",
        ),
        (
            r#""IpAddress": {"k": "10.0.0.0/8"}"#,
            r#""IpAddress": {"k": "10.9.0.0/16"}"#,
            "-",
        ),
        (
            r#""IpAddress": {"k": "0.0.0.0/0"}"#,
            r#""NotIpAddress": {"aws:SourceIp": "::/0"}"#,
            "+-",
        ),
        (
            r#""Bool": {"k": "true"}"#,
            r#""StringEqualsIgnoreCase": {"k": "TRUE"}"#,
            "",
        ),
        (
            r#""Bool": {"aws:SecureTransport": "true"}"#,
            r#""StringNotEquals": {"aws:SecureTransport": "false"}"#,
            "",
        ),
        (
            r#""BinaryEquals": {"k": "YW5h"}"#,
            r#""BinaryEquals": {"k": ["YW5h", "YQ=="]}"#,
            "+",
        ),
        (
            r#""ArnLike": {"k": "arn:aws:*:::x"}"#,
            r#""ArnEquals": {"k": "arn:aws:?*:::x"}"#,
            "-",
        ),
        (
            r#""ArnLike": {"k": "arn:aws:*:::x"}"#,
            r#""StringLike": {"k": "arn:aws:*:::x"}"#,
            "+",
        ),
        (
            r#""ForAllValues:StringEquals": {"k": ["a", "b"]}"#,
            r#""ForAllValues:StringEquals": {"k": "a"}"#,
            "-",
        ),
        (
            r#""ForAnyValue:StringEquals": {"k": ["a", "b"]}"#,
            r#""ForAllValues:StringEquals": {"k": ["a", "b"]}"#,
            "+-",
        ),
        (
            r#""ForAnyValue:StringNotEquals": {"k": "a"}"#,
            r#""ForAnyValue:StringLike": {"k": "*"}"#,
            "+",
        ),
        // AWS documents these two as lists, and others as single values, of which the two operators ask the same.
        (
            r#""Null": {"aws:VpceOrgPaths": false}, "ForAllValues:StringLike": {"aws:VpceOrgPaths": "a*"}"#,
            r#""ForAnyValue:StringLike": {"aws:VpceOrgPaths": "a*"}"#,
            "+-",
        ),
        (
            r#""Null": {"aws:CalledVia": false}, "ForAllValues:StringLike": {"aws:CalledVia": "a*"}"#,
            r#""ForAnyValue:StringLike": {"aws:CalledVia": "a*"}"#,
            "+-",
        ),
        (
            r#""Null": {"aws:VpceOrgID": false}, "ForAllValues:StringLike": {"aws:VpceOrgID": "a*"}"#,
            r#""ForAnyValue:StringLike": {"aws:VpceOrgID": "a*"}"#,
            "",
        ),
        (r#""Odd": {"k": "a"}"#, r#""StringEquals": {"k": []}"#, ""),
    ] {
        assert_eq!(sign(&under(old), &under(new)), expected, "{old} to {new}");
    }
}

#[test]
fn statements_are_taken_together() {
    let half = |condition: &str| under(&format!(r#""StringLike": {{"k": "{condition}"}}"#));
    let both = format!(
        "{},{}",
        under(r#""StringEquals": {"k": "a"}"#),
        under(r#""StringNotEquals": {"k": "a"}"#)
    );
    let all = allow("*", "*");
    assert_eq!(sign(&both, &all), "");
    let denied = format!(
        r#"{all}, {{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {{"StringNotLike": {{"k": "a*"}}}}}}"#
    );
    assert_eq!(sign(&denied, &half("a*")), "");
    assert_eq!(sign(&denied, &half("*")), "+");
    let elsewhere = format!(
        "{},{}",
        allow("a:*", "arn:aws:s3:::x/*"),
        allow("b:*", "arn:aws:s3:::*")
    );
    assert_eq!(sign(&elsewhere, &allow("?:*", "arn:aws:s3:::x/*")), "-");
}

#[test]
fn variables_are_decided_where_they_can_be() {
    let home = |last: &str| allow("s3:*", &format!("arn:aws:s3:::home/{last}"));
    let same = r#""StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}"#;
    let not_same = r#""StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}"#;
    for (old, new, expected) in [
        (home("${aws:username}/*"), home("${aws:username}/*"), ""),
        (home("*"), home("${aws:username}/*"), "-"),
        (home("${aws:username}/*"), home("*"), "+"),
        (home("${aws:username}/*"), home("${aws:userid}/*"), "+-"),
        (home("${*}"), home("*"), "+"),
        (under(same), allow("*", "*"), "+"),
        (under(same), under(same), ""),
        (
            format!("{},{}", under(same), under(not_same)),
            allow("*", "*"),
            "",
        ),
        (
            under(r#""StringEquals": {"k": "${aws:username}"}"#),
            under(r#""StringEquals": {"j": "${aws:username}"}"#),
            "+-",
        ),
    ] {
        assert_eq!(sign(&old, &new), expected, "{old} to {new}");
    }
}

#[test]
fn a_difference_says_what_where_and_by_which_statement() {
    let new = r#"
        {"Sid": "Lists", "Effect": "Allow", "Action": ["chime:List*", "chime:GetUser"], "Resource": "*"},
        {"Sid": "Ops", "Effect": "Allow", "Action": "chime:*User", "Resource": "*",
         "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}"#;
    let comparison = diff(&allow("chime:ListUsers", "*"), new);
    assert!(comparison.lost.is_empty() && comparison.undecided.is_empty());
    let [lists, ops] = &*comparison.gained else {
        panic!("{comparison:#?}")
    };
    assert_eq!(lists.statement.as_ref().unwrap().sid.as_deref(), Some("Lists"));
    assert_eq!(lists.actions, ["chime:GetUser"]);
    assert_eq!(lists.action_patterns, ["chime:List*"]);
    assert!(!lists.only_conditions);
    assert_eq!(ops.statement.as_ref().unwrap().line, 3);
    assert_eq!(ops.actions, ["chime:CreateUser", "chime:DeleteUser"]);
    assert_eq!(ops.action_patterns, ["chime:*User"]);
    assert_eq!(ops.conditions, ["aws:SourceIp is in `10.0.0.0/8`"]);
    assert_eq!(
        ops.witness.context["aws:SourceIp"],
        Values::One("10.0.0.0".to_owned())
    );
}

#[test]
fn examples_are_requests_as_they_are_met() {
    for (old, new, expected) in [
        (
            allow("s3:Get*", "*"),
            allow("s3:*", "*"),
            "s3:PutObject on arn:aws:s3:::example/key",
        ),
        (
            allow("s3:Get*", "*"),
            allow("S3:Tag", "*"),
            "S3:Tag on arn:aws:s3:::example",
        ),
        (
            allow("iam:Get*", "*"),
            allow("iam:*", "*"),
            "iam:CreateUser on arn:aws:iam::111122223333:user/example",
        ),
        (
            allow("iam:Get*", "*"),
            allow("iam:DeleteRole", "*"),
            "iam:DeleteRole on arn:aws:iam::111122223333:role/example",
        ),
        (
            allow("chime:List*", "*"),
            allow("chime:*", "*"),
            "chime:CreateUser on arn:aws:chime:us-east-1:111122223333:example",
        ),
        // What the policy names comes first, and no example leaves what the difference is.
        (
            allow("s3:Get*", "*"),
            allow("s3:*", "arn:aws:s3:::mine/*"),
            "s3:PutObject on arn:aws:s3:::mine/x",
        ),
        (
            allow("odd:*", "arn:aws:odd:us-east-1:111122223333:example"),
            allow("odd:b", "arn:aws:odd:*:*:e*"),
            "odd:b on arn:aws:odd:us-east-1:111122223333:ex",
        ),
    ] {
        let witness = &diff(&old, &new).gained[0].witness;
        assert_eq!(format!("{} on {}", witness.action, witness.resource), expected);
    }
    let [old, new] = ["chime:List*", "chime:*"].map(|action| policy(&allow(action, "*")));
    let new = new_access(&attached(&old), &attached(&new), PolicyType::Identity, &CATALOGUE);
    assert_eq!(new.gained[0].witness.action, "chime:CreateUser");
    let open = policy(r#"{"Effect": "Allow", "Principal": "*", "Action": "chime:G*", "Resource": "*"}"#);
    let found = public(&attached(&open)[0], PolicyType::Resource, &CATALOGUE);
    let witness = &found.by[0].1;
    assert_eq!(witness.action, "chime:GetUser");
    assert_eq!(witness.resource, "arn:aws:chime:us-east-1:111122223333:example");
}

#[test]
fn hostile_policies_are_refused_in_bounded_time() {
    let stars: Vec<String> = ('a'..='z')
        .map(|letter| format!(r#""x:*{letter}*{letter}*""#))
        .collect();
    let old = format!(
        r#"{{"Effect": "Allow", "Action": [{}], "Resource": "*"}}"#,
        stars.join(",")
    );
    let (old, new) = (attached(&policy(&old)), attached(&policy(&allow("x:*", "*"))));
    let comparison = compare_within(100_000, &old, &new, PolicyType::Identity, &CATALOGUE);
    assert!(
        comparison
            .undecided
            .iter()
            .any(|undecided| undecided.reason.contains("too large")),
        "{comparison:#?}"
    );
}

/// A condition with many values, each made from its number.
fn many(operator: &str, count: usize, value: impl Fn(usize) -> String) -> String {
    let values: Vec<String> = (0..count)
        .map(|number| format!(r#""{}""#, value(number)))
        .collect();
    format!(r#""{operator}": {{"k": [{}]}}"#, values.join(","))
}

#[test]
fn many_values_are_little_work() {
    const MANY: usize = 1_000;
    let number = |number: usize| format!("{}.5", number * 7);
    let date = |number: usize| (1_767_225_600 + number * 60).to_string();
    let network = |number: usize| format!("10.{}.{}.0/25", number / 256, number % 256);
    let binary = |number: usize| format!("{number:04}");
    for (operator, value) in [
        ("NumericEquals", &number as &dyn Fn(usize) -> String),
        ("NumericLessThan", &number),
        ("DateEquals", &date),
        ("DateGreaterThan", &date),
        ("IpAddress", &network),
        ("BinaryEquals", &binary),
    ] {
        let [all, fewer] = [MANY, MANY - 1].map(|count| policy(&under(&many(operator, count, value))));
        let within = |old: &str, new: &str| {
            compare_within(200_000, &attached(old), &attached(new), PolicyType::Identity, &[])
        };
        assert_eq!(within(&all, &all), Comparison::default(), "{operator}");
        let comparison = within(&fewer, &all);
        assert!(
            comparison.undecided.is_empty(),
            "{operator} {:?}",
            comparison.undecided
        );
        // After the earliest of them is after any of them.
        let gains = usize::from(operator != "DateGreaterThan");
        assert_eq!(
            (comparison.gained.len(), comparison.lost.len()),
            (gains, 0),
            "{operator}"
        );
    }
}

#[test]
fn the_work_of_comparing_values_is_counted() {
    // Every number meets every pattern.
    let both = format!(
        "{}, {}",
        many("NumericEquals", 300, |number| number.to_string()),
        many("StringLike", 300, |number| format!("{number}*x")),
    );
    let (old, new) = (policy(&under(&both)), policy(&allow("*", "*")));
    let comparison = compare_within(
        200_000,
        &attached(&old),
        &attached(&new),
        PolicyType::Identity,
        &[],
    );
    let too_large = |undecided: &super::Undecided| undecided.reason.contains("too large");
    assert!(
        comparison.undecided.iter().any(too_large),
        "{:?}",
        comparison.undecided
    );
}

#[test]
fn access_that_must_not_be_granted_is_found() {
    for (policy_text, actions, resources, expected) in [
        (allow("chime:*", "*"), &["chime:DeleteUser"][..], &[][..], true),
        (
            allow("chime:List*", "*"),
            &["chime:DeleteUser", "chime:CreateUser"],
            &[],
            false,
        ),
        (
            allow("s3:*", "arn:aws:s3:::open/*"),
            &["s3:GetObject"],
            &["arn:aws:s3:::secret/*"],
            false,
        ),
        (
            allow("s3:*", "arn:aws:s3:::*"),
            &[],
            &["arn:aws:s3:::secret/*"],
            true,
        ),
        (
            format!("{},{}", allow("s3:*", "*"), deny("s3:Get*", "*")),
            &["s3:GetObject"],
            &[],
            false,
        ),
        (
            under(r#""Bool": {"aws:SecureTransport": ["true", "false"]}"#),
            &["a:b"],
            &[],
            true,
        ),
    ] {
        let policy = &attached(&policy(&policy_text))[0];
        let found = granted(policy, PolicyType::Identity, actions, resources, &[]);
        assert!(found.undecided.is_empty());
        assert_eq!(!found.by.is_empty(), expected, "{policy_text}");
    }
}

#[test]
fn public_access_is_found() {
    for (principal, condition, expected) in [
        (r#""*""#, "", true),
        (r#"{"AWS": "*"}"#, "", true),
        (r#"{"AWS": "111122223333"}"#, "", false),
        (r#"{"Service": "events.amazonaws.com"}"#, "", false),
        (
            r#""*""#,
            r#""StringEquals": {"aws:PrincipalOrgID": "o-1"}"#,
            false,
        ),
        (
            r#""*""#,
            r#""StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}"#,
            true,
        ),
        (
            r#""*""#,
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}"#,
            false,
        ),
        (
            r#""*""#,
            r#""IpAddress": {"aws:SourceIp": "198.51.100.0/24"}"#,
            false,
        ),
        (r#""*""#, r#""IpAddress": {"aws:SourceIp": "0.0.0.0/1"}"#, true),
        (r#""*""#, r#""Bool": {"aws:SecureTransport": "true"}"#, true),
        (r#""*""#, r#""StringEquals": {"aws:SourceVpce": "vpce-1"}"#, false),
    ] {
        let text = policy(&format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject", "Resource": "*",
                "Condition": {{{condition}}}}}"#
        ));
        let found = public(&attached(&text)[0], PolicyType::Resource, &[]);
        assert!(found.undecided.is_empty(), "{text} {found:?}");
        assert_eq!(!found.by.is_empty(), expected, "{text}");
    }
}

#[test]
fn policies_of_resources_are_compared_for_every_caller() {
    let to = |principal: &str| {
        policy(&format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject", "Resource": "*"}}"#
        ))
    };
    let trust = |principal: &str| {
        policy(&format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "sts:AssumeRole"}}"#
        ))
    };
    let ana = r#"{"AWS": "arn:aws:iam::111122223333:user/ana"}"#;
    let account = r#"{"AWS": "111122223333"}"#;
    for (old, new, ty, gains, loses) in [
        (
            to(account),
            to(r#"{"AWS": "arn:aws:iam::111122223333:root"}"#),
            PolicyType::Resource,
            false,
            false,
        ),
        (to(account), to(r#""*""#), PolicyType::Resource, true, false),
        // Named herself she needs no policy of her own, but nobody else of the account is let in from outside.
        (to(account), to(ana), PolicyType::Resource, true, true),
        (trust(account), trust(ana), PolicyType::Trust, true, true),
        (trust(ana), trust(ana), PolicyType::Trust, false, false),
        (
            trust(r#"{"Service": "a.amazonaws.com"}"#),
            trust(r#"{"Service": "b.amazonaws.com"}"#),
            PolicyType::Trust,
            true,
            true,
        ),
        (
            trust(r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/a"}"#),
            trust(account),
            PolicyType::Trust,
            true,
            true,
        ),
        // Everybody means everybody whom AWS knows: whom a provider vouches for, only the provider's name lets in.
        (
            trust(r#"{"AWS": "*"}"#),
            trust(r#"{"AWS": "*", "Federated": "arn:aws:iam::111122223333:oidc-provider/a"}"#),
            PolicyType::Trust,
            true,
            false,
        ),
        (
            policy(
                r#"{"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}"#,
            ),
            trust(r#"{"Federated": "arn:aws:iam::111122223333:oidc-provider/a"}"#),
            PolicyType::Trust,
            true,
            true,
        ),
    ] {
        let comparison = compare(&attached(&old), &attached(&new), ty, &CATALOGUE);
        assert!(
            comparison.undecided.is_empty(),
            "{old} {new} {:#?}",
            comparison.undecided
        );
        assert_eq!(
            !comparison.gained.is_empty(),
            gains,
            "{old} {new} {:#?}",
            comparison.gained
        );
        assert_eq!(
            !comparison.lost.is_empty(),
            loses,
            "{old} {new} {:#?}",
            comparison.lost
        );
    }
}

#[test]
fn a_deny_of_a_resource_policy_counts_where_callers_policies_allow() {
    let old = policy(
        r#"{"Effect": "Allow", "NotAction": "s3:*t", "Resource": "*", "NotPrincipal": {"AWS": "111122223333"}}"#,
    );
    let new = policy(
        r#"{"Effect": "Deny", "Action": ["s3:Put", "ec2:*"], "Resource": "*",
            "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/ana"}}"#,
    );
    let actions = ["s3:Put", "ec2:x"];
    let comparison = compare(&attached(&old), &attached(&new), PolicyType::Resource, &actions);
    let by_nobody = comparison
        .lost
        .iter()
        .find(|difference| difference.statement.is_none())
        .unwrap();
    assert_eq!(by_nobody.actions, ["ec2:x", "s3:Put"]);
    assert!(by_nobody.denied_by.is_some());
}
