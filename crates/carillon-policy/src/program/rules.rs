//! Statements about one action, found by the resource they are about.

use std::ops::Range;

use super::conditions::Conjunction;
use super::keys::{From, Keys};
use crate::document::Statement;
use crate::pattern::{Pattern, Piece};
use crate::resource::{RequestResource, ResourcePattern};

/// Where a statement is: number of the policy, place in its list of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub policy: u32,
    pub statement: u32,
}

/// A statement that applies if this holds, once it was found for an action and a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Guard {
    /// First in the order of guards, so that those without conditions are looked at first.
    pub conditions: Conjunction,
    pub check: Check,
    pub place: Place,
}

/// What is still to be found out about the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    Nothing,
    /// The resource has so many bytes: it began with all of a literal.
    Length(u32),
    /// The pattern with this number in the `Resource` element matches.
    Pattern(u32),
    /// The element lets the resource through.
    Element,
}

/// The statements of one effect in one set that are about an action.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// First the open ones, then what the keys refer to.
    guards: Box<[Guard]>,
    /// How many have to be looked at whatever the resource is.
    open: u32,
    /// The first one applies to every request of every caller.
    always: bool,
    /// By what the whole resource begins with.
    whole: Option<Box<Keys>>,
    /// By what the last part of the resource begins with and ends in: for patterns that say little before it.
    last: Option<Box<[Keys; 2]>>,
}

/// Where a pattern is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shelf {
    Whole,
    LastStart,
    LastEnd,
}

/// Collects the guards of [`Rules`].
#[derive(Debug, Default)]
pub(super) struct Builder {
    open: Vec<Guard>,
    filed: Vec<(Shelf, Vec<u8>, Guard)>,
}

impl Builder {
    pub fn add(&mut self, statement: &Statement, place: Place, conditions: Conjunction) {
        let guard = |check| Guard {
            conditions,
            check,
            place,
        };
        let element = &statement.resource;
        let patterns = match (&element.resource, &element.not_resource) {
            (None, None) => return self.open.push(guard(Check::Nothing)),
            (_, Some(_)) => return self.open.push(guard(Check::Element)),
            (Some(patterns), None) => patterns,
        };
        if patterns.contains(&ResourcePattern::Any) {
            return self.open.push(guard(Check::Nothing));
        }
        // What a short ARN means depends on the policy; hardly anybody writes one.
        let is_arn = |pattern: &ResourcePattern| matches!(pattern, ResourcePattern::Arn(_));
        if !patterns.iter().all(is_arn) {
            return self.open.push(guard(Check::Element));
        }
        for (number, pattern) in (0..).zip(patterns) {
            if let ResourcePattern::Arn(parts) = pattern {
                let (shelf, key, check) = file(parts, number);
                self.filed.push((shelf, key, guard(check)));
            }
        }
    }

    /// About how many bytes the rules will take.
    pub fn size(&self) -> usize {
        let keys = self.filed.iter().map(|(_, key, _)| key.len() + 64);
        self.open.len() * size_of::<Guard>() + keys.sum::<usize>()
    }

    /// `same`: whether statements that differ in nothing but their place are all alike.
    pub fn build(mut self, same: bool) -> Option<Rules> {
        self.open.sort_unstable();
        self.filed.sort_unstable();
        if same {
            let again = |left: &Guard, right: &Guard| {
                left.conditions == right.conditions
                    && left.check == right.check
                    && matches!(left.check, Check::Nothing | Check::Length(_))
            };
            self.open.dedup_by(|left, right| again(left, right));
            self.filed
                .dedup_by(|(shelf, key, guard), (other_shelf, other_key, other)| {
                    shelf == other_shelf && key == other_key && again(guard, other)
                });
        }
        let mut guards = self.open;
        let open = u32::try_from(guards.len()).ok()?;
        let mut shelves: [Vec<(Vec<u8>, Range<u32>)>; 3] = Default::default();
        let [whole, starts, ends] = &mut shelves;
        for (shelf, key, guard) in self.filed {
            let keys = match shelf {
                Shelf::Whole => &mut *whole,
                Shelf::LastStart => &mut *starts,
                Shelf::LastEnd => &mut *ends,
            };
            let start = u32::try_from(guards.len()).ok()?;
            guards.push(guard);
            match keys.last_mut() {
                Some((last, values)) if *last == key => values.end = start + 1,
                _ => keys.push((key, start..start + 1)),
            }
        }
        let last = match starts.is_empty() && ends.is_empty() {
            true => None,
            false => Some(Box::new([
                Keys::new(From::Start, starts)?,
                Keys::new(From::End, ends)?,
            ])),
        };
        let whole = match whole.is_empty() {
            true => None,
            false => Some(Box::new(Keys::new(From::Start, whole)?)),
        };
        let always = open > 0
            && guards
                .first()
                .is_some_and(|guard| guard.check == Check::Nothing && guard.conditions.is_empty());
        Some(Rules {
            guards: guards.into(),
            open,
            always: always && same,
            whole,
            last,
        })
    }
}

impl Rules {
    pub fn is_empty(&self) -> bool {
        self.guards.is_empty()
    }

    /// The guard that passes whatever is asked.
    pub fn always(&self) -> Option<&Guard> {
        self.guards.first().filter(|_| self.always)
    }

    /// The first guard found that passes.
    #[inline]
    pub fn find(&self, resource: &RequestResource<'_>, passes: impl Fn(&Guard) -> bool) -> Option<&Guard> {
        match &*self.guards {
            [] => None,
            [guard, ..] if self.always => Some(guard),
            _ => self.search(resource, passes),
        }
    }

    fn search(&self, resource: &RequestResource<'_>, passes: impl Fn(&Guard) -> bool) -> Option<&Guard> {
        let first = |range: Range<u32>| {
            let guards = self.guards.get(range.start as usize..range.end as usize);
            guards.unwrap_or_default().iter().find(|guard| passes(guard))
        };
        if let Some(guard) = first(0..self.open) {
            return Some(guard);
        }
        if let Some(whole) = &self.whole
            && let Some(guard) = whole.of(resource.text()).find_map(first)
        {
            return Some(guard);
        }
        let shelves = self.last.as_deref()?;
        let [.., last] = resource.parts()?;
        shelves.iter().find_map(|keys| keys.of(last).find_map(first))
    }
}

/// Under which key an ARN is found, and what that leaves open.
///
/// Under the whole text before its first wildcard or variable, if that comes in the last part. Otherwise the last
/// part tells more: under what it begins with or ends in, whichever is longer.
fn file(parts: &[Pattern; 6], number: u32) -> (Shelf, Vec<u8>, Check) {
    let [head @ .., last] = parts;
    let mut text = String::new();
    let mut is_literal = true;
    for part in head {
        let start = start(part);
        text.push_str(start);
        is_literal = matches!(part, Pattern::Literal(_));
        if !is_literal {
            break;
        }
        text.push(':');
    }
    let (start, end) = (start(last), end(last));
    if end.len() > start.len() && !matches!(last, Pattern::Literal(_)) {
        return (
            Shelf::LastEnd,
            end.bytes().rev().collect(),
            Check::Pattern(number),
        );
    }
    if !is_literal {
        return match start.is_empty() {
            true => (Shelf::Whole, text.into_bytes(), Check::Pattern(number)),
            false => (
                Shelf::LastStart,
                start.as_bytes().to_vec(),
                Check::Pattern(number),
            ),
        };
    }
    text.push_str(start);
    let check = match last {
        // A text beyond four gigabytes is no resource.
        Pattern::Literal(_) => Check::Length(u32::try_from(text.len()).unwrap_or(u32::MAX)),
        Pattern::Any | Pattern::Prefix(_) => Check::Nothing,
        Pattern::Runs(_) | Pattern::Variables(..) => Check::Pattern(number),
    };
    (Shelf::Whole, text.into_bytes(), check)
}

/// The characters that every match begins with.
fn start(pattern: &Pattern) -> &str {
    match pattern {
        Pattern::Any => "",
        Pattern::Literal(text) | Pattern::Prefix(text) => text,
        Pattern::Runs(runs) | Pattern::Variables(runs, _) => {
            literal(runs.first().and_then(|run| run.first()))
        }
    }
}

/// The characters that every match ends in.
fn end(pattern: &Pattern) -> &str {
    match pattern {
        Pattern::Any | Pattern::Prefix(_) => "",
        Pattern::Literal(text) => text,
        Pattern::Runs(runs) | Pattern::Variables(runs, _) => literal(runs.last().and_then(|run| run.last())),
    }
}

fn literal(piece: Option<&Piece>) -> &str {
    match piece {
        Some(Piece::Text(text)) => text,
        Some(Piece::One | Piece::Value(_)) | None => "",
    }
}
