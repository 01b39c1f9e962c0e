//! The processes that are measured.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::client::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

/// The core of the server; the load runs on the other.
const SERVER_CORE: &str = "0";
pub const LOAD_CORE: &str = "1";

/// A server process, which ends with this value.
pub struct Server {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// A fresh Carillon with a pinned root key.
    pub fn carillon(binary: &Path, database: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = pinned(SERVER_CORE, binary);
        command
            .args(["serve", "--data"])
            .arg(folder.path())
            .arg("--listen")
            .arg(address.to_string())
            // One principal is the whole load.
            .args(["--rate-limit", "0"])
            .env("CARILLON_ROOT_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("CARILLON_ROOT_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .env("CARILLON_LOG_LEVEL", "warn")
            .stdout(Stdio::null());
        if database != "sqlite" {
            command.args(["--database", database]);
        }
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let server = Self {
            child,
            address,
            folder,
        };
        server.wait()?;
        Ok(server)
    }

    /// The bare server.
    pub fn floor() -> Result<Self> {
        let mut child = pinned(SERVER_CORE, &std::env::current_exe()?)
            .arg("floor")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = child.stdout.take().context("the bare server's output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().parse().context("the bare server's address")?;
        Ok(Self {
            child,
            address,
            folder: tempfile::tempdir()?,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it keeps its data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Memory in use, as the kernel counts it.
    pub fn resident_megabytes(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("VmRSS")?;
        let kilobytes: f64 = line.split_whitespace().nth(1).context("VmRSS")?.parse()?;
        Ok(kilobytes / 1000.0)
    }

    /// Processor time used so far, of all threads.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(self.child.id())
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not listen within 20 s")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time that a process used so far, of all its threads.
pub fn cpu_of(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, which may hold anything, ends at the last parenthesis.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| -> Result<u64> { Ok(fields.get(index).context("stat")?.parse()?) };
    // utime and stime, in hundredths of a second on every Linux in use.
    Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

/// `taskset` rather than a call of our own: it becomes the program, so the process id is the server's.
fn pinned(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}
