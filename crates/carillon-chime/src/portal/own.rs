//! What a person sees and changes of itself.

use askama::Template;
use carillon_operation::guard::Key;
use http::StatusCode;

use super::page::{self, Field, Frame, Page, Problem, Stop};
use super::people::{Change, SignedIn};
use super::person;
use super::visit::{Form, Visit};
use crate::name::is_uuid;
use crate::session::SessionRow;
use crate::user::Presence;

#[derive(Template)]
#[template(path = "own.html")]
struct OwnPage<'a> {
    frame: Frame<'a>,
    problem: Option<Problem>,
    person: &'a SignedIn,
    display_name: Field<'a>,
    license: &'a str,
    /// What was just done.
    done: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage<'a> {
    frame: Frame<'a>,
    person: &'a SignedIn,
    sessions: &'a [SessionRow],
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    let person = visit.person().await?;
    let name = person.user.display_name.as_deref().unwrap_or_default();
    let done = match visit.query().get("done") {
        "name" => Some("Your name is changed."),
        "presence" => Some("Your choice is saved."),
        "pin" => Some("You have a new PIN. Update the meetings that you scheduled with the old one."),
        "password" => Some("Your password is changed, and you are signed out everywhere else."),
        _ => None,
    };
    render(StatusCode::OK, &person, name, None, done)
}

pub(super) async fn rename(visit: &Visit<'_>) -> Result<Page, Stop> {
    let (person, form) = visit.person_with_form().await?;
    match person::display_name(&form) {
        Ok(name) => change(visit, &person, Change::DisplayName(name), "/portal?done=name").await,
        Err(problem) => {
            let name = form.get("display_name");
            render(StatusCode::BAD_REQUEST, &person, name, Some(problem), None)
        }
    }
}

/// Who sees whether the person is there.
pub(super) async fn choose_presence(visit: &Visit<'_>) -> Result<Page, Stop> {
    let (person, form) = visit.person_with_form().await?;
    let Ok(presence) = form.get("presence").parse::<Presence>() else {
        return Ok(page::sorry(StatusCode::BAD_REQUEST, "Choose one of the two."));
    };
    let presence = Change::Presence(presence);
    change(visit, &person, presence, "/portal?done=presence").await
}

pub(super) async fn renew_pin(visit: &Visit<'_>) -> Result<Page, Stop> {
    let (person, _) = visit.person_with_form().await?;
    change(visit, &person, Change::Pin, "/portal?done=pin").await
}

pub(super) async fn show_sessions(visit: &Visit<'_>) -> Result<Page, Stop> {
    let person = visit.person().await?;
    let sessions = visit.people().sessions(&person.user, visit.device.now).await?;
    let template = SessionsPage {
        frame: Frame::of(&person, "/portal/sessions", "Where you are signed in"),
        person: &person,
        sessions: &sessions,
    };
    page::html(StatusCode::OK, &template)
}

/// Ends the session that the form names, or all but this one.
pub(super) async fn end_sessions(visit: &Visit<'_>) -> Result<Page, Stop> {
    let (person, form): (SignedIn, Form) = visit.person_with_form().await?;
    let end = match form.find("session") {
        Some(id) if is_uuid(id) => Change::EndSession(id.to_owned()),
        Some(_) => return Ok(page::not_found()),
        None => Change::EndOtherSessions,
    };
    change(visit, &person, end, "/portal/sessions").await
}

async fn change(visit: &Visit<'_>, person: &SignedIn, change: Change, then: &str) -> Result<Page, Stop> {
    let keys = [Key::OwnChange(person.user.id.clone())];
    let admitted = visit.portal.guard.admit(&keys, visit.device.now);
    admitted.map_err(page::wait)?;
    visit.people().change(person, &change, &visit.device).await?;
    Ok(page::see(then))
}

fn render(
    status: StatusCode,
    person: &SignedIn,
    name: &str,
    problem: Option<Problem>,
    done: Option<&'static str>,
) -> Result<Page, Stop> {
    let title = person.user.display_name.as_deref().unwrap_or(&person.user.email);
    let template = OwnPage {
        frame: Frame::of(person, "/portal", title),
        problem,
        person,
        display_name: Field::display_name(name).with(problem),
        license: person.user.license.map_or("None", |license| license.as_str()),
        done,
    };
    page::html(status, &template)
}
