//! Products that people sign in to.

use carillon_aws::time::Timestamp;
use http::Uri;

use super::key::Algorithm;
use crate::license::License;
use crate::user::UserRow;

/// Characters of an address.
pub(crate) const ADDRESS: usize = 512;
/// Addresses of one kind that a client may have.
pub(crate) const ADDRESSES: usize = 20;
/// Characters of a name.
pub(crate) const NAME: usize = 100;

/// A client as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientRow {
    pub id: String,
    pub name: String,
    /// Absent for programs that cannot keep a secret.
    pub secret_digest: Option<String>,
    pub redirect_uris: Vec<String>,
    pub post_logout_uris: Vec<String>,
    pub back_channel_uri: Option<String>,
    /// The account whose people it is for.
    pub account_id: Option<String>,
    /// The licence that people need, at least.
    pub license: Option<License>,
    /// What its tokens are signed by.
    pub algorithm: Algorithm,
    pub created_at: Timestamp,
}

impl ClientRow {
    /// Whether the client is for this person. Whoever has no licence is let in nowhere.
    pub fn admits(&self, user: &UserRow) -> bool {
        let is_of_account = self.account_id.is_none() || self.account_id == user.account_id;
        let needed = self.license.map_or(0, rank);
        is_of_account && user.license.is_some_and(|license| rank(license) >= needed)
    }

    /// Whether codes may be sent there: character by character, or it could be anywhere.
    pub fn may_redirect_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered == uri)
    }
}

/// How much a licence is.
fn rank(license: License) -> u8 {
    match license {
        License::Basic => 0,
        License::Plus => 1,
        License::Pro | License::ProTrial => 2,
    }
}

/// That a browser can be sent to the address without danger: by HTTPS, to a program on the person's own machine, or to
/// an app under a scheme that is a domain turned around.
///
/// Sources: RFC 6749, section 3.1.2; RFC 8252, section 7.
pub(crate) fn check_redirect(uri: &str, is_public: bool) -> Result<(), &'static str> {
    let scheme = check_address(uri)?;
    match scheme.as_str() {
        "https" => Ok(()),
        "http" if is_loopback(uri) => Ok(()),
        "http" => Err("must be https, except on localhost, 127.0.0.1 or [::1]"),
        _ if is_public && scheme.contains('.') => Ok(()),
        _ => Err(
            "must be https; a public client may also have a scheme of its own, such as com.example.app:/path",
        ),
    }
}

/// That logout tokens can be posted to the address.
pub(crate) fn check_back_channel(uri: &str) -> Result<(), &'static str> {
    match check_address(uri)?.as_str() {
        "https" => Ok(()),
        _ => Err("must be https"),
    }
}

/// The scheme of an address that is fit for a header.
fn check_address(uri: &str) -> Result<String, &'static str> {
    if uri.len() > ADDRESS {
        return Err("must not be longer than 512 characters");
    }
    if !uri.bytes().all(|byte| (0x21..0x7f).contains(&byte)) || uri.contains(['"', '<', '>', '\\', '#']) {
        return Err("must be an address in ASCII, without a fragment");
    }
    let (scheme, rest) = uri.split_once(':').ok_or("must be a whole address")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    if !is_scheme || rest.is_empty() {
        return Err("must be a whole address, its scheme in lower case");
    }
    if matches!(scheme, "http" | "https") {
        let parsed: Uri = uri.parse().map_err(|_| "must be an address")?;
        let authority = parsed.authority().ok_or("must name a host")?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err("must name a host, and no user");
        }
    }
    Ok(scheme.to_owned())
}

fn is_loopback(uri: &str) -> bool {
    uri.parse::<Uri>()
        .is_ok_and(|uri| matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::user::RegistrationStatus;
    use crate::user::tests::user;

    fn client() -> ClientRow {
        ClientRow {
            id: "c".to_owned(),
            name: "Wiki".to_owned(),
            secret_digest: None,
            redirect_uris: vec!["https://wiki.example.com/callback".to_owned()],
            post_logout_uris: Vec::new(),
            back_channel_uri: None,
            account_id: None,
            license: None,
            algorithm: Algorithm::ES256,
            created_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn the_account_and_the_licence_decide() {
        let mut ada = user(Some("a"), RegistrationStatus::Registered);
        ada.license = Some(License::Basic);
        let mut client = client();
        assert!(client.admits(&ada));
        client.license = Some(License::Pro);
        assert!(!client.admits(&ada));
        for license in [License::Pro, License::ProTrial] {
            ada.license = Some(license);
            assert!(client.admits(&ada), "{license}");
        }
        client.account_id = Some("b".to_owned());
        assert!(!client.admits(&ada), "of another account");
        client.account_id = ada.account_id.clone();
        assert!(client.admits(&ada));
        client.license = None;
        ada.license = None;
        assert!(!client.admits(&ada), "without a licence nowhere");
    }

    #[test]
    fn addresses_agree_wholly_or_not_at_all() {
        let client = client();
        assert!(client.may_redirect_to("https://wiki.example.com/callback"));
        for other in [
            "https://wiki.example.com/callback/",
            "https://wiki.example.com/callback?a=b",
            "https://wiki.example.com/CALLBACK",
            "https://wiki.example.com:443/callback",
            "https://wiki.example.com/callback#",
            "https://wiki.example.com/callback/../evil",
            "",
        ] {
            assert!(!client.may_redirect_to(other), "{other}");
        }
    }

    #[test]
    fn addresses_that_may_be_registered() {
        for good in [
            "https://wiki.example.com/callback?kind=a",
            "http://localhost:8080/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:7/cb",
        ] {
            assert_eq!(check_redirect(good, false), Ok(()), "{good}");
        }
        assert_eq!(check_redirect("com.example.app:/cb", true), Ok(()));
        for bad in [
            "com.example.app:/cb",
            "http://wiki.example.com/cb",
            "http://localhost.example.com/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https:",
            "https:///cb",
            "https://user@example.com/",
            "https://example.com/#fragment",
            "https://example.com/a b",
            "https://exämple.com/",
            "https://example.com/\r\nSet-Cookie:a=b",
            "HTTPS://example.com/",
            "//example.com/",
            "",
        ] {
            assert!(check_redirect(bad, false).is_err(), "{bad}");
        }
        assert!(check_redirect("javascript:alert(1)", true).is_err());
        assert!(check_back_channel("http://localhost/out").is_err());
        assert!(check_back_channel("https://wiki.example.com/out").is_ok());
    }

    proptest! {
        #[test]
        fn whatever_may_be_registered_is_fit_for_a_header(uri in "(https://|com\\.a:)?\\PC{0,60}") {
            if check_redirect(&uri, true).is_ok() {
                prop_assert!(http::HeaderValue::from_str(&uri).is_ok());
                prop_assert!(!uri.contains(['#', '"', '\n']));
            }
        }
    }
}
