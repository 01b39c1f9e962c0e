//! One request of a browser: what pages want to know of it.

use std::time::Duration;

use carillon_aws::query::{self, FormError};
use carillon_aws::secret::Secret;
use carillon_operation::{Peer, is_from_here};
use http::header::{ALLOW, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Portal;
use super::page::{self, Page, Stop};
use super::people::{Device, People, SignedIn};
use crate::session;

/// The largest form, in bytes.
pub(super) const FORM: usize = 16 * 1024;
/// Characters kept of what a browser says it is.
const BROWSER: usize = 256;
/// Characters of the path that people come back to after they signed in.
const WAY_BACK: usize = 2048;

/// What a browser wants of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// `GET`, which changes nothing: mail scanners and previews open links too.
    Show,
    /// `POST`: a form.
    Send,
}

/// One request.
pub(super) struct Visit<'a> {
    pub portal: &'a Portal,
    pub parts: &'a Parts,
    pub body: &'a [u8],
    pub device: Device,
}

/// What a form, or a query, says.
#[derive(Debug, Default)]
pub(super) struct Form(serde_json::Map<String, serde_json::Value>);

impl Form {
    /// Reads a form, or a query in which a plus is a blank.
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        query::parse(text).map(Self)
    }

    /// The value of a field; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.as_str())
    }

    /// A value that must not be shown.
    pub fn secret(&self, name: &str) -> Secret<String> {
        Secret::new(self.get(name).to_owned())
    }
}

impl<'a> Visit<'a> {
    pub fn new(portal: &'a Portal, parts: &'a Parts, body: &'a [u8], peer: &Peer) -> Self {
        let user_agent = parts
            .headers
            .get(USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .unwrap_or_default();
        let mut visit = Self {
            portal,
            parts,
            body,
            device: Device {
                ip: peer.ip,
                user_agent: user_agent
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(BROWSER)
                    .collect(),
                now: portal.environment.clock.now(),
                token_digest: None,
            },
        };
        visit.device.token_digest = visit.cookie().map(session::digest);
        visit
    }

    pub fn ask(&self) -> Result<Ask, Stop> {
        match self.parts.method {
            Method::GET | Method::HEAD => Ok(Ask::Show),
            Method::POST => Ok(Ask::Send),
            _ => {
                let mut page = page::message(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "Not here",
                    "This page cannot do that.",
                );
                page.headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
                Err(page.into())
            }
        }
    }

    /// The segments of the path.
    pub fn path(&self) -> Vec<&'a str> {
        self.parts.uri.path().split('/').skip(1).collect()
    }

    /// The query as a form; nothing if it cannot be read.
    pub fn query(&self) -> Form {
        query::parse_query_string(self.parts.uri.query().unwrap_or_default())
            .map(Form)
            .unwrap_or_default()
    }

    pub fn people(&self) -> People<'a> {
        People {
            store: &self.portal.store,
            environment: &self.portal.environment,
        }
    }

    /// Who is signed in, if anybody is.
    pub async fn anybody(&self) -> Result<Option<SignedIn>, Stop> {
        match self.cookie() {
            Some(token) => Ok(self.people().signed_in(token, self.device.now).await?),
            None => Ok(None),
        }
    }

    /// Who is signed in. Others are sent to the page where one signs in, and come back from there.
    pub async fn person(&self) -> Result<SignedIn, Stop> {
        if let Some(person) = self.anybody().await? {
            return Ok(person);
        }
        let mut page = match (self.ask()?, self.parts.uri.path_and_query()) {
            (Ask::Show, Some(here)) if here.path() != "/portal" => {
                page::see(&format!("/signin?to={}", encoded(here.as_str())))
            }
            _ => page::see("/signin"),
        };
        if self.cookie().is_some() {
            self.set_cookie(&mut page, "", Duration::ZERO);
        }
        Err(page.into())
    }

    /// Who is signed in, and the form that one of its own pages sent.
    pub async fn person_with_form(&self) -> Result<(SignedIn, Form), Stop> {
        let form = self.form()?;
        let person = self.person().await?;
        person.require_form_key(form.get("form_key"))?;
        Ok((person, form))
    }

    /// A form that one of our own pages sent, whoever filled it in.
    pub fn form(&self) -> Result<Form, Stop> {
        self.require_from_here()?;
        let unreadable = || page::message(StatusCode::BAD_REQUEST, "Sorry", "The form could not be read.");
        let is_form = self
            .parts
            .headers
            .get(CONTENT_TYPE)
            .is_none_or(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        if !is_form || self.body.len() > FORM {
            return Err(unreadable().into());
        }
        if self.body.is_empty() {
            return Ok(Form::default());
        }
        Form::parse(self.body).map_err(|_| unreadable().into())
    }

    /// That a request to change something comes from one of our own pages.
    pub fn require_from_here(&self) -> Result<(), Stop> {
        if is_from_here(&self.parts.headers, self.issuer()) {
            return Ok(());
        }
        Err(page::not_from_here().into())
    }

    /// Signs the browser in, and sends it to where the person wanted to go.
    pub fn welcome(&self, token: &Secret<String>, to: &str) -> Page {
        let mut page = match way_back(to) {
            Some(path) if path.starts_with("/portal") => page::see(path),
            Some(path) => page::go_on(path),
            None => page::see("/portal"),
        };
        self.set_cookie(&mut page, token.expose(), session::LONGEST);
        page
    }

    /// Takes the session from the browser.
    pub fn farewell(&self, mut page: Page) -> Page {
        self.set_cookie(&mut page, "", Duration::ZERO);
        page
    }

    fn is_secure(&self) -> bool {
        self.portal
            .environment
            .settings
            .public_url
            .starts_with("https://")
    }

    fn cookie_name(&self) -> &'static str {
        // With this prefix browsers take the cookie only from this very host.
        if self.is_secure() {
            "__Host-carillon-session"
        } else {
            "carillon-session"
        }
    }

    /// What this server is called in tokens: its address.
    pub fn issuer(&self) -> &'a str {
        &self.portal.environment.settings.public_url
    }

    /// The token of the session that the browser has.
    pub fn cookie(&self) -> Option<&'a str> {
        self.parts
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == self.cookie_name() && !value.is_empty() && value.len() <= 128)
            .map(|(_, value)| value)
    }

    fn set_cookie(&self, page: &mut Page, token: &str, age: Duration) {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let cookie = format!(
            "{}={token}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.cookie_name(),
            age.as_secs()
        );
        if let Ok(mut value) = HeaderValue::from_str(&cookie) {
            value.set_sensitive(true);
            page.headers_mut().insert(SET_COOKIE, value);
        }
    }
}

/// A text as the value of a query.
pub(super) fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

/// A path of this server to go back to, if the text is one: never another server's.
pub(super) fn way_back(text: &str) -> Option<&str> {
    let is_path = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= WAY_BACK
        // Browsers take a backslash for a slash, and leave tabs and line ends out.
        && text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    is_path.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_nowhere_else() {
        for path in ["/portal", "/oauth2/authorize?client_id=a&state=%2F%2F", "/"] {
            assert_eq!(way_back(path), Some(path));
        }
        let long = format!("/{}", "a".repeat(WAY_BACK));
        for elsewhere in [
            "",
            "portal",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/\r\nSet-Cookie: a=b",
            "/a b",
            "/ä",
            &long,
        ] {
            assert_eq!(way_back(elsewhere), None, "{elsewhere}");
        }
    }
}
