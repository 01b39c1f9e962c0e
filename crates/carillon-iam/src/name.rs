//! The forms of names, paths and identifiers. Source: IAM API reference.

use carillon_aws::string_type;

/// What AWS says of a name with other characters.
pub(crate) const NAME: &str = "It must contain only alphanumeric characters and/or the following: +=,.@_-";
const PATH: &str =
    "It must begin and end with / and contain only alphanumeric characters and/or / characters.";
const PATH_PREFIX: &str =
    "It must begin with the / character and contain only alphanumeric characters and/or / characters.";

string_type! {
    /// The name of a user. Names that exist may be longer than those that can be made.
    pub UserName, min: 1, max: 64, pattern: r"[\w+=,.@-]+", form: NAME, example: "ada"
}

string_type! {
    /// The name of a user that exists.
    pub ExistingUserName, min: 1, max: 128, pattern: r"[\w+=,.@-]+", form: NAME, example: "ada"
}

string_type! {
    /// The name of a group.
    pub GroupName, min: 1, max: 128, pattern: r"[\w+=,.@-]+", form: NAME, example: "admins"
}

string_type! {
    /// The name of a role.
    pub RoleName, min: 1, max: 64, pattern: r"[\w+=,.@-]+", form: NAME, example: "helpdesk"
}

string_type! {
    /// The name of a policy, managed or inline.
    pub PolicyName, min: 1, max: 128, pattern: r"[\w+=,.@-]+", form: NAME, example: "readers"
}

string_type! {
    /// The path of a user, group or role: `/`, or names between slashes.
    pub Path, min: 1, max: 512, pattern: r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", form: PATH,
    example: "/"
}

string_type! {
    /// The beginning of a path.
    pub PathPrefix, min: 1, max: 512, pattern: r"\u002F[\u0021-\u007F]*", form: PATH_PREFIX, example: "/"
}

string_type! {
    /// The path of a managed policy.
    pub PolicyPath, min: 1, max: 512, pattern: r"((/[A-Za-z0-9\.,\+@=_-]+)*)/", form: PATH,
    example: "/"
}

string_type! {
    /// An Amazon Resource Name.
    pub Arn, min: 20, max: 2048, example: "arn:aws:iam::aws:policy/AmazonChimeReadOnly"
}

string_type! {
    /// Where the last page ended.
    pub Marker, min: 1, max: 320, pattern: r"[\u0020-\u00FF]+", example: "marker"
}

string_type! {
    /// The text of a policy.
    pub PolicyDocument, min: 1, max: 131072, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    example: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":"*"}]}"#
}

string_type! {
    /// The identifier of an access key.
    pub AccessKeyId, min: 16, max: 128, pattern: r"[\w]+", example: "AKIAIOSFODNN7EXAMPLE"
}

string_type! {
    /// A certificate in PEM.
    pub CertificateBody, min: 1, max: 16384, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    example: "-----BEGIN CERTIFICATE-----"
}
