//! What happens to files later: they go with whoever they were of.

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, JobError, Outside, enqueue};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::{AttachmentRow, rows};

/// Attachments treated in one transaction.
const PORTION: i64 = 200;
/// How long a deletion is tried again: content must not stay because a store was away for a while.
const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Deletes objects from the store. It may be done twice.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeleteObjects {
    keys: Vec<String>,
    prefixes: Vec<String>,
}

impl DeleteObjects {
    /// The contents of attachments whose rows are gone.
    pub fn of(attachments: &[AttachmentRow]) -> Self {
        Self {
            keys: attachments.iter().map(AttachmentRow::object).collect(),
            prefixes: Vec::new(),
        }
    }

    /// Everything in a place of the store.
    pub fn below(prefix: String) -> Self {
        Self {
            keys: Vec::new(),
            prefixes: vec![prefix],
        }
    }

    pub async fn plan(
        &self,
        tx: &mut WriteTx,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.keys.is_empty() && self.prefixes.is_empty() {
            return Ok(());
        }
        enqueue(tx, entropy, self, now, now).await
    }
}

impl Job for DeleteObjects {
    const KIND: &'static str = "chime.object.delete";
    const PATIENCE: Duration = PATIENCE;
    type Gathered = ();

    async fn gather(&self, _: &Environment, _: &Store, outside: &Outside) -> Result<(), JobError> {
        let Some(objects) = &outside.objects else {
            return Err(JobError::Retry("there is no object store".to_owned()));
        };
        let retry = |error: carillon_operation::ObjectError| JobError::Retry(error.to_string());
        for key in &self.keys {
            objects.delete(key).await.map_err(retry)?;
        }
        for prefix in &self.prefixes {
            objects.delete_all(prefix).await.map_err(retry)?;
        }
        Ok(())
    }
}

/// Deletes the object of an upload that came to nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DropUnkept {
    pub attachment_id: String,
    pub object: String,
}

impl Job for DropUnkept {
    const KIND: &'static str = "chime.object.drop-unkept";
    const PATIENCE: Duration = PATIENCE;
    type Gathered = ();

    async fn gather(&self, _: &Environment, store: &Store, outside: &Outside) -> Result<(), JobError> {
        let mut tx = store.read().await?;
        let is_kept = rows::is_kept(&mut tx, &self.attachment_id).await?;
        drop(tx);
        if is_kept {
            return Ok(());
        }
        let Some(objects) = &outside.objects else {
            return Err(JobError::Retry("there is no object store".to_owned()));
        };
        let deleted = objects.delete(&self.object).await;
        deleted.map_err(|error| JobError::Retry(error.to_string()))
    }
}

/// Forgets what a deleted person uploaded, in portions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForgetFiles {
    user_id: String,
    /// Counts the portions, which have to be different jobs.
    portion: u32,
}

/// Queues the end of what a person uploaded, if there is anything. Whoever deletes a person calls it.
pub(crate) async fn forget_person(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    user_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !rows::has_any(tx, user_id).await? {
        return Ok(());
    }
    let forget = ForgetFiles {
        user_id: user_id.to_owned(),
        portion: 0,
    };
    enqueue(tx, entropy, &forget, now, now).await
}

/// Forgets a portion of what people of an account uploaded, and says whether there may be more.
pub(crate) async fn forget_account_portion(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = rows::take_of_account(tx, account_id, PORTION).await?;
    DeleteObjects::of(&taken).plan(tx, entropy, now).await?;
    Ok(i64::try_from(taken.len()).unwrap_or(i64::MAX) == PORTION)
}

impl Job for ForgetFiles {
    const KIND: &'static str = "chime.attachment.forget";
    const PATIENCE: Duration = PATIENCE;
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(format!("{}/{}", self.user_id, self.portion))
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let taken = rows::take_of_person(tx, &self.user_id, PORTION).await?;
        let entropy = &*environment.entropy;
        DeleteObjects::of(&taken).plan(tx, entropy, now).await?;
        if i64::try_from(taken.len()).unwrap_or(i64::MAX) == PORTION {
            let next = Self {
                user_id: self.user_id.clone(),
                portion: self.portion + 1,
            };
            enqueue(tx, entropy, &next, now, now).await?;
        }
        Ok(Vec::new())
    }
}
