//! What happens to delegations later: mails, and the end that was set.

use std::time::Duration;

use carillon_aws::id::{AwsAccountId, uuid_v4};
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, JobError, Outside, enqueue};
use carillon_store::{ReadTx, Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::mail::{Invitation, News, Party, news};
use super::{DelegateRow, DelegateStatus, ended, rows};
use crate::account::{self, AccountRow, Life};
use crate::email::{EmailAddress, key_of};
use crate::session;
use crate::user::jobs::{DELIVERY, send, unseal};

/// Sends the mail of an invitation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendDelegateInvitation {
    delegate_id: String,
    mail_id: String,
    account_name: String,
    owner: Party,
    /// The token, which nobody should be able to read from the queue.
    sealed_token: String,
}

impl SendDelegateInvitation {
    pub fn new(
        environment: &Environment,
        delegate: &DelegateRow,
        mail_id: String,
        account: &AccountRow,
        owner_name: String,
        token: &Secret<String>,
    ) -> Self {
        Self {
            delegate_id: delegate.id.clone(),
            sealed_token: environment.vault.seal(
                &*environment.entropy,
                &purpose(&mail_id),
                token.expose().as_bytes(),
            ),
            mail_id,
            account_name: account.name.clone(),
            owner: Party {
                aws_account_id: account.aws_account_id.to_string(),
                name: owner_name,
            },
        }
    }
}

fn purpose(mail_id: &str) -> String {
    format!("delegate/{mail_id}")
}

impl Job for SendDelegateInvitation {
    const KIND: &'static str = "chime.delegate.invite";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<(), JobError> {
        let token = unseal(environment, &purpose(&self.mail_id), &self.sealed_token)?;
        // The mail may have waited: its token must still be good for something.
        let mut tx = store.read().await?;
        let found = rows::find_by_token(&mut tx, &session::digest(&token)).await?;
        let now = environment.clock.now();
        let Some(delegate) = found.filter(|found| found.status(now) == DelegateStatus::Pending) else {
            return Ok(());
        };
        let account = account::rows::find_any(&mut tx, &delegate.account_id).await?;
        drop(tx);
        if !account.is_some_and(|account| account.life == Life::Active) {
            return Ok(());
        }
        let ends = delegate.ends_at.map(|end| end.iso_seconds());
        let mail = Invitation {
            mail_id: &self.mail_id,
            email: &delegate.email,
            account_name: &self.account_name,
            owner: &self.owner,
            reason: delegate.reason.as_deref(),
            ends: ends.as_ref().map(|end| end.as_str()),
            has_boundary: delegate.boundary.is_some(),
            public_url: &environment.settings.public_url,
            token: &token,
        }
        .mail();
        send(outside, &mail).await
    }
}

/// Tells one address what became of a delegation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TellDelegation {
    mail_id: String,
    to: String,
    news: News,
    account_name: String,
    owner: Party,
    delegate: Party,
}

impl Job for TellDelegation {
    const KIND: &'static str = "chime.delegate.tell";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(&self, environment: &Environment, _: &Store, outside: &Outside) -> Result<(), JobError> {
        let mail = news(
            self.news,
            (&self.mail_id, &self.to),
            &self.account_name,
            (&self.owner, &self.delegate),
            &environment.settings.public_url,
        );
        send(outside, &mail).await
    }
}

/// Both sides of a delegation, and where they are written to.
pub(crate) struct Sides {
    account_name: String,
    owner: Party,
    delegate: Party,
    addresses: Vec<String>,
}

impl Sides {
    /// Nothing while nobody has accepted.
    pub async fn of(
        tx: &mut ReadTx,
        account: &AccountRow,
        delegate: &DelegateRow,
    ) -> Result<Option<Self>, StoreError> {
        let Some(other) = delegate.delegate else {
            return Ok(None);
        };
        let (owner, owner_email) = party(tx, account.aws_account_id).await?;
        let (other, other_email) = party(tx, other).await?;
        let mut addresses: Vec<String> = Vec::new();
        for address in [owner_email, other_email, delegate.email.clone()] {
            let is_known = |known: &String| key_of(known) == key_of(&address);
            if EmailAddress::parse(&address).is_ok() && !addresses.iter().any(is_known) {
                addresses.push(address);
            }
        }
        Ok(Some(Self {
            account_name: account.name.clone(),
            owner,
            delegate: other,
            addresses,
        }))
    }

    /// Queues the mails.
    pub async fn tell(
        self,
        tx: &mut WriteTx,
        environment: &Environment,
        news: News,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !environment.settings.mail {
            return Ok(());
        }
        let entropy = &*environment.entropy;
        for to in self.addresses {
            let tell = TellDelegation {
                mail_id: uuid_v4(entropy),
                to,
                news,
                account_name: self.account_name.clone(),
                owner: self.owner.clone(),
                delegate: self.delegate.clone(),
            };
            enqueue(tx, entropy, &tell, now, now).await?;
        }
        Ok(())
    }
}

/// An AWS account, and the address of its owner.
async fn party(tx: &mut ReadTx, id: AwsAccountId) -> Result<(Party, String), StoreError> {
    let (name, email) = account::rows::aws_account(tx, id).await?;
    let party = Party {
        aws_account_id: id.to_string(),
        name,
    };
    Ok((party, email))
}

/// Deletes a delegation whose time has passed. Nobody can act on it since then, so this may be late.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndDelegation {
    pub delegate_id: String,
}

impl Job for EndDelegation {
    const KIND: &'static str = "chime.delegate.end";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(self.delegate_id.clone())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some(delegate) = rows::find_any(tx, &self.delegate_id).await? else {
            return Ok(Vec::new());
        };
        let Some(account) = account::rows::find_any(tx, &delegate.account_id).await? else {
            return Ok(Vec::new());
        };
        let (Some(other), true) = (delegate.delegate, delegate.is_over(now)) else {
            return Ok(Vec::new());
        };
        rows::delete(tx, &delegate.id).await?;
        if account.life != Life::Disabled
            && let Some(sides) = Sides::of(tx, &account, &delegate).await?
        {
            sides.tell(tx, environment, News::RanOut, now).await?;
        }
        let trails = [account.aws_account_id, other];
        let event = |trail| ended(trail, &account, &delegate.id, environment, now);
        Ok(trails.map(event).into())
    }
}
