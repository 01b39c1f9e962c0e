//! The engine against the naive judge, and laws that hold whatever the policies say, over generated cases.
//!
//! Cases come from a small vocabulary, so that policies and requests meet often, and from a generator with a
//! fixed start, so that every run sees the same ones. `CARILLON_POLICY_CASES` sets how many, and
//! `CARILLON_POLICY_SEED` where they start.

mod crowd;
mod generator;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use self::generator::{ACTION_PATTERNS, Dice, PRINCIPALS, PROVIDER, case, statement};

use crate::program::Set;
use crate::{
    Actions, Attached, Decision, Document, MapContext, Policies, Principal, Request, batch, decide, naive,
};

fn attached(value: &Value) -> Vec<Attached> {
    let documents = value.as_array().into_iter().flatten();
    documents
        .map(|document| Attached::inline("p", Arc::new(Document::lenient(document))))
        .collect()
}

fn policies(case: &Value, actions: &Arc<Actions>) -> Policies {
    let levels = |value: &Value| value.as_array().into_iter().flatten().map(attached).collect();
    let mut policies = Policies::for_actions(actions)
        .identity(attached(&case["identity_policies"]))
        .service_control(levels(&case["scps"]))
        .resource_control(levels(&case["rcps"]));
    if !case["boundaries"].is_null() {
        policies = policies.boundary(attached(&case["boundaries"]));
    }
    if !case["session_policies"].is_null() {
        policies = policies.session(attached(&case["session_policies"]));
    }
    if !case["endpoint_policies"].is_null() {
        policies = policies.endpoint(attached(&case["endpoint_policies"]));
    }
    policies
}

/// The actions that policies are compiled for; the others of the generator are not known.
fn known() -> Arc<Actions> {
    static KNOWN: LazyLock<Arc<Actions>> = LazyLock::new(|| {
        let with_one = [
            "chime:GetUser",
            "S3:getobject",
            "sts:AssumeRole",
            "kms:Decrypt",
            "iam:DeleteRole",
            "x:y",
        ];
        let with_two = [
            vec!["chime:ListUsers", "chime:GetUser"],
            vec!["chime:GetUser", "chime:ListUsers"],
        ];
        let others = (0..3).map(|n| vec![format!("chime:Other{n}")]);
        let one = with_one.map(|action| vec![action.to_owned()]);
        let two = with_two.map(|action| action.into_iter().map(ToOwned::to_owned).collect());
        Actions::with_spellings(one.into_iter().chain(two).chain(others))
    });
    Arc::clone(&KNOWN)
}

/// The engine's decision on a case, through the interface other crates use.
fn decided(case: &Value, actions: &[&str]) -> Decision {
    asked(case, actions, decide)
}

/// Asks about a case, through the interface other crates use.
pub(crate) fn asked<T>(case: &Value, actions: &[&str], ask: impl FnOnce(&Request<'_>, &Policies) -> T) -> T {
    asked_of(case, actions, &known(), ask)
}

/// As [`asked`], of policies that are compiled for these actions.
fn asked_of<T>(
    case: &Value,
    actions: &[&str],
    known: &Arc<Actions>,
    ask: impl FnOnce(&Request<'_>, &Policies) -> T,
) -> T {
    let principal = match case["principal"].as_str() {
        Some(PROVIDER) => Principal::WebIdentity {
            provider: PROVIDER.to_owned(),
        },
        Some(text) => text.parse().unwrap(),
        None => Principal::Anonymous,
    };
    let mut context = MapContext::new();
    for (key, value) in case["context"].as_object().unwrap() {
        match value {
            Value::Array(values) => context.set_many(key, values.iter().map(|value| value.as_str().unwrap())),
            value => context.set(key, value.as_str().unwrap()),
        };
    }
    let resource = case["resource"].as_str().unwrap();
    let in_arn = resource.split(':').nth(4).filter(|account| account.len() == 12);
    let resource_policy = match &case["resource_policy"] {
        Value::Null => None,
        document => Some(Attached::inline("p", Arc::new(Document::lenient(document)))),
    };
    let request = Request {
        principal: &principal,
        actions,
        resource,
        resource_account: case["resource_account"].as_str().or(in_arn),
        resource_policy: resource_policy.as_ref(),
        context: &context,
    };
    ask(&request, &policies(case, known))
}

fn name(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allowed { .. } => "Allowed",
        Decision::ExplicitlyDenied { .. } => "ExplicitlyDenied",
        Decision::ImplicitlyDenied { .. } => "ImplicitlyDenied",
    }
}

fn engine(case: &Value) -> &'static str {
    name(&decided(case, &[case["action"].as_str().unwrap()]))
}

/// The decisions of the policies compiled for known actions, and compiled for none: there every statement is tried.
fn both(case: &Value) -> [&'static str; 2] {
    asked(case, &[case["action"].as_str().unwrap()], |request, policies| {
        [
            name(&decide(request, policies)),
            name(&decide(request, &uncompiled(policies))),
        ]
    })
}

fn uncompiled(policies: &Policies) -> Policies {
    let list = |set: &Set| set.policies().to_vec();
    let mut uncompiled = Policies::new()
        .identity(list(&policies.identity))
        .service_control(policies.service_control.iter().map(list).collect())
        .resource_control(policies.resource_control.iter().map(list).collect());
    if let Some(set) = &policies.boundary {
        uncompiled = uncompiled.boundary(list(set));
    }
    if let Some(set) = &policies.session {
        uncompiled = uncompiled.session(list(set));
    }
    if let Some(set) = &policies.endpoint {
        uncompiled = uncompiled.endpoint(list(set));
    }
    uncompiled
}

fn in_batch(case: &Value) -> String {
    let mut output = Vec::new();
    batch::evaluate(
        case.to_string().as_bytes(),
        &mut output,
        batch::Options::default(),
    )
    .unwrap();
    let answer: Value = serde_json::from_slice(&output).unwrap();
    answer["decision"].as_str().unwrap_or("none").to_owned()
}

pub(crate) fn judge(case: &Value) -> &'static str {
    naive::decide(case, &[case["action"].as_str().unwrap()])
}

/// Leaves out of a case whatever can go while the property still fails.
fn shrink(mut case: Value, fails: impl Fn(&Value) -> bool) -> Value {
    let kept = ["/principal", "/action", "/resource", "/context", "/id"];
    loop {
        let mut paths = Vec::new();
        collect("", &case, &mut paths);
        let smaller = paths
            .into_iter()
            .filter(|path| !kept.contains(&path.as_str()))
            .find_map(|path| {
                let (parent, last) = path.rsplit_once('/').unwrap();
                let mut smaller = case.clone();
                match smaller.pointer_mut(parent).unwrap() {
                    Value::Object(members) => drop(members.remove(&last.replace("~1", "/"))),
                    Value::Array(elements) => drop(elements.remove(last.parse().unwrap())),
                    _ => return None,
                }
                fails(&smaller).then_some(smaller)
            });
        match smaller {
            Some(smaller) => case = smaller,
            None => return case,
        }
    }
}

fn collect(path: &str, value: &Value, paths: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.replace('/', "~1"), value))
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(n, value)| (n.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let path = format!("{path}/{key}");
        paths.push(path.clone());
        collect(&path, child, paths);
    }
}

pub(crate) fn cases() -> impl Iterator<Item = (u64, Value)> {
    let number = |name, default| {
        let given = std::env::var(name).ok();
        given.and_then(|number| number.parse().ok()).unwrap_or(default)
    };
    let (count, start): (u64, u64) = (
        number("CARILLON_POLICY_CASES", 1_000),
        number("CARILLON_POLICY_SEED", 0),
    );
    (start..start + count).map(|seed| (seed, case(&mut Dice(seed.wrapping_mul(0x1234_5677)))))
}

#[test]
fn the_engine_agrees_with_the_naive_judge() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let seen: Vec<BTreeMap<&str, u64>> = std::thread::scope(|scope| {
        let part = |first| scope.spawn(move || compare(cases().skip(first).step_by(threads)));
        let parts: Vec<_> = (0..threads).map(part).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    let count = |decision| seen.iter().filter_map(|seen| seen.get(decision)).sum::<u64>();
    let counts =
        ["Allowed", "ExplicitlyDenied", "ImplicitlyDenied"].map(|decision| (decision, count(decision)));
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    let first = cases().next().map(|(seed, _)| seed);
    println!(
        "{all} cases from seed {first:?}: the engine, compiled and not and in batch, and the judge agree: {counts:?}"
    );
    // Otherwise the generator has stopped asking interesting questions.
    assert!(counts.iter().all(|(_, count)| count * 20 > all), "{counts:?}");
}

/// How often the judge came to each decision; the engine must have come to the same.
fn compare(cases: impl Iterator<Item = (u64, Value)>) -> BTreeMap<&'static str, u64> {
    let mut seen = BTreeMap::new();
    for (seed, case) in cases {
        let expected = judge(&case);
        *seen.entry(expected).or_insert(0) += 1;
        // What batch evaluation adds is reading. Web identities it cannot ask for.
        let batched = seed % 8 == 0 && case["principal"] != PROVIDER;
        let differs = |case: &Value, expected: &'static str| {
            both(case) != [expected; 2] || batched && in_batch(case) != expected
        };
        if differs(&case, expected) {
            let fails = |case: &Value| differs(case, judge(case));
            let case = shrink(case, fails);
            panic!(
                "seed {seed}: engine {:?}, batch {}, judge {}: {case:#}",
                both(&case),
                in_batch(&case),
                judge(&case)
            );
        }
    }
    seen
}

#[test]
fn two_spellings_are_one_action() {
    for (seed, case) in cases().step_by(8) {
        let actions = ["chime:ListUsers", "chime:GetUser"];
        assert_eq!(
            name(&decided(&case, &actions)),
            naive::decide(&case, &actions),
            "seed {seed}: {case:#}"
        );
    }
}

#[test]
fn a_further_deny_never_allows_more() {
    for (seed, case) in cases().step_by(4) {
        let mut dice = Dice(seed);
        let mut stricter = case.clone();
        let mut deny = statement(&mut dice, true);
        deny["Effect"] = json!("Deny");
        let document = json!({"Version": "2012-10-17", "Statement": [deny]});
        // Only where a document is already allowed to speak: a new list could be a new limit.
        for list in [
            "identity_policies",
            "boundaries",
            "session_policies",
            "endpoint_policies",
        ] {
            if let Some(documents) = stricter[list].as_array_mut() {
                documents.push(document.clone());
            }
        }
        let (before, after) = (engine(&case), engine(&stricter));
        assert!(
            after == before || after == "ExplicitlyDenied",
            "seed {seed}: {before} became {after}: {stricter:#}"
        );
    }
}

#[test]
fn the_order_of_statements_and_documents_never_matters() {
    fn reverse(value: &mut Value) {
        match value {
            Value::Array(elements) => {
                elements.reverse();
                elements.iter_mut().for_each(reverse);
            }
            Value::Object(members) => members.values_mut().for_each(reverse),
            _ => {}
        }
    }
    for (seed, case) in cases().step_by(4) {
        let mut reversed = case.clone();
        reverse(&mut reversed);
        assert_eq!(engine(&case), engine(&reversed), "seed {seed}: {case:#}");
    }
}

#[test]
fn action_and_not_action_are_each_others_complement() {
    for (seed, case) in cases().step_by(4) {
        let mut dice = Dice(seed);
        let patterns = dice.some(3, |dice| json!(*dice.pick(&ACTION_PATTERNS)));
        let asked = |key: &str| {
            let document = json!({"Statement": {"Effect": "Allow", key: patterns.clone(), "Resource": "*"}});
            let case = json!({
                "principal": PRINCIPALS[0], "action": if case["action"] == "sts:GetCallerIdentity" { json!("a:b") } else { case["action"].clone() },
                "resource": "*", "context": {}, "identity_policies": [document],
            });
            engine(&case) == "Allowed"
        };
        assert_ne!(asked("Action"), asked("NotAction"), "seed {seed}: {patterns}");
    }
}
