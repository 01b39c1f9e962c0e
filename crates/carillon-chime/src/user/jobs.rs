//! What happens to users later: mails, and the end of invitations.

use std::time::Duration;

use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, JobError, Mail, MailError, Outside};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::invitation::{self, InviteRow};
use super::mail::{Invitation, pin_reset};
use super::rows;
use crate::account::AccountRow;
use crate::license::License;

/// How long a mail is tried again.
pub(crate) const DELIVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sends the mail of an invitation. It says what was true when the person was invited.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendInvitation {
    invite_id: String,
    email: String,
    account_name: String,
    aws_account_id: String,
    aws_account_name: String,
    /// The token, which nobody should be able to read from the queue.
    sealed_token: String,
}

impl SendInvitation {
    pub fn new(
        environment: &Environment,
        invite: &InviteRow,
        account: &AccountRow,
        aws_account_name: &str,
        token: &Secret<String>,
    ) -> Self {
        let sealed_token = environment.vault.seal(
            &*environment.entropy,
            &purpose(&invite.id),
            token.expose().as_bytes(),
        );
        Self {
            invite_id: invite.id.clone(),
            email: invite.email.clone(),
            account_name: account.name.clone(),
            aws_account_id: account.aws_account_id.to_string(),
            aws_account_name: aws_account_name.to_owned(),
            sealed_token,
        }
    }
}

fn purpose(invite_id: &str) -> String {
    format!("invitation/{invite_id}")
}

impl Job for SendInvitation {
    const KIND: &'static str = "chime.invitation.send";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<(), JobError> {
        let mut tx = store.read().await?;
        // The mail may have waited: its link must still lead somewhere.
        let is_open = invitation::is_open(&mut tx, &self.invite_id, environment.clock.now()).await?;
        drop(tx);
        if !is_open {
            return Ok(());
        }
        let token = unseal(environment, &purpose(&self.invite_id), &self.sealed_token)?;
        let mail = Invitation {
            invite_id: &self.invite_id,
            email: &self.email,
            account_name: &self.account_name,
            aws_account_id: &self.aws_account_id,
            aws_account_name: &self.aws_account_name,
            public_url: &environment.settings.public_url,
            token: &token,
        }
        .mail();
        send(outside, &mail).await
    }

    async fn abandon(
        &self,
        _: &str,
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        // What the relay says may name the address, so it is for the log alone.
        let failed = invitation::fail(tx, &self.invite_id, "FailInvitation", environment, now).await?;
        Ok(failed.into_iter().collect())
    }
}

/// Ends invitations that nobody accepted in time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireInvitations {
    pub invite_ids: Vec<String>,
}

impl Job for ExpireInvitations {
    const KIND: &'static str = "chime.invitation.expire";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        for invite_id in &self.invite_ids {
            events.extend(invitation::fail(tx, invite_id, "ExpireInvitation", environment, now).await?);
        }
        Ok(events)
    }
}

/// Tells a person that its PIN was reset.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TellPinReset {
    pub notice_id: String,
    pub email: String,
    pub account_name: String,
}

impl Job for TellPinReset {
    const KIND: &'static str = "chime.pin.tell";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(&self, environment: &Environment, _: &Store, outside: &Outside) -> Result<(), JobError> {
        let mail = pin_reset(
            &self.notice_id,
            &self.email,
            &self.account_name,
            &environment.settings.public_url,
        );
        send(outside, &mail).await
    }
}

/// Ends the trial of a person who still belongs to no account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndTrial {
    pub user_id: String,
}

impl Job for EndTrial {
    const KIND: &'static str = "chime.trial.end";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        _: &Environment,
        _: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        if let Some(mut user) = rows::find_any(tx, &self.user_id).await?
            && user.license == Some(License::ProTrial)
        {
            user.license = Some(License::Basic);
            rows::update(tx, &user).await?;
        }
        // Whoever belongs to no account is in nobody's trail.
        Ok(Vec::new())
    }
}

/// The token that a mail is to carry.
pub(crate) fn unseal(environment: &Environment, purpose: &str, sealed: &str) -> Result<String, JobError> {
    environment
        .vault
        .open_text(purpose, sealed)
        .ok_or_else(|| JobError::Abandon("the token was sealed by another key".to_owned()))
}

/// Hands a mail to the relay.
pub(crate) async fn send(outside: &Outside, mail: &Mail) -> Result<(), JobError> {
    let Some(relay) = &outside.mail else {
        return Err(JobError::Retry("no mail relay is configured".to_owned()));
    };
    relay.send(mail).await.map_err(|error| match error {
        MailError::Refused(_) => JobError::Abandon(error.to_string()),
        MailError::Later(_) => JobError::Retry(error.to_string()),
    })
}
