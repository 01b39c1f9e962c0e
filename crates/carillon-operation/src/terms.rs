//! What policies can say of the services: the catalogue that policies are validated against.

use std::collections::HashSet;

use carillon_policy::validate::{Action, Catalogue, Key, KeyKind, Resources, Vocabulary};

use crate::registry::{Entry, Registry, ServiceEntry};

/// What policies can say of a service beyond what its operations declare.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// As people call the service: `Amazon Chime`.
    pub title: &'static str,
    /// Actions that AWS has, one a line and without the prefix. Those that an operation of ours asks for may be
    /// among them.
    pub known_actions: &'static str,
    /// Actions that are asked for though no operation has their name: `PassRole`.
    pub asked_besides: &'static [&'static str],
    pub resources: ResourceTerms,
    /// The service's own condition keys.
    pub keys: &'static [KeyTerm],
}

/// How the resources of actions are known.
#[derive(Debug, Clone, Copy)]
pub enum ResourceTerms {
    /// Operations declare them; those that do not are asked on `*`.
    Declared,
    /// A line for each type of resource: the form of its ARNs, or `*` for none, and the actions that take it.
    /// An action that stands in no line could take anything.
    Listed(&'static str),
}

/// A condition key: its name with the prefix, the kind of its values, and whether it has several at a time. A name
/// that ends in `/` goes before the key of a tag.
pub type KeyTerm = (&'static str, KeyKind, bool);

/// Everything the services of a registry say.
pub(crate) fn catalogue(registry: &Registry) -> Catalogue {
    Catalogue::new(registry.services().iter().map(vocabulary))
}

fn vocabulary(service: &ServiceEntry) -> Vocabulary {
    let terms = service.service.terms;
    let declared: Vec<(&str, &Entry)> = service
        .entries
        .iter()
        .flat_map(|entry| entry.spellings.iter().map(move |action| (name(action), entry)))
        .collect();
    // Two operations may ask for one action: it is served if either is.
    let served: HashSet<String> = declared
        .iter()
        .filter(|(_, entry)| entry.operation.is_built() || entry.spec.in_table())
        .map(|(name, _)| name.to_ascii_lowercase())
        .chain(terms.asked_besides.iter().map(|name| name.to_ascii_lowercase()))
        .collect();
    let known = terms
        .asked_besides
        .iter()
        .copied()
        .chain(terms.known_actions.lines());
    let all = declared
        .into_iter()
        .map(|(name, entry)| (name, Some(entry)))
        .chain(known.map(|name| (name, None)));
    let mut seen = HashSet::new();
    let actions = all
        .filter(|(name, _)| seen.insert(name.to_ascii_lowercase()))
        .map(|(name, entry)| Action {
            name: name.to_owned(),
            served: served.contains(&name.to_ascii_lowercase()),
            resources: terms.resources.of(service.service.name, name, entry),
            request_tags: entry.is_none_or(takes_tags),
        })
        .collect();
    let keys = terms
        .keys
        .iter()
        .map(|(name, kind, multivalued)| Key {
            name: (*name).to_owned(),
            kind: *kind,
            multivalued: *multivalued,
        })
        .collect();
    Vocabulary::new(service.service.name, terms.title, actions, keys)
}

/// An action without its service.
fn name(action: &'static str) -> &'static str {
    action.split_once(':').map_or(action, |(_, name)| name)
}

/// Whether requests can pass or remove tags. The shape of what is not built says nothing.
fn takes_tags(entry: &Entry) -> bool {
    let names_tags = |name| entry.input().member(name).is_some();
    names_tags("Tags")
        || names_tags("TagKeys")
        || (!entry.operation.is_built() && entry.name.starts_with("Create"))
}

impl ResourceTerms {
    fn of(&self, service: &str, action: &str, entry: Option<&Entry>) -> Resources {
        match self {
            ResourceTerms::Declared => match entry.map(|entry| entry.spec.resource) {
                None => Resources::Unknown,
                Some(None) => Resources::Any,
                Some(Some(resource)) => {
                    let start = resource.split_once('{').map_or(resource, |(start, _)| start);
                    Resources::Arns(vec![format!("arn:*:{service}:*:*:{start}*")])
                }
            },
            ResourceTerms::Listed(list) => {
                let forms: Vec<&str> = list
                    .lines()
                    .filter_map(|line| line.split_once(' '))
                    .filter(|(_, actions)| actions.split(' ').any(|name| name == action))
                    .map(|(form, _)| form)
                    .collect();
                match forms.as_slice() {
                    [] => Resources::Unknown,
                    forms if forms.contains(&"*") => Resources::Any,
                    forms => Resources::Arns(forms.iter().map(|form| (*form).to_owned()).collect()),
                }
            }
        }
    }
}
