//! A signature in the header or the query, of any text: read or refused, never accepted without the key.
#![no_main]

use carillon_aws::sigv4::{self, Presented, RegionRule, RequestView, SigningKey};
use carillon_aws::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    // The first line is the path and query, the others are headers.
    let mut lines = input.lines();
    let path_and_query = lines.next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.take(64).filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    let view = RequestView {
        method: "GET",
        path_and_query,
        headers: &headers,
        authority: None,
    };
    let _ = view.claimed_service();
    let Ok(presented) = Presented::parse(view) else {
        return;
    };
    let _ = presented.check_time(Timestamp::from_seconds(1_772_366_400));
    if let Ok(credential) = presented.credential() {
        let _ = credential.check("chime", RegionRule::Any);
    }
    let key = SigningKey::derive("a secret nobody guesses", "20260301", "us-east-1", "chime");
    let digest = sigv4::sha256(b"");
    let _ = presented.explain(&digest);
    assert!(presented.verify(&key, &digest).is_err());
});
