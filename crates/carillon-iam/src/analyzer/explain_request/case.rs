//! The decision that an explanation is about, and how much of it may be shown to whom.
//!
//! What the policy of a resource says is not for those it refuses, so an explanation leaves it out for everybody who
//! could not read it otherwise. It is then the explanation of the caller's own policies, and the same whether the
//! resource exists or not.

use carillon_aws::arn::{Arn, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_operation::{Access, Archive, Asked, Context, Fault, Operation, Recorded, Registry, Target};
use carillon_policy::explain::{Explanation, Options, Outcome, explain_with};
use carillon_policy::{Attached, Decision, Policies, Principal, decide};
use carillon_store::{ReadTx, StoreError};

use crate::entity::{self, EntityKind};

/// Said where the resource is left out.
pub(crate) const WITHOUT_RESOURCE: &str = "the policy and the tags of the resource are not shown: they are for those who may call iam:GetRole on it in its own \
     AWS account; what is shown and proposed is about the caller's policies alone";

/// One question of a recorded request: the first that was refused, as all had to be allowed, or else the first.
#[derive(Debug)]
pub(crate) struct Case {
    principal: Principal,
    policies: Policies,
    asked: Asked,
    outcome: Outcome,
    /// Of the request.
    pub questions: usize,
}

impl Case {
    /// Nothing if there was no decision, or what it was taken from is not kept any more.
    pub async fn read(
        tx: &mut ReadTx,
        registry: &Registry,
        recorded: &Recorded,
    ) -> Result<Option<Self>, StoreError> {
        let Some(taken) = recorded.taken_from(tx, &mut Archive::default(), registry).await? else {
            return Ok(None);
        };
        let policies = taken
            .standing
            .policies(recorded.principal_arn().unwrap_or_default());
        let questions = taken.asked.len();
        let mut first = None;
        for asked in taken.asked {
            let outcome = outcome(&asked, &taken.principal, &policies);
            let is_refused = outcome != Outcome::Allowed;
            if is_refused || first.is_none() {
                first = Some((asked, outcome));
            }
            if is_refused {
                break;
            }
        }
        Ok(first.map(|(asked, outcome)| Self {
            principal: taken.principal,
            policies,
            asked,
            outcome,
            questions,
        }))
    }

    pub fn is_refused(&self) -> bool {
        self.outcome != Outcome::Allowed
    }

    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the resource is of another AWS account than this.
    pub fn is_about_another(&self, account: AwsAccountId) -> bool {
        self.asked.owner != account.as_str()
    }

    /// All spellings of the action.
    pub fn actions(&self) -> Vec<&str> {
        self.asked.actions.iter().map(String::as_str).collect()
    }

    /// Whether the caller of an operation could read the policy of the resource anyway.
    pub async fn shows_resource_to<O>(&self, cx: &mut Context<'_, O>) -> Result<bool, Fault>
    where
        O: Operation,
        O::Access: Access<Tx = ReadTx>,
    {
        let account = cx.aws_account_id();
        if self.is_about_another(account) {
            return Ok(false);
        }
        if self.asked.resource_policy.is_none() {
            return Ok(true);
        }
        let arn = Arn::parse(&self.asked.resource).ok();
        let named = arn.as_ref().and_then(Arn::iam_entity);
        let Some(role) = named.filter(|named| named.kind == IamKind::Role) else {
            return Ok(false);
        };
        let mut target: Target = entity::target(cx.tx, account, EntityKind::Role, role.name).await?;
        target.resource = self.asked.resource.clone().into();
        Ok(cx.may(&["iam:GetRole"], &target))
    }

    /// With all that there is. `attachable`: managed policies that can be proposed, the narrowest first.
    pub fn explain(&self, attachable: &[Attached]) -> Explanation {
        explained(&self.asked, &self.principal, &self.policies, attachable)
    }

    /// Without what belongs to the resource.
    pub fn explain_caller(&self, attachable: &[Attached]) -> Explanation {
        let alone = self.asked.of_caller_alone(&self.principal);
        let own = explained(&alone, &self.principal, &self.policies, attachable);
        let mut explanation = match (own.decision, self.outcome) {
            (Outcome::Allowed, Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied) => by_resource(
                own,
                Outcome::ImplicitlyDenied,
                "denied: the caller's policies would allow it, and the resource does not",
            ),
            (Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied, Outcome::Allowed) => {
                by_resource(own, Outcome::Allowed, "allowed by the resource")
            }
            // Whether the resource would have refused as well is not told.
            _ => own,
        };
        explanation.request.resource_account = Some(self.asked.owner.clone());
        explanation
    }
}

/// The explanation where the resource turned the decision: nothing that led to the other one is left.
fn by_resource(own: Explanation, decision: Outcome, summary: &str) -> Explanation {
    Explanation {
        decision,
        summary: format!("{} is {summary}", own.request.action),
        reasons: Vec::new(),
        deciding: Vec::new(),
        near_misses: Vec::new(),
        changes: Vec::new(),
        ..own
    }
}

fn explained(
    asked: &Asked,
    principal: &Principal,
    policies: &Policies,
    attachable: &[Attached],
) -> Explanation {
    asked.ask(principal, |request| {
        explain_with(request, policies, Options { attachable })
    })
}

fn outcome(asked: &Asked, principal: &Principal, policies: &Policies) -> Outcome {
    asked.ask(principal, |request| match decide(request, policies) {
        Decision::Allowed { .. } => Outcome::Allowed,
        Decision::ExplicitlyDenied { .. } => Outcome::ExplicitlyDenied,
        Decision::ImplicitlyDenied { .. } => Outcome::ImplicitlyDenied,
    })
}
