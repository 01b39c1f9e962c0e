//! What validation says: findings, where they are, and how they can be mended.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::code::Code;

/// How bad a finding is. Source: Access Analyzer API Reference, `ValidatePolicyFinding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A part of the policy does not work.
    Error,
    /// The policy allows more than is wise, or denies less than it seems to.
    SecurityWarning,
    /// The policy departs from good practice, or probably does not do what was meant.
    Warning,
    /// The policy could be written better and would do the same.
    Suggestion,
}

impl Severity {
    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::SecurityWarning => "SECURITY_WARNING",
            Severity::Warning => "WARNING",
            Severity::Suggestion => "SUGGESTION",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One remark about a policy text.
///
/// In JSON it has the members `severity`, `code`, `message`, `path`, those of its [`TextSpan`], and where there
/// is one `suggestion` and `fix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub code: Code,
    /// What is wrong, for people.
    pub message: String,
    /// From the root of the document to the place.
    pub path: Vec<Step>,
    pub span: TextSpan,
    /// What to do about it, where no fix says it better.
    pub suggestion: Option<String>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
}

/// A step of a finding's path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// Into the member of this name.
    Member(String),
    /// Into this element of a list, counted from 0.
    Index(usize),
    /// To the name of a member rather than its value.
    Key { key: String },
    /// To a part of a string.
    Substring { substring: Substring },
}

/// A part of a string, in characters of its value counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Substring {
    pub start: usize,
    pub length: usize,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// In characters, counted from 0.
    pub offset: usize,
    /// In bytes, counted from 0. Always between two characters.
    pub byte: usize,
}

/// A stretch of a text. The end is the place behind its last character.
///
/// In JSON: `line`, `column`, `offset`, `end_line`, `end_column`, `end_offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextSpan {
    pub start: Position,
    pub end: Position,
}

impl TextSpan {
    fn serialize_into<S: SerializeStruct>(&self, map: &mut S) -> Result<(), S::Error> {
        map.serialize_field("line", &self.start.line)?;
        map.serialize_field("column", &self.start.column)?;
        map.serialize_field("end_line", &self.end.line)?;
        map.serialize_field("end_column", &self.end.column)?;
        map.serialize_field("offset", &self.start.offset)?;
        map.serialize_field("end_offset", &self.end.offset)
    }
}

/// An edit of the text: what stands in `span` gives way to `text`. An empty span inserts.
///
/// A fix mends an error, or it leaves what the policy allows as it is or less. What would allow more is only
/// suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub span: TextSpan,
    pub text: String,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let optional = usize::from(self.suggestion.is_some()) + usize::from(self.fix.is_some());
        let mut map = serializer.serialize_struct("Finding", 10 + optional)?;
        map.serialize_field("severity", self.severity.as_str())?;
        map.serialize_field("code", self.code.name())?;
        map.serialize_field("message", &self.message)?;
        map.serialize_field("path", &self.path)?;
        self.span.serialize_into(&mut map)?;
        if let Some(suggestion) = &self.suggestion {
            map.serialize_field("suggestion", suggestion)?;
        }
        if let Some(fix) = &self.fix {
            map.serialize_field("fix", fix)?;
        }
        map.end()
    }
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("Fix", 7)?;
        self.span.serialize_into(&mut map)?;
        map.serialize_field("text", &self.text)?;
        map.end()
    }
}

/// Applies the fixes of the findings to the text they were found in: in the order of the text, leaving out each
/// that overlaps one before it. Gives the new text and how many were applied.
///
/// Mending can bring further findings to light, so validate the result again.
pub fn apply_fixes(text: &str, findings: &[Finding]) -> (String, usize) {
    let mut fixes: Vec<&Fix> = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref())
        .collect();
    fixes.sort_by_key(|fix| (fix.span.start.byte, fix.span.end.byte));
    let mut mended = String::with_capacity(text.len());
    let (mut copied, mut applied) = (0, 0);
    let mut last: Option<&Fix> = None;
    for fix in fixes {
        let (start, end) = (fix.span.start.byte, fix.span.end.byte);
        // Two edits at one place are either the same edit or a guess at which comes first.
        let again = last.is_some_and(|last| last.span.start.byte == start || last.span.end.byte == start);
        let Some(before) = text.get(copied..start) else {
            continue;
        };
        if again || end < start || !text.is_char_boundary(end) {
            continue;
        }
        mended.push_str(before);
        mended.push_str(&fix.text);
        copied = end;
        applied += 1;
        last = Some(fix);
    }
    mended.push_str(text.get(copied..).unwrap_or_default());
    (mended, applied)
}
