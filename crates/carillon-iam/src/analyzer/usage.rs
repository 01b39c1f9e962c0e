//! What a principal used of what it may do, told by its recorded calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_operation::{Archive, Place, Recorded, Registry, TakenFrom};
use carillon_policy::{
    Attached, Decision, Document, Effect, Policies, PolicyKind, Principal, Request, decide,
};
use carillon_store::{ReadTx, StoreError};
use serde_json::{Value, json};

use super::replay::{Stretch, first_refused, of_session};
use crate::entity::EntityKind;
use crate::holding::{self, Held};
use crate::last_accessed::{Subject, SubjectKind};

/// Recorded calls that one answer looks at.
const MOST_CALLS: usize = 20_000;
/// Recorded calls that are read at a time.
const CALLS_AT_A_TIME: usize = 1_000;
/// Resources of an action that are named one by one; more are a pattern.
const MOST_RESOURCES: usize = 10;
/// Addresses that a condition names.
const MOST_ADDRESSES: usize = 20;

/// A user or role whose calls are looked at.
pub(crate) struct Observed<'a> {
    pub account: AwsAccountId,
    pub subject: &'a Subject,
    pub id: &'a str,
    pub since: Timestamp,
}

/// How much of the trail was looked at.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// Recorded calls of the principal.
    pub examined: usize,
    /// The oldest moment that was reached; nothing if that is the beginning of the time that was asked for.
    pub reached: Option<Timestamp>,
}

impl Observed<'_> {
    /// Shows `visit` each call that can be decided again, the newest first, until it answers that it has seen enough.
    async fn each(
        &self,
        tx: &mut ReadTx,
        registry: &Registry,
        mut visit: impl FnMut(&Recorded, &TakenFrom) -> bool,
    ) -> Result<Coverage, StoreError> {
        let mut coverage = Coverage::default();
        let mut archive = Archive::default();
        let mut place = Place::after(Timestamp::MAX);
        let mut read = 0;
        // The trail finds users by their name. Sessions are filed under a name that each chooses.
        let user_name = match &self.subject.kind {
            SubjectKind::Entity(EntityKind::User, _) => self.subject.arn.rsplit('/').next(),
            _ => None,
        };
        loop {
            let stretch = Stretch {
                account: self.account,
                since: self.since,
                before: place,
                limit: CALLS_AT_A_TIME,
            };
            let (calls, next) = stretch.read(tx, user_name).await?;
            read += calls.len();
            for call in calls {
                if call.owner_id() != Some(self.id) || !call.is_decided() {
                    continue;
                }
                let Some(taken) = call.taken_from(tx, &mut archive, registry).await? else {
                    continue;
                };
                coverage.examined += 1;
                if !visit(&call, &taken) {
                    return Ok(coverage);
                }
            }
            let Some(next) = next else { return Ok(coverage) };
            if read >= MOST_CALLS {
                coverage.reached = Some(Timestamp::from_micros(next.at));
                return Ok(coverage);
            }
            place = next;
            tokio::task::yield_now().await;
        }
    }
}

/// A statement alone, and whose it is.
pub(crate) struct Alone {
    pub held: Held,
    pub index: usize,
    pub sid: Option<Arc<str>>,
    pub effect: Effect,
    policies: Policies,
}

/// The statements of a principal's policies that applied to none of its recorded calls.
pub(crate) async fn unused_statements(
    tx: &mut ReadTx,
    registry: &Registry,
    observed: &Observed<'_>,
) -> Result<(Vec<Alone>, Coverage), StoreError> {
    let owner = (observed.id, observed.subject.arn.as_str());
    let mut unused = Vec::new();
    for held in holding::identity(tx, registry, observed.account, owner).await? {
        unused.extend(alone(&held)?);
    }
    let coverage = observed
        .each(tx, registry, |_, taken| {
            unused.retain(|statement| {
                !taken
                    .asked
                    .iter()
                    .any(|asked| asked.ask(&taken.principal, |request| statement.applies(request)))
            });
            !unused.is_empty()
        })
        .await?;
    Ok((unused, coverage))
}

/// Each statement of a policy as a document of its own.
fn alone(held: &Held) -> Result<Vec<Alone>, StoreError> {
    let Some(text) = &held.text else {
        return Ok(Vec::new());
    };
    let document = holding::compiled(text)?;
    let mut tree: Value = serde_json::from_str(text).unwrap_or_default();
    let statements = match tree["Statement"].take() {
        Value::Array(statements) => statements,
        one => vec![one],
    };
    let statements = document.statements().iter().filter_map(|statement| {
        tree["Statement"] = statements.get(statement.index())?.clone();
        let attached = Attached::inline(held.name.as_str(), Arc::new(Document::lenient(&tree)));
        Some(Alone {
            held: held.clone(),
            index: statement.index(),
            sid: statement.sid().cloned(),
            effect: statement.effect(),
            policies: Policies::new().identity(vec![attached]),
        })
    });
    Ok(statements.collect())
}

impl Alone {
    /// Whether the statement, had it been alone, would have decided.
    fn applies(&self, request: &Request<'_>) -> bool {
        let by = match decide(request, &self.policies) {
            Decision::Allowed { by } => by,
            Decision::ExplicitlyDenied { by } => Some(by),
            Decision::ImplicitlyDenied { .. } => None,
        };
        by.is_some_and(|by| by.kind == PolicyKind::Identity)
    }
}

/// A policy made from what was used.
#[derive(Debug)]
pub(crate) struct Generated {
    pub document: String,
    pub actions: usize,
    /// Calls that were allowed.
    pub allowed: usize,
    /// Calls that were allowed and would not be by the policy alone.
    pub lost: usize,
    pub coverage: Coverage,
}

/// What the allowed calls of a principal used.
#[derive(Default)]
struct Used {
    resources: BTreeMap<String, BTreeSet<String>>,
    addresses: BTreeSet<String>,
    calls: Vec<Call>,
}

/// A call that was allowed.
struct Call {
    principal: Principal,
    session: Vec<Attached>,
    asked: Vec<carillon_operation::Asked>,
}

/// The least policy that allows what a principal was allowed, tried on the same calls.
pub(crate) async fn least_policy(
    tx: &mut ReadTx,
    registry: &Registry,
    observed: &Observed<'_>,
    from_the_same_addresses: bool,
) -> Result<Generated, StoreError> {
    let mut used = Used::default();
    let coverage = observed
        .each(tx, registry, |call, taken| {
            if call.decision() == Some("allowed") {
                used.add(call, taken);
            }
            true
        })
        .await?;
    let tree = used.policy(from_the_same_addresses);
    let document = Arc::new(Document::lenient(&tree));
    let policies = Policies::new().identity(vec![Attached::inline("generated", document)]);
    let lost = used.calls.iter().filter(|call| {
        let policies = match call.session.is_empty() {
            true => policies.clone(),
            false => policies.clone().session(call.session.clone()),
        };
        first_refused(&call.asked, &call.principal, &policies).is_some()
    });
    Ok(Generated {
        document: serde_json::to_string_pretty(&tree).unwrap_or_default(),
        actions: used.resources.len(),
        allowed: used.calls.len(),
        lost: lost.count(),
        coverage,
    })
}

impl Used {
    fn add(&mut self, call: &Recorded, taken: &TakenFrom) {
        self.addresses.insert(call.source_ip_address().to_owned());
        for asked in &taken.asked {
            let Some(action) = asked.actions.first() else {
                continue;
            };
            let resources = self.resources.entry(action.clone()).or_default();
            resources.insert(asked.resource.clone());
        }
        self.calls.push(Call {
            principal: taken.principal.clone(),
            session: of_session(taken),
            asked: taken.asked.clone(),
        });
    }

    /// Actions with the same resources share a statement.
    fn policy(&self, from_the_same_addresses: bool) -> Value {
        let mut by_resources: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
        for (action, resources) in &self.resources {
            by_resources.entry(patterns(resources)).or_default().push(action);
        }
        let addresses: Vec<&String> = self.addresses.iter().collect();
        let is_bound = from_the_same_addresses && addresses.len() <= MOST_ADDRESSES;
        let statements: Vec<Value> = by_resources
            .into_iter()
            .map(|(resources, actions)| {
                let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
                if is_bound {
                    statement["Condition"] = json!({ "IpAddress": { "aws:SourceIp": addresses } });
                }
                statement
            })
            .collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// Resources as a policy names them: each by itself, or where they are many by what they have in common.
fn patterns(resources: &BTreeSet<String>) -> Vec<String> {
    let written = |resource: &String| {
        if resource == "*" {
            "*".to_owned()
        } else {
            escaped(resource)
        }
    };
    if resources.len() <= MOST_RESOURCES {
        return resources.iter().map(written).collect();
    }
    // The last name of the ARN, then all names of the type.
    for separator in ['/', ':'] {
        let general: BTreeSet<String> = resources
            .iter()
            .map(|resource| match resource.rsplit_once(separator) {
                Some((start, _)) => format!("{}{separator}*", escaped(start)),
                None => written(resource),
            })
            .collect();
        if general.len() <= MOST_RESOURCES {
            return general.into_iter().collect();
        }
    }
    vec!["*".to_owned()]
}

/// A resource as a pattern that matches only it.
fn escaped(resource: &str) -> String {
    let mut escaped = String::with_capacity(resource.len());
    for character in resource.chars() {
        match character {
            '*' => escaped.push_str("${*}"),
            '?' => escaped.push_str("${?}"),
            '$' => escaped.push_str("${$}"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(resources: &[&str]) -> BTreeSet<String> {
        resources.iter().map(|resource| (*resource).to_owned()).collect()
    }

    #[test]
    fn few_resources_are_named_and_many_are_a_pattern() {
        assert_eq!(patterns(&set(&["*"])), ["*"]);
        assert_eq!(
            patterns(&set(&["arn:aws:iam::1:user/a*"])),
            ["arn:aws:iam::1:user/a${*}"]
        );
        let many: BTreeSet<String> = (0..11)
            .map(|number| format!("arn:aws:iam::1:user/{number}"))
            .collect();
        assert_eq!(patterns(&many), ["arn:aws:iam::1:user/*"]);
        let paths: BTreeSet<String> = (0..11)
            .map(|number| format!("arn:aws:iam::1:user/{number}/x"))
            .collect();
        assert_eq!(patterns(&paths), ["arn:aws:iam::1:*"]);
        let unlike: BTreeSet<String> = (0..11).map(|number| format!("arn:aws:s{number}:::x")).collect();
        assert_eq!(patterns(&unlike), ["*"]);
    }
}
