//! Regular expressions as AWS writes them: anchored at both ends, with ASCII classes.

use regex::{Regex, RegexBuilder};

/// Compiled programs above this size are refused; AWS's own patterns need a few kilobytes.
const PROGRAM_LIMIT: usize = 4 << 20;

/// A pattern that a whole string must match.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
    /// It is [`NOT_BLANK`], which nearly every label of every request must match.
    not_blank: bool,
}

/// AWS's way to say that something must be there.
const NOT_BLANK: &str = r".*\S.*";

impl Pattern {
    /// Compiles a pattern in AWS's notation.
    ///
    /// `\w`, `\d` and `\s` are the ASCII classes, as on AWS, where a user name `é` does not match `\w`.
    ///
    /// # Errors
    ///
    /// When the pattern is malformed, needs look-around, or is too large.
    pub fn new(source: &str) -> Result<Self, Box<regex::Error>> {
        RegexBuilder::new(&format!(r"\A(?:{})\z", ascii_classes(source)))
            .size_limit(PROGRAM_LIMIT)
            .build()
            .map(|regex| Self {
                source: source.to_owned(),
                regex,
                not_blank: source == NOT_BLANK,
            })
            .map_err(Box::new)
    }

    /// Whether the whole of `text` matches.
    pub fn is_match(&self, text: &str) -> bool {
        let is_plain = || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        (self.not_blank && is_plain()) || self.regex.is_match(text)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

/// Replaces the Perl classes, which are Unicode-aware in the `regex` crate, by bracketed ASCII ones. Those
/// may also stand inside another bracketed class.
fn ascii_classes(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('s') => out.push_str(r"[\t\n\x0B\f\r\x20]"),
            Some('S') => out.push_str(r"[^\t\n\x0B\f\r\x20]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn the_whole_string_must_match() {
        assert!(matches(r".*\S.*", " a "));
        assert!(!matches(r".*\S.*", "   "));
        assert!(!matches("a|b", "ab"));
        assert!(!matches("[a-z]+", "abc\n"));
        assert!(matches(r"^\+?[1-9]\d{1,14}$", "+12065550100"));
    }

    #[test]
    fn classes_are_ascii() {
        assert!(matches(r"[\w+=,.@-]+", "ada@example.com"));
        assert!(!matches(r"[\w+=,.@-]+", "é"));
        assert!(!matches(r"\d+", "٣"));
        assert!(matches(r"[\S ]+", "a b"));
        assert!(matches(r"\\w", r"\w"));
    }

    #[test]
    fn what_cannot_be_compiled_is_an_error() {
        assert!(Pattern::new("(").is_err());
        assert!(Pattern::new("(?=a)").is_err());
        assert!(Pattern::new(r"(\p{L}{1000}){1000}").is_err());
        assert!(Pattern::new("\\").is_err());
    }
}
