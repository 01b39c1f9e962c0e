//! Events as sources tell them.

use std::net::IpAddr;

use carillon_aws::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BATCH, EARLY, LATE};
use crate::attachment::{ConversationKind, check_content_type, check_file_name, check_object_key};
use crate::email::EmailAddress;
use crate::user::Presence;

/// Characters of what a source calls a thing.
const ID: usize = 128;
/// Characters of names and titles.
const NAME: usize = 256;
/// Characters of an answer to a survey.
const COMMENT: usize = 2_000;

carillon_aws::string_enum! {
    /// What happened.
    pub(crate) enum EventType {
        MeetingStarted = "meeting.started",
        MeetingEnded = "meeting.ended",
        AttendeeInvited = "attendee.invited",
        AttendeeJoined = "attendee.joined",
        AttendeeLeft = "attendee.left",
        AttendeeDropped = "attendee.dropped",
        AttendeeDeclined = "attendee.declined",
        AttendeeRunningLate = "attendee.running-late",
        AttendeeRemoved = "attendee.removed",
        Audio = "attendee.audio",
        Video = "attendee.video",
        ScreenShare = "attendee.screen-share",
        Muted = "attendee.muted",
        Recording = "meeting.recording",
        Locked = "meeting.locked",
        EventMode = "meeting.event-mode",
        ModeratorJoined = "meeting.moderator-joined",
        Survey = "survey.submitted",
        Message = "chat.message-sent",
        AttachmentUploaded = "attachment.uploaded",
        AttachmentDeleted = "attachment.deleted",
        PresenceSetting = "user.presence-setting",
    }
}

carillon_aws::string_enum! {
    /// How a meeting was called.
    pub(crate) enum MeetingType {
        ScheduledUniqueId,
        ScheduledModerated,
        ScheduledPersonalId,
        Instant,
        Call,
    }
}

carillon_aws::string_enum! {
    /// What somebody is in a meeting.
    pub(crate) enum AttendeeRole {
        Host,
        Delegate,
        Moderator,
        Presenter,
        Attendee,
    }
}

carillon_aws::string_enum! {
    /// What somebody meets with.
    pub(crate) enum ClientType {
        Windows,
        MacOS,
        IOS,
        Android,
        Web,
        WebViewer,
        DialIn,
        CallMe,
        Sip,
        H323,
        Assistant,
    }
}

carillon_aws::string_enum! {
    /// How somebody is heard.
    pub(crate) enum AudioType {
        VoIP,
        Phone,
        RoomSystem,
        None,
    }
}

carillon_aws::string_enum! {
    /// How somebody found a meeting.
    pub(crate) enum FeedbackRating {
        Positive,
        Negative,
    }
}

carillon_aws::string_enum! {
    /// Whether something began or ended.
    pub(crate) enum State {
        Started,
        Stopped,
    }
}

/// Declares the members of events beside their names.
macro_rules! facts {
    ($($(#[$attribute:meta])* $member:ident $name:literal: $kind:ty,)*) => {
        /// What an event says, each in a member of this name in PascalCase.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        pub(crate) struct Facts {
            $(
                $(#[$attribute])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $member: Option<$kind>,
            )*
        }

        impl Facts {
            /// The names of the members that are there.
            fn names(&self) -> impl Iterator<Item = &'static str> {
                [$(($name, self.$member.is_some())),*]
                    .into_iter()
                    .filter_map(|(name, is_there)| is_there.then_some(name))
            }
        }
    };
}

facts! {
    #[serde(skip_serializing)]
    event_id "EventId": String,
    #[serde(skip_serializing)]
    event_type "EventType": EventType,
    #[serde(skip_serializing)]
    timestamp "Timestamp": Timestamp,
    #[serde(skip_serializing)]
    meeting_id "MeetingId": String,
    conference_id "ConferenceId": String,
    meeting_type "MeetingType": MeetingType,
    title "Title": String,
    organizer_email "OrganizerEmail": String,
    scheduled "Scheduled": bool,
    attendee_id "AttendeeId": String,
    actor_attendee_id "ActorAttendeeId": String,
    connection_id "ConnectionId": String,
    email "Email": String,
    display_name "DisplayName": String,
    role "Role": AttendeeRole,
    client_type "ClientType": ClientType,
    client_version "ClientVersion": String,
    operating_system "OperatingSystem": String,
    ip_address "IpAddress": IpAddr,
    media_region "MediaRegion": String,
    state "State": State,
    audio_type "AudioType": AudioType,
    rating "Rating": FeedbackRating,
    comment "Comment": String,
    conversation_id "ConversationId": String,
    conversation_kind "ConversationKind": ConversationKind,
    room_creator_email "RoomCreatorEmail": String,
    object_key "ObjectKey": String,
    file_name "FileName": String,
    content_type "ContentType": String,
    size_bytes "SizeBytes": i64,
    sha256 "Sha256": String,
    presence "Presence": Presence,
}

/// The members of a kind of event: those it must have, and those it may have.
struct Members(&'static [&'static str], &'static [&'static str]);

/// Members of every event.
const ALWAYS: &[&str] = &["EventId", "EventType", "Timestamp"];
/// What may be said of an attendee with each of its events.
const ATTENDEE: &[&str] = &[
    "ActorAttendeeId",
    "ConnectionId",
    "Email",
    "DisplayName",
    "Role",
    "ClientType",
    "ClientVersion",
    "OperatingSystem",
    "IpAddress",
    "MediaRegion",
];
const MEETING: &[&str] = &[
    "ConferenceId",
    "MeetingType",
    "Title",
    "OrganizerEmail",
    "Scheduled",
];

impl EventType {
    fn members(self) -> Members {
        match self {
            Self::MeetingStarted | Self::MeetingEnded => Members(&["MeetingId"], MEETING),
            Self::AttendeeInvited
            | Self::AttendeeJoined
            | Self::AttendeeLeft
            | Self::AttendeeDropped
            | Self::AttendeeDeclined
            | Self::AttendeeRunningLate
            | Self::AttendeeRemoved
            | Self::ModeratorJoined => Members(&["MeetingId", "AttendeeId"], ATTENDEE),
            Self::Audio => Members(
                &["MeetingId", "AttendeeId", "State", "AudioType"],
                &["ActorAttendeeId"],
            ),
            Self::Video | Self::ScreenShare | Self::Muted => {
                Members(&["MeetingId", "AttendeeId", "State"], &["ActorAttendeeId"])
            }
            Self::Recording | Self::Locked | Self::EventMode => {
                Members(&["MeetingId", "State"], &["ActorAttendeeId"])
            }
            Self::Survey => Members(
                &["MeetingId", "AttendeeId", "Rating"],
                &["Comment", "Email", "DisplayName"],
            ),
            Self::Message => Members(&["Email"], &["ConversationId", "ConversationKind"]),
            Self::AttachmentUploaded => Members(
                &[
                    "Email",
                    "ConversationKind",
                    "ObjectKey",
                    "FileName",
                    "ContentType",
                    "SizeBytes",
                ],
                &["ConversationId", "RoomCreatorEmail", "Sha256"],
            ),
            Self::AttachmentDeleted => Members(&["ObjectKey"], &[]),
            Self::PresenceSetting => Members(&["Email", "Presence"], &[]),
        }
    }

    /// Of events of the same moment, those of a lower rank came first.
    pub fn rank(self) -> u8 {
        match self {
            Self::MeetingStarted => 0,
            Self::AttendeeInvited | Self::AttendeeDeclined | Self::AttendeeRunningLate => 1,
            Self::AttendeeJoined => 2,
            Self::AttendeeLeft | Self::AttendeeDropped | Self::AttendeeRemoved => 4,
            Self::MeetingEnded => 5,
            Self::Survey => 6,
            _ => 3,
        }
    }
}

/// An event that is well-formed.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) kind: EventType,
    /// As its source calls it.
    pub(crate) meeting_id: Option<String>,
    pub(crate) facts: Facts,
}

/// Why events are not taken. None of them is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Malformed {
    /// Which event it is, if it is one.
    pub index: Option<usize>,
    pub reason: String,
}

impl Malformed {
    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self {
            index: None,
            reason: reason.into(),
        }
    }

    pub(crate) fn at(index: usize, reason: impl Into<String>) -> Self {
        Self {
            index: Some(index),
            reason: reason.into(),
        }
    }
}

/// Reads the body of a request: an array of events.
///
/// # Errors
///
/// [`Malformed`] names the first event that is not one, or too old.
pub fn read(body: &[u8], now: Timestamp) -> Result<Vec<Event>, Malformed> {
    let told: Vec<Value> = serde_json::from_slice(body)
        .map_err(|_| Malformed::whole("the body is not a JSON array of events"))?;
    if told.len() > BATCH {
        return Err(Malformed::whole(format!("a request has at most {BATCH} events")));
    }
    told.into_iter()
        .enumerate()
        .map(|(index, value)| {
            let facts =
                serde_json::from_value(value).map_err(|error| Malformed::at(index, error.to_string()))?;
            Event::new(facts, now).map_err(|reason| Malformed::at(index, reason))
        })
        .collect()
}

impl Event {
    /// Checks what is said.
    pub(crate) fn new(mut facts: Facts, now: Timestamp) -> Result<Self, String> {
        let kind = facts.event_type.ok_or("`EventType` is missing")?;
        let Members(required, optional) = kind.members();
        for name in facts.names() {
            if !ALWAYS.contains(&name) && !required.contains(&name) && !optional.contains(&name) {
                return Err(format!("`{name}` is no member of `{kind}`"));
            }
        }
        for name in ALWAYS.iter().chain(required) {
            if !facts.names().any(|there| there == *name) {
                return Err(format!("`{name}` is missing"));
            }
        }
        facts.check()?;
        let at = facts.timestamp.take().ok_or("`Timestamp` is missing")?;
        if at > now + EARLY {
            return Err("`Timestamp` is in the future".to_owned());
        }
        if at < now - LATE {
            return Err("`Timestamp` is more than 30 days ago".to_owned());
        }
        facts.event_type = None;
        Ok(Self {
            id: facts.event_id.take().ok_or("`EventId` is missing")?,
            at,
            kind,
            meeting_id: facts.meeting_id.take(),
            facts,
        })
    }
}

impl Facts {
    fn check(&self) -> Result<(), String> {
        for (name, value, most) in [
            ("EventId", &self.event_id, ID),
            ("MeetingId", &self.meeting_id, ID),
            ("AttendeeId", &self.attendee_id, ID),
            ("ActorAttendeeId", &self.actor_attendee_id, ID),
            ("ConnectionId", &self.connection_id, ID),
            ("ConversationId", &self.conversation_id, ID),
            ("Title", &self.title, NAME),
            ("DisplayName", &self.display_name, NAME),
            ("ClientVersion", &self.client_version, ID),
            ("OperatingSystem", &self.operating_system, ID),
            ("MediaRegion", &self.media_region, ID),
        ] {
            if let Some(text) = value {
                check_line(text, most).map_err(|reason| format!("`{name}` {reason}"))?;
            }
        }
        if let Some(comment) = &self.comment
            && (comment.chars().count() > COMMENT || comment.contains('\0'))
        {
            return Err(format!("`Comment` has at most {COMMENT} characters"));
        }
        for (name, value) in [
            ("Email", &self.email),
            ("OrganizerEmail", &self.organizer_email),
            ("RoomCreatorEmail", &self.room_creator_email),
        ] {
            if value
                .as_ref()
                .is_some_and(|text| EmailAddress::parse(text).is_err())
            {
                return Err(format!("`{name}` is no e-mail address"));
            }
        }
        if let Some(id) = &self.conference_id {
            check_conference_id(id)?;
        }
        self.check_file()
    }

    fn check_file(&self) -> Result<(), String> {
        if let Some(key) = &self.object_key {
            check_object_key(key)?;
        }
        if let Some(name) = &self.file_name {
            check_file_name(name)?;
        }
        if let Some(kind) = &self.content_type {
            check_content_type(kind)?;
        }
        if self.size_bytes.is_some_and(|size| size < 0) {
            return Err("`SizeBytes` is not negative".to_owned());
        }
        if self.conversation_kind == Some(ConversationKind::Portal) {
            return Err("`ConversationKind` is `OneToOne`, `Group` or `Room`".to_owned());
        }
        if let Some(digest) = &self.sha256
            && (digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err("`Sha256` has 64 hexadecimal digits".to_owned());
        }
        Ok(())
    }
}

/// What is wrong with the number that people call a meeting by.
pub(crate) fn check_conference_id(id: &str) -> Result<(), &'static str> {
    if id.len() != 10 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("`ConferenceId` has 10 digits");
    }
    Ok(())
}

/// One line of text that is not empty.
fn check_line(text: &str, most: usize) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if text.chars().count() > most {
        return Err(format!("has more than {most} characters"));
    }
    if text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        return Err("has control characters".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2024-03-01T12:00:00Z".parse().unwrap()
    }

    fn joined() -> Value {
        json!({
            "EventId": "e1", "EventType": "attendee.joined", "Timestamp": "2024-03-01T11:59:00Z",
            "MeetingId": "m1", "AttendeeId": "a1", "Email": "ada@example.com", "ClientType": "Web",
            "IpAddress": "2001:db8::1",
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut event = joined();
        event[name] = value;
        event
    }

    fn problem(event: Value) -> String {
        let body = serde_json::to_vec(&json!([joined(), event])).unwrap();
        let malformed = read(&body, now()).unwrap_err();
        assert_eq!(malformed.index, Some(1), "{malformed}");
        malformed.reason
    }

    #[test]
    fn an_event_has_the_members_of_its_kind() {
        let body = serde_json::to_vec(&json!([joined()])).unwrap();
        let events = read(&body, now()).unwrap();
        assert_eq!(events[0].kind, EventType::AttendeeJoined);
        assert_eq!(events[0].meeting_id.as_deref(), Some("m1"));
        let kept = serde_json::to_value(&events[0].facts).unwrap();
        assert_eq!(
            kept,
            json!({ "AttendeeId": "a1", "Email": "ada@example.com", "ClientType": "Web", "IpAddress": "2001:db8::1" })
        );

        assert_eq!(
            problem(with("Rating", json!("Positive"))),
            "`Rating` is no member of `attendee.joined`"
        );
        assert_eq!(
            problem(with("AttendeeId", Value::Null)),
            "`AttendeeId` is missing"
        );
        assert_eq!(problem(with("EventType", Value::Null)), "`EventType` is missing");
        assert!(problem(with("Text", json!("hello"))).contains("unknown field `Text`"));
        assert!(problem(with("EventType", json!("attendee.danced"))).contains("attendee.joined"));
    }

    #[test]
    fn hostile_values_are_refused() {
        for (name, value) in [
            ("EventId", json!("")),
            ("EventId", json!("a\nb")),
            ("EventId", json!("x".repeat(129))),
            ("MeetingId", json!(7)),
            ("Email", json!("nobody")),
            ("DisplayName", json!("a\u{2028}b")),
            ("ClientType", json!("Toaster")),
            ("IpAddress", json!("300.1.1.1")),
            ("Timestamp", json!("2024-03-01T12:05:01Z")),
            ("Timestamp", json!("2024-01-31T11:59:59Z")),
            ("Timestamp", json!("yesterday")),
            ("Timestamp", json!(1_700_000_000)),
        ] {
            problem(with(name, value.clone()));
        }
        for whole in ["", "{}", "7", "[", "[1]", "[null]", "[[]]", "[\"\"]"] {
            assert!(read(whole.as_bytes(), now()).is_err(), "{whole}");
        }
    }

    #[test]
    fn a_request_has_a_bounded_number_of_events() {
        let many = |count: usize| serde_json::to_vec(&vec![joined(); count]).unwrap();
        assert_eq!(read(&many(500), now()).unwrap().len(), 500);
        assert_eq!(read(&many(501), now()).unwrap_err().index, None);
    }

    proptest::proptest! {
        #[test]
        fn any_value_of_any_member_is_read_or_refused(
            name in "[A-Z][A-Za-z]{0,12}|Email|Timestamp|EventId|AttendeeId|IpAddress|SizeBytes|EventType",
            value in "\\PC{0,40}|-?[0-9]{1,20}|\\[\\]|\\{\\}|null",
        ) {
            let body = format!("[{{\"{name}\": {}, \"EventType\": \"attendee.joined\"}}]", json!(value));
            let _ = read(body.as_bytes(), now());
            let body = format!("[{{\"{name}\": {value}}}]");
            let _ = read(body.as_bytes(), now());
            let _ = read(value.as_bytes(), now());
        }
    }
}
