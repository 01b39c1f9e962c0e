//! Identity providers outside AWS that speak OpenID Connect: whose tokens roles may trust.

mod jose;
pub(crate) mod operations;
pub(crate) mod rows;
pub(crate) mod settings;
pub(crate) mod token;

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Listed;
use carillon_aws::string_type;
use carillon_aws::time::Timestamp;
use carillon_operation::Caller;
use carillon_store::{ReadTx, StoreError};

use crate::error::Error;
use crate::identity_provider::Kind;
use crate::name::Arn;

/// Identity providers in one AWS account. Source: IAM User Guide, "IAM and STS quotas".
pub(crate) const PROVIDERS: usize = 100;
/// Client identifiers of one provider. Source: as above.
pub(crate) const CLIENT_IDS: usize = 100;

pub(crate) const KIND: Kind = Kind {
    resource_type: "AWS::IAM::OIDCProvider",
    prefix: "oidc-provider/",
};
const SCHEME: &str = "https://";

string_type! {
    /// The issuer: what tokens have in `iss`.
    pub OpenIDConnectProviderUrl, min: 1, max: 255, example: "https://login.example.com"
}

string_type! {
    /// An audience: what tokens have in `aud`.
    pub ClientId, min: 1, max: 255, example: "my-application"
}

string_type! {
    /// The SHA-1 digest of a certificate, in hexadecimal.
    pub Thumbprint, min: 40, max: 40, pattern: "[0-9A-Fa-f]+",
    example: "990f4193972f2becf12ddeda5237f9c952f20d9e"
}

/// Certificates that are trusted for a provider although no authority of the system's vouches for them.
pub(crate) type Thumbprints = Listed<Thumbprint, 0, 5>;

/// An identity provider as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderRow {
    /// The issuer without `https://`.
    pub name: String,
    pub client_ids: Vec<String>,
    pub thumbprints: Vec<String>,
    pub created_at: Timestamp,
}

impl ProviderRow {
    pub fn arn(&self, account: AwsAccountId) -> String {
        KIND.arn(account, &self.name)
    }

    /// What tokens of this provider have in `iss`.
    pub fn issuer(&self) -> String {
        format!("{SCHEME}{}", self.name)
    }
}

/// The name of the provider that is this issuer: a host, perhaps with a port, and a path.
///
/// AWS allows no port. Here providers inside a network may have one.
pub(crate) fn name_of(issuer: &str) -> Option<&str> {
    let name = issuer.strip_prefix(SCHEME)?;
    let (authority, _) = name.split_once('/').unwrap_or((name, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_host = !host.is_empty()
        && !host.starts_with(['.', '-'])
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+');
    let is_plain = name.bytes().all(|byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'\\' | b'@' | b'<' | b'>')
    });
    (is_host && is_port && is_plain).then_some(name)
}

/// The provider with this ARN, if it is one of the AWS account.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    arn: &str,
) -> Result<Option<ProviderRow>, StoreError> {
    match KIND.name_in(account, arn) {
        Some(name) => rows::find(tx, account, name).await,
        None => Ok(None),
    }
}

/// The provider with this ARN, or `NoSuchEntity`.
async fn require(tx: &mut ReadTx, account: AwsAccountId, arn: &Arn) -> Result<ProviderRow, Error> {
    find(tx, account, arn.as_str())
        .await?
        .ok_or_else(|| Error::NotFound(format!("OpenIDConnect Provider not found for arn {arn}")))
}

/// The identifier that the tags of a provider are kept under: its ARN.
pub(crate) async fn tagged(tx: &mut ReadTx, caller: &Caller, arn: &Arn) -> Result<String, Error> {
    require(tx, caller.aws_account_id, arn).await?;
    Ok(arn.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_host_with_a_path() {
        for (issuer, name) in [
            ("https://login.example.com", "login.example.com"),
            ("https://login.example.com/", "login.example.com/"),
            ("https://a.b/realms/x_y", "a.b/realms/x_y"),
            ("https://127.0.0.1:9009", "127.0.0.1:9009"),
        ] {
            assert_eq!(name_of(issuer), Some(name), "{issuer}");
        }
        for issuer in [
            "login.example.com",
            "http://login.example.com",
            "https://",
            "https:///x",
            "https://a.b:0",
            "https://a.b:70000",
            "https://a.b:+443",
            "https://a.b:",
            "https://a.b?x=y",
            "https://a.b/#x",
            "https://ben@a.b",
            "https://a b",
            "https://[::1]",
            "https://-a",
            "https://ä.example.com",
        ] {
            assert_eq!(name_of(issuer), None, "{issuer}");
        }
    }
}
