//! How the file of an export is fetched: opened part by part, on its way.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carillon_operation::{BoxFuture, Chunks, Environment, Fault, ObjectError, Objects};
use carillon_store::Store;

use super::{DataExportRow, DataExportStatus, manifest, rows};
use crate::account::{self, Life};
use crate::name::is_uuid;

/// What the paths of files begin with.
pub const DOWNLOADS: &str = "/data-exports/";
/// How long an address is good.
pub(super) const LINK: Duration = Duration::from_secs(5 * 60);
/// Bytes of a part as it is kept; ours have far fewer.
const PART: usize = 16 << 20;

pub(super) fn path(export_id: &str) -> String {
    format!("{DOWNLOADS}{export_id}")
}

pub(super) fn file_name(export: &DataExportRow) -> String {
    format!("attachments-{}.csv", export.id)
}

/// The file of an export, for somebody whose link is good; nothing if there is none any more.
pub async fn open(
    store: &Store,
    environment: &Arc<Environment>,
    objects: &Arc<dyn Objects>,
    export_id: &str,
) -> Result<Option<Box<dyn Chunks>>, Fault> {
    if !is_uuid(export_id) {
        return Ok(None);
    }
    let mut tx = store.read().await?;
    let Some(export) = rows::find_any(&mut tx, export_id).await? else {
        return Ok(None);
    };
    let account = account::rows::find_any(&mut tx, &export.account_id).await?;
    let is_there = export.status_at(environment.clock.now()) == DataExportStatus::Succeeded
        && account.is_some_and(|account| account.life != Life::Disabled);
    if !is_there {
        return Ok(None);
    }
    let parts = rows::parts(&mut tx, export_id).await?;
    Ok(Some(Box::new(File {
        environment: Arc::clone(environment),
        objects: Arc::clone(objects),
        export_id: export_id.to_owned(),
        parts: parts.into_iter().enumerate(),
    })))
}

/// The parts that are still to come.
struct File {
    environment: Arc<Environment>,
    objects: Arc<dyn Objects>,
    export_id: String,
    parts: std::iter::Enumerate<std::vec::IntoIter<String>>,
}

impl Chunks for File {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ObjectError>> {
        Box::pin(async move {
            let Some((part, key)) = self.parts.next() else {
                return Ok(None);
            };
            let mut content = self.objects.get(&key, None).await?;
            let mut sealed = Vec::new();
            while let Some(piece) = content.next().await? {
                if sealed.len() + piece.len() > PART {
                    return Err(ObjectError::Broken("a part of an export is too large".to_owned()));
                }
                sealed.extend_from_slice(&piece);
            }
            let plain = std::str::from_utf8(&sealed)
                .ok()
                .zip(i64::try_from(part).ok())
                .and_then(|(sealed, part)| {
                    manifest::open(&self.environment.vault, &self.export_id, part, sealed)
                })
                .ok_or_else(|| ObjectError::Broken("a part of an export was altered".to_owned()))?;
            Ok(Some(Bytes::from(plain)))
        })
    }
}
