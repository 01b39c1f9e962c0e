//! A decision that allows takes no memory.

use std::sync::Arc;

use allocation_counter::measure;
use carillon_policy::{
    Actions, Attached, Document, MapContext, Policies, PolicyType, Prepared, Principal, Request, decide,
};

const READ: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["chime:List*", "chime:Get*"], "Resource": "*"},
    {"Effect": "Allow", "Action": "chime:Update*", "Resource": [
        "arn:aws:chime:us-east-1:111122223333:vc/${aws:username}/*",
        "arn:aws:chime:*:111122223333:vc/b*d"]}]}"#;
const OFFICE: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": "chime:*", "Resource": "*",
     "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}},
    {"Effect": "Deny", "NotAction": "chime:Get*", "Resource": "*",
     "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"},
                   "StringNotLike": {"aws:username": ["a*", "${aws:PrincipalTag/team}-?"]},
                   "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                   "NumericLessThan": {"aws:MultiFactorAuthAge": "300"},
                   "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}}}]}"#;

fn policy(name: &str, text: &str) -> Attached {
    let document = Document::parse(text, PolicyType::Identity, true).expect("a valid policy");
    Attached::managed(
        format!("arn:aws:iam::111122223333:policy/{name}"),
        Arc::new(document),
    )
}

#[test]
fn a_decision_that_allows_allocates_nothing() {
    let actions = Actions::new([
        "chime:ListUsers",
        "chime:GetUser",
        "chime:UpdateUser",
        "chime:DeleteUser",
    ]);
    let own = || vec![policy("Read", READ), policy("Office", OFFICE)];
    let principal: Principal = "arn:aws:iam::111122223333:user/ana".parse().expect("a user");
    let mut context = MapContext::new();
    context
        .set("aws:SourceIp", "203.0.113.7")
        .set("aws:MultiFactorAuthPresent", "false")
        .set("aws:MultiFactorAuthAge", "3")
        .set("aws:CurrentTime", "2026-05-01T10:00:00Z")
        .set("aws:PrincipalArn", "arn:aws:iam::111122223333:user/ana")
        .set("aws:PrincipalTag/Team", "*")
        .set("aws:username", "ana");
    let everything = policy(
        "All",
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
    );
    let known = Policies::for_actions(&actions)
        .identity(own())
        .boundary(vec![everything.clone()])
        .service_control(vec![vec![everything]]);
    let unknown = Policies::new().identity(own());
    for policies in [&known, &unknown] {
        for (action, resource) in [
            ("chime:ListUsers", "*"),
            ("chime:GetUser", "arn:aws:chime:us-east-1:111122223333:vc/x"),
            (
                "chime:UpdateUser",
                "arn:aws:chime:us-east-1:111122223333:vc/ana/1",
            ),
            ("chime:UpdateUser", "arn:aws:chime:eu-west-1:111122223333:vc/bcd"),
        ] {
            let request = Request {
                principal: &principal,
                actions: &[action],
                resource,
                resource_account: Some("111122223333"),
                resource_policy: None,
                context: &context,
            };
            let prepared = Prepared::new(&request, &actions);
            // What is made for an action's first request is kept.
            assert!(prepared.decide(policies).is_allowed(), "{action} on {resource}");
            let mut allowed = (false, false);
            let counted = measure(|| {
                allowed = (
                    prepared.decide(policies).is_allowed(),
                    Prepared::new(&request, &actions).decide(policies).is_allowed(),
                );
            });
            assert_eq!(allowed, (true, true));
            assert_eq!(counted.count_total, 0, "{action} on {resource}");
            let counted = measure(|| allowed.0 = decide(&request, policies).is_allowed());
            assert_eq!(counted.count_total, 0, "{action} on {resource}");
        }
    }
    // The counter counts.
    assert_ne!(measure(|| drop(std::hint::black_box(vec![1]))).count_total, 0);
}
