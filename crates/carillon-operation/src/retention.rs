//! How long the trail is kept.

use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{Store, StoreError, Value, bind};

use crate::decision_record::SEEN_EVERY;
use crate::trail::delete_blocks;

/// Rows that are deleted at a time, so that nobody waits long for a deletion.
const SLICE: i64 = 1_000;
/// What others get between two slices.
const PAUSE: Duration = Duration::from_millis(20);
/// AWS accounts that are read at a time.
const ACCOUNTS: i64 = 1_000;

/// AWS accounts, and whether anything in their trails is old enough: most days, in most of them, nothing is, and whoever
/// writes waits for a write that changes nothing as for any other.
const TRAILS: &str = "SELECT a.aws_account_id, CAST(CASE
           WHEN EXISTS (SELECT 1 FROM audit_event e
                         WHERE e.aws_account_id = a.aws_account_id AND e.event_at < $1) THEN 1
           WHEN EXISTS (SELECT 1 FROM audit_block b
                         WHERE b.aws_account_id = a.aws_account_id AND b.last_at < $1) THEN 1
           ELSE 0 END AS BIGINT)
       FROM aws_account a WHERE a.aws_account_id > $2 ORDER BY a.aws_account_id LIMIT $3";
const OLD_SNAPSHOT: &str =
    "SELECT seen_at FROM decision_snapshot WHERE seen_at < $1 ORDER BY seen_at LIMIT 1 OFFSET $2";
const DELETE_EVENTS: &str = "DELETE FROM audit_event WHERE aws_account_id = $1 AND event_at < $2";
const DELETE_SNAPSHOTS: &str = "DELETE FROM decision_snapshot WHERE seen_at < $1";

/// Deletes what is older than `keep` from every trail, and snapshots that no event names any more. Several servers
/// may do so at the same time.
///
/// # Errors
///
/// When the database fails. What was deleted until then stays deleted.
pub async fn prune(store: &Store, now: Timestamp, keep: Duration) -> Result<(), StoreError> {
    let cutoff = earlier(now, keep);
    let mut after = String::new();
    loop {
        let accounts: Vec<(AwsAccountId, i64)> = store
            .read()
            .await?
            .fetch_all(TRAILS, bind![cutoff, after, ACCOUNTS])
            .await?;
        let Some((last, _)) = accounts.last() else { break };
        after = last.to_string();
        for (account, _) in accounts.into_iter().filter(|(_, is_due)| *is_due > 0) {
            while delete_events(store, account, cutoff).await? {
                tokio::time::sleep(PAUSE).await;
            }
            loop {
                match delete_blocks(store, account, cutoff).await {
                    Ok(false) => break,
                    // Another server deletes the same, or somebody writes: there may be more.
                    Ok(true) | Err(StoreError::Contention) => tokio::time::sleep(PAUSE).await,
                    Err(error) => return Err(error),
                }
            }
        }
    }
    // Up to a day may lie between the note that a snapshot is in use and the last event that names it, and clocks of
    // servers differ.
    let unused = earlier(cutoff, 2 * SEEN_EVERY);
    while delete_snapshots(store, unused).await? {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

fn earlier(moment: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(moment.as_micros().saturating_sub(by))
}

/// Deletes one slice, and says whether there may be more.
async fn delete_events(store: &Store, account: AwsAccountId, cutoff: Timestamp) -> Result<bool, StoreError> {
    let end: Option<(i64,)> = store
        .read()
        .await?
        .fetch_optional(
            "SELECT event_at FROM audit_event WHERE aws_account_id = $1 AND event_at < $2
              ORDER BY event_at, event_id LIMIT 1 OFFSET $3",
            bind![account, cutoff, SLICE - 1],
        )
        .await?;
    let until = end.map_or(cutoff.as_micros(), |(at,)| at.saturating_add(1));
    let values = vec![Value::Text(account.to_string().into()), Value::Number(until)];
    store.append(DELETE_EVENTS, values).await?;
    Ok(end.is_some())
}

async fn delete_snapshots(store: &Store, cutoff: Timestamp) -> Result<bool, StoreError> {
    let mut tx = store.read().await?;
    let first: Option<(i64,)> = tx.fetch_optional(OLD_SNAPSHOT, bind![cutoff, 0]).await?;
    if first.is_none() {
        return Ok(false);
    }
    let end: Option<(i64,)> = tx.fetch_optional(OLD_SNAPSHOT, bind![cutoff, SLICE - 1]).await?;
    drop(tx);
    let until = end.map_or(cutoff.as_micros(), |(at,)| at.saturating_add(1));
    store.append(DELETE_SNAPSHOTS, vec![Value::Number(until)]).await?;
    Ok(end.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1_000_000;

    #[tokio::test]
    async fn nobody_waits_where_nothing_is_too_old() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
        let store = Store::open(&url).await.unwrap();
        let mut tx = store.write().await.unwrap();
        for account in 0..3 {
            tx.execute(
                "INSERT INTO aws_account (aws_account_id, name, email, root_user_id, access_revision, created_at)
                 VALUES ($1, '', '', '', 0, 0)",
                bind![format!("11112222333{account}")],
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        // Whoever wants to write now waits.
        let writing = store.write().await.unwrap();
        let pruned = prune(&store, Timestamp::from_seconds(1_700_000_000), Duration::ZERO);
        let done = tokio::time::timeout(Duration::from_secs(10), pruned).await;
        done.expect("there is nothing to write").unwrap();
        drop(writing);
    }

    #[tokio::test]
    async fn what_is_too_old_goes_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
        let store = Store::open(&url).await.unwrap();
        let now = Timestamp::from_seconds(1_700_000_000);
        let ago = |days: i64| now.as_micros() - days * DAY;
        let mut tx = store.write().await.unwrap();
        for account in ["111122223333", "444455556666"] {
            tx.execute(
                "INSERT INTO aws_account (aws_account_id, name, email, root_user_id, access_revision, created_at)
                 VALUES ($1, '', '', '', 0, 0)",
                bind![account],
            )
            .await
            .unwrap();
            for (number, days) in (0..2_500)
                .map(|number| (number, 11))
                .chain([(9_001, 9), (9_002, 0)])
            {
                tx.execute(
                    "INSERT INTO audit_event (aws_account_id, event_at, event_id, event_name, event_source,
                                              user_name, access_key_id, read_only, resource_name, resource_type, record)
                     VALUES ($1, $2, $3, '', '', '', '', TRUE, '', '', '')",
                    bind![account, ago(days) + number % 7, number.to_string()],
                )
                .await
                .unwrap();
            }
        }
        for (digest, days) in [("a", 13), ("b", 11), ("c", 0)] {
            tx.execute(
                "INSERT INTO decision_snapshot (digest, content, seen_at) VALUES ($1, '', $2)",
                bind![digest, ago(days)],
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();

        for _ in 0..2 {
            prune(&store, now, Duration::from_secs(10 * 24 * 60 * 60))
                .await
                .unwrap();
            let mut tx = store.read().await.unwrap();
            let count = "SELECT COUNT(*) FROM audit_event";
            assert_eq!(tx.fetch_number(count, &[]).await.unwrap(), 4);
            let kept: Vec<(String,)> = tx
                .fetch_all("SELECT digest FROM decision_snapshot ORDER BY digest", &[])
                .await
                .unwrap();
            // An event of yesterday's cutoff may name what was last noted the day before.
            assert_eq!(kept, [("b".to_owned(),), ("c".to_owned(),)]);
        }
    }
}
