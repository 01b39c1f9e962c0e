//! Looks at the records that prove claims, until they are there or the time is over.

use std::time::Duration;

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::{Environment, Event, Job, JobError, NoAnswer, Outside, enqueue};
use carillon_store::{ReadTx, Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::name::challenge_name;
use super::{DomainCheckResult, DomainRow, DomainStatus, claim, judge, rows};
use crate::account::{self, AccountRow, Life};
use crate::event;

/// Looks once at the record of a claim, and queues the next look.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CheckDomain {
    account_id: String,
    domain: String,
    /// A claim that was begun again has another, and looks of its own.
    challenge: String,
    /// In microseconds. A look that was done twice queues no second series of looks.
    due: i64,
}

/// Queues the next look at the record of a claim, if there is to be one.
pub(crate) async fn plan_check(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    domain: &DomainRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (Some(due), Some(challenge)) = (domain.next_check_at, &domain.challenge) else {
        return Ok(());
    };
    let check = CheckDomain {
        account_id: domain.account_id.clone(),
        domain: domain.name.clone(),
        challenge: challenge.clone(),
        due: due.as_micros(),
    };
    enqueue(tx, entropy, &check, now, due).await
}

impl CheckDomain {
    /// The claim, and whose it is, if this look at it is still wanted.
    async fn claim(&self, tx: &mut ReadTx) -> Result<Option<(AccountRow, DomainRow)>, StoreError> {
        let domain = rows::find_of(tx, &self.account_id, &self.domain).await?;
        let domain = domain.filter(|domain| {
            domain.status == DomainStatus::PendingVerification
                && domain.challenge.as_ref() == Some(&self.challenge)
                && domain.next_check_at == Some(Timestamp::from_micros(self.due))
        });
        let Some(domain) = domain else {
            return Ok(None);
        };
        let account = account::rows::find_any(tx, &self.account_id).await?;
        Ok(account.map(|account| (account, domain)))
    }
}

impl Job for CheckDomain {
    const KIND: &'static str = "chime.domain.check";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    /// Nothing if nobody was asked: the claim is over, or its account is stopped.
    type Gathered = Option<DomainCheckResult>;

    async fn gather(
        &self,
        _: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<Option<DomainCheckResult>, JobError> {
        let mut tx = store.read().await?;
        let claim = self.claim(&mut tx).await?;
        drop(tx);
        let Some((account, _)) = claim.filter(|(account, _)| account.life == Life::Active) else {
            return Ok(None);
        };
        let Some(txt) = &outside.txt else {
            return Ok(Some(DomainCheckResult::DnsError));
        };
        let name = challenge_name(&self.domain);
        match txt.look_up(&name, account.aws_account_id).await {
            Ok(records) => Ok(Some(judge(&records, &self.challenge))),
            Err(NoAnswer::Failed(reason)) => {
                tracing::info!(
                    domain = self.domain,
                    reason,
                    "the record of a claim cannot be looked up"
                );
                Ok(Some(DomainCheckResult::DnsError))
            }
            Err(busy @ NoAnswer::Busy) => Err(JobError::Retry(busy.to_string())),
        }
    }

    async fn apply(
        &self,
        seen: &Option<DomainCheckResult>,
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some((mut account, mut domain)) = self.claim(tx).await? else {
            return Ok(Vec::new());
        };
        if account::rows::claimant(tx, &self.domain).await?.is_some() {
            return Ok(Vec::from_iter(claim::lose(tx, &domain, environment, now).await?));
        }
        let entropy = &*environment.entropy;
        match seen {
            Some(DomainCheckResult::Found) if account.life == Life::Active => {
                claim::claim(tx, entropy, &mut account, &mut domain, now).await?;
                let details = json!({
                    "domainName": domain.name, "accountType": account.account_type.as_str(),
                });
                return Ok(vec![event::of_account(
                    &account,
                    "VerifyDomain",
                    details,
                    environment,
                    now,
                )]);
            }
            // Found for an account that was stopped meanwhile: it is found again when the account goes on.
            Some(DomainCheckResult::Found) | None => domain.wait(now),
            Some(other) => domain.note(*other, now),
        }
        rows::put(tx, &domain).await?;
        plan_check(tx, entropy, &domain, now).await?;
        let is_over = domain.status == DomainStatus::VerificationFailed;
        Ok(Vec::from_iter(
            is_over.then(|| claim::failed(&account, &domain, environment, now)),
        ))
    }
}
