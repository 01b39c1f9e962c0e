//! What the two sides of a delegation are written.

use std::fmt::Write as _;

use carillon_operation::Mail;
use serde::{Deserialize, Serialize};

use crate::html::Escaped;
use crate::user::mail::{message_id, one_line};

/// An AWS account as mails name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Party {
    pub aws_account_id: String,
    pub name: String,
}

impl Party {
    fn text(&self) -> String {
        match self.name.as_str() {
            "" => format!("AWS account {}", self.aws_account_id),
            name => format!("{name} (AWS account {})", self.aws_account_id),
        }
    }
}

/// What an invitation says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invitation<'a> {
    /// Of this mail: a renewed invitation is another one.
    pub mail_id: &'a str,
    pub email: &'a str,
    pub account_name: &'a str,
    pub owner: &'a Party,
    pub reason: Option<&'a str>,
    /// When the delegation ends by itself.
    pub ends: Option<&'a str>,
    pub has_boundary: bool,
    pub public_url: &'a str,
    pub token: &'a str,
}

impl Invitation<'_> {
    pub fn mail(&self) -> Mail {
        let (account, owner) = (self.account_name, self.owner.text());
        let mut terms = String::new();
        if let Some(reason) = self.reason {
            let _ = writeln!(terms, "Reason: {reason}");
        }
        if let Some(ends) = self.ends {
            let _ = writeln!(terms, "It ends by itself on {ends}.");
        }
        if self.has_boundary {
            terms.push_str("The owner limits what can be done by a boundary policy.\n");
        }
        if !terms.is_empty() {
            terms.push('\n');
        }
        let command = format!(
            "aws chime accept-delegate --endpoint-url {} --invitation-token {}",
            self.public_url, self.token
        );
        let lines = [
            "Hello,".to_owned(),
            format!(
                "{owner} invites your AWS account to administer its Amazon Chime account \"{account}\". Whoever may in \
                 your AWS account then acts on that Chime account, within your own policies; everything is recorded \
                 on both sides, and either side can end it."
            ),
            terms.trim_end().to_owned(),
            "To accept within 7 days, somebody of your AWS account who may call chime:AcceptDelegate runs:"
                .to_owned(),
        ];
        let end = "The token is for you alone and works once. With validate-delegate instead of accept-delegate it \
                   shows what it is for, and changes nothing. If you do not know who invites you, ignore this mail.";
        let mut text = String::new();
        let mut html = String::from("<!DOCTYPE html>\n<html lang=\"en\"><body>\n");
        for line in lines.iter().filter(|line| !line.is_empty()) {
            let _ = write!(text, "{line}\n\n");
            let _ = writeln!(
                html,
                "<p>{}</p>",
                Escaped(line).to_string().replace('\n', "<br>\n")
            );
        }
        let _ = write!(text, "{command}\n\n{end}\n");
        let _ = write!(
            html,
            "<pre>{}</pre>\n<p>{}</p>\n</body></html>\n",
            Escaped(&command),
            Escaped(end)
        );
        Mail {
            to: self.email.to_owned(),
            reply_to: None,
            subject: one_line(&format!(
                "Administer {account} on Amazon Chime, invited by {owner}"
            )),
            text,
            html,
            message_id: message_id("delegation", self.mail_id, self.public_url),
        }
    }
}

/// What both sides are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum News {
    Accepted,
    Ended,
    /// At the time that the owner had set.
    RanOut,
}

/// Tells one address what became of a delegation.
pub(crate) fn news(
    news: News,
    (mail_id, to): (&str, &str),
    account_name: &str,
    (owner, delegate): (&Party, &Party),
    public_url: &str,
) -> Mail {
    let (owner, delegate) = (owner.text(), delegate.text());
    let (subject, what) = match news {
        News::Accepted => (
            format!("{delegate} administers {account_name} on Amazon Chime now"),
            format!(
                "{delegate} accepted the invitation of {owner} and administers its Amazon Chime account \
                 \"{account_name}\" from now on. Either side can end it with aws chime delete-delegate."
            ),
        ),
        News::Ended | News::RanOut => (
            format!("{delegate} no longer administers {account_name} on Amazon Chime"),
            format!(
                "{delegate} no longer administers the Amazon Chime account \"{account_name}\" of {owner}: {}.",
                match news {
                    News::RanOut => "the time that was set has passed",
                    _ => "the delegation was ended",
                }
            ),
        ),
    };
    Mail {
        to: to.to_owned(),
        reply_to: None,
        subject: one_line(&subject),
        text: format!("Hello,\n\n{what}\n"),
        html: format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><body>\n<p>Hello,</p>\n<p>{}</p>\n</body></html>\n",
            Escaped(&what)
        ),
        message_id: message_id("delegation", mail_id, public_url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(name: &str) -> Party {
        Party {
            aws_account_id: "111111111111".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn an_invitation_has_the_command_and_the_terms() {
        let owner = party("Partner <b>");
        let mail = Invitation {
            mail_id: "m",
            email: "ada@example.com",
            account_name: "Pies & \r\nBcc: eve@example.com",
            owner: &owner,
            reason: Some("<script>"),
            ends: Some("2026-12-31T00:00:00Z"),
            has_boundary: true,
            public_url: "https://chime.example.com",
            token: "TOKEN",
        }
        .mail();
        assert!(!mail.subject.contains(['\r', '\n']));
        for part in [
            "aws chime accept-delegate --endpoint-url https://chime.example.com --invitation-token TOKEN\n",
            "Reason: <script>\n",
            "2026-12-31T00:00:00Z",
            "boundary policy",
            "Partner <b> (AWS account 111111111111)",
        ] {
            assert!(mail.text.contains(part), "{part} in {}", mail.text);
        }
        assert!(!mail.html.contains("<script>") && !mail.html.contains("<b>"));
        assert!(mail.html.contains("Reason: &lt;script&gt;<br>"));
    }

    #[test]
    fn news_name_both_sides() {
        for what in [News::Accepted, News::Ended, News::RanOut] {
            let sides = (&party("Partner"), &party(""));
            let mail = news(
                what,
                ("m", "a@example.com"),
                "Pies <b>",
                sides,
                "http://localhost",
            );
            assert!(mail.text.contains("Partner (AWS account 111111111111)"));
            assert!(mail.text.contains("AWS account 111111111111") && mail.text.contains("Pies <b>"));
            assert!(!mail.html.contains("<b>"));
        }
    }
}
