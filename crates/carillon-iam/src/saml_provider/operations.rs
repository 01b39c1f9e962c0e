//! What callers may ask of identity providers that speak SAML.

use carillon_aws::shape::Listed;
use carillon_aws::time::IsoSeconds;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use data_encoding::BASE32_NOPAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AssertionEncryptionMode, KIND, SAML_PROVIDERS, SAMLMetadataDocument, SAMLPrivateKey, SAMLPrivateKeyId,
    SAMLProviderName, SamlProviderRow, require, rows,
};
use crate::error::Error;
use crate::name::Arn;
use crate::tag::{self, Tag, TagShape};

/// Makes an identity provider known whose assertions roles may trust.
///
/// Assertions that are encrypted are not taken, so a key that opens them is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateSAMLProvider {
    #[serde(rename = "SAMLMetadataDocument")]
    metadata: SAMLMetadataDocument,
    name: SAMLProviderName,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
    assertion_encryption_mode: Option<AssertionEncryptionMode>,
    add_private_key: Option<SAMLPrivateKey>,
}

/// The new provider.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedSAMLProvider {
    #[serde(rename = "SAMLProviderArn")]
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

impl Operation for CreateSAMLProvider {
    const SPEC: Spec = Spec::named("iam:CreateSAMLProvider");

    type Access = Write;
    type Output = CreatedSAMLProvider;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        Ok(KIND.target_of_new(caller.aws_account_id, self.name.as_str(), &self.tags))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<CreatedSAMLProvider, Error> {
        let account = cx.aws_account_id();
        let name = self.name.as_str();
        refuse_encryption(self.assertion_encryption_mode.is_some() || self.add_private_key.is_some())?;
        tag::check(&self.tags)?;
        let mut random = [0; 15];
        cx.entropy().fill(&mut random);
        let mut provider = SamlProviderRow {
            name: name.to_owned(),
            id: BASE32_NOPAD.encode(&random),
            entity_id: String::new(),
            certificates: Vec::new(),
            valid_until: cx.now,
            created_at: cx.now,
        };
        provider.describe(&self.metadata, cx.now)?;
        if rows::find(cx.tx, account, name).await?.is_some() {
            return Err(Error::AlreadyExists(format!(
                "Provider with name {name} already exists."
            )));
        }
        if rows::count(cx.tx, account).await? >= SAML_PROVIDERS {
            return Err(Error::LimitExceeded {
                quota: "SAMLProvidersPerAccount",
                limit: SAML_PROVIDERS,
            });
        }
        rows::insert(cx.tx, account, &provider, self.metadata.as_str()).await?;
        let arn = provider.arn(account);
        tag::put(cx.tx, &arn, &self.tags).await?;
        Ok(CreatedSAMLProvider {
            arn,
            tags: tag::shown(tag::pairs(&self.tags)),
        })
    }
}

fn refuse_encryption(is_wanted: bool) -> Result<(), Error> {
    if is_wanted {
        return Err(Error::InvalidInput(
            "Encrypted assertions are not supported: AssertionEncryptionMode, AddPrivateKey and RemovePrivateKey must \
             not be given."
                .to_owned(),
        ));
    }
    Ok(())
}

/// Replaces the metadata of an identity provider, as when it has a new key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateSAMLProvider {
    #[serde(rename = "SAMLMetadataDocument")]
    metadata: Option<SAMLMetadataDocument>,
    #[serde(rename = "SAMLProviderArn")]
    arn: Arn,
    assertion_encryption_mode: Option<AssertionEncryptionMode>,
    add_private_key: Option<SAMLPrivateKey>,
    remove_private_key: Option<SAMLPrivateKeyId>,
}

/// The provider that was updated.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UpdatedSAMLProvider {
    #[serde(rename = "SAMLProviderArn")]
    arn: String,
}

impl Operation for UpdateSAMLProvider {
    const SPEC: Spec = Spec::named("iam:UpdateSAMLProvider");

    type Access = Write;
    type Output = UpdatedSAMLProvider;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        KIND.target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UpdatedSAMLProvider, Error> {
        let account = cx.aws_account_id();
        refuse_encryption(
            self.assertion_encryption_mode.is_some()
                || self.add_private_key.is_some()
                || self.remove_private_key.is_some(),
        )?;
        let mut provider = require(cx.tx, account, &self.arn).await?;
        let metadata = self.metadata.as_ref().ok_or_else(|| {
            Error::InvalidInput(
                "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
                    .to_owned(),
            )
        })?;
        provider.describe(metadata, cx.now)?;
        rows::update(cx.tx, account, &provider, metadata.as_str()).await?;
        Ok(UpdatedSAMLProvider {
            arn: self.arn.to_string(),
        })
    }
}

/// Returns an identity provider with its metadata.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GetSAMLProvider {
    #[serde(rename = "SAMLProviderArn")]
    arn: Arn,
}

/// An identity provider.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SAMLProviderOutput {
    #[serde(rename = "SAMLProviderUUID")]
    id: String,
    /// As it was sent.
    #[serde(rename = "SAMLMetadataDocument")]
    metadata: String,
    create_date: IsoSeconds,
    /// After that its assertions count no more.
    valid_until: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

impl Operation for GetSAMLProvider {
    const SPEC: Spec = Spec::named("iam:GetSAMLProvider");

    type Access = Read;
    type Output = SAMLProviderOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        KIND.target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SAMLProviderOutput, Error> {
        let account = cx.aws_account_id();
        let provider = require(cx.tx, account, &self.arn).await?;
        let tags = tag::of(cx.tx, self.arn.as_str()).await?;
        Ok(SAMLProviderOutput {
            metadata: rows::metadata(cx.tx, account, &provider.name).await?,
            id: provider.id,
            create_date: IsoSeconds(provider.created_at),
            valid_until: IsoSeconds(provider.valid_until),
            tags: tag::shown(tags),
        })
    }
}

/// Lists the identity providers of the AWS account that speak SAML.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ListSAMLProviders {}

/// Identity providers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SAMLProviders {
    #[serde(rename = "SAMLProviderList")]
    providers: Vec<SAMLProviderEntry>,
}

/// An identity provider in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SAMLProviderEntry {
    arn: String,
    valid_until: IsoSeconds,
    create_date: IsoSeconds,
}

impl Operation for ListSAMLProviders {
    const SPEC: Spec = Spec::named("iam:ListSAMLProviders");

    type Access = List;
    type Output = SAMLProviders;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SAMLProviders, Error> {
        let account = cx.aws_account_id();
        let providers = rows::all(cx.tx, account).await?;
        Ok(SAMLProviders {
            providers: providers
                .iter()
                .map(|provider| SAMLProviderEntry {
                    arn: provider.arn(account),
                    valid_until: IsoSeconds(provider.valid_until),
                    create_date: IsoSeconds(provider.created_at),
                })
                .collect(),
        })
    }
}

/// Deletes an identity provider. Roles that trust it stay, and nobody assumes them by it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DeleteSAMLProvider {
    #[serde(rename = "SAMLProviderArn")]
    arn: Arn,
}

impl Operation for DeleteSAMLProvider {
    const SPEC: Spec = Spec::named("iam:DeleteSAMLProvider");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        KIND.target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let provider = require(cx.tx, account, &self.arn).await?;
        tag::remove_all(cx.tx, self.arn.as_str()).await?;
        rows::delete(cx.tx, account, &provider.name).await?;
        Ok(())
    }
}
