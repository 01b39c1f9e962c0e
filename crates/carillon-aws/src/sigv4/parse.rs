//! Finding the signature in a request: the `Authorization` header or the query.

use std::borrow::Cow;
use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use percent_encoding::percent_decode_str;

use super::failure::excerpt;
use super::{ALGORITHM, Failure, Form, MAX_EXPIRES, Presented, RequestView, UNSIGNED_PAYLOAD};
use crate::time::Timestamp;

/// More signed headers than any client sends; a bound on the work of one request.
const MAX_SIGNED_HEADERS: usize = 256;

pub(super) fn presented<'a>(request: RequestView<'a>) -> Result<Presented<'a>, Failure> {
    let in_query = QueryParts::find(request.query())?;
    match (request.headers.contains_key(AUTHORIZATION), in_query) {
        (true, Some(_)) => Err(Failure::TwoSignatures),
        (true, None) => from_header(request),
        (false, Some(parts)) => from_query(request, parts),
        (false, None) => Err(Failure::MissingAuthentication),
    }
}

/// The credential of either form, without looking at the rest.
pub(super) fn credential_of<'a>(request: &RequestView<'a>) -> Option<Cow<'a, str>> {
    if let Some(header) = request.headers.get(AUTHORIZATION) {
        let text = header.to_str().ok()?.strip_prefix(ALGORITHM)?;
        return text
            .split(',')
            .find_map(|part| part.trim().strip_prefix("Credential="))
            .map(Cow::Borrowed);
    }
    QueryParts::find(request.query()).ok()??.credential
}

fn from_header<'a>(request: RequestView<'a>) -> Result<Presented<'a>, Failure> {
    let authorization = single(request.headers, AUTHORIZATION.as_str())?.unwrap_or_default();
    let (algorithm, rest) = authorization
        .split_once([' ', '\t'])
        .unwrap_or((authorization, ""));
    let signs_otherwise =
        algorithm == "AWS" || algorithm.starts_with("AWS3") || algorithm.starts_with("AWS4-");
    if algorithm != ALGORITHM && signs_otherwise {
        return Err(Failure::UnsupportedAlgorithm {
            got: excerpt(algorithm),
        });
    }
    let parts = if algorithm == ALGORITHM {
        HeaderParts::read(rest)?
    } else {
        HeaderParts::default()
    };
    let date = date_header(request.headers)?;
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (parts.credential, parts.signature, parts.signed_headers, date)
    else {
        return Err(incomplete_header(&parts, date, algorithm));
    };
    Ok(Presented {
        request,
        credential: Cow::Borrowed(credential),
        signed_headers: header_names(Cow::Borrowed(signed_headers))?,
        signature: Cow::Borrowed(signature),
        signed_at: read_date(date)?,
        session_token: single(request.headers, "x-amz-security-token")?.map(Cow::Borrowed),
        form: Form::Header,
    })
}

/// `Credential=…, SignedHeaders=…, Signature=…`, with or without the blanks.
#[derive(Default)]
struct HeaderParts<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> HeaderParts<'a> {
    fn read(text: &'a str) -> Result<Self, Failure> {
        let mut parts = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                let part = excerpt(part);
                return Err(incomplete(format!(
                    "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header."
                )));
            };
            let place = match name {
                "Credential" => &mut parts.credential,
                "SignedHeaders" => &mut parts.signed_headers,
                "Signature" => &mut parts.signature,
                _ => continue,
            };
            if place.is_some() {
                return Err(incomplete(format!(
                    "Authorization header must have one '{name}' parameter."
                )));
            }
            *place = Some(value).filter(|value| !value.is_empty());
        }
        Ok(parts)
    }
}

fn incomplete_header(parts: &HeaderParts<'_>, date: Option<&str>, algorithm: &str) -> Failure {
    let mut message = String::new();
    for (part, name) in [
        (parts.credential, "Credential"),
        (parts.signature, "Signature"),
        (parts.signed_headers, "SignedHeaders"),
    ] {
        if part.is_none() {
            message.push_str(&format!("Authorization header requires '{name}' parameter. "));
        }
    }
    if date.is_none() {
        message.push_str(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
        );
    }
    // Only the scheme is repeated: what follows it may be somebody's password.
    message.push_str("Authorization=");
    message.push_str(&excerpt(algorithm));
    incomplete(message)
}

fn from_query<'a>(request: RequestView<'a>, parts: QueryParts<'a>) -> Result<Presented<'a>, Failure> {
    let missing = parts.missing();
    if !missing.is_empty() {
        return Err(incomplete(missing));
    }
    let QueryParts {
        algorithm,
        credential,
        date,
        expires,
        signed_headers,
        signature,
        token,
    } = parts;
    let algorithm = algorithm.unwrap_or_default();
    if algorithm != ALGORITHM {
        return Err(Failure::UnsupportedAlgorithm {
            got: excerpt(&algorithm),
        });
    }
    // The rule of S3 and of no other service: a body nobody signed could be anything.
    if request
        .headers
        .get_all("x-amz-content-sha256")
        .iter()
        .any(|value| value.as_bytes() == UNSIGNED_PAYLOAD)
    {
        return Err(incomplete(
            "'UNSIGNED-PAYLOAD' is not accepted by this service.".to_owned(),
        ));
    }
    let expires = expires.unwrap_or_default();
    let expires = expires
        .parse()
        .ok()
        .map(Duration::from_secs)
        .filter(|life| {
            !life.is_zero() && *life <= MAX_EXPIRES && expires.bytes().all(|byte| byte.is_ascii_digit())
        })
        .ok_or_else(|| {
            incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800.".to_owned())
        })?;
    let token_in_query = token.is_some();
    let token = match token {
        Some(token) => Some(token),
        None => single(request.headers, "x-amz-security-token")?.map(Cow::Borrowed),
    };
    Ok(Presented {
        request,
        credential: credential.unwrap_or_default(),
        signed_headers: header_names(signed_headers.unwrap_or_default())?,
        signature: signature.unwrap_or_default(),
        signed_at: read_date(&date.unwrap_or_default())?,
        session_token: token,
        form: Form::Query {
            expires,
            token_in_query,
        },
    })
}

/// The parameters of a presigned request, decoded.
#[derive(Default)]
struct QueryParts<'a> {
    algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    token: Option<Cow<'a, str>>,
}

impl<'a> QueryParts<'a> {
    /// The parts, or `None` if the query does not sign the request. Says so when it does in the manner of version 2.
    fn find(query: &'a str) -> Result<Option<Self>, Failure> {
        // Nearly every request is signed in its header and need not be read here.
        if !query.contains("X-Amz-") && !query.contains("SignatureVersion=") {
            return Ok(None);
        }
        let mut parts = Self::default();
        let mut version_2 = false;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "X-Amz-Algorithm" => &mut parts.algorithm,
                "X-Amz-Credential" => &mut parts.credential,
                "X-Amz-Date" => &mut parts.date,
                "X-Amz-Expires" => &mut parts.expires,
                "X-Amz-SignedHeaders" => &mut parts.signed_headers,
                "X-Amz-Signature" => &mut parts.signature,
                "X-Amz-Security-Token" => &mut parts.token,
                "SignatureVersion" => {
                    version_2 = true;
                    continue;
                }
                _ => continue,
            };
            if place.is_some() {
                return Err(incomplete(format!(
                    "AWS query-string parameters must include one '{name}'."
                )));
            }
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| incomplete(format!("AWS query-string parameter '{name}' must be UTF-8.")))?;
            *place = Some(value).filter(|value| !value.is_empty());
        }
        // A date or a token alone signs nothing.
        if parts.algorithm.is_some() || parts.credential.is_some() || parts.signature.is_some() {
            return Ok(Some(parts));
        }
        if version_2 {
            return Err(Failure::UnsupportedAlgorithm {
                got: "SignatureVersion 2".to_owned(),
            });
        }
        Ok(None)
    }

    fn missing(&self) -> String {
        let mut message = String::new();
        for (part, name) in [
            (&self.algorithm, "X-Amz-Algorithm"),
            (&self.credential, "X-Amz-Credential"),
            (&self.signature, "X-Amz-Signature"),
            (&self.signed_headers, "X-Amz-SignedHeaders"),
            (&self.date, "X-Amz-Date"),
            (&self.expires, "X-Amz-Expires"),
        ] {
            if part.is_none() {
                message.push_str(&format!("AWS query-string parameters must include '{name}'. "));
            }
        }
        if !message.is_empty() {
            message.push_str("Re-examine the query-string parameters.");
        }
        message
    }
}

/// The names in lower case and sorted; clients nearly always send them so.
fn header_names(names: Cow<'_, str>) -> Result<Cow<'_, str>, Failure> {
    if names.split(';').count() > MAX_SIGNED_HEADERS {
        return Err(incomplete(format!(
            "No more than {MAX_SIGNED_HEADERS} headers can be signed."
        )));
    }
    if names.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        return Err(incomplete(
            "'SignedHeaders' must be names joined with semicolons.".to_owned(),
        ));
    }
    let ascending = |names: &mut dyn Iterator<Item = &str>| names.is_sorted_by(|name, next| name < next);
    if !names.bytes().any(|byte| byte.is_ascii_uppercase()) && ascending(&mut names.split(';')) {
        return Ok(names);
    }
    let lower = names.to_ascii_lowercase();
    let mut sorted: Vec<_> = lower.split(';').collect();
    sorted.sort_unstable();
    // A long header named many times would make much work of a small request.
    if !ascending(&mut sorted.iter().copied()) {
        return Err(incomplete(
            "'SignedHeaders' must name every header once.".to_owned(),
        ));
    }
    Ok(Cow::Owned(sorted.join(";")))
}

fn date_header(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    match single(headers, "x-amz-date")? {
        Some(date) => Ok(Some(date)),
        None => single(headers, DATE.as_str()),
    }
}

fn read_date(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse_basic(text).map_err(|_| Failure::MalformedDate { got: excerpt(text) })
}

/// The only value of a header; a second one would make two readers see two requests.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Failure> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(incomplete(format!("Header '{name}' must appear once.")));
    }
    let text = value
        .to_str()
        .map_err(|_| incomplete(format!("Header '{name}' must be visible ASCII.")))?;
    Ok(Some(text.trim()))
}

fn incomplete(message: String) -> Failure {
    Failure::Incomplete { message }
}
