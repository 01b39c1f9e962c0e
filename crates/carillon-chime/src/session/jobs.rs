//! What happens to sessions later.

use std::time::Duration;

use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, JobError, Outside};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::rows;

/// Forgets a session that is over by its age, with the address and the device it was on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForgetSession {
    pub session_id: String,
}

impl Job for ForgetSession {
    const KIND: &'static str = "chime.session.forget";
    const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
    type Gathered = ();

    async fn gather(&self, _: &Environment, _: &Store, _: &Outside) -> Result<(), JobError> {
        Ok(())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        _: &Environment,
        _: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        rows::end(tx, &self.session_id).await?;
        Ok(Vec::new())
    }
}
