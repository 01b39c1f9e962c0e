//! What the operator is written, and whoever is to be answered.

use std::fmt::Write as _;

use carillon_operation::Mail;

use super::SupportRow;
use crate::html::Escaped;
use crate::user::mail::{message_id, one_line};

/// A request as its mails have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice<'a> {
    pub request: &'a SupportRow,
    /// What is known of who asks and of the account, one a line. Nothing of it was written by the caller for this.
    pub facts: &'a [(&'static str, String)],
    pub public_url: &'a str,
}

impl Notice<'_> {
    /// To the operator, who answers the contact.
    pub fn to_operator(self, address: &str) -> Mail {
        Mail {
            reply_to: Some(self.request.contact_email.clone()),
            ..self.mail("support", address, self.facts, "")
        }
    }

    /// The copy for the contact, which may be anybody: it says what was asked, and nothing that the server knows.
    pub fn to_contact(self) -> Mail {
        let intro = "This is a copy of a request for support in which you are named as the contact. If you do not \
                     know of it, ignore this mail.\n\n";
        self.mail("support-copy", &self.request.contact_email, &[], intro)
    }

    fn mail(&self, kind: &str, to: &str, facts: &[(&'static str, String)], intro: &str) -> Mail {
        let request = self.request;
        let mut text = intro.to_owned();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{name}: {}", one_line(value));
        };
        line("Request", &request.id);
        line("Severity", request.severity.as_str());
        line("Submitted", &request.submitted_at.iso_seconds());
        for (name, value) in facts {
            line(name, value);
        }
        line("Contact", &request.contact_email);
        if let Some(at) = request.occurred_at {
            line("Occurred", &at.iso_seconds());
        }
        for (name, value) in [
            ("Client version", &request.client_version),
            ("Log reference", &request.log_reference_id),
            ("Meeting", &request.meeting_id),
        ] {
            if let Some(value) = value {
                line(name, value);
            }
        }
        line("Subject", &request.subject);
        let _ = write!(text, "\n{}\n", request.description);
        Mail {
            to: to.to_owned(),
            reply_to: None,
            subject: one_line(&format!("[Support, {}] {}", request.severity, request.subject)),
            html: format!(
                "<!DOCTYPE html>\n<html lang=\"en\"><body>\n<pre style=\"white-space: pre-wrap\">{}</pre>\n\
                 </body></html>\n",
                Escaped(&text)
            ),
            text,
            message_id: message_id(kind, &request.id, self.public_url),
        }
    }
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::Timestamp;

    use super::*;
    use crate::support::{SupportRequestStatus, SupportSeverity};

    #[test]
    fn what_the_caller_wrote_stays_in_its_place() {
        let request = SupportRow {
            id: "r".to_owned(),
            aws_account_id: "111111111111".parse().unwrap(),
            account_id: None,
            status: SupportRequestStatus::Submitted,
            severity: SupportSeverity::Urgent,
            subject: "Help\r\nBcc: eve@example.com".to_owned(),
            description: "<script>\nSeverity: Low".to_owned(),
            contact_email: "ada@example.com".to_owned(),
            occurred_at: None,
            client_version: Some("1\nCaller: root".to_owned()),
            log_reference_id: None,
            meeting_id: None,
            submitted_at: Timestamp::EPOCH,
            submitted_by: "arn:aws:iam::111111111111:user/ada".to_owned(),
        };
        let facts = [("Caller", request.submitted_by.clone())];
        let notice = Notice {
            request: &request,
            facts: &facts,
            public_url: "https://chime.example.com",
        };
        let mail = notice.to_operator("help@example.com");
        assert!(!mail.subject.contains(['\r', '\n']) && mail.subject.starts_with("[Support, Urgent] Help"));
        assert_eq!(mail.reply_to.as_deref(), Some("ada@example.com"));
        let (head, body) = mail.text.split_once("\n\n").unwrap();
        assert_eq!(head.matches("\nCaller: ").count(), 1);
        assert!(!head.contains("\nBcc") && body.contains("<script>"));
        assert!(!mail.html.contains("<script>"));
        let copy = notice.to_contact();
        assert!(copy.reply_to.is_none() && !copy.text.contains("user/ada"));
        assert_ne!(copy.message_id, mail.message_id);
    }
}
