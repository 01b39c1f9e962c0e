//! The way to a mail relay, by SMTP.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use carillon_operation::{BoxFuture, Mail, MailError, MailRelay};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;

/// The longest that one step of the conversation may take.
const STEP: Duration = Duration::from_secs(30);
/// The longest that a whole mail may take.
const WHOLE: Duration = Duration::from_secs(90);
/// Connections to the relay at the same time.
const CONNECTIONS: u32 = 4;

/// A relay that takes mail by SMTP.
pub struct SmtpRelay {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    None,
    StartTls,
    Tls,
}

/// An SMTP URL, read.
#[derive(PartialEq, Eq)]
struct Address {
    security: Security,
    host: String,
    port: u16,
    credentials: Option<(String, String)>,
}

impl SmtpRelay {
    /// A relay at `url`, trusting also the certificate authorities in `ca`, for mail from `from`.
    pub fn new(url: &str, ca: Option<&Path>, from: &str) -> anyhow::Result<Self> {
        let address = Address::parse(url).context("the address of the mail relay (CARILLON_SMTP_URL)")?;
        let from = from
            .parse()
            .with_context(|| format!("the sender of mail `{from}` (CARILLON_MAIL_FROM)"))?;
        let tls = match address.security {
            Security::None => Tls::None,
            Security::StartTls => Tls::Required(tls(&address.host, ca)?),
            Security::Tls => Tls::Wrapper(tls(&address.host, ca)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.host)
            .port(address.port)
            .tls(tls)
            .timeout(Some(STEP))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if let Some((user, password)) = address.credentials {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self {
            from,
            transport: builder.build(),
        })
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let to: Mailbox = mail
            .to
            .parse()
            .map_err(|error| format!("the address `{}`: {error}", mail.to))?;
        let mut message = Message::builder().from(self.from.clone()).to(to);
        if let Some(reply_to) = &mail.reply_to {
            let reply_to: Mailbox = reply_to
                .parse()
                .map_err(|error| format!("the address `{reply_to}`: {error}"))?;
            message = message.reply_to(reply_to);
        }
        message
            .subject(&mail.subject)
            .message_id(Some(mail.message_id.clone()))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(MultiPart::alternative_plain_html(
                mail.text.clone(),
                mail.html.clone(),
            ))
            .map_err(|error| error.to_string())
    }
}

impl MailRelay for SmtpRelay {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            let message = self.message(mail).map_err(MailError::Refused)?;
            match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) if error.is_permanent() => Err(MailError::Refused(chain(&error))),
                Ok(Err(error)) => Err(MailError::Later(chain(&error))),
                Err(_) => Err(MailError::Later("the relay did not answer in time".to_owned())),
            }
        })
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        let next_text = next.to_string();
        // lettre repeats its source in its own message.
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        source = next.source();
    }
    text
}

fn tls(host: &str, ca: Option<&Path>) -> anyhow::Result<TlsParameters> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca {
        let context = || format!("the certificate authorities in {}", path.display());
        let pem = std::fs::read(path).with_context(context)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).with_context(context)?);
    }
    Ok(builder.build()?)
}

impl Address {
    /// Reads `SCHEME://[USER:PASSWORD@]HOST[:PORT]`. No message shows the password.
    fn parse(url: &str) -> anyhow::Result<Self> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| anyhow!("must begin with smtp://, smtp+starttls:// or smtps://"))?;
        let (security, port) = match scheme.to_ascii_lowercase().as_str() {
            "smtp" => (Security::None, 25),
            "smtp+starttls" => (Security::StartTls, 587),
            "smtps" => (Security::Tls, 465),
            _ => bail!("`{scheme}://` is none of smtp://, smtp+starttls:// and smtps://"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials), authority),
            None => (None, rest),
        };
        let (host, port) = match authority.rsplit_once(':') {
            // The colons within brackets are the address's own.
            Some((host, digits)) if !digits.ends_with(']') => {
                let port = digits.parse().ok().filter(|port| *port > 0);
                (host, port.ok_or_else(|| anyhow!("`{digits}` is no port"))?)
            }
            _ => (authority, port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            bail!("`{host}` is no host");
        }
        let credentials = credentials
            .map(|text| {
                let (user, password) = text
                    .split_once(':')
                    .ok_or_else(|| anyhow!("a user without a password"))?;
                Ok::<_, anyhow::Error>((decode(user)?, decode(password)?))
            })
            .transpose()?;
        Ok(Self {
            security,
            host: host.to_owned(),
            port,
            credentials,
        })
    }
}

fn decode(text: &str) -> anyhow::Result<String> {
    Ok(percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| anyhow!("user or password is not UTF-8"))?
        .into_owned())
}

#[cfg(test)]
mod tests {
    use carillon_operation::Mail;

    use super::{Address, Security, SmtpRelay};

    fn parts(url: &str) -> (Security, String, u16, Option<(String, String)>) {
        let address = Address::parse(url).unwrap();
        (address.security, address.host, address.port, address.credentials)
    }

    #[test]
    fn an_address_says_how_to_connect() {
        let plain = (Security::None, "relay.example".to_owned(), 25, None);
        assert_eq!(parts("smtp://relay.example"), plain);
        let credentials = Some(("ada@example.com".to_owned(), "p:a/s@s".to_owned()));
        let encrypted = (Security::StartTls, "relay.example".to_owned(), 2525, credentials);
        assert_eq!(
            parts("smtp+starttls://ada%40example.com:p:a%2Fs%40s@relay.example:2525/"),
            encrypted
        );
        assert_eq!(
            parts("smtps://[::1]"),
            (Security::Tls, "::1".to_owned(), 465, None)
        );
        assert_eq!(parts("SMTPS://[::1]:1").2, 1);
    }

    #[test]
    fn what_is_no_address_is_refused_without_the_password() {
        for url in [
            "",
            "relay.example",
            "http://relay.example",
            "smtp://",
            "smtp://user@relay.example",
            "smtp://relay.example:port",
            "smtp://relay.example:0",
            "smtp://u:hunter2@rel ay",
            "smtp://u:hunter2%ff@relay",
        ] {
            let error = Address::parse(url).map(|_| ()).unwrap_err();
            assert!(!format!("{error:#}").contains("hunter2"), "{url}: {error:#}");
        }
    }

    #[tokio::test]
    async fn a_message_says_what_it_is() {
        let relay = SmtpRelay::new("smtp://relay.example", None, "Chime <chime@carillon.example>").unwrap();
        let message = relay
            .message(&Mail {
                to: "ada@example.com".to_owned(),
                reply_to: Some("ada@example.com".to_owned()),
                subject: "Grüße".to_owned(),
                text: "Hello".to_owned(),
                html: "<p>Hello</p>".to_owned(),
                message_id: "<1@carillon.example>".to_owned(),
            })
            .unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        for line in [
            "From: Chime <chime@carillon.example>\r\n",
            "To: ada@example.com\r\n",
            "Message-ID: <1@carillon.example>\r\n",
            "Reply-To: ada@example.com\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Subject: =?utf-8?b?",
            "Date: ",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(text.contains("text/plain") && text.contains("text/html"));
    }
}
