//! Responses: the envelope in which an identity provider sends an assertion.

use std::collections::HashSet;

use roxmltree::Node;

use crate::Refusal;
use crate::assertion::Assertion;
use crate::key::PublicKey;
use crate::signature::{self, base64, signed};
use crate::xml::{self, ASSERTION, PROTOCOL, attribute, child, required};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Characters of a provider's words that are shown.
const SHOWN: usize = 255;

/// The provider that a response must be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    pub entity_id: String,
    /// In DER.
    pub certificates: Vec<Vec<u8>>,
}

/// A response of which nothing is proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response(String);

impl Response {
    /// Takes a response as it travels: in base64.
    ///
    /// # Errors
    ///
    /// [`Refusal::Malformed`].
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let bytes = base64(text).ok_or(Refusal::Malformed("it is no base64"))?;
        String::from_utf8(bytes)
            .map(Self)
            .map_err(|_| Refusal::Malformed("it is no UTF-8"))
    }

    /// Proves that the provider made it, and returns what the provider says. Whether that holds for us and now is for
    /// [`Assertion::check`] to tell.
    ///
    /// # Errors
    ///
    /// All but those of [`Assertion::check`].
    pub fn prove(&self, provider: &IdentityProvider) -> Result<Assertion, Refusal> {
        let document = xml::read(&self.0).map_err(Refusal::Malformed)?;
        let response = document.root_element();
        if !xml::is(response, PROTOCOL, "Response") || attribute(response, "Version") != Some("2.0") {
            return Err(Refusal::Malformed("it is no Response of SAML 2.0"));
        }
        check_ids(response)?;
        check_status(response)?;
        let all = |name| {
            response
                .descendants()
                .filter(move |node| xml::is(*node, ASSERTION, name))
        };
        if all("EncryptedAssertion").next().is_some() {
            return Err(Refusal::Encrypted);
        }
        let assertion = child(response, ASSERTION, "Assertion").map_err(Refusal::Malformed)?;
        let assertion = assertion.ok_or(Refusal::Malformed("it has no Assertion"))?;
        // Wherever a second assertion or signature is hidden, somebody wants one to be checked and another to be read.
        if all("Assertion").count() != 1 || !signature::are_all(response, &[response, assertion]) {
            return Err(Refusal::Malformed(
                "it has more than one Assertion, or a Signature elsewhere",
            ));
        }
        let keys: Vec<PublicKey> = provider
            .certificates
            .iter()
            .filter_map(|der| PublicKey::of_certificate(der))
            .collect();
        // Each signature that is there must hold, and one must be.
        let signed_response = signed(response, &keys)?;
        let signed_assertion = signed(assertion, &keys)?;
        if let Some(text) = &signed_response {
            let document = xml::read(text).map_err(Refusal::Malformed)?;
            check_envelope(document.root_element(), provider)?;
        }
        let assertion = match (signed_assertion, signed_response) {
            (Some(text), _) => {
                let document = xml::read(&text).map_err(Refusal::Malformed)?;
                Assertion::read(document.root_element())
            }
            (None, Some(text)) => {
                let document = xml::read(&text).map_err(Refusal::Malformed)?;
                required(document.root_element(), ASSERTION, "Assertion").and_then(Assertion::read)
            }
            (None, None) => return Err(Refusal::Signature),
        }
        .map_err(Refusal::Malformed)?;
        if assertion.issuer != provider.entity_id {
            return Err(Refusal::Issuer);
        }
        Ok(assertion)
    }
}

/// What a signed response says besides its assertion.
fn check_envelope(response: Node<'_, '_>, provider: &IdentityProvider) -> Result<(), Refusal> {
    check_status(response)?;
    match child(response, ASSERTION, "Issuer").map_err(Refusal::Malformed)? {
        Some(issuer) if xml::text(issuer).map_err(Refusal::Malformed)? != provider.entity_id => {
            Err(Refusal::Issuer)
        }
        _ => Ok(()),
    }
}

/// Whether the provider did what it was asked for. Of a response that is not signed itself this is no more than what
/// somebody says, and good for nothing but a refusal.
fn check_status(response: Node<'_, '_>) -> Result<(), Refusal> {
    let status = required(response, PROTOCOL, "Status").map_err(Refusal::Malformed)?;
    let code = required(status, PROTOCOL, "StatusCode").map_err(Refusal::Malformed)?;
    let value = attribute(code, "Value").unwrap_or_default();
    if value == SUCCESS {
        return Ok(());
    }
    let why = child(code, PROTOCOL, "StatusCode")
        .map_err(Refusal::Malformed)?
        .and_then(|code| attribute(code, "Value"))
        .unwrap_or(value);
    Err(Refusal::Failed(why.chars().take(SHOWN).collect()))
}

/// Refuses a document in which an identifier names two elements, by any attribute that somebody reads identifiers from.
fn check_ids(root: Node<'_, '_>) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    let ids = root
        .descendants()
        .flat_map(|node| node.attributes())
        .filter(|attribute| attribute.name().eq_ignore_ascii_case("id"));
    for id in ids {
        if !seen.insert(id.value()) {
            return Err(Refusal::Malformed("it has an identifier twice"));
        }
    }
    Ok(())
}
