//! `ListUnusedPermissions` and `GenerateLeastPrivilegePolicy`: what a principal may do and does not, and a policy of what
//! it does. Operations of this server's own.

use carillon_aws::shape::Ranged;
use carillon_aws::string_enum;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Context, Fault, Operation, Read, Spec};
use carillon_policy::validate::validate;
use carillon_policy::{Document, Effect, PolicyType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invalid;
use super::preview_access_change::not_found;
use super::usage::{Alone, Coverage, Generated, Observed, least_policy, unused_statements};
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
pub(crate) struct UnusedPermissions {
    /// Actions that some statement allows and that were not tried, by name.
    unused_actions: Vec<String>,
    /// Statements that decided nothing.
    unused_statements: Vec<UnusedStatement>,
    /// Recorded calls that the statements were compared with.
    examined: usize,
    /// Since when calls were looked at: later than asked for where there are too many.
    examined_since: IsoSeconds,
}

string_enum! {
    /// What a statement does.
    enum StatementEffect {
        Allow,
        Deny,
    }
}

/// A statement and whose it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UnusedStatement {
    policy_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_arn: Option<String>,
    /// The user, role or group that has the policy.
    attached_to: String,
    /// Its place among the statements of the policy, counted from 0.
    statement_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: StatementEffect,
}

impl From<Alone> for UnusedStatement {
    fn from(statement: Alone) -> Self {
        Self {
            policy_name: statement.held.name,
            policy_arn: statement.held.arn,
            attached_to: statement.held.holder,
            statement_index: statement.index,
            sid: statement.sid.map(|sid| sid.to_string()),
            effect: match statement.effect {
                Effect::Allow => StatementEffect::Allow,
                Effect::Deny => StatementEffect::Deny,
            },
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
        let subject = principal(cx, &self.principal_arn).await?;
        let observed = observed(cx, &subject, self.days);
        let documents = subject.documents(cx.tx, registry, account).await?;
        let tried = rows::by_action(cx.tx, account, &subject, observed.since).await?;
        let unused_actions = reachable(registry, &documents)
            .into_iter()
            .flat_map(|service| service.actions)
            .filter(|action| !tried.contains_key(*action))
            .map(str::to_owned)
            .collect();
        let (unused, coverage) = unused_statements(cx.tx, registry, &observed).await?;
        Ok(UnusedPermissions {
            unused_actions,
            unused_statements: unused.into_iter().map(UnusedStatement::from).collect(),
            examined: coverage.examined,
            examined_since: since(&observed, &coverage),
        })
    }
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
pub(crate) struct GeneratedPolicy {
    policy_document: String,
    /// Actions that it allows.
    action_count: usize,
    /// Recorded calls that were allowed.
    allowed_calls: usize,
    /// Those of them that the policy alone would refuse: what a resource's own policy allowed.
    refused_calls: usize,
    /// What the validation of the document finds, as `code: message`.
    findings: Vec<String>,
    /// Whether it fits in a managed policy.
    fits_managed_policy: bool,
    /// Since when calls were looked at: later than asked for where there are too many.
    examined_since: IsoSeconds,
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
        let registry = &cx.environment.registry;
        let subject = principal(cx, &self.principal_arn).await?;
        let observed = observed(cx, &subject, self.days);
        let Generated {
            document,
            actions,
            allowed,
            lost,
            coverage,
        } = least_policy(cx.tx, registry, &observed, self.restrict_source_ip).await?;
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
            examined_since: since(&observed, &coverage),
        })
    }
}

async fn principal<O: Operation<Access = Read>>(
    cx: &mut Context<'_, O>,
    arn: &Arn,
) -> Result<Subject, Fault> {
    let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
    let subject = Subject::find(cx.tx, registry, account, arn)
        .await
        .map_err(not_found)?;
    match subject.kind {
        SubjectKind::Entity(EntityKind::User | EntityKind::Role, _) => Ok(subject),
        _ => Err(invalid(format!("{arn} is no user or role"))),
    }
}

fn observed<'a, O: Operation>(
    cx: &Context<'_, O>,
    subject: &'a Subject,
    days: Option<Ranged<1, 90>>,
) -> Observed<'a> {
    let days = days.map_or(DAYS, Ranged::get);
    Observed {
        account: cx.aws_account_id(),
        subject,
        id: subject.id(),
        since: Timestamp::from_seconds(cx.now.as_seconds() - days * DAY),
    }
}

fn since(observed: &Observed<'_>, coverage: &Coverage) -> IsoSeconds {
    coverage.reached.unwrap_or(observed.since).into()
}
