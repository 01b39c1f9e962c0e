//! What the server must give away and get back unaltered, and what it must keep and be able to read again.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::time::Entropy;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const NONCE: usize = 24;

/// Authenticated encryption under the server's key.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    /// Begins every code of authentication, under a key that is made of the server's and used for nothing else.
    authenticator: Hmac<Sha256>,
}

impl Vault {
    pub fn new(key: &[u8; 32]) -> Self {
        let keyed = |key: &[u8]| -> Hmac<Sha256> {
            hmac::KeyInit::new_from_slice(key).expect("an HMAC takes a key of any length")
        };
        let derived = keyed(key)
            .chain_update(b"carillon/authenticator")
            .finalize()
            .into_bytes();
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
            authenticator: keyed(&derived),
        }
    }

    /// A code that nobody can make who does not have the key, for `message` as said for `purpose`.
    pub fn authenticate(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        self.begin(purpose, message).finalize().into_bytes().into()
    }

    /// Whether the code is that of the message, found out in a time that does not tell how much of it is right.
    pub fn is_authentic(&self, purpose: &str, message: &[u8], code: &[u8]) -> bool {
        self.begin(purpose, message).verify_slice(code).is_ok()
    }

    fn begin(&self, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
        self.authenticator
            .clone()
            // Length first, so that no two purposes and messages read alike.
            .chain_update((purpose.len() as u64).to_be_bytes())
            .chain_update(purpose)
            .chain_update(message)
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
            .encrypt((&nonce).into(), payload)
            .expect("only plaintexts of 256 GiB and more are refused");
        let mut bytes = Vec::with_capacity(NONCE + sealed.len());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was sealed for `purpose`, or nothing if it was sealed for another, altered, or by another key.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.as_bytes(),
        };
        self.cipher.decrypt(nonce.into(), payload).ok()
    }

    /// As [`Vault::open`], for a text.
    pub fn open_text(&self, purpose: &str, sealed: &str) -> Option<String> {
        String::from_utf8(self.open(purpose, sealed)?).ok()
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

    #[test]
    fn a_code_is_good_for_its_purpose_message_and_key_alone() {
        let vault = Vault::new(&[7; 32]);
        let code = vault.authenticate("link", b"a");
        assert!(vault.is_authentic("link", b"a", &code));
        assert!(!vault.is_authentic("link", b"b", &code));
        assert!(!vault.is_authentic("lin", b"ka", &code));
        assert!(!vault.is_authentic("link", b"a", &code[1..]));
        assert!(!vault.is_authentic("link", b"a", &[]));
        assert!(!Vault::new(&[8; 32]).is_authentic("link", b"a", &code));
    }
}
