//! What follows when an account has proved its claim of a domain.

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, enqueue};
use carillon_store::{StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DomainCheckResult, DomainRow, rows};
use crate::account::jobs::PORTION;
use crate::account::{self, AccountRow, AccountType, Life};
use crate::error::Error;
use crate::user::{RegistrationStatus, UserRow, UserType, invitation};
use crate::{event, session, user};

/// How often it is looked whether an account that was stopped goes on.
const STOPPED: Duration = Duration::from_secs(60 * 60);

/// Makes a domain the account's, which becomes an Enterprise account with its first one. What that means for people
/// and invitations follows in a job.
pub(crate) async fn claim(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account: &mut AccountRow,
    domain: &mut DomainRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    domain.note(DomainCheckResult::Found, now);
    rows::put(tx, domain).await?;
    rows::delete_former(tx, &account.id, &domain.name).await?;
    let converted = account.account_type == AccountType::Team;
    if converted {
        account.account_type = AccountType::EnterpriseLWA;
        account::rows::update(tx, account).await?;
    }
    let settle = SettleDomain {
        account_id: account.id.clone(),
        domain: domain.name.clone(),
        converted,
        after: String::new(),
    };
    enqueue(tx, entropy, &settle, now, now).await
}

/// Ends the claims of others and the invitations that the claim of a domain makes void, and moves the people of the domain into the account
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

impl SettleDomain {
    /// What is left after the user of this id.
    fn after(&self, after: String) -> Self {
        Self {
            account_id: self.account_id.clone(),
            domain: self.domain.clone(),
            converted: self.converted,
            after,
        }
    }
}

impl Job for SettleDomain {
    const KIND: &'static str = "chime.domain.settle";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let claimant = account::rows::claimant(tx, &self.domain).await?;
        let Some(account) = claimant.filter(|claimant| claimant.id == self.account_id) else {
            // Given up again.
            return Ok(Vec::new());
        };
        if account.life != Life::Active {
            // Nobody is moved to where nobody can sign in, or to what will be erased. If the account goes on, so does
            // this.
            let later = self.after(self.after.clone());
            enqueue(tx, &*environment.entropy, &later, now, now + STOPPED).await?;
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        let rivals = rows::waiting(tx, &self.domain, PORTION).await?;
        for rival in &rivals {
            events.extend(lose(tx, rival, environment, now).await?);
        }
        let mut void = invitation::rows::open_of_others(tx, &self.domain, &account.id, PORTION).await?;
        if self.converted {
            void.extend(invitation::rows::open_outside(tx, &account.id, &self.domain, PORTION).await?);
        }
        for invite in &void {
            invitation::end(tx, invite).await?;
        }
        let people = user::rows::holders_of_domain(tx, &self.domain, &self.after, PORTION).await?;
        for person in &people {
            events.extend(take_in(tx, &account, person, environment, now).await?);
        }
        if !rivals.is_empty() || !void.is_empty() || !people.is_empty() {
            let next = self.after(people.last().map_or(&self.after, |last| &last.id).clone());
            enqueue(tx, &*environment.entropy, &next, now, now).await?;
        }
        Ok(events)
    }
}

/// Ends the claim of an account that was slower.
pub(super) async fn lose(
    tx: &mut WriteTx,
    rival: &DomainRow,
    environment: &Environment,
    now: Timestamp,
) -> Result<Option<Event>, StoreError> {
    let mut rival = rival.clone();
    rival.note(DomainCheckResult::ClaimedByAnotherAccount, now);
    rows::put(tx, &rival).await?;
    let account = account::rows::find_any(tx, &rival.account_id).await?;
    Ok(account.map(|account| failed(&account, &rival, environment, now)))
}

/// The event of a claim that was given up.
pub(super) fn failed(
    account: &AccountRow,
    domain: &DomainRow,
    environment: &Environment,
    now: Timestamp,
) -> Event {
    let details = json!({
        "domainName": domain.name,
        "lastCheckResult": domain.check_result.map(|result| result.as_str()),
    });
    event::of_account(account, "FailDomainVerification", details, environment, now)
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
        Some(left) => account::rows::find_any(tx, left).await?,
        None => None,
    };
    if left
        .as_ref()
        .is_some_and(|left| left.account_type != AccountType::Team)
    {
        return Ok(Vec::new());
    }
    let mut person = person.clone();
    person.be_taken_in(account, now);
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
