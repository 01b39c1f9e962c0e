//! What callers may ask of identity providers: making, finding and removing them.

use carillon_aws::shape::Listed;
use carillon_aws::time::IsoSeconds;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CLIENT_IDS, ClientId, KIND, OpenIDConnectProviderUrl, PROVIDERS, ProviderRow, Thumbprints, name_of,
    require, rows,
};
use crate::error::Error;
use crate::name::Arn;
use crate::tag::{self, Tag, TagShape};

/// Makes an identity provider known whose tokens roles may trust.
///
/// The provider's certificate must be one that the system trusts, or the last one of its chain one of the
/// thumbprints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateOpenIDConnectProvider {
    url: OpenIDConnectProviderUrl,
    #[serde(default, rename = "ClientIDList")]
    client_id_list: Vec<ClientId>,
    #[serde(default)]
    thumbprint_list: Thumbprints,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The new provider.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    open_id_connect_provider_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

impl Operation for CreateOpenIDConnectProvider {
    const SPEC: Spec = Spec::named("iam:CreateOpenIDConnectProvider");

    type Access = Write;
    type Output = CreatedProvider;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let url = self.url.as_str();
        let name = name_of(url).unwrap_or(url);
        Ok(KIND.target_of_new(caller.aws_account_id, name, &self.tags))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<CreatedProvider, Error> {
        let account = cx.aws_account_id();
        let url = self.url.as_str();
        let name = name_of(url)
            .ok_or_else(|| Error::Validation("Invalid Open ID Connect Provider URL".to_owned()))?;
        tag::check(&self.tags)?;
        let names = rows::names(cx.tx, account).await?;
        if names.iter().any(|known| known == name) {
            return Err(Error::AlreadyExists(format!(
                "Provider with url {url} already exists."
            )));
        }
        if names.len() >= PROVIDERS {
            return Err(Error::LimitExceeded {
                quota: "OpenIdConnectProvidersPerAccount",
                limit: PROVIDERS,
            });
        }
        let mut provider = ProviderRow {
            name: name.to_owned(),
            client_ids: Vec::new(),
            thumbprints: self.thumbprint_list.iter().map(ToString::to_string).collect(),
            created_at: cx.now,
        };
        for client_id in &self.client_id_list {
            add_client_id(&mut provider, client_id)?;
        }
        rows::insert(cx.tx, account, &provider).await?;
        let arn = provider.arn(account);
        tag::put(cx.tx, &arn, &self.tags).await?;
        Ok(CreatedProvider {
            open_id_connect_provider_arn: arn,
            tags: tag::shown(tag::pairs(&self.tags)),
        })
    }
}

/// Adds an audience, unless the provider has it.
pub(super) fn add_client_id(provider: &mut ProviderRow, client_id: &ClientId) -> Result<(), Error> {
    if provider
        .client_ids
        .iter()
        .any(|known| known == client_id.as_str())
    {
        return Ok(());
    }
    if provider.client_ids.len() >= CLIENT_IDS {
        return Err(Error::LimitExceeded {
            quota: "ClientIdsPerOpenIdConnectProvider",
            limit: CLIENT_IDS,
        });
    }
    provider.client_ids.push(client_id.to_string());
    Ok(())
}

/// Returns an identity provider.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GetOpenIDConnectProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
}

/// An identity provider.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProviderOutput {
    /// Without `https://`.
    url: String,
    #[serde(rename = "ClientIDList")]
    client_id_list: Vec<String>,
    thumbprint_list: Vec<String>,
    create_date: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

impl Operation for GetOpenIDConnectProvider {
    const SPEC: Spec = Spec::named("iam:GetOpenIDConnectProvider");

    type Access = Read;
    type Output = ProviderOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        KIND.target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ProviderOutput, Error> {
        let provider = require(cx.tx, cx.caller.aws_account_id, &self.arn).await?;
        let tags = tag::of(cx.tx, self.arn.as_str()).await?;
        Ok(ProviderOutput {
            url: provider.name,
            client_id_list: provider.client_ids,
            thumbprint_list: provider.thumbprints,
            create_date: IsoSeconds(provider.created_at),
            tags: tag::shown(tags),
        })
    }
}

/// Lists the identity providers of the AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ListOpenIDConnectProviders {}

/// Identity providers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Providers {
    #[serde(rename = "OpenIDConnectProviderList")]
    providers: Vec<ProviderEntry>,
}

/// An identity provider in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProviderEntry {
    arn: String,
}

impl Operation for ListOpenIDConnectProviders {
    const SPEC: Spec = Spec::named("iam:ListOpenIDConnectProviders");

    type Access = List;
    type Output = Providers;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Providers, Error> {
        let account = cx.aws_account_id();
        let names = rows::names(cx.tx, account).await?;
        Ok(Providers {
            providers: names
                .iter()
                .map(|name| ProviderEntry {
                    arn: KIND.arn(account, name),
                })
                .collect(),
        })
    }
}

/// Deletes an identity provider. Roles that trust it stay, and nobody assumes them by it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DeleteOpenIDConnectProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
}

impl Operation for DeleteOpenIDConnectProvider {
    const SPEC: Spec = Spec::named("iam:DeleteOpenIDConnectProvider");

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
