//! `carillon policy lint`: what is wrong with policy files, for people, programs and code hosts.

mod excerpt;
mod sarif;

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use carillon_policy::PolicyType;
use carillon_policy::validate::{Catalogue, Finding, Severity, apply_fixes, policy_type, validate};
use serde_json::json;

use crate::deployment;
use crate::output::say;

/// How often mending is tried again on what it brought to light.
const ROUNDS: usize = 10;

/// Nothing is looked at that is larger, in bytes: no policy is.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Validates policy files and says what is wrong with them, where, and how to mend it.
///
/// Exit status: 0 without errors (warnings and suggestions do not count), 1 with an error in some file, 2 when a file
/// cannot be read or written.
#[derive(Debug, clap::Args)]
pub struct Lint {
    /// The files; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the policies are to be used as: identity, resource, trust, boundary, session, scp, rcp or endpoint.
    #[arg(long = "type", value_name = "TYPE", default_value = "identity", value_parser = read_type)]
    ty: PolicyType,
    /// How findings are written: for people, as JSON, or as SARIF 2.1.0 for code hosts.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Mends in the files what can be mended, and tells what is left. A fix never makes a working policy allow more.
    #[arg(long)]
    fix: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

/// A file with what was found in it.
struct Linted {
    name: String,
    text: String,
    findings: Vec<Finding>,
    /// Fixes that were applied.
    fixed: usize,
}

fn read_type(name: &str) -> Result<PolicyType, String> {
    policy_type(name)
        .ok_or_else(|| "use identity, resource, trust, boundary, session, scp, rcp or endpoint".to_owned())
}

pub fn run(options: &Lint) -> anyhow::Result<ExitCode> {
    match lint(options) {
        Ok(code) => Ok(code),
        Err(error) => {
            eprintln!("carillon: {error:#}");
            Ok(ExitCode::from(2))
        }
    }
}

fn lint(options: &Lint) -> anyhow::Result<ExitCode> {
    let registry = deployment::registry();
    let catalogue = registry.catalogue();
    let mut all = Vec::with_capacity(options.files.len());
    for path in &options.files {
        all.push(Linted::read(path, options, catalogue).with_context(|| path.display().to_string())?);
    }
    match options.format {
        Format::Text => say(&text(&all))?,
        Format::Json => {
            let files: Vec<_> = all
                .iter()
                .map(|file| json!({ "file": file.name, "fixed": file.fixed, "findings": file.findings }))
                .collect();
            say(&format!("{:#}\n", json!(files)))?;
        }
        Format::Sarif => say(&format!("{:#}\n", sarif::log(&all)))?,
    }
    let errors = all.iter().any(|file| file.count(Severity::Error) > 0);
    Ok(ExitCode::from(u8::from(errors)))
}

impl Linted {
    fn read(path: &Path, options: &Lint, catalogue: &Catalogue) -> anyhow::Result<Self> {
        let of_input = path.as_os_str() == "-";
        if of_input && options.fix {
            bail!("--fix needs files that it can write");
        }
        let mut bytes = Vec::new();
        if of_input {
            io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)?;
        } else {
            fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        }
        if bytes.len() as u64 > LARGEST {
            bail!("larger than any policy");
        }
        let mut file = Self {
            name: if of_input {
                "<stdin>".to_owned()
            } else {
                path.display().to_string()
            },
            text: String::from_utf8(bytes).context("not UTF-8")?,
            findings: Vec::new(),
            fixed: 0,
        };
        file.findings = validate(&file.text, options.ty, catalogue);
        if options.fix {
            file.mend(options.ty, catalogue);
            if file.fixed > 0 {
                fs::write(path, &file.text)?;
            }
        }
        Ok(file)
    }

    /// Applies fixes until there are none, or they go round in circles.
    fn mend(&mut self, ty: PolicyType, catalogue: &Catalogue) {
        for _ in 0..ROUNDS {
            let (mended, applied) = apply_fixes(&self.text, &self.findings);
            if applied == 0 || mended == self.text {
                return;
            }
            self.text = mended;
            self.fixed += applied;
            self.findings = validate(&self.text, ty, catalogue);
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }
}

/// The findings for people, and their numbers at the end.
fn text(all: &[Linted]) -> String {
    let colours =
        io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut text = String::new();
    for file in all {
        for finding in &file.findings {
            excerpt::write(&mut text, file, finding, colours);
        }
    }
    let count = |severity| all.iter().map(|file| file.count(severity)).sum::<usize>();
    let counted = |severity, name: &str| {
        let count = count(severity);
        format!("{count} {name}{}", if count == 1 { "" } else { "s" })
    };
    let fixed: usize = all.iter().map(|file| file.fixed).sum();
    let fixable = all
        .iter()
        .flat_map(|file| &file.findings)
        .filter(|finding| finding.fix.is_some())
        .count();
    let fixes = match (fixed, fixable) {
        (0, 0) => String::new(),
        (0, fixable) => format!("; {fixable} can be mended with --fix"),
        (fixed, _) => format!("; {fixed} mended"),
    };
    text + &format!(
        "{}, {}, {}, {}{fixes}\n",
        counted(Severity::Error, "error"),
        counted(Severity::SecurityWarning, "security warning"),
        counted(Severity::Warning, "warning"),
        counted(Severity::Suggestion, "suggestion"),
    )
}
