//! The condition keys that every service has.

use super::KeyKind;

/// A key of the prefix `aws`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GlobalKey {
    /// As AWS writes it. One that ends in `/` goes before the key of a tag.
    pub name: &'static str,
    pub kind: KeyKind,
    pub multivalued: bool,
    /// What replaced it, of a key that AWS advises against.
    pub replaced_by: Option<&'static str>,
}

/// The key of this name, in any case; of tag keys, whatever the tag.
pub(crate) fn global_key(name: &str) -> Option<&'static GlobalKey> {
    GLOBAL_KEYS.iter().find(|key| {
        if key.name.ends_with('/') {
            name.get(..key.name.len())
                .is_some_and(|prefix| prefix.eq_ignore_ascii_case(key.name))
        } else {
            key.name.eq_ignore_ascii_case(name)
        }
    })
}

/// All of them.
pub(crate) fn global_keys() -> impl Iterator<Item = &'static GlobalKey> {
    GLOBAL_KEYS.iter()
}

/// The keys of the prefix `saml`, which belong to no service: trust policies alone have them.
pub(crate) fn saml_keys() -> impl Iterator<Item = &'static GlobalKey> {
    SAML_KEYS.iter()
}

const fn one(name: &'static str, kind: KeyKind) -> GlobalKey {
    GlobalKey {
        name,
        kind,
        multivalued: false,
        replaced_by: None,
    }
}

const fn many(name: &'static str, kind: KeyKind) -> GlobalKey {
    GlobalKey {
        multivalued: true,
        ..one(name, kind)
    }
}

/// Source: IAM User Guide, "AWS global condition context keys".
const GLOBAL_KEYS: &[GlobalKey] = &[
    one("aws:AssumedRoot", KeyKind::Bool),
    GlobalKey {
        replaced_by: Some("aws:PrincipalArn"),
        ..one("aws:arn", KeyKind::Arn)
    },
    many("aws:CalledVia", KeyKind::Text),
    one("aws:CalledViaFirst", KeyKind::Text),
    one("aws:CalledViaLast", KeyKind::Text),
    one("aws:ChatbotSourceArn", KeyKind::Arn),
    one("aws:CurrentTime", KeyKind::Date),
    one("aws:EpochTime", KeyKind::Date),
    one("aws:FederatedProvider", KeyKind::Text),
    one("aws:MultiFactorAuthAge", KeyKind::Number),
    one("aws:MultiFactorAuthPresent", KeyKind::Bool),
    one("aws:PrincipalAccount", KeyKind::Text),
    one("aws:PrincipalArn", KeyKind::Arn),
    one("aws:PrincipalIsAWSService", KeyKind::Bool),
    one("aws:PrincipalOrgID", KeyKind::Text),
    many("aws:PrincipalOrgPaths", KeyKind::Text),
    one("aws:PrincipalServiceName", KeyKind::Text),
    many("aws:PrincipalServiceNamesList", KeyKind::Text),
    one("aws:PrincipalTag/", KeyKind::Text),
    one("aws:PrincipalType", KeyKind::Text),
    one("aws:referer", KeyKind::Text),
    one("aws:RequestedRegion", KeyKind::Text),
    one("aws:RequestTag/", KeyKind::Text),
    one("aws:ResourceAccount", KeyKind::Text),
    one("aws:ResourceOrgID", KeyKind::Text),
    many("aws:ResourceOrgPaths", KeyKind::Text),
    one("aws:ResourceTag/", KeyKind::Text),
    one("aws:SecureTransport", KeyKind::Bool),
    one("aws:SourceAccount", KeyKind::Text),
    one("aws:SourceArn", KeyKind::Arn),
    one("aws:SourceIdentity", KeyKind::Text),
    one("aws:SourceIp", KeyKind::Address),
    one("aws:SourceOrgID", KeyKind::Text),
    many("aws:SourceOrgPaths", KeyKind::Text),
    one("aws:SourceVpc", KeyKind::Text),
    one("aws:SourceVpcArn", KeyKind::Arn),
    one("aws:SourceVpce", KeyKind::Text),
    many("aws:TagKeys", KeyKind::Text),
    one("aws:TokenIssueTime", KeyKind::Date),
    one("aws:UserAgent", KeyKind::Text),
    one("aws:userid", KeyKind::Text),
    one("aws:username", KeyKind::Text),
    one("aws:ViaAWSService", KeyKind::Bool),
    one("aws:VpceAccount", KeyKind::Text),
    one("aws:VpceOrgID", KeyKind::Text),
    many("aws:VpceOrgPaths", KeyKind::Text),
    one("aws:VpcSourceIp", KeyKind::Address),
    one("aws:Ec2InstanceSourceVpc", KeyKind::Text),
    one("aws:Ec2InstanceSourcePrivateIPv4", KeyKind::Address),
    one("aws:SourceInstanceArn", KeyKind::Arn),
    one("ec2:SourceInstanceARN", KeyKind::Arn),
    one("lambda:SourceFunctionArn", KeyKind::Arn),
    one("ssm:SourceInstanceARN", KeyKind::Arn),
    one("identitystore:UserId", KeyKind::Text),
    one("glue:RoleAssumedBy", KeyKind::Text),
];

/// Source: IAM User Guide, "IAM and AWS STS condition context keys".
const SAML_KEYS: &[GlobalKey] = &[
    one("saml:aud", KeyKind::Text),
    many("saml:cn", KeyKind::Text),
    one("saml:commonName", KeyKind::Text),
    one("saml:doc", KeyKind::Text),
    many("saml:eduorghomepageuri", KeyKind::Text),
    many("saml:eduorgidentityauthnpolicyuri", KeyKind::Text),
    many("saml:eduorglegalname", KeyKind::Text),
    many("saml:eduorgsuperioruri", KeyKind::Text),
    many("saml:eduorgwhitepagesuri", KeyKind::Text),
    many("saml:edupersonaffiliation", KeyKind::Text),
    many("saml:edupersonassurance", KeyKind::Text),
    many("saml:edupersonentitlement", KeyKind::Text),
    many("saml:edupersonnickname", KeyKind::Text),
    one("saml:edupersonorgdn", KeyKind::Text),
    many("saml:edupersonorgunitdn", KeyKind::Text),
    one("saml:edupersonprimaryaffiliation", KeyKind::Text),
    one("saml:edupersonprimaryorgunitdn", KeyKind::Text),
    one("saml:edupersonprincipalname", KeyKind::Text),
    many("saml:edupersonscopedaffiliation", KeyKind::Text),
    many("saml:edupersontargetedid", KeyKind::Text),
    one("saml:givenName", KeyKind::Text),
    one("saml:iss", KeyKind::Text),
    one("saml:mail", KeyKind::Text),
    one("saml:name", KeyKind::Text),
    one("saml:namequalifier", KeyKind::Text),
    one("saml:organizationStatus", KeyKind::Text),
    one("saml:primaryGroupSID", KeyKind::Text),
    one("saml:sub", KeyKind::Text),
    one("saml:sub_type", KeyKind::Text),
    one("saml:surname", KeyKind::Text),
    one("saml:uid", KeyKind::Text),
    one("saml:x500UniqueIdentifier", KeyKind::Text),
];
