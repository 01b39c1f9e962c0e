//! Where sources tell what happened: signed batches of events, and LiveKit's webhooks.

use std::sync::Arc;

use bytes::Bytes;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Fault};
use carillon_store::{Store, StoreError};
use hmac::Mac;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::json;
use tokio::sync::Mutex;

use super::event::{self, Event, Malformed};
use super::source::{self, Source, SourceKind};
use super::take::{NotTaken, Taken, take};
use super::{EARLY, livekit};

/// How often a batch that lost a race is taken again.
const ATTEMPTS: usize = 16;
/// What the paths of the feed begin with.
const ROOT: &str = "/ingest/";

/// Answers the requests of sources of activity.
pub struct Feed {
    store: Store,
    environment: Arc<Environment>,
    /// Batches change the same figures. One after the other they do not lose races to each other.
    lane: Mutex<()>,
}

/// Why a request is not taken.
enum Refusal {
    NoSuchPath,
    OnlyPost,
    /// The same for everybody who cannot prove who it is, whatever the reason.
    NotSigned,
    Malformed(Malformed),
    Fault(Fault),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Feed {
    pub fn new(store: Store, environment: Arc<Environment>) -> Self {
        Self {
            store,
            environment,
            lane: Mutex::new(()),
        }
    }

    /// Answers a request, if its path is one of the feed's.
    pub async fn serve(&self, parts: &Parts, body: &[u8]) -> Option<Response<Bytes>> {
        let path = parts.uri.path().strip_prefix(ROOT)?;
        Some(match Box::pin(self.answer(path, parts, body)).await {
            Ok(taken) => answer(
                StatusCode::ACCEPTED,
                &json!({ "NewEvents": taken.new, "RepeatedEvents": taken.repeated }),
            ),
            Err(refusal) => refusal.answer(),
        })
    }

    async fn answer(&self, path: &str, parts: &Parts, body: &[u8]) -> Result<Taken, Refusal> {
        let livekit_source = path.strip_prefix("livekit/");
        if livekit_source.is_none() && path != "v1/events" {
            return Err(Refusal::NoSuchPath);
        }
        if parts.method != Method::POST {
            return Err(Refusal::OnlyPost);
        }
        let now = self.environment.clock.now();
        match livekit_source {
            None => {
                let source = self.signed(&parts.headers, body, now).await?;
                let events = event::read(body, now)?;
                self.take(&source, events, now).await
            }
            Some(id) => {
                let source = self.source(id, SourceKind::LiveKit).await?;
                let key = source.key(&self.environment.vault).ok_or(Refusal::NotSigned)?;
                if !livekit::is_signed(&parts.headers, body, &source.api_key, key.expose(), now) {
                    return Err(Refusal::NotSigned);
                }
                let events = livekit::read(body, now)?.into_iter().collect();
                self.take(&source, events, now).await
            }
        }
    }

    async fn source(&self, id: &str, kind: SourceKind) -> Result<Source, Refusal> {
        let mut tx = self.store.read().await?;
        let found = source::find(&mut tx, id).await?;
        found
            .filter(|source| source.kind == kind)
            .ok_or(Refusal::NotSigned)
    }

    /// The source that signed a batch.
    async fn signed(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Source, Refusal> {
        let text = |name: &str| {
            let mut values = headers.get_all(name).iter();
            let only = values.next().filter(|_| values.next().is_none());
            only.and_then(|value| value.to_str().ok())
                .ok_or(Refusal::NotSigned)
        };
        let id = text("x-carillon-source")?;
        let timestamp = text("x-carillon-timestamp")?;
        let signature = hex::decode(text("x-carillon-signature")?).map_err(|_| Refusal::NotSigned)?;
        let signed_at = read_time(timestamp).ok_or(Refusal::NotSigned)?;
        let source = self.source(id, SourceKind::Feed).await?;
        let key = source.key(&self.environment.vault).ok_or(Refusal::NotSigned)?;
        source::mac(key.expose(), &[timestamp.as_bytes(), b".", body])
            .verify_slice(&signature)
            .map_err(|_| Refusal::NotSigned)?;
        if signed_at > now + EARLY || now > signed_at + EARLY {
            return Err(Refusal::NotSigned);
        }
        Ok(source)
    }

    async fn take(&self, source: &Source, events: Vec<Event>, now: Timestamp) -> Result<Taken, Refusal> {
        let _turn = self.lane.lock().await;
        for _ in 0..ATTEMPTS {
            match self.take_once(source, events.clone(), now).await {
                Err(NotTaken::Store(StoreError::Contention | StoreError::Duplicate)) => {}
                Err(NotTaken::Store(error)) => return Err(error.into()),
                Err(NotTaken::Malformed(malformed)) => return Err(malformed.into()),
                Ok(taken) => return Ok(taken),
            }
        }
        Err(Refusal::Fault(Fault::Contended))
    }

    async fn take_once(
        &self,
        source: &Source,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<Taken, NotTaken> {
        let mut tx = self.store.write().await?;
        let taken = take(&mut tx, &*self.environment.entropy, source, events, now).await?;
        tx.commit().await?;
        Ok(taken)
    }
}

/// Seconds since the epoch, or ISO 8601.
fn read_time(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(seconds) => Some(Timestamp::from_seconds(seconds)),
        Err(_) => text.parse().ok(),
    }
}

impl Refusal {
    fn answer(self) -> Response<Bytes> {
        match self {
            Self::NoSuchPath => answer(
                StatusCode::NOT_FOUND,
                &json!({ "Message": "there is no such path" }),
            ),
            Self::OnlyPost => {
                let mut answer = answer(
                    StatusCode::METHOD_NOT_ALLOWED,
                    &json!({ "Message": "events are sent by POST" }),
                );
                answer
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("POST"));
                answer
            }
            Self::NotSigned => answer(
                StatusCode::UNAUTHORIZED,
                &json!({ "Message": "the request is not signed by a source of this server, or its time is more than \
                                     5 minutes from ours" }),
            ),
            Self::Malformed(Malformed { index, reason }) => {
                let mut body = json!({ "Message": reason });
                if let Some(index) = index {
                    body["Index"] = json!(index);
                }
                answer(StatusCode::BAD_REQUEST, &body)
            }
            Self::Fault(Fault::Contended) => answer(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({ "Message": "too much at the same time; send it again" }),
            ),
            Self::Fault(fault) => {
                tracing::error!(?fault, "events could not be taken");
                answer(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &json!({ "Message": "the events were not taken; send them again" }),
                )
            }
        }
    }
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
