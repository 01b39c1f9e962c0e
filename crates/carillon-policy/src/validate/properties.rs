//! What holds for every text.

use proptest::prelude::*;

use super::tests::catalogue;
use super::*;

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

/// Pieces that policies are made of, and pieces that people put there instead.
fn piece() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "'",
        "\n",
        " ",
        "\t",
        "=",
        "//x\n",
        "/*",
        "*/",
        "\\",
        "\u{201c}",
        "\u{201d}",
        "\u{feff}",
        "\u{a0}",
        "\"Version\":",
        "\"2012-10-17\"",
        "\"Statement\":",
        "\"Effect\":",
        "\"Allow\"",
        "\"Deny\"",
        "\"Action\":",
        "\"NotAction\":",
        "\"Resource\":",
        "\"NotResource\":",
        "\"Principal\":",
        "\"Condition\":",
        "\"Sid\":",
        "\"chime:List*\"",
        "\"iam:*\"",
        "\"*\"",
        "\"arn:aws:s3:::b/${aws:username}\"",
        "\"arn:aws:iam\"",
        "\"StringEquals\":",
        "\"NotIpAddress\":",
        "\"Bool\":",
        "\"ForAllValues:StringLike\":",
        "\"aws:TagKeys\":",
        "\"aws:SourceIp\":",
        "\"10.0.0.1/8\"",
        "\"${a\"",
        "\"\\u00e9\"",
        "true",
        "null",
        "12",
        "1e5",
        "-",
        "chime:x",
        "é",
        "\u{1f600}",
        "\"AWS\":",
        "{}",
        "[]",
    ]);
    prop_oneof![8 => pieces.prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

fn any_text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

/// A policy that is one, with a few characters taken away, doubled or put in.
fn nearly_a_policy() -> impl Strategy<Value = String> {
    let edit = (
        0usize..1_000,
        prop::sample::select(vec!["", "\"", ",", "]", "}", "{", "[", ":", "x", "\n"]),
        0usize..2,
    );
    prop::collection::vec(edit, 0..4).prop_map(|edits| {
        let mut characters: Vec<char> = include_str!("tests/read_only_example.json").chars().collect();
        for (place, inserted, removed) in edits {
            let at = place % characters.len();
            let end = (at + removed).min(characters.len());
            characters.splice(at..end, inserted.chars());
        }
        characters.into_iter().collect()
    })
}

/// Cases of a run: few, unless more are asked for.
fn cases() -> u32 {
    let asked = std::env::var("CARILLON_POLICY_CASES");
    asked.ok().and_then(|number| number.parse().ok()).unwrap_or(40)
}

/// Values for the elements of a statement: right ones, nearly right ones, and wrong ones.
fn element(choices: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![6 => prop::sample::select(choices).prop_map(Some), 1 => Just(None)]
}

/// JSON that is nearly a policy, so that each step of what IAM refuses is reached.
fn nearly_a_statement() -> impl Strategy<Value = String> {
    let statement = (
        element(&[
            r#""Allow""#,
            r#""Deny""#,
            r#""Allow""#,
            r#""allow""#,
            r#""x""#,
            "1",
        ]),
        element(&[
            r#""s3:*""#,
            r#"["s3:Get*", "chime:ListUsers"]"#,
            "[]",
            r#""*""#,
            r#""ListUsers""#,
            r#""a:b:c""#,
            r#""s*:b""#,
            r#""sts:AssumeRole""#,
            r#"["sts:AssumeRole", null]"#,
            "{}",
            r#""é:b""#,
        ]),
        element(&[
            r#""*""#,
            r#""arn:aws:s3:::b""#,
            r#"["arn:aws:s3:::b", "*"]"#,
            "[]",
            r#""bucket""#,
            r#""arn:asw:s3:::b""#,
            r#""arn:aws""#,
            r#""arn:aws:s3::b""#,
            r#""arn:aws:::::x""#,
            r#""arn:aws:iam:us-east-1::user/a""#,
            r#""arn:aws:iam::1:users/a""#,
            r#""arn:aws:s3:us-east-1::b""#,
            r#""arn:aws:iam""#,
            r#""arn:""#,
            r#""""#,
            r#""arn:*:*""#,
        ]),
        prop_oneof![3 => Just(None), 2 => element(&[
            r#""*""#, r#"{"AWS": "111122223333"}"#, "{}", r#"{"AWS": "arn:aws:iam::111122223333:user/*"}"#, r#"{"AWS": []}"#, r#""ana""#,
            r#"{"Service": ""}"#, r#"{"Service": "a.amazonaws.com"}"#, r#"{"Aws": "*"}"#, r#"{"AWS": "x"}"#, r#"{"Federated": "*"}"#, "[]",
        ])],
        prop_oneof![3 => Just(None), 1 => element(&[
            "{}", "[]", r#"{"StringEquals": {"aws:username": "a"}}"#, r#"{"DateEquals": {"aws:CurrentTime": "soon"}}"#,
            r#"{"Same": {"a": "b"}}"#, r#"{"Same": {}}"#, r#"{"Bool": 1}"#, r#"{"Bool": {"a:b": {}}}"#, r#"{"Bool": {"a:b": [[]]}}"#,
        ])],
        prop_oneof![3 => Just(None), 1 => element(&[r#""a""#, r#""""#, "1"])],
        prop::sample::select(vec!["", "", "", "Not"]),
        any::<bool>(),
    );
    let statements = prop::collection::vec(statement, 0..3);
    let version = element(&[r#""2012-10-17""#, r#""2012-10-17""#, r#""2008-10-17""#, r#""x""#]);
    (version, statements).prop_map(|(version, statements)| {
        let statements: Vec<String> = statements
            .into_iter()
            .map(
                |(effect, action, resource, principal, condition, sid, not, both)| {
                    let mut members = Vec::new();
                    let mut put = |name: String, value: Option<&str>| {
                        members.extend(value.map(|value| format!("\"{name}\": {value}")));
                    };
                    put("Sid".to_owned(), sid);
                    put("Effect".to_owned(), effect);
                    put(format!("{not}Principal"), principal);
                    put("Action".to_owned(), action);
                    put(format!("{not}Resource"), resource);
                    put("NotAction".to_owned(), action.filter(|_| both && not == "Not"));
                    put("Condition".to_owned(), condition);
                    format!("{{{}}}", members.join(", "))
                },
            )
            .collect();
        let version = version
            .map(|version| format!("\"Version\": {version}, "))
            .unwrap_or_default();
        format!("{{{version}\"Statement\": [{}]}}", statements.join(", "))
    })
}

fn check(text: &str) {
    for ty in TYPES {
        let findings = validate(text, ty, &catalogue());
        assert!(findings.len() <= MOST_FINDINGS);
        for finding in &findings {
            let spans = std::iter::once(&finding.span).chain(finding.fix.iter().map(|fix| &fix.span));
            for span in spans {
                assert!(
                    span.start.byte <= span.end.byte && span.end.byte <= text.len(),
                    "{finding:?}"
                );
                for place in [span.start, span.end] {
                    let before = text.get(..place.byte).expect("between two characters");
                    assert_eq!(before.chars().count(), place.offset);
                    assert_eq!(before.matches('\n').count() + 1, place.line);
                    let line = before.rsplit('\n').next().unwrap_or_default();
                    assert_eq!(line.chars().count() + 1, place.column);
                }
            }
        }
        let broken = findings
            .iter()
            .any(|finding| finding.code == Code::JsonSyntaxError);
        let told = !findings
            .iter()
            .any(|finding| finding.code == Code::TooManyFindings);
        assert_eq!(
            broken,
            crate::syntax::read(text).is_err(),
            "{told} {text:?} {findings:?}"
        );
        let fixes = findings.iter().filter(|finding| finding.fix.is_some()).count();
        let (_, applied) = apply_fixes(text, &findings);
        assert!(applied <= fixes && (applied > 0) == (fixes > 0));
        // What IAM refuses to store has an error that says why.
        if let Err(refusal) = Document::parse(text, ty, false) {
            let place = place_of_refusal(text, ty, &refusal);
            assert!(
                place.is_some(),
                "{refusal} has no place in {text:?}: {findings:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_validated_and_every_place_is_in_it(text in any_text()) {
        check(&text);
    }

    #[test]
    fn every_refusal_has_a_place(text in nearly_a_statement()) {
        check(&text);
    }

    #[test]
    fn nearly_right_policies_are_validated_too(text in nearly_a_policy()) {
        check(&text);
    }
}
