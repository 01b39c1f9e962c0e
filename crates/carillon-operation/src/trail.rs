//! Reading the audit trail back: the `LookupEvents` operation of CloudTrail.
//!
//! Events are kept in the order of their time, and pages go backwards through it. Few attributes have an index,
//! because every request pays for each of them: the user name and the access key find what somebody did, the
//! resource what was done to something, and the names of writes find changes. An event's own identifier holds
//! its time. Everything else is true of many events, so a page looks through a stretch of the trail, and may
//! find less than it was asked for, or nothing, and still have a next page.

use carillon_aws::error::Protocol;
use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Listed;
use carillon_aws::string_enum;
use carillon_aws::time::{EpochSeconds, Timestamp};
use carillon_store::{FromRow, ReadTx, Row, StoreError, bind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::time_of_event_id;
use crate::operation::{Context, Operation, operation};
use crate::registry::{Group, Service};
use crate::spec::{Read, Spec};
use crate::{Fault, Registry};

/// AWS CloudTrail, version 2013-11-01, as far as it reads events.
pub static CLOUDTRAIL: Service = Service {
    name: "cloudtrail",
    event_source: "cloudtrail.amazonaws.com",
    protocol: Protocol::Json11,
    version: "2013-11-01",
    region: None,
    resource_of: |_, _| None,
    policies: &[],
    groups: &[Group {
        name: "Events",
        operations: &[operation::<LookupEvents>()],
    }],
};

/// How far back events are found, in seconds. Source: CloudTrail API Reference, "LookupEvents".
const REACH: i64 = 90 * 24 * 60 * 60;
/// Events that a page looks through when no index finds them.
const STRETCH: i64 = 5_000;
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
            events: page.items.into_iter().map(EventRow::shape).collect(),
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

/// A place in the trail: just before this event, going back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    at: i64,
    id: String,
}

impl Place {
    /// Before which lies everything up to this moment.
    fn after(moment: Timestamp) -> Self {
        Self {
            at: moment.as_micros().saturating_add(1),
            id: String::new(),
        }
    }

    fn key(&self) -> Vec<String> {
        vec![self.at.to_string(), self.id.clone()]
    }

    fn read(key: &[String]) -> Option<Self> {
        match key {
            [at, id] => Some(Self {
                at: at.parse().ok()?,
                id: id.clone(),
            }),
            _ => None,
        }
    }
}

impl FromRow for Place {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            at: row.get(0)?,
            id: row.get(1)?,
        })
    }
}

/// An event as it is kept.
#[derive(Debug)]
struct EventRow {
    place: Place,
    name: String,
    source: String,
    user_name: String,
    access_key_id: String,
    read_only: bool,
    resource_name: String,
    resource_type: String,
    record: String,
}

impl FromRow for EventRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            place: Place::from_row(row)?,
            name: row.get(2)?,
            source: row.get(3)?,
            user_name: row.get(4)?,
            access_key_id: row.get(5)?,
            read_only: row.get(6)?,
            resource_name: row.get(7)?,
            resource_type: row.get(8)?,
            record: row.get(9)?,
        })
    }
}

impl EventRow {
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

/// Where to look.
struct Search {
    account: AwsAccountId,
    since: Timestamp,
    before: Place,
    limit: i64,
}

/// At most one event more than the limit, and where the search ended if that is not the end of the trail.
struct Found {
    events: Vec<EventRow>,
    searched_to: Option<Place>,
}

macro_rules! columns {
    () => {
        columns!("")
    };
    ($of:literal) => {
        concat!(
            $of,
            "event_at, ",
            $of,
            "event_id, ",
            $of,
            "event_name, ",
            $of,
            "event_source, ",
            $of,
            "user_name, ",
            $of,
            "access_key_id, ",
            $of,
            "read_only, ",
            $of,
            "resource_name, ",
            $of,
            "resource_type, ",
            $of,
            "record"
        )
    };
}

/// Events that an index finds.
macro_rules! indexed {
    ($filter:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit_event WHERE aws_account_id = $1 AND ",
            $filter,
            " AND event_at >= $3 AND (event_at, event_id) < ($4, $5)
              ORDER BY event_at DESC, event_id DESC LIMIT $6"
        )
    };
}

/// Events within a stretch of the trail. Records are long, so only those of the page are read.
macro_rules! within {
    ($column:literal) => {
        concat!(
            "SELECT ",
            columns!("event."),
            " FROM (SELECT event_at, event_id
                      FROM (SELECT event_at, event_id, ",
            $column,
            "        FROM audit_event
                             WHERE aws_account_id = $1 AND event_at >= $2 AND (event_at, event_id) < ($3, $4)
                             ORDER BY event_at DESC, event_id DESC LIMIT $5) AS stretch
                     WHERE ",
            $column,
            " = $6
                     ORDER BY event_at DESC, event_id DESC LIMIT $7) AS found
              JOIN audit_event AS event
                ON event.aws_account_id = $8 AND event.event_at = found.event_at
               AND event.event_id = found.event_id
             ORDER BY event.event_at DESC, event.event_id DESC"
        )
    };
}

const BY_USER: &str = indexed!("user_name = $2");
const BY_KEY: &str = indexed!("access_key_id = $2");
// The conditions that make an index partial are repeated, or the planner would not know that it may use it.
const BY_RESOURCE: &str = indexed!("resource_name = $2 AND resource_name <> ''");
const BY_NAME_OF_WRITE: &str = indexed!("event_name = $2 AND read_only = FALSE");
const BY_NAME: &str = within!("event_name");
const BY_SOURCE: &str = within!("event_source");
const BY_RESOURCE_TYPE: &str = within!("resource_type");
const BY_READ_ONLY: &str = within!("read_only");
const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM audit_event WHERE aws_account_id = $1 AND event_at >= $2 AND (event_at, event_id) < ($3, $4)
      ORDER BY event_at DESC, event_id DESC LIMIT $5"
);
const BY_ID: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM audit_event WHERE aws_account_id = $1 AND event_at >= $2 AND event_at < $3 AND event_id = $4"
);
const END_OF_STRETCH: &str = "SELECT event_at, event_id FROM audit_event \
    WHERE aws_account_id = $1 AND event_at >= $2 AND (event_at, event_id) < ($3, $4) \
    ORDER BY event_at DESC, event_id DESC LIMIT 1 OFFSET $5";

impl Search {
    async fn find(
        &self,
        tx: &mut ReadTx,
        registry: &Registry,
        attribute: Option<&LookupAttribute>,
    ) -> Result<Found, StoreError> {
        let Some(LookupAttribute {
            attribute_key,
            attribute_value: value,
        }) = attribute
        else {
            return self.all(tx).await;
        };
        match attribute_key {
            AttributeKey::EventId => self.by_id(tx, value).await,
            AttributeKey::Username => self.indexed(tx, BY_USER, value).await,
            AttributeKey::AccessKeyId => self.indexed(tx, BY_KEY, value).await,
            AttributeKey::ResourceName if !value.is_empty() => self.indexed(tx, BY_RESOURCE, value).await,
            AttributeKey::EventName if !only_reads(registry, value) => {
                self.indexed(tx, BY_NAME_OF_WRITE, value).await
            }
            AttributeKey::EventName => self.within(tx, BY_NAME, &Value::from(value.as_str())).await,
            AttributeKey::EventSource => self.within(tx, BY_SOURCE, &Value::from(value.as_str())).await,
            AttributeKey::ResourceType if !value.is_empty() => {
                self.within(tx, BY_RESOURCE_TYPE, &Value::from(value.as_str()))
                    .await
            }
            AttributeKey::ReadOnly if value.eq_ignore_ascii_case("true") => {
                self.within(tx, BY_READ_ONLY, &Value::from(true)).await
            }
            AttributeKey::ReadOnly if value.eq_ignore_ascii_case("false") => {
                self.within(tx, BY_READ_ONLY, &Value::from(false)).await
            }
            AttributeKey::ReadOnly | AttributeKey::ResourceName | AttributeKey::ResourceType => {
                Ok(Found::nothing())
            }
        }
    }

    async fn all(&self, tx: &mut ReadTx) -> Result<Found, StoreError> {
        let Place { at, id } = &self.before;
        let events = tx
            .fetch_all(ALL, bind![self.account, self.since, *at, *id, self.limit + 1])
            .await?;
        Ok(Found::to_the_end(events))
    }

    async fn by_id(&self, tx: &mut ReadTx, id: &str) -> Result<Found, StoreError> {
        let Some(millisecond) = time_of_event_id(id) else {
            return Ok(Found::nothing());
        };
        let since = millisecond.max(self.since);
        let until = Timestamp::from_micros(millisecond.as_micros() + 1_000);
        let events: Vec<EventRow> = tx.fetch_all(BY_ID, bind![self.account, since, until, id]).await?;
        let is_before =
            |event: &EventRow| (event.place.at, &event.place.id) < (self.before.at, &self.before.id);
        Ok(Found::to_the_end(events.into_iter().filter(is_before).collect()))
    }

    async fn indexed(&self, tx: &mut ReadTx, sql: &'static str, value: &str) -> Result<Found, StoreError> {
        let Place { at, id } = &self.before;
        let events = tx
            .fetch_all(
                sql,
                bind![self.account, value, self.since, *at, *id, self.limit + 1],
            )
            .await?;
        Ok(Found::to_the_end(events))
    }

    /// Looks through one stretch.
    async fn within(&self, tx: &mut ReadTx, sql: &'static str, value: &Value) -> Result<Found, StoreError> {
        let Place { at, id } = &self.before;
        let more = self.limit + 1;
        let events: Vec<EventRow> = match value {
            Value::Bool(is) => {
                tx.fetch_all(
                    sql,
                    bind![
                        self.account,
                        self.since,
                        *at,
                        *id,
                        STRETCH,
                        *is,
                        more,
                        self.account
                    ],
                )
                .await?
            }
            text => {
                let text = text.as_str().unwrap_or_default();
                tx.fetch_all(
                    sql,
                    bind![
                        self.account,
                        self.since,
                        *at,
                        *id,
                        STRETCH,
                        text,
                        more,
                        self.account
                    ],
                )
                .await?
            }
        };
        let searched_to = tx
            .fetch_optional(
                END_OF_STRETCH,
                bind![self.account, self.since, *at, *id, STRETCH - 1],
            )
            .await?;
        Ok(Found { events, searched_to })
    }
}

impl Found {
    fn nothing() -> Self {
        Self::to_the_end(Vec::new())
    }

    fn to_the_end(events: Vec<EventRow>) -> Self {
        Self {
            events,
            searched_to: None,
        }
    }
}

/// Whether events of this name are all reads.
fn only_reads(registry: &Registry, event_name: &str) -> bool {
    registry
        .services()
        .iter()
        .filter_map(|service| service.named(event_name))
        .any(|entry| entry.level.reads_only())
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::{SystemEntropy, Timestamp};
    use carillon_store::Store;

    use super::{AttributeKey, CLOUDTRAIL, Found, LookupAttribute, Place, STRETCH, Search};
    use crate::Registry;
    use crate::audit::{Event, event_id, time_of_event_id};

    const START: i64 = 1_700_000_000;

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
        (folder, Store::open(&url).await.unwrap())
    }

    /// The event of second `number`, done by `user`.
    fn event(number: i64, name: &str, user: &str, read_only: bool) -> Event {
        let at = Timestamp::from_seconds(START + number);
        Event {
            aws_account_id: "111122223333".parse().unwrap(),
            at,
            id: event_id(at, &SystemEntropy),
            name: name.to_owned(),
            source: "chime.amazonaws.com",
            user_name: user.to_owned(),
            access_key_id: format!("AKIA{user}"),
            read_only,
            resource: (!read_only).then(|| ("AWS::Chime::Account", format!("account-{number}"))),
            record: number.to_string(),
        }
    }

    async fn keep(store: &Store, events: &[Event]) {
        let mut tx = store.write().await.unwrap();
        for event in events {
            event.insert(&mut tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn find(store: &Store, before: Place, limit: i64, by: Option<(AttributeKey, &str)>) -> Found {
        let search = Search {
            account: "111122223333".parse().unwrap(),
            since: Timestamp::from_seconds(START),
            before,
            limit,
        };
        let attribute = by.map(|(attribute_key, value)| LookupAttribute {
            attribute_key,
            attribute_value: value.to_owned(),
        });
        let registry = Registry::new(&[&CLOUDTRAIL]);
        let mut tx = store.read().await.unwrap();
        search.find(&mut tx, &registry, attribute.as_ref()).await.unwrap()
    }

    fn numbers(found: &Found) -> Vec<i64> {
        found
            .events
            .iter()
            .map(|event| event.record.parse().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn each_attribute_finds_its_events_newest_first() {
        let (_folder, store) = store().await;
        let events = [
            event(1, "CreateAccount", "ada", false),
            event(2, "LookupEvents", "ada", true),
            event(3, "CreateAccount", "grace", false),
        ];
        keep(&store, &events).await;
        let id = events[0].id.clone();
        let by = async |by| numbers(&find(&store, Place::after(Timestamp::MAX), 50, by).await);

        assert_eq!(by(None).await, [3, 2, 1]);
        assert_eq!(by(Some((AttributeKey::Username, "ada"))).await, [2, 1]);
        assert_eq!(by(Some((AttributeKey::AccessKeyId, "AKIAgrace"))).await, [3]);
        assert_eq!(by(Some((AttributeKey::EventName, "CreateAccount"))).await, [3, 1]);
        assert_eq!(by(Some((AttributeKey::EventName, "LookupEvents"))).await, [2]);
        assert_eq!(
            by(Some((AttributeKey::EventSource, "chime.amazonaws.com"))).await,
            [3, 2, 1]
        );
        assert_eq!(
            by(Some((AttributeKey::EventSource, "iam.amazonaws.com"))).await,
            [0; 0]
        );
        assert_eq!(by(Some((AttributeKey::ReadOnly, "true"))).await, [2]);
        assert_eq!(by(Some((AttributeKey::ReadOnly, "False"))).await, [3, 1]);
        assert_eq!(by(Some((AttributeKey::ReadOnly, "maybe"))).await, [0; 0]);
        assert_eq!(by(Some((AttributeKey::ResourceName, "account-1"))).await, [1]);
        assert_eq!(by(Some((AttributeKey::ResourceName, ""))).await, [0; 0]);
        assert_eq!(
            by(Some((AttributeKey::ResourceType, "AWS::Chime::Account"))).await,
            [3, 1]
        );
        assert_eq!(by(Some((AttributeKey::EventId, &id))).await, [1]);
        assert_eq!(
            by(Some((AttributeKey::EventId, "not an identifier"))).await,
            [0; 0]
        );
    }

    #[tokio::test]
    async fn a_page_ends_where_the_next_one_begins() {
        let (_folder, store) = store().await;
        // All in one moment: then the identifiers keep the order.
        let events: Vec<Event> = (0..5)
            .map(|number| Event {
                record: number.to_string(),
                ..event(7, "CreateAccount", "ada", false)
            })
            .collect();
        keep(&store, &events).await;
        let mut seen = Vec::new();
        let mut before = Place::after(Timestamp::from_seconds(START + 7));
        loop {
            let found = find(&store, before, 2, Some((AttributeKey::Username, "ada"))).await;
            seen.extend(numbers(&found).into_iter().take(2));
            if found.events.len() <= 2 {
                break;
            }
            before = found.events[1].place.clone();
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_stretch_without_a_match_has_a_next_one() {
        let (_folder, store) = store().await;
        let mut events = vec![event(0, "LookupEvents", "ada", true)];
        events.extend((1..=STRETCH + 10).map(|number| event(number, "Other", "ada", false)));
        keep(&store, &events).await;

        let by = Some((AttributeKey::EventName, "LookupEvents"));
        let first = find(&store, Place::after(Timestamp::MAX), 50, by).await;
        assert_eq!(numbers(&first), [0; 0]);
        let second = find(&store, first.searched_to.unwrap(), 50, by).await;
        assert_eq!(numbers(&second), [0]);
        assert_eq!(second.searched_to, None);
    }

    #[test]
    fn an_identifier_holds_its_time() {
        let at = Timestamp::from_micros(1_700_000_000_123_456);
        let id = event_id(at, &SystemEntropy);
        assert_eq!(
            time_of_event_id(&id),
            Some(Timestamp::from_micros(1_700_000_000_123_000))
        );
        assert_eq!(time_of_event_id("2b9d7a34-8b25-4c0f-9d5f-3f2f1d0c8e11"), None);
        assert_eq!(time_of_event_id(""), None);
    }
}
