//! Since when this deployment has served which action.

use std::collections::HashMap;

use carillon_aws::time::Timestamp;
use carillon_operation::Registry;
use carillon_store::{ReadTx, StoreError, WriteTx, bind};

/// An action that this release serves: every spelling, the primary one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Served {
    pub spellings: Vec<String>,
}

impl Served {
    pub fn name(&self) -> &str {
        self.spellings.first().map_or("", String::as_str)
    }

    /// All of a registry, each once: what operations ask for, and what is asked for besides.
    pub fn all(registry: &Registry) -> Vec<Self> {
        let mut actions: Vec<Self> = Vec::new();
        for service in registry.services() {
            let operations = service
                .entries
                .iter()
                .filter(|entry| entry.operation.is_built() || entry.spec.in_table())
                .map(|entry| entry.spellings.iter().map(|name| (*name).to_owned()).collect());
            let besides = service.service.terms.asked_besides.iter();
            let besides = besides.map(|name| vec![format!("{}:{name}", service.service.name)]);
            actions.extend(operations.chain(besides).map(|spellings| Self { spellings }));
        }
        actions.sort_by(|one, other| one.name().cmp(other.name()));
        actions.dedup_by(|one, other| one.name() == other.name());
        actions
    }
}

/// Writes down which actions are served from now on. What the first start finds has always been there.
///
/// # Errors
///
/// When the database cannot be read or written.
pub async fn note_served_actions(
    tx: &mut WriteTx,
    registry: &Registry,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = known(tx).await?;
    let since = if known.is_empty() { Timestamp::EPOCH } else { now };
    for action in Served::all(registry) {
        if known.contains_key(action.name()) {
            continue;
        }
        tx.execute(
            "INSERT INTO served_action (action, since) VALUES ($1, $2) ON CONFLICT (action) DO NOTHING",
            bind![action.name(), since],
        )
        .await?;
    }
    Ok(())
}

/// The actions that came with a later release than the first, and when; `Timestamp::MAX` for those of a release that no
/// server has started with yet.
pub(super) async fn later(
    tx: &mut ReadTx,
    actions: &[Served],
) -> Result<HashMap<String, Timestamp>, StoreError> {
    let known = known(tx).await?;
    if known.is_empty() {
        return Ok(HashMap::new());
    }
    let later = actions.iter().filter_map(|action| {
        let since = known.get(action.name()).copied().unwrap_or(Timestamp::MAX);
        (since > Timestamp::EPOCH).then(|| (action.name().to_owned(), since))
    });
    Ok(later.collect())
}

async fn known(tx: &mut ReadTx) -> Result<HashMap<String, Timestamp>, StoreError> {
    let known: Vec<(String, Timestamp)> = tx
        .fetch_all("SELECT action, since FROM served_action", bind![])
        .await?;
    Ok(known.into_iter().collect())
}
