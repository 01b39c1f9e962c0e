//! How a file comes in: piece by piece into the object store, and nothing is kept of one that may not be.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use carillon_aws::id::uuid_v4;
use carillon_operation::guard::Key;
use carillon_operation::{BoxFuture, Chunks, Fault, Label, ObjectError, enqueue};
use futures_core::Stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{AT_ONCE, FILES, Files, PATH, files_of, list, size, unavailable};
use crate::attachment::jobs::DropUnkept;
use crate::attachment::{self, AttachmentRow, ConversationKind, PORTAL};
use crate::portal::page::{self, Page, Stop};
use crate::portal::people::{ATTEMPTS, SignedIn, again};
use crate::portal::visit::Visit;

/// A body as it comes.
pub type Upload = Pin<Box<dyn Stream<Item = Piece> + Send>>;

/// Bytes of everything in the form that is not the file.
const AROUND: u64 = 64 * 1024;
/// Bytes that are taken before the file begins. Some of them may be the file's already.
const BEFORE: u64 = 512 * 1024;
/// Bytes of a file that is not taken that are still read, and for how long.
const UNREAD: u64 = 256 << 20;
const GRACE: Duration = Duration::from_secs(20);
/// How long after its beginning an upload is looked for that came to nothing: longer than any may take.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Endings of names that computers run. Others download these files, and trust who they are from.
const PROGRAMS: &[&str] = &[
    "apk",
    "app",
    "appimage",
    "appref-ms",
    "bat",
    "chm",
    "cmd",
    "com",
    "command",
    "cpl",
    "deb",
    "dll",
    "dmg",
    "exe",
    "gadget",
    "hta",
    "img",
    "ins",
    "iso",
    "jar",
    "jnlp",
    "js",
    "jse",
    "lnk",
    "mde",
    "msc",
    "msi",
    "msix",
    "msp",
    "mst",
    "pif",
    "pkg",
    "ps1",
    "psm1",
    "reg",
    "rpm",
    "scf",
    "scr",
    "sct",
    "sh",
    "so",
    "svgz",
    "sys",
    "url",
    "vb",
    "vbe",
    "vbs",
    "vhd",
    "vhdx",
    "wsc",
    "wsf",
    "wsh",
    "xll",
];
/// How programs begin, whatever they are called: Windows, Linux, macOS, Java and scripts.
const BEGINNINGS: &[&[u8]] = &[
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!",
    b"L\0\0\0\x01\x14\x02\0",
];
const PROGRAM: &str = "Programs and scripts cannot be uploaded.";

/// Why a file is not taken.
enum Refusal {
    /// What the person can do something about.
    Problem(StatusCode, String),
    /// The object store does not take it.
    Store(ObjectError),
    Stop(Stop),
}

impl<S: Into<Stop>> From<S> for Refusal {
    fn from(stop: S) -> Self {
        Self::Stop(stop.into())
    }
}

fn problem(text: impl Into<String>) -> Refusal {
    Refusal::Problem(StatusCode::BAD_REQUEST, text.into())
}

/// Takes a file that a person uploads.
pub(in crate::portal) async fn receive(visit: &Visit<'_>, body: Upload) -> Result<Page, Stop> {
    let bounds = files_of(visit)?;
    visit.require_from_here()?;
    let person = visit.person().await?;
    let Some(_turn) = visit.portal.uploads.take(person.user.id.clone()) else {
        let text = format!("You are uploading {AT_ONCE} files already. Please wait until one is done.");
        return list(visit, &person, StatusCode::TOO_MANY_REQUESTS, Some(&text)).await;
    };
    let body = Shared(Arc::new(Mutex::new(body)));
    let outcome = take(visit, bounds, &person, body.clone()).await;
    if outcome.is_err() {
        let _ = tokio::time::timeout(GRACE, body.drain()).await;
    }
    match outcome {
        Ok(()) => Ok(page::see(PATH)),
        Err(Refusal::Problem(status, text)) => list(visit, &person, status, Some(&text)).await,
        Err(Refusal::Store(error)) => Ok(unavailable(&error)),
        Err(Refusal::Stop(stop)) => Err(stop),
    }
}

async fn take(visit: &Visit<'_>, bounds: &Files, person: &SignedIn, body: Shared) -> Result<(), Refusal> {
    let boundary = visit
        .parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| multer::parse_boundary(value.to_str().ok()?).ok())
        .ok_or_else(|| problem("The form could not be read."))?;
    let allowance = Arc::new(AtomicU64::new(BEFORE));
    let paced = Paced {
        body,
        allowance: Arc::clone(&allowance),
        has_given: false,
    };
    let limits = SizeLimit::new().whole_stream(bounds.size.saturating_add(AROUND));
    let constraints = Constraints::new().size_limit(limits);
    let mut form = Multipart::with_constraints(paced, boundary, constraints);
    let unreadable = |_| problem("The file did not arrive whole. Please try again.");

    // The key comes first, so that nothing is kept of a form that another site had sent.
    let key = form.next_field().await.map_err(unreadable)?;
    let key = match key {
        Some(key) if key.name() == Some("form_key") => key.text().await.map_err(unreadable)?,
        _ => return Err(page::not_from_here().into()),
    };
    person.require_form_key(&key)?;
    let file = form.next_field().await.map_err(unreadable)?;
    let Some(file) = file.filter(|file| file.name() == Some("file")) else {
        return Err(problem("Choose a file."));
    };
    allowance.store(u64::MAX, Ordering::Relaxed);
    keep(visit, bounds, person, file).await
}

async fn keep(
    visit: &Visit<'_>,
    bounds: &Files,
    person: &SignedIn,
    field: Field<'static>,
) -> Result<(), Refusal> {
    let name = field.file_name().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(problem("Choose a file."));
    }
    attachment::check_file_name(&name)
        .map_err(|wrong| problem(format!("This file cannot be taken: {wrong}.")))?;
    if is_program(&name) {
        return Err(problem(PROGRAM));
    }
    let said = field.content_type().map(|kind| kind.essence_str().to_owned());
    let content_type = said
        .filter(|kind| attachment::check_content_type(kind).is_ok())
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    require_room(visit, bounds, person).await?;
    visit
        .portal
        .guard
        .admit(&[Key::OwnFile(person.user.id.clone())], visit.device.now)
        .map_err(page::wait)?;

    let id = uuid_v4(&*visit.portal.environment.entropy);
    let mut row = AttachmentRow {
        object_key: id.clone(),
        id,
        source_id: PORTAL.to_owned(),
        account_id: person.user.account_id.clone().unwrap_or_default(),
        uploader_id: person.user.id.clone(),
        uploader_email: person.user.email.clone(),
        conversation_kind: ConversationKind::Portal,
        conversation_id: String::new(),
        is_exported: person.user.account_id.is_some(),
        file_name: name,
        content_type,
        size_bytes: 0,
        sha256: None,
        uploaded_at: visit.device.now,
        recorded_at: visit.device.now,
    };
    again!(announce(visit, &row))?;
    let mut content = Incoming {
        field,
        size: 0,
        most: bounds.size,
        digest: Sha256::new(),
        beginning: Vec::new(),
        refused: None,
    };
    let label = Label {
        file_name: &row.file_name,
        content_type: &row.content_type,
    };
    let outcome = bounds.objects.put(&row.object(), label, &mut content).await;
    if let Some(refused) = content.refused {
        return Err(refused.say(bounds.size));
    }
    outcome.map_err(|error| match error {
        ObjectError::Broken(_) => problem("The file did not arrive whole. Please try again."),
        error => Refusal::Store(error),
    })?;
    row.size_bytes = i64::try_from(content.size).unwrap_or(i64::MAX);
    row.sha256 = Some(hex::encode(content.digest.finalize()));
    for _ in 0..ATTEMPTS {
        match insert(visit, bounds, person, &mut row).await {
            Err(Refusal::Stop(Stop::Fault(Fault::Contended))) => {}
            Ok(()) => return Ok(()),
            Err(refusal) => {
                // It goes in any case, later; there is no need to let it wait.
                let _ = bounds.objects.delete(&row.object()).await;
                return Err(refusal);
            }
        }
    }
    Err(Fault::Contended.into())
}

/// Queues that the object is looked for later, and deleted if nothing came of the upload: the process may end at any
/// moment, and the object is there before the row that names it.
async fn announce(visit: &Visit<'_>, row: &AttachmentRow) -> Result<(), Fault> {
    let job = DropUnkept {
        attachment_id: row.id.clone(),
        object: row.object(),
    };
    let now = visit.device.now;
    let entropy = &*visit.portal.environment.entropy;
    let mut tx = visit.portal.store.write().await?;
    enqueue(&mut tx, entropy, &job, now, now + ABANDONED).await?;
    Ok(tx.commit().await?)
}

async fn insert(
    visit: &Visit<'_>,
    bounds: &Files,
    person: &SignedIn,
    row: &mut AttachmentRow,
) -> Result<(), Refusal> {
    let people = visit.people();
    let mut tx = visit.portal.store.write().await.map_err(Fault::from)?;
    // While the file came, the person may have been stopped, or have moved to another account.
    let person = people
        .still(&mut tx, person)
        .await?
        .filter(|person| person.user.account_id.as_deref().unwrap_or_default() == row.account_id);
    let Some(person) = person else {
        return Err(page::see("/signin").into());
    };
    let used = attachment::rows::used_by(&mut tx, &person.user.id)
        .await
        .map_err(Fault::from)?;
    check_room(bounds, used, row.size_bytes)?;
    // An export begun since the upload began has everything that was recorded before it.
    row.recorded_at = visit.portal.environment.clock.now();
    attachment::rows::insert(&mut tx, row)
        .await
        .map_err(Fault::from)?;
    let event = person.account.as_ref().map(|account| {
        let details = json!({
            "userId": person.user.id, "accountId": account.id, "attachmentId": row.id,
            "sizeBytes": row.size_bytes, "sha256": row.sha256,
        });
        people.event(
            account,
            "UserFileUpload",
            &visit.device,
            &person.user,
            details,
            None,
        )
    });
    people.conclude(tx, event.into_iter().collect()).await?;
    Ok(())
}

/// That there is room for a file at all, before it comes.
async fn require_room(visit: &Visit<'_>, bounds: &Files, person: &SignedIn) -> Result<(), Refusal> {
    let mut tx = visit.portal.store.read().await.map_err(Fault::from)?;
    let used = attachment::rows::used_by(&mut tx, &person.user.id)
        .await
        .map_err(Fault::from)?;
    check_room(bounds, used, 1)
}

/// That the person may have `more` bytes beside those it has.
fn check_room(bounds: &Files, (files, bytes): (i64, i64), more: i64) -> Result<(), Refusal> {
    let full = |text: String| Err(Refusal::Problem(StatusCode::CONFLICT, text));
    if files >= FILES {
        return full(format!(
            "You have {FILES} files. Delete some before you upload more."
        ));
    }
    let bytes = bytes.saturating_add(more).unsigned_abs();
    if bytes > bounds.quota {
        return full(format!(
            "Your files may have {} together. Delete some before you upload more.",
            size(bounds.quota)
        ));
    }
    Ok(())
}

/// Whether a name ends as those of programs do. Windows does not see dots and spaces at the end.
fn is_program(name: &str) -> bool {
    let name = name.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| PROGRAMS.contains(&ending))
}

/// The content of a file on its way in.
struct Incoming {
    field: Field<'static>,
    size: u64,
    most: u64,
    digest: Sha256,
    /// The first bytes, until it is known what they are.
    beginning: Vec<u8>,
    refused: Option<Refused>,
}

/// What is wrong with a content.
#[derive(Debug, Clone, Copy)]
enum Refused {
    TooLarge,
    Program,
    Broken,
}

impl Refused {
    fn say(self, most: u64) -> Refusal {
        match self {
            Self::TooLarge => Refusal::Problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The file is larger than {}.", size(most)),
            ),
            Self::Program => problem(PROGRAM),
            Self::Broken => problem("The file did not arrive whole. Please try again."),
        }
    }
}

impl Incoming {
    fn refuse(&mut self, why: Refused) -> ObjectError {
        self.refused = Some(why);
        ObjectError::Broken(format!("{why:?}"))
    }
}

impl Chunks for Incoming {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ObjectError>> {
        Box::pin(async move {
            let piece = match self.field.chunk().await {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(None),
                Err(multer::Error::StreamSizeExceeded { .. }) => return Err(self.refuse(Refused::TooLarge)),
                Err(_) => return Err(self.refuse(Refused::Broken)),
            };
            self.size += piece.len() as u64;
            if self.size > self.most {
                return Err(self.refuse(Refused::TooLarge));
            }
            let known = BEGINNINGS
                .iter()
                .map(|beginning| beginning.len())
                .max()
                .unwrap_or(0);
            if self.beginning.len() < known {
                let more = known - self.beginning.len();
                self.beginning.extend(piece.iter().take(more));
                if BEGINNINGS
                    .iter()
                    .any(|beginning| self.beginning.starts_with(beginning))
                {
                    return Err(self.refuse(Refused::Program));
                }
            }
            self.digest.update(&piece);
            Ok(Some(piece))
        })
    }
}

/// A body that the parser of the form reads, and then we, if there is something left.
#[derive(Clone)]
struct Shared(Arc<Mutex<Upload>>);

/// What comes of a body.
pub type Piece = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

impl Shared {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().poll_next(cx)
    }

    /// Lets the browser send what it began to send: before that it does not read why its file is not taken.
    async fn drain(&self) {
        let mut left = UNREAD;
        while let Some(Ok(piece)) = std::future::poll_fn(|cx| self.poll(cx)).await {
            left = left.saturating_sub(piece.len() as u64);
            if left == 0 {
                return;
            }
        }
    }
}

/// A body that gives one piece at a time and no more than it may, because the parser of forms takes as much as it is
/// given before it looks at any of it.
struct Paced {
    body: Shared,
    allowance: Arc<AtomicU64>,
    has_given: bool,
}

impl Stream for Paced {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.body.poll(cx);
        if let Poll::Ready(Some(Ok(piece))) = &polled {
            self.has_given = true;
            let left = self.allowance.load(Ordering::Relaxed);
            if left != u64::MAX {
                if left == 0 {
                    return Poll::Ready(Some(Err("too much around the file".into())));
                }
                let left = left.saturating_sub(piece.len() as u64);
                let _ = self
                    .allowance
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                        (now != u64::MAX).then_some(left)
                    });
            }
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::is_program;

    #[test]
    fn programs_are_known_by_the_ends_of_their_names() {
        for name in [
            "setup.exe",
            "SETUP.EXE",
            "a.pdf.scr",
            "run.PS1",
            "x.exe.",
            "x.exe ",
            "x.js",
        ] {
            assert!(is_program(name), "{name}");
        }
        for name in [
            "report.pdf",
            "exe",
            "notes.exe.txt",
            "archive.zip",
            "data.json",
            ".profile",
        ] {
            assert!(!is_program(name), "{name}");
        }
    }
}
