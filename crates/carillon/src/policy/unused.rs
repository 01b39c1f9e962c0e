//! `carillon policy unused`: what was given and nobody uses.

use std::fmt::Write as _;
use std::process::ExitCode;

use carillon_aws::time::{Clock, SystemClock};
use carillon_iam::{
    Arn, StatementEffect, UnusedAccessFinding, UnusedPermissions, unused_access, unused_permissions,
};

use super::of_account::{Format, OfAccount};
use crate::deployment;
use crate::output::say;

/// Lists what was not used in the last days: of a user or role the allowed actions and the statements, or without
/// --principal the roles, access keys and passwords of the AWS account.
///
/// Actions and statements are compared with the recorded calls of up to 90 days. Reads the database only; safe while
/// servers run.
///
/// Exit status 0 if everything was used, 1 if something was not.
#[derive(Debug, clap::Args)]
pub struct Unused {
    #[command(flatten)]
    of: OfAccount,

    /// A user or role.
    #[arg(long, value_name = "ARN")]
    principal: Option<Arn>,

    /// How far back, 1 to 365; with --principal, to 90.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=365))]
    days: i64,

    /// How the answer looks; JSON of an AWS account is one finding a line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Days of recorded calls.
const RECORDED: i64 = 90;

pub fn run(options: &Unused) -> anyhow::Result<ExitCode> {
    let (text, is_empty) = match &options.principal {
        Some(principal) => of_principal(options, principal)?,
        None => of_account(options)?,
    };
    say(&text)?;
    Ok(match is_empty {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The text, and whether everything was used.
fn of_principal(options: &Unused, principal: &Arn) -> anyhow::Result<(String, bool)> {
    anyhow::ensure!(
        options.days <= RECORDED,
        "with --principal, --days is at most {RECORDED}"
    );
    let window = (SystemClock.now(), options.days);
    let unused = options.of.look(async |data| {
        unused_permissions(&mut data.tx, &data.registry, data.account, principal, window)
            .await
            .map_err(deployment::failure)
    })?;
    let text = match options.format {
        Format::Text => permissions(&unused),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&unused)?),
    };
    Ok((
        text,
        unused.unused_actions.is_empty() && unused.unused_statements.is_empty(),
    ))
}

fn permissions(unused: &UnusedPermissions) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for action in &unused.unused_actions {
        let _ = writeln!(text, "{action} is allowed and was not tried");
    }
    for statement in &unused.unused_statements {
        let effect = match statement.effect {
            StatementEffect::Allow => "allow",
            StatementEffect::Deny => "deny",
        };
        let sid = statement
            .sid
            .as_ref()
            .map_or_else(String::new, |sid| format!(" `{sid}`"));
        let policy = statement.policy_arn.as_ref().unwrap_or(&statement.policy_name);
        let _ = writeln!(
            text,
            "statement {}{sid} ({effect}) of {policy}, which {} has, decided nothing",
            statement.statement_index + 1,
            statement.attached_to
        );
    }
    let since = unused.examined_since.0.iso_seconds();
    let _ = writeln!(
        text,
        "{} recorded calls looked at, since {since}",
        unused.examined
    );
    text
}

/// The text, and whether everything was used.
fn of_account(options: &Unused) -> anyhow::Result<(String, bool)> {
    let window = (SystemClock.now(), options.days);
    let findings = options
        .of
        .look(async |data| Ok(unused_access(&mut data.tx, data.account, window).await?))?;
    let mut text = String::new();
    for finding in &findings {
        match options.format {
            Format::Text => text.push_str(&line(finding)),
            Format::Json => {
                text.push_str(&serde_json::to_string(finding)?);
                text.push('\n');
            }
        }
    }
    if findings.is_empty() && options.format == Format::Text {
        let _ = writeln!(
            text,
            "everything there is was used in the last {} days",
            options.days
        );
    }
    Ok((text, findings.is_empty()))
}

fn line(finding: &UnusedAccessFinding) -> String {
    let key = finding
        .access_key_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" {id}"));
    let used = match &finding.last_accessed {
        Some(at) => format!("last used {}", at.0.iso_seconds()),
        None => "never used".to_owned(),
    };
    format!(
        "{} {}{key}: there since {}, {used}\n",
        finding.finding_type.as_str(),
        finding.resource,
        finding.created_at.0.iso_seconds()
    )
}
