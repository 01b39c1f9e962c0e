//! `carillon policy replay`: a change of access before it is made, tried on the calls that were recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use carillon_aws::time::{Clock, SystemClock};
use carillon_iam::{AccessChange, AccessPreview, CallChange, Effect, preview_change};
use serde_json::json;

use super::of_account::{Format, OfAccount};
use crate::deployment;
use crate::output::say;

/// Tries a draft policy, an attachment or a detachment on the recorded calls of the last days, and lists the calls and
/// people whose answer would be another one.
///
/// The change is compared with the policies of today. Nothing is changed; safe while servers run.
///
/// Exit status 0 if no call would be decided otherwise, 1 if some would.
#[derive(Debug, clap::Args)]
pub struct Replay {
    #[command(flatten)]
    of: OfAccount,

    /// How far back recorded calls are tried, 1 to 90.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=90))]
    days: i64,

    /// The managed policy whose new text is --document.
    #[arg(long, value_name = "ARN", conflicts_with_all = ["principal", "name", "attach", "detach", "delete"],
          requires = "document")]
    policy: Option<String>,

    /// The user, group or role that gets or loses a policy.
    #[arg(long, value_name = "ARN", required_unless_present = "policy")]
    principal: Option<String>,

    /// The name of the inline policy whose new text is --document, or that is deleted with --delete.
    #[arg(long, value_name = "NAME", requires = "principal", conflicts_with_all = ["attach", "detach"])]
    name: Option<String>,

    /// The draft.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["attach", "detach", "delete"])]
    document: Option<PathBuf>,

    /// Deletes the inline policy.
    #[arg(long, requires = "name")]
    delete: bool,

    /// Attaches this managed policy.
    #[arg(long, value_name = "ARN", requires = "principal", conflicts_with = "detach")]
    attach: Option<String>,

    /// Detaches this managed policy.
    #[arg(long, value_name = "ARN", requires = "principal")]
    detach: Option<String>,

    /// How the answer looks; JSON is one call a line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(options: &Replay) -> anyhow::Result<ExitCode> {
    let change = options.change()?;
    let window = (SystemClock.now(), options.days);
    let found = options.of.look(async |data| {
        let mut found = Found::default();
        preview_change(
            &mut data.tx,
            &data.registry,
            data.account,
            &change,
            window,
            |page| found.add(page),
        )
        .await
        .map_err(deployment::failure)?;
        Ok(found)
    })?;
    match options.format {
        Format::Text => say(&found.text())?,
        Format::Json => {
            for change in &found.calls {
                say(&format!("{}\n", serde_json::to_string(change)?))?;
            }
        }
    }
    Ok(match found.calls.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What was found in the whole trail.
#[derive(Default)]
struct Found {
    calls: Vec<CallChange>,
    examined: usize,
    undecided: usize,
}

impl Replay {
    /// The change as the operation takes it.
    fn change(&self) -> anyhow::Result<AccessChange> {
        let draft = || -> anyhow::Result<String> {
            let path = self
                .document
                .as_ref()
                .context("a draft is needed: --document FILE")?;
            std::fs::read_to_string(path).with_context(|| format!("the draft {}", path.display()))
        };
        let principal = &self.principal;
        let change = if let Some(arn) = &self.policy {
            json!({ "replacePolicy": { "policyArn": arn, "policyDocument": draft()? } })
        } else if let Some(arn) = &self.attach {
            json!({ "attachPolicy": { "principalArn": principal, "policyArn": arn } })
        } else if let Some(arn) = &self.detach {
            json!({ "detachPolicy": { "principalArn": principal, "policyArn": arn } })
        } else {
            let name = self
                .name
                .as_ref()
                .context("what changes: --name, --attach or --detach")?;
            if self.delete {
                json!({ "deleteInlinePolicy": { "principalArn": principal, "policyName": name } })
            } else {
                json!({ "putInlinePolicy": {
                    "principalArn": principal, "policyName": name, "policyDocument": draft()?,
                }})
            }
        };
        serde_json::from_value(change).context("the change")
    }
}

impl Found {
    /// Calls that several stretches have are one.
    fn add(&mut self, page: AccessPreview) {
        self.examined += page.examined;
        self.undecided += page.undecided;
        for call in page.changes {
            let known = self.calls.iter_mut().find(|known| {
                (known.effect, &known.principal_arn, &known.action, &known.resource)
                    == (call.effect, &call.principal_arn, &call.action, &call.resource)
            });
            match known {
                Some(known) => known.count += call.count,
                None => self.calls.push(call),
            }
        }
    }

    fn text(&self) -> String {
        let mut people: BTreeMap<(Effect, &str), Vec<&CallChange>> = BTreeMap::new();
        for call in &self.calls {
            people
                .entry((call.effect, &call.principal_arn))
                .or_default()
                .push(call);
        }
        let mut text = String::new();
        for ((effect, principal), calls) in people {
            let verb = match effect {
                Effect::Gained => "would be allowed",
                Effect::Lost => "would lose",
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{principal} {verb}");
            for call in calls {
                let (count, last) = (call.count, &call.last_request_id);
                let _ = writeln!(
                    text,
                    "  {} on {} ({count} times, last in request {last})",
                    call.action, call.resource
                );
            }
        }
        let _ = writeln!(
            text,
            "{} recorded calls tried, {} of them cannot be decided again",
            self.examined, self.undecided
        );
        text
    }
}
