//! How many requests a principal may make a second.
//!
//! Of each principal one number is kept: when its bucket will be full again. A request moves that moment on by what one
//! request is worth, and is refused if it would lie further off than a whole bucket is worth.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use carillon_aws::time::Timestamp;

use crate::caller::Caller;

/// A bucket holds what is allowed in this many seconds, so that tools which ask in bursts need not wait.
const BURST: i64 = 2;
/// A principal that is refused again and again is in the trail once in this time.
const REPORTED_EVERY: i64 = 60 * SECOND;
/// Locks, so that principals seldom wait for each other.
const SHARDS: usize = 16;
/// Principals that are remembered under one lock.
const PRINCIPALS: usize = 4_096;
/// Times are kept in nanoseconds, in which any rate is a whole number near enough.
const SECOND: i64 = 1_000_000_000;

/// The requests of each principal within the last moments. All sessions of a role, and of a user, are one principal.
pub(crate) struct RateLimit {
    /// What one request is worth.
    step: i64,
    shards: [Mutex<HashMap<u64, Bucket>>; SHARDS],
    /// With a key of its own, so that nobody can choose whom to share a bucket with.
    hasher: RandomState,
}

struct Bucket {
    full_at: i64,
    reported_at: i64,
}

/// A request that is one too many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// Whether the trail should hear of it.
    pub is_news: bool,
}

impl RateLimit {
    pub fn new(per_second: NonZeroU32) -> Self {
        Self {
            step: (SECOND / i64::from(per_second.get())).max(1),
            shards: Default::default(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// [`TooMany`], and the request does not count.
    pub fn admit(&self, caller: &Caller, now: Timestamp) -> Result<(), TooMany> {
        self.count(self.hasher.hash_one(caller.accountable()), now)
    }

    fn count(&self, principal: u64, now: Timestamp) -> Result<(), TooMany> {
        let now = now.as_micros().saturating_mul(1_000);
        let shard = &self.shards[principal as usize % SHARDS];
        // A panic while it was held left a whole map behind.
        let mut buckets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= PRINCIPALS && !buckets.contains_key(&principal) {
            make_room(&mut buckets, now);
        }
        let bucket = buckets.entry(principal).or_insert(Bucket {
            full_at: now,
            reported_at: i64::MIN,
        });
        let capacity = BURST * SECOND;
        // A clock that was set back makes nobody wait longer than an empty bucket does.
        let full_at = bucket.full_at.clamp(now, now.saturating_add(capacity));
        let after = full_at.saturating_add(self.step);
        if after.saturating_sub(now) <= capacity {
            bucket.full_at = after;
            return Ok(());
        }
        bucket.full_at = full_at;
        let is_news = now.saturating_sub(bucket.reported_at) >= REPORTED_EVERY || now < bucket.reported_at;
        if is_news {
            bucket.reported_at = now;
        }
        Err(TooMany { is_news })
    }
}

/// Forgets whose bucket is full, which changes nothing for them; if that is not enough, everybody.
fn make_room(buckets: &mut HashMap<u64, Bucket>, now: i64) {
    buckets.retain(|_, bucket| bucket.full_at > now);
    if buckets.len() > PRINCIPALS / 2 {
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use carillon_policy::Principal;

    use super::*;
    use crate::caller::CallerKind;

    fn limit(per_second: u32) -> RateLimit {
        RateLimit::new(per_second.try_into().unwrap())
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + millis * 1_000)
    }

    /// How many of these requests, all at the same moment, get through.
    fn admitted(limit: &RateLimit, principal: u64, requests: usize, now: Timestamp) -> usize {
        (0..requests)
            .filter(|_| limit.count(principal, now).is_ok())
            .count()
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let limit = limit(100);
        assert_eq!(admitted(&limit, 1, 1_000, at(0)), 200);
        // A hundredth of a second is worth one, however often it was refused meanwhile.
        assert_eq!(admitted(&limit, 1, 1_000, at(9)), 0);
        assert_eq!(admitted(&limit, 1, 1_000, at(10)), 1);
        assert_eq!(admitted(&limit, 1, 1_000, at(1_010)), 100);
        // A bucket holds no more than it holds.
        assert_eq!(admitted(&limit, 1, 1_000, at(1_000_000)), 200);
    }

    #[test]
    fn one_does_not_take_from_another() {
        let limit = limit(1);
        assert_eq!(admitted(&limit, 1, 10, at(0)), 2);
        assert_eq!(admitted(&limit, 1 + SHARDS as u64, 10, at(0)), 2);
        assert_eq!(admitted(&limit, 2, 10, at(0)), 2);
    }

    #[test]
    fn a_user_does_not_get_more_by_sessions_under_other_names() {
        let user = "arn:aws:iam::123456789012:user/ada";
        let federated = |name: &str| {
            let arn = format!("arn:aws:sts::123456789012:federated-user/{name}");
            Caller {
                aws_account_id: "123456789012".parse().unwrap(),
                kind: CallerKind::FederatedUser {
                    name: name.to_owned(),
                },
                arn: arn.clone(),
                user_id: format!("123456789012:{name}"),
                principal: Principal::Federated {
                    arn,
                    account: "123456789012".to_owned(),
                    user_arn: Some(user.to_owned()),
                },
                access_key_id: "ASIAEXAMPLE".to_owned(),
                tags: Vec::new(),
                session: None,
            }
        };
        let limit = limit(1);
        let names: Vec<String> = (0..10).map(|number| format!("guest{number}")).collect();
        let admitted = names
            .iter()
            .filter(|name| limit.admit(&federated(name), at(0)).is_ok())
            .count();
        assert_eq!(admitted, 2);
    }

    #[test]
    fn the_trail_hears_of_it_once_a_minute() {
        let limit = limit(1);
        admitted(&limit, 1, 2, at(0));
        let refused = |millis| limit.count(1, at(millis)).unwrap_err().is_news;
        assert!(refused(0));
        assert!(!refused(1));
        admitted(&limit, 1, 2, at(59_000));
        assert!(!refused(59_001));
        admitted(&limit, 1, 2, at(62_000));
        assert!(refused(62_001));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let limit = limit(100);
        assert_eq!(admitted(&limit, 1, 1_000, at(3_600_000)), 200);
        assert!(limit.count(1, at(0)).is_err());
        assert_eq!(admitted(&limit, 1, 1_000, at(1_000)), 100);
        assert_eq!(admitted(&limit, 1, 1_000, at(3_000)), 200);
    }

    #[test]
    fn the_fastest_rate_is_one() {
        let limit = limit(u32::MAX);
        assert_eq!(admitted(&limit, 1, 100_000, at(0)), 100_000);
    }

    #[test]
    fn memory_is_bounded() {
        let limit = limit(100);
        for principal in 0..(4 * PRINCIPALS * SHARDS) as u64 {
            assert!(limit.count(principal, at(0)).is_ok());
        }
        for shard in &limit.shards {
            assert!(shard.lock().unwrap().len() <= PRINCIPALS);
        }
    }

    #[test]
    fn who_is_at_the_limit_is_not_forgotten_for_those_who_are_idle() {
        let limit = limit(100);
        assert_eq!(admitted(&limit, 0, 1_000, at(0)), 200);
        // All in one shard, and full again after ten milliseconds.
        let idle = |number: usize| (number * SHARDS) as u64;
        for number in 1..2 * PRINCIPALS {
            assert!(limit.count(idle(number), at(number as i64 / 16)).is_ok());
        }
        assert_eq!(admitted(&limit, 0, 1_000, at(0)), 0);
    }
}
