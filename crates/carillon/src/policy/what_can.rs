//! `carillon policy what-can`: the effective permissions of somebody, as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::anyhow;
use carillon_iam::KnownAction;
use carillon_operation::AccessLevel;
use carillon_policy::analysis::{self, Can, Permission};
use serde::Serialize;

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

/// A line of the table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
struct Row {
    service: String,
    /// None of an action that this release does not serve.
    access_level: Option<&'static str>,
    #[serde(flatten)]
    can: Can,
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
    let rows = rows(can, &actions);
    match options.format {
        Format::Text => say(&text(&identity.arn, &rows))?,
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(can: Vec<Can>, actions: &[KnownAction]) -> Vec<Row> {
    let levels: BTreeMap<&str, Option<AccessLevel>> = actions
        .iter()
        .map(|action| (action.name.as_str(), action.level))
        .collect();
    let row = |can: Can| Row {
        service: can.action.split(':').next().unwrap_or_default().to_owned(),
        access_level: levels
            .get(can.action.as_str())
            .copied()
            .flatten()
            .map(AccessLevel::name),
        can,
    };
    can.into_iter().map(row).collect()
}

/// Actions of one service and level that come from the same statements stand together.
fn text(principal: &str, rows: &[Row]) -> String {
    let mut text = format!("{principal}\n");
    if rows.is_empty() {
        text.push_str("  nothing\n");
    }
    let mut done = vec![false; rows.len()];
    let mut service = "";
    for (number, row) in rows.iter().enumerate() {
        if done[number] {
            continue;
        }
        if row.service != service {
            service = &row.service;
            _ = writeln!(text, "{service}");
        }
        let mut names = Vec::new();
        for (other, done) in rows.iter().zip(&mut done).skip(number) {
            if other.service == row.service
                && other.access_level == row.access_level
                && same(&other.can.permission, &row.can.permission)
            {
                *done = true;
                names.push(other.can.action.split_once(':').map_or("", |(_, name)| name));
            }
        }
        let level = row.access_level.unwrap_or("not served");
        _ = writeln!(
            text,
            "  {level}, {}: {}",
            extent(&row.can.permission),
            names.join(", ")
        );
        reasons(&mut text, &row.can.permission, "      ");
    }
    text
}

/// Whether two permissions are told alike.
fn same(left: &Permission, right: &Permission) -> bool {
    let told = |permission: &Permission| Permission {
        example: None,
        ..permission.clone()
    };
    told(left) == told(right)
}
