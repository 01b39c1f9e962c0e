//! Points in time, their forms on the wire, and the two sources of what cannot be computed: the clock and
//! entropy.
//!
//! AWS writes times in three ways, and which one is a property of the member: Chime uses ISO 8601 with
//! milliseconds ([`Timestamp`]), IAM and STS ISO 8601 with seconds ([`IsoSeconds`]), CloudTrail a JSON number of
//! seconds ([`EpochSeconds`]). Calendars and zones beyond UTC live elsewhere.

use std::fmt;
use std::ops::{Add, Deref, Sub};
use std::str::FromStr;
use std::time::Duration;

mod source;
mod wire;

pub use source::{Clock, Entropy, SystemClock, SystemEntropy, TestClock, TestEntropy};
pub use wire::{EpochSeconds, IsoSeconds};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time in UTC, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Covers the years 0000 to 9999, because no wire form has room for others; what lies outside is moved to the
/// nearer end, also by arithmetic. It is written `2019-01-04T17:11:22.003Z`: fractions below a millisecond are cut
/// off. It is read from ISO 8601 in the extended form (with an optional fraction and any offset) or the basic form
/// `20190104T171122Z`.
///
/// ```
/// use carillon_aws::time::Timestamp;
///
/// let at: Timestamp = "2019-01-04T17:11:22.003Z".parse()?;
/// assert_eq!(at.as_micros(), 1_546_621_882_003_000);
/// assert_eq!(at.iso_seconds().as_str(), "2019-01-04T17:11:22Z");
/// # Ok::<(), carillon_aws::time::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200 * MICROS_PER_SECOND);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_800 * MICROS_PER_SECOND - 1);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The time so many microseconds after the epoch (before it, if negative).
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// The time so many seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the epoch; the form in which times are stored.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// How much time passed since `earlier`; zero if `earlier` is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `2019-01-04T17:11:22.003Z`, the form of Chime.
    pub fn iso_millis(self) -> TimeText {
        self.text(true, true)
    }

    /// `2019-01-04T17:11:22Z`, the form of IAM and STS.
    pub fn iso_seconds(self) -> TimeText {
        self.text(true, false)
    }

    /// `20190104T171122Z`, the form of request signatures. Its first eight characters are the date of a
    /// credential scope.
    pub fn iso_basic(self) -> TimeText {
        self.text(false, false)
    }

    /// Reads the form of request signatures, `20190104T171122Z`, and nothing else.
    ///
    /// # Errors
    /// When the text has another form or names a day or hour that does not exist.
    pub fn parse_basic(text: &str) -> Result<Self, TimestampError> {
        let mut reader = Reader(text.as_bytes());
        let (year, month, day) = (reader.number(4)?, reader.number(2)?, reader.number(2)?);
        reader.expect(b'T')?;
        let (hour, minute, second) = (reader.number(2)?, reader.number(2)?, reader.number(2)?);
        reader.expect(b'Z')?;
        reader.end()?;
        Ok(Self(
            civil_seconds([year, month, day, hour, minute, second])? * MICROS_PER_SECOND,
        ))
    }

    fn parse_extended(text: &str) -> Result<Self, TimestampError> {
        let mut reader = Reader(text.as_bytes());
        let year = reader.number(4)?;
        reader.expect(b'-')?;
        let month = reader.number(2)?;
        reader.expect(b'-')?;
        let day = reader.number(2)?;
        if !(reader.take(b'T') || reader.take(b't')) {
            return Err(TimestampError);
        }
        let hour = reader.number(2)?;
        reader.expect(b':')?;
        let minute = reader.number(2)?;
        reader.expect(b':')?;
        let second = reader.number(2)?;
        let fraction = if reader.take(b'.') { reader.fraction()? } else { 0 };
        let offset = reader.offset()?;
        reader.end()?;
        let seconds = civil_seconds([year, month, day, hour, minute, second])? - offset;
        Ok(Self::from_micros(seconds * MICROS_PER_SECOND + fraction))
    }

    fn text(self, separators: bool, millis: bool) -> TimeText {
        let seconds = self.as_seconds();
        let (days, rest) = (
            seconds.div_euclid(SECONDS_PER_DAY),
            seconds.rem_euclid(SECONDS_PER_DAY),
        );
        let (year, month, day) = civil_from_days(days);
        let mut text = TimeText {
            bytes: [0; 24],
            length: 0,
        };
        text.digits(year, 4);
        text.separator(separators, b'-');
        text.digits(month, 2);
        text.separator(separators, b'-');
        text.digits(day, 2);
        text.push(b'T');
        text.digits(rest / 3600, 2);
        text.separator(separators, b':');
        text.digits(rest / 60 % 60, 2);
        text.separator(separators, b':');
        text.digits(rest % 60, 2);
        if millis {
            text.push(b'.');
            text.digits(self.0.rem_euclid(MICROS_PER_SECOND) / 1000, 3);
        }
        text.push(b'Z');
        text
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(micros(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(micros(duration)))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        if text.as_bytes().get(4) == Some(&b'-') {
            Self::parse_extended(text)
        } else {
            Self::parse_basic(text)
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.iso_millis())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:06}Z",
            self.iso_seconds().trim_end_matches('Z'),
            self.0.rem_euclid(MICROS_PER_SECOND)
        )
    }
}

/// The text is not a time this service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a timestamp must be ISO 8601, like `2019-01-04T17:11:22Z`")]
pub struct TimestampError;

/// A written time, kept on the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimeText {
    bytes: [u8; 24],
    length: usize,
}

impl TimeText {
    /// The text, ASCII only.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..self.length)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn separator(&mut self, wanted: bool, byte: u8) {
        if wanted {
            self.push(byte);
        }
    }

    fn digits(&mut self, value: i64, width: usize) {
        // The calendar's numbers have at most four digits and are never negative.
        let mut rest = value as u32;
        let places = self
            .bytes
            .get_mut(self.length..self.length + width)
            .unwrap_or_default();
        for place in places.iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.length += width;
    }
}

impl Deref for TimeText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// What is left of a text while it is read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), TimestampError> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(TimestampError)
        }
    }

    fn end(&self) -> Result<(), TimestampError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(TimestampError)
        }
    }

    fn digit(&mut self) -> Option<i64> {
        let (&first, rest) = self.0.split_first()?;
        first.is_ascii_digit().then(|| {
            self.0 = rest;
            i64::from(first - b'0')
        })
    }

    fn number(&mut self, width: usize) -> Result<i64, TimestampError> {
        (0..width).try_fold(0, |number, _| {
            Ok(number * 10 + self.digit().ok_or(TimestampError)?)
        })
    }

    /// One to nine digits after the point, in microseconds; what is finer is cut off.
    fn fraction(&mut self) -> Result<i64, TimestampError> {
        let mut micros = self.digit().ok_or(TimestampError)? * 100_000;
        let mut weight = 10_000;
        for _ in 1..9 {
            let Some(digit) = self.digit() else { break };
            micros += digit * weight;
            weight /= 10;
        }
        Ok(micros)
    }

    /// `Z`, `+01:00` or `+0100`, in seconds east of Greenwich.
    fn offset(&mut self) -> Result<i64, TimestampError> {
        if self.take(b'Z') || self.take(b'z') {
            return Ok(0);
        }
        let sign = if self.take(b'-') { -1 } else { 1 };
        if sign == 1 {
            self.expect(b'+')?;
        }
        let hours = self.number(2)?;
        self.take(b':');
        let minutes = self.number(2)?;
        if hours > 23 || minutes > 59 {
            Err(TimestampError)
        } else {
            Ok(sign * (hours * 3600 + minutes * 60))
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn civil_seconds([year, month, day, hour, minute, second]: [i64; 6]) -> Result<i64, TimestampError> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return Err(TimestampError),
    };
    if day < 1 || day > longest || hour > 23 || minute > 59 || second > 59 {
        return Err(TimestampError);
    }
    Ok(days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second)
}

// Both conversions count in years that begin on 1 March, so that the leap day is the last of its year, and in eras
// of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;
const DAYS_TO_EPOCH: i64 = 719_468;

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_TO_EPOCH
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_EPOCH;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_written_in_each_form() {
        let time = Timestamp::from_micros(1_546_621_882_003_999);
        assert_eq!(time.to_string(), "2019-01-04T17:11:22.003Z");
        assert_eq!(time.iso_basic().as_str(), "20190104T171122Z");
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            r#""2019-01-04T17:11:22.003Z""#
        );
        assert_eq!(
            serde_json::to_string(&IsoSeconds(time)).unwrap(),
            r#""2019-01-04T17:11:22Z""#
        );
        assert_eq!(
            serde_json::to_string(&EpochSeconds(at("20190104T171122Z"))).unwrap(),
            "1546621882"
        );
        assert_eq!(
            serde_json::to_string(&EpochSeconds(at("2019-01-04T17:11:22.5Z"))).unwrap(),
            "1546621882.5"
        );
        assert_eq!(format!("{time:?}"), "2019-01-04T17:11:22.003999Z");
    }

    #[test]
    fn both_iso_forms_and_offsets_are_read() {
        let expected = Timestamp::from_seconds(1_546_621_882);
        for text in [
            "20190104T171122Z",
            "2019-01-04T17:11:22Z",
            "2019-01-04T18:11:22+01:00",
            "2019-01-04T12:41:22-0430",
            "2019-01-04t17:11:22.000000000z",
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
        assert_eq!(
            serde_json::from_str::<EpochSeconds>("1546621882").unwrap().0,
            expected
        );
        assert_eq!(
            serde_json::from_str::<EpochSeconds>("1546621882.0").unwrap().0,
            expected
        );
        assert_eq!(
            serde_json::from_str::<EpochSeconds>(r#""20190104T171122Z""#)
                .unwrap()
                .0,
            expected
        );
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "2019",
            "20190104",
            "2019-01-04",
            "2019-02-29T00:00:00Z",
            "2019-13-01T00:00:00Z",
            "2019-01-04T24:00:00Z",
            "2019-01-04T17:11:60Z",
            "2019-01-04T17:11:22",
            "2019-01-04T17:11:22.Z",
            "20190104T171122z",
            "20190104T171122Z ",
            "2019-01-04T17:11:22+1",
            "2019-01-04T17:11:22é",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
        assert!(Timestamp::parse_basic("2019-01-04T17:11:22Z").is_err());
    }

    #[test]
    fn arithmetic_stays_within_the_calendar() {
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::EPOCH.since(Timestamp::MAX), Duration::ZERO);
        assert_eq!((Timestamp::EPOCH + Duration::from_secs(1)).as_micros(), 1_000_000);
    }

    #[test]
    fn the_schema_names_the_wire_form() {
        let schema = schemars::schema_for!(EpochSeconds);
        assert_eq!(schema.get("x-timestamp").unwrap(), "unix");
        assert_eq!(
            schemars::schema_for!(IsoSeconds).get("x-timestamp").unwrap(),
            "iso8601-seconds"
        );
        assert_eq!(
            schemars::schema_for!(Timestamp).get("format").unwrap(),
            "date-time"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let time = Timestamp::from_micros(micros);
            let seconds = Timestamp::from_seconds(time.as_seconds());
            prop_assert_eq!(time.iso_millis().parse::<Timestamp>().unwrap().0, micros.div_euclid(1000) * 1000);
            prop_assert_eq!(time.iso_seconds().parse::<Timestamp>().unwrap(), seconds);
            prop_assert_eq!(Timestamp::parse_basic(&time.iso_basic()).unwrap(), seconds);
        }

        #[test]
        fn our_calendar_is_jiffs(seconds in -60_000_000_000_i64..=250_000_000_000) {
            let expected = jiff::Timestamp::from_second(seconds).unwrap().to_string();
            prop_assert_eq!(Timestamp::from_seconds(seconds).iso_seconds().to_string(), expected);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
