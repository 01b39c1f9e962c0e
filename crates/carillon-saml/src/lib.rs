//! SAML 2.0 as far as a relying party needs it: the metadata of an identity provider in, the proven assertions of its
//! responses out.
//!
//! No I/O, no clock. Of XML signatures only the one form is understood that identity providers make, and everything
//! else is refused: one enveloped signature on the response or the assertion, by its identifier, with exclusive
//! canonicalisation, SHA-2, and a key that the metadata names. What follows the signature's check is read from the very
//! bytes that were signed, never from the text that came.
//!
//! Sources: SAML 2.0 Core, Bindings, Profiles and Metadata; XML Signature 1.1; Exclusive XML Canonicalization 1.0; IAM
//! User Guide, "Configure SAML assertions for the authentication response".
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

mod assertion;
mod canonical;
mod key;
mod metadata;
mod response;
mod signature;
mod xml;

pub use assertion::{Assertion, Expected, FRESH, SKEW};
pub use metadata::{Metadata, Unusable};
pub use response::{IdentityProvider, Response};

/// Why a response proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no response of SAML 2.0, or one that breaks its rules.
    #[error("Invalid SAML response: {0}")]
    Malformed(&'static str),
    #[error("Encrypted assertions are not supported")]
    Encrypted,
    /// Nobody signed it, another one did, or it was changed since.
    #[error("Response signature invalid")]
    Signature,
    /// The provider says that it did not sign anybody in.
    #[error("The identity provider did not authenticate the user: {0}")]
    Failed(String),
    #[error("Issuer not present in specified provider")]
    Issuer,
    #[error("Response does not contain the required audience.")]
    Audience,
    #[error("Response does not contain the required recipient.")]
    Recipient,
    #[error("Token must be redeemed within 5 minutes of issuance")]
    Expired,
    #[error("The assertion is not valid yet")]
    NotYetValid,
}
