//! Identifiers in AWS's forms, and how new ones are made.
//!
//! All randomness comes from the [`Entropy`] given. That an identifier is unused is for the store to promise; none
//! made here repeats by accident.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::secret::Secret;
use crate::time::Entropy;

/// The alphabet of IAM's identifiers, five bits a character: base 32 of RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The number of an AWS account: 12 digits, leading zeros included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AwsAccountId([u8; 12]);

impl AwsAccountId {
    /// The account of AWS itself, which owns managed policies.
    pub const AWS: Self = Self(*b"000000000000");

    /// A new account number, never beginning with zero.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let number = 100_000_000_000 + random_below(900_000_000_000, entropy);
        Self::from_number(number).unwrap_or(Self::AWS)
    }

    /// The 12 digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn from_number(mut number: u64) -> Option<Self> {
        let mut digits = [b'0'; 12];
        for digit in digits.iter_mut().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
        }
        (number == 0).then_some(Self(digits))
    }

    fn number(self) -> u64 {
        self.0
            .iter()
            .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
    }
}

/// The text is not an account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an AWS account id must be 12 digits")]
pub struct AwsAccountIdError;

impl FromStr for AwsAccountId {
    type Err = AwsAccountIdError;

    fn from_str(text: &str) -> Result<Self, AwsAccountIdError> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| AwsAccountIdError)?;
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(AwsAccountIdError)
        }
    }
}

impl fmt::Display for AwsAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AwsAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AsRef<str> for AwsAccountId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for AwsAccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AwsAccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for AwsAccountId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AwsAccountId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{12}$" })
    }
}

/// What a unique id of IAM identifies, told by its first four letters.
///
/// Source: IAM User Guide, "IAM identifiers".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdPrefix {
    User,
    Group,
    Role,
    ManagedPolicy,
    PolicyVersion,
    InstanceProfile,
    ServerCertificate,
    PublicKey,
    ServiceSpecificCredential,
}

impl IdPrefix {
    /// The four letters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
            Self::ManagedPolicy => "ANPA",
            Self::PolicyVersion => "ANVA",
            Self::InstanceProfile => "AIPA",
            Self::ServerCertificate => "ASCA",
            Self::PublicKey => "APKA",
            Self::ServiceSpecificCredential => "ACCA",
        }
    }
}

/// A new unique id of IAM: the prefix and 17 characters of 85 random bits, like `AIDACKCEVSQ6C2EXAMPLE`.
pub fn unique_id(prefix: IdPrefix, entropy: &dyn Entropy) -> String {
    let mut bits = u128::from_le_bytes(random(entropy));
    let mut id = String::with_capacity(21);
    id.push_str(prefix.as_str());
    for _ in 0..17 {
        id.push(base32_char((bits & 31) as u8));
        bits >>= 5;
    }
    id
}

/// A new identifier of Chime or of a request: a lower-case UUID of version 4.
pub fn uuid_v4(entropy: &dyn Entropy) -> String {
    uuid::Builder::from_random_bytes(random(entropy))
        .into_uuid()
        .to_string()
}

/// How long an access key lasts, told by its first four letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessKeyKind {
    /// `AKIA`: of a user or the account, until it is deleted.
    LongTerm,
    /// `ASIA`: of a session, with a session token, until it expires.
    Temporary,
}

impl AccessKeyKind {
    /// The four letters.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::LongTerm => "AKIA",
            Self::Temporary => "ASIA",
        }
    }

    /// The kind of the key with this id, if the id begins like one made here or by AWS.
    pub fn of(access_key_id: &str) -> Option<Self> {
        [Self::LongTerm, Self::Temporary]
            .into_iter()
            .find(|kind| access_key_id.starts_with(kind.prefix()))
    }
}

// The 16 characters after the prefix are 80 bits: a one, which marks ids that carry an account, the account number
// in 40 bits, and 39 bits at random. AWS's ids have had this layout since 2019.
const ACCOUNT_MARK: u128 = 1 << 79;
const ACCOUNT_SHIFT: u32 = 39;
const ACCOUNT_MASK: u128 = (1 << 40) - 1;

/// A new access key id of `account`, 20 characters, like `AKIAIOSFODNN7EXAMPLE`.
///
/// Its random part has 39 bits, so the caller must check that the id is unused and ask again if not.
pub fn access_key_id(kind: AccessKeyKind, account: AwsAccountId, entropy: &dyn Entropy) -> String {
    let noise = u128::from(u64::from_le_bytes(random(entropy))) & ((1 << ACCOUNT_SHIFT) - 1);
    let bits = ACCOUNT_MARK | u128::from(account.number()) << ACCOUNT_SHIFT | noise;
    let mut id = String::with_capacity(20);
    id.push_str(kind.prefix());
    for place in (0..16).rev() {
        id.push(base32_char((bits >> (5 * place) & 31) as u8));
    }
    id
}

/// The account of an access key, read from its id alone; `None` if the id does not carry one.
///
/// Whether such a key exists is another question.
pub fn account_of_access_key(access_key_id: &str) -> Option<AwsAccountId> {
    let code = access_key_id.strip_prefix(AccessKeyKind::of(access_key_id)?.prefix())?;
    if code.len() != 16 {
        return None;
    }
    let bits = code.bytes().try_fold(0_u128, |bits, character| {
        Some(bits << 5 | u128::from(base32_value(character)?))
    })?;
    if bits & ACCOUNT_MARK == 0 {
        return None;
    }
    AwsAccountId::from_number((bits >> ACCOUNT_SHIFT & ACCOUNT_MASK) as u64)
}

/// Whether the text may be an access key id at all: 16 to 128 letters, digits and underscores.
///
/// Source: IAM API Reference, `AccessKey`.
pub fn is_access_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A new secret access key: 40 characters of the base 64 alphabet, 240 random bits.
pub fn secret_access_key(entropy: &dyn Entropy) -> Secret<String> {
    let bytes = Secret::new(random::<30>(entropy));
    Secret::new(STANDARD.encode(bytes.expose()))
}

/// A new bearer token: 256 random bits as 43 characters that need no escaping in a URL.
pub fn token(entropy: &dyn Entropy) -> Secret<String> {
    let bytes = Secret::new(random::<32>(entropy));
    Secret::new(URL_SAFE_NO_PAD.encode(bytes.expose()))
}

/// A new personal meeting PIN: ten digits, each value as likely as any other.
pub fn pin(entropy: &dyn Entropy) -> String {
    format!("{:010}", random_below(10_000_000_000, entropy))
}

fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// A number from 0 up to, without, `bound`. With 128 bits to start from, no value is favoured by more than one part
/// in 2^64, and there is nothing to repeat.
fn random_below(bound: u64, entropy: &dyn Entropy) -> u64 {
    (u128::from_le_bytes(random(entropy)) % u128::from(bound)) as u64
}

fn base32_char(value: u8) -> char {
    BASE32.get(usize::from(value)).copied().unwrap_or(b'A').into()
}

fn base32_value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'2'..=b'7' => Some(character - b'2' + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::TestEntropy;

    fn account(text: &str) -> AwsAccountId {
        text.parse().unwrap()
    }

    #[test]
    fn an_account_number_keeps_its_zeros() {
        assert_eq!(account("000123456789").to_string(), "000123456789");
        assert_eq!(
            serde_json::to_string(&account("000123456789")).unwrap(),
            r#""000123456789""#
        );
        for text in [
            "",
            "12345678901",
            "1234567890123",
            "12345678901a",
            "１23456789012",
            "-12345678901",
        ] {
            assert_eq!(text.parse::<AwsAccountId>(), Err(AwsAccountIdError), "{text}");
        }
        assert!(serde_json::from_str::<AwsAccountId>("123456789012").is_err());
        let made = AwsAccountId::generate(&TestEntropy::seeded(1));
        assert!(!made.as_str().starts_with('0'));
    }

    #[test]
    fn unique_ids_have_the_form_of_iam() {
        let entropy = TestEntropy::seeded(1);
        let id = unique_id(IdPrefix::User, &entropy);
        assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
        assert!(id.bytes().all(|byte| BASE32.contains(&byte)), "{id}");
        assert_ne!(id, unique_id(IdPrefix::User, &entropy));
    }

    #[test]
    fn the_account_is_read_from_an_access_key_id() {
        // The example with which the layout was published: an id of a real account.
        assert_eq!(
            account_of_access_key("ASIAQNZGKIQY56JQ7WML"),
            Some(account("029608264753"))
        );
        // Ids of before 2019, of other lengths, and of other alphabets carry nothing.
        for id in [
            "AKIAIOSFODNN7EXAMPLE",
            "AKIAQNZGKIQY56JQ7WM",
            "AKIAQNZGKIQY56JQ7WM1",
            "AIDAQNZGKIQY56JQ7WML",
            "",
        ] {
            assert_eq!(account_of_access_key(id), None, "{id}");
        }
        // 2^40 - 1 is not an account number.
        assert_eq!(account_of_access_key("AKIA7777777777777777"), None);
    }

    #[test]
    fn operators_may_choose_access_key_ids() {
        assert!(is_access_key_id("ROOT_KEY_FOR_TESTS"));
        assert!(
            !is_access_key_id("short")
                && !is_access_key_id("with-a-hyphen-in-it")
                && !is_access_key_id(&"A".repeat(129))
        );
    }

    #[test]
    fn secrets_and_tokens_have_their_lengths() {
        let entropy = TestEntropy::seeded(1);
        assert_eq!(secret_access_key(&entropy).expose().len(), 40);
        let token = token(&entropy);
        assert_eq!(token.expose().len(), 43);
        assert!(
            token
                .expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }

    #[test]
    fn a_uuid_is_lower_case_and_of_version_4() {
        let id = uuid_v4(&TestEntropy::seeded(1));
        assert_eq!(id, id.to_lowercase());
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
    }

    #[test]
    fn pins_are_ten_digits_and_use_every_first_digit() {
        let entropy = TestEntropy::seeded(1);
        let pins: Vec<_> = (0..500).map(|_| pin(&entropy)).collect();
        assert!(
            pins.iter()
                .all(|pin| pin.len() == 10 && pin.bytes().all(|byte| byte.is_ascii_digit()))
        );
        assert!(('0'..='9').all(|digit| pins.iter().any(|pin| pin.starts_with(digit))));
    }

    proptest! {
        #[test]
        fn every_account_survives_in_its_keys(number in 0_u64..1_000_000_000_000, seed: u64) {
            let account = AwsAccountId::from_number(number).unwrap();
            for kind in [AccessKeyKind::LongTerm, AccessKeyKind::Temporary] {
                let id = access_key_id(kind, account, &TestEntropy::seeded(seed));
                prop_assert!(is_access_key_id(&id) && id.len() == 20);
                prop_assert_eq!(AccessKeyKind::of(&id), Some(kind));
                prop_assert_eq!(account_of_access_key(&id), Some(account));
            }
        }

        #[test]
        fn any_text_has_an_account_or_not(text in "\\PC{0,30}") {
            let _ = account_of_access_key(&text);
        }
    }
}
