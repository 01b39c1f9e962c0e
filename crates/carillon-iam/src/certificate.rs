//! X.509 certificates and private keys, as callers send them: in PEM, and nothing beside it.

use carillon_aws::time::Timestamp;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader};

use crate::error::Error;

/// Certificates of a chain: more than anybody has, few enough to check while somebody waits.
const CHAIN: usize = 20;

/// A certificate, as far as anything here asks.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub der: Vec<u8>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    /// The public key with its algorithm.
    key: Vec<u8>,
}

impl Certificate {
    /// The only certificate of a text.
    pub fn parse(pem: &str) -> Result<Self, Error> {
        let mut found = certificates(pem).ok_or_else(unreadable)?;
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(unreadable()),
        }
    }

    fn read(bytes: &[u8]) -> der::Result<Self> {
        let read = x509_cert::Certificate::from_der(bytes)?.tbs_certificate;
        let time = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
            Timestamp::from_seconds(seconds)
        };
        Ok(Self {
            der: bytes.to_vec(),
            not_before: time(read.validity.not_before),
            not_after: time(read.validity.not_after),
            issuer: read.issuer.to_der()?,
            subject: read.subject.to_der()?,
            key: read.subject_public_key_info.to_der()?,
        })
    }

    /// Refuses a chain that does not begin with who signed this certificate, and go on so.
    pub fn check_chain(&self, pem: &str) -> Result<(), Error> {
        let chain = certificates(pem).ok_or_else(|| broken(-1))?;
        if chain.len() > CHAIN {
            return Err(Error::MalformedCertificate(format!(
                "A certificate chain has at most {CHAIN} certificates."
            )));
        }
        let mut signed = self;
        for (number, signer) in (-1_i64..).zip(&chain) {
            if !signed.is_signed_by(signer) {
                return Err(broken(number));
            }
            signed = signer;
        }
        if chain.is_empty() { Err(broken(-1)) } else { Ok(()) }
    }

    fn is_signed_by(&self, signer: &Self) -> bool {
        self.issuer == signer.subject && self.verify(&signer.key).unwrap_or(false)
    }

    /// Whether the signature is that of a key.
    fn verify(&self, key: &[u8]) -> der::Result<bool> {
        // What was signed is taken as it was sent, not as we would write it.
        let mut reader = SliceReader::new(&self.der)?;
        let (signed, algorithm, signature) = reader.sequence(|reader| {
            Ok((
                reader.tlv_bytes()?,
                AnyRef::decode(reader)?,
                BitStringRef::decode(reader)?,
            ))
        })?;
        let mut reader = SliceReader::new(key)?;
        let (key_algorithm, key) =
            reader.sequence(|reader| Ok((AnyRef::decode(reader)?, BitStringRef::decode(reader)?)))?;
        let algorithms = ring::default_provider().signature_verification_algorithms.all;
        Ok(algorithms.iter().any(|known| {
            known.signature_alg_id().as_ref() == algorithm.value()
                && known.public_key_alg_id().as_ref() == key_algorithm.value()
                && known
                    .verify_signature(key.raw_bytes(), signed, signature.raw_bytes())
                    .is_ok()
        }))
    }

    /// Refuses a private key that is none, and one that is another certificate's.
    pub fn check_key(&self, pem: &str) -> Result<(), Error> {
        let unreadable = || {
            Error::MalformedCertificate(
                "Unable to parse the private key. It must be one RSA key of 2048 to 4096 bits, or one of the \
                 curves P-256 and P-384 or Ed25519, in PEM and not encrypted."
                    .to_owned(),
            )
        };
        let mut keys = PrivateKeyDer::pem_slice_iter(pem.as_bytes());
        let (Some(Ok(key)), None, true) = (keys.next(), keys.next(), is_only_pem(pem)) else {
            return Err(unreadable());
        };
        let key = ring::sign::any_supported_type(&key).map_err(|_| unreadable())?;
        let public = key.public_key().ok_or_else(unreadable)?;
        if public.as_ref() == self.key {
            Ok(())
        } else {
            Err(Error::KeyPairMismatch)
        }
    }
}

fn unreadable() -> Error {
    Error::MalformedCertificate(
        "Unable to parse certificate. Please ensure the certificate is in PEM format.".to_owned(),
    )
}

fn broken(number: i64) -> Error {
    Error::MalformedCertificate(format!(
        "Unable to validate certificate chain. The certificate chain must start with the immediate signing \
         certificate, followed by any intermediaries in order. The index within the chain of the invalid \
         certificate is: {number}"
    ))
}

/// All certificates of a text that has nothing else.
fn certificates(pem: &str) -> Option<Vec<Certificate>> {
    if !is_only_pem(pem)
        || pem.matches("-----BEGIN ").count() != pem.matches("-----BEGIN CERTIFICATE-----").count()
    {
        return None;
    }
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|found| Certificate::read(&found.ok()?).ok())
        .collect()
}

/// Whether nothing stands before, between and behind the blocks of a text.
pub(crate) fn is_only_pem(text: &str) -> bool {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("-----BEGIN ") {
            inside = true;
        } else if line.starts_with("-----END ") {
            inside = false;
        } else if !inside && !line.is_empty() {
            return false;
        }
    }
    !inside
}
