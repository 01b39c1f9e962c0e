//! The schema, in numbered steps that only go forward.

use crate::{Store, StoreError, WriteTx, bind};

/// One step of the schema.
pub struct Migration {
    pub version: i64,
    pub name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),* $(,)?) => {
        /// All steps, in order. A released step is never edited.
        pub static MIGRATIONS: &[Migration] = &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../migrations/", $name, ".sql")),
        }),*];
    };
}

migrations! {
    1 "0001_foundation",
    2 "0002_iam",
    3 "0003_chime",
    4 "0004_decision",
    5 "0005_credentials",
    6 "0006_identity",
    7 "0007_domain",
    8 "0008_portal",
    9 "0009_openid",
    10 "0010_activity",
    11 "0011_attachment",
    12 "0012_delegation",
    13 "0013_iam_credentials",
    14 "0014_audit_block",
    15 "0015_console",
    18 "0018_saml",
    19 "0019_policy_review",
    20 "0020_passkey",
}

/// Applies what is missing, all in one transaction.
pub(crate) async fn run(store: &Store) -> Result<(), StoreError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let mut tx = store.write().await?;
    tx.execute_script(
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)",
    )
    .await?;
    let found = tx
        .fetch_number("SELECT COALESCE(MAX(version), 0) FROM schema_version", bind![])
        .await?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        apply(&mut tx, migration).await?;
    }
    tx.commit().await
}

async fn apply(tx: &mut WriteTx, migration: &Migration) -> Result<(), StoreError> {
    tracing::info!(
        version = migration.version,
        name = migration.name,
        "applying migration"
    );
    tx.execute_script(migration.sql).await?;
    tx.execute(
        "INSERT INTO schema_version (version, name) VALUES ($1, $2)",
        bind![migration.version, migration.name],
    )
    .await?;
    Ok(())
}
