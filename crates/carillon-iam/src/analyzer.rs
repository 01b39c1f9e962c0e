//! The Access Analyzer: what policies do, told to those who write them.
//!
//! Each operation is a file. They are asked on `*` and read nothing but what they are given, unless they say so.

mod access;
mod checks;
pub(crate) mod explain_request;
mod known;
pub(crate) mod policy_review;
pub(crate) mod preview_access_change;
mod replay;
mod table;
pub(crate) mod unused_access;
pub(crate) mod unused_permissions;
mod usage;
mod validate_policy;

use crate::console::caller_permissions::ListCallerPermissions;
use carillon_aws::error::{JsonErrors, Protocol};
use carillon_aws::{string_enum, string_type};
use carillon_operation::{Fault, Group, Service, operation};
use carillon_policy::{Effect, PolicyType};

use crate::terms;

pub use self::known::{KnownAction, known_actions};
pub use self::table::{PermissionRow, permission_rows};

/// AWS IAM Access Analyzer, version 2019-11-01, as far as it works on policies.
pub static ACCESS_ANALYZER: Service = Service {
    name: "access-analyzer",
    event_source: "access-analyzer.amazonaws.com",
    protocol: Protocol::RestJson(JsonErrors::Plain),
    version: "2019-11-01",
    region: None,
    resource_of: |_, _| None,
    locate: None,
    policies: &[],
    terms: &terms::ACCESS_ANALYZER,
    groups: &[
        Group {
            name: "Policies",
            operations: &[
                operation::<validate_policy::ValidatePolicy>(),
                operation::<checks::CheckNoNewAccess>(),
                operation::<checks::CheckAccessNotGranted>(),
                operation::<checks::CheckNoPublicAccess>(),
            ],
        },
        Group {
            name: "Effective permissions",
            operations: &[
                operation::<access::WhoCan>(),
                operation::<access::WhatCan>(),
                operation::<ListCallerPermissions>(),
                operation::<policy_review::ListPoliciesToReview>(),
            ],
        },
        Group {
            name: "Recorded decisions",
            operations: &[
                operation::<explain_request::ExplainRequest>(),
                operation::<preview_access_change::PreviewAccessChange>(),
                operation::<unused_access::ListUnusedAccess>(),
                operation::<unused_permissions::ListUnusedPermissions>(),
                operation::<unused_permissions::GenerateLeastPrivilegePolicy>(),
            ],
        },
    ],
};

string_type! {
    /// A policy document, as JSON.
    pub(crate) PolicyDocument, max: 131072, example: "{\"Version\": \"2012-10-17\", \"Statement\": []}"
}

string_enum! {
    /// What a document is to be attached as.
    pub(crate) enum PolicyKind {
        Identity = "IDENTITY_POLICY",
        Resource = "RESOURCE_POLICY",
        ServiceControl = "SERVICE_CONTROL_POLICY",
        ResourceControl = "RESOURCE_CONTROL_POLICY",
    }
}

impl PolicyKind {
    fn policy_type(self) -> PolicyType {
        match self {
            PolicyKind::Identity => PolicyType::Identity,
            PolicyKind::Resource => PolicyType::Resource,
            PolicyKind::ServiceControl => PolicyType::ServiceControl,
            PolicyKind::ResourceControl => PolicyType::ResourceControl,
        }
    }
}

string_enum! {
    /// What a statement does.
    pub enum StatementEffect {
        Allow,
        Deny,
    }
}

impl From<Effect> for StatementEffect {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Allow => Self::Allow,
            Effect::Deny => Self::Deny,
        }
    }
}

/// A refusal of a member's value, as this service words it.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::refused(400, "ValidationException", message)
}
