//! Generated policies: whatever a comparison claims, the naive judge must not contradict.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Account, Can, Comparison, Extent, Values, compare, minimise, what_can, who_can};
use super::attached;
use crate::{PolicyType, naive};

const ACTIONS: [&str; 6] = [
    "s3:Get",
    "s3:Put",
    "s3:GetX",
    "ec2:Get",
    "ec2:x",
    "iam:DeleteRole",
];
const ACTION_PATTERNS: [&str; 9] = [
    "*", "s3:*", "s3:Get*", "s3:?et", "s3:*t", "s3:Put", "ec2:*", "ec2:Get", "iam:*",
];
const RESOURCES: [&str; 6] = [
    "*",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/ana/x",
    "arn:aws:s3:::c",
    "arn:aws:s3:eu:1:b/a",
    "arn:aws:iam::1:role/aws-reserved/x",
];
const RESOURCE_PATTERNS: [&str; 9] = [
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::${u, 'b'}/a",
    "arn:*:s3:*:*:*a",
    "arn:aws:s3",
    "arn:aws:iam::*:*",
];
/// Operators with values that mean something to them; the requests below use the same keys.
const TESTS: [(&str, &str, &[&str]); 18] = [
    ("StringEquals", "k", &["a", "b", "${aws:username}"]),
    ("StringNotEquals", "k", &["a", "b", "${u}"]),
    ("StringLike", "k", &["a*", "?", "*b", "${aws:username}*"]),
    ("StringEqualsIgnoreCase", "k", &["A", "b", "B"]),
    ("StringEqualsIfExists", "k", &["a", "ab"]),
    ("Null", "k", &["true", "false"]),
    ("NumericLessThan", "n", &["1", "1.5", "-2"]),
    ("NumericGreaterThanEquals", "n", &["1", "1.50", "-2"]),
    ("NumericNotEquals", "n", &["1", "1.5"]),
    ("StringEquals", "n", &["1", "x"]),
    ("DateGreaterThan", "d", &["2026", "2026-01-01T00:00:01Z"]),
    ("DateLessThanEqualsIfExists", "d", &["2026", "1767225600"]),
    ("IpAddress", "i", &["10.0.0.0/8", "10.1.0.0/16", "::/1"]),
    ("NotIpAddress", "i", &["10.0.0.0/8", "0.0.0.0/0"]),
    ("ForAllValues:StringEquals", "l", &["a", "b"]),
    ("ForAnyValue:StringLike", "l", &["a*", "b"]),
    ("ForAnyValue:StringNotEquals", "l", &["a", "b"]),
    ("Bool", "k", &["true", "false"]),
];

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(from)
}

fn some(from: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::collection::vec(pick(from), 1..3).prop_map(|texts| json!(texts))
}

fn condition() -> impl Strategy<Value = Value> {
    let test = prop::sample::select(&TESTS[..]);
    let test = test.prop_flat_map(|(operator, key, values)| (Just(operator), Just(key), some(values)));
    prop::collection::vec(test, 0..3).prop_map(|tests| {
        let mut block = json!({});
        for (operator, key, values) in tests {
            block[operator][key] = values;
        }
        block
    })
}

fn statement() -> impl Strategy<Value = Value> {
    let elements = (some(&ACTION_PATTERNS), some(&RESOURCE_PATTERNS), condition());
    (prop::bool::weighted(0.7), 0..8_u8, elements).prop_map(
        |(allow, shape, (actions, resources, condition))| {
            let action = if shape == 0 { "NotAction" } else { "Action" };
            let resource = if shape == 1 { "NotResource" } else { "Resource" };
            json!({
                "Effect": if allow { "Allow" } else { "Deny" },
                action: actions, resource: resources, "Condition": condition,
            })
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

fn context() -> impl Strategy<Value = Value> {
    let texts = |from: &'static [&'static str]| prop::option::of(pick(from));
    let lists = prop::option::of(prop::collection::vec(pick(&["a", "b", "ab", "c"]), 0..3));
    (
        texts(&["a", "b", "A", "ab", "ana", "c", "true", "FALSE"]),
        texts(&["0", "1", "1.2", "1.5", "-2", "-3", "x"]),
        texts(&["2025", "2026", "2026-01-01T00:00:01Z", "2027", "x"]),
        texts(&["10.0.0.1", "10.1.2.3", "11.0.0.1", "1::", "f::", "x"]),
        lists,
        texts(&["ana", "a", "b"]),
        texts(&["b", "a"]),
    )
        .prop_map(|(k, n, d, i, l, user, u)| {
            let mut context = json!({});
            for (key, value) in [
                ("k", k),
                ("n", n),
                ("d", d),
                ("i", i),
                ("aws:username", user),
                ("u", u),
            ] {
                if let Some(value) = value {
                    context[key] = json!(value);
                }
            }
            if let Some(l) = l {
                context["l"] = json!(l);
            }
            context
        })
}

fn judge(policy: &Value, action: &str, resource: &str, context: &Value) -> bool {
    let case = json!({
        "principal": "arn:aws:iam::111122223333:user/ana", "action": action, "resource": resource,
        "resource_account": "111122223333", "context": context, "identity_policies": [policy],
    });
    naive::decide(&case, &[action]) == "Allowed"
}

fn compared(old: &Value, new: &Value) -> Comparison {
    let (old, new) = (old.to_string(), new.to_string());
    compare(&attached(&old), &attached(&new), PolicyType::Identity, &ACTIONS)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_judge_agrees_with_comparisons(
        old in policy(),
        new in policy(),
        requests in prop::collection::vec((pick(&ACTIONS), pick(&RESOURCES), context()), 60),
    ) {
        let comparison = compared(&old, &new);
        for (differences, one, other) in [(&comparison.gained, &new, &old), (&comparison.lost, &old, &new)] {
            for difference in differences {
                let witness = &difference.witness;
                let context = in_json(&witness.context);
                prop_assert!(judge(one, &witness.action, &witness.resource, &context), "{witness:?}");
                prop_assert!(!judge(other, &witness.action, &witness.resource, &context), "{witness:?}");
            }
        }
        for (action, resource, context) in &requests {
            let (before, after) = (judge(&old, action, resource, context), judge(&new, action, resource, context));
            let claimed = if after { &comparison.gained } else { &comparison.lost };
            if before != after && comparison.undecided.is_empty() {
                let named = claimed.iter().any(|difference| {
                    difference.actions.iter().any(|known| known.eq_ignore_ascii_case(action))
                });
                prop_assert!(named, "{action} on {resource} with {context}: {before} to {after}\n{comparison:#?}");
            }
        }
    }

    /// Beside another policy, too.
    #[test]
    fn a_smaller_policy_decides_as_the_one_before(
        policy in policy(),
        beside in policy(),
        requests in prop::collection::vec((pick(&ACTIONS), pick(&RESOURCES), context()), 60),
    ) {
        let smaller = minimise(&policy.to_string(), PolicyType::Identity, &ACTIONS);
        let Ok(smaller) = smaller else { return Ok(()) };
        let smaller: Value = serde_json::from_str(&smaller.document).unwrap();
        for (action, resource, context) in &requests {
            let decided = |policy: &Value| {
                let case = json!({
                    "principal": ANA, "action": action, "resource": resource,
                    "resource_account": "111122223333", "context": context,
                    "identity_policies": [policy, beside],
                });
                naive::decide(&case, &[action]) == "Allowed"
            };
            prop_assert_eq!(decided(&policy), decided(&smaller), "{} on {} with {}", action, resource, context);
        }
    }

    /// Variables and values compared in two ways leave doubts now and then; they must stay the exception.
    #[test]
    fn policies_without_variables_are_always_decided(old in policy(), new in policy()) {
        let plain = |policy: Value| -> Value {
            let text = policy.to_string();
            let text = text.replace("${aws:username}", "ana").replace("${u, 'b'}", "b").replace("${u}", "q");
            serde_json::from_str(&text).unwrap()
        };
        let comparison = compared(&plain(old), &plain(new));
        prop_assert!(comparison.undecided.is_empty(), "{comparison:#?}");
    }
}

const ANA: &str = "arn:aws:iam::111122223333:user/ana";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/a";
const CALLERS: [&str; 9] = [
    ANA,
    "arn:aws:iam::111122223333:user/ben",
    "arn:aws:sts::111122223333:assumed-role/desk/session",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:user/ana",
    "arn:aws:sts::444455556666:assumed-role/desk/x",
    "events.amazonaws.com",
    PROVIDER,
    "",
];
const NAMES: [&str; 9] = [
    "*",
    "111122223333",
    ANA,
    "arn:aws:iam::111122223333:role/desk",
    "arn:aws:sts::111122223333:assumed-role/desk/session",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/carl",
    "events.amazonaws.com",
    PROVIDER,
];

/// A policy of a resource, with principals.
fn resource_policy() -> impl Strategy<Value = Value> {
    let named = (0..6_u8, prop::collection::vec(pick(&NAMES), 1..3));
    let statement = (statement(), named).prop_map(|(mut statement, (shape, names))| {
        let key = if shape == 0 { "NotPrincipal" } else { "Principal" };
        let (services, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.ends_with(".com"));
        let (providers, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|name| *name == PROVIDER);
        statement[key] = json!({"AWS": others, "Service": services, "Federated": providers});
        statement
    });
    prop::collection::vec(statement, 1..3)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

fn open() -> Value {
    json!([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}])
}

/// An account of one user with these policies and this boundary.
fn account_of(policies: &[Value], boundary: Option<&Value>) -> Account {
    let inline = |(number, policy)| json!({"PolicyName": format!("p{number}"), "PolicyDocument": policy});
    let mut user = json!({
        "UserName": "ana", "Arn": ANA,
        "UserPolicyList": policies.iter().enumerate().map(inline).collect::<Vec<_>>(),
    });
    let mut managed = json!([]);
    if let Some(boundary) = boundary {
        let arn = "arn:aws:iam::111122223333:policy/fence";
        user["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": arn});
        managed =
            json!([{"Arn": arn, "PolicyVersionList": [{"IsDefaultVersion": true, "Document": boundary}]}]);
    }
    let details = json!({
        "UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": managed,
    });
    Account::from_details(&details).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_judge_agrees_with_comparisons_of_resource_policies(
        old in resource_policy(),
        new in resource_policy(),
        requests in prop::collection::vec(
            ((pick(&CALLERS), prop::bool::ANY, 0..3_u8), pick(&ACTIONS), pick(&RESOURCES), context()), 60),
    ) {
        let comparison = compare(
            &attached(&old.to_string()), &attached(&new.to_string()), PolicyType::Resource, &ACTIONS);
        for ((caller, own, limits), action, resource, context) in &requests {
            let mine = caller.split(':').nth(4).unwrap_or("111122223333");
            let decided = |policy: &Value| {
                let mut case = json!({
                    "principal": if caller.is_empty() { Value::Null } else { json!(caller) },
                    "action": action, "resource": resource, "context": context, "resource_policy": policy,
                    "resource_account": if *own { mine } else { "777788889999" },
                });
                match limits {
                    0 => case["identity_policies"] = open(),
                    1 => {}
                    _ => case["boundaries"] = json!([]),
                }
                naive::decide(&case, &[action]) == "Allowed"
            };
            let (before, after) = (decided(&old), decided(&new));
            let claimed = if after { &comparison.gained } else { &comparison.lost };
            if before != after && comparison.undecided.is_empty() {
                let named = claimed.iter().any(|difference| {
                    difference.actions.iter().any(|known| known.eq_ignore_ascii_case(action))
                });
                prop_assert!(
                    named, "{caller} {own} {limits} {action} on {resource} with {context}: {before} to {after}");
            }
        }
    }

    #[test]
    fn the_judge_agrees_with_permissions(
        policies in prop::collection::vec(policy(), 1..3),
        boundary in prop::option::of(policy()),
        requests in prop::collection::vec((pick(&ACTIONS), pick(&RESOURCES), context()), 60),
    ) {
        let account = account_of(&policies, boundary.as_ref());
        let decided = |action: &str, resource: &str, context: &Value| {
            let mut case = json!({
                "principal": ANA, "action": action, "resource": resource, "resource_account": "111122223333",
                "context": context, "identity_policies": policies,
            });
            if let Some(boundary) = &boundary {
                case["boundaries"] = json!([boundary]);
            }
            naive::decide(&case, &[action]) == "Allowed"
        };
        let can = what_can(&account.identities[0], ACTIONS).unwrap();
        for Can { permission, .. } in &can {
            if let Some(example) = &permission.example {
                let context = in_json(&example.context);
                prop_assert!(decided(&example.action, &example.resource, &context), "{example:?}");
            }
        }
        for (number, (action, resource, context)) in requests.iter().enumerate() {
            let mut context = context.clone();
            context["aws:username"] = json!("ana");
            let allowed = decided(action, resource, &context);
            let extent = can.iter().find(|can| can.action == *action).map(|can| can.permission.extent);
            match extent {
                None => prop_assert!(!allowed, "never {action}, but on {resource} with {context}"),
                // What AWS keeps to itself no policy gives, and no answer speaks of.
                Some(Extent::Always) if resource.contains("aws-reserved") => {}
                Some(Extent::Always) => prop_assert!(allowed, "always {action}, but on {resource} with {context}"),
                Some(Extent::Sometimes | Extent::Undecided | Extent::Never) => {}
            }
            // A question of its own each, so only a few.
            if number < 4 && *resource != "*" && who_can(&account, action, Some(resource)).can.is_empty() {
                prop_assert!(!allowed, "never {action} on {resource}, but with {context}");
            }
        }
    }
}

fn in_json(context: &BTreeMap<String, Values>) -> Value {
    let mut all = json!({});
    for (key, values) in context {
        all[key] = match values {
            Values::One(value) => json!(value),
            Values::Many(values) => json!(values),
        };
    }
    all
}

fn cases() -> u32 {
    let set = std::env::var("CARILLON_POLICY_CASES").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(16)
}
