//! What callers may ask of an identity provider that exists: its audiences, thumbprints and tags.

use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, List, Operation, Spec, Tagging, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operations::add_client_id;
use super::{ClientId, Thumbprints, require, rows, target};
use crate::error::Error;
use crate::name::{Arn, Marker};
use crate::page::MaxItems;
use crate::tag::{self, Tag, TagKey, TagPage};

/// Adds an audience whose tokens count. One that is there stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddClientIDToOpenIDConnectProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
    #[serde(rename = "ClientID")]
    client_id: ClientId,
}

impl Operation for AddClientIDToOpenIDConnectProvider {
    const SPEC: Spec = Spec::named("iam:AddClientIDToOpenIDConnectProvider");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut provider = require(cx.tx, account, &self.arn).await?;
        add_client_id(&mut provider, &self.client_id)?;
        rows::update(cx.tx, account, &provider).await?;
        Ok(())
    }
}

/// Removes an audience. One that is not there is no error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemoveClientIDFromOpenIDConnectProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
    #[serde(rename = "ClientID")]
    client_id: ClientId,
}

impl Operation for RemoveClientIDFromOpenIDConnectProvider {
    const SPEC: Spec = Spec::named("iam:RemoveClientIDFromOpenIDConnectProvider");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut provider = require(cx.tx, account, &self.arn).await?;
        provider
            .client_ids
            .retain(|known| known != self.client_id.as_str());
        rows::update(cx.tx, account, &provider).await?;
        Ok(())
    }
}

/// Replaces all thumbprints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateOpenIDConnectProviderThumbprint {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
    thumbprint_list: Thumbprints,
}

impl Operation for UpdateOpenIDConnectProviderThumbprint {
    const SPEC: Spec = Spec::named("iam:UpdateOpenIDConnectProviderThumbprint");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut provider = require(cx.tx, account, &self.arn).await?;
        provider.thumbprints = self.thumbprint_list.iter().map(ToString::to_string).collect();
        rows::update(cx.tx, account, &provider).await?;
        Ok(())
    }
}

/// Adds tags to an identity provider.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagOpenIDConnectProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
    tags: Listed<Tag, 0, 50>,
}

impl Operation for TagOpenIDConnectProvider {
    const SPEC: Spec = Spec::named("iam:TagOpenIDConnectProvider");

    type Access = Tagging;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, &self.arn).await?;
        tag::given(&mut target, &self.tags);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        tag::check(&self.tags)?;
        require(cx.tx, cx.caller.aws_account_id, &self.arn).await?;
        tag::put(cx.tx, self.arn.as_str(), &self.tags).await
    }
}

/// Removes tags from an identity provider.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UntagOpenIDConnectProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
    tag_keys: Listed<TagKey, 0, 50>,
}

impl Operation for UntagOpenIDConnectProvider {
    const SPEC: Spec = Spec::named("iam:UntagOpenIDConnectProvider");

    type Access = Tagging;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = target(tx, caller, &self.arn).await?;
        target.tag_keys = self.tag_keys.iter().map(ToString::to_string).collect();
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        require(cx.tx, cx.caller.aws_account_id, &self.arn).await?;
        tag::remove(cx.tx, self.arn.as_str(), &self.tag_keys).await?;
        Ok(())
    }
}

/// Lists the tags of an identity provider by key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListOpenIDConnectProviderTags {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: Arn,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

impl Operation for ListOpenIDConnectProviderTags {
    const SPEC: Spec = Spec::named("iam:ListOpenIDConnectProviderTags");

    type Access = List;
    type Output = TagPage;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<TagPage, Error> {
        require(cx.tx, cx.caller.aws_account_id, &self.arn).await?;
        let tags = tag::of(cx.tx, self.arn.as_str()).await?;
        tag::page(cx, self.arn.as_str(), tags, self.marker.as_ref(), self.max_items)
    }
}
