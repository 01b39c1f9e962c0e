//! Strict JSON with positions, for policy texts.
//!
//! Two readers have to agree before a text counts as JSON: `jsonc-parser` with every leniency switched off
//! gives the tree, with positions and with both of two equal keys; `serde_json` refuses what the first lets
//! pass and no option governs (control characters in strings, unusual white space between tokens).

use std::collections::HashSet;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions};
use serde::de::IgnoredAny;

/// Nesting beyond this is refused before anything recursive sees the text. A sensible policy needs six.
pub(crate) const DEEPEST: usize = 64;

/// One value, and where its text stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub value: Value,
    /// First byte and the byte after the last; both zero when the value did not come from a text.
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written: conditions compare numbers as the text they were given as.
    Number(String),
    String(String),
    Array(Vec<Node>),
    /// In the order of the text. From [`read`] no key occurs twice.
    Object(Vec<(String, Node)>),
}

impl Node {
    pub fn object(&self) -> Option<&[(String, Node)]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    pub fn string(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A member of an object; nothing for every other value.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.object()?
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// The elements of an array, or the value itself: policies let one value stand for a list of one.
    pub fn each(&self) -> &[Node] {
        match &self.value {
            Value::Array(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }
}

/// Why a text is not acceptable JSON.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("not JSON: {0}")]
    Syntax(String),
    #[error("nested more than {DEEPEST} levels deep")]
    Depth,
    #[error("the key `{0}` occurs twice in one object")]
    Duplicate(String),
}

/// Reads a text as strict JSON; white space around the value is fine.
pub(crate) fn read(text: &str) -> Result<Node, Unreadable> {
    if depth(text) > DEEPEST {
        return Err(Unreadable::Depth);
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| Unreadable::Syntax(error.to_string()))?;
    let tree = parse(text).map_err(|error| Unreadable::Syntax(error.to_string()))?;
    let root = tree.ok_or_else(|| Unreadable::Syntax("no value".to_owned()))?;
    convert(root)
}

/// Every option by name: the parser's own defaults accept all of these.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn parse(text: &str) -> Result<Option<ast::Value<'_>>, jsonc_parser::errors::ParseError> {
    let collect = CollectOptions {
        comments: CommentCollectionStrategy::Off,
        tokens: false,
    };
    jsonc_parser::parse_to_ast(text, &collect, &strict()).map(|result| result.value)
}

/// The deepest nesting of brackets outside strings. Brackets that do not pair are the parser's business.
fn depth(text: &str) -> usize {
    let (mut now, mut deepest, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Recursion is bounded by [`DEEPEST`], which was checked on the text.
fn convert(value: ast::Value<'_>) -> Result<Node, Unreadable> {
    let range = value.range();
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::NumberLit(literal) => Value::Number(literal.value.to_owned()),
        ast::Value::StringLit(literal) => Value::String(literal.value.into_owned()),
        ast::Value::Array(array) => Value::Array(
            array
                .elements
                .into_iter()
                .map(convert)
                .collect::<Result<_, _>>()?,
        ),
        ast::Value::Object(object) => {
            let mut members = Vec::with_capacity(object.properties.len());
            for property in object.properties {
                members.push((property.name.into_string(), convert(property.value)?));
            }
            if let Some(key) = repeated(&members) {
                return Err(Unreadable::Duplicate(key.to_owned()));
            }
            Value::Object(members)
        }
    };
    Ok(Node {
        value,
        start: range.start,
        end: range.end,
    })
}

/// A key that occurs twice.
fn repeated(members: &[(String, Node)]) -> Option<&str> {
    // Statements have a handful of keys, for which comparing beats hashing.
    if members.len() <= 8 {
        let mut pairs = members.iter().enumerate();
        return pairs
            .find_map(|(n, (key, _))| members.iter().take(n).find(|(earlier, _)| earlier == key))
            .map(|(key, _)| key.as_str());
    }
    let mut seen = HashSet::new();
    members
        .iter()
        .map(|(key, _)| key.as_str())
        .find(|key| !seen.insert(*key))
}

/// A value that arrived as part of something larger. Nesting beyond the limit reads as null, which no
/// element of a policy accepts.
pub(crate) fn from_json(value: &serde_json::Value) -> Node {
    node(value, DEEPEST)
}

fn node(value: &serde_json::Value, levels: usize) -> Node {
    let value = match value {
        _ if levels == 0 => Value::Null,
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(value) => Value::Number(value.to_string()),
        serde_json::Value::String(value) => Value::String(value.clone()),
        serde_json::Value::Array(elements) => {
            Value::Array(elements.iter().map(|element| node(element, levels - 1)).collect())
        }
        serde_json::Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, member)| (key.clone(), node(member, levels - 1)))
                .collect(),
        ),
    };
    Node {
        value,
        start: 0,
        end: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One text per option of the parser, each of which its defaults accept.
    const LENIENT: [(&str, &str); 13] = [
        ("comments", "{\"a\": 1} // no"),
        ("block comments", "{\"a\": /* no */ 1}"),
        ("loose names", "{a: 1}"),
        ("trailing comma in an object", "{\"a\": 1,}"),
        ("trailing comma in an array", "[1,]"),
        ("missing comma", "[1 2]"),
        ("missing comma between members", "{\"a\": 1 \"b\": 2}"),
        ("single quotes", "{\"a\": 'b'}"),
        ("hexadecimal", "[0x10]"),
        ("unary plus", "[+1]"),
        ("bare decimal point", "[.5]"),
        ("non-finite", "[NaN]"),
        ("extended escapes", "[\"\\x41\"]"),
    ];

    #[test]
    fn every_leniency_of_the_parser_is_off() {
        for (option, text) in LENIENT {
            let default =
                jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
            assert!(default.is_ok(), "{option}: the default would accept {text}");
            assert!(parse(text).is_err(), "{option}: the tree parser accepts {text}");
            assert!(read(text).is_err(), "{option}: accepted {text}");
        }
    }

    #[test]
    fn what_no_option_governs_is_refused_too() {
        for text in [
            "",
            " ",
            "\u{feff}{}",
            "[1]\u{b}",
            "[\u{a0}1]",
            "[\"a\tb\"]",
            "[\"a\nb\"]",
            "[01]",
            "[1]]",
            "[\"\\ud800\"]",
            "[\"",
            "{",
            "{} {}",
        ] {
            assert!(read(text).is_err(), "accepted {text:?}");
        }
    }

    #[test]
    fn equal_keys_are_refused_at_every_depth() {
        assert_eq!(
            read(r#"{"a": {"b": 1, "\u0062": 2}}"#),
            Err(Unreadable::Duplicate("b".to_owned()))
        );
    }

    #[test]
    fn hostile_nesting_is_refused_without_recursion() {
        for unit in ["[", "{\"a\":", "[[{\"a\":["] {
            assert_eq!(read(&unit.repeat(1_000_000)), Err(Unreadable::Depth));
        }
        let deep = format!("{}1{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        assert!(read(&deep).is_ok());
        assert!(read(&format!("[{deep}]")).is_err());
        assert!(read(&format!("[\"{}\"]", "[".repeat(1000))).is_ok());
    }

    #[test]
    fn positions_are_bytes_of_the_text() {
        let root = read("{ \"é\": [true] }").unwrap();
        let member = root.get("é").unwrap();
        assert_eq!((member.start, member.end), (8, 14));
    }
}
