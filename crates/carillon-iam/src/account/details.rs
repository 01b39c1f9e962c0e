//! Everything an AWS account knows of who may do what, page by page.

mod connected;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::string_enum;
use carillon_aws::time::IsoSeconds;
use carillon_operation::{AwsManagedPolicy, Context, Operation, Read, Registry, Spec};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::connected::{Between, Connected, groups_of_users};
use crate::attachment::AttachedPolicy;
use crate::boundary::AttachedPermissionsBoundary;
use crate::document;
use crate::entity::EntityKind;
use crate::error::Error;
use crate::group::{self, GroupRow};
use crate::instance_profile::{self, InstanceProfile};
use crate::name::Marker;
use crate::page::{self, MaxItems};
use crate::policy::{self, PolicyRow, aws_managed, rows::Filter, version_id};
use crate::role::trust::Names;
use crate::role::{self, RoleLastUsed, RoleRow, trust};
use crate::tag::TagShape;
use crate::user::{self, UserRow};

string_enum! {
    /// What can be asked for.
    pub(crate) enum EntityType {
        User,
        Role,
        Group,
        LocalManagedPolicy,
        AWSManagedPolicy,
    }
}

/// The order of a list of everything.
const ORDER: [EntityType; 5] = [
    EntityType::User,
    EntityType::Group,
    EntityType::Role,
    EntityType::LocalManagedPolicy,
    EntityType::AWSManagedPolicy,
];

/// Lists users, groups, roles and policies of the AWS account with all that connects them. Of AWS's policies
/// only those in use are listed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAccountAuthorizationDetails {
    /// Everything, if empty.
    #[serde(default)]
    filter: Vec<EntityType>,
    max_items: Option<MaxItems>,
    marker: Option<Marker>,
}

/// A page of everything. `MaxItems` counts all four lists together.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccountAuthorizationDetails {
    user_detail_list: Vec<UserDetail>,
    group_detail_list: Vec<GroupDetail>,
    role_detail_list: Vec<RoleDetail>,
    policies: Vec<ManagedPolicyDetail>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// An inline policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyDetail {
    policy_name: String,
    /// URL-encoded.
    policy_document: String,
}

/// A user with all that gives it permissions.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserDetail {
    path: String,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: IsoSeconds,
    user_policy_list: Vec<PolicyDetail>,
    group_list: Vec<String>,
    attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<AttachedPermissionsBoundary>,
    tags: Vec<TagShape>,
}

/// A group with its policies.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupDetail {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: IsoSeconds,
    group_policy_list: Vec<PolicyDetail>,
    attached_managed_policies: Vec<AttachedPolicy>,
}

/// A role with its policies and whom it trusts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleDetail {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: IsoSeconds,
    /// URL-encoded.
    assume_role_policy_document: String,
    instance_profile_list: Vec<InstanceProfile>,
    role_policy_list: Vec<PolicyDetail>,
    attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<AttachedPermissionsBoundary>,
    tags: Vec<TagShape>,
    role_last_used: RoleLastUsed,
}

/// A managed policy with all its versions.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ManagedPolicyDetail {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: i64,
    permissions_boundary_usage_count: i64,
    is_attachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    create_date: IsoSeconds,
    update_date: IsoSeconds,
    policy_version_list: Vec<PolicyVersionDetail>,
}

/// A version of a managed policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "PolicyVersion")]
pub(crate) struct PolicyVersionDetail {
    /// URL-encoded.
    document: String,
    version_id: String,
    is_default_version: bool,
    create_date: IsoSeconds,
}

/// One item of the list.
enum Item {
    User(UserRow),
    Group(GroupRow),
    Role(RoleRow),
    LocalManagedPolicy(PolicyRow),
    AwsManagedPolicy(PolicyRow),
}

impl Item {
    /// Kind and name, which tell its place in the list.
    fn key(&self) -> Vec<String> {
        let (kind, name) = match self {
            Self::User(user) => (EntityType::User, user.name.to_lowercase()),
            Self::Group(group) => (EntityType::Group, group.name.to_lowercase()),
            Self::Role(role) => (EntityType::Role, role.name.to_lowercase()),
            Self::LocalManagedPolicy(policy) => (EntityType::LocalManagedPolicy, policy.name.to_lowercase()),
            Self::AwsManagedPolicy(policy) => (EntityType::AWSManagedPolicy, policy.name.clone()),
        };
        vec![kind.to_string(), name]
    }
}

impl Operation for GetAccountAuthorizationDetails {
    const SPEC: Spec = Spec::named("iam:GetAccountAuthorizationDetails");

    type Access = Read;
    type Output = AccountAuthorizationDetails;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccountAuthorizationDetails, Error> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let kinds: Vec<EntityType> = ORDER
            .into_iter()
            .filter(|kind| self.filter.is_empty() || self.filter.contains(kind))
            .collect();
        let filters: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let limit = page::limit(self.max_items);
        let [mut kind_before, mut after] = page::after(cx, self.marker.as_ref(), &filters)?;
        let mut items = Vec::new();
        for kind in &kinds {
            if !kind_before.is_empty() && kind_before != kind.as_str() {
                continue;
            }
            kind_before.clear();
            let missing = page::fetched(limit - items.len().min(limit));
            items.extend(list_after(cx.tx, registry, account, *kind, &after, missing).await?);
            after.clear();
            if items.len() > limit {
                break;
            }
        }
        let page = cx.page(items, limit, &filters, Item::key);
        let details = AccountAuthorizationDetails::of(cx.tx, registry, account, page.items).await?;
        Ok(AccountAuthorizationDetails {
            is_truncated: page.next.is_some(),
            marker: page.next,
            ..details
        })
    }
}

impl AccountAuthorizationDetails {
    /// Everything at once, for analyses of the whole account.
    pub(crate) async fn whole(
        tx: &mut ReadTx,
        registry: &Registry,
        account: AwsAccountId,
    ) -> Result<Self, StoreError> {
        let mut items = Vec::new();
        for kind in ORDER {
            items.extend(list_after(tx, registry, account, kind, "", i64::MAX).await?);
        }
        Self::of(tx, registry, account, items).await
    }

    /// The details of items of one kind after the other, each kind in the order of its names and without a gap.
    async fn of(
        tx: &mut ReadTx,
        registry: &Registry,
        account: AwsAccountId,
        items: Vec<Item>,
    ) -> Result<Self, StoreError> {
        let (mut users, mut groups, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        let (mut local, mut shipped) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::User(row) => users.push(row),
                Item::Group(row) => groups.push(row),
                Item::Role(row) => roles.push(row),
                Item::LocalManagedPolicy(row) => local.push(row),
                Item::AwsManagedPolicy(row) => shipped.push(row),
            }
        }
        let mut policies = policy_details(tx, account, local).await?;
        policies.extend(shipped.into_iter().map(|row| shipped_detail(registry, row)));
        Ok(Self {
            user_detail_list: user_details(tx, account, users).await?,
            group_detail_list: group_details(tx, account, groups).await?,
            role_detail_list: role_details(tx, account, roles).await?,
            policies,
            ..Self::default()
        })
    }
}

async fn list_after(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    kind: EntityType,
    after: &str,
    limit: i64,
) -> Result<Vec<Item>, StoreError> {
    Ok(match kind {
        EntityType::User => {
            let users = user::rows::list_after(tx, account, "/", after, limit).await?;
            users.into_iter().map(Item::User).collect()
        }
        EntityType::Group => {
            let groups = group::rows::list_after(tx, account, "/", after, limit).await?;
            groups.into_iter().map(Item::Group).collect()
        }
        EntityType::Role => {
            let roles = role::rows::list_after(tx, account, after, "/", limit).await?;
            roles.into_iter().map(Item::Role).collect()
        }
        EntityType::LocalManagedPolicy => {
            let every = Filter {
                path_prefix: "/",
                attachments: 0,
                boundaries: 0,
                uses: 0,
            };
            let policies = policy::rows::list_after(tx, account, after, every, limit).await?;
            policies.into_iter().map(Item::LocalManagedPolicy).collect()
        }
        EntityType::AWSManagedPolicy => {
            let usage = policy::rows::usage_of_aws_managed(tx, account).await?;
            let used = |policy: &AwsManagedPolicy| {
                let mut row = aws_managed::row(policy);
                usage.count(&mut row);
                (row.attachments + row.boundaries > 0).then_some(Item::AwsManagedPolicy(row))
            };
            aws_managed::list_after(registry, after, "/")
                .into_iter()
                .filter_map(used)
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .collect()
        }
    })
}

/// The documents of one of AWS's policies as versions, the newest first.
fn versions_of(row: &PolicyRow, documents: &[String]) -> Vec<PolicyVersionDetail> {
    let mut versions: Vec<_> = (1..)
        .zip(documents)
        .map(|(number, text)| PolicyVersionDetail {
            document: document::encoded(text),
            version_id: version_id(number),
            is_default_version: number == row.default_version,
            create_date: aws_managed::version_made_at(&row.name, number).into(),
        })
        .collect();
    versions.reverse();
    versions
}

async fn user_details(
    tx: &mut ReadTx,
    account: AwsAccountId,
    users: Vec<UserRow>,
) -> Result<Vec<UserDetail>, StoreError> {
    let Some(page) = Between::of(account, &users, |user| &user.name) else {
        return Ok(Vec::new());
    };
    let mut connected = Connected::read(tx, EntityKind::User, &page).await?;
    let mut groups = groups_of_users(tx, &page).await?;
    let detail = |user: UserRow| UserDetail {
        arn: user.arn(account),
        user_policy_list: connected.inline(&user.id),
        group_list: groups.remove(&user.id).unwrap_or_default(),
        attached_managed_policies: connected.attached(&user.id),
        permissions_boundary: user.permissions_boundary.map(AttachedPermissionsBoundary::of),
        tags: connected.tags(&user.id),
        path: user.path,
        user_name: user.name,
        user_id: user.id,
        create_date: user.created_at.into(),
    };
    Ok(users.into_iter().map(detail).collect())
}

async fn group_details(
    tx: &mut ReadTx,
    account: AwsAccountId,
    groups: Vec<GroupRow>,
) -> Result<Vec<GroupDetail>, StoreError> {
    let Some(page) = Between::of(account, &groups, |group| &group.name) else {
        return Ok(Vec::new());
    };
    let mut connected = Connected::read(tx, EntityKind::Group, &page).await?;
    let detail = |group: GroupRow| GroupDetail {
        arn: arn::group(account, &group.path, &group.name),
        group_policy_list: connected.inline(&group.id),
        attached_managed_policies: connected.attached(&group.id),
        path: group.path,
        group_name: group.name,
        group_id: group.id,
        create_date: group.created_at.into(),
    };
    Ok(groups.into_iter().map(detail).collect())
}

async fn role_details(
    tx: &mut ReadTx,
    account: AwsAccountId,
    roles: Vec<RoleRow>,
) -> Result<Vec<RoleDetail>, StoreError> {
    let Some(page) = Between::of(account, &roles, |role| &role.name) else {
        return Ok(Vec::new());
    };
    let mut connected = Connected::read(tx, EntityKind::Role, &page).await?;
    let mut profiles = instance_profile::of_roles_between(tx, account, &page.first, &page.last).await?;
    let mut names = Names::of_account(tx, account).await?;
    let mut details = Vec::with_capacity(roles.len());
    for role in roles {
        let trust_policy = trust::shown(tx, &role.trust_policy, &mut names).await?;
        let held = profiles.remove(&role.id).unwrap_or_default();
        details.push(RoleDetail {
            arn: role.arn(account),
            assume_role_policy_document: document::encoded(&trust_policy),
            instance_profile_list: held
                .iter()
                .map(|profile| profile.shape(account, vec![role.shape(account, &trust_policy)]))
                .collect(),
            role_policy_list: connected.inline(&role.id),
            attached_managed_policies: connected.attached(&role.id),
            tags: connected.tags(&role.id),
            role_last_used: role.last_used(),
            permissions_boundary: role.permissions_boundary.map(AttachedPermissionsBoundary::of),
            path: role.path,
            role_name: role.name,
            role_id: role.id,
            create_date: role.created_at.into(),
        });
    }
    Ok(details)
}

async fn policy_details(
    tx: &mut ReadTx,
    account: AwsAccountId,
    policies: Vec<PolicyRow>,
) -> Result<Vec<ManagedPolicyDetail>, StoreError> {
    let Some(page) = Between::of(account, &policies, |policy| &policy.name) else {
        return Ok(Vec::new());
    };
    let mut versions = policy::rows::versions_between(tx, account, &page.first, &page.last).await?;
    let detail = |row: PolicyRow| {
        let versions = versions.remove(&row.id).unwrap_or_default();
        let versions = versions
            .into_iter()
            .map(|version| PolicyVersionDetail {
                document: document::encoded(&version.document),
                version_id: version_id(version.number),
                is_default_version: version.number == row.default_version,
                create_date: version.created_at.into(),
            })
            .collect();
        policy_detail(row, versions)
    };
    Ok(policies.into_iter().map(detail).collect())
}

/// One of AWS's policies.
fn shipped_detail(registry: &Registry, row: PolicyRow) -> ManagedPolicyDetail {
    let documents = aws_managed::find(registry, &row.arn).map(|policy| policy.documents.as_slice());
    let versions = versions_of(&row, documents.unwrap_or_default());
    policy_detail(row, versions)
}

fn policy_detail(policy: PolicyRow, versions: Vec<PolicyVersionDetail>) -> ManagedPolicyDetail {
    ManagedPolicyDetail {
        policy_name: policy.name,
        policy_id: policy.id,
        arn: policy.arn,
        path: policy.path,
        default_version_id: version_id(policy.default_version),
        attachment_count: policy.attachments,
        permissions_boundary_usage_count: policy.boundaries,
        is_attachable: true,
        description: policy.description,
        create_date: policy.created_at.into(),
        update_date: policy.updated_at.into(),
        policy_version_list: versions,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::IAM;
    use crate::testing::{ACCOUNT, TestServer, engines};

    const DOCUMENT: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"chime:*","Resource":"*"}}"#;
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
        "Principal":{"AWS":"arn:aws:iam::123456789012:user/ada"},"Action":"sts:AssumeRole"}}"#;
    const KINDS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

    #[tokio::test]
    async fn everything_is_told_page_by_page() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            let arn = format!("arn:aws:iam::{ACCOUNT}:policy/own");
            for (action, members) in [
                ("CreateUser", vec![("UserName", "ada")]),
                (
                    "CreateUser",
                    vec![
                        ("UserName", "bob"),
                        ("PermissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
                    ],
                ),
                ("CreateGroup", vec![("GroupName", "team")]),
                ("AddUserToGroup", vec![("GroupName", "team"), ("UserName", "ada")]),
                (
                    "CreatePolicy",
                    vec![("PolicyName", "own"), ("PolicyDocument", DOCUMENT)],
                ),
                (
                    "AttachGroupPolicy",
                    vec![("GroupName", "team"), ("PolicyArn", &arn)],
                ),
                (
                    "PutUserPolicy",
                    vec![
                        ("UserName", "ada"),
                        ("PolicyName", "p"),
                        ("PolicyDocument", DOCUMENT),
                    ],
                ),
                (
                    "CreateRole",
                    vec![("RoleName", "desk"), ("AssumeRolePolicyDocument", TRUST)],
                ),
            ] {
                root.iam(action, &members).await.ok();
            }
            let mut found: [Vec<Value>; 4] = Default::default();
            let mut marker = String::new();
            loop {
                let mut members = vec![("MaxItems", "1")];
                if !marker.is_empty() {
                    members.push(("Marker", &marker));
                }
                let page = root.iam("GetAccountAuthorizationDetails", &members).await;
                let mut items = 0;
                for (kind, found) in KINDS.iter().zip(&mut found) {
                    let list = page.ok()[kind].as_array().cloned().unwrap_or_default();
                    items += list.len();
                    found.extend(list);
                }
                assert_eq!(items, 1);
                marker = page.body["Marker"].as_str().unwrap_or_default().to_owned();
                if marker.is_empty() {
                    break;
                }
            }
            let [users, groups, roles, policies] = &found;
            assert_eq!(
                (users.len(), groups.len(), roles.len(), policies.len()),
                (2, 1, 1, 2)
            );
            assert_eq!(users[0]["GroupList"][0], "team");
            let text = users[0]["UserPolicyList"][0]["PolicyDocument"].as_str().unwrap();
            assert!(text.starts_with("%7B%22Version%22%3A"), "{text}");
            assert_eq!(groups[0]["AttachedManagedPolicies"][0]["PolicyArn"], arn.as_str());
            let trust = roles[0]["AssumeRolePolicyDocument"].as_str().unwrap();
            assert!(trust.contains("user%2Fada"), "{trust}");
            assert_eq!(policies[0]["AttachmentCount"], "1");
            assert_eq!(policies[0]["PolicyVersionList"][0]["IsDefaultVersion"], "true");
            assert_eq!(policies[1]["PolicyName"], "ReadOnlyAccess");
            assert_eq!(policies[1]["PermissionsBoundaryUsageCount"], "1");

            let only = root
                .iam("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")])
                .await;
            assert_eq!(only.ok()["UserDetailList"], "");
            assert_eq!(only.body["RoleDetailList"].as_array().unwrap().len(), 1);
            let forged = [("Filter.member.1", "Role"), ("Marker", "forged")];
            assert_eq!(
                root.iam("GetAccountAuthorizationDetails", &forged).await.code(),
                "InvalidInput"
            );
        }
    }
}
