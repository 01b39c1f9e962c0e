use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

/// A sound statement of an identity policy with some of its elements replaced; null takes one away.
fn statement(changes: Json) -> Json {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Json::Null => drop(statement.as_object_mut().unwrap().remove(key)),
            value => statement[key] = value.clone(),
        }
    }
    statement
}

fn message(document: &str, ty: PolicyType, managed: bool) -> Option<String> {
    check(document, ty, managed)
        .err()
        .map(|malformed| malformed.message)
}

fn of(changes: Json) -> Option<String> {
    message(
        &json!({"Version": "2012-10-17", "Statement": [statement(changes)]}).to_string(),
        PolicyType::Identity,
        true,
    )
}

#[test]
fn a_sound_document_is_accepted() {
    assert_eq!(of(json!({})), None);
}

#[test]
fn syntax_errors() {
    let good = statement(json!({}));
    for document in [
        "".to_owned(),
        "[]".to_owned(),
        "\"text\"".to_owned(),
        "{}".to_owned(),
        "{\"Statement\": [],}".to_owned(),
        json!({"Statement": []}).to_string(),
        json!({"Statement": null}).to_string(),
        json!({"Statement": "x"}).to_string(),
        json!({"Statement": [good, 1]}).to_string(),
        json!({"Statement": [[good]]}).to_string(),
        json!({"statement": good}).to_string(),
        json!({"Statement": good, "Version": "2012-10-18"}).to_string(),
        json!({"Statement": good, "Version": 2012}).to_string(),
        json!({"Statement": good, "Version": null}).to_string(),
        json!({"Statement": good, "Id": 1}).to_string(),
        json!({"Statement": good, "Note": "x"}).to_string(),
        json!({"Statement": good, "Version": "2012-10-17", "Id": "\u{100}"}).to_string(),
        "{\"Version\": \"2012-10-17\", \"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}}".to_owned(),
        "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}}".to_owned(),
        format!("\u{feff}{}", json!({"Version": "2012-10-17", "Statement": good})),
        format!("{}{}", json!({"Version": "2012-10-17", "Statement": good}), " ".repeat(LONGEST_DOCUMENT)),
    ] {
        assert_eq!(message(&document, PolicyType::Identity, true).as_deref(), Some(SYNTAX), "{document}");
    }
    for changes in [
        json!({"Effect": null}),
        json!({"Effect": "Permit"}),
        json!({"Effect": ["Allow"]}),
        json!({"Sid": 1}),
        json!({"effect": "Allow"}),
        json!({"NotAction": "s3:*"}),
        json!({"NotResource": "*"}),
        json!({"Principal": "*", "NotPrincipal": "*"}),
        json!({"Principal": 1}),
        json!({"Principal": {"Aws": "*"}}),
        json!({"Principal": {"AWS": [1]}}),
        json!({"Action": 1}),
        json!({"Action": {"a": 1}}),
        json!({"Action": ["s3:GetObject", 1]}),
        json!({"Action": [["s3:GetObject"]]}),
        json!({"Resource": [["*"]]}),
        json!({"Resource": true}),
        json!({"Condition": []}),
        json!({"Condition": "x"}),
        json!({"Condition": {"StringEquals": "x"}}),
        json!({"Condition": {"StringEquals": []}}),
        json!({"Condition": {"StringEquals": {"a:b": {}}}}),
        json!({"Condition": {"StringEquals": {"a:b": [{}]}}}),
        json!({"Condition": {"StringMatches": {"a:b": "c"}}}),
        json!({"Condition": {"stringEquals": {"a:b": "c"}}}),
        json!({"Condition": {"forAllValues:StringEquals": {"a:b": "c"}}}),
    ] {
        assert_eq!(of(changes.clone()).as_deref(), Some(SYNTAX), "{changes}");
    }
    let action_is_null =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": null, "Resource": "*"}});
    assert_eq!(
        message(&action_is_null.to_string(), PolicyType::Identity, true).as_deref(),
        Some(SYNTAX)
    );
}

#[test]
fn hostile_nesting_is_a_syntax_error() {
    let deep = format!("{{\"Statement\": {}", "[".repeat(100_000));
    assert_eq!(
        message(&deep, PolicyType::Identity, true).as_deref(),
        Some(SYNTAX)
    );
}

#[test]
fn managed_policies_name_the_newer_version() {
    let older = json!({"Version": "2008-10-17", "Statement": statement(json!({}))}).to_string();
    let none = json!({"Statement": statement(json!({}))}).to_string();
    for document in [older, none] {
        assert_eq!(
            message(&document, PolicyType::Identity, true).as_deref(),
            Some(VERSION)
        );
        assert_eq!(message(&document, PolicyType::Identity, false), None);
    }
}

#[test]
fn legacy_parsing() {
    for changes in [
        json!({"Effect": "allow"}),
        json!({"Effect": "DENY"}),
        json!({"Resource": "arn:aws:s3::b"}),
        json!({"Resource": ["*", "arn:aws:s3::b"]}),
        json!({"Resource": "arn:aws::::b"}),
        json!({"Resource": "arn:aws:"}),
        json!({"Resource": null, "NotResource": "arn:aws:sqs::q"}),
    ] {
        assert_eq!(of(changes.clone()).as_deref(), Some(LEGACY), "{changes}");
    }
    for date in [
        "",
        "now",
        "1.5",
        "-",
        "2026-13",
        "2026-00-01",
        "2026-01-32",
        "2026-01-01-01",
        "292278994-01-01",
        "-292275055-01",
        "2026-01-01T24:00",
        "2026-01-01T10:60",
        "2026-01-01T10:00:60",
        "2026-01-01T10:00:00.1234567890",
        "2026-01-01T10:00:00ZZ",
        "2026-01-01T10:00:00+24:00",
        "9223372036854775808",
        "-5.5",
        "2026-01-01T10:00:00-01:00",
    ] {
        let changes = json!({"Condition": {"DateLessThan": {"aws:CurrentTime": date}}});
        assert_eq!(of(changes).as_deref(), Some(LEGACY), "{date}");
        let listed =
            json!({"Condition": {"ForAnyValue:DateEqualsIfExists": {"aws:CurrentTime": ["2026", date]}}});
        assert_eq!(of(listed).as_deref(), Some(LEGACY), "{date}");
    }
    for date in [
        "2026",
        "0",
        "9223372036854775807",
        "2026-1",
        "2026-01-01",
        "292278993-12-31",
        "-292275054-01-01",
        "2026-01-01T10",
        "2026-01-01t10:00",
        "2026-01-01T10:00:00Z",
        "2026-01-01T10:00:00.123456789Z",
        "2026-01-01T10:00:00+05",
        "2026-01-01T10:00:00+05:30",
        "2026-01-01T",
        "-5",
    ] {
        let changes = json!({"Condition": {"DateLessThan": {"aws:CurrentTime": date}}});
        assert_eq!(of(changes), None, "{date}");
    }
}

#[test]
fn statement_ids_are_unique() {
    let two = |first, second| {
        let statements = [
            statement(json!({"Sid": first})),
            statement(json!({"Sid": second})),
        ];
        message(
            &json!({"Version": "2012-10-17", "Statement": statements}).to_string(),
            PolicyType::Identity,
            true,
        )
    };
    assert_eq!(two("a", "a").as_deref(), Some(SIDS));
    assert_eq!(two("a", "A"), None);
    assert_eq!(two("", ""), None);
}

#[test]
fn statement_ids_are_letters_and_digits() {
    for sid in ["with space", "a-b", "a_b", "é"] {
        assert_eq!(of(json!({"Sid": sid})).as_deref(), Some(SID_FORM), "{sid}");
    }
    let named =
        |sid| json!({"Version": "2012-10-17", "Statement": statement(json!({"Sid": sid, "Principal": "*"}))});
    assert_eq!(
        message(&named("with space").to_string(), PolicyType::Resource, false),
        None
    );
    assert_eq!(of(json!({"Sid": ""})), None);
}

#[test]
fn a_trust_policy_that_is_no_json() {
    for text in ["{", "trust.json", r#"{"Version": "2012-10-17",}"#] {
        assert_eq!(
            message(text, PolicyType::Trust, false).as_deref(),
            Some(JSON),
            "{text}"
        );
        assert_eq!(
            message(text, PolicyType::Identity, true).as_deref(),
            Some(SYNTAX),
            "{text}"
        );
    }
    assert_eq!(message("{}", PolicyType::Trust, false).as_deref(), Some(SYNTAX));
}

#[test]
fn actions_are_there_and_well_formed() {
    for changes in [
        json!({"Action": null}),
        json!({"Action": []}),
        json!({"Action": null, "NotAction": []}),
        json!({"Action": [null]}),
    ] {
        assert_eq!(of(changes.clone()).as_deref(), Some(NO_ACTIONS), "{changes}");
    }
    for (action, expected) in [
        ("GetObject", NO_VENDOR),
        ("", NO_VENDOR),
        ("**", NO_VENDOR),
        ("s3:Get:Object", COLONS),
        ("s3*:GetObject", "Vendor s3* is not valid"),
        ("s 3:GetObject", "Vendor s 3 is not valid"),
        ("s3/x:GetObject", "Vendor s3/x is not valid"),
    ] {
        assert_eq!(
            of(json!({"Action": action})).as_deref(),
            Some(expected),
            "{action}"
        );
        assert_eq!(
            of(json!({"Action": ["*", action]})).as_deref(),
            Some(expected),
            "{action}"
        );
        assert_eq!(
            of(json!({"Action": null, "NotAction": action})).as_deref(),
            Some(expected),
            "{action}"
        );
    }
    for action in [
        "*",
        "*:*",
        "*:Get",
        "s3:*",
        "no-such.thing:Frob nicate",
        "s3:",
        "S3:getobject",
        ":x",
    ] {
        assert_eq!(of(json!({"Action": action})), None, "{action}");
    }
}

#[test]
fn resources_are_there_and_well_formed() {
    for changes in [
        json!({"Resource": null}),
        json!({"Resource": []}),
        json!({"Resource": null, "NotResource": []}),
    ] {
        assert_eq!(of(changes.clone()).as_deref(), Some(NO_RESOURCES), "{changes}");
    }
    let vendor = "Resource vendor must be fully qualified and cannot contain regexes.";
    for (resource, expected) in [
        ("b", "Resource b must be in ARN format or \"*\"."),
        ("", "Resource  must be in ARN format or \"*\"."),
        (
            "arn:error:s3:::b",
            "Partition \"error\" is not valid for resource \"arn:error:s3:::b\".",
        ),
        (
            "arn:error:s3::b",
            "Partition \"error\" is not valid for resource \"arn:error:s3::b:*\".",
        ),
        (
            "arn:error",
            "Partition \"error\" is not valid for resource \"arn:error:*:*:*:*\".",
        ),
        (
            "arn:error:s3:::b:c/d",
            "Partition \"error\" is not valid for resource \"arn:error:s3:::b:c/d\".",
        ),
        (
            "arn:",
            "Partition \"\" is not valid for resource \"arn::*:*:*:*\".",
        ),
        (
            "x:y:s3:::b",
            "Partition \"y\" is not valid for resource \"arn:y:s3:::b\".",
        ),
        ("arn:aws", vendor),
        ("arn:*", vendor),
        (
            "arn:aws:iam:us-east-1:1:user/a",
            "IAM resource arn:aws:iam:us-east-1:1:user/a cannot contain region information.",
        ),
        (
            "arn:aws:iam:*:1:user/a",
            "IAM resource arn:aws:iam:*:1:user/a cannot contain region information.",
        ),
        (
            "arn:aws:s3:us-east-1::b",
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        ("arn:aws:iam::1:thing/a", IAM_PATH),
        ("arn:aws:iam::1:", IAM_PATH),
        ("arn:aws:iam::1:root", IAM_PATH),
    ] {
        assert_eq!(
            of(json!({"Resource": resource})).as_deref(),
            Some(expected),
            "{resource}"
        );
        assert_eq!(
            of(json!({"Resource": ["*", resource]})).as_deref(),
            Some(expected),
            "{resource}"
        );
        assert_eq!(
            of(json!({"Resource": null, "NotResource": resource})).as_deref(),
            Some(expected),
            "{resource}"
        );
    }
    for resource in [
        "*",
        "arn:aws:sqs",
        "arn:aws:sqs:eu-west-1",
        "arn:*:s3:::b",
        "arn:aws-cn:s3:::b",
        "anything:aws:s3:::b",
        "arn:aws:iam::1:*",
        "arn:aws:iam::*:role/x",
        "arn:aws:iam::1:report/x",
        "arn:aws:iam",
        "arn:aws:s3:eu-west-1:1:accesspoint/x",
        "arn:aws:no such:::x",
    ] {
        assert_eq!(of(json!({"Resource": resource})), None, "{resource}");
    }
}

#[test]
fn odd_documents_that_are_accepted() {
    for changes in [
        json!({"Condition": {}}),
        json!({"Condition": {"StringEquals": {}}}),
        json!({"Condition": {"NoSuchOperator": {}}}),
        json!({"Condition": {"StringEquals": {"a:b": []}}}),
        json!({"Condition": {"Bool": {"a:b": true}, "NumericEquals": {"a:b": [1, 2.5]}}}),
        json!({"Condition": {"NullIfExists": {"a:b": "true"}}}),
        json!({"Action": ["s3:GetObject", null]}),
    ] {
        assert_eq!(of(changes.clone()), None, "{changes}");
    }
    let leftover =
        json!({"Version": "2012-10-17", "Id": "", "Conditions": 1, "Statement": statement(json!({}))});
    assert_eq!(message(&leftover.to_string(), PolicyType::Identity, true), None);
}

/// Each step goes through the whole document before the next: a fault of an earlier step wins, wherever in
/// the document it is.
#[test]
fn the_first_step_that_fails_is_reported() {
    let faults = [
        (json!({"Effect": "Permit"}), SYNTAX),
        (json!({"Effect": "allow"}), LEGACY),
        (json!({"Sid": "-"}), SID_FORM),
        (json!({"Sid": "first"}), SIDS),
        (json!({"Action": []}), NO_ACTIONS),
        (
            json!({"Resource": "b"}),
            "Resource b must be in ARN format or \"*\".",
        ),
        (json!({"Action": "GetObject"}), NO_VENDOR),
        (json!({"Resource": []}), NO_RESOURCES),
        (json!({"Principal": "*"}), PRINCIPAL),
    ];
    for (early, (_, expected)) in faults.iter().enumerate() {
        let mut statements = vec![statement(json!({"Sid": "first"}))];
        statements.extend(
            faults[early..]
                .iter()
                .rev()
                .map(|(changes, _)| statement(changes.clone())),
        );
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        assert_eq!(
            message(&document, PolicyType::Identity, true).as_deref(),
            Some(*expected)
        );
    }
    let old_and_wrong = json!({"Statement": [statement(json!({"Effect": "allow"}))]}).to_string();
    assert_eq!(
        message(&old_and_wrong, PolicyType::Identity, true).as_deref(),
        Some(VERSION)
    );
}

#[test]
fn a_resource_message_noticed_keeps_legacy_parsing_from_resources() {
    let both = json!({"Resource": ["b", "arn:aws:s3::b"]});
    assert_eq!(
        of(both).as_deref(),
        Some("Resource b must be in ARN format or \"*\".")
    );
}

#[test]
fn only_policies_of_resources_name_principals() {
    for ty in [
        PolicyType::Identity,
        PolicyType::Boundary,
        PolicyType::Session,
        PolicyType::ServiceControl,
    ] {
        for element in ["Principal", "NotPrincipal"] {
            let document = json!({"Statement": statement(json!({element: "*"}))}).to_string();
            assert_eq!(message(&document, ty, false).as_deref(), Some(PRINCIPAL));
        }
        assert_eq!(
            message(&json!({"Statement": statement(json!({}))}).to_string(), ty, false),
            None
        );
    }
    for ty in [
        PolicyType::Resource,
        PolicyType::ResourceControl,
        PolicyType::Endpoint,
    ] {
        let document = json!({"Statement": statement(json!({"Principal": "*"}))}).to_string();
        assert_eq!(message(&document, ty, false), None);
        assert_eq!(
            message(&json!({"Statement": statement(json!({}))}).to_string(), ty, false).as_deref(),
            Some(NO_PRINCIPAL)
        );
    }
}

fn trust(changes: Json) -> Option<String> {
    let mut whole =
        json!({"Action": "sts:AssumeRole", "Resource": null, "Principal": {"AWS": "111122223333"}});
    for (key, value) in changes.as_object().unwrap() {
        whole[key] = value.clone();
    }
    message(
        &json!({"Version": "2012-10-17", "Statement": statement(whole)}).to_string(),
        PolicyType::Trust,
        false,
    )
}

#[test]
fn trust_policies_say_who_may_assume_the_role() {
    assert_eq!(trust(json!({})), None);
    for action in ["sts:*", "sts:AssumeRole*", "sts:TagSession", "STS:assumerole"] {
        assert_eq!(trust(json!({"Action": action})), None, "{action}");
    }
    for action in ["*", "s3:GetObject", "sts:GetCallerIdentity", "*:*"] {
        assert_eq!(
            trust(json!({"Action": action})).as_deref(),
            Some(TRUST_ACTIONS),
            "{action}"
        );
    }
    assert_eq!(
        trust(json!({"Resource": "*"})).as_deref(),
        Some("Has prohibited field Resource")
    );
    assert_eq!(trust(json!({"Principal": null})).as_deref(), Some(NO_PRINCIPAL));
    assert_eq!(
        trust(json!({"Principal": null, "NotPrincipal": "*"})).as_deref(),
        Some("Has prohibited field NotPrincipal")
    );
    for (principal, expected) in [
        (json!("*"), None),
        (json!({"AWS": "*"}), None),
        (
            json!({"AWS": ["111122223333", "arn:aws:iam::111122223333:root"]}),
            None,
        ),
        (json!({"AWS": "arn:aws:iam::111122223333:user/ana"}), None),
        (json!({"AWS": "arn:aws:iam::111122223333:role/team/Desk"}), None),
        (
            json!({"AWS": "arn:aws:sts::111122223333:assumed-role/Desk/ana"}),
            None,
        ),
        (json!({"AWS": "AIDAEXAMPLEEXAMPLE12"}), None),
        (json!({"Service": "events.amazonaws.com"}), None),
        (
            json!({"Federated": "arn:aws:iam::111122223333:saml-provider/x"}),
            None,
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:user/*"}),
            Some("\"AWS\":\"arn:aws:iam::111122223333:user/*\""),
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:group/x"}),
            Some("\"AWS\":\"arn:aws:iam::111122223333:group/x\""),
        ),
        (json!({"AWS": ["*", "1234"]}), Some("\"AWS\":\"1234\"")),
        (json!("ana"), Some("\"AWS\":\"ana\"")),
        (json!({"Service": "*"}), Some("\"SERVICE\":\"*\"")),
        (json!({"Service": "ec2"}), Some("\"SERVICE\":\"ec2\"")),
        (json!({"Service": "ec2.amazonaws.com.cn"}), None),
    ] {
        let expected = expected.map(|name| format!("Invalid principal in policy: {name}"));
        assert_eq!(trust(json!({"Principal": principal})), expected, "{principal}");
    }
}

proptest! {
    #[test]
    fn checking_never_panics(text in "\\PC{0,80}") {
        for ty in [PolicyType::Identity, PolicyType::Trust, PolicyType::Resource] {
            let _ = check(&text, ty, true);
        }
    }

    /// Resources, actions and dates of any form get some answer.
    #[test]
    fn checking_elements_never_panics(action in "[a-z*:. é-]{0,12}", resource in "(arn:)?[a-z3*:/]{0,20}", date in "[0-9tTzZ:.+-]{0,30}") {
        let _ = of(json!({"Action": action, "Resource": resource, "Condition": {"DateEquals": {"a:b": date}}}));
    }
}
