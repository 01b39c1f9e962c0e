//! What checking a signature costs. Compare with an earlier run of itself; the goal is under 5 µs for a small request,
//! most of which is SHA-256.

use std::time::Duration;

use carillon_aws::sigv4::{self, Presented, RegionRule, RequestView, Signer, SigningKey};
use carillon_aws::time::Timestamp;
use divan::{Bencher, black_box};
use http::{HeaderMap, HeaderName, HeaderValue, header};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const PATH: &str = "/accounts/b3b7c0d4-1f0e-4b8e-9d3e-2f6f3f1f9a40/users?max-results=50&user-email=a%40b.c";

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_772_366_400)
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

fn headers() -> HeaderMap {
    HeaderMap::from_iter([
        (header::HOST, HeaderValue::from_static("localhost:8080")),
        (
            header::USER_AGENT,
            HeaderValue::from_static("aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux"),
        ),
        (header::ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        (
            HeaderName::from_static("amz-sdk-invocation-id"),
            HeaderValue::from_static("d1b5f3f2-6f6c-4a2e-9f6c"),
        ),
    ])
}

fn check(view: RequestView<'_>, key: &SigningKey, body: &[u8]) {
    let presented = Presented::parse(view).expect("complete");
    presented.check_time(now()).expect("fresh");
    presented
        .credential()
        .and_then(|credential| credential.check("chime", RegionRule::Any))
        .expect("in scope");
    presented.verify(key, &sigv4::sha256(body)).expect("signed");
}

#[divan::bench(args = [0, 1024, 65536])]
fn header_form(bencher: Bencher<'_, '_>, body_length: usize) {
    let body = vec![b'x'; body_length];
    let mut headers = headers();
    signer()
        .sign("POST", PATH, &mut headers, &body, now())
        .expect("signable");
    let key = SigningKey::derive(SECRET, "20260301", "us-east-1", "chime");
    let view = RequestView {
        method: "POST",
        path_and_query: PATH,
        headers: &headers,
        authority: None,
    };
    bencher.bench_local(|| check(black_box(view), &key, black_box(&body)));
}

#[divan::bench]
fn query_form(bencher: Bencher<'_, '_>) {
    let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost:8080"))]);
    let url = signer()
        .presign("GET", PATH, &headers, Duration::from_secs(60), now())
        .expect("signable");
    let key = SigningKey::derive(SECRET, "20260301", "us-east-1", "chime");
    let view = RequestView {
        method: "GET",
        path_and_query: &url,
        headers: &headers,
        authority: None,
    };
    bencher.bench_local(|| check(black_box(view), &key, b""));
}

/// Up to the point where the key is looked up.
#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let mut headers = headers();
    signer()
        .sign("GET", PATH, &mut headers, b"", now())
        .expect("signable");
    let view = RequestView {
        method: "GET",
        path_and_query: PATH,
        headers: &headers,
        authority: None,
    };
    bencher.bench_local(|| Presented::parse(black_box(view)).is_ok());
}

/// What a cache of signing keys saves.
#[divan::bench]
fn derive_key() -> SigningKey {
    SigningKey::derive(black_box(SECRET), "20260301", "us-east-1", "chime")
}

#[divan::bench]
fn write_time() -> usize {
    black_box(now()).iso_millis().len()
}
