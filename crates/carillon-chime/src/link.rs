//! Links in mails by which people prove that an address is theirs, and what else the portal writes to addresses.

pub(crate) mod jobs;
pub(crate) mod mail;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::time::Timestamp;

/// How long a link to register opens.
pub(crate) const REGISTRATION: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a link to choose another password opens.
pub(crate) const PASSWORD: Duration = Duration::from_secs(60 * 60);

/// An address is sent at most [`MAILS_AN_HOUR`] mails in this time because somebody asked at the portal.
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const MAILS_AN_HOUR: i64 = 5;

carillon_aws::string_enum! {
    /// What a mail is about.
    pub enum Purpose {
        Registration,
        Password,
        /// A mail without a link of its own.
        Notice,
    }
}

/// A mail that was sent, or waits to be: the token of its link is only in the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkRow {
    pub id: String,
    pub purpose: Purpose,
    pub email: String,
    /// Whose password it is for.
    pub user_id: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl LinkRow {
    /// Whether the link opens what is asked of it.
    pub fn opens(&self, purpose: Purpose, now: Timestamp) -> bool {
        self.purpose == purpose && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_thing_for_a_time() {
        let link = LinkRow {
            id: "l".to_owned(),
            purpose: Purpose::Password,
            email: "ada@example.com".to_owned(),
            user_id: None,
            created_at: Timestamp::EPOCH,
            expires_at: Timestamp::from_seconds(60),
        };
        assert!(link.opens(Purpose::Password, Timestamp::from_seconds(59)));
        assert!(!link.opens(Purpose::Password, Timestamp::from_seconds(60)));
        assert!(!link.opens(Purpose::Registration, Timestamp::EPOCH));
    }
}
