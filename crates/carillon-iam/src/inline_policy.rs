//! Policies that belong to one user, group or role.

pub(crate) mod operations;
pub(crate) mod rows;

use carillon_operation::{Context, Operation, PermissionsManagement, Transaction};
use carillon_policy::{Document, PolicyType};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::raise_revision;
use crate::document;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Marker, PolicyDocument, PolicyName};
use crate::page::{self, MaxItems};

/// Characters of all inline policies of one user, group or role together, without white space.
pub(crate) const fn size_quota(kind: EntityKind) -> usize {
    match kind {
        EntityKind::User => 2_048,
        EntityKind::Group => 5_120,
        EntityKind::Role => 10_240,
    }
}

/// A page of the names of inline policies.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyNames {
    policy_names: Vec<String>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

fn not_found(kind: EntityKind, policy_name: &PolicyName) -> Error {
    Error::NotFound(format!(
        "The {} policy with name {policy_name} cannot be found.",
        kind.noun()
    ))
}

/// Adds or replaces a policy.
async fn put<O: Operation<Access = PermissionsManagement>>(
    cx: &mut Context<'_, O>,
    kind: EntityKind,
    name: &str,
    policy_name: &PolicyName,
    document: &PolicyDocument,
) -> Result<(), Error> {
    let account = cx.aws_account_id();
    let entity = entity::require_changeable(cx.tx, account, kind, name).await?;
    document::parse(document.as_str(), PolicyType::Identity, false)?;
    let others: usize = rows::list(cx.tx, &entity.id)
        .await?
        .iter()
        .filter(|(other, _)| other != policy_name.as_str())
        .map(|(_, document)| Document::size(document))
        .sum();
    let quota = size_quota(kind);
    if others + Document::size(document.as_str()) > quota {
        return Err(Error::Limit(format!(
            "Maximum policy size of {quota} bytes exceeded for {} {}",
            kind.noun(),
            entity.name
        )));
    }
    rows::put(cx.tx, &entity.id, policy_name.as_str(), document.as_str(), cx.now).await?;
    raise_revision(cx.tx, account, cx.now).await?;
    Ok(())
}

/// The name of the entity as it is written, and the document as answers carry it.
async fn get<O: Operation>(
    cx: &mut Context<'_, O>,
    kind: EntityKind,
    name: &str,
    policy_name: &PolicyName,
) -> Result<(String, String), Error> {
    let account = cx.aws_account_id();
    let tx = cx.tx.reader();
    let entity = entity::require(tx, account, kind, name).await?;
    let document = rows::find(tx, &entity.id, policy_name.as_str())
        .await?
        .ok_or_else(|| not_found(kind, policy_name))?;
    Ok((entity.name, document::encoded(&document)))
}

async fn list<O: Operation>(
    cx: &mut Context<'_, O>,
    kind: EntityKind,
    name: &str,
    marker: Option<&Marker>,
    max_items: Option<MaxItems>,
) -> Result<PolicyNames, Error> {
    let account = cx.aws_account_id();
    let entity = entity::require(cx.tx.reader(), account, kind, name).await?;
    let limit = page::limit(max_items);
    let [after] = page::after(cx, marker, &[&entity.id])?;
    let names = rows::names_after(cx.tx.reader(), &entity.id, &after, page::fetched(limit)).await?;
    let page = cx.page(names, limit, &[&entity.id], |(last,)| vec![last.clone()]);
    Ok(PolicyNames {
        is_truncated: page.next.is_some(),
        marker: page.next,
        policy_names: page.items.into_iter().map(|(name,)| name).collect(),
    })
}

async fn delete<O: Operation<Access = PermissionsManagement>>(
    cx: &mut Context<'_, O>,
    kind: EntityKind,
    name: &str,
    policy_name: &PolicyName,
) -> Result<(), Error> {
    let account = cx.aws_account_id();
    let entity = entity::require_changeable(cx.tx, account, kind, name).await?;
    if !rows::delete(cx.tx, &entity.id, policy_name.as_str()).await? {
        return Err(not_found(kind, policy_name));
    }
    raise_revision(cx.tx, account, cx.now).await?;
    Ok(())
}
