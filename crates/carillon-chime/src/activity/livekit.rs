//! LiveKit's webhooks: how they are signed, and which events they are.
//!
//! Sources: LiveKit documentation, "Webhooks & events"; the messages `WebhookEvent`, `Room`, `ParticipantInfo`,
//! `TrackInfo` and `EgressInfo` of LiveKit's protocol in the JSON form of Protocol Buffers, which leaves out members
//! of the value zero and writes 64-bit numbers as texts.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::time::Timestamp;
use hmac::Mac;
use http::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::event::{AudioType, ClientType, Event, EventType, Facts, Malformed, MeetingType, State};
use super::source;
use crate::email::EmailAddress;

/// How far LiveKit's clock may be from ours.
const SKEW: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    exp: i64,
    nbf: Option<i64>,
    /// Of the body, in Base64.
    sha256: String,
}

/// Whether a webhook comes from the holder of the key, now, with this body.
pub(super) fn is_signed(headers: &HeaderMap, body: &[u8], api_key: &str, key: &[u8], now: Timestamp) -> bool {
    let Some(token) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    proven(token.strip_prefix("Bearer ").unwrap_or(token), key).is_some_and(|claims| {
        claims.iss == api_key
            && now <= Timestamp::from_seconds(claims.exp) + SKEW
            && claims
                .nbf
                .is_none_or(|nbf| now + SKEW >= Timestamp::from_seconds(nbf))
            && BASE64_STANDARD
                .decode(&claims.sha256)
                .is_ok_and(|digest| digest.as_slice() == Sha256::digest(body).as_slice())
    })
}

/// What a token claims, if it is signed with the key by HMAC-SHA256, the one algorithm LiveKit uses. What the token
/// says of its algorithm chooses nothing.
fn proven(token: &str, key: &[u8]) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    source::mac(key, &[signed.as_bytes()])
        .verify_slice(&signature)
        .ok()?;
    let header: Header = part(header)?;
    (header.alg == "HS256").then_some(())?;
    part(claims)
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Webhook {
    event: String,
    id: String,
    created_at: Value,
    room: Room,
    participant: Participant,
    track: Track,
    egress_info: Egress,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Room {
    sid: String,
    name: String,
    /// What the product wrote there.
    metadata: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Participant {
    sid: String,
    identity: String,
    name: String,
    kind: Value,
    disconnect_reason: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Track {
    #[serde(rename = "type")]
    kind: Value,
    source: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Egress {
    room_id: String,
}

/// What products say of a meeting in the metadata of its room. Participants cannot change it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct About {
    organizer_email: Option<String>,
    title: Option<String>,
    conference_id: Option<String>,
    meeting_type: Option<MeetingType>,
    scheduled: Option<bool>,
}

/// Reads a webhook: an event of ours, or nothing if it says nothing that we report.
pub(super) fn read(body: &[u8], now: Timestamp) -> Result<Option<Event>, Malformed> {
    let webhook: Webhook =
        serde_json::from_slice(body).map_err(|_| Malformed::whole("the body is no event of LiveKit's"))?;
    let Some(facts) = webhook.facts() else {
        return Ok(None);
    };
    Event::new(facts, now).map(Some).map_err(Malformed::whole)
}

impl Webhook {
    fn facts(self) -> Option<Facts> {
        let (event_type, state) = self.kind()?;
        let facts = Facts {
            event_id: Some(self.id),
            event_type: Some(event_type),
            timestamp: number(&self.created_at).map(Timestamp::from_seconds),
            state,
            ..Facts::default()
        };
        match event_type {
            EventType::MeetingStarted | EventType::MeetingEnded => Some(self.room.told(facts)),
            EventType::Recording => Some(Facts {
                meeting_id: Some(self.egress_info.room_id).filter(|id| !id.is_empty()),
                ..facts
            }),
            _ => self.participant.told(facts, self.room.sid),
        }
    }

    /// Which event of ours it is.
    fn kind(&self) -> Option<(EventType, Option<State>)> {
        Some(match self.event.as_str() {
            "room_started" => (EventType::MeetingStarted, None),
            "room_finished" => (EventType::MeetingEnded, None),
            "participant_joined" => (EventType::AttendeeJoined, None),
            "participant_left" => (self.participant.leaving(), None),
            "participant_connection_aborted" => (EventType::AttendeeDropped, None),
            "track_published" => (self.track.told()?, Some(State::Started)),
            "track_unpublished" => (self.track.told()?, Some(State::Stopped)),
            "egress_started" => (EventType::Recording, Some(State::Started)),
            "egress_ended" => (EventType::Recording, Some(State::Stopped)),
            _ => return None,
        })
    }
}

impl Room {
    fn told(self, facts: Facts) -> Facts {
        // Products that keep something else there are free to.
        let about: About = serde_json::from_str(&self.metadata).unwrap_or_default();
        Facts {
            meeting_id: Some(self.sid),
            title: about
                .title
                .or(Some(self.name))
                .filter(|title| !title.trim().is_empty()),
            organizer_email: about.organizer_email,
            conference_id: about.conference_id,
            meeting_type: about.meeting_type,
            scheduled: about.scheduled,
            ..facts
        }
    }
}

impl Participant {
    /// Nothing for what is in a room and is nobody: recorders, streams that are brought in, agents.
    fn told(self, facts: Facts, room: String) -> Option<Facts> {
        let kind = self.kind.as_str().unwrap_or_default();
        if matches!(kind, "INGRESS" | "EGRESS" | "AGENT") || matches!(self.kind.as_i64(), Some(1 | 2 | 4)) {
            return None;
        }
        let facts = Facts {
            meeting_id: Some(room),
            attendee_id: Some(self.identity.clone()),
            ..facts
        };
        Some(match facts.event_type {
            Some(EventType::AttendeeJoined | EventType::AttendeeLeft | EventType::AttendeeDropped)
            | Some(EventType::AttendeeRemoved) => {
                // Whoever signs people in makes the identity; names and attributes participants may change.
                let is_signed_in = EmailAddress::parse(&self.identity).is_ok();
                let is_phone = kind == "SIP" || self.kind.as_i64() == Some(3);
                Facts {
                    connection_id: Some(self.sid).filter(|id| !id.is_empty()),
                    display_name: Some(self.name)
                        .filter(|name| !name.trim().is_empty())
                        .or_else(|| (!is_signed_in).then(|| self.identity.clone())),
                    email: is_signed_in.then_some(self.identity),
                    client_type: is_phone.then_some(ClientType::DialIn),
                    ..facts
                }
            }
            Some(EventType::Audio) => Facts {
                audio_type: Some(if kind == "SIP" {
                    AudioType::Phone
                } else {
                    AudioType::VoIP
                }),
                ..facts
            },
            _ => facts,
        })
    }

    fn leaving(&self) -> EventType {
        match self.disconnect_reason.as_str().unwrap_or_default() {
            "PARTICIPANT_REMOVED" => EventType::AttendeeRemoved,
            "STATE_MISMATCH" | "JOIN_FAILURE" | "SIGNAL_CLOSE" | "CONNECTION_TIMEOUT" | "MEDIA_FAILURE" => {
                EventType::AttendeeDropped
            }
            _ => EventType::AttendeeLeft,
        }
    }
}

impl Track {
    fn told(&self) -> Option<EventType> {
        let kind = self.kind.as_str().unwrap_or("AUDIO");
        Some(match (self.source.as_str().unwrap_or("UNKNOWN"), kind) {
            ("MICROPHONE", _) | ("UNKNOWN", "AUDIO") => EventType::Audio,
            ("CAMERA", _) | ("UNKNOWN", "VIDEO") => EventType::Video,
            ("SCREEN_SHARE", _) => EventType::ScreenShare,
            _ => return None,
        })
    }
}

/// A number that may be written as a text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
