//! What AWS fixes on the wire: request signatures, protocols, resource names, identifiers, times and error shapes.
//!
//! No state and no I/O. What an operation does, and who the caller is, is known elsewhere.

pub mod arn;
pub mod binding;
pub mod error;
pub mod id;
pub mod model;
pub mod query;
pub mod secret;
pub mod shape;
pub mod sigv4;
pub mod time;
pub mod xml;
