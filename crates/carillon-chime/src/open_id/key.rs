//! Keys that tokens are signed with.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::id::uuid_v4;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Vault, enqueue};
use carillon_store::{StoreError, WriteTx};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::jobs::RotateKeys;
use super::rows;

/// A key signs for so long.
const USED: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// A key is published so long before it signs, and after it signed: products keep what they read for hours.
const PUBLISHED: Duration = Duration::from_secs(24 * 60 * 60);

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRow {
    pub id: String,
    pub public_key: String,
    pub sealed: String,
    pub signs_from: Timestamp,
}

/// A key that can sign.
pub(crate) struct SigningKey {
    pub id: String,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    pub fn sign(&self, message: &[u8]) -> Option<impl AsRef<[u8]> + use<>> {
        self.pair.sign(&SystemRandom::new(), message).ok()
    }
}

impl KeyRow {
    /// A new key. The library draws keys with its own randomness only, which is the system's.
    pub fn generate(vault: &Vault, entropy: &dyn Entropy, signs_from: Timestamp) -> Option<Self> {
        let random = SystemRandom::new();
        let secret = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret.as_ref(), &random).ok()?;
        let id = uuid_v4(entropy);
        Some(Self {
            public_key: hex::encode(pair.public_key()),
            sealed: vault.seal(entropy, &purpose(&id), secret.as_ref()),
            id,
            signs_from,
        })
    }

    /// The key, ready to sign.
    pub fn open(&self, vault: &Vault) -> Option<SigningKey> {
        let secret = vault.open(&purpose(&self.id), &self.sealed)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &secret, &SystemRandom::new());
        Some(SigningKey {
            id: self.id.clone(),
            pair: pair.ok()?,
        })
    }

    /// As it is published. Source: RFC 7517; RFC 7518, section 6.2.
    pub fn jwk(&self) -> Value {
        let point = hex::decode(&self.public_key).unwrap_or_default();
        let (x, y) = point
            .get(1..)
            .unwrap_or_default()
            .split_at_checked(32)
            .unwrap_or_default();
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": BASE64_URL_SAFE_NO_PAD.encode(x), "y": BASE64_URL_SAFE_NO_PAD.encode(y),
        })
    }
}

fn purpose(id: &str) -> String {
    format!("openid-key/{id}")
}

/// The key that signs now, of keys in the order of their beginning.
pub(crate) fn current(keys: &[KeyRow], now: Timestamp) -> Option<&KeyRow> {
    keys.iter().rfind(|key| key.signs_from <= now)
}

/// What becomes of the keys today.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rotation<'a> {
    /// When a new key signs, if one is due.
    pub next: Option<Timestamp>,
    /// Keys that no token needs any more.
    pub gone: Vec<&'a KeyRow>,
}

/// What becomes of keys, in the order of their beginning.
pub(crate) fn rotation(keys: &[KeyRow], now: Timestamp) -> Rotation<'_> {
    let is_due = keys.last().is_none_or(|last| now >= last.signs_from + USED);
    let gone = keys
        .windows(2)
        .filter(|pair| matches!(pair, [_, next] if now >= next.signs_from + PUBLISHED))
        .filter_map(|pair| pair.first())
        .collect();
    Rotation {
        next: is_due.then(|| now + PUBLISHED),
        gone,
    }
}

/// The key that signs now. The first one is made when it is needed.
pub(crate) async fn signing(
    tx: &mut WriteTx,
    environment: &Environment,
    now: Timestamp,
) -> Result<SigningKey, StoreError> {
    let keys = rows::keys(tx).await?;
    if let Some(key) = current(&keys, now) {
        return open(key, environment);
    }
    let key = add(tx, &environment.vault, &*environment.entropy, now).await?;
    watch(tx, &*environment.entropy, now).await?;
    open(&key, environment)
}

/// Has the keys looked at from tomorrow on, each day.
pub(crate) async fn watch(tx: &mut WriteTx, entropy: &dyn Entropy, now: Timestamp) -> Result<(), StoreError> {
    let watch = RotateKeys::on_the_day_after(now);
    enqueue(tx, entropy, &watch, now, watch.due()).await
}

/// Makes a key that signs from then on.
pub(crate) async fn add(
    tx: &mut WriteTx,
    vault: &Vault,
    entropy: &dyn Entropy,
    signs_from: Timestamp,
) -> Result<KeyRow, StoreError> {
    let key = KeyRow::generate(vault, entropy, signs_from)
        .ok_or_else(|| StoreError::Database("a key could not be drawn".into()))?;
    rows::insert_key(tx, &key).await?;
    Ok(key)
}

pub(crate) fn open(key: &KeyRow, environment: &Environment) -> Result<SigningKey, StoreError> {
    key.open(&environment.vault)
        .ok_or_else(|| StoreError::Database("a key of tokens does not open".into()))
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::SystemEntropy;

    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_seconds(days * DAY)
    }

    fn key(id: &str, days: i64) -> KeyRow {
        KeyRow {
            id: id.to_owned(),
            public_key: String::new(),
            sealed: String::new(),
            signs_from: at(days),
        }
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after() {
        let first = [key("1", 0)];
        assert_eq!(rotation(&first, at(89)).next, None);
        assert_eq!(rotation(&first, at(90)).next, Some(at(91)));
        let both = [key("1", 0), key("2", 91)];
        assert_eq!(current(&both, at(90)).unwrap().id, "1");
        assert_eq!(current(&both, at(91)).unwrap().id, "2");
        assert_eq!(rotation(&both, at(91)).gone, [].as_slice() as &[&KeyRow]);
        assert_eq!(rotation(&both, at(92)).gone, [&both[0]]);
        assert_eq!(rotation(&both, at(92)).next, None);
    }

    #[test]
    fn the_private_key_opens_in_its_place_only() {
        let vault = Vault::new(&[7; 32]);
        let mut key = KeyRow::generate(&vault, &SystemEntropy, at(0)).unwrap();
        assert!(key.open(&vault).is_some());
        assert!(key.open(&Vault::new(&[8; 32])).is_none());
        let jwk = key.jwk();
        assert_eq!(jwk["x"].as_str().unwrap().len(), 43);
        assert_eq!(jwk["y"].as_str().unwrap().len(), 43);
        assert!(jwk.get("d").is_none());
        key.id = "another".to_owned();
        assert!(key.open(&vault).is_none());
    }
}
