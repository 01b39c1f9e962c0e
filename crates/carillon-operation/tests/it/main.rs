//! Jobs: work that follows a commit.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use carillon_aws::time::{TestClock, TestEntropy, Timestamp};
use carillon_operation::guard::Guard;
use carillon_operation::{
    BoxFuture, Environment, Event, Hashing, Job, JobError, JobRunner, Mail, MailError, MailRelay, Outside,
    Registry, ServiceEvent, Settings, Vault, enqueue, job,
};
use carillon_store::{Store, StoreError, WriteTx, bind};
use serde::{Deserialize, Serialize};

/// Sends a mail and notes in the database what became of it.
#[derive(Serialize, Deserialize)]
struct Greet {
    to: String,
    once: bool,
}

impl Job for Greet {
    const KIND: &'static str = "greet";
    const PATIENCE: Duration = Duration::from_secs(60 * 60);
    type Gathered = String;

    fn unique_key(&self) -> Option<String> {
        self.once.then(|| self.to.clone())
    }

    async fn gather(&self, _: &Environment, _: &Store, outside: &Outside) -> Result<String, JobError> {
        let mail = Mail {
            to: self.to.clone(),
            reply_to: None,
            subject: "Hello".to_owned(),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
            message_id: "1@test".to_owned(),
        };
        match outside.mail.as_ref().unwrap().send(&mail).await {
            Ok(()) => Ok("sent".to_owned()),
            Err(MailError::Refused(reason)) => Err(JobError::Abandon(reason)),
            Err(MailError::Later(reason)) => Err(JobError::Retry(reason)),
        }
    }

    async fn apply(
        &self,
        gathered: &String,
        tx: &mut WriteTx,
        _: &Environment,
        _: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        note(tx, &self.to, gathered).await?;
        Ok(Vec::new())
    }

    async fn abandon(
        &self,
        reason: &str,
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        note(tx, &self.to, reason).await?;
        let event = ServiceEvent {
            aws_account_id: "123456789012".parse().unwrap(),
            at: now,
            source: "test.amazonaws.com",
            name: "GiveUp",
            source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
            user_agent: None,
            details: serde_json::json!({}),
            error: None,
            resource: None,
        };
        Ok(vec![event.event(&*environment.entropy)])
    }
}

async fn note(tx: &mut WriteTx, to: &str, what: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO deployment (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = deployment.value || ',' || excluded.value",
        bind![to, what],
    )
    .await?;
    Ok(())
}

/// Answers as it is told, the last answer for good.
struct Relay(Mutex<Vec<Result<(), MailError>>>);

impl MailRelay for Relay {
    fn send<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            match &answers[0] {
                Ok(()) => Ok(()),
                Err(MailError::Refused(reason)) => Err(MailError::Refused(reason.clone())),
                Err(MailError::Later(reason)) => Err(MailError::Later(reason.clone())),
            }
        };
        Box::pin(async move { answer })
    }
}

struct World {
    store: Store,
    clock: Arc<TestClock>,
    environment: Arc<Environment>,
    runner: JobRunner,
    _folder: tempfile::TempDir,
}

impl World {
    async fn whose_relay_answers(answers: Vec<Result<(), MailError>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("carillon.db").display()))
            .await
            .unwrap();
        let clock = Arc::new(TestClock::at(Timestamp::from_seconds(1_800_000_000)));
        let environment = Arc::new(Environment {
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(TestEntropy::seeded(1)),
            registry: Registry::new(&[]),
            vault: Vault::new(&[1; 32]),
            settings: Settings {
                public_url: "http://localhost".to_owned(),
                mail: true,
                support_address: None,
                ..Settings::default()
            },
            jobs: tokio::sync::Notify::new(),
            audit_log: None,
            hashing: Hashing::new(1),
            guard: Guard::default(),
        });
        let outside = Outside {
            mail: Some(Arc::new(Relay(Mutex::new(answers)))),
            ..Outside::default()
        };
        let runner = JobRunner::new(
            store.clone(),
            Arc::clone(&environment),
            outside,
            &[job::<Greet>()],
        );
        Self {
            store,
            clock,
            environment,
            runner,
            _folder: folder,
        }
    }

    async fn queue(&self, to: &str, once: bool, in_seconds: u64) {
        let now = carillon_aws::time::Clock::now(&*self.clock);
        let mut tx = self.store.write().await.unwrap();
        let greet = Greet {
            to: to.to_owned(),
            once,
        };
        enqueue(
            &mut tx,
            &*self.environment.entropy,
            &greet,
            now,
            now + Duration::from_secs(in_seconds),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    async fn run_after(&self, seconds: u64) -> usize {
        self.clock.advance(Duration::from_secs(seconds));
        self.runner.run_due().await.unwrap()
    }

    async fn noted(&self, to: &str) -> Option<String> {
        let mut tx = self.store.read().await.unwrap();
        tx.fetch_optional::<(String,)>("SELECT value FROM deployment WHERE name = $1", bind![to])
            .await
            .unwrap()
            .map(|(value,)| value)
    }

    async fn waiting(&self) -> i64 {
        let mut tx = self.store.read().await.unwrap();
        tx.fetch_number("SELECT COUNT(*) FROM job WHERE parked = FALSE", bind![])
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_job_is_done_once_when_it_is_due() {
    let world = World::whose_relay_answers(vec![Ok(())]).await;
    world.queue("ann", false, 10).await;

    assert_eq!(world.run_after(9).await, 0);
    assert_eq!(world.noted("ann").await, None);
    assert_eq!(world.run_after(1).await, 1);
    assert_eq!(world.run_after(100_000).await, 0);
    assert_eq!(world.noted("ann").await.as_deref(), Some("sent"));
}

#[tokio::test]
async fn a_transaction_that_never_was_queues_nothing() {
    let world = World::whose_relay_answers(vec![Ok(())]).await;
    let now = carillon_aws::time::Clock::now(&*world.clock);
    let mut tx = world.store.write().await.unwrap();
    let greet = Greet {
        to: "ann".to_owned(),
        once: false,
    };
    enqueue(&mut tx, &*world.environment.entropy, &greet, now, now)
        .await
        .unwrap();
    drop(tx);

    assert_eq!(world.run_after(1).await, 0);
}

#[tokio::test]
async fn jobs_with_the_same_key_are_one() {
    let world = World::whose_relay_answers(vec![Ok(())]).await;
    world.queue("ann", true, 100).await;
    world.queue("ann", true, 10).await;
    world.queue("ann", true, 1000).await;

    assert_eq!(world.run_after(10).await, 1, "the earliest time counts");
    assert_eq!(world.run_after(2000).await, 0);
}

#[tokio::test]
async fn what_may_work_later_is_tried_again_after_growing_pauses() {
    let later = || Err(MailError::Later("451 busy".to_owned()));
    let world = World::whose_relay_answers(vec![later(), later(), Ok(())]).await;
    world.queue("ann", false, 0).await;

    assert_eq!(world.run_after(0).await, 1);
    assert_eq!(world.run_after(1).await, 0, "the first pause is two seconds");
    assert_eq!(world.run_after(1).await, 1);
    assert_eq!(world.run_after(3).await, 0, "the second is four");
    assert_eq!(world.run_after(1).await, 1);
    assert_eq!(world.noted("ann").await.as_deref(), Some("sent"));
    assert_eq!(world.waiting().await, 0);
}

#[tokio::test]
async fn patience_ends() {
    let world = World::whose_relay_answers(vec![Err(MailError::Later("451 busy".to_owned()))]).await;
    world.queue("ann", false, 0).await;
    for _ in 0..20 {
        world.run_after(30 * 60).await;
    }
    assert_eq!(world.noted("ann").await.as_deref(), Some("451 busy"));
    assert_eq!(world.waiting().await, 0);
    let mut tx = world.store.read().await.unwrap();
    let events = tx
        .fetch_number(
            "SELECT COUNT(*) FROM audit_event WHERE event_name = 'GiveUp'",
            bind![],
        )
        .await
        .unwrap();
    assert_eq!(events, 1, "what a job did is in the trail");
}

#[tokio::test]
async fn what_will_never_work_is_given_up_and_told() {
    let world = World::whose_relay_answers(vec![Err(MailError::Refused("550 nobody".to_owned()))]).await;
    world.queue("ann", false, 0).await;

    assert_eq!(world.run_after(0).await, 1);
    assert_eq!(world.run_after(100_000).await, 0);
    assert_eq!(world.noted("ann").await.as_deref(), Some("550 nobody"));
}

#[tokio::test]
async fn a_job_lost_with_its_node_is_done_by_another() {
    let world = World::whose_relay_answers(vec![Ok(())]).await;
    world.queue("ann", false, 0).await;
    // What a node does first, and then it is gone.
    let now = carillon_aws::time::Clock::now(&*world.clock);
    let mut tx = world.store.write().await.unwrap();
    tx.execute(
        "UPDATE job SET leased_until = $1",
        bind![now + Duration::from_secs(120)],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();

    assert_eq!(world.run_after(119).await, 0, "the lease still holds");
    assert_eq!(world.run_after(1).await, 1);
    assert_eq!(world.noted("ann").await.as_deref(), Some("sent"));
}

#[tokio::test]
async fn what_was_given_up_begins_anew_when_it_is_queued_again() {
    let later = || Err(MailError::Later("451 busy".to_owned()));
    let world = World::whose_relay_answers(vec![later(), later(), later(), Ok(())]).await;
    world.queue("ann", true, 0).await;
    world.run_after(30 * 60).await;
    world.run_after(30 * 60).await;
    assert_eq!(world.noted("ann").await.as_deref(), Some("451 busy"));

    world.queue("ann", true, 0).await;
    assert_eq!(world.run_after(0).await, 1);
    assert_eq!(world.waiting().await, 1, "it has all of its patience");
    assert_eq!(world.run_after(2).await, 1, "and the first pause");
    assert_eq!(world.noted("ann").await.as_deref(), Some("451 busy,sent"));
}
