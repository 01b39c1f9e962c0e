use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::context::{Context, ContextValue, MapContext};
use crate::document::Document;
use crate::{Decision, Policies, Principal, Request, decide};

const KNOWN: [&str; 4] = [
    "chime:GetUser",
    "chime:ListUsers",
    "chime:DeleteUser",
    "s3:GetObject",
];

fn attached(name: &str, statements: &Value) -> Attached {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Attached::inline(name, Arc::new(Document::lenient(&document)))
}

fn ask(policies: &Policies, action: &str, resource: &str, context: &dyn Context) -> Decision {
    let principal: Principal = "arn:aws:iam::111122223333:user/ana".parse().unwrap();
    let request = Request {
        principal: &principal,
        actions: &[action],
        resource,
        resource_account: None,
        resource_policy: None,
        context,
    };
    decide(&request, policies)
}

/// All resource patterns of these pieces; every shelf and every check is reached.
fn patterns() -> Vec<String> {
    let heads = [
        "arn:aws:s3:::",
        "arn:*:s3:::",
        "arn:aws:*::1:",
        "*:*:*:*:*:",
        "arn:aws:s3::1?:",
    ];
    let lasts = [
        "",
        "*",
        "a",
        "a*",
        "a/*",
        "*b",
        "*/b",
        "a*b",
        "a?b",
        "${k}",
        "a${k}",
        "${k}b",
        "a/${k}/b*",
        "${none}",
        "a/${none, 'x'}",
        "?",
        "*a*",
        "ab",
        "a/x/b",
    ];
    let arns = heads
        .iter()
        .flat_map(|head| lasts.iter().map(move |last| format!("{head}{last}")));
    arns.chain(["*", "arn:aws:s3", "arn:*", ""].map(ToOwned::to_owned))
        .collect()
}

const RESOURCES: [&str; 14] = [
    "*",
    "arn:aws:s3:::a",
    "arn:aws:s3:::ab",
    "arn:aws:s3:::a/x/b",
    "arn:aws:s3:::a/x/bc",
    "arn:aws:s3:::x",
    "arn:aws:s3:::xb",
    "arn:aws:s3::1:ab",
    "arn:aws:sqs::1:a",
    "arn:aws:sqs::12:b",
    "arn:aws:s3:::",
    "arn:aws:s3",
    "",
    "arn:aws:s3:::a:x:b",
];

#[test]
fn what_is_compiled_decides_as_what_is_tried() {
    let actions = Actions::new(KNOWN);
    let mut context = MapContext::new();
    context.set("k", "x");
    let patterns = patterns();
    let mut applied = BTreeSet::new();
    for (number, pattern) in patterns.iter().enumerate() {
        // Beside another one, so that keys contain each other.
        let other = &patterns[(number * 31 + 7) % patterns.len()];
        for key in ["Resource", "NotResource"] {
            let statements = json!([
                {"Effect": "Allow", "Action": "s3:Get*", key: [pattern]},
                {"Effect": "Allow", "Action": "s3:GetObject", key: [other, "arn:aws:s3:::never"]},
                {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::a/x/bc"},
            ]);
            let policies =
                |actions| Policies::for_actions(actions).identity(vec![attached("p", &statements)]);
            let (compiled, tried) = (policies(&actions), policies(&Actions::none()));
            for resource in RESOURCES {
                let decision = ask(&compiled, "s3:GetObject", resource, &context).is_allowed();
                assert_eq!(
                    decision,
                    ask(&tried, "s3:GetObject", resource, &context).is_allowed(),
                    "{statements} on {resource}"
                );
                applied.insert((number, decision));
            }
        }
    }
    assert_eq!(
        applied.len(),
        2 * patterns.len(),
        "each pattern must match and not match something"
    );
}

#[test]
fn actions_that_no_statement_tells_apart_share_their_rules() {
    let actions = Actions::new(KNOWN);
    let classes = |statements: Value| {
        let set = Set::build(PolicyKind::Identity, vec![attached("p", &statements)], &actions);
        let members: BTreeSet<u16> = set.class_of.iter().copied().collect();
        assert_eq!(members.len(), set.classes.len());
        for (action, class) in actions.ids().zip(&set.class_of) {
            let class = &set.classes[usize::from(*class)];
            let applying = |action| {
                let spelling = &*actions.spellings(action)[0];
                let applies = |statement: &Statement| statement.action.matches([spelling].into_iter());
                set.statements()
                    .map(|(_, statement, _)| applies(statement))
                    .collect::<Vec<bool>>()
            };
            assert_eq!(applying(action), applying(class.action));
        }
        set.classes.len()
    };
    assert_eq!(classes(json!([])), 1);
    assert_eq!(classes(json!([{"Effect": "Allow", "Action": "*"}])), 1);
    assert_eq!(classes(json!([{"Effect": "Allow", "Action": "chime:*"}])), 2);
    assert_eq!(
        classes(json!([{"Effect": "Deny", "NotAction": "chime:*"}, {"Effect": "Allow", "Action": "s3:*"}])),
        2
    );
    assert_eq!(
        classes(
            json!([{"Effect": "Allow", "Action": ["chime:Get*", "s3:*"]}, {"Effect": "Allow", "Action": "*:*"}])
        ),
        2
    );
    assert_eq!(
        classes(
            json!([{"Effect": "Allow", "Action": "chime:*User"}, {"Effect": "Allow", "Action": "chime:Get*"}])
        ),
        3
    );
}

#[test]
fn callers_with_the_same_attachments_share_a_set() {
    let actions = Actions::new(KNOWN);
    let (one, two) = (attached("one", &json!([])), attached("two", &json!([])));
    let set = |policies: &[&Attached]| {
        let policies = policies.iter().map(|policy| (*policy).clone()).collect();
        Policies::for_actions(&actions).identity(policies).identity
    };
    let both = set(&[&one, &two]);
    assert!(Arc::ptr_eq(&both, &set(&[&one, &two])));
    assert!(!Arc::ptr_eq(&both, &set(&[&one])));
    assert!(!Arc::ptr_eq(&both, &set(&[&two, &one])));
    // Another name is another statement to cite, and another document is another policy, whatever it says.
    let renamed = Attached {
        name: "three".into(),
        ..two.clone()
    };
    assert!(!Arc::ptr_eq(&both, &set(&[&one, &renamed])));
    assert!(!Arc::ptr_eq(&both, &set(&[&one, &attached("two", &json!([]))])));
    assert!(!Arc::ptr_eq(
        &both,
        &set(&[&one, &two.clone().held_by("arn:aws:iam::111122223333:group/g")])
    ));
    // As a boundary a document may mean something else.
    let boundary = Policies::for_actions(&actions)
        .boundary(vec![one.clone(), two.clone()])
        .boundary
        .unwrap();
    assert!(!Arc::ptr_eq(&both, &boundary));
}

#[test]
fn sets_that_nobody_uses_are_forgotten() {
    let actions = Actions::new(KNOWN);
    for _ in 0..1_000 {
        let policies = Policies::for_actions(&actions).identity(vec![attached("p", &json!([]))]);
        assert!(!ask(&policies, KNOWN[0], "*", &MapContext::new()).is_allowed());
    }
    assert!(actions.shared.len() < 200, "{}", actions.shared.len());
}

/// Counts how often it is asked.
struct Counting(Cell<usize>);

impl Context for Counting {
    fn get(&self, _key: &str) -> Option<ContextValue<'_>> {
        self.0.set(self.0.get() + 1);
        Some("192.0.2.1".into())
    }
}

#[test]
fn equal_conditions_are_tested_once_a_request() {
    let statements: Value = (0..500)
        .map(|n| {
            json!({
                "Effect": if n % 2 == 0 { "Allow" } else { "Deny" }, "Action": "chime:*",
                "Resource": format!("arn:aws:s3:::{}*", "a".repeat(n)),
                "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
            })
        })
        .collect();
    let policies = Policies::for_actions(&Actions::new(KNOWN)).identity(vec![attached("p", &statements)]);
    let context = Counting(Cell::new(0));
    let resource = format!("arn:aws:s3:::{}", "a".repeat(1_000));
    assert!(!ask(&policies, KNOWN[0], &resource, &context).is_allowed());
    assert_eq!(context.0.get(), 1);
}

#[test]
fn more_conditions_than_are_remembered_are_still_tested() {
    let statements: Value = (0..200)
        .map(|n| {
            json!({
                "Effect": "Allow", "Action": "chime:GetUser", "Resource": "*",
                "Condition": {"StringEquals": {"k": format!("{n}")}},
            })
        })
        .collect();
    let policies = Policies::for_actions(&Actions::new(KNOWN)).identity(vec![attached("p", &statements)]);
    let allowed = |value: &str| ask(&policies, KNOWN[0], "*", &[("k", value)]).is_allowed();
    assert!((0..200).all(|n| allowed(&n.to_string())));
    assert!(!allowed("200"));
}

#[test]
fn what_has_no_room_is_tried() {
    let statements = json!([
        {"Effect": "Allow", "Action": "chime:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "chime:DeleteUser", "Resource": "arn:aws:chime::1:user/a*"},
    ]);
    let actions = Actions::new(KNOWN);
    let mut policies = Policies::for_actions(&actions);
    let mut set = Set::build(PolicyKind::Identity, vec![attached("p", &statements)], &actions);
    set.room = AtomicUsize::new(0);
    policies.identity = Arc::new(set);
    let decide = |action, resource| ask(&policies, action, resource, &MapContext::new());
    assert!(decide("chime:GetUser", "*").is_allowed());
    assert!(decide("chime:DeleteUser", "arn:aws:chime::1:user/b").is_allowed());
    assert!(matches!(
        decide("chime:DeleteUser", "arn:aws:chime::1:user/ab"),
        Decision::ExplicitlyDenied { .. }
    ));
    assert!(
        policies
            .identity
            .classes
            .iter()
            .all(|class| !matches!(class.rules.get(), Some(Some(_))))
    );
}

#[test]
fn rules_made_to_waste_memory_find_no_room() {
    // Each of many actions is a class of its own, and each class has all of many statements.
    let names: Vec<String> = (0..200).map(|n| format!("chime:A{n}")).collect();
    let actions = Actions::new(&names);
    let statements: Value = (0..200)
        .map(|n| {
            let own =
                json!({"Effect": "Allow", "Action": format!("chime:A{n}"), "Resource": "arn:aws:s3:::x"});
            let all = json!({"Effect": "Allow", "Action": "*", "Resource": format!("arn:aws:s3:::{n}*")});
            [own, all]
        })
        .collect::<Vec<_>>()
        .concat()
        .into();
    let policies = Policies::for_actions(&actions).identity(vec![attached("p", &statements)]);
    for name in &names {
        assert!(ask(&policies, name, "arn:aws:s3:::199x", &MapContext::new()).is_allowed());
        assert!(!ask(&policies, name, "arn:aws:s3:::y", &MapContext::new()).is_allowed());
    }
    let built = policies
        .identity
        .classes
        .iter()
        .filter(|class| matches!(class.rules.get(), Some(Some(_))));
    assert!((10..150).contains(&built.count()));
}
