//! Request signatures of version 4: checking them, and making them for our own clients.
//!
//! Checking is split where the caller must look something up. The order of the steps is AWS's, because clients and
//! people tell their mistakes apart by which error comes first:
//!
//! 1. [`Presented::parse`]: is there one signature, is it complete, dated, and does it cover what it must;
//! 2. [`Presented::check_time`]: is it fresh;
//! 3. [`Presented::credential`] and [`Credential::check`]: is the scope this service's;
//! 4. the caller finds the key and the session, with [`Failure::InvalidToken`] and [`Failure::ExpiredToken`] for
//!    what it does not find, and derives the [`SigningKey`] or takes it from its cache;
//! 5. [`Presented::verify`]: is it the right signature.
//!
//! ```
//! use carillon_aws::sigv4::{self, Credential, Presented, RegionRule, RequestView, Signer, SigningKey};
//! use carillon_aws::time::Timestamp;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
//! let mut request = http::Request::builder().uri("/accounts").header("host", "localhost:8080").body(())?;
//! let signer = Signer { access_key_id: "AKIDEXAMPLE", secret_access_key: "secret", session_token: None,
//!     region: "us-east-1", service: "chime" };
//! signer.sign("GET", "/accounts", request.headers_mut(), b"", now)?;
//!
//! let (parts, ()) = request.into_parts();
//! let presented = Presented::parse(RequestView::of(&parts))?;
//! presented.check_time(now)?;
//! let Credential { access_key_id, date, region, service } = presented.credential()?.check("chime", RegionRule::Any)?;
//! assert_eq!(access_key_id, "AKIDEXAMPLE");
//! let key = SigningKey::derive("secret", date, region, service);
//! presented.verify(&key, &sigv4::sha256(b""))?;
//! # Ok(())
//! # }
//! ```
//!
//! Who owns a key and whether it is active is known elsewhere. Source: IAM User Guide, "AWS Signature Version 4 for
//! API requests".

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::time::Timestamp;

mod canonical;
mod client;
mod failure;
mod key;
mod parse;

pub use client::{SignError, Signer};
pub use failure::Failure;
pub use key::SigningKey;

/// How far a signature's time may be from ours, either way.
pub const CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);
/// The longest life of a presigned request: seven days.
pub const MAX_EXPIRES: Duration = Duration::from_secs(604_800);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const UNSIGNED_PAYLOAD: &[u8] = b"UNSIGNED-PAYLOAD";

/// The parts of a request that are signed, as they came over the wire.
#[derive(Clone, Copy)]
pub struct RequestView<'a> {
    /// In upper case, as HTTP has it.
    pub method: &'a str,
    /// Not decoded and not normalised.
    pub path_and_query: &'a str,
    pub headers: &'a HeaderMap,
    /// `:authority` of HTTP/2, which stands in for a missing `host` header.
    pub authority: Option<&'a str>,
}

impl<'a> RequestView<'a> {
    /// The view of a received request.
    pub fn of(parts: &'a Parts) -> Self {
        Self {
            method: parts.method.as_str(),
            path_and_query: parts
                .uri
                .path_and_query()
                .map_or("/", |path_and_query| path_and_query.as_str()),
            headers: &parts.headers,
            authority: parts.uri.authority().map(|authority| authority.as_str()),
        }
    }

    /// The service named in the credential scope, if there is one to be seen.
    ///
    /// Says in which protocol to answer a request whose signature is broken; proves nothing.
    pub fn claimed_service(&self) -> Option<Cow<'a, str>> {
        let credential = parse::credential_of(self)?;
        match credential {
            Cow::Borrowed(text) => text.split('/').nth(3).map(Cow::Borrowed),
            Cow::Owned(text) => text
                .split('/')
                .nth(3)
                .map(|service| Cow::Owned(service.to_owned())),
        }
    }

    fn path(&self) -> &'a str {
        self.path_and_query
            .split_once('?')
            .map_or(self.path_and_query, |(path, _)| path)
    }

    fn query(&self) -> &'a str {
        self.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Shows neither headers nor query: either may hold a signature or a session token (rule 11).
impl fmt::Debug for RequestView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = (&self.method, &self.path());
        f.debug_struct("RequestView")
            .field("method", method)
            .field("path", path)
            .finish_non_exhaustive()
    }
}

/// A signature that came with a request, complete in form and not yet believed.
pub struct Presented<'a> {
    request: RequestView<'a>,
    credential: Cow<'a, str>,
    /// Lower case, sorted, joined with semicolons.
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    signed_at: Timestamp,
    session_token: Option<Cow<'a, str>>,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Header,
    Query { expires: Duration, token_in_query: bool },
}

impl<'a> Presented<'a> {
    /// Reads the signature from the `Authorization` header or the query.
    ///
    /// # Errors
    /// When there is none or more than one, when a part of it or the date is missing or malformed, and when `host`
    /// or an `x-amz-` header of the request is not among the signed headers.
    pub fn parse(request: RequestView<'a>) -> Result<Self, Failure> {
        let presented = parse::presented(request)?;
        presented.check_signed_headers()?;
        Ok(presented)
    }

    /// Whether the signature is neither too old nor from the future.
    ///
    /// # Errors
    /// [`Failure::SignatureExpired`] and [`Failure::SignatureNotYetCurrent`] beyond [`CLOCK_SKEW`];
    /// [`Failure::RequestExpired`] for a presigned request after its own life.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Failure> {
        let signed_at = self.signed_at;
        if signed_at > now + CLOCK_SKEW {
            return Err(Failure::SignatureNotYetCurrent { signed_at, now });
        }
        match self.form {
            Form::Header if signed_at < now - CLOCK_SKEW => Err(Failure::SignatureExpired { signed_at, now }),
            Form::Query { expires, .. } if signed_at + expires < now => Err(Failure::RequestExpired),
            Form::Header | Form::Query { .. } => Ok(()),
        }
    }

    /// The credential, taken apart.
    ///
    /// # Errors
    /// [`Failure::CredentialParts`] unless there are five parts.
    pub fn credential(&self) -> Result<UncheckedCredential<'_>, Failure> {
        let mut parts = self.credential.split('/');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (Some(access_key_id), Some(date), Some(region), Some(service), Some(terminator), None) =
            (next(), next(), next(), next(), next(), parts.next())
        else {
            return Err(Failure::CredentialParts {
                got: failure::excerpt(&self.credential),
            });
        };
        let credential = Credential {
            access_key_id,
            date,
            region,
            service,
        };
        Ok(UncheckedCredential {
            credential,
            terminator,
            signed_at: self.signed_at,
        })
    }

    /// The session token, from the header or the query; only temporary keys have one.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// When the signer says the request was signed, in whole seconds.
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// Whether the signature is in the query, so that anybody who holds the URL can send it.
    pub fn is_presigned(&self) -> bool {
        matches!(self.form, Form::Query { .. })
    }

    /// The names of the signed headers: lower case, sorted, joined with semicolons.
    pub fn signed_headers(&self) -> &str {
        &self.signed_headers
    }

    /// Whether `key` made this signature over this request and a body with this digest.
    ///
    /// Every body is signed, also that of a presigned request. The signatures are compared in constant time.
    ///
    /// # Errors
    /// [`Failure::SignatureMismatch`], also when `x-amz-content-sha256` contradicts the body.
    pub fn verify(&self, key: &SigningKey, body_sha256: &[u8; 32]) -> Result<(), Failure> {
        let payload = hex_digest(body_sha256);
        if self
            .request
            .headers
            .get_all("x-amz-content-sha256")
            .iter()
            .any(|claimed| claimed.as_bytes() != payload)
        {
            return Err(Failure::SignatureMismatch);
        }
        if self.signed_by(key, &payload, Token::AsSent) {
            return Ok(());
        }
        // Some clients add the token to a finished URL.
        if matches!(
            self.form,
            Form::Query {
                token_in_query: true,
                ..
            }
        ) && self.signed_by(key, &payload, Token::Unsigned)
        {
            return Ok(());
        }
        Err(Failure::SignatureMismatch)
    }

    /// The canonical request and the string to sign as we understand them, for a debug mode that shows a caller
    /// where its own differ. They repeat what the caller sent, session token included.
    pub fn explain(&self, body_sha256: &[u8; 32]) -> (String, String) {
        let canonical = self.canonical_request(&hex_digest(body_sha256), Token::AsSent);
        let string_to_sign = self.string_to_sign(&canonical);
        (
            String::from_utf8_lossy(&canonical).into_owned(),
            String::from_utf8_lossy(&string_to_sign).into_owned(),
        )
    }

    fn signed_by(&self, key: &SigningKey, payload: &[u8; 64], token: Token) -> bool {
        let canonical = self.canonical_request(payload, token);
        let expected = hex_digest(&key.sign(&self.string_to_sign(&canonical)));
        expected.ct_eq(self.signature.as_bytes()).into()
    }

    fn canonical_request(&self, payload: &[u8; 64], token: Token) -> Vec<u8> {
        canonical::request(&self.request, &self.signed_headers, payload, token)
    }

    fn string_to_sign(&self, canonical: &[u8]) -> Vec<u8> {
        let scope = self.credential.split_once('/').map_or("", |(_, scope)| scope);
        canonical::string_to_sign(self.signed_at, scope, canonical)
    }

    fn check_signed_headers(&self) -> Result<(), Failure> {
        if !self.signs("host") && !self.signs(":authority") {
            return Err(Failure::HostNotSigned);
        }
        let unsigned = self
            .request
            .headers
            .keys()
            .map(|name| name.as_str())
            .find(|name| {
                let may_be_unsigned = self.is_presigned() && *name == "x-amz-security-token";
                name.starts_with("x-amz-") && !may_be_unsigned && !self.signs(name)
            });
        match unsigned {
            Some(name) => Err(Failure::HeaderNotSigned {
                name: name.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("request", &self.request)
            .field("credential", &self.credential)
            .field("signed_headers", &self.signed_headers)
            .field("signed_at", &self.signed_at)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// Whether a session token in the query is part of what was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    AsSent,
    Unsigned,
}

/// A credential whose scope was not compared yet.
#[derive(Debug, Clone, Copy)]
pub struct UncheckedCredential<'a> {
    credential: Credential<'a>,
    terminator: &'a str,
    signed_at: Timestamp,
}

impl<'a> UncheckedCredential<'a> {
    /// The service in the scope, by which a server of several chooses the one that answers.
    pub fn service(&self) -> &'a str {
        self.credential.service
    }

    /// Compares the scope with what it must be: this service, a region as the rule says, the day of the signature.
    ///
    /// # Errors
    /// [`Failure::Scope`], which names everything that differs.
    pub fn check(self, service: &str, region: RegionRule) -> Result<Credential<'a>, Failure> {
        let Credential {
            date: scope_date,
            region: scope_region,
            service: scope_service,
            ..
        } = self.credential;
        let mut problems = Vec::new();
        if !region.admits(scope_region) {
            let got = failure::excerpt(scope_region);
            problems.push(format!(
                "Credential should be scoped to a valid region, not '{got}'."
            ));
        }
        if scope_service != service {
            problems.push(format!(
                "Credential should be scoped to correct service: '{service}'."
            ));
        }
        if self.terminator != TERMINATOR {
            let got = failure::excerpt(self.terminator);
            problems.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{got}'."
            ));
        }
        let signed_at = self.signed_at.iso_basic();
        let date = signed_at.get(..8).unwrap_or_default();
        if scope_date != date {
            let got = failure::excerpt(scope_date);
            problems.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{got}' != '{date}', from '{signed_at}'."
            ));
        }
        if problems.is_empty() {
            Ok(self.credential)
        } else {
            Err(Failure::Scope {
                problems: problems.join(" "),
            })
        }
    }
}

/// Whose key it claims to be, and what the key was derived for. The four together name a [`SigningKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Credential<'a> {
    pub access_key_id: &'a str,
    /// `yyyymmdd`, equal to the day of the signature.
    pub date: &'a str,
    pub region: &'a str,
    pub service: &'a str,
}

/// Which regions a service accepts in a credential scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionRule {
    /// Any that could be a region's name: the services that clients sign for with whatever region they configured.
    Any,
    /// One, as IAM has.
    Only(&'static str),
}

impl RegionRule {
    fn admits(self, region: &str) -> bool {
        match self {
            Self::Any => {
                region.len() <= 64
                    && region
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            }
            Self::Only(only) => region == only,
        }
    }
}

/// The SHA-256 of a body, which is what a signature covers of it.
pub fn sha256(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

fn hex_digest(digest: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        if let [high, low] = pair {
            (*high, *low) = (hex_digit(byte >> 4), hex_digit(byte & 15));
        }
    }
    text
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' + value - 10
    }
}

#[cfg(test)]
mod tests;
