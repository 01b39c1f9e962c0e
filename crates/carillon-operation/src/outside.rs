//! Everything beyond the process that jobs, and proofs of identity, ask for. Each is a narrow trait with one real implementation.

use std::sync::Arc;

use crate::caller::BoxFuture;

/// Everything beyond the process.
#[derive(Clone, Default)]
pub struct Outside {
    /// Absent when the operator configured no mail relay.
    pub mail: Option<Arc<dyn MailRelay>>,
    /// Absent where nothing may be asked of other servers.
    pub documents: Option<Arc<dyn Documents>>,
}

/// Fetches what identity providers publish, by HTTPS. Answers may be some minutes old.
pub trait Documents: Send + Sync {
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Arc<[u8]>, Unavailable>>;
}

/// A document of an identity provider.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// An `https://` address.
    pub url: &'a str,
    /// SHA-1 digests, in hexadecimal, of certificates that are trusted if nothing else vouches for the server.
    pub thumbprints: &'a [String],
    /// The answer that is known is not good enough. It may be given again all the same, if it is quite new.
    pub afresh: bool,
}

/// Why there is no document. It is for the log, not for strangers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

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
