//! The typed values conditions compare: numbers, points in time, networks, binary.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A decimal number of any length, compared exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: &'a str,
    /// Without trailing zeros.
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// A sign, digits, and a fraction; `None` for everything else, exponents included.
    pub fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        // Zero has no sign.
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Decimal {
            negative,
            whole,
            fraction,
        })
    }

    pub fn compare(&self, other: &Decimal<'_>) -> Ordering {
        let size = || {
            self.whole
                .len()
                .cmp(&other.whole.len())
                .then_with(|| self.whole.cmp(other.whole))
                .then_with(|| self.fraction.cmp(other.fraction))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(),
            (true, true) => size().reverse(),
        }
    }
}

/// A whole number of up to 18 digits, with or without a sign: what [`Decimal`] takes for the same number.
pub(crate) fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    number(digits, 1..=18)?;
    text.parse().ok()
}

/// Nanoseconds since the epoch of a date as conditions write it: ISO 8601 (`2026`, `2026-04`, `2026-04-01`,
/// `2026-04-01T10:30`, with seconds, a fraction, `Z` or an offset) or seconds since the epoch. A bare number
/// of four digits is a year. Missing parts are their minimum, no zone is UTC.
pub(crate) fn instant(text: &str) -> Option<i128> {
    let four_digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !four_digits && let Some(nanoseconds) = epoch(text) {
        return Some(nanoseconds);
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let (era, digits) = match date.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, date),
    };
    let mut fields = digits.split('-');
    let year = era * number(fields.next()?, 4..=9)?;
    let month = fields.next();
    let day = fields.next();
    if fields.next().is_some() || (time.is_some() && day.is_none()) {
        return None;
    }
    let month = month.map_or(Some(1), |month| number(month, 2..=2))?;
    if !(1..=12).contains(&month) {
        return None;
    }
    let day = day.map_or(Some(1), |day| number(day, 2..=2))?;
    if !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    let midnight = i128::from(days_from_epoch(year, month, day)) * 86_400 * 1_000_000_000;
    time.map_or(Some(0), time_of_day).map(|time| midnight + time)
}

/// Seconds since the epoch, with a fraction of up to nine digits; whole milliseconds must fit 64 bits.
fn epoch(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = match digits.split_once('.') {
        Some((whole, part)) => (whole, fraction(part)?),
        None => (digits, 0),
    };
    let seconds = i128::from(number(whole, 1..=18)?);
    let nanoseconds = sign * (seconds * 1_000_000_000 + part);
    i64::try_from(nanoseconds / 1_000_000).ok().map(|_| nanoseconds)
}

/// `hh:mm[:ss[.fraction]]` and a zone, in nanoseconds.
fn time_of_day(text: &str) -> Option<i128> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => {
            let (clock, zone) = text.split_at_checked(at)?;
            (clock, zone_offset(zone)?)
        }
        None => (text, 0),
    };
    let mut fields = clock.split(':');
    let hour = number(fields.next()?, 2..=2).filter(|hour| *hour < 24)?;
    let minute = number(fields.next()?, 2..=2).filter(|minute| *minute < 60)?;
    let (second, part) = match fields.next() {
        None => (0, 0),
        Some(field) => {
            let (second, part) = match field.split_once('.') {
                Some((second, part)) => (second, fraction(part)?),
                None => (field, 0),
            };
            (number(second, 2..=2).filter(|second| *second < 60)?, part)
        }
    };
    if fields.next().is_some() {
        return None;
    }
    Some(i128::from(hour * 3600 + minute * 60 + second - offset) * 1_000_000_000 + part)
}

/// Seconds east of UTC: `Z`, `±hh` or `±hh:mm`.
fn zone_offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, offset) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
    let hours = number(hours, 2..=2).filter(|hours| *hours < 24)?;
    let minutes = number(minutes, 2..=2).filter(|minutes| *minutes < 60)?;
    Some(sign * (hours * 3600 + minutes * 60))
}

/// A plain number with so many digits (at most 18, so that it always fits).
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let fits = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// The digits after a decimal point, one to nine of them, in nanoseconds.
fn fraction(digits: &str) -> Option<i128> {
    let value = number(digits, 1..=9)?;
    let missing = u32::try_from(9_usize.checked_sub(digits.len())?).ok()?;
    Some(i128::from(value) * 10_i128.pow(missing))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. Years start in March here, so that the leap day
/// is a year's last and the lengths of the months before it follow one formula.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    // 719,468 days from 0000-03-01 to 1970-01-01.
    era * 146_097 + day_of_era - 719_468
}

/// A range of addresses of one family. Host bits beyond the prefix do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    version_4: bool,
    /// Left-aligned in 128 bits for either family.
    bits: u128,
    mask: u128,
}

impl Network {
    /// An address, or an address and a prefix length.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(number(prefix, 1..=3)?)),
            None => (text, None),
        };
        let (version_4, bits) = address_bits(address)?;
        let width: i64 = if version_4 { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return None;
        }
        let mask = u128::MAX
            .checked_shl(u32::try_from(128 - prefix).ok()?)
            .unwrap_or(0);
        Some(Network {
            version_4,
            bits: bits & mask,
            mask,
        })
    }

    pub fn contains(&self, address: (bool, u128)) -> bool {
        let (version_4, bits) = address;
        self.version_4 == version_4 && bits & self.mask == self.bits
    }
}

/// The family (whether it is version 4) and the bits of an address, aligned left.
pub(crate) fn address_bits(text: &str) -> Option<(bool, u128)> {
    match text.parse().ok()? {
        IpAddr::V4(address) => Some((true, u128::from(u32::from(address)) << 96)),
        IpAddr::V6(address) => Some((false, u128::from(address))),
    }
}

/// Bytes from base64 of the standard alphabet, with or without padding.
pub(crate) fn binary(text: &str) -> Option<Vec<u8>> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests;
