//! What one decision costs, and what compiling costs.

use std::sync::Arc;

use carillon_policy::{
    Attached, Decision, Document, MapContext, Policies, PolicyType, Principal, Request, decide,
};

/// Counts allocations, because a decision that allows should make none.
#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

fn attached(name: &str, text: &str) -> Attached {
    match Document::parse(text, PolicyType::Identity, true) {
        Ok(document) => Attached::inline(name, Arc::new(document)),
        Err(malformed) => panic!("{name}: {malformed}"),
    }
}

const READ: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["chime:List*", "chime:Get*"], "Resource": "*"}}"#;
const USERS: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["chime:SuspendUsers", "chime:ActivateUsers", "chime:InviteUsers"], "Resource": "*"},
    {"Effect": "Deny", "Action": "chime:LogoutUser", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]}"#;
const OFFICE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "chime:*", "Resource": "*",
    "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}}}}"#;

fn three_policies() -> Policies {
    Policies::new().identity(vec![
        attached("Read", READ),
        attached("Users", USERS),
        attached("Office", OFFICE),
    ])
}

/// So many statements, each about its own action and Voice Connector.
fn many(count: usize) -> String {
    let statements: Vec<String> = (0..count)
        .map(|n| {
            format!(
                r#"{{"Effect":"Allow","Action":"chime:Action{n}","Resource":"arn:aws:chime:us-east-1:111122223333:vc/{n}*"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    )
}

fn ask(
    action: &str,
    resource: &str,
    policies: &Policies,
    context: &MapContext,
    principal: &Principal,
) -> Decision {
    decide(
        &Request {
            principal,
            actions: &[action],
            resource,
            resource_account: None,
            resource_policy: None,
            context,
        },
        policies,
    )
}

fn world() -> (MapContext, Principal) {
    let mut context = MapContext::new();
    context
        .set("aws:SourceIp", "203.0.113.7")
        .set("aws:username", "ana");
    let arn = "arn:aws:iam::111122223333:user/ana".to_owned();
    (
        context,
        Principal::User {
            arn,
            account: "111122223333".to_owned(),
            unique_id: None,
        },
    )
}

#[divan::bench(args = ["chime:GetUser", "chime:InviteUsers", "chime:LogoutUser", "chime:DeleteAccount"])]
fn three_policies_of_a_user(bencher: divan::Bencher<'_, '_>, action: &str) {
    let (policies, (context, principal)) = (three_policies(), world());
    bencher.bench(|| ask(divan::black_box(action), "*", &policies, &context, &principal));
}

#[divan::bench(args = [10, 1_000])]
fn statements_last_one_allows(bencher: divan::Bencher<'_, '_>, count: usize) {
    let (policies, (context, principal)) = (
        Policies::new().identity(vec![attached("Many", &many(count))]),
        world(),
    );
    let (action, resource) = (
        format!("chime:Action{}", count - 1),
        format!("arn:aws:chime:us-east-1:111122223333:vc/{}x", count - 1),
    );
    assert!(ask(&action, &resource, &policies, &context, &principal).is_allowed());
    bencher.bench(|| {
        ask(
            divan::black_box(&action),
            &resource,
            &policies,
            &context,
            &principal,
        )
    });
}

#[divan::bench(args = [10, 1_000])]
fn statements_none_allows(bencher: divan::Bencher<'_, '_>, count: usize) {
    let (policies, (context, principal)) = (
        Policies::new().identity(vec![attached("Many", &many(count))]),
        world(),
    );
    bencher.bench(|| {
        ask(
            divan::black_box("chime:Other"),
            "*",
            &policies,
            &context,
            &principal,
        )
    });
}

#[divan::bench]
fn parse_six_kilobytes(bencher: divan::Bencher<'_, '_>) {
    let text = many(60);
    bencher.bench(|| Document::parse(divan::black_box(&text), PolicyType::Identity, true).is_ok());
}
