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
pub struct Evaluate {
    /// Adds to each answer which statements were considered, what kept them from applying, and what would have to
    /// change.
    #[arg(long)]
    explain: bool,
}

pub fn run(options: &Evaluate) -> anyhow::Result<ExitCode> {
    let input = BufReader::with_capacity(BUFFER, io::stdin().lock());
    let output = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let mut wanted = batch::Options::default();
    wanted.explanations = options.explain;
    match batch::evaluate(input, output, wanted) {
        Ok(()) => {}
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error).context("standard input or output"),
    }
    Ok(ExitCode::SUCCESS)
}
