//! Gathers findings while checks run, and turns byte offsets into places at the end.

use std::collections::BTreeMap;
use std::ops::Range;

use super::code::Code;
use super::finding::{Finding, Fix, Position, Severity, Step, Substring, TextSpan};

/// Findings that are told of one text.
pub const MOST_FINDINGS: usize = 100;
/// Findings that are gathered before the worst of them are chosen.
const MOST_GATHERED: usize = 1_000;

/// Where a check is in the tree: a chain of steps back to the root.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
    Key(&'a Path<'a>, &'a str),
}

impl Path<'_> {
    pub fn member<'a>(&'a self, name: &'a str) -> Path<'a> {
        Path::Member(self, name)
    }

    pub fn index(&self, index: usize) -> Path<'_> {
        Path::Index(self, index)
    }

    pub fn key<'a>(&'a self, name: &'a str) -> Path<'a> {
        Path::Key(self, name)
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut here = self;
        loop {
            let (parent, step) = match here {
                Path::Root => break,
                Path::Member(parent, name) => (parent, Step::Member((*name).to_owned())),
                Path::Index(parent, index) => (parent, Step::Index(*index)),
                Path::Key(parent, name) => (
                    parent,
                    Step::Key {
                        key: (*name).to_owned(),
                    },
                ),
            };
            steps.push(step);
            here = parent;
        }
        steps.reverse();
        steps
    }
}

/// What a check says, in bytes.
#[derive(Debug)]
pub(super) struct Remark {
    severity: Severity,
    code: Code,
    message: String,
    path: Vec<Step>,
    range: Range<usize>,
    suggestion: Option<String>,
    fix: Option<(Range<usize>, String)>,
}

impl Remark {
    /// Of the code's own severity.
    pub fn new(code: Code, path: &Path<'_>, range: Range<usize>, message: impl Into<String>) -> Remark {
        Remark {
            severity: code.severity(),
            code,
            message: message.into(),
            path: path.steps(),
            range,
            suggestion: None,
            fix: None,
        }
    }

    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Remark {
        self.suggestion = Some(suggestion.into());
        self
    }

    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Remark {
        self.severity = severity;
        self
    }

    /// `text` is to replace what stands in `range`.
    #[must_use]
    pub fn fix(mut self, range: Range<usize>, text: impl Into<String>) -> Remark {
        self.fix = Some((range, text.into()));
        self
    }

    /// As [`Remark::fix`], if there is an edit to make.
    #[must_use]
    pub fn fix_if(mut self, fix: Option<(Range<usize>, String)>) -> Remark {
        self.fix = fix;
        self
    }

    /// Only a part of the string at the place is meant.
    #[must_use]
    pub fn within(mut self, part: Substring) -> Remark {
        self.path.push(Step::Substring { substring: part });
        self
    }

    fn finding(self, positions: &Positions) -> Finding {
        Finding {
            severity: self.severity,
            code: self.code,
            message: self.message,
            path: self.path,
            span: positions.span(&self.range),
            suggestion: self.suggestion,
            fix: self.fix.map(|(range, text)| Fix {
                span: positions.span(&range),
                text,
            }),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Report {
    remarks: Vec<Remark>,
    /// Counted and not kept.
    dropped: usize,
}

impl Report {
    pub fn add(&mut self, remark: Remark) {
        if self.is_full() {
            self.dropped += 1;
        } else {
            self.remarks.push(remark);
        }
    }

    /// Whether this was said of a stretch of the text with the byte in it.
    pub fn has(&self, code: Code, byte: usize) -> bool {
        let mut of_code = self.remarks.iter().filter(|remark| remark.code == code);
        of_code.any(|remark| remark.range.contains(&byte))
    }

    /// Whether nothing more is kept, so that costly checks may stop.
    pub fn is_full(&self) -> bool {
        self.remarks.len() >= MOST_GATHERED
    }

    /// The findings in the order of the text; the worst of them if there are too many.
    pub fn finish(mut self, text: &str) -> Vec<Finding> {
        let all = self.remarks.len() + self.dropped;
        if all > MOST_FINDINGS {
            self.remarks
                .sort_by_key(|remark| (remark.severity, remark.range.start));
            self.remarks.truncate(MOST_FINDINGS - 1);
        }
        self.remarks
            .sort_by_key(|remark| (remark.range.start, remark.severity, remark.range.end));
        let positions = Positions::of(text, &self.remarks);
        let mut findings: Vec<Finding> = self
            .remarks
            .into_iter()
            .map(|remark| remark.finding(&positions))
            .collect();
        if all > MOST_FINDINGS {
            let message = format!("{} more findings are not shown", all - findings.len());
            findings.push(Remark::new(Code::TooManyFindings, &Path::Root, 0..0, message).finding(&positions));
        }
        findings
    }
}

/// The places of the byte offsets that matter, found in one walk over the text.
struct Positions {
    known: BTreeMap<usize, Position>,
}

impl Positions {
    fn of(text: &str, remarks: &[Remark]) -> Positions {
        let ends = |range: &Range<usize>| [range.start, range.end];
        let mut wanted: Vec<usize> = remarks
            .iter()
            .flat_map(|remark| {
                let fix = remark.fix.iter().flat_map(|(range, _)| ends(range));
                ends(&remark.range).into_iter().chain(fix)
            })
            .map(|byte| byte.min(text.len()))
            .chain([0])
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut known = BTreeMap::new();
        let mut place = Position {
            line: 1,
            column: 1,
            offset: 0,
            byte: 0,
        };
        let mut wanted = wanted.into_iter().peekable();
        for character in text.chars().map(Some).chain([None]) {
            while let Some(byte) = wanted.next_if(|byte| *byte <= place.byte) {
                known.insert(byte, place);
            }
            let Some(character) = character else { break };
            place.byte += character.len_utf8();
            place.offset += 1;
            if character == '\n' {
                place.line += 1;
                place.column = 1;
            } else {
                place.column += 1;
            }
        }
        Positions { known }
    }

    fn at(&self, byte: usize) -> Position {
        // A place that was not asked for does not happen; the nearest before it is right enough.
        self.known.range(..=byte).next_back().map_or(
            Position {
                line: 1,
                column: 1,
                offset: 0,
                byte: 0,
            },
            |(_, place)| *place,
        )
    }

    fn span(&self, range: &Range<usize>) -> TextSpan {
        TextSpan {
            start: self.at(range.start),
            end: self.at(range.end),
        }
    }
}
