//! What a meeting was, by what was told of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use carillon_aws::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{
    AttendeeRole, AudioType, ClientType, EventType, Facts, FeedbackRating, MeetingType, State,
};
use crate::email::{WireEmailAddress, key_of};
use crate::user::SensitiveString;

carillon_aws::string_enum! {
    /// Where somebody stands on the roster.
    pub(crate) enum AttendeeStatus {
        Present,
        Invited,
        Declined,
        RunningLate,
        Dropped,
        Left,
        Removed,
    }
}

carillon_aws::string_enum! {
    /// How a connection ended.
    pub(crate) enum DisconnectReason {
        Left,
        Dropped,
        Removed,
        MeetingEnded,
    }
}

/// An event of a meeting as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub source: i64,
    pub id: String,
    pub at: Timestamp,
    pub kind: EventType,
    pub facts: Facts,
}

impl Told {
    /// By time. What decides between events of the same moment is arbitrary and always the same.
    fn order(&self) -> (Timestamp, u8, i64, &str) {
        (self.at, self.kind.rank(), self.source, &self.id)
    }
}

/// Somebody of an account here, whom an address stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub user_id: String,
    pub account_id: String,
    pub is_pro: bool,
    pub is_device: bool,
}

/// Whom addresses stand for, by their keys.
pub(crate) type People = HashMap<String, Person>;

/// A meeting that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meeting {
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub conference_id: Option<String>,
    pub meeting_type: Option<MeetingType>,
    pub title: Option<String>,
    pub organizer_email: Option<String>,
    pub organizer: Option<Person>,
    pub attendee_count: i64,
    pub recorded: bool,
    pub phone_used: bool,
    pub room_system_used: bool,
    pub active_pro: bool,
    pub positive: i64,
    pub negative: i64,
}

/// Somebody who was to be in a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attending {
    pub email_key: Option<String>,
    pub person: Option<Person>,
    /// Whether figures count it.
    pub is_counted: bool,
    pub record: Attendee,
}

/// Somebody who was to be in a meeting, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attendee {
    pub attendee_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<WireEmailAddress>,
    /// In angle brackets for somebody who is not signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<SensitiveString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<AttendeeRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<AttendeeStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_type: Option<ClientType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_type: Option<AudioType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<Vec<AttendeeConnection>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<AttendeeFeedback>,
}

/// A stretch of time in which an attendee was connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttendeeConnection {
    pub connected_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnected_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnect_reason: Option<DisconnectReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<SensitiveString>,
}

/// How an attendee found the meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttendeeFeedback {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<FeedbackRating>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<SensitiveString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_timestamp: Option<Timestamp>,
}

/// The addresses that events of a meeting name, as keys.
pub(crate) fn addresses(events: &[Told]) -> BTreeSet<String> {
    events
        .iter()
        .flat_map(|event| [&event.facts.email, &event.facts.organizer_email])
        .flatten()
        .map(|address| key_of(address))
        .collect()
}

/// What the events of a meeting come to, in whatever order they are given; nothing before it ended.
pub(crate) fn fold(mut events: Vec<Told>, people: &People) -> Option<(Meeting, Vec<Attending>)> {
    events.sort_by(|a, b| a.order().cmp(&b.order()));
    let ended_at = events
        .iter()
        .rfind(|event| event.kind == EventType::MeetingEnded)?
        .at;
    let started_at = events
        .iter()
        .find(|event| event.kind == EventType::MeetingStarted)
        .or_else(|| {
            events
                .iter()
                .find(|event| event.kind == EventType::AttendeeJoined)
        })
        .map_or(ended_at, |event| event.at.min(ended_at));
    let mut roster = Roster::default();
    let mut about = About::default();
    for event in &events {
        about.hear(event);
        roster.hear(event);
    }
    let organizer_key = about.organizer_email.as_deref().map(key_of);
    let organizer = organizer_key.as_ref().and_then(|key| people.get(key)).cloned();
    let mut attending: Vec<Attending> = roster
        .entries
        .into_iter()
        .map(|entry| entry.conclude(ended_at, organizer_key.as_deref(), people))
        .collect();
    let attendee_count = count_people(&mut attending);
    let (positive, negative) = count_answers(&attending);
    let used = |client: ClientType| {
        attending
            .iter()
            .any(|one| one.record.client_type == Some(client) && one.was_there())
    };
    let heard = |audio: AudioType| attending.iter().any(|one| one.record.audio_type == Some(audio));
    let by_phone = heard(AudioType::Phone) || used(ClientType::DialIn) || used(ClientType::CallMe);
    let dialled_in = attending.iter().any(|one| {
        let record = &one.record;
        record.client_type == Some(ClientType::DialIn) && one.was_there()
            || record.audio_type == Some(AudioType::Phone) && record.client_type != Some(ClientType::CallMe)
    });
    let by_room_system = used(ClientType::Sip) || used(ClientType::H323);
    let is_pro_meeting =
        about.is_scheduled() || attendee_count > 2 || about.recorded || dialled_in || by_room_system;
    let meeting = Meeting {
        started_at,
        ended_at,
        active_pro: is_pro_meeting && organizer.as_ref().is_some_and(|person| person.is_pro),
        conference_id: about.conference_id,
        meeting_type: about.meeting_type,
        title: about.title,
        organizer_email: about.organizer_email,
        organizer,
        attendee_count,
        recorded: about.recorded,
        phone_used: by_phone,
        room_system_used: by_room_system || heard(AudioType::RoomSystem),
        positive,
        negative,
    };
    Some((meeting, attending))
}

/// What is said of the meeting itself. Of several, the last one counts.
#[derive(Default)]
struct About {
    conference_id: Option<String>,
    meeting_type: Option<MeetingType>,
    title: Option<String>,
    organizer_email: Option<String>,
    scheduled: Option<bool>,
    recorded: bool,
}

impl About {
    fn hear(&mut self, event: &Told) {
        let facts = &event.facts;
        replace(&mut self.conference_id, &facts.conference_id);
        replace(&mut self.meeting_type, &facts.meeting_type);
        replace(&mut self.title, &facts.title);
        replace(&mut self.organizer_email, &facts.organizer_email);
        replace(&mut self.scheduled, &facts.scheduled);
        self.recorded |= event.kind == EventType::Recording;
    }

    fn is_scheduled(&self) -> bool {
        self.scheduled.unwrap_or(matches!(
            self.meeting_type,
            Some(
                MeetingType::ScheduledUniqueId
                    | MeetingType::ScheduledModerated
                    | MeetingType::ScheduledPersonalId
            )
        ))
    }
}

fn replace<T: Clone>(known: &mut Option<T>, told: &Option<T>) {
    if told.is_some() {
        known.clone_from(told);
    }
}

/// Everybody that events name, in the order in which they first do.
#[derive(Default)]
struct Roster {
    entries: Vec<Entry>,
    places: HashMap<String, usize>,
}

impl Roster {
    fn hear(&mut self, event: &Told) {
        let Some(id) = &event.facts.attendee_id else {
            return;
        };
        let place = *self.places.entry(id.clone()).or_insert_with(|| {
            self.entries.push(Entry {
                id: id.clone(),
                ..Entry::default()
            });
            self.entries.len() - 1
        });
        if let Some(entry) = self.entries.get_mut(place) {
            entry.hear(event);
        }
    }
}

/// What is known of an attendee so far.
#[derive(Default)]
struct Entry {
    id: String,
    email: Option<String>,
    display_name: Option<String>,
    role: Option<AttendeeRole>,
    is_moderator: bool,
    status: Option<AttendeeStatus>,
    client_type: Option<ClientType>,
    client_version: Option<String>,
    audio_type: Option<AudioType>,
    /// Open connections, by what the source calls them.
    open: BTreeMap<String, AttendeeConnection>,
    closed: Vec<AttendeeConnection>,
    feedback: Option<AttendeeFeedback>,
}

impl Entry {
    fn hear(&mut self, event: &Told) {
        let facts = &event.facts;
        replace(&mut self.email, &facts.email);
        replace(&mut self.display_name, &facts.display_name);
        replace(&mut self.role, &facts.role);
        replace(&mut self.client_type, &facts.client_type);
        replace(&mut self.client_version, &facts.client_version);
        match event.kind {
            EventType::AttendeeInvited => self.status = Some(AttendeeStatus::Invited),
            EventType::AttendeeDeclined => self.status = Some(AttendeeStatus::Declined),
            EventType::AttendeeRunningLate => self.status = Some(AttendeeStatus::RunningLate),
            EventType::AttendeeJoined => self.connect(event),
            EventType::AttendeeLeft => self.disconnect(event, AttendeeStatus::Left, DisconnectReason::Left),
            EventType::AttendeeDropped => {
                self.disconnect(event, AttendeeStatus::Dropped, DisconnectReason::Dropped);
            }
            EventType::AttendeeRemoved => {
                self.disconnect(event, AttendeeStatus::Removed, DisconnectReason::Removed);
            }
            EventType::ModeratorJoined => self.is_moderator = true,
            EventType::Audio if facts.state == Some(State::Started) => {
                replace(&mut self.audio_type, &facts.audio_type);
            }
            EventType::Survey => {
                self.feedback = Some(AttendeeFeedback {
                    rating: facts.rating,
                    comment: facts.comment.clone().and_then(sensitive),
                    submitted_timestamp: Some(event.at),
                });
            }
            _ => {}
        }
    }

    fn connect(&mut self, event: &Told) {
        let facts = &event.facts;
        self.status = Some(AttendeeStatus::Present);
        let connection = AttendeeConnection {
            connected_timestamp: event.at,
            disconnected_timestamp: None,
            disconnect_reason: None,
            media_region: facts.media_region.clone(),
            ip_address: facts.ip_address.map(|ip| ip.to_string()).and_then(sensitive),
        };
        let name = facts.connection_id.clone().unwrap_or_default();
        // Nobody said that the one before ended.
        if let Some(before) = self.open.insert(name, connection) {
            self.close(before, event.at, DisconnectReason::Dropped);
        }
    }

    fn disconnect(&mut self, event: &Told, status: AttendeeStatus, reason: DisconnectReason) {
        let ended = match &event.facts.connection_id {
            Some(name) if reason != DisconnectReason::Removed => self.open.remove(name).into_iter().collect(),
            _ => std::mem::take(&mut self.open).into_values().collect::<Vec<_>>(),
        };
        for connection in ended {
            self.close(connection, event.at, reason);
        }
        if self.open.is_empty() {
            self.status = Some(status);
        }
    }

    fn close(&mut self, connection: AttendeeConnection, at: Timestamp, reason: DisconnectReason) {
        self.closed.push(AttendeeConnection {
            disconnected_timestamp: Some(at),
            disconnect_reason: Some(reason),
            ..connection
        });
    }

    /// What is known when the meeting is over.
    fn conclude(mut self, ended_at: Timestamp, organizer: Option<&str>, people: &People) -> Attending {
        for connection in std::mem::take(&mut self.open).into_values() {
            self.close(connection, ended_at, DisconnectReason::MeetingEnded);
        }
        // Clocks differ, and nobody is in a meeting that is over.
        let mut connections = self.closed;
        connections.retain(|one| one.connected_timestamp < ended_at);
        for one in &mut connections {
            one.disconnected_timestamp = one.disconnected_timestamp.map(|at| at.min(ended_at));
        }
        connections.sort_by_key(|one| (one.connected_timestamp, one.disconnected_timestamp));

        let email_key = self.email.as_deref().map(key_of);
        let person = email_key.as_ref().and_then(|key| people.get(key)).cloned();
        let display_name = match (self.display_name, &self.email) {
            (Some(name), None) => Some(format!("<{name}>")),
            (name, _) => name,
        };
        let role = match self.role {
            _ if email_key.is_some() && email_key.as_deref() == organizer => AttendeeRole::Host,
            _ if self.is_moderator => AttendeeRole::Moderator,
            told => told.unwrap_or(AttendeeRole::Attendee),
        };
        let (client_type, audio_type) = (self.client_type, self.audio_type);
        let audio_type = audio_type.or(match client_type {
            Some(ClientType::DialIn | ClientType::CallMe) => Some(AudioType::Phone),
            Some(ClientType::Sip | ClientType::H323) => Some(AudioType::RoomSystem),
            _ => None,
        });
        let was_there = !connections.is_empty();
        let record = Attendee {
            attendee_id: self.id,
            user_id: person.as_ref().map(|person| person.user_id.clone()),
            email: self.email.and_then(|text| text.parse().ok()),
            display_name: display_name.and_then(sensitive),
            role: Some(role),
            status: self.status,
            client_type,
            client_version: self.client_version,
            audio_type: audio_type.or(was_there.then_some(AudioType::None)),
            joined_timestamp: connections.first().map(|one| one.connected_timestamp),
            left_timestamp: connections
                .iter()
                .filter_map(|one| one.disconnected_timestamp)
                .max(),
            duration_seconds: was_there.then(|| seconds(present(&connections))),
            connections: was_there.then_some(connections),
            feedback: self.feedback,
        };
        Attending {
            email_key,
            person,
            is_counted: false,
            record,
        }
    }
}

impl Attending {
    fn was_there(&self) -> bool {
        self.record.connections.is_some()
    }

    /// Equal for attendees that are the same person, as far as is known.
    fn identity(&self) -> &str {
        self.email_key.as_deref().unwrap_or(&self.record.attendee_id)
    }
}

fn sensitive(text: String) -> Option<SensitiveString> {
    text.try_into().ok()
}

/// The time in which there was at least one of these connections, which are in the order of their beginnings.
fn present(connections: &[AttendeeConnection]) -> Duration {
    let mut total = Duration::ZERO;
    let mut counted_to = Timestamp::MIN;
    for one in connections {
        let end = one.disconnected_timestamp.unwrap_or(one.connected_timestamp);
        total += end.since(one.connected_timestamp.max(counted_to));
        counted_to = counted_to.max(end);
    }
    total
}

pub(crate) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// How many people were there, and marks one attendee of each of those that figures count.
fn count_people(attending: &mut [Attending]) -> i64 {
    let mut people = BTreeSet::new();
    for one in attending.iter_mut().filter(|one| one.was_there()) {
        let is_new = people.insert(one.identity().to_owned());
        one.is_counted = is_new && one.person.as_ref().is_some_and(|person| !person.is_device);
    }
    i64::try_from(people.len()).unwrap_or(i64::MAX)
}

/// Positive and negative answers. The last one of a person counts.
fn count_answers(attending: &[Attending]) -> (i64, i64) {
    let mut answers: BTreeMap<&str, (Option<Timestamp>, FeedbackRating)> = BTreeMap::new();
    for one in attending {
        let Some(feedback) = &one.record.feedback else {
            continue;
        };
        let Some(rating) = feedback.rating else { continue };
        let answer = (feedback.submitted_timestamp, rating);
        let known = answers.entry(one.identity()).or_insert(answer);
        *known = (*known).max(answer);
    }
    let count = |wanted| {
        let found = answers.values().filter(|(_, rating)| *rating == wanted).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    (count(FeedbackRating::Positive), count(FeedbackRating::Negative))
}
