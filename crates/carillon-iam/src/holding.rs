//! The policies that somebody has, as one transaction sees them.

use std::sync::Arc;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_operation::Registry;
use carillon_policy::{Attached, Document, PolicyType};
use carillon_store::{FromRow, ReadTx, Row, StoreError, bind};

use crate::policy::aws_managed;

/// A policy that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Of a managed policy.
    pub arn: Option<String>,
    /// Of an inline policy.
    pub name: String,
    /// Nothing of a policy that does not exist any more, which allows nothing.
    pub text: Option<String>,
    /// The ARN of the user, group or role that has it.
    pub holder: String,
}

impl Held {
    /// As decisions take it. `document` compiles a text.
    pub fn attached<E>(
        &self,
        mut document: impl FnMut(&str) -> Result<Arc<Document>, E>,
    ) -> Result<Attached, E> {
        let document = match &self.text {
            Some(text) => document(text)?,
            None => nothing(),
        };
        let policy = match &self.arn {
            Some(arn) => Attached::managed(arn.as_str(), document),
            None => Attached::inline(self.name.as_str(), document),
        };
        Ok(policy.held_by(self.holder.as_str()))
    }
}

/// What a policy says that does not exist any more.
pub(crate) fn nothing() -> Arc<Document> {
    Arc::new(Document::lenient(&serde_json::json!({ "Statement": [] })))
}

/// The compiled form of a text that was checked when it was stored.
pub(crate) fn compiled(text: &str) -> Result<Arc<Document>, StoreError> {
    let document =
        Document::parse(text, PolicyType::Identity, false).map_err(|malformed| StoreError::Corrupt {
            column: 0,
            expected: "a policy document",
            found: malformed.message,
        })?;
    Ok(Arc::new(document))
}

/// A row: ARN or name, text if it is not one of AWS's, path and name of the group it comes from.
struct Found {
    key: String,
    text: Option<String>,
    group: Option<(String, String)>,
}

impl FromRow for Found {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let (path, name): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        Ok(Self {
            key: row.get(0)?,
            text: row.get(1)?,
            group: path.zip(name),
        })
    }
}

/// Inline and attached policies of a user, group or role, and for a user those of its groups. What somebody has in
/// two ways is there twice, with both holders.
pub(crate) async fn identity(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    (owner_id, owner_arn): (&str, &str),
) -> Result<Vec<Held>, StoreError> {
    let holder = |group: Option<(String, String)>| match group {
        Some((path, name)) => arn::group(account, &path, &name),
        None => owner_arn.to_owned(),
    };
    let inline: Vec<Found> = tx
        .fetch_all(
            "SELECT policy.policy_name, policy.document, held.path, held.group_name
               FROM iam_inline_policy policy
               LEFT JOIN iam_group held ON held.group_id = policy.entity_id
              WHERE policy.entity_id = $1
                 OR policy.entity_id IN (SELECT group_id FROM iam_membership WHERE user_id = $2)
              ORDER BY policy.entity_id, policy.policy_name",
            bind![owner_id, owner_id],
        )
        .await?;
    let managed: Vec<Found> = tx
        .fetch_all(
            "SELECT attachment.policy_arn, version.document, held.path, held.group_name
               FROM iam_attachment attachment
               LEFT JOIN iam_group held ON held.group_id = attachment.entity_id
               LEFT JOIN iam_policy policy ON policy.arn = attachment.policy_arn
               LEFT JOIN iam_policy_version version
                 ON version.policy_id = policy.policy_id AND version.version = policy.default_version
              WHERE attachment.entity_id = $1
                 OR attachment.entity_id IN (SELECT group_id FROM iam_membership WHERE user_id = $2)
              ORDER BY attachment.policy_arn, attachment.entity_id",
            bind![owner_id, owner_id],
        )
        .await?;
    let inline = inline.into_iter().map(|found| Held {
        arn: None,
        name: found.key,
        text: found.text,
        holder: holder(found.group),
    });
    let managed = managed.into_iter().map(|found| Held {
        text: of_aws(registry, &found.key).or(found.text),
        name: found.key.rsplit('/').next().unwrap_or_default().to_owned(),
        arn: Some(found.key),
        holder: holder(found.group),
    });
    Ok(inline.chain(managed).collect())
}

/// The text of the default version of a managed policy, the customer's or AWS's; nothing if there is none.
pub(crate) async fn managed_text(
    tx: &mut ReadTx,
    registry: &Registry,
    arn: &str,
) -> Result<Option<String>, StoreError> {
    if let Some(text) = of_aws(registry, arn) {
        return Ok(Some(text));
    }
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT version.document
               FROM iam_policy policy
               JOIN iam_policy_version version
                 ON version.policy_id = policy.policy_id AND version.version = policy.default_version
              WHERE policy.arn = $1",
            bind![arn],
        )
        .await?;
    Ok(found.map(|(text,)| text))
}

fn of_aws(registry: &Registry, arn: &str) -> Option<String> {
    aws_managed::find(registry, arn).and_then(|policy| policy.documents.last().cloned())
}

/// The permissions boundary of a user or role, if it has one; nothing if there is no such user or role.
pub(crate) async fn boundary(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    owner_id: &str,
) -> Result<Option<Option<Held>>, StoreError> {
    let found: Option<(Option<String>,)> = tx
        .fetch_optional(
            "SELECT permissions_boundary_arn FROM iam_user WHERE aws_account_id = $1 AND user_id = $2
              UNION ALL
             SELECT permissions_boundary_arn FROM iam_role WHERE aws_account_id = $1 AND role_id = $2",
            bind![account, owner_id],
        )
        .await?;
    Ok(match found {
        None => None,
        Some((None,)) => Some(None),
        Some((Some(arn),)) => Some(Some(Held {
            text: managed_text(tx, registry, &arn).await?,
            name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            arn: Some(arn),
            holder: String::new(),
        })),
    })
}
