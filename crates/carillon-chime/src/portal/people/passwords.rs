//! Mails that people ask for, and other passwords.

use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Fault, enqueue};
use carillon_store::{ReadTx, WriteTx};
use serde_json::json;

use super::{Device, People, SignedIn, again};
use crate::account::AccountRow;
use crate::email::EmailAddress;
use crate::link::jobs::AnswerAsk;
use crate::link::mail::Letter;
use crate::link::{self, LinkRow, Purpose};
use crate::session;
use crate::user::standing::admitted;
use crate::user::{self, UserRow};

impl People<'_> {
    /// Notes that somebody wants a mail to this address. Whether there will be one is decided later, so that the
    /// answer, and its time, are the same for all addresses.
    pub async fn ask_for_mail(
        &self,
        purpose: Purpose,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<(), Fault> {
        again!(self.ask_for_mail_once(purpose, email, now))
    }

    async fn ask_for_mail_once(
        &self,
        purpose: Purpose,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let ask = AnswerAsk {
            purpose: purpose.as_str().to_owned(),
            email: email.as_str().to_owned(),
        };
        let mut tx = self.store.write().await?;
        enqueue(&mut tx, &*self.environment.entropy, &ask, now, now).await?;
        self.conclude(tx, Vec::new()).await
    }

    /// The address of the person whose password a link lets choose.
    pub async fn find_forgotten(&self, token: &str, now: Timestamp) -> Result<Option<String>, Fault> {
        let mut tx = self.store.read().await?;
        Ok(forgotten(&mut tx, token, now).await?.map(|(user, _)| user.email))
    }

    /// Gives the person whose link this is another password, and ends its sessions. Says whether the link opened.
    pub async fn choose_password(&self, token: &str, hash: &str, device: &Device) -> Result<bool, Fault> {
        again!(self.choose_password_once(token, hash, device))
    }

    async fn choose_password_once(&self, token: &str, hash: &str, device: &Device) -> Result<bool, Fault> {
        let mut tx = self.store.write().await?;
        let Some((mut user, account)) = forgotten(&mut tx, token, device.now).await? else {
            return Ok(false);
        };
        self.set_password(&mut tx, &mut user, hash, device).await?;
        let details = json!({ "userId": user.id, "accountId": user.account_id });
        let event =
            account.map(|account| self.event(&account, "UserPasswordReset", device, &user, details, None));
        self.conclude(tx, event.into_iter().collect()).await?;
        Ok(true)
    }

    /// Replaces the password `before` of somebody who is signed in. All sessions end; the answer is the token of a new
    /// one, or nothing if the person, or its password, is not what it was.
    pub async fn change_password(
        &self,
        person: &SignedIn,
        before: &str,
        hash: &str,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        again!(self.change_password_once(person, before, hash, device))
    }

    async fn change_password_once(
        &self,
        person: &SignedIn,
        before: &str,
        hash: &str,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        let mut tx = self.store.write().await?;
        if session::rows::find_by_id(&mut tx, &person.session.id)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        let Some(mut user) = user::rows::find_any(&mut tx, &person.user.id).await? else {
            return Ok(None);
        };
        let account = user::rows::account_of(&mut tx, &user).await?;
        let is_admitted = admitted(&mut tx, &user, account.as_ref()).await?.is_ok();
        if user.password_hash.as_deref() != Some(before) || !is_admitted {
            return Ok(None);
        }
        self.set_password(&mut tx, &mut user, hash, device).await?;
        let (session, token) = self.add_session(&mut tx, &user, device).await?;
        let details = json!({
            "userId": user.id, "accountId": user.account_id, "sessionId": session.id,
        });
        let event =
            account.map(|account| self.event(&account, "UserPasswordChange", device, &user, details, None));
        self.conclude(tx, event.into_iter().collect()).await?;
        Ok(Some(token))
    }

    async fn set_password(
        &self,
        tx: &mut WriteTx,
        user: &mut UserRow,
        hash: &str,
        device: &Device,
    ) -> Result<(), Fault> {
        user.password_hash = Some(hash.to_owned());
        user::rows::update(tx, user).await?;
        session::rows::end_all(tx, &user.id).await?;
        link::rows::void(tx, &user.email, Purpose::Password).await?;
        if self.environment.settings.mail {
            let letter = Letter::PasswordChanged;
            link::jobs::write(tx, self.environment, &user.email, None, letter, device.now).await?;
        }
        Ok(())
    }
}

/// Whose password a link lets choose.
async fn forgotten(
    tx: &mut ReadTx,
    token: &str,
    now: Timestamp,
) -> Result<Option<(UserRow, Option<AccountRow>)>, Fault> {
    let link = link::rows::find(tx, &session::digest(token)).await?;
    let Some(user_id) = link
        .filter(|link: &LinkRow| link.opens(Purpose::Password, now))
        .and_then(|link| link.user_id)
    else {
        return Ok(None);
    };
    let Some(user) = user::rows::find_any(tx, &user_id).await? else {
        return Ok(None);
    };
    let account = user::rows::account_of(tx, &user).await?;
    let is_admitted = admitted(tx, &user, account.as_ref()).await?.is_ok();
    Ok(is_admitted.then_some((user, account)))
}
