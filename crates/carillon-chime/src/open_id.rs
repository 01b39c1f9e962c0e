//! Products that let people in because they are signed in to the portal: OpenID Connect.
//!
//! A grant says that a person signed in to a product through one session of the portal. It is nothing without that
//! session, so whatever ends the session ends what came of it; `session/rows.rs` tells the products.

pub(crate) mod client;
pub(crate) mod grant;
pub(crate) mod jobs;
pub(crate) mod jws;
pub(crate) mod key;
pub mod operator;
pub(crate) mod rows;

pub use key::Algorithm;
