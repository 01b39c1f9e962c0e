//! How answers to browsers are made.

use std::borrow::Cow;
use std::time::Duration;

use askama::Template;
use bytes::Bytes;
use carillon_aws::time::Timestamp;
use carillon_operation::Fault;
use carillon_store::StoreError;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, REFERRER_POLICY,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{Response, StatusCode};

use super::people::SignedIn;

/// An answer to a browser.
pub(super) type Page = Response<Bytes>;

/// Where people who are signed in can go: path, and what the link says.
const NAVIGATION: &[(&str, &str)] = &[
    ("/portal", "You"),
    ("/portal/files", "Files"),
    ("/portal/meetings", "Meetings"),
    ("/portal/sessions", "Devices"),
    ("/portal/password", "Password"),
];

/// Characters of a name.
pub(super) const DISPLAY_NAME: usize = 128;
/// Characters of a password, at most.
pub(super) const PASSWORD: usize = 256;

const STYLE: &str = include_str!("../../templates/style.css");

/// Why a request is not treated to its end: there is a page that says more, or something failed.
#[derive(Debug)]
pub(super) enum Stop {
    Page(Box<Page>),
    Fault(Fault),
}

impl From<Page> for Stop {
    fn from(page: Page) -> Self {
        Self::Page(Box::new(page))
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// What is around a page's own content. The templates of pages have it as their member `frame` and extend
/// `frame.html`.
pub(super) struct Frame<'a> {
    pub title: Cow<'a, str>,
    /// Who is signed in, if the page knows: then it has a navigation.
    pub person: Option<&'a SignedIn>,
    /// The entry of the navigation that the page belongs to.
    here: &'static str,
}

impl<'a> Frame<'a> {
    /// Of a page for anybody.
    pub fn open(title: impl Into<Cow<'a, str>>) -> Self {
        Self {
            title: title.into(),
            person: None,
            here: "",
        }
    }

    /// Of a page of somebody who is signed in, below one entry of the navigation.
    pub fn of(person: &'a SignedIn, here: &'static str, title: impl Into<Cow<'a, str>>) -> Self {
        Self {
            title: title.into(),
            person: Some(person),
            here,
        }
    }

    pub fn navigation(&self) -> &'static [(&'static str, &'static str)] {
        NAVIGATION
    }

    pub fn is_here(&self, path: &str) -> bool {
        self.here == path
    }
}

/// A field of a form, with its label, and with what is wrong with its value.
#[derive(Debug, Clone, Template)]
#[template(path = "field.html")]
pub(super) struct Field<'a> {
    pub name: &'static str,
    pub label: &'a str,
    pub kind: &'static str,
    pub value: &'a str,
    pub autocomplete: &'static str,
    pub hint: &'a str,
    pub most: usize,
    pub is_readonly: bool,
    pub problem: Option<&'a str>,
}

impl askama::filters::HtmlSafe for Field<'_> {}

impl<'a> Field<'a> {
    fn new(
        kind: &'static str,
        name: &'static str,
        label: &'a str,
        autocomplete: &'static str,
        most: usize,
    ) -> Self {
        Self {
            name,
            label,
            kind,
            value: "",
            autocomplete,
            hint: "",
            most,
            is_readonly: false,
            problem: None,
        }
    }

    pub fn email(value: &'a str) -> Self {
        let field = Self::new("email", "email", "E-mail address", "username", 254);
        Self { value, ..field }
    }

    /// The address that was given before.
    pub fn given_email(value: &'a str) -> Self {
        Self {
            is_readonly: true,
            ..Self::email(value)
        }
    }

    pub fn display_name(value: &'a str) -> Self {
        let field = Self::new("text", "display_name", "Full name", "name", DISPLAY_NAME);
        Self { value, ..field }
    }

    pub fn password() -> Self {
        Self::new("password", "password", "Password", "current-password", PASSWORD)
    }

    /// The password that is about to be replaced.
    pub fn present_password() -> Self {
        Self {
            label: "Present password",
            ..Self::password()
        }
    }

    pub fn new_password() -> Self {
        let field = Self::new(
            "password",
            "new_password",
            "New password",
            "new-password",
            PASSWORD,
        );
        Self {
            hint: "At least 10 characters. A few words that nobody would guess are good.",
            ..field
        }
    }

    /// With what is wrong, if that is about this field.
    pub fn with(self, problem: Option<Problem>) -> Self {
        let problem = problem.filter(|problem| problem.field == self.name);
        Self {
            problem: problem.map(|problem| problem.text),
            ..self
        }
    }
}

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    pub field: &'static str,
    pub text: &'static str,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    frame: Frame<'a>,
    text: &'a str,
    /// Where to go from here: path, and what the link says.
    link: Option<(&'a str, &'a str)>,
    /// The browser follows the link by itself.
    goes_on: bool,
}

/// Renders a page.
pub(super) fn html(status: StatusCode, template: &impl Template) -> Result<Page, Stop> {
    let text = template.render().map_err(Fault::internal)?;
    Ok(answer(status, "text/html; charset=utf-8", Bytes::from(text)))
}

/// A page that only says something.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> Page {
    say(status, title, text, None, false)
}

/// A page that says something, and where to go from there.
pub(super) fn message_with_link(status: StatusCode, title: &str, text: &str, link: (&str, &str)) -> Page {
    say(status, title, text, Some(link), false)
}

/// Sends the browser on, after a form, to a page that may send it to another site. A redirect could not: what the
/// form may lead to (`form-action`) is this site alone.
pub(super) fn go_on(path: &str) -> Page {
    say(
        StatusCode::OK,
        "Welcome",
        "You are signed in.",
        Some((path, "Go on")),
        true,
    )
}

fn say(status: StatusCode, title: &str, text: &str, link: Option<(&str, &str)>, goes_on: bool) -> Page {
    let message = Message {
        frame: Frame::open(title),
        text,
        link,
        goes_on,
    };
    // Writing to memory does not fail.
    let text = message.render().unwrap_or_default();
    answer(status, "text/html; charset=utf-8", Bytes::from(text))
}

pub(super) fn sorry(status: StatusCode, text: &str) -> Page {
    message(status, "Sorry", text)
}

pub(super) fn not_found() -> Page {
    message(StatusCode::NOT_FOUND, "Nothing here", "There is no such page.")
}

pub(super) fn not_from_here() -> Page {
    message(
        StatusCode::FORBIDDEN,
        "Not from here",
        "This form was not sent by a page of yours here, so nothing was done.",
    )
}

/// A time as people read it.
pub(super) fn time(at: &Timestamp) -> String {
    let seconds = at.iso_seconds();
    let (minutes, _) = seconds.rsplit_once(':').unwrap_or_default();
    minutes.replace('T', " ") + " UTC"
}

/// Sends the browser on to another page of this server, given as path and query, or to an address that is registered.
pub(super) fn see(path: &str) -> Page {
    let mut page = answer(StatusCode::SEE_OTHER, "text/html; charset=utf-8", Bytes::new());
    match HeaderValue::from_str(path) {
        Ok(path) => {
            page.headers_mut().insert(LOCATION, path);
            page
        }
        Err(_) => not_found(),
    }
}

/// Asks for patience.
pub(super) fn wait(pause: Duration) -> Page {
    let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
    let time = match seconds {
        1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    };
    let text = format!("There were too many tries. Please wait {time}, then try again.");
    let mut page = message(StatusCode::TOO_MANY_REQUESTS, "Please wait", &text);
    page.headers_mut().insert(RETRY_AFTER, seconds.into());
    page
}

pub(super) fn style() -> Page {
    answer(
        StatusCode::OK,
        "text/css; charset=utf-8",
        Bytes::from_static(STYLE.as_bytes()),
    )
}

/// An answer to a program.
pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Page {
    answer(status, "application/json", Bytes::from(value.to_string()))
}

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> Page {
    let mut page = Response::new(body);
    *page.status_mut() = status;
    protect(page.headers_mut());
    page.headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    page
}

/// What keeps pages from being used against the person who sees them.
fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (CACHE_CONTROL, "no-store"),
        // The address of an invitation holds a secret. Stricter, and forms would come without their origin.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
