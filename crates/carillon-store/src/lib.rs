//! Carillon's memory: transactions, migrations and rows, over SQLite or PostgreSQL.
//!
//! This is the only crate that names a database. It offers two kinds of transaction and nothing else:
//! a [`ReadTx`] is a snapshot that can be read, a [`WriteTx`] is serializable and can also change rows.
//! A [`WriteTx`] dereferences to a [`ReadTx`], so a function that reads accepts both.
//!
//! One SQL text serves both engines. What keeps that true:
//!
//! * columns are `TEXT`, `BIGINT`, `BOOLEAN` or `BYTEA`; timestamps are `BIGINT` microseconds since the epoch;
//! * placeholders are `$1`, `$2` … and **first appear in ascending order** in the text;
//! * upserts are `ON CONFLICT`, written rows are read with `RETURNING`, pages use row values;
//! * a violated constraint ends the transaction on PostgreSQL, so look before inserting, or insert with
//!   `ON CONFLICT DO NOTHING` and look at the count.
//!
//! ```
//! # tokio_test(async {
//! use carillon_store::{Store, bind};
//!
//! let folder = tempfile::tempdir()?;
//! let store = Store::open(&format!("sqlite:{}", folder.path().join("carillon.db").display())).await?;
//! let mut tx = store.write().await?;
//! tx.execute("INSERT INTO deployment (name, value) VALUES ($1, $2)", bind!["colour", "green"]).await?;
//! tx.commit().await?;
//!
//! let mut tx = store.read().await?;
//! let colour: Option<(String,)> =
//!     tx.fetch_optional("SELECT value FROM deployment WHERE name = $1", bind!["colour"]).await?;
//! assert_eq!(colour, Some(("green".to_owned(),)));
//! # Ok(()) });
//! # fn tokio_test(f: impl Future<Output = Result<(), Box<dyn std::error::Error>>>) {
//! #     tokio::runtime::Runtime::new().unwrap().block_on(f).unwrap();
//! # }
//! ```

mod gather;
mod memo;
mod migrate;
mod postgres;
mod row;
mod sqlite;
mod value;

pub use gather::{Gather, Statement};
pub use migrate::{MIGRATIONS, Migration};
pub use row::{Column, FromRow, Row};
pub use value::{ToValue, Value};

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use memo::Memo;

/// Why the database did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique or primary key already holds this value.
    #[error("a row with this key exists")]
    Duplicate,
    /// The transaction lost a race. Nothing it did remains; running it again is safe.
    #[error("the transaction lost a race")]
    Contention,
    /// A stored value is not what the code expects. Somebody else wrote it.
    #[error("column {column}: expected {expected}, found `{found}`")]
    Corrupt {
        column: usize,
        expected: &'static str,
        found: String,
    },
    /// The schema was written by a newer release.
    #[error(
        "the database has schema version {found}, and this release knows versions up to {known}: start a \
         newer release, or restore the backup made before the upgrade"
    )]
    NewerSchema { found: i64, known: i64 },
    /// The address of the database cannot be used.
    #[error("database address `{url}`: {reason}")]
    Address { url: String, reason: String },
    /// Everything else: disk full, connection lost, a mistake in our SQL.
    #[error("database: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the database at `url` and brings its schema up to date.
    ///
    /// `sqlite:PATH` (created if absent) or `postgres://…`.
    ///
    /// # Errors
    ///
    /// [`StoreError::NewerSchema`] when a newer release wrote it, [`StoreError::Address`] when the address
    /// is not understood or the PostgreSQL database sorts text otherwise than by code point.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let engine = if let Some(path) = url.strip_prefix("sqlite:") {
            Engine::Sqlite(sqlite::Sqlite::open(path)?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Engine::Postgres(postgres::Postgres::open(url).await?)
        } else {
            return Err(StoreError::Address {
                url: postgres::without_password(url),
                reason: "must begin with sqlite: or postgres://".to_owned(),
            });
        };
        let store = Self { engine };
        migrate::run(&store).await?;
        if let Engine::Sqlite(sqlite) = &store.engine {
            sqlite.describe().await?;
        }
        Ok(store)
    }

    /// Begins a snapshot.
    pub async fn read(&self) -> Result<ReadTx, StoreError> {
        Ok(ReadTx {
            connection: match &self.engine {
                Engine::Sqlite(sqlite) => Connection::SqliteReader(sqlite.read().await?),
                Engine::Postgres(postgres) => {
                    Connection::Postgres(postgres.begin(postgres::Mode::Read).await?)
                }
            },
        })
    }

    /// Begins a serializable transaction that may write.
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        Ok(WriteTx(ReadTx {
            connection: match &self.engine {
                Engine::Sqlite(sqlite) => Connection::SqliteWriter(sqlite.write().await?),
                Engine::Postgres(postgres) => {
                    Connection::Postgres(postgres.begin(postgres::Mode::Write).await?)
                }
            },
        }))
    }

    /// Runs one statement that reads nothing, and returns when it is durable.
    ///
    /// Statements that wait at the same time are flushed together, which is what makes an audit event per
    /// read affordable. There is no order between them.
    pub async fn append(&self, sql: &'static str, values: Vec<Value<'static>>) -> Result<(), StoreError> {
        let statement = Statement { sql, values };
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.append(statement).await,
            Engine::Postgres(postgres) => postgres.append(statement).await,
        }
    }

    /// Adds something to what gathers until the next commit, and returns when it is durable.
    ///
    /// As [`Store::append`], for what is cheaper to write together than alone. `add` is run under a lock: it is quick.
    pub async fn gather<G: Gather>(&self, add: impl FnOnce(&mut G) + Send) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.gather(add).await,
            Engine::Postgres(postgres) => postgres.gather(add).await,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read()
            .await?
            .fetch_optional::<(i64,)>("SELECT version FROM schema_version", bind![])
            .await?;
        Ok(())
    }

    /// `sqlite` or `postgres`, for logs and metrics.
    pub fn engine(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }
}

/// A snapshot that can be read and cannot be changed. Dropping it ends it.
pub struct ReadTx {
    connection: Connection,
}

enum Connection {
    SqliteReader(sqlite::Reader),
    SqliteWriter(sqlite::Writer),
    Postgres(postgres::Transaction),
    Ended,
}

impl ReadTx {
    /// The first row, if there is one.
    pub async fn fetch_optional<T: FromRow>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.each(sql, values, |row| {
            if found.is_none() {
                found = Some(T::from_row(row)?);
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// As [`ReadTx::fetch_optional`], for what nearly every request reads: requests that share a snapshot read it once.
    pub async fn fetch_often<T: FromRow + Sync + 'static>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<Arc<T>>, StoreError> {
        if let Some(known) = self.memo().and_then(|memo| memo.get(sql, values)) {
            return Ok(known);
        }
        let row = self.fetch_optional(sql, values).await?.map(Arc::new);
        if let Some(memo) = self.memo() {
            memo.insert(sql, values, row.clone());
        }
        Ok(row)
    }

    /// What is known of the snapshot; nothing of one that may change, or that nobody shares.
    fn memo(&mut self) -> Option<&mut Memo> {
        match &mut self.connection {
            Connection::SqliteReader(reader) => Some(reader.memo()),
            Connection::SqliteWriter(_) | Connection::Postgres(_) | Connection::Ended => None,
        }
    }

    /// All rows. The statement has a `LIMIT`, or its table is bounded by a quota.
    pub async fn fetch_all<T: FromRow>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.each(sql, values, |row| {
            rows.push(T::from_row(row)?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    /// A single number, such as a count.
    pub async fn fetch_number(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<i64, StoreError> {
        Ok(self
            .fetch_optional::<(i64,)>(sql, values)
            .await?
            .map_or(0, |(number,)| number))
    }

    /// How many: what `SELECT COUNT(*) …` answers, as the kind of number that lengths and limits are.
    pub async fn fetch_count(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<usize, StoreError> {
        let count = self.fetch_number(sql, values).await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    async fn each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        visit: impl FnMut(&Row<'_>) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        match &mut self.connection {
            Connection::SqliteReader(reader) => sqlite::each(reader.connection(), sql, values, visit),
            Connection::SqliteWriter(writer) => sqlite::each(writer.connection()?, sql, values, visit),
            Connection::Postgres(transaction) => transaction.each(sql, values, visit).await,
            Connection::Ended => Err(ended()),
        }
    }

    /// Ends the snapshot, so that its connection serves others while what was read is thought about. Whoever reads
    /// afterwards gets an error; a writing transaction that is ended so is undone.
    pub fn end(&mut self) {
        self.connection = Connection::Ended;
    }
}

fn ended() -> StoreError {
    StoreError::Database("the transaction was ended before".into())
}

/// A serializable transaction that may write. Dropping it undoes everything it did.
pub struct WriteTx(ReadTx);

impl WriteTx {
    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match &mut self.0.connection {
            Connection::SqliteReader(_) => unreachable!("a writing transaction never holds a reader"),
            Connection::SqliteWriter(writer) => sqlite::execute(writer.connection()?, sql, values),
            Connection::Postgres(transaction) => transaction.execute(sql, values).await,
            Connection::Ended => Err(ended()),
        }
    }

    /// Makes everything done durable, and returns when it is.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.0.connection {
            Connection::SqliteReader(_) => unreachable!("a writing transaction never holds a reader"),
            Connection::SqliteWriter(writer) => writer.commit().await,
            Connection::Postgres(transaction) => transaction.commit().await,
            Connection::Ended => Err(ended()),
        }
    }

    /// Runs a migration script of several statements.
    async fn execute_script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match &mut self.0.connection {
            Connection::SqliteReader(_) => unreachable!("a writing transaction never holds a reader"),
            Connection::SqliteWriter(writer) => {
                writer.connection()?.execute_batch(sql).map_err(sqlite::error)
            }
            Connection::Postgres(transaction) => transaction.execute_script(sql).await,
            Connection::Ended => Err(ended()),
        }
    }
}

impl Deref for WriteTx {
    type Target = ReadTx;

    fn deref(&self) -> &ReadTx {
        &self.0
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut ReadTx {
        &mut self.0
    }
}
