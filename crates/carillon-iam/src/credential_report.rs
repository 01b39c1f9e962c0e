//! The credential report: a table of everybody's passwords, access keys and second factors, and how old they are.
//!
//! It is made by a job after the request that asks for it, and kept for four hours.
//! Source: IAM User Guide, "Get credential reports for your AWS account".

pub(crate) mod jobs;
pub(crate) mod operations;
mod rows;
mod table;

use std::time::Duration;

use carillon_aws::string_enum;
use carillon_aws::time::Timestamp;

use crate::error::Error;

/// How long a report is used.
const LIFETIME: Duration = Duration::from_secs(4 * 60 * 60);

string_enum! {
    /// How far a report is.
    pub enum ReportState {
        /// It was asked for just now.
        Started = "STARTED",
        InProgress = "INPROGRESS",
        Complete = "COMPLETE",
    }
}

/// What is known of the report of an AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReportRow {
    /// Nothing while it is being made.
    generated_at: Option<Timestamp>,
}

impl ReportRow {
    /// Whether a report is there, is being made, or must be begun.
    fn state(known: Option<Self>, now: Timestamp) -> ReportState {
        match known {
            Some(Self { generated_at: None }) => ReportState::InProgress,
            Some(Self {
                generated_at: Some(at),
            }) if now.since(at) < LIFETIME => ReportState::Complete,
            Some(_) | None => ReportState::Started,
        }
    }

    /// When the report was made that can be had now.
    fn generated_at(known: Option<Self>, now: Timestamp) -> Result<Timestamp, Error> {
        let known = known.ok_or(Error::ReportNotPresent)?;
        let at = known.generated_at.ok_or(Error::ReportInProgress)?;
        if now.since(at) < LIFETIME {
            return Ok(at);
        }
        Err(Error::ReportExpired)
    }
}

#[cfg(test)]
mod tests;
