//! The values of one condition key: what operators want of them, and the classes these divide all values into.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::facts::Kind;
use super::language::{Class, Language, Token, Valuation, classes, tokens};
use super::limit::{Budget, TooLarge};
use crate::condition::{Family, Relation, boolean};
use crate::value::{self, Decimal};

/// What an operator wants of a value, without its prefix, suffix and negation: to be any of these.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Matcher {
    wanted: Wanted,
    /// Values that only a request makes definite, as written. If nothing else matches, these may.
    unknown: Vec<(Operators, String)>,
}

/// Which operators a value stands under; values of different ones are not the same.
type Operators = &'static str;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wanted {
    Texts(Vec<Language>),
    Numbers(Relation, Vec<Box<str>>),
    Dates(Relation, Vec<i128>),
    /// Family (whether it is version 4), first and last address.
    Networks(Vec<(bool, u128, u128)>),
    Binaries(Vec<Vec<u8>>),
}

/// Whether a value is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    Yes,
    No,
    /// It depends on values that are not known here.
    Open,
}

impl Matcher {
    /// Reads the values under an operator. What cannot be read is left out: it matches nothing.
    pub fn read(family: Family, values: &[String], variables: bool, valuation: &Valuation) -> Matcher {
        let mut unknown = Vec::new();
        let wanted = match family {
            Family::Equals
            | Family::Like
            | Family::IgnoreCase
            | Family::Bool
            | Family::Arn
            | Family::Null => {
                let mut languages = Vec::new();
                for text in values {
                    let parts = tokens(text, variables, matches!(family, Family::Like | Family::Arn));
                    if valuation.leaves_open(&parts) {
                        unknown.push((name(family), text.clone()));
                        continue;
                    }
                    match text_language(family, &parts, valuation) {
                        Some(Ok(language)) => languages.push(language),
                        Some(Err(NotAscii)) => unknown.push((name(family), text.clone())),
                        None => {}
                    }
                }
                languages.sort();
                languages.dedup();
                Wanted::Texts(languages)
            }
            Family::Number(relation) => {
                let numbers = values.iter().filter(|text| Decimal::parse(text).is_some());
                Wanted::Numbers(relation, numbers.map(|text| text.as_str().into()).collect())
            }
            Family::Date(relation) => Wanted::Dates(
                relation,
                values.iter().filter_map(|text| value::instant(text)).collect(),
            ),
            Family::Binary => {
                Wanted::Binaries(values.iter().filter_map(|text| value::binary(text)).collect())
            }
            Family::Address => Wanted::Networks(values.iter().filter_map(|text| network(text)).collect()),
        };
        Matcher { wanted, unknown }
    }

    /// Whether the value of a request is wanted.
    pub fn answer(&self, asked: &str) -> Answer {
        let yes = match &self.wanted {
            Wanted::Texts(languages) => languages.iter().any(|language| language.has(asked)),
            Wanted::Numbers(relation, numbers) => Decimal::parse(asked).is_some_and(|asked| {
                let mut numbers = numbers.iter().filter_map(|number| Decimal::parse(number));
                numbers.any(|number| relation.holds(asked.compare(&number)))
            }),
            Wanted::Dates(relation, dates) => value::instant(asked)
                .is_some_and(|asked| dates.iter().any(|date| relation.holds(asked.cmp(date)))),
            Wanted::Networks(networks) => value::address_bits(asked).is_some_and(|(version_4, bits)| {
                networks
                    .iter()
                    .any(|(of, first, last)| *of == version_4 && (first..=last).contains(&&bits))
            }),
            Wanted::Binaries(values) => value::binary(asked).is_some_and(|asked| values.contains(&asked)),
        };
        self.known(yes)
    }

    /// The answer when it is known whether one of the definite values matches.
    fn known(&self, yes: bool) -> Answer {
        match (yes, self.unknown.is_empty()) {
            (true, _) => Answer::Yes,
            (false, true) => Answer::No,
            (false, false) => Answer::Open,
        }
    }

    fn languages(&self) -> &[Language] {
        match &self.wanted {
            Wanted::Texts(languages) => languages,
            _ => &[],
        }
    }

    /// The kind of value it compares, if not plain text.
    fn sort(&self) -> Option<Sort> {
        match &self.wanted {
            Wanted::Texts(_) => None,
            Wanted::Numbers(..) => Some(Sort::Number),
            Wanted::Dates(..) => Some(Sort::Date),
            Wanted::Networks(_) => Some(Sort::Address),
            Wanted::Binaries(_) => Some(Sort::Binary),
        }
    }
}

fn name(family: Family) -> Operators {
    match family {
        Family::Equals | Family::Like => "text",
        Family::IgnoreCase => "ignoring case",
        Family::Arn => "arn",
        Family::Bool => "bool",
        Family::Number(_) | Family::Date(_) | Family::Binary | Family::Address | Family::Null => "",
    }
}

/// The case of letters beyond ASCII is not looked into.
struct NotAscii;

/// The texts that match a value of a text operator; `None` if nothing does.
fn text_language(
    family: Family,
    parts: &[Token],
    valuation: &Valuation,
) -> Option<Result<Language, NotAscii>> {
    let mut language = Language::default();
    match family {
        Family::Arn => {
            let mut pieces: Vec<&[Token]> = parts.splitn(6, |token| *token == Token::Char(':')).collect();
            let last = pieces.pop()?;
            if pieces.len() != 5 {
                return None;
            }
            for piece in pieces {
                language.push(piece, true, valuation)?;
                language.literal(":");
            }
            language.push(last, false, valuation)?;
            Some(Ok(language))
        }
        Family::IgnoreCase | Family::Bool => {
            language.push(parts, false, valuation)?;
            let text = language.only_text()?;
            if family == Family::Bool {
                return Language::ignoring_case(if boolean(&text)? { "true" } else { "false" }).map(Ok);
            }
            Some(Language::ignoring_case(&text).ok_or(NotAscii))
        }
        _ => {
            language.push(parts, false, valuation)?;
            Some(Ok(language))
        }
    }
}

/// First and last address of a network. Host bits do not matter.
fn network(text: &str) -> Option<(bool, u128, u128)> {
    value::Network::parse(text)?;
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    let (version_4, bits) = value::address_bits(address)?;
    let prefix: u32 = match (prefix, version_4) {
        ("", true) => 32,
        ("", false) => 128,
        (digits, _) => digits.parse().ok()?,
    };
    let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix)?).unwrap_or(0);
    Some((version_4, bits & mask, bits | !mask))
}

/// A kind of value with an order or form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Sort {
    Number,
    Date,
    Address,
    Binary,
}

impl Sort {
    /// Whether a text is a value of this kind.
    fn reads(self, text: &str) -> bool {
        match self {
            Sort::Number => Decimal::parse(text).is_some(),
            Sort::Date => value::instant(text).is_some(),
            Sort::Address => value::address_bits(text).is_some(),
            Sort::Binary => value::binary(text).is_some(),
        }
    }

    /// At least one text for each way in which the matchers can answer a value of this kind.
    fn candidates(self, matchers: &[&Matcher]) -> Vec<String> {
        let wanted = matchers.iter().map(|matcher| &matcher.wanted);
        match self {
            Sort::Number => numbers(wanted.filter_map(|wanted| match wanted {
                Wanted::Numbers(_, numbers) => Some(numbers),
                _ => None,
            })),
            Sort::Date => dates(wanted.filter_map(|wanted| match wanted {
                Wanted::Dates(_, dates) => Some(dates),
                _ => None,
            })),
            Sort::Address => addresses(wanted.filter_map(|wanted| match wanted {
                Wanted::Networks(networks) => Some(networks),
                _ => None,
            })),
            Sort::Binary => binaries(wanted.filter_map(|wanted| match wanted {
                Wanted::Binaries(values) => Some(values),
                _ => None,
            })),
        }
    }
}

/// Values that no matcher tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueClass {
    /// One for each matcher.
    pub answers: Vec<Answer>,
    /// One of the values. None if none is known: perhaps there is none.
    pub example: Option<String>,
}

/// The classes into which the matchers divide all values of a key of this kind.
pub(super) fn value_classes(
    matchers: &[&Matcher],
    kind: Option<Kind>,
    budget: &mut Budget,
) -> Result<Vec<ValueClass>, TooLarge> {
    if kind == Some(Kind::Bool) {
        let answers = |text: &str| matchers.iter().map(|matcher| matcher.answer(text)).collect();
        return Ok(["true", "false"]
            .map(|text| ValueClass {
                answers: answers(text),
                example: Some(text.to_owned()),
            })
            .into());
    }
    let typed = match kind {
        Some(Kind::Number) => Some(Sort::Number),
        Some(Kind::Date) => Some(Sort::Date),
        Some(Kind::Address) => Some(Sort::Address),
        Some(Kind::Bool) | None => None,
    };
    let mut sorts: BTreeSet<Sort> = matchers.iter().filter_map(|matcher| matcher.sort()).collect();
    sorts.extend(typed);
    let mut languages: Vec<&Language> = matchers.iter().flat_map(|matcher| matcher.languages()).collect();
    languages.sort();
    languages.dedup();
    let texts = classes(&languages, &Language::everything(), &[], budget)?;

    // What values there certainly are.
    let mut candidates: Vec<String> = Vec::new();
    for sort in &sorts {
        candidates.extend(sort.candidates(matchers));
    }
    candidates.extend(texts.iter().map(|class| class.example.clone()));
    candidates.push("x".to_owned());
    let mut found: Vec<ValueClass> = Vec::new();
    let mut seen: HashMap<(Vec<Answer>, Vec<bool>), ()> = HashMap::new();
    let mut ways: Vec<BTreeSet<Vec<usize>>> = vec![BTreeSet::new(); sorts.len()];
    for text in candidates {
        budget.spend(matchers.len() * 4 + 1)?;
        let answers: Vec<Answer> = matchers.iter().map(|matcher| matcher.answer(&text)).collect();
        let reads: Vec<bool> = sorts.iter().map(|sort| sort.reads(&text)).collect();
        for ((sort, reads), ways) in sorts.iter().zip(&reads).zip(&mut ways) {
            let own = matchers.iter().zip(&answers).enumerate();
            let yes =
                own.filter(|(_, (matcher, answer))| matcher.sort() == Some(*sort) && **answer == Answer::Yes);
            let way: Vec<usize> = yes.map(|(number, _)| number).collect();
            // The first number says whether it is a value of this kind at all.
            ways.insert([usize::from(*reads)].into_iter().chain(way).collect());
        }
        let fits = typed.is_none_or(|typed| typed.reads(&text));
        if fits && seen.insert((answers.clone(), reads), ()).is_none() {
            found.push(ValueClass {
                answers,
                example: Some(text),
            });
        }
    }
    // With one way of looking at values the candidates are all there is. With several, any combination may exist.
    if !sorts.is_empty() && (sorts.len() > 1 || texts.len() > 1) {
        let combined = combinations(matchers, &sorts, typed, &languages, &texts, &ways, budget)?;
        let missing = combined
            .into_iter()
            .filter(|answers| !found.iter().any(|class| class.answers == *answers));
        let missing: Vec<Vec<Answer>> = missing.collect();
        found.extend(missing.into_iter().map(|answers| ValueClass {
            answers,
            example: None,
        }));
    }
    Ok(dedup(found))
}

/// Every combination of a class of texts with a way of being a number, with a way of being a date and so on.
fn combinations(
    matchers: &[&Matcher],
    sorts: &BTreeSet<Sort>,
    typed: Option<Sort>,
    languages: &[&Language],
    texts: &[Class],
    ways: &[BTreeSet<Vec<usize>>],
    budget: &mut Budget,
) -> Result<Vec<Vec<Answer>>, TooLarge> {
    let mut combined = Vec::new();
    for text in texts {
        let is_single = text.members.iter().any(|number| {
            languages
                .get(*number)
                .is_some_and(|language| language.only_text().is_some())
        });
        if is_single {
            // Its one text was among the candidates.
            continue;
        }
        let mut partial: Vec<Vec<Answer>> = vec![
            matchers
                .iter()
                .map(|matcher| {
                    let own = |language| languages.binary_search(&language).is_ok_and(|at| text.is_in(at));
                    matcher.known(matcher.languages().iter().any(own))
                })
                .collect(),
        ];
        for (sort, ways) in sorts.iter().zip(ways) {
            let mut next = Vec::new();
            for answers in &partial {
                for way in ways {
                    budget.spend(answers.len() + 1)?;
                    if way.first() == Some(&0) && typed == Some(*sort) {
                        continue;
                    }
                    let mut answers = answers.clone();
                    for number in way.iter().skip(1) {
                        if let Some(answer) = answers.get_mut(*number) {
                            *answer = Answer::Yes;
                        }
                    }
                    next.push(answers);
                }
            }
            partial = next;
        }
        combined.extend(partial);
    }
    Ok(combined)
}

/// Those with an example first, and none twice.
fn dedup(found: Vec<ValueClass>) -> Vec<ValueClass> {
    let mut seen = HashMap::new();
    let (known, unknown): (Vec<_>, Vec<_>) = found.into_iter().partition(|class| class.example.is_some());
    let mut kept = Vec::new();
    for class in known.into_iter().chain(unknown) {
        if seen.insert(class.answers.clone(), ()).is_none() {
            kept.push(class);
        }
    }
    kept
}

/// Each number, one between each two neighbours, one below and one above all.
fn numbers<'a>(lists: impl Iterator<Item = &'a Vec<Box<str>>>) -> Vec<String> {
    let mut sorted: Vec<&str> = lists.flatten().map(|number| &**number).collect();
    let compare = |left: &&str, right: &&str| match (Decimal::parse(left), Decimal::parse(right)) {
        (Some(left), Some(right)) => left.compare(&right),
        _ => Ordering::Equal,
    };
    sorted.sort_by(compare);
    sorted.dedup_by(|left, right| compare(&&**left, &&**right).is_eq());
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
fn dates<'a>(lists: impl Iterator<Item = &'a Vec<i128>>) -> Vec<String> {
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
fn addresses<'a>(lists: impl Iterator<Item = &'a Vec<(bool, u128, u128)>>) -> Vec<String> {
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
fn binaries<'a>(lists: impl Iterator<Item = &'a Vec<Vec<u8>>>) -> Vec<String> {
    let values: BTreeSet<&Vec<u8>> = lists.flatten().collect();
    let longest = values.iter().map(|value| value.len()).max().unwrap_or_default();
    let other = vec![b'x'; longest + 1];
    let mut all: Vec<String> = values.iter().map(|value| STANDARD.encode(value)).collect();
    all.push(STANDARD.encode(other));
    all.push("?".to_owned());
    all
}
