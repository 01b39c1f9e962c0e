//! Sessions of roles for those whom an identity provider vouches for by SAML.

mod claims;

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Listed;
use carillon_aws::string_type;
use carillon_aws::time::Timestamp;
use carillon_operation::{
    Admission, Asks, Caller, Context, Fault, Introduction, Operation, SamlSubject, Settings, Spec, Target,
    Unknown, WebIdentity, Write,
};
use carillon_saml::{Assertion, Expected, Refusal, Response};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assume_role::SourceIdentity;
use super::role_session::{
    self, AssumedRoleUser, NewRoleSession, PolicyDescriptorType, RoleSession, RoleSessionName,
    SessionDuration, SessionPolicies, SessionPolicyDocument,
};
use super::{Credentials, vouched};
use crate::error::Error;
use crate::name::Arn;
use crate::saml_provider::{self, SamlProviderRow};

string_type! {
    /// What an identity provider answers when somebody signed in there, in base64.
    pub SAMLAssertion, min: 4, max: 100_000, sensitive
}

/// Gives temporary credentials of a role to somebody whom an identity provider vouches for. The request is not signed:
/// the provider's response proves who asks, and the role's trust policy names the provider.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumeRoleWithSAML {
    role_arn: Arn,
    /// The provider.
    principal_arn: Arn,
    #[serde(rename = "SAMLAssertion")]
    response: SAMLAssertion,
    #[serde(default)]
    policy_arns: Listed<PolicyDescriptorType, 0, 10>,
    policy: Option<SessionPolicyDocument>,
    duration_seconds: Option<SessionDuration>,
}

/// The credentials, who signs with them, and who vouched for whom.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SAMLOutput {
    credentials: Credentials,
    assumed_role_user: AssumedRoleUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<usize>,
    subject: String,
    subject_type: String,
    issuer: String,
    /// Where the assertion was to be sent.
    audience: String,
    /// With the subject it names one person among those of all providers.
    name_qualifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
}

/// What begins the names of the attributes that are for AWS.
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";
/// Before the names of formats that are told without it.
const FORMATS: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// Where browsers bring assertions for AWS, whose form providers are set up for already.
const SIGN_IN: [&str; 2] = [
    "https://signin.aws.amazon.com/saml",
    "https://us-east-1.signin.aws.amazon.com/saml",
];

impl Operation for AssumeRoleWithSAML {
    const SPEC: Spec = Spec::named("sts:AssumeRoleWithSAML").admission(Admission::Introduced);

    type Access = Write;
    type Output = SAMLOutput;
    type Error = Error;

    async fn introduce(&self, by: &Introduction<'_>) -> Result<Caller, Unknown> {
        let (account, _) = role_session::named(&self.role_arn)?;
        let heard = |fault| Unknown {
            fault,
            aws_account_id: Some(account),
        };
        let response =
            Response::decode(self.response.as_str()).map_err(|refusal| heard(unproven(&refusal)))?;
        let known = {
            let mut tx = by.store.read().await.map_err(Fault::from)?;
            let arn = self.principal_arn.as_str();
            saml_provider::find(&mut tx, account, arn)
                .await
                .map_err(Fault::from)?
        };
        let provider = known.ok_or_else(|| heard(invalid("Specified provider doesn't exist.")))?;
        let identity = self.identity(&response, &provider, account, by).map_err(heard)?;
        let subject = &identity.subject;
        let user_id = format!("{}:{subject}", provider.name_qualifier(account));
        Ok(vouched::caller(account, user_id, identity))
    }

    fn asks(&self, caller: &Caller) -> Option<Asks> {
        vouched::asks!(caller, "sts:AssumeRoleWithSAML")
    }

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let identity = vouched::introduced(caller)?;
        let refused = || Fault::denied("Not authorized to perform sts:AssumeRoleWithSAML");
        // The provider may have been deleted, or given other keys, since it was asked.
        let provider = saml_provider::find(tx, caller.aws_account_id, &identity.provider).await?;
        let proven = provider.and_then(|provider| {
            let response = Response::decode(self.response.as_str()).ok()?;
            response.prove(&provider.identity()).ok()
        });
        if !proven.is_some_and(|assertion| self.is_given(&assertion)) {
            return Err(refused());
        }
        let mut target = role_session::target(tx, &self.role_arn).await?;
        let name = subject(identity)?.session_name.as_str();
        vouched::tell(&mut target, identity, name, self.duration_seconds);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SAMLOutput, Error> {
        let identity = vouched::introduced(cx.caller)?;
        let subject = subject(identity)?;
        let (account, _) = role_session::named(&self.role_arn)?;
        let role = role_session::require(cx.tx, &self.role_arn).await?;
        let duration = role_session::duration(self.duration_seconds, &role)?;
        let session = NewRoleSession {
            duration: subject.at_most.map_or(duration, |most| most.min(duration)),
            role,
            account,
            name: &subject.session_name,
            policies: SessionPolicies {
                document: self.policy.as_ref(),
                arns: &self.policy_arns,
            },
            tags: vouched::session_tags(identity, "the session tags of the assertion are malformed")?,
            source_identity: identity.source_identity.clone(),
            federated_provider: Some(identity.provider.clone()),
        };
        let RoleSession {
            credentials,
            user,
            packed_policy_size,
        } = session.begin(cx).await?;
        Ok(SAMLOutput {
            credentials,
            assumed_role_user: user,
            packed_policy_size,
            subject: identity.subject.clone(),
            subject_type: subject.subject_type.clone(),
            issuer: identity.issuer.clone(),
            audience: identity.audience.clone(),
            name_qualifier: subject.name_qualifier.clone(),
            source_identity: identity.source_identity.clone(),
        })
    }
}

impl AssumeRoleWithSAML {
    /// Whether the provider gives this role to whom the assertion is about, on its own behalf.
    fn is_given(&self, assertion: &Assertion) -> bool {
        let (role, provider) = (self.role_arn.as_str(), self.principal_arn.as_str());
        claims::values(assertion, "Role").iter().any(|pair| {
            let pair = pair
                .split_once(',')
                .map(|(one, other)| (one.trim(), other.trim()));
            pair == Some((role, provider)) || pair == Some((provider, role))
        })
    }

    /// Proves the response, and says whom it is about.
    fn identity(
        &self,
        response: &Response,
        provider: &SamlProviderRow,
        account: AwsAccountId,
        by: &Introduction<'_>,
    ) -> Result<WebIdentity, Fault> {
        let now = by.call.now;
        let assertion = response
            .prove(&provider.identity())
            .map_err(|refusal| unproven(&refusal))?;
        let places = Places::of(&by.environment.settings);
        assertion
            .check(places.expected(), now)
            .map_err(|refusal| unproven(&refusal))?;
        if provider.valid_until <= now {
            return Err(invalid("The metadata of the specified provider has expired."));
        }
        if claims::values(&assertion, "Role").is_empty() {
            return Err(invalid("Role is required in AuthnResponse"));
        }
        let subject_type = match assertion.subject_format.as_deref() {
            None => UNSPECIFIED,
            Some(format) => format.strip_prefix(FORMATS).unwrap_or(format),
        };
        let subject = SamlSubject {
            assertion_id: assertion.id.clone(),
            subject_type: subject_type.to_owned(),
            name_qualifier: provider.name_qualifier(account),
            session_name: session_name(&assertion)?,
            at_most: at_most(&assertion, now)?,
        };
        let (tags, transitive_tag_keys) = claims::tags(&assertion)?;
        Ok(WebIdentity {
            provider: provider.arn(account),
            claims: claims::keys(&assertion, &subject, &format!("{account}/{}", provider.name)),
            tags,
            transitive_tag_keys,
            source_identity: source_identity(&assertion)?,
            issuer: assertion.issuer,
            subject: assertion.subject,
            audience: assertion.recipient,
            saml: Some(Box::new(subject)),
        })
    }
}

/// Whom assertions must be for: AWS, as whose endpoint this server stands, or this server by its own address.
struct Places {
    recipients: Vec<String>,
    audiences: Vec<String>,
}

impl Places {
    fn of(settings: &Settings) -> Self {
        let mut recipients: Vec<String> = SIGN_IN.iter().map(ToString::to_string).collect();
        if !settings.public_url.is_empty() {
            recipients.push(format!("{}/saml", settings.public_url));
        }
        let mut audiences = recipients.clone();
        audiences.push("urn:amazon:webservices".to_owned());
        Self {
            recipients,
            audiences,
        }
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            audiences: &self.audiences,
            recipients: &self.recipients,
        }
    }
}

fn subject(identity: &WebIdentity) -> Result<&SamlSubject, Fault> {
    identity
        .saml
        .as_deref()
        .ok_or_else(|| Fault::internal("an operation for assertions without one"))
}

fn session_name(assertion: &Assertion) -> Result<String, Fault> {
    match claims::values(assertion, "RoleSessionName") {
        [] => Err(invalid("RoleSessionName is required in AuthnResponse")),
        [name] if name.parse::<RoleSessionName>().is_ok() => Ok(name.clone()),
        _ => Err(invalid(
            "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
        )),
    }
}

fn source_identity(assertion: &Assertion) -> Result<Option<String>, Fault> {
    match claims::values(assertion, "SourceIdentity") {
        [] => Ok(None),
        [name] if name.parse::<SourceIdentity>().is_ok() && !name.starts_with("aws:") => {
            Ok(Some(name.clone()))
        }
        _ => Err(invalid(
            "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
        )),
    }
}

/// How long the provider lets a session last, in seconds: as it says, and no longer than its own session.
fn at_most(assertion: &Assertion, now: Timestamp) -> Result<Option<i64>, Fault> {
    let said = match claims::values(assertion, "SessionDuration") {
        [] => None,
        [duration] => Some(
            duration
                .parse()
                .ok()
                .filter(|seconds| (900..=43_200).contains(seconds))
                .ok_or_else(malformed_duration)?,
        ),
        _ => return Err(malformed_duration()),
    };
    let left = assertion
        .session_ends_at
        .map(|end| end.as_seconds().saturating_sub(now.as_seconds()));
    Ok([said, left].into_iter().flatten().min())
}

fn malformed_duration() -> Fault {
    invalid("SessionDuration in AuthnResponse must be a number from 900 to 43200")
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::refused(400, "InvalidIdentityToken", message)
}

/// The refusal in STS's words.
fn unproven(refusal: &Refusal) -> Fault {
    let message = refusal.to_string();
    match refusal {
        Refusal::Expired => Fault::refused(400, "ExpiredTokenException", message),
        Refusal::Failed(_) => Fault::refused(403, "IDPRejectedClaim", message),
        _ => invalid(message),
    }
}
