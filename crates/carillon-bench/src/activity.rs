//! What it costs to take events, and to report them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use carillon_aws::time::{Clock, SystemClock, Timestamp};
use carillon_store::{Store, bind};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::client::{Client, extent, text};
use crate::server::{Server, cpu_of};

/// Events of one request.
const BATCH: usize = 500;
/// Days over which the events are spread.
const DAYS: u64 = 28;
/// How often a report is asked for.
const ASKED: usize = 30;

/// Takes events, and asks for reports of them.
pub fn feed(carillon: &Path, events: usize, people: usize, longest: Duration) -> Result<()> {
    ensure!(people > 0, "there must be people");
    let server = Server::carillon(carillon, "sqlite")?;
    let mut client = Client::connect(server.address())?;
    let account = client.create_account("Activity")?;
    client.invite(&account, 0..people)?;
    let source = Source::create(carillon, &server)?;

    let before = server.cpu()?;
    let mut meter = Meter::new("feed", events);
    let mut script = Script::new(people, events);
    while meter.done < events && meter.began.elapsed() < longest {
        let batch = script.next(BATCH.min(events - meter.done));
        source.send(&batch)?;
        meter.add(batch.len(), server.cpu()? - before);
    }
    meter.conclude();
    println!("memory after that: {:.1} MB", server.resident_megabytes()?);
    reports(&mut client, &account, people)
}

/// Says what events cost, and whether the later ones cost more.
struct Meter {
    name: &'static str,
    events: usize,
    done: usize,
    /// Processor time so far.
    cpu: Duration,
    began: Instant,
    /// Events and processor time when the present tenth began.
    tenth: (usize, Duration),
}

impl Meter {
    fn new(name: &'static str, events: usize) -> Self {
        Self {
            name,
            events,
            done: 0,
            cpu: Duration::ZERO,
            began: Instant::now(),
            tenth: (0, Duration::ZERO),
        }
    }

    /// `cpu`: for all events so far.
    fn add(&mut self, events: usize, cpu: Duration) {
        self.done += events;
        self.cpu = cpu;
        let (from, before) = self.tenth;
        if (self.done - from) * 10 >= self.events {
            let each = micros(cpu - before, self.done - from);
            println!("{}: up to {} events {each:.1} us each", self.name, self.done);
            self.tenth = (self.done, cpu);
        }
    }

    fn conclude(&self) {
        let rate = |time: Duration| self.done as f64 / time.as_secs_f64();
        println!(
            "{}: {} events, {:.0} a second of one core ({:.1} us each), {:.0} a second of the clock",
            self.name,
            self.done,
            rate(self.cpu),
            micros(self.cpu, self.done),
            rate(self.began.elapsed())
        );
    }
}

fn micros(time: Duration, events: usize) -> f64 {
    time.as_secs_f64() * 1e6 / events as f64
}

/// A source that the operator made.
struct Source {
    address: std::net::SocketAddr,
    id: String,
    key: String,
}

impl Source {
    fn create(carillon: &Path, server: &Server) -> Result<Self> {
        let output = Command::new(carillon)
            .args(["activity-source", "create", "Load", "--data"])
            .arg(server.folder())
            .output()?;
        let shown = String::from_utf8(output.stdout)?;
        let value = |name: &str| {
            let line = shown.lines().find(|line| line.starts_with(name));
            let value = line.and_then(|line| line.split_whitespace().nth(1));
            value
                .map(str::to_owned)
                .with_context(|| format!("no {name} in {shown}"))
        };
        Ok(Self {
            address: server.address(),
            id: value("Source")?,
            key: value("Key")?,
        })
    }

    fn send(&self, events: &[Value]) -> Result<()> {
        let body = serde_json::to_string(events)?;
        let timestamp = SystemClock.now().as_seconds().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).context("a key")?;
        mac.update(format!("{timestamp}.{body}").as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let request = format!(
            "POST /ingest/v1/events HTTP/1.1\r\nhost: {}\r\nx-carillon-source: {}\r\nx-carillon-timestamp: \
             {timestamp}\r\nx-carillon-signature: {signature}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.id,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if !answer.starts_with(b"HTTP/1.1 202") || extent(&answer).is_none() {
            bail!("events: {}", String::from_utf8_lossy(&answer));
        }
        Ok(())
    }
}

/// Events in the order of time: half of them of meetings of four people, half of them messages.
struct Script {
    people: u64,
    now: Timestamp,
    step: Duration,
    draw: u64,
    number: u64,
    ready: Vec<Value>,
}

impl Script {
    fn new(people: usize, events: usize) -> Self {
        Self {
            people: people as u64,
            now: SystemClock.now() - Duration::from_secs((DAYS + 1) * 86_400),
            step: Duration::from_secs(DAYS * 86_400) / u32::try_from(events).unwrap_or(u32::MAX),
            draw: 42,
            number: 0,
            ready: Vec::new(),
        }
    }

    fn next(&mut self, count: usize) -> Vec<Value> {
        while self.ready.len() < count {
            self.meeting();
            for _ in 0..10 {
                let email = self.person();
                self.add(
                    "chat.message-sent",
                    json!({ "Email": email, "ConversationId": "c" }),
                );
            }
        }
        self.ready.drain(..count).collect()
    }

    fn meeting(&mut self) {
        let meeting = format!("m{}", self.number);
        let there: Vec<String> = (0..4).map(|_| self.person()).collect();
        let started = json!({
            "MeetingId": meeting, "OrganizerEmail": there[0], "Title": "Weekly", "MeetingType": "ScheduledUniqueId",
            "ConferenceId": format!("{:010}", self.number % 10_000_000_000),
        });
        self.add("meeting.started", started);
        for (attendee, email) in there.iter().enumerate() {
            let joined = json!({
                "MeetingId": meeting, "AttendeeId": format!("a{attendee}"), "Email": email, "ClientType": "Web",
                "ClientVersion": "5.2.1", "IpAddress": "192.0.2.1", "MediaRegion": "eu-central-1",
            });
            self.add("attendee.joined", joined);
        }
        for attendee in 0..4 {
            let left = json!({ "MeetingId": meeting, "AttendeeId": format!("a{attendee}") });
            self.add("attendee.left", left);
        }
        self.add("meeting.ended", json!({ "MeetingId": meeting }));
    }

    fn add(&mut self, kind: &str, mut facts: Value) {
        facts["EventId"] = json!(format!("{:016x}-{}", self.draw(), self.number));
        facts["EventType"] = json!(kind);
        facts["Timestamp"] = json!(self.now);
        self.now = self.now + self.step;
        self.number += 1;
        self.ready.push(facts);
    }

    fn person(&mut self) -> String {
        let number = self.draw() % self.people;
        format!("person{number}@load.example.com")
    }

    fn draw(&mut self) -> u64 {
        self.draw = self
            .draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.draw >> 16
    }
}

/// The same rows inserted into the same table of another database, in transactions of as many, by this process: the
/// processor time of that alone.
pub fn bare(events: usize, people: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("bare.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = Store::open(&url).await?;
        let mut meter = Meter::new("bare insert", events);
        let mut script = Script::new(people, events);
        while meter.done < events {
            let batch = script.next(BATCH.min(events - meter.done));
            let rows: Vec<(String, Timestamp, String, Option<String>, String)> =
                batch.iter().map(row).collect::<Result<_>>()?;
            let before = cpu_of(std::process::id())?;
            let mut tx = store.write().await?;
            for (id, at, kind, meeting, facts) in &rows {
                tx.execute(
                    "INSERT INTO activity_event (source_number, event_id, event_at, kind, meeting_id, facts)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                    bind![1_i64, id, at, kind, meeting, facts],
                )
                .await?;
            }
            tx.commit().await?;
            let cpu = cpu_of(std::process::id())?.saturating_sub(before);
            meter.add(rows.len(), meter.cpu + cpu);
        }
        meter.conclude();
        Ok(())
    })
}

fn row(event: &Value) -> Result<(String, Timestamp, String, Option<String>, String)> {
    let meeting = event["MeetingId"]
        .as_str()
        .map(|name| format!("00000000-0000-5000-8000-{name:0>12}"));
    let mut facts = event.clone();
    let kept = meeting.is_some();
    if let Some(facts) = facts.as_object_mut() {
        facts.retain(|name, _| !matches!(name.as_str(), "EventId" | "EventType" | "Timestamp" | "MeetingId"));
    }
    Ok((
        text(&event["EventId"])?,
        text(&event["Timestamp"])?.parse()?,
        text(&event["EventType"])?,
        meeting,
        if kept { facts.to_string() } else { String::new() },
    ))
}

/// The median and the longest time of each report.
fn reports(client: &mut Client, account: &str, people: usize) -> Result<()> {
    let base = format!("/accounts/{account}");
    let start = (SystemClock.now() - Duration::from_secs(29 * 86_400)).to_string();
    let range = format!("start-date={}", &start[..10]);
    // Days within, so that neither the first nor the last day of anybody says all.
    let from = (SystemClock.now() - Duration::from_secs(20 * 86_400)).to_string();
    let to = (SystemClock.now() - Duration::from_secs(10 * 86_400)).to_string();
    let within = format!("start-date={}&end-date={}", &from[..10], &to[..10]);
    let list = client.call("GET", &format!("{base}/reports/meetings?{range}"), None)?;
    let meeting = text(&list["MeetingReports"][7]["MeetingId"])?;
    let user = text(&client.page(account, 1, None)?["Users"][0]["UserId"])?;
    let organizer = people / 2;
    for (name, path) in [
        ("usage by day", format!("reports/usage?{range}&period=Day")),
        ("usage by week", format!("reports/usage?{range}&period=Week")),
        ("usage by month", format!("reports/usage?{range}&period=Month")),
        ("usage in total", format!("reports/usage?{range}&period=Total")),
        (
            "usage of eleven days within",
            format!("reports/usage?{within}&period=Total"),
        ),
        ("a page of meetings", format!("reports/meetings?{range}")),
        (
            "meetings of an organizer",
            format!("reports/meetings?{range}&organizer-email=person{organizer}@load.example.com"),
        ),
        ("a meeting", format!("reports/meetings/{meeting}")),
        (
            "events of a meeting",
            format!("reports/meetings/{meeting}/events"),
        ),
        (
            "activity of a user",
            format!("users/{user}/activity-report?{range}"),
        ),
    ] {
        let mut took = Vec::new();
        for _ in 0..ASKED {
            let began = Instant::now();
            client.call("GET", &format!("{base}/{path}"), None)?;
            took.push(began.elapsed());
        }
        took.sort();
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{name}: {:.1} ms, at most {:.1} ms",
            millis(took[ASKED / 2]),
            millis(took[ASKED - 1])
        );
    }
    Ok(())
}
