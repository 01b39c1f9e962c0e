//! What callers may ask of accounts.

use carillon_aws::id::uuid_v4;
use carillon_aws::time::Timestamp;
use carillon_operation::{
    Asks, Caller, Context, FA, Grant, List, ManagedPolicy, Operation, RO, Read, Spec, Target, UM, Write,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Account, AccountRow, COUNTED, InReach, ManagedAccount, OwnedAccount, jobs, rows};
use crate::email::{EmailAddress, member};
use crate::error::Error;
use crate::license::License;
use crate::name::{AccountId, AccountName, PageSize, name_key, page_size, require_printable};
use crate::page::{beginning, time_and_id};
use crate::{domain, user};

/// The answer of operations about one account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccountOutput {
    account: Account,
}

impl From<&AccountRow> for AccountOutput {
    fn from(account: &AccountRow) -> Self {
        Self {
            account: account.shape(),
        }
    }
}

/// Creates a Team account in the caller's AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateAccount {
    name: AccountName,
}

impl Operation for CreateAccount {
    const SPEC: Spec = Spec::rest("chime:CreateAccount", "POST /accounts")
        .status(201)
        .granted(&[FA]);

    type Access = Write;
    type Output = AccountOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccountOutput, Error> {
        require_printable("Name", self.name.as_str())?;
        let owner = cx.aws_account_id();
        let most = cx.environment.settings.account_quota;
        if let Some(most) = most.map(|most| i64::from(most.get()))
            && rows::count(cx.tx, owner, most).await? >= most
        {
            return Err(Error::LimitExceeded(format!(
                "an AWS account has at most {most} accounts, those deleted in the last 90 days among them"
            )));
        }
        let account = AccountRow::new(uuid_v4(cx.entropy()), owner, self.name.to_string(), cx.now);
        rows::insert(cx.tx, &account).await?;
        Ok(AccountOutput::from(&account))
    }
}

/// Deletes an account. A Team account must have no users left, an Enterprise account no domains. The operator can
/// restore it for 90 days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteAccount {
    account_id: AccountId,
}

impl Operation for DeleteAccount {
    const SPEC: Spec = Spec::rest("chime:DeleteAccount", "DELETE /accounts/{AccountId}")
        .status(204)
        .granted(&[FA]);

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        // The one write that a suspended account takes.
        let account = OwnedAccount::find(cx, self.account_id.as_str())?;
        let users = user::rows::count(cx.tx, &account, COUNTED + 1).await?;
        let domains = domain::rows::count(cx.tx, &account).await?;
        account.require_empty(users, domains)?;
        let disabled = account.disable(cx.now);
        rows::update(cx.tx, &disabled).await?;
        jobs::plan_wind_down(cx.tx, &*cx.environment.entropy, &disabled, cx.now).await?;
        jobs::plan_purge(cx.tx, &*cx.environment.entropy, &disabled, cx.now).await?;
        Ok(())
    }
}

/// Shows an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAccount {
    account_id: AccountId,
}

impl Operation for GetAccount {
    const SPEC: Spec = Spec::rest("chime:GetAccount", "GET /accounts/{AccountId}").granted(&[FA, UM, RO]);

    type Access = Read;
    type Output = AccountOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccountOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        Ok(AccountOutput::from(&*account))
    }
}

/// Lists the accounts of the AWS account, and those that others lend to it, oldest first: all, those whose name begins with `Name`, or the one that the
/// person with the address `UserEmail` belongs to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAccounts {
    name: Option<AccountName>,
    #[serde(default, deserialize_with = "member::user_email_filter")]
    user_email: Option<EmailAddress>,
    next_token: Option<String>,
    max_results: Option<PageSize>,
    /// Also shows deleted accounts that the operator can still restore, as suspended ones.
    include_disabled: Option<bool>,
}

/// A page of accounts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAccountsOutput {
    accounts: Vec<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListAccounts {
    const SPEC: Spec = Spec::rest(
        "chime:ListAccounts",
        "GET /accounts?name={Name}&user-email={UserEmail}&max-results={MaxResults}&next-token={NextToken}\
         &include-disabled={IncludeDisabled}",
    )
    .granted(&[FA, UM, RO]);

    type Access = List;
    type Output = ListAccountsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListAccountsOutput, Error> {
        let filter = rows::Filter {
            name: self.name.as_ref().map(ToString::to_string),
            include_disabled: self.include_disabled.unwrap_or(false),
        };
        if let Some(name) = &filter.name {
            require_printable("Name", name)?;
        }
        if let Some(email) = &self.user_email {
            let account = self.of_person(cx, email, &filter).await?;
            return Ok(ListAccountsOutput {
                accounts: account.iter().map(AccountRow::shape).collect(),
                next_token: None,
            });
        }
        let disabled = if filter.include_disabled { "disabled" } else { "" };
        let filters = [filter.name.as_deref().unwrap_or_default(), disabled];
        let first = (Timestamp::MIN, String::new());
        let (after_at, after_id) = beginning(cx, self.next_token.as_ref(), &filters, first, time_and_id)?;
        let (size, rows_read) = page_size(self.max_results);
        let (caller, after) = (cx.caller.aws_account_id, (after_at, after_id.as_str()));
        let mut found = rows::list_after(cx.tx, caller, &filter, after, rows_read).await?;
        found.extend(self.lent_after(cx, &filter, after, rows_read).await?);
        found.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        let page = cx.page(found, size, &filters, |last| {
            vec![last.created_at.as_micros().to_string(), last.id.clone()]
        });
        Ok(ListAccountsOutput {
            accounts: page.items.iter().map(AccountRow::shape).collect(),
            next_token: page.next,
        })
    }
}

impl ListAccounts {
    /// Accounts that are lent to the caller, of which both sides let it know, after `after`.
    async fn lent_after(
        &self,
        cx: &mut Context<'_, Self>,
        filter: &rows::Filter,
        after: (Timestamp, &str),
        limit: i64,
    ) -> Result<Vec<AccountRow>, Error> {
        let caller = cx.aws_account_id();
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut at, mut id) = (after.0, after.1.to_owned());
        let mut shown = Vec::new();
        loop {
            let found = rows::list_lent_after(cx.tx, caller, filter, (at, &id), cx.now, limit).await?;
            let is_last = found.len() < wanted;
            for lent in found {
                let is_shown = self.is_shown(cx, &lent)?;
                let account = lent.into_row();
                (at, id) = (account.created_at, account.id.clone());
                if is_shown {
                    shown.push(account);
                }
            }
            if is_last || shown.len() >= wanted {
                return Ok(shown);
            }
        }
    }

    /// Whether the caller may know of an account: of one that is lent, as far as both sides allow.
    fn is_shown(&self, cx: &Context<'_, Self>, found: &InReach) -> Result<bool, Error> {
        let lent = found.lent(cx.aws_account_id(), Self::SPEC.action)?;
        Ok(lent.is_none_or(|lent| cx.may(&[Self::SPEC.action], &Target::lent(lent))))
    }

    /// The account that a person belongs to, if it is the caller's and passes the other filters.
    async fn of_person(
        &self,
        cx: &mut Context<'_, Self>,
        email: &EmailAddress,
        filter: &rows::Filter,
    ) -> Result<Option<AccountRow>, Error> {
        if self.next_token.is_some() {
            return Err(Error::next_token());
        }
        let Some(account_id) = user::rows::account_of_address(cx.tx, &email.key()).await? else {
            return Ok(None);
        };
        let caller = cx.aws_account_id();
        let Some(found) = rows::in_reach(cx.tx, caller, &account_id, cx.now).await? else {
            return Ok(None);
        };
        if !self.is_shown(cx, &found)? {
            return Ok(None);
        }
        Ok(Some(found.into_row()).filter(|account| {
            let name = name_key(&account.name);
            let prefix = name_key(filter.name.as_deref().unwrap_or_default());
            (filter.include_disabled || account.life != super::Life::Disabled) && name.starts_with(&prefix)
        }))
    }
}

/// Changes the name of an account. Later invitations carry the new one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RenameAccount {
    account_id: AccountId,
    name: AccountName,
}

impl Operation for RenameAccount {
    const SPEC: Spec = Spec::rest(
        "chime:RenameAccount",
        "POST /accounts/{AccountId}?operation=rename",
    )
    .granted(&[FA]);

    type Access = Write;
    type Output = AccountOutput;
    type Error = Error;

    fn asks(&self, _: &Caller) -> Option<Asks> {
        Some(RENAME)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccountOutput, Error> {
        require_printable("Name", self.name.as_str())?;
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let mut account = account.into_row();
        account.name = self.name.to_string();
        rows::update(cx.tx, &account).await?;
        Ok(AccountOutput::from(&account))
    }
}

/// Changes the name of an account, the license that people join it with, or both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateAccount {
    account_id: AccountId,
    name: Option<AccountName>,
    default_license: Option<License>,
}

/// Renaming, under the name the table has for it and under the one AWS has today: an allow or a deny of either name
/// counts.
const RENAME: Asks = &[&["chime:RenameAccount", "chime:UpdateAccount"]];
const SET_LICENSE: Asks = &[&["chime:UpdateAccount"]];
const BOTH: Asks = &[
    &["chime:RenameAccount", "chime:UpdateAccount"],
    &["chime:UpdateAccount"],
];

impl Operation for UpdateAccount {
    const SPEC: Spec = Spec::rest("chime:UpdateAccount", "POST /accounts/{AccountId}")
        .granted(&[Grant::since(ManagedPolicy::FullAccess, 2)]);

    type Access = Write;
    type Output = AccountOutput;
    type Error = Error;

    fn asks(&self, _: &Caller) -> Option<Asks> {
        Some(match (&self.name, self.default_license) {
            (Some(_), None) => RENAME,
            (None, Some(_) | None) => SET_LICENSE,
            (Some(_), Some(_)) => BOTH,
        })
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccountOutput, Error> {
        if self.name.is_none() && self.default_license.is_none() {
            return Err(Error::BadRequest(
                "`Name` or `DefaultLicense` must be given".to_owned(),
            ));
        }
        if let Some(name) = &self.name {
            require_printable("Name", name.as_str())?;
        }
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let mut account = account.into_row();
        if let Some(name) = &self.name {
            account.name = name.to_string();
        }
        if let Some(license) = self.default_license {
            account.require_supported(license)?;
            account.default_license = license;
        }
        rows::update(cx.tx, &account).await?;
        Ok(AccountOutput::from(&account))
    }
}

/// Settings of an account.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccountSettings {
    /// Stops people of this account from handing over control of a shared screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_remote_control: Option<bool>,
    /// Offers to be called on joining a meeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_dial_out: Option<bool>,
}

/// Shows the settings of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAccountSettings {
    account_id: AccountId,
}

/// The settings of an account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAccountSettingsOutput {
    account_settings: AccountSettings,
}

impl Operation for GetAccountSettings {
    const SPEC: Spec =
        Spec::rest("chime:GetAccountSettings", "GET /accounts/{AccountId}/settings").granted(&[FA, UM, RO]);

    type Access = Read;
    type Output = GetAccountSettingsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GetAccountSettingsOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        Ok(GetAccountSettingsOutput {
            account_settings: AccountSettings {
                disable_remote_control: Some(account.settings.disable_remote_control),
                enable_dial_out: Some(account.settings.enable_dial_out),
            },
        })
    }
}

/// Changes settings of an account. What is left out stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateAccountSettings {
    account_id: AccountId,
    account_settings: AccountSettings,
}

impl Operation for UpdateAccountSettings {
    const SPEC: Spec = Spec::rest(
        "chime:UpdateAccountSettings",
        "PUT /accounts/{AccountId}/settings",
    )
    .status(204)
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let mut account = account.into_row();
        let settings = &mut account.settings;
        if let Some(value) = self.account_settings.disable_remote_control {
            settings.disable_remote_control = value;
        }
        if let Some(value) = self.account_settings.enable_dial_out {
            settings.enable_dial_out = value;
        }
        rows::update(cx.tx, &account).await?;
        Ok(())
    }
}
