//! How the trail is searched.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError};

use super::kept::Kept;
use super::search::{By, Newest};
use super::{AttributeKey, LookupAttribute};
use crate::Registry;
use crate::audit::time_of_event_id;

/// Events that a page looks through when no index finds them.
const STRETCH: i64 = 5_000;
/// Events of it that are read at a time.
const PART: i64 = 500;
/// Events of a millisecond that are looked at. One core does not make as many.
const OF_A_MILLISECOND: i64 = 10_000;

/// A place in the trail: just before this event, going back. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

/// Where to look.
pub(super) struct Search {
    pub account: AwsAccountId,
    pub since: Timestamp,
    pub before: Place,
    pub limit: i64,
}

/// At most one event more than the limit, and where the search ended if that is not the end of the trail.
pub(super) struct Found {
    pub events: Vec<Kept>,
    pub searched_to: Option<Place>,
}

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
            return self.indexed(tx, By::Everything).await;
        };
        match attribute_key {
            AttributeKey::EventId => self.by_id(tx, value).await,
            AttributeKey::Username => self.indexed(tx, By::User(value)).await,
            AttributeKey::AccessKeyId => self.indexed(tx, By::Key(value)).await,
            AttributeKey::ResourceName if !value.is_empty() => self.indexed(tx, By::Resource(value)).await,
            AttributeKey::EventName if !only_reads(registry, value) => {
                self.indexed(tx, By::NameOfWrite(value)).await
            }
            AttributeKey::EventName => self.within(tx, |event| event.name == *value).await,
            AttributeKey::EventSource => self.within(tx, |event| event.source == *value).await,
            AttributeKey::ResourceType if !value.is_empty() => {
                self.within(tx, |event| event.resource_type == *value).await
            }
            AttributeKey::ReadOnly if value.eq_ignore_ascii_case("true") => {
                self.within(tx, |event| event.read_only).await
            }
            AttributeKey::ReadOnly if value.eq_ignore_ascii_case("false") => {
                self.within(tx, |event| !event.read_only).await
            }
            AttributeKey::ReadOnly | AttributeKey::ResourceName | AttributeKey::ResourceType => {
                Ok(Found::nothing())
            }
        }
    }

    fn newest<'a>(&self, by: By<'a>, before: &'a Place, limit: i64) -> Newest<'a> {
        Newest {
            account: self.account,
            by,
            since: self.since,
            before,
            limit,
        }
    }

    async fn indexed(&self, tx: &mut ReadTx, by: By<'_>) -> Result<Found, StoreError> {
        let events = self.newest(by, &self.before, self.limit + 1).find(tx).await?;
        Ok(Found::to_the_end(events))
    }

    async fn by_id(&self, tx: &mut ReadTx, id: &str) -> Result<Found, StoreError> {
        let events = match time_of_event_id(id) {
            Some(time) if time >= self.since => within_millisecond(tx, self.account, time).await?,
            _ => Vec::new(),
        };
        let is_it = |event: &Kept| event.place.id == id && event.place < self.before;
        Ok(Found::to_the_end(events.into_iter().filter(is_it).collect()))
    }

    /// Looks through one stretch.
    async fn within(&self, tx: &mut ReadTx, is_it: impl Fn(&Kept) -> bool) -> Result<Found, StoreError> {
        let limit = usize::try_from(self.limit).unwrap_or(0);
        let (mut events, mut before, mut left) = (Vec::new(), self.before.clone(), STRETCH);
        loop {
            let part = PART.min(left);
            let searched = self.newest(By::Everything, &before, part).find(tx).await?;
            let is_the_end = i64::try_from(searched.len()).is_ok_and(|found| found < part);
            if let Some(last) = searched.last() {
                before = last.place.clone();
            }
            events.extend(searched.into_iter().filter(&is_it));
            left -= part;
            if is_the_end || events.len() > limit {
                return Ok(Found::to_the_end(events));
            }
            if left == 0 {
                return Ok(Found {
                    events,
                    searched_to: Some(before),
                });
            }
        }
    }
}

/// All events of a millisecond.
pub(crate) async fn within_millisecond(
    tx: &mut ReadTx,
    account: AwsAccountId,
    since: Timestamp,
) -> Result<Vec<Kept>, StoreError> {
    let last = Timestamp::from_micros(since.as_micros().saturating_add(999));
    let newest = Newest {
        account,
        by: By::Everything,
        since,
        before: &Place::after(last),
        limit: OF_A_MILLISECOND,
    };
    newest.find(tx).await
}

impl Found {
    fn nothing() -> Self {
        Self::to_the_end(Vec::new())
    }

    fn to_the_end(events: Vec<Kept>) -> Self {
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
