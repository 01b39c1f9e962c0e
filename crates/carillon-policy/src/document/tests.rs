use serde_json::json;

use super::*;

const TEXT: &str = r#"{
  "Version": "2012-10-17", "Id": "é",
  "Statement": [
    { "Sid": "Desk", "Effect": "Allow", "Action": "sts:AssumeRole",
      "Principal": { "AWS": ["arn:aws:iam::111122223333:role/Desk", "111122223333"] } },
    {"Effect": "Deny", "Action": "sts:*", "Principal": {"Service": "x.amazonaws.com", "AWS": "*"}}
  ]
}"#;

#[test]
fn statements_know_where_they_stand() {
    let document = Document::parse(TEXT, PolicyType::Trust, false).unwrap();
    let [first, second] = document.statements() else {
        panic!()
    };
    assert_eq!(
        (first.index(), first.sid().map(|sid| &**sid), first.effect()),
        (0, Some("Desk"), Effect::Allow)
    );
    assert_eq!(
        (second.index(), second.sid(), second.effect()),
        (1, None, Effect::Deny)
    );
    let Span {
        line,
        column,
        end_line,
        end_column,
        start,
        end,
    } = first.span();
    assert_eq!((line, column, end_line, end_column), (4, 5, 5, 88));
    assert!(TEXT[start..end].starts_with("{ \"Sid\"") && TEXT[start..end].ends_with("] } }"));
    assert_eq!((second.span().line, second.span().column), (6, 5));
}

#[test]
fn statements_list_the_principals_as_written() {
    let document = Document::parse(TEXT, PolicyType::Trust, false).unwrap();
    let names: Vec<_> = document
        .statements()
        .iter()
        .map(|statement| {
            statement
                .principals()
                .iter()
                .map(|name| (name.kind, &*name.text))
                .collect::<Vec<_>>()
        })
        .collect();
    use crate::principal::PrincipalType::{Aws, Service};
    assert_eq!(
        names,
        [
            vec![
                (Aws, "arn:aws:iam::111122223333:role/Desk"),
                (Aws, "111122223333")
            ],
            vec![(Service, "x.amazonaws.com"), (Aws, "*")],
        ]
    );
    assert!(document.statements()[0].not_principals().is_empty());
}

#[test]
fn principals_are_rewritten_in_place() {
    let rewritten = rewrite_principals(TEXT, |name| {
        name.ends_with("role/Desk").then(|| "AROA\"1".to_owned())
    });
    assert_eq!(
        rewritten,
        TEXT.replace("arn:aws:iam::111122223333:role/Desk", "AROA\\\"1")
    );
    assert_eq!(rewrite_principals(TEXT, |_| None), TEXT);
    assert_eq!(rewrite_principals("no json", |_| Some(String::new())), "no json");
    let negative = r#"{"Statement":{"NotPrincipal":{"AWS":"a"},"Principal":{"AWS":["b",1]}}}"#;
    let upper = |name: &str| Some(name.to_uppercase());
    assert_eq!(
        rewrite_principals(negative, upper),
        r#"{"Statement":{"NotPrincipal":{"AWS":"A"},"Principal":{"AWS":["B",1]}}}"#
    );
}

#[test]
fn white_space_does_not_count() {
    assert_eq!(Document::size(" {\t\"é\":\r\n 1}\u{a0}"), 8);
    assert_eq!(Document::size(""), 0);
}

#[test]
fn lenient_reading_leaves_out_what_it_cannot_use() {
    for value in [
        json!(null),
        json!([]),
        json!({}),
        json!({"Statement": 1}),
        json!({"Statement": [1, null, []]}),
        json!({"Statement": {"Effect": "allow", "Action": "*"}}),
    ] {
        assert!(Document::lenient(&value).statements().is_empty(), "{value}");
    }
    let document = Document::lenient(&json!({"Statement": [1, {"Effect": "Deny"}]}));
    assert_eq!(document.statements()[0].index(), 1);
    assert_eq!(document.statements()[0].span(), Span::default());
    assert!(Document::lenient_text("{").is_err());
    assert!(Document::lenient_text(r#"{"Statement": [], "Statement": []}"#).is_err());
}

#[test]
fn hostile_values_are_read_without_recursion_to_the_bottom() {
    let mut value = json!("x");
    for _ in 0..1_000 {
        value = serde_json::Value::Array(vec![value]);
    }
    let mut document = json!({"Statement": {"Effect": "Allow"}});
    document["Statement"]["Action"] = value;
    assert_eq!(Document::lenient(&document).statements().len(), 1);
}

#[test]
fn many_statements_are_placed_in_one_walk() {
    let statement = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let text = format!("{{\"Statement\":[{}]}}", vec![statement; 2_700].join(",\n"));
    let document = Document::parse(&text, PolicyType::Identity, false).unwrap();
    assert_eq!(document.statements().last().unwrap().span().line, 2_700);
}

#[test]
fn a_statement_tells_whether_it_is_about_everything() {
    for (elements, expected) in [
        (r#""Resource": "*""#, true),
        (r#""Resource": ["arn:aws:iam::1:user/x", "*"]"#, true),
        (r#""Resource": "arn:*""#, false),
        (r#""NotResource": "arn:aws:iam::1:user/x""#, false),
        (
            r#""Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}"#,
            false,
        ),
    ] {
        let text = format!(r#"{{"Statement": {{"Effect": "Deny", "Action": "*", {elements}}}}}"#);
        let document = Document::lenient_text(&text).unwrap();
        assert_eq!(document.statements()[0].is_unlimited(), expected, "{elements}");
    }
}

#[test]
fn a_statement_tells_which_services_and_actions_it_concerns() {
    let statement = |element: &str| {
        let text = format!(r#"{{"Statement": {{"Effect": "Allow", {element}, "Resource": "*"}}}}"#);
        Document::lenient_text(&text).unwrap().statements()[0].clone()
    };
    for (element, service, action) in [
        (r#""Action": "chime:List*""#, true, true),
        (r#""Action": "Chime:listusers""#, true, true),
        (r#""Action": ["iam:*", "chime:GetUser"]"#, true, false),
        (r#""Action": "iam:*""#, false, false),
        (r#""Action": "*""#, true, true),
        (r#""NotAction": "chime:ListUsers""#, true, false),
        (r#""NotAction": "chime:*""#, false, false),
        (r#""NotAction": "iam:*""#, true, true),
        (r#""NotAction": "*""#, false, false),
    ] {
        let statement = statement(element);
        assert_eq!(statement.concerns_service("chime"), service, "{element}");
        assert_eq!(
            statement.concerns_action(&["chime:ListUsers"]),
            action,
            "{element}"
        );
    }
}
