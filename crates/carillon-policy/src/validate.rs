//! What is wrong with a policy text, and how to mend it.
//!
//! Unlike [`Document::parse`](crate::Document::parse), which stops at the first thing that IAM does not store, this goes through the
//! whole text, repairs what is no JSON as it goes, and tells all it finds: errors, security warnings, warnings
//! and suggestions, each with a stable [`Code`], its place and, where there is one, an edit that mends it.
//!
//! ```
//! use carillon_policy::PolicyType;
//! use carillon_policy::validate::{Catalogue, apply_fixes, validate};
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "allow", "Action": ["a:B" "a:C"], "Resource": "*"}}"#;
//! let findings = validate(text, PolicyType::Identity, &Catalogue::default());
//! assert_eq!(findings[1].message, "expected `,` or `]`; a comma is missing after `\"a:B\"`");
//! assert_eq!((findings[1].span.start.line, findings[1].span.start.column), (1, 82));
//! let (mended, fixes) = apply_fixes(text, &findings);
//! assert!(mended.contains(r#""Allow", "Action": ["a:B", "a:C"]"#));
//! assert_eq!(fixes, 2);
//! ```

mod code;
mod finding;
mod reader;
mod report;
mod tree;

pub use code::Code;
pub use finding::{Finding, Fix, Position, Severity, Step, Substring, TextSpan, apply_fixes};
pub use report::MOST_FINDINGS;

use crate::PolicyType;
use report::Report;

mod catalogue;

pub use catalogue::{Action, Catalogue, Key, KeyKind, Resources, Vocabulary};

/// All that is to be said of a text as a policy of this type, in the order of the text, at most
/// [`MOST_FINDINGS`] of it. Takes time in proportion to the length of the text.
pub fn validate(text: &str, _ty: PolicyType, _catalogue: &Catalogue) -> Vec<Finding> {
    let mut report = Report::default();
    let _ = reader::read(text, &mut report);
    report.finish(text)
}
