//! Making signatures, for our own tools and tests.

use std::time::Duration;

use http::header::{AUTHORIZATION, HOST, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{ALGORITHM, RequestView, SigningKey, TERMINATOR, Token, canonical, hex_digest, sha256};
use crate::time::Timestamp;

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What proxies and HTTP libraries add, change or drop on the way; signing them breaks honest requests.
const NOT_SIGNED: [&str; 8] = [
    "accept",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// Signs requests with one key for one service.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    pub access_key_id: &'a str,
    pub secret_access_key: &'a str,
    /// Of a temporary key.
    pub session_token: Option<&'a str>,
    pub region: &'a str,
    pub service: &'a str,
}

/// The request cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("a request needs a host header before it is signed")]
    NoHost,
    #[error("the credentials cannot be written into a header")]
    Unwritable(#[from] InvalidHeaderValue),
}

impl Signer<'_> {
    /// Adds `x-amz-date`, `x-amz-security-token` and `authorization` to `headers`, over nearly all headers that are
    /// there by then. `path_and_query` must be what is sent, byte for byte.
    ///
    /// # Errors
    /// When `host` is missing or the credentials hold characters that a header cannot.
    pub fn sign(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &mut HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), SignError> {
        headers.insert(
            HeaderName::from_static("x-amz-date"),
            HeaderValue::from_str(&now.iso_basic())?,
        );
        if let Some(token) = self.session_token {
            let mut token = HeaderValue::from_str(token)?;
            token.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-amz-security-token"), token);
        }
        let signed_headers = signed_headers(headers)?;
        let view = RequestView {
            method,
            path_and_query,
            headers,
            authority: None,
        };
        let signature = self.signature(&view, &signed_headers, body, now);
        let credential = self.credential(now);
        let authorization = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={signed_headers}, Signature={signature}"
        );
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization)?);
        Ok(())
    }

    /// The path and query with a signature that is good for `expires` (at most [`MAX_EXPIRES`](super::MAX_EXPIRES)),
    /// over all of `headers`, which must be sent with it, and an empty body.
    ///
    /// # Errors
    /// When `host` is missing.
    pub fn presign(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &HeaderMap,
        expires: Duration,
        now: Timestamp,
    ) -> Result<String, SignError> {
        let signed_headers = signed_headers(headers)?;
        let separator = if path_and_query.contains('?') { '&' } else { '?' };
        let credential = self.credential(now);
        let encode = |text| utf8_percent_encode(text, RESERVED);
        let mut url = format!(
            "{path_and_query}{separator}X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={}\
             &X-Amz-Expires={}&X-Amz-SignedHeaders={}",
            encode(&credential),
            now.iso_basic(),
            expires.as_secs(),
            encode(&signed_headers),
        );
        if let Some(token) = self.session_token {
            url.push_str(&format!("&X-Amz-Security-Token={}", encode(token)));
        }
        let view = RequestView {
            method,
            path_and_query: &url,
            headers,
            authority: None,
        };
        let signature = self.signature(&view, &signed_headers, b"", now);
        url.push_str("&X-Amz-Signature=");
        url.push_str(&signature);
        Ok(url)
    }

    fn credential(&self, now: Timestamp) -> String {
        format!("{}/{}", self.access_key_id, self.scope(now))
    }

    fn scope(&self, now: Timestamp) -> String {
        let now = now.iso_basic();
        format!(
            "{}/{}/{}/{TERMINATOR}",
            now.get(..8).unwrap_or_default(),
            self.region,
            self.service
        )
    }

    fn signature(&self, view: &RequestView<'_>, signed_headers: &str, body: &[u8], now: Timestamp) -> String {
        let canonical = canonical::request(view, signed_headers, &hex_digest(&sha256(body)), Token::AsSent);
        let text = now.iso_basic();
        let date = text.get(..8).unwrap_or_default();
        let key = SigningKey::derive(self.secret_access_key, date, self.region, self.service);
        hex::encode(key.sign(&canonical::string_to_sign(now, &self.scope(now), &canonical)))
    }
}

impl std::fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

fn signed_headers(headers: &HeaderMap) -> Result<String, SignError> {
    if !headers.contains_key(HOST) {
        return Err(SignError::NoHost);
    }
    let mut names: Vec<_> = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| !NOT_SIGNED.contains(name))
        .collect();
    names.sort_unstable();
    Ok(names.join(";"))
}
