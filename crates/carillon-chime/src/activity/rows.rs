//! How sources, events and what came of them are kept.

use std::collections::BTreeMap;

use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::date::Date;
use super::event::Facts;
use super::figures::{Counting, Figures, PersonDay, Span};
use super::meeting::{Attendee, Attending, Meeting, People, Person, Told};

/// Keeps an event, and says whether it is new.
pub(super) async fn insert_event(
    tx: &mut WriteTx,
    event: &Told,
    meeting_id: Option<&str>,
) -> Result<bool, StoreError> {
    let facts = match meeting_id {
        Some(_) => serde_json::to_string(&event.facts).map_err(|error| StoreError::Database(error.into()))?,
        None => String::new(),
    };
    let inserted = tx
        .execute(
            "INSERT INTO activity_event (source_number, event_id, event_at, kind, meeting_id, facts)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (source_number, event_id) DO NOTHING",
            bind![
                event.source,
                event.id,
                event.at,
                event.kind.as_str(),
                meeting_id,
                facts
            ],
        )
        .await?;
    Ok(inserted > 0)
}

impl FromRow for Told {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        const FACTS: usize = 4;
        let facts: String = row.get(FACTS)?;
        Ok(Self {
            source: row.get(0)?,
            id: row.get(1)?,
            at: row.get(2)?,
            kind: row.parse(3)?,
            facts: read_json::<Facts>(FACTS, &facts)?,
        })
    }
}

/// Reads what we wrote ourselves.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(column: usize, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt {
        column,
        expected: "JSON of ours",
        // There may be names and addresses in it.
        found: format!("{} bytes", text.len()),
    })
}

/// Every event of a meeting.
pub(super) async fn events_of(tx: &mut ReadTx, meeting_id: &str) -> Result<Vec<Told>, StoreError> {
    tx.fetch_all(
        "SELECT source_number, event_id, event_at, kind, facts FROM activity_event
          WHERE meeting_id = $1 ORDER BY event_at, source_number, event_id",
        bind![meeting_id],
    )
    .await
}

/// Events of a meeting after `after`, in the order of time.
pub(crate) async fn events_after(
    tx: &mut ReadTx,
    meeting_id: &str,
    after: (Timestamp, i64, &str),
    limit: i64,
) -> Result<Vec<Told>, StoreError> {
    tx.fetch_all(
        "SELECT source_number, event_id, event_at, kind, facts FROM activity_event
          WHERE meeting_id = $1 AND (event_at, source_number, event_id) > ($2, $3, $4)
          ORDER BY event_at, source_number, event_id LIMIT $5",
        bind![meeting_id, after.0, after.1, after.2, limit],
    )
    .await
}

/// How many events a meeting has, and when it ended, as far as is known.
pub(super) async fn standing(
    tx: &mut ReadTx,
    meeting_id: &str,
) -> Result<Option<(i64, Option<Timestamp>)>, StoreError> {
    tx.fetch_optional(
        "SELECT events, ended_at FROM activity_meeting WHERE meeting_id = $1",
        bind![meeting_id],
    )
    .await
}

/// Notes that there are more events of a meeting.
pub(super) async fn add_events(
    tx: &mut WriteTx,
    meeting_id: &str,
    source: i64,
    count: i64,
    last_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO activity_meeting (meeting_id, source_number, events, last_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (meeting_id) DO UPDATE
            SET events = activity_meeting.events + excluded.events,
                last_at = CASE WHEN activity_meeting.last_at > excluded.last_at
                               THEN activity_meeting.last_at ELSE excluded.last_at END",
        bind![meeting_id, source, count, last_at],
    )
    .await?;
    Ok(())
}

/// What is known of a meeting that was read before: what it counts for, and whom its addresses stood for.
pub(super) async fn counted(
    tx: &mut ReadTx,
    meeting_id: &str,
) -> Result<Option<(Counting, People, Attendees)>, StoreError> {
    let known: Option<KnownMeeting> = tx
        .fetch_optional(
            "SELECT ended_at, organizer_id, account_id, organizer_key, organizer_is_pro, active_pro, positive,
                    negative
               FROM activity_meeting WHERE meeting_id = $1 AND ended_at IS NOT NULL",
            bind![meeting_id],
        )
        .await?;
    let Some(known) = known else { return Ok(None) };
    let attendees: Vec<KnownAttendee> = tx
        .fetch_all(
            "SELECT attendee_id, place, email_key, user_id, account_id, is_device, is_counted, ended_at, record,
                    is_pro
               FROM activity_attendee WHERE meeting_id = $1 ORDER BY place",
            bind![meeting_id],
        )
        .await?;
    let mut people = People::new();
    let mut counting = known.counting;
    for one in &attendees {
        let (Some(key), Some(user), Some(account)) = (&one.email_key, &one.user_id, &one.account_id) else {
            continue;
        };
        if one.is_counted {
            counting.people.push((user.clone(), account.clone()));
        }
        let person = Person {
            user_id: user.clone(),
            account_id: account.clone(),
            is_pro: one.is_pro,
            is_device: one.is_device,
        };
        people.insert(key.clone(), person);
    }
    if let (Some(key), Some((user_id, account_id))) = (known.organizer_key, &counting.organizer) {
        let person = Person {
            user_id: user_id.clone(),
            account_id: account_id.clone(),
            is_pro: known.organizer_is_pro,
            is_device: false,
        };
        people.insert(key, person);
    }
    let attendees = attendees
        .into_iter()
        .map(|one| (one.attendee_id.clone(), one))
        .collect();
    Ok(Some((counting, people, attendees)))
}

/// The attendees of a meeting as they are kept, by their ids.
pub(super) type Attendees = BTreeMap<String, KnownAttendee>;

struct KnownMeeting {
    counting: Counting,
    organizer_key: Option<String>,
    organizer_is_pro: bool,
}

impl FromRow for KnownMeeting {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let organizer: Option<String> = row.get(1)?;
        let account: Option<String> = row.get(2)?;
        Ok(Self {
            counting: Counting {
                day: Date::of(row.get(0)?),
                organizer: organizer.zip(account),
                active_pro: row.get::<Option<bool>>(5)?.unwrap_or(false),
                positive: row.get::<Option<i64>>(6)?.unwrap_or(0),
                negative: row.get::<Option<i64>>(7)?.unwrap_or(0),
                people: Vec::new(),
            },
            organizer_key: row.get(3)?,
            organizer_is_pro: row.get::<Option<bool>>(4)?.unwrap_or(false),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownAttendee {
    attendee_id: String,
    place: i64,
    email_key: Option<String>,
    user_id: Option<String>,
    account_id: Option<String>,
    is_device: bool,
    is_counted: bool,
    ended_at: Timestamp,
    record: String,
    /// Which matters if it turns out that the meeting is this person's.
    is_pro: bool,
}

impl FromRow for KnownAttendee {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            attendee_id: row.get(0)?,
            place: row.get(1)?,
            email_key: row.get(2)?,
            user_id: row.get(3)?,
            account_id: row.get(4)?,
            is_device: row.get(5)?,
            is_counted: row.get(6)?,
            ended_at: row.get(7)?,
            record: row.get(8)?,
            is_pro: row.get(9)?,
        })
    }
}

/// Writes what a meeting was.
pub(super) async fn put_meeting(
    tx: &mut WriteTx,
    meeting_id: &str,
    meeting: &Meeting,
) -> Result<(), StoreError> {
    let organizer = meeting.organizer.as_ref();
    tx.execute(
        "UPDATE activity_meeting
            SET ended_at = $1, started_at = $2, conference_id = $3, meeting_type = $4, title = $5,
                organizer_email = $6, organizer_key = $7, organizer_id = $8, account_id = $9,
                organizer_is_pro = $10, attendee_count = $11, recorded = $12, phone_used = $13,
                room_system_used = $14, active_pro = $15, positive = $16, negative = $17
          WHERE meeting_id = $18",
        bind![
            meeting.ended_at,
            meeting.started_at,
            meeting.conference_id,
            meeting.meeting_type.map(|kind| kind.as_str()),
            meeting.title,
            meeting.organizer_email,
            meeting.organizer_email.as_deref().map(crate::email::key_of),
            organizer.map(|person| &person.user_id),
            organizer.map(|person| &person.account_id),
            organizer.is_some_and(|person| person.is_pro),
            meeting.attendee_count,
            meeting.recorded,
            meeting.phone_used,
            meeting.room_system_used,
            meeting.active_pro,
            meeting.positive,
            meeting.negative,
            meeting_id
        ],
    )
    .await?;
    Ok(())
}

/// Writes the attendees of a meeting, as far as they differ from those that are kept.
pub(super) async fn put_attendees(
    tx: &mut WriteTx,
    meeting_id: &str,
    meeting: &Meeting,
    attending: &[Attending],
    mut known: Attendees,
) -> Result<(), StoreError> {
    for (place, one) in (0_i64..).zip(attending) {
        let row = KnownAttendee {
            attendee_id: one.record.attendee_id.clone(),
            place,
            email_key: one.email_key.clone(),
            user_id: one.person.as_ref().map(|person| person.user_id.clone()),
            account_id: one.person.as_ref().map(|person| person.account_id.clone()),
            is_device: one.person.as_ref().is_some_and(|person| person.is_device),
            is_counted: one.is_counted,
            ended_at: meeting.ended_at,
            record: serde_json::to_string(&one.record).map_err(|error| StoreError::Database(error.into()))?,
            is_pro: one.person.as_ref().is_some_and(|person| person.is_pro),
        };
        if known.remove(&row.attendee_id).as_ref() != Some(&row) {
            put_attendee(tx, meeting_id, &row).await?;
        }
    }
    for gone in known.keys() {
        tx.execute(
            "DELETE FROM activity_attendee WHERE meeting_id = $1 AND attendee_id = $2",
            bind![meeting_id, gone],
        )
        .await?;
    }
    Ok(())
}

async fn put_attendee(tx: &mut WriteTx, meeting_id: &str, row: &KnownAttendee) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO activity_attendee
           (meeting_id, attendee_id, place, email_key, user_id, account_id, is_device, is_counted, ended_at, record,
            is_pro)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (meeting_id, attendee_id) DO UPDATE
            SET place = excluded.place, email_key = excluded.email_key, user_id = excluded.user_id,
                account_id = excluded.account_id, is_device = excluded.is_device,
                is_counted = excluded.is_counted, ended_at = excluded.ended_at, record = excluded.record,
                is_pro = excluded.is_pro",
        bind![
            meeting_id,
            row.attendee_id,
            row.place,
            row.email_key,
            row.user_id,
            row.account_id,
            row.is_device,
            row.is_counted,
            row.ended_at,
            row.record,
            row.is_pro
        ],
    )
    .await?;
    Ok(())
}

impl FromRow for PersonDay {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            attended: row.get(0)?,
            messages: row.get(1)?,
            organized: row.get(2)?,
            positive: row.get(3)?,
            negative: row.get(4)?,
            pro_meetings: row.get(5)?,
        })
    }
}

/// What a person did on a day.
pub(super) async fn person_day(
    tx: &mut ReadTx,
    account_id: &str,
    user_id: &str,
    day: Date,
) -> Result<PersonDay, StoreError> {
    let found: Option<PersonDay> = tx
        .fetch_optional(
            "SELECT attended, messages, organized, positive, negative, pro_meetings FROM activity_person_day
              WHERE account_id = $1 AND user_id = $2 AND day = $3",
            bind![account_id, user_id, day.number()],
        )
        .await?;
    Ok(found.unwrap_or_default())
}

/// What a person did on days from the first to the second, but not on `day`.
pub(super) async fn other_days(
    tx: &mut ReadTx,
    account_id: &str,
    user_id: &str,
    days: (Date, Date),
    day: Date,
) -> Result<PersonDay, StoreError> {
    let found: Option<PersonDay> = tx
        .fetch_optional(
            "SELECT CAST(COALESCE(SUM(attended), 0) AS BIGINT), CAST(COALESCE(SUM(messages), 0) AS BIGINT),
                    CAST(COALESCE(SUM(organized), 0) AS BIGINT), CAST(COALESCE(SUM(positive), 0) AS BIGINT),
                    CAST(COALESCE(SUM(negative), 0) AS BIGINT), CAST(COALESCE(SUM(pro_meetings), 0) AS BIGINT)
               FROM activity_person_day
              WHERE account_id = $1 AND user_id = $2 AND day >= $3 AND day <= $4 AND day <> $5",
            bind![
                account_id,
                user_id,
                days.0.number(),
                days.1.number(),
                day.number()
            ],
        )
        .await?;
    Ok(found.unwrap_or_default())
}

pub(super) async fn put_person_day(
    tx: &mut WriteTx,
    account_id: &str,
    user_id: &str,
    day: Date,
    did: &PersonDay,
) -> Result<(), StoreError> {
    if did.is_nothing() {
        tx.execute(
            "DELETE FROM activity_person_day WHERE account_id = $1 AND user_id = $2 AND day = $3",
            bind![account_id, user_id, day.number()],
        )
        .await?;
        return Ok(());
    }
    tx.execute(
        "INSERT INTO activity_person_day
           (account_id, user_id, day, attended, messages, organized, positive, negative, pro_meetings)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (account_id, user_id, day) DO UPDATE
            SET attended = excluded.attended, messages = excluded.messages, organized = excluded.organized,
                positive = excluded.positive, negative = excluded.negative, pro_meetings = excluded.pro_meetings",
        bind![
            account_id,
            user_id,
            day.number(),
            did.attended,
            did.messages,
            did.organized,
            did.positive,
            did.negative,
            did.pro_meetings
        ],
    )
    .await?;
    Ok(())
}

/// Finds a person's first and last days again.
pub(super) async fn refresh_person(
    tx: &mut WriteTx,
    account_id: &str,
    user_id: &str,
) -> Result<(), StoreError> {
    let mut ends: [Option<i64>; 4] = [None; 4];
    for (end, sql) in ends.iter_mut().zip([
        "SELECT day FROM activity_person_day
          WHERE account_id = $1 AND user_id = $2 AND (attended > 0 OR messages > 0) ORDER BY day LIMIT 1",
        "SELECT day FROM activity_person_day
          WHERE account_id = $1 AND user_id = $2 AND (attended > 0 OR messages > 0) ORDER BY day DESC LIMIT 1",
        "SELECT day FROM activity_person_day
          WHERE account_id = $1 AND user_id = $2 AND pro_meetings > 0 ORDER BY day LIMIT 1",
        "SELECT day FROM activity_person_day
          WHERE account_id = $1 AND user_id = $2 AND pro_meetings > 0 ORDER BY day DESC LIMIT 1",
    ]) {
        *end = tx
            .fetch_optional::<(i64,)>(sql, bind![account_id, user_id])
            .await?
            .map(|(day,)| day);
    }
    let [first, last, first_pro, last_pro] = ends;
    if first.is_none() && first_pro.is_none() {
        tx.execute(
            "DELETE FROM activity_person WHERE account_id = $1 AND user_id = $2",
            bind![account_id, user_id],
        )
        .await?;
        return Ok(());
    }
    tx.execute(
        "INSERT INTO activity_person (account_id, user_id, first_day, last_day, first_pro_day, last_pro_day)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id, user_id) DO UPDATE
            SET first_day = excluded.first_day, last_day = excluded.last_day,
                first_pro_day = excluded.first_pro_day, last_pro_day = excluded.last_pro_day",
        bind![account_id, user_id, first, last, first_pro, last_pro],
    )
    .await?;
    Ok(())
}

pub(super) async fn add_figures(
    tx: &mut WriteTx,
    account_id: &str,
    span: Span,
    first: Date,
    more: &Figures,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO activity_figures
           (account_id, span, first_day, active_users, active_pro_users, meetings, messages, positive, negative)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (account_id, span, first_day) DO UPDATE
            SET active_users = activity_figures.active_users + excluded.active_users,
                active_pro_users = activity_figures.active_pro_users + excluded.active_pro_users,
                meetings = activity_figures.meetings + excluded.meetings,
                messages = activity_figures.messages + excluded.messages,
                positive = activity_figures.positive + excluded.positive,
                negative = activity_figures.negative + excluded.negative",
        bind![
            account_id,
            span.as_str(),
            first.number(),
            more.active_users,
            more.active_pro_users,
            more.meetings,
            more.messages,
            more.positive,
            more.negative
        ],
    )
    .await?;
    Ok(())
}

/// When a source last set the presence of a person.
pub(super) async fn note_presence(
    tx: &mut WriteTx,
    user_id: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let noted = tx
        .execute(
            "INSERT INTO activity_presence (user_id, set_at) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET set_at = excluded.set_at
              WHERE activity_presence.set_at < excluded.set_at",
            bind![user_id, at],
        )
        .await?;
    Ok(noted > 0)
}

/// A meeting that a person was in.
pub(crate) struct Visited {
    pub id: String,
    pub title: Option<String>,
    pub organizer: Option<String>,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// The person in it.
    pub record: Attendee,
}

impl FromRow for Visited {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            organizer: row.get(2)?,
            started_at: row.get(3)?,
            ended_at: row.get(4)?,
            record: read_json(5, &row.get::<String>(5)?)?,
        })
    }
}

/// The statement that reads meetings that a person was in, with its end.
macro_rules! select_visited {
    ($rest:literal) => {
        concat!(
            "SELECT m.meeting_id, m.title, m.organizer_email, m.started_at, m.ended_at, a.record
               FROM activity_attendee a JOIN activity_meeting m ON m.meeting_id = a.meeting_id ",
            $rest
        )
    };
}

/// The last meetings that a person was in, newest first.
pub(crate) async fn visits(
    tx: &mut ReadTx,
    user_id: &str,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Visited>, StoreError> {
    tx.fetch_all(
        select_visited!(
            "WHERE a.user_id = $1 AND a.is_counted AND a.ended_at >= $2
             ORDER BY a.ended_at DESC, a.meeting_id DESC LIMIT $3"
        ),
        bind![user_id, since, limit],
    )
    .await
}

/// A meeting, if the person was in it.
pub(crate) async fn visited(
    tx: &mut ReadTx,
    user_id: &str,
    meeting_id: &str,
) -> Result<Option<Visited>, StoreError> {
    tx.fetch_optional(
        select_visited!("WHERE a.meeting_id = $1 AND a.user_id = $2 AND a.is_counted"),
        bind![meeting_id, user_id],
    )
    .await
}
