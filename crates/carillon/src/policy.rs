//! `carillon policy`: the policy engine over standard input, without a server.

use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;

use anyhow::Context;
use carillon_policy::batch;

/// Large enough that a system call disappears beside the parsing of what it brings.
const BUFFER: usize = 256 * 1024;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Decides cases: JSON Lines on standard input, one decision a line on standard output.
    ///
    /// Exit status 0 when every line was answered, even if some answers are errors.
    Evaluate,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Evaluate => {
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
    }
}
