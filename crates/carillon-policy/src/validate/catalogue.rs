//! What validation knows of services: their actions, resources and condition keys.

mod global;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

pub(crate) use global::global_key;
pub(super) use global::{global_keys, saml_keys};

use crate::pattern::{Language, Pattern};

/// The services the embedder knows in full. Of AWS's other services only the prefixes are known.
///
/// With no service in it (the default) validation says nothing of actions, and is right about the language.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    services: HashMap<String, Vocabulary>,
}

/// What policies can say of one service.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Before the colon of actions, in lower case: `chime`.
    pub prefix: String,
    /// For messages: `Amazon Chime`.
    pub title: String,
    pub actions: Vec<Action>,
    /// The service's own condition keys.
    pub keys: Vec<Key>,
    by_name: HashMap<String, usize>,
}

/// An action of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Without the prefix, as AWS writes it.
    pub name: String,
    /// Whether anything asks for it here. What is only known is valid and grants nothing.
    pub served: bool,
    pub resources: Resources,
    /// Whether requests can have `aws:RequestTag/…` and `aws:TagKeys`.
    pub request_tags: bool,
}

/// What an action can be limited to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resources {
    /// Nobody has said, so nothing is said about it.
    Unknown,
    /// It is asked on `*` and nothing else.
    Any,
    /// ARNs of these forms, with wildcards where they differ.
    Arns(Vec<String>),
}

/// A condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// With its prefix: `iam:PolicyARN`. One that ends in `/` goes before the key of a tag.
    pub name: String,
    pub kind: KeyKind,
    pub multivalued: bool,
}

/// What the values of a key are, which decides the operators that make sense for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Text,
    Arn,
    Bool,
    Number,
    Date,
    Address,
    Binary,
}

impl Vocabulary {
    /// The service whose actions begin with `prefix`, in any case, and which people know as `title`.
    pub fn new(prefix: &str, title: &str, actions: Vec<Action>, keys: Vec<Key>) -> Vocabulary {
        let by_name = actions
            .iter()
            .enumerate()
            .map(|(at, action)| (action.name.to_ascii_lowercase(), at))
            .collect();
        Vocabulary {
            prefix: prefix.to_ascii_lowercase(),
            title: title.to_owned(),
            actions,
            keys,
            by_name,
        }
    }

    /// The action of this name, in any case.
    pub fn action(&self, name: &str) -> Option<&Action> {
        let at = self.by_name.get(&name.to_ascii_lowercase())?;
        self.actions.get(*at)
    }

    /// The actions that a name with wildcards in it matches.
    pub(super) fn matching<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Action> + use<'a> {
        let wildcards = Language {
            variables: false,
            wildcards: true,
        };
        let pattern = Pattern::compile(&name.to_ascii_lowercase(), wildcards);
        let by_name = &self.by_name;
        let mut found: Vec<usize> = by_name
            .iter()
            .filter(|(name, _)| pattern.matches_plain(name))
            .map(|(_, at)| *at)
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|at| self.actions.get(at))
    }

    /// The service's key of this name, in any case.
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.is(name))
    }
}

impl Key {
    /// Whether a policy that writes `name` means this key.
    pub(super) fn is(&self, name: &str) -> bool {
        if self.name.ends_with('/') {
            let prefix = name.get(..self.name.len());
            return prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(&self.name));
        }
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Catalogue {
    /// Of two services with one prefix the later counts.
    pub fn new(services: impl IntoIterator<Item = Vocabulary>) -> Catalogue {
        Catalogue {
            services: services
                .into_iter()
                .map(|service| (service.prefix.clone(), service))
                .collect(),
        }
    }

    /// The service with this prefix, in any case.
    pub fn service(&self, prefix: &str) -> Option<&Vocabulary> {
        self.services.get(&prefix.to_ascii_lowercase())
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &Vocabulary> {
        self.services.values()
    }

    /// Every condition key that a policy may name: those of all services, then each service's own. Those that AWS
    /// advises against are left out.
    pub fn condition_keys(&self) -> Vec<Key> {
        let of_all = global::global_keys()
            .filter(|key| key.replaced_by.is_none())
            .map(|key| Key {
                name: key.name.to_owned(),
                kind: key.kind,
                multivalued: key.multivalued,
            });
        let mut own: Vec<Key> = self.services().flat_map(|service| service.keys.clone()).collect();
        own.sort_by(|left, right| left.name.cmp(&right.name));
        of_all.chain(own).collect()
    }

    /// Whether the prefix is that of a service, known in full or only by name.
    pub(super) fn is_prefix(&self, prefix: &str) -> bool {
        self.service(prefix).is_some() || PREFIXES.contains(prefix.to_ascii_lowercase().as_str())
    }

    /// All prefixes, for suggestions.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.services
            .keys()
            .map(String::as_str)
            .chain(PREFIXES.iter().copied())
    }
}

/// The prefixes of AWS's services in actions and ARNs.
static PREFIXES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("catalogue/prefixes.txt").lines().collect());
