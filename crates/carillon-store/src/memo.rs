//! What was read in a snapshot, kept with it.

use std::any::Any;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::Value;

/// Answers that are kept. Snapshots live for milliseconds, so this is rarely reached.
const ANSWERS: usize = 1_024;

/// The first row of statements that were asked in a snapshot.
#[derive(Default)]
pub(crate) struct Memo {
    /// By the hash of statement and values.
    answers: HashMap<u64, Answer, RandomState>,
    hashing: RandomState,
}

struct Answer {
    sql: &'static str,
    values: Vec<Value<'static>>,
    /// An `Option<Arc<T>>`.
    row: Box<dyn Any + Send>,
}

impl Memo {
    /// The row that this statement found, if it was asked.
    pub fn get<T: Send + Sync + 'static>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Option<Option<Arc<T>>> {
        let answer = self.answers.get(&self.hash(sql, values))?;
        let is_it = std::ptr::eq(answer.sql, sql) && answer.values == values;
        answer.row.downcast_ref().filter(|_| is_it).cloned()
    }

    pub fn insert<T: Send + Sync + 'static>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        row: Option<Arc<T>>,
    ) {
        if self.answers.len() >= ANSWERS {
            self.answers.clear();
        }
        let hash = self.hash(sql, values);
        let values = values.iter().map(|value| value.clone().into_owned()).collect();
        let row = Box::new(row);
        self.answers.insert(hash, Answer { sql, values, row });
    }

    fn hash(&self, sql: &'static str, values: &[Value<'_>]) -> u64 {
        self.hashing.hash_one((sql.as_ptr(), values))
    }
}
