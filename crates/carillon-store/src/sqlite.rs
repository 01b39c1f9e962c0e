//! SQLite: several reading connections, one writing connection, and commits in groups.
//!
//! A durable commit costs a disk flush, which is many times the cost of everything else a request does.
//! So writers do not commit one by one: each works in a savepoint of one outer transaction, and a thread of
//! its own commits that transaction and then answers all who waited. While it flushes, the next group
//! gathers behind the writer's lock, which is fair: the busier the server, the larger the groups.
//!
//! Readers share snapshots: whoever begins between two commits takes over the transaction that somebody else has
//! just left, with its cached pages. What was committed before a reader began is always seen.
//!
//! Statements run on the caller's thread. They are point reads and short pages, a few microseconds each,
//! which is less than handing them to another thread would cost.

mod statistics;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::gather::{Gather, Gathered, Gathering, Statement, Waiting, answered, lock, repeated};
use crate::memo::Memo;
use crate::row::Source;
use crate::{Row, StoreError, Value};

/// Readers at work at the same time. More would only queue for the same cores.
const READERS: usize = 8;
/// How long a writer waits for another process (such as `carillon account create`) to finish.
const BUSY: Duration = Duration::from_secs(5);
/// How long a commit waits at most for more to gather.
const GATHERING: Duration = Duration::from_millis(2);
/// How long it waits for one more.
const NEXT: Duration = Duration::from_micros(250);
/// Pages in the log before they are copied to their places. Pages that change again in the meantime, such as
/// the ends of the audit trail's indexes, are copied once.
const CHECKPOINT: i32 = 4_000;
/// Bytes that the file of the log keeps when it begins anew, after a transaction that needed more.
const LOG_SIZE: i64 = 64 << 20;
/// How long reading is held up at most, so that the log can begin anew.
const UNREAD: Duration = Duration::from_millis(100);
/// How long requests share a snapshot when nothing is committed. Commits of this process end it at once; this is for
/// those of another, such as `carillon account create`.
const SHARED_FOR: Duration = Duration::from_millis(5);
/// Statements kept prepared per connection; more than there are texts in the code.
const STATEMENTS: usize = 512;

#[derive(Clone)]
pub(crate) struct Sqlite {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    idle: Mutex<Vec<Snapshot>>,
    /// How many commits there were. Raised before anybody hears of the commit.
    commits: AtomicU64,
    readers: Arc<Semaphore>,
    writer: Arc<tokio::sync::Mutex<WriterState>>,
    appends: Mutex<Vec<Append>>,
    gathering: Mutex<Gathering>,
    /// How many have ever waited for a commit.
    joined: AtomicU64,
    wake: SyncSender<()>,
}

/// A reading connection in a transaction.
struct Snapshot {
    connection: Connection,
    /// The commits that it sees, at least.
    commits: u64,
    begun: Instant,
    memo: Memo,
}

/// What the lock of the writing connection protects.
struct WriterState {
    connection: Connection,
    /// Whose work is in the outer transaction, which is open as long as there are any.
    waiting: Vec<Waiting>,
    /// Pages in the log after the last commit.
    logged: Arc<AtomicI32>,
    /// With so many the log is copied next.
    checkpoint_at: i32,
}

struct Append {
    statement: Statement,
    done: Waiting,
}

/// What a commit takes along.
struct Group {
    appends: Vec<Append>,
    gathered: Vec<Gathered>,
}

impl Sqlite {
    pub(crate) fn open(path: &str) -> Result<Self, StoreError> {
        // `sqlite:PATH`, `sqlite://PATH`: both are in use elsewhere.
        let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        if path.as_os_str().is_empty() {
            return Err(StoreError::Address {
                url: "sqlite:".to_owned(),
                reason: "names no file".to_owned(),
            });
        }
        create_private(&path);
        let mut connection = connect(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(error)?;
        connection
            .pragma_update_and_check(None, "journal_size_limit", LOG_SIZE, |_| Ok(()))
            .map_err(error)?;
        // In the place of SQLite's own checkpoints, which run before the snapshots of the past have ended.
        let logged = Arc::new(AtomicI32::new(0));
        let pages = Arc::clone(&logged);
        connection
            .wal_hook(Some(move |_: &mut Wal, now| {
                pages.store(now, Ordering::Relaxed);
                Ok(())
            }))
            .map_err(error)?;
        // Survive a power cut, not only the end of the process. Affordable because commits are grouped.
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(error)?;

        // One token is enough: a thread that is told once looks at everything that waits.
        let (wake, woken) = sync_channel(1);
        let shared = Arc::new(Shared {
            path,
            idle: Mutex::new(Vec::new()),
            commits: AtomicU64::new(0),
            readers: Arc::new(Semaphore::new(READERS)),
            writer: Arc::new(tokio::sync::Mutex::new(WriterState {
                connection,
                waiting: Vec::new(),
                logged,
                checkpoint_at: CHECKPOINT,
            })),
            appends: Mutex::new(Vec::new()),
            gathering: Mutex::default(),
            joined: AtomicU64::new(0),
            wake,
        });
        let weak = Arc::downgrade(&shared);
        std::thread::Builder::new()
            .name("sqlite-commit".to_owned())
            .spawn(move || commit_groups(&woken, &weak))
            .map_err(|cause| StoreError::Database(cause.into()))?;
        Ok(Self { shared })
    }

    pub(crate) async fn read(&self) -> Result<Reader, StoreError> {
        let permit = Arc::clone(&self.shared.readers)
            .acquire_owned()
            .await
            .map_err(|closed| StoreError::Database(closed.into()))?;
        let idle = lock(&self.shared.idle).pop();
        let snapshot = match idle {
            Some(snapshot) if self.shared.is_present(&snapshot) => snapshot,
            Some(snapshot) => {
                snapshot.end()?;
                self.shared.begin(snapshot.connection)?
            }
            None => {
                let connection = connect(&self.shared.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                connection
                    .pragma_update(None, "query_only", true)
                    .map_err(error)?;
                self.shared.begin(connection)?
            }
        };
        Ok(Reader {
            snapshot: Some(snapshot),
            shared: Arc::clone(&self.shared),
            _permit: permit,
        })
    }

    pub(crate) async fn write(&self) -> Result<Writer, StoreError> {
        let mut state = Arc::clone(&self.shared.writer).lock_owned().await;
        state.begin()?;
        run(&state.connection, "SAVEPOINT request")?;
        Ok(Writer {
            state: Some(state),
            shared: Arc::clone(&self.shared),
        })
    }

    /// Tells the planner what it cannot know, before the first statement that needs it.
    pub(crate) async fn describe(&self) -> Result<(), StoreError> {
        let state = Arc::clone(&self.shared.writer).lock_owned().await;
        statistics::tell(&state.connection)
    }

    pub(crate) async fn append(&self, statement: Statement) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        lock(&self.shared.appends).push(Append { statement, done });
        self.shared.joined.fetch_add(1, Ordering::Relaxed);
        self.shared.wake();
        answered(answer).await
    }

    pub(crate) async fn gather<G: Gather>(&self, add: impl FnOnce(&mut G) + Send) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        if lock(&self.shared.gathering).add(add, done) {
            self.shared.wake();
        }
        self.shared.joined.fetch_add(1, Ordering::Relaxed);
        answered(answer).await
    }
}

impl Shared {
    fn begin(&self, connection: Connection) -> Result<Snapshot, StoreError> {
        // Counted first: SQLite takes the snapshot with the first statement, so it may hold more.
        let (commits, begun) = (self.commits.load(Ordering::Acquire), Instant::now());
        run(&connection, "BEGIN DEFERRED")?;
        Ok(Snapshot {
            connection,
            commits,
            begun,
            memo: Memo::default(),
        })
    }

    /// Whoever begins from now on begins anew: the snapshots are of the past.
    fn committed(&self) {
        self.commits.fetch_add(1, Ordering::AcqRel);
        self.end_idle();
    }

    /// Ends all snapshots that nobody reads: the log cannot begin anew as long as one is there.
    fn end_idle(&self) {
        lock(&self.idle).retain(|snapshot| snapshot.end().is_ok());
    }

    /// Whether a snapshot shows everything that is committed.
    fn is_present(&self, snapshot: &Snapshot) -> bool {
        snapshot.commits == self.commits.load(Ordering::Acquire) && snapshot.begun.elapsed() < SHARED_FOR
    }

    /// Everything that waits to be written with the next commit.
    fn take(&self) -> Group {
        let appends = std::mem::take(&mut *lock(&self.appends));
        let gathered = lock(&self.gathering).take();
        Group {
            appends,
            gathered: gathered.close(),
        }
    }

    fn wake(&self) {
        // A full channel means that the thread is about to look anyway.
        let _ = self.wake.try_send(());
    }
}

impl Snapshot {
    fn end(&self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        run(&self.connection, "ROLLBACK")
    }
}

impl WriterState {
    /// Whether the outer transaction is open. SQLite is asked, because it ends a transaction by itself when the disk
    /// is full or fails.
    fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.tell_the_lost();
        if !self.is_open() {
            run(&self.connection, "BEGIN IMMEDIATE")?;
        }
        Ok(())
    }

    /// Answers those whose work went away with a transaction that SQLite ended, before another begins that they
    /// have no part in.
    fn tell_the_lost(&mut self) {
        if self.is_open() {
            return;
        }
        for done in self.waiting.drain(..) {
            let _ = done.send(Err(rolled_back()));
        }
    }

    /// Commits the outer transaction with everything appended, and answers everybody who waited for it.
    fn commit(&mut self, group: Group, shared: &Shared) {
        self.tell_the_lost();
        let mut answered = std::mem::take(&mut self.waiting);
        let outcome = (|| {
            if !group.appends.is_empty() || !group.gathered.is_empty() {
                self.begin()?;
            }
            for Append { statement, done } in group.appends {
                match execute(&self.connection, statement.sql, &statement.values) {
                    Ok(_) => answered.push(done),
                    Err(failure) => drop(done.send(Err(failure))),
                }
                if !self.is_open() {
                    return Err(rolled_back());
                }
            }
            for Gathered { statements, waiting } in group.gathered {
                match self.together(&statements) {
                    Ok(()) => answered.extend(waiting),
                    Err(failure) => {
                        let outcome = Err(failure);
                        for done in waiting {
                            let _ = done.send(repeated(&outcome));
                        }
                    }
                }
                if !self.is_open() {
                    return Err(rolled_back());
                }
            }
            if self.is_open() {
                run(&self.connection, "COMMIT")
            } else {
                Ok(())
            }
        })();
        shared.committed();
        if let Err(failure) = &outcome {
            tracing::error!(error = %failure, waiting = answered.len(), "commit failed");
            if self.is_open() {
                let _ = run(&self.connection, "ROLLBACK");
            }
        }
        for done in answered {
            let _ = done.send(repeated(&outcome));
        }
    }

    /// Copies a log that has become long to its places, so that it begins anew with the next transaction. That it does
    /// only when nobody reads it at one moment.
    fn checkpoint(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let logged = self.logged.load(Ordering::Relaxed);
        if logged < CHECKPOINT {
            self.checkpoint_at = CHECKPOINT;
        }
        if logged < self.checkpoint_at {
            return Ok(());
        }
        // If it does not begin anew, such as when another process reads for long, then not after every commit.
        self.checkpoint_at = logged + CHECKPOINT / 4;
        let copy = || {
            let copied = self
                .connection
                .wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE);
            copied.map(drop).map_err(error)
        };
        // Nearly all of it while others read, and then the little that they could still see.
        copy()?;
        let readers = Arc::clone(&shared.readers).acquire_many_owned(READERS as u32);
        let Some(_nobody_reads) = wait(readers, UNREAD) else {
            return Ok(());
        };
        shared.end_idle();
        copy()
    }

    /// Runs all of these statements, or none.
    fn together(&self, statements: &[Statement]) -> Result<(), StoreError> {
        run(&self.connection, "SAVEPOINT request")?;
        for Statement { sql, values } in statements {
            if let Err(failure) = execute(&self.connection, sql, values) {
                undo(&self.connection);
                return Err(failure);
            }
        }
        run(&self.connection, "RELEASE request")
    }
}

/// The thread that commits, until the last handle of the store is gone.
fn commit_groups(woken: &Receiver<()>, shared: &std::sync::Weak<Shared>) {
    // When the last group had several members, more are on their way: twice as long as its flush took they
    // may gather, so that busy servers flush half as often, but not when nobody comes any more. A lone request never
    // waits.
    let mut pause = Duration::ZERO;
    while woken.recv().is_ok() {
        let Some(shared) = shared.upgrade() else { return };
        let (began, mut joined) = (Instant::now(), 0);
        while began.elapsed() < pause {
            let before = std::mem::replace(&mut joined, shared.joined.load(Ordering::Relaxed));
            if before == joined {
                break;
            }
            std::thread::sleep(NEXT.min(pause));
        }
        let mut state = Arc::clone(&shared.writer).blocking_lock_owned();
        let group = shared.take();
        let gathered = group.gathered.iter().map(|gathered| gathered.waiting.len());
        let members = group.appends.len() + gathered.sum::<usize>() + state.waiting.len();
        let started = Instant::now();
        state.commit(group, &shared);
        let took = started.elapsed();
        if let Err(failure) = state.checkpoint(&shared) {
            // Everything is in the log, which grows.
            tracing::warn!(error = %failure, "checkpoint failed");
        }
        pause = if members > 1 {
            (2 * took).min(GATHERING)
        } else {
            Duration::ZERO
        };
    }
}

/// What the future becomes, unless that takes longer. For threads that are nobody else's.
fn wait<F: Future>(future: F, at_most: Duration) -> Option<F::Output> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let began = Instant::now();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        std::thread::park_timeout(at_most.checked_sub(began.elapsed())?);
    }
}

/// A reading connection, in a transaction.
pub(crate) struct Reader {
    snapshot: Option<Snapshot>,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    pub(crate) fn connection(&self) -> &Connection {
        &self
            .snapshot
            .as_ref()
            .expect("only taken when dropped")
            .connection
    }
}

impl Reader {
    pub(crate) fn memo(&mut self) -> &mut Memo {
        &mut self.snapshot.as_mut().expect("only taken when dropped").memo
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            lock(&self.shared.idle).push(snapshot);
        }
    }
}

/// The writing connection, in a savepoint.
pub(crate) struct Writer {
    state: Option<OwnedMutexGuard<WriterState>>,
    shared: Arc<Shared>,
}

impl Writer {
    /// # Errors
    ///
    /// When SQLite has ended the transaction: a statement would take effect by itself.
    pub(crate) fn connection(&self) -> Result<&Connection, StoreError> {
        let state = self
            .state
            .as_deref()
            .expect("only taken when committed or dropped");
        if state.is_open() {
            Ok(&state.connection)
        } else {
            Err(rolled_back())
        }
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        if let Some(mut state) = self.state.take() {
            if let Err(failure) = run(&state.connection, "RELEASE request") {
                undo(&state.connection);
                self.shared.wake();
                return Err(failure);
            }
            state.waiting.push(done);
        }
        self.shared.joined.fetch_add(1, Ordering::Relaxed);
        self.shared.wake();
        answered(answer).await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            undo(&state.connection);
            drop(state);
            // Nobody else may be in this group: let the thread end it.
            self.shared.wake();
        }
    }
}

fn rolled_back() -> StoreError {
    StoreError::Database("SQLite rolled the transaction back".into())
}

fn undo(connection: &Connection) {
    // SQLite has undone it, with everything else of the group.
    if connection.is_autocommit() {
        return;
    }
    if run(connection, "ROLLBACK TO request")
        .and_then(|()| run(connection, "RELEASE request"))
        .is_err()
    {
        tracing::error!("a savepoint could not be undone");
    }
}

/// Makes the file of a new database one that only its owner may read: it has hashes of passwords in it. The files
/// beside it get the same mode from SQLite. A file that exists is never opened here, because closing it would
/// take away the locks that this process has on it.
fn create_private(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Whatever is wrong with the path, SQLite says next.
    drop(options.open(path));
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(error)?;
    connection.busy_timeout(BUSY).map_err(error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(error)?;
    connection
        .pragma_update(None, "temp_store", "MEMORY")
        .map_err(error)?;
    Ok(connection)
}

fn run(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map_err(error)?;
    Ok(())
}

pub(crate) fn execute(
    connection: &Connection,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    let parameters = rusqlite::params_from_iter(values.iter().map(Bound));
    // A statement with RETURNING answers rows; `execute` refuses those, and nobody asked for them here.
    Ok(statement.execute(parameters).map_err(error)? as u64)
}

pub(crate) fn each(
    connection: &Connection,
    sql: &'static str,
    values: &[Value<'_>],
    mut visit: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    let mut rows = statement
        .query(rusqlite::params_from_iter(values.iter().map(Bound)))
        .map_err(error)?;
    while let Some(row) = rows.next().map_err(error)? {
        visit(&Row(Source::Sqlite(row)))?;
    }
    Ok(())
}

struct Bound<'a, 'v>(&'a Value<'v>);

impl rusqlite::ToSql for Bound<'_, '_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Number(number) => ValueRef::Integer(*number),
            Value::Boolean(boolean) => ValueRef::Integer(i64::from(*boolean)),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(crate) fn error(error: rusqlite::Error) -> StoreError {
    if let rusqlite::Error::SqliteFailure(failure, _) = &error {
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => return StoreError::Contention,
            ErrorCode::ConstraintViolation
                if matches!(
                    failure.extended_code,
                    rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                ) =>
            {
                return StoreError::Duplicate;
            }
            _ => {}
        }
    }
    StoreError::Database(error.into())
}

#[cfg(test)]
mod tests;
