//! What was written down lately, so that it is not written down again with each request.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use carillon_aws::time::Timestamp;

/// When things were last written down, by who did them and what they did.
pub(super) struct Recently {
    every: Duration,
    most: usize,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    count: usize,
    at: HashMap<String, HashMap<&'static str, Timestamp>>,
}

impl Recently {
    /// `every`: how often the same thing is written down. `most`: how much is remembered; when there is more, all is
    /// forgotten and written down once more.
    pub fn new(every: Duration, most: usize) -> Self {
        Self {
            every,
            most,
            known: RwLock::default(),
        }
    }

    /// Whether it is to be written down now. Of those who ask at the same time, one is told so.
    pub fn is_due(&self, who: &str, what: &'static str, now: Timestamp) -> bool {
        if self.is_recent(&self.read(), who, what, now) {
            return false;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if self.is_recent(&known, who, what, now) {
            return false;
        }
        if known.count >= self.most {
            *known = Known::default();
        }
        let of_who = match known.at.get_mut(who) {
            Some(of_who) => of_who,
            None => known.at.entry(who.to_owned()).or_default(),
        };
        if of_who.insert(what, now).is_none() {
            known.count += 1;
        }
        true
    }

    fn is_recent(&self, known: &Known, who: &str, what: &str, now: Timestamp) -> bool {
        let at = known.at.get(who).and_then(|of_who| of_who.get(what));
        at.is_some_and(|at| now.since(*at) < self.every)
    }

    // A panic while it was held left a whole map behind.
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_due_again_after_a_while() {
        let recently = Recently::new(Duration::from_secs(60), 100);
        let at = Timestamp::from_seconds;
        assert!(recently.is_due("ada", "iam:ListUsers", at(0)));
        assert!(!recently.is_due("ada", "iam:ListUsers", at(59)));
        assert!(recently.is_due("ada", "iam:ListRoles", at(59)));
        assert!(recently.is_due("bob", "iam:ListUsers", at(59)));
        assert!(recently.is_due("ada", "iam:ListUsers", at(60)));
        assert!(!recently.is_due("ada", "iam:ListUsers", at(61)));
    }

    #[test]
    fn memory_is_bounded() {
        let recently = Recently::new(Duration::from_secs(60), 10);
        for number in 0..1_000 {
            assert!(recently.is_due(&number.to_string(), "x", Timestamp::from_seconds(0)));
            let known = recently.read();
            assert!(known.count <= 10 && known.at.len() == known.count);
        }
    }
}
