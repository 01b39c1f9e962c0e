//! `ListUnusedPermissions` and `GenerateLeastPrivilegePolicy`: what a principal may do and does not, and a policy of what
//! it does. Operations of this server's own.

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Ranged;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Context, Fault, Operation, Read, Registry, Spec};
use carillon_policy::validate::validate;
use carillon_policy::{Document, PolicyType};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preview_access_change::not_found;
use super::usage::{Alone, Coverage, Generated, Observed, least_policy, unused_statements};
use super::{StatementEffect, invalid};
use crate::entity::EntityKind;
use crate::last_accessed::{Subject, SubjectKind, reachable, rows};
use crate::name::Arn;
use crate::policy::SIZE;

/// Days that are looked at unless asked otherwise.
const DAYS: i64 = 90;
const DAY: i64 = 24 * 60 * 60;

/// Lists what a user or role was given and did not use in the last days: actions that it never tried, and statements of
/// its policies that applied to none of its recorded calls.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListUnusedPermissions {
    /// A user or role.
    principal_arn: Arn,
    /// How far back, 90 unless told otherwise.
    days: Option<Ranged<1, 90>>,
}

/// What is not used.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnusedPermissions {
    /// Actions that some statement allows and that were not tried, by name.
    pub unused_actions: Vec<String>,
    /// Statements that decided nothing.
    pub unused_statements: Vec<UnusedStatement>,
    /// Recorded calls that the statements were compared with.
    pub examined: usize,
    /// Since when calls were looked at: later than asked for where there are too many.
    pub examined_since: IsoSeconds,
}

/// A statement and whose it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnusedStatement {
    pub policy_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<String>,
    /// The user, role or group that has the policy.
    pub attached_to: String,
    /// Its place among the statements of the policy, counted from 0.
    pub statement_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub effect: StatementEffect,
}

impl From<Alone> for UnusedStatement {
    fn from(statement: Alone) -> Self {
        Self {
            policy_name: statement.held.name,
            policy_arn: statement.held.arn,
            attached_to: statement.held.holder,
            statement_index: statement.index,
            sid: statement.sid.map(|sid| sid.to_string()),
            effect: statement.effect.into(),
        }
    }
}

impl Operation for ListUnusedPermissions {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:ListUnusedPermissions",
        "POST /principal/unused-permissions",
    );

    type Access = Read;
    type Output = UnusedPermissions;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UnusedPermissions, Fault> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let window = (cx.now, self.days.map_or(DAYS, Ranged::get));
        unused_permissions(cx.tx, registry, account, &self.principal_arn, window).await
    }
}

/// What a user or role has and did not use. `window`: now, and how many days back.
///
/// # Errors
///
/// When there is no such user or role, or the database cannot be read.
pub async fn unused_permissions(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    principal_arn: &Arn,
    window: (Timestamp, i64),
) -> Result<UnusedPermissions, Fault> {
    let subject = principal(tx, registry, account, principal_arn).await?;
    let observed = Observed::since(account, &subject, window);
    let documents = subject.documents(tx, registry, account).await?;
    let tried = rows::by_action(tx, account, &subject, observed.since).await?;
    let unused_actions = reachable(registry, &documents)
        .into_iter()
        .flat_map(|service| service.actions)
        .filter(|action| !tried.contains_key(*action))
        .map(str::to_owned)
        .collect();
    let (unused, coverage) = unused_statements(tx, registry, &observed).await?;
    Ok(UnusedPermissions {
        unused_actions,
        unused_statements: unused.into_iter().map(UnusedStatement::from).collect(),
        examined: coverage.examined,
        examined_since: observed.examined_since(&coverage),
    })
}

/// Makes from the recorded calls of a user or role a policy that allows what it was allowed and did, and tries it on the
/// same calls.
///
/// Resources are named while they are few; otherwise they become a pattern of what they have in common.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerateLeastPrivilegePolicy {
    /// A user or role.
    principal_arn: Arn,
    /// How far back, 90 unless told otherwise.
    days: Option<Ranged<1, 90>>,
    /// Allows the calls only from the addresses that they came from, if those are at most 20.
    #[serde(default)]
    restrict_source_ip: bool,
}

/// A policy made from what was used.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneratedPolicy {
    pub policy_document: String,
    /// Actions that it allows.
    pub action_count: usize,
    /// Recorded calls that were allowed.
    pub allowed_calls: usize,
    /// Those of them that the policy alone would refuse: what a resource's own policy allowed.
    pub refused_calls: usize,
    /// What the validation of the document finds, as `code: message`.
    pub findings: Vec<String>,
    /// Whether it fits in a managed policy.
    pub fits_managed_policy: bool,
    /// Since when calls were looked at: later than asked for where there are too many.
    pub examined_since: IsoSeconds,
}

impl Operation for GenerateLeastPrivilegePolicy {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:GenerateLeastPrivilegePolicy",
        "POST /principal/least-privilege-policy",
    );

    type Access = Read;
    type Output = GeneratedPolicy;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GeneratedPolicy, Fault> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let window = (cx.now, self.days.map_or(DAYS, Ranged::get));
        let restricted = self.restrict_source_ip;
        least_privilege_policy(cx.tx, registry, account, &self.principal_arn, window, restricted).await
    }
}

/// A policy of what a user or role was allowed and did. `window`: now, and how many days back.
///
/// # Errors
///
/// When there is no such user or role, nothing that it was allowed is on record, or the database cannot be read.
pub async fn least_privilege_policy(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    principal_arn: &Arn,
    window: (Timestamp, i64),
    restrict_source_ip: bool,
) -> Result<GeneratedPolicy, Fault> {
    let subject = principal(tx, registry, account, principal_arn).await?;
    let observed = Observed::since(account, &subject, window);
    let Generated {
        document,
        actions,
        allowed,
        lost,
        coverage,
    } = least_policy(tx, registry, &observed, restrict_source_ip).await?;
    if allowed == 0 {
        return Err(invalid(
            "there is no recorded call that was allowed to make a policy from",
        ));
    }
    let findings = validate(&document, PolicyType::Identity, registry.catalogue());
    Ok(GeneratedPolicy {
        fits_managed_policy: Document::size(&document) <= SIZE,
        policy_document: document,
        action_count: actions,
        allowed_calls: allowed,
        refused_calls: lost,
        findings: findings
            .iter()
            .map(|finding| format!("{}: {}", finding.code.name(), finding.message))
            .collect(),
        examined_since: observed.examined_since(&coverage),
    })
}

async fn principal(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    arn: &Arn,
) -> Result<Subject, Fault> {
    let subject = Subject::find(tx, registry, account, arn)
        .await
        .map_err(not_found)?;
    match subject.kind {
        SubjectKind::Entity(EntityKind::User | EntityKind::Role, _) => Ok(subject),
        _ => Err(invalid(format!("{arn} is no user or role"))),
    }
}

impl<'a> Observed<'a> {
    fn since(account: AwsAccountId, subject: &'a Subject, (now, days): (Timestamp, i64)) -> Self {
        Self {
            account,
            subject,
            id: subject.id(),
            since: Timestamp::from_seconds(now.as_seconds() - days * DAY),
        }
    }

    fn examined_since(&self, coverage: &Coverage) -> IsoSeconds {
        coverage.reached.unwrap_or(self.since).into()
    }
}
