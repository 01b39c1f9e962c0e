//! `carillon policy`: the policy engine on documents and cases, without a server. Each subcommand is a file.

mod diff;
mod evaluate;
mod explain;

use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Diff(diff::Diff),
    Evaluate(evaluate::Evaluate),
    Explain(explain::Explain),
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Diff(options) => diff::run(options),
        Command::Evaluate(options) => evaluate::run(options),
        Command::Explain(options) => explain::run(options),
    }
}
