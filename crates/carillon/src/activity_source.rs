//! `carillon activity-source`: the products that tell what people do in them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use carillon_aws::secret::Secret;
use carillon_aws::time::{Clock, SystemClock, SystemEntropy};
use carillon_chime::activity::source::{self, Created, NewSource, Source};

use crate::deployment;
use crate::options::Storage;
use crate::output::say;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Makes a source, and prints its key once.
    Create(Create),
    /// Lists the sources: id, kind, when each last told anything, name, and the accounts that it is limited to.
    List {
        #[command(flatten)]
        storage: Storage,
    },
    /// Gives a source another key, and prints it once. The key before is good for nothing any more.
    Rotate {
        #[command(flatten)]
        storage: Storage,
        /// The identifier of the source.
        #[arg(value_name = "ID")]
        id: String,
        /// A file with the key. Drawn if absent.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Deletes a source. What it told stays.
    Delete {
        #[command(flatten)]
        storage: Storage,
        /// The identifier of the source.
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    storage: Storage,
    /// What the source is called.
    #[arg(value_name = "NAME")]
    name: String,
    /// A Chime account whose people it may speak of. May be given several times. Without it: of all accounts.
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Makes it a source of LiveKit's webhooks, which are signed with this API key.
    #[arg(long, value_name = "KEY")]
    livekit_api_key: Option<String>,
    /// A file with the key, or with the secret of LiveKit's API key. Drawn if absent.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(carry_out(command))?;
    Ok(ExitCode::SUCCESS)
}

async fn carry_out(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Create(options) => create(options).await,
        Command::List { storage } => list(storage).await,
        Command::Rotate {
            storage,
            id,
            key_file,
        } => {
            let key = key_file.as_deref().map(read_key).transpose()?;
            let (store, vault) = deployment::open(storage).await?;
            let rotated = deployment::change(&store, async |tx| {
                source::rotate(tx, &vault, &SystemEntropy, id, key.as_ref()).await
            })
            .await?;
            show(&rotated)
        }
        Command::Delete { storage, id } => {
            let (store, _) = deployment::open(storage).await?;
            let deleted = deployment::change(&store, async |tx| source::delete(tx, id).await).await?;
            say(&format!("Deleted {} ({}).\n", deleted.id, deleted.name))
        }
    }
}

async fn create(options: &Create) -> anyhow::Result<()> {
    let new = NewSource {
        name: options.name.clone(),
        livekit_api_key: options.livekit_api_key.clone(),
        key: options.key_file.as_deref().map(read_key).transpose()?,
        accounts: options.account.clone(),
    };
    let (store, vault) = deployment::open(&options.storage).await?;
    let created = deployment::change(&store, async |tx| {
        source::create(tx, &vault, &SystemEntropy, &new, SystemClock.now()).await
    })
    .await?;
    show(&created)
}

async fn list(storage: &Storage) -> anyhow::Result<()> {
    let (store, _) = deployment::open(storage).await?;
    let mut tx = store.read().await?;
    let sources = source::list(&mut tx).await.map_err(deployment::failure)?;
    let mut text = String::new();
    for Source {
        id,
        name,
        kind,
        heard_at,
        accounts,
        ..
    } in sources
    {
        let heard = heard_at.map_or("never".to_owned(), |at| at.iso_seconds().to_string());
        text.push_str(&format!(
            "{id}  {kind:<7}  {heard:<20}  {name}  {}\n",
            accounts.join(",")
        ));
    }
    say(&text)
}

/// The key in a file, without the line end that editors add.
fn read_key(path: &Path) -> anyhow::Result<Secret<String>> {
    let text =
        Secret::new(std::fs::read_to_string(path).with_context(|| format!("the key in {}", path.display()))?);
    Ok(Secret::new(
        text.expose().trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

fn show(created: &Created) -> anyhow::Result<()> {
    let Created { source, key } = created;
    say(&format!(
        "Source  {}\nName    {}\nKind    {}\nKey     {}\n\nThe key is shown once.\n",
        source.id,
        source.name,
        source.kind,
        key.expose()
    ))
}
