//! Blocks: events that became durable together, in one row.
//!
//! What servers are asked is mostly to read, and such events are many and alike. A row of its own for each, with its
//! place in each index, would cost more than all the rest of a small request. So those that wait for the same commit are
//! compressed together, and the indexes have one entry for each different thing that a block mentions.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, Gather, Row, Statement, Store, StoreError, ToValue, Value, bind};
use foldhash::fast::RandomState;

use super::Place;
use super::kept::{View, Views};
use super::search::By;
use crate::audit::{Event, INSERT};

/// Fewer events than these are rows of their own.
const MANY: usize = 8;
/// Events of a block at most: a page that wants one of them reads them all.
const EVENTS: usize = 256;
/// A block that has as many bytes takes no more events.
const BYTES: usize = 512 << 10;
/// Bytes of a block that are read at most, which is more than are ever written.
const READABLE: usize = 16 << 20;
/// How far apart the events of a block may be, in microseconds: a search that begins in the past skips blocks that are
/// later than this.
pub(super) const SPAN: i64 = 1_000_000;

/// The columns of [`StoredBlock`].
macro_rules! block_columns {
    () => {
        "block.last_at, block.block_id, block.size, block.events"
    };
}
pub(super) use block_columns;

const INSERT_BLOCK: &str =
    "INSERT INTO audit_block (aws_account_id, last_at, block_id, first_at, size, events)
     VALUES ($1, $2, $3, $4, $5, $6)";
const INSERT_MENTION: &str =
    "INSERT INTO audit_block_mention (aws_account_id, attribute, value, last_at, block_id)
     VALUES ($1, $2, $3, $4, $5)";
const OLDEST: &str = concat!(
    "SELECT ",
    block_columns!(),
    " FROM audit_block AS block WHERE aws_account_id = $1 AND last_at < $2 ORDER BY last_at, block_id LIMIT $3"
);
const DELETE_MENTIONS: &str = "DELETE FROM audit_block_mention
      WHERE aws_account_id = $1 AND attribute = $2 AND value = $3 AND (last_at, block_id) <= ($4, $5)";
const DELETE_BLOCKS: &str =
    "DELETE FROM audit_block WHERE aws_account_id = $1 AND (last_at, block_id) <= ($2, $3)";
/// Blocks that are deleted at a time.
const OLDEST_AT_ONCE: i64 = 20;

/// Events that wait for the same commit.
#[derive(Default)]
pub(crate) struct Blocks(HashMap<AwsAccountId, Vec<Block>, RandomState>);

/// Events of one AWS account.
struct Block {
    /// That of the first event that came.
    id: String,
    first_at: i64,
    last_at: i64,
    /// See [`View::write`].
    events: Vec<u8>,
    count: usize,
    /// By attribute.
    mentions: HashMap<&'static str, HashSet<String, RandomState>, RandomState>,
}

impl Blocks {
    pub fn add(&mut self, event: &Event) {
        let blocks = self.0.entry(event.aws_account_id).or_default();
        if !blocks.last().is_some_and(|block| block.has_room_for(event)) {
            blocks.push(Block::beginning_with(event));
        }
        if let Some(block) = blocks.last_mut() {
            block.add(event);
        }
    }
}

impl Gather for Blocks {
    fn statements(self) -> Vec<Statement> {
        let mut statements = Vec::new();
        for (account, blocks) in self.0 {
            for block in blocks {
                if block.count < MANY || block.events.len() > READABLE {
                    block.write_rows(account, &mut statements);
                } else {
                    block.write(account, &mut statements);
                }
            }
        }
        statements
    }
}

impl Block {
    fn beginning_with(event: &Event) -> Self {
        let at = event.at.as_micros();
        Self {
            id: event.id.clone(),
            first_at: at,
            last_at: at,
            events: Vec::new(),
            count: 0,
            mentions: HashMap::default(),
        }
    }

    fn has_room_for(&self, event: &Event) -> bool {
        let at = event.at.as_micros();
        let span = self.last_at.max(at).saturating_sub(self.first_at.min(at));
        self.count < EVENTS && self.events.len() < BYTES && span <= SPAN
    }

    fn add(&mut self, event: &Event) {
        let at = event.at.as_micros();
        self.first_at = self.first_at.min(at);
        self.last_at = self.last_at.max(at);
        self.count += 1;
        let view = View::of(event);
        view.write(&mut self.events);
        for (attribute, value) in By::which_find(&view).filter_map(By::mention) {
            let values = self.mentions.entry(attribute).or_default();
            // Nearly all are there already.
            if !values.contains(value) {
                values.insert(value.to_owned());
            }
        }
    }

    fn write(self, account: AwsAccountId, statements: &mut Vec<Statement>) {
        let text = |text: &str| Value::Text(Cow::Owned(text.to_owned()));
        let account = account.as_str();
        let of_attribute =
            |(attribute, values)| HashSet::into_iter(values).map(move |value| (attribute, value));
        for (attribute, value) in self.mentions.into_iter().flat_map(of_attribute) {
            statements.push(Statement {
                sql: INSERT_MENTION,
                values: vec![
                    text(account),
                    Value::Text(Cow::Borrowed(attribute)),
                    Value::Text(Cow::Owned(value)),
                    Value::Number(self.last_at),
                    text(&self.id),
                ],
            });
        }
        let compressed = lz4_flex::block::compress(&self.events);
        statements.push(Statement {
            sql: INSERT_BLOCK,
            values: vec![
                text(account),
                Value::Number(self.last_at),
                Value::Text(Cow::Owned(self.id)),
                Value::Number(self.first_at),
                Value::Number(i64::try_from(self.events.len()).unwrap_or(i64::MAX)),
                Value::Bytes(Cow::Owned(compressed)),
            ],
        });
    }

    fn write_rows(&self, account: AwsAccountId, statements: &mut Vec<Statement>) {
        for view in Views(&self.events).flatten() {
            let values = [
                account.to_value(),
                view.at.to_value(),
                view.id.to_value(),
                view.name.to_value(),
                view.source.to_value(),
                view.user_name.to_value(),
                view.access_key_id.to_value(),
                view.read_only.to_value(),
                view.resource_name.to_value(),
                view.resource_type.to_value(),
                view.record.to_value(),
                view.basis.to_value(),
            ];
            statements.push(Statement {
                sql: INSERT,
                values: values.map(Value::into_owned).into(),
            });
        }
    }
}

/// A block that was read.
pub(super) struct StoredBlock {
    /// That of its newest event, and its own identifier.
    pub place: Place,
    size: i64,
    compressed: Vec<u8>,
}

impl FromRow for StoredBlock {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            place: Place::from_row(row)?,
            size: row.get(2)?,
            compressed: row.get(3)?,
        })
    }
}

impl StoredBlock {
    /// Its events, for [`Views`].
    pub fn events(&self) -> Result<Vec<u8>, StoreError> {
        let size = usize::try_from(self.size)
            .ok()
            .filter(|size| *size <= READABLE)
            .ok_or_else(|| corrupt("a size that can be read"))?;
        let mut events = vec![0; size];
        match lz4_flex::block::decompress_into(&self.compressed, &mut events) {
            Ok(written) if written == size => Ok(events),
            _ => Err(corrupt("compressed events")),
        }
    }
}

pub(super) fn corrupt(expected: &'static str) -> StoreError {
    StoreError::Corrupt {
        column: 3,
        expected,
        found: "something else".to_owned(),
    }
}

/// Deletes some of the blocks of an AWS account all of whose events are older, and says whether there may be more.
pub(crate) async fn delete_blocks(
    store: &Store,
    account: AwsAccountId,
    cutoff: Timestamp,
) -> Result<bool, StoreError> {
    let mut tx = store.write().await?;
    let blocks: Vec<StoredBlock> = tx
        .fetch_all(OLDEST, bind![account, cutoff, OLDEST_AT_ONCE])
        .await?;
    let Some(last) = blocks.last() else {
        return Ok(false);
    };
    let (last_at, block_id) = (last.place.at, &last.place.id);
    let mut mentioned = BTreeSet::new();
    for block in &blocks {
        match block.events() {
            Ok(events) => {
                let views = Views(&events).flatten();
                let found = views.flat_map(|view| By::which_find(&view).filter_map(By::mention));
                mentioned.extend(found.map(|(attribute, value)| (attribute, value.to_owned())));
            }
            // It is not worth keeping for ever.
            Err(error) => {
                tracing::warn!(%error, block = block.place.id, "a block that cannot be read is deleted")
            }
        }
    }
    for (attribute, value) in mentioned {
        tx.execute(
            DELETE_MENTIONS,
            bind![account, attribute, value, last_at, block_id],
        )
        .await?;
    }
    tx.execute(DELETE_BLOCKS, bind![account, last_at, block_id])
        .await?;
    tx.commit().await?;
    Ok(i64::try_from(blocks.len()).is_ok_and(|found| found == OLDEST_AT_ONCE))
}
