//! `carillon explain`: why a request was answered as it was.

use std::process::ExitCode;

use anyhow::bail;
use carillon_iam::{Explained, account, explain};
use carillon_operation::Recorded;
use carillon_store::Store;
use clap::ValueEnum;

use crate::deployment;
use crate::options::Storage;
use crate::output::say;

/// AWS accounts that are looked through at a time.
const PAGE: i64 = 1_000;

/// Tells why a request was allowed or refused.
///
/// Its identifier is in every answer: the header x-amzn-requestid, ResponseMetadata of boto3, the end of what the AWS CLI
/// shows with --debug, and requestID in the trail. Reads the database only; safe while servers run.
///
/// Exit status 1 if no trail has the request.
#[derive(Debug, clap::Args)]
pub struct Explain {
    #[command(flatten)]
    storage: Storage,

    /// The identifier of the request.
    #[arg(value_name = "REQUEST-ID")]
    request_id: String,

    /// How the explanation looks.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How explanations look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(options: &Explain) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let explained = runtime.block_on(async {
        let (store, _) = deployment::open(&options.storage).await?;
        find(&store, &options.request_id).await
    })?;
    let Some(explained) = explained else {
        bail!("no trail has a request {}", options.request_id);
    };
    match options.format {
        Format::Text => say(&explained.to_string())?,
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&explained)?))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks for the request in the trail of every AWS account.
async fn find(store: &Store, request_id: &str) -> anyhow::Result<Option<Explained>> {
    let registry = deployment::registry();
    let mut tx = store.read().await?;
    let mut after = String::new();
    loop {
        let page = account::list(&mut tx, &after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        after = last.aws_account_id.to_string();
        for account in &page {
            if let Some(recorded) = Recorded::find(&mut tx, account.aws_account_id, request_id).await? {
                return Ok(Some(explain(&mut tx, &registry, &recorded).await?));
            }
        }
    }
}
