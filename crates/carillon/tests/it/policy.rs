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
