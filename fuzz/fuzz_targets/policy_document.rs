//! Any text as a policy document: it is stored or refused, read leniently or not at all, and decisions with
//! it have an answer. Nothing panics, and reading strictly and leniently agree on what a stored text means.
#![no_main]

use std::sync::Arc;

use carillon_policy::{
    Actions, Attached, Decision, Document, MapContext, Policies, PolicyType, Principal, Request, decide,
    rewrite_principals,
};
use libfuzzer_sys::fuzz_target;

const TYPES: [PolicyType; 8] = [
    PolicyType::Identity,
    PolicyType::Resource,
    PolicyType::Trust,
    PolicyType::Boundary,
    PolicyType::Session,
    PolicyType::ServiceControl,
    PolicyType::ResourceControl,
    PolicyType::Endpoint,
];

fuzz_target!(|text: &str| {
    let stored = TYPES.map(|ty| Document::parse(text, ty, false).ok());
    let lenient = Document::lenient_text(text);
    for document in stored.into_iter().flatten() {
        assert_eq!(
            Ok(&document),
            lenient.as_ref(),
            "stored and read leniently it must be the same"
        );
        for statement in document.statements() {
            let span = statement.span();
            assert!(
                text.get(span.start..span.end)
                    .is_some_and(|text| text.starts_with('{'))
            );
        }
    }
    assert_eq!(rewrite_principals(text, |_| None), text);
    if let Ok(value) = serde_json::from_str(text) {
        ask(Document::lenient(&value));
    }
    if let Ok(document) = lenient {
        ask(document);
    }
});

fn ask(document: Document) {
    let attached = Attached::inline("fuzzed", Arc::new(document));
    let all = || vec![attached.clone()];
    let actions = Actions::with_spellings([["chime:ListMeetingReportData", "chime:ListMeetingsReportData"]]);
    // Compiled for the action, and for none.
    let policies = [Policies::for_actions(&actions), Policies::new()].map(|policies| {
        policies
            .identity(all())
            .boundary(all())
            .session(all())
            .service_control(vec![all()])
            .resource_control(vec![all()])
            .endpoint(all())
    });
    let mut context = MapContext::new();
    context
        .set("aws:username", "ana*${")
        .set("aws:SourceIp", "2001:db8::1")
        .set("aws:CurrentTime", "2026-11-24T12:00:00Z")
        .set_many("aws:TagKeys", ["team", "*"]);
    let arn = "arn:aws:iam::111122223333:user/ana".to_owned();
    let user = Principal::User {
        arn,
        account: "111122223333".to_owned(),
        unique_id: None,
    };
    for principal in [&user, &Principal::Anonymous] {
        let request = Request {
            principal,
            actions: &["chime:ListMeetingReportData", "chime:ListMeetingsReportData"],
            resource: "arn:aws:chime:us-east-1:111122223333:vc/abc",
            resource_account: None,
            resource_policy: Some(&attached),
            context: &context,
        };
        let decisions = policies.each_ref().map(|policies| decide(&request, policies));
        // Another statement may be named.
        let kind = |decision: &_| std::mem::discriminant::<Decision>(decision);
        assert_eq!(kind(&decisions[0]), kind(&decisions[1]));
        assert_eq!(decisions[0], decide(&request, &policies[0]));
    }
}
