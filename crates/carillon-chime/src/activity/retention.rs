//! How long what was told is kept.

use std::time::Duration;

use carillon_aws::time::Timestamp;
use carillon_store::{Store, StoreError, WriteTx, bind};

use super::date::Date;
use super::{EARLY, LATE, rows};

/// Rows that are deleted in one transaction, so that nobody waits long for a deletion.
const PORTION: i64 = 200;
/// What others get between two portions.
const PAUSE: Duration = Duration::from_millis(20);

/// Deletes what is older than `keep`: meetings with their events, and figures. Events that belong to no meeting are
/// only kept as long as they could come again. Several servers may do so at the same time.
///
/// # Errors
///
/// When the database fails. What was deleted until then stays deleted.
pub async fn prune(store: &Store, now: Timestamp, keep: Duration) -> Result<(), StoreError> {
    let cutoff = now - keep.max(LATE + EARLY);
    let settled = now - LATE - 2 * EARLY;
    for step in [Step::Meetings, Step::People, Step::Figures, Step::Loose] {
        loop {
            match portion(store, step, cutoff, settled).await {
                Ok(true) | Err(StoreError::Contention) => tokio::time::sleep(PAUSE).await,
                Ok(false) => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Step {
    Meetings,
    People,
    Figures,
    Loose,
}

/// Deletes a portion, and says whether there may be more.
async fn portion(
    store: &Store,
    step: Step,
    cutoff: Timestamp,
    settled: Timestamp,
) -> Result<bool, StoreError> {
    // Look before writing: most of the time there is nothing.
    let day = Date::of(cutoff);
    let mut tx = store.write().await?;
    let more = match step {
        Step::Meetings => {
            let old: Vec<(String,)> = tx
                .fetch_all(
                    "SELECT meeting_id FROM activity_meeting WHERE last_at < $1
                      ORDER BY last_at, meeting_id LIMIT $2",
                    bind![cutoff, PORTION],
                )
                .await?;
            forget_meetings(&mut tx, &old).await?
        }
        Step::People => forget_person_days(&mut tx, day).await?,
        Step::Figures => {
            let gone = tx
                .execute(
                    "DELETE FROM activity_figures WHERE (account_id, span, first_day) IN
                       (SELECT account_id, span, first_day FROM activity_figures WHERE first_day < $1 LIMIT $2)",
                    bind![day.plus(-31).number(), PORTION],
                )
                .await?;
            is_full(gone)
        }
        Step::Loose => {
            let gone = tx
                .execute(
                    "DELETE FROM activity_event WHERE (source_number, event_id) IN
                       (SELECT source_number, event_id FROM activity_event
                         WHERE meeting_id IS NULL AND event_at < $1 ORDER BY event_at LIMIT $2)",
                    bind![settled, PORTION * 10],
                )
                .await?;
            gone > 0
        }
    };
    tx.commit().await?;
    Ok(more)
}

async fn forget_person_days(tx: &mut WriteTx, day: Date) -> Result<bool, StoreError> {
    let old: Vec<(String, String, i64)> = tx
        .fetch_all(
            "SELECT account_id, user_id, day FROM activity_person_day WHERE day < $1 ORDER BY day LIMIT $2",
            bind![day.number(), PORTION],
        )
        .await?;
    for (account, user, day) in &old {
        tx.execute(
            "DELETE FROM activity_person_day WHERE account_id = $1 AND user_id = $2 AND day = $3",
            bind![account, user, day],
        )
        .await?;
        rows::refresh_person(tx, account, user).await?;
    }
    Ok(is_full(old.len() as u64))
}

async fn forget_meetings(tx: &mut WriteTx, meetings: &[(String,)]) -> Result<bool, StoreError> {
    for (id,) in meetings {
        for sql in [
            "DELETE FROM activity_event WHERE meeting_id = $1",
            "DELETE FROM activity_attendee WHERE meeting_id = $1",
            "DELETE FROM activity_meeting WHERE meeting_id = $1",
        ] {
            tx.execute(sql, bind![id]).await?;
        }
    }
    Ok(is_full(meetings.len() as u64))
}

fn is_full(count: u64) -> bool {
    i64::try_from(count).is_ok_and(|count| count >= PORTION)
}

/// Forgets a portion of what an account has that is purged, and says whether there may be more.
pub(crate) async fn forget_account_portion(tx: &mut WriteTx, account_id: &str) -> Result<bool, StoreError> {
    let meetings: Vec<(String,)> = tx
        .fetch_all(
            "SELECT meeting_id FROM activity_meeting WHERE account_id = $1 ORDER BY ended_at, meeting_id LIMIT $2",
            bind![account_id, PORTION],
        )
        .await?;
    if forget_meetings(tx, &meetings).await? {
        return Ok(true);
    }
    let mut more = false;
    for sql in [
        "DELETE FROM activity_person_day WHERE (account_id, user_id, day) IN
           (SELECT account_id, user_id, day FROM activity_person_day WHERE account_id = $1 LIMIT $2)",
        "DELETE FROM activity_person WHERE (account_id, user_id) IN
           (SELECT account_id, user_id FROM activity_person WHERE account_id = $1 LIMIT $2)",
        "DELETE FROM activity_figures WHERE (account_id, span, first_day) IN
           (SELECT account_id, span, first_day FROM activity_figures WHERE account_id = $1 LIMIT $2)",
    ] {
        more |= is_full(tx.execute(sql, bind![account_id, PORTION]).await?);
    }
    Ok(more)
}
