//! How the trail is searched.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, ToValue, Value, bind};

use super::{AttributeKey, LookupAttribute};
use crate::Registry;
use crate::audit::time_of_event_id;

/// Events that a page looks through when no index finds them.
const STRETCH: i64 = 5_000;

/// A place in the trail: just before this event, going back. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub at: i64,
    pub id: String,
}

impl Place {
    /// Before which lies everything up to this moment.
    pub fn after(moment: Timestamp) -> Self {
        Self {
            at: moment.as_micros().saturating_add(1),
            id: String::new(),
        }
    }

    pub fn key(&self) -> Vec<String> {
        vec![self.at.to_string(), self.id.clone()]
    }

    pub fn read(key: &[String]) -> Option<Self> {
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
pub(super) struct EventRow {
    pub place: Place,
    pub name: String,
    pub source: String,
    pub user_name: String,
    pub access_key_id: String,
    pub read_only: bool,
    pub resource_name: String,
    pub resource_type: String,
    pub record: String,
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

/// Where to look.
pub(super) struct Search {
    pub account: AwsAccountId,
    pub since: Timestamp,
    pub before: Place,
    pub limit: i64,
}

/// At most one event more than the limit, and where the search ended if that is not the end of the trail.
pub(super) struct Found {
    pub events: Vec<EventRow>,
    pub searched_to: Option<Place>,
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
    pub async fn find(
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
            AttributeKey::EventName => self.within(tx, BY_NAME, value.to_value()).await,
            AttributeKey::EventSource => self.within(tx, BY_SOURCE, value.to_value()).await,
            AttributeKey::ResourceType if !value.is_empty() => {
                self.within(tx, BY_RESOURCE_TYPE, value.to_value()).await
            }
            AttributeKey::ReadOnly if value.eq_ignore_ascii_case("true") => {
                self.within(tx, BY_READ_ONLY, true.to_value()).await
            }
            AttributeKey::ReadOnly if value.eq_ignore_ascii_case("false") => {
                self.within(tx, BY_READ_ONLY, false.to_value()).await
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
    async fn within(
        &self,
        tx: &mut ReadTx,
        sql: &'static str,
        value: Value<'_>,
    ) -> Result<Found, StoreError> {
        let Place { at, id } = &self.before;
        let more = self.limit + 1;
        let events = tx
            .fetch_all(
                sql,
                bind![
                    self.account,
                    self.since,
                    *at,
                    *id,
                    STRETCH,
                    value,
                    more,
                    self.account
                ],
            )
            .await?;
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

    use super::{Found, Place, STRETCH, Search};
    use crate::Registry;
    use crate::audit::{Event, event_id, time_of_event_id};
    use crate::trail::{AttributeKey, CLOUDTRAIL, LookupAttribute};

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
            basis: None,
            snapshots: Vec::new(),
            copy: None,
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
