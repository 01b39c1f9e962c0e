//! What identity providers publish, fetched by HTTPS: within bounds of time and size, from no address that only this
//! machine or its network can reach, and kept for some minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;
use carillon_operation::{BoxFuture, Documents, Unavailable, Wanted};
use http::{Method, header};
use tokio::sync::Semaphore;

use crate::cidr::Cidr;
use crate::web::{Question, Web};

/// The longest that one document may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a document.
const SIZE: usize = 256 << 10;
/// How long a document is good.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How long a document is good for those who want a new one, and how long a failure is not tried again.
const PAUSE: Duration = Duration::from_secs(30);
/// Documents that are kept. When there are more, all are forgotten.
const KEPT: usize = 500;
/// Documents that are fetched at the same time.
const AT_ONCE: usize = 8;

/// Fetches documents of the web.
pub struct WebDocuments {
    web: Web,
    kept: Mutex<HashMap<Key, Kept>>,
    turns: Semaphore,
}

/// Address and thumbprints: whom one AWS account trusts, another need not.
type Key = (String, Vec<String>);

#[derive(Clone)]
struct Kept {
    at: Instant,
    outcome: Result<Arc<[u8]>, String>,
}

impl Kept {
    fn is_good(&self, afresh: bool) -> bool {
        let lifetime = if afresh || self.outcome.is_err() {
            PAUSE
        } else {
            LIFETIME
        };
        self.at.elapsed() < lifetime
    }
}

impl WebDocuments {
    pub fn new(networks: Vec<Cidr>) -> Self {
        Self {
            web: Web::new(networks, "provider-network"),
            kept: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    fn kept(&self, key: &Key, afresh: bool) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|kept| kept.is_good(afresh)).cloned()
    }

    fn keep(&self, key: Key, outcome: Result<Arc<[u8]>, String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        let at = Instant::now();
        kept.insert(key, Kept { at, outcome });
    }

    async fn get(&self, url: &str, thumbprints: &[String]) -> anyhow::Result<Arc<[u8]>> {
        let question = Question {
            method: Method::GET,
            url,
            headers: &[(header::ACCEPT.as_str(), "application/json")],
            body: &[],
            thumbprints,
            size: SIZE,
        };
        let reply = self.web.ask(question).await?;
        ensure!(reply.status == 200, "the answer has status {}", reply.status);
        Ok(Arc::from(reply.body.as_ref()))
    }
}

impl Documents for WebDocuments {
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Arc<[u8]>, Unavailable>> {
        Box::pin(async move {
            let key = (wanted.url.to_owned(), wanted.thumbprints.to_vec());
            if let Some(kept) = self.kept(&key, wanted.afresh) {
                return kept.outcome.map_err(Unavailable);
            }
            let _turn = tokio::time::timeout(PATIENCE, self.turns.acquire())
                .await
                .map_err(|_| Unavailable("too much is being fetched".to_owned()))?;
            // Whoever waited for a turn may find it done.
            if let Some(kept) = self.kept(&key, wanted.afresh) {
                return kept.outcome.map_err(Unavailable);
            }
            let outcome = match tokio::time::timeout(PATIENCE, self.get(wanted.url, wanted.thumbprints)).await
            {
                Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
                Err(_) => Err("it took too long".to_owned()),
            };
            self.keep(key, outcome.clone());
            outcome.map_err(Unavailable)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_that_is_not_public_is_not_even_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/keys", listener.local_addr().unwrap());
        let documents = WebDocuments::new(Vec::new());
        let wanted = Wanted {
            url: &url,
            thumbprints: &[],
            afresh: false,
        };
        let refused = documents.fetch(wanted).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the host has no public address, and none in a --provider-network"
        );
        let plain = Wanted {
            url: "http://login.example.com/",
            ..wanted
        };
        let refused = documents.fetch(plain).await.unwrap_err();
        assert_eq!(refused.to_string(), "the address is not https");
    }
}
