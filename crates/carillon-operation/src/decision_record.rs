//! What a decision was taken from, kept with its event, so that it can be explained and taken again.
//!
//! An event holds what is about one request: the actions and resources that were asked about, and those keys of the
//! context that its record does not have. What the caller brought along, policies and tags, is the same for many
//! requests. It is kept once under the digest of its text, as is each document in it, and the event names the digest.
//!
//! A snapshot is durable before the event that names it, or together with it. It is written when this process has not
//! written it for a day, so [`SEEN_EVERY`] after the last event that names it at the latest its row looks abandoned, and
//! retention may delete it by that age alone.

mod archive;
mod recorded;
mod standing;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::time::Timestamp;
use carillon_policy::Decision;
use carillon_store::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::archive::{Archive, StoredPolicy, StoredStanding};
pub use self::recorded::{Asked, Recorded, TakenFrom};
pub(crate) use self::standing::Standing;
use crate::caller::{Call, Caller};
use crate::operation::{Asks, Request, Target};

/// How often one process writes down that a snapshot is in use.
pub(crate) const SEEN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Snapshots that one process knows to be written. When there are more, all are forgotten and written once more.
const KNOWN: usize = 50_000;

/// Writes a snapshot, or that it is still in use.
pub(crate) const KEEP: &str = "INSERT INTO decision_snapshot (digest, content, seen_at) VALUES ($1, $2, $3)
     ON CONFLICT (digest) DO UPDATE SET seen_at = excluded.seen_at
      WHERE decision_snapshot.seen_at < excluded.seen_at";

/// A text under the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub digest: Arc<str>,
    pub content: Arc<str>,
}

impl Snapshot {
    pub fn of(content: impl Into<Arc<str>>) -> Self {
        let content = content.into();
        let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(content.as_bytes()));
        Self {
            digest: digest.into(),
            content,
        }
    }

    /// For [`KEEP`].
    pub fn values(&self, seen_at: Timestamp) -> [Value<'_>; 3] {
        [
            Value::Text(Cow::Borrowed(&self.digest)),
            Value::Text(Cow::Borrowed(&self.content)),
            Value::Number(seen_at.as_micros()),
        ]
    }
}

/// A decision, and what it was taken from.
#[derive(Debug)]
pub(crate) struct Decided {
    pub decision: Decision,
    standing: Arc<Standing>,
    /// The policies of the resources asked about.
    resource_policies: Vec<Snapshot>,
    /// JSON.
    pub basis: String,
}

impl Decided {
    /// `asks`: as [`crate::Operation::asks`] answers it.
    pub fn new(request: &Request<'_>, target: &Target, asks: Option<Asks>, decision: Decision) -> Self {
        let standing = Arc::clone(request.credentials.standing());
        let own: Vec<&str> = match asks {
            None => vec![request.entry.spec.action],
            Some(asks) => asks
                .iter()
                .filter_map(|spellings| spellings.first().copied())
                .collect(),
        };
        let mut resource_policies = Vec::new();
        let basis = Basis::of(
            request.call,
            request.caller(),
            (own, target),
            standing.digest(),
            &mut resource_policies,
        )
        .text();
        Self {
            decision,
            standing,
            resource_policies,
            basis,
        }
    }
}

/// What the policies were asked, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Basis<'a> {
    /// The digest of what the caller brought along.
    standing: Cow<'a, str>,
    asked: Vec<Question<'a>>,
    #[serde(default, skip_serializing_if = "is_false")]
    secure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    referer: Option<Cow<'a, str>>,
    /// Microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    multi_factor_at: Option<i64>,
}

impl<'a> Basis<'a> {
    /// Adds the policies of resources to `resource_policies`.
    fn of(
        call: &'a Call,
        caller: &'a Caller,
        (actions, target): (Vec<&'a str>, &'a Target),
        standing: &'a str,
        resource_policies: &mut Vec<Snapshot>,
    ) -> Self {
        let mut asked = vec![Question::of(actions, target, resource_policies)];
        for (spellings, target) in &target.dependent {
            let actions = spellings.iter().take(1).copied().collect();
            asked.push(Question::of(actions, target, resource_policies));
        }
        let session = caller.session.as_ref();
        Self {
            standing: Cow::Borrowed(standing),
            asked,
            secure: call.tls.is_some(),
            referer: call.referer.as_deref().map(Cow::Borrowed),
            multi_factor_at: session
                .and_then(|session| session.multi_factor_at)
                .map(Timestamp::as_micros),
        }
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are always written")
    }
}

type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Each of the actions on each of the resources, in one context.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    /// The primary spelling of each.
    actions: Vec<Cow<'a, str>>,
    resources: Vec<Cow<'a, str>>,
    /// The AWS account of the resource, if it is another one than the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Pairs<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    request_tags: Pairs<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tag_keys: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Pairs<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    multivalued_keys: Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>,
    /// Whether a second factor was shown with the request itself.
    #[serde(default, skip_serializing_if = "is_false")]
    second_factor: bool,
    /// Name and digest of the policy of the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource_policy: Option<(Cow<'a, str>, String)>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl<'a> Question<'a> {
    /// Adds the policy of the resource to `resource_policies`.
    fn of(actions: Vec<&'a str>, target: &'a Target, resource_policies: &mut Vec<Snapshot>) -> Self {
        let text = |text: &'a String| Cow::Borrowed(text.as_str());
        let texts = |texts: &'a [String]| texts.iter().map(text).collect::<Vec<_>>();
        let pairs = |pairs: &'a [(String, String)]| {
            let pairs = pairs.iter().map(|(key, value)| (text(key), text(value)));
            pairs.collect::<Vec<_>>()
        };
        let resources = std::iter::once(Cow::Borrowed(&*target.resource));
        Self {
            actions: actions.into_iter().map(Cow::Borrowed).collect(),
            resources: resources.chain(target.further.iter().map(text)).collect(),
            owner: target.owner.map(|owner| Cow::Owned(owner.to_string())),
            tags: pairs(&target.tags),
            request_tags: pairs(&target.request_tags),
            tag_keys: texts(&target.tag_keys),
            keys: target
                .keys
                .iter()
                .map(|(key, value)| (Cow::Borrowed(*key), text(value)))
                .chain(one_claims(target).map(|(key, value)| (text(key), text(value))))
                .collect(),
            multivalued_keys: target
                .multivalued_keys
                .iter()
                .map(|(key, values)| (Cow::Borrowed(*key), texts(values)))
                .chain(many_claims(target).map(|(key, values)| (text(key), texts(values))))
                .collect(),
            second_factor: target.second_factor.is_some(),
            resource_policy: target.resource_policy.as_ref().map(|policy| {
                let snapshot = Snapshot::of(policy.document.text());
                let named = (Cow::Borrowed(&*policy.name), snapshot.digest.to_string());
                resource_policies.push(snapshot);
                named
            }),
        }
    }
}

/// What an identity provider says with one value.
fn one_claims(target: &Target) -> impl Iterator<Item = (&String, &String)> {
    target
        .claims
        .iter()
        .filter_map(|(key, values)| match values.as_slice() {
            [value] => Some((key, value)),
            _ => None,
        })
}

/// What an identity provider says with several values.
fn many_claims(target: &Target) -> impl Iterator<Item = (&String, &[String])> {
    let claims = target.claims.iter().filter(|(_, values)| values.len() > 1);
    claims.map(|(key, values)| (key, values.as_slice()))
}

/// The snapshots that this process has written lately.
#[derive(Default)]
pub(crate) struct Snapshots {
    known: RwLock<HashMap<Arc<str>, Timestamp>>,
}

impl Snapshots {
    /// Those that must be written with the event of a decision, what is named before what names it.
    pub fn unwritten(&self, decided: &Decided, now: Timestamp) -> Vec<Snapshot> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_known = |digest: &str| known.get(digest).is_some_and(|at| now.since(*at) < SEEN_EVERY);
        let policies = decided.resource_policies.iter();
        let mut unwritten: Vec<Snapshot> = policies
            .filter(|policy| !is_known(&policy.digest))
            .cloned()
            .collect();
        if !is_known(decided.standing.digest()) {
            unwritten.extend_from_slice(decided.standing.snapshots());
        }
        // Always in the same order, so that those who write the same ones do not wait for each other in a circle.
        unwritten.sort_by(|one, other| one.digest.cmp(&other.digest));
        unwritten.dedup();
        unwritten
    }

    /// Told when these are durable.
    pub fn written(&self, snapshots: &[Snapshot], now: Timestamp) {
        if snapshots.is_empty() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() + snapshots.len() > KNOWN {
            known.clear();
        }
        known.extend(
            snapshots
                .iter()
                .map(|snapshot| (Arc::clone(&snapshot.digest), now)),
        );
    }
}

#[cfg(test)]
mod tests;
