//! The values that a condition key is compared with.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::Severity;
use super::super::action::quoted;
use super::super::glob::covers;
use super::super::report::{Path, Remark};
use super::super::tree::{Member, Node, Value, removal};
use super::{Checker, Code, KeyKind, KnownKey, Place};
use crate::check::is_stored_date;
use crate::condition::{Family, Set, boolean};
use crate::value::{Decimal, Network, binary, instant};

/// Comparisons for redundancy in one list; longer lists are compared as far as that.
const MOST_COMPARISONS: usize = 50_000;
/// Whether eight digits are a day of this century or the last: `20260301`.
fn is_written_together(text: &str) -> bool {
    let part = |part: std::ops::Range<usize>| text.get(part).and_then(|digits| digits.parse().ok());
    text.len() == 8
        && matches!(part(0..4), Some(1900..2100))
        && matches!(part(4..6), Some(1..=12))
        && matches!(part(6..8), Some(1..=31))
}

/// Seconds since the epoch from which on a number is probably in milliseconds: the year 5138.
const MILLISECONDS: i128 = 100_000_000_000;

impl Checker<'_> {
    /// That the values are of JSON types that conditions have.
    pub(super) fn value_types(&mut self, path: &Path<'_>, key: &Member) {
        let mut kinds: Vec<&'static str> = Vec::new();
        for (index, node) in key.value.each().iter().enumerate() {
            let kind = node.kind();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
            if matches!(node.value, Value::Null | Value::Array(_) | Value::Object(_)) {
                let here = path.index(index);
                let here = if key.value.is_array() { &here } else { path };
                let message = format!("a condition value is a string, a boolean or a number, not {kind}");
                self.add(Remark::new(
                    Code::DataTypeMismatch,
                    here,
                    node.range.clone(),
                    message,
                ));
            }
        }
        if kinds.len() > 1 && key.value.each().iter().all(|node| node.scalar().is_some()) {
            let message = format!(
                "the values of `{}` are of different JSON types: {}",
                key.key,
                kinds.join(" and ")
            );
            self.add(Remark::new(
                Code::InvalidConditionDataType,
                path,
                key.value.range.clone(),
                message,
            ));
        }
    }

    pub(super) fn values(&mut self, path: &Path<'_>, place: &Place<'_>, known: Option<KnownKey>) {
        let list = &place.key.value;
        if list.each().is_empty() {
            self.no_values(path, place);
            return;
        }
        self.kind_of_key(path, place, known);
        for (index, node) in list.each().iter().enumerate() {
            let here = path.index(index);
            let here = if list.is_array() { &here } else { path };
            self.value(here, place, node);
        }
        match place.meaning.family {
            Family::Bool | Family::Null => {
                let values: HashSet<Option<bool>> = list
                    .each()
                    .iter()
                    .filter_map(Node::scalar)
                    .map(|text| boolean(&text))
                    .collect();
                if values.len() > 1 && !values.contains(&None) {
                    let message = format!("`{}` is compared with true and with false", place.key.key);
                    self.add(Remark::new(
                        Code::InvalidConditionMultipleBoolean,
                        path,
                        list.range.clone(),
                        message,
                    ));
                }
            }
            Family::Address => self.addresses(path, place),
            _ => {}
        }
        self.redundant_values(path, place);
    }

    fn no_values(&mut self, path: &Path<'_>, place: &Place<'_>) {
        let (code, message) = match (place.meaning.set, place.meaning.if_exists) {
            (Set::ForAll, _) => (
                Code::EmptyArrayConditionForAllValues,
                "ForAllValues without values holds only for requests that have none either",
            ),
            (Set::ForAny, _) => (
                Code::EmptyArrayConditionForAnyValue,
                "ForAnyValue without values never holds",
            ),
            (Set::Single, true) => (
                Code::EmptyArrayConditionIfExists,
                "IfExists without values holds only for requests without the key",
            ),
            (Set::Single, false) => (
                Code::EmptyArrayCondition,
                "a condition without values never holds, or always if its operator is negated",
            ),
        };
        let remark = Remark::new(code, path, place.key.value.range.clone(), message);
        let suggestion = match code {
            Code::EmptyArrayConditionForAllValues | Code::EmptyArrayConditionIfExists => {
                format!("say so: \"Null\": {{\"{}\": \"true\"}}", place.key.key)
            }
            _ => "give the values, or take the condition away".to_owned(),
        };
        self.add(remark.suggest(suggestion));
    }

    /// Whether the operator can compare what the key has.
    fn kind_of_key(&mut self, path: &Path<'_>, place: &Place<'_>, known: Option<KnownKey>) {
        let Some(known) = known else { return };
        let text = matches!(
            place.meaning.family,
            Family::Equals | Family::IgnoreCase | Family::Like
        );
        let (fits, wanted) = match known.kind {
            KeyKind::Text => (text, "String…"),
            KeyKind::Arn => (text || place.meaning.family == Family::Arn, "Arn… or String…"),
            KeyKind::Bool => (place.meaning.family == Family::Bool, "Bool"),
            KeyKind::Number => (matches!(place.meaning.family, Family::Number(_)), "Numeric…"),
            KeyKind::Date => {
                // Of the dates only this one is a number.
                let number = place.key.key.eq_ignore_ascii_case("aws:EpochTime");
                let date = matches!(place.meaning.family, Family::Date(_));
                (
                    date || number && matches!(place.meaning.family, Family::Number(_)),
                    "Date…",
                )
            }
            KeyKind::Address => (
                place.meaning.family == Family::Address,
                "IpAddress or NotIpAddress",
            ),
            KeyKind::Binary => (place.meaning.family == Family::Binary, "BinaryEquals"),
        };
        if !fits && place.meaning.family != Family::Null {
            let operator = &place.operator.key;
            let message = format!("`{}` is compared by {wanted}, not by `{operator}`", place.key.key);
            self.add(Remark::new(
                Code::TypeMismatch,
                path,
                place.key.key_range.clone(),
                message,
            ));
        }
    }

    /// Whether one value is what its operator compares.
    fn value(&mut self, path: &Path<'_>, place: &Place<'_>, node: &Node) {
        let Some(text) = node.scalar() else { return };
        let has_variable = self.has_variables && text.contains("${");
        let textual = matches!(
            place.meaning.family,
            Family::Equals | Family::IgnoreCase | Family::Like | Family::Arn | Family::Bool
        );
        if textual {
            self.variables(path, node);
        } else if has_variable {
            let message = format!("`{}` compares no policy variables", place.operator.key);
            self.add_within(
                path,
                node,
                0..text.len(),
                Code::InvalidVariableForOperator,
                message,
                None,
            );
            return;
        }
        let wrong = |what: &str| {
            let message = format!(
                "`{text}` is not {what}, so `{}` never matches it",
                place.operator.key
            );
            Remark::new(Code::TypeMismatch, path, node.range.clone(), message)
        };
        match place.meaning.family {
            Family::Equals | Family::IgnoreCase => self.wildcard(path, place, node, &text),
            Family::Like => {}
            Family::Bool if has_variable => {}
            Family::Bool | Family::Null => {
                if boolean(&text).is_none() {
                    self.add(wrong("true or false"));
                }
            }
            Family::Number(_) => {
                if Decimal::parse(&text).is_none() {
                    self.add(wrong("a number"));
                }
            }
            Family::Binary => {
                if binary(&text).is_none() {
                    self.add(wrong("base64"));
                }
            }
            Family::Address => {
                if Network::parse(&text).is_none() {
                    self.add(wrong("an address or a network such as 203.0.113.0/24"));
                }
            }
            Family::Arn => {
                let any = text.bytes().all(|byte| byte == b'*') && !text.is_empty();
                // Within a variable stand colons too, so one is taken as it is.
                if !any && !has_variable && text.split(':').count() < 6 {
                    self.add(wrong("an ARN of six parts"));
                }
            }
            Family::Date(_) => self.date(path, node, &text, wrong("a date such as 2026-03-01T12:00:00Z")),
        }
    }

    fn date(&mut self, path: &Path<'_>, node: &Node, text: &str, wrong: Remark) {
        let Some(instant) = instant(text) else {
            // What cannot even be stored is an error.
            let stored = is_stored_date(text);
            self.add(if stored {
                wrong
            } else {
                wrong.severity(Severity::Error)
            });
            return;
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && text.len() == 4 {
            let message = format!("`{text}` is the beginning of the year {text}, not a number of seconds");
            let full = quoted(&format!("{text}-01-01T00:00:00Z"));
            self.add(
                Remark::new(Code::InvalidDateValue, path, node.range.clone(), message)
                    .fix(node.range.clone(), full),
            );
        } else if digits && is_written_together(text) {
            let message =
                format!("`{text}` counts seconds and lies in the year 1970; a day was probably meant");
            let [year, month, day] = [0..4, 4..6, 6..8].map(|part| text.get(part).unwrap_or_default());
            self.add(
                Remark::new(Code::InvalidDateValue, path, node.range.clone(), message)
                    .suggest(format!("write \"{year}-{month}-{day}T00:00:00Z\"")),
            );
        } else if digits && instant / 1_000_000_000 >= MILLISECONDS {
            let message = format!(
                "`{text}` counts seconds and lies beyond the year 5138; milliseconds were probably meant"
            );
            self.add(Remark::new(
                Code::InvalidDateValue,
                path,
                node.range.clone(),
                message,
            ));
        }
    }

    /// A wildcard that is an ordinary character.
    fn wildcard(&mut self, path: &Path<'_>, place: &Place<'_>, node: &Node, text: &str) {
        let plain = text.replace("${*}", "").replace("${?}", "");
        let Some(found) = plain.chars().find(|character| matches!(character, '*' | '?')) else {
            return;
        };
        let operator = place.operator.key.as_str();
        let like = operator.replace("NotEquals", "NotLike").replace("Equals", "Like");
        let message = format!("`{found}` is an ordinary character for `{operator}`");
        let remark = Remark::new(
            Code::WildcardWithoutLikeOperator,
            path,
            node.range.clone(),
            message,
        );
        self.add(if place.meaning.family == Family::Equals {
            remark.suggest(format!("for a wildcard write `{like}`"))
        } else {
            remark
        });
    }

    fn addresses(&mut self, path: &Path<'_>, place: &Place<'_>) {
        let list = &place.key.value;
        let networks: Vec<(usize, &Node, (IpAddr, u8))> = list
            .each()
            .iter()
            .enumerate()
            .filter_map(|(index, node)| Some((index, node, network(&node.scalar()?)?)))
            .collect();
        for (index, node, (address, prefix)) in &networks {
            let first = first_address(*address, *prefix);
            if first != *address {
                let here = path.index(*index);
                let here = if list.is_array() { &here } else { path };
                let better = format!("{first}/{prefix}");
                let message = format!("the address has bits set beyond the prefix; the network is {better}");
                self.add(
                    Remark::new(Code::ImproveIpRange, here, node.range.clone(), message)
                        .fix(node.range.clone(), quoted(&better)),
                );
            }
        }
        if place.meaning.negated
            && !networks.is_empty()
            && networks.iter().all(|(.., (address, _))| address.is_ipv4())
        {
            let message = format!(
                "`{}` with addresses of version 4 holds for every caller with one of version 6",
                place.operator.key
            );
            self.add(Remark::new(
                Code::NotIpAddressWithoutIpv6,
                path,
                list.range.clone(),
                message,
            ));
        }
        if !place.key.key.eq_ignore_ascii_case("aws:SourceIp") {
            return;
        }
        let private = networks
            .iter()
            .filter(|(.., (address, prefix))| is_private(*address, *prefix))
            .count();
        if private == 0 {
            return;
        }
        if private == networks.len() {
            let message = "these addresses are private: a caller from the internet has none of them";
            self.add(Remark::new(
                Code::PrivateIpAddress,
                path,
                list.range.clone(),
                message,
            ));
        } else {
            let message =
                "private and public addresses are mixed: a caller from the internet has only public ones";
            self.add(Remark::new(
                Code::PrivateIpAddressSubset,
                path,
                list.range.clone(),
                message,
            ));
        }
    }

    /// Values that another value in the list covers.
    fn redundant_values(&mut self, path: &Path<'_>, place: &Place<'_>) {
        let list = place.key.value.each();
        if list.len() < 2 {
            return;
        }
        let ranges: Vec<_> = list.iter().map(|node| node.range.clone()).collect();
        let texts: Vec<String> = list
            .iter()
            .map(|node| node.scalar().unwrap_or_default().into_owned())
            .collect();
        let number = matches!(place.meaning.family, Family::Number(_));
        let normal = |text: &str| match place.meaning.family {
            Family::IgnoreCase | Family::Bool | Family::Null => text.to_lowercase(),
            Family::Number(_) => text.trim_start_matches('+').to_owned(),
            _ => text.to_owned(),
        };
        let mut seen: HashSet<String> = HashSet::new();
        let wide: Vec<&String> = texts
            .iter()
            .filter(|text| {
                place.meaning.family == Family::Like && text.contains(['*', '?']) && !text.contains("${")
            })
            .take(MOST_COMPARISONS / texts.len().max(1))
            .collect();
        for (index, text) in texts.iter().enumerate() {
            let equal = !seen.insert(normal(text))
                || number
                    && index < 200
                    && texts.iter().take(index).any(|earlier| {
                        matches!((Decimal::parse(earlier), Decimal::parse(text)), (Some(a), Some(b)) if a.compare(&b).is_eq())
                    });
            let by = wide
                .iter()
                .find(|wide| **wide != text && covers(wide, text) && !text.contains("${"));
            let message = match (equal, by) {
                (true, _) => format!("`{text}` is in the list already"),
                (false, Some(by)) => format!("`{by}` covers this"),
                (false, None) => continue,
            };
            let range = ranges.get(index).cloned().unwrap_or_default();
            let fix = removal(&ranges, index).map(|range| (range, String::new()));
            self.add(
                Remark::new(Code::RedundantConditionValue, &path.index(index), range, message).fix_if(fix),
            );
        }
    }
}

/// An address and its prefix length.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = text
        .split_once('/')
        .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(width), |prefix| prefix.parse().ok())?;
    (prefix <= width).then_some((address, prefix))
}

fn first_address(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(address) & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & mask))
        }
    }
}

/// Whether no caller from the internet has an address of this network. Source: RFC 1918, RFC 4193.
fn is_private(address: IpAddr, prefix: u8) -> bool {
    let within = |network: IpAddr, length: u8| prefix >= length && first_address(address, length) == network;
    [
        (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
        (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
        (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
        (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    ]
    .into_iter()
    .any(|(network, length)| address.is_ipv4() == network.is_ipv4() && within(network, length))
}
