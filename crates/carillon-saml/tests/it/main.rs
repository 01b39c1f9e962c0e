//! Responses that signxml signed, and what attackers make of them.
//!
//! `python -m harness.saml` in `tests/e2e` writes the documents.

mod attack;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carillon_aws::time::Timestamp;
use carillon_saml::{Assertion, Expected, FRESH, IdentityProvider, Metadata, Refusal, Response, SKEW};
use proptest::prelude::*;

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../data/", $name, ".xml"))
    };
}
pub(crate) use data;

pub(crate) fn provider() -> IdentityProvider {
    described(data!("metadata"))
}

fn described(metadata: &str) -> IdentityProvider {
    let metadata = Metadata::read(metadata).expect("good metadata");
    IdentityProvider {
        entity_id: metadata.entity_id,
        certificates: metadata.certificates,
    }
}

pub(crate) fn prove(text: &str, provider: &IdentityProvider) -> Result<Assertion, Refusal> {
    Response::decode(&BASE64_STANDARD.encode(text))?.prove(provider)
}

#[test]
fn what_others_sign_is_taken() {
    for (name, text, subject) in [
        ("assertion", data!("assertion"), "ben"),
        ("response", data!("response"), "ben"),
        ("both", data!("both"), "ben"),
        ("sha384", data!("sha384"), "ben"),
        ("sha512", data!("sha512"), "ben"),
        ("prefixes", data!("prefixes"), "ben"),
        ("prefixes of the response", data!("prefixes-of-response"), "ben"),
        ("comments", data!("comments"), "ben"),
        ("commented", data!("commented"), "admin.evil"),
    ] {
        let assertion = prove(text, &provider()).expect(name);
        assert_eq!(assertion.subject, subject, "{name}");
        assert_eq!(assertion.issuer, "https://idp.example.com/saml");
        assert_eq!(assertion.recipient, "https://signin.aws.amazon.com/saml");
        let name = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
        assert_eq!(assertion.values(name), ["ben"]);
    }
    for (metadata, signed) in [
        (data!("metadata-P-256"), data!("signed-P-256")),
        (data!("metadata-P-384"), data!("signed-P-384")),
    ] {
        assert_eq!(prove(signed, &described(metadata)).unwrap().subject, "ben");
        assert_eq!(prove(signed, &provider()), Err(Refusal::Signature));
    }
}

#[test]
fn weak_and_other_signatures_are_refused() {
    for (name, text) in [
        ("unsigned", data!("unsigned")),
        ("sha1", data!("refused-sha1")),
        ("sha1 digest", data!("refused-sha1-digest")),
        ("inclusive", data!("refused-inclusive")),
        ("pss", data!("refused-pss")),
    ] {
        assert_eq!(prove(text, &provider()), Err(Refusal::Signature), "{name}");
    }
    let another = described(data!("metadata-of-another"));
    for text in [data!("assertion"), data!("response"), data!("both")] {
        assert_eq!(prove(text, &another), Err(Refusal::Signature));
    }
    let nobody = IdentityProvider {
        certificates: Vec::new(),
        ..provider()
    };
    assert_eq!(prove(data!("assertion"), &nobody), Err(Refusal::Signature));
    // The right key, and another name.
    let renamed = IdentityProvider {
        entity_id: "https://idp.example.com/SAML".to_owned(),
        ..provider()
    };
    for text in [data!("assertion"), data!("response"), data!("both")] {
        assert_eq!(prove(text, &renamed), Err(Refusal::Issuer));
    }
    // One of several keys is enough.
    let several = IdentityProvider {
        certificates: [another.certificates, provider().certificates].concat(),
        ..provider()
    };
    assert!(prove(data!("assertion"), &several).is_ok());
}

#[test]
fn an_assertion_holds_for_some_and_for_a_while() {
    let assertion = prove(data!("assertion"), &provider()).unwrap();
    let made: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
    let aws = texts(&["https://other.example.com", "urn:amazon:webservices"]);
    let here = texts(&["https://signin.aws.amazon.com/saml"]);
    let elsewhere = texts(&["https://signin.aws.amazon.com/saml/"]);
    let expected = Expected {
        audiences: &aws,
        recipients: &here,
    };
    assert_eq!(assertion.check(expected, made), Ok(()));
    let before = Timestamp::from_micros(made.as_micros() - SKEW.as_micros() as i64);
    assert_eq!(assertion.check(expected, before), Ok(()));
    let sooner = Timestamp::from_micros(before.as_micros() - 1);
    assert_eq!(assertion.check(expected, sooner), Err(Refusal::NotYetValid));
    let late = made + FRESH;
    assert_eq!(assertion.check(expected, late), Err(Refusal::Expired));
    let last = Timestamp::from_micros(late.as_micros() - 1);
    assert_eq!(assertion.check(expected, last), Ok(()));
    for (audiences, recipients, refusal) in [
        (&aws, &elsewhere, Refusal::Recipient),
        (&elsewhere, &here, Refusal::Audience),
        (&aws, &Vec::new(), Refusal::Recipient),
        (&Vec::new(), &here, Refusal::Audience),
    ] {
        let expected = Expected {
            audiences,
            recipients,
        };
        assert_eq!(assertion.check(expected, made), Err(refusal));
    }
}

#[test]
fn metadata_must_be_of_use() {
    let good = data!("metadata");
    let read = Metadata::read(good).unwrap();
    assert_eq!(read.entity_id, "https://idp.example.com/saml");
    assert_eq!((read.certificates.len(), read.valid_until), (1, None));
    let until = good.replace("entityID=", "validUntil=\"2027-01-01T00:00:00Z\" entityID=");
    assert_eq!(
        Metadata::read(&until).unwrap().valid_until,
        "2027-01-01T00:00:00Z".parse().ok()
    );
    for (from, to) in [
        ("EntityDescriptor", "EntitiesDescriptor"),
        ("IDPSSODescriptor", "SPSSODescriptor"),
        (
            "urn:oasis:names:tc:SAML:2.0:protocol",
            "urn:oasis:names:tc:SAML:1.1:protocol",
        ),
        ("use=\"signing\"", "use=\"encryption\""),
        ("entityID=\"https://idp.example.com/saml\"", "entityID=\"\""),
        ("entityID=", "name="),
        ("X509Certificate>\nMII", "X509Certificate>\n!MII"),
        ("X509Certificate", "X509SKI"),
        ("<md:EntityDescriptor", "<!DOCTYPE x><md:EntityDescriptor"),
        ("entityID=", "validUntil=\"tomorrow\" entityID="),
        ("</md:EntityDescriptor>", ""),
        ("urn:oasis:names:tc:SAML:2.0:metadata", "urn:x"),
    ] {
        let bad = good.replace(from, to);
        let bad = if bad == good {
            good.replace(from.trim_end_matches("\nMII"), to)
        } else {
            bad
        };
        assert_ne!(bad, good, "{from}");
        let error = Metadata::read(&bad).expect_err(from);
        assert!(
            error.to_string().starts_with("Could not parse metadata: "),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_response_is_refused() {
    for text in ["", "<a/>", "ben", "<", &data!("metadata")[..200]] {
        assert!(
            matches!(prove(text, &provider()), Err(Refusal::Malformed(_))),
            "{text}"
        );
    }
    assert!(matches!(Response::decode("%%"), Err(Refusal::Malformed(_))));
    assert!(matches!(Response::decode("/w=="), Err(Refusal::Malformed(_))));
    let failed = data!("unsigned").replace("status:Success", "status:Responder");
    assert_eq!(
        prove(&failed, &provider()),
        Err(Refusal::Failed(
            "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned()
        ))
    );
}

proptest! {
    /// Whichever byte of a signed document is another one: what is proven is what was signed, or nothing.
    #[test]
    fn one_byte_changes_nothing_that_is_proven(place in 0..20_000usize, byte: u8) {
        for text in [data!("assertion"), data!("response"), data!("both")] {
            let whole = prove(text, &provider()).unwrap();
            let mut bytes = text.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if let Ok(read) = prove(&text, &provider()) {
                prop_assert_eq!(read, whole);
            }
        }
    }

    #[test]
    fn reading_never_panics(text in "(<[a-z:/ ='!&;-]{0,12}>|[a-z]{0,4}){0,12}") {
        let _ = prove(&text, &provider());
        let _ = Metadata::read(&text);
    }
}
