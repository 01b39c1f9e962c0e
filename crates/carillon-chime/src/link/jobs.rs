//! What becomes of those who ask for a mail at the portal.
//!
//! Asking is one job, whoever asks for whatever address: nobody sees by the answer, or by its time, what is known of
//! the address. The job decides.

use std::time::Duration;

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, JobError, Outside, enqueue};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::mail::Letter;
use super::{HOUR, LinkRow, MAILS_AN_HOUR, PASSWORD, Purpose, REGISTRATION, rows};
use crate::email::key_of;
use crate::session;
use crate::user::entry::{Entry, forgets};
use crate::user::jobs::{DELIVERY, send, unseal};

/// Decides what is written to an address for which somebody asked for a mail.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AnswerAsk {
    /// [`Purpose::Registration`] or [`Purpose::Password`].
    pub purpose: String,
    pub email: String,
}

impl Job for AnswerAsk {
    const KIND: &'static str = "chime.link.answer";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(format!("{} {}", self.purpose, key_of(&self.email)))
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        if rows::count(tx, &key_of(&self.email), now - HOUR).await? >= MAILS_AN_HOUR {
            return Ok(Vec::new());
        }
        let is_open = environment.settings.self_registration;
        let letter = match self.purpose.parse() {
            Ok(Purpose::Registration) => match Entry::of(tx, &self.email, is_open, now).await? {
                Entry::Member(account, _) => Some(Letter::Register {
                    account_name: Some(account.name.clone()),
                }),
                Entry::Invited(open) => Some(Letter::Register {
                    account_name: Some(open.account.name.clone()),
                }),
                Entry::Alone(_) => Some(Letter::Register { account_name: None }),
                Entry::Known => Some(Letter::HasAccount),
                Entry::Closed => None,
            },
            Ok(Purpose::Password) => forgets(tx, &self.email).await?.map(|_| Letter::ChoosePassword),
            Ok(Purpose::Notice) | Err(_) => None,
        };
        let Some(letter) = letter else {
            return Ok(Vec::new());
        };
        let user_id = match letter {
            Letter::ChoosePassword => forgets(tx, &self.email).await?.map(|user| user.id),
            _ => None,
        };
        write(tx, environment, &self.email, user_id, letter, now).await?;
        Ok(Vec::new())
    }
}

/// Queues a letter to an address, with the link that belongs to it.
pub(crate) async fn write(
    tx: &mut WriteTx,
    environment: &Environment,
    email: &str,
    user_id: Option<String>,
    letter: Letter,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entropy = &*environment.entropy;
    let (purpose, good_for) = match letter {
        Letter::Register { .. } => (Purpose::Registration, REGISTRATION),
        Letter::ChoosePassword => (Purpose::Password, PASSWORD),
        Letter::HasAccount | Letter::PasswordChanged => (Purpose::Notice, HOUR),
    };
    let link = LinkRow {
        id: uuid_v4(entropy),
        purpose,
        email: email.to_owned(),
        user_id,
        created_at: now,
        expires_at: now + good_for,
    };
    let token = (purpose != Purpose::Notice).then(|| token(entropy));
    let digest = token.as_ref().map(|token| session::digest(token.expose()));
    rows::insert(tx, &link, digest.as_deref()).await?;
    let sealed_token = token.map(|token| {
        environment
            .vault
            .seal(entropy, &sealing(&link.id), token.expose().as_bytes())
    });
    let send = SendLetter {
        link_id: link.id.clone(),
        email: link.email,
        letter,
        sealed_token,
    };
    enqueue(tx, entropy, &send, now, now).await?;
    let forget = ForgetLink { link_id: link.id };
    enqueue(tx, entropy, &forget, now, link.expires_at).await
}

fn sealing(link_id: &str) -> String {
    format!("link/{link_id}")
}

/// Sends a letter.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendLetter {
    link_id: String,
    email: String,
    letter: Letter,
    /// The token, which nobody should be able to read from the queue.
    sealed_token: Option<String>,
}

impl Job for SendLetter {
    const KIND: &'static str = "chime.link.send";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<(), JobError> {
        let mut secret = String::new();
        if let Some(sealed) = &self.sealed_token {
            let mut tx = store.read().await?;
            // The mail may have waited: its link must still open something.
            let is_open = rows::is_open(&mut tx, &self.link_id, environment.clock.now()).await?;
            drop(tx);
            if !is_open {
                return Ok(());
            }
            secret = unseal(environment, &sealing(&self.link_id), sealed)?;
        }
        let public_url = &environment.settings.public_url;
        let mail = self.letter.mail(&self.link_id, &self.email, public_url, &secret);
        send(outside, &mail).await
    }
}

/// Forgets a link that does not open any more, with its address.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForgetLink {
    link_id: String,
}

impl Job for ForgetLink {
    const KIND: &'static str = "chime.link.forget";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        _: &Environment,
        _: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        rows::delete(tx, &self.link_id).await?;
        Ok(Vec::new())
    }
}
