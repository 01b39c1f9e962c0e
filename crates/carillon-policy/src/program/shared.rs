//! Sets that are in use, so that callers with the same attachments share one.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Set;
use crate::decision::PolicyKind;
use crate::policies::Attached;

/// Sets by a hash of their documents' addresses. Who uses a set keeps it alive, and with it its documents, so an
/// address that is found belongs to the document it always belonged to.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sets: HashMap<u64, Vec<Weak<Set>>>,
    /// Sets put in since those that nobody uses any more were last taken out.
    added: usize,
}

impl Shared {
    pub fn find(&self, kind: PolicyKind, policies: &[Attached]) -> Option<Arc<Set>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sets = known.sets.get(&hash(kind, policies))?;
        sets.iter()
            .filter_map(Weak::upgrade)
            .find(|set| is_of(set, kind, policies))
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap().sets.len()
    }

    /// The set itself, or the same that somebody else was faster to put in.
    pub fn insert(&self, set: Arc<Set>) -> Arc<Set> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.added > known.sets.len().max(64) {
            known.sets.retain(|_, sets| {
                sets.retain(|set| set.strong_count() > 0);
                !sets.is_empty()
            });
            known.added = 0;
        }
        let same = known.sets.entry(hash(set.kind, &set.policies)).or_default();
        let existing = same
            .iter()
            .filter_map(Weak::upgrade)
            .find(|known| is_of(known, set.kind, &set.policies));
        if let Some(existing) = existing {
            return existing;
        }
        same.push(Arc::downgrade(&set));
        known.added += 1;
        set
    }
}

fn hash(kind: PolicyKind, policies: &[Attached]) -> u64 {
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    for policy in policies {
        Arc::as_ptr(&policy.document).hash(&mut hasher);
    }
    hasher.finish()
}

fn is_of(set: &Set, kind: PolicyKind, policies: &[Attached]) -> bool {
    let same = |(left, right): (&Attached, &Attached)| {
        Arc::ptr_eq(&left.document, &right.document)
            && left.arn == right.arn
            && left.name == right.name
            && left.holder == right.holder
    };
    set.kind == kind && set.policies.len() == policies.len() && set.policies.iter().zip(policies).all(same)
}
