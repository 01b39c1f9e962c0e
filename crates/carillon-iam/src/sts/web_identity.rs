//! Sessions of roles for those whom an identity provider outside vouches for.

use carillon_aws::shape::Listed;
use carillon_aws::string_type;
use carillon_operation::{
    Admission, Asks, Caller, Context, Fault, Introduction, Operation, Spec, Target, Unknown, WebIdentity,
    Write,
};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::role_session::{
    self, AssumedRoleUser, NewRoleSession, PolicyDescriptorType, RoleSession, RoleSessionName,
    SessionDuration, SessionPolicies, SessionPolicyDocument,
};
use super::{Credentials, vouched};
use crate::error::Error;
use crate::name::Arn;
use crate::provider::token::Unproven;
use crate::provider::{self, rows};

string_type! {
    /// What an identity provider says of somebody, with its signature.
    pub WebIdentityToken, min: 4, max: 20000, sensitive
}

string_type! {
    /// Of identity providers that do not speak OpenID Connect, which this server does not know.
    pub ProviderId, min: 4, max: 2048
}

/// Gives temporary credentials of a role to somebody whom an identity provider vouches for. The request is not signed:
/// the provider's token proves who asks, and the role's trust policy names the provider.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumeRoleWithWebIdentity {
    role_arn: Arn,
    role_session_name: RoleSessionName,
    web_identity_token: WebIdentityToken,
    provider_id: Option<ProviderId>,
    #[serde(default)]
    policy_arns: Listed<PolicyDescriptorType, 0, 10>,
    policy: Option<SessionPolicyDocument>,
    duration_seconds: Option<SessionDuration>,
}

/// The credentials, who signs with them, and who vouched.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WebIdentityOutput {
    credentials: Credentials,
    subject_from_web_identity_token: String,
    assumed_role_user: AssumedRoleUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<usize>,
    /// The issuer.
    provider: String,
    audience: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
}

impl Operation for AssumeRoleWithWebIdentity {
    const SPEC: Spec = Spec::named("sts:AssumeRoleWithWebIdentity").admission(Admission::Introduced);

    type Access = Write;
    type Output = WebIdentityOutput;
    type Error = Error;

    async fn introduce(&self, by: &Introduction<'_>) -> Result<Caller, Unknown> {
        let (account, _) = role_session::named(&self.role_arn)?;
        let heard = |fault| Unknown {
            fault,
            aws_account_id: Some(account),
        };
        if self.provider_id.is_some() {
            let message = "ProviderId is for tokens of OAuth 2.0, which this server does not take".to_owned();
            return Err(heard(Fault::Invalid(message)));
        }
        let token = Unproven::read(self.web_identity_token.as_str()).map_err(heard)?;
        let known = match provider::name_of(token.issuer()) {
            Some(name) => {
                let mut tx = by.store.read().await.map_err(Fault::from)?;
                rows::find(&mut tx, account, name).await.map_err(Fault::from)?
            }
            None => None,
        };
        let provider = known.ok_or_else(|| heard(token.of_nobody()))?;
        let documents = by
            .outside
            .documents
            .as_deref()
            .ok_or_else(|| heard(Fault::internal("there is no way to ask an identity provider")))?;
        let identity = token
            .prove(&provider, provider.arn(account), documents, by.call.now)
            .await
            .map_err(heard)?;
        let user_id = format!("{}:{}:{}", identity.provider, identity.audience, identity.subject);
        Ok(vouched::caller(account, user_id, identity))
    }

    fn asks(&self, caller: &Caller) -> Option<Asks> {
        vouched::asks!(caller, "sts:AssumeRoleWithWebIdentity")
    }

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let identity = vouched::introduced(caller)?;
        // The provider may have been deleted, or the application removed from it, since it vouched.
        let still_known = provider::find(tx, caller.aws_account_id, &identity.provider).await?;
        if !still_known.is_some_and(|provider| provider.client_ids.contains(&identity.audience)) {
            return Err(Fault::denied(
                "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            ));
        }
        let mut target = role_session::target(tx, &self.role_arn).await?;
        let name = self.role_session_name.as_str();
        vouched::tell(&mut target, identity, name, self.duration_seconds);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<WebIdentityOutput, Error> {
        let identity = vouched::introduced(cx.caller)?;
        let (account, _) = role_session::named(&self.role_arn)?;
        let role = role_session::require(cx.tx, &self.role_arn).await?;
        let session = NewRoleSession {
            duration: role_session::duration(self.duration_seconds, &role)?,
            role,
            account,
            name: self.role_session_name.as_str(),
            policies: SessionPolicies {
                document: self.policy.as_ref(),
                arns: &self.policy_arns,
            },
            tags: vouched::session_tags(identity, "the session tags of the ID Token are malformed")?,
            source_identity: checked_source_identity(identity)?,
            federated_provider: Some(identity.provider.clone()),
        };
        let source_identity = session.source_identity.clone();
        let RoleSession {
            credentials,
            user,
            packed_policy_size,
        } = session.begin(cx).await?;
        Ok(WebIdentityOutput {
            credentials,
            subject_from_web_identity_token: identity.subject.clone(),
            assumed_role_user: user,
            packed_policy_size,
            provider: identity.issuer.clone(),
            audience: identity.audience.clone(),
            source_identity,
        })
    }
}

fn checked_source_identity(identity: &WebIdentity) -> Result<Option<String>, Error> {
    match &identity.source_identity {
        None => Ok(None),
        Some(source) => match source.parse::<super::assume_role::SourceIdentity>() {
            Ok(source) => Ok(Some(source.into_string())),
            Err(_) => Err(vouched::rejected(
                "the source identity of the ID Token is malformed",
            )),
        },
    }
}
