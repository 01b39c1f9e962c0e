//! Managed policies that could be attached as a way out.

use carillon_aws::id::AwsAccountId;
use carillon_operation::Registry;
use carillon_policy::{Attached, Document, Effect};
use carillon_store::{ReadTx, StoreError};

use super::super::known::known_actions;
use crate::holding;
use crate::policy::rows;
use crate::role::service_linked;

/// Customer managed policies that are tried.
const MOST: i64 = 100;
/// An action that no policy names: whatever allows it allows every action there is, or all but a few.
const UNHEARD_OF: &str = "nothing:Unheard";

/// Managed policies that somebody could get, by ARN and text, and the actions that they are measured by: read, and not
/// thought about yet.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    policies: Vec<(String, String)>,
    known: Vec<String>,
}

impl Candidates {
    /// Those of AWS, and of the AWS account if there is one.
    pub async fn read(
        tx: &mut ReadTx,
        registry: &Registry,
        customer: Option<AwsAccountId>,
    ) -> Result<Self, StoreError> {
        let of_aws = registry.aws_managed_policies().iter();
        let mut policies: Vec<(String, String)> = of_aws
            .filter(|policy| !service_linked::is_linked(policy.path))
            .filter_map(|policy| Some((policy.arn.clone(), policy.documents.last()?.clone())))
            .collect();
        if let Some(account) = customer {
            policies.extend(rows::first_documents(tx, account, MOST).await?);
        }
        let known = known_actions(registry).into_iter().map(|action| action.name);
        Ok(Self {
            policies,
            known: known.collect(),
        })
    }

    /// Those that allow an action, given in all its spellings. Those that allow the fewest of the known actions come
    /// first; those that allow every action are not among them.
    pub fn that_allow(self, spellings: &[&str]) -> Result<Vec<Attached>, StoreError> {
        let mut found = Vec::new();
        for (arn, text) in self.policies {
            let document = holding::compiled(&text)?;
            if allows(&document, spellings) && !allows(&document, &[UNHEARD_OF]) {
                let reach = self
                    .known
                    .iter()
                    .filter(|action| allows(&document, &[action.as_str()]))
                    .count();
                found.push((reach, text.len(), Attached::managed(arn, document)));
            }
        }
        found.sort_by_key(|(reach, length, _)| (*reach, *length));
        Ok(found.into_iter().map(|(_, _, policy)| policy).collect())
    }
}

/// Whether a statement allows it on something.
fn allows(document: &Document, spellings: &[&str]) -> bool {
    let mut statements = document.statements().iter();
    statements.any(|statement| statement.effect() == Effect::Allow && statement.concerns_action(spellings))
}
