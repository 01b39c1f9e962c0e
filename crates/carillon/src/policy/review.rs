//! `carillon policy review`: the policies that a new release gave more, or left behind.

use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

use carillon_iam::{PolicyReview, StatementEffect, WidenedWildcard, WildcardElement, review_policies};

use super::of_account::{Format, OfAccount};
use crate::output::say;

/// Lists the AWS account's own policies that actions of a later release concern: wildcards that mean more than when the
/// policy was written, and what the nearest managed policy of AWS's grants besides.
///
/// A release changes no policy of yours. A wildcard in one gets new actions by itself, a list of names does not; a policy
/// is listed until it is written anew. Reads the database only; safe while servers run.
///
/// Exit status 0 if no policy is to be reviewed, 1 if some are.
#[derive(Debug, clap::Args)]
pub struct Review {
    #[command(flatten)]
    of: OfAccount,

    /// How the answer looks; JSON is one policy a line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(options: &Review) -> anyhow::Result<ExitCode> {
    let reviews = options
        .of
        .look(async |data| Ok(review_policies(&mut data.tx, &data.registry, data.account).await?))?;
    for review in &reviews {
        match options.format {
            Format::Text => say(&Shown(review).to_string())?,
            Format::Json => say(&format!("{}\n", serde_json::to_string(review)?))?,
        }
    }
    if options.format == Format::Text {
        say(&match reviews.len() {
            0 => "no policy is to be reviewed\n".to_owned(),
            1 => "1 policy to review\n".to_owned(),
            count => format!("{count} policies to review\n"),
        })?;
    }
    Ok(match reviews.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

struct Shown<'a>(&'a PolicyReview);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let policy = self.0;
        match (&policy.policy_arn, &policy.attached_to) {
            (Some(arn), _) => write!(f, "{arn}")?,
            (None, Some(holder)) => write!(f, "{} of {holder}", policy.policy_name)?,
            (None, None) => write!(f, "{}", policy.policy_name)?,
        }
        match &policy.edited_at {
            Some(at) => writeln!(f, ", written {}", at.0.iso_seconds())?,
            None => writeln!(f)?,
        }
        for widened in &policy.widened_wildcards {
            writeln!(f, "  {}", told(widened))?;
        }
        if let Some(nearest) = &policy.nearest_policy {
            let known: Vec<&str> = nearest
                .missing_actions
                .iter()
                .filter(|action| !nearest.new_actions.contains(action))
                .map(String::as_str)
                .collect();
            let name = nearest.policy_arn.rsplit('/').next().unwrap_or_default();
            if !nearest.new_actions.is_empty() {
                writeln!(f, "  {name} also grants, new: {}", nearest.new_actions.join(", "))?;
            }
            if !known.is_empty() {
                writeln!(f, "  {name} also grants: {}", known.join(", "))?;
            }
        }
        Ok(())
    }
}

fn told(widened: &WidenedWildcard) -> String {
    let verb = match widened.effect {
        StatementEffect::Allow => "allows",
        StatementEffect::Deny => "denies",
    };
    let by = match widened.element {
        WildcardElement::Action => widened.patterns.join(", "),
        WildcardElement::NotAction => format!("all but {}", widened.patterns.join(", ")),
    };
    let sid = widened
        .sid
        .as_ref()
        .map_or_else(String::new, |sid| format!(" `{sid}`"));
    format!(
        "statement {}{sid} now {verb} by {by}: {}",
        widened.statement_index + 1,
        widened.new_actions.join(", ")
    )
}
