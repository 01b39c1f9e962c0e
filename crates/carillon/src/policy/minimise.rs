//! `carillon policy minimise`: a policy without what changes nothing in it.

use std::path::PathBuf;
use std::process::ExitCode;

use carillon_policy::PolicyType;
use carillon_policy::analysis::{Change, Minimised, What, minimise};

use super::diff::Format;
use crate::deployment;
use crate::output::say;

/// Makes a policy smaller without changing what it means, and says what went.
///
/// Statements and members of Action, NotAction, Resource and NotResource go if they change nothing, and statements that
/// differ in actions or resources only become one. Each step is proven for all requests there can be, whatever other
/// policies are attached beside this one; what cannot be proven stays. Conditions stay as they are.
///
/// The policy is written to standard output, what went to standard error; with --format json both are one document.
/// Exit status 0, also if nothing can go; 2 if the file cannot be read or IAM would refuse the policy.
#[derive(Debug, clap::Args)]
pub struct Minimise {
    /// A policy file.
    file: PathBuf,
    /// What the policy is attached as.
    #[arg(long = "type", value_enum, default_value_t = Type::Identity)]
    ty: Type,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The types of policies that name no principals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Type {
    Identity,
    Boundary,
    Session,
    Scp,
}

impl From<Type> for PolicyType {
    fn from(ty: Type) -> PolicyType {
        match ty {
            Type::Identity => PolicyType::Identity,
            Type::Boundary => PolicyType::Boundary,
            Type::Session => PolicyType::Session,
            Type::Scp => PolicyType::ServiceControl,
        }
    }
}

/// Of what cannot be read.
const UNREADABLE: u8 = 2;

pub fn run(options: &Minimise) -> anyhow::Result<ExitCode> {
    let shown = options.file.display();
    let text = match std::fs::read_to_string(&options.file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("error: the policy {shown}: {error}");
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    let registry = deployment::registry();
    let actions = carillon_iam::known_actions(&registry);
    let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
    let smaller = match minimise(&text, options.ty.into(), &names) {
        Ok(smaller) => smaller,
        Err(malformed) => {
            eprintln!("error: the policy {shown}: {}", malformed.message);
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    match options.format {
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&smaller)?))?,
        Format::Text => {
            say(&format!("{}\n", smaller.document.trim_end()))?;
            tell(&smaller);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(smaller: &Minimised) {
    for change in &smaller.changes {
        eprintln!("{}", sentence(change));
    }
    if smaller.changes.is_empty() {
        eprintln!("Nothing can go.");
    }
    if smaller.undecided > 0 {
        eprintln!("{} more could not be decided and stayed.", smaller.undecided);
    }
}

fn sentence(change: &Change) -> String {
    let name = |place: usize| format!("Statement[{place}]");
    let sid = change
        .sid
        .as_ref()
        .map_or(String::new(), |sid| format!(" ({sid})"));
    let statement = format!("{}{sid}", name(change.statement));
    match &change.what {
        What::Removed => format!("{statement} went: it changes nothing."),
        What::MemberRemoved { element, member } => {
            format!("{statement} lost {element} {member}: it changes nothing there.")
        }
        What::JoinedWith { statement: other } => format!("{statement} went into {}.", name(*other)),
    }
}
