//! Events of what the service does by itself, later than whoever caused it.

use std::net::{IpAddr, Ipv4Addr};

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, ServiceEvent};
use serde_json::Value;

use crate::account::AccountRow;

/// The event of something that happened to an account, or in it. `details` say the rest, and nothing that must not
/// be seen.
pub(crate) fn of_account(
    account: &AccountRow,
    name: &'static str,
    details: Value,
    environment: &Environment,
    now: Timestamp,
) -> Event {
    in_trail(account.aws_account_id, account, name, details, environment, now)
}

/// The same in the trail of an AWS account that need not own the account.
pub(crate) fn in_trail(
    trail: AwsAccountId,
    account: &AccountRow,
    name: &'static str,
    mut details: Value,
    environment: &Environment,
    now: Timestamp,
) -> Event {
    details["accountId"] = Value::from(account.id.as_str());
    ServiceEvent {
        aws_account_id: trail,
        at: now,
        source: crate::CHIME.event_source,
        name,
        // Nobody asked for it from anywhere.
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: None,
        details,
        error: None,
        resource: Some(("AWS::Chime::Account", account.id.clone())),
    }
    .event(&*environment.entropy)
}
