//! Requests of which nobody is known to ask, and how the trail hears of them.

use carillon_aws::error::Protocol;
use carillon_aws::id::{AwsAccountId, account_of_access_key};
use carillon_aws::sigv4::Failure;
use http::request::Parts;

use super::Pipeline;
use super::answer::wire_error;
use crate::Fault;
use crate::audit::{Facts, elements};
use crate::caller::Call;
use crate::operation::Unknown;
use crate::registry::{Entry, ServiceEntry};

/// Why nobody is known to ask.
pub(super) enum Stranger {
    /// With the key that was named, if the check came that far, and the AWS account it is or would be of.
    Failure(Failure, Option<(AwsAccountId, String)>),
    Fault(Fault),
}

impl Stranger {
    /// Who names a key that nobody has. The identifiers that AWS and we draw say whose it would be.
    pub fn naming(access_key_id: &str, failure: Failure) -> Self {
        let account = account_of_access_key(access_key_id);
        Self::Failure(
            failure,
            account.map(|account| (account, access_key_id.to_owned())),
        )
    }
}

impl From<Failure> for Stranger {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure, None)
    }
}

impl From<Fault> for Stranger {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Pipeline {
    /// A request that nobody signed is recorded in the trail of the account its key identifier names, if that
    /// is one of ours. Whether it is recorded changes nothing of the answer.
    pub(super) async fn record_stranger(
        &self,
        parts: &Parts,
        service: Option<&ServiceEntry>,
        call: &Call,
        failure: &Failure,
        protocol: Protocol,
        key: Option<(AwsAccountId, String)>,
    ) {
        let (Some(service), Some((account, access_key_id))) = (service, key) else {
            return;
        };
        if !self.hears_of_strangers(account, call).await {
            return;
        }
        let entry = match service.service.protocol {
            Protocol::RestJson(_) => service
                .routed(parts.method.as_str(), parts.uri.path(), parts.uri.query())
                .ok()
                .flatten()
                .map(|(entry, _)| entry),
            Protocol::Query { .. } | Protocol::Json11 => None,
        };
        let event = Facts {
            call,
            entropy: &*self.environment.entropy,
            source: service.service.event_source,
            name: entry.map_or("UnknownOperation", |entry| entry.name),
            read_only: entry.is_some_and(|entry| entry.level.reads_only()),
            identity: Err((account, &access_key_id)),
            request_parameters: None,
            response_elements: None,
            error: Some((failure.code(protocol), &failure.message())),
            decision: None,
            resource: None,
        }
        .event();
        if let Err(fault) = self.append(event).await {
            tracing::error!(
                ?fault,
                request.id = call.request_id,
                "a refused request could not be recorded"
            );
        }
    }

    /// A request that proved nobody is recorded like one that nobody signed.
    pub(super) async fn record_unknown(
        &self,
        service: &ServiceEntry,
        entry: &Entry,
        input: &serde_json::Value,
        call: &Call,
        unknown: &Unknown,
    ) {
        let Some(account) = unknown.aws_account_id else {
            return;
        };
        if !self.hears_of_strangers(account, call).await {
            return;
        }
        let wire = wire_error(&unknown.fault, service.service.protocol, &call.request_id);
        let event = Facts {
            call,
            entropy: &*self.environment.entropy,
            source: service.service.event_source,
            name: entry.name,
            read_only: entry.level.reads_only(),
            identity: Err((account, "")),
            request_parameters: elements(entry.input(), input),
            response_elements: None,
            error: Some((&wire.code, &wire.message)),
            decision: None,
            resource: None,
        }
        .event();
        if let Err(fault) = self.append(event).await {
            tracing::error!(
                ?fault,
                request.id = call.request_id,
                "a refused request could not be recorded"
            );
        }
    }

    /// Whether the trail of the account takes one more event of somebody unknown.
    async fn hears_of_strangers(&self, account: AwsAccountId, call: &Call) -> bool {
        let is_too_much = self.strangers.are_enough(account, call.now)
            || (self.is_ours(account).await && !self.strangers.admit(account, call.now));
        if is_too_much {
            metrics::counter!("carillon_stranger_events_dropped_total").increment(1);
        }
        !is_too_much
    }

    async fn is_ours(&self, account: AwsAccountId) -> bool {
        let found = async {
            self.store
                .read()
                .await?
                .fetch_optional::<(String,)>(
                    "SELECT aws_account_id FROM aws_account WHERE aws_account_id = $1",
                    carillon_store::bind![account],
                )
                .await
        };
        matches!(found.await, Ok(Some(_)))
    }
}
