//! Devices on which people are signed in to the portal.

pub(crate) mod jobs;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::time::Timestamp;
use sha2::{Digest, Sha256};

/// A session that nobody uses for this long is over.
pub(crate) const IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// A session is over after this long, however much it is used.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Use is noted this often, so that reading a page is seldom a write.
const NOTED: Duration = Duration::from_secs(5 * 60);
/// Sessions of one person; the oldest makes room.
pub(crate) const MOST: usize = 50;

/// A session as it is kept: the token itself is only in the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub id: String,
    pub user_id: String,
    pub source_ip: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
}

impl SessionRow {
    /// Whether the session still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.seen_at + IDLE && now < self.created_at + LONGEST
    }

    /// Whether its use should be noted.
    pub fn is_to_be_noted(&self, now: Timestamp) -> bool {
        now >= self.seen_at + NOTED
    }
}

/// What is kept of a token: enough to know it again, not enough to use it.
pub(crate) fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(created: i64, seen: i64) -> SessionRow {
        SessionRow {
            id: String::new(),
            user_id: String::new(),
            source_ip: String::new(),
            user_agent: String::new(),
            created_at: Timestamp::from_seconds(created),
            seen_at: Timestamp::from_seconds(seen),
        }
    }

    #[test]
    fn a_session_ends_when_idle_and_when_old() {
        let hour = 3600;
        assert!(session(0, 0).holds(Timestamp::from_seconds(12 * hour - 1)));
        assert!(!session(0, 0).holds(Timestamp::from_seconds(12 * hour)));
        let month = 30 * 24 * hour;
        assert!(session(0, month - hour).holds(Timestamp::from_seconds(month - 1)));
        assert!(!session(0, month - hour).holds(Timestamp::from_seconds(month)));
    }

    #[test]
    fn use_is_noted_now_and_then() {
        assert!(!session(0, 0).is_to_be_noted(Timestamp::from_seconds(299)));
        assert!(session(0, 0).is_to_be_noted(Timestamp::from_seconds(300)));
    }
}
