//! What people are written.

use carillon_operation::Mail;

use crate::html::Escaped;

/// What an invitation says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invitation<'a> {
    pub invite_id: &'a str,
    pub email: &'a str,
    pub account_name: &'a str,
    pub aws_account_id: &'a str,
    pub aws_account_name: &'a str,
    /// The address people reach the server at.
    pub public_url: &'a str,
    pub token: &'a str,
}

impl Invitation<'_> {
    /// The mail: plain text, and the same as HTML.
    pub fn mail(&self) -> Mail {
        let link = format!(
            "{}/invitations/{}?token={}",
            self.public_url, self.invite_id, self.token
        );
        let account = self.account_name;
        let inviter = match self.aws_account_name {
            "" => format!("AWS account {}", self.aws_account_id),
            name => format!("{name} (AWS account {})", self.aws_account_id),
        };
        Mail {
            to: self.email.to_owned(),
            reply_to: None,
            subject: one_line(&format!("Join {account} on Amazon Chime, invited by {inviter}")),
            text: format!(
                "Hello,\n\n\
                 {inviter} invites you to join the Amazon Chime account \"{account}\".\n\n\
                 To accept, open this link within 30 days:\n\n\
                 {link}\n\n\
                 The link is for you alone and works once. If you do not know who invites you, ignore this mail.\n"
            ),
            html: format!(
                "<!DOCTYPE html>\n<html lang=\"en\"><body>\n\
                 <p>Hello,</p>\n\
                 <p>{inviter} invites you to join the Amazon Chime account <strong>{account}</strong>.</p>\n\
                 <p>To accept, open this link within 30 days:</p>\n\
                 <p><a href=\"{link}\">{link}</a></p>\n\
                 <p>The link is for you alone and works once. If you do not know who invites you, ignore this \
                 mail.</p>\n\
                 </body></html>\n",
                inviter = Escaped(&inviter),
                account = Escaped(account),
                link = Escaped(&link),
            ),
            message_id: message_id("invitation", self.invite_id, self.public_url),
        }
    }
}

/// Tells a person that it has a new PIN. The PIN itself is at the portal, behind the password.
pub(crate) fn pin_reset(notice_id: &str, email: &str, account_name: &str, public_url: &str) -> Mail {
    let link = format!("{public_url}/portal");
    Mail {
        to: email.to_owned(),
        reply_to: None,
        subject: one_line("Your personal meeting PIN was reset"),
        text: format!(
            "Hello,\n\n\
             an administrator of the Amazon Chime account \"{account_name}\" gave you a new personal meeting PIN. \
             The old one does not work any more: please update the meetings you scheduled with it.\n\n\
             You find the new PIN on your page:\n\n\
             {link}\n"
        ),
        html: format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><body>\n\
             <p>Hello,</p>\n\
             <p>an administrator of the Amazon Chime account <strong>{}</strong> gave you a new personal meeting \
             PIN. The old one does not work any more: please update the meetings you scheduled with it.</p>\n\
             <p>You find the new PIN on your page:</p>\n\
             <p><a href=\"{link}\">{link}</a></p>\n\
             </body></html>\n",
            Escaped(account_name),
            link = Escaped(&link),
        ),
        message_id: message_id("pin", notice_id, public_url),
    }
}

/// Tells an administrator that an export is ready. Where its file is, only the API says.
pub(crate) fn export_is_ready(
    export_id: &str,
    email: &str,
    account_id: &str,
    account_name: &str,
    attachment_count: i64,
    public_url: &str,
) -> Mail {
    let command =
        format!("aws chime retrieve-data-export --account-id {account_id} --data-export-id {export_id}");
    Mail {
        to: email.to_owned(),
        reply_to: None,
        subject: one_line("Your export of attachments is ready"),
        text: format!(
            "Hello,\n\n\
             the export of attachments that you requested for the Amazon Chime account \"{account_name}\" is ready. \
             It has {attachment_count} attachments.\n\n\
             The file and the links in it are good for 6 days. This command shows where to fetch it:\n\n\
             {command}\n\n\
             Whoever has the file has the attachments: keep it where only you read it.\n"
        ),
        html: format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><body>\n\
             <p>Hello,</p>\n\
             <p>the export of attachments that you requested for the Amazon Chime account <strong>{}</strong> is \
             ready. It has {attachment_count} attachments.</p>\n\
             <p>The file and the links in it are good for 6 days. This command shows where to fetch it:</p>\n\
             <pre>{}</pre>\n\
             <p>Whoever has the file has the attachments: keep it where only you read it.</p>\n\
             </body></html>\n",
            Escaped(account_name),
            Escaped(&command),
        ),
        message_id: message_id("data-export", export_id, public_url),
    }
}

/// The same for each try of one mail.
pub(crate) fn message_id(kind: &str, id: &str, public_url: &str) -> String {
    let host: String = public_url
        .split_once("://")
        .map_or(public_url, |(_, rest)| rest)
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        .collect();
    let host = if host.is_empty() { "localhost" } else { &host };
    format!("<{kind}.{id}@{host}>")
}

/// A header is one line, whatever it is made of, and what looks like an encoded word in it is not read as one: relays
/// send it as it is, and mail programs would decode line breaks and names from it.
pub(crate) fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    line.replace("=?", "= ?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation() -> Invitation<'static> {
        Invitation {
            invite_id: "00000000-0000-4000-8000-000000000001",
            email: "ada@example.com",
            account_name: "Pies & <Sons>",
            aws_account_id: "123456789012",
            aws_account_name: "Bakery",
            public_url: "https://chime.example.com:8443",
            token: "TOKEN",
        }
    }

    #[test]
    fn an_invitation_names_account_and_inviter_and_has_one_link() {
        let mail = invitation().mail();
        let link =
            "https://chime.example.com:8443/invitations/00000000-0000-4000-8000-000000000001?token=TOKEN";
        assert!(mail.subject.contains("Pies & <Sons>") && mail.subject.contains("123456789012"));
        assert!(
            mail.text.contains("Pies & <Sons>") && mail.text.contains("Bakery (AWS account 123456789012)")
        );
        assert_eq!(mail.text.matches("://").count(), 1);
        assert!(mail.text.contains(&format!("\n{link}\n")));
        assert!(mail.html.contains("Pies &amp; &lt;Sons&gt;") && !mail.html.contains("<Sons>"));
        assert!(mail.html.contains(&format!("href=\"{link}\"")));
        assert_eq!(
            mail.message_id,
            "<invitation.00000000-0000-4000-8000-000000000001@chime.example.com>"
        );
    }

    #[test]
    fn a_subject_is_one_line() {
        let mail = Invitation {
            account_name: "Evil\r\nBcc: eve@example.com =?utf-8?q?=0D=0A?=",
            ..invitation()
        }
        .mail();
        assert!(!mail.subject.contains(['\r', '\n']) && !mail.subject.contains("=?"));
    }

    #[test]
    fn the_pin_is_not_in_the_mail() {
        let mail = pin_reset("n", "ada@example.com", "<b>", "http://localhost:8080");
        assert!(mail.text.contains("http://localhost:8080/portal") && mail.subject.contains("PIN"));
        assert!(mail.html.contains("&lt;b&gt;"));
        assert_eq!(mail.message_id, "<pin.n@localhost>");
    }
}
