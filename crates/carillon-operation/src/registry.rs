//! The services and their operations: the table of contents that everything else derives from.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use carillon_aws::binding::{Malformed, Route, Router};
use carillon_aws::error::Protocol;
use carillon_aws::shape::Shape;
use carillon_policy::Actions;
use carillon_policy::validate::Catalogue;
use serde_json::{Map, Value};

use crate::located::Locate;
use crate::measure::Measures;
use crate::operation::AnyOperation;
use crate::spec::{AccessLevel, ManagedPolicy, Spec, Wire};
use crate::terms::{self, Terms};

/// A service: one name in the credential scope, one protocol.
pub struct Service {
    /// In the credential scope and before the colon of actions: `chime`.
    pub name: &'static str,
    /// In the audit trail: `chime.amazonaws.com`.
    pub event_source: &'static str,
    pub protocol: Protocol,
    /// `Version` of the Query protocol.
    pub version: &'static str,
    /// The only Region its requests may be scoped to, or any.
    pub region: Option<&'static str>,
    /// What the trail files a request under whose operation does not say: by its input, and for a write that
    /// succeeded by its output.
    pub resource_of: ResourceOf,
    /// How what a request is about is found before the policies are asked, where another AWS account may own it.
    pub locate: Option<Locate>,
    /// AWS managed policies beside those that derive from the operations.
    pub policies: &'static [StaticPolicy],
    /// What policies can say of it beyond its operations.
    pub terms: &'static Terms,
    /// The operations, in the order and under the headings of the published documentation.
    pub groups: &'static [Group],
}

/// An AWS managed policy that says the same in every release.
pub struct StaticPolicy {
    pub name: &'static str,
    /// `/`, or `/job-function/` and the like.
    pub path: &'static str,
    pub description: &'static str,
    pub document: &'static str,
}

/// An AWS managed policy, with all its versions.
pub struct AwsManagedPolicy {
    pub name: &'static str,
    pub path: &'static str,
    pub arn: String,
    pub description: &'static str,
    /// `v1` first; the last one is the default.
    pub documents: Vec<String>,
}

/// Type and name of what a request concerns, from its input and its output.
pub type ResourceOf = fn(&Value, Option<&Value>) -> Option<(&'static str, String)>;

/// Operations under one heading.
pub struct Group {
    pub name: &'static str,
    pub operations: &'static [&'static dyn AnyOperation],
}

/// All services of a server, ready to find operations.
pub struct Registry {
    services: Vec<ServiceEntry>,
    policies: Vec<AwsManagedPolicy>,
    actions: Arc<Actions>,
    catalogue: OnceLock<Arc<Catalogue>>,
    /// Of requests that come to no operation.
    pub(crate) unrouted: Measures,
}

/// A service with its operations prepared.
pub struct ServiceEntry {
    pub service: &'static Service,
    pub entries: Vec<Entry>,
    by_name: HashMap<&'static str, usize>,
    /// Of REST services: which entry each binding belongs to, and how requests find their binding.
    bound: Vec<usize>,
    router: Router,
}

/// An operation of a service with what is computed once.
pub struct Entry {
    pub group: &'static str,
    pub operation: &'static dyn AnyOperation,
    pub spec: &'static Spec,
    /// Its name on the wire.
    pub name: &'static str,
    pub level: AccessLevel,
    /// Every accepted spelling of the action, the primary one first.
    pub spellings: Vec<&'static str>,
    shapes: OnceLock<(Shape, Shape)>,
    pub(crate) measures: Measures,
}

/// An operation found by its address, with the members that path and query carry.
pub type Routed<'a> = (&'a Entry, Map<String, Value>);

impl Entry {
    pub fn input(&self) -> &Shape {
        &self.shapes.get_or_init(|| self.operation.shapes()).0
    }

    pub fn output(&self) -> &Shape {
        &self.shapes.get_or_init(|| self.operation.shapes()).1
    }
}

impl Registry {
    pub fn new(services: &[&'static Service]) -> Self {
        let mut registry = Self {
            services: services
                .iter()
                .map(|service| ServiceEntry::new(service))
                .collect(),
            policies: Vec::new(),
            actions: Actions::new::<&str>([]),
            catalogue: OnceLock::new(),
            unrouted: Measures::default(),
        };
        let entries = registry.services.iter().flat_map(|service| &service.entries);
        registry.actions = Actions::with_spellings(entries.map(|entry| &entry.spellings));
        for policy in ManagedPolicy::ALL {
            let documents = registry.managed_policy_documents(policy);
            if !documents.is_empty() {
                registry.policies.push(AwsManagedPolicy {
                    name: policy.name(),
                    path: "/",
                    arn: carillon_aws::arn::aws_managed_policy("/", policy.name()),
                    description: policy.description(),
                    documents,
                });
            }
        }
        registry.policies.extend(
            services
                .iter()
                .flat_map(|service| service.policies)
                .map(|policy| AwsManagedPolicy {
                    name: policy.name,
                    path: policy.path,
                    arn: carillon_aws::arn::aws_managed_policy(policy.path, policy.name),
                    description: policy.description,
                    documents: vec![policy.document.to_owned()],
                }),
        );
        registry
    }

    /// The AWS managed policies, which are the same in every AWS account.
    pub fn aws_managed_policies(&self) -> &[AwsManagedPolicy] {
        &self.policies
    }

    /// What policies are compiled for.
    pub fn actions(&self) -> &Arc<Actions> {
        &self.actions
    }

    /// What policies are validated against.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        self.catalogue.get_or_init(|| Arc::new(terms::catalogue(self)))
    }

    pub fn services(&self) -> &[ServiceEntry] {
        &self.services
    }

    pub fn service(&self, name: &str) -> Option<&ServiceEntry> {
        self.services.iter().find(|entry| entry.service.name == name)
    }

    /// The documents of a managed policy, one a version, `v1` first: the actions in the table's order.
    ///
    /// There are as many versions as the highest [`Grant::since`](crate::Grant) of any operation.
    pub fn managed_policy_documents(&self, policy: ManagedPolicy) -> Vec<String> {
        let grants = || {
            self.services
                .iter()
                .flat_map(|service| &service.entries)
                .flat_map(|entry| {
                    entry
                        .spec
                        .grants
                        .iter()
                        .filter(|grant| grant.policy == policy)
                        .map(|grant| (grant.since, entry.spec.action))
                })
        };
        let latest = grants().map(|(since, _)| since).max().unwrap_or(0);
        (1..=latest)
            .map(|version| {
                let mut actions = Vec::new();
                for (_, action) in grants().filter(|(since, _)| *since <= version) {
                    if !actions.contains(&action) {
                        actions.push(action);
                    }
                }
                policy_document(&actions)
            })
            .collect()
    }
}

fn policy_document(actions: &[&str]) -> String {
    let statement = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    });
    serde_json::to_string_pretty(&statement).expect("a tree of strings is always written")
}

impl ServiceEntry {
    fn new(service: &'static Service) -> Self {
        let mut entries = Vec::new();
        let mut by_name = HashMap::new();
        let (mut bindings, mut bound) = (Vec::new(), Vec::new());
        for group in service.groups {
            for operation in group.operations {
                let spec = operation.spec();
                if let Wire::Rest(binding) = spec.wire {
                    bindings.push(binding);
                    bound.push(entries.len());
                }
                by_name.insert(spec.name(), entries.len());
                let mut spellings = vec![spec.action];
                spellings.extend(spec.also);
                entries.push(Entry {
                    group: group.name,
                    operation: *operation,
                    spec,
                    name: spec.name(),
                    level: operation.level(),
                    spellings,
                    shapes: OnceLock::new(),
                    measures: Measures::default(),
                });
            }
        }
        let router = Router::new(&bindings).expect(
            "two operations at one address: no server starts with such a list, and no test of one passes",
        );
        Self {
            service,
            entries,
            by_name,
            bound,
            router,
        }
    }

    /// The operation at this address, with the members that path and query carry.
    pub fn routed(
        &self,
        method: &str,
        path: &str,
        query: Option<&str>,
    ) -> Result<Option<Routed<'_>>, Malformed> {
        Ok(match self.router.find(method, path, query)? {
            Route::Found { index, text } => Some((&self.entries[self.bound[index]], text)),
            Route::NotFound | Route::MethodNotAllowed => None,
        })
    }

    /// The operation of this name on the wire.
    pub fn named(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|index| &self.entries[*index])
    }
}
