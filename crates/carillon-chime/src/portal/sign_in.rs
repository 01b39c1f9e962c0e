//! Signing in and out. Who one is comes first, then how one proves it.

use askama::Template;
use carillon_operation::guard::Key;
use http::StatusCode;

use super::page::{self, Field, Frame, Page, Problem, Stop};
use super::people::SigningIn;
use super::visit::{Form, Visit};
use crate::email::{EmailAddress, key_of};
use crate::session;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame<'a>,
    problem: Option<Problem>,
    /// Without mail nobody can register or choose another password.
    has_mail: bool,
    /// Where the person wanted to go.
    to: &'a str,
    email: Field<'a>,
    /// Asked for in the second step.
    password: Option<Field<'a>>,
}

pub(super) fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    let query = visit.query();
    let email = Field::email(query.get("email"));
    render(visit, StatusCode::OK, &query, email, None, None)
}

/// The address alone, or the address with a password.
///
/// This is the place where an address leads to another way to sign in: by the account that claimed its domain, never
/// by whether there is such a person.
pub(super) async fn send(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = visit.form()?;
    let email = form.get("email").trim();
    if form.find("password").is_none() {
        let password = Some(Field::password());
        return render(
            visit,
            StatusCode::OK,
            &form,
            Field::given_email(email),
            password,
            None,
        );
    }
    // However the address is written: a domain has many spellings, and a new one must not be a new target.
    let target = EmailAddress::parse(email).map_or_else(|_| key_of(email), |address| address.key());
    let keys = Key::of_try(&session::digest(&target), visit.device.ip);
    let guard = &visit.portal.guard;
    guard.admit(&keys, visit.device.now).map_err(page::wait)?;
    let password = form.secret("password");
    match visit.people().sign_in(email, &password, &visit.device).await? {
        SigningIn::Welcome(token) => {
            guard.forgive(&keys);
            Ok(visit.welcome(&token, form.get("to")))
        }
        SigningIn::Stopped(text) => {
            guard.forgive(&keys);
            Ok(page::message(StatusCode::FORBIDDEN, "You cannot sign in", &text))
        }
        SigningIn::Wrong => {
            let problem = Problem {
                field: "password",
                text: "E-mail address and password do not go together.",
            };
            let password = Some(Field::password().with(Some(problem)));
            render(
                visit,
                StatusCode::UNAUTHORIZED,
                &form,
                Field::email(email),
                password,
                Some(problem),
            )
        }
    }
}

/// Whoever is not signed in is signed out already.
pub(super) async fn out(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = visit.form()?;
    if let Some(person) = visit.anybody().await? {
        person.require_form_key(form.get("form_key"))?;
        visit.people().sign_out(&person, &visit.device).await?;
    }
    Ok(visit.farewell(page::see("/signin")))
}

fn render(
    visit: &Visit<'_>,
    status: StatusCode,
    form: &Form,
    email: Field<'_>,
    password: Option<Field<'_>>,
    problem: Option<Problem>,
) -> Result<Page, Stop> {
    let template = SignInPage {
        frame: Frame::open("Sign in"),
        problem,
        has_mail: visit.portal.environment.settings.mail,
        to: form.get("to"),
        email,
        password,
    };
    page::html(status, &template)
}
