//! What a change of access would do to the calls that were recorded: each is decided by the policies of today, and by
//! those after the change.
//!
//! Today's policies and not those of the time of the call are what the change is compared with, or every change since
//! would be taken for an effect of this one. What the call brought along itself (its tags, the policies of its session,
//! where it came from) is as it was.

use std::collections::HashMap;
use std::sync::Arc;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_operation::{Archive, Asked, Place, Recorded, Registry, StoredPolicy, TakenFrom};
use carillon_policy::{Attached, Document, Policies, PolicyKind, Principal, decide};
use carillon_store::{ReadTx, StoreError, bind};

use crate::entity::EntityKind;
use crate::holding::{self, Held};
use crate::last_accessed::{Subject, SubjectKind};

/// Recorded calls after which others get their turn.
const BREATH: usize = 100;

/// A change of who may do what.
#[derive(Debug)]
pub(crate) enum Change {
    /// A managed policy says something else.
    Replace {
        policy_arn: String,
        document: Arc<Document>,
    },
    /// A user, group or role gets an inline policy, or another one of that name.
    PutInline {
        holder: Subject,
        name: String,
        document: Arc<Document>,
    },
    DeleteInline {
        holder: Subject,
        name: String,
    },
    Attach {
        holder: Subject,
        policy_arn: String,
        document: Arc<Document>,
    },
    Detach {
        holder: Subject,
        policy_arn: String,
    },
}

/// Calls that would be decided otherwise: the same action of the same caller on the same resource.
#[derive(Debug)]
pub(crate) struct Turned {
    pub principal_arn: String,
    /// That is refused, before or after.
    pub action: String,
    pub resource: String,
    /// Whether the change allows it; otherwise it refuses what is allowed today.
    pub gained: bool,
    pub count: usize,
    /// Of the newest of them.
    pub last_request_id: String,
    pub last_at: Timestamp,
}

/// What a change would do to a stretch of the trail.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    pub turned: Vec<Turned>,
    /// Recorded calls that were looked at.
    pub examined: usize,
    /// Calls that cannot be decided again: whoever made them is gone, or what they brought along is not kept.
    pub undecided: usize,
    /// Where the next stretch begins; nothing at the end of the trail.
    pub next: Option<Place>,
}

/// What a user or role has, beside the policies of a session.
struct Owner {
    today: Policies,
    after: Policies,
    /// Whether the two differ.
    is_affected: bool,
}

/// A part of the trail.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub account: AwsAccountId,
    pub since: Timestamp,
    /// Goes back from here.
    pub before: Place,
    /// Recorded calls, at most.
    pub limit: usize,
}

impl Stretch {
    /// Its calls, the newest first, and where the next stretch begins.
    pub async fn read(
        &self,
        tx: &mut ReadTx,
        user_name: Option<&str>,
    ) -> Result<(Vec<Recorded>, Option<Place>), StoreError> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let calls =
            Recorded::list_before(tx, self.account, user_name, self.since, &self.before, limit).await?;
        let next = calls
            .last()
            .filter(|_| calls.len() >= self.limit)
            .map(|last| last.place.clone());
        Ok((calls, next))
    }
}

/// Everything that a stretch of the trail is decided from, before and after a change.
pub(crate) struct Rehearsal {
    change: Change,
    /// Those that the change could reach.
    calls: Vec<(Recorded, TakenFrom)>,
    /// Users and roles by identifier; nothing of those that are gone.
    owners: HashMap<String, Option<Owner>>,
    /// As far as it is known without deciding.
    preview: Preview,
}

impl Rehearsal {
    pub async fn read(
        tx: &mut ReadTx,
        registry: &Registry,
        change: Change,
        stretch: &Stretch,
    ) -> Result<Self, StoreError> {
        let (recorded, next) = stretch.read(tx, None).await?;
        let mut rehearsal = Self {
            change,
            calls: Vec::new(),
            owners: HashMap::new(),
            preview: Preview {
                next,
                ..Preview::default()
            },
        };
        let mut archive = Archive::default();
        for (number, call) in recorded.into_iter().enumerate() {
            if number % BREATH == BREATH - 1 {
                tokio::task::yield_now().await;
            }
            if call.is_decided() {
                rehearsal.add(tx, registry, &mut archive, stretch, call).await?;
            }
        }
        Ok(rehearsal)
    }

    async fn add(
        &mut self,
        tx: &mut ReadTx,
        registry: &Registry,
        archive: &mut Archive,
        stretch: &Stretch,
        call: Recorded,
    ) -> Result<(), StoreError> {
        let change = &self.change;
        self.preview.examined += 1;
        let (Some(owner_id), Some(arn)) = (call.owner_id(), call.principal_arn()) else {
            self.preview.undecided += 1;
            return Ok(());
        };
        if !self.owners.contains_key(owner_id) {
            let owner = Owner::read(tx, registry, stretch.account, (owner_id, arn), change).await?;
            self.owners.insert(owner_id.to_owned(), owner);
        }
        let Some(Some(owner)) = self.owners.get(owner_id) else {
            self.preview.undecided += 1;
            return Ok(());
        };
        // Only the policies of a session could still be affected, and only by what they are.
        if !owner.is_affected && !matches!(change, Change::Replace { .. }) {
            return Ok(());
        }
        match call.taken_from(tx, archive, registry).await? {
            Some(taken) => self.calls.push((call, taken)),
            None => self.preview.undecided += 1,
        }
        Ok(())
    }

    /// Decides each call twice. This takes a while and reads nothing.
    pub fn run(self) -> Preview {
        let mut preview = self.preview;
        for (call, taken) in &self.calls {
            let owner = call.owner_id().and_then(|id| self.owners.get(id));
            if let Some(Some(owner)) = owner {
                preview.compare(call, taken, owner, &self.change);
            }
        }
        preview
    }
}

impl Preview {
    fn compare(&mut self, call: &Recorded, taken: &TakenFrom, owner: &Owner, change: &Change) {
        let principal_arn = call.principal_arn().unwrap_or_default();
        let session = of_session(taken);
        let changed: Vec<Attached> = session.iter().map(|policy| change.applied_to(policy)).collect();
        let [today, after] = [(&owner.today, session), (&owner.after, changed)].map(|(policies, session)| {
            let policies = match session.is_empty() {
                true => policies.clone(),
                false => policies.clone().session(session),
            };
            first_refused(&taken.asked, &taken.principal, &policies)
        });
        let (refused, gained) = match (today, after) {
            (Some(refused), None) => (refused, true),
            (None, Some(refused)) => (refused, false),
            (None, None) | (Some(_), Some(_)) => return,
        };
        let action = refused.actions.first().map_or("", String::as_str);
        let known = self.turned.iter_mut().find(|turned| {
            turned.principal_arn == principal_arn
                && turned.action == action
                && turned.resource == refused.resource
                && turned.gained == gained
        });
        match known {
            Some(known) => known.count += 1,
            None => self.turned.push(Turned {
                principal_arn: principal_arn.to_owned(),
                action: action.to_owned(),
                resource: refused.resource.clone(),
                gained,
                count: 1,
                last_request_id: call.request_id().to_owned(),
                last_at: call.at(),
            }),
        }
    }
}

/// The policies of the caller's session.
pub(crate) fn of_session(taken: &TakenFrom) -> Vec<Attached> {
    let policies = taken.standing.policies.iter();
    policies
        .filter(|policy| policy.kind == PolicyKind::Session)
        .map(|StoredPolicy { attached, .. }| attached.clone())
        .collect()
}

/// The first question that policies do not allow.
pub(crate) fn first_refused<'a>(
    asked: &'a [Asked],
    principal: &Principal,
    policies: &Policies,
) -> Option<&'a Asked> {
    asked
        .iter()
        .find(|asked| !asked.ask(principal, |request| decide(request, policies).is_allowed()))
}

impl Owner {
    /// What a user, role or root has; nothing if it is gone.
    async fn read(
        tx: &mut ReadTx,
        registry: &Registry,
        account: AwsAccountId,
        (id, arn): (&str, &str),
        change: &Change,
    ) -> Result<Option<Self>, StoreError> {
        if id == account.as_str() {
            // Root needs no policies.
            return Ok(Some(Self {
                today: Policies::new(),
                after: Policies::new(),
                is_affected: false,
            }));
        }
        let Some(boundary) = holding::boundary(tx, registry, account, id).await? else {
            return Ok(None);
        };
        let held = holding::identity(tx, registry, account, (id, arn)).await?;
        let attached = |held: Vec<Held>| -> Result<Vec<Attached>, StoreError> {
            held.iter().map(|held| held.attached(holding::compiled)).collect()
        };
        let (identity, boundary) = (attached(held)?, attached(boundary.into_iter().collect())?);
        let changed = |policies: &[Attached]| -> Vec<Attached> {
            policies.iter().map(|policy| change.applied_to(policy)).collect()
        };
        let (mut new_identity, new_boundary) = (changed(&identity), changed(&boundary));
        if change.concerns(tx, id).await? {
            change.apply(&mut new_identity);
        }
        Ok(Some(Self {
            is_affected: !alike(&identity, &new_identity) || !alike(&boundary, &new_boundary),
            today: policies(identity, boundary),
            after: policies(new_identity, new_boundary),
        }))
    }
}

fn policies(identity: Vec<Attached>, boundary: Vec<Attached>) -> Policies {
    let policies = Policies::new().identity(identity);
    match boundary.is_empty() {
        true => policies,
        false => policies.boundary(boundary),
    }
}

fn alike(one: &[Attached], other: &[Attached]) -> bool {
    let key = |policy: &Attached| (policy.arn.clone(), policy.name.clone(), policy.holder.clone());
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| key(one) == key(other) && one.document.text() == other.document.text())
}

impl Change {
    /// The policy after the change, if it is one that says something else then.
    fn applied_to(&self, policy: &Attached) -> Attached {
        match self {
            Change::Replace { policy_arn, document } if policy.arn.as_deref() == Some(policy_arn) => {
                Attached {
                    document: Arc::clone(document),
                    ..policy.clone()
                }
            }
            _ => policy.clone(),
        }
    }

    /// Whether it gives or takes a policy of this user or role, or of one of its groups.
    async fn concerns(&self, tx: &mut ReadTx, owner_id: &str) -> Result<bool, StoreError> {
        let holder = match self {
            Change::Replace { .. } => return Ok(false),
            Change::PutInline { holder, .. }
            | Change::DeleteInline { holder, .. }
            | Change::Attach { holder, .. }
            | Change::Detach { holder, .. } => holder,
        };
        match &holder.kind {
            SubjectKind::Entity(EntityKind::Group, id) => {
                let members = tx
                    .fetch_number(
                        "SELECT COUNT(*) FROM iam_membership WHERE group_id = $1 AND user_id = $2",
                        bind![id, owner_id],
                    )
                    .await?;
                Ok(members > 0)
            }
            SubjectKind::Entity(_, id) => Ok(id == owner_id),
            SubjectKind::Policy => Ok(false),
        }
    }

    /// Makes the change to the policies of somebody it concerns.
    fn apply(&self, policies: &mut Vec<Attached>) {
        let is_held = |policy: &Attached, holder: &Subject| policy.holder.as_deref() == Some(&holder.arn);
        let is_inline = |policy: &Attached, holder: &Subject, name: &str| {
            policy.arn.is_none() && is_held(policy, holder) && policy.name.eq_ignore_ascii_case(name)
        };
        let is_managed = |policy: &Attached, holder: &Subject, arn: &str| {
            policy.arn.as_deref() == Some(arn) && is_held(policy, holder)
        };
        match self {
            Change::Replace { .. } => {}
            Change::PutInline {
                holder,
                name,
                document,
            } => {
                policies.retain(|policy| !is_inline(policy, holder, name));
                let policy = Attached::inline(name.as_str(), Arc::clone(document));
                policies.push(policy.held_by(holder.arn.as_str()));
            }
            Change::DeleteInline { holder, name } => {
                policies.retain(|policy| !is_inline(policy, holder, name))
            }
            Change::Attach {
                holder,
                policy_arn,
                document,
            } => {
                if !policies
                    .iter()
                    .any(|policy| is_managed(policy, holder, policy_arn))
                {
                    let policy = Attached::managed(policy_arn.as_str(), Arc::clone(document));
                    policies.push(policy.held_by(holder.arn.as_str()));
                }
            }
            Change::Detach { holder, policy_arn } => {
                policies.retain(|policy| !is_managed(policy, holder, policy_arn));
            }
        }
    }
}
