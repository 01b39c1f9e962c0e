//! What a request leaves in the trail, and what it answers with.

use carillon_aws::error::Protocol;
use carillon_aws::id::AwsAccountId;
use carillon_aws::xml;
use serde::Serialize;
use serde_json::Value;

use super::answer::wire_error;
use crate::Fault;
use crate::audit::{self, Event, Facts, elements, with_what_saml_says};
use crate::caller::Call;
use crate::decision_record::Decided;
use crate::located::Lent;
use crate::operation::{Failed, Request, Target};

impl Request<'_> {
    /// The body of a success, and, for writes, the same for the trail.
    pub(crate) fn encode<T: Serialize>(
        &self,
        output: &T,
        read_only: bool,
    ) -> Result<(Vec<u8>, Option<Value>), Fault> {
        let json = |output: &T| {
            if self.call.from_console {
                // Operations of the Query protocol are there, too.
                let plain = serde_json::to_value(output).map(xml::without_entries);
                return plain
                    .and_then(|plain| serde_json::to_vec(&plain))
                    .map_err(Fault::internal);
            }
            serde_json::to_vec(output).map_err(Fault::internal)
        };
        let protocol = self.protocol;
        if read_only && !matches!(protocol, Protocol::Query { .. }) {
            return Ok((json(output)?, None));
        }
        let tree = serde_json::to_value(output).map_err(Fault::internal)?;
        let body = match protocol {
            Protocol::Query { xmlns } => {
                xml::response(self.entry.name, xmlns, &tree, &self.call.request_id).into_bytes()
            }
            Protocol::RestJson(_) | Protocol::Json11 if self.entry.spec.status == 204 => Vec::new(),
            Protocol::RestJson(_) | Protocol::Json11 => json(output)?,
        };
        Ok((body, Some(tree).filter(|tree| !read_only && !tree.is_null())))
    }

    pub(crate) fn success_event(
        &self,
        decided: Option<&Decided>,
        target: &Target,
        output: Option<&Value>,
    ) -> Event {
        let own = self.caller().aws_account_id;
        let other = target.owner.or(target.told).filter(|other| *other != own);
        self.event(
            None,
            decided,
            target.filed_under.clone(),
            output,
            other.map(|other| (other, target.lent.as_deref())),
        )
    }

    /// Writes the event of a request that failed. One that will be run again is not over yet.
    pub(crate) async fn record_failure(&self, failed: &Failed) -> Result<(), Fault> {
        match failed.fault {
            Fault::Changed => Ok(()),
            _ => self.record(failed).await,
        }
    }

    /// Writes the event of a request that ends so.
    pub(super) async fn record(&self, failed: &Failed) -> Result<(), Fault> {
        let fault = &failed.fault;
        if let Fault::Internal(cause) = fault {
            log_internal(&**cause, self.call);
        }
        let wire = wire_error(fault, self.protocol, &self.call.request_id);
        let event = self.event(
            Some((audit::error_code(fault, &wire.code), &wire.message)),
            failed.decided.as_deref(),
            failed.filed_under.clone(),
            None,
            failed.lent.as_deref().map(|lent| (lent.owner, Some(lent))),
        );
        self.pipeline.append(event).await
    }

    /// `other`: the AWS account whose trail has the event as well, and the terms on which it lent what the request is
    /// about.
    fn event(
        &self,
        error: Option<(&str, &str)>,
        decided: Option<&Decided>,
        resource: Option<(&'static str, String)>,
        output: Option<&Value>,
        other: Option<(AwsAccountId, Option<&Lent>)>,
    ) -> Event {
        let parameters = self
            .input
            .as_object()
            .filter(|members| !members.is_empty())
            .and_then(|_| elements(self.entry.input(), self.input))
            .map(|parameters| match self.caller().web_identity() {
                Some(identity) => with_what_saml_says(parameters, identity),
                None => parameters,
            });
        let resource = resource.or_else(|| (self.service.resource_of)(self.input, output));
        let facts = Facts {
            call: self.call,
            entropy: &*self.pipeline.environment.entropy,
            source: self.service.event_source,
            name: self.entry.name,
            read_only: self.entry.level.reads_only(),
            identity: Ok(self.caller()),
            request_parameters: parameters,
            response_elements: output.and_then(|output| elements(self.entry.output(), output)),
            error,
            decision: decided.map(|decided| &decided.decision),
            resource,
        };
        let mut event = match other {
            Some((other, lent)) => facts.shared_with(other, lent.map(|lent| lent.delegate_id.as_str())),
            None => facts.event(),
        };
        if let Some(decided) = decided {
            event.basis = Some(decided.basis.clone());
            event.snapshots = self.pipeline.snapshots.unwritten(decided, self.call.now);
        }
        event
    }
}

pub(super) fn log_internal(cause: &(dyn std::error::Error + Send + Sync + 'static), call: &Call) {
    let mut chain = cause.to_string();
    let mut source = cause.source();
    while let Some(next) = source {
        chain.push_str(": ");
        chain.push_str(&next.to_string());
        source = next.source();
    }
    tracing::error!(request.id = call.request_id, error = chain, "request failed");
}
