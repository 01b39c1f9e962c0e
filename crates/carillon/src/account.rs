//! `carillon account`: the AWS accounts of a deployment.

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use anyhow::bail;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{Clock, SystemEntropy, Timestamp};
use carillon_iam::IAM;
use carillon_iam::account::{self, AwsAccount, NewAwsAccount};
use carillon_operation::{Event, ServiceEvent, Settings};
use serde_json::json;

use crate::options::{Change, Storage};
use crate::output::say;
use crate::{audit_log, deployment, first_start};

/// Accounts that are read at a time.
const PAGE: i64 = 100;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Creates an AWS account with a root user, and prints its credentials once.
    Create(Create),
    /// Lists the AWS accounts: number, creation, alias, name, email address.
    List(List),
    /// Shows one AWS account.
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    change: Change,
    /// What the account is called.
    #[arg(long, value_name = "NAME", default_value = "", value_parser = name)]
    name: String,
    /// The email address of its owner.
    #[arg(long, value_name = "ADDRESS", default_value = "", value_parser = name)]
    email: String,
    /// Its number: 12 digits. Drawn if absent.
    #[arg(long, value_name = "ID")]
    account_id: Option<AwsAccountId>,
    /// The address of the server, for what is printed.
    #[arg(
        long,
        env = "CARILLON_PUBLIC_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    public_url: String,
}

#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    storage: Storage,
}

#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    storage: Storage,
    /// The number of the account.
    #[arg(value_name = "ID")]
    account_id: AwsAccountId,
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.chars().count() > 256 || text.chars().any(char::is_control) {
        return Err("must be at most 256 characters, none of them control characters");
    }
    Ok(text.to_owned())
}

pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Create(options) => create(options).await,
            Command::List(options) => list(&options).await,
            Command::Show(options) => show(&options).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn create(options: Create) -> anyhow::Result<()> {
    let audit_log = audit_log::Shared::open(options.change.audit_log.as_deref())?;
    let (store, vault) = deployment::open(&options.change.storage).await?;
    let settings = Settings {
        public_url: options.public_url.trim_end_matches('/').to_owned(),
        mail: false,
        ..Settings::default()
    };
    let environment = deployment::environment(vault, settings, None);
    let (created, event) = deployment::change(&store, async |tx| {
        let new = NewAwsAccount {
            aws_account_id: options.account_id,
            name: options.name.clone(),
            email: options.email.clone(),
            ..NewAwsAccount::default()
        };
        let now = environment.clock.now();
        let created = account::create(tx, &environment, new, now).await?;
        let event = event(created.aws_account_id, now, "account");
        event.insert(tx).await?;
        Ok((created, event))
    })
    .await?;
    say(&format!(
        "Created an AWS account with a root user. This is shown once.\n\n{}\n",
        first_start::credentials(&created, &environment.settings.public_url, false, false)
    ))?;
    audit_log.write(&event)
}

/// How the trail of the account begins. The operator is nobody that the account knows, so the event is the service's.
/// `command`: the one that made the account.
pub fn event(aws_account_id: AwsAccountId, now: Timestamp, command: &str) -> Event {
    let user_agent = format!("carillon/{} {command}", env!("CARGO_PKG_VERSION"));
    ServiceEvent {
        aws_account_id,
        at: now,
        source: IAM.event_source,
        name: "CreateAwsAccount",
        // The command line has no other.
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: Some(&user_agent),
        details: json!({ "initiator": "operator", "accountId": aws_account_id }),
        error: None,
        resource: Some(("AWS::Organizations::Account", aws_account_id.to_string())),
    }
    .event(&SystemEntropy)
}

async fn list(options: &List) -> anyhow::Result<()> {
    let (store, _) = deployment::open(&options.storage).await?;
    let mut after = String::new();
    loop {
        let page = account::list(&mut store.read().await?, &after, PAGE).await?;
        for account in &page {
            say(&format!(
                "{}  {}  {:<20}  {}  {}\n",
                account.aws_account_id,
                account.created_at.iso_seconds(),
                account.alias.as_deref().unwrap_or("-"),
                or_dash(&account.name),
                or_dash(&account.email),
            ))?;
        }
        match page.last() {
            Some(last) if i64::try_from(page.len()) == Ok(PAGE) => after = last.aws_account_id.to_string(),
            _ => return Ok(()),
        }
    }
}

async fn show(options: &Show) -> anyhow::Result<()> {
    let (store, _) = deployment::open(&options.storage).await?;
    let id = options.account_id;
    let Some(account) = account::find(&mut store.read().await?, id).await? else {
        bail!("there is no AWS account {id}");
    };
    let AwsAccount {
        aws_account_id,
        name,
        email,
        alias,
        created_at,
    } = account;
    say(&format!(
        "Account ID  {aws_account_id}\nName        {}\nEmail       {}\nAlias       {}\nCreated     {}\n",
        or_dash(&name),
        or_dash(&email),
        alias.as_deref().unwrap_or("-"),
        created_at.iso_seconds(),
    ))
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
