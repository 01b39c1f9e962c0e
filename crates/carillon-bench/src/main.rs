//! Whole-process measurements of a Carillon server, beside the least a server could do.
//!
//! * `http`: signed `GetUser` requests a second with the server on one core and the load on another, beside a
//!   bare axum server that only verifies the signature and answers a constant, in the same run;
//! * `import`: a million users imported through the API and paged, with the memory of the server before and
//!   after;
//! * `activity`: events taken by the activity feed, beside a bare insert of the same rows, and the reports of them.
//!
//! Machines differ, so what is quoted is the ratio of two things measured in one run.

mod activity;
mod client;
mod floor;
mod load;
mod server;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};

use client::Client;
use server::Server;

#[derive(Parser)]
#[command(about = "Whole-process measurements of a Carillon server")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Requests a second: Carillon's GetUser beside a bare server that verifies the signature.
    Http {
        /// The carillon binary, built for release.
        #[arg(long, default_value = "target/release/carillon")]
        carillon: PathBuf,
        /// `sqlite` for a folder of its own, or the address of an empty PostgreSQL database.
        #[arg(long, default_value = "sqlite")]
        database: String,
        /// Seconds of one measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Measurements of each server, taken in turn.
        #[arg(long, default_value_t = 3)]
        rounds: u32,
        #[arg(long, default_value_t = 64)]
        connections: usize,
    },
    /// A million users: import, pages at both ends, memory.
    Import {
        #[arg(long, default_value = "target/release/carillon")]
        carillon: PathBuf,
        #[arg(long, default_value = "sqlite")]
        database: String,
        #[arg(long, default_value_t = 1_000_000)]
        users: usize,
    },
    /// Events taken by the activity feed beside a bare insert of the same rows, and the time of each report.
    Activity {
        #[arg(long, default_value = "target/release/carillon")]
        carillon: PathBuf,
        #[arg(long, default_value_t = 1_000_000)]
        events: usize,
        /// People of the account.
        #[arg(long, default_value_t = 10_000)]
        people: usize,
        /// Minutes after which the feed ends with what it has, and the reports begin.
        #[arg(long, default_value_t = 1_440)]
        minutes: u64,
        /// What is measured. The two halves can run one after the other, or on two machines.
        #[arg(long, value_enum, default_value_t = Half::Both)]
        half: Half,
    },
    /// The bare server of `http`; started by it.
    #[command(hide = true)]
    Floor,
}

/// The halves of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    Both,
    /// The feed and the reports.
    Feed,
    /// The bare insert.
    Bare,
}

fn main() -> Result<()> {
    match Options::parse().command {
        Command::Http {
            carillon,
            database,
            seconds,
            rounds,
            connections,
        } => {
            let server = Server::carillon(&carillon, &database)?;
            let floor = Server::floor()?;
            load::compare(&server, &floor, Duration::from_secs(seconds), rounds, connections)
        }
        Command::Import {
            carillon,
            database,
            users,
        } => import(&Server::carillon(&carillon, &database)?, users),
        Command::Activity {
            carillon,
            events,
            people,
            minutes,
            half,
        } => {
            if half != Half::Bare {
                activity::feed(&carillon, events, people, Duration::from_secs(60 * minutes))?;
            }
            if half != Half::Feed {
                activity::bare(events, people)?;
            }
            Ok(())
        }
        Command::Floor => floor::serve(),
    }
}

/// Pages timed for one figure.
const PAGES: u32 = 50;

fn import(server: &Server, users: usize) -> Result<()> {
    println!("memory at rest: {:.1} MB", server.resident_megabytes()?);
    let mut client = Client::connect(server.address())?;
    let account = client.create_account("Import")?;
    let small = client.create_account("Small")?;
    client.invite(&small, 0..100)?;

    let started = Instant::now();
    let mut invited = 0;
    while invited < users {
        let next = (invited + 50).min(users);
        client.invite(&account, 1_000_000 + invited..1_000_000 + next)?;
        invited = next;
    }
    let took = started.elapsed();
    println!(
        "imported {users} users in {:.1} s ({:.0} a second)",
        took.as_secs_f64(),
        users as f64 / took.as_secs_f64()
    );
    println!("memory after the import: {:.1} MB", server.resident_megabytes()?);

    let first_of_small = client.time_pages(&small, None, PAGES)?;
    let first = client.time_pages(&account, None, PAGES)?;
    let (seen, late_token) = client.walk(&account, users)?;
    ensure!(seen == users, "walked over {seen} of {users} users");
    let late = client.time_pages(
        &account,
        Some(&late_token.context("a page before the last")?),
        PAGES,
    )?;
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "a page of 100 of 100 users:        {:.0} us",
        micros(first_of_small)
    );
    println!(
        "a page of 100 of {users} users, first: {:.0} us ({:.2} times)",
        micros(first),
        micros(first) / micros(first_of_small)
    );
    println!(
        "a page of 100 of {users} users, late:  {:.0} us ({:.2} times)",
        micros(late),
        micros(late) / micros(first_of_small)
    );
    println!("memory after paging: {:.1} MB", server.resident_megabytes()?);
    Ok(())
}
