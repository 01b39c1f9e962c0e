//! The actions there are known to be.

use std::collections::HashSet;

use carillon_operation::{AccessLevel, Registry};

/// An action that policies can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAction {
    /// `service:Name`, as AWS writes it.
    pub name: String,
    /// Unknown of actions that are not served here.
    pub level: Option<AccessLevel>,
}

/// All actions of the services of a registry: those an operation asks for, in the registry's order, and then those
/// that are only known to exist.
pub fn known_actions(registry: &Registry) -> Vec<KnownAction> {
    let mut seen = HashSet::new();
    let mut actions = Vec::new();
    for service in registry.services() {
        let declared = service.entries.iter().flat_map(|entry| {
            entry
                .spellings
                .iter()
                .map(|name| ((*name).to_owned(), Some(entry.level)))
        });
        let terms = service.service.terms;
        let besides = terms
            .asked_besides
            .iter()
            .copied()
            .chain(terms.known_actions.lines());
        let besides = besides.map(|name| (format!("{}:{name}", service.service.name), None));
        for (name, level) in declared.chain(besides) {
            if seen.insert(name.to_ascii_lowercase()) {
                actions.push(KnownAction { name, level });
            }
        }
    }
    actions
}
