//! What happens to accounts later.

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, enqueue};
use carillon_store::{StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{AccountRow, ManagedAccount, rows};
use crate::attachment::jobs::DeleteObjects;
use crate::user::rows::Place;
use crate::{activity, attachment, data_export, delegate, domain, event, session, user};

/// People, or invitations, treated in one transaction, so that others need not wait long for theirs.
pub(crate) const PORTION: i64 = 200;

/// Erases a deleted account that nobody restored, in portions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PurgeAccount {
    account_id: String,
    /// In microseconds: an account that was restored and deleted again has another time, and another job.
    due: i64,
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
        due: due.as_micros(),
        portion: 0,
    };
    enqueue(tx, entropy, &purge, now, due).await
}

impl Job for PurgeAccount {
    const KIND: &'static str = "chime.account.purge";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(format!("{}/{}/{}", self.account_id, self.due, self.portion))
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
        if account.purge_at() != Some(Timestamp::from_micros(self.due)) {
            return Ok(Vec::new());
        }
        let entropy = &*environment.entropy;
        let more_files = attachment::jobs::forget_account_portion(tx, entropy, &account.id, now).await?;
        let more_people = user::rows::purge_portion(tx, entropy, &account.id, PORTION, now).await?;
        let more_activity = activity::forget_account_portion(tx, &account.id).await?;
        if more_files
            || more_people
            || more_activity
            || user::invitation::rows::purge_portion(tx, &account.id, PORTION).await?
        {
            let next = Self {
                account_id: self.account_id.clone(),
                due: self.due,
                portion: self.portion + 1,
            };
            enqueue(tx, &*environment.entropy, &next, now, now).await?;
            return Ok(Vec::new());
        }
        domain::rows::delete_all(tx, &account.id).await?;
        delegate::rows::delete_all(tx, &account.id).await?;
        data_export::rows::delete_of_account(tx, &account.id).await?;
        DeleteObjects::below(format!("exports/{}", account.id))
            .plan(tx, entropy, now)
            .await?;
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

/// Ends the sessions, invitations and delegations that an account had when it was stopped, in portions. None of them is good for
/// anything while the account is stopped; this keeps them from coming back with it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WindDown {
    account_id: String,
    /// What began later is of an account that goes on. In microseconds, as kept: a timestamp in JSON has fewer digits.
    stopped_at: i64,
    /// A deleted account loses its invitations and delegations, a suspended one its sessions only.
    is_deleted: bool,
    /// Rank, time in microseconds and id of the last user treated.
    after: (i64, i64, String),
}

/// Queues the end of what an account had when it was stopped.
pub(crate) async fn plan_wind_down(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account: &AccountRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let first = Place::first();
    let wind_down = WindDown {
        account_id: account.id.clone(),
        stopped_at: now.as_micros(),
        is_deleted: account.purge_at().is_some(),
        after: (first.rank, first.created_at.as_micros(), first.user_id),
    };
    enqueue(tx, entropy, &wind_down, now, now).await
}

impl Job for WindDown {
    const KIND: &'static str = "chime.account.wind-down";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

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
        let account = ManagedAccount::with(account);
        let (rank, created_at, user_id) = self.after.clone();
        let place = Place {
            rank,
            created_at: Timestamp::from_micros(created_at),
            user_id,
        };
        let stopped_at = Timestamp::from_micros(self.stopped_at);
        let users = user::rows::list_after(tx, &account, None, &place, PORTION).await?;
        for user in &users {
            session::rows::end_until(tx, &user.id, stopped_at).await?;
        }
        let mut open = Vec::new();
        let mut events = Vec::new();
        if self.is_deleted {
            events = delegate::end_all(tx, environment, &account, stopped_at, now).await?;
            open = user::invitation::rows::open_until(tx, &account.id, stopped_at, PORTION).await?;
            for invite in &open {
                user::invitation::end(tx, invite).await?;
            }
        }
        if users.is_empty() && open.is_empty() {
            return Ok(events);
        }
        let last = users.last().map_or(place, Place::of);
        let next = Self {
            account_id: self.account_id.clone(),
            after: (last.rank, last.created_at.as_micros(), last.user_id),
            ..*self
        };
        enqueue(tx, &*environment.entropy, &next, now, now).await?;
        Ok(events)
    }
}
