//! What the ways of assuming a role have in common.

use std::sync::Arc;

use carillon_aws::arn::{self, Arn as ParsedArn, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Ranged;
use carillon_aws::string_type;
use carillon_operation::{Context, Environment, Fault, Operation, Target, Write};
use carillon_policy::{Attached, Document, PolicyType};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Credentials, NewSession};
use crate::document;
use crate::error::Error;
use crate::name::Arn;
use crate::policy;
use crate::role::{RoleRow, rows};
use crate::tag;

/// How long a session lasts that says nothing, in seconds; and the longest one of a caller that is the session
/// of a role itself.
pub(super) const DURATION: i64 = 3_600;
/// Session policies and tags together, in bytes. Sealed they still fit a header. Our choice: AWS does not
/// publish how it packs them.
const PACKED: usize = 4_096;
/// The last use of a role is kept to a quarter of an hour, in seconds.
const LAST_USED_STEP: i64 = 900;

/// How long the session of a role may last, in seconds.
pub(super) type SessionDuration = Ranged<900, 43_200>;

string_type! {
    /// The name of a session, which is part of its ARN.
    pub RoleSessionName, min: 2, max: 64, pattern: r"[\w+=,.@-]*", example: "ada"
}

string_type! {
    /// A policy that narrows what a session may do.
    pub SessionPolicyDocument, min: 1, max: 2048, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    example: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":"*"}]}"#
}

/// Names a managed policy that narrows what a session may do.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PolicyDescriptorType {
    arn: Option<Arn>,
}

/// A session of a role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

/// The session policies of a request.
pub(super) struct SessionPolicies<'a> {
    pub document: Option<&'a SessionPolicyDocument>,
    pub arns: &'a [PolicyDescriptorType],
}

impl SessionPolicies<'_> {
    /// The document, and the managed policies, which belong to the AWS account.
    ///
    /// # Errors
    ///
    /// When the document is malformed or a policy does not exist.
    pub async fn checked(
        &self,
        tx: &mut ReadTx,
        environment: &Environment,
        account: AwsAccountId,
    ) -> Result<(Option<String>, Vec<String>), Error> {
        let mut arns = Vec::with_capacity(self.arns.len());
        for arn in self.arns.iter().filter_map(|policy| policy.arn.as_ref()) {
            if !policy::exists(tx, environment, account, arn.as_str()).await? {
                return Err(Error::Validation(format!(
                    "Policy {arn} does not exist or is not attachable."
                )));
            }
            arns.push(arn.to_string());
        }
        if let Some(document) = self.document {
            document::parse(document.as_str(), PolicyType::Session, false)?;
        }
        Ok((self.document.map(ToString::to_string), arns))
    }
}

/// The tags of a session, and which of them sessions made from it keep.
#[derive(Default)]
pub(super) struct SessionTags {
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
}

/// Session policies and tags, in hundredths of what is allowed; nothing of none.
pub(super) fn packed_size(
    policy: Option<&str>,
    policy_arns: &[String],
    tags: &[(String, String)],
) -> Result<Option<usize>, Error> {
    let policies = policy.map_or(0, str::len) + policy_arns.iter().map(String::len).sum::<usize>();
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

/// The AWS account and the name of the role that a request names.
pub(super) fn named(role_arn: &Arn) -> Result<(AwsAccountId, &str), Fault> {
    let invalid = || Fault::Invalid(format!("{role_arn} is invalid"));
    let arn = ParsedArn::parse(role_arn.as_str()).map_err(|_| invalid())?;
    let account = arn.account_id().ok_or_else(invalid)?;
    let role = arn.iam_entity().filter(|entity| entity.kind == IamKind::Role);
    Ok((account, role.ok_or_else(invalid)?.name))
}

/// What the policies are asked about: the role with its trust policy and tags.
pub(super) async fn target(tx: &mut ReadTx, role_arn: &Arn) -> Result<Target, Fault> {
    let (account, name) = named(role_arn)?;
    let mut target = Target::on(role_arn.to_string()).filed_under("AWS::IAM::Role", role_arn.as_str());
    target.owner = Some(account);
    target.resource_policy = Some(Arc::new(match find(tx, account, name, role_arn).await? {
        Some(role) => {
            target.tags = tag::of(tx, &role.id).await?;
            trust_policy(&role)?
        }
        // A role that does not exist trusts nobody, and nobody is told which of the two it is.
        None => Attached::inline(name, Arc::new(Document::lenient(&serde_json::Value::Null))),
    }));
    Ok(target)
}

/// The role that was decided about.
pub(super) async fn require(tx: &mut ReadTx, role_arn: &Arn) -> Result<RoleRow, Error> {
    let (account, name) = named(role_arn)?;
    find(tx, account, name, role_arn)
        .await?
        .ok_or_else(|| Error::Fault(Fault::internal("a role that was decided about is gone")))
}

/// The role with exactly this ARN.
async fn find(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &str,
    role_arn: &Arn,
) -> Result<Option<RoleRow>, StoreError> {
    Ok(rows::find(tx, account, name)
        .await?
        .filter(|role| role.arn(account) == role_arn.as_str()))
}

fn trust_policy(role: &RoleRow) -> Result<Attached, Fault> {
    let document = Document::parse(&role.trust_policy, PolicyType::Trust, false).map_err(Fault::internal)?;
    Ok(Attached::inline(role.name.as_str(), Arc::new(document)))
}

/// How long the session is to last, if the role lets it.
pub(super) fn duration(wanted: Option<SessionDuration>, role: &RoleRow) -> Result<i64, Error> {
    let duration = wanted.map_or(DURATION, SessionDuration::get);
    if duration > role.max_session_duration {
        return Err(Error::Validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
        ));
    }
    Ok(duration)
}

/// A session of a role to be.
pub(super) struct NewRoleSession<'a> {
    pub role: RoleRow,
    pub account: AwsAccountId,
    pub name: &'a str,
    /// In seconds.
    pub duration: i64,
    pub policies: SessionPolicies<'a>,
    pub tags: SessionTags,
    pub source_identity: Option<String>,
    /// The ARN of the identity provider whose word it is given on.
    pub federated_provider: Option<String>,
}

/// A session of a role with what is told of it.
pub(super) struct RoleSession {
    pub credentials: Credentials,
    pub user: AssumedRoleUser,
    pub packed_policy_size: Option<usize>,
}

impl NewRoleSession<'_> {
    /// Begins the session, and notes that the role was used.
    pub async fn begin<O: Operation<Access = Write>>(
        self,
        cx: &mut Context<'_, O>,
    ) -> Result<RoleSession, Error> {
        let Self { role, account, .. } = self;
        let (policy, policy_arns) = self.policies.checked(cx.tx, cx.environment, account).await?;
        let packed_policy_size = packed_size(policy.as_deref(), &policy_arns, &self.tags.tags)?;
        let is_stale = role
            .last_used_at
            .is_none_or(|at| cx.now.as_seconds() - at.as_seconds() >= LAST_USED_STEP);
        if is_stale {
            rows::set_last_used(cx.tx, &role.id, cx.now).await?;
        }
        let user = AssumedRoleUser {
            assumed_role_id: format!("{}:{}", role.id, self.name),
            arn: arn::assumed_role(account, &role.name, self.name),
        };
        let session = NewSession {
            role_session_name: Some(self.name.to_owned()),
            source_identity: self.source_identity,
            federated_provider: self.federated_provider,
            policy,
            policy_arns,
            tags: self.tags.tags,
            transitive_tag_keys: self.tags.transitive_tag_keys,
            ..NewSession::of(account, role.id, self.duration)
        };
        Ok(RoleSession {
            credentials: session.begin(&cx.environment.vault, cx.entropy(), cx.now)?,
            user,
            packed_policy_size,
        })
    }
}
