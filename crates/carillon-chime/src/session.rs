//! Devices on which people are signed in to the portal.

pub(crate) mod jobs;
pub(crate) mod rows;

use std::borrow::Cow;
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
        now < self.ends_at()
    }

    /// When the session is over, if it is not used any more.
    pub fn ends_at(&self) -> Timestamp {
        (self.seen_at + IDLE).min(self.created_at + LONGEST)
    }

    /// What people call the device.
    pub fn device(&self) -> Cow<'_, str> {
        device_name(&self.user_agent)
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

/// What a device is called that says this of itself: browser and system, if they are well known.
fn device_name(user_agent: &str) -> Cow<'_, str> {
    // In this order: most browsers also claim to be others.
    const BROWSERS: &[(&str, &str)] = &[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: &[(&str, &str)] = &[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let known = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (known(BROWSERS), known(SYSTEMS)) {
        (Some(browser), Some(system)) => Cow::Owned(format!("{browser} on {system}")),
        _ if user_agent.trim().is_empty() => Cow::Borrowed("Unknown device"),
        _ => Cow::Borrowed(user_agent),
    }
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
    fn devices_are_called_as_people_call_them() {
        let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0";
        let edge = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 \
                    Safari/537.36 Edg/139.0";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
                     Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(device_name(firefox), "Firefox on Windows");
        assert_eq!(device_name(edge), "Edge on Linux");
        assert_eq!(device_name(phone), "Safari on iPhone");
        assert_eq!(device_name("curl/8.0"), "curl/8.0");
        assert_eq!(device_name(" "), "Unknown device");
    }

    #[test]
    fn use_is_noted_now_and_then() {
        assert!(!session(0, 0).is_to_be_noted(Timestamp::from_seconds(299)));
        assert!(session(0, 0).is_to_be_noted(Timestamp::from_seconds(300)));
    }
}
