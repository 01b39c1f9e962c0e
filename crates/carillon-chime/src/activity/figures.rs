//! What meetings and messages count for, by person and day, and by account and day, week and month.
//!
//! Whatever counts is a difference: a meeting that is read again first takes back what it counted for before. The
//! figures of an account follow from those of its people, so that distinct people are counted once however they come.

use std::collections::BTreeMap;

use carillon_store::{StoreError, WriteTx};

use super::date::Date;
use super::meeting::{Attending, Meeting};
use super::rows;

carillon_aws::string_enum! {
    /// What figures are kept for.
    pub(crate) enum Span {
        Day,
        Week,
        Month,
    }
}

impl Span {
    /// The first day of the span with this day.
    pub fn first(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => day.week(),
            Self::Month => day.month(),
        }
    }

    /// The last day of the span that begins so.
    pub fn last(self, first: Date) -> Date {
        match self {
            Self::Day => first,
            Self::Week => first.plus(6),
            Self::Month => first.next_month().plus(-1),
        }
    }
}

/// What a person did on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PersonDay {
    pub attended: i64,
    pub messages: i64,
    pub organized: i64,
    pub positive: i64,
    pub negative: i64,
    pub pro_meetings: i64,
}

impl PersonDay {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Attended a meeting or sent a message.
    pub fn is_active(&self) -> bool {
        self.attended > 0 || self.messages > 0
    }

    pub fn is_pro(&self) -> bool {
        self.pro_meetings > 0
    }

    pub fn add(&mut self, other: &Self) {
        self.attended += other.attended;
        self.messages += other.messages;
        self.organized += other.organized;
        self.positive += other.positive;
        self.negative += other.negative;
        self.pro_meetings += other.pro_meetings;
    }
}

/// The figures of an account for a span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub active_users: i64,
    pub active_pro_users: i64,
    pub meetings: i64,
    pub messages: i64,
    pub positive: i64,
    pub negative: i64,
}

/// A meeting as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counting {
    pub day: Date,
    /// Organizer and account of the organizer.
    pub organizer: Option<(String, String)>,
    pub active_pro: bool,
    pub positive: i64,
    pub negative: i64,
    /// User and account of those who were there.
    pub people: Vec<(String, String)>,
}

impl Counting {
    pub fn of(meeting: &Meeting, attending: &[Attending]) -> Self {
        let ids = |person: &super::meeting::Person| (person.user_id.clone(), person.account_id.clone());
        Self {
            day: Date::of(meeting.ended_at),
            organizer: meeting.organizer.as_ref().map(ids),
            active_pro: meeting.active_pro,
            positive: meeting.positive,
            negative: meeting.negative,
            people: attending
                .iter()
                .filter(|one| one.is_counted)
                .filter_map(|one| one.person.as_ref().map(ids))
                .collect(),
        }
    }
}

type PersonKey = (String, String, Date);
type AccountKey = (String, Span, Date);

/// Differences to the figures, to be written together.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    people: BTreeMap<PersonKey, PersonDay>,
    accounts: BTreeMap<AccountKey, Figures>,
}

impl Differences {
    /// Counts a meeting, or takes it back with a `sign` of -1.
    pub fn meeting(&mut self, meeting: &Counting, sign: i64) {
        for (user, account) in &meeting.people {
            self.person(account, user, meeting.day).attended += sign;
        }
        let Some((user, account)) = &meeting.organizer else {
            return;
        };
        let person = self.person(account, user, meeting.day);
        person.organized += sign;
        person.positive += sign * meeting.positive;
        person.negative += sign * meeting.negative;
        person.pro_meetings += sign * i64::from(meeting.active_pro);
        let figures = self.account(account, Span::Day, meeting.day);
        figures.meetings += sign;
        figures.positive += sign * meeting.positive;
        figures.negative += sign * meeting.negative;
    }

    /// Counts a message.
    pub fn message(&mut self, account: &str, user: &str, day: Date) {
        self.person(account, user, day).messages += 1;
        self.account(account, Span::Day, day).messages += 1;
    }

    fn person(&mut self, account: &str, user: &str, day: Date) -> &mut PersonDay {
        self.people
            .entry((account.to_owned(), user.to_owned(), day))
            .or_default()
    }

    fn account(&mut self, account: &str, span: Span, day: Date) -> &mut Figures {
        self.accounts
            .entry((account.to_owned(), span, span.first(day)))
            .or_default()
    }

    /// Writes them.
    pub async fn apply(mut self, tx: &mut WriteTx) -> Result<(), StoreError> {
        let people = std::mem::take(&mut self.people);
        for ((account, user, day), difference) in &people {
            if !difference.is_nothing() {
                self.apply_person(tx, account, user, *day, difference).await?;
            }
        }
        for ((account, span, first), difference) in &self.accounts {
            if *difference != Figures::default() {
                rows::add_figures(tx, account, *span, *first, difference).await?;
            }
        }
        Ok(())
    }

    async fn apply_person(
        &mut self,
        tx: &mut WriteTx,
        account: &str,
        user: &str,
        day: Date,
        difference: &PersonDay,
    ) -> Result<(), StoreError> {
        let before = rows::person_day(tx, account, user, day).await?;
        let mut after = before;
        after.add(difference);
        rows::put_person_day(tx, account, user, day, &after).await?;
        if before.is_active() == after.is_active() && before.is_pro() == after.is_pro() {
            return Ok(());
        }
        for span in Span::ALL {
            let first = span.first(day);
            // Whether the person counts in the span by another day of it.
            let others = match span {
                Span::Day => PersonDay::default(),
                _ => rows::other_days(tx, account, user, (first, span.last(first)), day).await?,
            };
            let figures = self.account(account, *span, day);
            if !others.is_active() {
                figures.active_users += i64::from(after.is_active()) - i64::from(before.is_active());
            }
            if !others.is_pro() {
                figures.active_pro_users += i64::from(after.is_pro()) - i64::from(before.is_pro());
            }
        }
        rows::refresh_person(tx, account, user).await
    }
}
