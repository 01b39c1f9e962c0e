//! The values of one condition key: what operators want of them, and the classes these divide all values into.

mod example;

use std::collections::{BTreeSet, HashMap};

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
