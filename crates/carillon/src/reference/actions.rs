//! Writes `docs/actions.md` from the list of operations.

use std::fmt::Write as _;

use carillon_aws::error::Protocol;
use carillon_operation::{Admission, Entry, Grant, ManagedPolicy, ServiceEntry, Wire};

use crate::deployment;

pub fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for service in deployment::registry().services() {
        describe(&mut text, service);
    }
    text
}

fn describe(text: &mut String, entry: &ServiceEntry) {
    let service = entry.service;
    let is_rest = matches!(service.protocol, Protocol::RestJson(_));
    let built = entry
        .entries
        .iter()
        .filter(|entry| entry.operation.is_built())
        .count();
    writeln!(text, "\n## `{}`\n", service.name).unwrap();
    let requests = match service.protocol {
        Protocol::RestJson(_) => "A request is told by its method and address.".to_owned(),
        Protocol::Query { .. } => format!(
            "A request is a form sent to `POST /` with `Action` and `Version={}`.",
            service.version
        ),
        Protocol::Json11 => "A request is JSON sent to `POST /` with `X-Amz-Target`.".to_owned(),
    };
    writeln!(
        text,
        "{requests} Operations that are served: {built} of {}.",
        entry.entries.len()
    )
    .unwrap();
    let mut group = None;
    for entry in &entry.entries {
        if group != Some(entry.group) {
            group = Some(entry.group);
            writeln!(text, "\n### {}\n", entry.group).unwrap();
            text.push_str(if is_rest { REST_HEAD } else { NAMED_HEAD });
        }
        row(text, entry, is_rest);
    }
}

fn row(text: &mut String, entry: &Entry, is_rest: bool) {
    let action = entry
        .spellings
        .iter()
        .map(|action| format!("`{action}`"))
        .collect::<Vec<_>>()
        .join(" or ");
    write!(text, "| {action} | `{}` |", entry.name).unwrap();
    if let Wire::Rest(binding) = entry.spec.wire {
        write!(text, " `{}` |", binding.as_str()).unwrap();
    }
    write!(text, " {} |", entry.level.name()).unwrap();
    let admitted = match entry.spec.admission {
        Admission::Policy | Admission::Introduced => entry
            .spec
            .grants
            .iter()
            .map(column)
            .collect::<Vec<_>>()
            .join(", "),
        Admission::Authenticated => "needs none".to_owned(),
    };
    if is_rest {
        write!(text, " {} |", or_dash(&admitted)).unwrap();
    }
    let served = if entry.operation.is_built() { "yes" } else { "501" };
    let mut said = String::new();
    if entry.operation.is_built() {
        said = sentence(entry.input().node().doc.as_deref().unwrap_or_default());
        assert!(!said.is_empty(), "{} has no description", entry.name);
        if !is_rest && !admitted.is_empty() {
            said.push_str(" Needs no policy.");
        }
    }
    writeln!(text, " {served} | {} |", or_dash(&said)).unwrap();
}

/// A managed policy as the table's columns call it, with the version that brought the action.
fn column(grant: &Grant) -> String {
    let name = match grant.policy {
        ManagedPolicy::FullAccess => "FA",
        ManagedPolicy::UserManagement => "UM",
        ManagedPolicy::ReadOnly => "RO",
    };
    format!("{name} v{}", grant.since)
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// The first sentence of a description, in one line and fit for a cell.
fn sentence(doc: &str) -> String {
    let paragraph = doc.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.find(". ").map_or(line.len(), |end| end + 1);
    line[..end].replace('|', "\\|")
}

const INTRODUCTION: &str = "\
# Actions

<!-- Written from the list of operations by `UPDATE=1 cargo test -p carillon reference`. -->

Every operation, in the order and under the headings of the published documentation. An operation needs the action
beside it; where two spellings stand there, either in a policy allows it. What is not served is authorised like the
rest, and then answered with the status 501.

The AWS managed policies are FA, `AmazonChimeFullAccess`, UM, `AmazonChimeUserManagement`, and RO,
`AmazonChimeReadOnly`. Beside each stands its first version that has the action: v1 is the published table. A dash
means that none of them has it.
";

const REST_HEAD: &str = "\
| Action | Operation | Method and address | Access level | Managed policies | Served | What it does |
| --- | --- | --- | --- | --- | --- | --- |
";

const NAMED_HEAD: &str = "\
| Action | Operation | Access level | Served | What it does |
| --- | --- | --- | --- | --- |
";

#[test]
fn a_cell_is_the_first_sentence() {
    assert_eq!(sentence("Makes a\nthing. At once.\n\nMore."), "Makes a thing.");
    assert_eq!(sentence("Says `a|b`"), "Says `a\\|b`");
    assert_eq!(sentence(""), "");
}
