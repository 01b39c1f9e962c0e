//! `WhoCan` and `WhatCan`: the effective permissions of the account.
//!
//! Operations of this server's own, in the Access Analyzer's style.

use carillon_aws::{string_enum, string_type};
use carillon_operation::{Context, Fault, Operation, Read, Spec};
use carillon_policy::analysis::{self, Account, Extent, Permission, Reason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks::{CheckedAction, CheckedResource, request};
use super::invalid;
use super::known::known_actions;
use super::table::{PermissionRow, permission_rows};
use crate::account::details::AccountAuthorizationDetails;

/// Principals of a page of `WhoCan`, at most and unless asked otherwise.
const WHO_PAGE: usize = 1000;
/// Principals of a page of `WhatCan`, whose tables are long.
const WHAT_PAGE: usize = 100;

string_enum! {
    /// How far a permission goes.
    enum AccessExtent {
        /// Every request asked about is allowed.
        Always = "ALWAYS",
        /// Some are: on some resources, or under conditions.
        Sometimes = "SOMETIMES",
        /// It cannot be said.
        Undecided = "UNDECIDED",
        /// None is, but the principal could help itself to the permission.
        Obtainable = "OBTAINABLE",
    }
}

/// A statement that gives or limits a permission.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccessReason {
    policy_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_arn: Option<String>,
    /// ARN of the user, role or group that has the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    attached_to: Option<String>,
    statement_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
    resources: Vec<String>,
    /// In words; all must hold.
    conditions: Vec<String>,
}

/// A step on the way to a permission.
#[derive(Debug, Serialize, JsonSchema)]
struct AccessStep {
    action: String,
    resource: String,
    description: String,
}

/// A permission with where it comes from.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EffectiveAccess {
    extent: AccessExtent,
    allowed_by: Vec<AccessReason>,
    denied_by: Vec<AccessReason>,
    /// The permissions boundary, if it does not allow all that is otherwise allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<String>,
    /// A request that is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undecided_because: Option<String>,
}

impl EffectiveAccess {
    fn of(permission: Permission) -> Option<EffectiveAccess> {
        let reasons = |list: Vec<Reason>| list.into_iter().map(AccessReason::of).collect();
        Some(EffectiveAccess {
            extent: match permission.extent {
                Extent::Always => AccessExtent::Always,
                Extent::Sometimes => AccessExtent::Sometimes,
                Extent::Undecided => AccessExtent::Undecided,
                Extent::Never => return None,
            },
            allowed_by: reasons(permission.allowed_by),
            denied_by: reasons(permission.denied_by),
            limited_by: permission.limited_by,
            example: permission.example.as_ref().map(request),
            undecided_because: permission.doubt,
        })
    }

    fn bare(extent: AccessExtent) -> EffectiveAccess {
        EffectiveAccess {
            extent,
            allowed_by: Vec::new(),
            denied_by: Vec::new(),
            limited_by: None,
            example: None,
            undecided_because: None,
        }
    }
}

impl AccessReason {
    fn of(reason: Reason) -> AccessReason {
        AccessReason {
            policy_name: reason.statement.policy,
            policy_arn: reason.statement.policy_arn,
            attached_to: reason.holder,
            statement_index: reason.statement.index,
            statement_id: reason.statement.sid,
            resources: reason.resources,
            conditions: reason.conditions,
        }
    }
}

/// Names everybody in the AWS account who may do an action, with statements and conditions, and those who could help
/// themselves to it. Over all requests; wildcards and conditions are taken for what they can match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WhoCan {
    action: CheckedAction,
    /// Any, if left out.
    resource: Option<CheckedResource>,
    /// 1 to 1,000.
    max_results: Option<i32>,
    next_token: Option<String>,
}

/// Somebody with the permission, or on the way to it.
#[derive(Debug, Serialize, JsonSchema)]
struct PrincipalAccess {
    principal: String,
    access: EffectiveAccess,
    /// Of those who could: one after the other.
    steps: Vec<AccessStep>,
}

/// A page of principals: root, those who may, those who could.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WhoCanAnswer {
    principals: Vec<PrincipalAccess>,
    /// What kept a part of the question from being answered.
    undecided: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for WhoCan {
    const SPEC: Spec = Spec::rest("access-analyzer:WhoCan", "POST /access/who-can");

    type Access = Read;
    type Output = WhoCanAnswer;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<WhoCanAnswer, Fault> {
        let limit = limit(self.max_results, WHO_PAGE)?;
        let (action, resource) = (
            self.action.as_str(),
            self.resource.as_ref().map(|text| text.as_str()),
        );
        if action.contains(['*', '?']) || !action.contains(':') {
            return Err(invalid("action must be one action, as service:Name"));
        }
        let filters = [action, resource.unwrap_or_default()];
        let skipped = skipped(cx, self.next_token.as_deref(), &filters)?;
        let account = account(cx).await?;
        let (owned_action, owned_resource) = (action.to_owned(), resource.map(ToOwned::to_owned));
        let root = format!("arn:aws:iam::{}:root", cx.aws_account_id());
        let answer = cx
            .think(move || analysis::who_can(&account, &owned_action, owned_resource.as_deref()))
            .await?;
        let first = PrincipalAccess {
            principal: root,
            access: EffectiveAccess::bare(AccessExtent::Always),
            steps: Vec::new(),
        };
        let can = answer.can.into_iter().filter_map(|able| {
            Some(PrincipalAccess {
                principal: able.principal,
                access: EffectiveAccess::of(able.permission)?,
                steps: Vec::new(),
            })
        });
        let could = answer.could.into_iter().map(|could| PrincipalAccess {
            principal: could.principal,
            access: EffectiveAccess::bare(AccessExtent::Obtainable),
            steps: could
                .steps
                .into_iter()
                .map(|step| AccessStep {
                    action: step.action,
                    resource: step.resource,
                    description: step.brings,
                })
                .collect(),
        });
        let all = [first].into_iter().chain(can).chain(could);
        let rest: Vec<_> = all.enumerate().skip(skipped).take(limit + 1).collect();
        let page = cx.page(rest, limit, &filters, |(last, _)| vec![(last + 1).to_string()]);
        Ok(WhoCanAnswer {
            principals: page.items.into_iter().map(|(_, item)| item).collect(),
            undecided: answer.undecided,
            next_token: page.next,
        })
    }
}

/// Shows what users and roles may do, after denies and permissions boundaries, by service and access level.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WhatCan {
    /// ARN or name of a user or role. Everybody of the AWS account, if left out.
    principal: Option<PrincipalName>,
    /// Principals of a page, 1 to 100.
    max_results: Option<i32>,
    next_token: Option<String>,
}

string_type! {
    /// ARN or name of a user or role.
    PrincipalName, min: 1, max: 2048, example: "ana"
}

/// What one principal may do.
#[derive(Debug, Serialize, JsonSchema)]
struct PrincipalPermissions {
    principal: String,
    permissions: Vec<PermissionSummary>,
}

/// Actions of one service and access level that are allowed alike.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PermissionSummary {
    service: String,
    /// Absent of actions that this release does not serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_level: Option<String>,
    actions: Vec<String>,
    access: EffectiveAccess,
}

/// A page of principals.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WhatCanAnswer {
    principals: Vec<PrincipalPermissions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for WhatCan {
    const SPEC: Spec = Spec::rest("access-analyzer:WhatCan", "POST /access/what-can");

    type Access = Read;
    type Output = WhatCanAnswer;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<WhatCanAnswer, Fault> {
        let limit = limit(self.max_results, WHAT_PAGE)?;
        let name = self.principal.as_ref().map(|name| name.as_str());
        let filters = [name.unwrap_or_default()];
        let skipped = skipped(cx, self.next_token.as_deref(), &filters)?;
        let account = account(cx).await?;
        let chosen: Vec<_> = match name {
            None => account.identities,
            Some(name) => {
                let found = account.find(name).cloned();
                let missing = || {
                    let message = format!("no user or role, or more than one, is called {name}");
                    Fault::refused(404, "ResourceNotFoundException", message)
                };
                vec![found.ok_or_else(missing)?]
            }
        };
        let rest: Vec<_> = chosen
            .into_iter()
            .enumerate()
            .skip(skipped)
            .take(limit + 1)
            .collect();
        let page = cx.page(rest, limit, &filters, |(last, _)| vec![(last + 1).to_string()]);
        let actions = known_actions(&cx.environment.registry);
        let identities: Vec<_> = page.items.into_iter().map(|(_, identity)| identity).collect();
        let principals = cx.think(move || {
            let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
            let can = analysis::what_each_can(&identities, &names)?;
            let principals = identities.into_iter().zip(can);
            let principals = principals.map(|(identity, can)| PrincipalPermissions {
                principal: identity.arn,
                permissions: permission_rows(can, &actions)
                    .into_iter()
                    .filter_map(PermissionSummary::of)
                    .collect(),
            });
            Ok::<_, String>(principals.collect())
        });
        let principals: Vec<_> = principals
            .await?
            .map_err(|reason| Fault::refused(422, "UnprocessableEntityException", reason))?;
        Ok(WhatCanAnswer {
            principals,
            next_token: page.next,
        })
    }
}

impl PermissionSummary {
    fn of(row: PermissionRow) -> Option<PermissionSummary> {
        Some(PermissionSummary {
            service: row.service,
            access_level: row.access_level.map(ToOwned::to_owned),
            actions: row.actions,
            access: EffectiveAccess::of(row.permission)?,
        })
    }
}

fn limit(asked: Option<i32>, most: usize) -> Result<usize, Fault> {
    match asked.map_or(Ok(most), usize::try_from) {
        Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(invalid(format!("maxResults must be from 1 to {most}"))),
    }
}

/// How many items the pages before had.
fn skipped<O: Operation>(cx: &Context<'_, O>, token: Option<&str>, filters: &[&str]) -> Result<usize, Fault> {
    match token {
        None => Ok(0),
        Some(token) => cx
            .place(token, filters)
            .and_then(|key| key.first()?.parse().ok())
            .ok_or_else(|| invalid("nextToken is not one of this question, or too old")),
    }
}

/// The account as its own transaction sees it.
async fn account<O: Operation<Access = Read>>(cx: &mut Context<'_, O>) -> Result<Account, Fault> {
    let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
    let details = AccountAuthorizationDetails::whole(cx.tx, registry, account).await?;
    let details = serde_json::to_value(details).map_err(Fault::internal)?;
    Account::from_details(&details).map_err(Fault::internal)
}
