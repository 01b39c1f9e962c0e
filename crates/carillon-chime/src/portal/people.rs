//! What people do at the portal, each in one transaction with its event.

use std::sync::Arc;

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Entrance, Environment, Event, Fault, ServiceEvent, enqueue};
use carillon_store::{ReadTx, Store, WriteTx};
use serde_json::json;

use super::page::{self, Stop};
use crate::account::{self, AccountRow, AccountType, Life, ManagedAccount};
use crate::domain::release;
use crate::email::{EmailAddress, domain_of};
use crate::name::is_uuid;
use crate::session::jobs::ForgetSession;
use crate::session::{self, SessionRow};
use crate::user::invitation::{self, InviteRow, Outcome};
use crate::user::{self, Presence, UserRow};

/// How often something that lost a race is done again.
const ATTEMPTS: usize = 8;

/// Where a person is.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub ip: std::net::IpAddr,
    pub user_agent: String,
    pub now: Timestamp,
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

/// An invitation that can be accepted, with whom it concerns.
pub(super) struct Open {
    pub invite: InviteRow,
    pub account: ManagedAccount,
    /// Who holds the address. Absent if the account took its user back and the invitation stayed.
    pub user: Option<UserRow>,
}

impl Open {
    /// The hash of the password that the person has already.
    pub fn known_password(&self) -> Option<&str> {
        self.user.as_ref()?.password_hash.as_deref()
    }
}

/// How a person proves itself when it accepts.
pub(super) enum Proof {
    /// The password it has is right. It must still be this one.
    Verified { hash: String },
    /// It registers.
    New { display_name: String, hash: String },
}

/// What a person changes of itself.
pub(super) enum Change {
    /// Who sees whether it is there.
    Presence(Presence),
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

    /// Signs a person in and answers the token of the session, or nothing, always after the same work.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret<String>,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        let person = match EmailAddress::parse(email) {
            Ok(address) => {
                let mut tx = self.store.read().await?;
                find_person(&mut tx, &address).await?
            }
            Err(_) => None,
        };
        let hash = person
            .as_ref()
            .filter(|(user, account)| may_sign_in(user, account.as_ref()))
            .and_then(|(user, _)| user.password_hash.clone());
        let is_right = self
            .environment
            .verify_password(password, hash.as_deref(), Entrance::Portal)
            .await?;
        let Some((user, account)) = person else {
            return Ok(None);
        };
        match hash {
            Some(hash) if is_right => {
                for _ in 0..ATTEMPTS {
                    match self.begin_session(&user.id, &hash, device).await {
                        Err(Fault::Contended) => {}
                        outcome => return outcome,
                    }
                }
                Err(Fault::Contended)
            }
            _ => {
                self.record_failure(&user, account.as_ref(), device);
                Ok(None)
            }
        }
    }

    /// In one transaction: what was true when the password was checked must still be true.
    async fn begin_session(
        &self,
        user_id: &str,
        hash: &str,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        let mut tx = self.store.write().await?;
        let Some(user) = user::rows::find_any(&mut tx, user_id).await? else {
            return Ok(None);
        };
        let account = account_of(&mut tx, &user).await?;
        if user.password_hash.as_deref() != Some(hash)
            || !is_admitted(&mut tx, &user, account.as_ref()).await?
        {
            return Ok(None);
        }
        let (session, token) = self.add_session(&mut tx, &user, device).await?;
        let details = json!({ "userId": user.id, "accountId": user.account_id, "sessionId": session.id });
        let event = account.map(|account| self.event(&account, "UserSignIn", device, &user, details, None));
        self.conclude(tx, event.into_iter().collect()).await?;
        Ok(Some(token))
    }

    /// An invitation that this token opens.
    pub async fn open_invitation(
        &self,
        invite_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Open>, Fault> {
        let mut tx = self.store.read().await?;
        find_open(&mut tx, invite_id, token, now).await
    }

    /// Makes the invited person a member, signs it in, and answers the token of the session; nothing if the
    /// invitation does not open any more.
    pub async fn accept(
        &self,
        invite_id: &str,
        token: &str,
        proof: &Proof,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        for _ in 0..ATTEMPTS {
            match self.accept_once(invite_id, token, proof, device).await {
                Err(Fault::Contended) => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Contended)
    }

    async fn accept_once(
        &self,
        invite_id: &str,
        token: &str,
        proof: &Proof,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        let entropy = &*self.environment.entropy;
        let mut tx = self.store.write().await?;
        let Some(open) = find_open(&mut tx, invite_id, token, device.now).await? else {
            return Ok(None);
        };
        let known = open.known_password().map(str::to_owned);
        let mut user = match open.user {
            Some(user) => user,
            None => {
                let email = open.invite.email.clone();
                let user = UserRow::new(uuid_v4(entropy), &open.account, email, device.now);
                user::rows::insert(&mut tx, &user).await?;
                user
            }
        };
        match (proof, known) {
            (Proof::Verified { hash }, Some(known)) if *hash == known => {}
            (Proof::New { display_name, hash }, None) => {
                user.display_name = Some(display_name.clone());
                user.password_hash = Some(hash.clone());
            }
            // Somebody was faster.
            _ => return Ok(None),
        }
        let left = account_of(&mut tx, &user)
            .await?
            .filter(|left| left.id != open.account.id);
        invitation::accept(
            &mut tx,
            entropy,
            &open.account,
            &open.invite,
            &mut user,
            device.now,
        )
        .await?;
        let (session, token) = self.add_session(&mut tx, &user, device).await?;
        let details = json!({
            "userId": user.id, "accountId": user.account_id, "inviteId": open.invite.id, "sessionId": session.id,
        });
        let joined = self.event(&open.account, "UserRegistration", device, &user, details, None);
        // Whoever owns the account left sees that somebody is gone, and not where to.
        let left = left.map(|left| {
            let details = json!({ "userId": user.id, "accountId": left.id });
            self.event(&left, "UserDeparture", device, &user, details, None)
        });
        self.conclude(tx, left.into_iter().chain([joined]).collect())
            .await?;
        Ok(Some(token))
    }

    /// Ends one session.
    pub async fn sign_out(&self, signed_in: &SignedIn, device: &Device) -> Result<(), Fault> {
        for _ in 0..ATTEMPTS {
            let mut tx = self.store.write().await?;
            session::rows::end(&mut tx, &signed_in.session.id).await?;
            let user = &signed_in.user;
            let details = json!({
                "userId": user.id, "accountId": user.account_id, "sessionId": signed_in.session.id,
            });
            let account = signed_in.account.as_ref();
            let event =
                account.map(|account| self.event(account, "UserSignOut", device, user, details, None));
            match self.conclude(tx, event.into_iter().collect()).await {
                Err(Fault::Contended) => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Contended)
    }

    /// Changes something of a person who is still signed in, with its event.
    pub async fn change(&self, person: &SignedIn, change: &Change, device: &Device) -> Result<(), Fault> {
        for _ in 0..ATTEMPTS {
            match self.change_once(person, change, device).await {
                Err(Fault::Contended) => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Contended)
    }

    async fn change_once(&self, person: &SignedIn, change: &Change, device: &Device) -> Result<(), Fault> {
        let mut tx = self.store.write().await?;
        // As it is now: an administrator may have been faster.
        let Some(session) = session::rows::find_by_id(&mut tx, &person.session.id).await? else {
            return Ok(());
        };
        let Some(mut user) = user::rows::find_any(&mut tx, &session.user_id).await? else {
            return Ok(());
        };
        let account = account_of(&mut tx, &user).await?;
        if !may_sign_in(&user, account.as_ref()) {
            return Ok(());
        }
        let mut details = json!({
            "userId": user.id, "accountId": user.account_id, "sessionId": session.id,
        });
        let name = match change {
            Change::Presence(presence) => {
                user.presence = *presence;
                details["presence"] = json!(presence);
                "UserPresenceChange"
            }
        };
        user::rows::update(&mut tx, &user).await?;
        let event = account.map(|account| self.event(&account, name, device, &user, details, None));
        self.conclude(tx, event.into_iter().collect()).await
    }

    async fn add_session(
        &self,
        tx: &mut WriteTx,
        user: &UserRow,
        device: &Device,
    ) -> Result<(SessionRow, Secret<String>), Fault> {
        let entropy = &*self.environment.entropy;
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
        enqueue(tx, entropy, &forget, device.now, device.now + session::LONGEST).await?;
        Ok((session, token))
    }

    /// Commits what was done together with its events. People without an account are in nobody's trail.
    async fn conclude(&self, mut tx: WriteTx, events: Vec<Event>) -> Result<(), Fault> {
        for event in &events {
            event.insert(&mut tx).await?;
        }
        tx.commit().await?;
        for event in &events {
            self.environment.after_commit(event);
        }
        Ok(())
    }

    /// The event of what a person did, in the trail of whoever owns the account.
    fn event(
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

/// Whether the person can be signed in: it is not stopped, and its account lets people in with portal passwords.
fn may_sign_in(user: &UserRow, account: Option<&AccountRow>) -> bool {
    user.may_sign_in()
        && match (&user.account_id, account) {
            (None, _) => true,
            (Some(_), Some(account)) => {
                account.life == Life::Active
                    && matches!(
                        account.account_type,
                        AccountType::Team | AccountType::EnterpriseLWA
                    )
            }
            (Some(_), None) => false,
        }
}

/// Whether the person can be signed in now, also as far as the domain of its address says.
async fn is_admitted(tx: &mut ReadTx, user: &UserRow, account: Option<&AccountRow>) -> Result<bool, Fault> {
    Ok(may_sign_in(user, account) && !release::is_leaving(tx, user).await?)
}

async fn account_of(tx: &mut ReadTx, user: &UserRow) -> Result<Option<AccountRow>, Fault> {
    Ok(match &user.account_id {
        Some(id) => account::rows::find_any(tx, id).await?,
        None => None,
    })
}

async fn find_person(
    tx: &mut ReadTx,
    address: &EmailAddress,
) -> Result<Option<(UserRow, Option<AccountRow>)>, Fault> {
    let Some(user) = user::rows::holder(tx, &address.key()).await? else {
        return Ok(None);
    };
    let account = account_of(tx, &user).await?;
    Ok(Some((user, account)))
}

/// Derived from the token, which only the browser has: whoever reads the database cannot make it.
fn form_key(token: &str) -> String {
    session::digest(&format!("form {token}"))
}

async fn find_session(tx: &mut ReadTx, token: &str, now: Timestamp) -> Result<Option<SignedIn>, Fault> {
    let Some(session) = session::rows::find(tx, &session::digest(token)).await? else {
        return Ok(None);
    };
    if !session.holds(now) {
        return Ok(None);
    }
    let Some(user) = user::rows::find_any(tx, &session.user_id).await? else {
        return Ok(None);
    };
    let account = account_of(tx, &user).await?;
    Ok(is_admitted(tx, &user, account.as_ref())
        .await?
        .then_some(SignedIn {
            user,
            account,
            session,
            form_key: form_key(token),
        }))
}

async fn find_open(
    tx: &mut ReadTx,
    invite_id: &str,
    token: &str,
    now: Timestamp,
) -> Result<Option<Open>, Fault> {
    if !is_uuid(invite_id) {
        return Ok(None);
    }
    let invite = invitation::rows::find_any(tx, invite_id).await?;
    let Some(invite) = invite.filter(|invite| invite.opens_with(token, now)) else {
        return Ok(None);
    };
    let Some(account) = ManagedAccount::of_person(tx, &invite.account_id).await? else {
        return Ok(None);
    };
    // An account that claimed its first domain goes on with the invitations it had made to that one.
    let takes = match account.account_type {
        AccountType::Team => true,
        AccountType::EnterpriseLWA => account::rows::claimant(tx, &domain_of(&invite.email))
            .await?
            .is_some_and(|claimant| claimant.id == account.id),
        AccountType::EnterpriseDirectory | AccountType::EnterpriseOIDC => false,
    };
    if account.life != Life::Active || !takes {
        return Ok(None);
    }
    let (outcome, user) = invitation::outcome(tx, &account, &invite.email).await?;
    Ok(match outcome {
        Outcome::New | Outcome::Again | Outcome::Move => Some(Open {
            invite,
            account,
            user,
        }),
        Outcome::Member | Outcome::Impossible => None,
    })
}
