//! What the server must give away and get back unaltered, and what it must keep and be able to read again.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::time::Entropy;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

const NONCE: usize = 24;

/// Authenticated encryption under the server's key.
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl Vault {
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
        }
    }

    /// Encrypts `plain` for `purpose`: it opens only under the same purpose.
    pub fn seal(&self, entropy: &dyn Entropy, purpose: &str, plain: &[u8]) -> String {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: purpose.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("only plaintexts of 256 GiB and more are refused");
        let mut bytes = Vec::with_capacity(NONCE + sealed.len());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was sealed for `purpose`, or nothing if it was sealed for another, altered, or by another key.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.as_bytes(),
        };
        self.cipher.decrypt(XNonce::from_slice(nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::SystemEntropy;

    use super::Vault;

    #[test]
    fn opens_only_whole_under_its_purpose_and_key() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal(&SystemEntropy, "access-key/AKIA1", b"secret");

        assert_eq!(
            vault.open("access-key/AKIA1", &sealed).as_deref(),
            Some(b"secret".as_slice())
        );
        assert_eq!(vault.open("access-key/AKIA2", &sealed), None);
        assert_eq!(vault.open("access-key/AKIA1", &sealed[1..]), None);
        assert_eq!(vault.open("access-key/AKIA1", ""), None);
        assert_eq!(Vault::new(&[8; 32]).open("access-key/AKIA1", &sealed), None);
    }
}
