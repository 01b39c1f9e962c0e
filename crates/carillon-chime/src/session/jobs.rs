//! What happens to sessions later.

use std::time::Duration;

use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, enqueue};
use carillon_store::{StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::rows;

/// Forgets a session once it is over, because nobody used it or by its age, with the address and the device it was on.
/// Products hear of it then.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForgetSession {
    pub session_id: String,
}

impl Job for ForgetSession {
    const KIND: &'static str = "chime.session.forget";
    const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
    type Gathered = ();

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some(session) = rows::find_by_id(tx, &self.session_id).await? else {
            return Ok(Vec::new());
        };
        if session.holds(now) {
            enqueue(tx, &*environment.entropy, self, now, session.ends_at()).await?;
        } else {
            rows::end(tx, &self.session_id).await?;
            environment.jobs.notify_one();
        }
        Ok(Vec::new())
    }
}
