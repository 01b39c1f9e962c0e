//! What reports read.

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, bind};

use super::Range;
use super::meetings::MeetingReport;
use crate::account::ManagedAccount;
use crate::activity::date::Date;
use crate::activity::figures::{Figures, PersonDay, Span};
use crate::activity::meeting::Attendee;
use crate::activity::rows::read_json;

/// The statement that reads meetings, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT meeting_id, conference_id, meeting_type, organizer_id, organizer_email, started_at, ended_at,
                    attendee_count, recorded, phone_used, room_system_used, active_pro, positive, negative
               FROM activity_meeting ",
            $rest
        )
    };
}

macro_rules! of_organizer {
    () => {
        select!(
            "WHERE account_id = $1 AND organizer_key = $2 AND ended_at >= $3
               AND (ended_at, meeting_id) < ($4, $5)
             ORDER BY ended_at DESC, meeting_id DESC LIMIT $6"
        )
    };
}

macro_rules! of_conference {
    () => {
        select!(
            "WHERE account_id = $1 AND conference_id = $2 AND ended_at >= $3
               AND (ended_at, meeting_id) < ($4, $5)
               AND ($6 = '' OR organizer_key = $6)
             ORDER BY ended_at DESC, meeting_id DESC LIMIT $7"
        )
    };
}

/// Which meetings a list has.
pub(super) struct Filter<'a> {
    pub range: Range,
    pub organizer_key: Option<&'a str>,
    pub conference_id: Option<&'a str>,
}

/// Meetings that ended on the days of the filter, newest end first, those before `before`.
pub(super) async fn meetings_before(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    filter: &Filter<'_>,
    before: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<MeetingReport>, StoreError> {
    let (from, _) = filter.range.moments();
    match (filter.organizer_key, filter.conference_id) {
        (None, None) => {
            tx.fetch_all(
                select!(
                    "WHERE account_id = $1 AND ended_at >= $2 AND (ended_at, meeting_id) < ($3, $4)
                     ORDER BY ended_at DESC, meeting_id DESC LIMIT $5"
                ),
                bind![account.id, from, before.0, before.1, limit],
            )
            .await
        }
        (Some(organizer), None) => {
            tx.fetch_all(
                of_organizer!(),
                bind![account.id, organizer, from, before.0, before.1, limit],
            )
            .await
        }
        (organizer, Some(conference)) => {
            tx.fetch_all(
                of_conference!(),
                bind![
                    account.id,
                    conference,
                    from,
                    before.0,
                    before.1,
                    organizer.unwrap_or_default(),
                    limit
                ],
            )
            .await
        }
    }
}

/// A meeting of the account that ended.
pub(super) async fn find_meeting(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    id: &str,
) -> Result<Option<MeetingReport>, StoreError> {
    tx.fetch_optional(
        select!("WHERE meeting_id = $1 AND account_id = $2 AND ended_at IS NOT NULL"),
        bind![id, account.id],
    )
    .await
}

/// What a meeting was about.
pub(super) async fn title_of(tx: &mut ReadTx, meeting_id: &str) -> Result<Option<String>, StoreError> {
    let found: Option<(Option<String>,)> = tx
        .fetch_optional(
            "SELECT title FROM activity_meeting WHERE meeting_id = $1",
            bind![meeting_id],
        )
        .await?;
    Ok(found.and_then(|(title,)| title))
}

/// An attendee, with its place in the list.
pub(super) struct Placed {
    pub place: i64,
    pub attendee: Attendee,
}

impl FromRow for Placed {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            place: row.get(0)?,
            attendee: read_json(1, &row.get::<String>(1)?)?,
        })
    }
}

/// Attendees of a meeting after a place.
pub(super) async fn attendees_after(
    tx: &mut ReadTx,
    meeting_id: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Placed>, StoreError> {
    tx.fetch_all(
        "SELECT place, record FROM activity_attendee WHERE meeting_id = $1 AND place > $2
          ORDER BY place LIMIT $3",
        bind![meeting_id, after, limit],
    )
    .await
}

/// Figures of a span, with its first day.
pub(super) struct Dated {
    pub first: Date,
    pub figures: Figures,
}

impl FromRow for Dated {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            first: Date::from_number(row.get(0)?),
            figures: Figures {
                active_users: row.get(1)?,
                active_pro_users: row.get(2)?,
                meetings: row.get(3)?,
                messages: row.get(4)?,
                positive: row.get(5)?,
                negative: row.get(6)?,
            },
        })
    }
}

/// The figures of spans that begin on the days of a range.
pub(super) async fn figures(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    span: Span,
    range: Range,
) -> Result<Vec<Dated>, StoreError> {
    tx.fetch_all(
        "SELECT first_day, active_users, active_pro_users, meetings, messages, positive, negative
           FROM activity_figures
          WHERE account_id = $1 AND span = $2 AND first_day >= $3 AND first_day <= $4 ORDER BY first_day",
        bind![
            account.id,
            span.as_str(),
            range.first.number(),
            range.last.number()
        ],
    )
    .await
}

/// How many people were active on some of these days, and how many were Active Pro. Most of them are known by the
/// first and the last day of each.
pub(super) async fn distinct(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    range: Range,
) -> Result<(i64, i64), StoreError> {
    let (first, last) = (range.first.number(), range.last.number());
    let active = tx
        .fetch_number(
            "SELECT COUNT(*) FROM activity_person p
              WHERE p.account_id = $1 AND p.last_day >= $2 AND p.first_day <= $3
                AND (p.first_day >= $2 OR p.last_day <= $3
                     OR EXISTS (SELECT 1 FROM activity_person_day d
                                 WHERE d.account_id = p.account_id AND d.user_id = p.user_id
                                   AND d.day >= $2 AND d.day <= $3 AND (d.attended > 0 OR d.messages > 0)))",
            bind![account.id, first, last],
        )
        .await?;
    let pro = tx
        .fetch_number(
            "SELECT COUNT(*) FROM activity_person p
              WHERE p.account_id = $1 AND p.last_pro_day >= $2 AND p.first_pro_day <= $3
                AND (p.first_pro_day >= $2 OR p.last_pro_day <= $3
                     OR EXISTS (SELECT 1 FROM activity_person_day d
                                 WHERE d.account_id = p.account_id AND d.user_id = p.user_id
                                   AND d.day >= $2 AND d.day <= $3 AND d.pro_meetings > 0))",
            bind![account.id, first, last],
        )
        .await?;
    Ok((active, pro))
}

/// How many people of the account signed up before the end of a range, those of each day.
pub(super) async fn registered(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    before: Timestamp,
) -> Result<Vec<(i64, i64)>, StoreError> {
    tx.fetch_all(
        "SELECT registered_at / 86400000000, COUNT(*) FROM chime_user
          WHERE account_id = $1 AND user_type = 'PrivateUser' AND list_rank = 0 AND registered_at IS NOT NULL
            AND registered_at < $2
          GROUP BY registered_at / 86400000000",
        bind![account.id, before],
    )
    .await
}

/// What a person did as a member of the account on the days of a range.
pub(super) async fn person(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    user_id: &str,
    range: Range,
) -> Result<Vec<(Date, PersonDay)>, StoreError> {
    let days: Vec<OnDay> = tx
        .fetch_all(
            "SELECT attended, messages, organized, positive, negative, pro_meetings, day FROM activity_person_day
              WHERE account_id = $1 AND user_id = $2 AND day >= $3 AND day <= $4 ORDER BY day",
            bind![account.id, user_id, range.first.number(), range.last.number()],
        )
        .await?;
    Ok(days.into_iter().map(|OnDay(day, did)| (day, did)).collect())
}

struct OnDay(Date, PersonDay);

impl FromRow for OnDay {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self(Date::from_number(row.get(6)?), PersonDay::from_row(row)?))
    }
}

#[cfg(test)]
mod tests {
    use carillon_store::Store;

    use super::*;

    #[tokio::test]
    async fn a_list_reads_the_index_that_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
        let store = Store::open(&url).await.unwrap();
        let mut tx = store.read().await.unwrap();
        for (sql, index) in [
            (concat!("EXPLAIN QUERY PLAN ", of_organizer!()), "organizer"),
            (concat!("EXPLAIN QUERY PLAN ", of_conference!()), "conference"),
        ] {
            let all = bind!["an account", "a key", 0_i64, 9_i64, "", "", 50_i64];
            let values = if index == "organizer" { &all[..6] } else { &all[..] };
            let plan: Vec<(i64, i64, i64, String)> = tx.fetch_all(sql, values).await.unwrap();
            let expected = format!("USING INDEX activity_meeting_of_{index} (account_id=? AND ");
            assert!(plan[0].3.contains(&expected), "{plan:?}");
        }
    }
}
