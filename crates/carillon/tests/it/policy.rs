//! `carillon policy`.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{carillon, text};

fn evaluate(input: &str) -> Output {
    let mut process = carillon(&["policy", "evaluate"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

#[test]
fn one_decision_a_line() {
    let allow = json!({ "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "chime:List*", "Resource": "*"} });
    let case = |id: &str, action: &str| {
        json!({
            "id": id, "principal": "arn:aws:iam::111122223333:user/ada", "action": action, "resource": "*",
            "resource_account": "111122223333", "identity_policies": [allow],
        })
    };
    let input = format!(
        "{}\n\n{}\nnot json\n",
        case("a", "chime:ListUsers"),
        case("b", "chime:GetUser")
    );
    let output = evaluate(&input);
    assert_eq!(output.status.code(), Some(0));
    let decisions: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["decision"].clone())
        .collect();
    assert_eq!(decisions, ["Allowed", "ImplicitlyDenied", "Error"]);
    assert_eq!(text(&evaluate("").stdout), "");
}

#[test]
fn a_case_is_explained_for_people_and_for_programs() {
    let case = json!({
        "principal": "arn:aws:iam::111122223333:user/ada", "action": "chime:DeleteUser", "resource": "*",
        "context": {"aws:MultiFactorAuthPresent": "false"},
        "identity_policies": [{"Version": "2012-10-17", "Statement": {
            "Sid": "Ops", "Effect": "Allow", "Action": "chime:*", "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        }}],
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.json");
    std::fs::write(&file, case.to_string()).unwrap();
    let explain = |arguments: &[&str]| {
        let all = [&["policy", "explain", file.to_str().unwrap()], arguments].concat();
        carillon(&all).output().unwrap()
    };
    let told = explain(&[]);
    assert_eq!(told.status.code(), Some(0));
    let told = text(&told.stdout).to_owned();
    assert!(
        told.starts_with("ImplicitlyDenied: chime:DeleteUser is denied because no identity-based policy")
    );
    assert!(told.contains("would apply if `aws:MultiFactorAuthPresent` were `true`"));
    let json: Value = serde_json::from_slice(&explain(&["--format", "json"]).stdout).unwrap();
    assert_eq!(json["near_misses"][0]["key"], "aws:MultiFactorAuthPresent");

    let mut process = carillon(&["policy", "evaluate", "--explain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(case.to_string().as_bytes())
        .unwrap();
    let answer: Value = serde_json::from_slice(&process.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(answer["explanation"], json);

    std::fs::write(&file, "{}").unwrap();
    let refused = explain(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("missing field `action`"));
}
