//! Events that no caller of the API caused: a person signed in, a service did something by itself.

use std::net::IpAddr;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{Entropy, Timestamp};
use serde_json::{Value, json};

use crate::REGION;
use crate::audit::{EVENT_VERSION, Event, event_id};

/// What is known of such an event.
///
/// Source: CloudTrail User Guide, "CloudTrail record contents": the type `AwsServiceEvent` and its
/// `serviceEventDetails`.
#[derive(Debug)]
pub struct ServiceEvent<'a> {
    /// Whose trail it is in.
    pub aws_account_id: AwsAccountId,
    pub at: Timestamp,
    /// The service: `chime.amazonaws.com`.
    pub source: &'static str,
    pub name: &'a str,
    pub source_ip: IpAddr,
    pub user_agent: Option<&'a str>,
    /// Nothing that must not be seen.
    pub details: Value,
    pub error: Option<(&'a str, &'a str)>,
    /// Type and name of what it concerns.
    pub resource: Option<(&'static str, String)>,
}

impl ServiceEvent<'_> {
    /// The event as it is kept.
    pub fn event(self, entropy: &dyn Entropy) -> Event {
        let id = event_id(self.at, entropy);
        let mut record = json!({
            "eventVersion": EVENT_VERSION,
            "userIdentity": { "accountId": self.aws_account_id, "invokedBy": self.source },
            "eventTime": self.at.iso_seconds().as_str(),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": REGION,
            "sourceIPAddress": self.source_ip.to_canonical().to_string(),
            "userAgent": self.user_agent.unwrap_or_default(),
            "requestParameters": null,
            "responseElements": null,
            "eventID": id,
            "readOnly": false,
            "eventType": "AwsServiceEvent",
            "managementEvent": true,
            "recipientAccountId": self.aws_account_id,
            "serviceEventDetails": self.details,
            "eventCategory": "Management",
        });
        if let Some((code, message)) = self.error {
            record["errorCode"] = json!(code);
            record["errorMessage"] = json!(message);
        }
        Event {
            aws_account_id: self.aws_account_id,
            at: self.at,
            id,
            name: self.name.to_owned(),
            source: self.source,
            user_name: String::new(),
            access_key_id: String::new(),
            read_only: false,
            resource: self.resource,
            record: record.to_string(),
            basis: None,
            snapshots: Vec::new(),
            copy: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use carillon_aws::time::TestEntropy;

    use super::*;

    #[test]
    fn a_service_event_names_the_service_and_no_caller() {
        let event = ServiceEvent {
            aws_account_id: "123456789012".parse().unwrap(),
            at: Timestamp::from_seconds(0),
            source: "chime.amazonaws.com",
            name: "UserSignIn",
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: Some("Mozilla/5.0"),
            details: json!({ "userId": "u" }),
            error: Some(("Failed", "failed")),
            resource: None,
        }
        .event(&TestEntropy::seeded(1));
        let record: Value = serde_json::from_str(&event.record).unwrap();
        assert_eq!(
            record["userIdentity"],
            json!({ "accountId": "123456789012", "invokedBy": "chime.amazonaws.com" })
        );
        assert_eq!(record["eventType"], "AwsServiceEvent");
        assert_eq!(record["eventTime"], "1970-01-01T00:00:00Z");
        assert_eq!(record["serviceEventDetails"], json!({ "userId": "u" }));
        assert_eq!(record["errorCode"], "Failed");
        assert_eq!(
            (event.id.as_str(), event.user_name.as_str()),
            (record["eventID"].as_str().unwrap(), "")
        );
    }
}
