//! What an identity provider says of itself: its name and the keys that it signs with.

use carillon_aws::time::Timestamp;
use roxmltree::Node;

use crate::key::PublicKey;
use crate::signature::base64;
use crate::xml::{self, METADATA, Malformed, PROTOCOL, SIGNATURE, attribute, children};

/// Keys of one provider: a present one and those before and after it.
const KEYS: usize = 10;
/// Characters of a name. Source: SAML 2.0 Core, section 8.3.6.
const NAME: usize = 1024;

/// The metadata of an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// What its assertions have as `Issuer`.
    pub entity_id: String,
    /// The certificates that it signs with, in DER.
    pub certificates: Vec<Vec<u8>>,
    /// When it must be asked for newer metadata.
    pub valid_until: Option<Timestamp>,
}

/// Why metadata is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Could not parse metadata: {0}")]
pub struct Unusable(Malformed);

impl Metadata {
    /// Reads the metadata of one provider.
    ///
    /// # Errors
    ///
    /// When it is not well-formed, describes no identity provider, or names no key that signatures can be checked with.
    pub fn read(text: &str) -> Result<Self, Unusable> {
        Self::parse(text).map_err(Unusable)
    }

    fn parse(text: &str) -> Result<Self, Malformed> {
        let document = xml::read(text)?;
        let entity = document.root_element();
        if !xml::is(entity, METADATA, "EntityDescriptor") {
            return Err("it is no EntityDescriptor");
        }
        let entity_id = attribute(entity, "entityID").unwrap_or_default();
        if entity_id.is_empty() || entity_id.chars().count() > NAME {
            return Err("the EntityDescriptor has no entityID of 1 to 1024 characters");
        }
        let role = children(entity, METADATA, "IDPSSODescriptor")
            .find(|role| {
                attribute(*role, "protocolSupportEnumeration").is_some_and(|protocols| {
                    protocols.split_ascii_whitespace().any(|known| known == PROTOCOL)
                })
            })
            .ok_or("it has no IDPSSODescriptor for SAML 2.0")?;
        let mut certificates = Vec::new();
        for key in children(role, METADATA, "KeyDescriptor") {
            if attribute(key, "use").is_none_or(|purpose| purpose == "signing") {
                certificates.extend(certificates_of(key)?);
            }
        }
        certificates.retain(|der| PublicKey::of_certificate(der).is_some());
        certificates.sort();
        certificates.dedup();
        if certificates.is_empty() {
            return Err(
                "the IDPSSODescriptor has no X.509 certificate for signing, with an RSA key of 2048 to 8192 bits or \
                 one of the curves P-256 and P-384",
            );
        }
        if certificates.len() > KEYS {
            return Err("the IDPSSODescriptor has more than 10 certificates for signing");
        }
        let ends = [valid_until(entity)?, valid_until(role)?];
        Ok(Self {
            entity_id: entity_id.to_owned(),
            certificates,
            valid_until: ends.into_iter().flatten().min(),
        })
    }
}

fn certificates_of(key: Node<'_, '_>) -> Result<Vec<Vec<u8>>, Malformed> {
    children(key, SIGNATURE, "KeyInfo")
        .flat_map(|info| children(info, SIGNATURE, "X509Data"))
        .flat_map(|data| children(data, SIGNATURE, "X509Certificate"))
        .map(|certificate| base64(&xml::text(certificate)?).ok_or("a certificate is no base64"))
        .collect()
}

fn valid_until(node: Node<'_, '_>) -> Result<Option<Timestamp>, Malformed> {
    attribute(node, "validUntil")
        .map(|time| time.parse().map_err(|_| "validUntil is no time"))
        .transpose()
}
