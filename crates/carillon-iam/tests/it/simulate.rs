//! Simulation: what policies would decide.

use carillon_iam::testing::{ACCOUNT, Answer, TestClient, TestServer};
use serde_json::{Value, json};

use crate::{allow, column, document, given_policy, pages, servers, text, trust, user_arn};

/// What is told of one action, as lists of lines.
async fn simulated(client: &TestClient<'_>, members: &[(&str, &str)]) -> Answer {
    client.iam("SimulateCustomPolicy", members).await
}

fn decisions(answer: &Answer) -> Vec<String> {
    column(&answer.ok()["EvaluationResults"], "EvalDecision")
}

#[tokio::test]
async fn statements_are_told_with_their_places() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    let root = server.as_root();
    let policy = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "chime:*", "Resource": "*"},
    {
      "Effect": "Deny", "Action": "chime:Delete*", "Resource": "*",
      "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }
  ]
}"#;
    let answer = simulated(
        &root,
        &[
            ("PolicyInputList.member.1", policy),
            ("ActionNames.member.1", "chime:DeleteUser"),
            ("ActionNames.member.2", "CHIME:listusers"),
            ("ActionNames.member.3", "s3:GetObject"),
            ("ContextEntries.member.1.ContextKeyName", "AWS:SecureTransport"),
            ("ContextEntries.member.1.ContextKeyType", "boolean"),
            ("ContextEntries.member.1.ContextKeyValues.member.1", "false"),
        ],
    )
    .await;
    assert_eq!(decisions(&answer), ["explicitDeny", "allowed", "implicitDeny"]);
    let place = |line: u32, column: u32| json!({"Line": line.to_string(), "Column": column.to_string()});
    let results = &answer.body["EvaluationResults"];
    assert_eq!(
        results[0],
        json!({
            "EvalActionName": "chime:DeleteUser", "EvalResourceName": "*", "EvalDecision": "explicitDeny",
            "MatchedStatements": [{
                "SourcePolicyId": "PolicyInputList.1", "SourcePolicyType": "IAM Policy",
                "StartPosition": place(5, 5), "EndPosition": place(8, 6),
            }],
            "MissingContextValues": "",
        })
    );
    assert_eq!(results[1]["MatchedStatements"][0]["StartPosition"], place(4, 5));
    assert_eq!(results[2]["MatchedStatements"], "");
    assert_eq!(answer.body["IsTruncated"], "false");
}

#[tokio::test]
async fn what_a_simulation_was_not_told_is_named() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    let root = server.as_root();
    let policy = document(&json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    }));
    let members = [
        ("PolicyInputList.member.1", policy.as_str()),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ResourceArns.member.1", "arn:aws:s3:::b/ada/x"),
        ("ResourceArns.member.2", "arn:aws:s3:::b/ben/x"),
    ];
    let answer = simulated(&root, &members).await;
    let result = &answer.ok()["EvaluationResults"][0];
    assert_eq!(result["EvalResourceName"], "*");
    assert_eq!(
        result["MissingContextValues"],
        json!(["aws:username", "aws:SourceIp"])
    );
    assert_eq!(result["EvalDecisionDetails"], "");

    let mut told = members.to_vec();
    told.extend([
        ("ContextEntries.member.1.ContextKeyName", "aws:username"),
        ("ContextEntries.member.1.ContextKeyValues.member.1", "ada"),
        ("ContextEntries.member.2.ContextKeyName", "aws:SourceIp"),
        ("ContextEntries.member.2.ContextKeyType", "ip"),
        ("ContextEntries.member.2.ContextKeyValues.member.1", "10.1.2.3"),
    ]);
    let answer = simulated(&root, &told).await;
    let result = &answer.ok()["EvaluationResults"][0];
    assert_eq!(
        (&result["EvalDecision"], &result["MissingContextValues"]),
        (&json!("implicitDeny"), &json!(""))
    );
    let each = &result["ResourceSpecificResults"];
    assert_eq!(
        column(each, "EvalResourceName"),
        ["arn:aws:s3:::b/ada/x", "arn:aws:s3:::b/ben/x"]
    );
    assert_eq!(column(each, "EvalResourceDecision"), ["allowed", "implicitDeny"]);
    assert_eq!(
        each[0]["MatchedStatements"][0]["SourcePolicyId"],
        "PolicyInputList.1"
    );
    assert_eq!(result["MatchedStatements"], "");
}

#[tokio::test]
async fn boundaries_and_organizations_are_told_apart() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    let (all, chime, s3) = (allow("*"), allow("chime:*"), allow("s3:*"));
    let answer = simulated(
        &server.as_root(),
        &[
            ("PolicyInputList.member.1", all.as_str()),
            ("PermissionsBoundaryPolicyInputList.member.1", &chime),
            (
                "OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList.member.1",
                &all,
            ),
            (
                "OrderedOrganizationPolicyInputList.member.2.ServiceControlPolicyInputList.member.1",
                &s3,
            ),
            (
                "OrderedOrganizationPolicyInputList.member.2.ServiceControlPolicyInputList.member.2",
                &chime,
            ),
            ("ActionNames.member.1", "chime:ListUsers"),
            ("ActionNames.member.2", "s3:GetObject"),
            ("ActionNames.member.3", "ec2:RunInstances"),
        ],
    )
    .await;
    assert_eq!(decisions(&answer), ["allowed", "implicitDeny", "implicitDeny"]);
    let results = answer.body["EvaluationResults"].as_array().unwrap();
    let told: Vec<(&Value, &Value)> = results
        .iter()
        .map(|result| {
            (
                &result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"],
                &result["OrganizationsDecisionDetail"]["AllowedByOrganizations"],
            )
        })
        .collect();
    let (yes, no) = (json!("true"), json!("false"));
    assert_eq!(told, [(&yes, &yes), (&no, &yes), (&no, &no)]);
}

#[tokio::test]
async fn another_accounts_resource_needs_both_sides() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    let root = server.as_root();
    let ada = user_arn("ada");
    let open = document(&json!({
        "Effect": "Allow", "Principal": {"AWS": ada}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
    }));
    let ask = async |policy: &str, owner: &str| {
        let answer = simulated(
            &root,
            &[
                ("PolicyInputList.member.1", policy),
                ("ActionNames.member.1", "s3:GetObject"),
                ("ResourceArns.member.1", "arn:aws:s3:::b/x"),
                ("ResourcePolicy", &open),
                ("ResourceOwner", owner),
                ("CallerArn", &ada),
            ],
        )
        .await;
        answer.ok()["EvaluationResults"][0].clone()
    };
    let foreign = "arn:aws:iam::999988887777:root";
    let both = ask(&allow("s3:*"), foreign).await;
    assert_eq!(both["EvalDecision"], "allowed");
    assert_eq!(
        column(&both["MatchedStatements"], "SourcePolicyId"),
        ["PolicyInputList.1", "ResourcePolicy"]
    );
    assert_eq!(
        column(&both["MatchedStatements"], "SourcePolicyType"),
        ["IAM Policy", "Resource Policy"]
    );
    let one = ask(&allow("ec2:*"), foreign).await;
    assert_eq!(one["EvalDecision"], "implicitDeny");
    assert_eq!(
        one["EvalDecisionDetails"],
        json!([
            {"key": "IAM Policy", "value": "implicitDeny"}, {"key": "Resource Policy", "value": "allowed"},
        ])
    );
    let own = ask(&allow("ec2:*"), ACCOUNT).await;
    assert_eq!(
        (&own["EvalDecision"], &own["EvalDecisionDetails"]),
        (&json!("allowed"), &json!(""))
    );
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    let root = server.as_root();
    let all = allow("*");
    for (member, value, part) in [
        ("ActionNames.member.1", "s3:Get*", "Invalid Action Name: s3:Get*"),
        ("ActionNames.member.1", "s3*:Get", "Invalid Action Name"),
        ("ActionNames.member.1", "GetObject", "Invalid Action Name"),
        ("ActionNames.member.1", "s3:Get:Object", "Invalid Action Name"),
        (
            "PolicyInputList.member.2",
            "{}",
            "PolicyInputList.2: Syntax errors in policy.",
        ),
        (
            "PermissionsBoundaryPolicyInputList.member.2",
            &all,
            "one permissions boundary",
        ),
        (
            "CallerArn",
            "arn:aws:sts::123456789012:assumed-role/a/b",
            "Invalid Entity Arn",
        ),
        ("CallerArn", "events.amazonaws.com", "Invalid Entity Arn"),
        ("ResourceOwner", "ada", "Invalid ResourceOwner"),
        ("ResourcePolicy", &trust("*"), "CallerArn is required"),
        (
            "ContextEntries.member.1.ContextKeyValues.member.1",
            "x",
            "no ContextKeyName",
        ),
        ("Marker", "forged", "Invalid Marker."),
    ] {
        let mut members = vec![
            ("PolicyInputList.member.1", all.as_str()),
            ("PermissionsBoundaryPolicyInputList.member.1", &all),
            ("ActionNames.member.1", "s3:GetObject"),
        ];
        members.retain(|(other, _)| *other != member);
        members.push((member, value));
        let refused = simulated(&root, &members).await;
        assert_eq!(refused.code(), "InvalidInput", "{member} {value}");
        assert!(
            refused.message().contains(part),
            "{member} {value}: {}",
            refused.message()
        );
    }
    for (kind, values, part) in [
        ("numeric", &["x"][..], "x is not of its ContextKeyType"),
        ("boolean", &["yes"], "yes is not"),
        ("ip", &["10.0.0.0/8"], "is not"),
        ("dateList", &["2026-01-01", "soon"], "soon is not"),
        ("string", &["a", "b"], "a type that is no list has one value"),
        ("string", &[], "it has no value"),
    ] {
        let names: Vec<String> = (1..=values.len())
            .map(|number| format!("ContextEntries.member.1.ContextKeyValues.member.{number}"))
            .collect();
        let mut members = vec![
            ("PolicyInputList.member.1", all.as_str()),
            ("ActionNames.member.1", "s3:GetObject"),
            ("ContextEntries.member.1.ContextKeyName", "s3:prefix"),
            ("ContextEntries.member.1.ContextKeyType", kind),
        ];
        members.extend(names.iter().map(String::as_str).zip(values.iter().copied()));
        let refused = simulated(&root, &members).await;
        assert_eq!(refused.code(), "InvalidInput", "{kind}");
        assert!(refused.message().contains(part), "{kind}: {}", refused.message());
    }
}

#[tokio::test]
async fn large_simulations_come_in_pages() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    let root = server.as_root();
    let policy = document(&json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/0*",
    }));
    let names: Vec<(String, String)> = (1..=256)
        .map(|number| {
            (
                format!("ActionNames.member.{number}"),
                format!("s3:Action{number}"),
            )
        })
        .chain((1..=1_000).map(|number| {
            let arn = format!("arn:aws:s3:::b/{:04}", number);
            (format!("ResourceArns.member.{number}"), arn)
        }))
        .collect();
    let mut members: Vec<(&str, &str)> = names
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    members.push(("PolicyInputList.member.1", &policy));
    let first = simulated(&root, &members).await;
    let results = first.ok()["EvaluationResults"].as_array().unwrap();
    assert_eq!((results.len(), &first.body["IsTruncated"]), (1, &json!("true")));
    assert_eq!(
        results[0]["ResourceSpecificResults"].as_array().unwrap().len(),
        1_000
    );
    assert_eq!(results[0]["EvalDecision"], "implicitDeny");
    // Even one action can be too much.
    let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let long = document(&Value::Array(vec![statement; 2_100]));
    members.push(("PolicyInputList.member.2", &long));
    let refused = simulated(&root, &members).await;
    assert_eq!(refused.code(), "InvalidInput");
    assert!(refused.message().contains("too large"), "{}", refused.message());
    members.pop();

    members.retain(|(name, _)| !name.starts_with("Resource"));
    let all = pages(&root, "SimulateCustomPolicy", &members, "EvaluationResults").await;
    assert_eq!(all.len(), 256);
    members.push(("MaxItems", "7"));
    let first = simulated(&root, &members).await;
    let marker = text(&first.ok()["Marker"]);
    let all = pages(&root, "SimulateCustomPolicy", &members, "EvaluationResults").await;
    assert_eq!(all[255]["EvalActionName"], "s3:Action256");
    // A marker belongs to what was asked.
    members.retain(|(name, _)| *name != "ActionNames.member.256");
    members.push(("Marker", &marker));
    assert_eq!(simulated(&root, &members).await.code(), "InvalidInput");
}

/// Ada, of the group of clerks, with policies of every kind.
async fn given_ada(server: &TestServer) {
    let root = server.as_root();
    let limit = given_policy(&root, "Limit", &allow("*")).await;
    let readers = given_policy(&root, "Readers", &allow("sns:Get*")).await;
    let made = [
        (
            "CreateUser",
            vec![
                ("UserName", "ada"),
                ("PermissionsBoundary", limit.as_str()),
                ("Path", "/ops/"),
                ("Tags.member.1.Key", "Team"),
                ("Tags.member.1.Value", "blue"),
            ],
        ),
        ("CreateGroup", vec![("GroupName", "clerks")]),
        (
            "AddUserToGroup",
            vec![("GroupName", "clerks"), ("UserName", "ada")],
        ),
        (
            "AttachUserPolicy",
            vec![
                ("UserName", "ada"),
                ("PolicyArn", "arn:aws:iam::aws:policy/SecurityAudit"),
            ],
        ),
        (
            "AttachGroupPolicy",
            vec![("GroupName", "clerks"), ("PolicyArn", readers.as_str())],
        ),
    ];
    for (action, members) in made {
        root.iam(action, &members).await.ok();
    }
    for (action, holder, name, policy) in [
        (
            "PutUserPolicy",
            ("UserName", "ada"),
            "Own",
            document(&json!({
                "Effect": "Allow", "Action": "s3:*", "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
            })),
        ),
        (
            "PutGroupPolicy",
            ("GroupName", "clerks"),
            "Shared",
            allow("sqs:*"),
        ),
    ] {
        root.iam(
            action,
            &[holder, ("PolicyName", name), ("PolicyDocument", &policy)],
        )
        .await
        .ok();
    }
}

#[tokio::test]
async fn a_principal_is_simulated_with_everything_it_has() {
    for server in servers().await {
        given_ada(&server).await;
        let root = server.as_root();
        let ada = format!("arn:aws:iam::{ACCOUNT}:user/ops/ada");
        let mut members = vec![
            ("PolicySourceArn", ada.as_str()),
            ("ActionNames.member.1", "chime:ListUsers"),
            ("ActionNames.member.2", "sns:GetTopicAttributes"),
            ("ActionNames.member.3", "s3:GetObject"),
            ("ActionNames.member.4", "sqs:SendMessage"),
            ("ActionNames.member.5", "chime:DeleteUser"),
            ("ActionNames.member.6", "ec2:RunInstances"),
        ];
        let more = allow("ec2:*");
        members.push(("PolicyInputList.member.1", &more));
        let answer = root.iam("SimulatePrincipalPolicy", &members).await;
        assert_eq!(
            decisions(&answer),
            [
                "allowed",
                "allowed",
                "allowed",
                "allowed",
                "implicitDeny",
                "allowed"
            ]
        );
        let results = answer.body["EvaluationResults"].as_array().unwrap();
        let sources: Vec<Vec<String>> = results
            .iter()
            .map(|result| column(&result["MatchedStatements"], "SourcePolicyId"))
            .collect();
        assert_eq!(
            sources.concat(),
            [
                "SecurityAudit",
                "Readers",
                "user_ada_Own",
                "group_clerks_Shared",
                "PolicyInputList.1"
            ]
        );
        assert_eq!(
            results[0]["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"],
            "true"
        );

        // What a policy less would mean, without taking it away.
        let exclude = async |member: &[(&str, &str)]| {
            let all = [&members[..], member].concat();
            let answer = root.iam("SimulatePrincipalPolicy", &all).await;
            answer.ok();
            decisions(&answer)
                .iter()
                .map(|one| one == "allowed")
                .collect::<Vec<_>>()
        };
        let (yes, no) = (true, false);
        assert_eq!(
            exclude(&[("PolicyExclusionList.member.1.PolicyType", "inline")]).await,
            [yes, yes, no, no, no, yes]
        );
        assert_eq!(
            exclude(&[
                ("PolicyExclusionList.member.1.PolicyType", "aws-managed"),
                (
                    "PolicyExclusionList.member.2.PolicyArn",
                    "arn:aws:iam::123456789012:policy/Read?rs"
                ),
            ])
            .await,
            [no, no, yes, yes, no, yes]
        );
        let shared = "PolicyExclusionList.member.1.InlinePolicyIdentifier";
        let [name, kind_of, on] =
            ["PolicyName", "AttachmentType", "AttachmentName"].map(|member| format!("{shared}.{member}"));
        assert_eq!(
            exclude(&[(&name, "Shared"), (&kind_of, "group"), (&on, "cl*"),]).await,
            [yes, yes, yes, no, no, yes]
        );
        let boundary = allow("chime:*");
        assert_eq!(
            exclude(&[("PermissionsBoundaryPolicyInputList.member.1", &boundary)]).await,
            [yes, no, no, no, no, no]
        );

        let keys = root
            .iam("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", &ada)])
            .await;
        assert_eq!(keys.ok()["ContextKeyNames"], json!(["aws:PrincipalTag/team"]));
        let group = format!("arn:aws:iam::{ACCOUNT}:group/clerks");
        let of_group = [
            ("PolicySourceArn", group.as_str()),
            ("ActionNames.member.1", "sqs:SendMessage"),
            ("ActionNames.member.2", "chime:ListUsers"),
        ];
        let answer = root.iam("SimulatePrincipalPolicy", &of_group).await;
        assert_eq!(decisions(&answer), ["allowed", "implicitDeny"]);
    }
}

#[tokio::test]
async fn whoever_is_not_there_and_whoever_may_not_ask_learns_nothing() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    given_ada(&server).await;
    let root = server.as_root();
    let ask = async |client: &TestClient<'_>, arn: &str| {
        let members = [
            ("PolicySourceArn", arn),
            ("ActionNames.member.1", "chime:ListUsers"),
        ];
        client.iam("SimulatePrincipalPolicy", &members).await
    };
    for (arn, code) in [
        (user_arn("nobody"), "NoSuchEntity"),
        (user_arn("ada"), "NoSuchEntity"),
        (
            "arn:aws:iam::999988887777:user/ops/ada".to_owned(),
            "NoSuchEntity",
        ),
        (
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/desk/ada"),
            "InvalidInput",
        ),
        (format!("arn:aws:iam::{ACCOUNT}:root"), "InvalidInput"),
    ] {
        assert_eq!(ask(&root, &arn).await.code(), code, "{arn}");
    }
    let ada = format!("arn:aws:iam::{ACCOUNT}:user/ops/ada");
    let own = document(&json!({"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": ada}));
    let ben = server.as_user("ben", &[&own]).await;
    ask(&ben, &ada).await.ok();
    for other in [
        user_arn("nobody"),
        user_arn("ben"),
        "arn:aws:iam::999988887777:user/ops/ada".to_owned(),
    ] {
        assert_eq!(ask(&ben, &other).await.code(), "AccessDenied", "{other}");
    }
    assert_eq!(
        simulated(
            &ben,
            &[
                ("PolicyInputList.member.1", &own),
                ("ActionNames.member.1", "a:b")
            ]
        )
        .await
        .code(),
        "AccessDenied"
    );
    let identifier = [
        ("PolicySourceArn", ada.as_str()),
        ("ActionNames.member.1", "chime:ListUsers"),
        ("PolicyExclusionList.member.1.PolicyType", "inline"),
        (
            "PolicyExclusionList.member.1.PolicyArn",
            "arn:aws:iam::123456789012:policy/Readers",
        ),
    ];
    assert_eq!(
        root.iam("SimulatePrincipalPolicy", &identifier).await.code(),
        "InvalidInput"
    );
    for arn in [
        "arn:aws:iam::*:policy/Readers",
        "arn:aws:iam::123456789012:policy/*Read*",
        "arn:aws:iam::123456789012:user/ada",
    ] {
        let mut members = identifier[..2].to_vec();
        members.push(("PolicyExclusionList.member.1.PolicyArn", arn));
        assert_eq!(
            root.iam("SimulatePrincipalPolicy", &members).await.code(),
            "InvalidInput",
            "{arn}"
        );
    }
}

#[tokio::test]
async fn context_keys_are_listed_in_the_order_of_the_policies() {
    let server = TestServer::start(&[&carillon_iam::IAM]).await;
    let root = server.as_root();
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "dynamodb:*",
        "Resource": "arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}",
        "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2015-08-16T12:00:00Z"}}}}"#;
    let members = [
        ("PolicyInputList.member.1", policy),
        ("PolicyInputList.member.2", policy),
    ];
    let keys = root.iam("GetContextKeysForCustomPolicy", &members).await;
    assert_eq!(
        keys.ok()["ContextKeyNames"],
        json!(["aws:username", "aws:CurrentTime"])
    );
    let bad = root
        .iam(
            "GetContextKeysForCustomPolicy",
            &[("PolicyInputList.member.1", "{")],
        )
        .await;
    assert_eq!(bad.code(), "InvalidInput");
}
