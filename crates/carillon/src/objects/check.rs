//! `carillon objects`: whether the object store does what we need of it.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use carillon_aws::id::uuid_v4;
use carillon_aws::time::{Clock, SystemClock, SystemEntropy};
use carillon_operation::{Chunks, Label, Objects, Settings};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::ObjectStorage;
use crate::deployment;
use crate::options::{ObjectOptions, Storage};
use crate::output::say;

const CONTENT: &[u8] = b"carillon objects check\n";
const LABEL: Label<'static> = Label {
    file_name: "check.txt",
    content_type: "text/plain",
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Puts an object, fetches it directly and by a link, and deletes it again.
    ///
    /// A link into a bucket is fetched as anybody would. Links to a folder are served by a running server, so there
    /// it is only made.
    Check(Check),
}

#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    storage: Storage,
    #[command(flatten)]
    objects: ObjectOptions,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Check(options) = command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(check(options))?;
    Ok(ExitCode::SUCCESS)
}

async fn check(options: &Check) -> anyhow::Result<()> {
    let (_, vault) = deployment::open(&options.storage).await?;
    let settings = Settings {
        public_url: "http://localhost".to_owned(),
        mail: false,
        mail_providers: Default::default(),
        self_registration: false,
        account_quota: None,
        support_address: None,
    };
    let environment = deployment::environment(vault, settings, None);
    let objects = options.objects.of(&options.storage);
    let storage = ObjectStorage::open(&objects, &environment)?;
    let key = format!("checks/{}", uuid_v4(&SystemEntropy));
    storage
        .put(&key, LABEL, &mut Some(Bytes::from_static(CONTENT)))
        .await
        .context("putting an object")?;
    let outcome = read_back(&storage, &key).await;
    // Whatever came of it, nothing stays.
    storage.delete(&key).await.context("deleting it")?;
    outcome?;
    ensure!(
        storage.size(&key).await.context("looking for it")?.is_none(),
        "the object is still there after it was deleted"
    );
    say("put, found, read, linked and deleted an object: the object store works")
}

async fn read_back(storage: &ObjectStorage, key: &str) -> anyhow::Result<()> {
    let size = storage.size(key).await.context("looking for it")?;
    ensure!(
        size == Some(CONTENT.len() as u64),
        "it has not the size it should have"
    );
    let mut content = storage.get(key, None).await.context("reading it")?;
    ensure!(all(&mut *content).await? == CONTENT, "it is not what was put");
    let link = storage
        .link(key, LABEL, SystemClock.now(), Duration::from_secs(60))
        .await
        .context("making a link")?;
    if storage.serves_links() {
        return Ok(());
    }
    let fetched = fetch(&link).await.context("fetching it by a link")?;
    ensure!(fetched == CONTENT, "a link leads to something else");
    // Altered, it must lead nowhere.
    let altered = link.replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    ensure!(altered != link, "the link is not presigned");
    if fetch(&altered).await.is_ok() {
        bail!("the store does not check signatures: an altered link was served");
    }
    Ok(())
}

async fn all(content: &mut dyn Chunks) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = content.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

async fn fetch(url: &str) -> anyhow::Result<Vec<u8>> {
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_native_roots()?
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(https);
    let response = tokio::time::timeout(Duration::from_secs(20), client.get(url.parse()?)).await??;
    ensure!(
        response.status().is_success(),
        "the answer has status {}",
        response.status().as_u16()
    );
    let body = Limited::new(response.into_body(), 1 << 16)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!(error))?;
    Ok(body.to_bytes().to_vec())
}
