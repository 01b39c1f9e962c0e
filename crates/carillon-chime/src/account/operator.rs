//! What the operator of the server does to accounts, at the command line: AWS leaves it to its own support.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::Fault;
use carillon_store::WriteTx;

use super::{AccountRow, AccountType, Life, ManagedAccount, domain, jobs, rows};
use crate::email::is_domain;
use crate::error::Error;
use crate::user;

/// An account, as an operator is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub account_id: String,
    pub aws_account_id: AwsAccountId,
    pub name: String,
    pub account_type: AccountType,
    pub life: Life,
}

impl From<AccountRow> for Shown {
    fn from(account: AccountRow) -> Self {
        Self {
            account_id: account.id,
            aws_account_id: account.aws_account_id,
            name: account.name,
            account_type: account.account_type,
            life: account.life,
        }
    }
}

/// Changes the type of an account, and nothing else: no person is moved, no domain claimed.
///
/// # Errors
///
/// [`Fault::Refused`] when there is no such account, or when it has domains, which a Team account cannot.
pub async fn set_type(tx: &mut WriteTx, account_id: &str, account_type: AccountType) -> Result<Shown, Fault> {
    let mut account = find(tx, account_id).await?;
    if account_type == AccountType::Team {
        let managed = ManagedAccount::with(account.clone());
        if rows::count_domains(tx, &managed).await? > 0 {
            return Err(Error::Conflict("the account has domains".to_owned()).into());
        }
    }
    account.account_type = account_type;
    rows::update(tx, &account).await?;
    Ok(account.into())
}

/// Suspends an account, restores it from suspension or deletion, or deletes it without asking what it still has.
///
/// # Errors
///
/// [`Fault::Refused`] when there is no such account.
pub async fn set_status(
    tx: &mut WriteTx,
    account_id: &str,
    life: Life,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Shown, Fault> {
    let mut account = find(tx, account_id).await?;
    account.life = life;
    account.disabled_at = (life == Life::Disabled).then_some(account.disabled_at.unwrap_or(now));
    rows::update(tx, &account).await?;
    jobs::plan_purge(tx, entropy, &account, now).await?;
    if life != Life::Active {
        jobs::plan_wind_down(tx, entropy, &account, now).await?;
    }
    Ok(account.into())
}

/// Makes a domain the account's without asking its name servers. A Team account becomes an Enterprise account with it,
/// and what that means for people and invitations follows in a job.
///
/// # Errors
///
/// [`Fault::Refused`] when there is no such account, the name is none, or an account has claimed it.
pub async fn claim_domain(
    tx: &mut WriteTx,
    account_id: &str,
    domain: &str,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Shown, Fault> {
    let mut account = find(tx, account_id).await?;
    let domain = domain.to_ascii_lowercase();
    if !is_domain(&domain) || domain.len() > 253 {
        return Err(Error::BadRequest("the domain name is none".to_owned()).into());
    }
    if let Some((claimant, _)) = rows::claimant(tx, &domain).await? {
        return Err(Error::Conflict(format!("account `{claimant}` has claimed the domain")).into());
    }
    rows::claim(tx, &account, &domain, now).await?;
    let converted = account.account_type == AccountType::Team;
    if converted {
        account.account_type = AccountType::EnterpriseLWA;
        rows::update(tx, &account).await?;
    }
    domain::plan_settling(tx, entropy, &account, &domain, converted, now).await?;
    Ok(account.into())
}

/// Takes a domain from the account: its people of that domain are released, those suspended stay so.
///
/// # Errors
///
/// [`Fault::Refused`] when the account does not exist or does not have the domain.
pub async fn release_domain(tx: &mut WriteTx, account_id: &str, domain: &str) -> Result<Shown, Fault> {
    let account = find(tx, account_id).await?;
    let domain = domain.to_ascii_lowercase();
    if !rows::release(tx, &account, &domain).await? {
        return Err(Error::NotFound {
            kind: "domain",
            id: domain,
        }
        .into());
    }
    let managed = ManagedAccount::with(account.clone());
    user::rows::release_people_of(tx, &managed, &domain).await?;
    Ok(account.into())
}

async fn find(tx: &mut WriteTx, account_id: &str) -> Result<AccountRow, Fault> {
    rows::find_any(tx, account_id)
        .await?
        .ok_or_else(|| Error::account_not_found(account_id).into())
}
