//! What can go wrong in IAM and STS, and how AWS says so.

use carillon_operation::Fault;
use carillon_store::StoreError;

/// What can go wrong in IAM and STS.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `{kind} with name {name}`, for users, groups and roles.
    #[error("The {kind} with name {name} cannot be found.")]
    NoSuchEntity { kind: &'static str, name: String },
    /// Anything else that does not exist, in AWS's own sentence.
    #[error("{0}")]
    NotFound(String),
    #[error("{kind} with name {name} already exists.")]
    EntityAlreadyExists { kind: &'static str, name: String },
    #[error("{0}")]
    AlreadyExists(String),
    /// Something must be removed first.
    #[error("{0}")]
    DeleteConflict(&'static str),
    #[error("Cannot exceed quota for {quota}: {limit}")]
    LimitExceeded { quota: &'static str, limit: usize },
    #[error("{0}")]
    Limit(String),
    #[error("{0}")]
    MalformedPolicyDocument(String),
    #[error("{0}")]
    InvalidInput(String),
    #[error("{0}")]
    Validation(String),
    #[error("{0}")]
    PasswordPolicyViolation(String),
    #[error("{0}")]
    UnmodifiableEntity(String),
    #[error("{0}")]
    PolicyNotAttachable(String),
    #[error("{0}")]
    EntityTemporarilyUnmodifiable(String),
    #[error("{0}")]
    InvalidUserType(String),
    #[error("Authentication code for device is not valid.")]
    InvalidAuthenticationCode,
    #[error("{0}")]
    MalformedCertificate(String),
    #[error("{0}")]
    InvalidCertificate(&'static str),
    #[error("The certificate belongs to a user of this account already.")]
    DuplicateCertificate,
    #[error("The certificate and the private key do not belong together.")]
    KeyPairMismatch,
    #[error("{0}")]
    InvalidPublicKey(&'static str),
    #[error("The user has this SSH public key already.")]
    DuplicateSshPublicKey,
    #[error("The public key is neither in the form of SSH nor in PEM.")]
    UnrecognizedPublicKeyEncoding,
    #[error("{0} is no service that service-specific credentials are for.")]
    NotSupportedService(String),
    #[error("Sign in again: this needs a sign-in of the last fifteen minutes.")]
    RecentSignInRequired,
    #[error("There is no credential report. Generate one first.")]
    ReportNotPresent,
    #[error("The credential report is being made.")]
    ReportInProgress,
    #[error("The credential report has expired. Generate another.")]
    ReportExpired,
    #[error("{0}")]
    AccessDenied(String),
    #[error("{0}")]
    PackedPolicyTooLarge(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("internal")]
    Fault(Fault),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NoSuchEntity { .. } | Error::NotFound(_) => Self::refused(404, "NoSuchEntity", message),
            Error::EntityAlreadyExists { .. } | Error::AlreadyExists(_) => {
                Self::refused(409, "EntityAlreadyExists", message)
            }
            Error::DeleteConflict(_) => Self::refused(409, "DeleteConflict", message),
            Error::LimitExceeded { .. } | Error::Limit(_) => Self::refused(409, "LimitExceeded", message),
            Error::MalformedPolicyDocument(_) => Self::refused(400, "MalformedPolicyDocument", message),
            Error::InvalidInput(_) => Self::refused(400, "InvalidInput", message),
            Error::Validation(_) => Self::Invalid(message),
            Error::PasswordPolicyViolation(_) => Self::refused(400, "PasswordPolicyViolation", message),
            Error::UnmodifiableEntity(_) => Self::refused(400, "UnmodifiableEntity", message),
            Error::PolicyNotAttachable(_) => Self::refused(400, "PolicyNotAttachable", message),
            Error::EntityTemporarilyUnmodifiable(_) => {
                Self::refused(409, "EntityTemporarilyUnmodifiable", message)
            }
            Error::InvalidUserType(_) => Self::refused(400, "InvalidUserType", message),
            Error::MalformedCertificate(_) => Self::refused(400, "MalformedCertificate", message),
            Error::InvalidCertificate(_) => Self::refused(400, "InvalidCertificate", message),
            Error::DuplicateCertificate => Self::refused(409, "DuplicateCertificate", message),
            Error::KeyPairMismatch => Self::refused(400, "KeyPairMismatch", message),
            Error::InvalidPublicKey(_) => Self::refused(400, "InvalidPublicKey", message),
            Error::DuplicateSshPublicKey => Self::refused(400, "DuplicateSSHPublicKey", message),
            Error::UnrecognizedPublicKeyEncoding => {
                Self::refused(400, "UnrecognizedPublicKeyEncoding", message)
            }
            Error::NotSupportedService(_) => Self::refused(404, "NotSupportedService", message),
            Error::RecentSignInRequired => Self::refused(403, "RecentSignInRequired", message),
            Error::ReportNotPresent => Self::refused(410, "ReportNotPresent", message),
            Error::ReportInProgress => Self::refused(404, "ReportInProgress", message),
            Error::ReportExpired => Self::refused(410, "ReportExpired", message),
            Error::InvalidAuthenticationCode => Self::refused(403, "InvalidAuthenticationCode", message),
            Error::AccessDenied(message) => Self::denied(message),
            Error::PackedPolicyTooLarge(_) => Self::refused(400, "PackedPolicyTooLarge", message),
            Error::Store(error) => error.into(),
            Error::Fault(fault) => fault,
        }
    }
}
