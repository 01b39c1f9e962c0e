//! Any text as a response and as metadata: refused, or proven to be what was signed. Begin with a corpus of
//! `crates/carillon-saml/tests/data`.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carillon_saml::{Assertion, IdentityProvider, Metadata, Response};
use libfuzzer_sys::fuzz_target;

static PROVIDER: LazyLock<IdentityProvider> = LazyLock::new(|| {
    let metadata = include_str!("../../crates/carillon-saml/tests/data/metadata.xml");
    let metadata = Metadata::read(metadata).expect("good metadata");
    IdentityProvider {
        entity_id: metadata.entity_id,
        certificates: metadata.certificates,
    }
});

/// All that the provider ever signed.
static SIGNED: LazyLock<Vec<Assertion>> = LazyLock::new(|| {
    [
        include_str!("../../crates/carillon-saml/tests/data/assertion.xml"),
        include_str!("../../crates/carillon-saml/tests/data/response.xml"),
        include_str!("../../crates/carillon-saml/tests/data/both.xml"),
        include_str!("../../crates/carillon-saml/tests/data/comments.xml"),
        include_str!("../../crates/carillon-saml/tests/data/commented.xml"),
        include_str!("../../crates/carillon-saml/tests/data/prefixes.xml"),
        include_str!("../../crates/carillon-saml/tests/data/prefixes-of-response.xml"),
        include_str!("../../crates/carillon-saml/tests/data/sha384.xml"),
        include_str!("../../crates/carillon-saml/tests/data/sha512.xml"),
    ]
    .map(|text| proven(text).expect("a good response"))
    .into()
});

fn proven(text: &str) -> Option<Assertion> {
    let response = Response::decode(&BASE64_STANDARD.encode(text)).ok()?;
    response.prove(&PROVIDER).ok()
}

fuzz_target!(|text: &str| {
    if let Some(assertion) = proven(text) {
        assert!(SIGNED.contains(&assertion));
    }
    let _ = Metadata::read(text);
});
