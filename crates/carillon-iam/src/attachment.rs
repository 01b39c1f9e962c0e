//! Managed policies on users, groups and roles.

pub(crate) mod operations;
pub(crate) mod rows;

use carillon_aws::arn::{Arn, IamKind};
use carillon_operation::{Caller, Context, Fault, Operation, Target, Transaction};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::raise_revision;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Marker, PolicyPath};
use crate::page::{self, MaxItems};
use crate::policy;
use crate::role::service_linked;

/// Managed policies on one user, group or role.
pub(crate) const ATTACHED: usize = 10;

/// A managed policy on a user, group or role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPolicy {
    policy_name: String,
    policy_arn: String,
}

impl AttachedPolicy {
    /// The shape of the wire.
    pub fn of(policy_arn: String) -> Self {
        Self {
            policy_name: path_and_name(&policy_arn).1.to_owned(),
            policy_arn,
        }
    }

    /// Names are unique among the customer's policies and among AWS's, but not between them.
    fn key(&self) -> [&str; 2] {
        let whose = Arn::parse(&self.policy_arn).map_or("", |arn| arn.account);
        [&self.policy_name, whose]
    }
}

/// A page of the managed policies on a user, group or role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPolicies {
    attached_policies: Vec<AttachedPolicy>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// Path and name of a policy, as its ARN says them.
fn path_and_name(policy_arn: &str) -> (&str, &str) {
    Arn::parse(policy_arn)
        .ok()
        .and_then(|arn| arn.iam_entity())
        .map_or(("/", policy_arn), |entity| (entity.path, entity.name))
}

/// Refuses what is not the ARN of a policy.
fn check_arn(policy_arn: &str) -> Result<(), Error> {
    let kind = Arn::parse(policy_arn)
        .ok()
        .and_then(|arn| arn.iam_entity())
        .map(|entity| entity.kind);
    if kind == Some(IamKind::Policy) {
        return Ok(());
    }
    Err(Error::InvalidInput(format!("ARN {policy_arn} is not valid.")))
}

const fn quota(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "PoliciesPerUser",
        EntityKind::Group => "PoliciesPerGroup",
        EntityKind::Role => "PoliciesPerRole",
    }
}

/// What attaching and detaching ask the policies about: the entity, and which policy.
async fn target(
    caller: &Caller,
    tx: &mut ReadTx,
    kind: EntityKind,
    name: &str,
    policy_arn: &str,
) -> Result<Target, Fault> {
    let mut target = entity::bounded_target(tx, caller.aws_account_id, kind, name).await?;
    target.keys.push(("iam:policyarn", policy_arn.to_owned()));
    Ok(target)
}

/// Attaches a policy. One that is attached stays so.
async fn attach<O: Operation<Access = carillon_operation::PermissionsManagement>>(
    cx: &mut Context<'_, O>,
    kind: EntityKind,
    name: &str,
    policy_arn: &str,
) -> Result<(), Error> {
    let account = cx.aws_account_id();
    check_arn(policy_arn)?;
    let entity = entity::require_changeable(cx.tx, account, kind, name).await?;
    service_linked::check_attachable(policy_arn)?;
    if !policy::exists(cx.tx, cx.environment, account, policy_arn).await? {
        return Err(Error::NotFound(format!(
            "Policy {policy_arn} does not exist or is not attachable."
        )));
    }
    let attached = rows::list(cx.tx, &entity.id).await?;
    if attached.iter().any(|(arn,)| arn == policy_arn) {
        return Ok(());
    }
    if attached.len() >= ATTACHED {
        return Err(Error::LimitExceeded {
            quota: quota(kind),
            limit: ATTACHED,
        });
    }
    rows::insert(cx.tx, account, kind, &entity.id, policy_arn, cx.now).await?;
    raise_revision(cx.tx, account, cx.now).await?;
    Ok(())
}

async fn detach<O: Operation<Access = carillon_operation::PermissionsManagement>>(
    cx: &mut Context<'_, O>,
    kind: EntityKind,
    name: &str,
    policy_arn: &str,
) -> Result<(), Error> {
    let account = cx.aws_account_id();
    check_arn(policy_arn)?;
    let entity = entity::require_changeable(cx.tx, account, kind, name).await?;
    if !rows::delete(cx.tx, &entity.id, policy_arn).await? {
        return Err(policy::not_found(policy_arn));
    }
    raise_revision(cx.tx, account, cx.now).await?;
    Ok(())
}

/// The attached policies by name.
async fn list<O: Operation>(
    cx: &mut Context<'_, O>,
    kind: EntityKind,
    name: &str,
    path_prefix: Option<&PolicyPath>,
    marker: Option<&Marker>,
    max_items: Option<MaxItems>,
) -> Result<AttachedPolicies, Error> {
    let account = cx.aws_account_id();
    let entity = entity::require(cx.tx.reader(), account, kind, name).await?;
    let path_prefix = path_prefix.map_or("/", PolicyPath::as_str);
    let filters = [entity.id.as_str(), path_prefix];
    let [after_name, after_owner] = page::after(cx, marker, &filters)?;
    let mut attached: Vec<AttachedPolicy> = rows::list(cx.tx.reader(), &entity.id)
        .await?
        .into_iter()
        .filter(|(arn,)| path_and_name(arn).0.starts_with(path_prefix))
        .map(|(arn,)| AttachedPolicy::of(arn))
        .filter(|policy| policy.key() > [&after_name, &after_owner])
        .collect();
    attached.sort_by(|left, right| left.key().cmp(&right.key()));
    let page = cx.page(attached, page::limit(max_items), &filters, |last| {
        last.key().map(str::to_owned).to_vec()
    });
    Ok(AttachedPolicies {
        is_truncated: page.next.is_some(),
        marker: page.next,
        attached_policies: page.items,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_policies_are_attached() {
        assert!(check_arn("arn:aws:iam::aws:policy/AdministratorAccess").is_ok());
        assert!(check_arn("arn:aws:iam::123456789012:policy/a/b/c").is_ok());
        for arn in [
            "arn:aws:iam::123456789012:user/ada",
            "AdministratorAccess and more",
            "arn:aws:s3:::policy/x",
        ] {
            assert!(matches!(check_arn(arn), Err(Error::InvalidInput(_))), "{arn}");
        }
    }

    #[test]
    fn a_name_is_the_end_of_an_arn() {
        assert_eq!(
            path_and_name("arn:aws:iam::123456789012:policy/a/b/c"),
            ("/a/b/", "c")
        );
        assert_eq!(
            path_and_name("arn:aws:iam::aws:policy/ReadOnlyAccess"),
            ("/", "ReadOnlyAccess")
        );
    }
}
