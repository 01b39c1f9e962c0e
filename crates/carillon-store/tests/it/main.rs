//! The promises of the store, on both engines: SQLite always, PostgreSQL where `CARILLON_TEST_POSTGRES` names
//! a server on which databases may be made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::sync::atomic::{AtomicU32, Ordering};

use carillon_aws::time::Timestamp;
use carillon_store::{MIGRATIONS, Store, StoreError, bind};

/// A fresh database on each engine.
struct Engine {
    name: &'static str,
    url: String,
    _folder: tempfile::TempDir,
}

async fn engines() -> Vec<Engine> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("carillon.db").display());
    let mut engines = vec![Engine {
        name: "sqlite",
        url,
        _folder: folder,
    }];
    match std::env::var("CARILLON_TEST_POSTGRES") {
        Ok(server) => engines.push(Engine {
            name: "postgres",
            url: fresh_database(&server).await,
            _folder: tempfile::tempdir().unwrap(),
        }),
        Err(_) => assert!(
            std::env::var("CARILLON_TEST_REQUIRE_POSTGRES").is_err(),
            "PostgreSQL is required here and CARILLON_TEST_POSTGRES does not name one"
        ),
    }
    engines
}

async fn fresh_database(server: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "carillon_store_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        ))
        .await
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

async fn put(store: &Store, name: &str, value: &str) {
    let mut tx = store.write().await.unwrap();
    tx.execute(
        "INSERT INTO deployment (name, value) VALUES ($1, $2)",
        bind![name, value],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn get(store: &Store, name: &str) -> Option<String> {
    let mut tx = store.read().await.unwrap();
    tx.fetch_optional::<(String,)>("SELECT value FROM deployment WHERE name = $1", bind![name])
        .await
        .unwrap()
        .map(|(value,)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_stays_and_what_is_dropped_never_was() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        put(&store, "kept", "yes").await;
        let mut tx = store.write().await.unwrap();
        tx.execute(
            "INSERT INTO deployment (name, value) VALUES ($1, $2)",
            bind!["dropped", "yes"],
        )
        .await
        .unwrap();
        drop(tx);
        drop(store);

        let store = Store::open(&engine.url).await.unwrap();
        assert_eq!(
            get(&store, "kept").await.as_deref(),
            Some("yes"),
            "{}",
            engine.name
        );
        assert_eq!(get(&store, "dropped").await, None, "{}", engine.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_does_not_move() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        let mut snapshot = store.read().await.unwrap();
        let count = "SELECT COUNT(*) FROM deployment";
        assert_eq!(snapshot.fetch_number(count, bind![]).await.unwrap(), 0);
        put(&store, "later", "yes").await;

        assert_eq!(
            snapshot.fetch_number(count, bind![]).await.unwrap(),
            0,
            "{}",
            engine.name
        );
        let mut next = store.read().await.unwrap();
        assert_eq!(
            next.fetch_number(count, bind![]).await.unwrap(),
            1,
            "{}",
            engine.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_cannot_write() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        let mut snapshot = store.read().await.unwrap();
        let written = snapshot
            .fetch_all::<(String,)>(
                "INSERT INTO deployment (name, value) VALUES ($1, $2) RETURNING name",
                bind!["smuggled", "yes"],
            )
            .await;
        drop(snapshot);

        assert!(written.is_err(), "{}", engine.name);
        assert_eq!(get(&store, "smuggled").await, None, "{}", engine.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_the_same_time_lose_nothing() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        put(&store, "counter", "0").await;
        let tasks: Vec<_> = (0..40).map(|_| tokio::spawn(increment(store.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(
            get(&store, "counter").await.as_deref(),
            Some("40"),
            "{}",
            engine.name
        );
    }
}

/// Reads and writes, again while it loses races, as the pipeline does.
async fn increment(store: Store) {
    for _ in 0..200 {
        let attempt = async {
            let mut tx = store.write().await?;
            let (value,): (String,) = tx
                .fetch_optional("SELECT value FROM deployment WHERE name = $1", bind!["counter"])
                .await?
                .unwrap();
            let next = (value.parse::<u32>().unwrap() + 1).to_string();
            tx.execute(
                "UPDATE deployment SET value = $1 WHERE name = $2",
                bind![next, "counter"],
            )
            .await?;
            tx.commit().await
        };
        match attempt.await {
            Ok(()) => return,
            Err(StoreError::Contention) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("lost two hundred races");
}

#[tokio::test(flavor = "multi_thread")]
async fn appended_statements_stand_and_fall_alone() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        let append = |name: &'static str| {
            let store = store.clone();
            tokio::spawn(async move {
                let values = [name, "yes"].map(|text| carillon_store::Value::Text(text.into()));
                store
                    .append(
                        "INSERT INTO deployment (name, value) VALUES ($1, $2)",
                        values.to_vec(),
                    )
                    .await
            })
        };
        let (one, same, other) = (append("one"), append("one"), append("other"));
        let (one, same, other) = (one.await.unwrap(), same.await.unwrap(), other.await.unwrap());

        assert_eq!(
            u8::from(one.is_ok()) + u8::from(same.is_ok()),
            1,
            "{}",
            engine.name
        );
        assert!(other.is_ok(), "{}: {other:?}", engine.name);
        assert_eq!(
            get(&store, "other").await.as_deref(),
            Some("yes"),
            "{}",
            engine.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_request_spoils_no_other_of_its_group() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        put(&store, "taken", "yes").await;
        let failing = async {
            let mut tx = store.write().await?;
            tx.execute(
                "INSERT INTO deployment (name, value) VALUES ($1, $2)",
                bind!["half", "done"],
            )
            .await?;
            tx.execute(
                "INSERT INTO deployment (name, value) VALUES ($1, $2)",
                bind!["taken", "no"],
            )
            .await?;
            tx.commit().await
        };
        let (failed, ()) = tokio::join!(failing, put(&store, "neighbour", "yes"));

        assert!(
            matches!(failed, Err(StoreError::Duplicate)),
            "{}: {failed:?}",
            engine.name
        );
        assert_eq!(get(&store, "half").await, None, "{}", engine.name);
        assert_eq!(
            get(&store, "taken").await.as_deref(),
            Some("yes"),
            "{}",
            engine.name
        );
        assert_eq!(
            get(&store, "neighbour").await.as_deref(),
            Some("yes"),
            "{}",
            engine.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused() {
    for engine in engines().await {
        let known = MIGRATIONS.last().unwrap().version;
        let store = Store::open(&engine.url).await.unwrap();
        let mut tx = store.write().await.unwrap();
        tx.execute(
            "INSERT INTO schema_version (version, name) VALUES ($1, $2)",
            bind![known + 1, "from the future"],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        drop(store);

        match Store::open(&engine.url).await {
            Err(StoreError::NewerSchema { found, known: said }) => {
                assert_eq!((found, said), (known + 1, known))
            }
            Err(error) => panic!("{}: {error}", engine.name),
            Ok(_) => panic!("{} opened a newer schema", engine.name),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_sorts_by_code_point() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        for name in ["é", "b", "A", "a", "Z", "~", "_"] {
            put(&store, name, "").await;
        }
        let mut tx = store.read().await.unwrap();
        let names: Vec<(String,)> = tx
            .fetch_all("SELECT name FROM deployment ORDER BY name", bind![])
            .await
            .unwrap();
        let names: Vec<&str> = names.iter().map(|(name,)| name.as_str()).collect();
        assert_eq!(names, ["A", "Z", "_", "a", "b", "~", "é"], "{}", engine.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_as_they_went() {
    for engine in engines().await {
        let store = Store::open(&engine.url).await.unwrap();
        let at = Timestamp::from_micros(1_600_000_000_123_456);
        let hostile = "'; DROP TABLE job; -- \u{1F600} \"";
        let mut tx = store.write().await.unwrap();
        tx.execute(
            "INSERT INTO job (job_id, kind, unique_key, payload, due_at, attempts, created_at, leased_until,
                              parked, last_error)
             VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7, $8)",
            bind!["j", "k", "u", hostile, at, i64::MIN, true, None::<String>],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();

        let mut tx = store.read().await.unwrap();
        let row: (String, Timestamp, i64, bool, Option<String>) = tx
            .fetch_optional(
                "SELECT payload, due_at, created_at, parked, last_error FROM job WHERE job_id = $1",
                bind!["j"],
            )
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            row,
            (hostile.to_owned(), at, i64::MIN, true, None),
            "{}",
            engine.name
        );
        let wrong = tx
            .fetch_optional::<(String,)>("SELECT last_error FROM job", bind![])
            .await;
        assert!(
            matches!(wrong, Err(StoreError::Corrupt { column: 0, .. })),
            "{}: {wrong:?}",
            engine.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_means_nothing_is_named() {
    for url in ["mysql://db/carillon", "sqlite:", ""] {
        match Store::open(url).await {
            Err(StoreError::Address { .. }) => {}
            Err(error) => panic!("{url}: {error}"),
            Ok(_) => panic!("{url} was opened"),
        }
    }
}
