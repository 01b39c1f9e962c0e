//! When principals last used what they may: service and action last accessed.
//!
//! One row for each principal and action holds the time of the last attempt, to the hour; nothing looks through the
//! trail. A report is put together from those rows when it is asked for, so it is complete at once, and outlives what it is
//! about.
//!
//! Source: IAM User Guide, "Refine permissions using last accessed information".

pub(crate) mod granting;
pub(crate) mod operations;
pub(crate) mod rows;
mod subject;

use std::sync::Arc;

use carillon_operation::Registry;
use carillon_policy::{Document, Effect, Statement};

pub(crate) use self::subject::{Subject, SubjectKind};

/// A service that policies allow something of.
pub(crate) struct Reachable {
    /// The namespace: `chime`.
    pub service: &'static str,
    /// As people call it.
    pub title: &'static str,
    /// Actions that are allowed, in the order of their names.
    pub actions: Vec<&'static str>,
}

/// The services of this server that some statement allows something of, by namespace.
///
/// As AWS's report does, this looks at what is allowed and on nothing else: not at denials, resources, conditions and
/// boundaries.
pub(crate) fn reachable(registry: &Registry, documents: &[Arc<Document>]) -> Vec<Reachable> {
    let allowing: Vec<&Statement> = documents
        .iter()
        .flat_map(|document| document.statements())
        .filter(|statement| statement.effect() == Effect::Allow)
        .collect();
    let mut services: Vec<Reachable> = registry
        .services()
        .iter()
        .filter_map(|entry| {
            let mut actions: Vec<&'static str> = entry
                .entries
                .iter()
                .filter(|operation| {
                    allowing
                        .iter()
                        .any(|statement| statement.concerns_action(&operation.spellings))
                })
                .map(|operation| operation.spec.action)
                .collect();
            actions.sort_unstable();
            actions.dedup();
            (!actions.is_empty()).then_some(Reachable {
                service: entry.service.name,
                title: entry.service.terms.title,
                actions,
            })
        })
        .collect();
    services.sort_by_key(|reachable| reachable.service);
    services
}
