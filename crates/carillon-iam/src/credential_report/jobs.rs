//! The making of a report.

use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, JobError, Outside};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::{rows, table};

/// Makes the credential report of an AWS account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MakeReport {
    pub aws_account_id: AwsAccountId,
}

impl Job for MakeReport {
    const KIND: &'static str = "iam.credential_report";
    const PATIENCE: Duration = Duration::from_secs(60 * 60);
    /// The report.
    type Gathered = String;

    fn unique_key(&self) -> Option<String> {
        Some(self.aws_account_id.to_string())
    }

    /// On a snapshot, so that nobody waits who writes.
    async fn gather(&self, _: &Environment, store: &Store, _: &Outside) -> Result<String, JobError> {
        let mut tx = store.read().await?;
        let table = table::Table::read(&mut tx, self.aws_account_id).await?;
        drop(tx);
        table
            .write()
            .map_err(|error| JobError::Abandon(error.to_string()))
    }

    async fn apply(
        &self,
        report: &String,
        tx: &mut WriteTx,
        _: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        rows::finish(tx, self.aws_account_id, report, now).await?;
        Ok(Vec::new())
    }

    /// The next request begins another.
    async fn abandon(
        &self,
        _: &str,
        tx: &mut WriteTx,
        _: &Environment,
        _: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        rows::forget(tx, self.aws_account_id).await?;
        Ok(Vec::new())
    }
}
