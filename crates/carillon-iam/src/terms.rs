//! What policies can say of these services beyond their operations.

use carillon_operation::{ResourceTerms, Terms};
use carillon_policy::validate::KeyKind;

/// Of IAM. Source: Service Authorization Reference, "AWS Identity and Access Management".
pub(crate) static IAM: Terms = Terms {
    title: "AWS Identity and Access Management",
    known_actions: include_str!("terms/iam.txt"),
    asked_besides: &["PassRole"],
    resources: ResourceTerms::Listed(include_str!("terms/iam_resources.txt")),
    keys: &[
        ("iam:AssociatedResourceArn", KeyKind::Arn, false),
        ("iam:AWSServiceName", KeyKind::Text, false),
        ("iam:DelegationDuration", KeyKind::Number, false),
        ("iam:DelegationRequestOwner", KeyKind::Arn, false),
        ("iam:FIDO-certification", KeyKind::Text, false),
        ("iam:FIDO-FIPS-140-2-certification", KeyKind::Text, false),
        ("iam:FIDO-FIPS-140-3-certification", KeyKind::Text, false),
        ("iam:OrganizationsPolicyId", KeyKind::Text, false),
        ("iam:PassedToService", KeyKind::Text, false),
        ("iam:PermissionsBoundary", KeyKind::Arn, false),
        ("iam:PolicyARN", KeyKind::Arn, false),
        ("iam:RegisterSecurityKey", KeyKind::Text, false),
        ("iam:ResourceTag/", KeyKind::Text, false),
        ("iam:ServiceSpecificCredentialAgeDays", KeyKind::Number, false),
        ("iam:ServiceSpecificCredentialServiceName", KeyKind::Text, false),
        ("iam:TemplateArn", KeyKind::Arn, false),
    ],
};

/// Of STS. Source: Service Authorization Reference, "AWS Security Token Service".
pub(crate) static STS: Terms = Terms {
    title: "AWS Security Token Service",
    known_actions: include_str!("terms/sts.txt"),
    asked_besides: &["TagSession", "SetSourceIdentity"],
    resources: ResourceTerms::Listed(include_str!("terms/sts_resources.txt")),
    keys: &[
        ("sts:AWSServiceName", KeyKind::Text, false),
        ("sts:DurationSeconds", KeyKind::Number, false),
        ("sts:ExternalId", KeyKind::Text, false),
        ("sts:RequestContext/", KeyKind::Text, false),
        ("sts:RequestContextProviders", KeyKind::Arn, true),
        ("sts:RoleSessionName", KeyKind::Text, false),
        ("sts:SourceIdentity", KeyKind::Text, false),
        ("sts:TaskPolicyArn", KeyKind::Arn, false),
        ("sts:TransitiveTagKeys", KeyKind::Text, true),
    ],
};

/// Of the Access Analyzer. Source: Service Authorization Reference, "AWS IAM Access Analyzer".
pub(crate) static ACCESS_ANALYZER: Terms = Terms {
    title: "AWS IAM Access Analyzer",
    known_actions: include_str!("terms/access_analyzer.txt"),
    asked_besides: &[],
    resources: ResourceTerms::Listed(
        "* ValidatePolicy CheckNoNewAccess CheckAccessNotGranted CheckNoPublicAccess ListAnalyzers ExplainRequest PreviewAccessChange ListUnusedPermissions ListUnusedAccess GenerateLeastPrivilegePolicy ListPoliciesToReview\n",
    ),
    // Our own, for an operation of our own.
    keys: &[("access-analyzer:ExplainedPrincipalArn", KeyKind::Arn, false)],
};
