//! What callers may ask of instance profiles: making, finding and removing them.

use carillon_aws::id::{IdPrefix, unique_id};
use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    INSTANCE_PROFILES, InstanceProfile, InstanceProfileName, InstanceProfileRow, RESOURCE_TYPE, arn, require,
    rows, shapes, target,
};
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{Marker, Path, PathPrefix, RoleName};
use crate::page::{self, MaxItems};
use crate::tag::{self, Tag};

/// Creates an instance profile, without a role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateInstanceProfile {
    instance_profile_name: InstanceProfileName,
    path: Option<Path>,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The answer of operations about one instance profile.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceProfileOutput {
    instance_profile: InstanceProfile,
}

impl CreateInstanceProfile {
    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", Path::as_str)
    }
}

impl Operation for CreateInstanceProfile {
    const SPEC: Spec = Spec::named("iam:CreateInstanceProfile");

    type Access = Write;
    type Output = InstanceProfileOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let name = self.instance_profile_name.as_str();
        let mut target =
            Target::on(arn(caller.aws_account_id, self.path(), name)).filed_under(RESOURCE_TYPE, name);
        tag::made_with(&mut target, &self.tags);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<InstanceProfileOutput, Error> {
        let account = cx.aws_account_id();
        let name = &self.instance_profile_name;
        tag::check(&self.tags)?;
        if rows::find(cx.tx, account, name.as_str()).await?.is_some() {
            return Err(Error::AlreadyExists(format!(
                "Instance Profile {name} already exists."
            )));
        }
        if rows::count(cx.tx, account).await? >= INSTANCE_PROFILES {
            return Err(Error::LimitExceeded {
                quota: "InstanceProfilesPerAccount",
                limit: INSTANCE_PROFILES,
            });
        }
        let profile = InstanceProfileRow {
            id: unique_id(IdPrefix::InstanceProfile, cx.entropy()),
            name: name.to_string(),
            path: self.path().to_owned(),
            role_id: None,
            created_at: cx.now,
        };
        rows::insert(cx.tx, account, &profile).await?;
        tag::put(cx.tx, &profile.id, &self.tags).await?;
        let mut shape = profile.shape(account, Vec::new());
        shape.tags = tag::shown(tag::pairs(&self.tags));
        Ok(InstanceProfileOutput {
            instance_profile: shape,
        })
    }
}

/// Returns an instance profile with its role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetInstanceProfile {
    instance_profile_name: InstanceProfileName,
}

impl Operation for GetInstanceProfile {
    const SPEC: Spec = Spec::named("iam:GetInstanceProfile");

    type Access = Read;
    type Output = InstanceProfileOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.instance_profile_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<InstanceProfileOutput, Error> {
        let account = cx.aws_account_id();
        let profile = require(cx.tx, account, &self.instance_profile_name).await?;
        let tags = tag::of(cx.tx, &profile.id).await?;
        let mut shapes = shapes(cx.tx, account, std::slice::from_ref(&profile)).await?;
        let mut shape = shapes
            .pop()
            .ok_or_else(|| Error::Fault(Fault::internal("one row makes one shape")))?;
        shape.tags = tag::shown(tags);
        Ok(InstanceProfileOutput {
            instance_profile: shape,
        })
    }
}

/// Lists instance profiles by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListInstanceProfiles {
    path_prefix: Option<PathPrefix>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// Instance profiles.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceProfiles {
    instance_profiles: Vec<InstanceProfile>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl ListInstanceProfiles {
    fn path_prefix(&self) -> &str {
        self.path_prefix.as_ref().map_or("/", PathPrefix::as_str)
    }
}

impl Operation for ListInstanceProfiles {
    const SPEC: Spec = Spec::named("iam:ListInstanceProfiles");

    type Access = List;
    type Output = InstanceProfiles;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        Ok(Target::on(arn(caller.aws_account_id, self.path_prefix(), "")))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<InstanceProfiles, Error> {
        let account = cx.aws_account_id();
        let limit = page::limit(self.max_items);
        let filters = [self.path_prefix()];
        let [after] = page::after(cx, self.marker.as_ref(), &filters)?;
        let found =
            rows::list_after(cx.tx, account, &after, self.path_prefix(), page::fetched(limit)).await?;
        page_of(cx, found, limit, &filters).await
    }
}

/// Lists the instance profiles that hold a role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListInstanceProfilesForRole {
    role_name: RoleName,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

impl Operation for ListInstanceProfilesForRole {
    const SPEC: Spec = Spec::named("iam:ListInstanceProfilesForRole");

    type Access = List;
    type Output = InstanceProfiles;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let name = self.role_name.as_str();
        entity::target(tx, caller.aws_account_id, EntityKind::Role, name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<InstanceProfiles, Error> {
        let name = self.role_name.as_str();
        let role = entity::require(cx.tx, cx.caller.aws_account_id, EntityKind::Role, name).await?;
        let limit = page::limit(self.max_items);
        let filters = [role.id.as_str()];
        let [after] = page::after(cx, self.marker.as_ref(), &filters)?;
        let found = rows::list_of_role_after(cx.tx, &role.id, &after, page::fetched(limit)).await?;
        page_of(cx, found, limit, &filters).await
    }
}

async fn page_of<O: Operation<Access = List>>(
    cx: &mut Context<'_, O>,
    found: Vec<InstanceProfileRow>,
    limit: usize,
    filters: &[&str],
) -> Result<InstanceProfiles, Error> {
    let page = cx.page(found, limit, filters, |last| vec![last.name.to_lowercase()]);
    Ok(InstanceProfiles {
        instance_profiles: shapes(cx.tx, cx.caller.aws_account_id, &page.items).await?,
        is_truncated: page.next.is_some(),
        marker: page.next,
    })
}

/// Deletes an instance profile that holds no role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteInstanceProfile {
    instance_profile_name: InstanceProfileName,
}

impl Operation for DeleteInstanceProfile {
    const SPEC: Spec = Spec::named("iam:DeleteInstanceProfile");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.instance_profile_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let profile = require(cx.tx, cx.caller.aws_account_id, &self.instance_profile_name).await?;
        if profile.role_id.is_some() {
            return Err(Error::DeleteConflict(
                "Cannot delete entity, must remove roles from instance profile first.",
            ));
        }
        tag::remove_all(cx.tx, &profile.id).await?;
        rows::delete(cx.tx, &profile.id).await?;
        Ok(())
    }
}
