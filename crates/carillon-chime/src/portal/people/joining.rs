//! Becoming a person here: by an invitation, or with a link that proves an address.

use carillon_aws::id::uuid_v4;
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Event, Fault, enqueue};
use carillon_store::WriteTx;
use serde_json::json;

use super::{Device, People, again};
use crate::account::{AccountRow, ManagedAccount};
use crate::email::key_of;
use crate::link::{self, LinkRow, Purpose};
use crate::session;
use crate::user::entry::Entry;
use crate::user::invitation::{self, InviteRow, Open};
use crate::user::jobs::EndTrial;
use crate::user::{self, TRIAL, UserRow, pin};

/// How a person proves itself when it accepts an invitation.
pub(in crate::portal) enum Proof {
    /// The password it has is right. It must still be this one.
    Verified { hash: String },
    /// It registers.
    New(Newcomer),
}

/// What a person who registers says of itself.
pub(in crate::portal) struct Newcomer {
    pub display_name: String,
    pub hash: String,
}

impl Newcomer {
    fn describe(&self, user: &mut UserRow) {
        user.display_name = Some(self.display_name.clone());
        user.password_hash = Some(self.hash.clone());
    }
}

impl People<'_> {
    /// An invitation that this token opens.
    pub async fn open_invitation(
        &self,
        invite_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Open>, Fault> {
        let mut tx = self.store.read().await?;
        Ok(invitation::find_open(&mut tx, invite_id, token, now).await?)
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
        again!(self.accept_once(invite_id, token, proof, device))
    }

    async fn accept_once(
        &self,
        invite_id: &str,
        token: &str,
        proof: &Proof,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        let mut tx = self.store.write().await?;
        let Some(open) = invitation::find_open(&mut tx, invite_id, token, device.now).await? else {
            return Ok(None);
        };
        let known = open.known_password().map(str::to_owned);
        let mut user = self.guest(&mut tx, &open, device.now).await?;
        match (proof, known) {
            (Proof::Verified { hash }, Some(known)) if *hash == known => {}
            (Proof::New(newcomer), None) => newcomer.describe(&mut user),
            // Somebody was faster.
            _ => return Ok(None),
        }
        self.welcome(tx, &open, user, device).await.map(Some)
    }

    /// The user that an invitation is for.
    async fn guest(&self, tx: &mut WriteTx, open: &Open, now: Timestamp) -> Result<UserRow, Fault> {
        if let Some(user) = &open.user {
            return Ok(user.clone());
        }
        let id = uuid_v4(&*self.environment.entropy);
        let user = UserRow::new(id, &open.account, open.invite.email.clone(), now);
        user::rows::insert(tx, &user).await?;
        Ok(user)
    }

    /// Makes the person a member of the account that invited it.
    async fn welcome(
        &self,
        mut tx: WriteTx,
        open: &Open,
        mut user: UserRow,
        device: &Device,
    ) -> Result<Secret<String>, Fault> {
        let entropy = &*self.environment.entropy;
        let left = user::rows::account_of(&mut tx, &user).await?;
        let (account, invite) = (&open.account, &open.invite);
        invitation::accept(&mut tx, entropy, account, invite, &mut user, device.now).await?;
        self.begin(tx, user, Some(account), left, Some(invite), device)
            .await
    }

    /// The address that a link to register proves, with what comes of it.
    pub async fn find_registration(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(LinkRow, Entry)>, Fault> {
        let mut tx = self.store.read().await?;
        let Some(link) = link::rows::find(&mut tx, &session::digest(token)).await? else {
            return Ok(None);
        };
        if !link.opens(Purpose::Registration, now) {
            return Ok(None);
        }
        let is_open = self.environment.settings.self_registration;
        let entry = Entry::of(&mut tx, &link.email, is_open, now).await?;
        Ok(Some((link, entry)))
    }

    /// Registers whoever has the link, signs it in, and answers the token of the session; nothing if it leads
    /// nowhere any more.
    pub async fn register(
        &self,
        token: &str,
        newcomer: &Newcomer,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        again!(self.register_once(token, newcomer, device))
    }

    async fn register_once(
        &self,
        token: &str,
        newcomer: &Newcomer,
        device: &Device,
    ) -> Result<Option<Secret<String>>, Fault> {
        let entropy = &*self.environment.entropy;
        let mut tx = self.store.write().await?;
        let Some(link) = link::rows::find(&mut tx, &session::digest(token)).await? else {
            return Ok(None);
        };
        if !link.opens(Purpose::Registration, device.now) {
            return Ok(None);
        }
        let is_open = self.environment.settings.self_registration;
        let entry = Entry::of(&mut tx, &link.email, is_open, device.now).await?;
        link::rows::void(&mut tx, &link.email, Purpose::Registration).await?;
        let (account, known) = match entry {
            Entry::Invited(open) => {
                let mut user = self.guest(&mut tx, &open, device.now).await?;
                newcomer.describe(&mut user);
                return self.welcome(tx, &open, user, device).await.map(Some);
            }
            Entry::Member(account, known) => (Some(account), known),
            Entry::Alone(known) => (None, known),
            Entry::Known | Entry::Closed => return Ok(None),
        };
        let left = match &known {
            Some(known) => user::rows::account_of(&mut tx, known).await?,
            None => None,
        };
        let is_new = known.is_none();
        let mut user =
            known.unwrap_or_else(|| UserRow::alone(uuid_v4(entropy), link.email.clone(), device.now));
        newcomer.describe(&mut user);
        if let Some(left) = &left {
            // What an account asked of a person who is no longer its user is void.
            invitation::rows::fail_open(&mut tx, &left.id, &key_of(&user.email)).await?;
        }
        match &account {
            Some(account) => user.be_taken_in(account, device.now),
            None => {
                user.start_alone(device.now);
                let end = EndTrial {
                    user_id: user.id.clone(),
                };
                enqueue(&mut tx, entropy, &end, device.now, device.now + TRIAL).await?;
            }
        }
        if is_new {
            user::rows::insert(&mut tx, &user).await?;
        }
        pin::settle(&mut tx, entropy, &mut user, device.now).await?;
        user::rows::update(&mut tx, &user).await?;
        let token = self.begin(tx, user, account.as_ref(), left, None, device).await?;
        Ok(Some(token))
    }

    /// Signs a person in who has just come, with the events of that.
    async fn begin(
        &self,
        mut tx: WriteTx,
        user: UserRow,
        account: Option<&ManagedAccount>,
        left: Option<AccountRow>,
        invite: Option<&InviteRow>,
        device: &Device,
    ) -> Result<Secret<String>, Fault> {
        let (session, token) = self.add_session(&mut tx, &user, device).await?;
        let mut events: Vec<Event> = Vec::new();
        // Whoever owns the account left sees that somebody is gone, and not where to.
        if let Some(left) = left.filter(|left| user.account_id.as_ref() != Some(&left.id)) {
            let details = json!({ "userId": user.id, "accountId": left.id });
            events.push(self.event(&left, "UserDeparture", device, &user, details, None));
        }
        if let Some(account) = account {
            let mut details = json!({
                "userId": user.id, "accountId": user.account_id, "sessionId": session.id,
            });
            if let Some(invite) = invite {
                details["inviteId"] = json!(invite.id);
            }
            events.push(self.event(account, "UserRegistration", device, &user, details, None));
        }
        self.conclude(tx, events).await?;
        Ok(token)
    }
}
