//! The command: what an operator starts and asks.

mod account;
mod activity_source;
mod answer;
mod audit_log;
mod chime_account;
mod cidr;
mod connection;
mod console;
mod deployment;
mod dns;
mod documents;
mod door;
mod explain;
mod files;
mod first_start;
mod listener;
mod logging;
mod mail;
mod matrix;
mod model;
mod monitoring;
mod objects;
mod oidc_client;
mod options;
mod output;
mod patience;
mod policy;
mod punctual;
#[cfg(test)]
mod reference;
mod serve;
mod share;
mod tls;
mod undivided;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Administers Amazon Chime accounts and users, with access control by IAM policies, for the AWS CLI and SDKs.
#[derive(Parser)]
#[command(name = "carillon", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<options::Serve>),
    /// Creates and lists the AWS accounts of a deployment. Safe while its servers run.
    #[command(subcommand)]
    Account(account::Command),
    /// Changes Chime accounts as only an operator can. Safe while servers run.
    #[command(subcommand)]
    ChimeAccount(chime_account::Command),
    /// Registers the products that people sign in to through the portal. Safe while servers run.
    #[command(subcommand)]
    OidcClient(oidc_client::Command),
    /// Asks the DNS as the server does.
    #[command(subcommand)]
    Dns(dns::Command),
    /// Checks where uploaded files are kept.
    #[command(subcommand)]
    Objects(objects::check::Command),
    /// Makes and deletes the sources that tell of meetings, messages and files. Safe while servers run.
    #[command(subcommand)]
    ActivitySource(activity_source::Command),
    Explain(explain::Explain),
    /// Works on policy documents and on what is recorded, without a server.
    #[command(subcommand)]
    Policy(policy::Command),
    Model(model::Model),
    Matrix(matrix::Matrix),
}

fn main() -> ExitCode {
    // rustls does not choose between providers by itself, and panics on first use where nobody did.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = options::parse::<Cli>(std::env::args_os()).and_then(|cli| match cli.command {
        Command::Serve(options) => serve::run(&options),
        Command::Account(command) => account::run(command),
        Command::ChimeAccount(command) => chime_account::run(&command),
        Command::OidcClient(command) => oidc_client::run(&command),
        Command::Dns(command) => dns::run(command),
        Command::Objects(command) => objects::check::run(&command),
        Command::ActivitySource(command) => activity_source::run(&command),
        Command::Explain(options) => explain::run(&options),
        Command::Policy(command) => policy::run(&command),
        Command::Model(options) => model::run(&options),
        Command::Matrix(options) => matrix::run(&options),
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("carillon: {error:#}");
            ExitCode::FAILURE
        }
    }
}
