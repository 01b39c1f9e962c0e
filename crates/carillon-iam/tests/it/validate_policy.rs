//! Validation of policies over the wire.

use carillon_iam::testing::{Answer, TestClient, TestServer};
use carillon_iam::{ACCESS_ANALYZER, IAM, STS};
use serde_json::{Value, json};

use crate::{allow, document};

async fn server() -> TestServer {
    TestServer::start(&[&IAM, &STS, &ACCESS_ANALYZER]).await
}

async fn validate(client: &TestClient<'_>, query: &str, body: Value) -> Answer {
    let path = format!("/policy/validation{query}");
    client.rest("access-analyzer", "POST", &path, body).await
}

fn identity(text: &str) -> Value {
    json!({ "policyDocument": text, "policyType": "IDENTITY_POLICY" })
}

fn codes(answer: &Answer) -> Vec<&str> {
    let findings = answer.ok()["findings"].as_array().expect("findings");
    findings
        .iter()
        .filter_map(|finding| finding["issueCode"].as_str())
        .collect()
}

#[tokio::test]
async fn a_finding_has_the_shape_that_aws_gives_it() {
    let server = server().await;
    let text = "{\"Version\": \"2012-10-17\",\n\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"iam:ListUser\"], \"Resource\": \"*\"}]}";
    let answer = validate(&server.as_root(), "", identity(text)).await;
    assert_eq!(
        answer.ok(),
        &json!({ "findings": [{
            "findingDetails": "The action iam:ListUser does not exist. Did you mean iam:ListUsers?",
            "findingType": "ERROR",
            "issueCode": "INVALID_ACTION",
            "learnMoreLink": "docs/policy-validation.md#invalid_action",
            "locations": [{
                "path": [{ "value": "Statement" }, { "index": 0 }, { "value": "Action" }, { "index": 0 }],
                "span": {
                    "start": { "line": 2, "column": 45, "offset": 71 },
                    "end": { "line": 2, "column": 59, "offset": 85 },
                },
            }],
        }] })
    );
    let event = server.last_event();
    assert_eq!(
        (&event["eventName"], &event["readOnly"]),
        (&"ValidatePolicy".into(), &true.into())
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_said_before_anything_else() {
    let server = server().await;
    let text = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\" \"Action\": \"x\"}]}";
    let answer = validate(&server.as_root(), "", identity(text)).await;
    assert_eq!(codes(&answer), ["JSON_SYNTAX_ERROR"]);
    assert_eq!(
        answer.ok()["findings"][0]["findingDetails"],
        "Fix the JSON syntax error at index 59 line 1 column 60."
    );
}

#[tokio::test]
async fn findings_come_in_pages() {
    let server = server().await;
    let root = server.as_root();
    let actions: Vec<String> = (0..5).map(|number| format!("iam:Nonsense{number}")).collect();
    let text = document(&json!({ "Effect": "Allow", "Action": actions, "Resource": "*" }));
    let (mut query, mut found) = ("?maxResults=2".to_owned(), Vec::new());
    loop {
        let page = validate(&root, &query, identity(&text)).await;
        found.extend(page.ok()["findings"].as_array().expect("findings").clone());
        let Some(token) = page.body["nextToken"].as_str() else {
            break;
        };
        assert_eq!(found.len() % 2, 0);
        query = format!("?maxResults=2&nextToken={token}");
    }
    assert_eq!(found.len(), 5);
    // A token is for the policy it was given for.
    let other = validate(&root, &query, identity(&allow("iam:Nonsense"))).await;
    assert_eq!((other.status, other.code()), (400, "ValidationException"));
    for query in ["?maxResults=0", "?maxResults=101", "?nextToken=x"] {
        let refused = validate(&root, query, identity(&text)).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "ValidationException"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_type_of_the_policy_decides() {
    let server = server().await;
    let root = server.as_root();
    let trust = document(&json!({
        "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "sts:AssumeRole",
    }));
    for (ty, resource_type, expected) in [
        (
            "IDENTITY_POLICY",
            None,
            &["MISSING_RESOURCE", "UNSUPPORTED_PRINCIPAL"][..],
        ),
        ("RESOURCE_POLICY", None, &["MISSING_RESOURCE"]),
        ("RESOURCE_POLICY", Some("AWS::IAM::AssumeRolePolicyDocument"), &[]),
        (
            "SERVICE_CONTROL_POLICY",
            None,
            &["MISSING_RESOURCE", "UNSUPPORTED_PRINCIPAL"],
        ),
    ] {
        let mut body = json!({ "policyDocument": trust, "policyType": ty, "locale": "DE" });
        if let Some(resource_type) = resource_type {
            body["validatePolicyResourceType"] = resource_type.into();
        }
        assert_eq!(
            codes(&validate(&root, "", body).await),
            expected,
            "{ty} {resource_type:?}"
        );
    }
    let wrong = json!({
        "policyDocument": trust, "policyType": "IDENTITY_POLICY", "validatePolicyResourceType": "AWS::S3::Bucket",
    });
    let refused = validate(&root, "", wrong).await;
    assert_eq!((refused.status, refused.code()), (400, "ValidationException"));
    let refused = validate(&root, "", json!({ "policyDocument": "{}" })).await;
    assert_eq!((refused.status, refused.code()), (400, "ValidationException"));
    assert!(
        refused.body.get("message").is_some() && refused.body.get("Code").is_none(),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn it_needs_its_permission() {
    let server = server().await;
    let nobody = server.as_user("ada", &[]).await;
    let refused = validate(&nobody, "", identity("{}")).await;
    assert_eq!((refused.status, refused.code()), (403, "AccessDeniedException"));
    assert!(
        refused.message().contains("access-analyzer:ValidatePolicy"),
        "{}",
        refused.message()
    );
    let grace = server.as_user("grace", &[]).await;
    let own = allow("access-analyzer:ValidatePolicy");
    let put = [
        ("UserName", "grace"),
        ("PolicyName", "p"),
        ("PolicyDocument", own.as_str()),
    ];
    server.as_root().iam("PutUserPolicy", &put).await.ok();
    assert_eq!(codes(&validate(&grace, "", identity(&own)).await), [""; 0]);
}
