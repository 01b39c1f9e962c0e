//! `carillon policy evaluate`: decisions over JSON Lines.

use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;

use anyhow::Context;
use carillon_policy::batch;

/// Large enough that a system call disappears beside the parsing of what it brings.
const BUFFER: usize = 256 * 1024;

/// Decides cases: JSON Lines on standard input, one decision a line on standard output.
///
/// Exit status 0 when every line was answered, even if some answers are errors.
#[derive(Debug, clap::Args)]
pub struct Evaluate {}

pub fn run(_: &Evaluate) -> anyhow::Result<ExitCode> {
    let input = BufReader::with_capacity(BUFFER, io::stdin().lock());
    let output = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    match batch::evaluate(input, output, batch::Options::default()) {
        Ok(()) => {}
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error).context("standard input or output"),
    }
    Ok(ExitCode::SUCCESS)
}
