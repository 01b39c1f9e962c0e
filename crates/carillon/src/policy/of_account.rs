//! What commands need that look at the data of one AWS account.

use anyhow::bail;
use carillon_aws::id::AwsAccountId;
use carillon_iam::account;
use carillon_operation::Registry;
use carillon_store::{ReadTx, Store};
use clap::ValueEnum;

use crate::deployment;
use crate::options::Storage;

/// Whose data is looked at.
#[derive(Debug, clap::Args)]
pub struct OfAccount {
    #[command(flatten)]
    storage: Storage,

    /// The AWS account. [default: the only one there is]
    #[arg(long, value_name = "ID")]
    account: Option<AwsAccountId>,
}

/// How the answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// The data, as one snapshot.
pub struct Opened {
    pub tx: ReadTx,
    pub registry: Registry,
    pub account: AwsAccountId,
    _store: Store,
}

impl OfAccount {
    /// Opens the data and looks at it.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or it is not said which AWS account is meant.
    pub fn look<T>(&self, work: impl AsyncFnOnce(&mut Opened) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async { work(&mut self.open().await?).await })
    }

    async fn open(&self) -> anyhow::Result<Opened> {
        let (store, _) = deployment::open(&self.storage).await?;
        let mut tx = store.read().await?;
        let account = match self.account {
            Some(account) => account,
            None => only_account(&mut tx).await?,
        };
        Ok(Opened {
            tx,
            registry: deployment::registry(),
            account,
            _store: store,
        })
    }
}

async fn only_account(tx: &mut ReadTx) -> anyhow::Result<AwsAccountId> {
    match account::list(tx, "", 2).await?.as_slice() {
        [] => bail!("there is no AWS account"),
        [one] => Ok(one.aws_account_id),
        _ => bail!("there are several AWS accounts: name one with --account"),
    }
}
