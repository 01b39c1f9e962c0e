//! What follows when an account has claimed a domain.

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, JobError, Outside, enqueue};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::jobs::PORTION;
use super::{AccountRow, AccountType, rows};
use crate::error::Error;
use crate::user::{RegistrationStatus, UserRow, UserType, invitation};
use crate::{event, session, user};

/// Ends the invitations that the claim of a domain makes void, and moves the people of the domain into the account
/// that claimed it, in portions.
///
/// Source: Chime Administration Guide, "Claiming a domain": people of a claimed domain are managed by its account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettleDomain {
    account_id: String,
    domain: String,
    /// The account was a Team account until then.
    converted: bool,
    /// The id of the last user looked at.
    after: String,
}

/// Queues what follows from a claim.
pub(super) async fn plan_settling(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account: &AccountRow,
    domain: &str,
    converted: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let settle = SettleDomain {
        account_id: account.id.clone(),
        domain: domain.to_owned(),
        converted,
        after: String::new(),
    };
    enqueue(tx, entropy, &settle, now, now).await
}

impl Job for SettleDomain {
    const KIND: &'static str = "chime.domain.settle";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    async fn gather(&self, _: &Environment, _: &Store, _: &Outside) -> Result<(), JobError> {
        Ok(())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let is_claimed = rows::claimant(tx, &self.domain)
            .await?
            .is_some_and(|(claimant, _)| claimant == self.account_id);
        let account = rows::find_any(tx, &self.account_id).await?;
        let (Some(account), true) = (account, is_claimed) else {
            // Given up again.
            return Ok(Vec::new());
        };
        let mut void = invitation::rows::open_of_others(tx, &self.domain, &account.id, PORTION).await?;
        if self.converted {
            void.extend(invitation::rows::open_outside(tx, &account.id, &self.domain, PORTION).await?);
        }
        for invite in &void {
            invitation::end(tx, invite).await?;
        }
        let people = user::rows::holders_of_domain(tx, &self.domain, &self.after, PORTION).await?;
        let mut events = Vec::new();
        for person in &people {
            events.extend(take_in(tx, &account, person, environment, now).await?);
        }
        if !void.is_empty() || !people.is_empty() {
            let next = Self {
                account_id: self.account_id.clone(),
                domain: self.domain.clone(),
                converted: self.converted,
                after: people.last().map_or(&self.after, |last| &last.id).clone(),
            };
            enqueue(tx, &*environment.entropy, &next, now, now).await?;
        }
        Ok(events)
    }
}

/// Moves a registered person who belongs nowhere, or to a Team account, into the account. Nothing happens to others.
async fn take_in(
    tx: &mut WriteTx,
    account: &AccountRow,
    person: &UserRow,
    environment: &Environment,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let is_person =
        person.user_type == UserType::PrivateUser && person.registration == RegistrationStatus::Registered;
    if !is_person || person.account_id.as_deref() == Some(&account.id) {
        return Ok(Vec::new());
    }
    let left = match &person.account_id {
        Some(left) => rows::find_any(tx, left).await?,
        None => None,
    };
    if left
        .as_ref()
        .is_some_and(|left| left.account_type != AccountType::Team)
    {
        return Ok(Vec::new());
    }
    let mut person = person.clone();
    person.join(account, now);
    // Nobody asked.
    person.invitation = None;
    person.invited_at = None;
    user::pin::settle(tx, &*environment.entropy, &mut person, now)
        .await
        .map_err(|error| match error {
            Error::Store(error) => error,
            other => StoreError::Database(other.into()),
        })?;
    user::rows::update(tx, &person).await?;
    session::rows::end_all(tx, &person.id).await?;
    let details = || json!({ "userId": person.id });
    let mut events = vec![event::of_account(
        account,
        "UserRegistration",
        details(),
        environment,
        now,
    )];
    events.extend(left.map(|left| event::of_account(&left, "UserDeparture", details(), environment, now)));
    Ok(events)
}
