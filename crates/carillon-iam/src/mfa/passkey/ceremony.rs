//! The two ceremonies of WebAuthn: a key is made, and a key is shown. Nothing here asks the database or the clock.
//! Source: Web Authentication Level 3, sections 7.1 and 7.2; what this server does not ask for is refused.

use carillon_aws::sigv4::sha256;
use data_encoding::BASE64URL_NOPAD;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use super::cbor::Item;

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Malformed(&'static str),
    /// The answer is for somebody or something else.
    Elsewhere(&'static str),
    /// The signature is not of the key.
    Signature,
    /// The key counted back, so there are two of it.
    Copied,
}

impl Wrong {
    pub fn message(self) -> &'static str {
        match self {
            Self::Malformed(message) | Self::Elsewhere(message) => message,
            Self::Signature => "the signature is not of this key",
            Self::Copied => "the counter of the key went back: it may have been copied",
        }
    }
}

/// This server, as browsers and authenticators know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelyingParty {
    /// The name of the host.
    pub id: String,
    /// As browsers write it.
    pub origin: String,
}

impl RelyingParty {
    /// Of the address that people reach the server at. Nothing where browsers have no passkeys: without TLS, unless
    /// it is this very machine, and where the host has no name.
    pub fn of(public_url: &str) -> Option<Self> {
        let (scheme, rest) = public_url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let authority = rest.split('/').next()?.to_ascii_lowercase();
        let (host, port) = authority
            .split_once(':')
            .map_or((authority.as_str(), None), |(host, port)| (host, Some(port)));
        let is_here = host == "localhost" || host.ends_with(".localhost");
        // Addresses end in a number, and those of version 6 stand in brackets.
        let has_name = host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !host.rsplit('.').next()?.starts_with(|c: char| c.is_ascii_digit());
        let usual = match scheme.as_str() {
            "https" => "443",
            "http" if is_here => "80",
            _ => return None,
        };
        let port = port.filter(|port| *port != usual);
        has_name.then(|| Self {
            id: host.to_owned(),
            origin: port.map_or_else(
                || format!("{scheme}://{host}"),
                |port| format!("{scheme}://{host}:{port}"),
            ),
        })
    }
}

/// What the browser says of a ceremony.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    pub challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// The two ceremonies, as browsers call them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ceremony {
    Create,
    Get,
}

impl ClientData {
    /// Of a page of ours, for this ceremony. That the challenge is one of ours is for the caller to see.
    pub fn read(text: &[u8], ceremony: Ceremony, party: &RelyingParty) -> Result<Self, Wrong> {
        let data: Self = serde_json::from_slice(text)
            .map_err(|_| Wrong::Malformed("what the browser says is not of the form of WebAuthn"))?;
        let kind = match ceremony {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        };
        if data.kind != kind {
            return Err(Wrong::Elsewhere("the answer is of another ceremony"));
        }
        if data.origin != party.origin || data.cross_origin || data.top_origin.is_some() {
            return Err(Wrong::Elsewhere("the answer is for a page at another address"));
        }
        Ok(data)
    }
}

/// What an authenticator says of itself and of the ceremony.
struct AuthenticatorData<'a> {
    is_verified: bool,
    attested: bool,
    extended: bool,
    sign_count: u32,
    rest: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    const PRESENT: u8 = 1;
    const VERIFIED: u8 = 1 << 2;
    const ELIGIBLE: u8 = 1 << 3;
    const BACKED_UP: u8 = 1 << 4;
    const ATTESTED: u8 = 1 << 6;
    const EXTENDED: u8 = 1 << 7;

    fn read(bytes: &'a [u8], party: &RelyingParty) -> Result<Self, Wrong> {
        const SHORT: Wrong = Wrong::Malformed("the authenticator's data is too short");
        let (party_hash, rest) = bytes.split_first_chunk::<32>().ok_or(SHORT)?;
        let (flags, rest) = rest.split_first().ok_or(SHORT)?;
        let (sign_count, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let has = |flag| flags & flag != 0;
        if *party_hash != sha256(party.id.as_bytes()) {
            return Err(Wrong::Elsewhere("the key is for another host"));
        }
        if !has(Self::PRESENT) {
            return Err(Wrong::Elsewhere("nobody touched the key"));
        }
        if has(Self::BACKED_UP) && !has(Self::ELIGIBLE) {
            return Err(Wrong::Malformed(
                "the key says that it is backed up and cannot be",
            ));
        }
        Ok(Self {
            is_verified: has(Self::VERIFIED),
            attested: has(Self::ATTESTED),
            extended: has(Self::EXTENDED),
            sign_count: u32::from_be_bytes(*sign_count),
            rest,
        })
    }

    /// Behind everything else there are extensions, if the flag says so, and nothing more.
    fn ends(&self, rest: &[u8]) -> Result<(), Wrong> {
        match (self.extended, rest) {
            (false, []) => Ok(()),
            (true, rest) if matches!(Item::of(rest), Ok(Item::Map(_))) => Ok(()),
            _ => Err(Wrong::Malformed(
                "the authenticator's data does not end where it should",
            )),
        }
    }
}

/// A public key of one of the kinds that are asked for.
enum PublicKey<'a> {
    /// An uncompressed point of P-256.
    Es256(Vec<u8>),
    EdDsa(&'a [u8]),
    Rs256 {
        modulus: &'a [u8],
        exponent: &'a [u8],
    },
}

/// The algorithms that are asked for, by their numbers in COSE, the best first.
pub(crate) const ALGORITHMS: [i64; 3] = [-8, -7, -257];

impl<'a> PublicKey<'a> {
    /// Source: RFC 9053, sections 2 and 7; RFC 8230 for RSA.
    fn of(key: &Item<'a>) -> Result<Self, Wrong> {
        const UNKNOWN: Wrong = Wrong::Malformed("the key is of a kind that was not asked for");
        let member = |label| key.get(&Item::Integer(label));
        let number = |label| match member(label) {
            Some(Item::Integer(number)) => Some(*number),
            _ => None,
        };
        let bytes = |label, length: usize| {
            member(label)
                .and_then(Item::bytes)
                .filter(|bytes| bytes.len() == length)
                .ok_or(UNKNOWN)
        };
        match (number(1), number(3)) {
            (Some(2), Some(-7)) if number(-1) == Some(1) => {
                Ok(Self::Es256([&[4], bytes(-2, 32)?, bytes(-3, 32)?].concat()))
            }
            (Some(1), Some(-8)) if number(-1) == Some(6) => Ok(Self::EdDsa(bytes(-2, 32)?)),
            (Some(3), Some(-257)) => {
                let any = |label| member(label).and_then(Item::bytes).ok_or(UNKNOWN);
                Ok(Self::Rs256 {
                    modulus: any(-1)?,
                    exponent: any(-2)?,
                })
            }
            _ => Err(UNKNOWN),
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Wrong> {
        match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { modulus, exponent } => RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        }
        .map_err(|_| Wrong::Signature)
    }
}

/// What is kept of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// In base64url.
    pub id: String,
    /// As COSE has it, in base64url.
    pub public_key: String,
    /// It verified its user when it was registered, and does so from then on.
    pub verifies_user: bool,
    pub sign_count: u32,
}

/// A key that was made for this server. Who made the authenticator is not asked: attestation is `none`, or the key's
/// own signature.
pub(super) fn created(
    party: &RelyingParty,
    client_data: &[u8],
    attestation: &[u8],
) -> Result<Credential, Wrong> {
    const FORM: Wrong = Wrong::Malformed("the attestation is not of the form of WebAuthn");
    let attestation = Item::of(attestation)?;
    let member = |name| attestation.get(&Item::Text(name)).ok_or(FORM);
    let authenticator_data = member("authData")?.bytes().ok_or(FORM)?;
    let (format, statement) = (member("fmt")?, member("attStmt")?);
    let data = AuthenticatorData::read(authenticator_data, party)?;
    if !data.attested {
        return Err(FORM);
    }
    // Sixteen bytes name the model, which nobody vouches for.
    let (_, rest) = data.rest.split_at_checked(16).ok_or(FORM)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(FORM)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (id, rest) = rest.split_at_checked(length).ok_or(FORM)?;
    if !(1..=1023).contains(&length) {
        return Err(FORM);
    }
    let (key, behind) = Item::first(rest)?;
    let cose = rest.strip_suffix(behind).ok_or(FORM)?;
    data.ends(behind)?;
    let public_key = PublicKey::of(&key)?;
    match (format, statement) {
        (Item::Text("none"), Item::Map(entries)) if entries.is_empty() => {}
        (Item::Text("packed"), statement) if statement.get(&Item::Text("x5c")).is_none() => {
            let is_same = statement.get(&Item::Text("alg")) == key.get(&Item::Integer(3));
            let signature = statement.get(&Item::Text("sig")).and_then(Item::bytes);
            let signature = signature.filter(|_| is_same).ok_or(FORM)?;
            public_key.verify(&signed(authenticator_data, client_data), signature)?;
        }
        _ => return Err(Wrong::Malformed("an attestation that was not asked for")),
    }
    Ok(Credential {
        id: BASE64URL_NOPAD.encode(id),
        public_key: BASE64URL_NOPAD.encode(cose),
        verifies_user: data.is_verified,
        sign_count: data.sign_count,
    })
}

/// Whether a key was shown, and what it has counted to since.
pub(super) fn shown(
    party: &RelyingParty,
    credential: &Credential,
    client_data: &[u8],
    authenticator_data: &[u8],
    signature: &[u8],
) -> Result<u32, Wrong> {
    let data = AuthenticatorData::read(authenticator_data, party)?;
    if data.attested {
        return Err(Wrong::Malformed("a key that is shown is not made anew"));
    }
    data.ends(data.rest)?;
    if credential.verifies_user && !data.is_verified {
        return Err(Wrong::Elsewhere("the key did not verify its user"));
    }
    let cose = BASE64URL_NOPAD
        .decode(credential.public_key.as_bytes())
        .map_err(|_| Wrong::Malformed("the key that is kept cannot be read"))?;
    PublicKey::of(&Item::of(&cose)?)?.verify(&signed(authenticator_data, client_data), signature)?;
    // Authenticators that do not count say zero each time.
    let counts = data.sign_count > 0 || credential.sign_count > 0;
    if counts && data.sign_count <= credential.sign_count {
        return Err(Wrong::Copied);
    }
    Ok(data.sign_count)
}

fn signed(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    [authenticator_data, &sha256(client_data)].concat()
}

#[cfg(test)]
pub(super) mod tests;
