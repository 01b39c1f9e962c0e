//! `carillon policy what-can`: the effective permissions of somebody, as a table.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::anyhow;
use carillon_iam::{PermissionRow, permission_rows};
use carillon_policy::analysis;

use super::diff::Format;
use super::who_can::{AccountFile, extent, reasons};
use crate::deployment;
use crate::output::say;

/// Shows what a user or role may do, after denies and its permissions boundary.
///
/// The table has the actions of the services that Carillon knows, by service and access level, with where each
/// comes from and on what conditions. What is not in it is denied.
#[derive(Debug, clap::Args)]
pub struct WhatCan {
    /// ARN of the user or role, or its name if no other has it.
    principal: String,
    #[command(flatten)]
    account: AccountFile,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(options: &WhatCan) -> anyhow::Result<ExitCode> {
    let account = options.account.read()?;
    let identity = account.find(&options.principal).ok_or_else(|| {
        anyhow!(
            "no user or role of the account, or more than one, is called {}",
            options.principal
        )
    })?;
    let actions = carillon_iam::known_actions(&deployment::registry());
    let names = actions.iter().map(|action| action.name.as_str());
    let can = analysis::what_can(identity, names).map_err(|reason| anyhow!("{}: {reason}", identity.arn))?;
    let rows = permission_rows(can, &actions);
    match options.format {
        Format::Text => say(&text(&identity.arn, &rows))?,
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(principal: &str, rows: &[PermissionRow]) -> String {
    let mut text = format!("{principal}\n");
    if rows.is_empty() {
        text.push_str("  nothing\n");
    }
    let mut service = "";
    for row in rows {
        if row.service != service {
            service = &row.service;
            _ = writeln!(text, "{service}");
        }
        let level = row.access_level.unwrap_or("not served");
        _ = writeln!(
            text,
            "  {level}, {}: {}",
            extent(&row.permission),
            row.actions.join(", ")
        );
        reasons(&mut text, &row.permission, "      ");
    }
    text
}
