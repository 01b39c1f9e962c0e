//! `carillon policy explain`: why one case is allowed or denied.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use carillon_policy::batch;

use crate::output::say;

/// Longer input is no case that a person wants explained.
const LONGEST_CASE: u64 = 64 * 1024 * 1024;

/// Explains one case: which statements were considered, what kept them from applying, and what would have to change.
///
/// A case is a JSON object as on a line of `policy evaluate`: principal, action, resource, context and policies.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The file with the case; without one, or with `-`, standard input.
    file: Option<PathBuf>,
    /// How to write the explanation.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub fn run(options: &Explain) -> anyhow::Result<ExitCode> {
    let case = match options.file.as_deref().filter(|file| *file != "-") {
        Some(file) => {
            let opened = std::fs::File::open(file).with_context(|| file.display().to_string())?;
            read(opened).with_context(|| file.display().to_string())?
        }
        None => read(io::stdin().lock()).context("standard input")?,
    };
    let explanation = batch::explain_case(&case).map_err(|error| anyhow!("the case: {error}"))?;
    let text = match options.format {
        Format::Text => explanation.to_string(),
        Format::Json => serde_json::to_string_pretty(&explanation)? + "\n",
    };
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn read(input: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    input.take(LONGEST_CASE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_CASE {
        return Err(anyhow!("longer than {LONGEST_CASE} bytes"));
    }
    Ok(text)
}
