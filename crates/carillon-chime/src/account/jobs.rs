//! What happens to accounts later.

use std::time::Duration;

use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Job, JobError, Outside, enqueue};
use carillon_store::{StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::{AccountRow, rows};
use crate::user;

/// People purged in one transaction, so that others need not wait long for theirs.
const PORTION: i64 = 200;

/// Erases a deleted account that nobody restored, in portions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PurgeAccount {
    account_id: String,
    /// Counts the portions, which have to be different jobs.
    portion: u32,
}

impl PurgeAccount {
    pub fn of(account: &AccountRow) -> Self {
        Self {
            account_id: account.id.clone(),
            portion: 0,
        }
    }
}

impl Job for PurgeAccount {
    const KIND: &'static str = "chime.account.purge";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(format!("{}/{}", self.account_id, self.portion))
    }

    async fn gather(&self, _: &Environment, _: &Outside) -> Result<(), JobError> {
        Ok(())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(account) = rows::find_any(tx, &self.account_id).await? else {
            return Ok(());
        };
        // Restored, or restored and deleted again: then another job waits for its own time.
        if account.purge_at().is_none_or(|due| due > now) {
            return Ok(());
        }
        if user::rows::purge_portion(tx, &account.id, PORTION, now).await? {
            let next = Self {
                account_id: self.account_id.clone(),
                portion: self.portion + 1,
            };
            return enqueue(tx, &*environment.entropy, &next, now, now).await;
        }
        rows::delete(tx, &account.id).await
    }
}
