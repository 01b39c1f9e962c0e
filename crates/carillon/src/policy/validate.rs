//! `carillon policy validate`: findings over JSON Lines.

use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;

use anyhow::Context;
use carillon_policy::validate::validate_lines;

use crate::deployment;

/// Validates policies: JSON Lines on standard input, one answer a line on standard output.
///
/// A line is {"id", "type", "policy"}: the text of a policy, and what it is to be used as (identity, resource, trust,
/// boundary, session, scp, rcp or endpoint). Its answer is {"id", "accepted", "valid", "findings"}: whether IAM would
/// store the text, whether no finding is an error, and the findings. Exit status 0 when every line was answered.
#[derive(Debug, clap::Args)]
pub struct Validate {}

pub fn run(_: &Validate) -> anyhow::Result<ExitCode> {
    let input = BufReader::new(io::stdin().lock());
    let output = BufWriter::new(io::stdout().lock());
    match validate_lines(input, output, deployment::registry().catalogue()) {
        Ok(()) => {}
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error).context("standard input or output"),
    }
    Ok(ExitCode::SUCCESS)
}
