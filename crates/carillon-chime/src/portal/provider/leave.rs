//! Where products send people who want out.
//!
//! Source: OpenID Connect RP-Initiated Logout 1.0.

use askama::Template;
use http::StatusCode;
use serde_json::Value;

use super::authorize::{way_home, wrong};
use crate::open_id::client::ClientRow;
use crate::open_id::jws::{self, Kind};
use crate::open_id::rows;
use crate::portal::page::{self, Frame, Page, Stop};
use crate::portal::people::SignedIn;
use crate::portal::visit::{Form, Visit};

#[derive(Template)]
#[template(path = "leave.html")]
struct LeavePage<'a> {
    frame: Frame<'a>,
    person: &'a SignedIn,
    name: Option<&'a str>,
    client_id: &'a str,
    to: &'a str,
    state: &'a str,
}

/// The page in between, after somebody said yes: browsers do not let a form lead straight to another site.
#[derive(Template)]
#[template(path = "onward.html")]
struct Onward<'a> {
    frame: Frame<'a>,
    name: &'a str,
    url: &'a str,
}

/// What a product asks.
struct Question {
    client: Option<ClientRow>,
    /// The session that the product knows, proven by its ID token.
    session_id: Option<String>,
    /// Where the person goes afterwards: one of the client's addresses, with the state.
    to: Option<String>,
}

impl Question {
    async fn read(visit: &Visit<'_>, form: &Form) -> Result<Self, Stop> {
        let mut tx = visit.portal.store.read().await?;
        let keys = rows::keys(&mut tx).await?;
        // A hint may have run out long ago: it is the key that counts.
        let hint = jws::verify(&keys, Kind::Id, form.get("id_token_hint"));
        let said = |name: &str| {
            let claims = hint.as_ref()?;
            claims.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        let named = form
            .find("client_id")
            .filter(|id| !id.is_empty() && id.len() <= 64);
        let of_hint = said("aud");
        if let (Some(named), Some(of_hint)) = (named, &of_hint)
            && named != of_hint
        {
            return Err(wrong("The token belongs to another product."));
        }
        let client = match named.map(str::to_owned).or(of_hint) {
            Some(id) => rows::client(&mut tx, &id).await?,
            None => None,
        };
        let address = form.get("post_logout_redirect_uri");
        let to = match (&client, address) {
            (_, "") => None,
            (Some(client), address) if client.post_logout_uris.iter().any(|known| known == address) => {
                let state = form.find("state").filter(|state| !state.is_empty());
                if state.is_some_and(|state| state.len() > 1024) {
                    return Err(wrong("The request of the product is too long."));
                }
                Some(way_home(address, state, visit.issuer(), &[]))
            }
            _ => {
                return Err(wrong(
                    "The product that sent you here wants you back at an address that is not its own.",
                ));
            }
        };
        Ok(Self {
            client,
            session_id: said("sid"),
            to,
        })
    }

    /// Where whoever is signed out goes: browsers do not let a form lead straight to another site.
    fn farewell(&self, visit: &Visit<'_>, after_form: bool) -> Result<Page, Stop> {
        let page = match (&self.to, &self.client) {
            (Some(url), Some(client)) if after_form => page::html(
                StatusCode::OK,
                &Onward {
                    frame: Frame::open("You are signed out"),
                    name: &client.name,
                    url,
                },
            )?,
            (Some(url), _) => page::see(url),
            (None, _) => page::see("/signin"),
        };
        Ok(visit.farewell(page))
    }
}

/// Signs out whoever comes with the ID token of this very session, and asks everybody else: a link of another site
/// must not do it.
pub(in crate::portal) async fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = Form::parse(visit.parts.uri.query().unwrap_or_default().as_bytes())
        .map_err(|_| wrong("The request of the product cannot be read."))?;
    let question = Question::read(visit, &form).await?;
    let Some(person) = visit.anybody().await? else {
        return question.farewell(visit, false);
    };
    if question.session_id.as_deref() == Some(&person.session.id) {
        visit.people().sign_out(&person, &visit.device).await?;
        return question.farewell(visit, false);
    }
    page::html(
        StatusCode::OK,
        &LeavePage {
            frame: Frame::of(&person, "", "Sign out?"),
            person: &person,
            name: question.client.as_ref().map(|client| client.name.as_str()),
            client_id: question.client.as_ref().map_or("", |client| client.id.as_str()),
            to: form.get("post_logout_redirect_uri"),
            state: form.get("state"),
        },
    )
}

/// The person's own yes; or a product that asks by a form, which comes without the cookie and is asked again by link.
pub(in crate::portal) async fn send(visit: &Visit<'_>) -> Result<Page, Stop> {
    if visit.require_from_here().is_err() {
        let query = std::str::from_utf8(visit.body)
            .ok()
            .filter(|query| query.len() <= 8192 && query.bytes().all(|byte| (0x21..0x7f).contains(&byte)))
            .ok_or_else(|| wrong("The request of the product cannot be read."))?;
        return Ok(page::see(&format!("/oauth2/end-session?{query}")));
    }
    let (person, form) = visit.person_with_form().await?;
    let question = Question::read(visit, &form).await?;
    visit.people().sign_out(&person, &visit.device).await?;
    question.farewell(visit, true)
}
