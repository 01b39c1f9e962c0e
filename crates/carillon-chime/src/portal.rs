//! The people's side: accepting an invitation, signing in, seeing oneself, signing out.
//!
//! Pages only, without scripts, and without a transport: the server hands requests in and answers out. Nothing here
//! needs an IAM action, and nobody who is signed in here can call the API.

mod pages;
mod people;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carillon_aws::query;
use carillon_aws::secret::Secret;
use carillon_operation::guard::{Guard, Key};
use carillon_operation::{Entrance, Environment, Fault, Peer};
use carillon_store::Store;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName,
    HeaderValue, LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, USER_AGENT,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use self::pages::InvitationPage;
use self::people::{Device, Open, People, Proof, SignedIn};
use crate::email::key_of;
use crate::name::require_printable;
use crate::session;

/// The largest form, in bytes.
const FORM: usize = 16 * 1024;
/// Characters of a new password.
const PASSWORD: std::ops::RangeInclusive<usize> = 10..=256;
/// Characters of a name.
const DISPLAY_NAME: usize = 128;
/// Characters kept of what a browser says it is.
const BROWSER: usize = 256;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Answers the requests of people with browsers.
pub struct Portal {
    store: Store,
    environment: Arc<Environment>,
    guard: Guard,
}

/// An answer that ends the treatment of a request early, or at its end.
type Page = Response<Bytes>;

/// What a form said.
struct Form(serde_json::Map<String, serde_json::Value>);

impl Form {
    fn get(&self, name: &str) -> &str {
        self.0
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    }
}

/// Why a form is not treated.
enum NoForm {
    Elsewhere,
    Unreadable,
}

impl NoForm {
    fn page(self) -> Page {
        let (status, title, text) = match self {
            Self::Elsewhere => (
                StatusCode::FORBIDDEN,
                "Not from here",
                "This form was sent by another site, so nothing was done.",
            ),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "Sorry", "The form could not be read."),
        };
        html(status, pages::message(title, text))
    }
}

impl Portal {
    pub fn new(store: Store, environment: Arc<Environment>) -> Self {
        Self {
            store,
            environment,
            guard: Guard::default(),
        }
    }

    /// Whether the portal answers requests for this path.
    pub fn owns(path: &str) -> bool {
        matches!(path, "/signin" | "/signout" | "/portal")
            || path.starts_with("/portal/")
            || path.starts_with("/invitations/")
    }

    /// Answers a request, if its path is one of the portal's.
    pub async fn serve(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Option<Response<Bytes>> {
        if !Self::owns(parts.uri.path()) {
            return None;
        }
        Some(match self.answer(parts, body, peer).await {
            Ok(page) => page,
            Err(Fault::Refused { status: 503, .. }) => {
                let text = "Many people are signing in. Please try again in a moment.";
                html(StatusCode::SERVICE_UNAVAILABLE, pages::message("Sorry", text))
            }
            Err(fault) => {
                tracing::error!(?fault, path = parts.uri.path(), "a page could not be made");
                let text = "Something went wrong here. Please try again in a moment.";
                html(StatusCode::INTERNAL_SERVER_ERROR, pages::message("Sorry", text))
            }
        })
    }

    async fn answer(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Result<Page, Fault> {
        let path = parts.uri.path();
        let invite_id = path.strip_prefix("/invitations/");
        let get = parts.method == Method::GET || parts.method == Method::HEAD;
        if parts.method == Method::POST {
            let form = match self.form(parts, body) {
                Ok(form) => form,
                Err(refusal) => return Ok(refusal.page()),
            };
            let device = self.device(parts, peer);
            return match (path, invite_id) {
                (_, Some(invite_id)) => self.accept(invite_id, &form, &device).await,
                ("/signin", _) => self.sign_in(&form, &device).await,
                ("/signout", _) => self.sign_out(parts, &device).await,
                _ => Ok(not_found()),
            };
        }
        if !get {
            let mut page = html(
                StatusCode::METHOD_NOT_ALLOWED,
                pages::message("Not here", "This page cannot do that."),
            );
            page.headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            return Ok(page);
        }
        match (path, invite_id) {
            (_, Some(invite_id)) => self.invitation(invite_id, parts).await,
            ("/signin", _) => Ok(html(StatusCode::OK, pages::sign_in("", None))),
            ("/portal" | "/portal/", _) => self.own(parts).await,
            ("/portal/style.css", _) => Ok(style()),
            _ => Ok(not_found()),
        }
    }

    /// Shows an invitation. Looking at it does not accept it: mail scanners open links too.
    async fn invitation(&self, invite_id: &str, parts: &Parts) -> Result<Page, Fault> {
        let query = parts.uri.query().unwrap_or_default();
        let Ok(form) = query::parse_query_string(query).map(Form) else {
            return Ok(no_invitation());
        };
        let token = form.get("token");
        let now = self.environment.clock.now();
        Ok(
            match self.people().open_invitation(invite_id, token, now).await? {
                Some(open) => html(StatusCode::OK, invitation_page(&open, token, "", None)),
                None => no_invitation(),
            },
        )
    }

    async fn accept(&self, invite_id: &str, form: &Form, device: &Device) -> Result<Page, Fault> {
        let token = form.get("token");
        let Some(open) = self
            .people()
            .open_invitation(invite_id, token, device.now)
            .await?
        else {
            return Ok(no_invitation());
        };
        let password = Secret::new(form.get("password").to_owned());
        let name = form.get("display_name").trim();
        let again = |status, problem| Ok(html(status, invitation_page(&open, token, name, Some(problem))));
        let keys = Key::of_try(&session::digest(&open.invite.id), device.ip);
        let proof = match open.known_password() {
            Some(known) => {
                if let Err(wait) = self.guard.admit(&keys, device.now) {
                    return Ok(wait_page(wait));
                }
                if !self
                    .environment
                    .verify_password(&password, Some(known), Entrance::Portal)
                    .await?
                {
                    return again(StatusCode::UNAUTHORIZED, "The password is not right.");
                }
                Proof::Verified {
                    hash: known.to_owned(),
                }
            }
            None => {
                if let Err(problem) = check_new(name, &password) {
                    return again(StatusCode::BAD_REQUEST, problem);
                }
                // A hash costs as much as a check.
                if let Err(wait) = self.guard.admit(&keys, device.now) {
                    return Ok(wait_page(wait));
                }
                Proof::New {
                    display_name: name.to_owned(),
                    hash: self
                        .environment
                        .hash_password(&password, Entrance::Portal)
                        .await?,
                }
            }
        };
        Ok(
            match self.people().accept(invite_id, token, &proof, device).await? {
                Some(token) => {
                    self.guard.forgive(&keys);
                    self.welcome(&token)
                }
                None => no_invitation(),
            },
        )
    }

    async fn sign_in(&self, form: &Form, device: &Device) -> Result<Page, Fault> {
        let (email, password) = (
            form.get("email").trim(),
            Secret::new(form.get("password").to_owned()),
        );
        let keys = Key::of_try(&session::digest(&key_of(email)), device.ip);
        if let Err(wait) = self.guard.admit(&keys, device.now) {
            return Ok(wait_page(wait));
        }
        Ok(match self.people().sign_in(email, &password, device).await? {
            Some(token) => {
                self.guard.forgive(&keys);
                self.welcome(&token)
            }
            None => html(
                StatusCode::UNAUTHORIZED,
                pages::sign_in(email, Some("E-mail address and password do not go together.")),
            ),
        })
    }

    async fn sign_out(&self, parts: &Parts, device: &Device) -> Result<Page, Fault> {
        if let Some(signed_in) = self.signed_in(parts).await? {
            self.people().sign_out(&signed_in, device).await?;
        }
        let mut page = see("/signin");
        self.set_cookie(&mut page, "", Duration::ZERO);
        Ok(page)
    }

    /// The person's own page.
    async fn own(&self, parts: &Parts) -> Result<Page, Fault> {
        let Some(signed_in) = self.signed_in(parts).await? else {
            return Ok(see("/signin"));
        };
        let now = self.environment.clock.now();
        let sessions = self.people().sessions(&signed_in.user, now).await?;
        let account = signed_in.account.as_ref().map(|account| account.name.as_str());
        Ok(html(
            StatusCode::OK,
            pages::own(&signed_in.user, account, &sessions, &signed_in.session),
        ))
    }

    async fn signed_in(&self, parts: &Parts) -> Result<Option<SignedIn>, Fault> {
        match self.cookie(&parts.headers) {
            Some(token) => self.people().signed_in(token, self.environment.clock.now()).await,
            None => Ok(None),
        }
    }

    fn people(&self) -> People<'_> {
        People {
            store: &self.store,
            environment: &self.environment,
        }
    }

    fn device(&self, parts: &Parts, peer: &Peer) -> Device {
        let user_agent = parts
            .headers
            .get(USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .unwrap_or_default();
        Device {
            ip: peer.ip,
            user_agent: user_agent
                .chars()
                .filter(|c| !c.is_control())
                .take(BROWSER)
                .collect(),
            now: self.environment.clock.now(),
        }
    }

    /// Reads a form that one of our own pages sent.
    fn form(&self, parts: &Parts, body: &[u8]) -> Result<Form, NoForm> {
        if !self.is_from_here(&parts.headers) {
            return Err(NoForm::Elsewhere);
        }
        let is_form = parts
            .headers
            .get(CONTENT_TYPE)
            .is_none_or(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        if !is_form || body.len() > FORM {
            return Err(NoForm::Unreadable);
        }
        if body.is_empty() {
            return Ok(Form(serde_json::Map::new()));
        }
        query::parse(body).map(Form).map_err(|_| NoForm::Unreadable)
    }

    /// Whether a form comes from one of our own pages, as the browser says. Browsers say it in one header or the
    /// other, and pages cannot forge either; whoever says nothing is no browser of a person.
    fn is_from_here(&self, headers: &HeaderMap) -> bool {
        if let Some(site) = headers.get(SEC_FETCH_SITE) {
            return site.as_bytes() == b"same-origin";
        }
        let Some(origin) = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else {
            return false;
        };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        origin == self.environment.settings.public_url
            || origin
                .split_once("://")
                .is_some_and(|(_, origin)| Some(origin) == host)
    }

    /// Signs the browser in, and shows the person its page.
    fn welcome(&self, token: &Secret<String>) -> Page {
        let mut page = see("/portal");
        self.set_cookie(&mut page, token.expose(), session::LONGEST);
        page
    }

    fn is_secure(&self) -> bool {
        self.environment.settings.public_url.starts_with("https://")
    }

    fn cookie_name(&self) -> &'static str {
        // With this prefix browsers take the cookie only from this very host.
        if self.is_secure() {
            "__Host-carillon-session"
        } else {
            "carillon-session"
        }
    }

    fn cookie<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers
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

fn invitation_page(open: &Open, token: &str, display_name: &str, problem: Option<&str>) -> String {
    InvitationPage {
        invite_id: &open.invite.id,
        token,
        email: &open.invite.email,
        account_name: &open.account.name,
        is_known: open.known_password().is_some(),
        display_name,
        problem,
    }
    .render()
}

/// What a new person says of itself.
fn check_new(name: &str, password: &Secret<String>) -> Result<(), &'static str> {
    if name.is_empty() || name.chars().count() > DISPLAY_NAME || require_printable("name", name).is_err() {
        return Err("Please give your name, with at most 128 characters.");
    }
    if !PASSWORD.contains(&password.expose().chars().count()) {
        return Err("A password has 10 to 256 characters.");
    }
    Ok(())
}

fn no_invitation() -> Page {
    let text = "This invitation does not open: it was used, has run out, was taken back, or the link is not complete. \
                Ask whoever invited you for a new one.";
    html(StatusCode::NOT_FOUND, pages::message("No invitation", text))
}

fn not_found() -> Page {
    html(
        StatusCode::NOT_FOUND,
        pages::message("Nothing here", "There is no such page."),
    )
}

fn wait_page(wait: Duration) -> Page {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let text = format!("There were too many tries. Please wait {seconds} seconds.");
    let mut page = html(
        StatusCode::TOO_MANY_REQUESTS,
        pages::message("Please wait", &text),
    );
    page.headers_mut().insert(RETRY_AFTER, seconds.into());
    page
}

fn html(status: StatusCode, text: String) -> Page {
    let mut page = Response::new(Bytes::from(text));
    *page.status_mut() = status;
    protect(page.headers_mut());
    page.headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    page
}

/// Sends the browser on to another page.
fn see(path: &'static str) -> Page {
    let mut page = html(StatusCode::SEE_OTHER, String::new());
    page.headers_mut()
        .insert(LOCATION, HeaderValue::from_static(path));
    page
}

fn style() -> Page {
    let mut page = Response::new(Bytes::from_static(pages::STYLE.as_bytes()));
    protect(page.headers_mut());
    page.headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
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
