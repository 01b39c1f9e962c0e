//! AWS's public test suite for Signature Version 4.
//!
//! `tests/data/sigv4-suite.json` holds its 38 named requests. Source: awslabs/aws-c-auth,
//! `tests/aws-signing-test-suite/v4`, Apache-2.0, Copyright Amazon.com, Inc. or its affiliates; gathered into one file.
//!
//! The suite describes a signer that encodes the path once. It shows the path of its signed requests before encoding,
//! so that a reader who encodes what is on the wire, as ours does, comes to the same canonical request.

use carillon_aws::sigv4::{self, Failure, Presented, RegionRule, Signer, SigningKey};
use carillon_aws::time::Timestamp;
use serde::Deserialize;

use crate::wire::WireRequest;

/// These sign the path without resolving dots and folding slashes, which is the rule of S3. For our services the same
/// requests have another canonical path, and their signatures must be refused.
const NOT_NORMALIZED: [&str; 6] = [
    "get-relative-relative-unnormalized",
    "get-relative-unnormalized",
    "get-slash-dot-slash-unnormalized",
    "get-slash-pointless-dot-unnormalized",
    "get-slash-unnormalized",
    "get-slashes-unnormalized",
];

/// Sends a session token in a header that is not signed, which is refused; its query form is accepted.
const TOKEN_HEADER_NOT_SIGNED: &str = "post-sts-header-after";

/// Our signer leaves out `content-length`, which these sign.
const LENGTH_SIGNED: [&str; 2] = [
    "post-x-www-form-urlencoded",
    "post-x-www-form-urlencoded-parameters",
];

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Deserialize)]
struct Vector {
    name: String,
    session_token: Option<String>,
    header: Signed,
    query: Signed,
}

#[derive(Deserialize)]
struct Signed {
    signed_request: String,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../data/sigv4-suite.json")).unwrap();
    assert_eq!(vectors.len(), 38);
    vectors
}

fn key() -> SigningKey {
    SigningKey::derive(
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "20150830",
        "us-east-1",
        "service",
    )
}

fn check(request: &WireRequest) -> Result<(String, String), Failure> {
    let presented = Presented::parse(request.view())?;
    presented.check_time("2015-08-30T12:36:00Z".parse::<Timestamp>().unwrap())?;
    let credential = presented.credential()?.check("service", RegionRule::Any)?;
    assert_eq!(credential.access_key_id, "AKIDEXAMPLE");
    let digest = sigv4::sha256(&request.body);
    presented.verify(&key(), &digest)?;
    Ok(presented.explain(&digest))
}

fn assert_accepted(vector: &Vector, form: &str, signed: &Signed) {
    let request = WireRequest::parse(&signed.signed_request);
    assert!(
        signed.signed_request.contains(&signed.signature),
        "{}",
        vector.name
    );
    let (canonical, string_to_sign) =
        check(&request).unwrap_or_else(|failure| panic!("{} ({form}): {failure}", vector.name));
    assert_eq!(
        canonical,
        signed.canonical_request.trim_end(),
        "{} ({form})",
        vector.name
    );
    assert_eq!(
        string_to_sign,
        signed.string_to_sign.trim_end(),
        "{} ({form})",
        vector.name
    );
}

#[test]
fn every_header_signature_is_accepted() {
    for vector in vectors() {
        let name = vector.name.as_str();
        if !NOT_NORMALIZED.contains(&name) && name != TOKEN_HEADER_NOT_SIGNED {
            assert_accepted(&vector, "header", &vector.header);
        }
    }
}

#[test]
fn every_presigned_request_is_accepted() {
    for vector in vectors() {
        let name = vector.name.as_str();
        // Its canonical request lacks the token that is in the query, so only the signature can be compared.
        if name == TOKEN_HEADER_NOT_SIGNED {
            let request = WireRequest::parse(&vector.query.signed_request);
            assert!(check(&request).is_ok());
            let presented = Presented::parse(request.view()).unwrap();
            assert_eq!(presented.session_token(), vector.session_token.as_deref());
        } else if !NOT_NORMALIZED.contains(&name) {
            assert_accepted(&vector, "query", &vector.query);
        }
    }
}

#[test]
fn paths_signed_as_for_s3_are_refused() {
    for vector in vectors()
        .iter()
        .filter(|vector| NOT_NORMALIZED.contains(&vector.name.as_str()))
    {
        for signed in [&vector.header, &vector.query] {
            let request = WireRequest::parse(&signed.signed_request);
            assert_eq!(
                check(&request).unwrap_err(),
                Failure::SignatureMismatch,
                "{}",
                vector.name
            );
        }
    }
}

#[test]
fn an_unsigned_token_header_is_refused() {
    let vectors = vectors();
    let vector = vectors
        .iter()
        .find(|vector| vector.name == TOKEN_HEADER_NOT_SIGNED)
        .unwrap();
    let mut request = WireRequest::parse(&vector.header.signed_request);
    let name = "x-amz-security-token";
    assert_eq!(
        check(&request).unwrap_err(),
        Failure::HeaderNotSigned {
            name: name.to_owned()
        }
    );
    // Without the token the signature is good: it was all that was wrong.
    request.headers.remove(name);
    let (canonical, _) = check(&request).unwrap();
    assert_eq!(canonical, vector.header.canonical_request.trim_end());
}

#[test]
fn every_changed_signature_is_refused() {
    for vector in vectors() {
        for signed in [&vector.header, &vector.query] {
            let last = if signed.signature.ends_with('0') { "1" } else { "0" };
            let (start, _) = signed.signature.split_at(63);
            let changed = signed
                .signed_request
                .replace(&signed.signature, &format!("{start}{last}"));
            assert!(check(&WireRequest::parse(&changed)).is_err(), "{}", vector.name);
        }
    }
}

#[test]
fn our_signer_makes_the_same_signatures() {
    let now = "2015-08-30T12:36:00Z".parse().unwrap();
    let differs = |name: &str| NOT_NORMALIZED.contains(&name) || LENGTH_SIGNED.contains(&name);
    for vector in vectors().iter().filter(|vector| !differs(&vector.name)) {
        let WireRequest {
            method,
            path_and_query,
            mut headers,
            body,
        } = WireRequest::parse(&vector.header.signed_request);
        let expected = headers.remove("authorization").unwrap();
        headers.remove("x-amz-date");
        // The token of this one is not signed, which our signer never does.
        if vector.name == TOKEN_HEADER_NOT_SIGNED {
            headers.remove("x-amz-security-token");
        }
        let token = headers.remove("x-amz-security-token");
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: SECRET,
            session_token: token.as_ref().map(|token| token.to_str().unwrap()),
            region: "us-east-1",
            service: "service",
        };
        signer
            .sign(&method, &path_and_query, &mut headers, &body, now)
            .unwrap();
        assert_eq!(headers["authorization"], expected, "{}", vector.name);
    }
}
