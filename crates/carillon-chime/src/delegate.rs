//! Delegations: Chime accounts that one AWS account lends to another.
//!
//! The owner (a partner) invites by mail, an AWS account (its customer's) accepts, and from then on the principals of
//! that AWS account act on this one Chime account within their own policies and the boundary that the owner set. Either
//! side ends it.

pub(crate) mod jobs;
mod mail;
pub(crate) mod operations;
pub(crate) mod rows;
pub(crate) mod terms;

use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event};
use carillon_store::{StoreError, WriteTx};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use self::jobs::Sides;
use self::mail::News;
use crate::account::AccountRow;
use crate::email::WireEmailAddress;
use crate::error::Error;
use crate::event;

/// How long an invitation can be accepted.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Delegations and invitations of one account.
const MOST: i64 = 10;
/// Invitations that an AWS account sends in a day: strangers are not to be flooded in the operator's name.
const MAILS_A_DAY: i64 = 100;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

carillon_aws::string_enum! {
    /// Where a delegation stands.
    pub enum DelegateStatus {
        /// Invited.
        Pending,
        Active,
        /// The invitation was not accepted in time. It can be renewed.
        Expired,
    }
}

carillon_aws::string_type! {
    /// Why an account is lent: a line that both sides see.
    pub(crate) Reason, min: 1, max: 500, pattern: r".*\S.*", example: "First-line support, contract 4711", sensitive
}

carillon_aws::string_type! {
    /// A policy document in the form of IAM's identity-based policies: what the delegate can be allowed at the most.
    pub(crate) BoundaryPolicy, min: 1, max: 20480
}

/// A delegation, or the invitation to one, as it is kept: the token itself is only in the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DelegateRow {
    pub id: String,
    pub account_id: String,
    pub owner: AwsAccountId,
    /// From acceptance on.
    pub delegate: Option<AwsAccountId>,
    pub email: String,
    pub invited_at: Timestamp,
    pub expires_at: Timestamp,
    pub token_digest: Option<String>,
    pub accepted_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    pub boundary: Option<String>,
    pub reason: Option<String>,
    /// What the AWS account of the delegate is called.
    pub delegate_name: Option<String>,
}

impl DelegateRow {
    pub fn status(&self, now: Timestamp) -> DelegateStatus {
        match self.delegate {
            Some(_) => DelegateStatus::Active,
            None if now < self.expires_at && !self.is_over(now) => DelegateStatus::Pending,
            None => DelegateStatus::Expired,
        }
    }

    /// Whether the time that the owner set has passed.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Gives the invitation another token and another term. What was accepted needs no invitation.
    pub fn renew(&mut self, token_digest: String, now: Timestamp) -> Result<(), Error> {
        if self.delegate.is_some() {
            return Err(Error::Conflict("the invitation was accepted".to_owned()));
        }
        if self.is_over(now) {
            return Err(Error::Conflict(
                "the time has passed at which the delegation was to end".to_owned(),
            ));
        }
        self.token_digest = Some(token_digest);
        self.expires_at = now + GOOD_FOR;
        Ok(())
    }

    /// Uses the invitation up.
    pub fn accept(&mut self, delegate: AwsAccountId, now: Timestamp) -> Result<(), Error> {
        if delegate == self.owner {
            return Err(Error::Forbidden(
                "the account is the caller's own: another AWS account is to accept".to_owned(),
            ));
        }
        self.require_open(now)?;
        self.delegate = Some(delegate);
        self.accepted_at = Some(now);
        self.token_digest = None;
        Ok(())
    }

    /// That the invitation can still be accepted.
    pub fn require_open(&self, now: Timestamp) -> Result<(), Error> {
        match self.status(now) {
            DelegateStatus::Pending => Ok(()),
            DelegateStatus::Active | DelegateStatus::Expired => Err(Error::Conflict(
                "the invitation has expired: ask for another one".to_owned(),
            )),
        }
    }

    /// `to_owner`: the delegate is not shown the boundary's text.
    pub fn shape(&self, now: Timestamp, to_owner: bool) -> Delegate {
        let status = self.status(now);
        Delegate {
            delegate_id: self.id.clone(),
            account_id: self.account_id.clone(),
            owner_aws_account_id: self.owner.to_string(),
            delegate_aws_account_id: self.delegate.map(|id| id.to_string()),
            delegate_aws_account_name: self.delegate_name.clone(),
            invited_email: self.email.parse().ok(),
            status,
            invited_timestamp: self.invited_at,
            expiration_timestamp: (status != DelegateStatus::Active).then_some(self.expires_at),
            accepted_timestamp: self.accepted_at,
            end_timestamp: self.ends_at,
            reason: self.reason.as_deref().and_then(|reason| reason.parse().ok()),
            has_boundary_policy: self.boundary.is_some(),
            boundary_policy: self
                .boundary
                .as_deref()
                .filter(|_| to_owner)
                .and_then(|text| text.parse().ok()),
        }
    }
}

/// A delegation, or the invitation to one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Delegate {
    delegate_id: String,
    account_id: String,
    owner_aws_account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate_aws_account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate_aws_account_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_email: Option<WireEmailAddress>,
    status: DelegateStatus,
    invited_timestamp: Timestamp,
    /// Until when the invitation can be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_timestamp: Option<Timestamp>,
    /// When the delegation ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// Whether the owner set a boundary.
    has_boundary_policy: bool,
    /// Shown to the owner only.
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary_policy: Option<BoundaryPolicy>,
}

/// Ends a delegation, or takes an invitation back, and tells both sides of what had begun.
pub(crate) async fn end(
    tx: &mut WriteTx,
    environment: &Environment,
    account: &AccountRow,
    delegate: &DelegateRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    rows::delete(tx, &delegate.id).await?;
    if let Some(sides) = Sides::of(tx, account, delegate).await? {
        sides.tell(tx, environment, News::Ended, now).await?;
    }
    Ok(())
}

/// Ends everything that was agreed on an account by then, because the account is gone, and answers what the trails of
/// the delegates say of it.
pub(crate) async fn end_all(
    tx: &mut WriteTx,
    environment: &Environment,
    account: &AccountRow,
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    for delegate in rows::until(tx, &account.id, until, MOST).await? {
        end(tx, environment, account, &delegate, now).await?;
        if let Some(of) = delegate.delegate {
            events.push(ended(of, account, &delegate.id, environment, now));
        }
    }
    Ok(events)
}

/// The event of a delegation that ended without anybody's request.
fn ended(
    trail: AwsAccountId,
    account: &AccountRow,
    delegate_id: &str,
    environment: &Environment,
    now: Timestamp,
) -> Event {
    let details = json!({ "delegateId": delegate_id });
    event::in_trail(trail, account, "EndDelegate", details, environment, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn invitation() -> DelegateRow {
        DelegateRow {
            id: "d".to_owned(),
            account_id: "a".to_owned(),
            owner: "111111111111".parse().unwrap(),
            delegate: None,
            email: "ada@example.com".to_owned(),
            invited_at: Timestamp::EPOCH,
            expires_at: Timestamp::EPOCH + GOOD_FOR,
            token_digest: Some("digest".to_owned()),
            accepted_at: None,
            ends_at: None,
            boundary: Some("{}".to_owned()),
            reason: None,
            delegate_name: None,
        }
    }

    fn customer() -> AwsAccountId {
        "222222222222".parse().unwrap()
    }

    #[test]
    fn an_invitation_is_good_for_seven_days_and_once() {
        let last = Timestamp::from_seconds(7 * 86_400 - 1);
        let mut row = invitation();
        assert_eq!(row.status(last), DelegateStatus::Pending);
        row.accept(customer(), last).unwrap();
        assert_eq!(row.status(last), DelegateStatus::Active);
        assert_eq!((row.token_digest.as_deref(), row.accepted_at), (None, Some(last)));
        assert!(matches!(row.accept(customer(), last), Err(Error::Conflict(_))));
        assert!(matches!(row.renew("d".to_owned(), last), Err(Error::Conflict(_))));

        let late = last + Duration::from_secs(1);
        let mut row = invitation();
        assert_eq!(row.status(late), DelegateStatus::Expired);
        assert!(matches!(row.accept(customer(), late), Err(Error::Conflict(_))));
        row.renew("another".to_owned(), late).unwrap();
        assert_eq!(row.status(late), DelegateStatus::Pending);
        assert!(row.accept(customer(), late).is_ok());
    }

    #[test]
    fn the_owner_does_not_accept() {
        let mut row = invitation();
        let owner = row.owner;
        assert!(matches!(
            row.accept(owner, Timestamp::EPOCH),
            Err(Error::Forbidden(_))
        ));
    }

    #[test]
    fn a_delegation_that_is_over_is_not_begun() {
        let now = Timestamp::EPOCH + HOUR;
        let mut row = invitation();
        row.ends_at = Some(now);
        assert_eq!(row.status(Timestamp::EPOCH), DelegateStatus::Pending);
        assert_eq!(row.status(now), DelegateStatus::Expired);
        assert!(matches!(row.accept(customer(), now), Err(Error::Conflict(_))));
        assert!(matches!(row.renew("d".to_owned(), now), Err(Error::Conflict(_))));
    }

    #[test]
    fn the_text_of_the_boundary_is_the_owners() {
        let shown = |to_owner| serde_json::to_value(invitation().shape(Timestamp::EPOCH, to_owner)).unwrap();
        assert_eq!(shown(true)["BoundaryPolicy"], "{}");
        assert!(shown(false).get("BoundaryPolicy").is_none());
        assert_eq!(shown(false)["HasBoundaryPolicy"], true);
    }
}
