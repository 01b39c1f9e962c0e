//! Whether somebody may sign in with a password, and what is still wanted: what a console asks before it begins a
//! session of its own.
//!
//! The order is that nothing is told to who does not know the password, and nothing but that a code is wanted to who
//! does not hold the device.

use std::net::IpAddr;
use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::guard::Key;
use carillon_operation::{Entrance, Environment, Event, Fault, ServiceEvent};
use carillon_store::{ReadTx, Store, StoreError, WriteTx, bind};
use serde_json::json;

use super::{LoginProfileRow, rows};
use crate::account::{self, alias};
use crate::console;
use crate::entity::{self, EntityKind};
use crate::mfa;
use crate::mfa::passkey::{self, PasskeyAssertion, PasskeyRequest};
use crate::password_policy::{self, Standing};

/// Runs of a transaction that loses races.
const ATTEMPTS: usize = 5;
/// What people type as a name or account is not longer, or it is nobody's.
const LONGEST: usize = 128;

/// Somebody who wants to sign in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// The number or the alias of the AWS account; for root also its e-mail address.
    pub aws_account: &'a str,
    /// The name of the IAM user; nothing is root.
    pub user_name: Option<&'a str>,
    pub password: &'a Secret<String>,
    /// What a device shows, once [`SignInOutcome::SecondFactorWanted`] asked for it.
    pub factor: Option<ShownFactor<'a>>,
    pub source_ip: IpAddr,
    pub user_agent: Option<&'a str>,
}

/// What a device shows.
#[derive(Debug, Clone, Copy)]
pub enum ShownFactor<'a> {
    Code(&'a Secret<String>),
    Passkey(&'a PasskeyAssertion),
}

/// Which second factors will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactorWanted {
    /// A code of an authenticator app.
    pub code: bool,
    /// A passkey, with what to ask it for. Nothing also where this server's address has no passkeys.
    pub passkey: Option<PasskeyRequest>,
}

/// Who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub aws_account_id: AwsAccountId,
    /// Of the user, or of root.
    pub user_id: String,
    /// Root has none.
    pub user_name: Option<String>,
    /// When a second factor was shown: what `aws:MultiFactorAuthPresent` and its age say of the session.
    pub multi_factor_at: Option<Timestamp>,
    /// Of the hash of the password that was shown.
    pub(crate) password_digest: String,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    SignedIn(SignedIn),
    /// Everything is right, but another password must be chosen before anything else: somebody else set this one, or
    /// it has expired.
    PasswordChangeWanted(SignedIn),
    /// The password is right, and one of the user's devices is wanted with it.
    SecondFactorWanted(SecondFactorWanted),
    /// Everything is right, but the password has expired, and only an administrator can set another.
    PasswordExpired,
    /// Wrong account, name, password or code: which one is not told.
    Refused,
    /// The password is right; the passkey counted back, so somebody has a copy of it. The browser hears no more than
    /// that it is refused.
    PasskeyCopied,
    /// Too many tries: how long to wait before the next.
    Wait(Duration),
}

impl SignInOutcome {
    /// Whether no code was used up and nobody signed in, so that only the trail is to hear of it.
    fn changes_nothing(&self) -> bool {
        matches!(
            self,
            Self::SecondFactorWanted(_) | Self::Refused | Self::PasskeyCopied | Self::Wait(_)
        )
    }

    /// What the trail says is wrong.
    fn error(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::SignedIn(_) | Self::PasswordChangeWanted(_) => None,
            Self::SecondFactorWanted(_) => Some((
                "MfaRequired",
                "The password is right; a second factor is wanted with it",
            )),
            Self::PasskeyCopied => Some((
                "PasskeyCopied",
                "The password is right; the counter of the passkey went back, so it may have been copied",
            )),
            Self::PasswordExpired => Some(("PasswordExpired", "The password has expired")),
            Self::Refused => Some(("Failed", "Failed authentication")),
            Self::Wait(_) => Some((
                "TooManyTries",
                "The password is right; too many wrong second factors",
            )),
        }
    }
}

/// Checks name, password and code, and records in the trail that somebody signed in or how far they came.
///
/// A try that comes too early, before the password is looked at, leaves no event: those before it did, and strangers
/// would fill the disk.
///
/// # Errors
///
/// [`Fault::Refused`] with status 503 when too many passwords are checked at the same time, and whatever the database
/// says.
pub async fn sign_in(
    store: &Store,
    environment: &Environment,
    attempt: &SignIn<'_>,
    now: Timestamp,
) -> Result<SignInOutcome, Fault> {
    let name = attempt.user_name.unwrap_or_default();
    if attempt.aws_account.len() > LONGEST || name.len() > LONGEST {
        return Ok(SignInOutcome::Refused);
    }
    // No alias and no name has a slash, so no two targets read alike. Other letters find the same account and user, and
    // must not be another target.
    let target = format!("sign-in/{}/{name}", attempt.aws_account).to_lowercase();
    let keys = Key::of_try(&target, attempt.source_ip);
    if let Err(wait) = environment.guard.admit(&keys, now) {
        return Ok(SignInOutcome::Wait(wait));
    }
    let mut tx = store.read().await?;
    let found = Account::find(&mut tx, attempt).await?;
    drop(tx);
    let hash = found.as_ref().and_then(|found| found.password_hash.as_deref());
    let is_right = environment
        .verify_password(attempt.password, hash, Entrance::Portal)
        .await?;
    let Some(found) = found else {
        return Ok(SignInOutcome::Refused);
    };
    let outcome = if is_right {
        begin(store, environment, attempt, &found, now).await?
    } else {
        SignInOutcome::Refused
    };
    if outcome.changes_nothing() {
        let event = found.event(environment, attempt, None, now, outcome.error());
        event.append(store).await?;
        environment.after_commit(&event);
    }
    if outcome != SignInOutcome::Refused {
        environment.guard.forgive(&keys);
    }
    Ok(outcome)
}

/// Runs the transaction until it wins.
async fn begin(
    store: &Store,
    environment: &Environment,
    attempt: &SignIn<'_>,
    checked: &Account,
    now: Timestamp,
) -> Result<SignInOutcome, Fault> {
    for _ in 0..ATTEMPTS {
        match begin_once(store, environment, attempt, checked, now).await {
            Err(Fault::Contended) => {}
            outcome => return outcome,
        }
    }
    Err(Fault::Contended)
}

/// In one transaction: what was true when the password was checked must still be true, and the code is used up.
async fn begin_once(
    store: &Store,
    environment: &Environment,
    attempt: &SignIn<'_>,
    checked: &Account,
    now: Timestamp,
) -> Result<SignInOutcome, Fault> {
    let mut tx = store.write().await?;
    let Some(present) = Account::find(&mut tx, attempt).await? else {
        return Ok(SignInOutcome::Refused);
    };
    if present.user_id != checked.user_id || present.password_hash != checked.password_hash {
        return Ok(SignInOutcome::Refused);
    }
    let owner = &present.user_id;
    let device = match (present.has_devices, attempt.factor) {
        (false, _) => None,
        (true, None) => {
            let wanted = SecondFactorWanted {
                code: mfa::rows::has_virtual(&mut tx, owner).await?,
                passkey: passkey::request(&mut tx, environment, owner, now).await?,
            };
            tx.commit().await?;
            return Ok(SignInOutcome::SecondFactorWanted(wanted));
        }
        (true, Some(ShownFactor::Code(code))) => {
            match mfa::use_up_any(&mut tx, environment, owner, code, now).await? {
                mfa::Tried::Right(device) => Some(device.serial_number().to_owned()),
                mfa::Tried::Wrong => return Ok(SignInOutcome::Refused),
                mfa::Tried::TooOften(wait) => return Ok(SignInOutcome::Wait(wait)),
            }
        }
        (true, Some(ShownFactor::Passkey(assertion))) => {
            let outcome = match passkey::use_up(&mut tx, environment, owner, assertion, now).await? {
                passkey::Shown::Right(serial_number) => Ok(serial_number),
                passkey::Shown::Wrong => Err(SignInOutcome::Refused),
                passkey::Shown::Copied => Err(SignInOutcome::PasskeyCopied),
                passkey::Shown::TooOften(wait) => Err(SignInOutcome::Wait(wait)),
            };
            match outcome {
                Ok(serial_number) => Some(serial_number),
                // The challenge is used up all the same.
                Err(outcome) => {
                    tx.commit().await?;
                    return Ok(outcome);
                }
            }
        }
    };
    let signed_in = SignedIn {
        aws_account_id: present.aws_account_id,
        user_id: present.user_id.clone(),
        user_name: present.user_name.clone(),
        multi_factor_at: device.as_ref().map(|_| now),
        password_digest: console::digest(present.password_hash.as_deref().unwrap_or_default()),
    };
    let outcome = match present.standing(&mut tx, now).await? {
        Standing::Good => SignInOutcome::SignedIn(signed_in),
        Standing::MustChange => SignInOutcome::PasswordChangeWanted(signed_in),
        Standing::Ended => SignInOutcome::PasswordExpired,
    };
    if outcome != SignInOutcome::PasswordExpired {
        present.used(&mut tx, now).await?;
    }
    let event = present.event(environment, attempt, device.as_deref(), now, outcome.error());
    event.insert(&mut tx).await?;
    tx.commit().await?;
    environment.after_commit(&event);
    Ok(outcome)
}

/// A user or root as far as signing in goes.
struct Account {
    aws_account_id: AwsAccountId,
    user_id: String,
    user_name: Option<String>,
    /// Nothing of who has no password.
    password_hash: Option<String>,
    /// Root has none.
    profile: Option<LoginProfileRow>,
    has_devices: bool,
}

impl Account {
    async fn find(tx: &mut ReadTx, attempt: &SignIn<'_>) -> Result<Option<Self>, StoreError> {
        let aws_account_id = match attempt.aws_account.parse() {
            Ok(number) => account::find(tx, number)
                .await?
                .map(|account| account.aws_account_id),
            // Root may say the account's address in place of its number.
            Err(_) if attempt.user_name.is_none() && attempt.aws_account.contains('@') => {
                account::of_email(tx, attempt.aws_account).await?
            }
            Err(_) => alias::owner(tx, attempt.aws_account).await?,
        };
        let Some(aws_account_id) = aws_account_id else {
            return Ok(None);
        };
        let found = match attempt.user_name {
            Some(name) => Self::user(tx, aws_account_id, name).await?,
            None => Self::root(tx, aws_account_id).await?,
        };
        let Some(mut found) = found else { return Ok(None) };
        found.has_devices = mfa::rows::count_of_owner(tx, &found.user_id).await? > 0;
        Ok(Some(found))
    }

    async fn user(
        tx: &mut ReadTx,
        aws_account_id: AwsAccountId,
        name: &str,
    ) -> Result<Option<Self>, StoreError> {
        let Some(user) = entity::find(tx, aws_account_id, EntityKind::User, name).await? else {
            return Ok(None);
        };
        let profile = rows::find(tx, &user.id).await?;
        Ok(Some(Self {
            aws_account_id,
            user_id: user.id,
            user_name: Some(user.name),
            password_hash: profile.as_ref().map(|profile| profile.password_hash.clone()),
            profile,
            has_devices: false,
        }))
    }

    async fn root(tx: &mut ReadTx, aws_account_id: AwsAccountId) -> Result<Option<Self>, StoreError> {
        let found: Option<(String, Option<String>)> = tx
            .fetch_optional(
                "SELECT root_user_id, root_password_hash FROM aws_account WHERE aws_account_id = $1",
                bind![aws_account_id],
            )
            .await?;
        Ok(found.map(|(user_id, password_hash)| Self {
            aws_account_id,
            user_id,
            user_name: None,
            password_hash,
            profile: None,
            has_devices: false,
        }))
    }

    /// Writes down that the password was used.
    async fn used(&self, tx: &mut WriteTx, now: Timestamp) -> Result<(), StoreError> {
        match self.user_name {
            Some(_) => rows::set_password_last_used(tx, &self.user_id, now).await,
            None => account::set_root_password_last_used(tx, self.aws_account_id, now).await,
        }
    }

    /// Root's password does not expire.
    async fn standing(&self, tx: &mut ReadTx, now: Timestamp) -> Result<Standing, StoreError> {
        let Some(profile) = &self.profile else {
            return Ok(Standing::Good);
        };
        let policy = password_policy::rows::in_force(tx, self.aws_account_id).await?;
        Ok(policy.standing(profile, now))
    }

    fn event(
        &self,
        environment: &Environment,
        attempt: &SignIn<'_>,
        device: Option<&str>,
        now: Timestamp,
        error: Option<(&str, &str)>,
    ) -> Event {
        ServiceEvent {
            aws_account_id: self.aws_account_id,
            at: now,
            source: "signin.amazonaws.com",
            name: "ConsoleLogin",
            source_ip: attempt.source_ip,
            user_agent: attempt.user_agent,
            details: json!({
                "userId": self.user_id,
                "userName": self.user_name,
                "MFAUsed": if attempt.factor.is_some() { "Yes" } else { "No" },
                "MFAIdentifier": device,
            }),
            error,
            resource: self.user_name.clone().map(|name| ("AWS::IAM::User", name)),
        }
        .event(&*environment.entropy)
    }
}

#[cfg(test)]
mod tests;
