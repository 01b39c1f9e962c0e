//! Tokens that we sign, and know again. One form, and the algorithm is the key's: what others sign is read elsewhere, by a
//! library.
//!
//! Sources: RFC 7515, RFC 7518 sections 3.3 and 3.4, RFC 9068.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::key::{KeyRow, SigningKey};

/// Characters of a token that is looked at.
const LONGEST: usize = 4096;

/// What a token is for. A token of one kind is none of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    Access,
    Logout,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Id => "JWT",
            Self::Access => "at+jwt",
            Self::Logout => "logout+jwt",
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The token that says so.
pub(crate) fn sign(key: &SigningKey, kind: Kind, claims: &Value) -> Option<String> {
    let header = json!({ "alg": key.algorithm().as_str(), "typ": kind.as_str(), "kid": key.id });
    let mut token = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Some(token)
}

/// What a token says, if one of these keys signed it for this purpose. Whether it is out of date is not looked at.
pub(crate) fn verify(keys: &[KeyRow], kind: Kind, token: &str) -> Option<Value> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
    let key = keys.iter().find(|key| key.id == header.kid)?;
    if header.alg != key.algorithm.as_str() || header.typ != kind.as_str() {
        return None;
    }
    if !key.is_signed(signed.as_bytes(), &decode(signature)?) {
        return None;
    }
    serde_json::from_slice(&decode(claims)?).ok()
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::{SystemEntropy, Timestamp};
    use carillon_operation::Vault;
    use proptest::prelude::*;

    use super::*;
    use crate::open_id::key::Algorithm;

    fn key() -> (KeyRow, SigningKey) {
        let vault = Vault::new(&[7; 32]);
        let row = KeyRow::generate(&vault, &SystemEntropy, Timestamp::EPOCH).unwrap();
        let key = row.open(&vault).unwrap();
        (row, key)
    }

    #[test]
    fn a_token_is_known_again_for_its_purpose_alone() {
        let ((row, key), (other, _)) = (key(), key());
        let claims = json!({ "sub": "ada" });
        let token = sign(&key, Kind::Access, &claims).unwrap();
        let keys = [other.clone(), row];
        assert_eq!(verify(&keys, Kind::Access, &token), Some(claims));
        assert_eq!(verify(&keys, Kind::Id, &token), None);
        assert_eq!(verify(&[other], Kind::Access, &token), None);
        assert_eq!(verify(&keys, Kind::Access, &token[..token.len() - 1]), None);
        assert_eq!(verify(&keys, Kind::Access, &format!("{token}.")), None);
    }

    #[test]
    fn whoever_signs_nothing_says_nothing() {
        let (row, key) = key();
        let encode = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        for alg in ["none", "None", "HS256", "RS256"] {
            let header = encode(json!({ "alg": alg, "typ": "at+jwt", "kid": key.id }));
            let claims = encode(json!({ "sub": "ada" }));
            for signature in ["", "AAAA"] {
                let token = format!("{header}.{claims}.{signature}");
                assert_eq!(verify(std::slice::from_ref(&row), Kind::Access, &token), None);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused(token in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}|\\PC{0,80}") {
            let row = KeyRow { id: "k".into(), algorithm: Algorithm::RS256, public_key: "04".into(), sealed: String::new(), signs_from: Timestamp::EPOCH };
            prop_assert_eq!(verify(&[row], Kind::Access, &token), None);
        }
    }
}
