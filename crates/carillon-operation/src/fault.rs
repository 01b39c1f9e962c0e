//! Why a request has no answer.

use std::borrow::Cow;

use carillon_store::StoreError;

/// Why a request has no answer.
#[derive(Debug)]
pub enum Fault {
    /// The caller's doing; the wire carries all of it.
    Refused {
        status: u16,
        code: Cow<'static, str>,
        message: String,
    },
    /// The policies say no. Each protocol has its own code for it.
    Denied(String),
    /// A member of the input breaks its constraint. Each protocol has its own code for it.
    Invalid(String),
    /// The credentials are no longer good, because access control changed since they were read: authenticate again.
    Changed,
    /// The action exists and this server has no operation for it yet.
    NotImplemented(&'static str),
    /// Too much is asked at the same time. Each protocol has its own code for it.
    Throttled,
    /// Ours; the log carries it, the wire only says that something failed.
    Internal(Box<dyn std::error::Error + Send + Sync>),
    /// The transaction lost a race; nothing it did remains, and it is run again.
    Contended,
}

impl Fault {
    /// A refusal with the service's own code.
    pub fn refused(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused {
            status,
            code: Cow::Borrowed(code),
            message: message.into(),
        }
    }

    /// A refusal of access that no policy decides, in the wording of one that does.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::Denied(message.into())
    }

    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            // A duplicate that no rule foresaw is a race with somebody who inserted first: run again, and
            // the rule will see it.
            StoreError::Contention | StoreError::Duplicate => Self::Contended,
            other => Self::Internal(other.into()),
        }
    }
}
