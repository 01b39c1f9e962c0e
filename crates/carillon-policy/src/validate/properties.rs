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
    fn nearly_right_policies_are_validated_too(text in nearly_a_policy()) {
        check(&text);
    }
}
