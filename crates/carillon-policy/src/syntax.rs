//! Strict JSON with positions, for policy texts.
//!
//! What is JSON, `serde_json` says. It gives no positions and cannot be asked for both of two equal keys, so a walk
//! over the text finds where everything stands; the walk is no judge of what is between.

use std::collections::HashSet;

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
    let mut walk = Walk { text, at: 0 };
    let walked = walk.value(0);
    if let Err(Unreadable::Depth) = walked {
        // Nobody else may see this text: others recurse without bounds of ours.
        return walked;
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| Unreadable::Syntax(error.to_string()))?;
    walked
}

/// A way through a text. On a text that is no JSON it ends somewhere with something.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    /// The next value, inside of so many others.
    fn value(&mut self, depth: usize) -> Result<Node, Unreadable> {
        let first = self.next().ok_or_else(lost)?;
        let start = self.at;
        let value = match first {
            b'"' => Value::String(self.string()?),
            b'{' | b'[' if depth >= DEEPEST => return Err(Unreadable::Depth),
            b'{' => Value::Object(self.members(depth + 1)?),
            b'[' => Value::Array(self.elements(depth + 1)?),
            _ => {
                let rest = self.text.get(start..).ok_or_else(lost)?;
                let end = rest
                    .find([',', ']', '}', ' ', '\t', '\n', '\r'])
                    .unwrap_or(rest.len());
                self.at += end.max(1);
                match rest.get(..end).ok_or_else(lost)? {
                    "null" => Value::Null,
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    number => Value::Number(number.to_owned()),
                }
            }
        };
        Ok(Node {
            value,
            start,
            end: self.at,
        })
    }

    /// The first byte that is no white space; the walk stays before it.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(|byte| is_white(byte)).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// From the opening bracket behind the closing one.
    fn elements(&mut self, depth: usize) -> Result<Vec<Node>, Unreadable> {
        let mut elements = Vec::new();
        loop {
            // The bracket or a comma.
            self.at += 1;
            if self.next() == Some(b']') && elements.is_empty() {
                break;
            }
            elements.push(self.value(depth)?);
            match self.next() {
                Some(b',') => {}
                Some(b']') => break,
                _ => return Err(lost()),
            }
        }
        self.at += 1;
        Ok(elements)
    }

    /// As [`Walk::elements`], of an object.
    fn members(&mut self, depth: usize) -> Result<Vec<(String, Node)>, Unreadable> {
        let mut members = Vec::new();
        loop {
            self.at += 1;
            match self.next() {
                Some(b'"') => {}
                Some(b'}') if members.is_empty() => break,
                _ => return Err(lost()),
            }
            let key = self.string()?;
            if self.next() != Some(b':') {
                return Err(lost());
            }
            self.at += 1;
            members.push((key, self.value(depth)?));
            match self.next() {
                Some(b',') => {}
                Some(b'}') => break,
                _ => return Err(lost()),
            }
        }
        self.at += 1;
        match repeated(&members) {
            Some(key) => Err(Unreadable::Duplicate(key.to_owned())),
            None => Ok(members),
        }
    }

    /// From the opening quote behind the closing one.
    fn string(&mut self) -> Result<String, Unreadable> {
        let start = self.at;
        let inside = self.text.get(start + 1..).ok_or_else(lost)?;
        let mut bytes = inside.bytes().enumerate();
        let mut escaped = false;
        let length = loop {
            match bytes.next().ok_or_else(lost)? {
                (length, b'"') => break length,
                (_, b'\\') => {
                    escaped = true;
                    bytes.next();
                }
                _ => {}
            }
        };
        self.at = start + length + 2;
        if escaped {
            let quoted = self.text.get(start..self.at).ok_or_else(lost)?;
            return serde_json::from_str(quoted).map_err(|error| Unreadable::Syntax(error.to_string()));
        }
        inside.get(..length).map(ToOwned::to_owned).ok_or_else(lost)
    }
}

/// The text is no JSON, and what is wrong with it is for others to say.
fn lost() -> Unreadable {
    Unreadable::Syntax("no JSON".to_owned())
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

    #[test]
    fn what_other_readers_are_lenient_about_is_refused() {
        for (leniency, text) in [
            ("comments", "{\"a\": 1} // no"),
            ("block comments", "{\"a\": /* no */ 1}"),
            ("loose names", "{a: 1}"),
            ("trailing comma in an object", "{\"a\": 1,}"),
            ("trailing comma in an array", "[1,]"),
            ("missing comma", "[1 2]"),
            ("missing comma between members", "{\"a\": 1 \"b\": 2}"),
            ("missing value", "{\"a\":, \"b\": 2}"),
            ("single quotes", "{\"a\": 'b'}"),
            ("hexadecimal", "[0x10]"),
            ("unary plus", "[+1]"),
            ("bare decimal point", "[.5]"),
            ("non-finite", "[NaN]"),
            ("extended escapes", "[\"\\x41\"]"),
        ] {
            assert!(
                matches!(read(text), Err(Unreadable::Syntax(_))),
                "{leniency}: {text}"
            );
        }
    }

    #[test]
    fn values_are_those_of_the_json_library() {
        for text in [
            "null",
            " [ ] ",
            "{ }",
            "[null,true , false]",
            "[0,-1.50e+3]",
            "\"\"",
            "{\"a\\u00e9\\n\\\\\": {\"b\": [[\"\\\"\", \"é\\ud83d\\ude00\"], {}]}}\n",
            "[\"]\",\"}\",\"{\"]",
        ] {
            fn plain(node: &Node, text: &str) -> serde_json::Value {
                // Every value is what stands at its place.
                let read: serde_json::Value = serde_json::from_str(&text[node.start..node.end]).unwrap();
                match &node.value {
                    Value::Array(elements) => elements.iter().map(|element| plain(element, text)).collect(),
                    Value::Object(members) => members
                        .iter()
                        .map(|(key, node)| (key.clone(), plain(node, text)))
                        .collect(),
                    Value::String(string) => string.clone().into(),
                    Value::Number(number) => {
                        assert_eq!(number, &text[node.start..node.end]);
                        read
                    }
                    Value::Bool(value) => (*value).into(),
                    Value::Null => serde_json::Value::Null,
                }
            }
            let expected: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(plain(&read(text).unwrap(), text), expected);
        }
    }

    #[test]
    fn odd_characters_and_ends_are_refused() {
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
