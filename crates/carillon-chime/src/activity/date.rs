//! Days in UTC, as reports count them.

use std::fmt;
use std::str::FromStr;

use carillon_aws::time::{Timestamp, TimestampError};

const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Date(i64);

impl Date {
    /// The day of a moment.
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_micros().div_euclid(MICROS_PER_DAY))
    }

    /// The day so many days after 1970-01-01; the form in which days are stored.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its first moment.
    pub fn begin(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(MICROS_PER_DAY))
    }

    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The Monday of its week. 1970-01-01 was a Thursday.
    pub const fn week(self) -> Self {
        Self(self.0 - (self.0 + 3).rem_euclid(7))
    }

    /// The first day of its month.
    pub fn month(self) -> Self {
        Self(self.0 - (self.day_of_month() - 1))
    }

    /// The first day of the month after.
    pub fn next_month(self) -> Self {
        // No month has more days.
        self.month().plus(31).month()
    }

    fn day_of_month(self) -> i64 {
        let text = self.begin().iso_seconds();
        text.get(8..10).and_then(|day| day.parse().ok()).unwrap_or(1)
    }
}

impl FromStr for Date {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        if text.len() != 10 {
            return Err(TimestampError);
        }
        format!("{text}T00:00:00Z").parse().map(Self::of)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.begin().iso_seconds().get(..10).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_belongs_to_its_week_and_month() {
        assert_eq!(date("2024-03-01").week(), date("2024-02-26"));
        assert_eq!(date("2024-02-26").week(), date("2024-02-26"));
        assert_eq!(date("2024-02-25").week(), date("2024-02-19"));
        assert_eq!(date("2024-02-29").month(), date("2024-02-01"));
        assert_eq!(date("2024-02-29").next_month(), date("2024-03-01"));
        assert_eq!(date("2023-12-31").next_month(), date("2024-01-01"));
        assert_eq!(date("1969-12-31").week(), date("1969-12-29"));
        assert_eq!(date("2024-02-29").plus(1).to_string(), "2024-03-01");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2024-02-30",
            "2023-02-29",
            "2024-2-1",
            "24-02-0001",
            "2024-02-01Z",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
