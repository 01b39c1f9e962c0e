//! What follows when an account gives a domain up: its people of that domain are not let in from that moment, and are
//! released or deleted in portions.

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, enqueue};
use carillon_store::{ReadTx, StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DomainRow, DomainStatus, rows};
use crate::account::jobs::PORTION;
use crate::account::{self, AccountRow, AccountType};
use crate::email::domain_of;
use crate::user::{RegistrationStatus, UserRow, invitation, pin};
use crate::{attachment, event, session, user};

/// Takes a domain from the account. A claim that was never proved leaves nothing behind.
///
/// Source: Chime Administration Guide, "Removing a domain".
pub(crate) async fn release(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account: &AccountRow,
    domain: &DomainRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    rows::delete(tx, domain).await?;
    if domain.status != DomainStatus::Verified {
        return Ok(());
    }
    rows::put_former(tx, account, &domain.name, now).await?;
    let release = ReleasePeople {
        account_id: account.id.clone(),
        domain: domain.name.clone(),
        fate: Fate::of(account.account_type),
        done: Done::default(),
    };
    // Where there are few, whoever asked sees it done.
    release.go_on(tx, entropy, now).await
}

/// Whether the account of the person gave up the domain of its address, and only has not come to the person yet.
pub(crate) async fn is_leaving(tx: &mut ReadTx, user: &UserRow) -> Result<bool, StoreError> {
    let Some(account_id) = &user.account_id else {
        return Ok(false);
    };
    let former = rows::former(tx, account_id, &domain_of(&user.email)).await?;
    Ok(former == Some(false))
}

/// What becomes of registered people whose domain is given up. Those who are suspended stay so, and those who never
/// came are deleted in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fate {
    /// They keep their row, and their address is free.
    Released,
    Deleted,
}

impl Fate {
    pub fn of(account_type: AccountType) -> Self {
        match account_type {
            AccountType::Team | AccountType::EnterpriseLWA => Self::Released,
            AccountType::EnterpriseDirectory | AccountType::EnterpriseOIDC => Self::Deleted,
        }
    }
}

/// Whom a portion concerned: identifiers of users.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Done {
    released: Vec<String>,
    deleted: Vec<String>,
}

/// Releases or deletes the people of a domain that an account gave up, in portions. Each records the one before.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReleasePeople {
    account_id: String,
    domain: String,
    fate: Fate,
    done: Done,
}

impl ReleasePeople {
    /// Treats one portion, and queues the job that records it and goes on.
    async fn go_on(&self, tx: &mut WriteTx, entropy: &dyn Entropy, now: Timestamp) -> Result<(), StoreError> {
        let invites = invitation::rows::open_inside(tx, &self.account_id, &self.domain, PORTION).await?;
        for invite in &invites {
            invitation::end(tx, invite).await?;
        }
        let people = user::rows::leaving(tx, &self.account_id, &self.domain, PORTION).await?;
        let is_last = invites.is_empty() && people.is_empty();
        let mut done = Done::default();
        for mut person in people {
            session::rows::end_all(tx, &person.id).await?;
            pin::retire(tx, &mut person, now).await?;
            if person.registration == RegistrationStatus::Registered && self.fate == Fate::Released {
                person.release();
                user::rows::update(tx, &person).await?;
                done.released.push(person.id);
            } else {
                attachment::jobs::forget_person(tx, entropy, &person.id, now).await?;
                user::rows::delete(tx, &person).await?;
                done.deleted.push(person.id);
            }
        }
        if is_last {
            return rows::settle_former(tx, &self.account_id, &self.domain).await;
        }
        let next = Self {
            account_id: self.account_id.clone(),
            domain: self.domain.clone(),
            fate: self.fate,
            done,
        };
        enqueue(tx, entropy, &next, now, now).await
    }
}

impl Job for ReleasePeople {
    const KIND: &'static str = "chime.domain.release";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some(account) = account::rows::find_any(tx, &self.account_id).await? else {
            return Ok(Vec::new());
        };
        self.go_on(tx, &*environment.entropy, now).await?;
        if self.done.released.is_empty() && self.done.deleted.is_empty() {
            return Ok(Vec::new());
        }
        let details = json!({
            "domainName": self.domain,
            "releasedUserIds": self.done.released,
            "deletedUserIds": self.done.deleted,
        });
        Ok(vec![event::of_account(
            &account,
            "ReleaseUsers",
            details,
            environment,
            now,
        )])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_others_keep_the_people_they_are_deleted() {
        assert_eq!(Fate::of(AccountType::EnterpriseLWA), Fate::Released);
        assert_eq!(Fate::of(AccountType::EnterpriseDirectory), Fate::Deleted);
        assert_eq!(Fate::of(AccountType::EnterpriseOIDC), Fate::Deleted);
    }
}
