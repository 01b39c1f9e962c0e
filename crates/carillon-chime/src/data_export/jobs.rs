//! How an export is made, told, and ended.

use std::time::Duration;

use bytes::Bytes;
use carillon_aws::id::token;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, JobError, Label, ObjectError, Outside, enqueue};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::manifest::{self, Written};
use super::{DataExportRow, DataExportStatus, rows};
use crate::account::{self, AccountRow, Life};
use crate::attachment;
use crate::attachment::jobs::DeleteObjects;
use crate::event;
use crate::user::jobs::{DELIVERY, send};
use crate::user::mail::export_is_ready;

/// Attachments of one part of the file.
const PORTION: i64 = 500;
/// How long an export is tried before it fails.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// What callers are told; the log says more.
const GIVEN_UP: &str = "the object store could not be used for 24 hours";

const LABEL: Label<'static> = Label {
    file_name: "part",
    content_type: "application/octet-stream",
};

/// Queues an export that was begun.
pub(super) async fn plan(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    export: &DataExportRow,
    tell: Option<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let write = WritePart {
        export_id: export.id.clone(),
        part: 0,
        tell,
    };
    enqueue(tx, entropy, &write, now, now).await
}

/// Writes the next part of the file of an export.
///
/// The part is put under a new name, and becomes part of the export in the transaction that counts it: whatever is
/// done twice, or half, is not in the file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WritePart {
    export_id: String,
    part: i64,
    /// Whom to tell when it is ready.
    tell: Option<String>,
}

/// A part that is in the store.
pub(crate) struct Part {
    object_key: String,
    written: Written,
}

impl Job for WritePart {
    const KIND: &'static str = "chime.data-export.write";
    const PATIENCE: Duration = PATIENCE;
    /// Nothing if there is no reason any more.
    type Gathered = Option<Part>;

    fn unique_key(&self) -> Option<String> {
        Some(format!("{}/{}", self.export_id, self.part))
    }

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<Option<Part>, JobError> {
        let mut tx = store.read().await?;
        let Some(export) = self.open_export(&mut tx).await? else {
            return Ok(None);
        };
        let after = (export.after.0, export.after.1.as_str());
        let portion = attachment::rows::exported_after(
            &mut tx,
            &export.account_id,
            after,
            export.requested_at,
            PORTION,
        )
        .await?;
        drop(tx);
        let objects = outside
            .objects
            .as_ref()
            .ok_or_else(|| JobError::Retry("there is no object store".to_owned()))?;
        let now = environment.clock.now();
        let retry = |error: ObjectError| JobError::Retry(error.to_string());
        let (plain, sizes) = manifest::write(objects, &portion, self.part == 0, now)
            .await
            .map_err(retry)?;
        let entropy = &*environment.entropy;
        let sealed = manifest::seal(&environment.vault, entropy, &export.id, self.part, &plain);
        let object_key = format!("{}/{:06}-{}", export.place(), self.part, token(entropy).expose());
        objects
            .put(&object_key, LABEL, &mut Some(Bytes::from(sealed)))
            .await
            .map_err(retry)?;
        let found = sizes.iter().flatten();
        let written = Written {
            attachments: i64::try_from(found.clone().count()).unwrap_or(i64::MAX),
            bytes: found.fold(0, |sum, size| sum.saturating_add(*size)),
            missing: i64::try_from(sizes.iter().filter(|size| size.is_none()).count()).unwrap_or(i64::MAX),
            last: portion
                .last()
                .map_or(export.after, |last| (last.recorded_at, last.id.clone())),
            linked_at: now,
            is_last: i64::try_from(sizes.len()).unwrap_or(i64::MAX) < PORTION,
        };
        Ok(Some(Part { object_key, written }))
    }

    async fn apply(
        &self,
        part: &Option<Part>,
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let (Some(part), Some(mut export)) = (part, self.open_export(tx).await?) else {
            return Ok(Vec::new());
        };
        let entropy = &*environment.entropy;
        let account = account::rows::find_any(tx, &export.account_id).await?;
        let Some(account) = account.filter(|account| account.life != Life::Disabled) else {
            export.fail("the account was deleted", now);
            return end(tx, &export, None, environment, now).await;
        };
        rows::insert_part(tx, &export.id, self.part, &part.object_key).await?;
        export.add(&part.written);
        if !part.written.is_last {
            rows::update(tx, &export).await?;
            let next = Self {
                export_id: self.export_id.clone(),
                part: self.part + 1,
                tell: self.tell.clone(),
            };
            enqueue(tx, entropy, &next, now, now).await?;
            return Ok(Vec::new());
        }
        export.complete(now);
        rows::update(tx, &export).await?;
        let expire = ExpireExport {
            export_id: export.id.clone(),
        };
        enqueue(tx, entropy, &expire, now, export.expires_at.unwrap_or(now)).await?;
        if let Some(email) = self.tell.clone().filter(|_| environment.settings.mail) {
            let tell = TellReady {
                export_id: export.id.clone(),
                account_id: account.id.clone(),
                account_name: account.name.clone(),
                email,
                attachment_count: export.attachment_count,
            };
            enqueue(tx, entropy, &tell, now, now).await?;
        }
        let details = json!({
            "dataExportId": export.id,
            "attachmentCount": export.attachment_count,
            "totalBytes": export.total_bytes,
            "missingCount": export.missing_count,
        });
        Ok(vec![event::of_account(
            &account,
            "CompleteDataExport",
            details,
            environment,
            now,
        )])
    }

    async fn abandon(
        &self,
        _: &str,
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some(mut export) = self.open_export(tx).await? else {
            return Ok(Vec::new());
        };
        export.fail(GIVEN_UP, now);
        let account = account::rows::find_any(tx, &export.account_id).await?;
        end(tx, &export, account.as_ref(), environment, now).await
    }
}

impl WritePart {
    /// The export, if this part is the next one that it needs.
    async fn open_export(
        &self,
        tx: &mut carillon_store::ReadTx,
    ) -> Result<Option<DataExportRow>, StoreError> {
        let Some(export) = rows::find_any(tx, &self.export_id).await? else {
            return Ok(None);
        };
        let is_next = export.status == DataExportStatus::InProgress
            && rows::count_parts(tx, &export.id).await? == self.part;
        Ok(is_next.then_some(export))
    }
}

/// Writes that there is no file any more, and has what there is of it deleted.
async fn end(
    tx: &mut WriteTx,
    export: &DataExportRow,
    account: Option<&AccountRow>,
    environment: &Environment,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    rows::update(tx, export).await?;
    rows::delete_parts(tx, &export.id).await?;
    DeleteObjects::below(export.place())
        .plan(tx, &*environment.entropy, now)
        .await?;
    let name = match export.status {
        DataExportStatus::Failed => "FailDataExport",
        _ => "ExpireDataExport",
    };
    let details = json!({ "dataExportId": export.id, "failureReason": export.failure_reason });
    Ok(account
        .map(|account| event::of_account(account, name, details, environment, now))
        .into_iter()
        .collect())
}

/// Deletes the file of an export whose links have ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireExport {
    export_id: String,
}

impl Job for ExpireExport {
    const KIND: &'static str = "chime.data-export.expire";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(self.export_id.clone())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some(mut export) = rows::find_any(tx, &self.export_id).await? else {
            return Ok(Vec::new());
        };
        if export.status != DataExportStatus::Succeeded {
            return Ok(Vec::new());
        }
        export.status = DataExportStatus::Expired;
        let account = account::rows::find_any(tx, &export.account_id).await?;
        end(tx, &export, account.as_ref(), environment, now).await
    }
}

/// Tells whoever requested an export that it is ready. The mail has no link to the file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TellReady {
    export_id: String,
    account_id: String,
    account_name: String,
    email: String,
    attachment_count: i64,
}

impl Job for TellReady {
    const KIND: &'static str = "chime.data-export.tell";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<(), JobError> {
        let mut tx = store.read().await?;
        let export = rows::find_any(&mut tx, &self.export_id).await?;
        let account = account::rows::find_any(&mut tx, &self.account_id).await?;
        drop(tx);
        let is_there = export
            .is_some_and(|export| export.status_at(environment.clock.now()) == DataExportStatus::Succeeded);
        if !is_there || !account.is_some_and(|account| account.life != Life::Disabled) {
            // The mail waited, and there is nothing to fetch any more.
            return Ok(());
        }
        let mail = export_is_ready(
            &self.export_id,
            &self.email,
            &self.account_id,
            &self.account_name,
            self.attachment_count,
            &environment.settings.public_url,
        );
        send(outside, &mail).await
    }
}
