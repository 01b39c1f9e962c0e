//! Sessions of roles.

use std::sync::Arc;

use carillon_aws::arn::{self, Arn as ParsedArn, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::{Listed, Ranged};
use carillon_aws::string_type;
use carillon_operation::{
    Asks, Caller, CallerKind, Context, Environment, Fault, Operation, Spec, Target, Write,
};
use carillon_policy::{Attached, Document, PolicyType};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Credentials, NewSession, SerialNumber, TokenCode, second_factor};
use crate::document;
use crate::error::Error;
use crate::mfa;
use crate::name::Arn;
use crate::policy;
use crate::role::{RoleRow, rows};
use crate::tag::{self, Tag, TagKey};

/// How long a session lasts that says nothing, in seconds; and the longest one of a caller that is the session
/// of a role itself.
const DURATION: i64 = 3_600;
/// Session policies and tags together, in bytes. Sealed they still fit a header. Our choice: AWS does not
/// publish how it packs them.
const PACKED: usize = 4_096;
/// The last use of a role is kept to a quarter of an hour, in seconds.
const LAST_USED_STEP: i64 = 900;

string_type! {
    /// The name of a session, which is part of its ARN.
    pub RoleSessionName, min: 2, max: 64, pattern: r"[\w+=,.@-]*", example: "ada"
}

string_type! {
    /// A policy that narrows what a session may do.
    pub SessionPolicyDocument, min: 1, max: 2048, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    example: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":"*"}]}"#
}

string_type! {
    /// What the owner of a role gives to those who may assume it, so that nobody can make them assume another's.
    pub ExternalId, min: 2, max: 1224, pattern: r"[\w+=,.@:\/-]*", example: "12345"
}

string_type! {
    /// Who is behind a session, kept through all sessions made from it.
    pub SourceIdentity, min: 2, max: 64, pattern: r"[\w+=,.@-]*", example: "ada"
}

/// Names a managed policy that narrows what a session may do.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PolicyDescriptorType {
    arn: Option<Arn>,
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
    duration_seconds: Option<Ranged<900, 43_200>>,
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

/// A session of a role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
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
        let (account, name) = self.role()?;
        let role = find(tx, account, name, self.role_arn.as_str()).await?;
        let mut target =
            Target::on(self.role_arn.to_string()).filed_under("AWS::IAM::Role", self.role_arn.as_str());
        target.owner = Some(account);
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
        target.resource_policy = Some(Arc::new(match role {
            Some(role) => {
                target.tags = tag::of(tx, &role.id).await?;
                trust_policy(&role)?
            }
            // A role that does not exist trusts nobody, and nobody is told which of the two it is.
            None => Attached::inline(name, Arc::new(Document::lenient(&serde_json::Value::Null))),
        }));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AssumeRoleOutput, Error> {
        let (account, name) = self.role()?;
        let role = find(cx.tx, account, name, self.role_arn.as_str())
            .await?
            .ok_or_else(|| Error::Fault(Fault::internal("a role that was decided about is gone")))?;
        self.use_up_second_factor(cx).await?;
        let duration = self.duration(cx.caller, &role)?;
        let policy_arns = self.policy_arns(cx.tx, cx.environment, account).await?;
        if let Some(policy) = &self.policy {
            document::parse(policy.as_str(), PolicyType::Session, false)?;
        }
        let SessionTags {
            tags,
            transitive_tag_keys,
        } = self.tags(cx.caller)?;
        let packed_policy_size = self.packed_size(&policy_arns, &tags)?;
        let source_identity = self.source_identity(cx.caller)?;
        let is_stale = role
            .last_used_at
            .is_none_or(|at| cx.now.as_seconds() - at.as_seconds() >= LAST_USED_STEP);
        if is_stale {
            rows::set_last_used(cx.tx, &role.id, cx.now).await?;
        }
        let session_name = self.role_session_name.as_str();
        let assumed_role_user = AssumedRoleUser {
            assumed_role_id: format!("{}:{session_name}", role.id),
            arn: arn::assumed_role(account, &role.name, session_name),
        };
        let session = NewSession {
            aws_account_id: account,
            owner_id: role.id,
            role_session_name: Some(session_name.to_owned()),
            duration,
            multi_factor_at: None,
            source_identity: source_identity.clone(),
            policy: self.policy.as_ref().map(ToString::to_string),
            policy_arns,
            tags,
            transitive_tag_keys,
        };
        Ok(AssumeRoleOutput {
            credentials: session.begin(&cx.environment.vault, cx.entropy(), cx.now)?,
            assumed_role_user,
            packed_policy_size,
            source_identity,
        })
    }
}

/// The tags of a session, and which of them sessions made from it keep.
struct SessionTags {
    tags: Vec<(String, String)>,
    transitive_tag_keys: Vec<String>,
}

impl AssumeRole {
    /// The AWS account and the name of the role.
    fn role(&self) -> Result<(AwsAccountId, &str), Fault> {
        let invalid = || Fault::Invalid(format!("{} is invalid", self.role_arn));
        let arn = ParsedArn::parse(self.role_arn.as_str()).map_err(|_| invalid())?;
        let account = arn.account_id().ok_or_else(invalid)?;
        let role = arn.iam_entity().filter(|entity| entity.kind == IamKind::Role);
        Ok((account, role.ok_or_else(invalid)?.name))
    }

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
                self.duration_seconds.map_or(DURATION, Ranged::get).to_string(),
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
        let duration = self.duration_seconds.map_or(DURATION, Ranged::get);
        if duration > role.max_session_duration {
            return Err(Error::Validation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
            ));
        }
        if duration > DURATION && matches!(caller.kind, CallerKind::RoleSession { .. }) {
            return Err(Error::Validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
                 chaining."
                    .to_owned(),
            ));
        }
        Ok(duration)
    }

    /// The managed policies that narrow the session: they belong to the AWS account of the role.
    async fn policy_arns(
        &self,
        tx: &mut ReadTx,
        environment: &Environment,
        account: AwsAccountId,
    ) -> Result<Vec<String>, Error> {
        let mut arns = Vec::with_capacity(self.policy_arns.len());
        for arn in self.policy_arns.iter().filter_map(|policy| policy.arn.as_ref()) {
            if !policy::exists(tx, environment, account, arn.as_str()).await? {
                return Err(Error::Validation(format!(
                    "Policy {arn} does not exist or is not attachable."
                )));
            }
            arns.push(arn.to_string());
        }
        Ok(arns)
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

    fn packed_size(&self, policy_arns: &[String], tags: &[(String, String)]) -> Result<Option<usize>, Error> {
        let policy = self.policy.as_ref().map_or(0, |policy| policy.as_str().len());
        let policies = policy + policy_arns.iter().map(String::len).sum::<usize>();
        let tags: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        let size = policies + tags;
        let percent = (size * 100).div_ceil(PACKED);
        if size > PACKED {
            return Err(Error::PackedPolicyTooLarge(if policies == 0 {
                format!("Packed size of session tags consumes {percent}% of allotted space.")
            } else {
                format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.")
            }));
        }
        Ok((size > 0).then_some(percent))
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

/// The role with exactly this ARN.
async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
    role_arn: &str,
) -> Result<Option<RoleRow>, carillon_store::StoreError> {
    Ok(rows::find(tx, account, name)
        .await?
        .filter(|role| role.arn(account) == role_arn))
}

fn trust_policy(role: &RoleRow) -> Result<Attached, Fault> {
    let document = Document::parse(&role.trust_policy, PolicyType::Trust, false).map_err(Fault::internal)?;
    Ok(Attached::inline(role.name.as_str(), Arc::new(document)))
}
