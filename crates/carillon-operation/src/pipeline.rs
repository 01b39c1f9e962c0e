//! The order in which a request is treated.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use carillon_aws::error::{Origin, Protocol, REQUEST_ID, WireError};
use carillon_aws::id::{AwsAccountId, account_of_access_key, is_access_key_id, uuid_v4};
use carillon_aws::query::{self, FormError};
use carillon_aws::shape::{Source, lower_first, violations_message};
use carillon_aws::sigv4::{Failure, Presented, RegionRule, RequestView, sha256};
use carillon_aws::xml;
use carillon_policy::Decision;
use carillon_store::Store;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Fault;
use crate::audit::{self, Event, Facts};
use crate::caller::{Call, Caller, Credentials, Identities, TransportSecurity, Unidentified};
use crate::environment::Environment;
use crate::operation::{Failed, Request, Target};
use crate::registry::{Entry, ServiceEntry};
use crate::strangers::Strangers;

/// Members nested deeper than this are refused before they are parsed.
const DEPTH: usize = 64;
/// Characters of a `User-Agent` or `Referer` that count. Both are kept in the trail and compared with patterns, and
/// whoever sends them need not be anybody.
const HEADER: usize = 1_024;
/// How often a request is authenticated again because its credentials changed under it.
const REREADS: u32 = 5;

/// From a signed request to its answer.
pub struct Pipeline {
    pub store: Store,
    pub identities: Arc<dyn Identities>,
    pub environment: Arc<Environment>,
    strangers: Strangers,
}

/// Who is at the other end of the connection.
#[derive(Debug, Clone)]
pub struct Peer {
    pub ip: IpAddr,
    pub tls: Option<TransportSecurity>,
}

/// How a request was answered, for metrics.
struct Answered<'a> {
    response: Response<Bytes>,
    /// Absent when the request did not come as far as an operation.
    entry: Option<&'a Entry>,
    decision: &'static str,
}

impl Pipeline {
    pub fn new(store: Store, identities: Arc<dyn Identities>, environment: Arc<Environment>) -> Self {
        Self {
            store,
            identities,
            environment,
            strangers: Strangers::default(),
        }
    }

    /// Answers one request. Never fails: what goes wrong is an answer too.
    pub async fn serve(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Response<Bytes> {
        let started = Instant::now();
        let call = self.call(parts, peer);
        let answered = self.answer(parts, body, &call).await;
        let measures = answered
            .entry
            .map_or(&self.environment.registry.unrouted, |entry| &entry.measures);
        let action = answered.entry.map_or("none", |entry| entry.spec.action);
        measures.record(
            action,
            answered.decision,
            answered.response.status(),
            started.elapsed(),
        );
        answered.response
    }

    /// The protocol that whoever sent this request expects an answer in.
    pub fn protocol(&self, parts: &Parts) -> Protocol {
        RequestView::of(parts)
            .claimed_service()
            .and_then(|name| self.environment.registry.service(&name))
            .map_or_else(|| guess_protocol(parts), |service| service.service.protocol)
    }

    fn call(&self, parts: &Parts, peer: &Peer) -> Call {
        let header = |name: HeaderName| {
            parts
                .headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Call {
            request_id: uuid_v4(&*self.environment.entropy),
            now: self.environment.clock.now(),
            source_ip: peer.ip,
            user_agent: header(http::header::USER_AGENT).map(cut),
            referer: header(http::header::REFERER).map(cut),
            host: header(http::header::HOST).unwrap_or_default(),
            tls: peer.tls.clone(),
        }
    }

    async fn answer(&self, parts: &Parts, body: &[u8], call: &Call) -> Answered<'_> {
        let view = RequestView::of(parts);
        let service = view
            .claimed_service()
            .and_then(|name| self.environment.registry.service(&name));
        let protocol = service.map_or_else(|| guess_protocol(parts), |service| service.service.protocol);
        // A scope of no service of ours is told which one the request looks made for.
        let services = self.environment.registry.services();
        let expected = service.or_else(|| services.iter().find(|entry| entry.service.protocol == protocol));
        let (service, mut credentials) = match self.authenticate(view, body, call, expected).await {
            Ok(authenticated) => authenticated,
            Err(stranger) => return self.turn_away(parts, service, call, stranger, protocol).await,
        };
        let (entry, input) = match self.read(service, parts, body) {
            Ok(found) => found,
            Err(Unreadable { name, fault, origin }) => {
                let event = self.unreadable_event(service, call, &credentials.caller, &name, &fault);
                let fault = self.append(event).await.err().unwrap_or(fault);
                return Answered {
                    response: refusal(&fault, protocol, origin, call),
                    entry: None,
                    decision: "none",
                };
            }
        };
        let mut outcome;
        let mut rereads = 0;
        loop {
            let request = Request {
                pipeline: self,
                service: service.service,
                entry,
                call,
                credentials: &credentials,
                input: &input,
            };
            outcome = entry.operation.run(&request).await;
            if !matches!(&outcome, Err(failed) if matches!(failed.fault, Fault::Changed)) {
                break;
            }
            if rereads == REREADS {
                if let Err(failed) = &outcome {
                    outcome = request.record(failed).await.map_err(Into::into).and(outcome);
                }
                break;
            }
            rereads += 1;
            self.identities.forget(&credentials.caller.access_key_id);
            credentials = match self.authenticate(view, body, call, Some(service)).await {
                Ok((_, credentials)) => credentials,
                Err(stranger) => {
                    return self
                        .turn_away(parts, Some(service), call, stranger, protocol)
                        .await;
                }
            };
        }
        match outcome {
            Ok(body) => Answered {
                response: success(entry, protocol, body, call),
                entry: Some(entry),
                decision: "allowed",
            },
            Err(failed) => Answered {
                response: refusal(&failed.fault, protocol, Origin::Service, call),
                entry: Some(entry),
                decision: match failed.decision.as_deref() {
                    Some(decision) if decision.is_allowed() => "allowed",
                    _ if matches!(failed.fault, Fault::Denied(_)) => "denied",
                    _ => "none",
                },
            },
        }
    }

    async fn turn_away(
        &self,
        parts: &Parts,
        service: Option<&ServiceEntry>,
        call: &Call,
        stranger: Stranger,
        protocol: Protocol,
    ) -> Answered<'_> {
        match stranger {
            Stranger::Failure(failure, key) => {
                self.record_stranger(parts, service, call, &failure, protocol, key)
                    .await;
                let (status, headers, body) = failure.render(protocol, &call.request_id);
                Answered {
                    response: response(status, headers, body),
                    entry: None,
                    decision: "unauthenticated",
                }
            }
            Stranger::Fault(fault) => {
                if let Fault::Internal(cause) = &fault {
                    log_internal(&**cause, call);
                }
                Answered {
                    response: refusal(&fault, protocol, Origin::FrontDoor, call),
                    entry: None,
                    decision: "none",
                }
            }
        }
    }

    /// The checks of a signature, in AWS's order.
    async fn authenticate<'a>(
        &'a self,
        view: RequestView<'_>,
        body: &[u8],
        call: &Call,
        service: Option<&'a ServiceEntry>,
    ) -> Result<(&'a ServiceEntry, Arc<Credentials>), Stranger> {
        let presented = Presented::parse(view)?;
        presented.check_time(call.now)?;
        let unchecked = presented.credential()?;
        let service = service.ok_or_else(|| Fault::internal("a server without services"))?;
        let region = service.service.region.map_or(RegionRule::Any, RegionRule::Only);
        let credential = unchecked.check(service.service.name, region)?;
        // Nothing else is ever the identifier of a key, and in a presigned request this may be any text.
        if !is_access_key_id(credential.access_key_id) {
            return Err(Failure::InvalidToken.into());
        }
        let credentials = self
            .identities
            .credentials(credential.access_key_id, presented.session_token(), call.now)
            .await
            .map_err(|unidentified| match unidentified {
                Unidentified::Invalid => Stranger::naming(credential.access_key_id, Failure::InvalidToken),
                Unidentified::Expired => Stranger::naming(credential.access_key_id, Failure::ExpiredToken),
                Unidentified::Store(error) => Stranger::Fault(Fault::Internal(error.into())),
            })?;
        let key = credentials.signing_key(credential.date, credential.region, credential.service);
        presented.verify(&key, &sha256(body)).map_err(|failure| {
            let owner = credentials.caller.aws_account_id;
            Stranger::Failure(failure, Some((owner, credential.access_key_id.to_owned())))
        })?;
        let used = self
            .identities
            .used(&credentials, service.service.name, credential.region, call.now);
        if let Some(record) = used {
            record.await;
        }
        Ok((service, credentials))
    }

    /// Finds the operation and its input.
    fn read<'a>(
        &'a self,
        service: &'a ServiceEntry,
        parts: &Parts,
        body: &[u8],
    ) -> Result<(&'a Entry, Value), Unreadable> {
        match service.service.protocol {
            Protocol::RestJson => read_rest(service, parts, body),
            Protocol::Query { .. } => read_query(service, parts, body),
            Protocol::Json11 => read_json(service, parts, body),
        }
    }

    async fn append(&self, event: Event) -> Result<(), Fault> {
        event
            .append(&self.store)
            .await
            .map_err(|error| Fault::Internal(error.into()))?;
        self.environment.after_commit(&event);
        Ok(())
    }

    fn unreadable_event(
        &self,
        service: &ServiceEntry,
        call: &Call,
        caller: &Caller,
        name: &str,
        fault: &Fault,
    ) -> Event {
        let wire = wire_error(fault, service.service.protocol, &call.request_id);
        let entry = service.named(name);
        Facts {
            call,
            entropy: &*self.environment.entropy,
            source: service.service.event_source,
            name: entry.map_or("UnknownOperation", |entry| entry.name),
            read_only: entry.is_some_and(|entry| entry.level.reads_only()),
            identity: Ok(caller),
            request_parameters: None,
            response_elements: None,
            error: Some((&wire.code, &wire.message)),
            decision: None,
            resource: None,
        }
        .event()
    }

    /// A request that nobody signed is recorded in the trail of the account its key identifier names, if that
    /// is one of ours. Whether it is recorded changes nothing of the answer.
    async fn record_stranger(
        &self,
        parts: &Parts,
        service: Option<&ServiceEntry>,
        call: &Call,
        failure: &Failure,
        protocol: Protocol,
        key: Option<(AwsAccountId, String)>,
    ) {
        let (Some(service), Some((account, access_key_id))) = (service, key) else {
            return;
        };
        let is_too_much = self.strangers.are_enough(account, call.now)
            || (self.is_ours(account).await && !self.strangers.admit(account, call.now));
        if is_too_much {
            metrics::counter!("carillon_stranger_events_dropped_total").increment(1);
            return;
        }
        let entry = match service.service.protocol {
            Protocol::RestJson => service
                .routed(parts.method.as_str(), parts.uri.path(), parts.uri.query())
                .ok()
                .flatten()
                .map(|(entry, _)| entry),
            Protocol::Query { .. } | Protocol::Json11 => None,
        };
        let event = Facts {
            call,
            entropy: &*self.environment.entropy,
            source: service.service.event_source,
            name: entry.map_or("UnknownOperation", |entry| entry.name),
            read_only: entry.is_some_and(|entry| entry.level.reads_only()),
            identity: Err((account, &access_key_id)),
            request_parameters: None,
            response_elements: None,
            error: Some((failure.code(protocol), &failure.message())),
            decision: None,
            resource: None,
        }
        .event();
        if let Err(fault) = self.append(event).await {
            tracing::error!(
                ?fault,
                request.id = call.request_id,
                "a refused request could not be recorded"
            );
        }
    }

    async fn is_ours(&self, account: AwsAccountId) -> bool {
        let found = async {
            self.store
                .read()
                .await?
                .fetch_optional::<(String,)>(
                    "SELECT aws_account_id FROM aws_account WHERE aws_account_id = $1",
                    carillon_store::bind![account],
                )
                .await
        };
        matches!(found.await, Ok(Some(_)))
    }
}

/// The part of a header that counts.
fn cut(mut header: String) -> String {
    // Characters are at most as many as bytes, which settles nearly all cases.
    if header.len() > HEADER
        && let Some((end, _)) = header.char_indices().nth(HEADER)
    {
        header.truncate(end);
    }
    header
}

/// Why nobody is known to ask.
enum Stranger {
    /// With the key that was named, if the check came that far, and the AWS account it is or would be of.
    Failure(Failure, Option<(AwsAccountId, String)>),
    Fault(Fault),
}

impl Stranger {
    /// Who names a key that nobody has. The identifiers that AWS and we draw say whose it would be.
    fn naming(access_key_id: &str, failure: Failure) -> Self {
        let account = account_of_access_key(access_key_id);
        Self::Failure(
            failure,
            account.map(|account| (account, access_key_id.to_owned())),
        )
    }
}

impl From<Failure> for Stranger {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure, None)
    }
}

impl From<Fault> for Stranger {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Why no operation was found for a request, or no input for the operation.
struct Unreadable {
    /// The operation, if it is known.
    name: String,
    fault: Fault,
    origin: Origin,
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

fn read_json<'a>(
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

/// Nobody told us which service is meant: forms are IAM's and STS's way, everything else is JSON.
fn guess_protocol(parts: &Parts) -> Protocol {
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
        Protocol::RestJson
    }
}

impl Request<'_> {
    /// The body of a success, and, for writes, the same for the trail.
    pub(crate) fn encode<T: Serialize>(
        &self,
        output: &T,
        read_only: bool,
    ) -> Result<(Vec<u8>, Option<Value>), Fault> {
        let json = |output: &T| serde_json::to_vec(output).map_err(Fault::internal);
        let protocol = self.service.protocol;
        if read_only && !matches!(protocol, Protocol::Query { .. }) {
            return Ok((json(output)?, None));
        }
        let tree = serde_json::to_value(output).map_err(Fault::internal)?;
        let body = match protocol {
            Protocol::Query { xmlns } => {
                xml::response(self.entry.name, xmlns, &tree, &self.call.request_id).into_bytes()
            }
            Protocol::RestJson | Protocol::Json11 if self.entry.spec.status == 204 => Vec::new(),
            Protocol::RestJson | Protocol::Json11 => json(output)?,
        };
        let elements = (!read_only && !tree.is_null()).then(|| {
            audit::bounded(&tree).unwrap_or_else(|| {
                let mut masked = tree;
                self.entry.output().mask(&mut masked);
                lower_first(masked)
            })
        });
        Ok((body, elements))
    }

    pub(crate) fn success_event(
        &self,
        decision: Option<&Decision>,
        target: &Target,
        response_elements: Option<Value>,
    ) -> Event {
        self.event(None, decision, target.filed_under.clone(), response_elements)
    }

    /// Writes the event of a request that failed. One that will be run again is not over yet.
    pub(crate) async fn record_failure(&self, failed: &Failed) -> Result<(), Fault> {
        match failed.fault {
            Fault::Changed => Ok(()),
            _ => self.record(failed).await,
        }
    }

    /// Writes the event of a request that ends so.
    async fn record(&self, failed: &Failed) -> Result<(), Fault> {
        let fault = &failed.fault;
        if let Fault::Internal(cause) = fault {
            log_internal(&**cause, self.call);
        }
        let wire = wire_error(fault, self.service.protocol, &self.call.request_id);
        let event = self.event(
            Some((audit::error_code(fault, &wire.code), &wire.message)),
            failed.decision.as_deref(),
            failed.filed_under.clone(),
            None,
        );
        self.pipeline.append(event).await
    }

    fn event(
        &self,
        error: Option<(&str, &str)>,
        decision: Option<&Decision>,
        resource: Option<(&'static str, String)>,
        response_elements: Option<Value>,
    ) -> Event {
        let parameters = self
            .input
            .as_object()
            .filter(|members| !members.is_empty())
            .map(|_| {
                audit::bounded(self.input).unwrap_or_else(|| {
                    let mut masked = self.input.clone();
                    self.entry.input().mask(&mut masked);
                    lower_first(masked)
                })
            });
        let resource =
            resource.or_else(|| (self.service.resource_of)(self.input, response_elements.as_ref()));
        Facts {
            call: self.call,
            entropy: &*self.pipeline.environment.entropy,
            source: self.service.event_source,
            name: self.entry.name,
            read_only: self.entry.level.reads_only(),
            identity: Ok(self.caller()),
            request_parameters: parameters,
            response_elements,
            error,
            decision,
            resource,
        }
        .event()
    }
}

fn log_internal(cause: &(dyn std::error::Error + Send + Sync + 'static), call: &Call) {
    let mut chain = cause.to_string();
    let mut source = cause.source();
    while let Some(next) = source {
        chain.push_str(": ");
        chain.push_str(&next.to_string());
        source = next.source();
    }
    tracing::error!(request.id = call.request_id, error = chain, "request failed");
}

/// A fault in the terms of a protocol.
struct Wire {
    status: u16,
    code: Cow<'static, str>,
    message: String,
}

fn wire_error(fault: &Fault, protocol: Protocol, request_id: &str) -> Wire {
    // Query services name codes without the suffix, JSON services name exceptions.
    let by_protocol = |query: &'static str, json: &'static str| {
        Cow::Borrowed(if matches!(protocol, Protocol::Query { .. }) {
            query
        } else {
            json
        })
    };
    let json11 = matches!(protocol, Protocol::Json11);
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
            code: if json11 {
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
        Fault::Internal(_) => Wire {
            status: 500,
            code: by_protocol("ServiceFailure", "ServiceFailureException"),
            message: format!("the service failed; request id: {request_id}"),
        },
        Fault::Contended | Fault::Changed => Wire {
            status: 503,
            code: by_protocol("ServiceUnavailable", "ServiceUnavailableException"),
            message: "too many changes at the same time; try again".to_owned(),
        },
    }
}

fn refusal(fault: &Fault, protocol: Protocol, origin: Origin, call: &Call) -> Response<Bytes> {
    let wire = wire_error(fault, protocol, &call.request_id);
    let status = StatusCode::from_u16(wire.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = WireError {
        status,
        code: &wire.code,
        message: &wire.message,
        origin,
    };
    let (status, headers, body) = error.render(protocol, &call.request_id);
    response(status, headers, body)
}

fn success(entry: &Entry, protocol: Protocol, body: Vec<u8>, call: &Call) -> Response<Bytes> {
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

fn response(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
