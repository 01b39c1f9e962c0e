//! What IAM and STS promise on the wire, asked in the process and on every database.

mod access;
mod attachment;
mod credential;
mod federation;
mod identity;
mod instance_profile;
mod last_accessed;
mod policy;
mod policy_review;
mod provider;
mod quota;
mod role;
mod saml;
mod saml_provider;
mod service_linked;
mod simulate;
mod sts;
mod unbuilt;
mod validate_policy;
mod why;

use carillon_iam::testing::{ACCOUNT, Answer, TestClient, TestServer, engines};
use carillon_iam::{IAM, STS};
use serde_json::{Value, json};

/// A server on each engine.
async fn servers() -> Vec<TestServer> {
    let mut servers = Vec::new();
    for engine in engines().await {
        servers.push(TestServer::start_on(engine, &[&IAM, &STS]).await);
    }
    servers
}

/// A document of one statement.
fn document(statement: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

fn allow(action: &str) -> String {
    document(&json!({ "Effect": "Allow", "Action": action, "Resource": "*" }))
}

/// A trust policy for one principal of AWS's kind.
fn trust(principal: &str) -> String {
    document(&json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" }))
}

/// A policy of this account: its ARN.
async fn given_policy(client: &TestClient<'_>, name: &str, document: &str) -> String {
    let made = client
        .iam(
            "CreatePolicy",
            &[("PolicyName", name), ("PolicyDocument", document)],
        )
        .await;
    text(&made.ok()["Policy"]["Arn"])
}

/// A role of this account: its ARN.
async fn given_role(client: &TestClient<'_>, name: &str, trust: &str) -> String {
    let made = client
        .iam(
            "CreateRole",
            &[("RoleName", name), ("AssumeRolePolicyDocument", trust)],
        )
        .await;
    text(&made.ok()["Role"]["Arn"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// One member of each item of a list; an empty list is an empty element.
fn column(list: &Value, member: &str) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|item| text(&item[member]))
        .collect()
}

/// Follows the markers of a list, and puts the pages together.
async fn pages(client: &TestClient<'_>, action: &str, members: &[(&str, &str)], list: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut marker = String::new();
    loop {
        let mut members = members.to_vec();
        if !marker.is_empty() {
            members.push(("Marker", &marker));
        }
        let page: Answer = client.iam(action, &members).await;
        items.extend(page.ok()[list].as_array().into_iter().flatten().cloned());
        assert_eq!(
            page.body["IsTruncated"] == "true",
            page.body.get("Marker").is_some()
        );
        match page.body.get("Marker") {
            Some(next) => marker = text(next),
            None => return items,
        }
    }
}

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}
