//! Whose policies are simulated.

use carillon_aws::arn::{Arn, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_operation::{Caller, Fault, Registry, Target};
use carillon_policy::{Attached, Principal};
use carillon_store::ReadTx;

use super::exclusion::Exclusions;
use crate::entity::{self, Entity, EntityKind};
use crate::error::Error;
use crate::holding::{self, Held};
use crate::tag;

/// Who asks in a simulation, and everything that a user, group or role brings into it.
pub(super) struct Source {
    pub principal: Principal,
    pub identity: Vec<Attached>,
    pub boundary: Option<Attached>,
    pub tags: Vec<(String, String)>,
}

/// Kind and name of the user, group or role with this ARN.
pub(super) fn entity(arn: &str) -> Option<(EntityKind, &str)> {
    let entity = Arn::parse(arn).ok()?.iam_entity()?;
    let kind = match entity.kind {
        IamKind::User => EntityKind::User,
        IamKind::Group => EntityKind::Group,
        IamKind::Role => EntityKind::Role,
        IamKind::Policy | IamKind::InstanceProfile | IamKind::MfaDevice | IamKind::ServerCertificate => {
            return None;
        }
    };
    Some((kind, entity.name))
}

/// The caller that an ARN of a user, group, role or account root means. A group asks as a user would whom no policy
/// names.
///
/// # Errors
///
/// [`Error::InvalidInput`] for every other ARN.
pub(super) fn caller(arn: &str) -> Result<Principal, Error> {
    let parsed = Arn::parse(arn).ok();
    let account = parsed.and_then(|arn| arn.account_id());
    match (entity(arn), account, arn.parse::<Principal>()) {
        (Some((EntityKind::Group, _)), Some(account), _) => Ok(Principal::User {
            arn: arn.to_owned(),
            account: account.to_string(),
            unique_id: None,
        }),
        (
            _,
            Some(_),
            Ok(principal @ (Principal::User { .. } | Principal::Role { .. } | Principal::Root { .. })),
        ) => Ok(principal),
        _ => Err(unclear(arn)),
    }
}

fn unclear(arn: &str) -> Error {
    Error::InvalidInput(format!(
        "Invalid Entity Arn: {arn} does not clearly define entity type and name."
    ))
}

/// What the policies are asked about: the entity, or the ARN as it stands where it names none of this AWS account.
pub(super) async fn target(arn: &str, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
    let own = Arn::parse(arn).is_ok_and(|arn| arn.account_id() == Some(caller.aws_account_id));
    match entity(arn).filter(|_| own) {
        Some((kind, name)) => entity::target(tx, caller.aws_account_id, kind, name).await,
        None => Ok(Target::on(arn.to_owned())),
    }
}

/// Reads the policies of a user, group or role.
///
/// # Errors
///
/// [`Error::InvalidInput`] for an ARN of anything else, `NoSuchEntity` for one of nobody in this AWS account.
pub(super) async fn source(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    arn: &str,
    exclusions: &Exclusions<'_>,
) -> Result<Source, Error> {
    let (kind, name) = entity(arn).ok_or_else(|| unclear(arn))?;
    let found = require(tx, account, kind, name, arn).await?;
    let held = holding::identity(tx, registry, account, (&found.id, arn)).await?;
    let identity = held
        .iter()
        .filter(|held| !exclusions.leaves_out(held))
        .map(attached)
        .collect::<Result<_, _>>()?;
    let boundary = match &found.permissions_boundary {
        Some(boundary) if !exclusions.leaves_out_boundary(boundary) => {
            let text = holding::managed_text(tx, registry, boundary).await?;
            let document = match text {
                Some(text) => holding::compiled(&text)?,
                None => holding::nothing(),
            };
            Some(Attached::managed(boundary.as_str(), document).held_by(arn))
        }
        _ => None,
    };
    let tags = match kind {
        EntityKind::Group => Vec::new(),
        EntityKind::User | EntityKind::Role => tag::of(tx, &found.id).await?,
    };
    Ok(Source {
        principal: caller(arn)?,
        identity,
        boundary,
        tags,
    })
}

/// The entity with exactly this ARN, or `NoSuchEntity`.
async fn require(
    tx: &mut ReadTx,
    account: AwsAccountId,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<Entity, Error> {
    let own = Arn::parse(arn).is_ok_and(|arn| arn.account_id() == Some(account));
    let found = match own {
        true => Some(entity::require(tx, account, kind, name).await?),
        false => None,
    };
    found
        .filter(|found| kind.arn(account, &found.path, &found.name) == arn)
        .ok_or_else(|| kind.no_such(name))
}

/// A policy under the name by which AWS's results call it: a managed policy's own, and `user_ada_Readers` for the
/// inline policy `Readers` of the user `ada`.
fn attached(held: &Held) -> Result<Attached, carillon_store::StoreError> {
    let mut attached = held.attached(holding::compiled)?;
    if held.arn.is_none()
        && let Some((kind, name)) = entity(&held.holder)
    {
        attached.name = format!("{}_{name}_{}", kind.noun(), held.name).into();
    }
    Ok(attached)
}
