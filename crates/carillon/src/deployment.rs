//! What servers of one deployment share: the database, and the key that seals secrets in it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use carillon_aws::secret::Secret;
use carillon_aws::time::{Entropy, SystemClock, SystemEntropy};
use carillon_operation::guard::Guard;
use carillon_operation::{Environment, Fault, Hashing, Registry, Service, Settings, Vault};
use carillon_store::{Store, StoreError, WriteTx, bind};
use tokio::sync::{Notify, mpsc};

use crate::options::{ServerKey, Storage};

/// What a server serves.
static SERVICES: &[&Service] = &[
    &carillon_iam::IAM,
    &carillon_iam::STS,
    &carillon_iam::ACCESS_ANALYZER,
    &carillon_chime::CHIME,
    &carillon_operation::CLOUDTRAIL,
];

/// The file of the key in the data folder.
const KEY_FILE: &str = "server.key";
/// The row that tells whether a key is the deployment's, and what it is sealed for.
const CHECK: &str = "server-key-check";

/// How often a transaction is run again because somebody else wrote at the same time.
const ATTEMPTS: u32 = 5;

/// All operations, ready to be found.
pub fn registry() -> Registry {
    Registry::new(SERVICES)
}

/// Opens the database and the vault, and makes what is not there yet.
///
/// # Errors
///
/// When the database cannot be used, its schema is of a newer release, or the key is not the deployment's.
pub async fn open(options: &Storage) -> anyhow::Result<(Store, Vault)> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&options.data)
        .with_context(|| format!("the data folder {}", options.data.display()))?;
    let store = Store::open(&options.database_url()).await?;
    let mut attempt = 1;
    loop {
        match vault(options, &store).await {
            Err(error) if is_race(&error) && attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome.map(|vault| (store, vault)),
        }
    }
}

/// Carries out a change that no request asked for, again if it loses a race.
pub async fn change<T>(
    store: &Store,
    work: impl AsyncFn(&mut WriteTx) -> Result<T, Fault>,
) -> anyhow::Result<T> {
    let mut attempt = 1;
    loop {
        match change_once(store, &work).await {
            Err(Fault::Contended) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome.map_err(failure),
        }
    }
}

async fn change_once<T>(
    store: &Store,
    work: &impl AsyncFn(&mut WriteTx) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut tx = store.write().await?;
    let value = work(&mut tx).await?;
    tx.commit().await?;
    Ok(value)
}

/// A fault in the words of a command.
pub fn failure(fault: Fault) -> anyhow::Error {
    match fault {
        Fault::Refused { message, .. } | Fault::Denied(message) | Fault::Invalid(message) => {
            anyhow!(message)
        }
        Fault::Internal(cause) => anyhow::Error::from_boxed(cause),
        Fault::NotImplemented(action) => anyhow!("{action} is not built yet"),
        Fault::Contended | Fault::Changed | Fault::Throttled => {
            anyhow!("too many changes at the same time; try again")
        }
    }
}

fn is_race(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<StoreError>(),
        Some(StoreError::Contention | StoreError::Duplicate)
    )
}

/// The vault under the deployment's key.
async fn vault(options: &Storage, store: &Store) -> anyhow::Result<Vault> {
    let check: Option<(String,)> = store
        .read()
        .await?
        .fetch_optional("SELECT value FROM deployment WHERE name = $1", bind![CHECK])
        .await?;
    let vault = Vault::new(&key(options, check.is_some())?);
    match check {
        Some((sealed,)) if vault.open(CHECK, &sealed).is_some() => {}
        Some(_) => bail!(
            "this is not the server key that the database was set up with; secrets in it could not be read. \
             Give the right one with --server-key-file or CARILLON_SERVER_KEY"
        ),
        None => {
            let sealed = vault.seal(&SystemEntropy, CHECK, b"carillon");
            let mut tx = store.write().await?;
            tx.execute(
                "INSERT INTO deployment (name, value) VALUES ($1, $2)",
                bind![CHECK, sealed],
            )
            .await?;
            tx.commit().await?;
        }
    }
    Ok(vault)
}

fn key(options: &Storage, is_set_up: bool) -> anyhow::Result<[u8; 32]> {
    let of_data = options.data.join(KEY_FILE);
    let (path, may_draw) = match &options.server_key {
        ServerKey::Given(text) => return decode(text).context("the server key"),
        ServerKey::File(path) => (path, false),
        ServerKey::OfData => (&of_data, true),
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            decode(&Secret::new(text)).with_context(|| format!("the server key in {}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_draw => {
            if is_set_up {
                bail!(
                    "there is no server key in {}, and the database was set up with one; restore the file, or \
                     give the key with --server-key-file or CARILLON_SERVER_KEY",
                    path.display()
                );
            }
            draw(path).with_context(|| format!("the server key in {}", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("the server key in {}", path.display())),
    }
}

fn decode(text: &Secret<String>) -> anyhow::Result<[u8; 32]> {
    let mut key = [0; 32];
    hex::decode_to_slice(text.expose().trim(), &mut key)
        .map_err(|_| anyhow!("must be 64 hexadecimal digits"))?;
    Ok(key)
}

/// Draws a key and keeps it where only its owner reads it, durably, before anything is sealed with it.
fn draw(path: &Path) -> anyhow::Result<[u8; 32]> {
    let mut key = [0; 32];
    SystemEntropy.fill(&mut key);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(format!("{}\n", hex::encode(key)).as_bytes())?;
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(key)
}

/// What the process lends to every request.
pub fn environment(
    vault: Vault,
    settings: Settings,
    audit_log: Option<mpsc::Sender<String>>,
) -> Arc<Environment> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Environment {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        registry: registry(),
        vault,
        settings,
        jobs: Notify::new(),
        audit_log,
        hashing: Hashing::new(cores),
        guard: Guard::default(),
    })
}
