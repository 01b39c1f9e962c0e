//! What a person sees of itself.

use askama::Template;
use http::StatusCode;

use super::page::{self, Frame, Page, Stop};
use super::people::{Change, SignedIn};
use super::visit::Visit;
use crate::session::SessionRow;
use crate::user::Presence;

#[derive(Template)]
#[template(path = "own.html")]
struct OwnPage<'a> {
    frame: Frame<'a>,
    person: &'a SignedIn,
    name: &'a str,
    license: &'a str,
    sessions: &'a [SessionRow],
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    let person = visit.person().await?;
    let sessions = visit.people().sessions(&person.user, visit.device.now).await?;
    let name = person.user.display_name.as_deref().unwrap_or(&person.user.email);
    let template = OwnPage {
        frame: Frame::of(&person, "/portal", name),
        person: &person,
        name,
        license: person.user.license.map_or("None", |license| license.as_str()),
        sessions: &sessions,
    };
    page::html(StatusCode::OK, &template)
}

/// Who sees whether the person is there.
pub(super) async fn choose_presence(visit: &Visit<'_>) -> Result<Page, Stop> {
    let (person, form) = visit.person_with_form().await?;
    let Ok(presence) = form.get("presence").parse::<Presence>() else {
        return Ok(page::sorry(StatusCode::BAD_REQUEST, "Choose one of the two."));
    };
    visit
        .people()
        .change(&person, &Change::Presence(presence), &visit.device)
        .await?;
    Ok(page::see("/portal"))
}
