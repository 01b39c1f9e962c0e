//! The file of an export: a table of links, made and sealed part by part.

use std::sync::Arc;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Label, ObjectError, Objects, Vault};
use tokio::task::JoinSet;

use super::LIFETIME;
use crate::attachment::AttachmentRow;

/// Objects that the store is asked about at the same time.
const AT_ONCE: usize = 16;

/// The first line.
const HEADER: [&str; 9] = [
    "url",
    "file_name",
    "content_type",
    "size_bytes",
    "sha256",
    "uploaded_by",
    "uploaded_at",
    "conversation_type",
    "conversation_id",
];

/// What a part of the file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub attachments: i64,
    pub bytes: i64,
    /// Left out, because the object is not there any more.
    pub missing: i64,
    /// The last attachment that was looked at.
    pub last: (Timestamp, String),
    /// When its links were made.
    pub linked_at: Timestamp,
    pub is_last: bool,
}

/// An attachment that is there: how many bytes it has, and where it can be fetched.
struct Found {
    size: i64,
    url: String,
}

/// The lines of these attachments, with the header if they are the first ones.
pub(super) async fn write(
    objects: &Arc<dyn Objects>,
    attachments: &[AttachmentRow],
    is_first: bool,
    now: Timestamp,
) -> Result<(Vec<u8>, Vec<Option<i64>>), ObjectError> {
    let mut lines = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let broken = |error: csv::Error| ObjectError::Broken(error.to_string());
    if is_first {
        lines.write_record(HEADER).map_err(broken)?;
    }
    let mut sizes = Vec::with_capacity(attachments.len());
    for few in attachments.chunks(AT_ONCE) {
        for (attachment, found) in few.iter().zip(look(objects, few, now).await?) {
            sizes.push(found.as_ref().map(|found| found.size));
            let Some(found) = found else { continue };
            lines
                .write_record([
                    found.url.as_str(),
                    &harmless(&attachment.file_name),
                    &harmless(&attachment.content_type),
                    &found.size.to_string(),
                    attachment.sha256.as_deref().unwrap_or_default(),
                    &harmless(&attachment.uploader_email),
                    &attachment.uploaded_at.iso_millis(),
                    attachment.conversation_kind.as_str(),
                    &harmless(&attachment.conversation_id),
                ])
                .map_err(broken)?;
        }
    }
    let bytes = lines
        .into_inner()
        .map_err(|error| ObjectError::Broken(error.to_string()))?;
    Ok((bytes, sizes))
}

/// Asks the store about a few objects at the same time, and answers in their order.
async fn look(
    objects: &Arc<dyn Objects>,
    few: &[AttachmentRow],
    now: Timestamp,
) -> Result<Vec<Option<Found>>, ObjectError> {
    let mut asked = JoinSet::new();
    for (place, attachment) in few.iter().enumerate() {
        let objects = Arc::clone(objects);
        let (key, name, kind) = (
            attachment.object(),
            attachment.file_name.clone(),
            attachment.content_type.clone(),
        );
        asked.spawn(async move {
            let Some(size) = objects.size(&key).await? else {
                return Ok((place, None));
            };
            let label = Label {
                file_name: &name,
                content_type: &kind,
            };
            let url = objects.link(&key, label, now, LIFETIME).await?;
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            Ok((place, Some(Found { size, url })))
        });
    }
    let mut found: Vec<(usize, Option<Found>)> = Vec::with_capacity(few.len());
    while let Some(outcome) = asked.join_next().await {
        found.push(outcome.map_err(|error| ObjectError::Unavailable(error.to_string()))??);
    }
    found.sort_unstable_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

/// A cell that a spreadsheet does not take for a formula.
fn harmless(text: &str) -> String {
    let is_formula = text
        .chars()
        .next()
        .is_some_and(|c| matches!(c, '=' | '+' | '-' | '@') || c.is_control());
    if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A part of the file as it is kept. It opens only as this part of this export.
pub(super) fn seal(vault: &Vault, entropy: &dyn Entropy, export_id: &str, part: i64, plain: &[u8]) -> String {
    vault.seal(entropy, &purpose(export_id, part), plain)
}

pub(super) fn open(vault: &Vault, export_id: &str, part: i64, sealed: &str) -> Option<Vec<u8>> {
    vault.open(&purpose(export_id, part), sealed)
}

fn purpose(export_id: &str, part: i64) -> String {
    format!("data-export/{export_id}/{part}")
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["", "report.pdf", "a=b", "é", "'"] {
            assert_eq!(harmless(text), text);
        }
    }
}
