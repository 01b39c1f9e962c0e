//! Domains: what an account claims with a record in the DNS, and whose people it then has.

pub(crate) mod claim;
mod counts;
pub(crate) mod jobs;
pub(crate) mod name;
pub(crate) mod operations;
pub(crate) mod preview;
pub(crate) mod release;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use name::DomainName;
use name::{WireDomainName, challenge_name};

use crate::account::AccountRow;

/// Domains of one account.
pub(crate) const MOST: i64 = 100;
/// Claims of one AWS account that are looked up at the same time. Chime accounts cost nothing, so they are not what is
/// counted by.
pub(crate) const WAITING: i64 = 100;
/// A claim that is not proved by then is given up.
pub(crate) const GIVEN_UP_AFTER: Duration = Duration::from_secs(72 * 60 * 60);

const MINUTE: Duration = Duration::from_secs(60);
/// Until when after the claim the record is looked up how often; afterwards every [`LATER`].
const PAUSES: [(Duration, Duration); 2] = [
    (MINUTE.saturating_mul(10), Duration::from_secs(30)),
    (MINUTE.saturating_mul(70), MINUTE.saturating_mul(5)),
];
const LATER: Duration = MINUTE.saturating_mul(30);

/// How the value of every challenge begins.
const CHALLENGE: &str = "carillon-domain-verification=";

carillon_aws::string_enum! {
    /// How far a claim is.
    pub enum DomainStatus {
        /// The record is being looked up.
        PendingVerification,
        /// The domain is the account's.
        Verified,
        /// The record was not there in time, or another account was faster. `AddDomain` begins again.
        VerificationFailed,
    }
}

carillon_aws::string_enum! {
    /// What the last look at the record showed.
    pub enum DomainCheckResult {
        /// The name has no record of ours.
        RecordNotFound,
        /// There is a record of ours with another value.
        ValueMismatch,
        /// The name servers did not answer.
        DnsError,
        /// Another account has proved its claim.
        ClaimedByAnotherAccount,
        Found,
    }
}

carillon_aws::string_enum! {
    /// The type of a record in the DNS.
    pub enum DomainVerificationRecordType {
        TXT,
    }
}

/// A domain of an account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DomainRow {
    pub account_id: String,
    /// Of the account.
    pub owner: AwsAccountId,
    pub name: String,
    pub status: DomainStatus,
    /// The random part of what the record has to say, while the claim is not proved. It is no secret: it will stand in
    /// the DNS.
    pub challenge: Option<String>,
    pub created_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    pub checked_at: Option<Timestamp>,
    pub check_result: Option<DomainCheckResult>,
    pub next_check_at: Option<Timestamp>,
}

impl DomainRow {
    /// A claim that is to be proved.
    pub fn claimed(account: &AccountRow, name: &DomainName, challenge: String, now: Timestamp) -> Self {
        Self {
            account_id: account.id.clone(),
            owner: account.aws_account_id,
            name: name.as_str().to_owned(),
            status: DomainStatus::PendingVerification,
            challenge: Some(challenge),
            created_at: now,
            verified_at: None,
            checked_at: None,
            check_result: None,
            next_check_at: Some(now),
        }
    }

    /// Notes what a look at the record showed, and when the next one is due.
    pub fn note(&mut self, result: DomainCheckResult, now: Timestamp) {
        self.checked_at = Some(now);
        self.check_result = Some(result);
        match result {
            DomainCheckResult::Found => {
                self.status = DomainStatus::Verified;
                self.verified_at = Some(now);
                self.challenge = None;
                self.next_check_at = None;
            }
            DomainCheckResult::ClaimedByAnotherAccount => self.fail(),
            DomainCheckResult::RecordNotFound
            | DomainCheckResult::ValueMismatch
            | DomainCheckResult::DnsError => self.wait(now),
        }
    }

    /// Lets some time pass until the next look, or gives the claim up.
    pub fn wait(&mut self, now: Timestamp) {
        self.next_check_at = next_check(self.created_at, now);
        if self.next_check_at.is_none() {
            self.fail();
        }
    }

    fn fail(&mut self) {
        self.status = DomainStatus::VerificationFailed;
        self.next_check_at = None;
    }

    pub fn shape(&self) -> Domain {
        let record = self
            .challenge
            .as_deref()
            .map(|challenge| DomainVerificationRecord {
                record_type: DomainVerificationRecordType::TXT,
                name: challenge_name(&self.name),
                value: challenge_value(challenge),
            });
        Domain {
            domain_name: self.name.clone(),
            account_id: self.account_id.clone(),
            status: self.status,
            verification_record: record,
            created_timestamp: self.created_at,
            verified_timestamp: self.verified_at,
            last_checked_timestamp: self.checked_at,
            last_check_result: self.check_result,
            next_check_timestamp: self.next_check_at,
        }
    }
}

/// When a record is looked up again; not at all if its time is over.
fn next_check(created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let age = now.since(created_at);
    if age >= GIVEN_UP_AFTER {
        return None;
    }
    let pause = PAUSES
        .iter()
        .find(|(until, _)| age < *until)
        .map_or(LATER, |(_, pause)| *pause);
    Some((now + pause).min(created_at + GIVEN_UP_AFTER))
}

/// What the record has to say.
pub(crate) fn challenge_value(challenge: &str) -> String {
    format!("{CHALLENGE}{challenge}")
}

/// What the TXT records of a name say of a claim. Those of others are of no account.
pub(crate) fn judge(records: &[Vec<u8>], challenge: &str) -> DomainCheckResult {
    let wanted = challenge_value(challenge);
    if records.iter().any(|record| record == wanted.as_bytes()) {
        return DomainCheckResult::Found;
    }
    if records
        .iter()
        .any(|record| record.starts_with(CHALLENGE.as_bytes()))
    {
        return DomainCheckResult::ValueMismatch;
    }
    DomainCheckResult::RecordNotFound
}

/// A domain of an account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Domain {
    #[schemars(with = "WireDomainName")]
    domain_name: String,
    account_id: String,
    status: DomainStatus,
    /// What to put into the DNS. Absent once the claim is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_record: Option<DomainVerificationRecord>,
    created_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_checked_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_check_result: Option<DomainCheckResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_check_timestamp: Option<Timestamp>,
}

/// The record that proves a claim.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DomainVerificationRecord {
    #[serde(rename = "Type")]
    record_type: DomainVerificationRecordType,
    name: String,
    value: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::tests::team;

    fn claim() -> DomainRow {
        let name = DomainName::parse("example.com").unwrap();
        DomainRow::claimed(&team(), &name, "x".repeat(43), Timestamp::EPOCH)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn looks_come_at_growing_pauses_until_the_time_is_over() {
        let next = |seconds| next_check(Timestamp::EPOCH, at(seconds));
        assert_eq!(next(0), Some(at(30)));
        assert_eq!(next(599), Some(at(629)));
        assert_eq!(next(600), Some(at(900)));
        assert_eq!(next(4_199), Some(at(4_499)));
        assert_eq!(next(4_200), Some(at(6_000)));
        let end = 72 * 3_600;
        assert_eq!(next(end - 60), Some(at(end)), "one last look");
        assert_eq!(next(end), None);
        assert_eq!(next(end * 2), None);
    }

    #[test]
    fn a_look_says_what_becomes_of_the_claim() {
        use DomainCheckResult::{ClaimedByAnotherAccount, DnsError, Found, RecordNotFound};
        let mut domain = claim();
        domain.note(RecordNotFound, at(0));
        assert_eq!(
            (domain.status, domain.next_check_at),
            (DomainStatus::PendingVerification, Some(at(30)))
        );
        let mut late = domain.clone();
        late.note(DnsError, at(72 * 3_600));
        assert_eq!(
            (late.status, late.next_check_at),
            (DomainStatus::VerificationFailed, None)
        );
        assert!(late.challenge.is_some(), "it can be seen what was missing");
        let mut slow = domain.clone();
        slow.note(ClaimedByAnotherAccount, at(30));
        assert_eq!(
            (slow.status, slow.next_check_at),
            (DomainStatus::VerificationFailed, None)
        );
        domain.note(Found, at(80 * 3_600));
        assert_eq!(
            (domain.status, domain.verified_at, domain.challenge),
            (DomainStatus::Verified, Some(at(80 * 3_600)), None),
            "a record that is there counts, however late somebody looks"
        );
    }

    #[test]
    fn the_record_is_compared_exactly() {
        let judged = |records: &[&str]| {
            let records: Vec<Vec<u8>> = records.iter().map(|text| text.as_bytes().to_vec()).collect();
            judge(&records, "secret")
        };
        assert_eq!(judged(&[]), DomainCheckResult::RecordNotFound);
        assert_eq!(judged(&["v=spf1 -all", ""]), DomainCheckResult::RecordNotFound);
        assert_eq!(
            judged(&["v=spf1 -all", "carillon-domain-verification=secret"]),
            DomainCheckResult::Found
        );
        for other in ["other", "", "Secret", "secret ", "\"secret\""] {
            assert_eq!(
                judged(&[&challenge_value(other)]),
                DomainCheckResult::ValueMismatch,
                "{other}"
            );
        }
        assert_eq!(
            judged(&[" carillon-domain-verification=secret"]),
            DomainCheckResult::RecordNotFound
        );
    }

    #[test]
    fn a_claim_shows_its_record_until_it_is_proved() {
        let mut domain = claim();
        let shape = serde_json::to_value(domain.shape()).unwrap();
        assert_eq!(
            shape,
            serde_json::json!({
                "DomainName": "example.com", "AccountId": team().id, "Status": "PendingVerification",
                "VerificationRecord": {
                    "Type": "TXT", "Name": "_carillon-challenge.example.com",
                    "Value": format!("carillon-domain-verification={}", "x".repeat(43)),
                },
                "CreatedTimestamp": "1970-01-01T00:00:00.000Z", "NextCheckTimestamp": "1970-01-01T00:00:00.000Z",
            })
        );
        domain.note(DomainCheckResult::Found, at(1));
        let shape = serde_json::to_value(domain.shape()).unwrap();
        assert_eq!(
            shape,
            serde_json::json!({
                "DomainName": "example.com", "AccountId": team().id, "Status": "Verified", "LastCheckResult": "Found",
                "CreatedTimestamp": "1970-01-01T00:00:00.000Z", "VerifiedTimestamp": "1970-01-01T00:00:01.000Z",
                "LastCheckedTimestamp": "1970-01-01T00:00:01.000Z",
            })
        );
    }
}
