//! `carillon policy who-can`: who in an account may do something, and who could come to.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use carillon_policy::analysis::{self, Account, Extent, Permission, Reason, WhoCan};

use super::diff::{Format, place, request, shortened};
use crate::output::say;

/// Names everybody in an account who may do an action, and those who could help themselves to it.
///
/// Users' groups, denies, permissions boundaries and the trust policies of roles are taken into account, for all
/// resources and conditions. Those who could are found along what they may do to identities and policies: assume a
/// role, attach a policy, make a key of somebody else, and so on, one after the other.
#[derive(Debug, clap::Args)]
pub struct WhoCanOptions {
    /// As policies write it: chime:DeleteUser.
    action: String,
    /// The resource's ARN, which may have wildcards. Any resource, if left out.
    resource: Option<String>,
    #[command(flatten)]
    account: AccountFile,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Where the account comes from.
#[derive(Debug, clap::Args)]
pub struct AccountFile {
    /// What `aws iam get-account-authorization-details` printed, whole; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    account: PathBuf,
}

impl AccountFile {
    pub fn read(&self) -> anyhow::Result<Account> {
        let shown = self.account.display();
        let text = if self.account == Path::new("-") {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
        } else {
            std::fs::read_to_string(&self.account)
        };
        let text = text.with_context(|| format!("the account {shown}"))?;
        let details = serde_json::from_str(&text).with_context(|| format!("the account {shown}"))?;
        Account::from_details(&details).with_context(|| format!("the account {shown}"))
    }
}

pub fn run(options: &WhoCanOptions) -> anyhow::Result<ExitCode> {
    let account = options.account.read()?;
    let answer = analysis::who_can(&account, &options.action, options.resource.as_deref());
    match options.format {
        Format::Text => say(&text(&answer, &account))?,
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&answer)?))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(answer: &WhoCan, account: &Account) -> String {
    let mut text = format!("can\n  arn:aws:iam::{}:root: always\n", account.id);
    for able in &answer.can {
        _ = writeln!(text, "  {}: {}", able.principal, extent(&able.permission));
        reasons(&mut text, &able.permission, "      ");
        if let (Extent::Sometimes, Some(example)) = (able.permission.extent, &able.permission.example) {
            _ = writeln!(text, "      example  {}", request(example));
        }
    }
    if !answer.could.is_empty() {
        text.push_str("could\n");
    }
    for could in &answer.could {
        _ = writeln!(text, "  {}", could.principal);
        for step in &could.steps {
            _ = writeln!(
                text,
                "      {}: {} on {}",
                step.brings, step.action, step.resource
            );
        }
    }
    for undecided in &answer.undecided {
        _ = writeln!(text, "? undecided: {undecided}");
    }
    text
}

/// In a word.
pub fn extent(permission: &Permission) -> String {
    match (permission.extent, &permission.doubt) {
        (Extent::Always, _) => "always".to_owned(),
        (Extent::Sometimes, _) => "sometimes".to_owned(),
        (Extent::Never, _) => "never".to_owned(),
        (Extent::Undecided, None) => "undecided".to_owned(),
        (Extent::Undecided, Some(doubt)) => format!("undecided, {doubt}"),
    }
}

/// The statements that give and limit a permission, a line each.
pub fn reasons(text: &mut String, permission: &Permission, indent: &str) {
    for (what, reasons) in [
        ("by    ", &permission.allowed_by),
        ("not by", &permission.denied_by),
    ] {
        for reason in reasons {
            _ = writeln!(text, "{indent}{what}   {}", line(reason));
        }
    }
    if let Some(boundary) = &permission.limited_by {
        _ = writeln!(text, "{indent}within   the permissions boundary {boundary}");
    }
}

fn line(reason: &Reason) -> String {
    let mut text = place(&reason.statement);
    if let Some(holder) = &reason.holder {
        _ = write!(text, ", which {holder} has");
    }
    if !matches!(reason.resources.as_slice(), [only] if only == "*") {
        _ = write!(text, ", on {}", shortened(&reason.resources));
    }
    if !reason.conditions.is_empty() {
        _ = write!(text, ", if {}", reason.conditions.join(" and "));
    }
    text
}
