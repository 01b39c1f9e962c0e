//! Errors in the forms of AWS's protocols.
//!
//! Which error an operation gives is decided elsewhere; here is only how status, code and message reach a client so
//! that its SDK raises the right exception.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use crate::xml;

/// On every answer of every service.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// On every error of a REST-JSON service. SDKs choose the exception by it, not by the body.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The wire protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// IAM and STS: forms in, XML out, in the namespace of the service's version.
    Query { xmlns: &'static str },
    /// Chime and the Access Analyzer: resources and JSON.
    RestJson(JsonErrors),
    /// CloudTrail: JSON in and out at one path, AWS JSON 1.1.
    Json11,
}

impl Protocol {
    /// The media type of answers.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Query { .. } => "text/xml",
            Self::RestJson(_) => "application/json",
            Self::Json11 => "application/x-amz-json-1.1",
        }
    }
}

/// How a REST-JSON service words its own errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonErrors {
    /// With the code and the message as members in upper case, and exceptions of Chime's own names.
    Chime,
    /// With the message alone, and exceptions as most services name them.
    Plain,
}

/// Who refused; the body of a REST-JSON error depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The front door, before the service was reached: signatures, routes.
    FrontDoor,
    /// The service itself, in its own error shape.
    Service,
}

/// An error as a client will see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireError<'a> {
    pub status: StatusCode,
    /// The error code of Query and JSON 1.1; the name of the exception shape in REST-JSON.
    pub code: &'a str,
    pub message: &'a str,
    pub origin: Origin,
}

impl WireError<'_> {
    /// Status, headers and body of the answer.
    pub fn render(&self, protocol: Protocol, request_id: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(protocol.content_type()));
        insert(&mut headers, REQUEST_ID, request_id);
        let body = match protocol {
            Protocol::Query { xmlns } => xml::error_response(
                xmlns,
                self.status.is_server_error(),
                self.code,
                self.message,
                request_id,
            ),
            Protocol::RestJson(errors) => {
                insert(&mut headers, ERROR_TYPE, self.code);
                match (self.origin, errors) {
                    (Origin::FrontDoor, _) | (_, JsonErrors::Plain) => {
                        json!({ "message": self.message }).to_string()
                    }
                    (Origin::Service, JsonErrors::Chime) => {
                        json!({ "Code": chime_error_code(self.code), "Message": self.message }).to_string()
                    }
                }
            }
            Protocol::Json11 => json!({ "__type": self.code, "message": self.message }).to_string(),
        };
        (self.status, headers, body.into_bytes())
    }
}

/// The value of Chime's `ErrorCode` that belongs to an exception shape: `BadRequest` for `BadRequestException`.
///
/// A shape that is not Chime's gives its own name without the suffix.
///
/// Source: Amazon Chime API Reference, the model's errors and its `ErrorCode` enumeration.
pub fn chime_error_code(shape: &str) -> &str {
    match shape {
        "UnauthorizedClientException" => "Unauthorized",
        "UnprocessableEntityException" => "Unprocessable",
        "ThrottledClientException" => "Throttled",
        // BadRequest, ResourceLimitExceeded, AccessDenied, Forbidden, NotFound, Conflict, ServiceFailure,
        // ServiceUnavailable, PreconditionFailed and the two of associations follow the rule.
        _ => shape.strip_suffix("Exception").unwrap_or(shape),
    }
}

/// The status of an exception shape of Chime, or `None` if Chime declares no such shape.
///
/// Source: Amazon Chime API Reference, the model's errors.
pub fn chime_error_status(shape: &str) -> Option<StatusCode> {
    Some(match shape {
        "BadRequestException" | "ResourceLimitExceededException" => StatusCode::BAD_REQUEST,
        "UnauthorizedClientException" => StatusCode::UNAUTHORIZED,
        "AccessDeniedException" | "ForbiddenException" => StatusCode::FORBIDDEN,
        "NotFoundException" => StatusCode::NOT_FOUND,
        "ConflictException" => StatusCode::CONFLICT,
        "UnprocessableEntityException" => StatusCode::UNPROCESSABLE_ENTITY,
        "ThrottledClientException" => StatusCode::TOO_MANY_REQUESTS,
        "ServiceFailureException" => StatusCode::INTERNAL_SERVER_ERROR,
        "ServiceUnavailableException" => StatusCode::SERVICE_UNAVAILABLE,
        _ => return None,
    })
}

/// Sets a header whose value comes from outside: what a header cannot hold is left out.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IAM: Protocol = Protocol::Query {
        xmlns: "https://iam.amazonaws.com/doc/2010-05-08/",
    };

    fn error(status: u16, code: &'static str, origin: Origin) -> WireError<'static> {
        WireError {
            status: StatusCode::from_u16(status).unwrap(),
            code,
            message: "no \"such\" thing",
            origin,
        }
    }

    fn text(body: Vec<u8>) -> String {
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn query_errors_are_xml() {
        let (status, headers, body) = error(404, "NoSuchEntity", Origin::Service).render(IAM, "r-1");
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers[REQUEST_ID], "r-1");
        assert_eq!(headers[CONTENT_TYPE], "text/xml");
        assert!(
            text(body).contains("<Type>Sender</Type><Code>NoSuchEntity</Code><Message>no &quot;such&quot;")
        );
        let (_, _, body) = error(500, "ServiceFailure", Origin::Service).render(IAM, "r-1");
        assert!(text(body).contains("<Type>Receiver</Type>"));
    }

    #[test]
    fn the_service_and_the_front_door_differ_in_rest_json() {
        let service = error(401, "UnauthorizedClientException", Origin::Service);
        let (_, headers, body) = service.render(Protocol::RestJson(JsonErrors::Chime), "r-1");
        assert_eq!(headers[ERROR_TYPE], "UnauthorizedClientException");
        assert_eq!(headers[REQUEST_ID], "r-1");
        assert_eq!(
            text(body),
            r#"{"Code":"Unauthorized","Message":"no \"such\" thing"}"#
        );

        let door = error(403, "InvalidSignatureException", Origin::FrontDoor);
        let (_, headers, body) = door.render(Protocol::RestJson(JsonErrors::Chime), "r-1");
        assert_eq!(headers[ERROR_TYPE], "InvalidSignatureException");
        assert_eq!(text(body), r#"{"message":"no \"such\" thing"}"#);
    }

    #[test]
    fn json_1_1_errors_carry_their_type() {
        let (_, headers, body) =
            error(400, "InvalidNextTokenException", Origin::Service).render(Protocol::Json11, "r");
        assert_eq!(headers[CONTENT_TYPE], "application/x-amz-json-1.1");
        assert_eq!(
            text(body),
            r#"{"__type":"InvalidNextTokenException","message":"no \"such\" thing"}"#
        );
    }

    #[test]
    fn every_shape_of_chime_has_a_code_and_a_status() {
        for (shape, code, status) in [
            ("BadRequestException", "BadRequest", 400),
            ("ResourceLimitExceededException", "ResourceLimitExceeded", 400),
            ("UnauthorizedClientException", "Unauthorized", 401),
            ("AccessDeniedException", "AccessDenied", 403),
            ("ForbiddenException", "Forbidden", 403),
            ("NotFoundException", "NotFound", 404),
            ("ConflictException", "Conflict", 409),
            ("UnprocessableEntityException", "Unprocessable", 422),
            ("ThrottledClientException", "Throttled", 429),
            ("ServiceFailureException", "ServiceFailure", 500),
            ("ServiceUnavailableException", "ServiceUnavailable", 503),
        ] {
            assert_eq!(chime_error_code(shape), code);
            assert_eq!(
                chime_error_status(shape).map(|status| status.as_u16()),
                Some(status),
                "{shape}"
            );
        }
        assert_eq!(chime_error_status("TeapotException"), None);
    }

    #[test]
    fn what_a_header_cannot_hold_is_left_out() {
        let (_, headers, _) = error(400, "Bad\nRequest", Origin::Service)
            .render(Protocol::RestJson(JsonErrors::Chime), "r\r\n1");
        assert!(headers.get(ERROR_TYPE).is_none() && headers.get(REQUEST_ID).is_none());
    }
}
