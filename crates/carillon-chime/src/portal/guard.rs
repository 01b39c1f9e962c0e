//! Against those who try passwords: the more tries, the longer the pause before the next.
//!
//! Kept in memory of this process only: a restart forgives, and several nodes count each for itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use carillon_aws::time::Timestamp;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A digest of what was tried to open, whether or not it exists.
    Target(String),
    /// Where tries come from: an address, of IPv6 the network that one customer has.
    Source(IpAddr),
}

impl Key {
    pub fn source(ip: IpAddr) -> Self {
        Self::Source(match ip.to_canonical() {
            IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() >> 64 << 64).into()),
            v4 => v4,
        })
    }

    /// Tries without a pause.
    fn free(&self) -> u32 {
        match self {
            Self::Target(_) => 5,
            // People behind one address share it.
            Self::Source(_) => 50,
        }
    }

    fn longest_pause(&self) -> Duration {
        match self {
            // Not longer, or a stranger could lock somebody out.
            Self::Target(_) => Duration::from_secs(60),
            Self::Source(_) => Duration::from_secs(15 * 60),
        }
    }
}

/// Tries are forgotten after this time of quiet.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// Keys kept at most: about 2 MiB.
const KEYS: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    last: Timestamp,
}

/// Counts tries.
#[derive(Debug, Default)]
pub(super) struct Guard {
    tries: Mutex<HashMap<Key, Tries>>,
}

impl Guard {
    /// Lets a try through and counts it, or says how long to wait. It counts before the outcome is known, or tries
    /// at the same time would all be first ones.
    pub fn admit(&self, keys: &[Key], now: Timestamp) -> Result<(), Duration> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if let Some(known) = tries.get(key) {
                let next = known.last + pause(key, known.count);
                if now < next {
                    return Err(next.since(now));
                }
            }
        }
        for key in keys {
            if tries.len() >= KEYS && !tries.contains_key(key) {
                make_room(&mut tries, now);
            }
            let known = tries.entry(key.clone()).or_insert(Tries { count: 0, last: now });
            if known.last + FORGOTTEN <= now {
                known.count = 0;
            }
            known.count = known.count.saturating_add(1);
            known.last = now;
        }
        Ok(())
    }

    /// Takes a try back that was right: those before it on the same target are forgiven.
    pub fn forgive(&self, keys: &[Key]) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            match key {
                Key::Target(_) => {
                    tries.remove(key);
                }
                // One right password of one's own must not clear a thousand wrong ones of others.
                Key::Source(_) => {
                    if let Some(known) = tries.get_mut(key) {
                        known.count = known.count.saturating_sub(1);
                    }
                }
            }
        }
    }
}

fn pause(key: &Key, count: u32) -> Duration {
    if count < key.free() {
        return Duration::ZERO;
    }
    let doublings = (count - key.free()).min(16);
    Duration::from_secs(1 << doublings).min(key.longest_pause())
}

fn make_room(tries: &mut HashMap<Key, Tries>, now: Timestamp) {
    tries.retain(|_, known| known.last + FORGOTTEN > now);
    if tries.len() >= KEYS {
        // Those with few tries go first, whatever their age: a flood of new keys must not wash out the busy ones.
        let least = tries.values().map(|known| known.count).min().unwrap_or(0);
        let mut over = KEYS / 10;
        tries.retain(|_, known| {
            let goes = over > 0 && known.count == least;
            if goes {
                over -= 1;
            }
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn target(name: &str) -> [Key; 1] {
        [Key::Target(name.to_owned())]
    }

    #[test]
    fn pauses_grow_up_to_a_minute_for_a_target() {
        let guard = Guard::default();
        for _ in 0..5 {
            assert_eq!(guard.admit(&target("a"), at(0)), Ok(()));
        }
        assert_eq!(guard.admit(&target("a"), at(0)), Err(Duration::from_secs(1)));
        assert_eq!(
            guard.admit(&target("b"), at(0)),
            Ok(()),
            "others are not concerned"
        );
        let mut now = 1;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            guard.admit(&target("a"), at(now)).unwrap();
            let Err(pause) = guard.admit(&target("a"), at(now)) else {
                panic!("no pause")
            };
            pauses.push(pause.as_secs());
            now += i64::try_from(pause.as_secs()).unwrap();
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_refused_try_does_not_lengthen_the_pause() {
        let guard = Guard::default();
        for _ in 0..5 {
            guard.admit(&target("a"), at(0)).unwrap();
        }
        for _ in 0..100 {
            assert!(guard.admit(&target("a"), at(0)).is_err());
        }
        assert!(guard.admit(&target("a"), at(1)).is_ok());
    }

    #[test]
    fn quiet_and_success_are_forgiven() {
        let guard = Guard::default();
        for _ in 0..5 {
            guard.admit(&target("a"), at(0)).unwrap();
        }
        guard.forgive(&target("a"));
        for _ in 0..5 {
            guard.admit(&target("a"), at(0)).unwrap();
        }
        guard.admit(&target("a"), at(3600)).unwrap();
        assert!(
            guard.admit(&target("a"), at(3600)).is_ok(),
            "an hour later it begins anew"
        );
    }

    #[test]
    fn a_source_is_slowed_whatever_it_tries() {
        let guard = Guard::default();
        let source = Key::source("2001:db8::1".parse().unwrap());
        for number in 0..50 {
            let keys = [Key::Target(number.to_string()), source.clone()];
            guard.admit(&keys, at(0)).unwrap();
        }
        let neighbour = Key::source("2001:db8::ffff".parse().unwrap());
        assert!(
            guard
                .admit(&[Key::Target("new".to_owned()), neighbour], at(0))
                .is_err()
        );
        guard.forgive(&[source]);
        assert!(
            guard
                .admit(&[Key::source("::ffff:192.0.2.1".parse().unwrap())], at(0))
                .is_ok()
        );
    }

    #[test]
    fn memory_is_bounded() {
        let guard = Guard::default();
        for _ in 0..7 {
            let _ = guard.admit(&target("busy"), at(0));
        }
        for number in 0..30_000 {
            guard.admit(&target(&number.to_string()), at(0)).unwrap();
        }
        assert!(guard.tries.lock().unwrap().len() <= KEYS);
        assert!(
            guard.admit(&target("busy"), at(0)).is_err(),
            "the busy one is still known"
        );
    }
}
