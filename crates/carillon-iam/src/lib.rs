//! Identities and their policies: the IAM and STS services.

pub mod account;
mod boundary;
mod document;
mod entity;
mod error;
mod identities;
mod name;
mod page;
mod policy;
mod session;
mod sts;
mod tag;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod user;

pub use identities::IamIdentities;

use carillon_aws::error::Protocol;
use carillon_operation::{Group, Service, operation};

/// AWS Identity and Access Management, version 2010-05-08.
pub static IAM: Service = Service {
    name: "iam",
    event_source: "iam.amazonaws.com",
    protocol: Protocol::Query {
        xmlns: "https://iam.amazonaws.com/doc/2010-05-08/",
    },
    version: "2010-05-08",
    region: Some("us-east-1"),
    policies: &policy::aws_managed::POLICIES,
    groups: &[
        Group {
            name: "Users",
            operations: &[operation::<user::operations::CreateUser>()],
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
                operation::<policy::operations::TagPolicy>(),
                operation::<policy::operations::UntagPolicy>(),
                operation::<policy::operations::ListPolicyTags>(),
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
    policies: &[],
    groups: &[Group {
        name: "Sessions",
        operations: &[operation::<sts::GetCallerIdentity>()],
    }],
};
