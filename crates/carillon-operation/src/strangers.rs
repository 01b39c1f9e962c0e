//! A bound on the events of those who are nobody.
//!
//! Whoever knows the number of an AWS account can make key identifiers that name it, and each request with one is
//! in its trail. So many a minute are worth reading; the rest would only fill the disk.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;

/// Events of strangers in one trail within a minute.
const EVENTS: u32 = 60;

/// How many events of strangers each trail got in the present minute.
#[derive(Default)]
pub(crate) struct Strangers(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    number: i64,
    /// Of trails that exist, so there are no more than AWS accounts.
    events: HashMap<AwsAccountId, u32>,
}

impl Strangers {
    /// Whether this trail has had enough for the minute.
    pub fn are_enough(&self, account: AwsAccountId, now: Timestamp) -> bool {
        self.minute(now)
            .events
            .get(&account)
            .is_some_and(|events| *events >= EVENTS)
    }

    /// Counts an event in a trail that exists, and says whether it is to be recorded.
    pub fn admit(&self, account: AwsAccountId, now: Timestamp) -> bool {
        let mut minute = self.minute(now);
        let events = minute.events.entry(account).or_default();
        *events = events.saturating_add(1);
        *events <= EVENTS
    }

    fn minute(&self, now: Timestamp) -> MutexGuard<'_, Minute> {
        // A panic while it was held left a whole map behind.
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.as_seconds() / 60;
        if minute.number != number {
            *minute = Minute {
                number,
                events: HashMap::new(),
            };
        }
        minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trail_gets_so_many_a_minute() {
        let strangers = Strangers::default();
        let [one, other] = ["123456789012", "210987654321"].map(|id| id.parse().unwrap());
        let now = Timestamp::from_seconds(1_700_000_000);
        let admitted = (0..EVENTS * 2).filter(|_| strangers.admit(one, now)).count();
        assert_eq!(admitted, EVENTS as usize);
        assert!(strangers.are_enough(one, now));
        assert!(!strangers.are_enough(other, now) && strangers.admit(other, now));
        let later = Timestamp::from_seconds(1_700_000_060);
        assert!(!strangers.are_enough(one, later) && strangers.admit(one, later));
    }
}
