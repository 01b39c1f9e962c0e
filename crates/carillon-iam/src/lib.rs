//! Identities and their policies: the IAM and STS services.

mod access_key;
pub mod account;
mod analyzer;
mod attachment;
#[cfg(test)]
mod aws_members;
mod blob;
mod boundary;
mod certificate;
pub mod console;
mod credential;
mod credential_report;
mod document;
mod entity;
mod error;
mod group;
mod holding;
mod identities;
mod identity_provider;
mod inline_policy;
mod instance_profile;
mod last_accessed;
mod login_profile;
mod map;
mod mfa;
mod name;
mod page;
mod password_policy;
mod policy;
mod provider;
mod role;
mod saml_provider;
mod server_certificate;
mod session;
mod simulate;
mod sts;
mod tag;
mod terms;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod user;

pub use analyzer::explain_request::{Explained, explain};
pub use analyzer::policy_review::{
    NearestPolicy, PolicyReview, WidenedWildcard, WildcardElement, note_served_actions, review_policies,
};
pub use analyzer::preview_access_change::{AccessChange, AccessPreview, CallChange, Effect, preview_change};
pub use analyzer::unused_access::{FindingType, UnusedAccessFinding, unused_access};
pub use analyzer::unused_permissions::{
    GeneratedPolicy, UnusedPermissions, UnusedStatement, least_privilege_policy, unused_permissions,
};
pub use analyzer::{
    ACCESS_ANALYZER, KnownAction, PermissionRow, StatementEffect, known_actions, permission_rows,
};
pub use identities::IamIdentities;
pub use login_profile::sign_in::{SecondFactorWanted, ShownFactor, SignIn, SignInOutcome, SignedIn, sign_in};
pub use mfa::passkey::{PasskeyAssertion, PasskeyRequest};
pub use name::Arn;

use carillon_aws::error::Protocol;
use carillon_operation::{AnyJob, Group, Service, job, operation};

/// The kinds of jobs of this crate, for the runner.
pub static JOBS: &[&dyn AnyJob] = &[job::<credential_report::jobs::MakeReport>()];

/// AWS Identity and Access Management, version 2010-05-08.
pub static IAM: Service = Service {
    name: "iam",
    event_source: "iam.amazonaws.com",
    protocol: Protocol::Query {
        xmlns: "https://iam.amazonaws.com/doc/2010-05-08/",
    },
    version: "2010-05-08",
    region: Some("us-east-1"),
    resource_of: |_, _| None,
    locate: None,
    policies: &policy::aws_managed::POLICIES,
    terms: &terms::IAM,
    groups: &[
        Group {
            name: "Users",
            operations: &[
                operation::<user::operations::CreateUser>(),
                operation::<user::operations::GetUser>(),
                operation::<user::operations::ListUsers>(),
                operation::<user::operations::UpdateUser>(),
                operation::<user::operations::DeleteUser>(),
                operation::<tag::operations::TagUser>(),
                operation::<tag::operations::UntagUser>(),
                operation::<tag::operations::ListUserTags>(),
                operation::<boundary::operations::PutUserPermissionsBoundary>(),
                operation::<boundary::operations::DeleteUserPermissionsBoundary>(),
            ],
        },
        Group {
            name: "Groups",
            operations: &[
                operation::<group::operations::CreateGroup>(),
                operation::<group::operations::GetGroup>(),
                operation::<group::operations::ListGroups>(),
                operation::<group::operations::UpdateGroup>(),
                operation::<group::operations::DeleteGroup>(),
                operation::<group::operations::AddUserToGroup>(),
                operation::<group::operations::RemoveUserFromGroup>(),
                operation::<group::operations::ListGroupsForUser>(),
            ],
        },
        Group {
            name: "Access keys",
            operations: &[
                operation::<access_key::operations::CreateAccessKey>(),
                operation::<access_key::operations::UpdateAccessKey>(),
                operation::<access_key::operations::DeleteAccessKey>(),
                operation::<access_key::operations::ListAccessKeys>(),
                operation::<access_key::operations::GetAccessKeyLastUsed>(),
            ],
        },
        Group {
            name: "Passwords",
            operations: &[
                operation::<login_profile::operations::CreateLoginProfile>(),
                operation::<login_profile::operations::GetLoginProfile>(),
                operation::<login_profile::operations::UpdateLoginProfile>(),
                operation::<login_profile::operations::DeleteLoginProfile>(),
                operation::<login_profile::change_password::ChangePassword>(),
                operation::<password_policy::operations::GetAccountPasswordPolicy>(),
                operation::<password_policy::operations::UpdateAccountPasswordPolicy>(),
                operation::<password_policy::operations::DeleteAccountPasswordPolicy>(),
            ],
        },
        Group {
            name: "MFA devices",
            operations: &[
                operation::<mfa::operations::CreateVirtualMFADevice>(),
                operation::<mfa::operations::EnableMFADevice>(),
                operation::<mfa::passkey::operations::StartPasskeyRegistration>(),
                operation::<mfa::passkey::operations::FinishPasskeyRegistration>(),
                operation::<mfa::operations::DeactivateMFADevice>(),
                operation::<mfa::operations::ResyncMFADevice>(),
                operation::<mfa::operations::ListMFADevices>(),
                operation::<mfa::operations::GetMFADevice>(),
                operation::<mfa::operations::ListVirtualMFADevices>(),
                operation::<mfa::operations::DeleteVirtualMFADevice>(),
                operation::<tag::operations::TagMFADevice>(),
                operation::<tag::operations::UntagMFADevice>(),
                operation::<tag::operations::ListMFADeviceTags>(),
            ],
        },
        Group {
            name: "SSH public keys",
            operations: &[
                operation::<credential::ssh_public_key::operations::UploadSSHPublicKey>(),
                operation::<credential::ssh_public_key::operations::GetSSHPublicKey>(),
                operation::<credential::ssh_public_key::operations::ListSSHPublicKeys>(),
                operation::<credential::ssh_public_key::operations::UpdateSSHPublicKey>(),
                operation::<credential::ssh_public_key::operations::DeleteSSHPublicKey>(),
            ],
        },
        Group {
            name: "Signing certificates",
            operations: &[
                operation::<credential::signing_certificate::UploadSigningCertificate>(),
                operation::<credential::signing_certificate::ListSigningCertificates>(),
                operation::<credential::signing_certificate::UpdateSigningCertificate>(),
                operation::<credential::signing_certificate::DeleteSigningCertificate>(),
            ],
        },
        Group {
            name: "Service-specific credentials",
            operations: &[
                operation::<credential::service_specific::operations::CreateServiceSpecificCredential>(),
                operation::<credential::service_specific::operations::ListServiceSpecificCredentials>(),
                operation::<credential::service_specific::operations::UpdateServiceSpecificCredential>(),
                operation::<credential::service_specific::operations::ResetServiceSpecificCredential>(),
                operation::<credential::service_specific::operations::DeleteServiceSpecificCredential>(),
            ],
        },
        Group {
            name: "Server certificates",
            operations: &[
                operation::<server_certificate::operations::UploadServerCertificate>(),
                operation::<server_certificate::operations::GetServerCertificate>(),
                operation::<server_certificate::operations::ListServerCertificates>(),
                operation::<server_certificate::operations::UpdateServerCertificate>(),
                operation::<server_certificate::operations::DeleteServerCertificate>(),
                operation::<tag::operations::TagServerCertificate>(),
                operation::<tag::operations::UntagServerCertificate>(),
                operation::<tag::operations::ListServerCertificateTags>(),
            ],
        },
        Group {
            name: "Account",
            operations: &[
                operation::<account::alias::CreateAccountAlias>(),
                operation::<account::alias::ListAccountAliases>(),
                operation::<account::alias::DeleteAccountAlias>(),
                operation::<account::summary::GetAccountSummary>(),
                operation::<account::details::GetAccountAuthorizationDetails>(),
                operation::<credential_report::operations::GenerateCredentialReport>(),
                operation::<credential_report::operations::GetCredentialReport>(),
            ],
        },
        Group {
            name: "Policies",
            operations: &[
                operation::<policy::operations::CreatePolicy>(),
                operation::<policy::operations::GetPolicy>(),
                operation::<policy::operations::ListPolicies>(),
                operation::<policy::operations::DeletePolicy>(),
                operation::<policy::operations::ListEntitiesForPolicy>(),
                operation::<policy::versions::CreatePolicyVersion>(),
                operation::<policy::versions::GetPolicyVersion>(),
                operation::<policy::versions::ListPolicyVersions>(),
                operation::<policy::versions::SetDefaultPolicyVersion>(),
                operation::<policy::versions::DeletePolicyVersion>(),
                operation::<tag::operations::TagPolicy>(),
                operation::<tag::operations::UntagPolicy>(),
                operation::<tag::operations::ListPolicyTags>(),
            ],
        },
        Group {
            name: "Policies of users, groups and roles",
            operations: &[
                operation::<attachment::operations::AttachUserPolicy>(),
                operation::<attachment::operations::DetachUserPolicy>(),
                operation::<attachment::operations::ListAttachedUserPolicies>(),
                operation::<attachment::operations::AttachGroupPolicy>(),
                operation::<attachment::operations::DetachGroupPolicy>(),
                operation::<attachment::operations::ListAttachedGroupPolicies>(),
                operation::<attachment::operations::AttachRolePolicy>(),
                operation::<attachment::operations::DetachRolePolicy>(),
                operation::<attachment::operations::ListAttachedRolePolicies>(),
                operation::<inline_policy::operations::PutUserPolicy>(),
                operation::<inline_policy::operations::GetUserPolicy>(),
                operation::<inline_policy::operations::ListUserPolicies>(),
                operation::<inline_policy::operations::DeleteUserPolicy>(),
                operation::<inline_policy::operations::PutGroupPolicy>(),
                operation::<inline_policy::operations::GetGroupPolicy>(),
                operation::<inline_policy::operations::ListGroupPolicies>(),
                operation::<inline_policy::operations::DeleteGroupPolicy>(),
                operation::<inline_policy::operations::PutRolePolicy>(),
                operation::<inline_policy::operations::GetRolePolicy>(),
                operation::<inline_policy::operations::ListRolePolicies>(),
                operation::<inline_policy::operations::DeleteRolePolicy>(),
            ],
        },
        Group {
            name: "Last accessed",
            operations: &[
                operation::<last_accessed::operations::GenerateServiceLastAccessedDetails>(),
                operation::<last_accessed::operations::GetServiceLastAccessedDetails>(),
                operation::<last_accessed::operations::GetServiceLastAccessedDetailsWithEntities>(),
                operation::<last_accessed::granting::ListPoliciesGrantingServiceAccess>(),
            ],
        },
        Group {
            name: "Simulation",
            operations: &[
                operation::<simulate::operations::SimulatePrincipalPolicy>(),
                operation::<simulate::operations::SimulateCustomPolicy>(),
                operation::<simulate::operations::GetContextKeysForPrincipalPolicy>(),
                operation::<simulate::operations::GetContextKeysForCustomPolicy>(),
            ],
        },
        Group {
            name: "Roles",
            operations: &[
                operation::<role::operations::CreateRole>(),
                operation::<role::operations::GetRole>(),
                operation::<role::operations::ListRoles>(),
                operation::<role::operations::DeleteRole>(),
                operation::<role::settings::UpdateRole>(),
                operation::<role::settings::UpdateRoleDescription>(),
                operation::<role::settings::UpdateAssumeRolePolicy>(),
                operation::<boundary::operations::PutRolePermissionsBoundary>(),
                operation::<boundary::operations::DeleteRolePermissionsBoundary>(),
                operation::<tag::operations::TagRole>(),
                operation::<tag::operations::UntagRole>(),
                operation::<tag::operations::ListRoleTags>(),
            ],
        },
        Group {
            name: "Service-linked roles",
            operations: &[
                operation::<role::service_linked::CreateServiceLinkedRole>(),
                operation::<role::service_linked::DeleteServiceLinkedRole>(),
                operation::<role::service_linked::GetServiceLinkedRoleDeletionStatus>(),
            ],
        },
        Group {
            name: "Identity providers",
            operations: &[
                operation::<provider::operations::CreateOpenIDConnectProvider>(),
                operation::<provider::operations::GetOpenIDConnectProvider>(),
                operation::<provider::operations::ListOpenIDConnectProviders>(),
                operation::<provider::operations::DeleteOpenIDConnectProvider>(),
                operation::<provider::settings::AddClientIDToOpenIDConnectProvider>(),
                operation::<provider::settings::RemoveClientIDFromOpenIDConnectProvider>(),
                operation::<provider::settings::UpdateOpenIDConnectProviderThumbprint>(),
                operation::<tag::operations::TagOpenIDConnectProvider>(),
                operation::<tag::operations::UntagOpenIDConnectProvider>(),
                operation::<tag::operations::ListOpenIDConnectProviderTags>(),
                operation::<saml_provider::operations::CreateSAMLProvider>(),
                operation::<saml_provider::operations::GetSAMLProvider>(),
                operation::<saml_provider::operations::ListSAMLProviders>(),
                operation::<saml_provider::operations::UpdateSAMLProvider>(),
                operation::<saml_provider::operations::DeleteSAMLProvider>(),
                operation::<tag::operations::TagSAMLProvider>(),
                operation::<tag::operations::UntagSAMLProvider>(),
                operation::<tag::operations::ListSAMLProviderTags>(),
            ],
        },
        Group {
            name: "Instance profiles",
            operations: &[
                operation::<instance_profile::operations::CreateInstanceProfile>(),
                operation::<instance_profile::operations::GetInstanceProfile>(),
                operation::<instance_profile::operations::ListInstanceProfiles>(),
                operation::<instance_profile::operations::ListInstanceProfilesForRole>(),
                operation::<instance_profile::operations::DeleteInstanceProfile>(),
                operation::<instance_profile::settings::AddRoleToInstanceProfile>(),
                operation::<instance_profile::settings::RemoveRoleFromInstanceProfile>(),
                operation::<tag::operations::TagInstanceProfile>(),
                operation::<tag::operations::UntagInstanceProfile>(),
                operation::<tag::operations::ListInstanceProfileTags>(),
            ],
        },
    ],
};

/// AWS Security Token Service, version 2011-06-15.
pub static STS: Service = Service {
    name: "sts",
    event_source: "sts.amazonaws.com",
    protocol: Protocol::Query {
        xmlns: "https://sts.amazonaws.com/doc/2011-06-15/",
    },
    version: "2011-06-15",
    region: None,
    resource_of: |_, _| None,
    locate: None,
    policies: &[],
    terms: &terms::STS,
    groups: &[Group {
        name: "Sessions",
        operations: &[
            operation::<sts::assume_role::AssumeRole>(),
            operation::<sts::saml::AssumeRoleWithSAML>(),
            operation::<sts::web_identity::AssumeRoleWithWebIdentity>(),
            operation::<sts::federation_token::GetFederationToken>(),
            operation::<sts::session_token::GetSessionToken>(),
            operation::<sts::identity::GetCallerIdentity>(),
            operation::<sts::identity::GetAccessKeyInfo>(),
            operation::<sts::decode::DecodeAuthorizationMessage>(),
        ],
    }],
};
