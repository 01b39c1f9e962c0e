//! The clock and entropy as arguments (rule 7), with the real implementations and the ones for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::Rng;

use super::Timestamp;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes, fit for secrets.
pub trait Entropy: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<E: Entropy + ?Sized> Entropy for Arc<E> {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "rule 7: this is the clock that everybody else is given"
    )]
    fn now(&self) -> Timestamp {
        // A clock set before 1970 is a broken clock; the epoch is as good an answer as any.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH + since_epoch
    }
}

/// A cryptographically secure generator of this thread, seeded and reseeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// A clock that stands still until it is moved. For tests, also of other crates.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now() + duration);
    }

    /// Moves the clock to `now`, which may be earlier.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run. For tests only, also of other crates: anybody who knows the
/// seed knows the bytes.
#[derive(Debug)]
pub struct TestEntropy(AtomicU64);

impl TestEntropy {
    /// A generator whose bytes depend on `seed` and the order of the calls.
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // SplitMix64: a counter with a large odd step, mixed.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        for chunk in bytes.chunks_mut(8) {
            let mut mixed = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let block = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk
                .iter_mut()
                .zip(block)
                .for_each(|(place, byte)| *place = byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_in_this_century() {
        let now = SystemClock.now();
        assert!(
            now > "2024-01-01T00:00:00Z".parse().unwrap() && now < "2100-01-01T00:00:00Z".parse().unwrap()
        );
    }

    #[test]
    fn a_test_clock_moves_when_told() {
        let clock = TestClock::at(Timestamp::EPOCH);
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now().as_seconds(), 60);
    }

    #[test]
    fn test_entropy_repeats_by_seed_and_moves_on() {
        let (mut first, mut second, mut third) = ([0; 20], [0; 20], [0; 20]);
        let entropy = TestEntropy::seeded(7);
        entropy.fill(&mut first);
        entropy.fill(&mut second);
        TestEntropy::seeded(7).fill(&mut third);
        assert_eq!(first, third);
        assert_ne!(first, second);
    }

    #[test]
    fn system_entropy_fills_everything() {
        let mut bytes = [0_u8; 64];
        SystemEntropy.fill(&mut bytes);
        assert!(bytes.iter().any(|&byte| byte != 0));
    }
}
