//! How many of everything an AWS account has, and how many it may have.

use carillon_aws::id::AwsAccountId;
use carillon_operation::{Context, List, Operation, Spec};
use carillon_store::{ReadTx, StoreError, bind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access_key::KEYS_PER_USER;
use crate::attachment::ATTACHED;
use crate::credential::signing_certificate::SIGNING_CERTIFICATES;
use crate::entity::EntityKind;
use crate::error::Error;
use crate::group::{GROUPS, GROUPS_PER_USER};
use crate::inline_policy::size_quota;
use crate::instance_profile::INSTANCE_PROFILES;
use crate::map::Named;
use crate::policy::{POLICIES, SIZE, VERSIONS};
use crate::role::ROLES;
use crate::server_certificate::SERVER_CERTIFICATES;
use crate::user::USERS;

/// Counts what the AWS account has of users, groups, roles and policies, and tells the quotas.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GetAccountSummary {}

/// The answer of `GetAccountSummary`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccountSummary {
    /// Counts and quotas.
    summary_map: Named<i64>,
}

impl Operation for GetAccountSummary {
    const SPEC: Spec = Spec::named("iam:GetAccountSummary");

    type Access = List;
    type Output = AccountSummary;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccountSummary, Error> {
        let account = cx.aws_account_id();
        let counts = Counts::read(cx.tx, account).await?;
        Ok(AccountSummary {
            summary_map: Named(counts.summary()),
        })
    }
}

/// What is counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    users: i64,
    groups: i64,
    roles: i64,
    policies: i64,
    policy_versions: i64,
    instance_profiles: i64,
    providers: i64,
    server_certificates: i64,
    mfa_devices: i64,
    mfa_devices_in_use: i64,
    /// Of root.
    root_mfa_devices: i64,
    /// Of root.
    access_keys: i64,
    /// Of root.
    signing_certificates: i64,
    /// Of root.
    passwords: i64,
}

impl Counts {
    async fn read(tx: &mut ReadTx, account: AwsAccountId) -> Result<Self, StoreError> {
        let mut counts = Self::default();
        let questions = [
            (
                &mut counts.users,
                "SELECT COUNT(*) FROM iam_user WHERE aws_account_id = $1",
            ),
            (
                &mut counts.groups,
                "SELECT COUNT(*) FROM iam_group WHERE aws_account_id = $1",
            ),
            (
                &mut counts.roles,
                "SELECT COUNT(*) FROM iam_role WHERE aws_account_id = $1",
            ),
            (
                &mut counts.policies,
                "SELECT COUNT(*) FROM iam_policy WHERE aws_account_id = $1",
            ),
            (
                &mut counts.policy_versions,
                "SELECT COUNT(*) FROM iam_policy p JOIN iam_policy_version v ON v.policy_id = p.policy_id
                  WHERE p.aws_account_id = $1",
            ),
            (
                &mut counts.instance_profiles,
                "SELECT COUNT(*) FROM iam_instance_profile WHERE aws_account_id = $1",
            ),
            (
                &mut counts.providers,
                "SELECT (SELECT COUNT(*) FROM iam_oidc_provider WHERE aws_account_id = $1)
                      + (SELECT COUNT(*) FROM iam_saml_provider WHERE aws_account_id = $1)",
            ),
            (
                &mut counts.server_certificates,
                "SELECT COUNT(*) FROM iam_server_certificate WHERE aws_account_id = $1",
            ),
            (
                &mut counts.mfa_devices,
                "SELECT COUNT(*) FROM iam_mfa_device WHERE aws_account_id = $1",
            ),
            (
                &mut counts.mfa_devices_in_use,
                "SELECT COUNT(*) FROM iam_mfa_device WHERE aws_account_id = $1 AND owner_id IS NOT NULL",
            ),
            (
                &mut counts.root_mfa_devices,
                "SELECT COUNT(*) FROM aws_account a JOIN iam_mfa_device d ON d.owner_id = a.root_user_id
                  WHERE a.aws_account_id = $1",
            ),
            (
                &mut counts.access_keys,
                "SELECT COUNT(*) FROM aws_account a JOIN iam_access_key k ON k.user_id = a.root_user_id
                  WHERE a.aws_account_id = $1",
            ),
            (
                &mut counts.signing_certificates,
                "SELECT COUNT(*) FROM aws_account a JOIN iam_credential c ON c.owner_id = a.root_user_id
                  WHERE a.aws_account_id = $1 AND c.kind = 'certificate'",
            ),
            (
                &mut counts.passwords,
                "SELECT COUNT(*) FROM aws_account
                  WHERE aws_account_id = $1 AND root_password_hash IS NOT NULL",
            ),
        ];
        for (count, sql) in questions {
            *count = tx.fetch_number(sql, bind![account]).await?;
        }
        Ok(counts)
    }

    /// All names that AWS knows.
    fn summary(&self) -> Vec<(&'static str, i64)> {
        let quota = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        vec![
            ("Users", self.users),
            ("UsersQuota", quota(USERS)),
            ("Groups", self.groups),
            ("GroupsQuota", quota(GROUPS)),
            ("ServerCertificates", self.server_certificates),
            ("ServerCertificatesQuota", quota(SERVER_CERTIFICATES)),
            ("UserPolicySizeQuota", quota(size_quota(EntityKind::User))),
            ("GroupPolicySizeQuota", quota(size_quota(EntityKind::Group))),
            ("GroupsPerUserQuota", quota(GROUPS_PER_USER)),
            ("SigningCertificatesPerUserQuota", quota(SIGNING_CERTIFICATES)),
            ("AccessKeysPerUserQuota", quota(KEYS_PER_USER)),
            ("MFADevices", self.mfa_devices),
            ("MFADevicesInUse", self.mfa_devices_in_use),
            ("AccountMFAEnabled", self.root_mfa_devices.min(1)),
            ("AccountAccessKeysPresent", self.access_keys.min(1)),
            ("AccountPasswordPresent", self.passwords.min(1)),
            (
                "AccountSigningCertificatesPresent",
                self.signing_certificates.min(1),
            ),
            ("AttachedPoliciesPerGroupQuota", quota(ATTACHED)),
            ("AttachedPoliciesPerRoleQuota", quota(ATTACHED)),
            ("AttachedPoliciesPerUserQuota", quota(ATTACHED)),
            ("Policies", self.policies),
            ("PoliciesQuota", quota(POLICIES)),
            ("PolicySizeQuota", quota(SIZE)),
            ("PolicyVersionsInUse", self.policy_versions),
            ("PolicyVersionsInUseQuota", 10_000),
            ("VersionsPerPolicyQuota", quota(VERSIONS)),
            // Tokens of the global endpoint are good in every Region.
            ("GlobalEndpointTokenVersion", 2),
            ("AssumeRolePolicySizeQuota", 2_048),
            ("InstanceProfiles", self.instance_profiles),
            ("InstanceProfilesQuota", quota(INSTANCE_PROFILES)),
            ("Providers", self.providers),
            ("RolePolicySizeQuota", quota(size_quota(EntityKind::Role))),
            ("Roles", self.roles),
            ("RolesQuota", quota(ROLES)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::IAM;
    use crate::mfa::tests::Device;
    use crate::testing::{ACCOUNT, TestServer, engines};

    #[tokio::test]
    async fn everything_is_counted_under_its_name() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            for name in ["ada", "bob"] {
                root.iam("CreateUser", &[("UserName", name)]).await.ok();
            }
            root.iam("CreateGroup", &[("GroupName", "team")]).await.ok();
            Device::make(&root, "spare").await;
            for (name, user) in [("phone", "ada"), ("key", ACCOUNT)] {
                Device::make(&root, name).await.enable(&server, user).await;
            }
            let answer = root.iam("GetAccountSummary", &[]).await;
            let entries = answer.ok()["SummaryMap"].as_array().unwrap().clone();
            let map: BTreeMap<String, String> = entries
                .iter()
                .map(|entry| {
                    let text = |name: &str| entry[name].as_str().unwrap().to_owned();
                    (text("key"), text("value"))
                })
                .collect();
            assert_eq!(map.len(), 34);
            for (key, value) in [
                ("Users", "2"),
                ("UsersQuota", "5000"),
                ("Groups", "1"),
                ("Roles", "0"),
                ("MFADevices", "3"),
                ("MFADevicesInUse", "2"),
                ("AccountMFAEnabled", "1"),
                ("AccountAccessKeysPresent", "1"),
                ("AccountPasswordPresent", "1"),
                ("RolePolicySizeQuota", "10240"),
            ] {
                assert_eq!(map[key], value, "{key}");
            }
        }
    }
}
