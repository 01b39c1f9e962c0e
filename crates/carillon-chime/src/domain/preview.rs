//! What a claim, or the loss of a domain, would do to people, before it does. An operation of this server's own.

use carillon_aws::time::Timestamp;
use carillon_operation::{Context, Grant, ManagedPolicy, Operation, Read, Spec};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counts::{self, Counted};
use super::name::{DomainInPath, WireDomainName};
use super::operations::require;
use super::release::Fate;
use super::{DomainRow, DomainStatus};
use crate::account::{AccountType, COUNTED, ManagedAccount};
use crate::error::Error;
use crate::name::AccountId;
use crate::session;
use crate::user::RegistrationStatus;

carillon_aws::string_enum! {
    /// What would happen to a domain.
    pub enum DomainChange {
        /// The record of a claim that is not proved is found.
        Claim,
        /// A domain that is the account's is deleted.
        Release,
    }
}

/// Shows what proving the claim of a domain, or deleting a domain that is the account's, would do to people.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PreviewDomainChange {
    account_id: AccountId,
    domain_name: DomainInPath,
}

/// The answer of `PreviewDomainChange`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PreviewDomainChangeOutput {
    domain_effects: DomainEffects,
}

/// What a change of a domain would do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DomainEffects {
    #[schemars(with = "WireDomainName")]
    domain_name: String,
    account_id: String,
    change: DomainChange,
    /// The type that the account has afterwards.
    account_type: AccountType,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimEffects>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<ReleaseEffects>,
    /// There is so much that not all of it was counted. The numbers are then the least there is.
    is_truncated: bool,
}

/// What proving a claim would do, as far as it concerns the AWS account that claims. People of other AWS accounts, and
/// of none, would join as well. They are not counted: whoever claims a domain has not proved that it is theirs.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ClaimEffects {
    /// Registered people of the domain in other Team accounts of the AWS account, who would leave them and join. Not for
    /// delegates, to whom those accounts are not lent.
    #[serde(skip_serializing_if = "Option::is_none")]
    team_members_joining: Option<i64>,
    /// Open invitations of other accounts of the AWS account to addresses of the domain, which would become void. Not
    /// for delegates.
    #[serde(skip_serializing_if = "Option::is_none")]
    others_invitations_ending: Option<i64>,
    /// Open invitations of this account to addresses of other domains, which would become void, as an Enterprise
    /// account invites nobody.
    own_invitations_ending: i64,
    /// Members of this Team account with addresses of other domains, who would stay.
    foreign_members_staying: i64,
}

/// What deleting a domain would do.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ReleaseEffects {
    /// People who are signed in now, and would be signed out.
    signed_out: i64,
    /// Registered people who would be released: their addresses become free.
    released: i64,
    /// People who would be deleted.
    deleted: i64,
    /// Suspended people, who would stay so.
    staying_suspended: i64,
    /// Open invitations of this account to addresses of the domain, which would become void.
    invitations_ending: i64,
}

/// Adds up numbers that are counted no further than [`COUNTED`].
#[derive(Default)]
struct Tally {
    is_truncated: bool,
}

impl Tally {
    /// The number, given how many rows matched and how many were looked at for it.
    fn note(&mut self, counted: Counted) -> i64 {
        self.is_truncated |= counted.looked_at > COUNTED;
        counted.matched.min(COUNTED)
    }
}

impl Operation for PreviewDomainChange {
    const SPEC: Spec = Spec::rest(
        "chime:PreviewDomainChange",
        "GET /accounts/{AccountId}/domains/{DomainName}/effects",
    )
    .granted(&[Grant::since(ManagedPolicy::FullAccess, 2)]);

    type Access = Read;
    type Output = PreviewDomainChangeOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PreviewDomainChangeOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        // Only of domains that the account has or claims: the numbers are not for browsing.
        let domain = require(cx.tx, &account, &self.domain_name).await?;
        let mut tally = Tally::default();
        let (change, account_type, claim, release) = match domain.status {
            DomainStatus::Verified => {
                let release = releasing(cx.tx, &account, &domain, cx.now, &mut tally).await?;
                (DomainChange::Release, account.account_type, None, Some(release))
            }
            DomainStatus::PendingVerification | DomainStatus::VerificationFailed => {
                let claim = claiming(cx.tx, &account, &domain, &mut tally).await?;
                let account_type = match account.account_type {
                    AccountType::Team => AccountType::EnterpriseLWA,
                    enterprise => enterprise,
                };
                (DomainChange::Claim, account_type, Some(claim), None)
            }
        };
        Ok(PreviewDomainChangeOutput {
            domain_effects: DomainEffects {
                domain_name: domain.name,
                account_id: domain.account_id,
                change,
                account_type,
                claim,
                release,
                is_truncated: tally.is_truncated,
            },
        })
    }
}

async fn claiming(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &DomainRow,
    tally: &mut Tally,
) -> Result<ClaimEffects, StoreError> {
    let most = COUNTED + 1;
    let name = domain.name.as_str();
    let mut effects = ClaimEffects::default();
    if account.delegate_id().is_none() {
        let joining = counts::team_members_of(tx, account, name, most).await?;
        effects.team_members_joining = Some(tally.note(joining));
        let ending = counts::invitations_of_others(tx, account, name, most).await?;
        effects.others_invitations_ending = Some(tally.note(ending));
    }
    if account.account_type == AccountType::Team {
        effects.own_invitations_ending =
            tally.note(counts::invitations_outside(tx, account, name, most).await?);
        effects.foreign_members_staying = tally.note(counts::foreign_members(tx, account, name, most).await?);
    }
    Ok(effects)
}

async fn releasing(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &DomainRow,
    now: Timestamp,
    tally: &mut Tally,
) -> Result<ReleaseEffects, StoreError> {
    let most = COUNTED + 1;
    let name = domain.name.as_str();
    let mut count = async |registration| {
        let counted = counts::people_of(tx, account, name, registration, most).await?;
        Ok::<i64, StoreError>(tally.note(counted))
    };
    let registered = count(RegistrationStatus::Registered).await?;
    let unregistered = count(RegistrationStatus::Unregistered).await?;
    let suspended = count(RegistrationStatus::Suspended).await?;
    let (released, deleted) = match Fate::of(account.account_type) {
        Fate::Released => (registered, unregistered),
        Fate::Deleted => (0, registered + unregistered),
    };
    let since = now - session::IDLE;
    Ok(ReleaseEffects {
        signed_out: tally.note(counts::signed_in_of(tx, account, name, since, most).await?),
        released,
        deleted,
        staying_suspended: suspended,
        invitations_ending: tally.note(counts::invitations_inside(tx, account, name, most).await?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_when_it_is_not_all() {
        let mut tally = Tally::default();
        assert_eq!(
            tally.note(Counted {
                matched: 1_000,
                looked_at: 1_000
            }),
            1_000
        );
        assert!(!tally.is_truncated);
        assert_eq!(
            tally.note(Counted {
                matched: 7,
                looked_at: 1_001
            }),
            7
        );
        assert!(tally.is_truncated);
        assert_eq!(
            tally.note(Counted {
                matched: 1_001,
                looked_at: 1_001
            }),
            1_000
        );
    }
}
