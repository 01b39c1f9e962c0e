//! Requests for help that administrators send to the operator of the server.

pub(crate) mod jobs;
mod mail;
pub(crate) mod operations;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::email::WireEmailAddress;

/// Requests of one AWS account in [`DAY`]: each is a mail to the operator, and one to an address of the caller's choice.
const MOST: i64 = 20;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

carillon_aws::string_enum! {
    /// What became of a request.
    pub enum SupportRequestStatus {
        /// Kept, and on its way.
        Submitted,
        /// The mail relay took it.
        Sent,
        /// The mail relay refused it, or did not take it for a day.
        Failed,
    }
}

carillon_aws::string_enum! {
    /// How much something hurts.
    pub enum SupportSeverity {
        Low,
        Normal,
        High,
        Urgent,
    }
}

carillon_aws::string_type! {
    /// What a request is about, in a line.
    pub(crate) SupportSubject, min: 1, max: 200, example: "Meetings do not start", sensitive
}

carillon_aws::string_type! {
    /// What happened, and what should have.
    pub(crate) SupportDescription, min: 1, max: 8000, example: "Since this morning nobody can join.", sensitive
}

carillon_aws::string_type! {
    /// Something to look for in logs.
    pub(crate) SupportReference, max: 100, example: "4.39.10"
}

/// A request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SupportRow {
    pub id: String,
    pub aws_account_id: AwsAccountId,
    pub account_id: Option<String>,
    pub status: SupportRequestStatus,
    pub severity: SupportSeverity,
    pub subject: String,
    pub description: String,
    pub contact_email: String,
    pub occurred_at: Option<Timestamp>,
    pub client_version: Option<String>,
    pub log_reference_id: Option<String>,
    pub meeting_id: Option<String>,
    pub submitted_at: Timestamp,
    /// The ARN of whoever asked.
    pub submitted_by: String,
}

impl SupportRow {
    pub fn shape(&self) -> SupportRequest {
        let reference = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        SupportRequest {
            support_request_id: self.id.clone(),
            status: self.status,
            submitted_timestamp: self.submitted_at,
            submitted_by: self.submitted_by.clone(),
            severity: self.severity,
            subject: self.subject.parse().ok(),
            account_id: self.account_id.clone(),
            description: self.description.parse().ok(),
            contact_email: self.contact_email.parse().ok(),
            occurred_at: self.occurred_at,
            client_version: reference(&self.client_version),
            log_reference_id: reference(&self.log_reference_id),
            meeting_id: reference(&self.meeting_id),
        }
    }

    /// As lists have it: without what fills pages.
    pub fn summary(&self) -> SupportRequest {
        SupportRequest {
            description: None,
            ..self.shape()
        }
    }
}

/// A request for help.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SupportRequest {
    support_request_id: String,
    status: SupportRequestStatus,
    submitted_timestamp: Timestamp,
    /// The ARN of whoever asked.
    submitted_by: String,
    severity: SupportSeverity,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SupportSubject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    /// Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<SupportDescription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_email: Option<WireEmailAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_version: Option<SupportReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_reference_id: Option<SupportReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_id: Option<SupportReference>,
}
