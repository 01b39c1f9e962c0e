//! Signature wrapping: a signed part is kept for the check, and another one is put where it will be read.
//!
//! XSW1 to XSW8 after Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be", USENIX Security 2012.

use carillon_saml::Refusal;

use crate::{data, prove, provider};

/// A piece of a document: from the beginning of the one to the end of the other.
fn piece<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let begin = text.find(from).expect(from);
    let length = text[begin..].find(to).expect(to) + to.len();
    &text[begin..begin + length]
}

fn assertion(text: &str) -> &str {
    piece(text, "<saml:Assertion", "</saml:Assertion>")
}

fn signature(text: &str) -> &str {
    piece(text, "<ds:Signature ", "</ds:Signature>")
}

/// What the attacker would like to be read.
fn evil(text: &str) -> String {
    text.replace(signature(text), "")
        .replace(">ben</saml:NameID>", ">admin</saml:NameID>")
}

fn renamed(text: &str) -> String {
    text.replace("ID=\"_assertion\"", "ID=\"_evil\"")
        .replace("ID=\"_response\"", "ID=\"_evil_response\"")
}

/// Each attack with what it makes of a signed document.
fn wrapped() -> Vec<(&'static str, String)> {
    let of_response = data!("response");
    let of_assertion = data!("assertion");
    let (sig_response, sig_assertion) = (signature(of_response), signature(of_assertion));
    let bare_response = of_response.replace(sig_response, "");
    let signed = assertion(of_assertion);
    let bare = signed.replace(sig_assertion, "");
    let evil_assertion = renamed(&evil(signed));
    let with_signature = |text: &str, signature: &str| {
        text.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
    };
    let holding = |signature: &str, content: &str| {
        signature.replace(
            "</ds:Signature>",
            &format!("<ds:Object>{content}</ds:Object></ds:Signature>"),
        )
    };
    let evil_response = renamed(&evil(of_response));
    let beside = |content: &str| of_assertion.replace(signed, content);
    vec![
        (
            "XSW1: the signed response in the signature of another",
            with_signature(&evil_response, &holding(sig_response, &bare_response)),
        ),
        (
            "XSW2: the signed response beside the signature in another",
            with_signature(&evil_response, &format!("{bare_response}{sig_response}")),
        ),
        (
            "XSW3: another assertion before the signed one",
            beside(&format!("{evil_assertion}{signed}")),
        ),
        (
            "XSW4: the signed assertion in another",
            beside(&evil_assertion.replace("</saml:Assertion>", &format!("{signed}</saml:Assertion>"))),
        ),
        (
            "XSW5: the signature in another assertion, the signed one after it",
            beside(&format!(
                "{}{bare}",
                with_signature(&evil_assertion, sig_assertion)
            )),
        ),
        (
            "XSW6: the signed assertion in the signature of another",
            beside(&with_signature(&evil_assertion, &holding(sig_assertion, &bare))),
        ),
        (
            "XSW7: another assertion in extensions",
            of_assertion.replace(
                "<samlp:Status>",
                &format!("<samlp:Extensions>{evil_assertion}</samlp:Extensions><samlp:Status>"),
            ),
        ),
        (
            "XSW8: the signed assertion in an object of another's signature",
            beside(&with_signature(&evil_assertion, &holding(sig_assertion, &bare))),
        ),
        (
            "the same identifier twice",
            beside(&format!("{}{signed}", evil(signed))),
        ),
        (
            "the signature moved to the response",
            with_signature(&beside(&evil_assertion), sig_assertion),
        ),
        (
            "the signature for an assertion without it",
            beside(&with_signature(&evil(signed), sig_assertion)),
        ),
        (
            "the signature of the response on the assertion",
            beside(&with_signature(&evil(signed), sig_response)),
        ),
        (
            "a reference to the whole document",
            of_assertion.replace("URI=\"#_assertion\"", "URI=\"\""),
        ),
        (
            "a second reference",
            of_assertion.replace(
                "</ds:SignedInfo>",
                &format!(
                    "{}</ds:SignedInfo>",
                    piece(of_assertion, "<ds:Reference", "</ds:Reference>")
                ),
            ),
        ),
        (
            "a flood in what is signed directly",
            of_assertion.replace(
                "</ds:SignedInfo>",
                &format!("{}</ds:SignedInfo>", "<ds:Reference/>".repeat(10_000)),
            ),
        ),
        (
            "a second signature",
            of_assertion.replace(sig_assertion, &format!("{sig_assertion}{sig_assertion}")),
        ),
        (
            "a second SignedInfo",
            of_assertion.replace(
                "</ds:SignedInfo>",
                &format!(
                    "</ds:SignedInfo>{}",
                    piece(of_assertion, "<ds:SignedInfo", "</ds:SignedInfo>")
                ),
            ),
        ),
        (
            "a second subject",
            of_assertion.replace(
                "<saml:Subject>",
                "<saml:Subject><saml:NameID>admin</saml:NameID></saml:Subject><saml:Subject>",
            ),
        ),
        (
            "the issuer of the response for another",
            of_response.replacen(">https://idp.example.com/saml<", ">https://evil.example.com<", 1),
        ),
        (
            "a digest with a comment",
            of_assertion.replace("<ds:DigestValue>", "<ds:DigestValue><!--x-->YQ=="),
        ),
    ]
}

#[test]
fn nothing_wrapped_is_read() {
    for (name, text) in wrapped() {
        assert_ne!(text, data!("assertion"), "{name}");
        match prove(&text, &provider()) {
            Err(Refusal::Signature | Refusal::Malformed(_)) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn whoever_is_named_before_a_comment_is_not_meant() {
    let text = data!("commented").replace("admin<!---->.evil", "admin<!-- x -->.e<!-- y -->vil");
    assert_eq!(prove(&text, &provider()).unwrap().subject, "admin.evil");
    // Where comments are signed, there are none but those.
    let text = data!("comments").replace("b<!-- not e -->en", "be<!-- not e -->n");
    assert_eq!(prove(&text, &provider()), Err(Refusal::Signature));
}

#[test]
fn what_is_outside_the_signature_changes_nothing() {
    let whole = prove(data!("assertion"), &provider()).unwrap();
    let text = data!("assertion")
        .replace("xmlns:xml2=\"urn:x\"", "xmlns:xml2=\"urn:y\"")
        .replace("<samlp:Status>", "<!-- x --><samlp:Status>")
        .replacen("<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyName>admin</ds:KeyName>", 1);
    assert_eq!(prove(&text, &provider()).unwrap(), whole);
    // The same names by another prefix outside are the same; inside they are not what was signed.
    let text = data!("assertion")
        .replace("samlp:", "p:")
        .replace("xmlns:samlp", "xmlns:p");
    assert_eq!(prove(&text, &provider()).unwrap(), whole);
    let text = data!("assertion")
        .replace("saml:", "s:")
        .replace("xmlns:saml=", "xmlns:s=");
    assert_eq!(prove(&text, &provider()), Err(Refusal::Signature));
}

#[test]
fn one_signature_that_does_not_hold_is_too_many() {
    let both = data!("both");
    let of_response = signature(both);
    let changed = both.replace("Destination=\"https://signin", "Destination=\"https://evil");
    assert_eq!(prove(&changed, &provider()), Err(Refusal::Signature));
    // Without the signature of the response the one of the assertion still holds, and the other way round it does not:
    // the response was signed with the assertion's signature in it.
    let without = both.replacen(of_response, "", 1);
    assert_eq!(prove(&without, &provider()).unwrap().subject, "ben");
    let of_assertion = signature(assertion(both));
    assert_eq!(
        prove(&both.replace(of_assertion, ""), &provider()),
        Err(Refusal::Signature)
    );
}

#[test]
fn what_is_encrypted_is_said_to_be_so() {
    let assertion = assertion(data!("assertion"));
    let encrypted = "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
    let text = data!("assertion").replace(assertion, encrypted);
    assert_eq!(prove(&text, &provider()), Err(Refusal::Encrypted));
}
