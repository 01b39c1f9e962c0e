//! The policies that AWS keeps for everybody: those that derive from the operations of Chime, and these.
//!
//! The documents are our own. Each says what AWS publishes of its policy, for the services this server has.

use carillon_aws::sigv4::sha256;
use carillon_aws::time::Timestamp;
use carillon_operation::{AwsManagedPolicy, Registry, StaticPolicy};

use super::PolicyRow;
use crate::role::service_linked;

/// What every ARN of a policy of AWS's begins with.
pub(crate) const ARN_START: &str = "arn:aws:iam::aws:policy/";

/// 2017-11-01, when AWS made the three policies of Chime. Source: Chime Administrator Guide.
const CHIME_POLICIES_MADE: Timestamp = Timestamp::from_seconds(1_509_494_400);
/// When the releases came that made version 2 of the three policies, and so on: 2026-11-24.
const CHIME_VERSIONS_MADE: [Timestamp; 1] = [Timestamp::from_seconds(1_795_478_400)];
/// 2015-02-06, when AWS introduced managed policies.
const MANAGED_POLICIES_MADE: Timestamp = Timestamp::from_seconds(1_423_180_800);

/// 2017-04-19, when AWS introduced service-linked roles.
const SERVICE_LINKED_MADE: Timestamp = Timestamp::from_seconds(1_492_560_000);

/// The policies beside those of Chime.
pub(crate) static POLICIES: [StaticPolicy; 11] = [
    StaticPolicy {
        name: "AdministratorAccess",
        path: "/",
        description: "Everything, on everything",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }]
}"#,
    },
    StaticPolicy {
        name: "PowerUserAccess",
        path: "/",
        description: "Everything but the administration of users, groups, the AWS account and its organization",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "NotAction": ["account:*", "iam:*", "organizations:*"], "Resource": "*" },
    {
      "Effect": "Allow",
      "Action": [
        "account:GetAccountInformation",
        "account:ListRegions",
        "iam:CreateServiceLinkedRole",
        "iam:DeleteServiceLinkedRole",
        "iam:ListRoles",
        "organizations:DescribeOrganization"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    StaticPolicy {
        name: "ReadOnlyAccess",
        path: "/",
        description: "A view of all services and resources",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "access-analyzer:Check*",
        "access-analyzer:Get*",
        "access-analyzer:List*",
        "access-analyzer:ValidatePolicy",
        "chime:Get*",
        "chime:List*",
        "chime:SearchAvailablePhoneNumbers",
        "cloudtrail:Describe*",
        "cloudtrail:Get*",
        "cloudtrail:List*",
        "cloudtrail:LookupEvents",
        "iam:Generate*",
        "iam:Get*",
        "iam:List*",
        "iam:Simulate*",
        "organizations:Describe*",
        "organizations:List*",
        "sts:GetAccessKeyInfo",
        "sts:GetCallerIdentity",
        "sts:GetSessionToken"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    StaticPolicy {
        name: "SecurityAudit",
        path: "/",
        description: "A view of how everything is secured, for those who check it",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "access-analyzer:Get*",
        "access-analyzer:List*",
        "access-analyzer:ValidatePolicy",
        "chime:List*",
        "cloudtrail:Describe*",
        "cloudtrail:Get*",
        "cloudtrail:List*",
        "cloudtrail:LookupEvents",
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:Get*",
        "iam:List*",
        "iam:SimulateCustomPolicy",
        "iam:SimulatePrincipalPolicy",
        "organizations:Describe*",
        "organizations:List*",
        "sts:GetAccessKeyInfo"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    StaticPolicy {
        name: "IAMFullAccess",
        path: "/",
        description: "Everything of IAM",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:*",
        "organizations:DescribeAccount",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListChildren",
        "organizations:ListParents",
        "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListTargetsForPolicy"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    StaticPolicy {
        name: "IAMReadOnlyAccess",
        path: "/",
        description: "A view of IAM",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:Get*",
        "iam:List*",
        "iam:SimulateCustomPolicy",
        "iam:SimulatePrincipalPolicy"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    StaticPolicy {
        name: "IAMUserChangePassword",
        path: "/",
        description: "For a user to change its own password",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "arn:aws:iam::*:user/${aws:username}" },
    { "Effect": "Allow", "Action": "iam:GetAccountPasswordPolicy", "Resource": "*" }
  ]
}"#,
    },
    StaticPolicy {
        name: "AWSDenyAll",
        path: "/",
        description: "Nothing, whatever else allows it",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [{ "Sid": "DenyAll", "Effect": "Deny", "Action": "*", "Resource": "*" }]
}"#,
    },
    StaticPolicy {
        name: "AmazonChimeServiceRolePolicy",
        path: "/aws-service-role/",
        description: "What Amazon Chime does itself",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "iam:CreateServiceLinkedRole",
      "Resource": "arn:aws:iam::*:role/aws-service-role/chime.amazonaws.com/AWSServiceRoleForAmazonChime",
      "Condition": { "StringLike": { "iam:AWSServiceName": "chime.amazonaws.com" } }
    }
  ]
}"#,
    },
    StaticPolicy {
        name: "AmazonChimeVoiceConnectorServiceLinkedRolePolicy",
        path: "/aws-service-role/",
        description: "What Voice Connectors do themselves",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "chime:CreateMediaInsightsPipeline",
        "chime:GetMediaInsightsPipelineConfiguration",
        "chime:GetVoiceConnector*",
        "polly:SynthesizeSpeech"
      ],
      "Resource": "*"
    },
    {
      "Effect": "Allow",
      "Action": "kinesisvideo:*",
      "Resource": "arn:aws:kinesisvideo:*:*:stream/ChimeVoiceConnector-*"
    },
    {
      "Effect": "Allow",
      "Action": [
        "kinesisvideo:CreateStream",
        "kinesisvideo:DescribeStream",
        "kinesisvideo:PutMedia",
        "kinesisvideo:UpdateDataRetention"
      ],
      "Resource": "arn:aws:kinesisvideo:*:*:stream/ChimeMediaPipelines-*"
    }
  ]
}"#,
    },
    StaticPolicy {
        name: "AccessAnalyzerServiceRolePolicy",
        path: "/aws-service-role/",
        description: "What the Access Analyzer reads itself",
        document: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:GenerateServiceLastAccessedDetails",
        "iam:Get*",
        "iam:List*",
        "organizations:Describe*",
        "organizations:List*"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
];

/// The policy of AWS's with this ARN.
pub(crate) fn find<'a>(registry: &'a Registry, arn: &str) -> Option<&'a AwsManagedPolicy> {
    registry
        .aws_managed_policies()
        .iter()
        .find(|policy| policy.arn == arn)
}

/// The policies of AWS's that begin with a path and come after a name, by name.
pub(crate) fn list_after<'a>(
    registry: &'a Registry,
    after: &str,
    path_prefix: &str,
) -> Vec<&'a AwsManagedPolicy> {
    let mut policies: Vec<_> = registry
        .aws_managed_policies()
        .iter()
        .filter(|policy| policy.name > after && policy.path.starts_with(path_prefix))
        .collect();
    policies.sort_by_key(|policy| policy.name);
    policies
}

/// The policy as the customer's are kept, without what uses it.
pub(crate) fn row(policy: &AwsManagedPolicy) -> PolicyRow {
    let made = created_at(policy.name);
    let latest = i64::try_from(policy.documents.len()).unwrap_or(i64::MAX);
    PolicyRow {
        id: id(policy.name),
        arn: policy.arn.clone(),
        name: policy.name.to_owned(),
        path: policy.path.to_owned(),
        description: Some(policy.description.to_owned()),
        default_version: latest,
        last_version: latest,
        created_at: made,
        updated_at: version_made_at(policy.name, latest),
        attachments: 0,
        boundaries: 0,
    }
}

/// When AWS made the policy, to the day of its kind.
pub(crate) fn created_at(name: &str) -> Timestamp {
    match POLICIES.iter().find(|policy| policy.name == name) {
        None => CHIME_POLICIES_MADE,
        Some(policy) if service_linked::is_linked(policy.path) => SERVICE_LINKED_MADE,
        Some(_) => MANAGED_POLICIES_MADE,
    }
}

/// When a version of the policy was made.
pub(crate) fn version_made_at(name: &str, version: i64) -> Timestamp {
    // Version 1 is the policy itself.
    let later = usize::try_from(version - 2).ok();
    match later.map(|place| CHIME_VERSIONS_MADE.get(place).or(CHIME_VERSIONS_MADE.last())) {
        Some(Some(made)) => *made,
        _ => created_at(name),
    }
}

/// A unique id that is the same in every deployment and release.
fn id(name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = sha256(name.as_bytes());
    let letters = digest
        .iter()
        .take(17)
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter));
    std::iter::once("ANPA".to_owned())
        .chain(letters.map(String::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use carillon_policy::{Document, PolicyType};

    use super::*;

    #[test]
    fn every_document_could_be_stored() {
        for policy in &POLICIES {
            assert!(
                Document::parse(policy.document, PolicyType::Identity, true).is_ok(),
                "{}",
                policy.name
            );
            assert!(
                Document::size(policy.document) <= super::super::SIZE,
                "{}",
                policy.name
            );
        }
    }

    #[test]
    fn ids_have_the_form_of_iam_and_never_change() {
        assert_eq!(id("AdministratorAccess"), id("AdministratorAccess"));
        assert_ne!(id("AdministratorAccess"), id("PowerUserAccess"));
        assert_eq!(id("AdministratorAccess").len(), 21);
    }

    #[test]
    fn the_policies_of_chime_are_of_november_2017() {
        assert_eq!(
            created_at("AmazonChimeReadOnly").iso_seconds().as_str(),
            "2017-11-01T00:00:00Z"
        );
        assert_eq!(
            created_at("IAMFullAccess").iso_seconds().as_str(),
            "2015-02-06T00:00:00Z"
        );
    }

    #[test]
    fn a_later_version_has_the_date_of_its_release() {
        let made = |version| {
            version_made_at("AmazonChimeFullAccess", version)
                .iso_seconds()
                .to_string()
        };
        assert_eq!(made(1), "2017-11-01T00:00:00Z");
        assert_eq!(made(2), "2026-11-24T00:00:00Z");
    }
}
