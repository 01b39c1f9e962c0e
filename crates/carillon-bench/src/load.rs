//! Load over kept connections, each with one request under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, extent, signed, text};
use crate::server::{LOAD_CORE, Server};

struct Measured {
    rate: f64,
    /// Processor time of the server for one request, in microseconds.
    cpu: f64,
}

/// Measures both servers in turn and prints what each did, and the ratio.
pub fn compare(
    server: &Server,
    floor: &Server,
    duration: Duration,
    rounds: u32,
    connections: usize,
) -> Result<()> {
    pin_this_process()?;
    let mut client = Client::connect(server.address())?;
    let account = client.create_account("Load")?;
    client.invite(&account, 0..100)?;
    let page = client.page(&account, 1, None)?;
    let user = text(&page["Users"][0]["UserId"])?;
    let path = format!("/accounts/{account}/users/{user}");

    let (mut carillon, mut bare) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let measured = measure(server, &path, duration, connections)?;
        println!(
            "round {round}: carillon {:.0} requests/s, {:.1} us of CPU each",
            measured.rate, measured.cpu
        );
        carillon.push(measured);
        let measured = measure(floor, &path, duration, connections)?;
        println!(
            "round {round}: bare     {:.0} requests/s, {:.1} us of CPU each",
            measured.rate, measured.cpu
        );
        bare.push(measured);
    }
    let (carillon, bare) = (best(&carillon)?, best(&bare)?);
    println!(
        "best: carillon {:.0}, bare {:.0} requests/s: {:.0} % of the bare server's rate ({:.1} against {:.1} us)",
        carillon.rate,
        bare.rate,
        100.0 * carillon.rate / bare.rate,
        carillon.cpu,
        bare.cpu
    );
    println!(
        "carillon's memory after the load: {:.1} MB",
        server.resident_megabytes()?
    );
    Ok(())
}

fn best(measured: &[Measured]) -> Result<&Measured> {
    measured
        .iter()
        .max_by(|a, b| a.rate.total_cmp(&b.rate))
        .context("at least one round")
}

fn measure(server: &Server, path: &str, duration: Duration, connections: usize) -> Result<Measured> {
    // Signed anew for each measurement, because signatures grow old.
    let request = Arc::new(signed(server.address(), "GET", path, "")?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // The first moments are not counted: connections, caches, statements.
    runtime.block_on(send(server, &request, Duration::from_millis(500), connections))?;
    let (before, started) = (server.cpu()?, Instant::now());
    let answered = runtime.block_on(send(server, &request, duration, connections))?;
    let (cpu, took) = (server.cpu()? - before, started.elapsed());
    Ok(Measured {
        rate: answered as f64 / took.as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / answered as f64,
    })
}

async fn send(
    server: &Server,
    request: &Arc<Vec<u8>>,
    duration: Duration,
    connections: usize,
) -> Result<u64> {
    let answered = Arc::new(AtomicU64::new(0));
    let deadline = Instant::now() + duration;
    // A load that sleeps is woken by the server's core, which pays for that on one machine only, and the more the
    // slower it answers. So it never sleeps.
    let awake = tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let mut stream = TcpStream::connect(server.address()).await?;
        stream.set_nodelay(true)?;
        let (request, answered) = (Arc::clone(request), Arc::clone(&answered));
        tasks.push(tokio::spawn(async move {
            let mut answer = Vec::with_capacity(4096);
            while Instant::now() < deadline {
                stream.write_all(&request).await?;
                answer.clear();
                loop {
                    ensure!(
                        stream.read_buf(&mut answer).await? > 0,
                        "the server closed the connection"
                    );
                    if extent(&answer).is_some_and(|(_, end)| answer.len() >= end) {
                        break;
                    }
                }
                ensure!(
                    answer.starts_with(b"HTTP/1.1 200"),
                    "{}",
                    String::from_utf8_lossy(&answer)
                );
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    awake.abort();
    Ok(answered.load(Ordering::Relaxed))
}

fn pin_this_process() -> Result<()> {
    let status = std::process::Command::new("taskset")
        .args(["-cp", LOAD_CORE, &std::process::id().to_string()])
        .stdout(std::process::Stdio::null())
        .status()?;
    ensure!(status.success(), "taskset failed");
    Ok(())
}
