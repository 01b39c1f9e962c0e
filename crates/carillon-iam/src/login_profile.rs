//! Passwords of IAM users, with which they sign in to the console.

pub(crate) mod change_password;
pub(crate) mod operations;
pub(crate) mod rows;
pub(crate) mod sign_in;

use carillon_aws::secret::Secret;
use carillon_aws::string_type;
use carillon_aws::time::Timestamp;

/// Passwords that are remembered of one user: as many as a policy can forbid to choose again.
pub(crate) const REMEMBERED: i64 = 24;

string_type! {
    /// A password.
    pub(crate) Password, min: 1, max: 128, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    example: "Correct-Horse-7", sensitive
}

impl Password {
    /// As hashing takes it.
    fn secret(&self) -> Secret<String> {
        Secret::new(self.as_str().to_owned())
    }
}

/// A login profile as IAM keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginProfileRow {
    pub password_hash: String,
    pub password_reset_required: bool,
    pub created_at: Timestamp,
    pub password_changed_at: Timestamp,
}
