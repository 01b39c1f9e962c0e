//! What identity providers publish, fetched by HTTPS: within bounds of time and size, from no address that only this
//! machine or its network can reach, and kept for some minutes.

mod certificate;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use bytes::Bytes;
use carillon_operation::{BoxFuture, Documents, Unavailable, Wanted};
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use crate::cidr::Cidr;

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
    /// Where else than at public addresses providers may be.
    networks: Vec<Cidr>,
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
            networks,
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
        let address: Uri = url.parse().context("the address")?;
        ensure!(address.scheme_str() == Some("https"), "the address is not https");
        let host = address.host().context("an address without a host")?;
        let port = address.port_u16().unwrap_or(443);
        let stream = self.connect(host, port).await?;
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).context("the name of the host")?;
        let config = certificate::client(thumbprints)?;
        let stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .context("TLS")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let answer = async {
            let path = address.path_and_query().map_or("/", |path| path.as_str());
            let request = Request::get(path)
                .header(
                    header::HOST,
                    address.authority().map_or(host, |authority| authority.as_str()),
                )
                .header(header::ACCEPT, "application/json")
                .header(
                    header::USER_AGENT,
                    concat!("carillon/", env!("CARGO_PKG_VERSION")),
                )
                .body(Empty::<Bytes>::new())?;
            let response = sender.send_request(request).await?;
            // A redirection would lead to an address that nobody has looked at.
            if response.status() != StatusCode::OK {
                bail!("the answer has status {}", response.status().as_u16());
            }
            let body = Limited::new(response.into_body(), SIZE).collect().await;
            Ok(body.map_err(|error| anyhow!(error))?.to_bytes())
        }
        .await;
        connection.abort();
        Ok(Arc::from(answer?.as_ref()))
    }

    /// Connects to the first address of the host that may be asked. It is the address itself that is looked at, so a
    /// name that is public once and private the next time is no way in.
    async fn connect(&self, host: &str, port: u16) -> anyhow::Result<TcpStream> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host.trim_matches(['[', ']']), port))
            .await
            .context("the name of the host")?
            .collect();
        let allowed = found.iter().find(|address| self.may_ask(address.ip()));
        let address = allowed.context("the host has no public address, and none in a --provider-network")?;
        TcpStream::connect(address).await.context("the connection")
    }

    fn may_ask(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|network| network.contains(address))
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

/// Whether an address is one of the public internet, as far as its number tells.
///
/// Source: IANA, "IPv4 Special-Purpose Address Registry" and "IPv6 Special-Purpose Address Registry".
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.segments() {
            // An IPv4 address behind a translator.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                is_public_v4(Ipv4Addr::new(a, b, c, d))
            }
            [0x2001, 0xdb8, ..] | [0x2001, 0..=0x1ff, ..] => false,
            [first, ..] => (0x2000..0x4000).contains(&first),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_asked_unless_told_otherwise() {
        for public in [
            "8.8.8.8",
            "100.128.0.1",
            "2606:4700::1",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fec0::1",
            "100::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        let told = WebDocuments::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(told.may_ask("127.0.0.1".parse().unwrap()));
        assert!(told.may_ask("8.8.8.8".parse().unwrap()));
        assert!(!told.may_ask("10.0.0.1".parse().unwrap()));
        assert!(!told.may_ask("::1".parse().unwrap()));
    }

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
