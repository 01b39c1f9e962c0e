//! The pages of the portal. They work without scripts.

use carillon_aws::time::Timestamp;

use crate::html::Escaped;
use crate::session::SessionRow;
use crate::user::UserRow;

pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;font:100%/1.5 system-ui,sans-serif}\
body{margin:0 auto;max-width:34rem;padding:2rem 1rem}\
h1{font-size:1.5rem}\
label{display:block;margin-top:1rem}\
input{box-sizing:border-box;font:inherit;padding:.5rem;width:100%}\
button{font:inherit;margin-top:1.5rem;padding:.5rem 1.5rem}\
table{border-collapse:collapse;width:100%}\
th,td{border-bottom:1px solid #8888;overflow-wrap:anywhere;padding:.4rem .4rem .4rem 0;text-align:left;\
vertical-align:top}\
.problem{border-left:.25rem solid #c00;padding-left:.75rem}\
";

/// What an invited person sees.
#[derive(Debug, Clone)]
pub(super) struct InvitationPage<'a> {
    pub invite_id: &'a str,
    pub token: &'a str,
    pub email: &'a str,
    pub account_name: &'a str,
    /// Whether the person has a password already.
    pub is_known: bool,
    pub display_name: &'a str,
    pub problem: Option<&'a str>,
}

impl InvitationPage<'_> {
    pub fn render(&self) -> String {
        let fields = if self.is_known {
            password("current-password", "Your password")
        } else {
            format!(
                "<label>Your full name<input type=\"text\" name=\"display_name\" value=\"{}\" maxlength=\"128\" \
                 autocomplete=\"name\" required></label>\n{}",
                Escaped(self.display_name),
                password("new-password", "Choose a password of at least 10 characters"),
            )
        };
        page(
            "Join a team",
            &format!(
                "<p>You are invited to join <strong>{account}</strong> on Amazon Chime.</p>\n\
                 {problem}\
                 <form method=\"post\" action=\"/invitations/{id}\">\n\
                 <input type=\"hidden\" name=\"token\" value=\"{token}\">\n\
                 <label>Your e-mail address<input type=\"email\" name=\"email\" value=\"{email}\" readonly \
                 autocomplete=\"username\"></label>\n\
                 {fields}\n\
                 <button type=\"submit\">Accept the invitation</button>\n\
                 </form>\n\
                 <p>This is {email}'s invitation. If that is not you, close this page.</p>",
                account = Escaped(self.account_name),
                problem = problem(self.problem),
                id = Escaped(self.invite_id),
                token = Escaped(self.token),
                email = Escaped(self.email),
            ),
        )
    }
}

pub(super) fn sign_in(email: &str, said: Option<&str>) -> String {
    page(
        "Sign in",
        &format!(
            "{problem}\
             <form method=\"post\" action=\"/signin\">\n\
             <label>E-mail address<input type=\"email\" name=\"email\" value=\"{email}\" autocomplete=\"username\" \
             required></label>\n\
             {password}\n\
             <button type=\"submit\">Sign in</button>\n\
             </form>",
            problem = problem(said),
            email = Escaped(email),
            password = password("current-password", "Password"),
        ),
    )
}

/// What a person sees of itself.
pub(super) fn own(
    user: &UserRow,
    account_name: Option<&str>,
    sessions: &[SessionRow],
    current: &SessionRow,
) -> String {
    let name = user.display_name.as_deref().unwrap_or(&user.email);
    let license = user.license.map_or("none", |license| license.as_str());
    let mut rows = String::new();
    for session in sessions {
        let mark = if session.id == current.id {
            " (this one)"
        } else {
            ""
        };
        rows.push_str(&format!(
            "<tr><td>{}{mark}</td><td>{}</td><td>{}</td></tr>\n",
            Escaped(&session.user_agent),
            Escaped(&session.source_ip),
            time(session.seen_at),
        ));
    }
    page(
        name,
        &format!(
            "<table>\n\
             <tr><th>E-mail address</th><td>{email}</td></tr>\n\
             <tr><th>Account</th><td>{account}</td></tr>\n\
             <tr><th>License</th><td>{license}</td></tr>\n\
             <tr><th>Personal PIN</th><td>{pin}</td></tr>\n\
             </table>\n\
             <h2>Where you are signed in</h2>\n\
             <table>\n\
             <tr><th>Device</th><th>Address</th><th>Last used</th></tr>\n\
             {rows}\
             </table>\n\
             <form method=\"post\" action=\"/signout\"><button type=\"submit\">Sign out</button></form>",
            email = Escaped(&user.email),
            account = Escaped(account_name.unwrap_or("none: you use Amazon Chime on your own")),
            pin = Escaped(user.personal_pin.as_deref().unwrap_or("none")),
        ),
    )
}

/// A page that only says something.
pub(super) fn message(title: &str, text: &str) -> String {
    page(title, &format!("<p>{}</p>", Escaped(text)))
}

fn password(autocomplete: &str, label: &str) -> String {
    format!(
        "<label>{label}<input type=\"password\" name=\"password\" maxlength=\"256\" \
         autocomplete=\"{autocomplete}\" required></label>"
    )
}

fn problem(text: Option<&str>) -> String {
    text.map_or(String::new(), |text| {
        format!("<p class=\"problem\" role=\"alert\">{}</p>\n", Escaped(text))
    })
}

fn time(at: Timestamp) -> String {
    at.iso_seconds().replace('T', " ").replace('Z', " UTC")
}

/// `body` is HTML, `title` is text.
fn page(title: &str, body: &str) -> String {
    let title = Escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/portal/style.css\">\n</head>\n<body>\n\
         <main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::RegistrationStatus;
    use crate::user::tests::user;

    const HOSTILE: &str = "\"><script>alert('x')</script>";

    #[test]
    fn no_value_becomes_markup() {
        let mut ada = user(None, RegistrationStatus::Registered);
        ada.display_name = Some(HOSTILE.to_owned());
        ada.email = HOSTILE.to_owned();
        let session = SessionRow {
            id: "s".to_owned(),
            user_id: "u".to_owned(),
            source_ip: HOSTILE.to_owned(),
            user_agent: HOSTILE.to_owned(),
            created_at: Timestamp::EPOCH,
            seen_at: Timestamp::EPOCH,
        };
        let invitation = InvitationPage {
            invite_id: HOSTILE,
            token: HOSTILE,
            email: HOSTILE,
            account_name: HOSTILE,
            is_known: false,
            display_name: HOSTILE,
            problem: Some(HOSTILE),
        };
        for page in [
            invitation.render(),
            sign_in(HOSTILE, Some(HOSTILE)),
            own(&ada, Some(HOSTILE), std::slice::from_ref(&session), &session),
            message(HOSTILE, HOSTILE),
        ] {
            assert!(!page.contains("<script"), "{page}");
            assert!(page.contains("&quot;&gt;&lt;script&gt;"), "{page}");
        }
    }

    #[test]
    fn whoever_has_a_password_is_asked_for_it_alone() {
        let page = InvitationPage {
            invite_id: "i",
            token: "t",
            email: "ada@example.com",
            account_name: "Example",
            is_known: true,
            display_name: "",
            problem: None,
        };
        assert!(!page.render().contains("display_name"));
        let page = InvitationPage {
            is_known: false,
            ..page
        };
        assert!(page.render().contains("display_name"));
    }
}
