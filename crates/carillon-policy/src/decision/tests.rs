use serde_json::{Value, json};

use super::*;
use crate::context::MapContext;
use crate::document::Document;

const ANA: &str = "arn:aws:iam::111122223333:user/ana";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Desk/ana";
const ROLE: &str = "arn:aws:iam::111122223333:role/Desk";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/ana";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const SERVICE: &str = "events.amazonaws.com";
const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";

fn attached(document: &Value) -> Attached {
    Attached::inline("p", Arc::new(Document::lenient(document)))
}

fn saying(effect: &str) -> Attached {
    attached(
        &json!({"Statement": {"Sid": effect, "Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"}}),
    )
}

/// A policy that says yes, no, or something about other actions.
fn policy(opinion: Opinion) -> Attached {
    match opinion {
        Opinion::Yes => saying("Allow"),
        Opinion::No => saying("Deny"),
        Opinion::Silent => attached(
            &json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "x:y", "Resource": "*"}}),
        ),
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Opinion {
    Yes,
    No,
    Silent,
}

use Opinion::{No, Silent, Yes};

fn principal(text: Option<&str>) -> Principal {
    text.map_or(Principal::Anonymous, |text| text.parse().unwrap())
}

struct Question<'a> {
    caller: Option<&'a str>,
    action: &'a str,
    resource: &'a str,
    owner: &'a str,
    resource_policy: Option<Attached>,
}

impl Question<'_> {
    fn ask(&self, policies: &Policies) -> Decision {
        let principal = principal(self.caller);
        decide(
            &Request {
                principal: &principal,
                actions: &[self.action],
                resource: self.resource,
                resource_account: Some(self.owner),
                resource_policy: self.resource_policy.as_ref(),
                context: &MapContext::new(),
            },
            policies,
        )
    }
}

fn question<'a>(caller: &'a str, owner: &'a str) -> Question<'a> {
    Question {
        caller: Some(caller),
        action: "s3:GetObject",
        resource: "arn:aws:s3:::b/x",
        owner,
        resource_policy: None,
    }
}

/// Every combination of caller, owner, principal element, identity policy, boundary, session policy, levels
/// of control policies and endpoint policy, against the rules written as one formula.
#[test]
fn the_grant_rules_by_enumeration() {
    let callers = [
        Some(ANA),
        Some(SESSION),
        Some(ROLE),
        Some(FEDERATED),
        Some(ROOT),
        Some(SERVICE),
        None,
    ];
    let elements = [
        Value::Null,
        json!("*"),
        json!({"AWS": OWN}),
        json!({"AWS": ROOT}),
        json!({"AWS": ANA}),
        json!({"AWS": "arn:aws:iam::111122223333:role/some/path/desk"}),
        json!({"AWS": SESSION}),
        json!({"AWS": FEDERATED}),
        json!({"Service": SERVICE}),
        json!({"AWS": OTHER}),
    ];
    let limits = [None, Some(Yes), Some(Silent), Some(No)];
    let mut asked = 0;
    for caller in callers {
        for element in &elements {
            let resource_policy = (!element.is_null()).then(|| {
                attached(&json!({"Statement": {"Effect": "Allow", "Principal": element, "Action": "*", "Resource": "*"}}))
            });
            let way = match (caller, element) {
                (_, Value::Null) => "",
                (_, element) if element == "*" => "wild",
                (Some(SERVICE), element) if element["Service"] == SERVICE => "direct",
                (Some(SERVICE) | None, _) => "",
                (_, element) if element["AWS"] == OWN || element["AWS"] == ROOT => "account",
                (Some(SESSION), element) if element["AWS"] == SESSION => "direct",
                (Some(SESSION | ROLE), element)
                    if element["AWS"].as_str().unwrap_or_default().ends_with("desk") =>
                {
                    "role"
                }
                (Some(FEDERATED), element) if element["AWS"] == FEDERATED => "direct",
                (Some(FEDERATED), element) if element["AWS"] == ANA => "user",
                (Some(ANA), element) if element["AWS"] == ANA => "direct",
                _ => "",
            };
            for owner in [OWN, OTHER] {
                let question = Question {
                    caller,
                    resource_policy: resource_policy.clone(),
                    ..question(ANA, owner)
                };
                for identity in [Yes, Silent, No] {
                    for boundary in limits {
                        for session in limits {
                            for guard in 0..8 {
                                let (scps, rcps, endpoint) = match guard {
                                    0 => (vec![], vec![], None),
                                    1 => (vec![Yes, Yes], vec![Yes], Some(Yes)),
                                    2 => (vec![Yes, Silent], vec![], None),
                                    3 => (vec![Yes, No], vec![], None),
                                    4 => (vec![], vec![Silent, Yes], None),
                                    5 => (vec![], vec![Yes, No], None),
                                    6 => (vec![], vec![], Some(Silent)),
                                    _ => (vec![], vec![], Some(No)),
                                };
                                let levels = |opinions: &[Opinion]| {
                                    opinions.iter().map(|opinion| vec![policy(*opinion)]).collect()
                                };
                                let mut policies = Policies::new()
                                    .identity(vec![policy(identity)])
                                    .service_control(levels(&scps))
                                    .resource_control(levels(&rcps));
                                if let Some(opinion) = boundary {
                                    policies = policies.boundary(vec![policy(opinion)]);
                                }
                                if let Some(opinion) = session {
                                    policies = policies.session(vec![policy(opinion)]);
                                }
                                if let Some(opinion) = endpoint {
                                    policies = policies.endpoint(vec![policy(opinion)]);
                                }

                                let stranger = matches!(caller, Some(SERVICE) | None);
                                let root = caller == Some(ROOT);
                                let has_identity = !stranger && !root;
                                let denied = (has_identity && (identity == No || boundary == Some(No)))
                                    || (!stranger && (session == Some(No) || scps.contains(&No)))
                                    || rcps.contains(&No)
                                    || endpoint == Some(No);
                                let i = root || identity == Yes;
                                let b = root || boundary.is_none_or(|opinion| opinion == Yes);
                                let s = session.is_none_or(|opinion| opinion == Yes);
                                let granted = match way {
                                    "direct" | "wild" if stranger || owner == OWN => true,
                                    _ if stranger => false,
                                    "role" | "user" if owner == OWN => b && s,
                                    "" if owner == OTHER => false,
                                    _ => i && b && s,
                                } || (!stranger && owner == OWN && i && b && s);
                                let guarded = (!stranger && scps.contains(&Silent))
                                    || rcps.contains(&Silent)
                                    || endpoint == Some(Silent);
                                let expected = match (denied, granted && !guarded) {
                                    (true, _) => "ExplicitlyDenied",
                                    (false, true) => "Allowed",
                                    (false, false) => "ImplicitlyDenied",
                                };
                                let decision = match question.ask(&policies) {
                                    Decision::Allowed { .. } => "Allowed",
                                    Decision::ExplicitlyDenied { .. } => "ExplicitlyDenied",
                                    Decision::ImplicitlyDenied { .. } => "ImplicitlyDenied",
                                };
                                assert_eq!(
                                    decision, expected,
                                    "{caller:?} named {element} owner {owner} I {identity:?} B {boundary:?} S {session:?} {scps:?} {rcps:?} {endpoint:?}"
                                );
                                asked += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(asked, 7 * 10 * 2 * 3 * 4 * 4 * 8);
}

#[test]
fn the_first_missing_kind_is_reported() {
    let silent = || vec![policy(Silent)];
    let everything = || {
        Policies::new()
            .identity(silent())
            .boundary(silent())
            .session(silent())
            .service_control(vec![silent()])
            .resource_control(vec![silent()])
            .endpoint(silent())
    };
    let yes = || vec![policy(Yes)];
    let missing = |policies: &Policies, owner| match question(ANA, owner).ask(policies) {
        Decision::ImplicitlyDenied { missing } => missing,
        other => panic!("{other:?}"),
    };
    let mut policies = everything();
    assert_eq!(missing(&policies, OTHER), PolicyKind::ServiceControl);
    policies = policies.service_control(vec![yes()]);
    assert_eq!(missing(&policies, OTHER), PolicyKind::ResourceControl);
    policies = policies.resource_control(vec![yes()]);
    assert_eq!(missing(&policies, OTHER), PolicyKind::Endpoint);
    policies = policies.endpoint(yes());
    assert_eq!(missing(&policies, OTHER), PolicyKind::Resource);
    assert_eq!(missing(&policies, OWN), PolicyKind::Identity);
    policies = policies.identity(yes());
    assert_eq!(missing(&policies, OWN), PolicyKind::Boundary);
    policies = policies.boundary(yes());
    assert_eq!(missing(&policies, OWN), PolicyKind::Session);
    policies = policies.session(yes());
    assert!(question(ANA, OWN).ask(&policies).is_allowed());
}

#[test]
fn a_boundary_is_hit_by_not_principal_whoever_it_lists() {
    let policy = attached(&json!({"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": [ANA, SESSION, ROLE, OWN]}, "Action": "*", "Resource": "*"},
    ]}));
    let bounded = Policies::new().boundary(vec![saying("Allow")]);
    for caller in [ANA, SESSION, ROLE, FEDERATED] {
        let question = Question {
            resource_policy: Some(policy.clone()),
            ..question(caller, OWN)
        };
        assert!(question.ask(&Policies::new()).is_allowed(), "{caller}");
        assert!(
            matches!(question.ask(&bounded), Decision::ExplicitlyDenied { .. }),
            "{caller}"
        );
    }
    // A boundary does not apply to root, nor to those who cannot have one.
    let question = Question {
        resource_policy: Some(policy.clone()),
        ..question(ROOT, OWN)
    };
    assert!(question.ask(&bounded).is_allowed());
    let stranger = Question {
        caller: None,
        ..question
    };
    assert!(matches!(
        stranger.ask(&bounded),
        Decision::ExplicitlyDenied { .. }
    ));
}

#[test]
fn not_principal_spares_whom_it_names_in_any_way() {
    let denied = |listed: Value, caller| {
        let policy = attached(
            &json!({"Statement": {"Effect": "Deny", "NotPrincipal": listed, "Action": "*", "Resource": "*"}}),
        );
        let question = Question {
            resource_policy: Some(policy),
            ..question(caller, OWN)
        };
        matches!(question.ask(&Policies::new()), Decision::ExplicitlyDenied { .. })
    };
    assert!(!denied(json!({"AWS": ANA}), ANA));
    assert!(denied(json!({"AWS": ANA}), SESSION));
    assert!(!denied(json!({"AWS": ANA}), FEDERATED));
    assert!(!denied(json!({"AWS": OWN}), SESSION));
    assert!(!denied(json!({"AWS": ROLE}), SESSION));
    assert!(!denied(json!("*"), SERVICE));
    assert!(denied(json!({"AWS": "arn:aws:iam::111122223333:user/*"}), ANA));
    assert!(
        !denied(json!(7), ANA),
        "a statement of the wrong shape applies to nobody"
    );
}

#[test]
fn unique_ids_name_users_and_roles_that_still_exist() {
    let grants = |name: &str, principal: &Principal| {
        let policy = attached(
            &json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "*", "Resource": "*"}}),
        );
        let request = Request {
            principal,
            actions: &["s3:GetObject"],
            resource: "arn:aws:s3:::b",
            resource_account: None,
            resource_policy: Some(&policy),
            context: &MapContext::new(),
        };
        decide(&request, &Policies::new()).is_allowed()
    };
    let user = |id: &str| Principal::User {
        arn: ANA.into(),
        account: OWN.into(),
        unique_id: Some(id.into()),
    };
    assert!(grants("AIDAEXAMPLEEXAMPLE12", &user("AIDAEXAMPLEEXAMPLE12")));
    assert!(!grants("AIDAEXAMPLEEXAMPLE12", &user("AIDAEXAMPLEEXAMPLE13")));
    assert!(!grants("AIDAEXAMPLEEXAMPLE12", &principal(Some(ANA))));
    let session = Principal::RoleSession {
        arn: SESSION.into(),
        role_arn: ROLE.into(),
        account: OWN.into(),
        role_id: Some("AROAEXAMPLEEXAMPLE12".into()),
    };
    assert!(grants("AROAEXAMPLEEXAMPLE12", &session));
    assert!(!grants("AROAEXAMPLEEXAMPLE13", &session));
}

#[test]
fn anybody_known_may_ask_who_it_is() {
    let no = Policies::new()
        .identity(vec![saying("Deny")])
        .service_control(vec![vec![saying("Deny")]]);
    let who = |caller| {
        Question {
            caller,
            action: "STS:getcalleridentity",
            resource: "*",
            ..question(ANA, OWN)
        }
        .ask(&no)
    };
    assert_eq!(who(Some(ANA)), Decision::Allowed { by: None });
    assert!(!who(None).is_allowed());
}

#[test]
fn a_trust_policy_must_agree_even_within_the_account() {
    let assume = |names: Option<&str>, policies: &Policies, owner| {
        let resource_policy = names.map(|name| {
            attached(&json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "sts:AssumeRole"}}))
        });
        Question {
            action: "sts:AssumeRole",
            resource: "arn:aws:iam::111122223333:role/x",
            resource_policy,
            ..question(ANA, owner)
        }
        .ask(policies)
    };
    let allowed = Policies::new().identity(vec![saying("Allow")]);
    let trust_says_no = Decision::ImplicitlyDenied {
        missing: PolicyKind::Trust,
    };
    assert!(assume(Some(ANA), &Policies::new(), OWN).is_allowed());
    assert!(assume(Some(OWN), &allowed, OWN).is_allowed());
    assert_eq!(
        assume(Some(OWN), &Policies::new(), OWN),
        Decision::ImplicitlyDenied {
            missing: PolicyKind::Identity
        }
    );
    assert_eq!(assume(Some(OTHER), &allowed, OWN), trust_says_no);
    assert!(assume(Some(ANA), &allowed, OTHER).is_allowed());
    assert!(!assume(Some(ANA), &Policies::new(), OTHER).is_allowed());
    assert_eq!(assume(Some(OTHER), &allowed, OTHER), trust_says_no);
    // Without a policy on the resource the ordinary rule holds.
    assert!(assume(None, &allowed, OWN).is_allowed());
}

#[test]
fn a_key_policy_decides_whether_identity_policies_count() {
    let decrypt = |resource, element: Option<Value>, policies: &Policies| {
        let resource_policy = element.map(|element| {
            attached(&json!({"Statement": {"Effect": "Allow", "Principal": element, "Action": "kms:*", "Resource": "*"}}))
        });
        Question {
            action: "kms:Decrypt",
            resource,
            resource_policy,
            ..question(ANA, OWN)
        }
        .ask(policies)
        .is_allowed()
    };
    let (key, alias) = (
        "arn:aws:kms:eu-west-1:111122223333:key/1",
        "arn:aws:kms:eu-west-1:111122223333:alias/a",
    );
    let allowed = Policies::new().identity(vec![saying("Allow")]);
    assert!(decrypt(key, Some(json!({"AWS": ROOT})), &allowed));
    assert!(!decrypt(key, Some(json!({"AWS": ROOT})), &Policies::new()));
    assert!(decrypt(key, Some(json!({"AWS": ANA})), &Policies::new()));
    assert!(!decrypt(key, Some(json!({"AWS": OTHER})), &allowed));
    assert!(!decrypt(key, None, &allowed));
    assert!(decrypt(alias, None, &allowed));
}

#[test]
fn what_aws_keeps_is_out_of_reach() {
    let all = Policies::new().identity(vec![saying("Allow")]);
    for (action, resource, expected) in [
        (
            "iam:CreatePolicyVersion",
            "arn:aws:iam::aws:policy/AmazonChimeReadOnly",
            false,
        ),
        ("iam:createpolicy", "arn:aws:iam::aws:policy/x", false),
        ("iam:TagPolicy", "arn:aws:iam::aws:policy/service-role/x", false),
        (
            "iam:GetPolicy",
            "arn:aws:iam::aws:policy/AmazonChimeReadOnly",
            true,
        ),
        ("iam:DeletePolicy", "arn:aws:iam::111122223333:policy/x", true),
        (
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/aws-reserved/sso/x",
            false,
        ),
        (
            "iam:UpdateRoleDescription",
            "arn:aws:iam::111122223333:role/aws-reserved/x",
            false,
        ),
        (
            "iam:GetRole",
            "arn:aws:iam::111122223333:role/aws-reserved/x",
            true,
        ),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/x", true),
        (
            "kms:DeleteAlias",
            "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
            false,
        ),
        (
            "kms:DeleteAlias",
            "arn:aws:kms:eu-west-1:111122223333:alias/mine",
            true,
        ),
        ("kms:ListAliases", "*", true),
    ] {
        for caller in [ANA, ROOT] {
            let decision = Question {
                action,
                resource,
                ..question(caller, OWN)
            }
            .ask(&all);
            assert_eq!(
                decision.is_allowed(),
                expected,
                "{action} on {resource} by {caller}"
            );
            assert!(!matches!(decision, Decision::ExplicitlyDenied { .. }));
        }
    }
}

#[test]
fn control_policies_spare_the_roles_of_services() {
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    let session = Principal::RoleSession {
        arn: "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/s".into(),
        role_arn: linked.into(),
        account: OWN.into(),
        role_id: None,
    };
    let policies = Policies::new()
        .identity(vec![saying("Allow")])
        .service_control(vec![vec![saying("Deny")]]);
    for (principal, expected) in [
        (&principal(Some(linked)), true),
        (&session, true),
        (&principal(Some(ROLE)), false),
    ] {
        let request = Request {
            principal,
            actions: &["s3:GetObject"],
            resource: "*",
            resource_account: None,
            resource_policy: None,
            context: &MapContext::new(),
        };
        assert_eq!(
            decide(&request, &policies).is_allowed(),
            expected,
            "{principal:?}"
        );
    }
}

#[test]
fn any_spelling_allows_and_any_spelling_denies() {
    let spellings = ["chime:ListMeetingReportData", "chime:ListMeetingsReportData"];
    let decision = |statement: Value| {
        let policies =
            Policies::new().identity(vec![saying("Allow"), attached(&json!({"Statement": statement}))]);
        let principal = principal(Some(ANA));
        let request = Request {
            principal: &principal,
            actions: &spellings,
            resource: "*",
            resource_account: None,
            resource_policy: None,
            context: &MapContext::new(),
        };
        decide(&request, &policies).is_allowed()
    };
    for spelling in spellings {
        assert!(
            !decision(json!({"Effect": "Deny", "Action": spelling, "Resource": "*"})),
            "{spelling}"
        );
        assert!(
            decision(json!({"Effect": "Deny", "NotAction": spelling, "Resource": "*"})),
            "{spelling}"
        );
    }
    assert!(!decision(
        json!({"Effect": "Deny", "NotAction": "chime:GetUser", "Resource": "*"})
    ));
    assert!(!decision(
        json!({"Effect": "Deny", "Action": "chime:ListMeetings*", "Resource": "*"})
    ));
}

#[test]
fn no_action_at_all_is_denied() {
    let request = Request {
        principal: &principal(Some(ROOT)),
        actions: &[],
        resource: "*",
        resource_account: None,
        resource_policy: None,
        context: &MapContext::new(),
    };
    assert!(!decide(&request, &Policies::new().identity(vec![saying("Allow")])).is_allowed());
}

#[test]
fn a_decision_says_which_statement_it_was() {
    let document = Document::lenient(&json!({"Statement": [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Sid": "Objects", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
    ]}));
    let managed = Attached::managed("arn:aws:iam::111122223333:policy/team/Reader", Arc::new(document));
    let policies = Policies::new().identity(vec![policy(Silent), managed]);
    let Decision::Allowed { by: Some(by) } = question(ANA, OWN).ask(&policies) else {
        panic!()
    };
    assert_eq!(
        by,
        StatementRef {
            kind: PolicyKind::Identity,
            policy_arn: Some("arn:aws:iam::111122223333:policy/team/Reader".into()),
            policy_name: "Reader".into(),
            index: 1,
            sid: Some("Objects".into()),
        }
    );
}

#[test]
fn refusals_are_worded_as_aws_words_them() {
    let by = |kind, arn: Option<&str>| Decision::ExplicitlyDenied {
        by: StatementRef {
            kind,
            policy_arn: arn.map(Into::into),
            policy_name: "p".into(),
            index: 0,
            sid: None,
        },
    };
    let arn = Some("arn:aws:iam::111122223333:policy/NoDelete");
    for (decision, same_account, expected) in [
        (
            by(PolicyKind::Identity, arn),
            true,
            "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/NoDelete",
        ),
        (
            by(PolicyKind::Identity, arn),
            false,
            "with an explicit deny in an identity-based policy",
        ),
        (
            by(PolicyKind::Identity, None),
            true,
            "with an explicit deny in an identity-based policy",
        ),
        (
            by(PolicyKind::Boundary, None),
            true,
            "with an explicit deny in a permissions boundary",
        ),
        (
            by(PolicyKind::Session, None),
            true,
            "with an explicit deny in a session policy",
        ),
        (
            by(PolicyKind::ServiceControl, arn),
            true,
            "with an explicit deny in a service control policy: arn:aws:iam::111122223333:policy/NoDelete",
        ),
        (
            by(PolicyKind::ResourceControl, None),
            true,
            "with an explicit deny in a resource control policy",
        ),
        (
            by(PolicyKind::Resource, arn),
            true,
            "with an explicit deny in a resource-based policy",
        ),
        (
            by(PolicyKind::Endpoint, arn),
            true,
            "with an explicit deny in a VPC endpoint policy",
        ),
        (
            by(PolicyKind::Trust, arn),
            true,
            "with an explicit deny in the role trust policy",
        ),
        (
            Decision::ImplicitlyDenied {
                missing: PolicyKind::Identity,
            },
            true,
            "because no identity-based policy allows the chime:DeleteAccount action",
        ),
        (
            Decision::ImplicitlyDenied {
                missing: PolicyKind::Boundary,
            },
            true,
            "because no permissions boundary allows the chime:DeleteAccount action",
        ),
        (
            Decision::ImplicitlyDenied {
                missing: PolicyKind::Trust,
            },
            true,
            "because no role trust policy allows the chime:DeleteAccount action",
        ),
        (Decision::Allowed { by: None }, true, ""),
    ] {
        assert_eq!(decision.wording("chime:DeleteAccount", same_account), expected);
    }
}

#[test]
fn a_web_identity_is_let_in_by_the_name_of_its_provider_only() {
    const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/login.example.com";
    let caller = Principal::WebIdentity {
        provider: PROVIDER.into(),
    };
    let mut context = MapContext::new();
    context.set("login.example.com:sub", "ben");
    let asked = |statements: Value, policies: &Policies| {
        decide(
            &Request {
                principal: &caller,
                actions: &["sts:AssumeRoleWithWebIdentity"],
                resource: ROLE,
                resource_account: Some(OWN),
                resource_policy: Some(&attached(
                    &json!({ "Version": "2012-10-17", "Statement": statements }),
                )),
                context: &context,
            },
            policies,
        )
    };
    let none = Policies::new();
    let trust = |effect: &str, principal: Value, subject: &str| {
        json!({
            "Effect": effect, "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { "login.example.com:sub": subject } },
        })
    };
    let yes = trust("Allow", json!({ "Federated": PROVIDER }), "ben");
    assert!(asked(yes.clone(), &none).is_allowed());
    for no in [
        trust("Allow", json!({ "Federated": PROVIDER }), "eve"),
        trust(
            "Allow",
            json!({ "Federated": "arn:aws:iam::444455556666:oidc-provider/login.example.com" }),
            "ben",
        ),
        trust("Allow", json!({ "Federated": "login.example.com" }), "ben"),
        trust("Allow", json!({ "AWS": PROVIDER }), "ben"),
        trust("Allow", json!({ "Service": PROVIDER }), "ben"),
        trust("Allow", json!({ "AWS": OWN }), "ben"),
        trust("Allow", json!("*"), "ben"),
        json!([yes, trust("Deny", json!("*"), "ben")]),
        json!([yes, trust("Deny", json!({ "Federated": PROVIDER }), "ben")]),
    ] {
        assert!(!asked(no.clone(), &none).is_allowed(), "{no}");
    }
    // It has no policies, so none of somebody else's count.
    let everything = Policies::new().identity(vec![saying("Allow")]);
    assert!(!asked(trust("Allow", json!({ "AWS": OWN }), "ben"), &everything).is_allowed());
}

#[test]
fn the_short_way_finds_the_statement_that_the_long_way_finds() {
    let mut short = 0;
    for (seed, mut case) in crate::agreement::cases() {
        for other in [
            "resource_policy",
            "resource_account",
            "boundaries",
            "session_policies",
            "scps",
            "rcps",
            "endpoint_policies",
        ] {
            case[other] = Value::Null;
        }
        let action = case["action"].as_str().unwrap();
        crate::agreement::asked(&case, &[action], |request, policies| {
            let prepared = Prepared::new(request, &policies.actions);
            short += usize::from(prepared.plain && prepared.known.is_some());
            assert_eq!(
                prepared.decide(policies).keep(),
                prepared.decide_in_full(policies, prepared.known).keep(),
                "seed {seed}: {case:#}"
            );
        });
    }
    assert!(short > 100, "{short} decisions went the short way");
}
