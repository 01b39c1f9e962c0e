//! What each of many may do at the same time, so that nobody takes every place there is.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// How many turns each has at this moment.
#[derive(Debug)]
pub struct Turns<K> {
    most: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// One turn, as long as this lives.
#[derive(Debug)]
pub struct Turn<K: Eq + Hash> {
    of: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Turns<K> {
    /// `most`: turns of one at the same time.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// Another turn, unless `of` has as many as it may.
    pub fn take(&self, of: K) -> Option<Turn<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(of.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Turn {
            of,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl<K: Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.of) {
            *count -= 1;
            // Whoever has nothing is not remembered.
            if *count == 0 {
                taken.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_turns_and_is_forgotten_after_them() {
        let turns = Turns::new(2);
        let first = turns.take("ada").unwrap();
        let _second = turns.take("ada").unwrap();
        assert!(turns.take("ada").is_none());
        let others = turns.take("bob").unwrap();
        drop(first);
        let again = turns.take("ada").unwrap();
        drop((again, others));
        assert_eq!(turns.taken.lock().unwrap().len(), 1);
    }
}
