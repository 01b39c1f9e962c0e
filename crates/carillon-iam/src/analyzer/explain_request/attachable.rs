//! Managed policies that could be attached as a way out.

use carillon_aws::id::AwsAccountId;
use carillon_operation::{AwsManagedPolicy, Registry};
use carillon_policy::{Attached, Document, Effect};
use carillon_store::{ReadTx, StoreError};

use super::super::known::known_actions;
use crate::holding;
use crate::policy::rows::{Filter, list_after};

/// Customer managed policies that are tried.
const MOST: i64 = 100;
/// An action that no policy names: whatever allows it allows every action there is, or all but a few.
const UNHEARD_OF: &str = "nothing:Unheard";

/// Managed policies that allow an action, given in all its spellings: those of AWS, and of the AWS account if there is
/// one. Those that allow the fewest of the known actions come first; those that allow every action are not among them.
pub(super) async fn attachable(
    tx: &mut ReadTx,
    registry: &Registry,
    spellings: &[&str],
    customer: Option<AwsAccountId>,
) -> Result<Vec<Attached>, StoreError> {
    let of_aws = registry.aws_managed_policies().iter();
    let mut texts: Vec<(String, String)> = of_aws
        .filter_map(|AwsManagedPolicy { arn, documents, .. }| Some((arn.clone(), documents.last()?.clone())))
        .collect();
    let everything = Filter {
        path_prefix: "/",
        attachments: 0,
        boundaries: 0,
        uses: 0,
    };
    if let Some(account) = customer {
        for policy in list_after(tx, account, "", everything, MOST).await? {
            if let Some(text) = holding::managed_text(tx, registry, &policy.arn).await? {
                texts.push((policy.arn, text));
            }
        }
    }
    let known = known_actions(registry);
    let mut found = Vec::new();
    for (arn, text) in texts {
        let document = holding::compiled(&text)?;
        if allows(&document, spellings) && !allows(&document, &[UNHEARD_OF]) {
            let reach = known
                .iter()
                .filter(|action| allows(&document, &[action.name.as_str()]))
                .count();
            found.push((reach, text.len(), Attached::managed(arn, document)));
        }
    }
    found.sort_by_key(|(reach, length, _)| (*reach, *length));
    Ok(found.into_iter().map(|(_, _, policy)| policy).collect())
}

/// Whether a statement allows it on something.
fn allows(document: &Document, spellings: &[&str]) -> bool {
    let mut statements = document.statements().iter();
    statements.any(|statement| statement.effect() == Effect::Allow && statement.concerns_action(spellings))
}
