//! What becomes of a request before and after the pipeline: its limits, and the pages that are not AWS's.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use carillon_aws::error::{Origin, Protocol, REQUEST_ID, WireError};
use carillon_aws::id::uuid_v4;
use carillon_chime::activity::Feed;
use carillon_chime::{Portal, as_csv};
use carillon_operation::{Pipeline, TransportSecurity};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::{Answer, AnswerBody};
use crate::cidr::Cidr;
use crate::console::{self, Console};
use crate::files::Files;
use crate::punctual::Punctual;
use crate::share::Connected;
use crate::undivided::Undivided;

/// The largest body, in bytes.
pub const BODY_SIZE: usize = 1024 * 1024;
/// The longest that a body may take to arrive.
pub const BODY_TIME: Duration = Duration::from_secs(20);
/// The longest that an answer may take to be made. Clients of AWS wait for a minute.
pub const ANSWER_TIME: Duration = Duration::from_secs(55);
/// The most header lines of a request.
pub const HEADER_COUNT: usize = 100;
/// The largest head of a request, in bytes. Up to twice as many are read, so that the answer is an error of AWS; beyond
/// it is HTTP's own.
pub const HEADER_SIZE: usize = 32 * 1024;
/// What bodies that arrive at the same time may take together, in bytes.
pub const BODIES: usize = 256 * 1024 * 1024;

/// Files that are uploaded at the same time. Each may take some MiB on its way.
pub const UPLOADS: usize = 16;
/// The longest that a file may take to arrive, and then to be kept.
const UPLOAD_TIME: Duration = Duration::from_secs(10 * 60);
const KEEP_TIME: Duration = Duration::from_secs(60);

/// Requests that are read or answered at the same time. Each may have a head of [`HEADER_SIZE`].
pub const OPEN: usize = 4_096;
/// Requests that are answered at the same time, whether or not their client still waits.
pub const ANSWERED: u32 = 1_024;

/// Bodies are counted in pieces of this size.
const PIECE: usize = 16 * 1024;
/// How long a client that sent too much may go on, so that it hears the answer instead of a reset.
const GRACE: Duration = Duration::from_secs(2);
/// Where the server says whether it can be asked.
const READY: &str = "/readyz";
/// How long the database may take to say that it is there.
const PING: Duration = Duration::from_secs(5);

/// Who is at the other end of a connection.
#[derive(Debug)]
pub struct Peer {
    pub ip: IpAddr,
    /// TLS version and cipher suite.
    pub tls: Option<(String, String)>,
    /// What its address has of the server. Proxies that we trust have no share: they speak for everybody.
    pub share: Option<Connected>,
}

/// Answers requests.
pub struct Door {
    pipeline: Arc<Pipeline>,
    portal: Arc<Portal>,
    files: Files,
    feed: Arc<Feed>,
    console: Arc<Console>,
    metrics: PrometheusHandle,
    proxies: Vec<Cidr>,
    open: Semaphore,
    answered: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
}

/// Bytes of what came before the body, without what separates its parts.
fn size_of_head(parts: &Parts) -> usize {
    let target = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
    let headers = parts.headers.iter();
    target
        + headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum::<usize>()
}

/// Why a request does not reach the pipeline.
struct Refusal {
    status: StatusCode,
    /// In Query and JSON 1.1.
    code: &'static str,
    /// In REST-JSON: an exception that the public model has, so that clients raise it.
    exception: &'static str,
    message: String,
}

impl Door {
    pub fn new(pipeline: Arc<Pipeline>, files: Files, metrics: PrometheusHandle, proxies: Vec<Cidr>) -> Self {
        let portal = Portal::new(pipeline.store.clone(), Arc::clone(&pipeline.environment))
            .with_files(files.of_people());
        let feed = Feed::new(pipeline.store.clone(), Arc::clone(&pipeline.environment));
        Self {
            feed: Arc::new(feed),
            console: Arc::new(Console::new(Arc::clone(&pipeline))),
            pipeline,
            portal: Arc::new(portal),
            files,
            metrics,
            proxies,
            open: Semaphore::new(OPEN),
            answered: Arc::new(Semaphore::new(ANSWERED as usize)),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            bodies: Arc::new(Semaphore::new(BODIES / PIECE)),
        }
    }

    /// Whether this is a proxy that may speak for its clients.
    pub fn is_proxy(&self, ip: IpAddr) -> bool {
        self.proxies.iter().any(|proxy| proxy.contains(ip))
    }

    /// Resolves when nothing is being answered, not even for clients that left.
    pub async fn finish(&self) {
        // Nobody closes it, so there is nothing else to hear.
        let _ = self.answered.acquire_many(ANSWERED).await;
    }

    /// Answers one request. Never fails: what goes wrong is an answer too.
    pub async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Answer {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let parts = Arc::new(parts);
        let answer = self
            .treat(&parts, body, peer)
            .await
            .unwrap_or_else(|refusal| self.refuse(&parts, &refusal));
        // The query is left out: secrets of invitations and signatures are in it.
        tracing::debug!(
            request.id = answer.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()),
            http.method = %parts.method,
            http.path = parts.uri.path(),
            http.status = answer.status().as_u16(),
            client.ip = %peer.ip,
            duration_ms = began.elapsed().as_secs_f64() * 1e3,
            "answered"
        );
        answer
    }

    async fn treat(&self, parts: &Arc<Parts>, body: Incoming, peer: &Peer) -> Result<Answer, Refusal> {
        if matches!(parts.method, Method::GET | Method::HEAD)
            && let Some(page) = self.page(parts)
        {
            return Ok(page);
        }
        if parts.headers.len() > HEADER_COUNT {
            return Err(Refusal::head_too_large(format!(
                "more than {HEADER_COUNT} headers"
            )));
        }
        if size_of_head(parts) > HEADER_SIZE {
            return Err(Refusal::head_too_large(format!(
                "a head of more than {HEADER_SIZE} bytes"
            )));
        }
        let _open = self.open.try_acquire().map_err(|_| Refusal::too_busy())?;
        let share = match &peer.share {
            Some(share) => Some(share.request().ok_or_else(Refusal::too_greedy)?),
            None => None,
        };
        if matches!(parts.method, Method::GET | Method::HEAD) && parts.uri.path() == READY {
            return Ok(self.readiness().await);
        }
        if Files::owns(parts.uri.path()) {
            let ip = self.client(&parts.headers, peer).ip;
            return Ok(self.files.serve(parts, ip, share).await);
        }
        if Portal::is_upload(parts) {
            return self.upload(parts, body, peer, share).await;
        }
        let (body, space) = self.collect(body).await?;
        let answered = Arc::clone(&self.answered)
            .try_acquire_owned()
            .map_err(|_| Refusal::too_busy())?;
        let peer = self.client(&parts.headers, peer);
        let (pipeline, portal, feed, console, parts) = (
            Arc::clone(&self.pipeline),
            Arc::clone(&self.portal),
            Arc::clone(&self.feed),
            Arc::clone(&self.console),
            Arc::clone(parts),
        );
        let answer = async move {
            // What the request takes up is taken up as long as it is worked on.
            let _held = (space, share, answered);
            if let Some(page) = portal.serve(&parts, &body, &peer).await {
                return page;
            }
            if let Some(answer) = feed.serve(&parts, &body).await {
                return answer;
            }
            if let Some(answer) = console.serve(&parts, &body, &peer).await {
                return answer;
            }
            as_csv(&parts, pipeline.serve(&parts, &body, &peer).await)
        };
        match tokio::time::timeout(ANSWER_TIME, Undivided::new(answer)).await {
            Ok(Ok(response)) => Ok(response.map(AnswerBody::from)),
            // The panic itself is in the log already.
            Ok(Err(_)) => Err(Refusal::failed()),
            Err(_) => {
                tracing::error!(
                    seconds = ANSWER_TIME.as_secs(),
                    "a request was not answered in time"
                );
                Err(Refusal::too_late())
            }
        }
    }

    /// Hands a file on to the portal as it comes.
    async fn upload(
        &self,
        parts: &Arc<Parts>,
        body: Incoming,
        peer: &Peer,
        share: Option<impl Send + 'static>,
    ) -> Result<Answer, Refusal> {
        let place = Arc::clone(&self.uploads)
            .try_acquire_owned()
            .map_err(|_| Refusal::too_much())?;
        let peer = self.client(&parts.headers, peer);
        let (portal, parts) = (Arc::clone(&self.portal), Arc::clone(parts));
        let answer = async move {
            let _held = (share, place);
            let body = Punctual::new(body, UPLOAD_TIME);
            portal.upload(&parts, Box::pin(body), &peer).await
        };
        match tokio::time::timeout(UPLOAD_TIME + KEEP_TIME, Undivided::new(answer)).await {
            Ok(Ok(response)) => Ok(response.map(AnswerBody::from)),
            Ok(Err(_)) => Err(Refusal::failed()),
            Err(_) => Err(Refusal::too_slow()),
        }
    }

    /// The pages that are not AWS's and need no signature, and nobody waits for.
    fn page(&self, parts: &Parts) -> Option<Answer> {
        Some(match parts.uri.path() {
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/metrics" => {
                let answering = ANSWERED as usize - self.answered.available_permits();
                metrics::gauge!("carillon_requests_answering").set(answering as f64);
                plain(
                    StatusCode::OK,
                    "text/plain; version=0.0.4; charset=utf-8",
                    self.metrics.render(),
                )
            }
            path if !is_signed(parts) => match console_of(path) {
                Some(_) if !Console::is_built() => plain(StatusCode::OK, "text/html; charset=utf-8", CONSOLE),
                Some(Some(account)) => console::sign_in_address(account).map(AnswerBody::from),
                Some(None) | None => return None,
            },
            _ => return None,
        })
    }

    async fn readiness(&self) -> Answer {
        match tokio::time::timeout(PING, self.pipeline.store.ping()).await {
            Ok(Ok(())) => text(StatusCode::OK, "ready\n"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready: the database does not answer");
                text(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
            }
            Err(_) => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer in time\n",
            ),
        }
    }

    /// The body, with the space it takes up.
    async fn collect(&self, body: Incoming) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        if body.is_end_stream() {
            return Ok((Bytes::new(), None));
        }
        // Said beforehand: the client that waits for `100 Continue` need not send it.
        if body.size_hint().lower() > BODY_SIZE as u64 {
            return Err(Refusal::too_large());
        }
        tokio::time::timeout(BODY_TIME, self.read(body))
            .await
            .unwrap_or_else(|_| Err(Refusal::too_slow()))
    }

    async fn read(&self, mut body: Incoming) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        let mut collected = Vec::new();
        let mut whole = BytesMut::new();
        let (mut size, mut space) = (0, None::<OwnedSemaphorePermit>);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::broken())?;
            let Ok(data) = frame.into_data() else { continue };
            size += data.len();
            if size > BODY_SIZE {
                let _ = tokio::time::timeout(GRACE, drain(body)).await;
                return Err(Refusal::too_large());
            }
            self.reserve(&mut space, size)?;
            collected.push(data);
            // Many small pieces would cost more than what they hold.
            if collected.len() == 64 {
                collected
                    .drain(..)
                    .for_each(|piece| whole.extend_from_slice(&piece));
            }
        }
        let bytes = match (whole.is_empty(), collected.len()) {
            (true, 1) => collected.pop().unwrap_or_default(),
            _ => {
                collected
                    .drain(..)
                    .for_each(|piece| whole.extend_from_slice(&piece));
                whole.freeze()
            }
        };
        Ok((bytes, space))
    }

    fn reserve(&self, space: &mut Option<OwnedSemaphorePermit>, size: usize) -> Result<(), Refusal> {
        let have = space.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(size.div_ceil(PIECE).saturating_sub(have)).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let more = Arc::clone(&self.bodies)
            .try_acquire_many_owned(more)
            .map_err(|_| Refusal::too_much())?;
        match space {
            Some(space) => space.merge(more),
            None => *space = Some(more),
        }
        Ok(())
    }

    /// Who asks: the peer, or whom a proxy that we trust speaks for.
    fn client(&self, headers: &HeaderMap, peer: &Peer) -> carillon_operation::Peer {
        let ends_here = peer
            .tls
            .as_ref()
            .map(|(version, cipher_suite)| TransportSecurity::Here {
                version: version.clone(),
                cipher_suite: cipher_suite.clone(),
            });
        if !self.is_proxy(peer.ip) {
            return carillon_operation::Peer {
                ip: peer.ip,
                tls: ends_here,
            };
        }
        // From the right, which our own proxies wrote, to the first that is none of them.
        let mut ip = peer.ip;
        for hop in listed(headers, "x-forwarded-for") {
            let Ok(address) = hop.parse() else { break };
            ip = address;
            if !self.is_proxy(address) {
                break;
            }
        }
        let was_secure = listed(headers, "x-forwarded-proto")
            .next()
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        carillon_operation::Peer {
            ip,
            tls: was_secure.then_some(TransportSecurity::AtProxy),
        }
    }

    /// A refusal in the protocol of the service that the request is for.
    fn refuse(&self, parts: &Parts, refusal: &Refusal) -> Answer {
        let protocol = self.pipeline.protocol(parts);
        let error = WireError {
            status: refusal.status,
            code: match protocol {
                Protocol::RestJson(_) => refusal.exception,
                Protocol::Query { .. } | Protocol::Json11 => refusal.code,
            },
            message: &refusal.message,
            origin: Origin::Service,
        };
        let id = uuid_v4(&*self.pipeline.environment.entropy);
        let (status, headers, body) = error.render(protocol, &id);
        let mut response = Response::new(AnswerBody::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

impl Refusal {
    fn bad(status: StatusCode, code: &'static str, message: String) -> Self {
        Self {
            status,
            code,
            exception: "BadRequestException",
            message,
        }
    }

    fn too_large() -> Self {
        let message = format!("the body is larger than {BODY_SIZE} bytes");
        Self::bad(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    fn head_too_large(what: String) -> Self {
        Self::bad(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "RequestHeaderSectionTooLarge",
            format!("the request has {what}"),
        )
    }

    fn too_slow() -> Self {
        let message = format!("the body did not arrive within {} seconds", BODY_TIME.as_secs());
        Self::bad(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
    }

    fn broken() -> Self {
        Self::bad(
            StatusCode::BAD_REQUEST,
            "IncompleteBody",
            "the body did not arrive whole".to_owned(),
        )
    }

    fn too_much() -> Self {
        Self::busy("too many large requests at the same time; try again")
    }

    fn too_busy() -> Self {
        Self::busy("too many requests at the same time; try again")
    }

    fn too_greedy() -> Self {
        Self::busy("too many requests from one address at the same time; try again")
    }

    fn busy(message: &str) -> Self {
        metrics::counter!("carillon_requests_refused_total").increment(1);
        Self::unavailable(message)
    }

    fn too_late() -> Self {
        Self::unavailable("the request could not be answered in time")
    }

    fn unavailable(message: &str) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "ServiceUnavailable",
            exception: "ServiceUnavailableException",
            message: message.to_owned(),
        }
    }

    fn failed() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "ServiceFailure",
            exception: "ServiceFailureException",
            message: "the service failed".to_owned(),
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut more = 0;
    while let Some(Ok(frame)) = body.frame().await {
        more += frame.data_ref().map_or(0, Bytes::len);
        if more > BODY_SIZE {
            return;
        }
    }
}

/// The entries of a header that lists, the last one first.
fn listed<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
    lines
        .into_iter()
        .rev()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','))
        .map(str::trim)
}

fn is_signed(parts: &Parts) -> bool {
    parts.headers.contains_key(AUTHORIZATION)
        || parts
            .uri
            .query()
            .is_some_and(|query| query.contains("X-Amz-Signature="))
}

/// Whether this is one of the console's sign-in addresses, `/console` and the same below an account ID or alias, and
/// of which account.
fn console_of(path: &str) -> Option<Option<&str>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let account = path.strip_suffix("/console")?;
    if account.is_empty() {
        return Some(None);
    }
    let name = account.trim_start_matches('/');
    let is_alias = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_account =
        (3..=63).contains(&name.len()) && account.len() == name.len() + 1 && name.bytes().all(is_alias);
    is_account.then_some(Some(name))
}

/// What is at the sign-in address while there is no web console.
const CONSOLE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<title>Carillon</title>\n\
    <style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}\
    pre{background:#8882;padding:1rem;overflow:auto}</style>\n\
    <h1>The web console is not part of this build</h1>\n\
    <p>Everything it would do can be done with the AWS CLI or an AWS SDK. Set this server's address as the \
    endpoint, and an access key as the credentials:</p>\n\
    <pre>aws configure\nexport AWS_ENDPOINT_URL=<em>this address, without its path</em>\n\
    aws sts get-caller-identity\naws iam list-users\naws chime list-accounts</pre>\n\
    <p>Access keys are made with <code>aws iam create-access-key</code> by whoever administers the account.</p>\n\
    </html>\n";

fn text(status: StatusCode, body: &'static str) -> Answer {
    plain(status, "text/plain; charset=utf-8", body)
}

fn plain(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(AnswerBody::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert(
        "content-security-policy",
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::console_of;

    #[test]
    fn the_console_has_an_address_for_each_account() {
        for path in [
            "/console",
            "/console/",
            "/111122223333/console",
            "/my-alias/console/",
        ] {
            assert!(console_of(path).is_some(), "{path}");
        }
        for path in [
            "/",
            "/consoles",
            "/a/b/console",
            "//console",
            "/console/x",
            "/A/console",
            "/ab/console",
        ] {
            assert!(console_of(path).is_none(), "{path}");
        }
    }
}
