//! Checks of policies, and who can what, over the wire.

use carillon_iam::testing::{ACCOUNT, Answer, TestClient, TestServer, engines};
use carillon_iam::{ACCESS_ANALYZER, IAM, STS};
use serde_json::{Value, json};

use crate::{allow, document, given_policy, given_role, text, trust};

async fn server() -> TestServer {
    TestServer::start(&[&IAM, &STS, &ACCESS_ANALYZER]).await
}

async fn check(client: &TestClient<'_>, path: &str, body: Value) -> Answer {
    client
        .rest("access-analyzer", "POST", &format!("/policy/{path}"), body)
        .await
}

async fn ask(client: &TestClient<'_>, path: &str, body: Value) -> Answer {
    client
        .rest("access-analyzer", "POST", &format!("/access/{path}"), body)
        .await
}

#[tokio::test]
async fn a_change_that_allows_more_fails_the_check() {
    let server = server().await;
    let root = server.as_root();
    let compare = async |old: &str, new: &str| {
        let body = json!({
            "existingPolicyDocument": old, "newPolicyDocument": new, "policyType": "IDENTITY_POLICY",
        });
        check(&root, "check-no-new-access", body).await
    };
    let same = compare(&allow("iam:Get*"), &allow("iam:GetUser")).await;
    assert_eq!(same.ok()["result"], "PASS");
    assert_eq!(same.ok()["reasons"], json!([]));

    let more = compare(&allow("iam:GetUser"), &allow("iam:Get*")).await;
    assert_eq!(more.ok()["result"], "FAIL");
    assert_eq!(more.ok()["reasons"][0]["statementIndex"], 0);
    let description = more.ok()["reasons"][0]["description"].as_str().unwrap();
    assert_eq!(
        description,
        "New access in the statement with index: 0, for example iam:GetGroup on \
         arn:aws:iam::111122223333:group/example."
    );

    let stars: Vec<String> = ('a'..='z')
        .map(|letter| format!("x:*{letter}*{letter}*"))
        .collect();
    let many = document(&json!({ "Effect": "Allow", "Action": stars, "Resource": "*" }));
    let undecided = compare(&many, &allow("x:*")).await;
    assert_eq!(
        (undecided.status, undecided.code()),
        (422, "UnprocessableEntityException")
    );

    let broken = compare("{}", &allow("x:*")).await;
    assert_eq!((broken.status, broken.code()), (400, "ValidationException"));
}

#[tokio::test]
async fn access_that_must_not_be_granted_is_found() {
    let server = server().await;
    let root = server.as_root();
    for (policy, access, expected) in [
        (allow("iam:*"), json!({ "actions": ["iam:CreateUser"] }), "FAIL"),
        (
            allow("iam:Get*"),
            json!({ "actions": ["iam:CreateUser", "s3:PutObject"] }),
            "PASS",
        ),
        (
            allow("s3:*"),
            json!({ "resources": ["arn:aws:s3:::secret/*"] }),
            "FAIL",
        ),
    ] {
        let body = json!({ "policyDocument": policy, "access": [access], "policyType": "IDENTITY_POLICY" });
        let answer = check(&root, "check-access-not-granted", body).await;
        assert_eq!(answer.ok()["result"], expected, "{policy}");
    }
    for access in [
        json!([]),
        json!([{}]),
        json!([{ "actions": ["nothing"] }]),
        json!([{ "resources": ["x"] }]),
    ] {
        let body =
            json!({ "policyDocument": allow("a:b"), "access": access, "policyType": "IDENTITY_POLICY" });
        let answer = check(&root, "check-access-not-granted", body).await;
        assert_eq!(answer.code(), "ValidationException", "{access}");
    }
}

#[tokio::test]
async fn public_access_is_found() {
    let server = server().await;
    let root = server.as_root();
    for (policy, expected) in [
        (trust("*"), "FAIL"),
        (trust("arn:aws:iam::111122223333:root"), "PASS"),
    ] {
        let body = json!({ "policyDocument": policy, "resourceType": "AWS::IAM::AssumeRolePolicyDocument" });
        let answer = check(&root, "check-no-public-access", body).await;
        assert_eq!(answer.ok()["result"], expected, "{policy}");
    }
}

/// Names without their ARNs, with the extent.
fn extents(answer: &Answer) -> Vec<(String, String)> {
    let principals = answer.ok()["principals"].as_array().into_iter().flatten();
    let last = |arn: &str| arn.rsplit([':', '/']).next().unwrap_or_default().to_owned();
    principals
        .map(|item| (last(&text(&item["principal"])), text(&item["access"]["extent"])))
        .collect()
}

#[tokio::test]
async fn who_can_and_what_can_follow_every_change() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS, &ACCESS_ANALYZER]).await;
        let root = server.as_root();
        for name in ["ana", "ben"] {
            root.iam("CreateUser", &[("UserName", name)]).await.ok();
        }
        let who = json!({ "action": "iam:CreateGroup" });
        let before = ask(&root, "who-can", who.clone()).await;
        assert_eq!(extents(&before), [("root".to_owned(), "ALWAYS".to_owned())]);

        root.iam("CreateGroup", &[("GroupName", "desk")]).await.ok();
        root.iam("AddUserToGroup", &[("GroupName", "desk"), ("UserName", "ana")])
            .await
            .ok();
        let arn = given_policy(&root, "groups", &allow("iam:CreateGroup")).await;
        root.iam("AttachGroupPolicy", &[("GroupName", "desk"), ("PolicyArn", &arn)])
            .await
            .ok();
        given_role(
            &root,
            "second",
            &trust(&format!("arn:aws:iam::{ACCOUNT}:user/ben")),
        )
        .await;
        let own = [
            ("RoleName", "second"),
            ("PolicyName", "p"),
            ("PolicyDocument", &*allow("iam:CreateGroup")),
        ];
        root.iam("PutRolePolicy", &own).await.ok();
        let after = ask(&root, "who-can", who.clone()).await;
        let expected = [
            ("root", "ALWAYS"),
            ("ana", "ALWAYS"),
            ("second", "ALWAYS"),
            ("ben", "OBTAINABLE"),
        ];
        let expected = expected.map(|(name, extent)| (name.to_owned(), extent.to_owned()));
        assert_eq!(extents(&after), expected);
        let ana = &after.ok()["principals"][1]["access"]["allowedBy"][0];
        assert_eq!(ana["policyArn"], json!(arn));
        assert_eq!(ana["attachedTo"], format!("arn:aws:iam::{ACCOUNT}:group/desk"));
        let ben = &after.ok()["principals"][3]["steps"];
        assert_eq!(ben[0]["action"], "sts:AssumeRole");
        assert_eq!(ben[0]["resource"], format!("arn:aws:iam::{ACCOUNT}:role/second"));

        // Page by page it is the same.
        let mut paged = Vec::new();
        let mut body = json!({ "action": "iam:CreateGroup", "maxResults": 3 });
        loop {
            let page = ask(&root, "who-can", body.clone()).await;
            paged.extend(extents(&page));
            match page.ok().get("nextToken") {
                Some(token) => body["nextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(paged, expected);

        let what = ask(&root, "what-can", json!({ "principal": "ana" })).await;
        let rows = what.ok()["principals"][0]["permissions"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{rows:#?}");
        assert_eq!(rows[0]["actions"], json!(["CreateGroup"]));
        assert_eq!(rows[0]["accessLevel"], "Write");
        let everybody = ask(&root, "what-can", json!({})).await;
        assert_eq!(everybody.ok()["principals"].as_array().unwrap().len(), 3);

        root.iam("DetachGroupPolicy", &[("GroupName", "desk"), ("PolicyArn", &arn)])
            .await
            .ok();
        let what = ask(&root, "what-can", json!({ "principal": "ana" })).await;
        assert_eq!(what.ok()["principals"][0]["permissions"], json!([]));
    }
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let server = server().await;
    let root = server.as_root();
    for body in [
        json!({}),
        json!({ "action": "iam:*" }),
        json!({ "action": "nothing" }),
        json!({ "action": "iam:GetUser", "maxResults": 0 }),
        json!({ "action": "iam:GetUser", "nextToken": "forged" }),
    ] {
        let answer = ask(&root, "who-can", body.clone()).await;
        assert_eq!(answer.code(), "ValidationException", "{body}");
    }
    let nobody = ask(&root, "what-can", json!({ "principal": "nobody" })).await;
    assert_eq!((nobody.status, nobody.code()), (404, "ResourceNotFoundException"));
}
