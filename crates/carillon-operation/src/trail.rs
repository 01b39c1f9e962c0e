//! Reading the audit trail back: the `LookupEvents` operation of CloudTrail.
//!
//! Events are kept in the order of their time, and pages go backwards through it. Few attributes have an index,
//! because every request pays for each of them: the user name and the access key find what somebody did, the
//! resource what was done to something, and the names of writes find changes. An event's own identifier holds
//! its time. Everything else is true of many events, so a page looks through a stretch of the trail, and may
//! find less than it was asked for, or nothing, and still have a next page.
//!
//! An event is a row of its own, or one of a block of many that became durable together ([`Blocks`]). Whoever searches
//! does not see which.

mod block;
mod kept;
mod rows;
mod search;

use carillon_aws::error::Protocol;
use carillon_aws::shape::Listed;
use carillon_aws::string_enum;
use carillon_aws::time::{EpochSeconds, Timestamp};
use carillon_store::StoreError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::block::{Blocks, delete_blocks};
pub(crate) use self::kept::Kept;
pub use self::rows::Place;
use self::rows::Search;
pub(crate) use self::rows::within_millisecond;
pub(crate) use self::search::{By, Newest};
use crate::Fault;
use crate::operation::{Context, Operation, operation};
use crate::registry::{Group, Service};
use crate::spec::{Read, Spec};
use crate::terms::{ResourceTerms, Terms};

/// AWS CloudTrail, version 2013-11-01, as far as it reads events.
pub static CLOUDTRAIL: Service = Service {
    name: "cloudtrail",
    event_source: "cloudtrail.amazonaws.com",
    protocol: Protocol::Json11,
    version: "2013-11-01",
    region: None,
    resource_of: |_, _| None,
    locate: None,
    policies: &[],
    terms: &Terms {
        title: "AWS CloudTrail",
        known_actions: include_str!("trail/known_actions.txt"),
        asked_besides: &[],
        resources: ResourceTerms::Listed("* LookupEvents"),
        keys: &[],
    },
    groups: &[Group {
        name: "Events",
        operations: &[operation::<LookupEvents>()],
    }],
};

/// How far back events are found, in seconds. Source: CloudTrail API Reference, "LookupEvents".
const REACH: i64 = 90 * 24 * 60 * 60;
/// Events of a page, at most and unless asked otherwise.
const PAGE: i64 = 50;

/// Finds events of the last 90 days, the newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct LookupEvents {
    /// What the events must have. At most one attribute.
    #[serde(default)]
    lookup_attributes: Listed<LookupAttribute, 0, 50>,
    /// The first moment of interest.
    start_time: Option<EpochSeconds>,
    /// The last moment of interest; without a fraction, to the end of its second.
    end_time: Option<EpochSeconds>,
    /// Insights events, of which there are none here.
    event_category: Option<EventCategory>,
    /// 1 to 50.
    max_results: Option<i32>,
    next_token: Option<String>,
}

/// An attribute and its value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct LookupAttribute {
    attribute_key: AttributeKey,
    attribute_value: String,
}

string_enum! {
    /// What events can be found by.
    enum AttributeKey {
        EventId,
        EventName,
        ReadOnly,
        Username,
        ResourceType,
        ResourceName,
        EventSource,
        AccessKeyId,
    }
}

string_enum! {
    /// A kind of events beside the ordinary one.
    enum EventCategory {
        Insight = "insight",
    }
}

/// Events and the token of the next page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Events {
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// An event as CloudTrail lists it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Event {
    event_id: String,
    event_name: String,
    read_only: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<String>,
    event_time: EpochSeconds,
    event_source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    resources: Vec<Resource>,
    /// The whole record, as JSON.
    cloud_trail_event: String,
}

/// What an event concerns.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    resource_type: String,
    resource_name: String,
}

/// Why events are not looked up.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("You can specify only one attribute key and one attribute value for each lookup")]
    Attributes,
    #[error("the maximum number of results must be from 1 to {PAGE}")]
    MaxResults,
    #[error("the token is not one of this lookup, or too old")]
    NextToken,
    #[error("the start time is after the end time")]
    TimeRange,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Attributes => Self::refused(400, "InvalidLookupAttributesException", message),
            Error::MaxResults => Self::refused(400, "InvalidMaxResultsException", message),
            Error::NextToken => Self::refused(400, "InvalidNextTokenException", message),
            Error::TimeRange => Self::refused(400, "InvalidTimeRangeException", message),
            Error::Store(error) => error.into(),
        }
    }
}

impl Operation for LookupEvents {
    const SPEC: Spec = Spec::named("cloudtrail:LookupEvents");

    type Access = Read;
    type Output = Events;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Events, Error> {
        let attribute = match &*self.lookup_attributes {
            [] => None,
            [attribute] => Some(attribute),
            _ => return Err(Error::Attributes),
        };
        let limit = match self.max_results.map_or(PAGE, i64::from) {
            limit @ 1..=PAGE => limit,
            _ => return Err(Error::MaxResults),
        };
        let times = self.times(cx.now)?;
        let filters = self.filters(attribute);
        let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
        let before = match &self.next_token {
            None => Place::after(times.1),
            Some(token) => cx
                .place(token, &filters)
                .and_then(|key| Place::read(&key))
                .ok_or(Error::NextToken)?,
        };
        if self.event_category.is_some() {
            return Ok(Events {
                events: Vec::new(),
                next_token: None,
            });
        }
        let search = Search {
            account: cx.aws_account_id(),
            since: times.0,
            before,
            limit,
        };
        let found = search.find(cx.tx, &cx.environment.registry, attribute).await?;
        let page = cx.page(
            found.events,
            usize::try_from(limit).unwrap_or(0),
            &filters,
            |last| last.place.key(),
        );
        let next_token = match (page.next, found.searched_to) {
            (Some(token), _) => Some(token),
            (None, Some(place)) => Some(cx.token(&filters, &place.key())),
            (None, None) => None,
        };
        Ok(Events {
            events: page.items.into_iter().map(Kept::shape).collect(),
            next_token,
        })
    }
}

impl LookupEvents {
    /// The first and the last moment.
    fn times(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
        let oldest = Timestamp::from_seconds(now.as_seconds() - REACH);
        let start = self.start_time.map_or(oldest, |time| time.0.max(oldest));
        let end = match self.end_time {
            // Times are shown in seconds; whoever asks for what was shown must find it.
            Some(EpochSeconds(end)) if end == Timestamp::from_seconds(end.as_seconds()) => {
                Timestamp::from_micros(end.as_micros() + 999_999)
            }
            Some(EpochSeconds(end)) => end,
            // Another server's clock may be a little ahead.
            None => Timestamp::MAX,
        };
        match (self.start_time, self.end_time) {
            (Some(from), Some(to)) if from > to => Err(Error::TimeRange),
            _ => Ok((start, end)),
        }
    }

    /// What makes one lookup another one.
    fn filters(&self, attribute: Option<&LookupAttribute>) -> Vec<String> {
        let time =
            |time: Option<EpochSeconds>| time.map_or_else(String::new, |time| time.0.as_micros().to_string());
        let (key, value) = attribute.map_or(("", ""), |attribute| {
            (
                attribute.attribute_key.as_str(),
                attribute.attribute_value.as_str(),
            )
        });
        vec![
            key.to_owned(),
            value.to_owned(),
            time(self.start_time),
            time(self.end_time),
        ]
    }
}

impl Kept {
    fn shape(self) -> Event {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Event {
            event_time: Timestamp::from_seconds(Timestamp::from_micros(self.place.at).as_seconds()).into(),
            event_id: self.place.id,
            event_name: self.name,
            read_only: self.read_only.to_string(),
            access_key_id: some(self.access_key_id),
            event_source: self.source,
            username: some(self.user_name),
            resources: some(self.resource_name)
                .map(|resource_name| Resource {
                    resource_type: self.resource_type,
                    resource_name,
                })
                .into_iter()
                .collect(),
            cloud_trail_event: self.record,
        }
    }
}
