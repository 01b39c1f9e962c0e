//! Policies that a later release gave more, or left behind.

use std::time::Duration;

use carillon_iam::testing::{ACCOUNT, Answer, TestClient, TestServer, engines};
use carillon_iam::{ACCESS_ANALYZER, IAM, STS, note_served_actions};
use carillon_store::bind;
use serde_json::{Value, json};

use crate::{allow, document, given_policy, given_role, trust, user_arn};

async fn review(client: &TestClient<'_>, body: Value) -> Answer {
    client
        .rest("access-analyzer", "POST", "/policies-to-review", body)
        .await
}

/// Starts a release, before which these actions were not served.
async fn start_release(server: &TestServer, new: &[&'static str]) {
    let environment = server.environment();
    let mut tx = server.store().write().await.expect("a transaction");
    for action in new {
        tx.execute("DELETE FROM served_action WHERE action = $1", bind![*action])
            .await
            .expect("a table of actions");
    }
    note_served_actions(&mut tx, &environment.registry, environment.clock.now())
        .await
        .expect("a table of actions");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn policies_that_a_release_concerns_are_listed_until_they_are_written_anew() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS, &ACCESS_ANALYZER]).await;
        let root = server.as_root();
        start_release(&server, &[]).await;
        let names = allow("iam:GetUser");
        let reading = given_policy(&root, "Reading", &allow("iam:Get*")).await;
        given_policy(&root, "Elsewhere", &allow("s3:*")).await;
        given_role(&root, "Fenced", &trust(ACCOUNT)).await;
        let fence = document(&json!([
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" },
            { "Sid": "Fence", "Effect": "Deny", "NotAction": ["iam:Get*", "sts:*"], "Resource": "*" },
        ]));
        let put = [
            ("RoleName", "Fenced"),
            ("PolicyName", "fence"),
            ("PolicyDocument", fence.as_str()),
        ];
        root.iam("PutRolePolicy", &put).await.ok();
        let ana = server.as_user("ana", &[&allow("access-analyzer:List*")]).await;
        let put = [
            ("UserName", "ana"),
            ("PolicyName", "names"),
            ("PolicyDocument", names.as_str()),
        ];
        root.iam("PutUserPolicy", &put).await.ok();
        assert_eq!(*review(&root, json!({})).await.ok(), json!({ "policies": [] }));

        server.clock().advance(Duration::from_secs(60));
        start_release(&server, &["iam:GetGroup", "iam:ListUsers"]).await;
        let all = review(&ana, json!({})).await;
        let told: Vec<(&Value, &Value, &Value)> = all.ok()["policies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|policy| {
                let of = policy.get("policyArn").unwrap_or(&policy["attachedTo"]);
                (
                    of,
                    &policy["widenedWildcards"],
                    &policy["nearestPolicy"]["newActions"],
                )
            })
            .collect();
        let role = format!("arn:aws:iam::{ACCOUNT}:role/Fenced");
        assert_eq!(
            json!(told),
            json!([
                [reading, [{
                    "statementIndex": 0, "effect": "Allow", "element": "Action", "patterns": ["iam:Get*"],
                    "newActions": ["iam:GetGroup"],
                }], ["iam:ListUsers"]],
                [role, [{
                    "statementIndex": 1, "sid": "Fence", "effect": "Deny", "element": "NotAction",
                    "patterns": ["iam:Get*", "sts:*"], "newActions": ["iam:ListUsers"],
                }], null],
                [user_arn("ana"), [], ["iam:GetGroup", "iam:ListUsers"]],
            ])
        );
        assert_eq!(all.body["policies"][0]["editedAt"], "2026-03-01T12:00:00Z");
        let nearest = &all.body["policies"][0]["nearestPolicy"];
        assert_eq!(nearest["policyArn"], "arn:aws:iam::aws:policy/IAMReadOnlyAccess");
        let missing = nearest["missingActions"].as_array().unwrap();
        assert!(missing.contains(&json!("iam:ListRoles")) && !missing.contains(&json!("iam:GetGroup")));

        // A page may be empty; together they are the same.
        let mut found = Vec::new();
        let mut body = json!({ "maxResults": 1 });
        loop {
            let page = review(&root, body.clone()).await;
            found.extend(page.ok()["policies"].as_array().unwrap().clone());
            match page.body.get("nextToken") {
                Some(token) => body["nextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(json!(found), all.body["policies"]);

        // Who writes a policy anew has looked at it.
        let version = [
            ("PolicyArn", reading.as_str()),
            ("PolicyDocument", &allow("iam:Get*")),
            ("SetAsDefault", "true"),
        ];
        root.iam("CreatePolicyVersion", &version).await.ok();
        root.iam("PutUserPolicy", &put).await.ok();
        let left = review(&root, json!({})).await;
        let left = left.ok()["policies"].as_array().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["attachedTo"], role);
    }
}

#[tokio::test]
async fn reviews_are_for_those_who_may_see_them() {
    let server = TestServer::start(&[&IAM, &STS, &ACCESS_ANALYZER]).await;
    let root = server.as_root();
    start_release(&server, &[]).await;
    given_policy(&root, "Reading", &allow("iam:Get*")).await;
    server.clock().advance(Duration::from_secs(60));
    start_release(&server, &["iam:GetGroup"]).await;
    assert_eq!(
        review(&root, json!({})).await.ok()["policies"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let ana = server.as_user("ana", &[&allow("iam:*")]).await;
    assert_eq!(review(&ana, json!({})).await.code(), "AccessDeniedException");
    let other = server.as_root_of_another_account().await;
    assert_eq!(review(&other, json!({})).await.ok()["policies"], json!([]));
    for body in [
        json!({ "nextToken": "x" }),
        json!({ "maxResults": 0 }),
        json!({ "maxResults": 101 }),
    ] {
        assert_eq!(review(&root, body).await.code(), "ValidationException");
    }
}
