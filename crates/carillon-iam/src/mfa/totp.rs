//! One-time codes by the time. Source: RFC 6238 on RFC 4226, with what authenticator apps assume: SHA-1, six digits,
//! steps of 30 seconds.

use carillon_aws::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// How long a code is shown, in seconds.
const STEP: i64 = 30;
/// Codes of so many steps before and after the present one are right: clocks differ and people type slowly.
/// Source: RFC 6238, section 5.2.
const WINDOW: i64 = 1;
/// How far the clock of a device may be off when it is enabled or put right, in steps: ten minutes. Two codes in a row
/// are asked for then, so that the wider window helps nobody to guess.
const RESYNC_WINDOW: i64 = 20;

/// What is known of the clock of a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// How many steps the device is ahead.
    pub drift: i64,
    /// The step of the last code that was accepted: neither it nor an earlier one is accepted again.
    pub last_step: i64,
}

impl Pace {
    /// The step of a code that is right at that time.
    pub fn accepts(self, seed: &[u8], code: u32, now: Timestamp) -> Option<i64> {
        let present = step_at(now) + self.drift;
        (present - WINDOW..=present + WINDOW)
            .find(|step| *step > self.last_step && code_of(seed, *step) == Some(code))
    }

    /// The pace of a device that showed these two codes in a row about now.
    pub fn resynchronised(self, seed: &[u8], codes: [u32; 2], now: Timestamp) -> Option<Self> {
        let present = step_at(now);
        let [first, second] = codes;
        // What is near comes first: were the same two codes right twice, the nearer place would be the right one.
        let near_first = (0..=RESYNC_WINDOW).flat_map(|off| [present - off, present + off]);
        let second_step = near_first.map(|step| step + 1).find(|step| {
            step - 1 > self.last_step
                && code_of(seed, step - 1) == Some(first)
                && code_of(seed, *step) == Some(second)
        })?;
        let off = second_step - present;
        Some(Self {
            // The second code is typed in later than it is shown; a step more or less is within the window anyway.
            drift: if off.abs() <= WINDOW { 0 } else { off },
            last_step: second_step,
        })
    }
}

fn step_at(time: Timestamp) -> i64 {
    time.as_seconds().div_euclid(STEP)
}

/// The code of a step; nothing of a time before 1970.
fn code_of(seed: &[u8], step: i64) -> Option<u32> {
    Some(truncated(seed, u64::try_from(step).ok()?) % 1_000_000)
}

/// 31 bits of the digest, from which as many digits are taken as wanted. Source: RFC 4226, section 5.3.
fn truncated(seed: &[u8], counter: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(seed).expect("HMAC takes keys of any length");
    mac.update(&counter.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(digest[19] & 0xf);
    let word = [0, 1, 2, 3].map(|index| digest[offset + index]);
    u32::from_be_bytes(word) & 0x7fff_ffff
}

/// The code that a device with this seed shows. For tests.
#[cfg(test)]
pub(super) fn shown(seed: &[u8], now: Timestamp) -> String {
    format!("{:06}", code_of(seed, step_at(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn code(step: i64) -> u32 {
        code_of(SEED, step).unwrap()
    }

    /// Source: RFC 6238, appendix B.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (seconds, eight_digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = u64::try_from(step_at(at(seconds))).unwrap();
            assert_eq!(truncated(SEED, step) % 100_000_000, eight_digits, "{seconds}");
        }
    }

    /// Source: RFC 4226, appendix D.
    #[test]
    fn the_counters_are_those_of_the_standard() {
        let codes = [
            755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489,
        ];
        for (step, expected) in (0..).zip(codes) {
            assert_eq!(code(step), expected, "{step}");
        }
    }

    #[test]
    fn the_window_is_one_step_each_way_and_nothing_twice() {
        let now = at(1_000 * STEP);
        let fresh = Pace::default();
        for (step, right) in [
            (998, false),
            (999, true),
            (1_000, true),
            (1_001, true),
            (1_002, false),
        ] {
            assert_eq!(fresh.accepts(SEED, code(step), now).is_some(), right, "{step}");
        }
        let used = Pace {
            drift: 0,
            last_step: 1_000,
        };
        assert_eq!(used.accepts(SEED, code(1_000), now), None);
        assert_eq!(used.accepts(SEED, code(999), now), None);
        assert_eq!(used.accepts(SEED, code(1_001), now), Some(1_001));
        assert_eq!(
            fresh.accepts(SEED, code(1_000), Timestamp::from_seconds(-100 * STEP)),
            None
        );
    }

    #[test]
    fn two_codes_in_a_row_tell_how_far_the_clock_is_off() {
        let now = at(1_000 * STEP);
        let learn = |first, second| Pace::default().resynchronised(SEED, [code(first), code(second)], now);
        let pace = |drift, last_step| Some(Pace { drift, last_step });
        assert_eq!(learn(999, 1_000), pace(0, 1_000));
        assert_eq!(learn(998, 999), pace(0, 999));
        assert_eq!(learn(1_009, 1_010), pace(10, 1_010));
        assert_eq!(learn(980, 981), pace(-19, 981));
        for (first, second) in [
            (1_000, 999),
            (1_000, 1_000),
            (1_000, 1_002),
            (979, 980),
            (1_021, 1_022),
        ] {
            assert_eq!(learn(first, second), None, "{first} {second}");
        }
        let used = Pace {
            drift: 0,
            last_step: 1_000,
        };
        assert_eq!(used.resynchronised(SEED, [code(1_000), code(1_001)], now), None);
        let ahead = learn(1_009, 1_010).unwrap();
        assert_eq!(ahead.accepts(SEED, code(1_011), now), Some(1_011));
        assert_eq!(ahead.accepts(SEED, code(1_000), now), None);
    }

    /// Whatever is tried and whenever: what is accepted comes later each time, and is near the time of the try.
    #[test]
    fn accepted_steps_only_go_forward() {
        let mut pace = Pace::default();
        let mut random = 1_u64;
        let mut accepted = 0;
        for try_number in 0..3_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // The clock of the server goes back now and then.
            let present = 1_000 + try_number / 3 - i64::from(random.is_multiple_of(7));
            let shown = present - 3 + i64::try_from((random >> 33) % 7).unwrap();
            if let Some(step) = pace.accepts(SEED, code(shown), at(present * STEP)) {
                assert!(
                    step > pace.last_step && (step - present).abs() <= WINDOW,
                    "{step} at {present}"
                );
                pace.last_step = step;
                accepted += 1;
            }
        }
        assert!(accepted > 300, "{accepted}");
    }
}
