//! Choosing another password: with a link, or signed in.

use askama::Template;
use carillon_operation::Entrance;
use carillon_operation::guard::Key;
use http::StatusCode;

use super::page::{self, Field, Frame, Page, Problem, Stop};
use super::people::SignedIn;
use super::person;
use super::visit::{Form, Visit};
use crate::email::key_of;
use crate::session;

#[derive(Template)]
#[template(path = "choose_password.html")]
struct ChoosePage<'a> {
    frame: Frame<'a>,
    problem: Option<Problem>,
    token: &'a str,
    email: Field<'a>,
    new_password: Field<'a>,
}

#[derive(Template)]
#[template(path = "change_password.html")]
struct ChangePage<'a> {
    frame: Frame<'a>,
    person: &'a SignedIn,
    problem: Option<Problem>,
    password: Field<'a>,
    new_password: Field<'a>,
}

/// What the link of a mail opens. Looking at it uses nothing up.
pub(super) async fn show_choice(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = visit.query();
    let email = find(visit, &form).await?;
    render_choice(StatusCode::OK, &email, &form, None)
}

pub(super) async fn choose(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = visit.form()?;
    let email = find(visit, &form).await?;
    let password = match person::new_password(&form, &email) {
        Ok(password) => password,
        Err(problem) => return render_choice(StatusCode::BAD_REQUEST, &email, &form, Some(problem)),
    };
    let token = form.get("token");
    let keys = Key::of_try(&session::digest(token), visit.device.ip);
    let (guard, environment) = (&visit.portal.guard, &visit.portal.environment);
    // A hash costs as much as a check.
    guard.admit(&keys, visit.device.now).map_err(page::wait)?;
    let hash = environment.hash_password(&password, Entrance::Portal).await?;
    if !visit
        .people()
        .choose_password(token, &hash, &visit.device)
        .await?
    {
        return Err(nothing().into());
    }
    guard.forgive(&keys);
    let text = "Your password is changed, and you are signed out everywhere. Sign in with the new one.";
    let page = page::message_with_link(StatusCode::OK, "Done", text, ("/signin", "Sign in"));
    Ok(visit.farewell(page))
}

pub(super) async fn show_change(visit: &Visit<'_>) -> Result<Page, Stop> {
    let person = visit.person().await?;
    render_change(StatusCode::OK, &person, None)
}

pub(super) async fn change(visit: &Visit<'_>) -> Result<Page, Stop> {
    let (person, form) = visit.person_with_form().await?;
    let password = match person::new_password(&form, &person.user.email) {
        Ok(password) => password,
        Err(problem) => return render_change(StatusCode::BAD_REQUEST, &person, Some(problem)),
    };
    // As of signing in: whoever took over a session must not guess faster here.
    let keys = Key::of_try(&session::digest(&key_of(&person.user.email)), visit.device.ip);
    let (guard, environment) = (&visit.portal.guard, &visit.portal.environment);
    guard.admit(&keys, visit.device.now).map_err(page::wait)?;
    let before = person.user.password_hash.clone();
    let given = form.secret("password");
    if !environment
        .verify_password(&given, before.as_deref(), Entrance::Portal)
        .await?
    {
        let problem = Problem {
            field: "password",
            text: "The password is not right.",
        };
        return render_change(StatusCode::UNAUTHORIZED, &person, Some(problem));
    }
    guard.forgive(&keys);
    let hash = environment.hash_password(&password, Entrance::Portal).await?;
    let before = before.unwrap_or_default();
    let changed = visit
        .people()
        .change_password(&person, &before, &hash, &visit.device)
        .await?;
    Ok(match changed {
        Some(token) => visit.welcome(&token, "/portal?done=password"),
        None => page::see("/signin"),
    })
}

async fn find(visit: &Visit<'_>, form: &Form) -> Result<String, Stop> {
    visit
        .people()
        .find_forgotten(form.get("token"), visit.device.now)
        .await?
        .ok_or_else(|| nothing().into())
}

fn render_choice(
    status: StatusCode,
    email: &str,
    form: &Form,
    problem: Option<Problem>,
) -> Result<Page, Stop> {
    let template = ChoosePage {
        frame: Frame::open("Choose another password"),
        problem,
        token: form.get("token"),
        email: Field::given_email(email),
        new_password: Field::new_password().with(problem),
    };
    page::html(status, &template)
}

fn render_change(status: StatusCode, person: &SignedIn, problem: Option<Problem>) -> Result<Page, Stop> {
    let template = ChangePage {
        frame: Frame::of(person, "/portal/password", "Change your password"),
        person,
        problem,
        password: Field::present_password().with(problem),
        new_password: Field::new_password().with(problem),
    };
    page::html(status, &template)
}

fn nothing() -> Page {
    page::message_with_link(
        StatusCode::NOT_FOUND,
        "This link does not open",
        "It was used, has run out, or is not complete.",
        ("/password/forgot", "Ask for a new one"),
    )
}
