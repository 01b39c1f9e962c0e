//! Against those who try passwords and codes: the more tries, the longer the pause before the next.
//!
//! What counts most is the pair of a target and where it is tried from, so that a stranger cannot keep a person
//! waiting; the target alone has a budget that only many strangers together use up.
//!
//! Kept in memory of this process only: a restart forgives, and several nodes count each for itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use carillon_aws::time::Timestamp;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A digest of what was tried to open, whether or not it exists, from wherever.
    Target(String),
    /// The same, from one place.
    Pair(String, IpAddr),
    /// Where tries come from.
    Source(IpAddr),
    /// The second factor of somebody whose first one was presented, whichever device and door is tried. Who has that is
    /// no stranger, so the pauses may be long: three of a million codes are right at a time.
    SecondFactor(String),
    /// The password of somebody whose access key signed, who is no stranger either.
    OwnPassword(String),
    /// A digest of an address that somebody wants a mail sent to, whether or not anybody has it.
    Mailbox(String),
    /// Where mails are asked for from.
    MailSource(IpAddr),
    /// What somebody who is signed in changes of itself: each change is an event, and PINs are not endless.
    OwnChange(String),
    /// The files that somebody who is signed in uploads and deletes: each is an event, and work for the store.
    OwnFile(String),
}

impl Key {
    /// All that a try counts for.
    pub fn of_try(target: &str, ip: IpAddr) -> [Self; 3] {
        let source = network_of(ip);
        [
            Self::Pair(target.to_owned(), source),
            Self::Target(target.to_owned()),
            Self::Source(source),
        ]
    }

    /// All that asking for a mail to an address counts for.
    pub fn of_mail(address: &str, ip: IpAddr) -> [Self; 2] {
        [
            Self::Mailbox(address.to_owned()),
            Self::MailSource(network_of(ip)),
        ]
    }

    /// Tries without a pause.
    fn free(&self) -> u32 {
        match self {
            Self::Pair(..) | Self::SecondFactor(_) | Self::OwnPassword(_) => 5,
            // People behind one address share it.
            Self::Source(_) => 50,
            // Twenty strangers with all their free tries.
            Self::Target(_) => 100,
            // A whole folder at once.
            Self::OwnFile(_) => 200,
            // A mail may have to be sent again, and once more.
            Self::Mailbox(_) => 3,
            Self::MailSource(_) | Self::OwnChange(_) => 20,
        }
    }

    fn longest_pause(&self) -> Duration {
        match self {
            // Not longer, or strangers could lock somebody out.
            Self::Target(_) => Duration::from_secs(10),
            Self::Pair(..) | Self::OwnChange(_) | Self::OwnFile(_) => Duration::from_secs(60),
            Self::Source(_) | Self::SecondFactor(_) | Self::OwnPassword(_) | Self::MailSource(_) => {
                Duration::from_secs(15 * 60)
            }
            Self::Mailbox(_) => Duration::from_secs(60 * 60),
        }
    }

    /// How long it takes until one try is forgotten.
    fn memory(&self) -> Duration {
        match self {
            Self::Pair(..) => Duration::from_secs(5 * 60),
            // Guessing on through all pauses takes six years to even odds.
            Self::SecondFactor(_) | Self::OwnPassword(_) | Self::Mailbox(_) => Duration::from_secs(15 * 60),
            Self::Target(_) | Self::MailSource(_) | Self::OwnChange(_) => Duration::from_secs(60),
            // An office mistypes all day long.
            Self::Source(_) | Self::OwnFile(_) => Duration::from_secs(10),
        }
    }

    /// The pause after a try that left `weight`.
    fn pause(&self, weight: Duration) -> Duration {
        let tries = weight.as_micros().div_ceil(self.memory().as_micros());
        let Some(over) = tries.checked_sub(u128::from(self.free())) else {
            return Duration::ZERO;
        };
        let seconds = 1_u64 << over.min(16);
        Duration::from_secs(seconds).min(self.longest_pause())
    }
}

/// One address, of IPv6 the network that one customer has at least.
pub fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

/// Keys kept at most: about 6 MiB.
const KEYS: usize = 30_000;

/// Tries not forgotten yet, each as the time until it would be.
#[derive(Debug, Clone, Copy)]
struct Tries {
    /// As it was at `last`.
    weight: Duration,
    last: Timestamp,
}

impl Tries {
    fn weight(self, now: Timestamp) -> Duration {
        self.weight.saturating_sub(now.since(self.last))
    }
}

/// Counts tries.
#[derive(Debug, Default)]
pub struct Guard {
    tries: Mutex<HashMap<Key, Tries>>,
}

impl Guard {
    /// Lets a try through and counts it, or says how long to wait. It counts before the outcome is known, or tries
    /// at the same time would all be first ones.
    ///
    /// # Errors
    ///
    /// How long to wait before the next try.
    pub fn admit(&self, keys: &[Key], now: Timestamp) -> Result<(), Duration> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        look(&tries, keys, now)?;
        for key in keys {
            if tries.len() >= KEYS && !tries.contains_key(key) {
                make_room(&mut tries, now);
            }
            let tried = match tries.get(key) {
                Some(known) => Tries {
                    weight: known.weight(now) + key.memory(),
                    last: known.last.max(now),
                },
                None => Tries {
                    weight: key.memory(),
                    last: now,
                },
            };
            tries.insert(key.clone(), tried);
        }
        Ok(())
    }

    /// Takes a try back that was right: those before it on the same target from the same place are forgiven.
    pub fn forgive(&self, keys: &[Key]) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            match key {
                Key::Pair(..) | Key::SecondFactor(_) | Key::OwnPassword(_) => {
                    tries.remove(key);
                }
                // One right password must not clear a thousand wrong ones of others.
                Key::Target(_)
                | Key::Source(_)
                | Key::Mailbox(_)
                | Key::MailSource(_)
                | Key::OwnChange(_)
                | Key::OwnFile(_) => {
                    if let Some(known) = tries.get_mut(key) {
                        known.weight = known.weight.saturating_sub(key.memory());
                    }
                }
            }
        }
    }
}

fn look(tries: &HashMap<Key, Tries>, keys: &[Key], now: Timestamp) -> Result<(), Duration> {
    for key in keys {
        if let Some(known) = tries.get(key) {
            let pause = key.pause(known.weight);
            let next = known.last + pause;
            // A request that began earlier may come later, all the more if it lost a race and is run again.
            if !pause.is_zero() && now < next {
                return Err(next.since(now));
            }
        }
    }
    Ok(())
}

/// Drops what is forgotten, and if that is not enough, what weighs least: a flood of new keys must not wash out
/// those that many tries were made with.
fn make_room(tries: &mut HashMap<Key, Tries>, now: Timestamp) {
    tries.retain(|_, known| !known.weight(now).is_zero());
    if tries.len() >= KEYS {
        let mut weights: Vec<Duration> = tries.values().map(|known| known.weight(now)).collect();
        let (_, tenth, _) = weights.select_nth_unstable(KEYS / 10);
        let light = *tenth;
        let mut goes = KEYS / 10;
        tries.retain(|_, known| {
            let dropped = goes > 0 && known.weight(now) <= light;
            if dropped {
                goes -= 1;
            }
            !dropped
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn home() -> IpAddr {
        "192.0.2.7".parse().unwrap()
    }

    fn target(name: &str) -> [Key; 1] {
        [Key::Pair(name.to_owned(), home())]
    }

    #[test]
    fn a_stranger_does_not_keep_a_person_waiting() {
        let guard = Guard::default();
        let stranger = Key::of_try("ada", "198.51.100.1".parse().unwrap());
        let mut refused = 0;
        for second in 0..3_600 {
            refused += usize::from(guard.admit(&stranger, at(second)).is_err());
        }
        assert!(refused > 3_000, "the stranger waits: {refused}");
        let ada = Key::of_try("ada", home());
        assert_eq!(guard.admit(&ada, at(3_600)), Ok(()));
    }

    #[test]
    fn many_strangers_together_are_slowed_and_lock_nobody_out() {
        let guard = Guard::default();
        for stranger in 0..200_u32 {
            let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + stranger);
            let _ = guard.admit(&Key::of_try("ada", ip.into()), at(0));
        }
        let ada = Key::of_try("ada", home());
        let Err(pause) = guard.admit(&ada, at(0)) else {
            panic!("no pause")
        };
        assert!(pause <= Duration::from_secs(10), "{pause:?}");
    }

    #[test]
    fn pauses_grow_up_to_a_minute_for_a_target_from_one_place() {
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
    fn tries_that_began_at_the_same_time_come_in_any_order() {
        let guard = Guard::default();
        for second in [3, 1, 2, 0] {
            assert_eq!(guard.admit(&target("a"), at(second)), Ok(()), "{second}");
        }
        guard.admit(&target("a"), at(0)).unwrap();
        assert_eq!(
            guard.admit(&target("a"), at(3)),
            Err(Duration::from_secs(1)),
            "none of them is forgotten earlier"
        );
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
        let of_try = |target: &str, ip: &str| Key::of_try(target, ip.parse().unwrap());
        for number in 0..50 {
            guard
                .admit(&of_try(&number.to_string(), "2001:db8::1"), at(0))
                .unwrap();
        }
        assert!(guard.admit(&of_try("new", "2001:db8::ffff"), at(0)).is_err());
        assert!(guard.admit(&of_try("new", "::ffff:192.0.2.1"), at(0)).is_ok());
        assert_eq!(of_try("new", "::ffff:192.0.2.1"), of_try("new", "192.0.2.1"));
    }

    #[test]
    fn an_office_that_mistypes_is_not_shut_out() {
        let guard = Guard::default();
        for number in 0..10_000 {
            let keys = Key::of_try(&number.to_string(), home());
            assert_eq!(guard.admit(&keys, at(10 * number)), Ok(()));
        }
    }

    #[test]
    fn codes_are_not_guessed_in_a_lifetime_of_a_key() {
        let guard = Guard::default();
        let ada = [Key::SecondFactor("AIDACKCEVSQ6C2EXAMPLE".to_owned())];
        let day = 24 * 60 * 60;
        let tries = (0..day).filter(|second| guard.admit(&ada, at(*second)).is_ok());
        assert!(tries.count() < 120);
    }

    #[test]
    fn a_mailbox_is_not_flooded_and_a_source_floods_no_mailboxes() {
        let guard = Guard::default();
        let hour = 60 * 60;
        let flood = (0..hour).filter(|second| {
            let stranger = std::net::Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(*second).unwrap());
            guard
                .admit(&Key::of_mail("ada", stranger.into()), at(*second))
                .is_ok()
        });
        assert!(flood.count() < 20);
        let guard = Guard::default();
        let mails = (0..hour).filter(|number| {
            let keys = Key::of_mail(&number.to_string(), home());
            guard.admit(&keys, at(*number)).is_ok()
        });
        assert!(mails.count() < 100);
    }

    #[test]
    fn a_folder_goes_at_once_and_files_without_end_do_not() {
        let guard = Guard::default();
        let ada = [Key::OwnFile("ada".to_owned())];
        for _ in 0..200 {
            assert_eq!(guard.admit(&ada, at(0)), Ok(()));
        }
        let hour = (1..3_600).filter(|second| guard.admit(&ada, at(*second)).is_ok());
        assert!(hour.count() < 400);
    }

    #[test]
    fn memory_is_bounded() {
        let guard = Guard::default();
        for _ in 0..7 {
            let _ = guard.admit(&target("busy"), at(0));
        }
        for number in 0..2 * KEYS {
            guard.admit(&target(&number.to_string()), at(0)).unwrap();
        }
        assert!(guard.tries.lock().unwrap().len() <= KEYS);
        assert!(
            guard.admit(&target("busy"), at(0)).is_err(),
            "the busy one is still known"
        );
    }
}
