//! From an outcome to the answer, in each protocol.

use std::borrow::Cow;

use bytes::Bytes;
use carillon_aws::error::{JsonErrors, Origin, Protocol, REQUEST_ID, WireError};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::Fault;
use crate::caller::Call;
use crate::registry::Entry;

/// A fault in the terms of a protocol.
pub(super) struct Wire {
    status: u16,
    pub code: Cow<'static, str>,
    pub message: String,
}

pub(super) fn wire_error(fault: &Fault, protocol: Protocol, request_id: &str) -> Wire {
    // Query services name codes without the suffix, JSON services name exceptions.
    let by_protocol = |query: &'static str, json: &'static str| {
        Cow::Borrowed(if matches!(protocol, Protocol::Query { .. }) {
            query
        } else {
            json
        })
    };
    let json11 = matches!(protocol, Protocol::Json11);
    let plain = matches!(protocol, Protocol::RestJson(JsonErrors::Plain));
    match fault {
        Fault::Refused {
            status,
            code,
            message,
        } => Wire {
            status: *status,
            code: code.clone(),
            message: message.clone(),
        },
        Fault::Denied(message) => Wire {
            status: if json11 { 400 } else { 403 },
            code: by_protocol("AccessDenied", "AccessDeniedException"),
            message: message.clone(),
        },
        Fault::Invalid(message) => Wire {
            status: 400,
            code: if json11 || plain {
                "ValidationException".into()
            } else {
                by_protocol("ValidationError", "BadRequestException")
            },
            message: message.clone(),
        },
        Fault::NotImplemented(action) => Wire {
            status: 501,
            code: by_protocol("NotImplemented", "NotImplementedException"),
            message: format!("{action} is an action of the service that this server cannot carry out yet"),
        },
        Fault::Throttled => Wire {
            status: if matches!(protocol, Protocol::RestJson(_)) {
                429
            } else {
                400
            },
            code: if json11 || plain {
                "ThrottlingException".into()
            } else {
                by_protocol("Throttling", "ThrottledClientException")
            },
            message: "Rate exceeded".to_owned(),
        },
        Fault::Internal(_) => Wire {
            status: 500,
            code: if plain {
                "InternalServerException".into()
            } else {
                by_protocol("ServiceFailure", "ServiceFailureException")
            },
            message: format!("the service failed; request id: {request_id}"),
        },
        Fault::Contended | Fault::Changed => Wire {
            status: 503,
            code: by_protocol("ServiceUnavailable", "ServiceUnavailableException"),
            message: "too many changes at the same time; try again".to_owned(),
        },
    }
}

pub(super) fn refusal(fault: &Fault, protocol: Protocol, origin: Origin, call: &Call) -> Response<Bytes> {
    let wire = wire_error(fault, protocol, &call.request_id);
    let status = StatusCode::from_u16(wire.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = WireError {
        status,
        code: &wire.code,
        message: &wire.message,
        origin,
    };
    let (status, mut headers, body) = error.render(protocol, &call.request_id);
    if matches!(fault, Fault::Throttled) {
        // At any rate of whole requests a second, one is allowed by then.
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response(status, headers, body)
}

pub(super) fn success(entry: &Entry, protocol: Protocol, body: Vec<u8>, call: &Call) -> Response<Bytes> {
    let mut headers = HeaderMap::with_capacity(2);
    if let Ok(id) = HeaderValue::from_str(&call.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(protocol.content_type()));
    }
    let status = StatusCode::from_u16(entry.spec.status).unwrap_or(StatusCode::OK);
    response(status, headers, body)
}

pub(super) fn response(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
