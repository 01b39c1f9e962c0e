//! Everything beyond the process that jobs ask for. Each is a narrow trait with one real implementation.

use std::sync::Arc;

use crate::caller::BoxFuture;

/// Everything beyond the process.
#[derive(Clone, Default)]
pub struct Outside {
    /// Absent when the operator configured no mail relay.
    pub mail: Option<Arc<dyn MailRelay>>,
}

/// A message to one person. The sender is the operator's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The same for each try of one mail, so that a relay can tell repetitions.
    pub message_id: String,
}

/// Takes mail for delivery.
pub trait MailRelay: Send + Sync {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;
}

/// Why a relay did not take a mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It will never take it (5xx): the address does not exist, or we may not send.
    #[error("refused: {0}")]
    Refused(String),
    /// It may take it later (4xx), or did not answer.
    #[error("not taken now: {0}")]
    Later(String),
}
