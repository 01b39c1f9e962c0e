//! Tokens of identity providers: what they say, and whether it is so.
//!
//! Sources: OpenID Connect Core 1.0, section 3.1.3.7; OpenID Connect Discovery 1.0; RFC 7517; IAM User Guide, "Available
//! keys for AWS OIDC federation", "Pass session tags in AWS STS".

use std::collections::BTreeMap;

use carillon_aws::time::Timestamp;
use carillon_operation::{Documents, Fault, Unavailable, Wanted, WebIdentity};
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Header, Validation, decode};
use serde::Deserialize;
use serde_json::Value;

use super::{ProviderRow, jose};

/// Seconds that the provider's clock may be ahead of ours.
const SKEW: i64 = 300;
/// Keys of one provider that are looked at.
const KEYS: usize = 100;
/// Characters of an issuer that are shown in a message.
const SHOWN: usize = 255;

/// What a token says, proven or not.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    sub: Option<String>,
    aud: Option<Several>,
    azp: Option<String>,
    #[serde(default)]
    amr: Several,
    email: Option<String>,
    exp: Option<f64>,
    iat: Option<f64>,
    nbf: Option<f64>,
    #[serde(rename = "https://aws.amazon.com/tags")]
    tags: Option<Tags>,
    #[serde(rename = "https://aws.amazon.com/source_identity")]
    source_identity: Option<String>,
}

/// One text, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Several {
    One(String),
    Many(Vec<String>),
}

impl Default for Several {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Several {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// Tags that the provider gives the session. Each has a list of one value.
#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    principal_tags: BTreeMap<String, Several>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
}

/// Where a provider has its keys.
#[derive(Debug, Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

/// A token that is well-formed. Nothing in it is proven yet.
pub(crate) struct Unproven<'a> {
    text: &'a str,
    header: Header,
    claims: Claims,
}

impl<'a> Unproven<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    ///
    /// `InvalidIdentityToken`.
    pub fn read(text: &'a str) -> Result<Self, Fault> {
        let data = insecure_decode::<Claims>(text).map_err(|_| {
            invalid(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
            )
        })?;
        Ok(Self {
            text,
            header: data.header,
            claims: data.claims,
        })
    }

    /// Who claims to have made it.
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// The refusal of a token whose issuer is no provider of the AWS account.
    pub fn of_nobody(&self) -> Fault {
        let issuer: String = self.claims.iss.chars().take(SHOWN).collect();
        invalid(format!(
            "No OpenIDConnect provider found in your account for {issuer}"
        ))
    }

    /// Proves the token, and says whom it is about.
    ///
    /// What costs nothing is checked first, so that strangers do not make us ask the provider.
    ///
    /// # Errors
    ///
    /// `InvalidIdentityToken`, `ExpiredTokenException`, `IDPCommunicationError`.
    pub async fn prove(
        self,
        provider: &ProviderRow,
        provider_arn: String,
        documents: &dyn Documents,
        now: Timestamp,
    ) -> Result<WebIdentity, Fault> {
        self.check_times(now)?;
        let subject = self.claims.sub.clone().filter(|subject| !subject.is_empty());
        let subject = subject.ok_or_else(|| invalid("Missing a required claim: sub"))?;
        let audience = self.audience(provider)?.to_owned();
        self.check_signature(provider, documents).await?;
        let claims = self.keys(&provider.name, &audience, &subject);
        let tags = self.claims.tags.unwrap_or_default();
        let mut session_tags = Vec::with_capacity(tags.principal_tags.len());
        for (key, values) in tags.principal_tags {
            match values.as_slice() {
                [value] => session_tags.push((key, value.clone())),
                _ => {
                    return Err(invalid(
                        "A session tag of the ID Token must have exactly one value",
                    ));
                }
            }
        }
        Ok(WebIdentity {
            provider: provider_arn,
            issuer: self.claims.iss,
            subject,
            audience,
            claims,
            tags: session_tags,
            transitive_tag_keys: tags.transitive_tag_keys,
            source_identity: self.claims.source_identity,
            saml: None,
        })
    }

    fn check_times(&self, now: Timestamp) -> Result<(), Fault> {
        let now = now.as_seconds() as f64;
        let ahead = now + SKEW as f64;
        let expires = self
            .claims
            .exp
            .ok_or_else(|| invalid("Missing a required claim: exp"))?;
        let issued = self
            .claims
            .iat
            .ok_or_else(|| invalid("Missing a required claim: iat"))?;
        if expires <= now {
            return Err(Fault::refused(
                400,
                "ExpiredTokenException",
                format!(
                    "Token expired: current date/time {now} must be before the expiration date/time {expires}"
                ),
            ));
        }
        if issued > ahead || self.claims.nbf.is_some_and(|begins| begins > ahead) {
            return Err(invalid("The ID Token provided is not valid yet"));
        }
        Ok(())
    }

    /// The application that the token was made for: `azp` if it says so, else the first one known of `aud`.
    fn audience(&self, provider: &ProviderRow) -> Result<&str, Fault> {
        let audiences = self
            .claims
            .aud
            .as_ref()
            .map(Several::as_slice)
            .unwrap_or_default();
        if audiences.is_empty() {
            return Err(invalid("Missing a required claim: aud"));
        }
        let is_known = |name: &&String| provider.client_ids.contains(name);
        let audience = match &self.claims.azp {
            Some(party) => Some(party).filter(is_known),
            None => audiences.iter().find(is_known),
        };
        audience
            .map(String::as_str)
            .ok_or_else(|| invalid("Incorrect token audience"))
    }

    /// What conditions can ask for.
    fn keys(&self, provider: &str, audience: &str, subject: &str) -> Vec<(String, Vec<String>)> {
        let mut keys = vec![
            ("aud", vec![audience.to_owned()]),
            ("sub", vec![subject.to_owned()]),
        ];
        if let (Some(_), Some(audiences)) = (&self.claims.azp, &self.claims.aud) {
            keys.push(("oaud", audiences.as_slice().to_vec()));
        }
        if let Some(email) = &self.claims.email {
            keys.push(("email", vec![email.clone()]));
        }
        let methods = self.claims.amr.as_slice();
        if !methods.is_empty() {
            keys.push(("amr", methods.to_vec()));
        }
        keys.into_iter()
            .map(|(key, values)| (format!("{}:{key}", provider.to_lowercase()), values))
            .collect()
    }

    async fn check_signature(&self, provider: &ProviderRow, documents: &dyn Documents) -> Result<(), Fault> {
        if !jose::ALGORITHMS.contains(&self.header.alg) {
            return Err(unverified());
        }
        let key = match self.key(provider, documents, false).await? {
            Some(key) => key,
            // The provider may have new keys.
            None => match self.key(provider, documents, true).await? {
                Some(key) => key,
                None => return Err(unverified()),
            },
        };
        jose::install();
        let mut validation = Validation::new(self.header.alg);
        // What it says is checked above, against the time of the request.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        decode::<Value>(self.text, &key, &validation).map_err(|_| unverified())?;
        Ok(())
    }

    /// The key that the token names, or the only one that there is.
    async fn key(
        &self,
        provider: &ProviderRow,
        documents: &dyn Documents,
        afresh: bool,
    ) -> Result<Option<DecodingKey>, Fault> {
        let issuer = provider.issuer();
        let fetch = |url: String, afresh| async move {
            let wanted = Wanted {
                url: &url,
                thumbprints: &provider.thumbprints,
                afresh,
            };
            documents
                .fetch(wanted)
                .await
                .map_err(|error| unreachable(&url, &error))
        };
        let address = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let text = fetch(address, false).await?;
        let configuration: Configuration = serde_json::from_slice(&text).map_err(|_| unverified())?;
        if configuration.issuer != issuer || !configuration.jwks_uri.starts_with("https://") {
            return Err(unverified());
        }
        let text = fetch(configuration.jwks_uri, afresh).await?;
        let set: Value = serde_json::from_slice(&text).map_err(|_| unverified())?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or_else(unverified)?;
        // A key that nobody understands is no reason not to use the others.
        let usable: Vec<Jwk> = keys
            .iter()
            .take(KEYS)
            .filter_map(|key| serde_json::from_value(key.clone()).ok())
            .filter(|key| self.may_be_signed_by(key))
            .collect();
        let found = match (&self.header.kid, usable.as_slice()) {
            (Some(_), [key, ..]) | (None, [key]) => key,
            _ => return Ok(None),
        };
        Ok(DecodingKey::from_jwk(found).ok())
    }

    fn may_be_signed_by(&self, key: &Jwk) -> bool {
        let common = &key.common;
        let is_named = self.header.kid.is_none() || common.key_id == self.header.kid;
        let signs = common
            .public_key_use
            .as_ref()
            .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let algorithm = format!("{:?}", self.header.alg);
        let fits = common
            .key_algorithm
            .is_none_or(|known| known.to_string() == algorithm);
        is_named && signs && fits
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::refused(400, "InvalidIdentityToken", message)
}

fn unverified() -> Fault {
    invalid(
        "Couldn't retrieve verification key from your identity provider, please reference \
         AssumeRoleWithWebIdentity documentation for requirements",
    )
}

fn unreachable(url: &str, error: &Unavailable) -> Fault {
    tracing::warn!(url, %error, "an identity provider could not be asked");
    Fault::refused(
        400,
        "IDPCommunicationError",
        "The identity provider (IdP) could not be reached to verify the incoming identity token",
    )
}
