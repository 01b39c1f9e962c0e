//! What callers may ask of the versions of managed policies.

use carillon_aws::time::IsoSeconds;
use carillon_operation::{
    Caller, Context, Fault, List, Operation, PermissionsManagement, Read, Registry, Spec, Target,
};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyRow, PolicyVersionId, VERSIONS, VersionRow, aws_managed, check_document, rows, version_id,
};
use crate::account::raise_revision;
use crate::document;
use crate::error::Error;
use crate::name::{Arn, Marker, PolicyDocument};
use crate::page::{self, MaxItems};

/// Adds a version to a managed policy, and makes it the default if asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePolicyVersion {
    policy_arn: Arn,
    policy_document: PolicyDocument,
    set_as_default: Option<bool>,
}

/// The answer of operations about one version.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyVersionOutput {
    policy_version: PolicyVersion,
}

/// A version of a managed policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyVersion {
    /// URL-encoded. Only of operations about one version.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    version_id: String,
    is_default_version: bool,
    create_date: IsoSeconds,
}

impl PolicyVersion {
    fn of(policy: &PolicyRow, version: &VersionRow) -> Self {
        Self {
            document: None,
            version_id: version_id(version.number),
            is_default_version: version.number == policy.default_version,
            create_date: IsoSeconds(version.created_at),
        }
    }
}

impl Operation for CreatePolicyVersion {
    const SPEC: Spec = Spec::named("iam:CreatePolicyVersion");

    type Access = PermissionsManagement;
    type Output = PolicyVersionOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PolicyVersionOutput, Error> {
        let account = cx.aws_account_id();
        let mut policy = super::require_local(cx, self.policy_arn.as_str()).await?;
        let document = self.policy_document.as_str();
        check_document(document)?;
        if rows::versions(cx.tx, &policy.id).await?.len() >= VERSIONS {
            return Err(Error::Limit(format!(
                "A managed policy can have up to {VERSIONS} versions. Before you create a new version, you must \
                 delete an existing version."
            )));
        }
        policy.last_version += 1;
        if self.set_as_default == Some(true) {
            policy.default_version = policy.last_version;
        }
        let version = VersionRow {
            number: policy.last_version,
            document: document.to_owned(),
            created_at: cx.now,
        };
        rows::insert_version(cx.tx, &policy.id, &version).await?;
        rows::update_versions(
            cx.tx,
            &policy.id,
            policy.default_version,
            policy.last_version,
            cx.now,
        )
        .await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(PolicyVersionOutput {
            policy_version: PolicyVersion::of(&policy, &version),
        })
    }
}

/// Returns a version of a managed policy with its document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetPolicyVersion {
    policy_arn: Arn,
    version_id: PolicyVersionId,
}

impl Operation for GetPolicyVersion {
    const SPEC: Spec = Spec::named("iam:GetPolicyVersion");

    type Access = Read;
    type Output = PolicyVersionOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PolicyVersionOutput, Error> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let policy = super::require(cx.tx, registry, account, self.policy_arn.as_str()).await?;
        let version = versions(cx.tx, registry, &policy)
            .await?
            .into_iter()
            .find(|version| Some(version.number) == self.version_id.number())
            .ok_or_else(|| no_such_version(&self.policy_arn, &self.version_id))?;
        let mut shape = PolicyVersion::of(&policy, &version);
        shape.document = Some(document::encoded(&version.document));
        Ok(PolicyVersionOutput {
            policy_version: shape,
        })
    }
}

/// Lists the versions of a managed policy, newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListPolicyVersions {
    policy_arn: Arn,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// Versions of a policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyVersions {
    versions: Vec<PolicyVersion>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListPolicyVersions {
    const SPEC: Spec = Spec::named("iam:ListPolicyVersions");

    type Access = List;
    type Output = PolicyVersions;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PolicyVersions, Error> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let policy = super::require(cx.tx, registry, account, self.policy_arn.as_str()).await?;
        let filters = [policy.id.as_str()];
        let [before] = page::after(cx, self.marker.as_ref(), &filters)?;
        let before = before.parse().unwrap_or(i64::MAX);
        let mut versions = versions(cx.tx, registry, &policy).await?;
        versions.retain(|version| version.number < before);
        let page = cx.page(versions, page::limit(self.max_items), &filters, |last| {
            vec![last.number.to_string()]
        });
        Ok(PolicyVersions {
            is_truncated: page.next.is_some(),
            marker: page.next,
            versions: page
                .items
                .iter()
                .map(|version| PolicyVersion::of(&policy, version))
                .collect(),
        })
    }
}

/// Makes a version of a managed policy the one that counts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetDefaultPolicyVersion {
    policy_arn: Arn,
    version_id: PolicyVersionId,
}

impl Operation for SetDefaultPolicyVersion {
    const SPEC: Spec = Spec::named("iam:SetDefaultPolicyVersion");

    type Access = PermissionsManagement;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let policy = super::require_local(cx, self.policy_arn.as_str()).await?;
        let version = require_version(cx.tx, &policy, &self.version_id).await?;
        rows::update_versions(cx.tx, &policy.id, version, policy.last_version, policy.updated_at).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Deletes a version of a managed policy that is not the default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeletePolicyVersion {
    policy_arn: Arn,
    version_id: PolicyVersionId,
}

impl Operation for DeletePolicyVersion {
    const SPEC: Spec = Spec::named("iam:DeletePolicyVersion");

    type Access = PermissionsManagement;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let policy = super::require_local(cx, self.policy_arn.as_str()).await?;
        let version = require_version(cx.tx, &policy, &self.version_id).await?;
        if version == policy.default_version {
            return Err(Error::DeleteConflict(
                "Cannot delete the default version of a policy.",
            ));
        }
        // Nothing that counts changes, so access control stays at its revision.
        rows::delete_version(cx.tx, &policy.id, version).await?;
        Ok(())
    }
}

async fn require_version(tx: &mut ReadTx, policy: &PolicyRow, id: &PolicyVersionId) -> Result<i64, Error> {
    rows::versions(tx, &policy.id)
        .await?
        .into_iter()
        .map(|version| version.number)
        .find(|number| Some(*number) == id.number())
        .ok_or_else(|| no_such_version(&policy.arn, id))
}

fn no_such_version(arn: impl std::fmt::Display, id: &PolicyVersionId) -> Error {
    Error::NotFound(format!(
        "Policy {arn} version {id} does not exist or is not attachable."
    ))
}

/// All versions of a policy, the customer's or AWS's, newest first.
async fn versions(
    tx: &mut ReadTx,
    registry: &Registry,
    policy: &PolicyRow,
) -> Result<Vec<VersionRow>, StoreError> {
    let Some(shipped) = aws_managed::find(registry, &policy.arn) else {
        return rows::versions(tx, &policy.id).await;
    };
    let mut versions: Vec<VersionRow> = (1..)
        .zip(&shipped.documents)
        .map(|(number, document)| VersionRow {
            number,
            document: document.clone(),
            created_at: aws_managed::version_made_at(shipped.name, number),
        })
        .collect();
    versions.reverse();
    Ok(versions)
}
