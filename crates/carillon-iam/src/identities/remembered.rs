//! What is remembered between requests, within bounds.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Values by text, as many as fit.
///
/// There are two generations. When the young one is full it becomes the old one, and what was old is forgotten; what
/// is asked for becomes young again. So whatever is used often stays, and both together never weigh more than
/// twice the capacity.
pub(super) struct Remembered<V> {
    capacity: usize,
    generations: RwLock<Generations<V>>,
}

struct Generations<V> {
    young: HashMap<Arc<str>, (V, usize)>,
    old: HashMap<Arc<str>, (V, usize)>,
    /// Of the young one.
    weight: usize,
}

impl<V: Clone> Remembered<V> {
    /// `capacity`: what one generation may weigh.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            generations: RwLock::new(Generations {
                young: HashMap::new(),
                old: HashMap::new(),
                weight: 0,
            }),
        }
    }

    pub fn get(&self, key: &str) -> Option<V> {
        if let Some((value, _)) = self.read().young.get(key) {
            return Some(value.clone());
        }
        // Most of what is not young is not known at all.
        if !self.read().old.contains_key(key) {
            return None;
        }
        let mut generations = self.write();
        let (key, (value, weight)) = generations.old.remove_entry(key)?;
        generations.insert(key, value.clone(), weight, self.capacity);
        Some(value)
    }

    /// Remembers a value, unless what is remembered under this key is `newer`.
    pub fn put(&self, key: &str, value: V, weight: usize, newer: impl FnOnce(&V) -> bool) {
        let mut generations = self.write();
        let known = generations.young.get(key).or_else(|| generations.old.get(key));
        if known.is_some_and(|(known, _)| newer(known)) {
            return;
        }
        generations.remove(key);
        generations.insert(Arc::from(key), value, weight, self.capacity);
    }

    pub fn remove(&self, key: &str) {
        self.write().remove(key);
    }

    // A panic while one of the locks was held left whole maps behind.

    fn read(&self) -> RwLockReadGuard<'_, Generations<V>> {
        self.generations.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Generations<V>> {
        self.generations.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Generations<V> {
    fn insert(&mut self, key: Arc<str>, value: V, weight: usize, capacity: usize) {
        if self.weight.saturating_add(weight) > capacity {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight = self.weight.saturating_add(weight);
        self.young.insert(key, (value, weight));
    }

    fn remove(&mut self, key: &str) {
        self.old.remove(key);
        if let Some((_, weight)) = self.young.remove(key) {
            self.weight = self.weight.saturating_sub(weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(remembered: &Remembered<u32>, key: &str, value: u32) {
        remembered.put(key, value, 1, |_| false);
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let remembered = Remembered::new(4);
        put(&remembered, "used", 0);
        for number in 0..100 {
            put(&remembered, &format!("once-{number}"), number);
            assert_eq!(remembered.get("used"), Some(0), "{number}");
        }
        assert_eq!(remembered.get("once-99"), Some(99));
        assert_eq!(remembered.get("once-0"), None);
        let generations = remembered.read();
        assert!(generations.young.len() <= 4 && generations.old.len() <= 4);
    }

    #[test]
    fn weight_is_what_counts() {
        let remembered = Remembered::new(10);
        for number in 0..100_u32 {
            remembered.put(&number.to_string(), number, 5, |_| false);
        }
        assert_eq!(remembered.read().young.len() + remembered.read().old.len(), 4);
        // What alone is too heavy is kept until the next one comes.
        remembered.put("heavy", 1, 1_000, |_| false);
        assert_eq!(remembered.get("heavy"), Some(1));
        put(&remembered, "light", 2);
        put(&remembered, "lighter", 3);
        assert_eq!(remembered.read().young.len(), 2);
    }

    #[test]
    fn the_newer_value_wins() {
        let remembered = Remembered::new(4);
        for revision in [2, 1, 3, 2] {
            remembered.put("key", revision, 1, |known| *known > revision);
        }
        assert_eq!(remembered.get("key"), Some(3));
        remembered.remove("key");
        assert_eq!(remembered.get("key"), None);
        assert_eq!(remembered.read().weight, 0);
    }
}
