//! Temporary credentials, and who one is.

pub(crate) mod assume_role;
pub(crate) mod decode;
pub(crate) mod federation_token;
pub(crate) mod identity;
mod role_session;
pub(crate) mod saml;
pub(crate) mod session_token;
mod vouched;
pub(crate) mod web_identity;

use std::time::Duration;

use carillon_aws::id::{AccessKeyKind, AwsAccountId, access_key_id, secret_access_key};
use carillon_aws::secret::Secret;
use carillon_aws::string_type;
use carillon_aws::time::{Entropy, IsoSeconds, Timestamp};
use carillon_operation::{Fault, SecondFactor, Vault};
use schemars::JsonSchema;
use serde::Serialize;

use crate::console::ConsoleCredentials;
use crate::error::Error;
use crate::session::SessionToken;

string_type! {
    /// What signs requests.
    pub SecretAccessKey, sensitive
}

string_type! {
    /// What requests signed with temporary credentials carry beside the signature.
    pub SessionTokenText, sensitive
}

string_type! {
    /// The serial number of a second factor.
    pub SerialNumber, min: 9, max: 256, pattern: r"[\w+=/:,.@-]*", example: "arn:aws:iam::123456789012:mfa/ada"
}

string_type! {
    /// What the second factor shows.
    pub TokenCode, min: 6, max: 6, pattern: r"[\d]*", example: "123456", sensitive
}

/// Temporary credentials.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Credentials {
    access_key_id: String,
    secret_access_key: SecretAccessKey,
    session_token: SessionTokenText,
    expiration: IsoSeconds,
}

/// A session to be: whose it is, for how long, and what limits it.
#[derive(Debug)]
struct NewSession {
    aws_account_id: AwsAccountId,
    owner_id: String,
    /// Of sessions of roles.
    role_session_name: Option<String>,
    /// Of sessions of `GetFederationToken`. Those that have neither name are those of `GetSessionToken`.
    federated_user_name: Option<String>,
    /// Of somebody who signed in to the console, who may do all that the user may.
    of_console: bool,
    /// In seconds.
    duration: i64,
    /// When its owner last showed a second factor, if it did for this session.
    multi_factor_at: Option<Timestamp>,
    source_identity: Option<String>,
    federated_provider: Option<String>,
    policy: Option<String>,
    policy_arns: Vec<String>,
    tags: Vec<(String, String)>,
    transitive_tag_keys: Vec<String>,
}

impl NewSession {
    /// A session of `owner_id`, limited by nothing but its duration, in seconds.
    fn of(aws_account_id: AwsAccountId, owner_id: String, duration: i64) -> Self {
        Self {
            aws_account_id,
            owner_id,
            role_session_name: None,
            federated_user_name: None,
            of_console: false,
            duration,
            multi_factor_at: None,
            source_identity: None,
            federated_provider: None,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
        }
    }

    /// Draws its key and seals its token. Nothing is stored: the token says it all.
    fn begin(self, vault: &Vault, entropy: &dyn Entropy, now: Timestamp) -> Result<Credentials, Error> {
        let access_key_id = access_key_id(AccessKeyKind::Temporary, self.aws_account_id, entropy);
        let secret = secret_access_key(entropy);
        let expires_at = Timestamp::from_seconds(now.as_seconds().saturating_add(self.duration));
        let token = SessionToken {
            aws_account_id: self.aws_account_id,
            owner_id: self.owner_id,
            of_get_session_token: self.role_session_name.is_none()
                && self.federated_user_name.is_none()
                && !self.of_console,
            role_session_name: self.role_session_name,
            federated_user_name: self.federated_user_name,
            secret_access_key: secret.expose().clone(),
            issued_at: now,
            expires_at,
            multi_factor_at: self.multi_factor_at,
            source_identity: self.source_identity,
            federated_provider: self.federated_provider,
            policy: self.policy,
            policy_arns: self.policy_arns,
            tags: self.tags,
            transitive_tag_keys: self.transitive_tag_keys,
        }
        .seal(vault, entropy, &access_key_id);
        let unconstrained = |error| Error::Fault(carillon_operation::Fault::internal(error));
        Ok(Credentials {
            access_key_id,
            secret_access_key: secret.expose().parse().map_err(unconstrained)?,
            session_token: token.parse().map_err(unconstrained)?,
            expiration: IsoSeconds(expires_at),
        })
    }
}

/// Credentials of a user, or root, who signed in to the console: `(account, user)`, and how long they are good for and
/// when a second factor was shown.
pub(crate) fn console_credentials(
    (aws_account_id, owner_id): (AwsAccountId, &str),
    (lasting, multi_factor_at): (Duration, Option<Timestamp>),
    vault: &Vault,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<ConsoleCredentials, Error> {
    let duration = i64::try_from(lasting.as_secs()).unwrap_or(i64::MAX);
    let session = NewSession {
        of_console: true,
        multi_factor_at,
        ..NewSession::of(aws_account_id, owner_id.to_owned(), duration)
    };
    let credentials = session.begin(vault, entropy, now)?;
    Ok(ConsoleCredentials {
        access_key_id: credentials.access_key_id,
        session_token: credentials.session_token.to_string(),
    })
}

/// The second factor of a request, if it has one.
fn second_factor(
    serial_number: Option<&SerialNumber>,
    code: Option<&TokenCode>,
) -> Result<Option<SecondFactor>, Fault> {
    match (serial_number, code) {
        (None, None) => Ok(None),
        (Some(serial_number), Some(code)) => Ok(Some(SecondFactor {
            serial_number: serial_number.to_string(),
            code: Secret::new(code.to_string()),
        })),
        _ => Err(Fault::denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        )),
    }
}
