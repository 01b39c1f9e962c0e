//! Addresses on this server that are good for whoever has them, until they end.

use carillon_aws::query;
use carillon_aws::time::Timestamp;
use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::vault::Vault;

/// What codes in links are for.
const PURPOSE: &str = "link";
/// The one method that links are for.
const METHOD: &str = "GET";

/// An address that lets anybody fetch something.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Letters, digits and what needs no escape in a path.
    pub path: &'a str,
    /// What the file is called on the other side.
    pub file_name: &'a str,
    /// Counted in whole seconds.
    pub expires_at: Timestamp,
}

/// What a link says that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub file_name: String,
}

impl Link<'_> {
    /// The address, below the one that people reach the server at.
    pub fn url(&self, vault: &Vault, public_url: &str) -> String {
        let expires = self.expires_at.as_seconds();
        let message = message(self.path, expires, self.file_name);
        format!(
            "{public_url}{path}?expires={expires}&name={name}&signature={signature}",
            path = self.path,
            name = utf8_percent_encode(self.file_name, NON_ALPHANUMERIC),
            signature = hex::encode(vault.authenticate(PURPOSE, message.as_bytes())),
        )
    }
}

impl Opened {
    /// Reads the link of a request; nothing if it was altered, is not complete, or has ended.
    pub fn read(parts: &Parts, vault: &Vault, now: Timestamp) -> Option<Self> {
        if parts.method.as_str() != METHOD {
            return None;
        }
        let mut query = query::parse_query_string(parts.uri.query()?).ok()?;
        let mut take = |name| match query.remove(name) {
            Some(serde_json::Value::String(text)) => Some(text),
            _ => None,
        };
        let (expires, file_name, signature) = (take("expires")?, take("name")?, take("signature")?);
        let expires: i64 = expires.parse().ok()?;
        let code = hex::decode(signature).ok()?;
        let message = message(parts.uri.path(), expires, &file_name);
        let is_good =
            vault.is_authentic(PURPOSE, message.as_bytes(), &code) && now < Timestamp::from_seconds(expires);
        is_good.then_some(Self { file_name })
    }
}

/// What is signed. A path and a number have no line ends, so it is read in one way only.
fn message(path: &str, expires: i64, file_name: &str) -> String {
    format!("{METHOD}\n{path}\n{expires}\n{file_name}")
}

#[cfg(test)]
mod tests {
    use http::{Method, Request};

    use super::*;

    fn parts(method: Method, url: &str) -> Parts {
        let uri = url.strip_prefix("https://chime.example.com").unwrap();
        let (parts, ()) = Request::builder()
            .method(method)
            .uri(uri)
            .body(())
            .unwrap()
            .into_parts();
        parts
    }

    #[test]
    fn a_link_is_good_until_it_ends_and_only_as_it_was_made() {
        let vault = Vault::new(&[7; 32]);
        let url = Link {
            path: "/objects/uploads/a/1",
            file_name: "Größe & more.pdf",
            expires_at: Timestamp::from_seconds(1_000),
        }
        .url(&vault, "https://chime.example.com");
        let read =
            |method, url: &str, at| Opened::read(&parts(method, url), &vault, Timestamp::from_seconds(at));

        let opened = read(Method::GET, &url, 999).expect("it is good");
        assert_eq!(opened.file_name, "Größe & more.pdf");
        assert_eq!(read(Method::GET, &url, 1_000), None, "it has ended");
        assert_eq!(read(Method::DELETE, &url, 999), None);
        for (from, to) in [
            ("/a/1", "/b/1"),
            ("/a/1", "/a/2"),
            ("expires=1000", "expires=9000"),
            ("more", "less"),
            ("signature=", "signature=00"),
            ("&name=", "&naem="),
            ("&signature=", "&signature=aa&signature="),
        ] {
            let altered = url.replace(from, to);
            assert_ne!(altered, url);
            assert_eq!(read(Method::GET, &altered, 999), None, "{altered}");
        }
        let end = url.len() - 1;
        assert_eq!(read(Method::GET, &url[..end], 999), None);
        assert_eq!(
            read(Method::GET, "https://chime.example.com/objects/uploads/a/1", 999),
            None
        );
        let other = Vault::new(&[8; 32]);
        let at = Timestamp::from_seconds(999);
        assert_eq!(Opened::read(&parts(Method::GET, &url), &other, at), None);
    }
}
