//! Public keys that signatures are checked with, and the algorithms that they are good for.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// Bytes of the shortest and the longest RSA modulus: 2048 and 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// The public key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    kind: Kind,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

impl PublicKey {
    /// The key of a certificate in DER, if it is one that signatures can be checked with. Nothing else of the
    /// certificate counts: it is trusted because it is in the metadata. As with AWS, it may have expired.
    pub fn of_certificate(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?;
        let info = certificate.tbs_certificate.subject_public_key_info;
        let bytes = info.subject_public_key.as_bytes()?.to_vec();
        let kind = match info.algorithm.oid {
            RSA => {
                let mut reader = SliceReader::new(&bytes).ok()?;
                let length = reader
                    .sequence(|reader| {
                        let modulus = UintRef::decode(reader)?;
                        UintRef::decode(reader)?;
                        Ok(modulus.as_bytes().len())
                    })
                    .ok()?;
                MODULUS.contains(&length).then_some(Kind::Rsa)?
            }
            ELLIPTIC => match info.algorithm.parameters?.decode_as::<ObjectIdentifier>().ok()? {
                P256 => Kind::P256,
                P384 => Kind::P384,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { kind, bytes })
    }

    /// Whether the key made the signature, by this algorithm of XML signatures.
    pub fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match (algorithm, self.kind) {
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Kind::Rsa) => &RSA_PKCS1_2048_8192_SHA256,
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", Kind::Rsa) => &RSA_PKCS1_2048_8192_SHA384,
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", Kind::Rsa) => &RSA_PKCS1_2048_8192_SHA512,
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", Kind::P256) => &ECDSA_P256_SHA256_FIXED,
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", Kind::P384) => &ECDSA_P384_SHA384_FIXED,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, &self.bytes)
            .verify(message, signature)
            .is_ok()
    }
}
