//! What can go from a policy, and what must not.

use super::{CATALOGUE, allow, deny, policy};
use crate::PolicyType;
use crate::analysis::{What, minimise};

/// What is left, without white space, and how many changes that took.
fn left(statements: &str) -> (String, usize) {
    let smaller = minimise(&policy(statements), PolicyType::Identity, &CATALOGUE).unwrap();
    let document: serde_json::Value = serde_json::from_str(&smaller.document).unwrap();
    (document["Statement"].to_string(), smaller.changes.len())
}

fn compact(statements: &str) -> String {
    let tree: serde_json::Value = serde_json::from_str(&format!("[{statements}]")).unwrap();
    tree.to_string()
}

#[test]
fn what_another_statement_says_already_goes() {
    let all = allow("chime:*", "*");
    for more in [
        allow("chime:GetUser", "*"),
        allow("chime:G*", "arn:aws:chime::1:account/*"),
        r#"{"Effect": "Allow", "Action": "chime:GetUser", "Resource": "*",
            "Condition": {"StringEquals": {"aws:username": "ada"}}}"#
            .to_owned(),
    ] {
        assert_eq!(left(&format!("{more}, {all}")), (compact(&all), 1), "{more}");
    }
    let other = allow("s3:GetObject", "arn:aws:s3:::b/*");
    let both = format!("{all}, {other}");
    assert_eq!(left(&both), (compact(&both), 0));
}

#[test]
fn what_is_denied_anyway_need_not_be_allowed_and_a_denial_stays() {
    let denied = deny("chime:*", "*");
    // Beside another policy the denial counts, whatever this one allows.
    let both = format!("{}, {denied}", allow("chime:GetUser", "*"));
    assert_eq!(left(&both), (compact(&denied), 1));
    let apart = format!("{}, {denied}", allow("s3:GetObject", "*"));
    assert_eq!(left(&apart), (compact(&apart), 0));
    let twice = format!("{denied}, {}", deny("chime:GetUser", "*"));
    assert_eq!(left(&twice), (compact(&denied), 1));
}

#[test]
fn members_that_others_cover_go() {
    let (document, changes) = left(
        r#"{"Effect": "Allow", "Action": ["chime:GetUser", "chime:get*", "CHIME:GetUser", "s3:GetObject"],
            "Resource": ["arn:aws:s3:::b/x", "arn:aws:s3:::b/*"]}"#,
    );
    assert_eq!(
        document,
        r#"[{"Effect":"Allow","Action":["chime:get*","s3:GetObject"],"Resource":["arn:aws:s3:::b/*"]}]"#
    );
    assert_eq!(changes, 3);
    let all_but = r#"{"Effect": "Allow", "NotAction": ["iam:GetUser", "iam:*"], "Resource": "*"}"#;
    assert_eq!(
        left(all_but).0,
        r#"[{"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"}]"#
    );
}

#[test]
fn statements_that_differ_in_a_list_become_one() {
    let smaller = minimise(
        &policy(&format!(
            "{}, {}, {}",
            allow("chime:GetUser", "*"),
            allow("chime:ListUsers", "*"),
            allow("s3:GetObject", "arn:aws:s3:::b/*")
        )),
        PolicyType::Identity,
        &CATALOGUE,
    )
    .unwrap();
    assert!(
        smaller.document.contains("chime:ListUsers") && smaller.document.matches("Effect").count() == 2,
        "{}",
        smaller.document
    );
    assert_eq!(smaller.changes[0].statement, 1);
    assert_eq!(smaller.changes[0].what, What::JoinedWith { statement: 0 });
}

#[test]
fn what_iam_refuses_is_not_made_smaller_and_what_names_principals_stays() {
    assert!(minimise("{", PolicyType::Identity, &CATALOGUE).is_err());
    let twice = r#"{"Version": "2012-10-17", "Version": "2008-10-17", "Statement": []}"#;
    assert!(minimise(twice, PolicyType::Identity, &CATALOGUE).is_err());
    let trust = policy(
        r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
           {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}"#,
    );
    let same = minimise(&trust, PolicyType::Trust, &CATALOGUE).unwrap();
    assert_eq!((same.document, same.changes.len()), (trust, 0));
}
