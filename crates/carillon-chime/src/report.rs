//! Reports on meetings and usage, which are read from what [`activity`](crate::activity) keeps.

pub(crate) mod csv;
pub(crate) mod meetings;
mod rows;
pub(crate) mod usage;

use carillon_aws::shape::Ranged;
use carillon_aws::time::Timestamp;

use crate::activity::date::Date;
use crate::error::Error;

/// Days that a report is about, at most.
const DAYS: i64 = 366;
/// Days that a report is about if nobody says which.
const DEFAULT_DAYS: i64 = 30;

carillon_aws::string_type! {
    /// A day in UTC.
    pub(crate) ReportDate, pattern: r"[0-9]{4}-[0-9]{2}-[0-9]{2}", example: "2024-03-01"
}

impl From<Date> for Option<ReportDate> {
    fn from(date: Date) -> Self {
        date.to_string().parse().ok()
    }
}

carillon_aws::string_type! {
    /// The identifier of a meeting.
    pub(crate) MeetingId, pattern: r".*\S.*", example: "6dd1b2b0-51f0-5c3c-9d0f-6f2f5bb8d0a1"
}

/// How many items a page has; 50 if nothing is said.
type ResultMax = Ranged<1, 99>;

/// The page size that is asked for, and how many rows are read for it.
fn result_max(asked: Option<ResultMax>) -> (usize, i64) {
    let size = asked.map_or(50, ResultMax::get).clamp(1, 99);
    (usize::try_from(size).unwrap_or(1), size + 1)
}

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: Date,
    last: Date,
}

impl Range {
    /// The days that are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] when one of them is none, they are in the future, the wrong way round, or too many.
    fn read(start: Option<&ReportDate>, end: Option<&ReportDate>, now: Timestamp) -> Result<Self, Error> {
        let today = Date::of(now);
        let last = read_date("EndDate", end)?.unwrap_or(today);
        let first = read_date("StartDate", start)?.unwrap_or(last.plus(1 - DEFAULT_DAYS));
        let problem = if last > today {
            "`EndDate` is in the future"
        } else if first > last {
            "`StartDate` is after `EndDate`"
        } else if last.number() - first.number() >= DAYS {
            "a report is about 366 days at most"
        } else {
            return Ok(Self { first, last });
        };
        Err(Error::BadRequest(problem.to_owned()))
    }

    /// The moments of its days: from the first one, to the one after the last.
    fn moments(self) -> (Timestamp, Timestamp) {
        (self.first.begin(), self.last.plus(1).begin())
    }
}

fn read_date(member: &'static str, date: Option<&ReportDate>) -> Result<Option<Date>, Error> {
    let read = date.map(|text| text.as_str().parse()).transpose();
    read.map_err(|_| Error::BadRequest(format!("`{member}` is no day, such as 2024-03-01")))
}

/// Positive answers in percent of all, with one decimal. Absent without answers.
fn satisfaction(positive: i64, negative: i64) -> Option<f64> {
    let all = positive + negative;
    // Whole tenths of a percent, rounded half up.
    (all > 0).then(|| ((positive * 2_000 + all) / (2 * all)) as f64 / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn satisfaction_has_one_decimal() {
        assert_eq!(satisfaction(0, 0), None);
        assert_eq!(satisfaction(1, 0), Some(100.0));
        assert_eq!(satisfaction(0, 3), Some(0.0));
        assert_eq!(satisfaction(2, 1), Some(66.7));
        assert_eq!(satisfaction(1, 2), Some(33.3));
        assert_eq!(satisfaction(1, 7), Some(12.5));
    }

    #[test]
    fn a_range_is_bounded() {
        let now = "2024-03-01T12:00:00Z".parse().unwrap();
        let read = |start: &str, end: &str| {
            let date = |text: &str| (!text.is_empty()).then(|| text.parse::<ReportDate>().unwrap());
            Range::read(date(start).as_ref(), date(end).as_ref(), now)
        };
        let default = read("", "").unwrap();
        assert_eq!(default.first.to_string(), "2024-02-01");
        assert_eq!(default.last.to_string(), "2024-03-01");
        assert!(read("2023-03-02", "2024-03-01").is_ok(), "366 days");
        for (start, end) in [
            ("2023-03-01", "2024-03-01"),
            ("2024-03-01", "2024-02-29"),
            ("", "2024-03-02"),
            ("2024-02-30", ""),
        ] {
            assert!(
                matches!(read(start, end), Err(Error::BadRequest(_))),
                "{start} {end}"
            );
        }
    }
}
