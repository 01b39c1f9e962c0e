//! `carillon policy`: the policy engine on documents and cases, without a server. Each subcommand is a file.

mod evaluate;

use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Evaluate(evaluate::Evaluate),
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Evaluate(options) => evaluate::run(options),
    }
}
