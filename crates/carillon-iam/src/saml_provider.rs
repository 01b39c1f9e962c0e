//! Identity providers outside AWS that speak SAML 2.0: whose assertions roles may trust.

pub(crate) mod operations;
pub(crate) mod rows;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carillon_aws::id::AwsAccountId;
use carillon_aws::string_type;
use carillon_aws::time::Timestamp;
use carillon_operation::Caller;
use carillon_saml::{IdentityProvider, Metadata};
use carillon_store::{ReadTx, StoreError};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::error::Error;
use crate::identity_provider::Kind;
use crate::name::Arn;

/// Providers in one AWS account. Source: IAM User Guide, "IAM and STS quotas".
pub(crate) const SAML_PROVIDERS: usize = 100;

pub(crate) const KIND: Kind = Kind {
    resource_type: "AWS::IAM::SAMLProvider",
    prefix: "saml-provider/",
};
/// How long a provider is good for whose metadata does not say, in seconds: a hundred years, as with AWS.
const LONG: i64 = 100 * 365 * 86_400;

string_type! {
    /// What the identity provider says of itself: XML.
    pub SAMLMetadataDocument, min: 1000, max: 10_000_000
}

string_type! {
    /// The name of a provider.
    pub SAMLProviderName, min: 1, max: 128, pattern: r"[\w._-]+", example: "Corporate"
}

string_type! {
    /// A key that opens encrypted assertions, which this server does not take.
    pub SAMLPrivateKey, min: 1, max: 16384, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+", sensitive
}

string_type! {
    /// The identifier of a key that opens encrypted assertions.
    pub SAMLPrivateKeyId, min: 22, max: 64, pattern: "[A-Z0-9]+"
}

carillon_aws::string_enum! {
    /// Whether assertions must be encrypted.
    pub enum AssertionEncryptionMode { Required, Allowed }
}

/// An identity provider, as far as it is asked for at a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SamlProviderRow {
    pub name: String,
    /// Unique, and nothing that anybody is asked for.
    pub id: String,
    /// What its assertions have as `Issuer`.
    pub entity_id: String,
    /// That it signs with: DER in base64.
    pub certificates: Vec<String>,
    pub valid_until: Timestamp,
    pub created_at: Timestamp,
}

impl SamlProviderRow {
    pub fn arn(&self, account: AwsAccountId) -> String {
        KIND.arn(account, &self.name)
    }

    /// Takes over what newly sent metadata says.
    ///
    /// # Errors
    ///
    /// When the metadata is of no use, or not any more.
    pub fn describe(&mut self, metadata: &SAMLMetadataDocument, now: Timestamp) -> Result<(), Error> {
        let read =
            Metadata::read(metadata.as_str()).map_err(|error| Error::InvalidInput(error.to_string()))?;
        if read.valid_until.is_some_and(|end| end <= now) {
            return Err(Error::InvalidInput(
                "Could not parse metadata: its validUntil has passed".to_owned(),
            ));
        }
        let certificates = read.certificates.iter();
        self.certificates = certificates.map(|der| BASE64_STANDARD.encode(der)).collect();
        self.entity_id = read.entity_id;
        self.valid_until = read
            .valid_until
            .unwrap_or_else(|| Timestamp::from_seconds(now.as_seconds().saturating_add(LONG)));
        Ok(())
    }

    /// Whom its assertions must be of.
    pub fn identity(&self) -> IdentityProvider {
        IdentityProvider {
            entity_id: self.entity_id.clone(),
            certificates: self
                .certificates
                .iter()
                .filter_map(|text| BASE64_STANDARD.decode(text).ok())
                .collect(),
        }
    }

    /// What with the subject names one person among those of all providers.
    ///
    /// Source: STS API Reference, `AssumeRoleWithSAML`, `NameQualifier`.
    pub fn name_qualifier(&self, account: AwsAccountId) -> String {
        let text = format!("{}{account}/{}", self.entity_id, self.name);
        BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
    }
}

/// The provider with this ARN, if it is one of the AWS account.
pub(crate) async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    arn: &str,
) -> Result<Option<SamlProviderRow>, StoreError> {
    match KIND.name_in(account, arn) {
        Some(name) => rows::find(tx, account, name).await,
        None => Ok(None),
    }
}

/// The provider with this ARN, or `NoSuchEntity`.
async fn require(tx: &mut ReadTx, account: AwsAccountId, arn: &Arn) -> Result<SamlProviderRow, Error> {
    find(tx, account, arn.as_str())
        .await?
        .ok_or_else(|| Error::NotFound(format!("Manifest not found for arn {arn}")))
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
    fn a_person_is_named_as_aws_does() {
        let provider = SamlProviderRow {
            name: "MySAMLIdP".to_owned(),
            id: String::new(),
            entity_id: "https://example.com/saml".to_owned(),
            certificates: Vec::new(),
            valid_until: Timestamp::MAX,
            created_at: Timestamp::EPOCH,
        };
        let account = "123456789012".parse().unwrap();
        // printf '%s' 'https://example.com/saml123456789012/MySAMLIdP' | openssl sha1 -binary | base64
        assert_eq!(provider.name_qualifier(account), "1uAJanUnBc2XeUkHURMht+xam2c=");
    }
}
