//! Reading snapshots back.

use std::collections::HashMap;
use std::sync::Arc;

use carillon_policy::{Attached, Document, Policies, PolicyKind};
use carillon_store::{ReadTx, StoreError, bind};

use super::standing::{Content, Kind};

/// Snapshots that were read in one transaction, each once. Different calls mostly name the same.
#[derive(Default)]
pub struct Archive {
    documents: HashMap<String, Option<Arc<Document>>>,
    standings: HashMap<String, Option<Arc<StoredStanding>>>,
}

/// What a caller brought to a decision.
#[derive(Debug, Clone, Default)]
pub struct StoredStanding {
    pub policies: Vec<StoredPolicy>,
    pub tags: Vec<(String, String)>,
}

/// A policy that a caller had.
#[derive(Debug, Clone)]
pub struct StoredPolicy {
    /// Identity, boundary or session.
    pub kind: PolicyKind,
    /// Held by a group, or by nobody in particular: then by the caller itself.
    pub attached: Attached,
}

impl StoredStanding {
    /// What decides. `caller`: the ARN of the user or role, which holds what no group holds.
    pub fn policies(&self, caller: &str) -> Policies {
        let of = |kind| -> Vec<Attached> {
            let policies = self.policies.iter().filter(|policy| policy.kind == kind);
            policies
                .map(|policy| match policy.attached.holder {
                    Some(_) => policy.attached.clone(),
                    None => policy.attached.clone().held_by(caller),
                })
                .collect()
        };
        let mut policies = Policies::new().identity(of(PolicyKind::Identity));
        // An empty list would be a limit that nothing passes.
        let boundary = of(PolicyKind::Boundary);
        if !boundary.is_empty() {
            policies = policies.boundary(boundary);
        }
        let session = of(PolicyKind::Session);
        if !session.is_empty() {
            policies = policies.session(session);
        }
        policies
    }
}

impl Archive {
    /// The document of this digest; nothing if it is not kept any more.
    pub(super) async fn document(
        &mut self,
        tx: &mut ReadTx,
        digest: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        if let Some(known) = self.documents.get(digest) {
            return Ok(known.clone());
        }
        let document = match content(tx, digest).await? {
            None => None,
            Some(text) => Some(Arc::new(
                Document::lenient_text(&text).map_err(|error| corrupt("a policy document", error))?,
            )),
        };
        self.documents.insert(digest.to_owned(), document.clone());
        Ok(document)
    }

    /// What a caller brought along, by its digest; nothing if it, or a document of it, is not kept any more.
    pub(super) async fn standing(
        &mut self,
        tx: &mut ReadTx,
        digest: &str,
    ) -> Result<Option<Arc<StoredStanding>>, StoreError> {
        if let Some(known) = self.standings.get(digest) {
            return Ok(known.clone());
        }
        let standing = match content(tx, digest).await? {
            None => None,
            Some(text) => self.read(tx, &text).await?.map(Arc::new),
        };
        self.standings.insert(digest.to_owned(), standing.clone());
        Ok(standing)
    }

    async fn read(&mut self, tx: &mut ReadTx, text: &str) -> Result<Option<StoredStanding>, StoreError> {
        let content: Content<'_> =
            serde_json::from_str(text).map_err(|error| corrupt("policies and tags of a caller", error))?;
        let mut policies = Vec::with_capacity(content.policies.len());
        for entry in &content.policies {
            let Some(document) = self.document(tx, &entry.document).await? else {
                return Ok(None);
            };
            policies.push(StoredPolicy {
                kind: match entry.kind {
                    Kind::Identity => PolicyKind::Identity,
                    Kind::Boundary => PolicyKind::Boundary,
                    Kind::Session => PolicyKind::Session,
                },
                attached: Attached {
                    document,
                    arn: entry.arn.as_deref().map(Arc::from),
                    name: Arc::from(&*entry.name),
                    holder: entry.group.as_deref().map(Arc::from),
                },
            });
        }
        let tags = content.tags.into_iter();
        Ok(Some(StoredStanding {
            policies,
            tags: tags
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect(),
        }))
    }
}

async fn content(tx: &mut ReadTx, digest: &str) -> Result<Option<String>, StoreError> {
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT content FROM decision_snapshot WHERE digest = $1",
            bind![digest],
        )
        .await?;
    Ok(found.map(|(content,)| content))
}

fn corrupt(expected: &'static str, found: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt {
        column: 0,
        expected,
        found: found.to_string(),
    }
}
