//! `carillon policy generate`: a policy of what somebody does.

use std::process::ExitCode;

use carillon_aws::time::{Clock, SystemClock};
use carillon_iam::{Arn, least_privilege_policy};

use super::of_account::{Format, OfAccount};
use crate::deployment;
use crate::output::say;

/// Makes from the recorded calls of a user or role a policy that allows what it was allowed and did, and tries it on the
/// same calls.
///
/// The policy is written to standard output, what is to be said of it to standard error; with --format json both are one
/// document. Reads the database only; safe while servers run.
///
/// Exit status 0 if the policy allows all of these calls; 1 if it would refuse some, or there are none.
#[derive(Debug, clap::Args)]
pub struct Generate {
    #[command(flatten)]
    of: OfAccount,

    /// A user or role.
    #[arg(long, value_name = "ARN")]
    principal: Arn,

    /// How far back, 1 to 90.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=90))]
    days: i64,

    /// Allows the calls only from the addresses that they came from, if those are at most 20.
    #[arg(long)]
    restrict_source_ip: bool,

    /// How the answer looks.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(options: &Generate) -> anyhow::Result<ExitCode> {
    let window = (SystemClock.now(), options.days);
    let made = options.of.look(async |data| {
        least_privilege_policy(
            &mut data.tx,
            &data.registry,
            data.account,
            &options.principal,
            window,
            options.restrict_source_ip,
        )
        .await
        .map_err(deployment::failure)
    })?;
    match options.format {
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&made)?))?,
        Format::Text => {
            say(&format!("{}\n", made.policy_document))?;
            eprintln!(
                "{} actions, from {} allowed calls since {}",
                made.action_count,
                made.allowed_calls,
                made.examined_since.0.iso_seconds()
            );
            if made.refused_calls > 0 {
                eprintln!(
                    "{} of these calls it would refuse by itself: a resource's own policy allowed them",
                    made.refused_calls
                );
            }
            for finding in &made.findings {
                eprintln!("{finding}");
            }
            if !made.fits_managed_policy {
                eprintln!("it is too long for a managed policy");
            }
        }
    }
    Ok(match made.refused_calls {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
