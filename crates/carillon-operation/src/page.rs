//! Pages go by key: the token says where the last one ended.

use carillon_aws::time::Timestamp;

use crate::operation::{Context, Operation};

/// A page of a list and the token of the next one.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// How long a token is good for, in seconds.
const LIFETIME: i64 = 24 * 60 * 60;

impl<O: Operation> Context<'_, O> {
    /// Cuts `items`, of which one more than `limit` was asked for, to a page. `key` names the place of an item.
    ///
    /// `filters` are the values that chose the list: the token opens only for the same list of the same
    /// operation and AWS account.
    pub fn page<T>(
        &self,
        mut items: Vec<T>,
        limit: usize,
        filters: &[&str],
        key: impl FnOnce(&T) -> Vec<String>,
    ) -> Page<T> {
        if items.len() <= limit {
            return Page { items, next: None };
        }
        items.truncate(limit);
        let next = items.last().map(|last| self.token(filters, &key(last)));
        Page { items, next }
    }

    /// The token for a page that begins after `key`, for lists whose pages do not end with an item.
    pub fn token(&self, filters: &[&str], key: &[String]) -> String {
        let plain = serde_json::to_vec(&(self.now.as_seconds() + LIFETIME, key))
            .expect("numbers and strings are always written");
        self.environment
            .vault
            .seal(self.entropy(), &self.purpose(filters), &plain)
    }

    /// The key at which the page before ended; nothing if the token is not one of this list, or too old.
    pub fn place(&self, token: &str, filters: &[&str]) -> Option<Vec<String>> {
        let plain = self.environment.vault.open(&self.purpose(filters), token)?;
        let (expires, key): (i64, Vec<String>) = serde_json::from_slice(&plain).ok()?;
        (Timestamp::from_seconds(expires) > self.now).then_some(key)
    }

    fn purpose(&self, filters: &[&str]) -> String {
        let mut purpose = format!("page/{}/{}", O::SPEC.action, self.caller.aws_account_id);
        for filter in filters {
            // Length first, so that no two lists of filters read alike.
            purpose.push_str(&format!("/{}:{filter}", filter.len()));
        }
        purpose
    }
}
