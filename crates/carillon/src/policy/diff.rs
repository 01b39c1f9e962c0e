//! `carillon policy diff`: what a changed policy allows that it did not, and the other way round.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use carillon_policy::analysis::{self, Comparison, Difference, Source, Values, Witness};
use carillon_policy::{Attached, Document, PolicyType};

use crate::deployment;
use crate::output::say;

/// Compares two policies over all requests: what becomes allowed, what stops, with a request for each.
///
/// The answer holds for every request there can be, wildcards and conditions included, and for actions that do not
/// exist yet. Where it cannot be given the command says so.
///
/// Exit status 0, whatever is found. With --no-new-access: 0 if nothing is allowed that was not, 1 if something
/// is, 2 if that could not be decided. 2 also if a file cannot be read.
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// The policy as it was.
    old: PathBuf,
    /// The policy as it is to be.
    new: PathBuf,
    /// What the policies are attached as.
    #[arg(long = "type", value_enum, default_value_t = Type::Identity)]
    ty: Type,
    /// Fail if the new policy allows anything that the old one does not.
    #[arg(long)]
    no_new_access: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The types of policies, as `carillon policy validate` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Type {
    Identity,
    Resource,
    Trust,
    Boundary,
    Session,
    Scp,
    Rcp,
    Endpoint,
}

impl From<Type> for PolicyType {
    fn from(ty: Type) -> PolicyType {
        match ty {
            Type::Identity => PolicyType::Identity,
            Type::Resource => PolicyType::Resource,
            Type::Trust => PolicyType::Trust,
            Type::Boundary => PolicyType::Boundary,
            Type::Session => PolicyType::Session,
            Type::Scp => PolicyType::ServiceControl,
            Type::Rcp => PolicyType::ResourceControl,
            Type::Endpoint => PolicyType::Endpoint,
        }
    }
}

/// How an analysis is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    Json,
}

/// Of anything but a clear answer, so that a gate fails closed.
const UNDECIDED: u8 = 2;

pub fn run(options: &Diff) -> anyhow::Result<ExitCode> {
    let (old, new) = match (attached(&options.old), attached(&options.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("error: {error:#}");
            return Ok(ExitCode::from(UNDECIDED));
        }
    };
    let registry = deployment::registry();
    let actions = carillon_iam::known_actions(&registry);
    let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
    let comparison = analysis::compare(&[old], &[new], options.ty.into(), &names);
    match options.format {
        Format::Text => say(&text(&comparison))?,
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&comparison)?))?,
    }
    Ok(
        match (
            options.no_new_access,
            comparison.gained.is_empty(),
            comparison.undecided.is_empty(),
        ) {
            (false, ..) | (true, true, true) => ExitCode::SUCCESS,
            (true, false, _) => ExitCode::FAILURE,
            (true, true, false) => ExitCode::from(UNDECIDED),
        },
    )
}

/// The policy in a file; its name is that of the file.
pub fn attached(path: &Path) -> anyhow::Result<Attached> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("the policy {shown}"))?;
    let document = Document::lenient_text(&text).with_context(|| format!("the policy {shown}"))?;
    Ok(Attached::inline(path.to_string_lossy(), Arc::new(document)))
}

fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    let lists = [
        (&comparison.gained, "becomes allowed", '+'),
        (&comparison.lost, "stops being allowed", '-'),
    ];
    for (differences, what, mark) in lists {
        for difference in differences {
            describe(&mut text, difference, what, mark);
        }
    }
    for undecided in &comparison.undecided {
        let about = match undecided.actions.as_slice() {
            [] => String::new(),
            actions => format!(" for {}", shortened(actions)),
        };
        _ = writeln!(text, "? undecided{about}: {}", undecided.reason);
    }
    if text.is_empty() {
        text.push_str("The policies allow the same.\n");
    }
    text
}

fn describe(text: &mut String, difference: &Difference, what: &str, mark: char) {
    let mut actions = difference.action_patterns.clone();
    actions.extend(difference.actions.iter().cloned());
    _ = writeln!(text, "{mark} {what}: {}", shortened(&actions));
    if difference.only_conditions {
        _ = writeln!(text, "    under other conditions it is allowed by both");
    }
    _ = writeln!(text, "    on       {}", shortened(&difference.resources));
    for condition in &difference.conditions {
        _ = writeln!(text, "    if       {condition}");
    }
    for caller in &difference.callers {
        _ = writeln!(text, "    to       {caller}");
    }
    let by = difference
        .statement
        .as_ref()
        .map_or_else(|| "the caller's own policies".to_owned(), place);
    _ = writeln!(text, "    by       {by}");
    if let Some(denied_by) = &difference.denied_by {
        _ = writeln!(text, "    denied   by {} of the other policy", place(denied_by));
    }
    _ = writeln!(text, "    example  {}", request(&difference.witness));
}

/// Some of many.
pub fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}

/// Where a statement stands.
pub fn place(source: &Source) -> String {
    let mut text = format!("statement {}", source.index + 1);
    if let Some(sid) = &source.sid {
        _ = write!(text, " `{sid}`");
    }
    _ = write!(text, " of {}", source.policy);
    if source.line > 0 {
        _ = write!(text, ", line {}", source.line);
    }
    text
}

/// A request on one line.
pub fn request(witness: &Witness) -> String {
    let mut text = format!("{} on {}", witness.action, witness.resource);
    if let Some(caller) = &witness.caller {
        _ = write!(text, " by {caller}");
    }
    for (number, (key, values)) in witness.context.iter().enumerate() {
        let values = match values {
            Values::One(value) => format!("`{value}`"),
            Values::Many(values) => format!("{values:?}"),
        };
        _ = write!(
            text,
            "{} {key} = {values}",
            if number == 0 { " with" } else { "," }
        );
    }
    text
}
