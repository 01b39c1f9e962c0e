//! `ListPoliciesGrantingServiceAccess`.

use carillon_aws::arn::{Arn as ParsedArn, IamKind};
use carillon_aws::shape::Listed;
use carillon_aws::string_enum;
use carillon_operation::{Caller, Context, Fault, List, Operation, Spec, Target};
use carillon_policy::Effect;
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operations::{EntityType, ServiceNamespace};
use super::{Subject, SubjectKind};
use crate::error::Error;
use crate::holding::{self, Held};
use crate::name::{Arn, Marker};

string_enum! {
    /// How a policy is kept.
    pub(crate) enum PolicyType {
        Inline = "INLINE",
        Managed = "MANAGED",
    }
}

/// Lists the policies that give a user, group or role access to services: its own, and of a user those of its groups.
/// Denials and boundaries do not count.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListPoliciesGrantingServiceAccess {
    marker: Option<Marker>,
    arn: Arn,
    service_namespaces: Listed<ServiceNamespace, 1, 200>,
}

/// The policies by service. They are few, so there is one page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GrantingPolicies {
    policies_granting_service_access: Vec<GrantingEntry>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// A service and the policies that give access to it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GrantingEntry {
    service_namespace: String,
    policies: Vec<GrantingPolicy>,
}

/// A policy; an inline one with who has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GrantingPolicy {
    policy_name: String,
    policy_type: PolicyType,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type: Option<EntityType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_name: Option<String>,
}

impl Operation for ListPoliciesGrantingServiceAccess {
    const SPEC: Spec = Spec::named("iam:ListPoliciesGrantingServiceAccess");

    type Access = List;
    type Output = GrantingPolicies;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        Subject::target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GrantingPolicies, Error> {
        if self.marker.is_some() {
            return Err(Error::InvalidInput("Invalid Marker.".to_owned()));
        }
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let subject = Subject::find(cx.tx, registry, account, &self.arn).await?;
        let SubjectKind::Entity(_, id) = &subject.kind else {
            return Err(Error::InvalidInput(format!("Invalid ARN: {}", subject.arn)));
        };
        let held = holding::identity(cx.tx, registry, account, (id, &subject.arn)).await?;
        let mut policies = Vec::new();
        for held in held {
            let document = held.attached(holding::compiled)?.document;
            policies.push((held, document));
        }
        let entry = |service: &ServiceNamespace| {
            let mut granting: Vec<GrantingPolicy> = Vec::new();
            for (held, document) in &policies {
                let grants = document.statements().iter().any(|statement| {
                    statement.effect() == Effect::Allow && statement.concerns_service(service.as_str())
                });
                // A managed policy that is held in two ways is one.
                let is_known =
                    held.arn.is_some() && granting.iter().any(|known| known.policy_arn == held.arn);
                if grants && !is_known {
                    granting.push(GrantingPolicy::of(held));
                }
            }
            GrantingEntry {
                service_namespace: service.to_string(),
                policies: granting,
            }
        };
        Ok(GrantingPolicies {
            policies_granting_service_access: self.service_namespaces.iter().map(entry).collect(),
            is_truncated: false,
            marker: None,
        })
    }
}

impl GrantingPolicy {
    fn of(held: &Held) -> Self {
        let holder = ParsedArn::parse(&held.holder).ok();
        let holder = holder.as_ref().and_then(ParsedArn::iam_entity);
        let is_inline = held.arn.is_none();
        Self {
            policy_name: held.name.clone(),
            policy_type: if is_inline {
                PolicyType::Inline
            } else {
                PolicyType::Managed
            },
            policy_arn: held.arn.clone(),
            entity_type: holder
                .as_ref()
                .filter(|_| is_inline)
                .map(|holder| match holder.kind {
                    IamKind::Group => EntityType::Group,
                    IamKind::Role => EntityType::Role,
                    _ => EntityType::User,
                }),
            entity_name: holder.filter(|_| is_inline).map(|holder| holder.name.to_owned()),
        }
    }
}
