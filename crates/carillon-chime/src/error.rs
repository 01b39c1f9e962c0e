//! What can go wrong in the administration of Chime, and how AWS says so.

use carillon_operation::Fault;
use carillon_store::StoreError;

/// What can go wrong in the administration of Chime.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A member breaks a rule, or the operation does not exist for this type of account.
    #[error("{0}")]
    BadRequest(String),
    /// Unknown, or somebody else's: the answer does not tell which.
    #[error("{kind} `{id}` does not exist")]
    NotFound { kind: &'static str, id: String },
    /// The address itself is nothing for logs and trails.
    #[error("no user of the account has this address")]
    NoSuchAddress,
    /// The token itself is nothing for logs and trails.
    #[error("the invitation does not exist, was accepted, or was taken back")]
    NoSuchInvitation,
    #[error("Request could not be completed due to a conflict: {0}")]
    Conflict(String),
    /// Allowed by policy, and never possible for this caller here.
    #[error("{0}")]
    Forbidden(String),
    /// Only `DeleteAccount`: something must be released first.
    #[error("{0}")]
    Unprocessable(String),
    /// A quota is used up.
    #[error("{0}")]
    LimitExceeded(String),
    /// What the operator did not set up, or what does not answer.
    #[error("{0}")]
    Unavailable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("internal")]
    Fault(Fault),
}

impl Error {
    pub(crate) fn account_not_found(id: &str) -> Self {
        Self::NotFound {
            kind: "account",
            id: shown(id),
        }
    }

    pub(crate) fn user_not_found(id: &str) -> Self {
        Self::NotFound {
            kind: "user",
            id: shown(id),
        }
    }

    pub(crate) fn domain_not_found(name: &str) -> Self {
        Self::NotFound {
            kind: "domain",
            id: shown(name),
        }
    }

    pub(crate) fn delegate_not_found(id: &str) -> Self {
        Self::NotFound {
            kind: "delegate",
            id: shown(id),
        }
    }

    pub(crate) fn support_request_not_found(id: &str) -> Self {
        Self::NotFound {
            kind: "support request",
            id: shown(id),
        }
    }

    pub(crate) fn data_export_not_found(id: &str) -> Self {
        Self::NotFound {
            kind: "data export",
            id: shown(id),
        }
    }

    pub(crate) fn meeting_not_found(id: &str) -> Self {
        Self::NotFound {
            kind: "meeting",
            id: shown(id),
        }
    }

    pub(crate) fn next_token() -> Self {
        Self::BadRequest("the next token is not one of this list, or is too old".to_owned())
    }

    /// The exception shape.
    fn shape(&self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::BadRequest(_) => (400, "BadRequestException"),
            Self::NotFound { .. } | Self::NoSuchAddress | Self::NoSuchInvitation => {
                (404, "NotFoundException")
            }
            Self::Conflict(_) => (409, "ConflictException"),
            Self::Forbidden(_) => (403, "ForbiddenException"),
            Self::LimitExceeded(_) => (400, "ResourceLimitExceededException"),
            Self::Unprocessable(_) => (422, "UnprocessableEntityException"),
            Self::Unavailable(_) => (503, "ServiceUnavailableException"),
            Self::Store(_) | Self::Fault(_) => return None,
        })
    }

    /// The `ErrorCode` of one item of a batch, or the error itself when it concerns the whole request.
    pub(crate) fn into_item(self) -> Result<(ErrorCode, String), Self> {
        let code = match self {
            Self::BadRequest(_) => ErrorCode::BadRequest,
            Self::NotFound { .. } | Self::NoSuchAddress | Self::NoSuchInvitation => ErrorCode::NotFound,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::Unprocessable(_) => ErrorCode::Unprocessable,
            Self::LimitExceeded(_) => ErrorCode::ResourceLimitExceeded,
            Self::Unavailable(_) => ErrorCode::ServiceUnavailable,
            whole @ (Self::Store(_) | Self::Fault(_)) => return Err(whole),
        };
        Ok((code, self.to_string()))
    }
}

carillon_aws::string_enum! {
    /// Why one item of a batch failed.
    pub enum ErrorCode {
        BadRequest,
        Conflict,
        Forbidden,
        NotFound,
        PreconditionFailed,
        ResourceLimitExceeded,
        ServiceFailure,
        AccessDenied,
        ServiceUnavailable,
        Throttled,
        Throttling,
        Unauthorized,
        Unprocessable,
        VoiceConnectorGroupAssociationsExist,
        PhoneNumberAssociationsExist,
        Gone,
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            Error::Fault(fault) => fault,
            refused => match refused.shape() {
                Some((status, shape)) => Self::refused(status, shape, refused.to_string()),
                None => Self::internal(refused.to_string()),
            },
        }
    }
}

/// The caller's own value for a message: long ones are cut.
fn shown(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(64).collect()
}
