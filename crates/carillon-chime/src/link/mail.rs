//! What the portal writes to people.

use carillon_operation::Mail;
use serde::{Deserialize, Serialize};

use crate::html::Escaped;
use crate::user::mail::{message_id, one_line};

/// A mail of the portal, without the secrets of its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Letter {
    /// Says how to register.
    Register {
        /// That the person will be a member of.
        account_name: Option<String>,
    },
    /// Somebody wanted to register with an address that a person has already.
    HasAccount,
    /// Says how to choose another password.
    ChoosePassword,
    PasswordChanged,
}

impl Letter {
    /// The mail to `to`. `token` is of the link, where the letter has one.
    pub fn mail(&self, id: &str, to: &str, public_url: &str, token: &str) -> Mail {
        let (subject, before, path, after) = match self {
            Self::Register { account_name } => {
                let with = match account_name {
                    Some(name) => format!(" as a member of {name}"),
                    None => String::new(),
                };
                (
                    "Your registration at Amazon Chime".to_owned(),
                    format!("you can now register at Amazon Chime{with}. Open this link within 24 hours:"),
                    format!("/register/complete?token={token}"),
                    "The link is for you alone and works once. If you did not ask for it, ignore this mail.",
                )
            }
            Self::HasAccount => (
                "You are registered at Amazon Chime already".to_owned(),
                "somebody, probably you, wanted to register at Amazon Chime with this address. You are registered \
                 already; you can sign in, or choose another password if you forgot yours, here:"
                    .to_owned(),
                "/signin".to_owned(),
                "If it was not you, ignore this mail: nothing was changed.",
            ),
            Self::ChoosePassword => (
                "Choose another password for Amazon Chime".to_owned(),
                "to choose another password for Amazon Chime, open this link within an hour:".to_owned(),
                format!("/password/choose?token={token}"),
                "The link is for you alone and works once. If you did not ask for it, ignore this mail: your password \
                 stays as it is.",
            ),
            Self::PasswordChanged => (
                "Your password for Amazon Chime was changed".to_owned(),
                "your password for Amazon Chime was changed, and you were signed out everywhere else. If that was not \
                 you, choose another password now:"
                    .to_owned(),
                "/password/forgot".to_owned(),
                "If it was you, there is nothing to do.",
            ),
        };
        let link = format!("{public_url}{path}");
        Mail {
            to: to.to_owned(),
            reply_to: None,
            subject: one_line(&subject),
            text: format!("Hello,\n\n{before}\n\n{link}\n\n{after}\n"),
            html: format!(
                "<!DOCTYPE html>\n<html lang=\"en\"><body>\n<p>Hello,</p>\n<p>{before}</p>\n\
                 <p><a href=\"{link}\">{link}</a></p>\n<p>{after}</p>\n</body></html>\n",
                before = Escaped(&before),
                link = Escaped(&link),
                after = Escaped(after),
            ),
            message_id: message_id("portal", id, public_url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_one_link_and_no_markup_of_others() {
        let letter = Letter::Register {
            account_name: Some("Pies & <Sons>\r\nBcc: eve@example.com".to_owned()),
        };
        let mail = letter.mail("l", "ada@example.com", "https://chime.example.com", "TOKEN");
        assert!(!mail.subject.contains(['\r', '\n']));
        assert!(
            mail.text
                .contains("\nhttps://chime.example.com/register/complete?token=TOKEN\n")
        );
        assert_eq!(mail.text.matches("://").count(), 1);
        assert!(mail.html.contains("Pies &amp; &lt;Sons&gt;") && !mail.html.contains("<Sons>"));
        assert_eq!(mail.message_id, "<portal.l@chime.example.com>");
    }

    #[test]
    fn who_did_not_ask_is_told_what_to_do() {
        for letter in [
            Letter::HasAccount,
            Letter::ChoosePassword,
            Letter::PasswordChanged,
        ] {
            let mail = letter.mail("l", "ada@example.com", "http://localhost:1", "TOKEN");
            assert_eq!(mail.text.contains("TOKEN"), letter == Letter::ChoosePassword);
            assert!(mail.text.contains("was not you") || mail.text.contains("did not ask"));
        }
    }
}
