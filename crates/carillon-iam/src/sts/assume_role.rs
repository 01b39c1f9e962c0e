//! Sessions of roles.

use carillon_aws::shape::Listed;
use carillon_aws::string_type;
use carillon_operation::{Asks, Caller, CallerKind, Context, Fault, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::role_session::{
    self, AssumedRoleUser, DURATION, NewRoleSession, PolicyDescriptorType, RoleSession, RoleSessionName,
    SessionDuration, SessionPolicies, SessionPolicyDocument, SessionTags,
};
use super::{Credentials, SerialNumber, TokenCode, second_factor};
use crate::error::Error;
use crate::mfa;
use crate::name::Arn;
use crate::role::RoleRow;
use crate::tag::{self, Tag, TagKey};

string_type! {
    /// What the owner of a role gives to those who may assume it, so that nobody can make them assume another's.
    pub ExternalId, min: 2, max: 1224, pattern: r"[\w+=,.@:\/-]*", example: "12345"
}

string_type! {
    /// Who is behind a session, kept through all sessions made from it.
    pub SourceIdentity, min: 2, max: 64, pattern: r"[\w+=,.@-]*", example: "ada"
}

/// Gives temporary credentials of a role whose trust policy names the caller.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumeRole {
    role_arn: Arn,
    role_session_name: RoleSessionName,
    #[serde(default)]
    policy_arns: Listed<PolicyDescriptorType, 0, 10>,
    policy: Option<SessionPolicyDocument>,
    duration_seconds: Option<SessionDuration>,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
    #[serde(default)]
    transitive_tag_keys: Listed<TagKey, 0, 50>,
    external_id: Option<ExternalId>,
    serial_number: Option<SerialNumber>,
    token_code: Option<TokenCode>,
    source_identity: Option<SourceIdentity>,
}

/// The credentials, and who signs with them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumeRoleOutput {
    credentials: Credentials,
    assumed_role_user: AssumedRoleUser,
    /// Session policies and tags, in hundredths of what is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
}

const ASSUME: &[&str] = &["sts:AssumeRole"];
const TAG: &[&str] = &["sts:TagSession"];
const SET_SOURCE: &[&str] = &["sts:SetSourceIdentity"];

impl Operation for AssumeRole {
    const SPEC: Spec = Spec::named("sts:AssumeRole");

    type Access = Write;
    type Output = AssumeRoleOutput;
    type Error = Error;

    fn asks(&self, caller: &Caller) -> Option<Asks> {
        // What the caller's session hands on enters the new session as what the request says does, so the role
        // must let it in all the same.
        let tags = !self.tags.is_empty()
            || !self.transitive_tag_keys.is_empty()
            || !inherited_tags(caller).is_empty();
        let source = self.source_identity.is_some() || inherited_source_identity(caller).is_some();
        Some(match (tags, source) {
            (false, false) => &[ASSUME],
            (true, false) => &[ASSUME, TAG],
            (false, true) => &[ASSUME, SET_SOURCE],
            (true, true) => &[ASSUME, TAG, SET_SOURCE],
        })
    }

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        if caller.is_root() {
            return Err(Fault::denied("Roles may not be assumed by root accounts."));
        }
        let mut target = role_session::target(tx, &self.role_arn).await?;
        target.second_factor = second_factor(self.serial_number.as_ref(), self.token_code.as_ref())?;
        let inherited = inherited_tags(caller);
        target.request_tags = inherited.to_vec();
        target.request_tags.extend(tag::pairs(&self.tags));
        target.tag_keys = target.request_tags.iter().map(|(key, _)| key.clone()).collect();
        target.keys = self.keys(caller);
        let mut transitive: Vec<String> = inherited.iter().map(|(key, _)| key.clone()).collect();
        transitive.extend(self.transitive_tag_keys.iter().map(ToString::to_string));
        if !transitive.is_empty() {
            target
                .multivalued_keys
                .push(("sts:transitivetagkeys", transitive));
        }
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AssumeRoleOutput, Error> {
        let (account, _) = role_session::named(&self.role_arn)?;
        let role = role_session::require(cx.tx, &self.role_arn).await?;
        self.use_up_second_factor(cx).await?;
        let duration = self.duration(cx.caller, &role)?;
        let tags = self.tags(cx.caller)?;
        let source_identity = self.source_identity(cx.caller)?;
        let session = NewRoleSession {
            role,
            account,
            name: self.role_session_name.as_str(),
            duration,
            policies: SessionPolicies {
                document: self.policy.as_ref(),
                arns: &self.policy_arns,
            },
            tags,
            source_identity: source_identity.clone(),
            federated_provider: None,
        };
        let RoleSession {
            credentials,
            user,
            packed_policy_size,
        } = session.begin(cx).await?;
        Ok(AssumeRoleOutput {
            credentials,
            assumed_role_user: user,
            packed_policy_size,
            source_identity,
        })
    }
}

impl AssumeRole {
    /// The code was checked before the policies were asked; here it becomes good for nothing else. The session does not
    /// hand it on. Source: IAM User Guide, "Secure API access with MFA".
    async fn use_up_second_factor(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let factor = second_factor(self.serial_number.as_ref(), self.token_code.as_ref())?;
        let (Some(factor), CallerKind::User { id, .. }) = (factor, &cx.caller.kind) else {
            return Ok(());
        };
        mfa::use_up(
            cx.tx,
            cx.environment,
            cx.caller.aws_account_id,
            id,
            &factor,
            cx.now,
        )
        .await
    }

    fn keys(&self, caller: &Caller) -> Vec<(&'static str, String)> {
        let mut keys = vec![
            ("sts:rolesessionname", self.role_session_name.to_string()),
            (
                "sts:durationseconds",
                self.duration_seconds
                    .map_or(DURATION, SessionDuration::get)
                    .to_string(),
            ),
        ];
        if let Some(id) = &self.external_id {
            keys.push(("sts:externalid", id.to_string()));
        }
        let given = self.source_identity.as_ref().map(SourceIdentity::as_str);
        if let Some(identity) = inherited_source_identity(caller).or(given) {
            keys.push(("sts:sourceidentity", identity.to_owned()));
        }
        keys
    }

    fn duration(&self, caller: &Caller, role: &RoleRow) -> Result<i64, Error> {
        let duration = role_session::duration(self.duration_seconds, role)?;
        if duration > DURATION && matches!(caller.kind, CallerKind::RoleSession { .. }) {
            return Err(Error::Validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
                 chaining."
                    .to_owned(),
            ));
        }
        Ok(duration)
    }

    /// The tags of the request, and those that the caller's session passes on.
    fn tags(&self, caller: &Caller) -> Result<SessionTags, Error> {
        tag::check(&self.tags)?;
        let inherited = inherited_tags(caller);
        let is_inherited = |key: &str| inherited.iter().any(|(name, _)| same_key(name, key));
        if self.tags.iter().any(|tag| is_inherited(tag.key.as_str())) {
            return Err(invalid_parameter(
                "One of the specified tag keys conflicts with a transitive tag key from the calling session.",
            ));
        }
        let is_given = |key: &str| self.tags.iter().any(|tag| same_key(tag.key.as_str(), key));
        if !self.transitive_tag_keys.iter().all(|key| is_given(key.as_str())) {
            return Err(invalid_parameter(
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        let mut tags = inherited.to_vec();
        tags.extend(tag::pairs(&self.tags));
        let mut transitive: Vec<String> = inherited.iter().map(|(key, _)| key.clone()).collect();
        transitive.extend(self.transitive_tag_keys.iter().map(ToString::to_string));
        Ok(SessionTags {
            tags,
            transitive_tag_keys: transitive,
        })
    }

    /// Who is behind the session. Once said it cannot be changed.
    fn source_identity(&self, caller: &Caller) -> Result<Option<String>, Error> {
        let given = self.source_identity.as_ref().map(ToString::to_string);
        let kept = inherited_source_identity(caller).map(str::to_owned);
        match (kept, given) {
            (Some(kept), Some(given)) if kept != given => Err(Error::AccessDenied(format!(
                "User: {} is not authorized to perform: sts:SetSourceIdentity on resource: {}",
                caller.arn, self.role_arn
            ))),
            (Some(kept), _) => Ok(Some(kept)),
            (None, given) => Ok(given),
        }
    }
}

/// The tags that every session made from the caller's has.
fn inherited_tags(caller: &Caller) -> &[(String, String)] {
    caller
        .session
        .as_ref()
        .map(|session| session.transitive_tags.as_slice())
        .unwrap_or_default()
}

/// Who is behind the caller's session, and so behind every session made from it.
fn inherited_source_identity(caller: &Caller) -> Option<&str> {
    caller
        .session
        .as_ref()
        .and_then(|session| session.source_identity.as_deref())
}

fn same_key(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

fn invalid_parameter(message: &'static str) -> Error {
    Error::Fault(Fault::refused(400, "InvalidParameterValue", message))
}
