//! What callers may ask of domains.

use carillon_aws::id::token;
use carillon_operation::{Context, FA, List, Operation, RO, Read, Spec, UM, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name::{DomainInPath, DomainName, WireDomainName};
use super::{Domain, DomainRow, DomainStatus, MOST, WAITING, jobs, release, rows};
use crate::account::{self, ManagedAccount};
use crate::error::Error;
use crate::name::{AccountId, ResultMax, result_max};
use crate::page::beginning;

/// The answer of operations about one domain.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DomainOutput {
    domain: Domain,
}

/// The domain of the account that a path names, in whatever script.
pub(super) async fn require(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    name: &DomainInPath,
) -> Result<DomainRow, Error> {
    let found = match DomainName::parse(name.as_str()) {
        Ok(name) => rows::find(tx, account, name.as_str()).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Error::domain_not_found(name.as_str()))
}

/// Claims a domain for an account. The claim is proved by a TXT record, which the answer shows and the server looks for.
/// What was given up after 72 hours begins again with a new record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddDomain {
    account_id: AccountId,
    domain_name: WireDomainName,
}

impl Operation for AddDomain {
    const SPEC: Spec = Spec::rest("chime:AddDomain", "POST /accounts/{AccountId}/domains")
        .status(201)
        .granted(&[FA]);

    type Access = Write;
    type Output = DomainOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DomainOutput, Error> {
        let name = DomainName::parse(self.domain_name.as_str())?;
        name.require_not_public(&cx.environment.settings)?;
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let known = rows::find(cx.tx, &account, name.as_str()).await?;
        match known.as_ref().map(|known| known.status) {
            None if rows::count(cx.tx, &account).await? >= MOST => {
                return Err(Error::LimitExceeded(format!(
                    "an account has at most {MOST} domains"
                )));
            }
            None | Some(DomainStatus::VerificationFailed) => {}
            Some(status) => {
                return Err(Error::Conflict(format!(
                    "the domain is the account's already, with the status `{status}`"
                )));
            }
        }
        require_free(cx.tx, &account, &name).await?;
        if rows::count_waiting(cx.tx, account.aws_account_id).await? >= WAITING {
            return Err(Error::LimitExceeded(format!(
                "an AWS account has at most {WAITING} domains whose records are looked up: prove or delete some"
            )));
        }
        let challenge = token(cx.entropy()).expose().clone();
        let domain = DomainRow::claimed(&account, &name, challenge, cx.now);
        rows::put(cx.tx, &domain).await?;
        jobs::plan_check(cx.tx, &*cx.environment.entropy, &domain, cx.now).await?;
        Ok(DomainOutput {
            domain: domain.shape(),
        })
    }
}

/// That nobody has the domain, and that nobody of it is still leaving the account.
pub(crate) async fn require_free(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    name: &DomainName,
) -> Result<(), Error> {
    if account::rows::claimant(tx, name.as_str()).await?.is_some() {
        return Err(Error::Conflict(
            "another account has claimed the domain".to_owned(),
        ));
    }
    if rows::former(tx, &account.id, name.as_str()).await? == Some(false) {
        return Err(Error::Conflict(
            "people of the domain, which the account gave up, are still being released".to_owned(),
        ));
    }
    Ok(())
}

/// Takes a domain from an account. Its people of that domain are signed out at once; where a directory or a provider
/// kept them they are deleted, else released, with their addresses free. Those suspended stay so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteDomain {
    account_id: AccountId,
    domain_name: DomainInPath,
}

impl Operation for DeleteDomain {
    const SPEC: Spec = Spec::rest(
        "chime:DeleteDomain",
        "DELETE /accounts/{AccountId}/domains/{DomainName}",
    )
    .status(204)
    .granted(&[FA]);

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let domain = require(cx.tx, &account, &self.domain_name).await?;
        release::release(cx.tx, &*cx.environment.entropy, &account, &domain, cx.now).await?;
        Ok(())
    }
}

/// Shows a domain of an account, and how far its claim is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetDomain {
    account_id: AccountId,
    domain_name: DomainInPath,
}

impl Operation for GetDomain {
    const SPEC: Spec = Spec::rest(
        "chime:GetDomain",
        "GET /accounts/{AccountId}/domains/{DomainName}",
    )
    .granted(&[FA, UM, RO]);

    type Access = Read;
    type Output = DomainOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DomainOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let domain = require(cx.tx, &account, &self.domain_name).await?;
        Ok(DomainOutput {
            domain: domain.shape(),
        })
    }
}

/// Lists the domains of an account by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDomains {
    account_id: AccountId,
    max_results: Option<ResultMax>,
    next_token: Option<String>,
}

/// A page of domains.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDomainsOutput {
    domains: Vec<Domain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListDomains {
    const SPEC: Spec = Spec::rest(
        "chime:ListDomains",
        "GET /accounts/{AccountId}/domains?max-results={MaxResults}&next-token={NextToken}",
    )
    .granted(&[FA, UM, RO]);

    type Access = List;
    type Output = ListDomainsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListDomainsOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let filters = [account.id.as_str()];
        let after = beginning(cx, self.next_token.as_ref(), &filters, String::new(), |key| {
            key.first().cloned()
        })?;
        let (size, rows_read) = result_max(self.max_results);
        let found = rows::list_after(cx.tx, &account, &after, rows_read).await?;
        let page = cx.page(found, size, &filters, |last| vec![last.name.clone()]);
        Ok(ListDomainsOutput {
            domains: page.items.iter().map(DomainRow::shape).collect(),
            next_token: page.next,
        })
    }
}
