//! Accepting an invitation.

use askama::Template;
use carillon_operation::Entrance;
use carillon_operation::guard::Key;
use http::StatusCode;

use super::page::{self, Field, Frame, Page, Problem, Stop};
use super::people::{Newcomer, Proof};
use super::person;
use super::visit::{Form, Visit};
use crate::email::key_of;
use crate::session;
use crate::user::invitation::Open;

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    frame: Frame<'a>,
    problem: Option<Problem>,
    invite_id: &'a str,
    account_name: &'a str,
    token: &'a str,
    email: Field<'a>,
    /// Asked of people who have no password yet.
    display_name: Option<Field<'a>>,
    password: Field<'a>,
}

/// Shows an invitation. Looking at it does not accept it: mail scanners open links too.
pub(super) async fn show(visit: &Visit<'_>, invite_id: &str) -> Result<Page, Stop> {
    let form = visit.query();
    let open = find(visit, invite_id, &form).await?;
    render(StatusCode::OK, &open, &form, None)
}

pub(super) async fn accept(visit: &Visit<'_>, invite_id: &str) -> Result<Page, Stop> {
    let form = visit.form()?;
    let open = find(visit, invite_id, &form).await?;
    let environment = &visit.portal.environment;
    let guard = &visit.portal.guard;
    // As of signing in: whoever has the link must not guess a password faster here.
    let target = match open.known_password() {
        Some(_) => key_of(&open.invite.email),
        None => open.invite.id.clone(),
    };
    let keys = Key::of_try(&session::digest(&target), visit.device.ip);
    let admit = || {
        let admitted = guard.admit(&keys, visit.device.now);
        admitted.map_err(|pause| Stop::from(page::wait(pause)))
    };
    let proof = match open.known_password() {
        Some(known) => {
            admit()?;
            let password = form.secret("password");
            if !environment
                .verify_password(&password, Some(known), Entrance::Portal)
                .await?
            {
                let problem = Problem {
                    field: "password",
                    text: "The password is not right.",
                };
                return render(StatusCode::UNAUTHORIZED, &open, &form, Some(problem));
            }
            Proof::Verified {
                hash: known.to_owned(),
            }
        }
        None => {
            let new = match person::New::read(&form, &open.invite.email) {
                Ok(new) => new,
                Err(problem) => return render(StatusCode::BAD_REQUEST, &open, &form, Some(problem)),
            };
            // A hash costs as much as a check.
            admit()?;
            Proof::New(Newcomer {
                hash: environment.hash_password(&new.password, Entrance::Portal).await?,
                display_name: new.display_name,
            })
        }
    };
    let token = form.get("token");
    match visit
        .people()
        .accept(invite_id, token, &proof, &visit.device)
        .await?
    {
        Some(token) => {
            guard.forgive(&keys);
            Ok(visit.welcome(&token, ""))
        }
        None => Err(nothing().into()),
    }
}

async fn find(visit: &Visit<'_>, invite_id: &str, form: &Form) -> Result<Open, Stop> {
    visit
        .people()
        .open_invitation(invite_id, form.get("token"), visit.device.now)
        .await?
        .ok_or_else(|| nothing().into())
}

fn render(status: StatusCode, open: &Open, form: &Form, problem: Option<Problem>) -> Result<Page, Stop> {
    let is_known = open.known_password().is_some();
    let password = if is_known {
        Field::password()
    } else {
        Field::new_password()
    };
    let template = InvitationPage {
        frame: Frame::open("Join a team"),
        problem,
        invite_id: &open.invite.id,
        account_name: &open.account.name,
        token: form.get("token"),
        email: Field::given_email(&open.invite.email),
        display_name: (!is_known).then(|| Field::display_name(form.get("display_name")).with(problem)),
        password: password.with(problem),
    };
    page::html(status, &template)
}

fn nothing() -> Page {
    page::message(
        StatusCode::NOT_FOUND,
        "No invitation",
        "This invitation does not open: it was used, has run out, was taken back, or the link is not complete. Ask \
         whoever invited you for a new one.",
    )
}
