use super::*;

fn store() -> (tempfile::TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Sqlite::open(&folder.path().join("carillon.db").display().to_string()).unwrap();
    (folder, sqlite)
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, sqlite) = store();
    let tx = sqlite.write().await.unwrap();
    execute(tx.connection().unwrap(), "CREATE TABLE t (number BIGINT)", &[]).unwrap();
    tx.commit().await.unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        names.push(file.file_name());
    }
    assert_eq!(names.len(), 3, "{names:?}");
}

fn insert(tx: &Writer, number: i64) -> Result<u64, StoreError> {
    execute(
        tx.connection()?,
        "INSERT INTO t (number) VALUES ($1)",
        &[Value::Number(number)],
    )
}

async fn numbers(sqlite: &Sqlite) -> Vec<i64> {
    let reader = sqlite.read().await.unwrap();
    let mut numbers = Vec::new();
    each(
        reader.connection(),
        "SELECT number FROM t ORDER BY number",
        &[],
        |row| {
            numbers.push(row.get(0)?);
            Ok(())
        },
    )
    .unwrap();
    numbers
}

#[tokio::test]
async fn who_was_in_a_transaction_that_sqlite_ended_is_told() {
    let (_folder, sqlite) = store();
    let tx = sqlite.write().await.unwrap();
    execute(tx.connection().unwrap(), "CREATE TABLE t (number BIGINT)", &[]).unwrap();
    tx.commit().await.unwrap();

    // Two of a group: one waits for the commit, and under the other the disk is full.
    let (done, lost) = oneshot::channel();
    let mut tx = sqlite.write().await.unwrap();
    insert(&tx, 1).unwrap();
    let state = tx.state.as_mut().unwrap();
    run(&state.connection, "RELEASE request").unwrap();
    state.waiting.push(done);
    run(&state.connection, "SAVEPOINT request").unwrap();
    insert(&tx, 2).unwrap();
    run(tx.connection().unwrap(), "ROLLBACK").unwrap();
    assert!(insert(&tx, 3).is_err());
    let failed = tx.commit();
    assert!(failed.await.is_err());
    assert!(lost.await.unwrap().is_err());

    // The same, and the next writer is faster than the thread that commits.
    let (done, lost) = oneshot::channel();
    let mut tx = sqlite.write().await.unwrap();
    let state = tx.state.as_mut().unwrap();
    state.waiting.push(done);
    run(&state.connection, "ROLLBACK").unwrap();
    state.begin().unwrap();
    run(&state.connection, "SAVEPOINT request").unwrap();
    insert(&tx, 4).unwrap();
    tx.commit().await.unwrap();
    assert!(lost.await.unwrap().is_err());
    assert_eq!(numbers(&sqlite).await, [4]);
}

#[tokio::test]
async fn whoever_begins_after_a_commit_sees_it() {
    let (_folder, sqlite) = store();
    let tx = sqlite.write().await.unwrap();
    execute(tx.connection().unwrap(), "CREATE TABLE t (number BIGINT)", &[]).unwrap();
    tx.commit().await.unwrap();
    assert!(numbers(&sqlite).await.is_empty());
    for number in 0..20 {
        let before = sqlite.read().await.unwrap();
        let tx = sqlite.write().await.unwrap();
        insert(&tx, number).unwrap();
        tx.commit().await.unwrap();
        drop(before);
        assert_eq!(numbers(&sqlite).await.last(), Some(&number));
        let appended = sqlite.append(Statement {
            sql: "INSERT INTO t (number) VALUES ($1)",
            values: vec![Value::Number(number)],
        });
        appended.await.unwrap();
        assert_eq!(numbers(&sqlite).await.len(), 2 * number as usize + 2);
    }
}

#[tokio::test]
async fn what_is_read_often_is_read_anew_after_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
    let store = crate::Store::open(&url).await.unwrap();
    let often = async |of: &str| {
        let sql = "SELECT value FROM deployment WHERE name = $1";
        let mut tx = store.read().await.unwrap();
        let row: Option<Arc<(String,)>> = tx.fetch_often(sql, crate::bind![of]).await.unwrap();
        row.map(|row| row.0.clone())
    };
    for value in ["one", "two", "three"] {
        let mut tx = store.write().await.unwrap();
        let write = "INSERT INTO deployment (name, value) VALUES ($1, $2)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        tx.execute(write, crate::bind!["a", value]).await.unwrap();
        tx.commit().await.unwrap();
        for _ in 0..3 {
            assert_eq!(often("a").await.as_deref(), Some(value));
            assert_eq!(often("b").await, None);
        }
    }
}

#[tokio::test]
async fn commits_of_another_process_are_seen_soon() {
    let (folder, sqlite) = store();
    let tx = sqlite.write().await.unwrap();
    execute(tx.connection().unwrap(), "CREATE TABLE t (number BIGINT)", &[]).unwrap();
    tx.commit().await.unwrap();
    assert!(numbers(&sqlite).await.is_empty());
    let other = Connection::open(folder.path().join("carillon.db")).unwrap();
    other.execute("INSERT INTO t (number) VALUES (7)", []).unwrap();
    tokio::time::sleep(SHARED_FOR).await;
    assert_eq!(numbers(&sqlite).await, [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_begins_anew_although_somebody_always_reads() {
    let (folder, sqlite) = store();
    let tx = sqlite.write().await.unwrap();
    execute(tx.connection().unwrap(), "CREATE TABLE t (content BYTEA)", &[]).unwrap();
    tx.commit().await.unwrap();
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let sqlite = sqlite.clone();
        readers.spawn(async move {
            loop {
                let reader = sqlite.read().await.unwrap();
                each(reader.connection(), "SELECT count(*) FROM t", &[], |_| Ok(())).unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
    }
    let pages = 100;
    let content = vec![7; pages << 12];
    for _ in 0..5 * CHECKPOINT as usize / pages {
        let tx = sqlite.write().await.unwrap();
        let insert = "INSERT INTO t (content) VALUES ($1)";
        execute(
            tx.connection().unwrap(),
            insert,
            &[Value::Bytes(content.as_slice().into())],
        )
        .unwrap();
        tx.commit().await.unwrap();
    }
    readers.abort_all();
    let log = folder.path().join("carillon.db-wal").metadata().unwrap().len();
    assert!(log < (2 * CHECKPOINT as u64) << 12, "{log}");
}

/// One that stays open keeps the log from beginning anew, so that it grows for ever.
#[tokio::test]
async fn no_snapshot_outlives_a_commit_unless_somebody_reads_it() {
    let (_folder, sqlite) = store();
    let tx = sqlite.write().await.unwrap();
    execute(tx.connection().unwrap(), "CREATE TABLE t (number BIGINT)", &[]).unwrap();
    tx.commit().await.unwrap();
    let is_open = |snapshot: &Snapshot| !snapshot.connection.is_autocommit();
    assert!(numbers(&sqlite).await.is_empty());
    assert!(lock(&sqlite.shared.idle).iter().all(is_open));
    let tx = sqlite.write().await.unwrap();
    insert(&tx, 1).unwrap();
    tx.commit().await.unwrap();
    let idle = lock(&sqlite.shared.idle);
    assert_eq!(idle.len(), 1);
    assert!(!idle.iter().any(is_open));
}
