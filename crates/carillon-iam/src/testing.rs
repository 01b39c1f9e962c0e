//! A whole server in the process, for tests: a fresh database, a clock that stands still, randomness that
//! repeats, one AWS account, and clients that sign what they send.
//!
//! Nothing listens on a socket; a request goes from the client through the pipeline and back.
//!
//! ```
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! use carillon_iam::testing::TestServer;
//!
//! let server = TestServer::start(&[&carillon_iam::IAM]).await;
//! let answer = server.as_root().query("iam", "CreateUser", &[("UserName", "ada")]).await;
//! assert_eq!(answer.ok()["User"]["UserName"], "ada");
//!
//! let ada = server.as_user("grace", &["AmazonChimeReadOnly"]).await;
//! let refused = ada.query("iam", "CreateUser", &[("UserName", "mary")]).await;
//! assert_eq!(refused.code(), "AccessDenied");
//! # });
//! ```

mod client;
mod xml;

pub use client::{Answer, TestClient};

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use carillon_aws::arn;
use carillon_aws::id::{AccessKeyKind, AwsAccountId, IdPrefix, access_key_id, secret_access_key, unique_id};
use carillon_aws::secret::Secret;
use carillon_aws::time::{Clock, TestClock, TestEntropy, Timestamp};
use carillon_operation::guard::Guard;
use carillon_operation::{
    AnyJob, Environment, Hashing, JobRunner, Outside, Pipeline, Registry, Service, Settings, Vault,
};
use carillon_store::{Store, bind};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};

use crate::IamIdentities;
use crate::account::{self, CreatedAwsAccount, NewAccessKey, NewAwsAccount};

/// The AWS account that every test server has.
pub const ACCOUNT: &str = "123456789012";
/// When a test server starts.
pub const START: &str = "2026-03-01T12:00:00Z";
/// The events that [`TestServer::last_event`] can still find.
const EVENTS: usize = 10_000;

/// A fresh database.
pub struct Engine {
    /// `sqlite` or `postgres`.
    pub name: &'static str,
    url: String,
    _folder: Option<TempDir>,
}

impl Engine {
    /// A new SQLite database in a folder of its own, which goes with it.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self {
            name: "sqlite",
            url: format!("sqlite:{}", folder.path().join("carillon.db").display()),
            _folder: Some(folder),
        }
    }

    async fn postgres(server: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("carillon_test_{}_{number}", std::process::id());
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
            .await
            .expect("CARILLON_TEST_POSTGRES names a server that answers");
        tokio::spawn(connection);
        // A process with this number may have been here before.
        for statement in [
            format!("DROP DATABASE IF EXISTS {name}"),
            format!("CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"),
        ] {
            client
                .batch_execute(&statement)
                .await
                .expect("databases can be made there");
        }
        let (base, _) = server
            .rsplit_once('/')
            .expect("the address ends with the name of a database");
        Self {
            name: "postgres",
            url: format!("{base}/{name}"),
            _folder: None,
        }
    }
}

/// A fresh database of each engine: SQLite always, PostgreSQL where `CARILLON_TEST_POSTGRES` names a server
/// on which databases can be made.
///
/// # Panics
///
/// When `CARILLON_TEST_REQUIRE_POSTGRES` is set and there is no such server.
pub async fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine::sqlite()];
    match std::env::var("CARILLON_TEST_POSTGRES") {
        Ok(server) => engines.push(Engine::postgres(&server).await),
        Err(_) => assert!(
            std::env::var_os("CARILLON_TEST_REQUIRE_POSTGRES").is_none(),
            "PostgreSQL is required here and CARILLON_TEST_POSTGRES does not name one"
        ),
    }
    engines
}

/// A server with one AWS account, [`ACCOUNT`].
pub struct TestServer {
    pipeline: Pipeline,
    clock: Arc<TestClock>,
    root: CreatedAwsAccount,
    /// The trail, in the order of its events.
    events: Mutex<mpsc::Receiver<String>>,
    last_event: Mutex<Value>,
    engine: Engine,
}

impl TestServer {
    /// A server of these services on a fresh SQLite database.
    pub async fn start(services: &[&'static Service]) -> Self {
        Self::start_on(Engine::sqlite(), services).await
    }

    /// A server of these services on a fresh database of that engine; see [`engines`].
    pub async fn start_on(engine: Engine, services: &[&'static Service]) -> Self {
        Self::start_with(engine, services, Self::settings()).await
    }

    /// What the operator of a server in tests configured.
    pub fn settings() -> Settings {
        Settings {
            public_url: "https://chime.example.com".to_owned(),
            mail: true,
            support_address: Some("support@operator.example".to_owned()),
            ..Settings::default()
        }
    }

    /// The same, configured in another way.
    pub async fn start_with(engine: Engine, services: &[&'static Service], settings: Settings) -> Self {
        let store = Store::open(&engine.url).await.expect("the database opens");
        let start: Timestamp = START.parse().expect("a time");
        let clock = Arc::new(TestClock::at(start));
        let (audit_log, events) = mpsc::channel(EVENTS);
        let environment = Arc::new(Environment {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(TestEntropy::seeded(1)),
            registry: Registry::new(services),
            vault: Vault::new(&[7; 32]),
            settings,
            jobs: Notify::new(),
            audit_log: Some(audit_log),
            hashing: Hashing::new(4),
            guard: Guard::default(),
        });
        let new = NewAwsAccount {
            aws_account_id: ACCOUNT.parse().ok(),
            name: "Test".to_owned(),
            email: "root@example.com".to_owned(),
            ..NewAwsAccount::default()
        };
        let root = create_account(&store, &environment, new).await;
        Self {
            pipeline: Pipeline::new(
                store.clone(),
                Arc::new(IamIdentities::new(store, Arc::clone(&environment))),
                environment,
            ),
            clock,
            root,
            events: Mutex::new(events),
            last_event: Mutex::new(Value::Null),
            engine,
        }
    }

    /// Lets proofs of identity be checked with those who made them.
    #[must_use]
    pub fn with_outside(self, outside: Outside) -> Self {
        Self {
            pipeline: self.pipeline.with_outside(outside),
            ..self
        }
    }

    /// Somebody who signs nothing.
    pub fn as_nobody(&self) -> TestClient<'_> {
        self.as_key("", "")
    }

    /// The root user of the AWS account.
    pub fn as_root(&self) -> TestClient<'_> {
        self.client(&self.root.root_access_key_id, &self.root.root_secret_access_key)
    }

    /// The root user of another, new AWS account.
    pub async fn as_root_of_another_account(&self) -> TestClient<'_> {
        let created = create_account(self.store(), self.environment(), NewAwsAccount::default()).await;
        self.client(&created.root_access_key_id, &created.root_secret_access_key)
    }

    /// A new IAM user with these policies: the text of a document (`{…`), an ARN, or the name of an AWS
    /// managed policy.
    ///
    /// The user is written into the database past the services, so that a server without IAM can have users.
    pub async fn as_user(&self, name: &str, policies: &[&str]) -> TestClient<'_> {
        let (environment, account) = (self.environment(), self.root.aws_account_id);
        let (entropy, now) = (&*environment.entropy, self.clock.now());
        let (id, key) = (
            unique_id(IdPrefix::User, entropy),
            access_key_id(AccessKeyKind::LongTerm, account, entropy),
        );
        let secret = secret_access_key(entropy);
        let mut tx = self.store().write().await.expect("a transaction");
        tx.execute(
            "INSERT INTO iam_user (user_id, aws_account_id, user_name, name_key, path, created_at)
             VALUES ($1, $2, $3, $4, '/', $5)",
            bind![id, account, name, name.to_lowercase(), now],
        )
        .await
        .expect("a user that does not exist yet");
        for (number, policy) in policies.iter().enumerate() {
            if policy.starts_with('{') {
                tx.execute(
                    "INSERT INTO iam_inline_policy (entity_id, policy_name, document) VALUES ($1, $2, $3)",
                    bind![id, format!("policy-{}", number + 1), policy],
                )
                .await
                .expect("a new policy");
                continue;
            }
            let known = environment.registry.aws_managed_policies();
            let arn = match known.iter().find(|known| known.name == *policy) {
                Some(known) => known.arn.clone(),
                None if policy.starts_with("arn:") => (*policy).to_owned(),
                // Of a service that this server has not: it allows nothing.
                None => arn::aws_managed_policy("/", policy),
            };
            tx.execute(
                "INSERT INTO iam_attachment (entity_id, policy_arn, entity_kind, aws_account_id, created_at)
                 VALUES ($1, $2, 'user', $3, $4)",
                bind![id, arn, account, now],
            )
            .await
            .expect("a new attachment");
        }
        let new = NewAccessKey {
            access_key_id: &key,
            secret_access_key: &secret,
            aws_account_id: account,
            user_id: &id,
        };
        account::insert_access_key(&mut tx, environment, &new, now)
            .await
            .expect("a new key");
        account::raise_revision(&mut tx, account, now)
            .await
            .expect("a revision");
        tx.commit().await.expect("a commit");
        self.client(&key, &secret)
    }

    /// Whoever has this long-term key.
    pub fn as_key(&self, access_key_id: &str, secret_access_key: &str) -> TestClient<'_> {
        self.client(access_key_id, &Secret::new(secret_access_key.to_owned()))
    }

    /// Whoever has these temporary credentials.
    pub fn as_session(
        &self,
        access_key_id: &str,
        secret_access_key: &str,
        session_token: &str,
    ) -> TestClient<'_> {
        let mut client = self.as_key(access_key_id, secret_access_key);
        client.session_token = Some(session_token.to_owned());
        client
    }

    fn client(&self, access_key_id: &str, secret_access_key: &Secret<String>) -> TestClient<'_> {
        TestClient {
            server: self,
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.clone(),
            session_token: None,
        }
    }

    /// What the root user signs in with.
    pub fn root_password(&self) -> &Secret<String> {
        &self.root.root_password
    }

    pub fn account_id(&self) -> AwsAccountId {
        self.root.aws_account_id
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        self.engine.name
    }

    /// The clock, which stands still until it is moved: `server.clock().advance(…)`.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    pub fn store(&self) -> &Store {
        &self.pipeline.store
    }

    pub fn environment(&self) -> &Arc<Environment> {
        &self.pipeline.environment
    }

    /// Does all jobs of these kinds that are due, and says how many that were.
    pub async fn run_due_jobs(&self, kinds: &[&'static dyn AnyJob], outside: Outside) -> usize {
        JobRunner::new(
            self.store().clone(),
            Arc::clone(self.environment()),
            outside,
            kinds,
        )
        .run_due()
        .await
        .expect("the queue can be read")
    }

    /// The newest record of the audit trail, or null before the first request.
    pub fn last_event(&self) -> Value {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = self.last_event.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(record) = events.try_recv() {
            *last = serde_json::from_str(&record).expect("a record is JSON");
        }
        last.clone()
    }
}

async fn create_account(store: &Store, environment: &Environment, new: NewAwsAccount) -> CreatedAwsAccount {
    let mut tx = store.write().await.expect("a transaction");
    let created = account::create(&mut tx, environment, new, environment.clock.now())
        .await
        .expect("a new account");
    tx.commit().await.expect("a commit");
    created
}

#[cfg(test)]
mod tests {
    use carillon_operation::{BoxFuture, Credentials, Identities, Unidentified};
    use carillon_store::{ReadTx, StoreError};

    use super::*;
    use crate::{IAM, STS};

    /// Knows everybody as they were, whatever happens.
    struct Stale(Arc<Credentials>);

    impl Identities for Stale {
        fn credentials<'a>(
            &'a self,
            _: &'a str,
            _: Option<&'a str>,
            _: Timestamp,
        ) -> BoxFuture<'a, Result<Arc<Credentials>, Unidentified>> {
            Box::pin(async { Ok(Arc::clone(&self.0)) })
        }

        fn reread<'a>(
            &'a self,
            _: &'a Credentials,
            _: &'a mut ReadTx,
        ) -> BoxFuture<'a, Result<Option<Arc<Credentials>>, StoreError>> {
            Box::pin(async { Ok(None) })
        }

        fn remember(&self, _: &Arc<Credentials>) {}

        fn forget(&self, _: &str) {}
    }

    async fn count_of_events(server: &TestServer) -> i64 {
        let mut tx = server.store().read().await.unwrap();
        tx.fetch_number("SELECT COUNT(*) FROM audit_event", &[])
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn strangers_do_not_fill_the_trail() {
        let server = TestServer::start(&[&IAM]).await;
        let stranger = server.as_key(&server.as_root().access_key_id, "guessed");
        for _ in 0..70 {
            let answer = stranger.iam("ListUsers", &[]).await;
            assert_eq!(answer.code(), "SignatureDoesNotMatch");
        }
        assert_eq!(count_of_events(&server).await, 60);
        server.as_root().iam("ListUsers", &[]).await.ok();
        assert_eq!(count_of_events(&server).await, 61);
        server.clock().advance(std::time::Duration::from_secs(60));
        stranger.iam("ListUsers", &[]).await;
        assert_eq!(count_of_events(&server).await, 62);
    }

    #[tokio::test]
    async fn what_is_too_large_is_not_in_the_trail() {
        let server = TestServer::start(&[&IAM]).await;
        let text = format!("{}{{", " ".repeat(120_000));
        let members = [("PolicyName", "p"), ("PolicyDocument", text.as_str())];
        let answer = server.as_root().iam("CreatePolicy", &members).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let event = server.last_event();
        assert_eq!(event["eventName"], "CreatePolicy");
        assert_eq!(event["requestParameters"]["omitted"], true);
        assert!(event["requestParameters"]["originalSize"].as_u64() > Some(120_000));
        assert!(event.to_string().len() < 3_000);

        let members = [("UserName", "x".repeat(60_000))];
        let members = members.each_ref().map(|(name, value)| (*name, value.as_str()));
        server.as_root().iam("CreateUser", &members).await;
        assert!(server.last_event().to_string().len() < 3_000);
    }

    #[tokio::test]
    async fn a_request_that_is_never_up_to_date_is_recorded() {
        let mut server = TestServer::start(&[&IAM]).await;
        let (key, now) = (server.as_root().access_key_id, server.clock().now());
        let root = server
            .pipeline
            .identities
            .credentials(&key, None, now)
            .await
            .unwrap();
        server.pipeline.identities = Arc::new(Stale(root));
        server.as_user("ada", &[]).await;

        let answer = server.as_root().iam("ListUsers", &[]).await;
        assert_eq!((answer.status, answer.code()), (503, "ServiceUnavailable"));
        let event = server.last_event();
        assert_eq!(event["eventName"], "ListUsers");
        assert_eq!(event["errorCode"], "ServiceUnavailable");
    }

    #[tokio::test]
    async fn a_server_answers_decides_and_records() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
            assert_eq!(server.last_event(), Value::Null);

            let me = server.as_root().query("sts", "GetCallerIdentity", &[]).await;
            assert_eq!(me.ok()["Arn"], format!("arn:aws:iam::{ACCOUNT}:root"));

            let ada = server
                .as_user(
                    "ada",
                    &[r#"{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#],
                )
                .await;
            let bob = ada.iam("CreateUser", &[("UserName", "bob")]).await;
            assert_eq!((bob.status, bob.code()), (200, ""));
            assert_eq!(bob.body["User"]["UserName"], "bob");
            assert_eq!(server.last_event()["eventName"], "CreateUser");

            let again = ada.iam("CreateUser", &[("UserName", "BOB")]).await;
            assert_eq!(
                again.refusal(),
                (409, "EntityAlreadyExists", "User with name BOB already exists.")
            );
            let nobody = server.as_user("nobody", &["AmazonChimeReadOnly"]).await;
            assert_eq!(
                nobody.iam("CreateUser", &[("UserName", "x")]).await.code(),
                "AccessDenied"
            );
            let stranger = server
                .as_key("AKIAIOSFODNN7EXAMPLE", "s")
                .iam("CreateUser", &[])
                .await;
            assert_eq!((stranger.status, stranger.code()), (403, "InvalidClientTokenId"));
        }
    }
}
