//! What a person uploads: the list, and what can be done with each file.

mod upload;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use carillon_operation::guard::Key;
use carillon_operation::{Fault, Label, ObjectError, Objects};
use http::StatusCode;
use serde_json::json;

pub use upload::Upload;
pub(super) use upload::receive;

use super::page::{self, Frame, Page, Stop};
use super::people::{SignedIn, again};
use super::visit::Visit;
use crate::attachment::jobs::DeleteObjects;
use crate::attachment::{self, AttachmentRow};
use crate::name::is_uuid;

pub(super) const PATH: &str = "/portal/files";
/// The most files that a person uploads at the same time.
pub(super) const AT_ONCE: usize = 3;
/// The most files that a person has at the same time.
const FILES: i64 = 1_000;
/// How long an address of a file is good that the browser is sent to.
const LINK: Duration = Duration::from_secs(5 * 60);

/// Where files of people go, and how much of them.
#[derive(Clone)]
pub struct Files {
    pub objects: Arc<dyn Objects>,
    /// Bytes of one file.
    pub size: u64,
    /// Bytes of all files of a person.
    pub quota: u64,
}

#[derive(Template)]
#[template(path = "files.html")]
struct FilesPage<'a> {
    frame: Frame<'a>,
    person: &'a SignedIn,
    files: &'a [AttachmentRow],
    used: String,
    quota: String,
    most: String,
    problem: Option<&'a str>,
}

fn files_of<'a>(visit: &Visit<'a>) -> Result<&'a Files, Stop> {
    visit
        .portal
        .files
        .as_ref()
        .ok_or_else(|| page::not_found().into())
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    files_of(visit)?;
    let person = visit.person().await?;
    list(visit, &person, StatusCode::OK, None).await
}

/// The list, with what is wrong with the file that was to be uploaded.
async fn list(
    visit: &Visit<'_>,
    person: &SignedIn,
    status: StatusCode,
    problem: Option<&str>,
) -> Result<Page, Stop> {
    let bounds = files_of(visit)?;
    let mut tx = visit.portal.store.read().await?;
    let files = attachment::rows::of_person(&mut tx, &person.user.id, FILES).await?;
    drop(tx);
    let used = files.iter().fold(0_u64, |sum, file| {
        sum.saturating_add(file.size_bytes.unsigned_abs())
    });
    let template = FilesPage {
        frame: Frame::of(person, PATH, "Your files"),
        person,
        files: &files,
        used: size(used),
        quota: size(bounds.quota),
        most: size(bounds.size),
        problem,
    };
    page::html(status, &template)
}

/// Sends the browser to where the content of a file is.
pub(super) async fn fetch(visit: &Visit<'_>, id: &str) -> Result<Page, Stop> {
    let bounds = files_of(visit)?;
    let person = visit.person().await?;
    let file = find(visit, &person, id).await?;
    let label = Label {
        file_name: &file.file_name,
        content_type: &file.content_type,
    };
    let object = file.object();
    match bounds.objects.link(&object, label, visit.device.now, LINK).await {
        Ok(link) => Ok(page::see(&link)),
        Err(error) => Ok(unavailable(&error)),
    }
}

async fn find(visit: &Visit<'_>, person: &SignedIn, id: &str) -> Result<AttachmentRow, Stop> {
    let found = if is_uuid(id) {
        let mut tx = visit.portal.store.read().await?;
        attachment::rows::find_of_person(&mut tx, &person.user.id, id).await?
    } else {
        None
    };
    found.ok_or_else(|| page::not_found().into())
}

pub(super) async fn delete(visit: &Visit<'_>, id: &str) -> Result<Page, Stop> {
    files_of(visit)?;
    let (person, _) = visit.person_with_form().await?;
    find(visit, &person, id).await?;
    visit
        .portal
        .guard
        .admit(&[Key::OwnFile(person.user.id.clone())], visit.device.now)
        .map_err(page::wait)?;
    again!(delete_once(visit, &person, id))?;
    Ok(page::see(PATH))
}

async fn delete_once(visit: &Visit<'_>, person: &SignedIn, id: &str) -> Result<(), Fault> {
    let people = visit.people();
    let mut tx = visit.portal.store.write().await?;
    let Some(person) = people.still(&mut tx, person).await? else {
        return Ok(());
    };
    let Some(file) = attachment::rows::find_of_person(&mut tx, &person.user.id, id).await? else {
        return Ok(());
    };
    attachment::rows::delete(&mut tx, &file.id).await?;
    DeleteObjects::of(std::slice::from_ref(&file))
        .plan(&mut tx, &*visit.portal.environment.entropy, visit.device.now)
        .await?;
    let event = person.account.as_ref().map(|account| {
        let details = json!({
            "userId": person.user.id, "accountId": account.id, "attachmentId": file.id,
        });
        people.event(
            account,
            "UserFileDeletion",
            &visit.device,
            &person.user,
            details,
            None,
        )
    });
    people.conclude(tx, event.into_iter().collect()).await?;
    Ok(())
}

fn unavailable(error: &ObjectError) -> Page {
    tracing::warn!(%error, "a file of a person could not be reached");
    page::sorry(
        StatusCode::SERVICE_UNAVAILABLE,
        "Files cannot be reached now. Please try again in a moment.",
    )
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_024 => return format!("{bytes} B"),
        1_024..0x10_0000 => (1_024, "KiB"),
        0x10_0000..0x4000_0000 => (0x10_0000, "MiB"),
        _ => (0x4000_0000, "GiB"),
    };
    let (whole, tenth) = (bytes / unit, bytes % unit * 10 / unit);
    if whole < 10 && tenth > 0 {
        format!("{whole}.{tenth} {name}")
    } else {
        format!("{whole} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KiB"),
            (1_536, "1.5 KiB"),
            (25 << 20, "25 MiB"),
            (1 << 30, "1 GiB"),
            ((5 << 30) + (1 << 29), "5.5 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
