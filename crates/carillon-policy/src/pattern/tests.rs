use proptest::prelude::*;

use super::*;
use crate::context::MapContext;

const NEW: Language = Language {
    variables: true,
    wildcards: true,
};
const OLD: Language = Language {
    variables: false,
    wildcards: true,
};

fn matched(pattern: &str, language: Language, text: &str, context: &MapContext) -> Match {
    Pattern::compile(pattern, language).matches(text, context)
}

#[test]
fn wildcards_match_what_they_should() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "a/b:c", true),
        ("**", "abc", true),
        ("a", "A", false),
        ("?", "", false),
        ("?", "é", true),
        ("?", "ab", false),
        ("??", "é💶", true),
        ("a*", "a", true),
        ("a*", "ba", false),
        ("*a", "ba", true),
        ("*a", "ab", false),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("*a*b*", "xaxbx", true),
        ("*ab*ab*", "xabx", false),
        ("a?*c", "abc", true),
        ("a*?c", "ac", false),
        ("*?", "", false),
        ("*??é", "aéé", true),
        ("a**b", "ab", true),
        ("*abc*abd", "abcabcabd", true),
        ("[a]", "a", false),
        ("a\\*", "a\\b", true),
    ] {
        assert_eq!(
            matched(pattern, OLD, text, &MapContext::new()),
            Match::from(expected),
            "{pattern} on {text}"
        );
    }
}

#[test]
fn hostile_patterns_take_no_longer_than_others() {
    let text = "a".repeat(20_000);
    let stars = format!("{}b", "*a".repeat(2_000));
    assert_eq!(matched(&stars, OLD, &text, &MapContext::new()), Match::No);
    let inner = format!("*{}b*c", "a".repeat(2_000));
    assert_eq!(matched(&inner, OLD, &text, &MapContext::new()), Match::No);
    let questions = format!("{}b", "*?a".repeat(1_000));
    assert_eq!(matched(&questions, OLD, &text, &MapContext::new()), Match::No);
}

#[test]
fn questions_take_no_longer_than_stars() {
    let mut context = MapContext::new();
    context.set("v", "é");
    let text = "a".repeat(24_000);
    let started = std::time::Instant::now();
    for pattern in [
        format!("*{}\u{ff}*", "?".repeat(5_900)),
        format!("*{}b*", "a?".repeat(2_900)),
        format!("*a{}b*", "?".repeat(5_900)),
        format!("*a{}*b", "?".repeat(23_999)),
        format!("*a{}${{v}}*", "?".repeat(5_900)),
        format!("*a{}*", "${v}".repeat(1_000)),
    ] {
        for _ in 0..5 {
            assert_eq!(matched(&pattern, NEW, &text, &context), Match::No);
        }
    }
    // Without the bound it is half a minute and more.
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
}

#[test]
fn questions_between_literals_are_found_across_words() {
    // More than sixty-four characters, and characters of several bytes.
    for gap in [0, 1, 62, 63, 64, 65, 127, 128, 129, 300] {
        let pattern = format!("*é{}z?y*end", "?".repeat(gap));
        let text = |gap: usize| format!("éé{}zxyéend", "💶".repeat(gap));
        let test = |text: &str| matched(&pattern, OLD, text, &MapContext::new());
        assert_eq!(test(&text(gap)), Match::Yes, "{gap}");
        assert_eq!(test(&text(gap + 1)), Match::No, "{gap}");
        assert_eq!(test(&text(gap).replace('x', "")), Match::No, "{gap}");
    }
}

#[test]
fn values_of_variables_are_literals() {
    for value in ["*", "?", "a", "", "${", "}", "${aws:username}", "${*}", "é"] {
        let mut context = MapContext::new();
        context.set("aws:PrincipalTag/T", value);
        let test = |pattern, text: &str| matched(pattern, NEW, text, &context);
        assert_eq!(test("${aws:principaltag/t}", value), Match::Yes, "{value}");
        assert_eq!(test("${aws:PrincipalTag/T}", "zebra"), Match::No, "{value}");
        assert_eq!(
            test("${aws:PrincipalTag/t}*", &format!("{value}zebra")),
            Match::Yes,
            "{value}"
        );
        assert_eq!(
            test("*${aws:PrincipalTag/t}", &format!("zebra{value}")),
            Match::Yes,
            "{value}"
        );
        assert_eq!(
            test("*${aws:PrincipalTag/t}*-?", &format!("x{value}y-z")),
            Match::Yes,
            "{value}"
        );
    }
}

#[test]
fn variables_exist_in_the_newer_version_only() {
    let mut context = MapContext::new();
    context.set("aws:username", "ana").set_many("list", ["ana"]);
    for (pattern, text, new, old) in [
        ("${aws:username}", "ana", Match::Yes, Match::No),
        ("${aws:username}", "${aws:username}", Match::No, Match::Yes),
        ("${ AWS:UserName }", "ana", Match::Yes, Match::No),
        ("${*}", "*", Match::Yes, Match::No),
        ("${*}", "x", Match::No, Match::No),
        // In the older version the star is what it always is.
        ("${*}", "${x}", Match::No, Match::Yes),
        ("${?}", "?", Match::Yes, Match::No),
        ("${$}{a}", "${a}", Match::Yes, Match::No),
        ("a${", "a${", Match::Yes, Match::Yes),
        ("${absent}", "", Match::Unresolved, Match::No),
        ("${absent, 'x'}", "x", Match::Yes, Match::No),
        ("${absent,'*'}", "y", Match::No, Match::No),
        ("${absent, ''}", "", Match::Yes, Match::No),
        ("${absent, x}", "x", Match::Unresolved, Match::No),
        ("${list}", "ana", Match::Unresolved, Match::No),
        ("${list, 'd'}", "d", Match::Yes, Match::No),
        ("${}", "", Match::Unresolved, Match::No),
    ] {
        assert_eq!(matched(pattern, NEW, text, &context), new, "{pattern} on {text}");
        assert_eq!(
            matched(pattern, OLD, text, &context),
            old,
            "{pattern} on {text}, older version"
        );
    }
}

#[test]
fn texts_without_wildcards_are_texts() {
    let language = Language {
        variables: true,
        wildcards: false,
    };
    let mut context = MapContext::new();
    context.set("k", "v");
    assert_eq!(
        Pattern::compile("a*?", language).matches("a*?", &context),
        Match::Yes
    );
    assert_eq!(
        Pattern::compile("a*?", language).matches("abc", &context),
        Match::No
    );
    assert_eq!(
        Pattern::compile("a*${k}", language).text(&context).as_deref(),
        Some("a*v")
    );
    assert_eq!(Pattern::compile("${none}", language).text(&context), None);
}

/// By definition: a star is nothing, or one character and a star.
fn defined(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        (['*', pattern @ ..], _) => {
            defined(pattern, text)
                || text.split_first().is_some_and(|(_, rest)| {
                    defined(&['*'].iter().chain(pattern).copied().collect::<Vec<_>>(), rest)
                })
        }
        (['?', pattern @ ..], [_, text @ ..]) => defined(pattern, text),
        ([one, pattern @ ..], [other, text @ ..]) => one == other && defined(pattern, text),
        (_, []) => false,
    }
}

#[test]
fn all_short_patterns_match_by_definition() {
    let all = |alphabet: &[char], longest: u32| {
        let mut texts = vec![String::new()];
        for _ in 0..longest {
            let longer: Vec<String> = texts
                .iter()
                .flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}")))
                .collect();
            texts.extend(longer);
        }
        texts.sort();
        texts.dedup();
        texts
    };
    let texts = all(&['a', 'é'], 4);
    for pattern in all(&['a', 'é', '*', '?'], 5) {
        let compiled = Pattern::compile(&pattern, OLD);
        let characters: Vec<char> = pattern.chars().collect();
        for text in &texts {
            let expected = defined(&characters, &text.chars().collect::<Vec<_>>());
            assert_eq!(compiled.matches_plain(text), expected, "{pattern} on {text}");
        }
    }
}

proptest! {
    #[test]
    fn compiling_and_matching_never_panic(pattern in "\\PC{0,40}", text in "\\PC{0,40}", value in "\\PC{0,9}") {
        let mut context = MapContext::new();
        context.set("k", value);
        for text in [&text, &pattern] {
            let _ = matched(&format!("{pattern}${{k}}*{pattern}"), NEW, text, &context);
            let _ = matched(&pattern, OLD, text, &context);
        }
    }
}
