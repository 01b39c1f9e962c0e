//! Invitations: how people come into a Team account.

pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::time::Timestamp;

use super::InviteStatus;

/// How long an invitation can be accepted.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An invitation as it is kept: the token itself is only in the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InviteRow {
    pub id: String,
    pub account_id: String,
    pub email: String,
    pub status: InviteStatus,
    pub token_digest: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}
