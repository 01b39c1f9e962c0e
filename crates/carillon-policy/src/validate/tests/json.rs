//! Texts that are no JSON: what is said, where, and what the text is once it is mended.

use super::super::*;
use super::catalogue;

/// What is wrong in the first place, with its place, and the whole mended text.
fn syntax(text: &str) -> (Vec<(usize, usize, String)>, String) {
    let mut text = text.to_owned();
    let mut first = None;
    for _ in 0..4 {
        let findings: Vec<Finding> = validate(&text, PolicyType::Identity, &catalogue())
            .into_iter()
            .filter(|finding| finding.code == Code::JsonSyntaxError)
            .collect();
        let said = findings
            .iter()
            .map(|finding| {
                (
                    finding.span.start.line,
                    finding.span.start.column,
                    finding.message.clone(),
                )
            })
            .collect();
        first.get_or_insert(said);
        text = apply_fixes(&text, &findings).0;
    }
    (first.unwrap_or_default(), text)
}

#[track_caller]
fn mends(text: &str, said: &[(usize, usize, &str)], mended: &str) {
    let said: Vec<_> = said
        .iter()
        .map(|(line, column, message)| (*line, *column, (*message).to_owned()))
        .collect();
    assert_eq!(syntax(text), (said, mended.to_owned()));
    assert!(crate::syntax::read(mended).is_ok(), "{mended}");
}

const EXAMPLE: &str = include_str!("read_only_example.json");

#[test]
fn the_founding_example_is_answered_as_it_should_be() {
    assert_eq!(EXAMPLE.lines().count(), 23);
    let findings = validate(EXAMPLE, PolicyType::Identity, &catalogue());
    let error = findings
        .iter()
        .find(|finding| finding.code == Code::JsonSyntaxError)
        .unwrap();
    assert_eq!(
        error.message,
        "expected `,` or `]`; a comma is missing after `\"chime:ListGroups\"`"
    );
    let (start, end) = (error.span.start, error.span.end);
    assert_eq!((start.line, start.column, start.offset), (16, 11, 407));
    assert_eq!((end.line, end.column, end.offset), (16, 34, 430));
    let fix = error.fix.as_ref().unwrap();
    assert_eq!(
        (fix.span.start.line, fix.span.start.column, fix.span.start.offset),
        (15, 29, 396)
    );
    assert_eq!((fix.span.start, fix.text.as_str()), (fix.span.end, ","));
    // The rest of the text is looked at in the same run.
    let action = findings
        .iter()
        .find(|finding| finding.code == Code::ActionNotServed)
        .unwrap();
    assert_eq!(
        (
            action.span.start.line,
            action.span.start.column,
            action.span.start.offset
        ),
        (17, 11, 453)
    );

    let (mended, fixes) = apply_fixes(EXAMPLE, std::slice::from_ref(error));
    assert_eq!(fixes, 1);
    assert_eq!(mended.len(), EXAMPLE.len() + 1);
    let action = validate(&mended, PolicyType::Identity, &catalogue())
        .into_iter()
        .find(|finding| finding.code == Code::ActionNotServed)
        .unwrap();
    let (start, end) = (action.span.start, action.span.end);
    assert_eq!(
        (start.line, start.column, start.offset, end.column),
        (17, 11, 454, 37)
    );
    assert_eq!(end.offset - start.offset, 26);
    assert_eq!(action.severity, Severity::Warning);
    assert_eq!(
        action.message,
        "chime:GetAccountResource is an action of Amazon Chime that this server has no operation for; the \
         statement grants the other 11 actions"
    );
    assert_eq!(
        action.suggestion.as_deref(),
        Some("a guess: for reading an account: chime:GetAccount")
    );
}

#[test]
fn commas() {
    mends(
        "{\"a\": 1\n \"b\": 2}",
        &[(2, 2, "expected `,` or `}`; a comma is missing after `1`")],
        "{\"a\": 1,\n \"b\": 2}",
    );
    mends(
        "[{} {}]",
        &[(1, 5, "expected `,` or `]`; a comma is missing after `}`")],
        "[{}, {}]",
    );
    mends("[1, 2,]", &[(1, 6, "a comma before `]` is not JSON")], "[1, 2]");
    mends(
        "{\"a\": 1,}",
        &[(1, 8, "a comma before `}` is not JSON")],
        "{\"a\": 1}",
    );
    mends("[1,, 2]", &[(1, 4, "one comma too many")], "[1, 2]");
    mends("[, 1]", &[(1, 2, "expected a value or `]`, not a comma")], "[ 1]");
    mends("[1; 2]", &[(1, 3, "expected `,` or `]`")], "[1, 2]");
}

#[test]
fn brackets() {
    mends(
        "{\"a\": [1, 2}",
        &[(1, 12, "expected `]`: the `[` of line 1 is not closed")],
        "{\"a\": [1, 2]}",
    );
    mends(
        "{\n\"a\": [1",
        &[
            (2, 8, "expected `]`: the `[` of line 2 is not closed"),
            (2, 8, "expected `}`: the `{` of line 1 is not closed"),
        ],
        "{\n\"a\": [1]}",
    );
    mends(
        "[1, {\"a\": 2]",
        &[(1, 12, "expected `}`: the `{` of line 1 is not closed")],
        "[1, {\"a\": 2}]",
    );
    mends(
        "{\"a\": [1, 2\n\"b\": 3}",
        &[(2, 1, "expected `]` before this: the `[` of line 1 is not closed")],
        "{\"a\": [1, 2],\n\"b\": 3}",
    );
    mends(
        "{\"a\": [1, 2,\n\"b\": 3}",
        &[(2, 1, "expected `]` before this: the `[` of line 1 is not closed")],
        "{\"a\": [1, 2],\n\"b\": 3}",
    );
    mends(
        "[{\"a\": 1, {\"b\": 2}]",
        &[(1, 11, "expected `}` before this: the `{` of line 1 is not closed")],
        "[{\"a\": 1}, {\"b\": 2}]",
    );
    mends(
        "{\"a\": 1}}",
        &[(1, 9, "the policy ends before this; `}` does not belong to it")],
        "{\"a\": 1}",
    );
    mends(
        "{\"a\": 1]}",
        &[(1, 8, "nothing is open that `]` could close")],
        "{\"a\": 1}",
    );
}

#[test]
fn quotes() {
    mends(
        "{'a': 'it'}",
        &[
            (1, 2, "strings stand in double quotes: `'a'`"),
            (1, 7, "strings stand in double quotes: `'it'`"),
        ],
        "{\"a\": \"it\"}",
    );
    mends(
        "{\u{201c}a\u{201d}: 1}",
        &[(1, 2, "strings stand in double quotes: `\u{201c}a\u{201d}`")],
        "{\"a\": 1}",
    );
    mends(
        "{\"a\u{201d}: 1}",
        &[(1, 2, "strings stand in double quotes: `\"a\u{201d}`")],
        "{\"a\": 1}",
    );
    mends(
        "{a: 1}",
        &[(1, 2, "names stand in double quotes: `\"a\"`")],
        "{\"a\": 1}",
    );
    mends(
        "[chime:ListUsers, 2012-10-17]",
        &[
            (1, 2, "strings stand in double quotes: `\"chime:ListUsers\"`"),
            (1, 19, "strings stand in double quotes: `\"2012-10-17\"`"),
        ],
        "[\"chime:ListUsers\", \"2012-10-17\"]",
    );
    mends(
        "[\"a,\n \"b\"]",
        &[(1, 2, "expected `\"` at the end of \"a")],
        "[\"a\",\n \"b\"]",
    );
    mends(
        "[a\", \"b\"]",
        &[(1, 2, "expected `\"` before `a`")],
        "[\"a\", \"b\"]",
    );
    mends(
        "[True, None]",
        &[
            (1, 2, "`True` is written `true` in JSON"),
            (1, 8, "`None` is written `null` in JSON"),
        ],
        "[true, null]",
    );
}

#[test]
fn names_and_their_values() {
    mends(
        "{\"a\" = 1}",
        &[(1, 6, "expected `:` after \"a\"")],
        "{\"a\" : 1}",
    );
    mends(
        "{\"a\" => 1}",
        &[(1, 6, "expected `:` after \"a\"")],
        "{\"a\" : 1}",
    );
    mends(
        "{\"a\" \"b\"}",
        &[(1, 6, "expected `:` and a value after \"a\"")],
        "{\"a\": \"b\"}",
    );
    let (said, _) = syntax("{\"a\": 1, \"b\": 2, \"a\": 3}");
    assert_eq!(
        said,
        [(
            1,
            18,
            "the name `a` occurs twice in one object, first in line 1".to_owned()
        )]
    );
    let (said, _) = syntax("{\"a\": }");
    assert_eq!(said, [(1, 7, "expected a value for \"a\"".to_owned())]);
}

#[test]
fn comments_and_characters() {
    mends(
        "{\"a\": 1 // one\n}",
        &[(1, 9, "comments are not part of JSON")],
        "{\"a\": 1 \n}",
    );
    mends(
        "{/* x */\"a\": 1}",
        &[(1, 2, "comments are not part of JSON")],
        "{ \"a\": 1}",
    );
    mends("# policy\n{}", &[(1, 1, "comments are not part of JSON")], "\n{}");
    mends(
        "\u{feff}{}",
        &[(
            1,
            1,
            "the text begins with a byte order mark, which JSON does not have",
        )],
        "{}",
    );
    mends(
        "{\u{a0}\"a\": 1}",
        &[(1, 2, "this character looks like white space, and is none in JSON")],
        "{ \"a\": 1}",
    );
    mends(
        "[\"a\tb\"]",
        &[(1, 4, "a control character stands in a string as `\\t`")],
        "[\"a\\tb\"]",
    );
    mends(
        "[\"\\d\"]",
        &[(1, 3, "`\\d` is no escape sequence of JSON")],
        "[\"\\\\d\"]",
    );
}

#[test]
fn what_cannot_be_mended_is_said_once() {
    for (text, said) in [
        ("", (1, 1, "expected a policy; the text is empty")),
        (" ", (1, 2, "expected a policy; the text is empty")),
        ("(", (1, 1, "expected a policy, which begins with `{`; found `(`")),
        (
            "{} {}",
            (1, 4, "the policy ends before this; `{}` does not belong to it"),
        ),
    ] {
        let (line, column, message) = said;
        assert_eq!(syntax(text).0, [(line, column, message.to_owned())], "{text}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        syntax(&deep).0,
        [(1, 65, "nested more than 64 levels deep".to_owned())]
    );
}

/// What stands in the way of JSON is told once, though IAM would not store it either.
#[test]
fn a_mark_that_is_no_json_is_one_finding() {
    for text in [
        "\u{feff}{\"Version\": \"2012-10-17\"}",
        "{\u{201c}Version\u{201d}: \"2012-10-17\"}",
    ] {
        let of = |code| super::of_code(text, PolicyType::Identity, code).len();
        assert_eq!(
            (of(Code::JsonSyntaxError), of(Code::UnsupportedCharacter)),
            (1, 0),
            "{text}"
        );
    }
}
