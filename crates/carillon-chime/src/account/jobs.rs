//! What happens to accounts later.

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, JobError, Outside, enqueue};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{AccountRow, rows};
use crate::{event, user};

/// People purged in one transaction, so that others need not wait long for theirs.
const PORTION: i64 = 200;

/// Erases a deleted account that nobody restored, in portions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PurgeAccount {
    account_id: String,
    /// An account that was restored and deleted again has another time, and another job.
    due: Timestamp,
    /// Counts the portions, which have to be different jobs.
    portion: u32,
}

/// Queues the purge of an account that was deleted; of others there is nothing to queue.
pub(crate) async fn plan_purge(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account: &AccountRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(due) = account.purge_at() else {
        return Ok(());
    };
    let purge = PurgeAccount {
        account_id: account.id.clone(),
        due,
        portion: 0,
    };
    enqueue(tx, entropy, &purge, now, due).await
}

impl Job for PurgeAccount {
    const KIND: &'static str = "chime.account.purge";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(format!(
            "{}/{}/{}",
            self.account_id,
            self.due.as_micros(),
            self.portion
        ))
    }

    async fn gather(&self, _: &Environment, _: &Store, _: &Outside) -> Result<(), JobError> {
        Ok(())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some(account) = rows::find_any(tx, &self.account_id).await? else {
            return Ok(Vec::new());
        };
        // Restored, or deleted again since.
        if account.purge_at() != Some(self.due) {
            return Ok(Vec::new());
        }
        let more_people = user::rows::purge_portion(tx, &account.id, PORTION, now).await?;
        if more_people || user::invitation::rows::purge_portion(tx, &account.id, PORTION).await? {
            let next = Self {
                account_id: self.account_id.clone(),
                due: self.due,
                portion: self.portion + 1,
            };
            enqueue(tx, &*environment.entropy, &next, now, now).await?;
            return Ok(Vec::new());
        }
        rows::delete(tx, &account.id).await?;
        let details = json!({ "accountName": account.name });
        Ok(vec![event::of_account(
            &account,
            "PurgeAccount",
            details,
            environment,
            now,
        )])
    }
}
