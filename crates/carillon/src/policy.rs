//! `carillon policy`: the policy engine on documents, cases and recorded calls, without a server. Each subcommand is a file.

mod diff;
mod evaluate;
mod explain;
mod generate;
mod lint;
mod minimise;
mod of_account;
mod replay;
mod review;
mod test;
mod unused;
mod validate;
mod what_can;
mod who_can;

use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Diff(diff::Diff),
    Evaluate(evaluate::Evaluate),
    Explain(explain::Explain),
    Generate(generate::Generate),
    Lint(lint::Lint),
    Minimise(minimise::Minimise),
    Replay(replay::Replay),
    Review(review::Review),
    Test(test::Test),
    Unused(unused::Unused),
    Validate(validate::Validate),
    WhatCan(what_can::WhatCan),
    WhoCan(who_can::WhoCanOptions),
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Diff(options) => diff::run(options),
        Command::Evaluate(options) => evaluate::run(options),
        Command::Explain(options) => explain::run(options),
        Command::Generate(options) => generate::run(options),
        Command::Lint(options) => lint::run(options),
        Command::Minimise(options) => minimise::run(options),
        Command::Replay(options) => replay::run(options),
        Command::Review(options) => review::run(options),
        Command::Test(options) => test::run(options),
        Command::Unused(options) => unused::run(options),
        Command::Validate(options) => validate::run(options),
        Command::WhatCan(options) => what_can::run(options),
        Command::WhoCan(options) => who_can::run(options),
    }
}
