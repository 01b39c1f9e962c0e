//! What is wrong with a policy text, and how to mend it.
//!
//! Unlike [`Document::parse`], which stops at the first thing that IAM does not store, this goes through the
//! whole text, repairs what is no JSON as it goes, and tells all it finds: errors, security warnings, warnings
//! and suggestions, each with a stable [`Code`], its place and, where there is one, an edit that mends it.
//!
//! ```
//! use carillon_policy::PolicyType;
//! use carillon_policy::validate::{Catalogue, apply_fixes, validate};
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "allow", "Action": ["s3:Get*" "s3:List*"], "Resource": "*"}}"#;
//! let findings = validate(text, PolicyType::Identity, &Catalogue::default());
//! assert_eq!(findings[1].message, "expected `,` or `]`; a comma is missing after `\"s3:Get*\"`");
//! assert_eq!((findings[1].span.start.line, findings[1].span.start.column), (1, 81));
//! let (mended, fixes) = apply_fixes(text, &findings);
//! assert!(mended.contains(r#""Allow", "Action": ["s3:Get*", "s3:List*"]"#));
//! assert_eq!(fixes, 2);
//! ```
//!
//! # How to extend it
//!
//! A finding is a variant in `code.rs` and a place in the file of its element where it is made. A line in the
//! table of `tests.rs` shows a text that has it, where, and a text that does not.

mod action;
mod batch;
mod catalogue;
mod code;
mod condition;
mod elements;
mod finding;
mod glob;
mod nearest;
mod principal;
mod reader;
mod refusal;
mod report;
mod resource;
mod security;
mod tree;
mod variable;

pub use batch::{policy_type, validate_lines};
pub(crate) use catalogue::global_key;
pub use catalogue::{Action, Catalogue, Key, KeyKind, Resources, Vocabulary};
pub use code::Code;
pub use finding::{Finding, Fix, Position, Severity, Step, Substring, TextSpan, apply_fixes};
pub use refusal::place_of_refusal;
pub use report::MOST_FINDINGS;

use crate::document::LONGEST_DOCUMENT;
use crate::{Document, PolicyType};
use report::{Path, Remark, Report};
use tree::Node;

/// All that is to be said of a text as a policy of this type, in the order of the text, at most
/// [`MOST_FINDINGS`] of it. Takes time in proportion to the length of the text.
pub fn validate(text: &str, ty: PolicyType, catalogue: &Catalogue) -> Vec<Finding> {
    let mut report = Report::default();
    if text.chars().nth(LONGEST_DOCUMENT).is_some() {
        let message = format!("the text is longer than {LONGEST_DOCUMENT} characters");
        report.add(Remark::new(Code::PolicyTooLong, &Path::Root, 0..0, message));
        return report.finish(text);
    }
    let root = reader::read(text, &mut report);
    let mut checker = Checker {
        text,
        ty,
        catalogue,
        has_variables: root.as_ref().is_some_and(has_variables),
        report,
    };
    checker.characters();
    checker.size();
    if let Some(root) = &root {
        checker.check(root);
    }
    checker.report.finish(text)
}

/// A version without variables makes one that is written a mistake; a missing or wrong version is a mistake by itself.
fn has_variables(root: &Node) -> bool {
    root.get("Version")
        .and_then(Node::string)
        .is_some_and(|version| version != "2008-10-17")
}

/// A policy under examination.
struct Checker<'t> {
    text: &'t str,
    ty: PolicyType,
    catalogue: &'t Catalogue,
    /// Whether the document's version has policy variables.
    has_variables: bool,
    report: Report,
}

impl<'t> Checker<'t> {
    fn add(&mut self, remark: Remark) {
        self.report.add(remark);
    }

    fn check(&mut self, root: &'t Node) {
        let statements = self.document(root);
        self.unique_sids(&statements);
        let (top, is_list) = (Path::Root, root.get("Statement").is_some_and(Node::is_array));
        let element = top.member("Statement");
        for (index, statement) in &statements {
            if self.report.is_full() {
                break;
            }
            let here = element.index(*index);
            let path = if is_list { &here } else { &element };
            self.statement(path, statement);
            self.actions(path, statement);
            self.resources(path, statement);
            self.resource_variables(path, statement);
            self.principals(path, statement);
            self.conditions(path, statement);
        }
        self.security(&statements);
    }

    fn resource_variables(&mut self, path: &Path<'_>, statement: &'t Node) {
        for key in ["Resource", "NotResource"] {
            let Some(element) = statement.get(key) else {
                continue;
            };
            let path = path.member(key);
            for (index, node) in element.each().iter().enumerate() {
                let here = path.index(index);
                self.variables(if element.is_array() { &here } else { &path }, node);
            }
        }
    }

    /// Characters that are JSON and that IAM does not store.
    fn characters(&mut self) {
        let stored = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{ff}');
        // The reader has spoken of control characters in strings; here is what is left.
        let odd = self
            .text
            .char_indices()
            .filter(|(_, character)| !stored(*character) && *character >= ' ')
            // A quotation mark or a byte order mark in the way of JSON has been spoken of too.
            .filter(|(at, _)| !self.report.has(Code::JsonSyntaxError, *at))
            .take(10)
            .collect::<Vec<_>>();
        for (at, character) in odd {
            let range = at..at + character.len_utf8();
            let message = format!("IAM does not store the character U+{:04X}", u32::from(character));
            self.report.add(Remark::new(
                Code::UnsupportedCharacter,
                &Path::Root,
                range,
                message,
            ));
        }
    }

    /// Quotas on the length of the text.
    fn size(&mut self) {
        let (code, size, quota) = match self.ty {
            PolicyType::Identity => (
                Code::PolicySizeExceedsIdentityPolicyQuota,
                Document::size(self.text),
                6_144,
            ),
            PolicyType::Trust => (
                Code::PolicySizeExceedsTrustPolicyQuota,
                Document::size(self.text),
                2_048,
            ),
            PolicyType::ServiceControl | PolicyType::ResourceControl => {
                (Code::PolicySizeExceedsScpQuota, self.text.chars().count(), 5_120)
            }
            PolicyType::Resource | PolicyType::Boundary | PolicyType::Session | PolicyType::Endpoint => {
                return;
            }
        };
        if size > quota {
            let message = format!(
                "the policy has {size} characters; {} may have {quota}",
                elements::type_name(self.ty)
            );
            self.report.add(Remark::new(code, &Path::Root, 0..0, message));
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
