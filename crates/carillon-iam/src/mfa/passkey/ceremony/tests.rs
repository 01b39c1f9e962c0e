use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::*;

pub const ORIGIN: &str = "https://chime.example.com";

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

/// An authenticator in software, which can be told to misbehave.
pub struct Authenticator {
    pair: Pair,
    pub id: Vec<u8>,
    pub host: &'static str,
    pub flags: u8,
    pub sign_count: u32,
    /// Of registering: `none`, or `packed` with its own signature.
    pub format: &'static str,
    /// Bytes behind everything else.
    pub behind: Vec<u8>,
}

pub const PRESENT: u8 = AuthenticatorData::PRESENT;
pub const VERIFIED: u8 = AuthenticatorData::VERIFIED;

fn head(major: u8, length: usize) -> Vec<u8> {
    let major = major << 5;
    match length {
        0..24 => vec![major | u8::try_from(length).unwrap()],
        24..256 => vec![major | 24, u8::try_from(length).unwrap()],
        _ => [&[major | 25], &u16::try_from(length).unwrap().to_be_bytes()[..]].concat(),
    }
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len()), bytes.to_vec()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [head(3, text.len()), text.as_bytes().to_vec()].concat()
}

impl Authenticator {
    fn with(pair: Pair) -> Self {
        let mut id = vec![0; 32];
        ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut id).unwrap();
        Self {
            pair,
            id,
            host: "chime.example.com",
            flags: PRESENT | VERIFIED,
            sign_count: 1,
            format: "none",
            behind: Vec::new(),
        }
    }

    pub fn new() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap();
        Self::with(Pair::Es256(pair))
    }

    fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::with(Pair::EdDsa(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap()))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec(),
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    fn cose(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) => {
                let point = pair.public_key().as_ref();
                [
                    &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..],
                    &bytes(&point[1..33]),
                    &[0x22],
                    &bytes(&point[33..]),
                ]
                .concat()
            }
            Pair::EdDsa(pair) => [
                &[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21][..],
                &bytes(pair.public_key().as_ref()),
            ]
            .concat(),
        }
    }

    fn data(&self, more: u8, rest: &[u8]) -> Vec<u8> {
        [
            &sha256(self.host.as_bytes())[..],
            &[self.flags | more],
            &self.sign_count.to_be_bytes(),
            rest,
            &self.behind,
        ]
        .concat()
    }

    /// Makes a key: the attestation.
    pub fn create(&self, client_data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(self.id.len()).unwrap();
        let attested = [&[0; 16][..], &length.to_be_bytes(), &self.id, &self.cose()].concat();
        let data = self.data(AuthenticatorData::ATTESTED, &attested);
        let algorithm = match self.pair {
            Pair::Es256(_) => 0x26,
            Pair::EdDsa(_) => 0x27,
        };
        let statement = match self.format {
            "packed" => {
                let signature = self.sign(&signed(&data, client_data));
                [
                    &head(5, 2)[..],
                    &text("alg"),
                    &[algorithm],
                    &text("sig"),
                    &bytes(&signature),
                ]
                .concat()
            }
            _ => head(5, 0),
        };
        [
            head(5, 3),
            text("fmt"),
            text(self.format),
            text("attStmt"),
            statement,
            text("authData"),
            bytes(&data),
        ]
        .concat()
    }

    /// Shows the key: data and signature.
    pub fn get(&self, client_data: &[u8]) -> [Vec<u8>; 2] {
        let data = self.data(0, &[]);
        let signature = self.sign(&signed(&data, client_data));
        [data, signature]
    }
}

/// What a browser says.
pub fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
    serde_json::json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
        .to_string()
        .into_bytes()
}

fn party() -> RelyingParty {
    RelyingParty::of(ORIGIN).unwrap()
}

fn create(authenticator: &Authenticator) -> Result<Credential, Wrong> {
    let said = client_data("webauthn.create", "challenge", ORIGIN);
    created(&party(), &said, &authenticator.create(&said))
}

fn get(authenticator: &Authenticator, credential: &Credential) -> Result<u32, Wrong> {
    let said = client_data("webauthn.get", "challenge", ORIGIN);
    let [data, signature] = authenticator.get(&said);
    shown(&party(), credential, &said, &data, &signature)
}

#[test]
fn keys_of_each_kind_are_made_and_shown() {
    for mut authenticator in [Authenticator::new(), Authenticator::ed25519()] {
        for format in ["none", "packed"] {
            authenticator.format = format;
            let mut credential = create(&authenticator).unwrap();
            assert_eq!(credential.id, BASE64URL_NOPAD.encode(&authenticator.id));
            assert!(credential.verifies_user);
            authenticator.sign_count += 1;
            credential.sign_count = get(&authenticator, &credential).unwrap();
            assert_eq!(credential.sign_count, authenticator.sign_count);
        }
    }
}

/// Such a key is taken for what it is: what is wrong is the signature.
#[test]
fn the_key_of_rsa_is_read() {
    let modulus = [0xab; 256];
    let key = [
        &[0xa4, 1, 3, 3, 0x39, 0x01, 0x00, 0x20][..],
        &bytes(&modulus),
        &[0x21],
        &bytes(&[1, 0, 1]),
    ]
    .concat();
    let key = PublicKey::of(&Item::of(&key).unwrap()).map(|key| key.verify(b"message", &[0; 256]));
    assert_eq!(key.ok(), Some(Err(Wrong::Signature)));
}

type Spoil = fn(&mut Authenticator);

#[test]
fn a_key_is_not_made_that_is_not_what_was_asked_for() {
    let spoilt: [Spoil; 9] = [
        |one| one.host = "evil.example",
        |one| one.flags = VERIFIED,
        |one| one.flags = PRESENT | AuthenticatorData::BACKED_UP,
        |one| one.flags = PRESENT | AuthenticatorData::EXTENDED,
        |one| one.behind = vec![0xa0],
        |one| one.format = "fido-u2f",
        |one| one.id = Vec::new(),
        |one| one.id = vec![7; 1024],
        |one| one.format = "tpm",
    ];
    for (number, spoil) in spoilt.iter().enumerate() {
        let mut authenticator = Authenticator::new();
        spoil(&mut authenticator);
        assert!(create(&authenticator).is_err(), "{number}");
    }
    let mut extended = Authenticator::new();
    extended.flags |= AuthenticatorData::EXTENDED;
    extended.behind = [&head(5, 1)[..], &text("credProtect"), &[2]].concat();
    assert!(
        create(&extended).is_ok(),
        "what some authenticators say beyond what was asked"
    );
}

#[test]
fn an_attestation_of_another_key_is_refused() {
    let (mut one, other) = (Authenticator::new(), Authenticator::new());
    one.format = "packed";
    let said = client_data("webauthn.create", "challenge", ORIGIN);
    let mut attestation = one.create(&said);
    let (mine, theirs) = (one.cose(), other.cose());
    let at = attestation
        .windows(mine.len())
        .position(|window| window == mine)
        .unwrap();
    attestation[at..at + theirs.len()].copy_from_slice(&theirs);
    assert_eq!(created(&party(), &said, &attestation), Err(Wrong::Signature));
    for length in 0..attestation.len() {
        assert!(
            created(&party(), &said, &attestation[..length]).is_err(),
            "{length}"
        );
    }
}

#[test]
fn a_key_is_not_shown_that_is_not_what_was_asked_for() {
    let credential = create(&Authenticator::new()).unwrap();
    assert_eq!(get(&Authenticator::new(), &credential), Err(Wrong::Signature));
    let spoilt: [Spoil; 5] = [
        |one| one.host = "evil.example",
        |one| one.flags = VERIFIED,
        |one| one.flags = PRESENT,
        |one| one.flags |= AuthenticatorData::ATTESTED,
        |one| one.behind = vec![0xa0],
    ];
    for (number, spoil) in spoilt.iter().enumerate() {
        let mut authenticator = Authenticator::new();
        let credential = create(&authenticator).unwrap();
        authenticator.sign_count += 1;
        assert!(get(&authenticator, &credential).is_ok());
        spoil(&mut authenticator);
        assert!(get(&authenticator, &credential).is_err(), "{number}");
    }
}

#[test]
fn every_bit_that_was_signed_counts() {
    let mut authenticator = Authenticator::new();
    let credential = create(&authenticator).unwrap();
    authenticator.sign_count += 1;
    let said = client_data("webauthn.get", "challenge", ORIGIN);
    let [data, signature] = authenticator.get(&said);
    for bit in 0..data.len() * 8 {
        let mut other = data.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(
            shown(&party(), &credential, &said, &other, &signature).is_err(),
            "{bit}"
        );
    }
    let another = client_data("webauthn.get", "challenge", "https://chime.example.com:8443");
    assert_eq!(
        shown(&party(), &credential, &another, &data, &signature),
        Err(Wrong::Signature)
    );
}

#[test]
fn a_key_that_counts_back_was_copied() {
    let mut authenticator = Authenticator::new();
    let mut credential = create(&authenticator).unwrap();
    for (kept, said, expected) in [
        (5, 6, Ok(6)),
        (5, 5, Err(Wrong::Copied)),
        (5, 4, Err(Wrong::Copied)),
        (5, 0, Err(Wrong::Copied)),
        (0, 1, Ok(1)),
        (0, 0, Ok(0)),
        (u32::MAX, 1, Err(Wrong::Copied)),
    ] {
        credential.sign_count = kept;
        authenticator.sign_count = said;
        assert_eq!(get(&authenticator, &credential), expected, "{said} after {kept}");
    }
}

#[test]
fn a_key_that_verified_nobody_need_not_later() {
    let mut authenticator = Authenticator::new();
    authenticator.flags = PRESENT;
    let credential = create(&authenticator).unwrap();
    assert!(!credential.verifies_user);
    authenticator.sign_count += 1;
    assert!(get(&authenticator, &credential).is_ok());
}

#[test]
fn only_pages_of_ours_are_believed() {
    let read = |said: &[u8]| ClientData::read(said, Ceremony::Get, &party()).is_ok();
    assert!(read(&client_data("webauthn.get", "x", ORIGIN)));
    for (kind, origin) in [
        ("webauthn.create", ORIGIN),
        ("payment.get", ORIGIN),
        ("webauthn.get", "http://chime.example.com"),
        ("webauthn.get", "https://chime.example.com:8443"),
        ("webauthn.get", "https://chime.example.com/"),
        ("webauthn.get", "https://chime.example.com.evil.example"),
        ("webauthn.get", "https://a.chime.example.com"),
        ("webauthn.get", "null"),
        ("webauthn.get", ""),
    ] {
        assert!(!read(&client_data(kind, "x", origin)), "{kind} {origin}");
    }
    for said in [
        r#"{"type":"webauthn.get","challenge":"x","origin":"https://chime.example.com","crossOrigin":true}"#,
        r#"{"type":"webauthn.get","challenge":"x","origin":"https://chime.example.com","topOrigin":"https://evil.example"}"#,
        r#"{"type":"webauthn.get","challenge":"y","challenge":"x","origin":"https://chime.example.com"}"#,
        r#"{"type":"webauthn.get","origin":"https://chime.example.com"}"#,
        "[]",
        "",
    ] {
        assert!(!read(said.as_bytes()), "{said}");
    }
}

#[test]
fn keys_are_for_hosts_with_a_name_that_are_reached_safely() {
    for (url, id, origin) in [
        (
            "https://chime.example.com",
            "chime.example.com",
            "https://chime.example.com",
        ),
        (
            "https://Chime.Example.com:443",
            "chime.example.com",
            "https://chime.example.com",
        ),
        (
            "https://chime.example.com:8443",
            "chime.example.com",
            "https://chime.example.com:8443",
        ),
        (
            "https://chime.example.com/carillon",
            "chime.example.com",
            "https://chime.example.com",
        ),
        ("http://localhost:8080", "localhost", "http://localhost:8080"),
        ("http://localhost:80", "localhost", "http://localhost"),
        ("http://a.localhost", "a.localhost", "http://a.localhost"),
    ] {
        let party = RelyingParty::of(url).unwrap();
        assert_eq!((party.id.as_str(), party.origin.as_str()), (id, origin), "{url}");
    }
    for url in [
        "http://chime.example.com",
        "https://192.0.2.1",
        "https://[2001:db8::1]:8443",
        "http://127.0.0.1:8080",
        "ftp://localhost",
        "https://",
        "localhost",
        "",
    ] {
        assert_eq!(RelyingParty::of(url), None, "{url}");
    }
}
