//! Reads a policy text that may not be quite JSON, says what is wrong with it, and goes on.
//!
//! What this reader takes without a remark is what [`crate::syntax::read`] takes: a property test holds the two
//! together. One pass, and no recursion deeper than the strict reader allows.

mod quoted;
mod repair;

use std::collections::HashMap;
use std::ops::Range;

use super::code::Code;
use super::report::{Path, Remark, Report};
use super::tree::{Member, Node, Value};
use crate::syntax::DEEPEST;

/// The tree of the text as far as there is one. Every departure from JSON is a remark.
pub(super) fn read(text: &str, report: &mut Report) -> Option<Node> {
    let mut reader = Reader {
        text,
        at: 0,
        last: 0..0,
        open: Vec::new(),
        parted: false,
        gave_up: false,
        report,
    };
    reader.document()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The token read last, white space and comments aside.
    last: Range<usize>,
    /// The brackets that are open, with their places.
    open: Vec<(char, usize)>,
    /// A repair has already put the comma here that ought to follow.
    parted: bool,
    /// The text is beyond repair; nothing more is said of it.
    gave_up: bool,
    report: &'a mut Report,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes one character as a token.
    fn take(&mut self) -> Range<usize> {
        let length = self.peek().map_or(0, char::len_utf8);
        self.token(length)
    }

    /// Takes this many bytes as a token.
    fn token(&mut self, length: usize) -> Range<usize> {
        self.last = self.at..self.at + length;
        self.at += length;
        self.last.clone()
    }

    fn slice(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The text of a place for a message, not too much of it.
    fn shown(&self, range: &Range<usize>) -> String {
        let text = self.slice(range);
        if text.chars().count() <= 60 {
            return text.to_owned();
        }
        text.chars().take(57).chain("...".chars()).collect()
    }

    fn line(&self, byte: usize) -> usize {
        let before = self.text.get(..byte).unwrap_or_default();
        before.bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    fn say(&mut self, path: &Path<'_>, range: Range<usize>, message: impl Into<String>) {
        self.add(Remark::new(Code::JsonSyntaxError, path, range, message));
    }

    fn say_with_fix(
        &mut self,
        path: &Path<'_>,
        range: Range<usize>,
        message: impl Into<String>,
        edit: (Range<usize>, &str),
    ) {
        self.add(Remark::new(Code::JsonSyntaxError, path, range, message).fix(edit.0, edit.1));
    }

    fn add(&mut self, remark: Remark) {
        if self.gave_up {
            return;
        }
        self.report.add(remark);
        if self.report.is_full() {
            self.give_up();
        }
    }

    /// Nothing sensible can follow.
    fn give_up(&mut self) {
        self.gave_up = true;
        self.at = self.text.len();
    }

    fn document(&mut self) -> Option<Node> {
        if self.peek() == Some('\u{feff}') {
            let mark = self.take();
            self.say_with_fix(
                &Path::Root,
                mark.clone(),
                "the text begins with a byte order mark, which JSON does not have",
                (mark, ""),
            );
            self.last = 0..0;
        }
        self.trivia(&Path::Root);
        let root = self.value(&Path::Root);
        if root.is_none() {
            let here = self.here();
            let message = if here.is_empty() {
                "expected a policy; the text is empty".to_owned()
            } else {
                format!(
                    "expected a policy, which begins with `{{`; found `{}`",
                    self.shown(&here)
                )
            };
            self.say(&Path::Root, here, message);
            return None;
        }
        self.trivia(&Path::Root);
        self.end();
        root
    }

    /// What stands behind the policy.
    fn end(&mut self) {
        let tail = self.rest().trim_end_matches([' ', '\t', '\n', '\r']);
        if tail.is_empty() || self.gave_up {
            return;
        }
        let range = self.at..self.at + tail.len();
        let closers = |character| matches!(character, '}' | ']' | ')' | ',' | ';' | ' ' | '\t' | '\n' | '\r');
        let message = format!(
            "the policy ends before this; `{}` does not belong to it",
            self.shown(&range)
        );
        if tail.chars().all(closers) {
            self.say_with_fix(&Path::Root, range.clone(), message, (range, ""));
        } else {
            self.say(&Path::Root, range, message);
        }
    }

    /// The token at the present place, for a message: a word or one character.
    fn here(&self) -> Range<usize> {
        let word = quoted::word(self.rest());
        let length = if word.is_empty() {
            self.peek().map_or(0, char::len_utf8)
        } else {
            word.len()
        };
        self.at..self.at + length
    }

    /// Skips white space, and comments with a remark.
    fn trivia(&mut self, path: &Path<'_>) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let rest = self.rest();
            let (length, what) = if rest.starts_with("//") || rest.starts_with('#') {
                (
                    rest.find('\n').unwrap_or(rest.len()),
                    "comments are not part of JSON",
                )
            } else if rest.starts_with("/*") {
                let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
                (length, "comments are not part of JSON")
            } else {
                let length: usize = rest
                    .chars()
                    .take_while(|character| is_odd_space(*character))
                    .map(char::len_utf8)
                    .sum();
                (
                    length,
                    "this character looks like white space, and is none in JSON",
                )
            };
            if length == 0 {
                return;
            }
            let range = self.at..self.at + length;
            self.at = range.end;
            // Something must keep apart what stood on both sides.
            let apart = if what.starts_with("comments") && self.rest().starts_with('\n') {
                ""
            } else {
                " "
            };
            self.say_with_fix(path, range.clone(), what, (range, apart));
        }
    }

    /// A value, or nothing if none begins here.
    fn value(&mut self, path: &Path<'_>) -> Option<Node> {
        match self.peek()? {
            '{' => self.nested(path, '{', Self::object),
            '[' => self.nested(path, '[', Self::array),
            character if quoted::is_quote(character) => self.string(path),
            character if character.is_alphanumeric() || matches!(character, '-' | '+' | '.' | '*' | '_') => {
                Some(self.bare(path))
            }
            _ => None,
        }
    }

    fn nested(
        &mut self,
        path: &Path<'_>,
        bracket: char,
        read: fn(&mut Self, &Path<'_>) -> Value,
    ) -> Option<Node> {
        let start = self.take();
        if self.open.len() >= DEEPEST {
            self.say(path, start, format!("nested more than {DEEPEST} levels deep"));
            self.give_up();
            return None;
        }
        self.open.push((bracket, start.start));
        let value = read(self, path);
        self.open.pop();
        Some(Node {
            value,
            range: start.start..self.last.end.max(start.end),
        })
    }

    fn array(&mut self, path: &Path<'_>) -> Value {
        let mut elements: Vec<Node> = Vec::new();
        loop {
            let here = path.index(elements.len());
            self.trivia(&here);
            if self.closes(path, ']', !elements.is_empty()) {
                break;
            }
            // A member's name cannot stand in a list, so the list should have ended before it.
            if !elements.is_empty() && self.in_object() && self.is_name_here() {
                let end = elements.last().map_or(self.last.end, |element| element.range.end);
                self.close_early(path, ']', end);
                break;
            }
            let Some(element) = self.value(&here) else {
                if self.stray(&here, "a value or `]`") {
                    continue;
                }
                break;
            };
            elements.push(element);
            let next = path.index(elements.len());
            self.parts(&next, ']');
        }
        Value::Array(elements)
    }

    fn object(&mut self, path: &Path<'_>) -> Value {
        let mut members: Vec<Member> = Vec::new();
        let mut seen: HashMap<String, Range<usize>> = HashMap::new();
        loop {
            self.trivia(path);
            if self.closes(path, '}', !members.is_empty()) {
                break;
            }
            let Some((key, key_range)) = self.key(path) else {
                // A new object in a list where a name should be: this one was not closed.
                if self.peek() == Some('{') && self.in_array() && !members.is_empty() {
                    let end = members
                        .last()
                        .map_or(self.last.end, |member| member.value.range.end);
                    self.close_early(path, '}', end);
                    break;
                }
                if self.stray(path, "a name in quotes or `}`") {
                    continue;
                }
                break;
            };
            let here = path.member(&key);
            if let Some(value) = self.member_value(&here, &key_range) {
                if let Some(first) = seen.get(&key) {
                    let line = self.line(first.start);
                    let message =
                        format!("the name `{key}` occurs twice in one object, first in line {line}");
                    self.say(&path.key(&key), key_range, message);
                } else {
                    seen.insert(key.clone(), key_range.clone());
                    members.push(Member {
                        key,
                        key_range,
                        value,
                    });
                }
            }
            self.parts(path, '}');
        }
        Value::Object(members)
    }

    /// A member's name: a string, or a word that should have been one.
    fn key(&mut self, path: &Path<'_>) -> Option<(String, Range<usize>)> {
        let first = self.peek()?;
        if quoted::is_quote(first) {
            let node = self.string(path)?;
            return Some((node.string()?.to_owned(), node.range));
        }
        let word = quoted::word(self.rest());
        if word.is_empty() {
            return None;
        }
        let range = self.token(word.len());
        let fix = format!("\"{word}\"");
        let message = format!("names stand in double quotes: `{fix}`");
        self.say_with_fix(path, range.clone(), message, (range.clone(), &fix));
        Some((word.to_owned(), range))
    }

    /// The colon and what follows it.
    fn member_value(&mut self, path: &Path<'_>, key: &Range<usize>) -> Option<Node> {
        self.trivia(path);
        let rest = self.rest();
        if rest.starts_with(':') {
            self.take();
        } else if rest.starts_with('=') {
            let range = self.token(if rest.starts_with("=>") { 2 } else { 1 });
            let message = format!("expected `:` after {}", self.shown(key));
            self.say_with_fix(path, range.clone(), message, (range, ":"));
        } else {
            let here = self.here();
            let message = format!("expected `:` and a value after {}", self.shown(key));
            let begins_value = self.peek().is_some_and(|next| {
                matches!(next, '{' | '[') || quoted::is_quote(next) || next.is_alphanumeric()
            });
            if !begins_value {
                self.say(path, here, message);
                return None;
            }
            self.say_with_fix(path, here, message, (key.end..key.end, ":"));
        }
        self.trivia(path);
        let value = self.value(path);
        if value.is_none() && !self.gave_up {
            let here = self.here();
            self.say(path, here, format!("expected a value for {}", self.shown(key)));
        }
        value
    }

    fn in_object(&self) -> bool {
        self.outer() == Some('{')
    }

    fn in_array(&self) -> bool {
        self.outer() == Some('[')
    }

    /// The bracket around the present container.
    fn outer(&self) -> Option<char> {
        let outer = self.open.len().checked_sub(2)?;
        self.open.get(outer).map(|(bracket, _)| *bracket)
    }

    /// Whether a string with a colon behind it begins here.
    fn is_name_here(&self) -> bool {
        let Some(string) = self.string_here() else {
            return false;
        };
        let behind = self.text.get(string.end..).unwrap_or_default();
        behind.trim_start_matches([' ', '\t']).starts_with(':')
    }

    /// The string that begins here, if one does and ends in its line.
    fn string_here(&self) -> Option<Range<usize>> {
        quoted::closed(self.rest()).map(|length| self.at..self.at + length)
    }
}

/// White space elsewhere that JSON does not know between its tokens.
fn is_odd_space(character: char) -> bool {
    character.is_whitespace() && !matches!(character, ' ' | '\t' | '\n' | '\r')
        || matches!(character, '\u{200b}' | '\u{feff}' | '\u{2060}')
}
