//! What callers may ask of managed policies.

use carillon_aws::arn;
use carillon_aws::id::{AwsAccountId, IdPrefix, unique_id};
use carillon_aws::shape::Listed;
use carillon_aws::{string_enum, string_type};
use carillon_operation::{
    Caller, Context, Fault, List, Operation, PermissionsManagement, Read, Spec, Target,
};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Filter, Holders};
use super::{POLICIES, Policy, PolicyRow, aws_managed, check_document, rows};
use crate::account::raise_revision;
use crate::entity::EntityKind;
use crate::error::Error;
use crate::name::{Arn, Marker, PathPrefix, PolicyDocument, PolicyName, PolicyPath};
use crate::page::{self, MaxItems};
use crate::tag::{self, Tag};

string_type! {
    /// What a policy is for, in the words of its author.
    pub PolicyDescription, max: 1000, example: "For those who answer the phone"
}

string_enum! {
    /// Whose policies are listed.
    pub enum PolicyScope { All, AWS, Local }
}

string_enum! {
    /// What a policy is used as.
    pub enum PolicyUsage { PermissionsPolicy, PermissionsBoundary }
}

string_enum! {
    /// Which kind of users of a policy is listed.
    pub enum EntityFilter { User, Role, Group, LocalManagedPolicy, AWSManagedPolicy }
}

/// Creates a managed policy with its first version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePolicy {
    policy_name: PolicyName,
    path: Option<PolicyPath>,
    policy_document: PolicyDocument,
    description: Option<PolicyDescription>,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The answer of operations about one policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyOutput {
    policy: Policy,
}

impl CreatePolicy {
    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", PolicyPath::as_str)
    }

    fn arn(&self, account: AwsAccountId) -> String {
        arn::policy(account, self.path(), self.policy_name.as_str())
    }
}

impl Operation for CreatePolicy {
    const SPEC: Spec = Spec::named("iam:CreatePolicy");

    type Access = PermissionsManagement;
    type Output = PolicyOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let arn = self.arn(caller.aws_account_id);
        let mut target = Target::on(arn.clone()).filed_under("AWS::IAM::Policy", arn);
        tag::made_with(&mut target, &self.tags);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PolicyOutput, Error> {
        let account = cx.aws_account_id();
        tag::check(&self.tags)?;
        check_document(self.policy_document.as_str())?;
        if rows::name_is_taken(cx.tx, account, self.policy_name.as_str()).await? {
            return Err(Error::AlreadyExists(format!(
                "A policy called {} already exists. Duplicate names are not allowed.",
                self.policy_name
            )));
        }
        if rows::count(cx.tx, account).await? >= POLICIES {
            return Err(Error::LimitExceeded {
                quota: "PoliciesPerAccount",
                limit: POLICIES,
            });
        }
        let policy = PolicyRow {
            id: unique_id(IdPrefix::ManagedPolicy, cx.entropy()),
            arn: self.arn(account),
            name: self.policy_name.to_string(),
            path: self.path().to_owned(),
            description: self.description.as_ref().map(ToString::to_string),
            default_version: 1,
            last_version: 1,
            created_at: cx.now,
            updated_at: cx.now,
            attachments: 0,
            boundaries: 0,
        };
        rows::insert(cx.tx, account, &policy, self.policy_document.as_str()).await?;
        tag::put(cx.tx, &policy.id, &self.tags).await?;
        // Sessions may name a policy that was deleted, and this one has its ARN.
        raise_revision(cx.tx, account, cx.now).await?;
        let mut shape = policy.shape();
        shape.tags = tag::shown(tag::pairs(&self.tags));
        Ok(PolicyOutput { policy: shape })
    }
}

/// Returns a managed policy without its document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetPolicy {
    policy_arn: Arn,
}

impl Operation for GetPolicy {
    const SPEC: Spec = Spec::named("iam:GetPolicy");

    type Access = Read;
    type Output = PolicyOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PolicyOutput, Error> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let policy = super::require(cx.tx, registry, account, self.policy_arn.as_str()).await?;
        let tags = tag::of(cx.tx, &policy.id).await?;
        let mut shape = policy.shape();
        shape.description = policy.description;
        shape.tags = Some(tag::shapes(tags));
        Ok(PolicyOutput { policy: shape })
    }
}

/// Lists managed policies: the AWS account's own by name, then AWS's by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListPolicies {
    scope: Option<PolicyScope>,
    only_attached: Option<bool>,
    path_prefix: Option<PolicyPath>,
    policy_usage_filter: Option<PolicyUsage>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// Managed policies.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policies {
    policies: Vec<Policy>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// The places of a list, of which the second one's begin after all of the first one's.
const LOCAL: &str = "local";
const AWS: &str = "aws";

impl ListPolicies {
    fn path_prefix(&self) -> &str {
        self.path_prefix.as_ref().map_or("/", PolicyPath::as_str)
    }

    fn filter(&self) -> Filter<'_> {
        let used_as = |usage| i64::from(self.policy_usage_filter == Some(usage));
        Filter {
            path_prefix: self.path_prefix(),
            attachments: used_as(PolicyUsage::PermissionsPolicy),
            boundaries: used_as(PolicyUsage::PermissionsBoundary),
            uses: i64::from(self.only_attached == Some(true)),
        }
    }

    /// The policies of both places after `place` and `after`, at least one more than `limit` if there are.
    async fn find(
        &self,
        cx: &mut Context<'_, Self>,
        place: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<PolicyRow>, StoreError> {
        let account = cx.aws_account_id();
        let scope = self.scope.unwrap_or(PolicyScope::All);
        let filter = self.filter();
        let mut found = Vec::new();
        if scope != PolicyScope::AWS && place != AWS {
            found = rows::list_after(cx.tx, account, after, filter, page::fetched(limit)).await?;
        }
        if scope != PolicyScope::Local && found.len() <= limit {
            let after = if place == AWS { after } else { "" };
            let usage = rows::usage_of_aws_managed(cx.tx, account).await?;
            let shipped = aws_managed::list_after(&cx.environment.registry, after, filter.path_prefix);
            found.extend(
                shipped
                    .into_iter()
                    .map(|policy| {
                        let mut row = aws_managed::row(policy);
                        usage.count(&mut row);
                        row
                    })
                    .filter(|row| {
                        row.attachments >= filter.attachments
                            && row.boundaries >= filter.boundaries
                            && row.attachments + row.boundaries >= filter.uses
                    }),
            );
        }
        Ok(found)
    }
}

impl Operation for ListPolicies {
    const SPEC: Spec = Spec::named("iam:ListPolicies");

    type Access = List;
    type Output = Policies;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        Ok(Target::on(arn::policy(
            caller.aws_account_id,
            self.path_prefix(),
            "",
        )))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Policies, Error> {
        let limit = page::limit(self.max_items);
        let filters = [
            self.scope.map_or("All", PolicyScope::as_str),
            if self.only_attached == Some(true) {
                "attached"
            } else {
                "any"
            },
            self.path_prefix(),
            self.policy_usage_filter.map_or("", PolicyUsage::as_str),
        ];
        let [place, after] = page::after(cx, self.marker.as_ref(), &filters)?;
        let found = self.find(cx, &place, &after, limit).await?;
        let page = cx.page(found, limit, &filters, |last| {
            if last.is_aws_managed() {
                vec![AWS.to_owned(), last.name.clone()]
            } else {
                vec![LOCAL.to_owned(), last.name.to_lowercase()]
            }
        });
        Ok(Policies {
            is_truncated: page.next.is_some(),
            marker: page.next,
            policies: page.items.iter().map(PolicyRow::shape).collect(),
        })
    }
}

/// Deletes a managed policy that nothing uses and that has one version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeletePolicy {
    policy_arn: Arn,
}

impl Operation for DeletePolicy {
    const SPEC: Spec = Spec::named("iam:DeletePolicy");

    type Access = PermissionsManagement;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let policy = super::require_local(cx, self.policy_arn.as_str()).await?;
        if policy.attachments + policy.boundaries > 0 {
            return Err(Error::DeleteConflict(
                "Cannot delete a policy attached to entities.",
            ));
        }
        if rows::versions(cx.tx, &policy.id).await?.len() > 1 {
            return Err(Error::DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            ));
        }
        rows::delete(cx.tx, &policy.id).await?;
        tag::remove_all(cx.tx, &policy.id).await?;
        // Sessions may have been made with it.
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Lists who uses a managed policy: groups, users, then roles, each by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListEntitiesForPolicy {
    policy_arn: Arn,
    entity_filter: Option<EntityFilter>,
    path_prefix: Option<PathPrefix>,
    policy_usage_filter: Option<PolicyUsage>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// Who uses a policy.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyEntities {
    policy_groups: Vec<PolicyGroup>,
    policy_users: Vec<PolicyUser>,
    policy_roles: Vec<PolicyRole>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// A group that uses a policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyGroup {
    group_name: String,
    group_id: String,
}

/// A user that uses a policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyUser {
    user_name: String,
    user_id: String,
}

/// A role that uses a policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyRole {
    role_name: String,
    role_id: String,
}

/// The kinds in the order of the list.
const KINDS: [EntityKind; 3] = [EntityKind::Group, EntityKind::User, EntityKind::Role];

impl ListEntitiesForPolicy {
    fn lists(&self, kind: EntityKind) -> bool {
        match self.entity_filter {
            None => true,
            Some(EntityFilter::User) => kind == EntityKind::User,
            Some(EntityFilter::Group) => kind == EntityKind::Group,
            Some(EntityFilter::Role) => kind == EntityKind::Role,
            // No policy uses a policy.
            Some(EntityFilter::LocalManagedPolicy | EntityFilter::AWSManagedPolicy) => false,
        }
    }
}

impl Operation for ListEntitiesForPolicy {
    const SPEC: Spec = Spec::named("iam:ListEntitiesForPolicy");

    type Access = List;
    type Output = PolicyEntities;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        super::target(tx, caller.aws_account_id, self.policy_arn.as_str()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PolicyEntities, Error> {
        let account = cx.aws_account_id();
        let policy_arn = self.policy_arn.as_str();
        if !super::exists(cx.tx, cx.environment, account, policy_arn).await? {
            return Err(super::not_found(policy_arn));
        }
        let limit = page::limit(self.max_items);
        let path_prefix = self.path_prefix.as_ref().map_or("/", PathPrefix::as_str);
        let filters = [
            policy_arn,
            self.entity_filter.map_or("", EntityFilter::as_str),
            path_prefix,
            self.policy_usage_filter.map_or("", PolicyUsage::as_str),
        ];
        let [place, after] = page::after(cx, self.marker.as_ref(), &filters)?;
        let holders = Holders {
            policy_arn,
            path_prefix,
            attached: self.policy_usage_filter != Some(PolicyUsage::PermissionsBoundary),
            bounded: self.policy_usage_filter != Some(PolicyUsage::PermissionsPolicy),
        };
        let first = KINDS.iter().position(|kind| kind.noun() == place).unwrap_or(0);
        let mut found = Vec::new();
        for kind in KINDS.into_iter().skip(first).filter(|kind| self.lists(*kind)) {
            if found.len() > limit {
                break;
            }
            let after = if kind.noun() == place { after.as_str() } else { "" };
            let more =
                rows::holders_after(cx.tx, account, kind, holders, after, page::fetched(limit)).await?;
            found.extend(more.into_iter().map(|holder| (kind, holder)));
        }
        let page = cx.page(found, limit, &filters, |(kind, (_, _, key))| {
            vec![kind.noun().to_owned(), key.clone()]
        });
        let mut entities = PolicyEntities {
            is_truncated: page.next.is_some(),
            marker: page.next,
            ..PolicyEntities::default()
        };
        for (kind, (id, name, _)) in page.items {
            match kind {
                EntityKind::Group => entities.policy_groups.push(PolicyGroup {
                    group_name: name,
                    group_id: id,
                }),
                EntityKind::User => entities.policy_users.push(PolicyUser {
                    user_name: name,
                    user_id: id,
                }),
                EntityKind::Role => entities.policy_roles.push(PolicyRole {
                    role_name: name,
                    role_id: id,
                }),
            }
        }
        Ok(entities)
    }
}
