//! What callers may ask of many users at once: each succeeds or fails alone.

use std::collections::HashSet;

use carillon_aws::shape::Listed;
use carillon_aws::time::Timestamp;
use carillon_operation::{Context, Environment, FA, Operation, Spec, UM, Write};
use carillon_store::WriteTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operations::require_user;
use super::{
    AlexaForBusinessMetadata, Change, RegistrationStatus, UserRow, UserType, invitation, pin,
    require_licenses_by_hand, rows,
};
use crate::account::{self, AccountType, ManagedAccount};
use crate::attachment;
use crate::email::{domain_of, key_of};
use crate::error::{Error, ErrorCode};
use crate::license::License;
use crate::name::{AccountId, UserId};
use crate::{domain, session};

/// Users to do something with.
type UserIdList = Listed<UserId, 1, 50>;

/// The answer of batches: the items that failed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserErrorsOutput {
    user_errors: Vec<UserError>,
}

/// Why something could not be done with a user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserError {
    user_id: UserId,
    error_code: ErrorCode,
    error_message: String,
}

/// What is done with a user.
enum Treatment<'a> {
    Remove,
    Suspend,
    Restore,
    Change(&'a Change),
}

/// Users treated one after the other in one transaction.
struct Batch<'a> {
    tx: &'a mut WriteTx,
    environment: &'a Environment,
    account: &'a ManagedAccount,
    now: Timestamp,
    seen: HashSet<String>,
    errors: Vec<UserError>,
}

impl<'a> Batch<'a> {
    fn new<O: Operation<Access = Write>>(cx: &'a mut Context<'_, O>, account: &'a ManagedAccount) -> Self {
        Self {
            tx: cx.tx,
            environment: cx.environment,
            account,
            now: cx.now,
            seen: HashSet::new(),
            errors: Vec::new(),
        }
    }

    /// Does the same with all of them.
    async fn all(mut self, users: &[UserId], treatment: Treatment<'_>) -> Result<UserErrorsOutput, Error> {
        for user in users {
            self.one(user, &treatment).await?;
        }
        Ok(self.finish())
    }

    async fn one(&mut self, user_id: &UserId, treatment: &Treatment<'_>) -> Result<(), Error> {
        let outcome = if self.seen.insert(user_id.to_string()) {
            self.treat(user_id, treatment).await
        } else {
            Err(Error::BadRequest("the user is named twice".to_owned()))
        };
        if let Err(error) = outcome {
            let (error_code, error_message) = error.into_item()?;
            self.errors.push(UserError {
                user_id: user_id.clone(),
                error_code,
                error_message,
            });
        }
        Ok(())
    }

    fn finish(self) -> UserErrorsOutput {
        UserErrorsOutput {
            user_errors: self.errors,
        }
    }

    /// Checks everything before it writes anything, so that a failed item leaves no trace.
    async fn treat(&mut self, user_id: &UserId, treatment: &Treatment<'_>) -> Result<(), Error> {
        let user = require_user(self.tx, self.account, user_id.as_str()).await?;
        match treatment {
            Treatment::Remove => self.remove(user).await,
            Treatment::Suspend => self.suspend(user).await,
            Treatment::Restore => self.restore(user).await,
            Treatment::Change(change) => {
                change_user(self.tx, self.environment, self.account, user, change, self.now).await?;
                Ok(())
            }
        }
    }

    /// Takes a user out of a Team account. Somebody who never accepted leaves nothing behind; everybody else goes on
    /// alone.
    async fn remove(&mut self, mut user: UserRow) -> Result<(), Error> {
        invitation::fail_open(self.tx, &self.account.id, &key_of(&user.email)).await?;
        session::rows::end_all(self.tx, &user.id).await?;
        pin::retire(self.tx, &mut user, self.now).await?;
        let goes_on = user.user_type == UserType::PrivateUser
            && matches!(
                user.registration,
                RegistrationStatus::Registered | RegistrationStatus::Suspended
            );
        if goes_on {
            user.leave();
            rows::update(self.tx, &user).await?;
        } else {
            let entropy = &*self.environment.entropy;
            attachment::jobs::forget_person(self.tx, entropy, &user.id, self.now).await?;
            rows::delete(self.tx, &user).await?;
        }
        Ok(())
    }

    async fn suspend(&mut self, mut user: UserRow) -> Result<(), Error> {
        if user.suspend()? {
            rows::update(self.tx, &user).await?;
            session::rows::end_all(self.tx, &user.id).await?;
        }
        Ok(())
    }

    async fn restore(&mut self, mut user: UserRow) -> Result<(), Error> {
        if user.restore() {
            self.require_domain(&user).await?;
            rows::update(self.tx, &user).await?;
        }
        Ok(())
    }

    /// That the account has not lost the domain of the user's address.
    async fn require_domain(&mut self, user: &UserRow) -> Result<(), Error> {
        let domain_name = domain_of(&user.email);
        let lost = match account::rows::claimant(self.tx, &domain_name).await? {
            Some(claimant) => claimant.id != self.account.id,
            None => domain::rows::former(self.tx, &self.account.id, &domain_name)
                .await?
                .is_some(),
        };
        if lost {
            return Err(Error::Conflict(
                "the domain of the user's address is no longer the account's".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Changes a user as an administrator asks, with what follows from it.
pub(super) async fn change_user(
    tx: &mut WriteTx,
    environment: &Environment,
    account: &ManagedAccount,
    mut user: UserRow,
    change: &Change,
    now: Timestamp,
) -> Result<UserRow, Error> {
    let was = user.user_type;
    change.apply(&mut user, account)?;
    pin::settle(tx, &*environment.entropy, &mut user, now).await?;
    rows::update(tx, &user).await?;
    if user.user_type != was {
        session::rows::end_all(tx, &user.id).await?;
    }
    Ok(user)
}

const LWA: &[AccountType] = &[AccountType::EnterpriseLWA];

/// Stops users of an account of one of these types: those of a Team account leave it.
async fn suspend<O: Operation<Access = Write>>(
    cx: &mut Context<'_, O>,
    account_id: &AccountId,
    users: &UserIdList,
    types: &[AccountType],
) -> Result<UserErrorsOutput, Error> {
    let account = ManagedAccount::find_active(cx, account_id.as_str())?;
    account.require_type(types)?;
    let treatment = match account.account_type {
        AccountType::Team => Treatment::Remove,
        _ => Treatment::Suspend,
    };
    Batch::new(cx, &account).all(users, treatment).await
}

/// Lets suspended users go on.
async fn restore<O: Operation<Access = Write>>(
    cx: &mut Context<'_, O>,
    account_id: &AccountId,
    users: &UserIdList,
) -> Result<UserErrorsOutput, Error> {
    let account = ManagedAccount::find_active(cx, account_id.as_str())?;
    account.require_type(LWA)?;
    Batch::new(cx, &account).all(users, Treatment::Restore).await
}

/// Suspends users. In a Team account that removes them: they go on as free users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BatchSuspendUser {
    account_id: AccountId,
    user_id_list: UserIdList,
}

impl Operation for BatchSuspendUser {
    const SPEC: Spec = Spec::rest(
        "chime:BatchSuspendUser",
        "POST /accounts/{AccountId}/users?operation=suspend",
    )
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = UserErrorsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserErrorsOutput, Error> {
        let types = &[AccountType::Team, AccountType::EnterpriseLWA];
        suspend(cx, &self.account_id, &self.user_id_list, types).await
    }
}

/// Suspends users of an Enterprise account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SuspendUsers {
    account_id: AccountId,
    user_id_list: UserIdList,
}

impl Operation for SuspendUsers {
    const SPEC: Spec = Spec::rest(
        "chime:SuspendUsers",
        "POST /accounts/{AccountId}/users?operation=suspend-users",
    )
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = UserErrorsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserErrorsOutput, Error> {
        suspend(cx, &self.account_id, &self.user_id_list, LWA).await
    }
}

/// Restores suspended users of an Enterprise account. Users who are not suspended are left as they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BatchUnsuspendUser {
    account_id: AccountId,
    user_id_list: UserIdList,
}

impl Operation for BatchUnsuspendUser {
    const SPEC: Spec = Spec::rest(
        "chime:BatchUnsuspendUser",
        "POST /accounts/{AccountId}/users?operation=unsuspend",
    )
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = UserErrorsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserErrorsOutput, Error> {
        restore(cx, &self.account_id, &self.user_id_list).await
    }
}

/// Restores suspended users of an Enterprise account. Users who are not suspended are left as they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ActivateUsers {
    account_id: AccountId,
    user_id_list: UserIdList,
}

impl Operation for ActivateUsers {
    const SPEC: Spec = Spec::rest(
        "chime:ActivateUsers",
        "POST /accounts/{AccountId}/users?operation=activate-users",
    )
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = UserErrorsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserErrorsOutput, Error> {
        restore(cx, &self.account_id, &self.user_id_list).await
    }
}

/// Changes users one by one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BatchUpdateUser {
    account_id: AccountId,
    update_user_request_items: Listed<UpdateUserRequestItem, 1, 20>,
}

/// What is changed of one user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateUserRequestItem {
    user_id: UserId,
    license_type: Option<License>,
    user_type: Option<UserType>,
    alexa_for_business_metadata: Option<AlexaForBusinessMetadata>,
}

impl Operation for BatchUpdateUser {
    const SPEC: Spec =
        Spec::rest("chime:BatchUpdateUser", "POST /accounts/{AccountId}/users").granted(&[FA, UM]);

    type Access = Write;
    type Output = UserErrorsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserErrorsOutput, Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        let mut batch = Batch::new(cx, &account);
        for item in &self.update_user_request_items {
            let change = Change {
                license: item.license_type,
                user_type: item.user_type,
                alexa: item
                    .alexa_for_business_metadata
                    .as_ref()
                    .map(AlexaForBusinessMetadata::to_kept),
            };
            batch.one(&item.user_id, &Treatment::Change(&change)).await?;
        }
        Ok(batch.finish())
    }
}

/// Gives users a license.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateUserLicenses {
    account_id: AccountId,
    user_id_list: UserIdList,
    license_type: License,
}

impl Operation for UpdateUserLicenses {
    const SPEC: Spec = Spec::rest(
        "chime:UpdateUserLicenses",
        "POST /accounts/{AccountId}/users?operation=update-licenses",
    )
    .granted(&[FA, UM]);

    type Access = Write;
    type Output = UserErrorsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UserErrorsOutput, Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        require_licenses_by_hand(&account)?;
        if !matches!(self.license_type, License::Basic | License::Pro) {
            return Err(Error::BadRequest(
                "`LicenseType` must be `Basic` or `Pro`".to_owned(),
            ));
        }
        account.require_supported(self.license_type)?;
        let change = Change {
            license: Some(self.license_type),
            ..Change::default()
        };
        Batch::new(cx, &account)
            .all(&self.user_id_list, Treatment::Change(&change))
            .await
    }
}
