//! Sessions of the web console: temporary credentials that the server keeps for a browser.
//!
//! A session says who asks. What may be done is decided for each request, by the pipeline, as for everybody else; a
//! user that is deleted, or whose password changes, has no sessions from that moment, whoever did it and wherever. Only
//! the session in which the password was changed goes on: that is written with the new password, in one transaction.

pub(crate) mod caller_permissions;
pub(crate) mod rows;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use carillon_aws::id::{AwsAccountId, token, uuid_v4};
use carillon_aws::secret::Secret;
use carillon_aws::sigv4::sha256;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Fault, ServiceEvent};
use carillon_store::Store;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::login_profile::sign_in::SignedIn;
use crate::sts;

/// How long a session lasts. Source: IAM User Guide, "How users sign in": the longest of AWS's consoles.
pub const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// Use is noted this often, so that a request is seldom a write.
const NOTED: Duration = Duration::from_secs(5 * 60);
/// Sessions of one user or root; the oldest makes room.
const MOST: usize = 50;
/// Runs of a transaction that loses races.
const ATTEMPTS: usize = 5;

/// Temporary credentials without their secret, which nobody outside the server needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleCredentials {
    pub access_key_id: String,
    pub session_token: String,
}

/// A role that was switched to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchedRole {
    pub arn: String,
    pub credentials: ConsoleCredentials,
    pub expires_at: Timestamp,
}

/// Somebody who is signed in to the console with one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSession {
    pub id: String,
    pub aws_account_id: AwsAccountId,
    /// A user's identifier, or the one that root has.
    pub owner_id: String,
    /// Root has none.
    pub user_name: Option<String>,
    own: ConsoleCredentials,
    role: Option<SwitchedRole>,
    /// Nothing else is done before the user has chosen another password.
    pub must_change_password: bool,
    pub source_ip: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
}

impl ConsoleSession {
    /// What requests are made with: the role's while one is switched to, else the user's own. Nothing once the role is
    /// over: what a page was about to do as the role must not be done by the user, perhaps in another AWS account.
    pub fn credentials(&self, now: Timestamp) -> Option<&ConsoleCredentials> {
        match &self.role {
            None => Some(&self.own),
            Some(role) => (now < role.expires_at).then_some(&role.credentials),
        }
    }

    /// The user's own.
    pub fn own_credentials(&self) -> &ConsoleCredentials {
        &self.own
    }

    /// The role that is switched to. It ends earlier than the session, and stays until the user goes on as somebody.
    pub fn role(&self) -> Option<&SwitchedRole> {
        self.role.as_ref()
    }

    /// The session after a switch.
    #[must_use]
    pub fn with_role(self, role: Option<SwitchedRole>) -> Self {
        Self { role, ..self }
    }

    pub fn expires_at(&self) -> Timestamp {
        self.created_at + LONGEST
    }
}

/// A browser.
#[derive(Debug, Clone)]
pub struct Browser {
    pub source_ip: IpAddr,
    /// Without control characters, and not longer than one wants to see.
    pub user_agent: String,
}

/// What happens to a session.
enum Change<'a> {
    /// With the digests of its token and of the password that was shown.
    Begin(&'a ConsoleSession, &'a str, &'a str),
    /// Of this owner, the one of this identifier.
    End(&'a str, &'a str),
    Switch(&'a str, Option<&'a SwitchedRole>),
}

/// The sessions of all users.
pub struct ConsoleSessions {
    store: Store,
    environment: Arc<Environment>,
}

impl ConsoleSessions {
    pub fn new(store: Store, environment: Arc<Environment>) -> Self {
        Self { store, environment }
    }

    /// Begins the session of somebody who just signed in, and answers the token that the browser shows from now on.
    pub async fn begin(
        &self,
        who: &SignedIn,
        must_change_password: bool,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<(Secret<String>, ConsoleSession), Fault> {
        let Environment { vault, entropy, .. } = &*self.environment;
        let own = sts::console_credentials(
            (who.aws_account_id, &who.user_id),
            (LONGEST, who.multi_factor_at),
            vault,
            &**entropy,
            now,
        )
        .map_err(Fault::from)?;
        let session = ConsoleSession {
            id: uuid_v4(&**entropy),
            aws_account_id: who.aws_account_id,
            owner_id: who.user_id.clone(),
            user_name: who.user_name.clone(),
            own,
            role: None,
            must_change_password,
            source_ip: browser.source_ip.to_canonical().to_string(),
            user_agent: browser.user_agent.clone(),
            created_at: now,
            seen_at: now,
        };
        let token = token(&**entropy);
        let begin = Change::Begin(&session, &digest(token.expose()), &who.password_digest);
        self.write(&begin, None, now).await?;
        Ok((token, session))
    }

    /// The session that a browser shows the token of, if it still holds.
    pub async fn find(&self, token: &str, now: Timestamp) -> Result<Option<ConsoleSession>, Fault> {
        let mut tx = self.store.read().await?;
        let found = rows::find(&mut tx, &digest(token)).await?;
        drop(tx);
        let Some(session) = found.filter(|session| now < session.expires_at()) else {
            return Ok(None);
        };
        if now >= session.seen_at + NOTED {
            let mut tx = self.store.write().await?;
            // Losing this race loses nothing: somebody else noted it, or ended the session.
            if rows::note_use(&mut tx, &session.id, now).await.is_ok() {
                let _ = tx.commit().await;
            }
        }
        Ok(Some(session))
    }

    /// The sessions of whoever has this one, newest first.
    pub async fn list(&self, session: &ConsoleSession, now: Timestamp) -> Result<Vec<ConsoleSession>, Fault> {
        let mut tx = self.store.read().await?;
        let mut sessions = rows::list(&mut tx, &session.owner_id).await?;
        sessions.retain(|session| now < session.expires_at());
        Ok(sessions)
    }

    /// Ends a session of whoever has this one, and says whether there was such a session.
    pub async fn end(
        &self,
        session: &ConsoleSession,
        id: &str,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let details = json!({ "userName": session.user_name, "sessionId": id });
        let event = self.event(session, "ConsoleLogout", details, browser, now);
        self.write(&Change::End(&session.owner_id, id), Some(&event), now)
            .await
    }

    /// Goes on as another role, or as the user again.
    pub async fn switch(
        &self,
        session: &ConsoleSession,
        role: Option<&SwitchedRole>,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let name = if role.is_some() { "SwitchRole" } else { "ExitRole" };
        let arn = role.or(session.role.as_ref()).map(|role| &role.arn);
        let details = json!({ "userName": session.user_name, "roleArn": arn });
        let event = self.event(session, name, details, browser, now);
        self.write(&Change::Switch(&session.id, role), Some(&event), now)
            .await?;
        Ok(())
    }

    /// Makes a change, again until it wins its races, and says whether there was something to change.
    async fn write(&self, change: &Change<'_>, event: Option<&Event>, now: Timestamp) -> Result<bool, Fault> {
        let mut attempt = 1;
        loop {
            match self.write_once(change, event, now).await {
                Err(Fault::Contended) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn write_once(
        &self,
        change: &Change<'_>,
        event: Option<&Event>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let mut tx = self.store.write().await?;
        let changed = match change {
            Change::Begin(session, token, password) => {
                rows::insert(&mut tx, session, token, password, now).await?
            }
            Change::End(owner_id, id) => rows::end(&mut tx, owner_id, id).await?,
            Change::Switch(id, role) => rows::set_role(&mut tx, id, *role).await?,
        };
        // What is not there any more is nothing that happened.
        let event = event.filter(|_| changed);
        if let Some(event) = event {
            event.insert(&mut tx).await?;
        }
        tx.commit().await?;
        if let Some(event) = event {
            self.environment.after_commit(event);
        }
        Ok(changed)
    }

    fn event(
        &self,
        session: &ConsoleSession,
        name: &str,
        details: Value,
        browser: &Browser,
        now: Timestamp,
    ) -> Event {
        ServiceEvent {
            aws_account_id: session.aws_account_id,
            at: now,
            source: "signin.amazonaws.com",
            name,
            source_ip: browser.source_ip,
            user_agent: Some(&browser.user_agent),
            details,
            error: None,
            resource: session.user_name.clone().map(|name| ("AWS::IAM::User", name)),
        }
        .event(&*self.environment.entropy)
    }
}

/// What is kept of a token, or of the hash of a password: enough to know it again, not enough to use it.
pub(crate) fn digest(token: &str) -> String {
    HEXLOWER.encode(&sha256(token.as_bytes()))
}

#[cfg(test)]
mod tests;
