//! Bounds of what a client may send, and the pages that need no signature.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HeaderMap;
use http_body_util::Empty;
use hyper::body::{Body, Frame};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::harness::{ACCOUNT, Server, Setup};

const MIB: usize = 1024 * 1024;

#[test]
fn a_body_that_is_too_large_is_refused_in_the_protocol_of_its_service() {
    let server = Setup::pinned().start();
    let large = "x".repeat(MIB + 1);

    let chime = server.signed("chime", "POST", "/accounts", &large);
    assert_eq!(chime.status, 413, "{chime:?}");
    assert!(
        chime.head.contains("x-amzn-errortype: BadRequestException"),
        "{chime:?}"
    );
    assert!(chime.head.contains("x-amzn-requestid: "), "{chime:?}");
    assert_eq!(chime.json()["Code"], "BadRequest");

    let iam = server.signed("iam", "POST", "/", &large);
    assert_eq!(iam.status, 413, "{iam:?}");
    assert!(iam.body.contains("<Code>RequestEntityTooLarge</Code>"), "{iam:?}");

    // What says so beforehand need not be sent.
    let said = server.raw(
        b"POST /accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\nexpect: 100-continue\r\n\r\n",
    );
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");

    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let head = "POST /accounts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let said = server.raw(format!("{head}{}", chunk.repeat(17)).as_bytes());
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_just_as_large_as_allowed_is_read() {
    let server = Setup::pinned().start();
    let body = format!(r#"{{"Name":"Large","Ignored":"{}"}}"#, "x".repeat(MIB - 29));
    assert_eq!(body.len(), MIB);
    assert_eq!(server.signed("chime", "POST", "/accounts", &body).status, 201);
}

#[test]
fn too_many_or_too_large_headers_are_refused() {
    let server = Setup::pinned().start();
    let mut headers = HeaderMap::new();
    for number in 0..120 {
        let name = http::HeaderName::from_bytes(format!("x-{number}").as_bytes()).unwrap();
        headers.insert(name, http::HeaderValue::from_static("v"));
    }
    let answer = server.send("GET", "/accounts", &headers, b"");
    assert_eq!(answer.status, 431, "{answer:?}");
    assert!(
        answer.head.contains("x-amzn-errortype: BadRequestException"),
        "{answer:?}"
    );

    let large = format!(
        "GET /accounts HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n",
        "v".repeat(40 * 1024)
    );
    let said = server.raw(large.as_bytes());
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(1000));
    let said = server.raw(many.as_bytes());
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_slow_client_is_cut_off() {
    let server = Setup::pinned().start();
    let mut head = server.connect();
    head.write_all(b"GET /heal").unwrap();
    let mut body = server.connect();
    body.write_all(b"POST /accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
        .unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    let _ = head.read_to_end(&mut answer);
    let waited = began.elapsed();
    assert!(answer.is_empty());
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(18)).contains(&waited),
        "{waited:?}"
    );

    let mut answer = String::new();
    body.read_to_string(&mut answer).unwrap();
    let waited = began.elapsed();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(
        (Duration::from_secs(19)..Duration::from_secs(28)).contains(&waited),
        "{waited:?}"
    );
}

#[test]
fn pages_that_need_no_signature() {
    let server = Setup::pinned().start();
    let page = server.get("/console");
    assert_eq!(page.status, 200);
    let of_account = server.get(&format!("/{ACCOUNT}/console"));
    // Without Node the console is left out, and its address says so.
    if page.body.contains("not part of this build") {
        assert_eq!(of_account.body, page.body);
    } else {
        assert!(page.head.contains("script-src 'self';"), "{page:?}");
        assert_eq!(of_account.status, 302);
        let start = format!("location: /console/?account={ACCOUNT}");
        assert!(of_account.head.contains(&start), "{of_account:?}");
        assert_eq!(server.get("/console/assets/no-such.js").status, 404);
        assert!(server.get("/console/any/page").body.contains("<title>Carillon"));
    }
    // The same address, signed, is an account's.
    let answer = server.signed("chime", "GET", "/accounts/console", "");
    assert!(answer.head.contains("application/json"), "{answer:?}");

    server.caller();
    let metrics = server.get("/metrics").body;
    for line in [
        r#"carillon_requests_total{action="sts:GetCallerIdentity",decision="allowed",status="200"} 1"#,
        r#"carillon_request_seconds_bucket{action="sts:GetCallerIdentity",le="0.00025"}"#,
        r#"carillon_storage_seconds_count{step="begin",kind="read"}"#,
        "# TYPE carillon_request_seconds histogram",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[test]
fn http2_is_spoken_too() {
    let server = Setup::pinned().start();
    let url: http::Uri = format!("http://{}/healthz", server.address).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = runtime.block_on(async {
        let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        client.get(url).await.unwrap()
    });
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, http::Version::HTTP_2)
    );
}

/// As many as one address may have.
const CONNECTIONS: usize = 1_024;
const ASKED: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A connection that was answered on, and is kept.
fn kept(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream
}

#[test]
fn one_address_has_no_more_than_its_share_of_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();

    let mut server = Setup::pinned().start();
    let mut open: Vec<TcpStream> = (0..CONNECTIONS).map(|_| kept(&server)).collect();
    let refused = server.raw(ASKED);
    assert!(
        refused.is_empty() || refused.starts_with("HTTP/1.1 503"),
        "{refused}"
    );
    open.clear();
    server.wait_for(|server| {
        let said = server.raw(ASKED);
        said.starts_with("HTTP/1.1 200").then_some(())
    });
    drop(server);

    let proxied = Setup::pinned().arg("--trusted-proxy").arg("127.0.0.0/8").start();
    let _open: Vec<TcpStream> = (0..CONNECTIONS).map(|_| kept(&proxied)).collect();
    assert_eq!(proxied.get("/healthz").status, 200);
}

/// A body of which nothing ever comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[test]
fn one_address_has_no_more_than_its_share_of_requests() {
    let mut server = Setup::pinned().start();
    let url: http::Uri = format!("http://{}/accounts", server.address).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let refused = runtime.block_on(async {
        let mut refused = Vec::new();
        let mut open = tokio::task::JoinSet::new();
        // 28 more than it may have.
        for _ in 0..6 {
            let client: Client<_, Never> = Client::builder(TokioExecutor::new())
                .http2_only(true)
                .build_http();
            for _ in 0..90 {
                let request = http::Request::post(url.clone()).body(Never).unwrap();
                open.spawn(client.request(request));
            }
        }
        for _ in 0..28 {
            refused.push(open.join_next().await.unwrap().unwrap().unwrap());
        }
        // The others are being read. What needs no waiting is answered all the same.
        assert_eq!(server.get("/healthz").status, 200);
        let metrics = server.get("/metrics").body;
        assert!(
            metrics.contains("carillon_requests_refused_total 28"),
            "{metrics}"
        );
        refused
    });
    for answer in refused {
        assert_eq!(answer.status(), 503);
        assert_eq!(
            answer.headers()["x-amzn-errortype"],
            "ServiceUnavailableException"
        );
    }
    drop(runtime);
    server.wait_for(|server| (server.caller().status == 200).then_some(()));
}
