//! Asking other servers by HTTPS, for whom strangers or administrators choose the address: within bounds of time and
//! size, along no redirection, and at no address that only this machine or its network can reach.

mod certificate;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use bytes::Bytes;
use carillon_operation::{BoxFuture, Delivery, Post, Reply, Unavailable};
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use crate::cidr::Cidr;

/// Bytes of the answer to a post that are read.
const REPLY: usize = 64 << 10;
/// The longest that a post may take, whatever is asked.
const LONGEST: Duration = Duration::from_secs(10);
/// Posts at the same time.
const AT_ONCE: usize = 16;

/// Servers that may be asked.
pub struct Web {
    /// Where else than at public addresses they may be.
    networks: Vec<Cidr>,
    /// The option that names those networks.
    option: &'static str,
}

/// What one server is asked.
pub struct Question<'a> {
    pub method: Method,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    /// Digests of certificates that are trusted if nothing else vouches for the server.
    pub thumbprints: &'a [String],
    /// Bytes of the answer.
    pub size: usize,
}

impl Web {
    pub fn new(networks: Vec<Cidr>, option: &'static str) -> Self {
        Self { networks, option }
    }

    /// The answer of the server: its status, whatever it is, and its body. Redirections are answers too: they would
    /// lead to an address that nobody has looked at.
    pub async fn ask(&self, question: Question<'_>) -> anyhow::Result<Reply> {
        let address: Uri = question.url.parse().context("the address")?;
        ensure!(address.scheme_str() == Some("https"), "the address is not https");
        let host = address.host().context("an address without a host")?;
        let authority = address.authority().context("an address without a host")?;
        ensure!(!authority.as_str().contains('@'), "the address has a user");
        let port = address.port_u16().unwrap_or(443);
        let stream = self.connect(host, port).await?;
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).context("the name of the host")?;
        let config = certificate::client(question.thumbprints)?;
        let stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .context("TLS")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let answer = async {
            let path = address.path_and_query().map_or("/", |path| path.as_str());
            let mut request = Request::builder()
                .method(question.method)
                .uri(path)
                .header(header::HOST, authority.as_str())
                .header(
                    header::USER_AGENT,
                    concat!("carillon/", env!("CARGO_PKG_VERSION")),
                );
            for (name, value) in question.headers {
                request = request.header(*name, *value);
            }
            let request = request.body(Full::new(Bytes::copy_from_slice(question.body)))?;
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), question.size).collect().await;
            let body = body.map_err(|error| anyhow!(error))?.to_bytes();
            Ok(Reply { status, body })
        }
        .await;
        connection.abort();
        answer
    }

    /// Connects to the first address of the host that may be asked. It is the address itself that is looked at, so a
    /// name that is public once and private the next time is no way in.
    async fn connect(&self, host: &str, port: u16) -> anyhow::Result<TcpStream> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host.trim_matches(['[', ']']), port))
            .await
            .context("the name of the host")?
            .collect();
        let allowed = found.iter().find(|address| self.may_ask(address.ip()));
        let address = allowed
            .with_context(|| format!("the host has no public address, and none in a --{}", self.option))?;
        TcpStream::connect(address).await.context("the connection")
    }

    fn may_ask(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|network| network.contains(address))
    }
}

/// Posts to other products.
pub struct WebDelivery {
    web: Web,
    turns: Semaphore,
}

impl WebDelivery {
    pub fn new(networks: Vec<Cidr>) -> Self {
        Self {
            web: Web::new(networks, "delivery-network"),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    async fn send(&self, post: &Post<'_>) -> anyhow::Result<Reply> {
        let _turn = self.turns.acquire().await?;
        let mut headers = vec![(header::CONTENT_TYPE.as_str(), post.content_type)];
        headers.extend(post.headers);
        let question = Question {
            method: Method::POST,
            url: post.url,
            headers: &headers,
            body: post.body,
            thumbprints: &[],
            size: REPLY,
        };
        self.web.ask(question).await
    }
}

impl Delivery for WebDelivery {
    fn post<'a>(&'a self, post: Post<'a>) -> BoxFuture<'a, Result<Reply, Unavailable>> {
        Box::pin(async move {
            match tokio::time::timeout(post.patience.min(LONGEST), self.send(&post)).await {
                Ok(outcome) => outcome.map_err(|error| Unavailable(format!("{error:#}"))),
                Err(_) => Err(Unavailable("it took too long".to_owned())),
            }
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
        let told = Web::new(vec!["127.0.0.0/8".parse().unwrap()], "network");
        assert!(told.may_ask("127.0.0.1".parse().unwrap()));
        assert!(told.may_ask("8.8.8.8".parse().unwrap()));
        assert!(!told.may_ask("10.0.0.1".parse().unwrap()));
        assert!(!told.may_ask("::1".parse().unwrap()));
    }

    #[tokio::test]
    async fn nothing_is_posted_to_private_addresses_or_without_tls() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let delivery = WebDelivery::new(Vec::new());
        for (url, why) in [
            (
                format!("https://{address}/"),
                "the host has no public address, and none in a --delivery-network",
            ),
            (format!("http://{address}/"), "the address is not https"),
            ("https://user@example.com/".to_owned(), "the address has a user"),
        ] {
            let post = Post {
                url: &url,
                content_type: "text/plain",
                headers: &[],
                body: b"",
                patience: Duration::from_secs(5),
            };
            assert_eq!(delivery.post(post).await.unwrap_err().to_string(), why);
        }
    }

    #[tokio::test]
    async fn whoever_does_not_answer_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let delivery = WebDelivery::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let post = Post {
            url: &url,
            content_type: "text/plain",
            headers: &[],
            body: b"",
            patience: Duration::from_millis(50),
        };
        assert_eq!(
            delivery.post(post).await.unwrap_err().to_string(),
            "it took too long"
        );
    }
}
