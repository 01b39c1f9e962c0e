//! Signing keys: what a secret becomes for one day, region and service.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::TERMINATOR;

/// The key that signs requests to one service in one region on one day.
///
/// Deriving it takes four HMACs and the secret, so callers keep it by access key id, date, region and service. It is
/// wiped when dropped and not printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// Derives the key; `date` is `yyyymmdd`.
    pub fn derive(secret_access_key: &str, date: &str, region: &str, service: &str) -> Self {
        let mut seed = Vec::with_capacity(4 + secret_access_key.len());
        seed.extend_from_slice(b"AWS4");
        seed.extend_from_slice(secret_access_key.as_bytes());
        let mut key = hmac(&seed, date.as_bytes());
        seed.zeroize();
        for part in [region, service, TERMINATOR] {
            key = hmac(&key, part.as_bytes());
        }
        Self(key)
    }

    pub(super) fn sign(&self, string_to_sign: &[u8]) -> [u8; 32] {
        hmac(&self.0, string_to_sign)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
