//! Invitations: how people come into a Team account.

pub(crate) mod operations;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event};
use carillon_store::{ReadTx, StoreError, WriteTx};
use serde_json::json;

use super::{InviteStatus, RegistrationStatus, UserRow, UserType, pin};
use crate::account::{self, AccountType, Life, ManagedAccount};
use crate::email::{domain_of, key_of};
use crate::error::Error;
use crate::name::is_uuid;
use crate::{event, session};

/// How long an invitation can be accepted.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Nobody gets more than [`MAILS_IN_A_ROW`] mails of one AWS account in this time, unless the last was welcome. Chime
/// accounts cost nothing, so they are not what is counted by.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// A link may have to be sent again, and once more; whoever asks for a fourth wants something else.
pub(crate) const MAILS_IN_A_ROW: usize = 3;
/// Mails of one AWS account in a day: strangers are not to be flooded in the operator's name.
pub(crate) const MAILS_A_DAY: i64 = 2_000;
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When the next mail to an address may leave, by what is known of the last ones of the AWS account to it, the newest
/// first.
fn mail_at(last: &[LastMail], now: Timestamp) -> Timestamp {
    if last
        .first()
        .is_some_and(|newest| newest.status == InviteStatus::Accepted)
    {
        return now;
    }
    // It has not left, and will not: the new one takes its place.
    if let Some(waiting) = last.iter().find(|mail| mail.is_ours && mail.at > now) {
        return waiting.at;
    }
    match last.get(MAILS_IN_A_ROW - 1) {
        Some(mail) => now.max(mail.at + PAUSE),
        None => now,
    }
}

/// A mail of an invitation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastMail {
    /// What became of the invitation.
    pub status: InviteStatus,
    /// When the mail leaves, or left.
    pub at: Timestamp,
    /// Whether the account that invites now sent it, not another one of the same AWS account.
    pub is_ours: bool,
}

/// An invitation as it is kept: the token itself is only in the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InviteRow {
    pub id: String,
    pub account_id: String,
    pub email: String,
    pub status: InviteStatus,
    pub token_digest: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When its mail leaves, or left.
    pub mail_at: Option<Timestamp>,
}

impl InviteRow {
    /// Whether the holder of `token` may accept now.
    pub fn opens_with(&self, token: &str, now: Timestamp) -> bool {
        // Digests of 256 random bits: how many of their characters agree says nothing about the token.
        self.status == InviteStatus::Pending
            && now < self.expires_at
            && session::digest(token) == self.token_digest
    }
}

/// What an invitation to an address leads to, by who holds the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nobody holds it: a new user.
    New,
    /// The user of this account who has not accepted yet is asked again.
    Again,
    /// Somebody who belongs elsewhere, or nowhere, may move here.
    Move,
    /// The person is a member already.
    Member,
    /// Somebody who cannot move: a member of an Enterprise account, or suspended. Whoever invites is not told, or it
    /// could ask about anybody; the link leads nowhere until the person is free.
    Held,
    /// Its domain is claimed, so it cannot be invited. Source: Chime Administration Guide, "Managing user access": the
    /// DNS tells everybody who claims a domain, and nobody's address.
    Impossible,
}

impl Outcome {
    /// `elsewhere` is the type of the account that the holder of the address belongs to, if not this one;
    /// `claimed_by` that of the account that has claimed the domain, if not this one.
    pub fn of(
        account_id: &str,
        holder: Option<&UserRow>,
        elsewhere: Option<AccountType>,
        claimed_by: Option<AccountType>,
    ) -> Self {
        if claimed_by.is_some_and(|claimant| claimant != AccountType::Team) {
            return Self::Impossible;
        }
        let Some(holder) = holder else {
            return Self::New;
        };
        let is_here = holder.account_id.as_deref() == Some(account_id);
        match holder.registration {
            RegistrationStatus::Unregistered if is_here => Self::Again,
            RegistrationStatus::Registered | RegistrationStatus::Suspended if is_here => Self::Member,
            _ if holder.user_type == UserType::SharedDevice => Self::Held,
            RegistrationStatus::Suspended => Self::Held,
            _ if elsewhere.is_some_and(|elsewhere| elsewhere != AccountType::Team) => Self::Held,
            RegistrationStatus::Unregistered | RegistrationStatus::Registered => Self::Move,
            RegistrationStatus::Released => Self::New,
        }
    }
}

/// An invitation that can be accepted, with whom it concerns.
#[derive(Debug)]
pub(crate) struct Open {
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

/// What a link of an invitation opens.
pub(crate) async fn find_open(
    tx: &mut ReadTx,
    invite_id: &str,
    token: &str,
    now: Timestamp,
) -> Result<Option<Open>, StoreError> {
    if !is_uuid(invite_id) {
        return Ok(None);
    }
    match rows::find_any(tx, invite_id).await? {
        Some(invite) if invite.opens_with(token, now) => open(tx, invite, now).await,
        _ => Ok(None),
    }
}

/// The invitation, if it can be accepted.
pub(crate) async fn open(
    tx: &mut ReadTx,
    invite: InviteRow,
    now: Timestamp,
) -> Result<Option<Open>, StoreError> {
    let is_pending = invite.status == InviteStatus::Pending && now < invite.expires_at;
    let account = ManagedAccount::of_person(tx, &invite.account_id).await?;
    let Some(account) = account.filter(|account| is_pending && account.life == Life::Active) else {
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
    if !takes {
        return Ok(None);
    }
    let (outcome, user) = outcome(tx, &account, &invite.email).await?;
    Ok(match outcome {
        Outcome::New | Outcome::Again | Outcome::Move => Some(Open {
            invite,
            account,
            user,
        }),
        Outcome::Member | Outcome::Held | Outcome::Impossible => None,
    })
}

/// Makes the person a member of the account it was invited to: it leaves where it was, the invitation is used up, and
/// old sessions end.
pub(crate) async fn accept(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account: &ManagedAccount,
    invite: &InviteRow,
    user: &mut UserRow,
    now: Timestamp,
) -> Result<(), Error> {
    let left = user.account_id.clone().filter(|left| *left != account.id);
    if let Some(left) = left {
        // What an account asked of a person who is no longer its user is void.
        rows::fail_open(tx, &left, &key_of(&user.email)).await?;
    }
    user.join(account, now);
    user.invited_at = Some(invite.created_at);
    pin::settle(tx, entropy, user, now).await?;
    super::rows::update(tx, user).await?;
    rows::accept(tx, invite).await?;
    session::rows::end_all(tx, &user.id).await?;
    Ok(())
}

/// Ends the open invitation of an account to an address, and shows it.
pub(crate) async fn fail_open(tx: &mut WriteTx, account_id: &str, email_key: &str) -> Result<(), Error> {
    if rows::fail_open(tx, account_id, email_key).await? {
        rows::show_failed(tx, account_id, email_key).await?;
    }
    Ok(())
}

/// Ends an invitation that is open, and shows it.
pub(crate) async fn end(tx: &mut WriteTx, invite: &InviteRow) -> Result<bool, StoreError> {
    let was_open = rows::fail(tx, &invite.id).await?;
    if was_open {
        rows::show_failed(tx, &invite.account_id, &key_of(&invite.email)).await?;
    }
    Ok(was_open)
}

/// Ends one invitation that nobody accepted, shows it, and answers the event of that name; nothing if it was over.
pub(crate) async fn fail(
    tx: &mut WriteTx,
    invite_id: &str,
    name: &'static str,
    environment: &Environment,
    now: Timestamp,
) -> Result<Option<Event>, StoreError> {
    let Some(invite) = rows::find_any(tx, invite_id).await? else {
        return Ok(None);
    };
    if !end(tx, &invite).await? {
        return Ok(None);
    }
    let account = account::rows::find_any(tx, &invite.account_id).await?;
    Ok(account.map(|account| {
        let details = json!({ "inviteId": invite.id });
        event::of_account(&account, name, details, environment, now)
    }))
}

/// Whether the invitation can be accepted, as far as it and its account say.
pub(crate) async fn is_open(tx: &mut ReadTx, invite_id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(invite) = rows::find_any(tx, invite_id).await? else {
        return Ok(false);
    };
    if invite.status != InviteStatus::Pending || invite.expires_at <= now {
        return Ok(false);
    }
    let account = account::rows::find_any(tx, &invite.account_id).await?;
    Ok(account.is_some_and(|account| account.life == Life::Active))
}

/// What an invitation of the account to the address leads to, and who holds the address.
pub(crate) async fn outcome(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    email: &str,
) -> Result<(Outcome, Option<UserRow>), StoreError> {
    let claimed_by = account::rows::claimant(tx, &domain_of(email)).await?;
    let holder = super::rows::holder(tx, &key_of(email)).await?;
    let elsewhere = match holder.as_ref().and_then(|holder| holder.account_id.as_deref()) {
        Some(id) if id != account.id => account::rows::find_any(tx, id).await?,
        _ => None,
    };
    let outcome = Outcome::of(
        &account.id,
        holder.as_ref(),
        elsewhere.map(|account| account.account_type),
        claimed_by
            .filter(|claimant| claimant.id != account.id)
            .map(|claimant| claimant.account_type),
    );
    Ok((outcome, holder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::tests::{team, user};

    fn invite() -> InviteRow {
        InviteRow {
            id: "i".to_owned(),
            account_id: "a".to_owned(),
            email: "ada@example.com".to_owned(),
            status: InviteStatus::Pending,
            token_digest: session::digest("token"),
            created_at: Timestamp::EPOCH,
            expires_at: Timestamp::EPOCH + GOOD_FOR,
            mail_at: None,
        }
    }

    #[test]
    fn an_invitation_opens_for_its_token_in_its_time_once() {
        let last = Timestamp::from_seconds(30 * 86_400 - 1);
        assert!(invite().opens_with("token", last));
        assert!(!invite().opens_with("token", last + Duration::from_secs(1)));
        assert!(!invite().opens_with("other", last));
        assert!(!invite().opens_with("", last));
        for status in [InviteStatus::Accepted, InviteStatus::Failed] {
            let used = InviteRow { status, ..invite() };
            assert!(!used.opens_with("token", last));
        }
    }

    #[test]
    fn the_fourth_mail_in_ten_minutes_waits() {
        use InviteStatus::{Accepted, Failed, Pending};
        let at = Timestamp::from_seconds;
        let mails = |times: &[i64]| -> Vec<LastMail> {
            let mail = |(place, time): (usize, &i64)| LastMail {
                status: if place == 0 { Pending } else { Failed },
                at: at(*time),
                is_ours: true,
            };
            times.iter().enumerate().map(mail).collect()
        };
        assert_eq!(mail_at(&[], at(1_000)), at(1_000));
        assert_eq!(mail_at(&mails(&[1_000]), at(1_000)), at(1_000));
        assert_eq!(mail_at(&mails(&[1_020, 1_000]), at(1_030)), at(1_030));
        assert_eq!(mail_at(&mails(&[1_030, 1_020, 1_000]), at(1_040)), at(1_600));
        assert_eq!(mail_at(&mails(&[1_030, 1_020, 1_000]), at(9_000)), at(9_000));
        let waiting = mails(&[1_600, 1_020, 1_000]);
        assert_eq!(
            mail_at(&waiting, at(1_200)),
            at(1_600),
            "it takes the place of the one that waits"
        );
        let theirs: Vec<LastMail> = waiting
            .iter()
            .map(|mail| LastMail {
                is_ours: false,
                ..*mail
            })
            .collect();
        assert_eq!(
            mail_at(&theirs, at(1_599)),
            at(1_600),
            "what another account sends leaves as well, and the first of the three is old enough"
        );
        let mut crowd = theirs.clone();
        for _ in 0..6 {
            let next = mail_at(&crowd, at(1_200));
            crowd.insert(
                0,
                LastMail {
                    at: next,
                    ..theirs[0]
                },
            );
        }
        let times: Vec<i64> = crowd.iter().map(|mail| mail.at.as_seconds()).collect();
        assert_eq!(
            times,
            [2_800, 2_220, 2_200, 2_200, 1_620, 1_600, 1_600, 1_020, 1_000],
            "no four in ten minutes, however many accounts there are"
        );
        let mut welcome = mails(&[1_030, 1_020, 1_000]);
        welcome[0].status = Accepted;
        assert_eq!(mail_at(&welcome, at(1_040)), at(1_040));
    }

    #[test]
    fn who_can_be_invited() {
        use AccountType::{EnterpriseLWA, Team};
        use RegistrationStatus::{Registered, Suspended, Unregistered};
        let account = team();
        let here = |registration| user(Some(&account.id), registration);
        let there = |registration| user(Some("another"), registration);
        let outcome = |holder: Option<&UserRow>, elsewhere| Outcome::of(&account.id, holder, elsewhere, None);

        assert_eq!(outcome(None, None), Outcome::New);
        assert_eq!(outcome(Some(&here(Unregistered)), None), Outcome::Again);
        assert_eq!(outcome(Some(&here(Registered)), None), Outcome::Member);
        assert_eq!(outcome(Some(&there(Registered)), Some(Team)), Outcome::Move);
        assert_eq!(outcome(Some(&there(Unregistered)), Some(Team)), Outcome::Move);
        assert_eq!(outcome(Some(&user(None, Registered)), None), Outcome::Move);
        assert_eq!(
            outcome(Some(&there(Registered)), Some(EnterpriseLWA)),
            Outcome::Held
        );
        assert_eq!(outcome(Some(&there(Suspended)), Some(Team)), Outcome::Held);
        let mut device = there(Registered);
        device.user_type = UserType::SharedDevice;
        assert_eq!(outcome(Some(&device), Some(Team)), Outcome::Held);
    }

    #[test]
    fn a_claimed_domain_is_not_invited() {
        let claimed = |by| Outcome::of("a", None, None, Some(by));
        assert_eq!(claimed(AccountType::EnterpriseOIDC), Outcome::Impossible);
        assert_eq!(claimed(AccountType::Team), Outcome::New);
    }
}
