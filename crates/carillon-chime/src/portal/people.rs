//! What people do at the portal, each in one transaction with its event.

mod joining;
mod passwords;
mod signing_in;

use std::sync::Arc;

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Fault, ServiceEvent, enqueue};
use carillon_store::{ReadTx, Store, WriteTx};
use serde_json::json;

pub(super) use self::joining::{Newcomer, Proof};
pub(super) use self::signing_in::SigningIn;
use super::page::{self, Stop};
use crate::account::AccountRow;
use crate::session::jobs::ForgetSession;
use crate::session::{self, SessionRow};
use crate::user::standing::admitted;
use crate::user::{self, Presence, UserRow, pin};

/// How often something that lost a race is done again.
pub(super) const ATTEMPTS: usize = 8;

/// Does something again that lost a race.
macro_rules! again {
    ($attempt:expr) => {{
        let mut tries = $crate::portal::people::ATTEMPTS;
        loop {
            match $attempt.await {
                Err(carillon_operation::Fault::Contended) if tries > 1 => tries -= 1,
                outcome => break outcome,
            }
        }
    }};
}
pub(super) use again;

/// Where a person is.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub ip: std::net::IpAddr,
    pub user_agent: String,
    pub now: Timestamp,
    /// The digest of the token that the browser came with.
    pub token_digest: Option<String>,
}

/// A person who is signed in.
pub(super) struct SignedIn {
    pub user: UserRow,
    pub account: Option<AccountRow>,
    pub session: SessionRow,
    /// What the person's own pages put into their forms, and nobody else knows.
    pub form_key: String,
}

impl SignedIn {
    /// That a form was made for this very session.
    pub fn require_form_key(&self, given: &str) -> Result<(), Stop> {
        // A digest of 256 random bits: how many characters agree says nothing about the others.
        if given == self.form_key {
            return Ok(());
        }
        Err(page::not_from_here().into())
    }
}

/// What a person changes of itself.
pub(super) enum Change {
    /// Who sees whether it is there.
    Presence(Presence),
    DisplayName(String),
    /// Another personal PIN, drawn.
    Pin,
    /// One of its sessions ends.
    EndSession(String),
    /// All its sessions end but this one.
    EndOtherSessions,
}

pub(super) struct People<'a> {
    pub store: &'a Store,
    pub environment: &'a Arc<Environment>,
}

impl People<'_> {
    /// Who is signed in with this token, if anybody is.
    pub async fn signed_in(&self, token: &str, now: Timestamp) -> Result<Option<SignedIn>, Fault> {
        let mut tx = self.store.read().await?;
        let found = find_session(&mut tx, token, now).await?;
        drop(tx);
        if let Some(found) = &found
            && found.session.is_to_be_noted(now)
        {
            let mut tx = self.store.write().await?;
            // Losing this race loses nothing: somebody else noted it, or ended the session.
            if session::rows::note_use(&mut tx, &found.session, now)
                .await
                .is_ok()
            {
                let _ = tx.commit().await;
            }
        }
        Ok(found)
    }

    /// The devices where the person is signed in.
    pub async fn sessions(&self, user: &UserRow, now: Timestamp) -> Result<Vec<SessionRow>, Fault> {
        let mut tx = self.store.read().await?;
        let mut sessions = session::rows::list(&mut tx, &user.id).await?;
        sessions.retain(|session| session.holds(now));
        Ok(sessions)
    }

    /// Changes something of a person who is still signed in, with its event.
    pub async fn change(&self, person: &SignedIn, change: &Change, device: &Device) -> Result<(), Fault> {
        again!(self.change_once(person, change, device))
    }

    /// The person as it is now, if it is still signed in: an administrator may have been faster.
    pub async fn still(&self, tx: &mut ReadTx, person: &SignedIn) -> Result<Option<SignedIn>, Fault> {
        let Some(session) = session::rows::find_by_id(tx, &person.session.id).await? else {
            return Ok(None);
        };
        let Some(user) = user::rows::find_any(tx, &session.user_id).await? else {
            return Ok(None);
        };
        let account = user::rows::account_of(tx, &user).await?;
        let is_admitted = admitted(tx, &user, account.as_ref()).await?.is_ok();
        Ok(is_admitted.then(|| SignedIn {
            user,
            account,
            session,
            form_key: person.form_key.clone(),
        }))
    }

    async fn change_once(&self, person: &SignedIn, change: &Change, device: &Device) -> Result<(), Fault> {
        let mut tx = self.store.write().await?;
        let Some(person) = self.still(&mut tx, person).await? else {
            return Ok(());
        };
        let (mut user, account, session) = (person.user, person.account, person.session);
        let mut details = json!({
            "userId": user.id, "accountId": user.account_id, "sessionId": session.id,
        });
        let name = match change {
            Change::Presence(presence) => {
                user.presence = *presence;
                details["presence"] = json!(presence);
                "UserPresenceChange"
            }
            Change::DisplayName(name) => {
                user.display_name = Some(name.clone());
                "UserNameChange"
            }
            Change::Pin => {
                let entropy = &*self.environment.entropy;
                user.require_pin()?;
                pin::renew(&mut tx, entropy, &mut user, device.now).await?;
                "UserPersonalPinReset"
            }
            Change::EndSession(id) => {
                session::rows::end_of(&mut tx, &user.id, id).await?;
                details["endedSessionId"] = json!(id);
                "UserSessionEnd"
            }
            Change::EndOtherSessions => {
                session::rows::end_others(&mut tx, &user.id, &session.id).await?;
                "UserSessionEnd"
            }
        };
        user::rows::update(&mut tx, &user).await?;
        let event = account.map(|account| self.event(&account, name, device, &user, details, None));
        self.conclude(tx, event.into_iter().collect()).await
    }

    /// Signs the person in. The session that the browser had ends, whosever it was.
    async fn add_session(
        &self,
        tx: &mut WriteTx,
        user: &UserRow,
        device: &Device,
    ) -> Result<(SessionRow, Secret<String>), Fault> {
        let entropy = &*self.environment.entropy;
        if let Some(digest) = &device.token_digest
            && let Some(before) = session::rows::find(tx, digest).await?
        {
            session::rows::end(tx, &before.id).await?;
        }
        let token = token(entropy);
        let session = SessionRow {
            id: uuid_v4(entropy),
            user_id: user.id.clone(),
            source_ip: device.ip.to_canonical().to_string(),
            user_agent: device.user_agent.clone(),
            created_at: device.now,
            seen_at: device.now,
        };
        session::rows::insert(tx, &session, &session::digest(token.expose())).await?;
        let forget = ForgetSession {
            session_id: session.id.clone(),
        };
        enqueue(tx, entropy, &forget, device.now, session.ends_at()).await?;
        Ok((session, token))
    }

    /// Commits what was done together with its events. People without an account are in nobody's trail.
    pub async fn conclude(&self, mut tx: WriteTx, events: Vec<Event>) -> Result<(), Fault> {
        for event in &events {
            event.insert(&mut tx).await?;
        }
        tx.commit().await?;
        for event in &events {
            self.environment.after_commit(event);
        }
        // Those without an event may have queued something too.
        self.environment.jobs.notify_one();
        Ok(())
    }

    /// The event of what a person did, in the trail of whoever owns the account.
    pub fn event(
        &self,
        account: &AccountRow,
        name: &str,
        device: &Device,
        user: &UserRow,
        details: serde_json::Value,
        error: Option<(&str, &str)>,
    ) -> Event {
        ServiceEvent {
            aws_account_id: account.aws_account_id,
            at: device.now,
            source: crate::CHIME.event_source,
            name,
            source_ip: device.ip,
            user_agent: Some(&device.user_agent),
            details,
            error,
            resource: Some(("AWS::Chime::User", user.id.clone())),
        }
        .event(&*self.environment.entropy)
    }
}

/// Derived from the token, which only the browser has: whoever reads the database cannot make it.
fn form_key(token: &str) -> String {
    session::digest(&format!("form {token}"))
}

async fn find_session(tx: &mut ReadTx, token: &str, now: Timestamp) -> Result<Option<SignedIn>, Fault> {
    let Some(session) = session::rows::find(tx, &session::digest(token)).await? else {
        return Ok(None);
    };
    Ok(find_holder(tx, &session, now)
        .await?
        .map(|(user, account)| SignedIn {
            user,
            account,
            session,
            form_key: form_key(token),
        }))
}

/// Whose session it is, while it holds and the person may be signed in.
pub(super) async fn find_holder(
    tx: &mut ReadTx,
    session: &SessionRow,
    now: Timestamp,
) -> Result<Option<(UserRow, Option<AccountRow>)>, Fault> {
    if !session.holds(now) {
        return Ok(None);
    }
    let Some(user) = user::rows::find_any(tx, &session.user_id).await? else {
        return Ok(None);
    };
    let account = user::rows::account_of(tx, &user).await?;
    let is_admitted = admitted(tx, &user, account.as_ref()).await?.is_ok();
    Ok(is_admitted.then_some((user, account)))
}
