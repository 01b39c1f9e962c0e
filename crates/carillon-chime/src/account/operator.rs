//! What the operator of the server does to accounts, at the command line: AWS leaves it to its own support.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::Fault;
use carillon_store::{ReadTx, WriteTx};

use super::{AccountRow, AccountType, Life, ManagedAccount, jobs, rows};
use crate::domain::{self, DomainCheckResult, DomainName, DomainRow, DomainStatus};
use crate::error::Error;

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
        if domain::rows::count(tx, &managed).await? > 0 {
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
    let name = DomainName::parse(domain).map_err(Error::from)?;
    let managed = ManagedAccount::with(account.clone());
    domain::operations::require_free(tx, &managed, &name).await?;
    let known = domain::rows::find(tx, &managed, name.as_str()).await?;
    let mut domain = known.unwrap_or_else(|| DomainRow::claimed(&account, &name, String::new(), now));
    domain::claim::claim(tx, entropy, &mut account, &mut domain, now).await?;
    Ok(account.into())
}

/// Takes a domain from the account, as `DeleteDomain` does.
///
/// # Errors
///
/// [`Fault::Refused`] when the account does not exist or does not have the domain.
pub async fn release_domain(
    tx: &mut WriteTx,
    account_id: &str,
    domain: &str,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Shown, Fault> {
    let account = find(tx, account_id).await?;
    let found = match DomainName::parse(domain) {
        Ok(name) => domain::rows::find_of(tx, account_id, name.as_str()).await?,
        Err(_) => None,
    };
    let found = found.ok_or_else(|| Error::domain_not_found(domain))?;
    domain::release::release(tx, entropy, &account, &found, now).await?;
    Ok(account.into())
}

/// A claim of a domain, as an operator is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub account_id: String,
    pub status: DomainStatus,
    /// What the records say of a claim that is not proved.
    pub result: Option<DomainCheckResult>,
}

/// Where the record is that proves the claim of a domain.
///
/// # Errors
///
/// [`Fault::Refused`] when the name is none that can be claimed.
pub fn challenge_name(domain: &str) -> Result<String, Fault> {
    let name = DomainName::parse(domain).map_err(Error::from)?;
    Ok(domain::name::challenge_name(name.as_str()))
}

/// Who has the domain, or claims it, and what these TXT records say of that. The first hundred are shown.
///
/// # Errors
///
/// [`Fault::Refused`] when the name is none that can be claimed.
pub async fn claims(tx: &mut ReadTx, domain: &str, records: &[Vec<u8>]) -> Result<Vec<Claim>, Fault> {
    let name = DomainName::parse(domain).map_err(Error::from)?;
    let has = rows::claimant(tx, name.as_str()).await?.map(|account| Claim {
        account_id: account.id,
        status: DomainStatus::Verified,
        result: None,
    });
    let waiting = domain::rows::waiting(tx, name.as_str(), 100).await?;
    let claims = waiting.into_iter().map(|claim| Claim {
        result: claim
            .challenge
            .map(|challenge| domain::judge(records, &challenge)),
        account_id: claim.account_id,
        status: claim.status,
    });
    Ok(has.into_iter().chain(claims).collect())
}

async fn find(tx: &mut WriteTx, account_id: &str) -> Result<AccountRow, Fault> {
    rows::find_any(tx, account_id)
        .await?
        .ok_or_else(|| Error::account_not_found(account_id).into())
}
