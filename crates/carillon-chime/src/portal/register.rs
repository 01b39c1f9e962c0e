//! Registering with an address: asking for a link, and what the link opens.

use askama::Template;
use carillon_operation::Entrance;
use carillon_operation::guard::Key;
use http::StatusCode;

use super::page::{self, Field, Frame, Page, Problem, Stop};
use super::people::Newcomer;
use super::person::New;
use super::visit::{Form, Visit};
use crate::email::EmailAddress;
use crate::link::{LinkRow, Purpose};
use crate::session;
use crate::user::entry::Entry;

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage<'a> {
    frame: Frame<'a>,
    problem: Option<Problem>,
    action: &'a str,
    says: &'a str,
    email: Field<'a>,
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage<'a> {
    frame: Frame<'a>,
    problem: Option<Problem>,
    token: &'a str,
    account_name: Option<&'a str>,
    email: Field<'a>,
    display_name: Field<'a>,
    password: Field<'a>,
}

/// What a mail can be asked for.
pub(super) struct Ask {
    purpose: Purpose,
    title: &'static str,
    action: &'static str,
    says: &'static str,
    /// The same whatever is known of the address.
    answer: &'static str,
}

pub(super) const REGISTER: Ask = Ask {
    purpose: Purpose::Registration,
    title: "Register",
    action: "/register",
    says: "Enter your address at work, or the one that you were invited with. We send you a link to go on.",
    answer: "If this address can be used here, a mail with the next step is on its way to it. The link in it opens \
             for 24 hours. Look into the folder for unwanted mail too.",
};

pub(super) const FORGOT: Ask = Ask {
    purpose: Purpose::Password,
    title: "Forgot your password?",
    action: "/password/forgot",
    says: "Enter your address. We send you a link with which you choose another password.",
    answer: "If somebody with this address can sign in here, a mail with a link is on its way to it. The link opens \
             for an hour. Look into the folder for unwanted mail too.",
};

impl Ask {
    pub fn show(&self, visit: &Visit<'_>) -> Result<Page, Stop> {
        require_mail(visit)?;
        self.render(StatusCode::OK, visit.query().get("email"), None)
    }

    pub async fn send(&self, visit: &Visit<'_>) -> Result<Page, Stop> {
        require_mail(visit)?;
        let form = visit.form()?;
        let Ok(email) = EmailAddress::parse(form.get("email").trim()) else {
            let problem = Problem {
                field: "email",
                text: "Enter an e-mail address, such as ada@example.com.",
            };
            return self.render(StatusCode::BAD_REQUEST, form.get("email"), Some(problem));
        };
        let keys = Key::of_mail(&session::digest(&email.key()), visit.device.ip);
        let guard = &visit.portal.guard;
        guard.admit(&keys, visit.device.now).map_err(page::wait)?;
        visit
            .people()
            .ask_for_mail(self.purpose, &email, visit.device.now)
            .await?;
        Ok(page::message(StatusCode::OK, "Look into your mail", self.answer))
    }

    fn render(&self, status: StatusCode, email: &str, problem: Option<Problem>) -> Result<Page, Stop> {
        let template = AskPage {
            frame: Frame::open(self.title),
            problem,
            action: self.action,
            says: self.says,
            email: Field::email(email).with(problem),
        };
        page::html(status, &template)
    }
}

fn require_mail(visit: &Visit<'_>) -> Result<(), Stop> {
    if visit.portal.environment.settings.mail {
        return Ok(());
    }
    let text = "This server sends no mail, so this cannot be done here. Ask your administrator.";
    Err(page::message(StatusCode::NOT_FOUND, "Not here", text).into())
}

/// What the link opens. Looking at it uses nothing up: mail scanners open links too.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = visit.query();
    let (link, entry) = find(visit, &form).await?;
    render(StatusCode::OK, &link, &entry, &form, None)
}

pub(super) async fn complete(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = visit.form()?;
    let (link, entry) = find(visit, &form).await?;
    let new = match New::read(&form, &link.email) {
        Ok(new) => new,
        Err(problem) => return render(StatusCode::BAD_REQUEST, &link, &entry, &form, Some(problem)),
    };
    let guard = &visit.portal.guard;
    let keys = Key::of_try(&session::digest(&link.id), visit.device.ip);
    // A hash costs as much as a check.
    guard.admit(&keys, visit.device.now).map_err(page::wait)?;
    let newcomer = Newcomer {
        hash: visit
            .portal
            .environment
            .hash_password(&new.password, Entrance::Portal)
            .await?,
        display_name: new.display_name,
    };
    let token = form.get("token");
    match visit.people().register(token, &newcomer, &visit.device).await? {
        Some(token) => {
            guard.forgive(&keys);
            Ok(visit.welcome(&token, ""))
        }
        None => Err(nothing().into()),
    }
}

async fn find(visit: &Visit<'_>, form: &Form) -> Result<(LinkRow, Entry), Stop> {
    let found = visit
        .people()
        .find_registration(form.get("token"), visit.device.now)
        .await?;
    match found {
        None | Some((_, Entry::Known | Entry::Closed)) => Err(nothing().into()),
        Some(found) => Ok(found),
    }
}

fn render(
    status: StatusCode,
    link: &LinkRow,
    entry: &Entry,
    form: &Form,
    problem: Option<Problem>,
) -> Result<Page, Stop> {
    let account_name = match entry {
        Entry::Member(account, _) => Some(account.name.as_str()),
        Entry::Invited(open) => Some(open.account.name.as_str()),
        Entry::Alone(_) | Entry::Known | Entry::Closed => None,
    };
    let template = RegisterPage {
        frame: Frame::open("Register"),
        problem,
        token: form.get("token"),
        account_name,
        email: Field::given_email(&link.email),
        display_name: Field::display_name(form.get("display_name")).with(problem),
        password: Field::new_password().with(problem),
    };
    page::html(status, &template)
}

fn nothing() -> Page {
    page::message(
        StatusCode::NOT_FOUND,
        "This link does not open",
        "It was used, has run out, or is not complete. Ask for a new one on the page where you register, or sign in if \
         you have registered.",
    )
}
