//! Values of each kind that are enough to stand for all: at, between and beyond those that policies name.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::value::Decimal;

/// Each number, one between each two neighbours, one below and one above all.
pub(super) fn numbers<'a>(lists: impl Iterator<Item = &'a Vec<Box<str>>>) -> Vec<String> {
    let texts = lists.flatten().map(|number| &**number);
    let read = texts.filter_map(|text| Some((Decimal::parse(text)?, text)));
    let mut numbers: Vec<(Decimal<'a>, &'a str)> = read.collect();
    numbers.sort_by(|(left, _), (right, _)| left.compare(right));
    numbers.dedup_by(|(left, _), (right, _)| left.compare(right).is_eq());
    let sorted: Vec<&str> = numbers.into_iter().map(|(_, number)| number).collect();
    let longest = sorted.iter().map(|number| number.len()).max().unwrap_or_default();
    let mut all: Vec<String> = sorted.iter().map(|number| (*number).to_owned()).collect();
    for pair in sorted.windows(2) {
        if let [low, high] = pair {
            all.push(between(low, high));
        }
    }
    let beyond = format!("1{}", "0".repeat(longest));
    all.push(format!("-{beyond}"));
    all.push(beyond);
    // Other spellings, in case the text is compared too.
    let spelled: Vec<String> = sorted
        .iter()
        .filter(|number| !number.starts_with(['-', '+']))
        .map(|number| format!("0{number}"))
        .collect();
    all.extend(spelled);
    all
}

/// A number above the first and below the second, which is the greater.
fn between(low: &str, high: &str) -> String {
    let digits = |text: &str| text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let places = digits(low).max(digits(high)) + 1;
    let nudged = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = if matches!(whole, "" | "-" | "+") {
            format!("{whole}0")
        } else {
            whole.to_owned()
        };
        let zeros = "0".repeat(places.saturating_sub(fraction.len() + 1));
        format!("{whole}.{fraction}{zeros}1")
    };
    let is_negative = |text: &str| {
        let zero = Decimal::parse("0");
        Decimal::parse(text)
            .zip(zero)
            .is_some_and(|(number, zero)| number.compare(&zero).is_lt())
    };
    match (is_negative(low), is_negative(high)) {
        (false, _) => nudged(low.trim_start_matches('-')),
        (true, true) => nudged(high),
        // Below zero and at or above it.
        (true, false) => {
            let high_is_zero = high.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0');
            if high_is_zero {
                format!("-0.{}1", "0".repeat(places.saturating_sub(1)))
            } else {
                "0".to_owned()
            }
        }
    }
}

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Each point in time, one between each two neighbours, one before and one after all.
pub(super) fn dates<'a>(lists: impl Iterator<Item = &'a Vec<i128>>) -> Vec<String> {
    let sorted: BTreeSet<i128> = lists.flatten().copied().collect();
    let sorted: Vec<i128> = sorted.into_iter().collect();
    let mut all = sorted.clone();
    for pair in sorted.windows(2) {
        if let [early, late] = pair {
            let steps = [DAY, SECOND, 1];
            all.extend(
                steps
                    .iter()
                    .map(|step| early + step)
                    .find(|between| between < late),
            );
        }
    }
    // 2026-01-01, for a key that nothing is compared with.
    let first = sorted.first().copied().unwrap_or(1_767_225_600 * SECOND);
    all.push(first - DAY);
    all.push(sorted.last().copied().unwrap_or(first) + DAY);
    all.into_iter().map(written).collect()
}

/// A point in time as conditions write it.
fn written(instant: i128) -> String {
    let (seconds, part) = (instant.div_euclid(SECOND), instant.rem_euclid(SECOND));
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    if !(1..=9999).contains(&year) {
        return format!("{seconds}");
    }
    let fraction = if part == 0 {
        String::new()
    } else {
        format!(".{part:09}")
    };
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// An address of each stretch between the borders of the networks, for both families.
pub(super) fn addresses<'a>(lists: impl Iterator<Item = &'a Vec<(bool, u128, u128)>>) -> Vec<String> {
    // Addresses for documentation first: they look like what they are.
    let mut all = vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned()];
    let mut borders = BTreeSet::from([(true, 0), (false, 0)]);
    for (version_4, first, last) in lists.flatten() {
        borders.insert((*version_4, *first));
        borders.extend(last.checked_add(1).map(|next| (*version_4, next)));
    }
    all.extend(borders.into_iter().filter_map(|(version_4, bits)| {
        Some(if version_4 {
            Ipv4Addr::from(u32::try_from(bits >> 96).ok()?).to_string()
        } else {
            Ipv6Addr::from(bits).to_string()
        })
    }));
    all
}

/// Each value and another one.
pub(super) fn binaries<'a>(lists: impl Iterator<Item = &'a Vec<Vec<u8>>>) -> Vec<String> {
    let values: BTreeSet<&Vec<u8>> = lists.flatten().collect();
    let longest = values.iter().map(|value| value.len()).max().unwrap_or_default();
    let other = vec![b'x'; longest + 1];
    let mut all: Vec<String> = values.iter().map(|value| STANDARD.encode(value)).collect();
    all.push(STANDARD.encode(other));
    all.push("?".to_owned());
    all
}
