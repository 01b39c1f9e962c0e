//! Keys that tokens are signed with.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::id::uuid_v4;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Vault, enqueue};
use carillon_store::{StoreError, WriteTx};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::jobs::RotateKeys;
use super::rows;

/// A key signs for so long.
const USED: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// A key is published so long before it signs, and after it signed: products keep what they read for hours.
const PUBLISHED: Duration = Duration::from_secs(24 * 60 * 60);

carillon_aws::string_enum! {
    /// What tokens are signed by.
    ///
    /// Source: RFC 7518, section 3.1.
    pub enum Algorithm {
        /// Our own keys, which change by themselves.
        ES256,
        /// A key that the operator brings, for products that know nothing else: the library draws no RSA keys.
        RS256,
    }
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRow {
    pub id: String,
    pub algorithm: Algorithm,
    pub public_key: String,
    pub sealed: String,
    pub signs_from: Timestamp,
}

/// A key that can sign.
pub(crate) struct SigningKey {
    pub id: String,
    pair: Pair,
}

enum Pair {
    Elliptic(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

impl SigningKey {
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Elliptic(_) => Algorithm::ES256,
            Pair::Rsa(_) => Algorithm::RS256,
        }
    }

    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Elliptic(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .ok()?;
                Some(signature)
            }
        }
    }
}

/// A private key of RSA, with 2048 to 4096 bits: in PKCS #8, or as it was written before that, in PKCS #1.
fn rsa_pair(secret: &[u8]) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(secret)
        .or_else(|_| RsaKeyPair::from_der(secret))
        .ok()
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
            algorithm: Algorithm::ES256,
            public_key: hex::encode(pair.public_key()),
            sealed: vault.seal(entropy, &purpose(&id), secret.as_ref()),
            id,
            signs_from,
        })
    }

    /// A key of RSA that somebody made elsewhere.
    pub fn import(
        secret: &[u8],
        vault: &Vault,
        entropy: &dyn Entropy,
        signs_from: Timestamp,
    ) -> Option<Self> {
        let pair = rsa_pair(secret)?;
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
        let id = uuid_v4(entropy);
        Some(Self {
            algorithm: Algorithm::RS256,
            public_key: format!("{} {}", hex::encode(public.n), hex::encode(public.e)),
            sealed: vault.seal(entropy, &purpose(&id), secret),
            id,
            signs_from,
        })
    }

    /// The key, ready to sign.
    pub fn open(&self, vault: &Vault) -> Option<SigningKey> {
        let secret = vault.open(&purpose(&self.id), &self.sealed)?;
        let pair = match self.algorithm {
            Algorithm::ES256 => {
                let random = SystemRandom::new();
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &secret, &random);
                Pair::Elliptic(Box::new(pair.ok()?))
            }
            Algorithm::RS256 => Pair::Rsa(Box::new(rsa_pair(&secret)?)),
        };
        Some(SigningKey {
            id: self.id.clone(),
            pair,
        })
    }

    /// Whether the key signed the message.
    pub fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self.algorithm {
            Algorithm::ES256 => hex::decode(&self.public_key).ok().map(|point| {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }),
            Algorithm::RS256 => self.modulus_and_exponent().map(|(n, e)| {
                PublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }),
        };
        verified.is_some_and(|verified| verified.is_ok())
    }

    /// As it is published. Source: RFC 7517; RFC 7518, sections 6.2 and 6.3.
    pub fn jwk(&self) -> Option<Value> {
        let encode = |number: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(number);
        Some(match self.algorithm {
            Algorithm::ES256 => {
                let point = hex::decode(&self.public_key).ok()?;
                let (x, y) = point.get(1..)?.split_at_checked(32)?;
                json!({
                    "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
                    "x": encode(x), "y": encode(y),
                })
            }
            Algorithm::RS256 => {
                let (n, e) = self.modulus_and_exponent()?;
                json!({
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": encode(&n), "e": encode(&e),
                })
            }
        })
    }

    fn modulus_and_exponent(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let (n, e) = self.public_key.split_once(' ')?;
        Some((hex::decode(n).ok()?, hex::decode(e).ok()?))
    }
}

fn purpose(id: &str) -> String {
    format!("openid-key/{id}")
}

/// The key that signs now, of keys in the order of their beginning.
pub(crate) fn current(keys: &[KeyRow], algorithm: Algorithm, now: Timestamp) -> Option<&KeyRow> {
    keys.iter()
        .rfind(|key| key.algorithm == algorithm && key.signs_from <= now)
}

/// What becomes of the keys today.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rotation<'a> {
    /// When a new key signs, if one is due.
    pub next: Option<Timestamp>,
    /// Keys that no token needs any more.
    pub gone: Vec<&'a KeyRow>,
}

/// What becomes of keys, in the order of their beginning. Those that the operator brings change when the next one comes.
pub(crate) fn rotation(keys: &[KeyRow], now: Timestamp) -> Rotation<'_> {
    let of = |algorithm| -> Vec<&KeyRow> { keys.iter().filter(|key| key.algorithm == algorithm).collect() };
    let (own, brought) = (of(Algorithm::ES256), of(Algorithm::RS256));
    let is_due = own.last().is_none_or(|last| now >= last.signs_from + USED);
    let gone = own
        .windows(2)
        .chain(brought.windows(2))
        .filter(|pair| matches!(pair, [_, next] if now >= next.signs_from + PUBLISHED))
        .filter_map(|pair| pair.first().copied())
        .collect();
    Rotation {
        next: is_due.then(|| now + PUBLISHED),
        gone,
    }
}

/// The key that signs now. The first one of ours is made when it is needed.
pub(crate) async fn signing(
    tx: &mut WriteTx,
    environment: &Environment,
    algorithm: Algorithm,
    now: Timestamp,
) -> Result<SigningKey, StoreError> {
    let keys = rows::keys(tx).await?;
    if let Some(key) = current(&keys, algorithm, now) {
        return open(key, environment);
    }
    if algorithm == Algorithm::RS256 {
        return Err(StoreError::Database("there is no key of RSA".into()));
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
            algorithm: Algorithm::ES256,
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
        let signing = |keys: &[KeyRow], day| current(keys, Algorithm::ES256, at(day)).unwrap().id.clone();
        assert_eq!(signing(&both, 90), "1");
        assert_eq!(signing(&both, 91), "2");
        assert_eq!(rotation(&both, at(91)).gone, [].as_slice() as &[&KeyRow]);
        assert_eq!(rotation(&both, at(92)).gone, [&both[0]]);
        assert_eq!(rotation(&both, at(92)).next, None);
    }

    #[test]
    fn keys_of_the_operator_go_when_the_next_one_came() {
        let brought = |id, day| KeyRow {
            algorithm: Algorithm::RS256,
            ..key(id, day)
        };
        let keys = [key("1", 0), brought("2", 1), key("3", 91), brought("4", 400)];
        assert_eq!(current(&keys[..2], Algorithm::RS256, at(0)), None);
        assert_eq!(current(&keys, Algorithm::RS256, at(399)), Some(&keys[1]));
        assert_eq!(current(&keys, Algorithm::RS256, at(400)), Some(&keys[3]));
        assert_eq!(rotation(&keys[..2], at(399)).next, Some(at(400)), "ours is due");
        assert_eq!(rotation(&keys[..2], at(399)).gone, [].as_slice() as &[&KeyRow]);
        assert_eq!(rotation(&keys[..3], at(93)).gone, [&keys[0]]);
        assert_eq!(rotation(&keys, at(401)).gone, [&keys[0], &keys[1]]);
    }

    #[test]
    fn the_private_key_opens_in_its_place_only() {
        let vault = Vault::new(&[7; 32]);
        let mut key = KeyRow::generate(&vault, &SystemEntropy, at(0)).unwrap();
        assert!(key.open(&vault).is_some());
        assert!(key.open(&Vault::new(&[8; 32])).is_none());
        let jwk = key.jwk().unwrap();
        assert_eq!(jwk["x"].as_str().unwrap().len(), 43);
        assert_eq!(jwk["y"].as_str().unwrap().len(), 43);
        assert!(jwk.get("d").is_none());
        key.id = "another".to_owned();
        assert!(key.open(&vault).is_none());
    }
}
