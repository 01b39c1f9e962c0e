//! The order in which a request is treated.

mod answer;
mod read;
mod record;
mod stranger;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use carillon_aws::error::{Origin, Protocol};
use carillon_aws::id::{AwsAccountId, is_access_key_id};
use carillon_aws::secret::Secret;
use carillon_aws::sigv4::{Failure, Presented, RegionRule, RequestView, sha256};
use carillon_policy::Policies;
use carillon_store::Store;
use http::Response;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;

use self::answer::{refusal, response, success, wire_error};
use self::read::{Unreadable, guess_protocol, introducing, read, read_json};
use self::record::log_internal;
use self::stranger::Stranger;
use crate::Fault;
use crate::audit::{Event, Facts, event_id};
use crate::authorization_message::{self, AUTHORIZATION_MESSAGE};
use crate::caller::{Call, Caller, Credentials, Identities, TransportSecurity, Unidentified};
use crate::decision_record::Snapshots;
use crate::environment::Environment;
use crate::operation::{Failed, Introduction, Request};
use crate::outside::Outside;
use crate::rate_limit::RateLimit;
use crate::registry::{Entry, ServiceEntry};
use crate::spec::Admission;
use crate::strangers::Strangers;

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
    outside: Outside,
    strangers: Strangers,
    rate_limit: Option<RateLimit>,
    pub(crate) snapshots: Snapshots,
}

/// Who is at the other end of the connection.
#[derive(Debug, Clone)]
pub struct Peer {
    pub ip: IpAddr,
    pub tls: Option<TransportSecurity>,
}

/// What the web console asks for somebody who is signed in there: any operation by its name, as JSON.
#[derive(Debug, Clone, Copy)]
pub struct ConsoleRequest<'a> {
    /// Of the temporary credentials that the session stands for.
    pub access_key_id: &'a str,
    pub session_token: &'a str,
    /// As in a credential scope: `chime`.
    pub service: &'a str,
    pub operation: &'a str,
}

/// How a request says whose it is.
#[derive(Clone, Copy)]
enum Proof<'a> {
    Signature { view: RequestView<'a>, body: &'a [u8] },
    Console(ConsoleRequest<'a>),
}

/// An operation that was found, with its input.
struct Asked<'a> {
    service: &'a ServiceEntry,
    entry: &'a Entry,
    input: serde_json::Value,
    protocol: Protocol,
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
            outside: Outside::default(),
            strangers: Strangers::default(),
            rate_limit: None,
            snapshots: Snapshots::default(),
        }
    }

    /// Lets proofs of identity be checked with those who made them.
    #[must_use]
    pub fn with_outside(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }

    /// Lets each principal make so many requests a second, and twice as many at once; without a number, any.
    #[must_use]
    pub fn with_rate_limit(mut self, per_second: Option<NonZeroU32>) -> Self {
        self.rate_limit = per_second.map(RateLimit::new);
        self
    }

    /// Answers one request. Never fails: what goes wrong is an answer too.
    pub async fn serve(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Response<Bytes> {
        let started = Instant::now();
        let call = self.call(parts, peer);
        self.measured(self.answer(parts, body, &call).await, started)
    }

    /// Answers one request of the web console, in JSON 1.1 whatever the service. Who may ask for whom is settled by
    /// then; the rest is as for everybody else.
    pub async fn serve_console(
        &self,
        parts: &Parts,
        body: &[u8],
        peer: &Peer,
        asked: ConsoleRequest<'_>,
    ) -> Response<Bytes> {
        let started = Instant::now();
        let call = Call {
            from_console: true,
            ..self.call(parts, peer)
        };
        self.measured(self.answer_console(parts, body, &call, asked).await, started)
    }

    fn measured(&self, answered: Answered<'_>, started: Instant) -> Response<Bytes> {
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
        let now = self.environment.clock.now();
        Call {
            // Its time finds the event, so that explanations need no index.
            request_id: event_id(now, &*self.environment.entropy),
            now,
            source_ip: peer.ip,
            user_agent: header(http::header::USER_AGENT).map(cut),
            referer: header(http::header::REFERER).map(cut),
            host: header(http::header::HOST).unwrap_or_default(),
            tls: peer.tls.clone(),
            from_console: false,
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
        let (service, known) = match self.authenticate(view, body, call, expected).await {
            Ok((service, credentials)) => (service, Some(credentials)),
            Err(Stranger::Failure(Failure::MissingAuthentication, None))
                if let Some(service) = introducing(services, parts, body) =>
            {
                (service, None)
            }
            Err(stranger) => return Box::pin(self.turn_away(parts, service, call, stranger, protocol)).await,
        };
        let protocol = service.service.protocol;
        if let Some(known) = &known {
            let name = || match read(service, parts, body) {
                Ok((entry, _)) => entry.name.to_owned(),
                Err(unreadable) => unreadable.name,
            };
            if let Some(refused) = self.throttle(service, protocol, call, &known.caller, name).await {
                return refused;
            }
        }
        let (entry, input) = match read(service, parts, body) {
            Ok(found) => found,
            Err(Unreadable { name, fault, origin }) => {
                let fault = match &known {
                    Some(known) => {
                        let event = self.unreadable_event(service, call, &known.caller, &name, &fault);
                        Box::pin(self.append(event)).await.err().unwrap_or(fault)
                    }
                    None => fault,
                };
                return Answered {
                    response: refusal(&fault, protocol, origin, call),
                    entry: None,
                    decision: "none",
                };
            }
        };
        let credentials = match (entry.spec.admission, known) {
            (Admission::Introduced, _) => {
                match Box::pin(self.introduce(service, entry, &input, call)).await {
                    Ok(credentials) => {
                        let name = || entry.name.to_owned();
                        let throttled = self.throttle(service, protocol, call, &credentials.caller, name);
                        match Box::pin(throttled).await {
                            Some(refused) => return refused,
                            None => credentials,
                        }
                    }
                    Err(fault) => {
                        return Answered {
                            response: refusal(&fault, protocol, Origin::Service, call),
                            entry: Some(entry),
                            decision: "unauthenticated",
                        };
                    }
                }
            }
            (_, Some(known)) => known,
            (_, None) => {
                let stranger = Failure::MissingAuthentication.into();
                return Box::pin(self.turn_away(parts, Some(service), call, stranger, protocol)).await;
            }
        };
        let asked = Asked {
            service,
            entry,
            input,
            protocol,
        };
        let proof = Proof::Signature { view, body };
        self.perform(parts, asked, proof, credentials, call).await
    }

    async fn answer_console(
        &self,
        parts: &Parts,
        body: &[u8],
        call: &Call,
        asked: ConsoleRequest<'_>,
    ) -> Answered<'_> {
        let protocol = Protocol::Json11;
        let proof = Proof::Console(asked);
        let Some(service) = self.environment.registry.service(asked.service) else {
            let fault = Fault::refused(400, "UnknownOperationException", "unknown service");
            return Answered {
                response: refusal(&fault, protocol, Origin::FrontDoor, call),
                entry: None,
                decision: "none",
            };
        };
        let credentials = match self.prove(proof, call, service).await {
            Ok(credentials) => credentials,
            Err(stranger) => {
                return Box::pin(self.turn_away(parts, Some(service), call, stranger, protocol)).await;
            }
        };
        let name = || asked.operation.to_owned();
        if let Some(refused) = self
            .throttle(service, protocol, call, &credentials.caller, name)
            .await
        {
            return refused;
        }
        let (entry, input) = match read_json(service, asked.operation, body) {
            Ok(found) => found,
            Err(Unreadable { name, fault, origin }) => {
                let event = self.unreadable_event(service, call, &credentials.caller, &name, &fault);
                let fault = Box::pin(self.append(event)).await.err().unwrap_or(fault);
                return Answered {
                    response: refusal(&fault, protocol, origin, call),
                    entry: None,
                    decision: "none",
                };
            }
        };
        if entry.spec.admission == Admission::Introduced {
            // Whoever is signed in is somebody already.
            let fault = Fault::refused(
                400,
                "UnknownOperationException",
                "not an operation of the console",
            );
            return Answered {
                response: refusal(&fault, protocol, Origin::Service, call),
                entry: Some(entry),
                decision: "none",
            };
        }
        let asked = Asked {
            service,
            entry,
            input,
            protocol,
        };
        self.perform(parts, asked, proof, credentials, call).await
    }

    /// Refuses the request of somebody who makes too many, before anything is done for it. A flood of them does not flood
    /// the trail as well: it hears of each principal once a minute.
    ///
    /// `name`: of the operation, if it is known.
    async fn throttle(
        &self,
        service: &ServiceEntry,
        protocol: Protocol,
        call: &Call,
        caller: &Caller,
        name: impl FnOnce() -> String,
    ) -> Option<Answered<'_>> {
        let too_many = self.rate_limit.as_ref()?.admit(caller, call.now).err()?;
        let mut fault = Fault::Throttled;
        if too_many.is_news {
            let event = self.unreadable_event(service, call, caller, &name(), &fault);
            fault = Box::pin(self.append(event)).await.err().unwrap_or(fault);
        }
        Some(Answered {
            response: refusal(&fault, protocol, Origin::Service, call),
            entry: None,
            decision: "throttled",
        })
    }

    /// Carries out what was asked for, once more if the credentials changed under it.
    async fn perform<'a>(
        &'a self,
        parts: &Parts,
        asked: Asked<'a>,
        proof: Proof<'_>,
        mut credentials: Arc<Credentials>,
        call: &Call,
    ) -> Answered<'a> {
        let Asked {
            service,
            entry,
            input,
            protocol,
        } = asked;
        let mut outcome;
        let mut rereads = 0;
        loop {
            let request = Request {
                pipeline: self,
                service: service.service,
                protocol,
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
                    outcome = Box::pin(request.record(failed))
                        .await
                        .map_err(Into::into)
                        .and(outcome);
                }
                break;
            }
            rereads += 1;
            self.identities.forget(&credentials.caller.access_key_id);
            credentials = match Box::pin(self.prove(proof, call, service)).await {
                Ok(credentials) => credentials,
                Err(stranger) => {
                    return Box::pin(self.turn_away(parts, Some(service), call, stranger, protocol)).await;
                }
            };
        }
        let caller = &credentials.caller;
        if let Some(record) = self.identities.accessed(caller, entry.spec.action, call.now) {
            record.await;
        }
        match outcome {
            Ok(body) => Answered {
                response: success(entry, protocol, body, call),
                entry: Some(entry),
                decision: "allowed",
            },
            Err(failed) => Answered {
                response: self.refused(&failed, protocol, caller.aws_account_id, call),
                entry: Some(entry),
                decision: match failed.decided.as_deref() {
                    Some(decided) if decided.decision.is_allowed() => "allowed",
                    _ if matches!(failed.fault, Fault::Denied(_)) => "denied",
                    _ => "none",
                },
            },
        }
    }

    /// The answer to a request that failed. If the policies refused it, a header says where the decision is recorded, to
    /// whoever may open it.
    fn refused(
        &self,
        failed: &Failed,
        protocol: Protocol,
        account: AwsAccountId,
        call: &Call,
    ) -> Response<Bytes> {
        let mut response = refusal(&failed.fault, protocol, Origin::Service, call);
        if failed.decided.is_some() && matches!(failed.fault, Fault::Denied(_)) {
            let Environment { vault, entropy, .. } = &*self.environment;
            let message = authorization_message::encode(vault, &**entropy, account, &call.request_id);
            if let Ok(message) = HeaderValue::from_str(&message) {
                response.headers_mut().insert(AUTHORIZATION_MESSAGE, message);
            }
        }
        response
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

    /// Whose a request is.
    async fn prove(
        &self,
        proof: Proof<'_>,
        call: &Call,
        service: &ServiceEntry,
    ) -> Result<Arc<Credentials>, Stranger> {
        match proof {
            Proof::Signature { view, body } => self
                .authenticate(view, body, call, Some(service))
                .await
                .map(|(_, credentials)| credentials),
            Proof::Console(asked) => self
                .identities
                .credentials(asked.access_key_id, Some(asked.session_token), call.now)
                .await
                .map_err(|unidentified| match unidentified {
                    Unidentified::Invalid => Failure::InvalidToken.into(),
                    Unidentified::Expired => Failure::ExpiredToken.into(),
                    Unidentified::Store(error) => Stranger::Fault(Fault::Internal(error.into())),
                }),
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

    /// Whom the input of a request proves, with no policies.
    async fn introduce(
        &self,
        service: &ServiceEntry,
        entry: &Entry,
        input: &serde_json::Value,
        call: &Call,
    ) -> Result<Arc<Credentials>, Fault> {
        let by = Introduction {
            call,
            environment: &self.environment,
            store: &self.store,
            outside: &self.outside,
        };
        match entry.operation.introduce(input, &by).await {
            Ok(caller) => {
                let nothing = Secret::new(String::new());
                let credentials = Credentials::new(caller, nothing, None, Policies::new(), 0, 0);
                Ok(Arc::new(credentials))
            }
            Err(unknown) => {
                if let Fault::Internal(cause) = &unknown.fault {
                    log_internal(&**cause, call);
                }
                self.record_unknown(service, entry, input, call, &unknown).await;
                Err(unknown.fault)
            }
        }
    }

    async fn append(&self, event: Event) -> Result<(), Fault> {
        event
            .append(&self.store)
            .await
            .map_err(|error| Fault::Internal(error.into()))?;
        self.recorded(&event);
        Ok(())
    }

    /// What follows when an event is durable.
    pub(crate) fn recorded(&self, event: &Event) {
        self.snapshots.written(&event.snapshots, event.at);
        self.environment.after_commit(event);
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
