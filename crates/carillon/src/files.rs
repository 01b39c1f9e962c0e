//! Files for whoever has a link: objects of a folder, and the files of exports.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use carillon_chime::{DOWNLOADS, open_data_export};
use carillon_operation::guard::network_of;
use carillon_operation::{Chunks, Environment, Fault, ObjectError, Objects, Opened, Turns};
use carillon_store::Store;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName, HeaderValue, RANGE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Response, StatusCode};
use tokio::sync::Semaphore;

use crate::answer::{Answer, AnswerBody};
use crate::objects::{LINKS, ObjectStorage, disposition};
use crate::options::UploadBounds;

/// Files that are fetched at the same time.
const AT_ONCE: usize = 256;
/// Files that are fetched from one address at the same time.
const AT_ONE_PLACE: usize = 64;
/// The longest that a file may take to begin to come.
const BEGIN: Duration = Duration::from_secs(30);

/// Serves files.
pub struct Files {
    pub store: Store,
    pub environment: Arc<Environment>,
    pub objects: Arc<ObjectStorage>,
    places: Arc<Semaphore>,
    turns: Turns<IpAddr>,
    bounds: UploadBounds,
}

/// Why there is no file.
enum NoFile {
    /// Nobody gave this link, or it has ended.
    Forbidden,
    Absent,
    /// The range is beyond the end.
    Beyond(u64),
    Busy,
    Failed(String),
}

impl From<Fault> for NoFile {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Contended | Fault::Throttled => Self::Busy,
            fault => Self::Failed(format!("{fault:?}")),
        }
    }
}

impl From<ObjectError> for NoFile {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Absent => Self::Absent,
            error => Self::Failed(error.to_string()),
        }
    }
}

impl Files {
    pub fn new(
        store: Store,
        environment: Arc<Environment>,
        objects: Arc<ObjectStorage>,
        bounds: UploadBounds,
    ) -> Self {
        Self {
            store,
            environment,
            objects,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            turns: Turns::new(AT_ONE_PLACE),
            bounds,
        }
    }

    /// Where files go that people upload.
    pub fn of_people(&self) -> carillon_chime::Files {
        carillon_chime::Files {
            objects: Arc::clone(&self.objects) as Arc<dyn Objects>,
            size: self.bounds.upload_size << 20,
            quota: self.bounds.upload_quota << 20,
        }
    }

    /// Whether this is the path of a file.
    pub fn owns(path: &str) -> bool {
        path.starts_with(LINKS) || path.starts_with(DOWNLOADS)
    }

    /// Answers a request for a file. What is `held` is held until the file is fetched.
    pub async fn serve(&self, parts: &Parts, ip: IpAddr, held: impl Send + Sync + 'static) -> Answer {
        let outcome = tokio::time::timeout(BEGIN, self.find(parts, ip, held)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(NoFile::Failed("it took too long".to_owned())));
        outcome.unwrap_or_else(|reason| refuse(&reason))
    }

    async fn find(
        &self,
        parts: &Parts,
        ip: IpAddr,
        held: impl Send + Sync + 'static,
    ) -> Result<Answer, NoFile> {
        let turn = self.turns.take(network_of(ip)).ok_or(NoFile::Busy)?;
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| NoFile::Busy)?;
        let held = (held, place, turn);
        let now = self.environment.clock.now();
        let link = Opened::read(parts, &self.environment.vault, now).ok_or(NoFile::Forbidden)?;
        let path = parts.uri.path();
        if let Some(export_id) = path.strip_prefix(DOWNLOADS) {
            let objects = Arc::clone(&self.objects) as Arc<dyn Objects>;
            let content = open_data_export(&self.store, &self.environment, &objects, export_id)
                .await?
                .ok_or(NoFile::Absent)?;
            return Ok(offer(
                content,
                None,
                "text/csv; charset=utf-8",
                &link.file_name,
                held,
            ));
        }
        let key = path
            .strip_prefix(LINKS)
            .filter(|_| self.objects.serves_links())
            .ok_or(NoFile::Absent)?;
        let size = self.objects.size(key).await?.ok_or(NoFile::Absent)?;
        let range = range(parts, size)?;
        let content = self.objects.get(key, range.clone()).await?;
        let part = range.as_ref().map_or(size, |range| range.end - range.start);
        // What it is, its name says: a type that a browser acts on is not needed to keep it.
        let mut answer = offer(
            content,
            Some(part),
            "application/octet-stream",
            &link.file_name,
            held,
        );
        let headers = answer.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(range) = range {
            if let Ok(value) = format!("bytes {}-{}/{size}", range.start, range.end - 1).parse() {
                headers.insert(CONTENT_RANGE, value);
            }
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(answer)
    }
}

fn offer(
    content: Box<dyn Chunks>,
    size: Option<u64>,
    content_type: &'static str,
    file_name: &str,
    held: impl Send + Sync + 'static,
) -> Answer {
    let mut answer = Response::new(AnswerBody::coming(content, size, held));
    protect(&mut answer);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let disposition = HeaderValue::from_str(&disposition(file_name));
    headers.insert(
        CONTENT_DISPOSITION,
        disposition.unwrap_or(HeaderValue::from_static("attachment")),
    );
    answer
}

fn refuse(reason: &NoFile) -> Answer {
    let (status, text) = match reason {
        NoFile::Forbidden => (
            StatusCode::FORBIDDEN,
            "This link is not good: it has ended, or is not as it was given.\n",
        ),
        NoFile::Absent => (StatusCode::NOT_FOUND, "The file is not there any more.\n"),
        NoFile::Beyond(_) => (
            StatusCode::RANGE_NOT_SATISFIABLE,
            "The file does not have these bytes.\n",
        ),
        NoFile::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many files are being fetched. Please try again in a moment.\n",
        ),
        NoFile::Failed(reason) => {
            tracing::warn!(reason, "a file could not be fetched");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "The file cannot be fetched now. Please try again in a moment.\n",
            )
        }
    };
    let mut answer = Response::new(AnswerBody::from(text));
    *answer.status_mut() = status;
    protect(&mut answer);
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    if let NoFile::Beyond(size) = reason
        && let Ok(value) = format!("bytes */{size}").parse()
    {
        headers.insert(CONTENT_RANGE, value);
    }
    answer
}

/// What may be done with a file in a browser: it is kept, and never shown as a page of this server.
fn protect(answer: &mut Answer) {
    for (name, value) in [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "private, no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// The one range that is asked for; nothing if the whole is, or more ranges than one.
///
/// Source: RFC 9110, section 14.
fn range(parts: &Parts, size: u64) -> Result<Option<Range<u64>>, NoFile> {
    let asked = parts.headers.get(RANGE).and_then(|value| value.to_str().ok());
    let Some((from, to)) = asked
        .and_then(|asked| asked.strip_prefix("bytes="))
        .and_then(|asked| asked.trim().split_once('-'))
    else {
        return Ok(None);
    };
    let range = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => from..to.saturating_add(1).min(size),
        (Ok(from), Err(_)) if to.is_empty() => from..size,
        (Err(_), Ok(last)) if from.is_empty() => size.saturating_sub(last)..size,
        _ => return Ok(None),
    };
    if range.start >= range.end {
        return Err(NoFile::Beyond(size));
    }
    Ok(Some(range))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn asked(text: &str) -> Result<Option<Range<u64>>, u64> {
        let (parts, ()) = Request::builder()
            .header(RANGE, text)
            .body(())
            .unwrap()
            .into_parts();
        range(&parts, 10).map_err(|reason| match reason {
            NoFile::Beyond(size) => size,
            _ => unreachable!(),
        })
    }

    #[test]
    fn one_range_is_served_and_anything_else_is_the_whole() {
        assert_eq!(asked("bytes=0-3"), Ok(Some(0..4)));
        assert_eq!(asked("bytes=4-"), Ok(Some(4..10)));
        assert_eq!(asked("bytes=4-400"), Ok(Some(4..10)));
        assert_eq!(asked("bytes=-3"), Ok(Some(7..10)));
        assert_eq!(asked("bytes=-30"), Ok(Some(0..10)));
        for whole in [
            "bytes=",
            "bytes=-",
            "bytes=3-1",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=a-b",
        ] {
            assert_eq!(asked(whole), Ok(None), "{whole}");
        }
        for beyond in [
            "bytes=10-",
            "bytes=10-11",
            "bytes=-0",
            "bytes=18446744073709551615-18446744073709551615",
        ] {
            assert_eq!(asked(beyond), Err(10), "{beyond}");
        }
    }
}
