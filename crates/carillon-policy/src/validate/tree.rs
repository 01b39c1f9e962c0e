//! The tree of a policy text with the places of everything in it, keys included.

use std::borrow::Cow;
use std::ops::Range;

use super::finding::Substring;

/// One value, and the bytes it stands in.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub value: Value,
    pub range: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    String(String),
    Array(Vec<Node>),
    /// In the order of the text. Of two equal keys the first is kept.
    Object(Vec<Member>),
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub key: String,
    /// With its quotes.
    pub key_range: Range<usize>,
    pub value: Node,
}

impl Member {
    /// From the key to the end of the value.
    pub fn range(&self) -> Range<usize> {
        self.key_range.start..self.value.range.end
    }
}

impl Node {
    pub fn object(&self) -> Option<&[Member]> {
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

    pub fn member(&self, key: &str) -> Option<&Member> {
        self.object()?.iter().find(|member| member.key == key)
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    pub fn is_array(&self) -> bool {
        matches!(self.value, Value::Array(_))
    }

    /// The elements of an array, or the value itself: policies let one value stand for a list of one.
    pub fn each(&self) -> &[Node] {
        match &self.value {
            Value::Array(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }

    /// The text conditions compare for a value that may be a boolean or a number.
    pub fn scalar(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(Cow::Borrowed(text)),
            Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// What JSON calls this kind of value.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// The bytes of the text that a part of this string (in bytes of its value) stands in, and the part in
    /// characters. A string with escapes in it is given as a whole.
    pub fn part(&self, range: Range<usize>) -> (Range<usize>, Option<Substring>) {
        let Some(value) = self.string() else {
            return (self.range.clone(), None);
        };
        let plain = self.range.len() == value.len() + 2;
        match (value.get(..range.start), value.get(range.clone())) {
            (Some(before), Some(part)) if plain => {
                let start = self.range.start + 1;
                let substring = Substring {
                    start: before.chars().count(),
                    length: part.chars().count(),
                };
                (start + range.start..start + range.end, Some(substring))
            }
            _ => (self.range.clone(), None),
        }
    }
}

/// The bytes to take away so that the element of this number is gone, with the comma that parts it from its
/// neighbour.
pub(super) fn removal(ranges: &[Range<usize>], index: usize) -> Option<Range<usize>> {
    let here = ranges.get(index)?;
    if let Some(before) = index.checked_sub(1).and_then(|before| ranges.get(before)) {
        return Some(before.end..here.end);
    }
    Some(match ranges.get(index + 1) {
        Some(next) => here.start..next.start,
        None => here.clone(),
    })
}
