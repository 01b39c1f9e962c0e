//! The people's side: joining, signing in and out, and what a person sees and changes of itself.
//!
//! Pages only, without scripts, and without a transport: the server hands requests in and answers out. Nothing here
//! needs an IAM action, and nobody who is signed in here can call the API.

mod files;
mod invitation;
mod meetings;
mod own;
mod page;
mod password;
mod people;
mod person;
mod provider;
mod register;
mod sign_in;
mod visit;

use std::sync::Arc;

use bytes::Bytes;
use carillon_operation::guard::Guard;
use carillon_operation::{Environment, Fault, Peer, Turns};
use carillon_store::Store;
use http::request::Parts;
use http::{Response, StatusCode};

pub use self::files::{Files, Upload};
use self::page::{Page, Stop};
use self::visit::{Ask, Visit};

/// What the paths of the portal begin with.
const ROOTS: &[&str] = &[
    ".well-known",
    "invitations",
    "oauth2",
    "password",
    "portal",
    "register",
    "signin",
    "signout",
];

/// Answers the requests of people with browsers.
pub struct Portal {
    store: Store,
    environment: Arc<Environment>,
    guard: Guard,
    /// Absent where nothing can be uploaded.
    files: Option<Files>,
    /// Of uploads, by the identifiers of people.
    uploads: Turns<String>,
}

impl Portal {
    pub fn new(store: Store, environment: Arc<Environment>) -> Self {
        Self {
            store,
            environment,
            guard: Guard::default(),
            files: None,
            uploads: Turns::new(files::AT_ONCE),
        }
    }

    /// A portal where people upload files.
    #[must_use]
    pub fn with_files(mut self, files: Files) -> Self {
        self.files = Some(files);
        self
    }

    /// Whether a request brings a file, whose body [`Portal::upload`] reads as it comes.
    pub fn is_upload(parts: &Parts) -> bool {
        parts.method == http::Method::POST && parts.uri.path() == files::PATH
    }

    /// Answers a request that brings a file.
    pub async fn upload(&self, parts: &Parts, body: Upload, peer: &Peer) -> Response<Bytes> {
        let visit = Visit::new(self, parts, &[], peer);
        finish(&visit, files::receive(&visit, body).await)
    }

    /// Whether the portal answers requests for this path.
    pub fn owns(path: &str) -> bool {
        let root = path.trim_start_matches('/').split('/').next();
        path.starts_with('/') && !path.starts_with("//") && root.is_some_and(|root| ROOTS.contains(&root))
    }

    /// Answers a request, if its path is one of the portal's.
    pub async fn serve(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Option<Response<Bytes>> {
        if !Self::owns(parts.uri.path()) {
            return None;
        }
        let visit = Visit::new(self, parts, body, peer);
        // Every request asks whether it is for the portal, and would carry along the room that its pages need.
        Some(finish(&visit, Box::pin(self.answer(&visit)).await))
    }

    /// The pages, a line for each.
    async fn answer(&self, visit: &Visit<'_>) -> Result<Page, Stop> {
        use Ask::{Send, Show};
        if provider::is_for_programs(visit) {
            return Ok(provider::answer(visit).await);
        }
        match (visit.ask()?, visit.path().as_slice()) {
            (Show, ["portal", "style.css"]) => Ok(page::style()),

            (Show, ["invitations", id]) => invitation::show(visit, id).await,
            (Send, ["invitations", id]) => invitation::accept(visit, id).await,

            (Show, ["signin"]) => sign_in::show(visit),
            (Send, ["signin"]) => sign_in::send(visit).await,
            (Send, ["signout"]) => sign_in::out(visit).await,

            (Show, ["register"]) => register::REGISTER.show(visit),
            (Send, ["register"]) => register::REGISTER.send(visit).await,
            (Show, ["register", "complete"]) => register::show(visit).await,
            (Send, ["register", "complete"]) => register::complete(visit).await,

            (Show, ["password", "forgot"]) => register::FORGOT.show(visit),
            (Send, ["password", "forgot"]) => register::FORGOT.send(visit).await,
            (Show, ["password", "choose"]) => password::show_choice(visit).await,
            (Send, ["password", "choose"]) => password::choose(visit).await,

            (Show, ["portal"] | ["portal", ""]) => own::show(visit).await,
            (Send, ["portal", "name"]) => own::rename(visit).await,
            (Send, ["portal", "pin"]) => own::renew_pin(visit).await,
            (Show, ["portal", "files"]) => files::show(visit).await,
            (Show, ["portal", "files", id]) => files::fetch(visit, id).await,
            (Send, ["portal", "files", id, "delete"]) => files::delete(visit, id).await,
            (Send, ["portal", "presence"]) => own::choose_presence(visit).await,
            (Show, ["portal", "password"]) => password::show_change(visit).await,
            (Send, ["portal", "password"]) => password::change(visit).await,
            (Show, ["portal", "sessions"]) => own::show_sessions(visit).await,
            (Send, ["portal", "sessions", "end"]) => own::end_sessions(visit).await,

            (Show, ["portal", "meetings"]) => meetings::show(visit).await,
            (Send, ["portal", "meetings", id]) => meetings::answer(visit, id).await,
            (Show, ["oauth2", "authorize"]) => provider::authorize::show(visit).await,
            (Send, ["oauth2", "authorize"]) => provider::authorize::send(visit),
            (Show, ["oauth2", "end-session"]) => provider::leave::show(visit).await,
            (Send, ["oauth2", "end-session"]) => provider::leave::send(visit).await,

            _ => Ok(page::not_found()),
        }
    }
}

/// The answer to a visit, whatever came of it.
fn finish(visit: &Visit<'_>, outcome: Result<Page, Stop>) -> Page {
    match outcome {
        Ok(page) => page,
        Err(Stop::Page(page)) => *page,
        Err(Stop::Fault(Fault::Refused { status: 503, .. })) => page::sorry(
            StatusCode::SERVICE_UNAVAILABLE,
            "Many people are signing in. Please try again in a moment.",
        ),
        Err(Stop::Fault(fault)) => {
            tracing::error!(?fault, path = visit.parts.uri.path(), "a page could not be made");
            page::sorry(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong here. Please try again in a moment.",
            )
        }
    }
}
