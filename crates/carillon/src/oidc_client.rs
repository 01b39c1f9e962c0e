//! `carillon oidc-client`: the products that people sign in to through the portal.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use carillon_aws::secret::Secret;
use carillon_aws::time::{Clock, SystemClock, SystemEntropy};
use carillon_chime::License;
use carillon_chime::open_id::Algorithm;
use carillon_chime::open_id::operator::{self, NewClient, Shown};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::deployment;
use crate::options::Storage;
use crate::output::say;

/// Clients that are read at a time.
const PAGE: i64 = 100;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Registers a product, and prints its identifier, and its secret once.
    Create(Box<Create>),
    /// Lists the products: identifier, kind, name.
    List {
        #[command(flatten)]
        storage: Storage,
    },
    /// Deletes a product. Its tokens are refused at once.
    Delete {
        #[command(flatten)]
        storage: Storage,
        /// The identifier of the client.
        #[arg(value_name = "ID")]
        client_id: String,
    },
    /// Gives a product another secret, and prints it once. The old one is refused at once.
    RotateSecret {
        #[command(flatten)]
        storage: Storage,
        /// The identifier of the client.
        #[arg(value_name = "ID")]
        client_id: String,
    },
    /// Signs with this key of RSA from now on, where a product asks for RS256. Tokens signed with the one before stay good.
    ImportKey {
        #[command(flatten)]
        storage: Storage,
        /// The private key in PEM, of 2048 to 4096 bits.
        #[arg(value_name = "FILE")]
        key: PathBuf,
        /// Withdraws the keys of RSA before it at once: for when one may have come into wrong hands.
        #[arg(long)]
        withdraw: bool,
    },
    /// Signs with a new key from now on. It happens by itself every 90 days. Tokens signed before stay good.
    RotateKeys {
        #[command(flatten)]
        storage: Storage,
        /// Withdraws the keys before it at once: for when one may have come into wrong hands.
        #[arg(long)]
        withdraw: bool,
    },
}

#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    storage: Storage,
    /// What the product is called, as people see it.
    #[arg(value_name = "NAME")]
    name: String,
    /// Where people come back to after signing in, exactly as the product says it. May be given several times.
    #[arg(long, value_name = "URL", required = true)]
    redirect_uri: Vec<String>,
    /// Where people may go after signing out. May be given several times.
    #[arg(long, value_name = "URL")]
    post_logout_uri: Vec<String>,
    /// Where the product wants to be told that somebody is signed out.
    #[arg(long, value_name = "URL")]
    back_channel_logout_uri: Option<String>,
    /// The product cannot keep a secret: an app, or a page's script.
    #[arg(long)]
    public: bool,
    /// The Chime account whose people may use it. Without it, those of all accounts.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The license that people need for it, at least: Basic, Plus or Pro.
    #[arg(long, value_name = "LICENSE")]
    license: Option<License>,
    /// What its tokens are signed by: ES256, or RS256, which needs a key of your own (import-key).
    #[arg(long, value_name = "ALGORITHM", default_value = "ES256")]
    signing_algorithm: Algorithm,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    say(&runtime.block_on(carry_out(command))?)?;
    Ok(ExitCode::SUCCESS)
}

async fn carry_out(command: &Command) -> anyhow::Result<String> {
    let now = SystemClock.now();
    let entropy = &SystemEntropy;
    Ok(match command {
        Command::Create(options) => {
            let (store, _) = deployment::open(&options.storage).await?;
            let new = NewClient {
                name: options.name.clone(),
                redirect_uris: options.redirect_uri.clone(),
                post_logout_uris: options.post_logout_uri.clone(),
                back_channel_uri: options.back_channel_logout_uri.clone(),
                account_id: options.account.clone(),
                license: options.license,
                algorithm: options.signing_algorithm,
                is_public: options.public,
            };
            let (client, secret) =
                deployment::change(&store, async |tx| operator::create(tx, &new, entropy, now).await).await?;
            described(&client, secret.as_ref())
        }
        Command::List { storage } => {
            let (store, _) = deployment::open(storage).await?;
            let mut text = String::new();
            let mut after = String::new();
            loop {
                let mut tx = store.read().await?;
                let page = operator::list(&mut tx, &after, PAGE)
                    .await
                    .map_err(deployment::failure)?;
                drop(tx);
                for client in &page {
                    let _ = writeln!(text, "{}  {:12}  {}", client.client_id, kind(client), client.name);
                }
                match page.last() {
                    Some(last) if page.len() == usize::try_from(PAGE)? => after.clone_from(&last.client_id),
                    _ => break text,
                }
            }
        }
        Command::Delete { storage, client_id } => {
            let (store, _) = deployment::open(storage).await?;
            let client = deployment::change(&store, async |tx| {
                operator::delete(tx, client_id, entropy, now).await
            })
            .await?;
            format!("Deleted {} ({})\n", client.client_id, client.name)
        }
        Command::RotateSecret { storage, client_id } => {
            let (store, _) = deployment::open(storage).await?;
            let (client, secret) = deployment::change(&store, async |tx| {
                operator::rotate_secret(tx, client_id, entropy, now).await
            })
            .await?;
            described(&client, Some(&secret))
        }
        Command::ImportKey {
            storage,
            key,
            withdraw,
        } => {
            let secret =
                PrivateKeyDer::from_pem_file(key).with_context(|| format!("the key {}", key.display()))?;
            let (store, vault) = deployment::open(storage).await?;
            let key = deployment::change(&store, async |tx| {
                operator::import_key(tx, secret.secret_der(), &vault, entropy, now, *withdraw).await
            })
            .await?;
            format!("Key  {key}\n")
        }
        Command::RotateKeys { storage, withdraw } => {
            let (store, vault) = deployment::open(storage).await?;
            let key = deployment::change(&store, async |tx| {
                operator::rotate_keys(tx, &vault, entropy, now, *withdraw).await
            })
            .await?;
            format!("Key  {key}\n")
        }
    })
}

fn kind(client: &Shown) -> &'static str {
    if client.is_public {
        "public"
    } else {
        "confidential"
    }
}

fn described(client: &Shown, secret: Option<&Secret<String>>) -> String {
    let mut text = format!("Client ID      {}\n", client.client_id);
    if let Some(secret) = secret {
        let _ = writeln!(
            text,
            "Client secret  {}\n               (shown once)",
            secret.expose()
        );
    }
    let _ = writeln!(
        text,
        "Name           {}\nKind           {}\nSigned by      {}",
        client.name,
        kind(client),
        client.algorithm
    );
    let lists = [
        ("Redirect URI   ", client.redirect_uris.as_slice()),
        ("Post logout    ", client.post_logout_uris.as_slice()),
        ("Back channel   ", client.back_channel_uri.as_slice()),
        ("Account ID     ", client.account_id.as_slice()),
    ];
    for (label, values) in lists {
        for value in values {
            let _ = writeln!(text, "{label}{value}");
        }
    }
    if let Some(license) = client.license {
        let _ = writeln!(text, "License        {license} at least");
    }
    text
}
