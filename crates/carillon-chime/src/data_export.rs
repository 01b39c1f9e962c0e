//! Exports of what an account's people uploaded: a file of links, for a few days.
//!
//! Whoever has the file has the attachments. It is therefore kept sealed, in parts, and opened only on its way to
//! somebody who was let in.

mod download;
pub(crate) mod jobs;
mod manifest;
pub(crate) mod operations;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub use download::{DOWNLOADS, open as open_data_export};

use crate::error::Error;
use crate::user::SensitiveString;

/// How long links are good, and with them the file.
///
/// Source: Chime Administration Guide, "Requesting user attachments".
const LIFETIME: Duration = Duration::from_secs(6 * 24 * 60 * 60);
/// From one request to the next. Source: as above.
const PAUSE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

carillon_aws::string_enum! {
    /// How far an export is.
    pub(crate) enum DataExportStatus {
        InProgress,
        Succeeded,
        Failed,
        Expired,
    }
}

/// An export as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataExportRow {
    pub id: String,
    pub account_id: String,
    pub status: DataExportStatus,
    pub requested_at: Timestamp,
    /// The ARN of the principal.
    pub requested_by: String,
    pub completed_at: Option<Timestamp>,
    /// When the first of its links ends. Known when there is one.
    pub expires_at: Option<Timestamp>,
    pub attachment_count: i64,
    pub total_bytes: i64,
    /// Attachments whose objects are not in the store any more.
    pub missing_count: i64,
    pub failure_reason: Option<String>,
    /// The last attachment that is in the file: when it was recorded, and which.
    pub after: (Timestamp, String),
}

impl DataExportRow {
    pub fn new(id: String, account_id: String, requested_by: String, now: Timestamp) -> Self {
        Self {
            id,
            account_id,
            status: DataExportStatus::InProgress,
            requested_at: now,
            requested_by,
            completed_at: None,
            expires_at: None,
            attachment_count: 0,
            total_bytes: 0,
            missing_count: 0,
            failure_reason: None,
            after: (Timestamp::MIN, String::new()),
        }
    }

    /// The status at this time: a file ends by the clock, whenever it is then deleted.
    pub fn status_at(&self, now: Timestamp) -> DataExportStatus {
        match self.status {
            DataExportStatus::Succeeded if self.expires_at.is_some_and(|at| at <= now) => {
                DataExportStatus::Expired
            }
            status => status,
        }
    }

    /// When the next export can be requested, if this one counts.
    pub fn next_request_at(&self) -> Option<Timestamp> {
        (self.status != DataExportStatus::Failed).then(|| self.requested_at + PAUSE)
    }

    /// That another export may be requested now.
    pub fn require_over(&self, now: Timestamp) -> Result<(), Error> {
        if self.status == DataExportStatus::InProgress {
            return Err(Error::Conflict(format!(
                "the data export `{}` is in progress",
                self.id
            )));
        }
        match self.next_request_at() {
            Some(next) if next > now => Err(Error::LimitExceeded(format!(
                "one data export can be requested every 7 days, the next one from {}",
                next.iso_seconds()
            ))),
            _ => Ok(()),
        }
    }

    /// Takes in what a part of the file has.
    pub fn add(&mut self, part: &manifest::Written) {
        self.attachment_count += part.attachments;
        self.total_bytes = self.total_bytes.saturating_add(part.bytes);
        self.missing_count += part.missing;
        self.after = part.last.clone();
        // The file is not good for longer than the first links in it.
        self.expires_at.get_or_insert(part.linked_at + LIFETIME);
    }

    /// The file is whole.
    pub fn complete(&mut self, now: Timestamp) {
        self.status = DataExportStatus::Succeeded;
        self.completed_at = Some(now);
    }

    pub fn fail(&mut self, reason: &str, now: Timestamp) {
        self.status = DataExportStatus::Failed;
        self.completed_at = Some(now);
        self.expires_at = None;
        self.failure_reason = Some(reason.to_owned());
    }

    /// Where the parts of the file are in the object store.
    pub fn place(&self) -> String {
        format!("exports/{}/{}", self.account_id, self.id)
    }

    pub fn shape(&self, now: Timestamp) -> DataExport {
        DataExport {
            data_export_id: self.id.clone(),
            account_id: self.account_id.clone(),
            status: self.status_at(now),
            requested_timestamp: self.requested_at,
            requested_by: self.requested_by.clone(),
            completed_timestamp: self.completed_at,
            expiration_timestamp: self.expires_at,
            next_request_timestamp: self.next_request_at(),
            attachment_count: Some(self.attachment_count),
            total_bytes: Some(self.total_bytes),
            missing_count: Some(self.missing_count),
            failure_reason: self.failure_reason.clone(),
            file_url: None,
        }
    }
}

/// An export of an account's attachments.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DataExport {
    data_export_id: String,
    account_id: String,
    status: DataExportStatus,
    requested_timestamp: Timestamp,
    /// The ARN of the principal who requested it.
    requested_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_timestamp: Option<Timestamp>,
    /// When the file and the links in it end.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_timestamp: Option<Timestamp>,
    /// When the next export can be requested. A failed one does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_request_timestamp: Option<Timestamp>,
    /// The attachments in the file so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment_count: Option<i64>,
    /// Bytes of those attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_bytes: Option<i64>,
    /// Attachments that the file had to leave out, because they are not in the object store any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_count: Option<i64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// Where the file is, for five minutes. Whoever has the file has the attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_url: Option<SensitiveString>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_seconds(number * 24 * 60 * 60)
    }

    fn export() -> DataExportRow {
        DataExportRow::new("e".to_owned(), "a".to_owned(), "arn".to_owned(), day(0))
    }

    fn part(attachments: i64, linked_at: Timestamp) -> manifest::Written {
        manifest::Written {
            attachments,
            bytes: attachments * 10,
            missing: 0,
            last: (day(0), "x".to_owned()),
            linked_at,
            is_last: false,
        }
    }

    #[test]
    fn one_export_at_a_time_and_one_in_seven_days() {
        let mut export = export();
        assert!(matches!(export.require_over(day(9)), Err(Error::Conflict(_))));
        export.complete(day(1));
        let refusal = export.require_over(day(6)).unwrap_err();
        assert!(
            matches!(&refusal, Error::LimitExceeded(message) if message.contains("1970-01-08T00:00:00Z")),
            "{refusal}"
        );
        assert!(export.require_over(day(7)).is_ok());
        export.fail("the object store did not answer", day(1));
        assert!(export.require_over(day(1)).is_ok(), "a failed one does not count");
        assert_eq!(export.next_request_at(), None);
    }

    #[test]
    fn a_file_ends_with_the_first_of_its_links() {
        let mut export = export();
        export.add(&part(2, day(1)));
        export.add(&part(3, day(2)));
        export.complete(day(2));
        assert_eq!((export.attachment_count, export.total_bytes), (5, 50));
        assert_eq!(export.expires_at, Some(day(7)));
        assert_eq!(export.status_at(day(6)), DataExportStatus::Succeeded);
        assert_eq!(export.status_at(day(7)), DataExportStatus::Expired);
    }

    #[test]
    fn what_is_left_out_is_said_and_is_no_failure() {
        let mut export = export();
        export.missing_count = 3;
        export.complete(day(1));
        let shown = serde_json::to_value(export.shape(day(1))).unwrap();
        assert_eq!(
            (&shown["Status"], &shown["MissingCount"]),
            (&"Succeeded".into(), &3.into())
        );
        assert_eq!(shown.get("FailureReason"), None);
    }
}
