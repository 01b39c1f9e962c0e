use serde_json::{Value, json};

use super::*;

fn run(input: &str) -> Vec<Value> {
    let mut output = Vec::new();
    evaluate(input.as_bytes(), &mut output, Options::default()).unwrap();
    String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn case() -> Value {
    json!({
        "id": "c1",
        "principal": "arn:aws:iam::111122223333:user/ana",
        "action": "chime:ListUsers",
        "resource": "*",
        "identity_policies": [{"Statement": [{"Effect": "Allow", "Action": "chime:*", "Resource": "*"}]}],
    })
}

#[test]
fn every_line_is_answered_with_its_id() {
    let mut denied = case();
    denied["id"] = json!("c2");
    denied["action"] = json!("iam:ListUsers");
    let mut explicit = case();
    explicit["boundaries"] = json!([{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}]);
    assert_eq!(
        run(&format!("{}\n\n{denied}\r\n{explicit}", case())),
        [
            json!({"id": "c1", "decision": "Allowed"}),
            json!({"id": "c2", "decision": "ImplicitlyDenied", "reason": "no identity policy allows"}),
            json!({"id": "c1", "decision": "ExplicitlyDenied"}),
        ]
    );
}

#[test]
fn what_cannot_be_read_is_an_error_with_its_id() {
    let mut bad_principal = case();
    bad_principal["principal"] = json!("nobody");
    let mut text_policy = case();
    text_policy["identity_policies"] = json!(["{}"]);
    let twice = case().to_string().replacen(
        "\"Effect\":\"Allow\"",
        "\"Effect\":\"Deny\",\"Effect\":\"Allow\"",
        1,
    );
    for line in [
        bad_principal.to_string(),
        text_policy.to_string(),
        twice,
        r#"{"id": "c1"}"#.to_owned(),
        r#"{"id": "c1", "action": "#.to_owned(),
        r#"{"id": "c1", "action": 1, "resource": "*"}"#.to_owned(),
        r#"{"id": "c1", "action": "a:b", "resource": "*", "wildcard_only_action": "yes"}"#.to_owned(),
    ] {
        let answers = run(&line);
        assert_eq!(answers.len(), 1, "{line}");
        assert_eq!(
            (&answers[0]["id"], &answers[0]["decision"]),
            (&json!("c1"), &json!("Error")),
            "{line}"
        );
        assert!(answers[0]["error"].is_string());
    }
    for line in ["no", "[]", "\"id\"", "{\"id\":"] {
        assert_eq!(run(line)[0]["id"], Value::Null);
        assert_eq!(run(line)[0]["decision"], "Error");
    }
}

#[test]
fn a_list_that_is_there_and_empty_is_not_an_absent_one() {
    for (field, value, expected) in [
        ("boundaries", Value::Null, "Allowed"),
        ("boundaries", json!([]), "ImplicitlyDenied"),
        ("session_policies", Value::Null, "Allowed"),
        ("session_policies", json!([]), "ImplicitlyDenied"),
        ("endpoint_policies", Value::Null, "Allowed"),
        ("scps", json!([]), "Allowed"),
        ("scps", json!([[]]), "ImplicitlyDenied"),
        ("rcps", Value::Null, "Allowed"),
        ("rcps", json!([[]]), "ImplicitlyDenied"),
    ] {
        let mut case = case();
        case[field] = value;
        assert_eq!(run(&case.to_string())[0]["decision"], expected, "{case}");
    }
}

#[test]
fn the_owner_of_the_resource_decides_what_is_cross_account() {
    let mut case = case();
    for (resource, owner, expected) in [
        (
            "arn:aws:chime:us-east-1:444455556666:vc/1",
            Value::Null,
            "ImplicitlyDenied",
        ),
        (
            "arn:aws:chime:us-east-1:444455556666:vc/1",
            json!("111122223333"),
            "Allowed",
        ),
        ("arn:aws:s3:::bucket", json!("444455556666"), "ImplicitlyDenied"),
    ] {
        case["resource"] = json!(resource);
        case["resource_account"] = owner;
        assert_eq!(run(&case.to_string())[0]["decision"], expected, "{case}");
    }
}

#[test]
fn lines_are_read_whole_whatever_the_buffer() {
    let text = format!("{}\n\n{}", case(), case());
    for size in [1, 7, 64, 4096] {
        let input = io::BufReader::with_capacity(size, text.as_bytes());
        let mut output = Vec::new();
        evaluate(input, &mut output, Options::default()).unwrap();
        assert_eq!(String::from_utf8(output).unwrap().matches("Allowed").count(), 2);
    }
}

#[test]
fn a_line_that_is_too_long_is_answered_and_passed_over() {
    let mut input = b"{\"id\": \"long\", ".to_vec();
    input.resize(10_000, b' ');
    input.extend(format!("\n{}\n", case()).bytes());
    let mut output = Vec::new();
    evaluate(
        input.as_slice(),
        &mut output,
        Options {
            longest_line: 1_000,
            ..Options::default()
        },
    )
    .unwrap();
    let answers = String::from_utf8(output).unwrap();
    let [long, next] = answers.lines().collect::<Vec<_>>()[..] else {
        panic!("{answers}")
    };
    assert!(long.contains("\"long\"") && long.contains("Error"), "{long}");
    assert!(next.contains("Allowed"), "{next}");
}

/// The answer to a case is written before the next one is waited for.
#[test]
fn a_conversation_is_possible() {
    struct Asking<'a> {
        answered: &'a std::cell::RefCell<Vec<u8>>,
        asked: usize,
        buffer: Vec<u8>,
    }
    impl io::Read for Asking<'_> {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
    impl BufRead for Asking<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            if self.buffer.is_empty() && self.asked < 3 {
                let answers = self
                    .answered
                    .borrow()
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count();
                assert_eq!(answers, self.asked);
                self.asked += 1;
                self.buffer = format!("{}\n \n", case()).into_bytes();
            }
            Ok(&self.buffer)
        }
        fn consume(&mut self, used: usize) {
            self.buffer.drain(..used);
        }
    }
    struct Answers<'a>(&'a std::cell::RefCell<Vec<u8>>);
    impl Write for Answers<'_> {
        fn write(&mut self, part: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend(part);
            Ok(part.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let answered = std::cell::RefCell::default();
    let asking = Asking {
        answered: &answered,
        asked: 0,
        buffer: Vec::new(),
    };
    evaluate(asking, io::BufWriter::new(Answers(&answered)), Options::default()).unwrap();
}

#[test]
fn a_hundred_thousand_lines_are_answered() {
    let line = format!("{}\n", case());
    let mut output = Vec::new();
    evaluate(line.repeat(100_000).as_bytes(), &mut output, Options::default()).unwrap();
    assert_eq!(output.iter().filter(|byte| **byte == b'\n').count(), 100_000);
}

#[test]
fn explanations_come_with_the_answers_and_alone() {
    let mut denied = case();
    denied["action"] = json!("iam:ListUsers");
    let mut output = Vec::new();
    let options = Options {
        explanations: true,
        ..Options::default()
    };
    evaluate(denied.to_string().as_bytes(), &mut output, options).unwrap();
    let answer: Value = serde_json::from_slice(&output).unwrap();
    let explanation = &answer["explanation"];
    assert_eq!(explanation["decision"], answer["decision"]);
    assert_eq!(explanation["reasons"][0]["text"], answer["reason"]);
    assert_eq!(
        explanation["policies"][0]["statements"][0]["parts"][0],
        json!({"element": "Action", "wanted": ["chime:*"], "actual": "iam:ListUsers", "matched": false})
    );
    let alone = explain_case(&denied.to_string()).unwrap();
    assert_eq!(serde_json::to_value(alone).unwrap(), *explanation);
    assert_eq!(
        explain_case("{}").unwrap_err(),
        "missing field `action` at line 1 column 2"
    );
}
