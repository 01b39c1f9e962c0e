//! The audit log: what the trail in the database has, as JSON Lines for whoever ships logs.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use carillon_operation::Event;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Records that wait for the disk. One has about 1.5 KiB.
const WAITING: usize = 16_384;
/// Records that are written together.
const TOGETHER: usize = 1_024;

/// Standard output, in the place of a file.
const STANDARD: &str = "-";

fn appending() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    // Addresses and names of people are in it.
    options.append(true).create(true).mode(0o640);
    options
}

/// The servers' audit log as a command has it that changes something beside them.
pub struct Shared(Option<(PathBuf, std::fs::File)>);

impl Shared {
    /// Opens it before anything is changed. Standard output is the servers' own, and not this command's.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| *path != Path::new(STANDARD)) else {
            return Ok(Self(None));
        };
        let file = appending()
            .open(path)
            .with_context(|| format!("the audit log {}", path.display()))?;
        Ok(Self(Some((path.to_owned(), file))))
    }

    /// Adds the record of what was changed.
    pub fn write(self, event: &Event) -> anyhow::Result<()> {
        let Some((path, mut file)) = self.0 else {
            return Ok(());
        };
        // At once, or a server's line could come between.
        let line = format!("{}\n", event.record);
        file.write_all(line.as_bytes()).with_context(|| {
            format!(
                "the change is made, and could not be noted in the audit log {}",
                path.display()
            )
        })
    }
}

/// The writing end of an audit log.
pub struct AuditLog {
    pub sender: mpsc::Sender<String>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Opens the audit log at `path`, or standard output if that is `-`.
pub async fn open(path: &Path) -> anyhow::Result<AuditLog> {
    let output = Output::open(path)
        .await
        .with_context(|| format!("the audit log {}", path.display()))?;
    let hangup = signal(SignalKind::hangup())?;
    let (sender, records) = mpsc::channel(WAITING);
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(write(output, records, hangup, stopped));
    Ok(AuditLog { sender, stop, task })
}

impl AuditLog {
    /// Writes what waits, and ends.
    pub async fn close(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the audit log was not written to its end");
        }
    }
}

enum Output {
    Standard(tokio::io::Stdout),
    File(PathBuf, File),
}

impl Output {
    async fn open(path: &Path) -> std::io::Result<Self> {
        if path == Path::new(STANDARD) {
            return Ok(Self::Standard(tokio::io::stdout()));
        }
        let options = OpenOptions::from(appending());
        Ok(Self::File(path.to_owned(), options.open(path).await?))
    }

    /// Opens the file anew, after somebody moved it away. If that fails, the old one stays.
    async fn reopen(&mut self) {
        if let Self::File(path, _) = self {
            match Self::open(path).await {
                Ok(output) => *self = output,
                Err(error) => {
                    tracing::error!(%error, path = %path.display(), "the audit log cannot be opened")
                }
            }
        }
    }

    async fn write(&mut self, lines: &[u8]) -> std::io::Result<()> {
        let writer: &mut (dyn AsyncWrite + Send + Unpin) = match self {
            Self::Standard(output) => output,
            Self::File(_, file) => file,
        };
        writer.write_all(lines).await?;
        writer.flush().await
    }
}

async fn write(
    mut output: Output,
    mut records: mpsc::Receiver<String>,
    mut hangup: Signal,
    mut stopped: oneshot::Receiver<()>,
) {
    let (mut waiting, mut lines) = (Vec::with_capacity(TOGETHER), Vec::new());
    loop {
        tokio::select! {
            _ = &mut stopped, if !records.is_closed() => records.close(),
            _ = hangup.recv() => output.reopen().await,
            count = records.recv_many(&mut waiting, TOGETHER) => {
                if count == 0 {
                    return;
                }
                lines.clear();
                for record in waiting.drain(..) {
                    lines.extend_from_slice(record.as_bytes());
                    lines.push(b'\n');
                }
                if let Err(error) = output.write(&lines).await {
                    tracing::error!(%error, records = count, "the audit log cannot be written");
                    metrics::counter!("carillon_audit_log_dropped_total").increment(count as u64);
                }
            }
        }
    }
}
