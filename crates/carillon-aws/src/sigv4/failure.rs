//! Why a signature was not accepted, in AWS's codes and words.

use std::borrow::Cow;

use http::{HeaderMap, StatusCode};

use super::CLOCK_SKEW;
use crate::error::{Origin, Protocol, WireError};
use crate::time::Timestamp;

/// A signature that was not accepted.
///
/// The variants stand in the order in which the checks are made. Source of codes and messages: AWS, "Common errors" of
/// the services' API references, and what the services answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request is not signed at all.
    MissingAuthentication,
    /// Signed in the header and in the query.
    TwoSignatures,
    /// Signed in a way this service does not check: SigV4A, SigV2 or something that is not AWS's.
    UnsupportedAlgorithm {
        /// What was named.
        got: String,
    },
    /// Parts of the signature are missing or cannot be read.
    Incomplete {
        /// The whole message.
        message: String,
    },
    /// The date is there and is not a date.
    MalformedDate { got: String },
    /// The signature does not cover the host.
    HostNotSigned,
    /// The signature does not cover an `x-amz-` header that came with the request.
    HeaderNotSigned { name: String },
    /// Signed too long ago.
    SignatureExpired { signed_at: Timestamp, now: Timestamp },
    /// Signed by a clock that is ahead of ours.
    SignatureNotYetCurrent { signed_at: Timestamp, now: Timestamp },
    /// Presigned, and past its own life.
    RequestExpired,
    /// The credential has not five parts.
    CredentialParts { got: String },
    /// The credential is for something else: region, service, terminator or day.
    Scope {
        /// All that differ, in sentences.
        problems: String,
    },
    /// The key is unknown or disabled, or a temporary key came without its session token. Found by the caller.
    InvalidToken,
    /// The session is over. Found by the caller.
    ExpiredToken,
    /// The signature is not the one the key makes for this request.
    SignatureMismatch,
}

impl Failure {
    /// The code in the protocol of IAM and STS.
    pub fn query_code(&self) -> &'static str {
        match self {
            Self::MissingAuthentication => "MissingAuthenticationToken",
            Self::TwoSignatures
            | Self::UnsupportedAlgorithm { .. }
            | Self::Incomplete { .. }
            | Self::MalformedDate { .. }
            | Self::CredentialParts { .. } => "IncompleteSignature",
            Self::HostNotSigned
            | Self::HeaderNotSigned { .. }
            | Self::SignatureExpired { .. }
            | Self::SignatureNotYetCurrent { .. }
            | Self::Scope { .. }
            | Self::SignatureMismatch => "SignatureDoesNotMatch",
            Self::RequestExpired => "RequestExpired",
            Self::InvalidToken => "InvalidClientTokenId",
            Self::ExpiredToken => "ExpiredToken",
        }
    }

    /// The code in the JSON protocols.
    pub fn rest_json_code(&self) -> &'static str {
        match self.query_code() {
            "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
            "IncompleteSignature" => "IncompleteSignatureException",
            "InvalidClientTokenId" => "UnrecognizedClientException",
            "ExpiredToken" => "ExpiredTokenException",
            _ => "InvalidSignatureException",
        }
    }

    /// The code in `protocol`.
    pub fn code(&self, protocol: Protocol) -> &'static str {
        match protocol {
            Protocol::Query { .. } => self.query_code(),
            Protocol::RestJson(_) | Protocol::Json11 => self.rest_json_code(),
        }
    }

    /// The status in `protocol`: 403, but 400 for what cannot be read in the Query protocol and for everything in
    /// JSON 1.1, whose services answer all of a caller's mistakes so.
    pub fn status(&self, protocol: Protocol) -> StatusCode {
        match (protocol, self.query_code()) {
            (Protocol::Query { .. }, "IncompleteSignature" | "RequestExpired") | (Protocol::Json11, _) => {
                StatusCode::BAD_REQUEST
            }
            (Protocol::Query { .. } | Protocol::RestJson(_), _) => StatusCode::FORBIDDEN,
        }
    }

    /// The message, which is the same in all protocols but for an unsigned request: see [`render`](Self::render).
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::MissingAuthentication => "Missing Authentication Token".into(),
            Self::TwoSignatures => {
                "A request must be signed in the Authorization header or in the query string, not in both.".into()
            }
            Self::UnsupportedAlgorithm { got } => {
                format!("Unsupported AWS 'algorithm': '{got}'. Sign with 'AWS4-HMAC-SHA256'.").into()
            }
            Self::Incomplete { message } => message.clone().into(),
            Self::MalformedDate { got } => format!(
                "Date must be in ISO-8601 'basic format'. Got '{got}'. See http://en.wikipedia.org/wiki/ISO_8601"
            )
            .into(),
            Self::HostNotSigned => {
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into()
            }
            Self::HeaderNotSigned { name } => {
                format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.").into()
            }
            Self::SignatureExpired { signed_at, now } => format!(
                "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                signed_at.iso_basic(),
                (*now - CLOCK_SKEW).iso_basic(),
                now.iso_basic(),
            )
            .into(),
            Self::SignatureNotYetCurrent { signed_at, now } => format!(
                "Signature not yet current: {} is still later than {} ({} + 15 min.)",
                signed_at.iso_basic(),
                (*now + CLOCK_SKEW).iso_basic(),
                now.iso_basic(),
            )
            .into(),
            Self::RequestExpired => "Request has expired.".into(),
            Self::CredentialParts { got } => format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, \
                 got '{got}'"
            )
            .into(),
            Self::Scope { problems } => problems.clone().into(),
            Self::InvalidToken => "The security token included in the request is invalid.".into(),
            Self::ExpiredToken => "The security token included in the request is expired".into(),
            Self::SignatureMismatch => {
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
                    .into()
            }
        }
    }

    /// The message in `protocol`: Query services have their own words for an unsigned request.
    pub fn message_in(&self, protocol: Protocol) -> Cow<'static, str> {
        match (self, protocol) {
            (Self::MissingAuthentication, Protocol::Query { .. }) => {
                "Request is missing Authentication Token".into()
            }
            _ => self.message(),
        }
    }

    /// The whole answer in `protocol`.
    pub fn render(&self, protocol: Protocol, request_id: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let message = self.message_in(protocol);
        let (status, code) = (self.status(protocol), self.code(protocol));
        WireError {
            status,
            code,
            message: &message,
            origin: Origin::FrontDoor,
        }
        .render(protocol, request_id)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Failure {}

/// So much of a caller's text as is fit to repeat in a message.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 100;
    text.chars()
        .take(LONGEST)
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::JsonErrors;

    const QUERY: Protocol = Protocol::Query {
        xmlns: "https://sts.amazonaws.com/doc/2011-06-15/",
    };

    #[test]
    fn codes_and_states_are_those_of_each_protocol() {
        let incomplete = Failure::Incomplete {
            message: "x".to_owned(),
        };
        for (failure, query, query_status, rest) in [
            (
                Failure::MissingAuthentication,
                "MissingAuthenticationToken",
                403,
                "MissingAuthenticationTokenException",
            ),
            (
                incomplete,
                "IncompleteSignature",
                400,
                "IncompleteSignatureException",
            ),
            (
                Failure::HostNotSigned,
                "SignatureDoesNotMatch",
                403,
                "InvalidSignatureException",
            ),
            (
                Failure::RequestExpired,
                "RequestExpired",
                400,
                "InvalidSignatureException",
            ),
            (
                Failure::InvalidToken,
                "InvalidClientTokenId",
                403,
                "UnrecognizedClientException",
            ),
            (
                Failure::ExpiredToken,
                "ExpiredToken",
                403,
                "ExpiredTokenException",
            ),
            (
                Failure::SignatureMismatch,
                "SignatureDoesNotMatch",
                403,
                "InvalidSignatureException",
            ),
        ] {
            assert_eq!(
                (failure.code(QUERY), failure.status(QUERY).as_u16()),
                (query, query_status)
            );
            assert_eq!(
                (
                    failure.code(Protocol::RestJson(JsonErrors::Chime)),
                    failure.status(Protocol::RestJson(JsonErrors::Chime)).as_u16()
                ),
                (rest, 403)
            );
        }
    }

    #[test]
    fn messages_are_aws_own() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let signed_at: Timestamp = "2026-03-01T11:44:59Z".parse().unwrap();
        assert_eq!(
            Failure::SignatureExpired { signed_at, now }.message(),
            "Signature expired: 20260301T114459Z is now earlier than 20260301T114500Z (20260301T120000Z - 15 min.)"
        );
        let signed_at: Timestamp = "2026-03-01T12:15:01Z".parse().unwrap();
        assert_eq!(
            Failure::SignatureNotYetCurrent { signed_at, now }.message(),
            "Signature not yet current: 20260301T121501Z is still later than 20260301T121500Z \
             (20260301T120000Z + 15 min.)"
        );
        assert_eq!(
            Failure::MissingAuthentication.message_in(QUERY),
            "Request is missing Authentication Token"
        );
        assert_eq!(
            Failure::MissingAuthentication.message_in(Protocol::RestJson(JsonErrors::Chime)),
            "Missing Authentication Token"
        );
    }
}
