//! What a caller brings to its decisions: policies and tags.

use std::borrow::Cow;

use carillon_aws::arn::{Arn, IamKind};
use carillon_policy::{Policies, PolicyKind};
use serde::{Deserialize, Serialize};

use super::Snapshot;

/// What a caller brings to its decisions, as it is kept.
#[derive(Debug)]
pub(crate) struct Standing {
    digest: std::sync::Arc<str>,
    /// Each document, and the text that names them.
    snapshots: Vec<Snapshot>,
}

/// The text that is kept. Callers with the same policies and tags have the same: who holds a policy is only said of
/// groups, and everything else is the caller's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Content<'a> {
    pub policies: Vec<Entry<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// A policy of a caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    pub kind: Kind,
    pub name: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Cow<'a, str>>,
    /// The ARN of the group that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// The digest of its text.
    pub document: Cow<'a, str>,
}

/// The kinds of policies that a caller has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Identity,
    Boundary,
    Session,
}

impl Kind {
    fn of(kind: PolicyKind) -> Option<Self> {
        match kind {
            PolicyKind::Identity => Some(Self::Identity),
            PolicyKind::Boundary => Some(Self::Boundary),
            PolicyKind::Session => Some(Self::Session),
            // No caller of this server has any of the others, and those of resources are kept with the question.
            PolicyKind::Resource
            | PolicyKind::ServiceControl
            | PolicyKind::ResourceControl
            | PolicyKind::Endpoint
            | PolicyKind::Trust => None,
        }
    }
}

impl Standing {
    pub fn of(policies: &Policies, tags: &[(String, String)]) -> Self {
        let mut snapshots = Vec::new();
        let mut entries = Vec::new();
        for (kind, policy) in policies.attached() {
            let Some(kind) = Kind::of(kind) else { continue };
            let document = Snapshot::of(policy.document.text());
            entries.push(Entry {
                kind,
                name: Cow::Borrowed(&policy.name),
                arn: policy.arn.as_deref().map(Cow::Borrowed),
                group: policy
                    .holder
                    .as_deref()
                    .filter(|holder| is_group(holder))
                    .map(Cow::Borrowed),
                document: Cow::Owned(document.digest.to_string()),
            });
            snapshots.push(document);
        }
        let content = Content {
            policies: entries,
            tags: tags
                .iter()
                .map(|(key, value)| (Cow::Borrowed(key.as_str()), Cow::Borrowed(value.as_str())))
                .collect(),
        };
        let content = serde_json::to_string(&content).expect("strings are always written");
        let own = Snapshot::of(content);
        let digest = std::sync::Arc::clone(&own.digest);
        snapshots.push(own);
        Self { digest, snapshots }
    }

    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }
}

fn is_group(arn: &str) -> bool {
    Arn::parse(arn).is_ok_and(|arn| {
        arn.iam_entity()
            .is_some_and(|entity| entity.kind == IamKind::Group)
    })
}
