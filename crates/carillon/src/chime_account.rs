//! `carillon chime-account`: what an operator does to Chime accounts, and AWS leaves to its own support.

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use carillon_aws::time::{Clock, SystemClock, SystemEntropy, Timestamp};
use carillon_chime::CHIME;
use carillon_chime::account::operator::{self, Shown};
use carillon_chime::account::{AccountType, Life};
use carillon_operation::{Event, ServiceEvent};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::options::Change;
use crate::output::say;
use crate::{audit_log, deployment};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Changes the type of an account. Nobody is moved, no domain claimed.
    SetType {
        #[command(flatten)]
        change: Change,
        /// The identifier of the Chime account.
        #[arg(value_name = "ID")]
        account_id: String,
        /// Team, EnterpriseDirectory, EnterpriseLWA or EnterpriseOIDC.
        #[arg(value_name = "TYPE")]
        account_type: AccountType,
    },
    /// Suspends, deletes or restores an account.
    SetStatus {
        #[command(flatten)]
        change: Change,
        /// The identifier of the Chime account.
        #[arg(value_name = "ID")]
        account_id: String,
        #[arg(value_name = "STATUS")]
        status: Status,
    },
    /// Makes a domain the account's without asking its name servers.
    ClaimDomain {
        #[command(flatten)]
        change: Change,
        /// The identifier of the Chime account.
        #[arg(value_name = "ID")]
        account_id: String,
        #[arg(value_name = "DOMAIN")]
        domain: String,
    },
    /// Takes a domain from the account, and releases its people of that domain.
    ReleaseDomain {
        #[command(flatten)]
        change: Change,
        /// The identifier of the Chime account.
        #[arg(value_name = "ID")]
        account_id: String,
        #[arg(value_name = "DOMAIN")]
        domain: String,
    },
}

/// What an account may be made.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Status {
    /// In use.
    #[value(name = "Active")]
    Active,
    /// Readable, but nothing changes and nobody signs in.
    #[value(name = "Suspended")]
    Suspended,
    /// Deleted; purged when its time of grace ends, unless it is made active again.
    #[value(name = "Disabled")]
    Disabled,
}

impl From<Status> for Life {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Suspended => Self::Suspended,
            Status::Disabled => Self::Disabled,
        }
    }
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let shown = runtime.block_on(carry_out(command))?;
    let Shown {
        account_id,
        aws_account_id,
        name,
        account_type,
        life,
    } = shown;
    say(&format!(
        "Account ID   {account_id}\nName         {name}\nType         {account_type}\nStatus       {}\n\
         AWS account  {aws_account_id}\n",
        life.as_str()
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn carry_out(command: &Command) -> anyhow::Result<Shown> {
    let change = match command {
        Command::SetType { change, .. }
        | Command::SetStatus { change, .. }
        | Command::ClaimDomain { change, .. }
        | Command::ReleaseDomain { change, .. } => change,
    };
    let audit_log = audit_log::Shared::open(change.audit_log.as_deref())?;
    let (store, _) = deployment::open(&change.storage).await?;
    let now = SystemClock.now();
    let (shown, event) = deployment::change(&store, async |tx| {
        let shown = match command {
            Command::SetType {
                account_id,
                account_type,
                ..
            } => operator::set_type(tx, account_id, *account_type).await,
            Command::SetStatus {
                account_id, status, ..
            } => operator::set_status(tx, account_id, (*status).into(), &SystemEntropy, now).await,
            Command::ClaimDomain {
                account_id, domain, ..
            } => operator::claim_domain(tx, account_id, domain, &SystemEntropy, now).await,
            Command::ReleaseDomain {
                account_id, domain, ..
            } => operator::release_domain(tx, account_id, domain, &SystemEntropy, now).await,
        }?;
        let event = event(command, &shown, now);
        event.insert(tx).await?;
        Ok((shown, event))
    })
    .await?;
    audit_log.write(&event)?;
    Ok(shown)
}

/// What the trail of the AWS account that has the Chime account keeps of a change: the operator is nobody that
/// the account knows, so the event is the service's.
fn event(command: &Command, shown: &Shown, now: Timestamp) -> Event {
    let (name, change) = match command {
        Command::SetType { .. } => (
            "SetAccountType",
            json!({ "accountType": shown.account_type.to_string() }),
        ),
        Command::SetStatus { .. } => (
            "SetAccountStatus",
            json!({ "accountStatus": shown.life.as_str() }),
        ),
        Command::ClaimDomain { domain, .. } => ("ClaimDomain", domain_detail(domain)),
        Command::ReleaseDomain { domain, .. } => ("ReleaseDomain", domain_detail(domain)),
    };
    let mut details = change;
    details["initiator"] = json!("operator");
    details["accountId"] = json!(shown.account_id);
    ServiceEvent {
        aws_account_id: shown.aws_account_id,
        at: now,
        source: CHIME.event_source,
        name,
        // The command line has no other.
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: Some(concat!("carillon/", env!("CARGO_PKG_VERSION"), " chime-account")),
        details,
        error: None,
        resource: Some(("AWS::Chime::Account", shown.account_id.clone())),
    }
    .event(&SystemEntropy)
}

fn domain_detail(domain: &str) -> Value {
    json!({ "domain": domain.to_ascii_lowercase() })
}
