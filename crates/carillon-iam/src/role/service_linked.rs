//! Service-linked roles: made for one service, which alone may assume them, with the policy that AWS wrote for it.
//! Nothing of them can be changed but description and tags.
//!
//! No service of this server assumes one. They are there for those who set up AWS accounts with the same tools.
//! Source: IAM User Guide, "Create a service-linked role"; Chime Administrator Guide, "Using service-linked roles".

use std::time::Duration;

use carillon_aws::arn;
use carillon_aws::id::{AwsAccountId, IdPrefix, unique_id, uuid_v4};
use carillon_aws::{string_enum, string_type};
use carillon_operation::{Caller, Context, Fault, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operations::{RoleOutput, require_room};
use super::{MAX_SESSION_DURATION, RoleDescription, RoleRow, rows, trust};
use crate::account::raise_revision;
use crate::attachment;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::RoleName;
use crate::tag;

/// The path of these roles begins with this, and that of no others.
const PATH: &str = "/aws-service-role/";
/// How long it is told that a role was deleted.
const TOLD: Duration = Duration::from_hours(30 * 24);

string_type! {
    /// A service, by the name that trust policies have for it.
    pub ServiceName, min: 1, max: 128, pattern: r"[\w+=,.@-]+", example: "voiceconnector.chime.amazonaws.com"
}

string_type! {
    /// What tells several roles of a service apart.
    pub CustomSuffix, min: 1, max: 64, pattern: r"[\w+=,.@-]+", example: "debug"
}

string_type! {
    /// The deletion of a service-linked role.
    pub DeletionTaskId, min: 1, max: 1000,
    example: "task/aws-service-role/chime.amazonaws.com/AWSServiceRoleForAmazonChime/d0b9e7a8-6ae1-4b7b-9b4e-7a3f5b1c2d3e"
}

string_enum! {
    /// What became of a deletion.
    pub(crate) enum DeletionTaskStatus {
        /// A role is deleted before the request that asks for it is answered.
        SUCCEEDED,
    }
}

/// A service that has a role.
struct Linked {
    service: &'static str,
    role: &'static str,
    policy: &'static str,
}

/// The services of this server that have a role with AWS.
const SERVICES: [Linked; 3] = [
    Linked {
        service: "chime.amazonaws.com",
        role: "AWSServiceRoleForAmazonChime",
        policy: "AmazonChimeServiceRolePolicy",
    },
    Linked {
        service: "voiceconnector.chime.amazonaws.com",
        role: "AWSServiceRoleForAmazonChimeVoiceConnector",
        policy: "AmazonChimeVoiceConnectorServiceLinkedRolePolicy",
    },
    Linked {
        service: "access-analyzer.amazonaws.com",
        role: "AWSServiceRoleForAccessAnalyzer",
        policy: "AccessAnalyzerServiceRolePolicy",
    },
];

impl Linked {
    fn of(service: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|linked| linked.service == service)
    }

    fn policy_arn(&self) -> String {
        arn::aws_managed_policy(PATH, self.policy)
    }

    fn trust_policy(&self) -> String {
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": self.service },
                "Action": "sts:AssumeRole"
            }]
        })
        .to_string()
    }
}

/// Whether a role of this path belongs to a service.
pub(crate) fn is_linked(path: &str) -> bool {
    path.starts_with(PATH)
}

/// Refuses to change a role that belongs to a service.
pub(crate) fn check_changeable(path: &str, name: &str) -> Result<(), Error> {
    if is_linked(path) {
        return Err(Error::UnmodifiableEntity(format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        )));
    }
    Ok(())
}

/// Refuses policies that are for these roles only.
pub(crate) fn check_attachable(policy_arn: &str) -> Result<(), Error> {
    if policy_arn.starts_with(&arn::aws_managed_policy(PATH, "")) {
        return Err(Error::PolicyNotAttachable(
            "Cannot attach a Service Role Policy to a Customer Role.".to_owned(),
        ));
    }
    Ok(())
}

fn path_of(service: &str) -> String {
    format!("{PATH}{service}/")
}

/// Makes the role of a service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateServiceLinkedRole {
    #[serde(rename = "AWSServiceName")]
    service_name: ServiceName,
    description: Option<RoleDescription>,
    custom_suffix: Option<CustomSuffix>,
}

impl Operation for CreateServiceLinkedRole {
    const SPEC: Spec = Spec::named("iam:CreateServiceLinkedRole");

    type Access = Write;
    type Output = RoleOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let service = self.service_name.as_str();
        let name = Linked::of(service).map_or("AWSServiceRoleFor", |linked| linked.role);
        let role = arn::role(caller.aws_account_id, &path_of(service), name);
        let mut target = Target::on(role).filed_under("AWS::IAM::Role", name);
        target.keys.push(("iam:awsservicename", service.to_owned()));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<RoleOutput, Error> {
        let account = cx.aws_account_id();
        let service = self.service_name.as_str();
        let linked = Linked::of(service).ok_or_else(|| {
            Error::InvalidInput(format!("{service} is no service of this server that has a role."))
        })?;
        if self.custom_suffix.is_some() {
            return Err(Error::InvalidInput(format!(
                "Custom suffix is not allowed for {service}"
            )));
        }
        if rows::find(cx.tx, account, linked.role).await?.is_some() {
            return Err(Error::InvalidInput(format!(
                "Service role name {} has been taken in this account, please try a different suffix.",
                linked.role
            )));
        }
        require_room(cx.tx, account).await?;
        let written = linked.trust_policy();
        let role = RoleRow {
            id: unique_id(IdPrefix::Role, cx.entropy()),
            name: linked.role.to_owned(),
            path: path_of(service),
            trust_policy: trust::kept(cx.tx, account, &written).await?,
            description: self.description.as_ref().map(ToString::to_string),
            max_session_duration: MAX_SESSION_DURATION,
            permissions_boundary: None,
            created_at: cx.now,
            last_used_at: None,
        };
        rows::insert(cx.tx, account, &role).await?;
        let policy = linked.policy_arn();
        attachment::rows::insert(cx.tx, account, EntityKind::Role, &role.id, &policy, cx.now).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(RoleOutput {
            role: role.shape(account, &written),
        })
    }
}

/// Deletes the role of a service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteServiceLinkedRole {
    role_name: RoleName,
}

/// The answer of `DeleteServiceLinkedRole`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Deletion {
    deletion_task_id: String,
}

impl Operation for DeleteServiceLinkedRole {
    const SPEC: Spec = Spec::named("iam:DeleteServiceLinkedRole");

    type Access = Write;
    type Output = Deletion;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let name = self.role_name.as_str();
        entity::target(tx, caller.aws_account_id, EntityKind::Role, name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Deletion, Error> {
        let account = cx.aws_account_id();
        let role = super::require(cx.tx, account, &self.role_name).await?;
        if !is_linked(&role.path) {
            return Err(Error::InvalidInput(format!(
                "The role {} is not a service-linked role.",
                role.name
            )));
        }
        for (policy,) in attachment::rows::list(cx.tx, &role.id).await? {
            attachment::rows::delete(cx.tx, &role.id, &policy).await?;
        }
        tag::remove_all(cx.tx, &role.id).await?;
        rows::delete(cx.tx, &role.id).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        let task = format!("task{}{}/{}", role.path, role.name, uuid_v4(cx.entropy()));
        rows::forget_deletions(cx.tx, account, cx.now - TOLD).await?;
        rows::note_deletion(cx.tx, account, &task, cx.now).await?;
        Ok(Deletion {
            deletion_task_id: task,
        })
    }
}

/// Tells what became of the deletion of a service-linked role, for 30 days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetServiceLinkedRoleDeletionStatus {
    deletion_task_id: DeletionTaskId,
}

/// The answer of `GetServiceLinkedRoleDeletionStatus`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeletionStatus {
    status: DeletionTaskStatus,
}

impl GetServiceLinkedRoleDeletionStatus {
    /// The ARN of the role, as the identifier says it.
    fn role(&self, account: AwsAccountId) -> Option<String> {
        let (role, _) = self.deletion_task_id.as_str().rsplit_once('/')?;
        let role = role.strip_prefix("task").filter(|role| is_linked(role))?;
        let (path, name) = role.rsplit_once('/')?;
        Some(arn::role(account, &format!("{path}/"), name))
    }
}

impl Operation for GetServiceLinkedRoleDeletionStatus {
    const SPEC: Spec = Spec::named("iam:GetServiceLinkedRoleDeletionStatus");

    type Access = Read;
    type Output = DeletionStatus;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let account = caller.aws_account_id;
        let role = self.role(account);
        Ok(Target::on(role.unwrap_or_else(|| arn::role(account, PATH, ""))))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DeletionStatus, Error> {
        let account = cx.caller.aws_account_id;
        if !rows::was_deleted(cx.tx, account, self.deletion_task_id.as_str()).await? {
            return Err(Error::NotFound(format!(
                "The deletion task {} cannot be found.",
                self.deletion_task_id
            )));
        }
        Ok(DeletionStatus {
            status: DeletionTaskStatus::SUCCEEDED,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::aws_managed;

    #[test]
    fn every_service_has_its_policy() {
        for linked in &SERVICES {
            let known = aws_managed::POLICIES
                .iter()
                .any(|policy| policy.name == linked.policy && policy.path == PATH);
            assert!(known, "{}", linked.policy);
        }
    }

    #[test]
    fn a_task_names_its_role() {
        let account = "123456789012".parse().unwrap();
        let role = |id: &str| {
            let deletion_task_id = DeletionTaskId::try_from(id.to_owned()).unwrap();
            GetServiceLinkedRoleDeletionStatus { deletion_task_id }.role(account)
        };
        assert_eq!(
            role("task/aws-service-role/x.amazonaws.com/Name/1-2").as_deref(),
            Some("arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/Name")
        );
        for other in [
            "task",
            "task/role/x/y",
            "/aws-service-role/x/y/z",
            "task/aws-service-role",
        ] {
            assert_eq!(role(other), None, "{other}");
        }
    }
}
