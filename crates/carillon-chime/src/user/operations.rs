//! What callers may ask of one user, and of the list of them.

use carillon_aws::time::Timestamp;
use carillon_operation::{Context, FA, List, Operation, Page, RO, Read, Spec, UM, Write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{User, UserRow, UserType, rows};
use crate::account::ManagedAccount;
use crate::email::{EmailAddress, member};
use crate::error::Error;
use crate::name::{AccountId, PageSize, UserId, is_uuid, page_size};
use crate::page::beginning;
use crate::session;

/// The answer of operations about one user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserOutput {
    user: User,
}

impl From<&UserRow> for UserOutput {
    fn from(user: &UserRow) -> Self {
        Self {
            user: user.shape_with_pin(),
        }
    }
}

/// The user of an account, or the refusal that there is none.
pub(crate) async fn require_user(
    tx: &mut carillon_store::ReadTx,
    account: &ManagedAccount,
    id: &str,
) -> Result<UserRow, Error> {
    let found = if is_uuid(id) {
        rows::find(tx, account, id).await?
    } else {
        None
    };
    found.ok_or_else(|| Error::user_not_found(id))
}

/// Shows a user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUser {
    account_id: AccountId,
    user_id: UserId,
}

impl Operation for GetUser {
    const SPEC: Spec =
        Spec::rest("chime:GetUser", "GET /accounts/{AccountId}/users/{UserId}").granted(&[FA, UM, RO]);

    type Access = Read;
    type Output = UserOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let user = require_user(cx.tx, &account, self.user_id.as_str()).await?;
        Ok(UserOutput::from(&user))
    }
}

/// Shows the user with an e-mail address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUserByEmail {
    account_id: AccountId,
    #[serde(deserialize_with = "member::user_email")]
    user_email: EmailAddress,
}

impl Operation for GetUserByEmail {
    const SPEC: Spec = Spec::rest(
        "chime:GetUserByEmail",
        "GET /accounts/{AccountId}/users?operation=get-by-email&user-email={UserEmail}",
    )
    .granted(&[FA, UM, RO]);

    type Access = Read;
    type Output = UserOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let user = rows::find_by_address(cx.tx, &account, &self.user_email.key())
            .await?
            .ok_or(Error::NoSuchAddress)?;
        Ok(UserOutput::from(&user))
    }
}

/// Lists the users of an account, oldest first, or shows the one with an e-mail address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListUsers {
    account_id: AccountId,
    #[serde(default, deserialize_with = "member::user_email_filter")]
    user_email: Option<EmailAddress>,
    user_type: Option<UserType>,
    max_results: Option<PageSize>,
    next_token: Option<String>,
}

/// A page of users.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListUsersOutput {
    users: Vec<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListUsers {
    const SPEC: Spec = Spec::rest(
        "chime:ListUsers",
        "GET /accounts/{AccountId}/users?user-email={UserEmail}&user-type={UserType}\
         &max-results={MaxResults}&next-token={NextToken}",
    )
    .granted(&[FA, UM, RO]);

    type Access = List;
    type Output = ListUsersOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListUsersOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let page = match &self.user_email {
            Some(email) => self.with_address(cx, &account, email).await?,
            None => self.page(cx, &account).await?,
        };
        Ok(ListUsersOutput {
            users: page.items.iter().map(UserRow::shape).collect(),
            next_token: page.next,
        })
    }
}

impl ListUsers {
    async fn with_address(
        &self,
        cx: &mut Context<'_, Self>,
        account: &ManagedAccount,
        email: &EmailAddress,
    ) -> Result<Page<UserRow>, Error> {
        if self.next_token.is_some() {
            return Err(Error::next_token());
        }
        let found = rows::find_by_address(cx.tx, account, &email.key()).await?;
        let wanted = |user: &UserRow| self.user_type.is_none_or(|wanted| wanted == user.user_type);
        Ok(Page {
            items: found.into_iter().filter(wanted).collect(),
            next: None,
        })
    }

    async fn page(
        &self,
        cx: &mut Context<'_, Self>,
        account: &ManagedAccount,
    ) -> Result<Page<UserRow>, Error> {
        let filters = [
            account.id.as_str(),
            self.user_type.map_or("", |user_type| user_type.as_str()),
        ];
        let first = rows::Place::first();
        let after = beginning(cx, self.next_token.as_ref(), &filters, first, place)?;
        let (size, rows_read) = page_size(self.max_results);
        let found = rows::list_after(cx.tx, account, self.user_type, &after, rows_read).await?;
        Ok(cx.page(found, size, &filters, |last| {
            let place = rows::Place::of(last);
            vec![
                place.rank.to_string(),
                place.created_at.as_micros().to_string(),
                place.user_id,
            ]
        }))
    }
}

/// The place that a page token names.
fn place(key: &[String]) -> Option<rows::Place> {
    let [rank, created_at, user_id] = key else {
        return None;
    };
    Some(rows::Place {
        rank: rank.parse().ok()?,
        created_at: Timestamp::from_micros(created_at.parse().ok()?),
        user_id: user_id.clone(),
    })
}

/// Signs a user out of every device.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LogoutUser {
    account_id: AccountId,
    user_id: UserId,
}

impl Operation for LogoutUser {
    const SPEC: Spec = Spec::rest(
        "chime:LogoutUser",
        "POST /accounts/{AccountId}/users/{UserId}?operation=logout",
    )
    .status(204)
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let user = require_user(cx.tx, &account, self.user_id.as_str()).await?;
        session::rows::end_all(cx.tx, &user.id).await?;
        Ok(())
    }
}
