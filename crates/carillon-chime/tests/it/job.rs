//! Jobs and changes at the same time.

use std::time::Duration;

use carillon_operation::{Job, enqueue_at_once};
use carillon_store::{StoreError, bind};
use serde::{Deserialize, Serialize};

use crate::world::worlds;

/// Looks at what there is.
#[derive(Serialize, Deserialize)]
struct Look;

impl Job for Look {
    const KIND: &'static str = "test.look";
    const PATIENCE: Duration = Duration::from_secs(60);
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some("one".to_owned())
    }
}

#[tokio::test]
async fn what_changes_while_a_job_looks_is_looked_at_again() {
    for world in worlds().await {
        // SQLite has one writer: there is no such time.
        if world.server.engine() != "postgres" {
            continue;
        }
        let store = world.server.store();
        let mut tx = store.write().await.unwrap();
        enqueue_at_once(&mut tx, &Look).await.unwrap();
        tx.commit().await.unwrap();

        // What the runner does: it looks, and the job is done.
        let mut running = store.write().await.unwrap();
        let seen = "SELECT COUNT(*) FROM deployment WHERE name = 'changed'";
        assert_eq!(running.fetch_number(seen, bind![]).await.unwrap(), 0);
        let mut change = store.write().await.unwrap();
        change
            .execute(
                "INSERT INTO deployment (name, value) VALUES ('changed', 'yes')",
                bind![],
            )
            .await
            .unwrap();
        enqueue_at_once(&mut change, &Look).await.unwrap();
        change.commit().await.unwrap();
        let done = match running
            .execute("DELETE FROM job WHERE kind = $1", bind![Look::KIND])
            .await
        {
            Ok(_) => running.commit().await,
            Err(error) => Err(error),
        };
        assert!(matches!(done, Err(StoreError::Contention)), "{done:?}");
        let waiting = "SELECT COUNT(*) FROM job WHERE kind = $1 AND parked = FALSE";
        let mut tx = store.read().await.unwrap();
        assert_eq!(tx.fetch_number(waiting, bind![Look::KIND]).await.unwrap(), 1);
    }
}
