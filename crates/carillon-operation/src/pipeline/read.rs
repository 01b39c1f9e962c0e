//! From the bytes of a request to its operation and input, in each protocol.

use carillon_aws::error::{JsonErrors, Origin, Protocol};
use carillon_aws::query::{self, FormError};
use carillon_aws::shape::{Source, violations_message};
use http::Method;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::Fault;
use crate::registry::{Entry, ServiceEntry};
use crate::spec::Admission;

/// Members nested deeper than this are refused before they are parsed.
const DEPTH: usize = 64;

/// Finds the operation and its input.
pub(super) fn read<'a>(
    service: &'a ServiceEntry,
    parts: &Parts,
    body: &[u8],
) -> Result<(&'a Entry, Value), Unreadable> {
    match service.service.protocol {
        Protocol::RestJson(_) => read_rest(service, parts, body),
        Protocol::Query { .. } => read_query(service, parts, body),
        Protocol::Json11 => read_json11(service, parts, body),
    }
}

/// Why no operation was found for a request, or no input for the operation.
pub(super) struct Unreadable {
    /// The operation, if it is known.
    pub name: String,
    pub fault: Fault,
    pub origin: Origin,
}

impl Unreadable {
    fn request(name: &str, fault: Fault) -> Self {
        Self {
            name: name.to_owned(),
            fault,
            origin: Origin::Service,
        }
    }
}

fn read_rest<'a>(
    service: &'a ServiceEntry,
    parts: &Parts,
    body: &[u8],
) -> Result<(&'a Entry, Value), Unreadable> {
    let routed = service
        .routed(parts.method.as_str(), parts.uri.path(), parts.uri.query())
        .map_err(|malformed| Unreadable::request("", Fault::Invalid(malformed.to_string())))?;
    let Some((entry, text)) = routed else {
        return Err(Unreadable::request(
            "",
            Fault::refused(
                404,
                "NotFoundException",
                "no operation of this service has this method and address",
            ),
        ));
    };
    let json =
        json_object(body).map_err(|message| Unreadable::request(entry.name, Fault::Invalid(message)))?;
    let input = entry.input().decode_mixed(text, json).map_err(|violations| {
        Unreadable::request(entry.name, Fault::Invalid(violations_message(&violations)))
    })?;
    Ok((entry, input))
}

fn read_query<'a>(
    service: &'a ServiceEntry,
    parts: &Parts,
    body: &[u8],
) -> Result<(&'a Entry, Value), Unreadable> {
    if parts.uri.path() != "/" || !matches!(parts.method, Method::POST | Method::GET) {
        let message = "a request of this service is a POST or a GET of the address /";
        return Err(Unreadable::request(
            "",
            Fault::refused(400, FormError::CODE, message),
        ));
    }
    // A POST carries a form; a GET, such as a presigned one, carries the same in its query.
    let form = if body.is_empty() {
        query::parse_query_string(parts.uri.query().unwrap_or_default())
    } else {
        query::parse(body)
    };
    let mut members = form.map_err(|error| {
        Unreadable::request(
            "",
            Fault::refused(FormError::STATUS.as_u16(), FormError::CODE, error.to_string()),
        )
    })?;
    let mut take = |name: &str| {
        members
            .remove(name)
            .and_then(|value| value.as_str().map(str::to_owned))
    };
    let version = take("Version").unwrap_or_else(|| service.service.version.to_owned());
    let Some(action) = take("Action") else {
        return Err(Unreadable::request(
            "",
            Fault::refused(400, "MissingAction", "Missing Action"),
        ));
    };
    let entry = service
        .named(&action)
        .filter(|_| version == service.service.version)
        .ok_or_else(|| {
            let shown: String = action.chars().take(128).collect();
            let version: String = version.chars().take(32).collect();
            let message = format!("Could not find operation {shown} for version {version}");
            Unreadable::request("", Fault::refused(400, "InvalidAction", message))
        })?;
    let input = entry
        .input()
        .decode(Value::Object(members), Source::Text)
        .map_err(|violations| {
            Unreadable::request(entry.name, Fault::Invalid(violations_message(&violations)))
        })?;
    Ok((entry, input))
}

fn read_json11<'a>(
    service: &'a ServiceEntry,
    parts: &Parts,
    body: &[u8],
) -> Result<(&'a Entry, Value), Unreadable> {
    if parts.uri.path() != "/" || parts.method != Method::POST {
        let message = "a request of this service is a POST of the address /";
        return Err(Unreadable::request(
            "",
            Fault::refused(400, "UnknownOperationException", message),
        ));
    }
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    let name = target.rsplit('.').next().unwrap_or_default();
    read_json(service, name, body)
}

/// Finds an operation by name, with all of its input in the body.
pub(super) fn read_json<'a>(
    service: &'a ServiceEntry,
    name: &str,
    body: &[u8],
) -> Result<(&'a Entry, Value), Unreadable> {
    let entry = service.named(name).ok_or_else(|| {
        Unreadable::request(
            "",
            Fault::refused(400, "UnknownOperationException", "unknown operation"),
        )
    })?;
    let json = json_object(body).map_err(|message| {
        Unreadable::request(entry.name, Fault::refused(400, "SerializationException", message))
    })?;
    let input = entry
        .input()
        .decode(Value::Object(json), Source::Json)
        .map_err(|violations| {
            Unreadable::request(entry.name, Fault::Invalid(violations_message(&violations)))
        })?;
    Ok((entry, input))
}

/// The members of a JSON body. No body and `{}` mean the same.
fn json_object(body: &[u8]) -> Result<Map<String, Value>, String> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    if nests_deeper(body, DEPTH) {
        return Err(format!("the body is nested more than {DEPTH} levels deep"));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("the body must be a JSON object".to_owned()),
        Err(error) => Err(format!("the body is not JSON: {error}")),
    }
}

/// Counts brackets without parsing, so that hostile nesting costs one pass.
fn nests_deeper(json: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The service of an operation that takes requests which nobody signed, if this is one.
pub(super) fn introducing<'a>(
    services: &'a [ServiceEntry],
    parts: &Parts,
    body: &[u8],
) -> Option<&'a ServiceEntry> {
    if parts.uri.path() != "/" || !matches!(parts.method, Method::POST | Method::GET) {
        return None;
    }
    let form = if body.is_empty() {
        query::parse_query_string(parts.uri.query().unwrap_or_default())
    } else {
        query::parse(body)
    };
    let form = form.ok()?;
    let action = form.get("Action")?.as_str()?;
    let takes_it = |service: &&ServiceEntry| {
        matches!(service.service.protocol, Protocol::Query { .. })
            && service
                .named(action)
                .is_some_and(|entry| entry.spec.admission == Admission::Introduced)
    };
    services.iter().find(takes_it)
}

/// Nobody told us which service is meant: forms are IAM's and STS's way, everything else is JSON.
pub(super) fn guess_protocol(parts: &Parts) -> Protocol {
    let is_form = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let is_query =
        parts.uri.path() == "/" && parts.uri.query().is_some_and(|query| query.contains("Action="));
    if is_form || is_query {
        Protocol::Query {
            xmlns: "https://iam.amazonaws.com/doc/2010-05-08/",
        }
    } else {
        Protocol::RestJson(JsonErrors::Chime)
    }
}
