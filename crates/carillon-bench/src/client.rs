//! A small HTTP client that signs, over one connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use carillon_aws::sigv4::Signer;
use carillon_aws::time::{Clock, SystemClock};
use http::HeaderMap;
use serde_json::{Value, json};

pub const ACCESS_KEY_ID: &str = "AKIABENCHMARKBENCHM1";
pub const SECRET_ACCESS_KEY: &str = "benchmark-secret-of-no-worth-at-all-0001";
pub const REGION: &str = "us-east-1";
pub const SERVICE: &str = "chime";

/// A signed request as it goes over the wire.
pub fn signed(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
    let mut headers = HeaderMap::new();
    headers.insert("host", address.to_string().parse()?);
    let signer = Signer {
        access_key_id: ACCESS_KEY_ID,
        secret_access_key: SECRET_ACCESS_KEY,
        session_token: None,
        region: REGION,
        service: SERVICE,
    };
    signer.sign(method, path, &mut headers, body.as_bytes(), SystemClock.now())?;
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in &headers {
        request.push_str(&format!("{name}: {}\r\n", value.to_str()?));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    Ok(request.into_bytes())
}

/// Where the body of an answer begins and the whole of it ends, once its head is there.
pub fn extent(answer: &[u8]) -> Option<(usize, usize)> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    Some((head, head + length))
}

pub struct Client {
    address: SocketAddr,
    stream: TcpStream,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { address, stream })
    }

    pub fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.stream
            .write_all(&signed(self.address, method, path, &body)?)?;
        let mut answer = Vec::with_capacity(64 * 1024);
        let (head, end) = loop {
            let mut chunk = [0; 64 * 1024];
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            answer.extend_from_slice(&chunk[..read]);
            match extent(&answer) {
                Some((head, end)) if answer.len() >= end => break (head, end),
                _ => {}
            }
        };
        if !answer.starts_with(b"HTTP/1.1 2") {
            bail!("{method} {path}: {}", String::from_utf8_lossy(&answer));
        }
        if head == end {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_slice(&answer[head..end])?)
        }
    }

    pub fn create_account(&mut self, name: &str) -> Result<String> {
        let answer = self.call("POST", "/accounts", Some(&json!({ "Name": name })))?;
        text(&answer["Account"]["AccountId"])
    }

    /// Makes users by inviting them.
    pub fn invite(&mut self, account: &str, numbers: Range<usize>) -> Result<()> {
        let all: Vec<usize> = numbers.collect();
        for some in all.chunks(50) {
            let emails: Vec<String> = some
                .iter()
                .map(|number| format!("person{number}@load.example.com"))
                .collect();
            self.call(
                "POST",
                &format!("/accounts/{account}/users?operation=add"),
                Some(&json!({ "UserEmailList": emails })),
            )?;
        }
        Ok(())
    }

    pub fn page(&mut self, account: &str, size: u32, token: Option<&str>) -> Result<Value> {
        let mut path = format!("/accounts/{account}/users?max-results={size}");
        if let Some(token) = token {
            // Tokens are base64url, which needs no escapes.
            path.push_str(&format!("&next-token={token}"));
        }
        self.call("GET", &path, None)
    }

    /// The median time of a page of 100.
    pub fn time_pages(&mut self, account: &str, token: Option<&str>, times: u32) -> Result<Duration> {
        let mut took = Vec::new();
        for _ in 0..times {
            let started = Instant::now();
            self.page(account, 100, token)?;
            took.push(started.elapsed());
        }
        took.sort();
        Ok(took[took.len() / 2])
    }

    /// Pages over everything: how many users there were, and the token of a page near the end.
    pub fn walk(&mut self, account: &str, expected: usize) -> Result<(usize, Option<String>)> {
        let (mut seen, mut token, mut late) = (0, None::<String>, None);
        loop {
            let page = self.page(account, 200, token.as_deref())?;
            seen += page["Users"].as_array().context("Users")?.len();
            token = page["NextToken"].as_str().map(str::to_owned);
            match &token {
                Some(next) if seen + 1000 < expected => late = Some(next.clone()),
                Some(_) => {}
                None => return Ok((seen, late)),
            }
        }
    }
}

pub fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("text in the answer")?.to_owned())
}
