//! SSH public keys: RSA, as SSH writes them in one line, or in PEM.

pub(crate) mod operations;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carillon_aws::{string_enum, string_type};
use md5::{Digest, Md5};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::der::asn1::{AnyRef, BitStringRef, UintRef};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader, Tag};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::certificate::is_only_pem;
use crate::error::Error;

/// Keys of one user.
pub(crate) const SSH_KEYS: usize = 5;

/// The name of RSA, in keys of SSH and before them.
const SSH_RSA: &str = "ssh-rsa";
/// The algorithm of RSA keys in X.509. Source: RFC 8017, appendix A.1.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Bits of a modulus. Source: IAM API Reference, `UploadSSHPublicKey`; the upper bound is that of OpenSSH.
const BITS: std::ops::RangeInclusive<usize> = 2_048..=16_384;
/// Characters in a line of PEM.
const LINE: usize = 64;

string_type! {
    /// The identifier of an SSH public key.
    pub SshPublicKeyId, min: 20, max: 128, pattern: r"[\w]+", example: "APKAEIBAERJR2EXAMPLE"
}

string_type! {
    /// An SSH public key, as SSH writes it or in PEM.
    pub PublicKeyMaterial, min: 1, max: 16384, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+", example: "ssh-rsa AAAA"
}

string_enum! {
    /// How an SSH public key is written.
    pub(crate) enum Encoding {
        SSH,
        PEM,
    }
}

/// An RSA key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// Big-endian, without leading zeros.
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl PublicKey {
    /// Reads a key in either form.
    ///
    /// # Errors
    ///
    /// `UnrecognizedPublicKeyEncoding` for neither, `InvalidPublicKey` for a key that is not good enough.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let key = if text.starts_with("-----BEGIN ") {
            Self::from_pem(text)
        } else {
            Self::from_line(text)
        }
        .ok_or(Error::UnrecognizedPublicKeyEncoding)?;
        key.check()
    }

    fn from_pem(text: &str) -> Option<Self> {
        let mut found = SubjectPublicKeyInfoDer::pem_slice_iter(text.as_bytes());
        let (Some(Ok(only)), None, true) = (found.next(), found.next(), is_only_pem(text)) else {
            return None;
        };
        let info = SubjectPublicKeyInfoRef::from_der(&only).ok()?;
        if info.algorithm.oid != RSA {
            return None;
        }
        let key = info.subject_public_key.as_bytes()?;
        let mut reader = SliceReader::new(key).ok()?;
        let (modulus, exponent) = reader
            .sequence(|reader| Ok((UintRef::decode(reader)?, UintRef::decode(reader)?)))
            .ok()?;
        reader.finish(()).ok()?;
        Some(Self {
            modulus: modulus.as_bytes().to_vec(),
            exponent: exponent.as_bytes().to_vec(),
        })
    }

    /// A line of `authorized_keys` without options: name, key, and perhaps a remark.
    fn from_line(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        if words.next()? != SSH_RSA || line.contains(['\n', '\r']) {
            return None;
        }
        Self::from_blob(words.next()?)
    }

    /// A key as the protocol writes it, in base64.
    pub fn from_blob(base64: &str) -> Option<Self> {
        let bytes = STANDARD.decode(base64).ok()?;
        let (name, rest) = string(&bytes)?;
        let (exponent, rest) = string(rest)?;
        let (modulus, rest) = string(rest)?;
        if name != SSH_RSA.as_bytes() || !rest.is_empty() {
            return None;
        }
        Some(Self {
            modulus: positive(modulus)?,
            exponent: positive(exponent)?,
        })
    }

    fn check(self) -> Result<Self, Error> {
        if !BITS.contains(&bits(&self.modulus)) {
            return Err(Error::InvalidPublicKey(
                "An RSA key must have 2048 bits at least, and 16384 at most.",
            ));
        }
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        if !is_odd(&self.modulus) || !is_odd(&self.exponent) || !(2..=64).contains(&bits(&self.exponent)) {
            return Err(Error::InvalidPublicKey("The key is no RSA key."));
        }
        Ok(self)
    }

    /// As the protocol writes it. Source: RFC 4253, section 6.6.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let padded = |number: &[u8]| {
            let sign = number.first().is_some_and(|first| *first >= 0x80);
            let mut padded = vec![0; usize::from(sign)];
            padded.extend_from_slice(number);
            padded
        };
        for part in [
            SSH_RSA.as_bytes().to_vec(),
            padded(&self.exponent),
            padded(&self.modulus),
        ] {
            bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    /// What is kept.
    pub fn blob(&self) -> String {
        STANDARD.encode(self.bytes())
    }

    /// As `ssh-keygen -l -E md5` tells it.
    pub fn fingerprint(&self) -> String {
        let digest = Md5::digest(self.bytes());
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }

    /// The key in a form that a caller asks for.
    pub fn encoded(&self, encoding: Encoding) -> Result<String, der::Error> {
        match encoding {
            Encoding::SSH => Ok(format!("{SSH_RSA} {}", self.blob())),
            Encoding::PEM => self.pem(),
        }
    }

    fn pem(&self) -> Result<String, der::Error> {
        let mut numbers = UintRef::new(&self.modulus)?.to_der()?;
        numbers.extend(UintRef::new(&self.exponent)?.to_der()?);
        let key = AnyRef::new(Tag::Sequence, &numbers)?.to_der()?;
        let info = SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef {
                oid: RSA,
                parameters: Some(AnyRef::NULL),
            },
            subject_public_key: BitStringRef::from_bytes(&key)?,
        };
        let text = STANDARD.encode(info.to_der()?);
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(LINE));
            pem.push_str(line);
            pem.push('\n');
            rest = more;
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        Ok(pem)
    }
}

/// A text with its length before it, and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// A number as SSH writes it, which is not negative and has no zeros that it does not need.
fn positive(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes {
        [] | [0] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
        [0, rest @ ..] => Some(rest.to_vec()),
        _ => Some(bytes.to_vec()),
    }
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |first| first.leading_zeros() as usize);
    (number.len() * 8).saturating_sub(zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ssh-keygen -t rsa -b 2048`, `ssh-keygen -l -E md5`, `ssh-keygen -e -m PKCS8`.
    const LINE_OF_SSH: &str = include_str!("ssh_public_key/key.pub");
    const PEM: &str = include_str!("ssh_public_key/key.pem");
    const FINGERPRINT: &str = include_str!("ssh_public_key/key.md5");

    fn code(text: &str) -> &'static str {
        match PublicKey::parse(text) {
            Err(Error::UnrecognizedPublicKeyEncoding) => "Unrecognized",
            Err(Error::InvalidPublicKey(_)) => "Invalid",
            _ => "accepted",
        }
    }

    #[test]
    fn both_forms_are_the_same_key() {
        let key = PublicKey::parse(LINE_OF_SSH).unwrap();
        assert_eq!(PublicKey::parse(PEM).unwrap(), key);
        assert_eq!(key.fingerprint(), FINGERPRINT.trim());
        assert_eq!(key.encoded(Encoding::PEM).unwrap(), PEM);
        let line = key.encoded(Encoding::SSH).unwrap();
        assert!(LINE_OF_SSH.starts_with(&line));
        assert_eq!(PublicKey::from_blob(&key.blob()).unwrap(), key);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let blob = LINE_OF_SSH.split(' ').nth(1).unwrap();
        for text in [
            "",
            "ssh-rsa",
            "ssh-rsa AAAA",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMVjX0MSJGUdSBYDzHDqOSMZIZ0EvHlGkU9x3tHDiXUF",
            &format!("ssh-dss {blob}"),
            &format!("ssh-rsa {blob}\nssh-rsa {blob}"),
            &format!("ssh-rsa {blob}AAAA"),
            &format!("{PEM}{PEM}"),
            &format!("-----BEGIN PUBLIC KEY-----\n{blob}\n-----END PUBLIC KEY-----"),
            &PEM.replace("PUBLIC KEY", "CERTIFICATE"),
        ] {
            assert_eq!(code(text), "Unrecognized", "{text}");
        }
        let key = PublicKey::parse(LINE_OF_SSH).unwrap();
        let with = |modulus: &[u8], exponent: &[u8]| {
            let key = PublicKey {
                modulus: modulus.to_vec(),
                exponent: exponent.to_vec(),
            };
            code(&key.encoded(Encoding::SSH).unwrap())
        };
        assert_eq!(with(&key.modulus, &key.exponent), "accepted");
        assert_eq!(with(&key.modulus[..128], &key.exponent), "Invalid");
        assert_eq!(with(&key.modulus, &[1]), "Invalid");
        assert_eq!(with(&key.modulus, &[4]), "Invalid");
        assert_eq!(
            with(&[&key.modulus[..255], &[2]].concat(), &key.exponent),
            "Invalid"
        );
        assert_eq!(with(&[0xff; 4096], &key.exponent), "Invalid");
    }
}
