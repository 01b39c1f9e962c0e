//! Findings: each code with a text that has it, the place it has it at, and a text that does not.

mod json;

use std::collections::HashSet;

use super::*;

const I: PolicyType = PolicyType::Identity;
const R: PolicyType = PolicyType::Resource;
const T: PolicyType = PolicyType::Trust;
const SCP: PolicyType = PolicyType::ServiceControl;
const RCP: PolicyType = PolicyType::ResourceControl;

fn action(name: &str, resources: Resources) -> Action {
    Action {
        name: name.to_owned(),
        served: true,
        resources,
        request_tags: name.starts_with("Create"),
    }
}

/// A few actions of Chime, IAM and STS, of each sort there is.
pub(super) fn catalogue() -> Catalogue {
    let known = |name: &str| Action {
        served: false,
        ..action(name, Resources::Unknown)
    };
    let arns = |form: &str| Resources::Arns(vec![form.to_owned()]);
    let key = |name: &str, kind, multivalued| Key {
        name: name.to_owned(),
        kind,
        multivalued,
    };
    let role = || arns("arn:*:iam::*:role/*");
    Catalogue::new([
        Vocabulary::new(
            "chime",
            "Amazon Chime",
            vec![
                action("ListUsers", Resources::Any),
                action("GetUser", Resources::Any),
                action("GetAccount", Resources::Any),
                action("GetVoiceConnector", arns("arn:*:chime:*:*:vc/*")),
                known("GetAccountResource"),
                known("DescribeChannel"),
            ],
            Vec::new(),
        ),
        Vocabulary::new(
            "iam",
            "AWS Identity and Access Management",
            vec![
                action("CreateUser", arns("arn:*:iam::*:user/*")),
                action("PassRole", role()),
                action("PutUserPolicy", arns("arn:*:iam::*:user/*")),
                action("AttachUserPolicy", arns("arn:*:iam::*:user/*")),
                action("CreateServiceLinkedRole", role()),
            ],
            vec![
                key("iam:PolicyARN", KeyKind::Arn, false),
                key("iam:PassedToService", KeyKind::Text, false),
                key("iam:ResourceTag/", KeyKind::Text, false),
            ],
        ),
        Vocabulary::new(
            "sts",
            "AWS Security Token Service",
            vec![action("AssumeRole", role())],
            vec![key("sts:TransitiveTagKeys", KeyKind::Text, true)],
        ),
    ])
}

/// A whole text, or what stands in the only statement of one.
fn text(given: &str) -> String {
    if given.starts_with(['{', '«']) {
        given.to_owned()
    } else {
        format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{{{given}}}]}}")
    }
}

/// The text without its marks, and the bytes between them.
fn marked(given: &str) -> (String, std::ops::Range<usize>) {
    let text = text(given);
    let start = text.find('«').expect("a mark where the finding begins");
    let end = text.find('»').expect("a mark where the finding ends") - '«'.len_utf8();
    (text.replace(['«', '»'], ""), start..end)
}

fn of_code(text: &str, ty: PolicyType, code: Code) -> Vec<Finding> {
    let findings = validate(text, ty, &catalogue());
    findings
        .into_iter()
        .filter(|finding| finding.code == code)
        .collect()
}

/// Code, type, a text that has the finding between the marks, and one that does not have it.
type Row = (Code, PolicyType, &'static str, &'static str);

const GOOD: &str = r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "*""#;
const GOOD_TRUST: &str =
    r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole""#;
const GOOD_RESOURCE: &str = r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*""#;
const GOOD_RCP: &str = r#""Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*""#;

#[rustfmt::skip]
const ELEMENTS: &[Row] = &[
    (Code::UnsupportedCharacter, I, r#""Sid": "a«č»", "Effect": "Allow", "Action": "s3:*", "Resource": "*""#, r#""Sid": "aé", "Effect": "Allow", "Action": "s3:*", "Resource": "*""#),
    (Code::InvalidPolicyElement, I, r#"{"Version": "2012-10-17", «"statement"»: []}"#, GOOD),
    (Code::InvalidPolicyElement, I, r#""Effect": "Allow", «"Actions"»: "s3:*", "Resource": "*""#, GOOD),
    (Code::InvalidPolicyElement, I, r#"{«"Effect"»: "Allow", "Statement": []}"#, GOOD),
    (Code::InvalidPolicyElement, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "*", «"Version"»: "2012-10-17""#, GOOD),
    (Code::DataTypeMismatch, I, "«[]»", GOOD),
    (Code::DataTypeMismatch, I, r#"{"Statement": [«"x"»]}"#, GOOD),
    (Code::DataTypeMismatch, I, r#""Effect": «true», "Action": "s3:*", "Resource": "*""#, GOOD),
    (Code::DataTypeMismatch, I, r#""Effect": "Allow", "Action": ["s3:*", «null»], "Resource": "*""#, GOOD),
    (Code::DataTypeMismatch, I, r#""Effect": "Allow", "Action": «{}», "Resource": "*""#, GOOD),
    (Code::DataTypeMismatch, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": «[]»"#, GOOD),
    (Code::DataTypeMismatch, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": [«{}»]}}"#, GOOD),
    (Code::MissingStatement, I, r#"«{»"Version": "2012-10-17"}"#, GOOD),
    (Code::MissingStatement, I, r#"{"Version": "2012-10-17", "Statement": «[]»}"#, GOOD),
    (Code::MissingEffect, I, r#"{"Version": "2012-10-17", "Statement": «{»"Action": "s3:*", "Resource": "*"}}"#, GOOD),
    (Code::InvalidEffect, I, r#""Effect": «"allow"», "Action": "s3:*", "Resource": "*""#, GOOD),
    (Code::InvalidEffect, I, r#""Effect": «"Permit"», "Action": "s3:*", "Resource": "*""#, GOOD),
    (Code::UnsupportedEffect, RCP, r#""Effect": «"Allow"», "Principal": "*", "Action": "s3:*", "Resource": "*""#, GOOD_RCP),
    (Code::MissingAction, I, r#"{"Version": "2012-10-17", "Statement": «{»"Effect": "Allow", "Resource": "*"}}"#, GOOD),
    (Code::MissingResource, I, r#"{"Version": "2012-10-17", "Statement": «{»"Effect": "Allow", "Action": "s3:*"}}"#, GOOD),
    (Code::MissingPrincipal, T, r#"{"Version": "2012-10-17", "Statement": «{»"Effect": "Allow", "Action": "sts:AssumeRole"}}"#, GOOD_TRUST),
    (Code::UnsupportedPrincipal, I, r#""Effect": "Allow", «"Principal"»: "*", "Action": "s3:*", "Resource": "*""#, GOOD),
    (Code::UnsupportedPrincipal, SCP, r#""Effect": "Deny", «"NotPrincipal"»: "*", "Action": "s3:*", "Resource": "*""#, GOOD),
    (Code::UnsupportedElement, T, r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole", «"Resource"»: "*""#, GOOD_TRUST),
    (Code::UnsupportedElement, RCP, r#""Effect": "Deny", "Principal": "*", «"NotAction"»: "s3:*", "Resource": "*""#, GOOD_RCP),
    (Code::UnsupportedElementCombination, I, r#""Effect": "Allow", "Action": "s3:*", «"NotAction"»: "s3:*", "Resource": "*""#, GOOD),
    (Code::InvalidVersion, I, r#"{"Version": «"2012-10-71"», "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#, GOOD),
    (Code::UniqueSidsRequired, I, r#"{"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Sid": «"a"», "Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}]}"#, GOOD),
    (Code::UnsupportedSid, I, r#""Sid": «"two words"», "Effect": "Allow", "Action": "s3:*", "Resource": "*""#, r#""Sid": "Two2", "Effect": "Allow", "Action": "s3:*", "Resource": "*""#),
    (Code::MissingVersion, I, r#"«{»"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#, GOOD),
    (Code::OutdatedVersion, I, r#"{"Version": «"2008-10-17"», "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#, GOOD),
    (Code::EmptySidValue, I, r#""Sid": «""», "Effect": "Allow", "Action": "s3:*", "Resource": "*""#, GOOD),
    (Code::EmptyArrayAction, I, r#""Effect": "Allow", "Action": «[]», "Resource": "*""#, GOOD),
    (Code::EmptyArrayResource, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": «[]»"#, GOOD),
    (Code::EmptyArrayPrincipal, T, r#""Effect": "Allow", "Principal": {"AWS": «[]»}, "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::EmptyObjectPrincipal, T, r#""Effect": "Allow", "Principal": «{}», "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::EmptyObjectCondition, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": «{}»"#, GOOD),
    (Code::EmptyObjectCondition, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": «{}»}"#, GOOD),
];

#[rustfmt::skip]
const ACTIONS: &[Row] = &[
    (Code::InvalidAction, I, r#""Effect": "Allow", "Action": «"chime:GetAccountResources"», "Resource": "*""#, r#""Effect": "Allow", "Action": "CHIME:listusers", "Resource": "*""#),
    (Code::InvalidAction, I, r#""Effect": "Allow", "Action": «"chime:Fly*"», "Resource": "*""#, r#""Effect": "Allow", "Action": "chime:*", "Resource": "*""#),
    (Code::InvalidAction, I, r#""Effect": "Allow", "Action": ["s3:Get*", «"ListUsers"»], "Resource": "*""#, GOOD),
    (Code::InvalidAction, I, r#""Effect": "Allow", "Action": «"s3:a:b"», "Resource": "*""#, GOOD),
    (Code::InvalidAction, I, r#""Effect": "Allow", "Action": «" s3:GetObject"», "Resource": "*""#, GOOD),
    (Code::InvalidAction, I, r#""Effect": "Allow", "Action": [«"s3:GetObject,s3:PutObject"»], "Resource": "*""#, GOOD),
    (Code::InvalidAction, I, r#""Effect": "Allow", "Action": «"s3:"», "Resource": "*""#, GOOD),
    (Code::InvalidServiceInAction, I, r#""Effect": "Allow", "Action": "«chimee»:ListUsers", "Resource": "*""#, GOOD),
    (Code::InvalidServiceInAction, I, r#""Effect": "Allow", "Action": "«s3*»:Get", "Resource": "*""#, GOOD),
    (Code::UnsupportedActionInPolicy, T, r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": «"s3:GetObject"»"#, GOOD_TRUST),
    (Code::UnsupportedActionInPolicy, RCP, r#""Effect": "Deny", "Principal": "*", "Action": «"*"», "Resource": "*""#, GOOD_RCP),
    (Code::MismatchedActionForPrincipal, T, r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": «"sts:AssumeRoleWithSAML"»"#, GOOD_TRUST),
    (Code::MismatchedActionForPrincipal, T, r#""Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": «"sts:AssumeRole"»"#, r#""Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity""#),
    (Code::ActionNotServed, I, r#""Effect": "Allow", "Action": ["chime:ListUsers", «"chime:GetAccountResource"»], "Resource": "*""#, r#""Effect": "Allow", "Action": "chime:Get*", "Resource": "*""#),
    (Code::ActionNotServed, I, r#""Effect": "Allow", "Action": «"chime:Describe*"», "Resource": "*""#, GOOD),
    (Code::UnknownService, I, r#""Effect": "Allow", "Action": "«frobnicator»:Do", "Resource": "*""#, GOOD),
    (Code::WildcardInServicePrefix, I, r#""Effect": "Allow", "Action": "«*»:*", "Resource": "*""#, GOOD),
    (Code::RedundantAction, I, r#""Effect": "Allow", "Action": ["s3:Get*", «"s3:GetObject"»], "Resource": "*""#, r#""Effect": "Allow", "Action": ["s3:Get*", "s3:ListObjects"], "Resource": "*""#),
    (Code::RedundantAction, I, r#""Effect": "Allow", "Action": ["s3:GetObject", «"S3:getobject"»], "Resource": "*""#, GOOD),
    (Code::EveryActionOfService, I, r#""Effect": "Allow", "Action": «["chime:ListUsers", "chime:GetUser", "chime:getaccount*", "chime:GetVoiceConnector", "chime:DescribeChannel"]», "Resource": "*""#, r#""Effect": "Allow", "Action": ["chime:ListUsers", "chime:GetUser", "chime:GetAccount", "chime:GetVoiceConnector", "chime:DescribeChannel"], "Resource": "*""#),
    (Code::VariableUnsupportedInElement, I, r#""Effect": "Allow", "Action": "s3:«${aws:username}»", "Resource": "*""#, GOOD),
];

#[rustfmt::skip]
const RESOURCES: &[Row] = &[
    (Code::InvalidArnPrefix, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": «"my-bucket"»"#, GOOD),
    (Code::InvalidArnPrefix, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": «"anr:aws:s3:::b"»"#, GOOD),
    (Code::MissingArnField, R, r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": «"arn:aws:s3"»"#, GOOD_RESOURCE),
    (Code::MissingArnField, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": «"arn:aws:s3::b"»"#, GOOD),
    (Code::InvalidPartition, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:«asw»:s3:::b""#, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws-cn:s3:::b""#),
    (Code::InvalidArnServiceCase, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:«S3»:::b""#, GOOD),
    (Code::InvalidService, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:«lamda»:us-east-1:111122223333:function:f""#, GOOD),
    (Code::InvalidArnRegion, I, r#""Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:«virginia»:111122223333:q""#, r#""Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-gov-west-1:111122223333:q""#),
    (Code::MissingArnRegion, I, r#""Effect": "Allow", "Action": "chime:GetVoiceConnector", "Resource": "arn:aws:chime:«»:111122223333:vc/a""#, r#""Effect": "Allow", "Action": "chime:GetVoiceConnector", "Resource": "arn:aws:chime:*:111122223333:vc/a""#),
    (Code::ArnRegionNotAllowed, I, r#""Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam:«us-east-1»:111122223333:user/a""#, r#""Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam::111122223333:user/a""#),
    (Code::InvalidArnAccount, I, r#""Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:«1111-2222-3333»:q""#, r#""Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:11112222????:q""#),
    (Code::ArnAccountNotAllowed, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3::«111122223333»:b""#, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:us-east-1:111122223333:accesspoint/a""#),
    (Code::InvalidArnResource, I, r#""Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam::111122223333:«users»/a""#, r#""Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam::111122223333:user/a""#),
    (Code::InvalidArnResource, I, r#""Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:111122223333:«»""#, GOOD),
    (Code::ShortArn, I, r#""Effect": "Allow", "Action": "sqs:*", "Resource": «"arn:aws:sqs"»"#, GOOD),
    (Code::WildcardInResourceType, I, r#""Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:us-east-1:111122223333:«*»/i-1""#, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::my-*/x""#),
    (Code::ResourceNotSupported, I, r#""Effect": "Allow", "Action": «"chime:ListUsers"», "Resource": "arn:aws:chime:us-east-1:111122223333:vc/a""#, r#""Effect": "Allow", "Action": "chime:ListUsers", "Resource": ["*", "arn:aws:chime:us-east-1:111122223333:vc/a"]"#),
    (Code::ResourceNotSupported, I, r#""Effect": "Allow", "Action": ["chime:GetVoiceConnector", «"chime:ListUsers"»], "Resource": "arn:aws:chime:us-east-1:111122223333:vc/a""#, r#""Effect": "Allow", "Action": "chime:*", "Resource": "arn:aws:chime:us-east-1:111122223333:vc/a""#),
    (Code::ResourceNotSupported, I, r#""Effect": "Allow", "Action": «"iam:CreateUser"», "Resource": "arn:aws:iam::111122223333:role/a""#, r#""Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam::111122223333:u*""#),
    (Code::ResourceNotSupported, I, r#""Effect": "Allow", "Action": «"chime:ListUsers"», "NotResource": "arn:aws:chime:us-east-1:111122223333:vc/a""#, GOOD),
    (Code::WildcardInServiceName, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:«s*»:::b""#, GOOD),
    (Code::RedundantResource, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::b*", "arn:aws:s3:::c", «"arn:aws:s3:::c"»]"#, r#""Effect": "Allow", "Action": "sqs:*", "Resource": ["arn:aws:sqs:*:1:q", "arn:aws:sqs:us-east-1:2:1:q"]"#),
    (Code::RedundantResource, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::b*", «"arn:aws:s3:::bucket"»]"#, r#""Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]"#),
];

#[rustfmt::skip]
const CONDITIONS: &[(Code, &str, &str)] = &[
    (Code::InvalidConditionOperator, r#"{«"StringEqual"»: {"aws:username": "a"}}"#, r#"{"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}"#),
    (Code::InvalidConditionOperator, r#"{«"stringequals"»: {"aws:username": "a"}}"#, r#"{"StringEquals": {"aws:username": "a"}}"#),
    (Code::InvalidConditionKeyFormat, r#"{"StringEquals": {«"username"»: "a"}}"#, r#"{"StringEquals": {"aws:username": "a"}}"#),
    (Code::InvalidGlobalConditionKey, r#"{"StringEquals": {«"aws:usernam"»: "a"}}"#, r#"{"StringEquals": {"AWS:UserName": "a"}}"#),
    (Code::InvalidServiceConditionKey, r#"{"StringEquals": {«"chime:AccountId"»: "a"}}"#, r#"{"StringLike": {"accounts.google.com:aud": "a"}}"#),
    (Code::InvalidServiceConditionKey, r#"{"StringEquals": {«"saml:subtype"»: "a"}}"#, r#"{"StringEquals": {"SAML:sub_type": "a"}}"#),
    (Code::DuplicateKeysDifferentCase, r#"{"StringEquals": {"aws:username": "a", «"aws:UserName"»: "b"}}"#, r#"{"StringEquals": {"aws:username": "a"}, "StringLike": {"aws:UserName": "b"}}"#),
    (Code::NullWithIfExists, r#"{«"NullIfExists"»: {"aws:username": "true"}}"#, r#"{"Null": {"aws:username": "true"}}"#),
    (Code::MissingQualifier, r#"{"StringEquals": {«"aws:TagKeys"»: "a"}}"#, r#"{"Null": {"aws:TagKeys": "true"}}"#),
    (Code::MissingQualifier, r#"{"StringEquals": {«"saml:edupersonaffiliation"»: "a"}}"#, r#"{"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "a"}}"#),
    (Code::InvalidConditionMultipleBoolean, r#"{"Bool": {"aws:SecureTransport": «["true", "false"]»}}"#, r#"{"Bool": {"aws:SecureTransport": ["true"]}}"#),
    (Code::InvalidConditionDataType, r#"{"NumericEquals": {"aws:MultiFactorAuthAge": «["1", 2]»}}"#, r#"{"NumericEquals": {"aws:MultiFactorAuthAge": [1, 2]}}"#),
    (Code::MissingTagKeyInCondition, r#"{"StringEquals": {«"aws:PrincipalTag/"»: "a"}}"#, r#"{"StringEquals": {"aws:PrincipalTag/a": "a"}}"#),
    (Code::TypeMismatch, r#"{"Bool": {"aws:SecureTransport": «"yes"»}}"#, r#"{"Bool": {"aws:SecureTransport": "TRUE"}}"#),
    (Code::TypeMismatch, r#"{"NumericLessThan": {"aws:MultiFactorAuthAge": «"ten"»}}"#, r#"{"NumericLessThan": {"aws:MultiFactorAuthAge": "10.5"}}"#),
    (Code::TypeMismatch, r#"{"DateLessThan": {"aws:CurrentTime": «"tomorrow"»}}"#, r#"{"DateLessThan": {"aws:CurrentTime": "2026-04-01T00:00:00Z"}}"#),
    (Code::TypeMismatch, r#"{"IpAddress": {"aws:SourceIp": «"203.0.113.0/99"»}}"#, r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#),
    (Code::TypeMismatch, r#"{"ArnLike": {"aws:PrincipalArn": «"arn:aws:iam"»}}"#, r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}"#),
    (Code::TypeMismatch, r#"{"BinaryEquals": {"s3:x": «"§"»}}"#, r#"{"BinaryEquals": {"s3:x": "QmFzZTY0"}}"#),
    (Code::TypeMismatch, r#"{"StringEquals": {«"aws:SourceIp"»: "203.0.113.9"}}"#, r#"{"StringLike": {"aws:PrincipalArn": "a*"}}"#),
    (Code::InvalidDateValue, r#"{"DateLessThan": {"aws:CurrentTime": «"1700000000000"»}}"#, r#"{"DateLessThan": {"aws:CurrentTime": "1700000000"}}"#),
    (Code::InvalidDateValue, r#"{"DateLessThan": {"aws:CurrentTime": «"2026"»}}"#, r#"{"DateLessThan": {"aws:CurrentTime": "2026-01"}}"#),
    (Code::InvalidDateValue, r#"{"DateLessThan": {"aws:CurrentTime": «"20260301"»}}"#, r#"{"DateLessThan": {"aws:CurrentTime": "20261301"}}"#),
    (Code::TypeMismatch, r#"{"NumericLessThan": {«"aws:CurrentTime"»: "1700000000"}}"#, r#"{"NumericLessThan": {"aws:EpochTime": "1700000000"}}"#),
    (Code::DeprecatedGlobalConditionKey, r#"{"ArnLike": {«"aws:arn"»: "arn:aws:iam::*:role/*"}}"#, r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}"#),
    (Code::IrrelevantConditionKey, r#"{"StringEquals": {«"iam:PassedToService"»: "a"}}"#, r#"{"StringEquals": {"s3:prefix": "a"}}"#),
    (Code::WildcardWithoutLikeOperator, r#"{"StringEquals": {"aws:username": «"a*"»}}"#, r#"{"StringEquals": {"aws:username": "a${*}"}}"#),
    (Code::PrivateIpAddress, r#"{"IpAddress": {"aws:SourceIp": «["10.1.0.0/16", "fd00::/8"]»}}"#, r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#),
    (Code::PrivateIpAddressSubset, r#"{"IpAddress": {"aws:SourceIp": «["192.168.1.0/24", "203.0.113.0/24"]»}}"#, r#"{"IpAddress": {"aws:VpcSourceIp": ["192.168.1.0/24", "203.0.113.0/24"]}}"#),
    (Code::NotIpAddressWithoutIpv6, r#"{"NotIpAddress": {"aws:SourceIp": «"203.0.113.0/24"»}}"#, r#"{"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}"#),
    (Code::ImproveIpRange, r#"{"IpAddress": {"aws:SourceIp": «"203.0.113.9/24"»}}"#, r#"{"IpAddress": {"aws:SourceIp": "203.0.113.9/32"}}"#),
    (Code::NullWithQualifier, r#"{«"ForAnyValue:Null"»: {"aws:TagKeys": "true"}}"#, r#"{"Null": {"aws:TagKeys": "true"}}"#),
    (Code::EmptyArrayCondition, r#"{"StringEquals": {"aws:username": «[]»}}"#, r#"{"StringEquals": {"aws:username": ["a"]}}"#),
    (Code::EmptyArrayConditionForAllValues, r#"{"ForAllValues:StringEquals": {"aws:TagKeys": «[]»}}"#, r#"{"StringEquals": {"aws:username": []}}"#),
    (Code::EmptyArrayConditionForAnyValue, r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": «[]»}}"#, r#"{"StringEquals": {"aws:username": []}}"#),
    (Code::EmptyArrayConditionIfExists, r#"{"StringEqualsIfExists": {"aws:username": «[]»}}"#, r#"{"StringEquals": {"aws:username": []}}"#),
    (Code::RedundantConditionValue, r#"{"StringLike": {"aws:username": ["a*", «"ab"»]}}"#, r#"{"StringEquals": {"aws:username": ["a*", "ab"]}}"#),
    (Code::RedundantConditionValue, r#"{"NumericEquals": {"aws:MultiFactorAuthAge": [7, «7.0»]}}"#, r#"{"NumericEquals": {"aws:MultiFactorAuthAge": [7, 7.1]}}"#),
    (Code::MissingBraceInVariable, r#"{"StringEquals": {"aws:username": "«${aws:userid»"}}"#, r#"{"StringEquals": {"aws:username": "${aws:userid}"}}"#),
    (Code::MissingQuoteInVariable, r#"{"StringEquals": {"aws:username": "«${aws:userid, nobody}»"}}"#, r#"{"StringEquals": {"aws:username": "${aws:userid, 'nobody'}"}}"#),
    (Code::UnsupportedSpaceInVariable, r#"{"StringEquals": {"aws:username": "«${ aws:userid }»"}}"#, r#"{"StringEquals": {"aws:username": "${aws:PrincipalTag/two words}"}}"#),
    (Code::UnsupportedSpaceInVariable, r#"{"StringEquals": {"aws:username": "«${aws:userid,'x'}»"}}"#, r#"{"StringEquals": {"aws:username": "${aws:userid, 'x y'}"}}"#),
    (Code::EmptyVariable, r#"{"StringEquals": {"aws:username": "a«${}»"}}"#, r#"{"StringEquals": {"aws:username": "a${$}{}"}}"#),
    (Code::InvalidGlobalConditionKey, r#"{"StringEquals": {"aws:username": "«${aws:usernam}»"}}"#, r#"{"StringEquals": {"aws:username": "${aws:PrincipalTag/a b}"}}"#),
    (Code::InvalidVariableForOperator, r#"{"IpAddress": {"aws:SourceIp": "«${aws:SourceIp}»"}}"#, r#"{"StringLike": {"aws:username": "${aws:userid}"}}"#),
    (Code::ForAllValuesWithSingleValuedKey, r#"{"ForAllValues:StringEquals": {«"aws:username"»: "a"}}"#, r#"{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}"#),
    (Code::ForAllValuesInAllow, r#"{"ForAllValues:StringEquals": {«"aws:TagKeys"»: "a"}}"#, r#"{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "false"}}"#),
];

#[rustfmt::skip]
const REST: &[Row] = &[
    (Code::VariableUnsupportedInVersion, I, r#"{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::«${»aws:username}"}}"#, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}""#),
    (Code::VariableUnsupportedInElement, I, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3::«${aws:PrincipalAccount}»:b""#, r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}""#),
    (Code::VariableInNotResource, I, r#""Effect": "Deny", "Action": "s3:*", "NotResource": «"arn:aws:s3:::${aws:username}"»"#, r#""Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::${aws:username}""#),
    (Code::InvalidPrincipalFormat, T, r#""Effect": "Allow", "Principal": «"111122223333"», "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::InvalidPrincipalFormat, T, r#""Effect": "Allow", "Principal": {"AWS": «"arn:aws:iam::111122223333:group/g"»}, "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::InvalidPrincipalFormat, RCP, r#""Effect": "Deny", "Principal": «{"AWS": "*"}», "Action": "s3:*", "Resource": "*""#, GOOD_RCP),
    (Code::InvalidPrincipalKey, T, r#""Effect": "Allow", "Principal": {«"Aws"»: "111122223333"}, "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::UnsupportedWildcardInPrincipal, T, r#""Effect": "Allow", "Principal": {"AWS": «"arn:aws:iam::111122223333:user/*"»}, "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::InvalidServicePrincipalFormat, T, r#""Effect": "Allow", "Principal": {"Service": «"ec2"»}, "Action": "sts:AssumeRole""#, r#""Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole""#),
    (Code::InvalidUserReference, T, r#""Effect": "Allow", "Principal": {"AWS": «"AIDAEXAMPLE123456789A"»}, "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::InvalidRoleReference, T, r#""Effect": "Allow", "Principal": {"AWS": «"AROAEXAMPLE123456789A"»}, "Action": "sts:AssumeRole""#, GOOD_TRUST),
    (Code::NotPrincipalWithoutSession, R, r#""Effect": "Deny", "NotPrincipal": {"AWS": «"arn:aws:iam::111122223333:role/r"»}, "Action": "s3:*", "Resource": "arn:aws:s3:::b""#, r#""Effect": "Deny", "NotPrincipal": {"AWS": ["arn:aws:iam::111122223333:role/p/r", "arn:aws:sts::111122223333:assumed-role/r/s"]}, "Action": "s3:*", "Resource": "arn:aws:s3:::b""#),
    (Code::AllowWithNotPrincipal, R, r#""Effect": "Allow", «"NotPrincipal"»: {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "arn:aws:s3:::b""#, GOOD_RESOURCE),
    (Code::TrustOpenToEveryone, T, r#""Effect": "Allow", "Principal": «{"AWS": "*"}», "Action": "sts:AssumeRole""#, r#""Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#),
    (Code::FederatedWithoutCondition, T, r#""Effect": "Allow", "Principal": {"Federated": «"accounts.google.com"»}, "Action": "sts:AssumeRoleWithWebIdentity""#, r#""Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"accounts.google.com:aud": "a"}}"#),
    (Code::RestrictAccessToServicePrincipal, R, r#""Effect": "Allow", "Principal": {"Service": «"chime.amazonaws.com"»}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*""#, r#""Effect": "Allow", "Principal": {"Service": "chime.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}"#),
    (Code::FullAdministrator, I, r#""Effect": "Allow", "Action": «"*"», "Resource": "*""#, r#""Effect": "Deny", "Action": "*", "Resource": "*""#),
    (Code::PrivilegeEscalation, I, r#""Effect": "Allow", "Action": «["iam:PutUserPolicy"]», "Resource": "*""#, r#""Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*", "Condition": {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}"#),
    (Code::PrivilegeEscalation, I, r#""Effect": "Allow", "Action": «"iam:*"», "Resource": "arn:aws:iam::111122223333:user/*""#, r#""Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::*:user/${aws:username}""#),
    (Code::AllowWithNotActionOnEverything, I, r#""Effect": "Allow", "NotAction": «"iam:*"», "Resource": "*""#, r#""Effect": "Deny", "NotAction": "iam:*", "Resource": "*""#),
    (Code::PassRoleWithStarInResource, I, r#""Effect": "Allow", "Action": «"iam:PassRole"», "Resource": "*""#, r#""Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/app""#),
    (Code::PassRoleWithStarInActionAndResource, I, r#""Effect": "Allow", "Action": «"iam:Pass*"», "Resource": "*""#, r#""Effect": "Allow", "Action": "iam:Pass*", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}"#),
    (Code::PassRoleWithNotResource, I, r#""Effect": "Allow", "Action": «"iam:PassRole"», "NotResource": "arn:aws:iam::111122223333:role/app""#, GOOD),
    (Code::PassRoleWithStarInActionAndNotResource, I, r#""Effect": "Allow", "Action": «"iam:*"», "NotResource": "arn:aws:iam::111122223333:role/app""#, GOOD),
    (Code::PassRoleWithNotActionAndStarInResource, I, r#""Effect": "Allow", "NotAction": «"s3:*"», "Resource": "*""#, r#""Effect": "Allow", "NotAction": "iam:*", "Resource": "*""#),
    (Code::PassRoleWithNotActionAndNotResource, I, r#""Effect": "Allow", "NotAction": «"s3:*"», "NotResource": "arn:aws:s3:::b""#, GOOD),
    (Code::CreateSlrWithStarInResource, I, r#""Effect": "Allow", "Action": «"iam:CreateServiceLinkedRole"», "Resource": "*""#, r#""Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition": {"StringEquals": {"iam:AWSServiceName": "a.amazonaws.com"}}"#),
    (Code::DenyWithUnsupportedTagConditionKey, I, r#""Effect": "Deny", "Action": "chime:ListUsers", "Resource": "*", "Condition": {"StringEquals": {«"aws:ResourceTag/a"»: "b"}}"#, r#""Effect": "Deny", "Action": "chime:ListUsers", "Resource": "*", "Condition": {"StringNotEquals": {"aws:ResourceTag/a": "b"}}"#),
    (Code::AllowWithUnsupportedTagConditionKey, I, r#""Effect": "Allow", "Action": "chime:ListUsers", "Resource": "*", "Condition": {"StringEquals": {«"aws:RequestTag/a"»: "b"}}"#, r#""Effect": "Allow", "Action": "chime:GetVoiceConnector", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}"#),
    (Code::MfaDenyWithoutIfExists, I, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {«"aws:MultiFactorAuthPresent"»: "false"}}"#, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}"#),
    (Code::PrivilegeEscalation, I, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": «"iam:PassRole"», "Resource": "*"}, {"Effect": "Allow", "Action": "lambda:Create*", "Resource": "*"}]}"#, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/app"}, {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]}"#),
    (Code::PrivilegeEscalation, I, r#""Effect": "Allow", "Action": «["iam:PassRole", "ec2:RunInstances"]», "Resource": "arn:aws:iam::*:role/*""#, r#""Effect": "Allow", "Action": ["iam:PassRole", "ec2:RunInstances"], "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}"#),
    (Code::InvalidVersion, RCP, r#"{"Version": «"2008-10-17"», "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#, GOOD_RCP),
    (Code::DenyNeverApplies, I, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": «{"NumericGreaterThan": {"aws:MultiFactorAuthAge": "10"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "5"}}»"#, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "5"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "10"}}"#),
    (Code::DenyNeverApplies, I, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": «{"StringEquals": {"aws:username": []}}»"#, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:username": []}}"#),
    (Code::DenyNeverApplies, I, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": «{"StringEquals": {"aws:username": "ana"}, "StringLike": {"aws:UserName": "b*"}}»"#, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": "ana"}, "StringLike": {"aws:UserName": "${aws:PrincipalTag/name}*"}}"#),
    (Code::DenyNeverApplies, I, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": «{"Null": {"aws:username": "true"}, "StringEquals": {"aws:UserName": "a"}}»"#, r#""Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Null": {"aws:username": "true"}, "StringNotEquals": {"aws:username": "a"}}"#),
    (Code::AllowCoveredByDeny, I, r#"{"Version": "2012-10-17", "Statement": [{"Effect": «"Allow"», "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}"#, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}]}"#),
    (Code::RedundantStatement, I, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, «{»"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}]}"#, r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}, {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}]}"#),
];

fn rows() -> Vec<(Code, PolicyType, String, String)> {
    let with_condition = |condition: &str| {
        // The key decides whether something else is said of the action; this one no catalogue knows.
        text(&format!(
            r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {condition}"#
        ))
    };
    let whole = [ELEMENTS, ACTIONS, RESOURCES, REST].into_iter().flatten();
    let whole = whole.map(|(code, ty, bad, good)| (*code, *ty, text(bad), text(good)));
    let conditions = CONDITIONS
        .iter()
        .map(|(code, bad, good)| (*code, I, with_condition(bad), with_condition(good)));
    whole.chain(conditions).collect()
}

#[test]
fn each_code_is_found_where_it_is_and_not_where_it_is_not() {
    let mut wrong = Vec::new();
    for (code, ty, bad, good) in rows() {
        let (bad, place) = marked(&bad);
        let found = of_code(&bad, ty, code);
        if !found
            .iter()
            .any(|finding| (finding.span.start.byte..finding.span.end.byte) == place)
        {
            wrong.push(format!(
                "{code} is not at {place:?} of {bad}:\n    {:?}",
                validate(&bad, ty, &catalogue())
            ));
        }
        let found = of_code(&good, ty, code);
        if !found.is_empty() {
            wrong.push(format!("{code} is in {good}:\n    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let mut shown: HashSet<Code> = rows().into_iter().map(|(code, ..)| code).collect();
    // In `json`, and below.
    shown.extend([Code::JsonSyntaxError, Code::PolicyTooLong, Code::TooManyFindings]);
    shown.extend([
        Code::PolicySizeExceedsIdentityPolicyQuota,
        Code::PolicySizeExceedsTrustPolicyQuota,
        Code::PolicySizeExceedsScpQuota,
    ]);
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !shown.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(
        Code::ALL.len(),
        Code::ALL
            .iter()
            .map(|code| code.name())
            .collect::<HashSet<_>>()
            .len()
    );
}

#[test]
fn good_policies_have_no_findings() {
    for (ty, good) in [
        (I, GOOD),
        (T, GOOD_TRUST),
        (R, GOOD_RESOURCE),
        (RCP, GOOD_RCP),
        (SCP, GOOD),
    ] {
        assert_eq!(validate(&text(good), ty, &catalogue()), [], "{good}");
    }
}

#[test]
fn a_deny_that_denies_nothing_is_worse_than_an_allow_that_allows_nothing() {
    let statement = |effect| {
        text(&format!(
            r#""Effect": "{effect}", "Action": "chime:ListUsers", "Resource": "arn:aws:chime:us-east-1:111122223333:vc/a""#
        ))
    };
    for (effect, severity) in [("Allow", Severity::Warning), ("Deny", Severity::SecurityWarning)] {
        let found = of_code(&statement(effect), I, Code::ResourceNotSupported);
        assert_eq!(found[0].severity, severity);
        assert!(
            found[0].message.contains("not limited by resource"),
            "{}",
            found[0].message
        );
    }
}

#[test]
fn messages_that_aws_words_are_worded_so() {
    for (given, code, message) in [
        (
            r#""Effect": "Allow", "Action": "chime:GetAccountResources", "Resource": "*""#,
            Code::InvalidAction,
            "The action chime:GetAccountResources does not exist. Did you mean chime:GetAccountResource?",
        ),
        (
            r#""Effect": "Allow", "Action": "chime:GetUser", "Resource": "*", "Condition": {"Bool": {"chime:x": "true"}}"#,
            Code::InvalidServiceConditionKey,
            "The condition key chime:x does not exist in the service chime. Use a valid condition key.",
        ),
    ] {
        assert_eq!(of_code(&text(given), I, code)[0].message, message);
    }
}

#[test]
fn a_path_leads_to_the_place() {
    let given = text(r#""Effect": "Allow", "Action": ["s3:*", "chimee:Get"], "Resource": "*""#);
    let found = of_code(&given, I, Code::InvalidServiceInAction);
    assert_eq!(
        serde_json::to_value(&found[0]).unwrap(),
        serde_json::json!({
            "severity": "ERROR",
            "code": "INVALID_SERVICE_IN_ACTION",
            "message": "there is no service `chimee`; did you mean `chime`?",
            "path": ["Statement", 0, "Action", 1, { "substring": { "start": 0, "length": 6 } }],
            "line": 1, "column": 81, "end_line": 1, "end_column": 87, "offset": 80, "end_offset": 86,
            "fix": {
                "line": 1, "column": 81, "end_line": 1, "end_column": 87, "offset": 80, "end_offset": 86,
                "text": "chime",
            },
        })
    );
}

#[test]
fn fixes_mend_what_they_are_offered_for() {
    for (code, ty, bad, _) in rows() {
        let (bad, _) = marked(&bad);
        let found = of_code(&bad, ty, code);
        let Some(finding) = found.iter().find(|finding| finding.fix.is_some()) else {
            continue;
        };
        let (mended, applied) = apply_fixes(&bad, std::slice::from_ref(finding));
        assert_eq!(applied, 1, "{bad}");
        let left = of_code(&mended, ty, code);
        assert!(left.len() < found.len(), "{code} is still in {mended}: {left:?}");
        let broken = of_code(&mended, ty, Code::JsonSyntaxError);
        assert!(broken.is_empty(), "{code} made {mended}: {broken:?}");
    }
}

#[test]
fn texts_over_a_quota_are_told() {
    let long = |size: usize| {
        format!(
            r#"{{"Version": "2012-10-17", "Id": "{}", "Statement": []}}"#,
            "x".repeat(size)
        )
    };
    for (ty, code, quota) in [
        (I, Code::PolicySizeExceedsIdentityPolicyQuota, 6_144),
        (T, Code::PolicySizeExceedsTrustPolicyQuota, 2_048),
        (SCP, Code::PolicySizeExceedsScpQuota, 5_120),
        (RCP, Code::PolicySizeExceedsScpQuota, 5_120),
    ] {
        assert_eq!(of_code(&long(quota), ty, code).len(), 1, "{code}");
        assert_eq!(of_code(&long(quota - 100), ty, code), [], "{code}");
    }
    let too_long = validate(&" ".repeat(LONGEST_DOCUMENT + 1), I, &catalogue());
    assert_eq!(
        too_long.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        [Code::PolicyTooLong]
    );
}

#[test]
fn there_are_never_more_findings_than_a_person_reads_and_errors_come_first() {
    let actions = vec![r#""nonsense""#; 5_000].join(",");
    let given = text(&format!(
        r#""Sid": "", "Effect": "Allow", "Action": [{actions}], "Resource": "*""#
    ));
    let findings = validate(&given, I, &catalogue());
    assert_eq!(findings.len(), MOST_FINDINGS);
    assert_eq!(
        findings.last().map(|finding| finding.code),
        Some(Code::TooManyFindings)
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity != Severity::Suggestion)
    );
}

/// The part of the reference that is written from the declarations.
fn written_reference() -> String {
    let mut text = String::new();
    for severity in [
        Severity::Error,
        Severity::SecurityWarning,
        Severity::Warning,
        Severity::Suggestion,
    ] {
        for code in Code::ALL.iter().filter(|code| code.severity() == severity) {
            text.push_str(&format!(
                "\n### {}\n\n{}: {}\n",
                code.name(),
                severity.as_str(),
                code.description()
            ));
        }
    }
    text
}

#[test]
fn the_reference_is_what_the_declarations_say() {
    const MARK: &str = "carillon-policy reference`. -->\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy-validation.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text
        .split_once(MARK)
        .expect("a mark where the written part begins");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{MARK}{}", written_reference())).unwrap();
    } else {
        assert!(
            after == written_reference(),
            "out of date: UPDATE=1 cargo test -p carillon-policy reference"
        );
    }
}
