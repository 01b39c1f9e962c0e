//! What callers may ask of an identity provider that exists: its audiences and thumbprints.

use carillon_operation::{Caller, Context, Fault, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operations::add_client_id;
use super::{ClientId, KIND, Thumbprints, require, rows};
use crate::error::Error;
use crate::name::Arn;

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
        KIND.target(tx, caller, &self.arn).await
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
        KIND.target(tx, caller, &self.arn).await
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
        KIND.target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut provider = require(cx.tx, account, &self.arn).await?;
        provider.thumbprints = self.thumbprint_list.iter().map(ToString::to_string).collect();
        rows::update(cx.tx, account, &provider).await?;
        Ok(())
    }
}
