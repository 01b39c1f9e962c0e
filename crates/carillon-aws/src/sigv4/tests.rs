//! The order of the checks, and what each refuses.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-03-01T12:00:00Z")
}

fn signer() -> Signer<'static> {
    Signer {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: SECRET,
        session_token: None,
        region: "us-east-1",
        service: "chime",
    }
}

fn key() -> SigningKey {
    SigningKey::derive(SECRET, "20260301", "us-east-1", "chime")
}

/// A request that can be spoiled before it is checked.
#[derive(Debug, Clone)]
struct Request {
    method: String,
    path_and_query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn new(path_and_query: &str) -> Self {
        let headers =
            HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("localhost:8080"))]);
        Self {
            method: "GET".to_owned(),
            path_and_query: path_and_query.to_owned(),
            headers,
            body: Vec::new(),
        }
    }

    fn signed(path_and_query: &str) -> Self {
        Self::new(path_and_query).sign(&signer())
    }

    fn presigned(path_and_query: &str) -> Self {
        let mut request = Self::new(path_and_query);
        request.path_and_query = signer()
            .presign(
                "GET",
                path_and_query,
                &request.headers,
                Duration::from_secs(60),
                now(),
            )
            .unwrap();
        request
    }

    fn sign(mut self, signer: &Signer<'_>) -> Self {
        signer
            .sign(
                &self.method,
                &self.path_and_query,
                &mut self.headers,
                &self.body,
                now(),
            )
            .unwrap();
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Replaces text in the `authorization` header.
    fn edited(self, from: &str, to: &str) -> Self {
        let old = self.headers["authorization"].to_str().unwrap();
        assert!(old.contains(from), "{old}");
        let new = old.replace(from, to);
        self.with("authorization", &new)
    }

    fn view(&self) -> RequestView<'_> {
        RequestView {
            method: &self.method,
            path_and_query: &self.path_and_query,
            headers: &self.headers,
            authority: None,
        }
    }

    fn check(&self) -> Result<(), Failure> {
        let presented = Presented::parse(self.view())?;
        presented.check_time(now())?;
        presented.credential()?.check("chime", RegionRule::Any)?;
        presented.verify(&key(), &sha256(&self.body))
    }

    fn refusal(&self) -> String {
        self.check().unwrap_err().message().into_owned()
    }
}

#[test]
fn a_signed_request_is_accepted_in_both_forms() {
    assert_eq!(Request::signed("/accounts?max-results=2").check(), Ok(()));
    assert_eq!(Request::presigned("/accounts?max-results=2").check(), Ok(()));
    assert_eq!(Request::presigned("/accounts").check(), Ok(()));
}

#[test]
fn an_unsigned_request_says_so() {
    assert_eq!(
        Request::new("/accounts").check(),
        Err(Failure::MissingAuthentication)
    );
    assert_eq!(
        Request::new("/accounts?X-Amz-Date=20260301T120000Z").check(),
        Err(Failure::MissingAuthentication)
    );
}

#[test]
fn one_signature_is_enough() {
    let mut request = Request::signed("/accounts");
    request.path_and_query = Request::presigned("/accounts").path_and_query;
    assert_eq!(request.check(), Err(Failure::TwoSignatures));

    let mut request = Request::signed("/accounts");
    let authorization = request.headers["authorization"].clone();
    request.headers.append("authorization", authorization);
    assert_eq!(request.refusal(), "Header 'authorization' must appear once.");
}

#[test]
fn other_algorithms_are_named() {
    for (authorization, got) in [
        ("AWS4-ECDSA-P256-SHA256 Credential=a", "AWS4-ECDSA-P256-SHA256"),
        ("AWS AKIDEXAMPLE:signature", "AWS"),
        ("AWS4-HMAC-SHA512 Credential=a", "AWS4-HMAC-SHA512"),
    ] {
        let got = got.to_owned();
        let request = Request::signed("/").with("authorization", authorization);
        assert_eq!(request.check(), Err(Failure::UnsupportedAlgorithm { got }));
    }
    let request = Request::new("/?AWSAccessKeyId=a&SignatureVersion=2&Signature=b");
    assert_eq!(
        request.check(),
        Err(Failure::UnsupportedAlgorithm {
            got: "SignatureVersion 2".to_owned()
        })
    );
    let mut request = Request::presigned("/");
    request.path_and_query = request
        .path_and_query
        .replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    assert!(matches!(
        request.check(),
        Err(Failure::UnsupportedAlgorithm { .. })
    ));
}

#[test]
fn everything_missing_is_listed() {
    let request = Request::new("/").with("authorization", "Bearer secret-of-somebody");
    assert_eq!(
        request.refusal(),
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either \
         a 'X-Amz-Date' or a 'Date' header. Authorization=Bearer"
    );
    let request = Request::signed("/").edited("Signature=", "Signatory=");
    assert_eq!(
        request.refusal(),
        "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256"
    );
    assert_eq!(
        Request::new("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a").refusal(),
        "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include \
         'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. AWS query-string parameters \
         must include 'X-Amz-Expires'. Re-examine the query-string parameters."
    );
}

#[test]
fn malformed_parts_are_refused() {
    let request = Request::signed("/").edited("SignedHeaders=", "SignedHeaders;");
    assert!(
        request
            .refusal()
            .contains("not a valid key=value pair (missing equal-sign)"),
        "{}",
        request.refusal()
    );
    let request = Request::signed("/").edited("Credential=", "Credential=a, Credential=");
    assert_eq!(
        request.refusal(),
        "Authorization header must have one 'Credential' parameter."
    );
    for life in ["0", "604801", "+60", "1.5", "99999999999999999999"] {
        let mut request = Request::presigned("/");
        request.path_and_query = request
            .path_and_query
            .replace("Expires=60", &format!("Expires={life}"));
        assert_eq!(
            request.refusal(),
            "X-Amz-Expires must be a number of seconds from 1 to 604800.",
            "{life}"
        );
    }
    let mut request = Request::presigned("/");
    request.path_and_query.push_str("&X-Amz-Credential=other");
    assert_eq!(
        request.refusal(),
        "AWS query-string parameters must include one 'X-Amz-Credential'."
    );
}

#[test]
fn the_date_is_basic_iso_8601() {
    let request = Request::signed("/").with("x-amz-date", "Sun, 01 Mar 2026 12:00:00 GMT");
    assert_eq!(
        request.refusal(),
        "Date must be in ISO-8601 'basic format'. Got 'Sun, 01 Mar 2026 12:00:00 GMT'. \
         See http://en.wikipedia.org/wiki/ISO_8601"
    );
    // `Date` stands in for `X-Amz-Date`.
    let request = Request::signed("/")
        .without("x-amz-date")
        .with("date", "20260301T120000Z");
    assert_eq!(request.check(), Err(Failure::SignatureMismatch));
}

#[test]
fn the_host_and_amazon_headers_are_signed() {
    let request = Request::signed("/").edited("SignedHeaders=host;", "SignedHeaders=");
    assert_eq!(request.check(), Err(Failure::HostNotSigned));
    let request = Request::signed("/").with("x-amz-target", "Other.Operation");
    assert_eq!(
        request.check(),
        Err(Failure::HeaderNotSigned {
            name: "x-amz-target".to_owned()
        })
    );
    // A session token cannot be put beside a header signature either.
    let request = Request::signed("/").with("x-amz-security-token", "token");
    assert_eq!(
        request.check(),
        Err(Failure::HeaderNotSigned {
            name: "x-amz-security-token".to_owned()
        })
    );
}

#[test]
fn the_clock_may_differ_by_fifteen_minutes() {
    let request = Request::signed("/");
    let presented = Presented::parse(request.view()).unwrap();
    assert_eq!(presented.check_time(now() + CLOCK_SKEW), Ok(()));
    assert_eq!(presented.check_time(now() - CLOCK_SKEW), Ok(()));
    let late = now() + CLOCK_SKEW + Duration::from_secs(1);
    assert_eq!(
        presented.check_time(late),
        Err(Failure::SignatureExpired {
            signed_at: now(),
            now: late
        })
    );
    let early = now() - CLOCK_SKEW - Duration::from_secs(1);
    assert_eq!(
        presented.check_time(early),
        Err(Failure::SignatureNotYetCurrent {
            signed_at: now(),
            now: early
        })
    );
}

#[test]
fn a_presigned_request_lives_as_long_as_it_says() {
    let request = Request::presigned("/");
    let presented = Presented::parse(request.view()).unwrap();
    assert!(presented.is_presigned());
    assert_eq!(presented.check_time(now() + Duration::from_secs(60)), Ok(()));
    assert_eq!(
        presented.check_time(now() + Duration::from_secs(61)),
        Err(Failure::RequestExpired)
    );
    let early = now() - CLOCK_SKEW - Duration::from_secs(1);
    assert!(matches!(
        presented.check_time(early),
        Err(Failure::SignatureNotYetCurrent { .. })
    ));
}

#[test]
fn a_credential_has_five_parts() {
    for credential in [
        "a",
        "a/20260301/us-east-1/chime",
        "a/20260301/us-east-1/chime/aws4_request/x",
        "a//b/c/d",
    ] {
        let request =
            Request::signed("/").edited("AKIDEXAMPLE/20260301/us-east-1/chime/aws4_request", credential);
        assert_eq!(
            request.check(),
            Err(Failure::CredentialParts {
                got: credential.to_owned()
            })
        );
    }
}

#[test]
fn everything_wrong_with_the_scope_is_joined() {
    let request = Request::signed("/").edited(
        "AKIDEXAMPLE/20260301/us-east-1/chime/aws4_request",
        "AKIDEXAMPLE/20260228/eu-west-1/sts/aws3_request",
    );
    let presented = Presented::parse(request.view()).unwrap();
    let refused = presented
        .credential()
        .unwrap()
        .check("iam", RegionRule::Only("us-east-1"))
        .unwrap_err();
    assert_eq!(
        refused.message(),
        "Credential should be scoped to a valid region, not 'eu-west-1'. \
         Credential should be scoped to correct service: 'iam'. \
         Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3_request'. \
         Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '20260228' != '20260301', from '20260301T120000Z'."
    );
    let request = Request::signed("/").edited("us-east-1", "us east 1");
    assert_eq!(
        request.refusal(),
        "Credential should be scoped to a valid region, not 'us east 1'."
    );
}

#[test]
fn earlier_checks_win() {
    // Wrong in everything from the host on; mended step by step.
    let request = Request::signed("/")
        .with("x-amz-date", "20200101T000000Z")
        .edited("SignedHeaders=host;", "SignedHeaders=")
        .edited(
            "AKIDEXAMPLE/20260301/us-east-1/chime/aws4_request",
            "AKIDEXAMPLE/x",
        );
    assert_eq!(request.check(), Err(Failure::HostNotSigned));
    let request = request.edited("SignedHeaders=", "SignedHeaders=host;");
    assert!(matches!(request.check(), Err(Failure::SignatureExpired { .. })));
    let request = request.with("x-amz-date", "20260301T120000Z");
    assert!(matches!(request.check(), Err(Failure::CredentialParts { .. })));
    let request = request.edited("AKIDEXAMPLE/x", "AKIDEXAMPLE/20260301/us-east-1/ec2/aws4_request");
    assert!(matches!(request.check(), Err(Failure::Scope { .. })));
    let request = request.edited("/ec2/", "/chime/");
    assert_eq!(request.check(), Ok(()));
}

#[test]
fn separators_may_come_without_blanks_and_names_in_any_order() {
    let request = Request::signed("/").edited(", ", ",");
    assert_eq!(request.check(), Ok(()));
    let request =
        Request::signed("/").edited("SignedHeaders=host;x-amz-date", "SignedHeaders=X-Amz-Date;Host");
    assert_eq!(request.check(), Ok(()));
}

#[test]
fn a_header_is_signed_once() {
    for names in ["host;host;x-amz-date", "Host;x-amz-date;host"] {
        let request =
            Request::signed("/").edited("SignedHeaders=host;x-amz-date", &format!("SignedHeaders={names}"));
        assert_eq!(request.refusal(), "'SignedHeaders' must name every header once.");
    }
    let names = (0..300)
        .map(|number| format!("h{number}"))
        .collect::<Vec<_>>()
        .join(";");
    let request =
        Request::signed("/").edited("SignedHeaders=host;x-amz-date", &format!("SignedHeaders={names}"));
    assert_eq!(request.refusal(), "No more than 256 headers can be signed.");
}

#[test]
fn a_session_token_is_found_in_either_place() {
    let temporary = Signer {
        session_token: Some("to/ken=="),
        ..signer()
    };
    let request = Request::new("/").sign(&temporary);
    let presented = Presented::parse(request.view()).unwrap();
    assert_eq!(presented.session_token(), Some("to/ken=="));
    assert_eq!(request.check(), Ok(()));

    let mut request = Request::new("/");
    request.path_and_query = temporary
        .presign("GET", "/", &request.headers, Duration::from_secs(60), now())
        .unwrap();
    assert_eq!(
        Presented::parse(request.view()).unwrap().session_token(),
        Some("to/ken==")
    );
    assert_eq!(request.check(), Ok(()));
}

#[test]
fn a_token_may_be_added_to_a_presigned_request() {
    let mut request = Request::presigned("/");
    request.path_and_query.push_str("&X-Amz-Security-Token=later");
    assert_eq!(request.check(), Ok(()));
    assert_eq!(
        Presented::parse(request.view()).unwrap().session_token(),
        Some("later")
    );

    let request = Request::presigned("/").with("x-amz-security-token", "later");
    assert_eq!(request.check(), Ok(()));
    assert_eq!(
        Presented::parse(request.view()).unwrap().session_token(),
        Some("later")
    );
}

#[test]
fn the_claimed_digest_must_be_the_bodys() {
    let mut request = Request::new("/").with("x-amz-content-sha256", &hex::encode(sha256(b"body")));
    request.body = b"body".to_vec();
    let request = request.sign(&signer());
    assert_eq!(request.check(), Ok(()));

    let wrong = Request::new("/")
        .with("x-amz-content-sha256", &hex::encode(sha256(b"other")))
        .sign(&signer());
    assert_eq!(wrong.check(), Err(Failure::SignatureMismatch));
    let unsigned = Request::new("/")
        .with("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        .sign(&signer());
    assert_eq!(unsigned.check(), Err(Failure::SignatureMismatch));
}

#[test]
fn a_presigned_request_carries_no_unsigned_body() {
    let mut request = Request::presigned("/");
    request.body = b"Action=DeleteUser".to_vec();
    assert_eq!(request.check(), Err(Failure::SignatureMismatch));
}

#[test]
fn the_authority_stands_in_for_the_host() {
    let request = Request::signed("/");
    let without = request.clone().without("host");
    let view = RequestView {
        authority: Some("localhost:8080"),
        ..without.view()
    };
    assert_eq!(
        Presented::parse(view).unwrap().verify(&key(), &sha256(b"")),
        Ok(())
    );
    assert_eq!(without.check(), Err(Failure::SignatureMismatch));
    let other = request.with("host", "localhost");
    assert_eq!(other.check(), Err(Failure::SignatureMismatch));
}

#[test]
fn the_claimed_service_is_seen_before_anything_is_checked() {
    let broken = Request::signed("/")
        .edited("Signature=", "Nothing=")
        .without("x-amz-date");
    assert_eq!(broken.view().claimed_service().as_deref(), Some("chime"));
    assert_eq!(
        Request::presigned("/").view().claimed_service().as_deref(),
        Some("chime")
    );
    assert_eq!(Request::new("/").view().claimed_service(), None);
}

#[test]
fn keys_and_tokens_are_not_printed() {
    let mut request = Request::presigned("/");
    request.path_and_query.push_str("&X-Amz-Security-Token=the-token");
    let request = request.with("x-amz-security-token", "the-token");
    let printed = format!("{:?}", Presented::parse(request.view()).unwrap());
    assert!(
        !printed.contains("the-token") && !printed.contains("Signature"),
        "{printed}"
    );
    assert_eq!(format!("{:?}", key()), "SigningKey(…)");
    assert!(!format!("{:?}", signer()).contains(SECRET));
}

/// Requests as clients send them: paths and queries percent-encoded, headers of any visible text.
fn requests() -> impl Strategy<Value = Request> {
    let path = "(/([a-zA-Z0-9._~-]|%(2B|40|2F|20|C3%A9|25|7e)|[+@:,]){1,8}){0,4}/?";
    let query =
        "(([a-zA-Z0-9._~-]|%(2B|40|3D|20|C3%A9|26|7e)|[+@:,/]){1,6}(=([a-z0-9]|%40|[+=]){0,6})?&?){0,5}";
    let headers = proptest::collection::vec(("x-[a-z]{1,8}", "[!-~]([ -~]{0,12}[!-~])?"), 0..4);
    let body = proptest::collection::vec(any::<u8>(), 0..64);
    ("GET|POST|PUT|DELETE|PATCH", path, query, headers, body).prop_map(
        |(method, path, query, headers, body)| {
            let path = if path.is_empty() { "/".to_owned() } else { path };
            let path_and_query = if query.is_empty() {
                path
            } else {
                format!("{path}?{query}")
            };
            let mut request = Request {
                method,
                body,
                ..Request::new(&path_and_query)
            };
            for (name, value) in headers {
                request.headers.append(
                    HeaderName::try_from(name).unwrap(),
                    HeaderValue::try_from(value).unwrap(),
                );
            }
            request
        },
    )
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted(request in requests()) {
        prop_assert_eq!(request.sign(&signer()).check(), Ok(()));
    }

    #[test]
    fn what_is_presigned_is_accepted(mut request in requests()) {
        request.body.clear();
        request.path_and_query = signer()
            .presign(&request.method, &request.path_and_query, &request.headers, Duration::from_secs(9), now())
            .unwrap();
        prop_assert_eq!(request.check(), Ok(()));
    }

    #[test]
    fn a_changed_signature_is_refused(place in 0_usize..64, other in "[0-9a-f]") {
        let request = Request::signed("/accounts");
        let authorization = request.headers["authorization"].to_str().unwrap().to_owned();
        let start = authorization.len() - 64 + place;
        prop_assume!(authorization[start..=start] != other);
        let changed = format!("{}{other}{}", &authorization[..start], &authorization[start + 1..]);
        prop_assert_eq!(request.with("authorization", &changed).check(), Err(Failure::SignatureMismatch));
    }

    #[test]
    fn a_changed_body_is_refused(request in requests(), place: proptest::sample::Index, bit in 0..8) {
        prop_assume!(!request.body.is_empty());
        let mut request = request.sign(&signer());
        let place = place.index(request.body.len());
        request.body[place] ^= 1_u8 << bit;
        prop_assert_eq!(request.check(), Err(Failure::SignatureMismatch));
    }

    #[test]
    fn a_changed_header_is_refused(value in "[a-z]{1,8}", other in "[a-z]{1,8}") {
        prop_assume!(value != other);
        let request = Request::new("/").with("x-custom", &value).sign(&signer());
        prop_assert_eq!(request.with("x-custom", &other).check(), Err(Failure::SignatureMismatch));
    }

    #[test]
    fn a_changed_query_or_path_is_refused(path in "/[a-z0-9]{1,6}\\?[a-z]{1,3}=[a-z0-9]{1,6}", place: proptest::sample::Index, to in "[a-z0-9]") {
        let mut request = Request::signed(&path);
        let place = place.index(path.len());
        prop_assume!(path.as_bytes()[place].is_ascii_alphanumeric() && path[place..=place] != to);
        request.path_and_query.replace_range(place..=place, &to);
        prop_assert_eq!(request.check(), Err(Failure::SignatureMismatch));
    }

    #[test]
    fn a_changed_method_is_refused(method in "[A-Z]{3,6}") {
        prop_assume!(method != "GET");
        let request = Request { method, ..Request::signed("/") };
        prop_assert_eq!(request.check(), Err(Failure::SignatureMismatch));
    }

    #[test]
    fn any_authorization_is_read_or_refused(authorization in "(AWS4-HMAC-SHA256 )?[ -~]{0,80}", query in "(X-Amz-[A-Za-z]{1,9}=[ -~]{0,9}&){0,4}") {
        let request = Request::new(&format!("/?{query}")).with("x-amz-date", "20260301T120000Z");
        let _ = request.check();
        let _ = request.with("authorization", &authorization).check();
    }
}
