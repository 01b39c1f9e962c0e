//! Signing in and out.

use std::sync::Arc;

use carillon_aws::secret::Secret;
use carillon_operation::{Entrance, Fault};
use serde_json::json;

use super::{Device, People, SignedIn, again};
use crate::account::AccountRow;
use crate::email::EmailAddress;
use crate::session;
use crate::user::standing::{Stopped, admitted};
use crate::user::{self, UserRow};

/// What becomes of somebody who signs in.
pub(in crate::portal) enum SigningIn {
    /// With the token of the session.
    Welcome(Secret<String>),
    /// Address and password do not go together, or such a password counts nothing.
    Wrong,
    /// The password is right, and the person is told why it is not let in.
    Stopped(String),
}

impl People<'_> {
    /// Signs a person in, or not, always after the same work.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret<String>,
        device: &Device,
    ) -> Result<SigningIn, Fault> {
        let mut person = None;
        if let Ok(address) = EmailAddress::parse(email) {
            let mut tx = self.store.read().await?;
            if let Some(user) = user::rows::holder(&mut tx, &address.key()).await? {
                let account = user::rows::account_of(&mut tx, &user).await?;
                person = Some((user, account));
            }
        }
        let hash = person.as_ref().and_then(|(user, _)| user.password_hash.clone());
        let is_right = self
            .environment
            .verify_password(password, hash.as_deref(), Entrance::Portal)
            .await?;
        let Some((user, account)) = person else {
            return Ok(SigningIn::Wrong);
        };
        let Some(hash) = hash.filter(|_| is_right) else {
            self.record_failure(&user, account.as_ref(), device);
            return Ok(SigningIn::Wrong);
        };
        again!(self.begin_session(&user.id, &hash, device))
    }

    /// In one transaction: what was true when the password was checked must still be true.
    async fn begin_session(&self, user_id: &str, hash: &str, device: &Device) -> Result<SigningIn, Fault> {
        let mut tx = self.store.write().await?;
        let Some(user) = user::rows::find_any(&mut tx, user_id).await? else {
            return Ok(SigningIn::Wrong);
        };
        let account = user::rows::account_of(&mut tx, &user).await?;
        if user.password_hash.as_deref() != Some(hash) {
            return Ok(SigningIn::Wrong);
        }
        if let Err(stopped) = admitted(&mut tx, &user, account.as_ref()).await? {
            drop(tx);
            return Ok(self.refuse(stopped, &user, account.as_ref(), device));
        }
        let (session, token) = self.add_session(&mut tx, &user, device).await?;
        let details = json!({ "userId": user.id, "accountId": user.account_id, "sessionId": session.id });
        let event = account.map(|account| self.event(&account, "UserSignIn", device, &user, details, None));
        self.conclude(tx, event.into_iter().collect()).await?;
        Ok(SigningIn::Welcome(token))
    }

    fn refuse(
        &self,
        stopped: Stopped,
        user: &UserRow,
        account: Option<&AccountRow>,
        device: &Device,
    ) -> SigningIn {
        self.record_failure(user, account, device);
        let name = account.map_or("the account", |account| &account.name);
        match stopped.says(name) {
            Some(text) => SigningIn::Stopped(text),
            None => SigningIn::Wrong,
        }
    }

    /// Ends one session.
    pub async fn sign_out(&self, signed_in: &SignedIn, device: &Device) -> Result<(), Fault> {
        again!(self.sign_out_once(signed_in, device))
    }

    async fn sign_out_once(&self, signed_in: &SignedIn, device: &Device) -> Result<(), Fault> {
        let mut tx = self.store.write().await?;
        session::rows::end(&mut tx, &signed_in.session.id).await?;
        let user = &signed_in.user;
        let details = json!({
            "userId": user.id, "accountId": user.account_id, "sessionId": signed_in.session.id,
        });
        let account = signed_in.account.as_ref();
        let event = account.map(|account| self.event(account, "UserSignOut", device, user, details, None));
        self.conclude(tx, event.into_iter().collect()).await
    }

    /// Records that somebody failed to sign in as this person. The answer does not wait for it, or its time would
    /// tell that there is such a person.
    fn record_failure(&self, user: &UserRow, account: Option<&AccountRow>, device: &Device) {
        let Some(account) = account else { return };
        let details = json!({ "userId": user.id, "accountId": user.account_id });
        let error = Some(("Failed", "Failed authentication"));
        let event = self.event(account, "UserSignIn", device, user, details, error);
        let (store, environment) = (self.store.clone(), Arc::clone(self.environment));
        tokio::spawn(async move {
            match event.append(&store).await {
                Ok(()) => environment.after_commit(&event),
                Err(error) => tracing::error!(%error, "a failed sign-in could not be recorded"),
            }
        });
    }
}
