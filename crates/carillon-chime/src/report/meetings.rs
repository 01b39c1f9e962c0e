//! Reports on meetings.

use std::collections::BTreeMap;

use carillon_aws::time::Timestamp;
use carillon_operation::{Context, FA, List, Operation, Read, Spec, UM};
use carillon_store::{FromRow, Row, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MeetingId, Range, ReportDate, ResultMax, result_max, rows};
use crate::account::ManagedAccount;
use crate::activity::event::{EventType, MeetingType, State, check_conference_id};
use crate::activity::meeting::{Attendee, Told, seconds};
use crate::activity::source;
use crate::email::{EmailAddress, WireEmailAddress, key_of, member};
use crate::error::Error;
use crate::name::{AccountId, is_uuid};
use crate::page::{beginning, time_and_id};
use crate::user::SensitiveString;

/// Attendees of one answer, if nothing is said.
const ATTENDEES: i64 = 1_000;

/// Lists the meetings that ended on the days of a range, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMeetingReportData {
    account_id: AccountId,
    start_date: Option<ReportDate>,
    end_date: Option<ReportDate>,
    #[serde(default, deserialize_with = "member::organizer_email")]
    organizer_email: Option<EmailAddress>,
    conference_id: Option<String>,
    max_results: Option<ResultMax>,
    next_token: Option<String>,
}

/// A page of meetings.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMeetingReportDataOutput {
    meeting_reports: Vec<MeetingReport>,
    /// What sources had told by then is in the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_through_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// A meeting that ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MeetingReport {
    meeting_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    conference_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_type: Option<MeetingType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizer_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizer_email: Option<WireEmailAddress>,
    start_timestamp: Timestamp,
    end_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<i64>,
    /// Distinct people who were there.
    #[serde(skip_serializing_if = "Option::is_none")]
    attendee_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_used: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_system_used: Option<bool>,
    /// Whether it makes its organizer an Active Pro user of that day.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_pro: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    positive_responses: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    negative_responses: Option<i64>,
}

impl FromRow for MeetingReport {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let (start, end): (Timestamp, Timestamp) = (row.get(5)?, row.get(6)?);
        Ok(Self {
            meeting_id: row.get(0)?,
            conference_id: row.get(1)?,
            meeting_type: row.parse_optional(2)?,
            organizer_user_id: row.get(3)?,
            organizer_email: row.parse_optional(4)?,
            start_timestamp: start,
            end_timestamp: end,
            duration_seconds: Some(seconds(end.since(start))),
            attendee_count: row.get(7)?,
            recorded: row.get(8)?,
            phone_used: row.get(9)?,
            room_system_used: row.get(10)?,
            active_pro: row.get(11)?,
            positive_responses: row.get(12)?,
            negative_responses: row.get(13)?,
        })
    }
}

impl Operation for ListMeetingReportData {
    const SPEC: Spec = Spec::rest(
        "chime:ListMeetingReportData",
        "GET /accounts/{AccountId}/reports/meetings?start-date={StartDate}&end-date={EndDate}\
         &organizer-email={OrganizerEmail}&conference-id={ConferenceId}&max-results={MaxResults}\
         &next-token={NextToken}",
    )
    .granted(&[FA, UM])
    .also(&["chime:ListMeetingsReportData"]);

    type Access = List;
    type Output = ListMeetingReportDataOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListMeetingReportDataOutput, Error> {
        let range = Range::read(self.start_date.as_ref(), self.end_date.as_ref(), cx.now)?;
        if let Some(id) = &self.conference_id {
            check_conference_id(id).map_err(|reason| Error::BadRequest(reason.to_owned()))?;
        }
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let organizer_key = self.organizer_email.as_ref().map(|email| key_of(email.as_str()));
        let filters = [
            account.id.clone(),
            range.first.to_string(),
            range.last.to_string(),
            organizer_key.clone().unwrap_or_default(),
            self.conference_id.clone().unwrap_or_default(),
        ];
        let filters = filters.each_ref().map(String::as_str);
        let (_, end) = range.moments();
        let last = (end, String::new());
        let before = beginning(cx, self.next_token.as_ref(), &filters, last, time_and_id)?;
        let filter = rows::Filter {
            range,
            organizer_key: organizer_key.as_deref(),
            conference_id: self.conference_id.as_deref(),
        };
        let (size, rows_read) = result_max(self.max_results);
        let found = rows::meetings_before(cx.tx, &account, &filter, (before.0, &before.1), rows_read).await?;
        let page = cx.page(found, size, &filters, |last| {
            vec![
                last.end_timestamp.as_micros().to_string(),
                last.meeting_id.clone(),
            ]
        });
        Ok(ListMeetingReportDataOutput {
            meeting_reports: page.items,
            data_through_timestamp: source::data_through(cx.tx, &account.id).await?,
            next_token: page.next,
        })
    }
}

/// Shows a meeting that ended, with its attendees, their connections and what they thought of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetMeetingDetail {
    account_id: AccountId,
    meeting_id: MeetingId,
    max_results: Option<ResultMax>,
    next_token: Option<String>,
}

/// A meeting with a page of its attendees.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetMeetingDetailOutput {
    meeting_detail: MeetingDetail,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// A meeting that ended, with its attendees.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MeetingDetail {
    #[serde(flatten)]
    report: MeetingReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<SensitiveString>,
    attendees: Vec<Attendee>,
}

/// The meeting of the account that ended, or the refusal that there is none.
async fn require_meeting(
    tx: &mut carillon_store::ReadTx,
    account: &ManagedAccount,
    id: &MeetingId,
) -> Result<MeetingReport, Error> {
    let found = match is_uuid(id.as_str()) {
        true => rows::find_meeting(tx, account, id.as_str()).await?,
        false => None,
    };
    found.ok_or_else(|| Error::meeting_not_found(id.as_str()))
}

impl Operation for GetMeetingDetail {
    const SPEC: Spec = Spec::rest(
        "chime:GetMeetingDetail",
        "GET /accounts/{AccountId}/reports/meetings/{MeetingId}?max-results={MaxResults}&next-token={NextToken}",
    )
    .granted(&[FA, UM]);

    type Access = Read;
    type Output = GetMeetingDetailOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GetMeetingDetailOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let report = require_meeting(cx.tx, &account, &self.meeting_id).await?;
        let filters = [account.id.as_str(), self.meeting_id.as_str()];
        let after = beginning(cx, self.next_token.as_ref(), &filters, -1, |key| {
            key.first()?.parse().ok()
        })?;
        let most = self
            .max_results
            .map_or(ATTENDEES, ResultMax::get)
            .clamp(1, ATTENDEES);
        let found = rows::attendees_after(cx.tx, &report.meeting_id, after, most + 1).await?;
        let page = cx.page(found, usize::try_from(most).unwrap_or(1), &filters, |last| {
            vec![last.place.to_string()]
        });
        let title = rows::title_of(cx.tx, &report.meeting_id).await?;
        Ok(GetMeetingDetailOutput {
            meeting_detail: MeetingDetail {
                report,
                title: title.and_then(|title| title.try_into().ok()),
                attendees: page.items.into_iter().map(|placed| placed.attendee).collect(),
            },
            next_token: page.next,
        })
    }
}

/// Lists what happened in a meeting that ended, in the order of time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMeetingEvents {
    account_id: AccountId,
    meeting_id: MeetingId,
    max_results: Option<ResultMax>,
    next_token: Option<String>,
}

/// A page of what happened in a meeting.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMeetingEventsOutput {
    meeting_events: Vec<MeetingEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

carillon_aws::string_enum! {
    /// What happened in a meeting.
    pub(crate) enum MeetingEventType {
        MeetingStarted,
        MeetingEnded,
        AttendeeInvited,
        AttendeeJoined,
        AttendeeLeft,
        AttendeeDropped,
        AttendeeDeclined,
        AttendeeRunningLate,
        AttendeeRemoved,
        AudioConnected,
        AudioDisconnected,
        Muted,
        Unmuted,
        VideoStarted,
        VideoStopped,
        ScreenShareStarted,
        ScreenShareStopped,
        RecordingStarted,
        RecordingStopped,
        MeetingLocked,
        MeetingUnlocked,
        EventModeStarted,
        EventModeStopped,
        ModeratorJoined,
        SurveySubmitted,
    }
}

/// Something that happened in a meeting.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MeetingEvent {
    event_id: String,
    timestamp: Timestamp,
    event_type: MeetingEventType,
    #[serde(skip_serializing_if = "Option::is_none")]
    attendee_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_attendee_id: Option<String>,
    /// Never names, addresses or what people wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<MeetingEventDetails>,
}

/// What else is known of something that happened in a meeting.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct MeetingEventDetails(BTreeMap<&'static str, String>);

impl MeetingEvent {
    /// Nothing for events that are of no meeting.
    fn of(told: Told) -> Option<Self> {
        let facts = told.facts;
        let event_type = event_type(told.kind, facts.state.unwrap_or(State::Started))?;
        let details: BTreeMap<&'static str, String> = [
            ("ClientType", facts.client_type.map(|kind| kind.to_string())),
            ("ClientVersion", facts.client_version),
            ("OperatingSystem", facts.operating_system),
            ("MediaRegion", facts.media_region),
            ("AudioType", facts.audio_type.map(|kind| kind.to_string())),
            ("Rating", facts.rating.map(|rating| rating.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        Some(Self {
            event_id: told.id,
            timestamp: told.at,
            event_type,
            attendee_id: facts.attendee_id,
            actor_attendee_id: facts.actor_attendee_id,
            details: (!details.is_empty()).then_some(MeetingEventDetails(details)),
        })
    }
}

fn event_type(kind: EventType, state: State) -> Option<MeetingEventType> {
    use MeetingEventType as Shown;
    let either = |started, stopped| match state {
        State::Started => started,
        State::Stopped => stopped,
    };
    Some(match kind {
        EventType::MeetingStarted => Shown::MeetingStarted,
        EventType::MeetingEnded => Shown::MeetingEnded,
        EventType::AttendeeInvited => Shown::AttendeeInvited,
        EventType::AttendeeJoined => Shown::AttendeeJoined,
        EventType::AttendeeLeft => Shown::AttendeeLeft,
        EventType::AttendeeDropped => Shown::AttendeeDropped,
        EventType::AttendeeDeclined => Shown::AttendeeDeclined,
        EventType::AttendeeRunningLate => Shown::AttendeeRunningLate,
        EventType::AttendeeRemoved => Shown::AttendeeRemoved,
        EventType::ModeratorJoined => Shown::ModeratorJoined,
        EventType::Survey => Shown::SurveySubmitted,
        EventType::Audio => either(Shown::AudioConnected, Shown::AudioDisconnected),
        EventType::Video => either(Shown::VideoStarted, Shown::VideoStopped),
        EventType::ScreenShare => either(Shown::ScreenShareStarted, Shown::ScreenShareStopped),
        EventType::Muted => either(Shown::Muted, Shown::Unmuted),
        EventType::Recording => either(Shown::RecordingStarted, Shown::RecordingStopped),
        EventType::Locked => either(Shown::MeetingLocked, Shown::MeetingUnlocked),
        EventType::EventMode => either(Shown::EventModeStarted, Shown::EventModeStopped),
        EventType::Message
        | EventType::AttachmentUploaded
        | EventType::AttachmentDeleted
        | EventType::PresenceSetting => return None,
    })
}

impl Operation for ListMeetingEvents {
    const SPEC: Spec = Spec::rest(
        "chime:ListMeetingEvents",
        "GET /accounts/{AccountId}/reports/meetings/{MeetingId}/events?max-results={MaxResults}\
         &next-token={NextToken}",
    )
    .granted(&[FA, UM]);

    type Access = List;
    type Output = ListMeetingEventsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListMeetingEventsOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let meeting = require_meeting(cx.tx, &account, &self.meeting_id).await?;
        let filters = [account.id.as_str(), self.meeting_id.as_str()];
        let first = (Timestamp::MIN, -1, String::new());
        let after = beginning(cx, self.next_token.as_ref(), &filters, first, event_place)?;
        let (size, rows_read) = result_max(self.max_results);
        let after = (after.0, after.1, after.2.as_str());
        let found = crate::activity::rows::events_after(cx.tx, &meeting.meeting_id, after, rows_read).await?;
        let page = cx.page(found, size, &filters, |last| {
            vec![
                last.at.as_micros().to_string(),
                last.source.to_string(),
                last.id.clone(),
            ]
        });
        Ok(ListMeetingEventsOutput {
            meeting_events: page.items.into_iter().filter_map(MeetingEvent::of).collect(),
            next_token: page.next,
        })
    }
}

/// The place of an event that a page token names.
fn event_place(key: &[String]) -> Option<(Timestamp, i64, String)> {
    let [at, source, id] = key else { return None };
    Some((
        Timestamp::from_micros(at.parse().ok()?),
        source.parse().ok()?,
        id.clone(),
    ))
}
