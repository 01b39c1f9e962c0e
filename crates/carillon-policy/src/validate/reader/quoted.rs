//! Strings, and words that should have been strings.

use std::ops::Range;

use super::Reader;
use crate::validate::report::Path;
use crate::validate::tree::{Node, Value};

/// Marks that people or their word processors put for a double quote.
const DOUBLE: [char; 7] = [
    '"', '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{ab}', '\u{bb}',
];
/// And those around single-quoted text.
const SINGLE: [char; 6] = ['\'', '`', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

pub(super) fn is_quote(character: char) -> bool {
    DOUBLE.contains(&character) || SINGLE.contains(&character)
}

fn closers(opener: char) -> &'static [char] {
    if DOUBLE.contains(&opener) {
        &DOUBLE
    } else {
        &SINGLE
    }
}

/// The word a text begins with, as names are.
pub(super) fn word(text: &str) -> &str {
    let is_part = |character: char| character.is_alphanumeric() || "_-.*?/$@+".contains(character);
    text.find(|character| !is_part(character))
        .map_or(text, |end| text.get(..end).unwrap_or_default())
}

/// The word a text begins with, as values without their quotes are: actions and ARNs have colons.
fn value_word(text: &str) -> &str {
    let is_end = |character: char| {
        character.is_whitespace()
            || matches!(character, ',' | ';' | '[' | ']' | '{' | '}' | '#')
            || is_quote(character)
    };
    text.find(is_end)
        .map_or(text, |end| text.get(..end).unwrap_or_default())
}

/// The length of the string a text begins with, if it ends in the same line.
pub(super) fn closed(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, opener) = characters.next().filter(|(_, first)| is_quote(*first))?;
    let closers = closers(opener);
    let mut escaped = false;
    for (at, character) in characters {
        match character {
            '\n' | '\r' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if is_closer(opener, closers, character, text.get(at..).unwrap_or_default()) => {
                return Some(at + character.len_utf8());
            }
            _ => {}
        }
    }
    None
}

/// Whether a string ends at this mark, which `rest` begins with. One that is no mirror of the opener ends the
/// string only where a string may end.
fn is_closer(opener: char, closers: &[char], character: char, rest: &str) -> bool {
    if !closers.contains(&character) {
        return false;
    }
    let mirrors = character == opener || opener != '"' && opener != '\'';
    mirrors || {
        let behind = rest.trim_start_matches(character).trim_start_matches([' ', '\t']);
        behind.is_empty() || behind.starts_with([',', ':', ']', '}', '\n', '\r'])
    }
}

impl Reader<'_> {
    /// A string, whatever it is quoted with.
    pub(super) fn string(&mut self, path: &Path<'_>) -> Option<Node> {
        let opener = self.peek()?;
        let closers = closers(opener);
        let start = self.at;
        let mut value = String::new();
        let mut closer = None;
        self.at += opener.len_utf8();
        while let Some(character) = self.peek() {
            let here = self.at;
            match character {
                '\n' | '\r' => break,
                '\\' => self.escape(path, &mut value, opener == '"'),
                _ if is_closer(opener, closers, character, self.rest()) => {
                    self.at += character.len_utf8();
                    closer = Some(character);
                    break;
                }
                control if control < ' ' => {
                    self.at += 1;
                    value.push(control);
                    let escape = format!("\\u{:04x}", u32::from(control));
                    let escape = if control == '\t' { "\\t" } else { &escape };
                    let message = format!("a control character stands in a string as `{escape}`");
                    self.say_with_fix(path, here..self.at, message, (here..self.at, escape));
                }
                other => {
                    self.at += other.len_utf8();
                    value.push(other);
                }
            }
        }
        match closer {
            None => self.unterminated(path, start, &mut value),
            Some('"') if opener == '"' => {}
            Some(_) => {
                let text = serde_json::Value::String(value.clone()).to_string();
                let range = start..self.at;
                let message = format!("strings stand in double quotes: `{}`", self.shown(&range));
                self.say_with_fix(path, range.clone(), message, (range, &text));
            }
        }
        self.last = start..self.at;
        Some(Node {
            value: Value::String(value),
            range: start..self.at,
        })
    }

    /// A string that its line ends before: it ends before the punctuation at the end of the line.
    fn unterminated(&mut self, path: &Path<'_>, start: usize, value: &mut String) {
        let written = self.slice(&(start..self.at));
        let content = written.trim_end_matches([' ', '\t', ',', ']', '}', ';']);
        value.truncate(value.len().saturating_sub(written.len() - content.len()));
        self.at = start + content.len().max(1);
        let range = start..self.at;
        let message = format!("expected `\"` at the end of {}", self.shown(&range));
        self.say_with_fix(path, range, message, (self.at..self.at, "\""));
    }

    /// An escape sequence.
    fn escape(&mut self, path: &Path<'_>, value: &mut String, strict: bool) {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek().filter(|letter| !matches!(letter, '\n' | '\r')) else {
            return;
        };
        self.at += letter.len_utf8();
        let meant = match letter {
            '"' | '\\' | '/' => Some(letter),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' => self.unicode(),
            _ => None,
        };
        if let Some(meant) = meant {
            value.push(meant);
            return;
        }
        if !strict {
            value.push(letter);
            return;
        }
        let range = start..self.at;
        value.push_str(self.slice(&range));
        let message = format!("`{}` is no escape sequence of JSON", self.slice(&range));
        self.say_with_fix(path, range, message, (start..start, "\\"));
    }

    /// The character of `\u`, whose digits are next: one of its own or of a pair of surrogates.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hexadecimal()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first);
        }
        let behind = self.at;
        if first < 0xdc00 && self.rest().starts_with("\\u") {
            self.at += 2;
            if let Some(second) = self
                .hexadecimal()
                .filter(|second| (0xdc00..0xe000).contains(second))
            {
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.at = behind;
        }
        None
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(value)
    }

    /// A value without quotes: a number, a boolean, null, or what should have been a string.
    pub(super) fn bare(&mut self, path: &Path<'_>) -> Node {
        let word = value_word(self.rest());
        let range = self.token(word.len());
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ if is_number(word) => Value::Number(word.to_owned()),
            _ => return self.unquoted(path, word, range),
        };
        Node { value, range }
    }

    fn unquoted(&mut self, path: &Path<'_>, word: &str, range: Range<usize>) -> Node {
        let other_spelling = match word.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" | "none" | "undefined" | "nil" => Some(Value::Null),
            _ => None,
        };
        if let Some(value) = other_spelling {
            let text = match value {
                Value::Bool(true) => "true",
                Value::Bool(false) => "false",
                _ => "null",
            };
            let message = format!("`{word}` is written `{text}` in JSON");
            self.say_with_fix(path, range.clone(), message, (range.clone(), text));
            return Node { value, range };
        }
        // The closing quote is there and only the opening one is missing.
        let whole = range.start..range.end + 1;
        let behind = self.text.get(whole.end..).unwrap_or_default();
        let ends = behind
            .trim_start_matches([' ', '\t'])
            .chars()
            .next()
            .is_none_or(|next| matches!(next, ',' | ':' | ']' | '}' | '\n' | '\r'));
        if self.peek() == Some('"') && ends {
            self.at += 1;
            self.last = whole.clone();
            let message = format!("expected `\"` before `{word}`");
            self.say_with_fix(path, whole.clone(), message, (range.start..range.start, "\""));
            return Node {
                value: Value::String(word.to_owned()),
                range: whole,
            };
        }
        let text = serde_json::Value::String(word.to_owned()).to_string();
        let message = format!("strings stand in double quotes: `{text}`");
        self.say_with_fix(path, range.clone(), message, (range.clone(), &text));
        Node {
            value: Value::String(word.to_owned()),
            range,
        }
    }
}

/// Whether this is a number of JSON. Source: RFC 8259, section 6.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
