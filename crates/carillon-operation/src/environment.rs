//! What the process lends to every request.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use carillon_aws::time::{Clock, Entropy};
use tokio::sync::{Notify, mpsc};

use crate::audit::Event;
use crate::guard::Guard;
use crate::password::Hashing;
use crate::registry::Registry;
use crate::vault::Vault;

/// What the process lends to every request. Nothing in it reaches outside the process.
pub struct Environment {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub registry: Registry,
    pub vault: Vault,
    pub settings: Settings,
    /// Told when a job may have been queued.
    pub jobs: Notify,
    /// Where audit records also go, one JSON object each.
    pub audit_log: Option<mpsc::Sender<String>>,
    /// Bounds slow hashes.
    pub hashing: Hashing,
    /// Slows those who guess.
    pub guard: Guard,
}

/// What the operator configured and operations need to know.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The address people reach the server at, without a trailing slash: `https://chime.example.com`.
    pub public_url: String,
    /// Whether mail can be sent.
    pub mail: bool,
    /// Where requests for support go.
    pub support_address: Option<String>,
    /// Domains of public mail providers, if the operator has a list of its own.
    pub mail_providers: Option<Arc<HashSet<String>>>,
    /// Whether people may register at the portal though no account invited them or claimed their domain.
    pub self_registration: bool,
    /// Chime accounts that an AWS account may have, deleted ones that can be restored among them. Without it, any number.
    pub account_quota: Option<NonZeroU32>,
}

impl Environment {
    /// What follows a commit: the audit log gets its line, and the job runner is told.
    pub fn after_commit(&self, event: &Event) {
        if let Some(log) = &self.audit_log {
            for event in event.copies() {
                // The trail itself is in the database; a log that cannot keep up must not stop requests.
                if log.try_send(event.record.clone()).is_err() {
                    metrics::counter!("carillon_audit_log_dropped_total").increment(1);
                }
            }
        }
        if !event.read_only {
            self.jobs.notify_one();
        }
    }
}
