use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::agreement::{asked, cases, judge};
use crate::{Decision, Document, MapContext, PolicyType, Principal, decide, naive};

const ANA: &str = "arn:aws:iam::111122223333:user/ana";
const CLERK: &str = "arn:aws:iam::111122223333:group/clerks";

fn document(text: &str) -> Arc<Document> {
    Arc::new(Document::parse(text, PolicyType::Identity, false).unwrap())
}

fn statement(statement: Value) -> Arc<Document> {
    document(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

fn explained(policies: &Policies, action: &str, resource: &str, context: &MapContext) -> Explanation {
    let principal: Principal = ANA.parse().unwrap();
    let request = Request {
        principal: &principal,
        actions: &[action],
        resource,
        resource_account: None,
        resource_policy: None,
        context,
    };
    let explanation = explain(&request, policies);
    assert_eq!(
        format!("{:?}", explanation.decision),
        outcome(&decide(&request, policies))
    );
    explanation
}

fn outcome(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allowed { .. } => "Allowed",
        Decision::ExplicitlyDenied { .. } => "ExplicitlyDenied",
        Decision::ImplicitlyDenied { .. } => "ImplicitlyDenied",
    }
}

/// Makes a change to a case of batch evaluation. `false` if the case's own documents cannot show it.
fn make(case: &mut Value, explanation: &Explanation, change: &Change) -> bool {
    let lists = |kind| match kind {
        PolicyKind::Identity => "/identity_policies".to_owned(),
        PolicyKind::Boundary => "/boundaries".to_owned(),
        PolicyKind::Session => "/session_policies".to_owned(),
        PolicyKind::Endpoint => "/endpoint_policies".to_owned(),
        PolicyKind::ServiceControl => "/scps".to_owned(),
        PolicyKind::ResourceControl => "/rcps".to_owned(),
        PolicyKind::Resource | PolicyKind::Trust => "/resource_policy".to_owned(),
    };
    for edit in &change.edits {
        match edit {
            Edit::Context { key, value } => {
                let members = case["context"].as_object_mut().unwrap();
                members.retain(|name, _| name.to_lowercase() != *key);
                if let Some(value) = value {
                    members.insert(key.clone(), json!(value));
                }
            }
            Edit::AddStatement {
                kind,
                level,
                statement,
                ..
            } => {
                let statement: Value = serde_json::from_str(statement).unwrap();
                let version = json!("2012-10-17");
                let mut place = lists(*kind);
                if let Some(level) = level {
                    place = format!("{place}/{level}");
                }
                let target = match case.pointer_mut(&place) {
                    Some(target) => target,
                    None => {
                        case["resource_policy"] = Value::Null;
                        &mut case["resource_policy"]
                    }
                };
                match target {
                    Value::Array(documents) => {
                        documents.push(json!({"Version": version, "Statement": statement}));
                    }
                    Value::Null => *target = json!({"Version": version, "Statement": [statement]}),
                    policy => {
                        let mut statements = match policy["Statement"].take() {
                            Value::Array(statements) => statements,
                            other => vec![other],
                        };
                        statements.push(statement);
                        policy["Statement"] = statements.into();
                    }
                }
            }
            Edit::Except { statement, .. } => {
                let policy = &explanation.policies[statement.policy];
                let before = explanation.policies[..statement.policy].iter();
                let number = before
                    .filter(|other| other.kind == policy.kind && other.level == policy.level)
                    .count();
                let place = match (policy.kind, policy.level) {
                    (PolicyKind::Resource | PolicyKind::Trust, _) => lists(policy.kind),
                    (kind, Some(level)) => format!("{}/{level}/{number}", lists(kind)),
                    (kind, None) => format!("{}/{number}", lists(kind)),
                };
                let statements = case.pointer_mut(&format!("{place}/Statement")).unwrap();
                match statements {
                    Value::Array(statements) => statements[statement.index] = Value::Null,
                    other => *other = json!([]),
                }
            }
            Edit::Attach { .. } | Edit::Detach { .. } => return false,
        }
    }
    true
}

#[test]
fn explanations_agree_with_the_engine_and_the_judge_and_what_they_propose_allows() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    // Each case is explained and every proposal judged, so that fewer are enough unless more are asked for.
    let asked_for = std::env::var_os("CARILLON_POLICY_CASES").is_some();
    let most = if asked_for { usize::MAX } else { 500 };
    for (seed, case) in cases().take(most) {
        let action = case["action"].as_str().unwrap();
        let (explanation, decision) = asked(&case, &[action], |request, policies| {
            (explain(request, policies), decide(request, policies))
        });
        let told = format!("{:?}", explanation.decision);
        let simulated = asked(&case, &[action], |request, policies| {
            Simulator::new(policies.clone()).simulate(request)
        });
        assert_eq!(simulated.decision, explanation.decision, "seed {seed}: {case:#}");
        assert_eq!(
            simulated.matched.len(),
            explanation.deciding.len(),
            "seed {seed}: {case:#}"
        );
        assert_eq!(told, outcome(&decision), "seed {seed}: {case:#}");
        assert_eq!(told, judge(&case), "seed {seed}: {case:#}");
        if let Decision::ImplicitlyDenied { missing } = &decision {
            assert_eq!(explanation.reasons[0].kind, *missing, "seed {seed}: {case:#}");
        }
        let allowed = explanation.decision == Outcome::Allowed;
        assert!(!allowed || explanation.changes.is_empty());
        for change in &explanation.changes {
            let mut changed = case.clone();
            if make(&mut changed, &explanation, change) {
                let judged = naive::decide(&changed, &[action]);
                assert_eq!(judged, "Allowed", "seed {seed}: {change:#?}\n{case:#}");
                *seen.entry(change.sentence[..3].to_owned()).or_default() += 1;
            }
        }
        // Only what nobody may do, and what a document of 2008 cannot write down, is beyond help.
        let resource = case["resource"].as_str().unwrap();
        let hopeless = action.contains(' ')
            || ["arn:aws:s3:::*", "role/aws-reserved/", "alias/aws/"]
                .iter()
                .any(|part| resource.contains(part));
        if !allowed && !hopeless {
            assert!(!explanation.changes.is_empty(), "seed {seed}: {case:#}");
        }
        *seen.entry("all".to_owned()).or_default() += 1;
        assert!(explanation.to_string().contains(&explanation.summary));
    }
    let all = seen["all"];
    for kind in ["ask", "add", "tak"] {
        assert!(seen.get(kind).is_some_and(|count| count * 400 > all), "{seen:?}");
    }
}

#[test]
fn a_failed_condition_is_shown_with_both_values_and_what_would_turn_it() {
    let second_factor = statement(json!({
        "Sid": "Ops", "Effect": "Allow", "Action": "chime:*", "Resource": "*",
        "Condition": {
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "StringLike": {"aws:PrincipalTag/Team": "${aws:username}-*"},
        },
    }));
    let policies = Policies::new().identity(vec![Attached::inline("Clerks", second_factor).held_by(CLERK)]);
    let mut context = MapContext::new();
    context
        .set("aws:username", "ana*")
        .set("aws:MultiFactorAuthPresent", "false")
        .set("aws:PrincipalTag/team", "ana*-desk");
    let explanation = explained(&policies, "chime:DeleteUser", "*", &context);
    assert_eq!(
        explanation.to_string(),
        format!(
            "\
ImplicitlyDenied: chime:DeleteUser is denied because no identity-based policy allows it

Request
  principal  {ANA}
  action     chime:DeleteUser
  resource   *
  aws:multifactorauthpresent = `false`
  aws:principaltag/team = `ana*-desk`
  aws:username = `ana*`

Policies
  identity-based policy `Clerks`, through {CLERK}
    statement 1 `Ops` (line 1, column 38), Allow: does not apply
      yes Action: `chime:*`; the request has `chime:DeleteUser`
      yes Resource: `*`; the request has `*`
      NO  Condition Bool aws:MultiFactorAuthPresent: `true`; the request has `false`
      yes Condition StringLike aws:PrincipalTag/Team: `ana${{*}}-*` (written `${{aws:username}}-*`); the request has \
`ana*-desk`

Near misses
  statement 1 `Ops` of the identity-based policy `Clerks` would apply if `aws:MultiFactorAuthPresent` were `true`

What would allow it
  1. ask again with `aws:multifactorauthpresent` being `true`, so that statement 1 `Ops` of the identity-based policy \
`Clerks` applies
  2. add a statement that allows chime:DeleteUser on * to an identity-based policy
     identity-based policy: {{\"Effect\": \"Allow\", \"Action\": \"chime:DeleteUser\", \"Resource\": \"*\"}}
       by whoever may call iam:PutGroupPolicy on {CLERK}
"
        )
    );
}

#[test]
fn what_the_request_lacks_is_named() {
    let owned = statement(json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/home}/*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    }));
    let other = statement(json!({
        "Effect": "Allow", "Action": "ec2:*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }));
    let policies = Policies::new().identity(vec![
        Attached::inline("Home", owned),
        Attached::inline("Machines", other),
    ]);
    let explanation = explained(
        &policies,
        "s3:GetObject",
        "arn:aws:s3:::b/ana/x",
        &MapContext::new(),
    );
    assert_eq!(
        explanation.missing_context,
        ["aws:principaltag/home", "aws:sourceip"]
    );
    let parts = &explanation.policies[0].statements[0].parts;
    assert_eq!(parts[1].wanted, ["arn:aws:s3:::b/${aws:PrincipalTag/home}/*"]);
    assert_eq!((&parts[2].actual, parts[2].matched), (&None, false));
}

#[test]
fn every_place_that_must_allow_gets_its_statement() {
    let read = || statement(json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}));
    let policies = Policies::new()
        .identity(vec![Attached::inline("p", read())])
        .boundary(vec![Attached::managed(
            "arn:aws:iam::111122223333:policy/Limit",
            read(),
        )])
        .service_control(vec![vec![Attached::inline("root", read())], vec![]]);
    let explanation = explained(
        &policies,
        "s3:PutObject",
        "arn:aws:s3:::b/a*b",
        &MapContext::new(),
    );
    let kinds: Vec<_> = explanation
        .reasons
        .iter()
        .map(|reason| (reason.kind, reason.level))
        .collect();
    assert_eq!(
        kinds,
        [
            (PolicyKind::ServiceControl, Some(0)),
            (PolicyKind::ServiceControl, Some(1)),
            (PolicyKind::Identity, None),
            (PolicyKind::Boundary, None),
        ]
    );
    let [change] = &explanation.changes[..] else {
        panic!("{:#?}", explanation.changes)
    };
    let Edit::AddStatement { statement, by, .. } = &change.edits[3] else {
        panic!()
    };
    assert_eq!(
        statement,
        r#"{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/a${*}b"}"#
    );
    assert_eq!(
        by,
        "whoever may call iam:CreatePolicyVersion on arn:aws:iam::111122223333:policy/Limit"
    );
}

#[test]
fn a_deny_is_taken_out_where_it_stands_and_an_aws_policy_is_never_edited() {
    let deny = || statement(json!({"Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*"}));
    let own = Attached::inline("Closed", deny()).held_by(CLERK);
    let aws = Attached::managed("arn:aws:iam::aws:policy/AWSDenyAll", deny()).held_by(ANA);
    let policies = Policies::new().identity(vec![own, aws]);
    let explanation = explained(&policies, "chime:ListUsers", "*", &MapContext::new());
    assert_eq!(explanation.deciding.len(), 2);
    let [change] = &explanation.changes[..] else {
        panic!("{:#?}", explanation.changes)
    };
    let [
        Edit::Except { by: first, .. },
        Edit::Detach {
            by: second,
            policy_arn,
            ..
        },
        Edit::AddStatement { .. },
    ] = &change.edits[..]
    else {
        panic!("{change:#?}")
    };
    assert_eq!(
        &**first,
        format!("whoever may call iam:PutGroupPolicy on {CLERK}")
    );
    assert_eq!(
        &**second,
        format!("whoever may call iam:DetachUserPolicy on {ANA}")
    );
    assert_eq!(&**policy_arn, "arn:aws:iam::aws:policy/AWSDenyAll");
}

#[test]
fn a_deny_that_a_condition_can_avoid_says_so_first() {
    let policies = Policies::new().identity(vec![
        Attached::inline(
            "All",
            statement(json!({"Effect": "Allow", "Action": "*", "Resource": "*"})),
        ),
        Attached::inline(
            "Factor",
            statement(json!({
                "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            })),
        ),
    ]);
    let explanation = explained(&policies, "chime:ListUsers", "*", &MapContext::new());
    assert_eq!(
        explanation.changes[0].edits,
        [Edit::Context {
            key: "aws:multifactorauthpresent".into(),
            value: Some("true".into()),
        }]
    );
    assert!(matches!(explanation.changes[1].edits[..], [Edit::Except { .. }]));
}

#[test]
fn the_first_policy_that_is_enough_is_offered() {
    let policy = |name: &str, action: &str| {
        let document = statement(json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
        Attached::managed(format!("arn:aws:iam::aws:policy/{name}"), document)
    };
    let attachable = [
        policy("Read", "chime:Get*"),
        policy("Write", "chime:*"),
        policy("Admin", "*"),
    ];
    let principal: Principal = ANA.parse().unwrap();
    let context = MapContext::new();
    let request = Request {
        principal: &principal,
        actions: &["chime:DeleteUser"],
        resource: "*",
        resource_account: None,
        resource_policy: None,
        context: &context,
    };
    let options = Options {
        attachable: &attachable,
    };
    let explanation = explain_with(&request, &Policies::new(), options);
    assert_eq!(
        explanation.changes[1].edits,
        [Edit::Attach {
            policy_arn: "arn:aws:iam::aws:policy/Write".into(),
            by: format!("whoever may call iam:AttachUserPolicy on {ANA}"),
        }]
    );
}

#[test]
fn near_misses_are_sorted_by_closeness_and_leave_out_what_is_about_something_else() {
    let allow = |sid: &str, action: &str, resource: &str| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource});
    let document = document(
        &json!({"Version": "2012-10-17", "Statement": [
            allow("OtherService", "s3:*", "*"),
            allow("FarAction", "chime:ListUsers", "*"),
            allow("NearAction", "chime:DeleteUserX", "*"),
            allow("Both", "chime:ListUsers", "arn:aws:chime::1:x"),
            allow("Resource", "chime:DeleteUser", "arn:aws:chime::1:x"),
            {"Sid": "Condition", "Effect": "Allow", "Action": "*", "Resource": "*",
             "Condition": {"NumericGreaterThan": {"n": 7}}},
            {"Sid": "Deny", "Effect": "Deny", "Action": "chime:ListUsers", "Resource": "*"},
        ]})
        .to_string(),
    );
    let policies = Policies::new().identity(vec![Attached::inline("p", document)]);
    let mut context = MapContext::new();
    context.set("n", "7");
    let explanation = explained(&policies, "chime:DeleteUser", "*", &context);
    let sentences: Vec<_> = explanation
        .near_misses
        .iter()
        .map(|miss| {
            miss.sentence
                .replace(" of the identity-based policy `p` would apply if", ":")
        })
        .collect();
    assert_eq!(
        sentences,
        [
            "statement 6 `Condition`: `n` were `8`",
            "statement 5 `Resource`: it named the resource *",
            "statement 3 `NearAction`: it named the action chime:DeleteUser",
            "statement 2 `FarAction`: it named the action chime:DeleteUser",
        ]
    );
}

#[test]
fn rules_that_no_policy_expresses_are_named() {
    let all = statement(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let policies = Policies::new().identity(vec![Attached::inline("All", all)]);
    let context = MapContext::new();
    let locked = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let explanation = explained(&policies, "iam:DeletePolicy", locked, &context);
    assert!(explanation.summary.ends_with("cannot be changed by anyone"));
    assert!(explanation.changes.is_empty());
    let explanation = explained(&Policies::new(), "sts:GetCallerIdentity", "*", &context);
    assert_eq!(
        explanation.summary,
        "sts:GetCallerIdentity is allowed: every authenticated caller may ask who it is"
    );
}

#[test]
fn explanations_are_bounded_and_keep_what_matters() {
    let mut statements = vec![
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"k": "true"}}});
        2_000
    ];
    statements.push(
        json!({"Sid": "Last", "Effect": "Deny", "Action": "chime:*", "Resource": "*",
        "Condition": {"StringNotLike": {"x": vec!["y".repeat(5_000); 200]}}}),
    );
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policies = Policies::new().identity(vec![Attached::inline(
        "p",
        Arc::new(Document::lenient_text(&text).unwrap()),
    )]);
    let explanation = explained(
        &policies,
        &format!("chime:{}", "A".repeat(100_000)),
        "*",
        &MapContext::new(),
    );
    let shown = &explanation.policies[0].statements;
    assert_eq!((shown.len(), explanation.left_out), (MOST_STATEMENTS, 1_501));
    assert_eq!(shown.last().unwrap().sid.as_deref(), Some("Last"));
    assert_eq!(explanation.deciding[0].index, 2_000);
    let json = serde_json::to_string(&explanation).unwrap();
    assert!(json.len() < 1_000_000, "{}", json.len());
    assert!(!explanation.to_string().contains('\u{1}'));
}

#[test]
fn keys_are_listed_as_written_and_once() {
    let document = document(
        r#"{"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:::table/${aws:UserName}${*}",
        "Condition": {
            "StringLike": {"aws:PrincipalTag/Team": ["${AWS:username}", "${s3:prefix, 'x'}*"]},
            "NumericLessThan": {"s3:max-keys": "${not:one}"},
            "Null": {"aws:principaltag/team": "false"}
        }}}"#,
    );
    assert_eq!(
        context_keys([&document]),
        [
            "aws:UserName",
            "aws:PrincipalTag/Team",
            "s3:prefix",
            "s3:max-keys"
        ]
    );
}

#[test]
fn each_kind_of_policy_says_its_own() {
    let policy = |statements: Value| {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        Attached::inline("p", document(&text))
    };
    let allow = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "chime:Delete*", "Resource": "*"});
    let policies = Policies::new()
        .identity(vec![policy(json!([allow("chime:*")]))])
        .boundary(vec![policy(json!([allow("*"), deny]))])
        .service_control(vec![
            vec![policy(json!([allow("*")]))],
            vec![policy(json!([allow("s3:*")]))],
        ]);
    let principal: Principal = ANA.parse().unwrap();
    let context = MapContext::new();
    let request = Request {
        principal: &principal,
        actions: &["chime:DeleteUser"],
        resource: "*",
        resource_account: None,
        resource_policy: None,
        context: &context,
    };
    let simulated = Simulator::new(policies).simulate(&request);
    assert_eq!(simulated.decision, Outcome::ExplicitlyDenied);
    assert_eq!(simulated.matched[0].kind, PolicyKind::Boundary);
    assert_eq!(
        simulated.by_kind,
        [
            (PolicyKind::Identity, Outcome::Allowed),
            (PolicyKind::Boundary, Outcome::ExplicitlyDenied),
            (PolicyKind::ServiceControl, Outcome::ImplicitlyDenied),
        ]
    );
}
