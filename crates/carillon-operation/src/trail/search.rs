//! Finding events, wherever they are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{ReadTx, StoreError, bind};

use super::Place;
use super::block::{SPAN, StoredBlock, block_columns, corrupt};
use super::kept::{Kept, View, Views, columns};

/// What an index finds events by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By<'a> {
    Everything,
    User(&'a str),
    Key(&'a str),
    /// Not empty.
    Resource(&'a str),
    /// Changes of this name.
    NameOfWrite(&'a str),
}

impl<'a> By<'a> {
    /// How the index of blocks names it.
    pub(super) fn mention(self) -> Option<(&'static str, &'a str)> {
        match self {
            By::Everything => None,
            By::User(name) => Some(("user", name)),
            By::Key(id) => Some(("key", id)),
            By::Resource(name) => Some(("resource", name)),
            By::NameOfWrite(name) => Some(("write", name)),
        }
    }

    /// What finds this event.
    pub(super) fn which_find(event: &View<'a>) -> impl Iterator<Item = Self> + use<'a> {
        let resource = Some(event.resource_name).filter(|name| !name.is_empty());
        let write = Some(event.name).filter(|_| !event.read_only);
        [By::User(event.user_name), By::Key(event.access_key_id)]
            .into_iter()
            .chain(resource.map(By::Resource))
            .chain(write.map(By::NameOfWrite))
    }

    fn finds(self, event: &View<'_>) -> bool {
        match self {
            By::Everything => true,
            By::User(name) => event.user_name == name,
            By::Key(id) => event.access_key_id == id,
            By::Resource(name) => event.resource_name == name,
            By::NameOfWrite(name) => !event.read_only && event.name == name,
        }
    }
}

macro_rules! rows {
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

const ROWS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM audit_event WHERE aws_account_id = $1 AND event_at >= $2 AND (event_at, event_id) < ($3, $4)
      ORDER BY event_at DESC, event_id DESC LIMIT $5"
);
const ROWS_BY_USER: &str = rows!("user_name = $2");
const ROWS_BY_KEY: &str = rows!("access_key_id = $2");
// The conditions that make an index partial are repeated, or the planner would not know that it may use it.
const ROWS_BY_RESOURCE: &str = rows!("resource_name = $2 AND resource_name <> ''");
const ROWS_BY_NAME_OF_WRITE: &str = rows!("event_name = $2 AND read_only = FALSE");

const BLOCKS: &str = concat!(
    "SELECT ",
    block_columns!(),
    " FROM audit_block AS block
      WHERE aws_account_id = $1 AND last_at >= $2 AND (last_at, block_id) < ($3, $4) AND first_at <= $5
      ORDER BY last_at DESC, block_id DESC LIMIT $6"
);
const BLOCKS_BY_MENTION: &str = concat!(
    "SELECT ",
    block_columns!(),
    " FROM audit_block_mention AS mention
      JOIN audit_block AS block
        ON block.aws_account_id = mention.aws_account_id AND block.last_at = mention.last_at
       AND block.block_id = mention.block_id
     WHERE mention.aws_account_id = $1 AND mention.attribute = $2 AND mention.value = $3
       AND mention.last_at >= $4 AND (mention.last_at, mention.block_id) < ($5, $6) AND block.first_at <= $7
     ORDER BY mention.last_at DESC, mention.block_id DESC LIMIT $8"
);
/// Blocks that are read at a time.
const AT_ONCE: i64 = 4;

/// Events before a place and not before a moment, the newest first.
#[derive(Debug)]
pub(crate) struct Newest<'a> {
    pub account: AwsAccountId,
    pub by: By<'a>,
    pub since: Timestamp,
    pub before: &'a Place,
    pub limit: i64,
}

impl Newest<'_> {
    pub async fn find(&self, tx: &mut ReadTx) -> Result<Vec<Kept>, StoreError> {
        let limit = usize::try_from(self.limit).unwrap_or(0);
        let mut found = self.rows(tx).await?;
        // Nothing older than the last row that there is room for.
        let oldest = found
            .last()
            .filter(|_| found.len() >= limit)
            .map_or(self.since.as_micros(), |last| last.place.at);
        let mut blocks_before = Place {
            at: self.before.at.saturating_add(SPAN),
            id: String::new(),
        };
        loop {
            let blocks = self.blocks(tx, oldest, &blocks_before).await?;
            for block in &blocks {
                self.take(&block.events()?, &mut found)?;
            }
            let Some(last) = blocks.last() else { break };
            blocks_before = last.place.clone();
            // Whatever follows is not newer than this block's newest.
            let settled = found.iter().filter(|event| event.place.at > last.place.at);
            if settled.count() >= limit {
                break;
            }
        }
        found.sort_unstable_by(|one, other| {
            let [one, other] = [one, other].map(|event| (event.place.at, event.place.id.as_str()));
            other.cmp(&one)
        });
        found.truncate(limit);
        Ok(found)
    }

    /// Adds the events of a block that are looked for.
    fn take(&self, events: &[u8], found: &mut Vec<Kept>) -> Result<(), StoreError> {
        for view in Views(events) {
            let view = view.ok_or_else(|| corrupt("events"))?;
            let is_in_time = view.at >= self.since.as_micros() && view.is_before(self.before);
            if is_in_time && self.by.finds(&view) {
                found.push(view.to_kept());
            }
        }
        Ok(())
    }

    async fn rows(&self, tx: &mut ReadTx) -> Result<Vec<Kept>, StoreError> {
        let Place { at, id } = self.before;
        let (sql, value) = match self.by {
            By::Everything => {
                let values = bind![self.account, self.since, *at, *id, self.limit];
                return tx.fetch_all(ROWS, values).await;
            }
            By::User(name) => (ROWS_BY_USER, name),
            By::Key(id) => (ROWS_BY_KEY, id),
            By::Resource(name) => (ROWS_BY_RESOURCE, name),
            By::NameOfWrite(name) => (ROWS_BY_NAME_OF_WRITE, name),
        };
        let values = bind![self.account, value, self.since, *at, *id, self.limit];
        tx.fetch_all(sql, values).await
    }

    async fn blocks(
        &self,
        tx: &mut ReadTx,
        oldest: i64,
        before: &Place,
    ) -> Result<Vec<StoredBlock>, StoreError> {
        let (until, Place { at, id }) = (self.before.at, before);
        match self.by.mention() {
            None => {
                let values = bind![self.account, oldest, *at, *id, until, AT_ONCE];
                tx.fetch_all(BLOCKS, values).await
            }
            Some((attribute, value)) => {
                let values = bind![self.account, attribute, value, oldest, *at, *id, until, AT_ONCE];
                tx.fetch_all(BLOCKS_BY_MENTION, values).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use carillon_aws::time::{SystemEntropy, Timestamp};
    use carillon_store::{Store, bind};

    use super::{By, Newest};
    use crate::audit::{Event, event_id};
    use crate::retention::prune;
    use crate::trail::kept::columns;
    use crate::trail::{Blocks, Place};

    const START: i64 = 1_700_000_000_000_000;
    const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

    /// Numbers that look random, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as usize % bound
        }
    }

    /// An event about two milliseconds after the one before, as requests that take their time are: many share a
    /// microsecond, and few blocks are wholly before others.
    fn event(numbers: &mut Numbers, number: usize) -> Event {
        let lag = if numbers.below(50) == 0 {
            1_200_000
        } else {
            numbers.below(4) * 100_000
        };
        let at = Timestamp::from_micros(START + (number / 50 * 100_000) as i64 - lag as i64);
        let read_only = numbers.below(3) > 0;
        let resource = (numbers.below(4) == 0).then(|| ("Kind", format!("thing-{}", numbers.below(3))));
        Event {
            aws_account_id: ACCOUNTS[numbers.below(2)].parse().unwrap(),
            at,
            id: event_id(at, &SystemEntropy),
            name: ["Get", "Put"][numbers.below(2)].to_owned(),
            source: "chime.amazonaws.com",
            user_name: ["ada", "grace", ""][numbers.below(3)].to_owned(),
            access_key_id: format!("AKIA{}", numbers.below(4)),
            read_only,
            resource,
            record: format!("record {number}, ünïcödé"),
            basis: (numbers.below(2) == 0).then(|| format!("basis {number}")),
            snapshots: Vec::new(),
            copy: None,
        }
    }

    /// Keeps events as rows and in blocks of all sizes.
    async fn keep(store: &Store, numbers: &mut Numbers, events: &[Event]) {
        let mut left = events;
        while !left.is_empty() {
            let (now, later) = left.split_at(left.len().min(1 + numbers.below(60)));
            left = later;
            if numbers.below(4) == 0 {
                let mut tx = store.write().await.unwrap();
                for event in now {
                    event.insert(&mut tx).await.unwrap();
                }
                tx.commit().await.unwrap();
            } else {
                let add = |blocks: &mut Blocks| now.iter().for_each(|event| blocks.add(event));
                store.gather(add).await.unwrap();
            }
        }
    }

    fn expected(events: &[Event], account: &str, by: By<'_>, since: i64) -> Vec<(i64, String, String)> {
        let mut expected: Vec<_> = events
            .iter()
            .filter(|event| event.aws_account_id.as_str() == account && event.at.as_micros() >= since)
            .filter(|event| match by {
                By::Everything => true,
                By::User(name) => event.user_name == name,
                By::Key(id) => event.access_key_id == id,
                By::Resource(name) => event.resource().1 == name,
                By::NameOfWrite(name) => event.name == name && !event.read_only,
            })
            .map(|event| (event.at.as_micros(), event.id.clone(), event.record.clone()))
            .collect();
        expected.sort_by(|one, other| other.cmp(one));
        expected
    }

    #[tokio::test]
    async fn a_search_reads_the_index_that_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
        let store = Store::open(&url).await.unwrap();
        let mut tx = store.read().await.unwrap();
        for (sql, index) in [
            (concat!("EXPLAIN QUERY PLAN ", rows!("user_name = $2")), "by_user"),
            (
                concat!("EXPLAIN QUERY PLAN ", rows!("access_key_id = $2")),
                "by_key",
            ),
            (
                concat!(
                    "EXPLAIN QUERY PLAN ",
                    rows!("resource_name = $2 AND resource_name <> ''")
                ),
                "by_resource",
            ),
            (
                concat!(
                    "EXPLAIN QUERY PLAN ",
                    rows!("event_name = $2 AND read_only = FALSE")
                ),
                "by_name_of_write",
            ),
        ] {
            let values = bind!["123456789012", "ada", 0_i64, 9_i64, "", 50_i64];
            let plan: Vec<(i64, i64, i64, String)> = tx.fetch_all(sql, values).await.unwrap();
            let expected = format!("USING INDEX audit_event_{index} (aws_account_id=? AND ");
            assert!(plan[0].3.contains(&expected), "{plan:?}");
        }
    }

    #[tokio::test]
    async fn pages_are_the_same_however_events_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
        let store = Store::open(&url).await.unwrap();
        let mut numbers = Numbers(7);
        let events: Vec<Event> = (0..1_500).map(|number| event(&mut numbers, number)).collect();
        keep(&store, &mut numbers, &events).await;
        let mut tx = store.read().await.unwrap();
        for table in [
            "SELECT COUNT(*) FROM audit_event",
            "SELECT COUNT(*) FROM audit_block",
        ] {
            assert!(tx.fetch_number(table, &[]).await.unwrap() > 20);
        }

        let ways = [
            By::Everything,
            By::User("ada"),
            By::User(""),
            By::User("nobody"),
            By::Key("AKIA3"),
            By::Resource("thing-1"),
            By::NameOfWrite("Put"),
        ];
        for account in ACCOUNTS {
            for by in ways {
                for (limit, since) in [
                    (1, START + 2_000_000),
                    (7, START),
                    (50, START),
                    (5_000, START + 50_000),
                ] {
                    let mut found = Vec::new();
                    let mut before = Place::after(Timestamp::MAX);
                    loop {
                        let newest = Newest {
                            account: account.parse().unwrap(),
                            by,
                            since: Timestamp::from_micros(since),
                            before: &before,
                            limit,
                        };
                        let page = newest.find(&mut tx).await.unwrap();
                        assert!(page.len() <= limit as usize);
                        let Some(last) = page.last() else { break };
                        before = last.place.clone();
                        found.extend(page);
                    }
                    let basis = |record: &str| {
                        events
                            .iter()
                            .find(|event| event.record == record)
                            .unwrap()
                            .basis
                            .clone()
                    };
                    assert!(found.iter().all(|event| event.basis == basis(&event.record)));
                    let found: Vec<_> = found
                        .into_iter()
                        .map(|event| (event.place.at, event.place.id, event.record))
                        .collect();
                    assert_eq!(
                        found,
                        expected(&events, account, by, since),
                        "{account} {by:?} {limit}"
                    );
                }
            }
        }
    }

    #[tokio::test]
    async fn blocks_go_with_all_that_mentions_them_when_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
        let store = Store::open(&url).await.unwrap();
        let mut tx = store.write().await.unwrap();
        for account in ACCOUNTS {
            tx.execute(
                "INSERT INTO aws_account (aws_account_id, name, email, root_user_id, access_revision, created_at)
                 VALUES ($1, '', '', '', 0, 0)",
                bind![account],
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        let mut numbers = Numbers(3);
        let events: Vec<Event> = (0..3_000).map(|number| event(&mut numbers, number)).collect();
        for part in events.chunks(40) {
            let add = |blocks: &mut Blocks| part.iter().for_each(|event| blocks.add(event));
            store.gather(add).await.unwrap();
        }

        let middle = START + 2_000_000;
        let day = Duration::from_secs(24 * 60 * 60);
        let now = Timestamp::from_micros(middle + i64::try_from(day.as_micros()).unwrap());
        prune(&store, now, day).await.unwrap();
        let mut tx = store.read().await.unwrap();
        let count = "SELECT COUNT(*) FROM audit_block WHERE last_at < $1";
        assert_eq!(tx.fetch_number(count, bind![middle]).await.unwrap(), 0);
        let orphans = "SELECT COUNT(*) FROM audit_block_mention AS mention
              LEFT JOIN audit_block AS block ON block.block_id = mention.block_id WHERE block.block_id IS NULL";
        assert_eq!(tx.fetch_number(orphans, &[]).await.unwrap(), 0);
        for account in ACCOUNTS {
            let newest = Newest {
                account: account.parse().unwrap(),
                by: By::User("ada"),
                since: Timestamp::from_micros(middle),
                before: &Place::after(Timestamp::MAX),
                limit: 5_000,
            };
            let found = newest.find(&mut tx).await.unwrap().len();
            assert_eq!(found, expected(&events, account, By::User("ada"), middle).len());
        }
        drop(tx);
        prune(&store, now, Duration::ZERO).await.unwrap();
        let mut tx = store.read().await.unwrap();
        for table in [
            "SELECT COUNT(*) FROM audit_block",
            "SELECT COUNT(*) FROM audit_block_mention",
        ] {
            assert_eq!(tx.fetch_number(table, &[]).await.unwrap(), 0);
        }
    }
}
