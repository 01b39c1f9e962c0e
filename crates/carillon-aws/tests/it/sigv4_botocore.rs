//! Signatures of the official Python client, over what our services must read right: labels with reserved characters,
//! spaces and letters beyond ASCII, forms, and presigned requests.
//!
//! `tests/data/sigv4-botocore.json` was written by `tests/data/generate_botocore.py`.

use carillon_aws::sigv4::{self, Failure, Presented, RegionRule, RequestView, SigningKey};
use carillon_aws::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJ/token+with=signs";

#[derive(Debug, Deserialize)]
struct Sent {
    service: String,
    method: String,
    path_and_query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Sent {
    fn headers(&self) -> HeaderMap {
        self.headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::try_from(name).unwrap(),
                    HeaderValue::try_from(value.trim()).unwrap(),
                )
            })
            .collect()
    }

    fn check(&self) -> Result<Option<String>, Failure> {
        let headers = self.headers();
        let (method, path_and_query) = (&self.method, &self.path_and_query);
        let presented = Presented::parse(RequestView {
            method,
            path_and_query,
            headers: &headers,
            authority: None,
        })?;
        presented.check_time("2026-03-01T12:00:30Z".parse::<Timestamp>().unwrap())?;
        let credential = presented
            .credential()?
            .check(&self.service, RegionRule::Only("us-east-1"))?;
        let key = SigningKey::derive(SECRET, credential.date, credential.region, credential.service);
        presented.verify(&key, &sigv4::sha256(self.body.as_bytes()))?;
        Ok(presented.session_token().map(str::to_owned))
    }
}

fn requests() -> Vec<Sent> {
    serde_json::from_str(include_str!("../data/sigv4-botocore.json")).unwrap()
}

#[test]
fn every_request_is_accepted() {
    let requests = requests();
    assert_eq!(requests.len(), 34);
    for (index, sent) in requests.iter().enumerate() {
        let token = (index >= 17).then(|| TOKEN.to_owned());
        assert_eq!(sent.check(), Ok(token), "{sent:?}");
    }
}

#[test]
fn a_label_that_was_changed_on_the_way_is_refused() {
    for mut sent in requests()
        .into_iter()
        .filter(|sent| sent.path_and_query.contains("%2B12065550100"))
    {
        sent.path_and_query = sent.path_and_query.replace("%2B12065550100", "+12065550100");
        assert_eq!(sent.check(), Err(Failure::SignatureMismatch), "{sent:?}");
    }
}

#[test]
fn a_path_that_an_http_library_keeps_is_what_was_signed() {
    // What is signed is the path on the wire, so `http::Uri` must hand it over untouched.
    for sent in requests() {
        let uri: http::Uri = sent.path_and_query.parse().unwrap();
        assert_eq!(uri.path_and_query().unwrap().as_str(), sent.path_and_query);
    }
}
