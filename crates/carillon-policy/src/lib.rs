//! The IAM policy language: documents in, decisions out.
//!
//! No I/O, no clock, and no knowledge of any service beyond the few rules of AWS's own that policies cannot
//! express. A [`Document`] is read and compiled once; a caller's documents are gathered into [`Policies`];
//! [`decide`] answers a [`Request`] from them. A program that asks often says which [`Actions`] it knows, and what
//! can be asked again is [`Prepared`].
//!
//! ```
//! use std::sync::Arc;
//! use carillon_policy::{Attached, Document, Policies, PolicyType, Principal, Request, decide};
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "chime:List*", "Resource": "*"}}"#;
//! let document = Document::parse(text, PolicyType::Identity, true)?;
//! let policies = Policies::new().identity(vec![Attached::inline("Lists", Arc::new(document))]);
//! let principal: Principal = "arn:aws:iam::111122223333:user/ana".parse()?;
//! let mut request = Request {
//!     principal: &principal, actions: &["chime:ListUsers"], resource: "*",
//!     resource_account: None, resource_policy: None, context: &[("aws:SourceIp", "203.0.113.7")],
//! };
//! assert!(decide(&request, &policies).is_allowed());
//! request.actions = &["chime:DeleteUser"];
//! let refusal = decide(&request, &policies).wording("chime:DeleteUser", true);
//! assert_eq!(refusal, "because no identity-based policy allows the chime:DeleteUser action");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How to extend it
//!
//! A condition operator is a line in `condition.rs` and, for a new kind of value, a variant of `Values`. A
//! rule of a service is a line in `service.rs`. Either is then written a second time, naively, in the
//! `naive` module, and the property test tells whether the two agree.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable
    )
)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod action;
#[cfg(test)]
mod agreement;
pub mod analysis;
pub mod batch;
mod check;
mod condition;
mod context;
mod decision;
mod document;
pub mod explain;
mod facts;
#[cfg(any(test, feature = "testing"))]
#[expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a judge for tests: it is short because it may fail"
)]
pub mod naive;
mod pattern;
mod policies;
mod principal;
mod program;
mod resource;
mod service;
mod syntax;
pub mod validate;
mod value;

pub use action::action_matches;
pub use context::{Context, ContextValue, MapContext};
pub use decision::{Cited, Decision, PolicyKind, Prepared, Request, StatementRef, decide};
pub use document::{
    Document, Effect, LONGEST_DOCUMENT, Malformed, NotJson, PolicyType, Span, Statement, rewrite_principals,
};
pub use policies::{Attached, Policies};
pub use principal::{NamedPrincipal, Principal, PrincipalType, UnknownPrincipal};
pub use program::Actions;
