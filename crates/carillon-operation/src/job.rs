//! Work that follows a commit: queued in the transaction of its cause, done afterwards.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use carillon_aws::id::uuid_v4;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_store::{FromRow, Row, Store, StoreError, WriteTx, bind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::audit::Event;
use crate::caller::BoxFuture;
use crate::environment::Environment;
use crate::outside::Outside;

/// How long a job may run before another node takes it for lost.
const LEASE: Duration = Duration::from_secs(120);
/// The first pause before a job is tried again; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How often the queue is looked at when nobody says that something was queued.
const POLL: Duration = Duration::from_secs(5);
/// Jobs of one node at the same time.
const AT_ONCE: usize = 8;

/// A kind of work. Its value is what must be known to do it.
///
/// A job may run twice (a node may die between doing and saying so), so [`Job::apply`] is written to be
/// repeated.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    const KIND: &'static str;
    /// How long it is tried again.
    const PATIENCE: Duration;
    /// What the outside said; `()` for a job that does not ask, or has nothing to write of it.
    type Gathered: Default + Send;

    /// Two jobs of a kind with the same key are one. By default each is its own.
    fn unique_key(&self) -> Option<String> {
        None
    }

    /// Asks the outside world. No transaction is open; `store` is for looking whether there is still a reason to ask.
    /// By default nothing is asked.
    fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> impl Future<Output = Result<Self::Gathered, JobError>> + Send {
        let _ = (environment, store, outside);
        async { Ok(Self::Gathered::default()) }
    }

    /// Writes what was gathered, and answers what the audit trail should say of it. The runner writes those events
    /// in the same transaction. By default nothing is written.
    fn apply(
        &self,
        gathered: &Self::Gathered,
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Event>, StoreError>> + Send {
        let _ = (gathered, tx, environment, now);
        async { Ok(Vec::new()) }
    }

    /// Writes that it was given up, with the reason, and answers events as [`Job::apply`] does.
    fn abandon(
        &self,
        reason: &str,
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Event>, StoreError>> + Send {
        let _ = (reason, tx, environment, now);
        async { Ok(Vec::new()) }
    }
}

/// Why a job is not done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Try again later.
    #[error("{0}")]
    Retry(String),
    /// Never: park it.
    #[error("{0}")]
    Abandon(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Queues `job`, to be done at `due` or soon after.
///
/// If one with the same [`Job::unique_key`] waits already, that one stays and is due at the earlier time. One that was
/// given up begins anew.
pub async fn enqueue<J: Job>(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    job: &J,
    now: Timestamp,
    due: Timestamp,
) -> Result<(), StoreError> {
    let id = uuid_v4(entropy);
    let key = job.unique_key().unwrap_or_else(|| id.clone());
    let payload = serde_json::to_string(job).map_err(|error| StoreError::Database(error.into()))?;
    tx.execute(
        "INSERT INTO job (job_id, kind, unique_key, payload, due_at, attempts, created_at, leased_until, parked)
         VALUES ($1, $2, $3, $4, $5, 0, $6, 0, FALSE)
         ON CONFLICT (kind, unique_key) DO UPDATE
            SET due_at = CASE WHEN job.due_at < excluded.due_at THEN job.due_at ELSE excluded.due_at END,
                created_at = CASE WHEN job.parked THEN excluded.created_at ELSE job.created_at END,
                attempts = CASE WHEN job.parked THEN 0 ELSE job.attempts END,
                leased_until = CASE WHEN job.parked THEN 0 ELSE job.leased_until END,
                parked = FALSE",
        bind![id, J::KIND, key, payload, due, now],
    )
    .await?;
    Ok(())
}

/// Queues `job`, which has a [`Job::unique_key`], to be done at once: for where a row changes and neither clock nor
/// entropy is at hand. It counts as queued long ago, so it has no patience with the outside: let it queue others for
/// that.
///
/// The row of one that waits already is written all the same: it may be running, and have looked before this change.
/// Databases that let both go on at the same time then make one of them lose, and the change is looked at.
pub async fn enqueue_at_once<J: Job>(tx: &mut WriteTx, job: &J) -> Result<(), StoreError> {
    let key = job
        .unique_key()
        .ok_or_else(|| StoreError::Database("a job without a key cannot be queued so".into()))?;
    let payload = serde_json::to_string(job).map_err(|error| StoreError::Database(error.into()))?;
    tx.execute(
        "INSERT INTO job (job_id, kind, unique_key, payload, due_at, attempts, created_at, leased_until, parked)
         VALUES ($1, $2, $3, $4, 0, 0, 0, 0, FALSE)
         ON CONFLICT (kind, unique_key) DO UPDATE
            SET due_at = 0, leased_until = CASE WHEN job.parked THEN 0 ELSE job.leased_until END, parked = FALSE",
        bind![format!("{}/{key}", J::KIND), J::KIND, key, payload],
    )
    .await?;
    Ok(())
}

/// A kind of job as the runner knows it.
pub trait AnyJob: Send + Sync {
    fn kind(&self) -> &'static str;

    #[doc(hidden)]
    fn run<'a>(&'a self, runner: &'a JobRunner, claimed: &'a Claimed) -> BoxFuture<'a, Result<(), JobError>>;
}

/// The entry of the job `J` in the list of kinds.
pub const fn job<J: Job>() -> &'static dyn AnyJob {
    const { &Of::<J>(std::marker::PhantomData) }
}

struct Of<J>(std::marker::PhantomData<fn() -> J>);

impl<J: Job> AnyJob for Of<J> {
    fn kind(&self) -> &'static str {
        J::KIND
    }

    fn run<'a>(&'a self, runner: &'a JobRunner, claimed: &'a Claimed) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let job: J = serde_json::from_str(&claimed.payload)
                .map_err(|error| JobError::Abandon(format!("payload: {error}")))?;
            let now = runner.environment.clock.now();
            let environment = &*runner.environment;
            let outcome = job.gather(environment, &runner.store, &runner.outside).await;
            let mut tx = runner.store.write().await?;
            match outcome {
                Ok(gathered) => {
                    let events = job.apply(&gathered, &mut tx, environment, now).await?;
                    tx.execute("DELETE FROM job WHERE job_id = $1", bind![claimed.id])
                        .await?;
                    conclude(tx, environment, &events).await?;
                    Ok(())
                }
                Err(JobError::Retry(reason)) if now.since(claimed.created_at) < J::PATIENCE => {
                    Err(JobError::Retry(reason))
                }
                Err(JobError::Retry(reason) | JobError::Abandon(reason)) => {
                    let events = job.abandon(&reason, &mut tx, environment, now).await?;
                    claimed.park(&mut tx, &reason).await?;
                    conclude(tx, environment, &events).await?;
                    Err(JobError::Abandon(reason))
                }
                Err(JobError::Store(error)) => Err(error.into()),
            }
        })
    }
}

/// Commits what a job did together with its events.
async fn conclude(mut tx: WriteTx, environment: &Environment, events: &[Event]) -> Result<(), StoreError> {
    for event in events {
        event.insert(&mut tx).await?;
    }
    tx.commit().await?;
    for event in events {
        environment.after_commit(event);
    }
    Ok(())
}

/// A job that this node has leased.
pub struct Claimed {
    id: String,
    kind: String,
    payload: String,
    attempts: i64,
    created_at: Timestamp,
}

impl FromRow for Claimed {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            payload: row.get(2)?,
            attempts: row.get(3)?,
            created_at: row.get(4)?,
        })
    }
}

impl Claimed {
    async fn park(&self, tx: &mut WriteTx, reason: &str) -> Result<(), StoreError> {
        tx.execute(
            "UPDATE job SET parked = TRUE, last_error = $1 WHERE job_id = $2",
            bind![reason, self.id],
        )
        .await?;
        Ok(())
    }

    fn pause(&self) -> Duration {
        let doublings = u32::try_from(self.attempts.clamp(1, 16) - 1).unwrap_or(0);
        (FIRST_PAUSE * 2u32.pow(doublings)).min(LONGEST_PAUSE)
    }
}

/// Does what is due, on this node.
pub struct JobRunner {
    store: Store,
    environment: Arc<Environment>,
    outside: Outside,
    kinds: HashMap<&'static str, &'static dyn AnyJob>,
}

impl JobRunner {
    pub fn new(
        store: Store,
        environment: Arc<Environment>,
        outside: Outside,
        kinds: &[&'static dyn AnyJob],
    ) -> Self {
        Self {
            store,
            environment,
            outside,
            kinds: kinds.iter().map(|job| (job.kind(), *job)).collect(),
        }
    }

    /// Works until the task is dropped.
    pub async fn run(self: Arc<Self>) {
        let permits = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            match self.claim().await {
                Ok(Some(claimed)) => {
                    let runner = Arc::clone(&self);
                    tokio::spawn(async move {
                        runner.work(&claimed).await;
                        drop(permit);
                    });
                }
                Ok(None) => {
                    drop(permit);
                    let _ =
                        tokio::time::timeout(self.next_look().await, self.environment.jobs.notified()).await;
                }
                Err(error) => {
                    drop(permit);
                    tracing::error!(%error, "the job queue cannot be read");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// Does everything that is due, one after the other, and says how many jobs that were.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        while let Some(claimed) = self.claim().await? {
            self.work(&claimed).await;
            done += 1;
        }
        Ok(done)
    }

    /// Until the next job is due, but not longer than a poll.
    async fn next_look(&self) -> Duration {
        let due = async {
            let mut tx = self.store.read().await?;
            tx.fetch_optional::<(Timestamp,)>(
                "SELECT due_at FROM job WHERE parked = FALSE ORDER BY due_at LIMIT 1",
                bind![],
            )
            .await
        };
        match due.await {
            Ok(Some((due,))) => due
                .since(self.environment.clock.now())
                .clamp(Duration::from_millis(50), POLL),
            _ => POLL,
        }
    }

    async fn claim(&self) -> Result<Option<Claimed>, StoreError> {
        let now = self.environment.clock.now();
        // Look before writing: an idle queue must not cost a flush each time.
        let mut tx = self.store.read().await?;
        let waiting: Option<(String,)> = tx
            .fetch_optional(
                "SELECT job_id FROM job WHERE parked = FALSE AND due_at <= $1 AND leased_until <= $2
                  ORDER BY due_at LIMIT 1",
                bind![now, now],
            )
            .await?;
        drop(tx);
        if waiting.is_none() {
            return Ok(None);
        }
        match self.lease(now).await {
            // Another node took it.
            Err(StoreError::Contention) => Ok(None),
            outcome => outcome,
        }
    }

    async fn lease(&self, now: Timestamp) -> Result<Option<Claimed>, StoreError> {
        let mut tx = self.store.write().await?;
        let claimed = tx
            .fetch_optional(
                "UPDATE job SET leased_until = $1, attempts = attempts + 1
                  WHERE job_id = (SELECT job_id FROM job
                                   WHERE parked = FALSE AND due_at <= $2 AND leased_until <= $3
                                   ORDER BY due_at LIMIT 1)
                  RETURNING job_id, kind, payload, attempts, created_at",
                bind![now + LEASE, now, now],
            )
            .await?;
        tx.commit().await?;
        Ok(claimed)
    }

    async fn work(&self, claimed: &Claimed) {
        let Some(kind) = self.kinds.get(claimed.kind.as_str()) else {
            tracing::error!(
                kind = claimed.kind,
                "no such kind of job: was it queued by a newer release?"
            );
            return;
        };
        match kind.run(self, claimed).await {
            Ok(()) => tracing::debug!(kind = claimed.kind, job = claimed.id, "job done"),
            Err(JobError::Abandon(reason)) => {
                tracing::warn!(kind = claimed.kind, job = claimed.id, reason, "job given up");
            }
            // Said when it is durable: whoever reads it may rely on it, even if the process ends just then.
            Err(error) => match self.postpone(claimed, &error.to_string()).await {
                Ok(()) => {
                    tracing::info!(kind = claimed.kind, job = claimed.id, %error, "job will be tried again");
                }
                Err(lost) => {
                    tracing::error!(%error, %lost, "a job could not be postponed; its lease will run out");
                }
            },
        }
    }

    async fn postpone(&self, claimed: &Claimed, reason: &str) -> Result<(), StoreError> {
        let due = self.environment.clock.now() + claimed.pause();
        let mut tx = self.store.write().await?;
        tx.execute(
            "UPDATE job SET due_at = $1, leased_until = 0, last_error = $2 WHERE job_id = $3",
            bind![due, reason, claimed.id],
        )
        .await?;
        tx.commit().await
    }
}
