//! The values of one condition key: what operators want of them, and the classes these divide all values into.

mod example;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use self::example::{addresses, binaries, dates, numbers};
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
    /// Family (whether it is version 4), first and last address; they do not overlap.
    Networks(Vec<(bool, u128, u128)>),
    Binaries(Vec<Vec<u8>>),
}

/// Sorts values, and keeps those of them that decide: to be less than any is to be less than the greatest.
fn decisive<T>(relation: Relation, mut values: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    values.sort_by(&compare);
    values.dedup_by(|left, right| compare(left, right).is_eq());
    match relation {
        Relation::Equal => {}
        Relation::Less | Relation::LessOrEqual => drop(values.drain(..values.len().saturating_sub(1))),
        Relation::Greater | Relation::GreaterOrEqual => values.truncate(1),
    }
    values
}

/// Whether a value, compared by this, stands in the relation to one of the decisive ones.
fn stands<T>(relation: Relation, values: &[T], compared_to: impl Fn(&T) -> Ordering) -> bool {
    match relation {
        // The search wants to know where its places stand, seen from what it looks for.
        Relation::Equal => values
            .binary_search_by(|value| compared_to(value).reverse())
            .is_ok(),
        _ => values.iter().any(|value| relation.holds(compared_to(value))),
    }
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
                let texts = values.iter().map(String::as_str);
                let numbers: Vec<(Decimal<'_>, &str)> = texts
                    .filter_map(|text| Some((Decimal::parse(text)?, text)))
                    .collect();
                let numbers = decisive(relation, numbers, |(left, _), (right, _)| left.compare(right));
                Wanted::Numbers(
                    relation,
                    numbers.into_iter().map(|(_, text)| text.into()).collect(),
                )
            }
            Family::Date(relation) => {
                let dates = values.iter().filter_map(|text| value::instant(text));
                Wanted::Dates(relation, decisive(relation, dates.collect(), Ord::cmp))
            }
            Family::Binary => {
                let values: BTreeSet<Vec<u8>> =
                    values.iter().filter_map(|text| value::binary(text)).collect();
                Wanted::Binaries(values.into_iter().collect())
            }
            Family::Address => {
                Wanted::Networks(disjoint(values.iter().filter_map(|text| network(text)).collect()))
            }
        };
        Matcher { wanted, unknown }
    }

    /// Whether the value of a request is wanted.
    pub fn answer(&self, asked: &str) -> Answer {
        let yes = match &self.wanted {
            Wanted::Texts(languages) => languages.iter().any(|language| language.has(asked)),
            Wanted::Numbers(relation, numbers) => Decimal::parse(asked).is_some_and(|asked| {
                stands(*relation, numbers, |number| {
                    // All of them were read before.
                    Decimal::parse(number).map_or(Ordering::Less, |number| asked.compare(&number))
                })
            }),
            Wanted::Dates(relation, dates) => {
                value::instant(asked).is_some_and(|asked| stands(*relation, dates, |date| asked.cmp(date)))
            }
            Wanted::Networks(networks) => value::address_bits(asked).is_some_and(|(version_4, bits)| {
                let after = networks.partition_point(|(of, first, _)| (*of, *first) <= (version_4, bits));
                let last_before = after.checked_sub(1).and_then(|at| networks.get(at));
                last_before.is_some_and(|(of, _, last)| *of == version_4 && bits <= *last)
            }),
            Wanted::Binaries(values) => {
                value::binary(asked).is_some_and(|asked| values.binary_search(&asked).is_ok())
            }
        };
        self.known(yes)
    }

    /// The work of [`Matcher::answer`] for a text of some length.
    fn work(&self, length: usize) -> usize {
        let compared = match &self.wanted {
            Wanted::Texts(languages) => {
                let work = languages.iter().map(|language| language.work(length));
                return work.sum();
            }
            Wanted::Numbers(_, values) => values.len(),
            Wanted::Dates(_, values) => values.len(),
            Wanted::Networks(values) => values.len(),
            Wanted::Binaries(values) => values.len(),
        };
        // A binary search. A unit is enough for some dozen characters.
        let steps = compared.checked_ilog2().map_or(1, |steps| steps as usize + 2);
        (length / 64 + 1).saturating_mul(steps)
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

/// The same addresses, in order, and none twice.
fn disjoint(mut networks: Vec<(bool, u128, u128)>) -> Vec<(bool, u128, u128)> {
    networks.sort_unstable();
    let mut merged: Vec<(bool, u128, u128)> = Vec::new();
    for (version_4, first, last) in networks {
        match merged.last_mut() {
            // One that begins right after the other goes on with it.
            Some((of, _, end)) if *of == version_4 && first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((version_4, first, last)),
        }
    }
    merged
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

    let textual = Textual::new(matchers, &languages);

    // What values there certainly are, with the class of texts whose example one is.
    let mut candidates: Vec<(String, Option<&Class>)> = Vec::new();
    for sort in &sorts {
        candidates.extend(sort.candidates(matchers).into_iter().map(|text| (text, None)));
    }
    candidates.extend(texts.iter().map(|class| (class.example.clone(), Some(class))));
    candidates.push(("x".to_owned(), None));
    let mut found: Vec<ValueClass> = Vec::new();
    let mut seen: HashSet<(Vec<Answer>, Vec<bool>)> = HashSet::new();
    let mut ways: Vec<BTreeSet<Vec<usize>>> = vec![BTreeSet::new(); sorts.len()];
    for (text, class) in candidates {
        budget.spend(matchers.len() * 4 + text.len() / 64 + 1)?;
        let mut answers = Vec::new();
        for (number, matcher) in matchers.iter().enumerate() {
            answers.push(match class {
                Some(class) if matcher.sort().is_none() => {
                    budget.spend(class.members.len())?;
                    matcher.known(textual.has(number, class))
                }
                _ => {
                    budget.spend(matcher.work(text.len()))?;
                    matcher.answer(&text)
                }
            });
        }
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
        if fits && seen.insert((answers.clone(), reads)) {
            found.push(ValueClass {
                answers,
                example: Some(text),
            });
        }
    }
    // With one way of looking at values the candidates are all there is. With several, any combination may exist.
    if !sorts.is_empty() && (sorts.len() > 1 || texts.len() > 1) {
        let combined = combinations(matchers, &sorts, typed, &textual, &texts, &ways, budget)?;
        // Those that are known already are left out below.
        found.extend(combined.into_iter().map(|answers| ValueClass {
            answers,
            example: None,
        }));
    }
    Ok(dedup(found))
}

/// Which languages matchers have, by their numbers among all.
struct Textual {
    /// Of each matcher, ascending.
    of: Vec<Vec<usize>>,
    /// Whether each language has but one text.
    single: Vec<bool>,
}

impl Textual {
    /// The languages are all those of the matchers, ascending.
    fn new(matchers: &[&Matcher], languages: &[&Language]) -> Textual {
        let own = |matcher: &&Matcher| {
            let own = matcher.languages().iter();
            own.filter_map(|language| languages.binary_search(&language).ok())
                .collect()
        };
        Textual {
            of: matchers.iter().map(own).collect(),
            single: languages
                .iter()
                .map(|language| language.only_text().is_some())
                .collect(),
        }
    }

    /// Whether a language of the matcher has the texts of the class.
    fn has(&self, matcher: usize, class: &Class) -> bool {
        let own = self.of.get(matcher);
        own.is_some_and(|own| {
            class
                .members
                .iter()
                .any(|number| own.binary_search(number).is_ok())
        })
    }

    fn is_single(&self, class: &Class) -> bool {
        let single = |number: &usize| self.single.get(*number).copied().unwrap_or(false);
        class.members.iter().any(single)
    }
}

/// Every combination of a class of texts with a way of being a number, with a way of being a date and so on.
fn combinations(
    matchers: &[&Matcher],
    sorts: &BTreeSet<Sort>,
    typed: Option<Sort>,
    textual: &Textual,
    texts: &[Class],
    ways: &[BTreeSet<Vec<usize>>],
    budget: &mut Budget,
) -> Result<Vec<Vec<Answer>>, TooLarge> {
    let mut combined = Vec::new();
    for text in texts {
        budget.spend(text.members.len() + 1)?;
        if textual.is_single(text) {
            // Its one text was among the candidates.
            continue;
        }
        budget.spend(text.members.len().saturating_mul(matchers.len()))?;
        let of_text = matchers.iter().enumerate();
        let of_text = of_text.map(|(number, matcher)| matcher.known(textual.has(number, text)));
        let mut partial: Vec<Vec<Answer>> = vec![of_text.collect()];
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
    let mut seen = HashSet::new();
    let (known, unknown): (Vec<_>, Vec<_>) = found.into_iter().partition(|class| class.example.is_some());
    let mut kept = Vec::new();
    for class in known.into_iter().chain(unknown) {
        if seen.insert(class.answers.clone()) {
            kept.push(class);
        }
    }
    kept
}
