//! What a product was given: a code, and then one refresh token after the other.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::id::token;
use carillon_aws::secret::Secret;
use carillon_aws::time::{Entropy, Timestamp};
use sha2::{Digest, Sha256};

use crate::session::digest;

/// A code that is not redeemed by then is worth nothing.
pub(crate) const CODE: Duration = Duration::from_secs(60);
/// Tokens that others check without asking us are believed this long, whatever happens meanwhile.
pub(crate) const TOKEN: Duration = Duration::from_secs(5 * 60);
/// Grants of one client in one session; the oldest makes room.
pub(crate) const MOST: usize = 20;
/// What people may let a product see. Licence, account and its settings come with every one.
pub(crate) const SCOPES: [&str; 4] = ["openid", "email", "profile", "offline_access"];

carillon_aws::string_enum! {
    /// Where a grant stands.
    pub enum Status {
        /// For its code.
        Waiting,
        Live,
        /// Revoked, or used as it must not be. It stays, so that the product is told when the session ends.
        Ended,
    }
}

/// A grant as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantRow {
    pub id: String,
    pub client_id: String,
    pub session_id: String,
    pub user_id: String,
    /// Words with blanks between them.
    pub scope: String,
    pub nonce: Option<String>,
    pub redirect_uri: String,
    pub challenge: String,
    pub code_expires_at: Timestamp,
    pub status: Status,
    pub family: String,
    pub refresh_digest: Option<String>,
    pub created_at: Timestamp,
}

impl GrantRow {
    /// Whether whoever redeems the code is who asked for it.
    ///
    /// Source: RFC 7636, section 4.6, method S256.
    pub fn is_asked_by(&self, verifier: &str) -> bool {
        is_verifier(verifier) && challenge_of(verifier) == self.challenge
    }

    /// Whether this is the refresh token that is good.
    pub fn is_current(&self, refresh_token: &str) -> bool {
        self.status == Status::Live && self.refresh_digest.as_deref() == Some(&digest(refresh_token))
    }

    /// The next refresh token. The ones before are good no longer.
    pub fn renew(&mut self, entropy: &dyn Entropy) -> Secret<String> {
        let next = Secret::new(format!("{}.{}", self.family, token(entropy).expose()));
        self.status = Status::Live;
        self.refresh_digest = Some(digest(next.expose()));
        next
    }

    /// Makes everything that came of the grant worthless.
    pub fn end(&mut self) {
        self.status = Status::Ended;
        self.refresh_digest = None;
    }
}

/// What a refresh token begins with.
pub(crate) fn family_of(refresh_token: &str) -> Option<&str> {
    let (family, _) = refresh_token.split_once('.')?;
    (refresh_token.len() <= 200).then_some(family)
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn challenge_of(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Whether a text can be a challenge of the method S256.
pub(crate) fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .is_ok_and(|bytes| bytes.len() == 32)
}

/// The known scopes among those asked for, each once, or nothing if it is no question of OpenID Connect.
pub(crate) fn scope(asked: &str) -> Option<String> {
    let asked: Vec<&str> = asked.split(' ').collect();
    let known: Vec<&str> = SCOPES.into_iter().filter(|scope| asked.contains(scope)).collect();
    known.contains(&"openid").then(|| known.join(" "))
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::TestEntropy;

    use super::*;

    fn grant() -> GrantRow {
        GrantRow {
            id: "g".to_owned(),
            client_id: "c".to_owned(),
            session_id: "s".to_owned(),
            user_id: "u".to_owned(),
            scope: "openid".to_owned(),
            nonce: None,
            redirect_uri: "https://a.example/".to_owned(),
            // RFC 7636, appendix B.
            challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            code_expires_at: Timestamp::EPOCH,
            status: Status::Waiting,
            family: "family".to_owned(),
            refresh_digest: None,
            created_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn the_code_is_for_whoever_asked() {
        assert!(grant().is_asked_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        for other in [
            "",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk=",
            &"a".repeat(43),
        ] {
            assert!(!grant().is_asked_by(other), "{other}");
        }
        assert!(is_challenge(&grant().challenge));
        let long = "a".repeat(44);
        for bad in ["", "short", &long, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"] {
            assert!(!is_challenge(bad), "{bad}");
        }
    }

    #[test]
    fn one_refresh_token_is_good_at_a_time() {
        let (mut grant, entropy) = (grant(), TestEntropy::seeded(1));
        let first = grant.renew(&entropy);
        assert!(grant.is_current(first.expose()));
        let second = grant.renew(&entropy);
        assert!(!grant.is_current(first.expose()) && grant.is_current(second.expose()));
        assert_eq!(family_of(second.expose()), Some("family"));
        grant.end();
        assert!(!grant.is_current(second.expose()));
    }

    #[test]
    fn scopes_are_those_known() {
        assert_eq!(
            scope("profile openid openid phone"),
            Some("openid profile".to_owned())
        );
        assert_eq!(scope("email"), None);
        assert_eq!(scope(""), None);
    }
}
