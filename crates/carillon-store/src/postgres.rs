//! PostgreSQL: a pool, serializable writes, and appended statements in groups.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::gather::{Gather, Gathered, Gathering, Statement, Waiting, answered, lock, repeated};
use crate::row::Source;
use crate::{Row, StoreError, Value};

/// Connections of one node.
const CONNECTIONS: usize = 16;
/// How long a request waits for one of them, and for a new one to be made.
const PATIENCE: Duration = Duration::from_secs(5);
/// Appended statements that may wait; beyond it, requests wait to append.
const APPENDS: usize = 4096;
/// Appended statements in one commit.
const GROUP: usize = 512;

#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    appends: mpsc::Sender<Wanted>,
    gathering: Arc<Mutex<Gathering>>,
}

/// What the appending task is told.
enum Wanted {
    Statement(Statement, Waiting),
    /// Something is in [`Gathering`].
    Gathered,
}

struct Append {
    statements: Vec<Statement>,
    done: Vec<Waiting>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

impl Postgres {
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let mut config: tokio_postgres::Config =
            url.parse()
                .map_err(|cause: tokio_postgres::Error| StoreError::Address {
                    url: without_password(url),
                    reason: cause.to_string(),
                })?;
        config.connect_timeout(PATIENCE).application_name("carillon");
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| StoreError::Database(cause.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let manager = Manager::from_config(
            config,
            MakeRustlsConnect::new(tls),
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|cause| StoreError::Database(cause.into()))?;
        require_code_point_order(&pool, url).await?;

        let (appends, queue) = mpsc::channel(APPENDS);
        let gathering = Arc::default();
        tokio::spawn(append_groups(pool.clone(), queue, Arc::clone(&gathering)));
        Ok(Self {
            pool,
            appends,
            gathering,
        })
    }

    pub(crate) async fn begin(&self, mode: Mode) -> Result<Transaction, StoreError> {
        let client = connection(&self.pool).await?;
        let transaction = Transaction { client: Some(client) };
        let begin = match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        };
        transaction.client().batch_execute(begin).await.map_err(error)?;
        Ok(transaction)
    }

    pub(crate) async fn append(&self, statement: Statement) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.appends
            .send(Wanted::Statement(statement, done))
            .await
            .map_err(|_| StoreError::Database("the appending task has ended".into()))?;
        answered(answer).await
    }

    pub(crate) async fn gather<G: Gather>(&self, add: impl FnOnce(&mut G) + Send) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        if lock(&self.gathering).add(add, done) {
            // When the queue is full, the task looks again anyway.
            let _ = self.appends.try_send(Wanted::Gathered);
        }
        answered(answer).await
    }
}

async fn connection(pool: &Pool) -> Result<Object, StoreError> {
    pool.get()
        .await
        .map_err(|cause| StoreError::Database(cause.into()))
}

/// Pages go by text keys, and both engines must order them alike.
async fn require_code_point_order(pool: &Pool, url: &str) -> Result<(), StoreError> {
    let client = connection(pool).await?;
    let row = client
        .query_one(
            "SELECT datcollate, datname, 'a' < 'B' FROM pg_database WHERE datname = current_database()",
            &[],
        )
        .await
        .map_err(error)?;
    let (collation, name): (String, String) = (row.get(0), row.get(1));
    // The name is that of the C library; a database may sort by ICU all the same, and then only the order shows it.
    let is_of_a_language: bool = row.get(2);
    if !is_of_a_language && matches!(collation.as_str(), "C" | "C.UTF-8" | "C.utf8" | "POSIX") {
        return Ok(());
    }
    let collation = if is_of_a_language {
        "the rules of a language"
    } else {
        &collation
    };
    Err(StoreError::Address {
        url: without_password(url),
        reason: format!(
            "database {name} sorts text by {collation}, and Carillon needs code point order; make one with: \
             CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER libc LC_COLLATE 'C.UTF-8' \
             LC_CTYPE 'C.UTF-8'"
        ),
    })
}

/// Commits what was appended, as much at a time as there is, until the last handle of the store is gone.
async fn append_groups(pool: Pool, mut queue: mpsc::Receiver<Wanted>, gathering: Arc<Mutex<Gathering>>) {
    let mut wanted = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut wanted, GROUP).await > 0 {
        let taken = lock(&gathering).take();
        let gathered = taken.close().into_iter();
        let group: Vec<Append> = wanted
            .drain(..)
            .filter_map(|wanted| match wanted {
                Wanted::Statement(statement, done) => Some(Append {
                    statements: vec![statement],
                    done: vec![done],
                }),
                Wanted::Gathered => None,
            })
            .chain(gathered.map(|Gathered { statements, waiting }| Append {
                statements,
                done: waiting,
            }))
            .collect();
        // One bad statement would undo its whole group, so a group that fails is run again one by one.
        let committed = commit_group(&pool, &group).await.is_ok();
        for append in group {
            let outcome = if committed {
                Ok(())
            } else {
                commit_group(&pool, std::slice::from_ref(&append)).await
            };
            for done in append.done {
                let _ = done.send(repeated(&outcome));
            }
        }
    }
}

async fn commit_group(pool: &Pool, group: &[Append]) -> Result<(), StoreError> {
    if group.is_empty() {
        return Ok(());
    }
    let client = connection(pool).await?;
    let mut transaction = Transaction { client: Some(client) };
    transaction.client().batch_execute("BEGIN").await.map_err(error)?;
    for Statement { sql, values } in group.iter().flat_map(|append| &append.statements) {
        transaction.execute(sql, values).await?;
    }
    transaction.commit().await
}

pub(crate) struct Transaction {
    client: Option<Object>,
}

impl Transaction {
    fn client(&self) -> &Object {
        self.client
            .as_ref()
            .expect("only taken when committed or dropped")
    }

    pub(crate) async fn each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let statement = self.client().prepare_cached(sql).await.map_err(error)?;
        let bound: Vec<Bound<'_>> = values.iter().map(Bound).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|bound| bound as _).collect();
        for row in self
            .client()
            .query(&statement, &parameters)
            .await
            .map_err(error)?
        {
            visit(&Row(Source::Postgres(&row)))?;
        }
        Ok(())
    }

    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let statement = self.client().prepare_cached(sql).await.map_err(error)?;
        let bound: Vec<Bound<'_>> = values.iter().map(Bound).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|bound| bound as _).collect();
        self.client()
            .execute(&statement, &parameters)
            .await
            .map_err(error)
    }

    pub(crate) async fn execute_script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.client().batch_execute(sql).await.map_err(error)
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let Some(client) = self.client.take() else {
            return Ok(());
        };
        client.batch_execute("COMMIT").await.map_err(error)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if client.batch_execute("ROLLBACK").await.is_err() {
                        // In an unknown state: close it instead of lending it to the next request.
                        drop(Object::take(client));
                    }
                });
            }
            Err(_) => drop(Object::take(client)),
        }
    }
}

#[derive(Debug)]
struct Bound<'a>(&'a Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Text(text) => text.as_ref().to_sql(ty, out),
            Value::Number(number) => match *ty {
                Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
                _ => number.to_sql(ty, out),
            },
            Value::Boolean(boolean) => boolean.to_sql(ty, out),
            Value::Bytes(bytes) => bytes.as_ref().to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// The address as it may be shown: without the password, wherever it stands, and without options that nobody knows
/// the meaning of.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        let may_hold_one = url.contains(['@', '=']);
        return if may_hold_one { "..." } else { url }.to_owned();
    };
    let (base, query) = match rest.split_once('?') {
        // A password may have been written with a question mark in it, and then nothing is where it seems.
        Some((_, query)) if query.contains('@') => return format!("{scheme}://..."),
        Some((base, query)) => (base, Some(query)),
        None => (rest, None),
    };
    let base = match base.rsplit_once('@') {
        Some((credentials, place)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{user}@{place}")
        }
        None => base.to_owned(),
    };
    let is_shown = |option: &&str| {
        let name = option.split('=').next().unwrap_or_default();
        // A name with an escape in it may be anything.
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_plain && !name.contains("password")
    };
    let options: Vec<&str> = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(is_shown)
        .collect();
    if options.is_empty() {
        format!("{scheme}://{base}")
    } else {
        format!("{scheme}://{base}?{}", options.join("&"))
    }
}

pub(crate) fn error(error: tokio_postgres::Error) -> StoreError {
    match error.code() {
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
            StoreError::Contention
        }
        Some(&SqlState::UNIQUE_VIOLATION) => StoreError::Duplicate,
        _ => StoreError::Database(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(
            without_password("postgres://carillon:s3cret@db:5432/c"),
            "postgres://carillon@db:5432/c"
        );
        assert_eq!(without_password("postgres://db/c"), "postgres://db/c");
        for (url, shown) in [
            (
                "postgres://u@db/c?sslmode=require&password=s3cret&host=x",
                "postgres://u@db/c?sslmode=require&host=x",
            ),
            ("postgres://db/c?p%61ssword=s3cret", "postgres://db/c"),
            ("postgres://db/c?PASSWORD=s3cret", "postgres://db/c"),
            ("postgres://db/c?sslpassword=s3cret", "postgres://db/c"),
            ("postgres://u:s3cret/@db/c", "postgres://u@db/c"),
            ("postgres://u:s3@cret@db/c", "postgres://u@db/c"),
            ("postgres://u:s3?cret@db/c", "postgres://..."),
            ("postgres://db/c?password=s3@cret", "postgres://..."),
            ("host=db password=s3cret", "..."),
            ("carillon.db", "carillon.db"),
        ] {
            assert_eq!(without_password(url), shown, "{url}");
        }
    }
}
