//! `carillon dns check`: looks at the record of a domain as the server does.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::anyhow;
use carillon_chime::account::operator::{self, Claim};

use super::Dns;
use crate::deployment;
use crate::options::{Resolvers, Storage};
use crate::output::say;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Looks up the TXT record that proves the claim of a domain, with the name servers that the server asks, and says
    /// what each account that claims the domain would make of it. Changes nothing.
    ///
    /// Exit status 1 if the name servers do not answer.
    Check {
        #[command(flatten)]
        storage: Storage,
        #[command(flatten)]
        resolvers: Resolvers,
        #[arg(value_name = "DOMAIN")]
        domain: String,
    },
}

pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Check {
        storage,
        resolvers,
        domain,
    } = command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(check(&storage, &resolvers.dns_resolver, &domain))
}

async fn check(storage: &Storage, servers: &[SocketAddr], domain: &str) -> anyhow::Result<ExitCode> {
    let name = operator::challenge_name(domain).map_err(deployment::failure)?;
    let looked_up = Dns::new(servers.to_vec()).look_up_now(&name).await;
    let asked = match servers {
        [] => "those of the system".to_owned(),
        servers => servers
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    say(&format!("Name          {name}\nName servers  {asked}\n"))?;
    let records = looked_up.map_err(|error| anyhow!("no answer: {error}"))?;
    let (store, _) = deployment::open(storage).await?;
    let mut tx = store.read().await?;
    let claims = operator::claims(&mut tx, domain, &records)
        .await
        .map_err(deployment::failure)?;
    say(&shown(&records, &claims)?)?;
    Ok(ExitCode::SUCCESS)
}

fn shown(records: &[Vec<u8>], claims: &[Claim]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    if records.is_empty() {
        text.push_str("TXT record    none\n");
    }
    for record in records {
        // Whoever has the domain decides what stands here, not what a terminal does with it.
        writeln!(text, "TXT record    {}", record.escape_ascii())?;
    }
    for claim in claims {
        let Claim {
            account_id,
            status,
            result,
        } = claim;
        match result {
            Some(result) => writeln!(text, "Account       {account_id}: {status}, now {result}")?,
            None => writeln!(text, "Account       {account_id}: {status}")?,
        }
    }
    if claims.is_empty() {
        text.push_str("Accounts      none claims the domain\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_does_not_move_the_cursor() {
        let text = shown(&[b"a\x1b[2Jb\n\xff".to_vec()], &[]).unwrap();
        assert_eq!(
            text,
            "TXT record    a\\x1b[2Jb\\n\\xff\nAccounts      none claims the domain\n"
        );
    }
}
