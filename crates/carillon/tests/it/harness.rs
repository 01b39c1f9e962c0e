//! Starts the built command and speaks to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use carillon_aws::sigv4::Signer;
use carillon_aws::time::{Clock, SystemClock};
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tempfile::TempDir;

pub const ACCOUNT: &str = "111122223333";
pub const KEY: &str = "AKIAROOTOFTHETESTS01";
pub const SECRET: &str = "the+secret/of+the+root+user/in+all+tests1";
pub const PASSWORD: &str = "Correct-Horse-Battery-7";

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The command, without anything of the environment of whoever runs the tests.
pub fn carillon(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carillon"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    carillon(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A data folder and how to start servers on it.
pub struct Setup {
    pub folder: Arc<TempDir>,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
}

impl Setup {
    /// A root user that the tests know.
    pub fn pinned() -> Self {
        Self::unpinned()
            .env("CARILLON_ACCOUNT_ID", ACCOUNT)
            .env("CARILLON_ROOT_ACCESS_KEY_ID", KEY)
            .env("CARILLON_ROOT_SECRET_ACCESS_KEY", SECRET)
            .env("CARILLON_ROOT_PASSWORD", PASSWORD)
    }

    pub fn unpinned() -> Self {
        let setup = Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
        };
        setup.arg("--listen").arg("127.0.0.1:0")
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn data_text(&self) -> String {
        self.data().display().to_string()
    }

    fn command(&self) -> Command {
        let mut command = carillon(&["serve", "--data", &self.data_text()]);
        command.args(&self.arguments).envs(&self.environment);
        command
    }

    /// Starts a server and waits until it serves.
    pub fn start(&self) -> Server {
        let (out, err) = (
            self.folder.path().join("stdout"),
            self.folder.path().join("stderr"),
        );
        let began = Instant::now();
        let process = self
            .command()
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let mut server = Server {
            process,
            address: String::new(),
            started_in: Duration::ZERO,
            out,
            err,
            _folder: Arc::clone(&self.folder),
        };
        server.address = server.wait_for(|server| server.log().iter().find_map(address_of));
        server.started_in = began.elapsed();
        server
    }

    /// Starts a server that must not serve, and answers what it says.
    pub fn fail(&self) -> String {
        let output = self.command().output().unwrap();
        assert!(!output.status.success(), "it ended well");
        text(&output.stderr)
    }
}

fn address_of(line: &Value) -> Option<String> {
    (line["message"] == "serving").then(|| line["address"].as_str().unwrap().to_owned())
}

/// A running server.
pub struct Server {
    process: Child,
    pub address: String,
    pub started_in: Duration,
    out: PathBuf,
    err: PathBuf,
    /// Kept as long as the server runs.
    _folder: Arc<TempDir>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl Server {
    /// Waits until `find` finds something.
    pub fn wait_for<T>(&mut self, find: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.stderr());
            assert!(Instant::now() < deadline, "nothing came: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn stdout(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    /// The whole lines of the log.
    pub fn log(&self) -> Vec<Value> {
        self.stderr()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes, and reads to the end of the connection.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // It may close before all is said.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        text(&answer)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &HeaderMap::new(), b"")
    }

    fn request(&self, method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.contains_key(HOST) {
            request.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        [request.as_bytes(), body].concat()
    }

    pub fn send(&self, method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
        let answer = self.raw(&self.request(method, path, headers, body));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer {
            status: status.unwrap_or_else(|| panic!("no answer: {answer:?}")),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Asks as root.
    pub fn signed(&self, service: &str, method: &str, path: &str, body: &str) -> Answer {
        self.signed_with(service, method, path, body, &[])
    }

    pub fn signed_with(
        &self,
        service: &str,
        method: &str,
        path: &str,
        body: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = self.sign((KEY, SECRET), service, method, path, body);
        for (name, value) in more {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        self.send(method, path, &headers, body.as_bytes())
    }

    /// Asks with an access key: its ID and its secret.
    pub fn signed_by(
        &self,
        key: (&str, &str),
        service: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Answer {
        let headers = self.sign(key, service, method, path, body);
        self.send(method, path, &headers, body.as_bytes())
    }

    /// Asks as root, and waits for no answer.
    pub fn asked(&self, service: &str, method: &str, path: &str, body: &str) -> TcpStream {
        let headers = self.sign((KEY, SECRET), service, method, path, body);
        let mut stream = self.connect();
        stream
            .write_all(&self.request(method, path, &headers, body.as_bytes()))
            .unwrap();
        stream
    }

    fn sign(&self, key: (&str, &str), service: &str, method: &str, path: &str, body: &str) -> HeaderMap {
        let signer = Signer {
            access_key_id: key.0,
            secret_access_key: key.1,
            session_token: None,
            region: "us-east-1",
            service,
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(&self.address).unwrap());
        if !body.is_empty() {
            let kind = match service {
                "chime" => "application/json",
                "cloudtrail" => "application/x-amz-json-1.1",
                _ => "application/x-www-form-urlencoded",
            };
            headers.insert("content-type", HeaderValue::from_static(kind));
        }
        if service == "cloudtrail" {
            let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
            headers.insert("x-amz-target", HeaderValue::from_static(target));
        }
        signer
            .sign(method, path, &mut headers, body.as_bytes(), SystemClock.now())
            .unwrap();
        headers
    }

    pub fn caller(&self) -> Answer {
        self.signed("sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15")
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Asks it to end, and answers how it ended.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }

    pub fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it goes on: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Writes to the database of a stopped server.
pub fn in_database(data: &Path, sql: &'static str) {
    let url = format!("sqlite:{}", data.join("carillon.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = carillon_store::Store::open(&url).await.unwrap();
        let mut tx = store.write().await.unwrap();
        tx.execute(sql, &[]).await.unwrap();
        tx.commit().await.unwrap();
    });
}
