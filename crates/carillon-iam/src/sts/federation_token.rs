//! Sessions that a user makes for somebody whom AWS does not know.

use carillon_aws::shape::{Listed, Ranged};
use carillon_aws::string_type;
use carillon_operation::{Asks, Caller, CallerKind, Context, Fault, Operation, Read, Spec, Target};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::role_session::{PolicyDescriptorType, SessionPolicies, SessionPolicyDocument, packed_size};
use super::{Credentials, NewSession};
use crate::access_key::rows::root_user_id;
use crate::error::Error;
use crate::tag::{self, Tag};

/// How long a session lasts that says nothing, in seconds.
const DURATION: i64 = 43_200;
/// The longest session of root, in seconds. What asks for more gets this.
const ROOT_DURATION: i64 = 3_600;

string_type! {
    /// The name of somebody whom AWS does not know.
    pub FederatedUserName, min: 2, max: 32, pattern: r"[\w+=,.@-]*", example: "bob"
}

/// Gives temporary credentials to hand on. They allow what both the caller's policies and the session policies allow,
/// so without session policies next to nothing; and nothing at all of IAM and STS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetFederationToken {
    name: FederatedUserName,
    policy: Option<SessionPolicyDocument>,
    #[serde(default)]
    policy_arns: Listed<PolicyDescriptorType, 0, 10>,
    duration_seconds: Option<Ranged<900, 129_600>>,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The credentials, and who signs with them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FederationToken {
    credentials: Credentials,
    federated_user: FederatedUser,
    /// Session policies and tags, in hundredths of what is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_policy_size: Option<usize>,
}

/// Somebody whom AWS does not know.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FederatedUser {
    federated_user_id: String,
    arn: String,
}

const GET: &[&str] = &["sts:GetFederationToken"];
const TAG: &[&str] = &["sts:TagSession"];

impl Operation for GetFederationToken {
    const SPEC: Spec = Spec::named("sts:GetFederationToken");

    type Access = Read;
    type Output = FederationToken;
    type Error = Error;

    fn asks(&self, _: &Caller) -> Option<Asks> {
        Some(if self.tags.is_empty() { &[GET] } else { &[GET, TAG] })
    }

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        if caller.session.is_some() {
            return Err(Fault::denied(
                "Cannot call GetFederationToken with session credentials",
            ));
        }
        let arn = carillon_aws::arn::federated_user(caller.aws_account_id, self.name.as_str());
        let mut target = Target::on(arn);
        tag::given(&mut target, &self.tags);
        let duration = self.duration_seconds.map_or(DURATION, Ranged::get);
        target.keys.push(("sts:durationseconds", duration.to_string()));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<FederationToken, Error> {
        let account = cx.aws_account_id();
        let name = self.name.as_str();
        tag::check(&self.tags)?;
        let duration = self.duration_seconds.map_or(DURATION, Ranged::get);
        let (owner_id, duration) = match &cx.caller.kind {
            CallerKind::User { id, .. } => (id.clone(), duration),
            CallerKind::Root => (root_user_id(cx.tx, account).await?, duration.min(ROOT_DURATION)),
            _ => return Err(Error::Fault(Fault::internal("a session that has none"))),
        };
        let policies = SessionPolicies {
            document: self.policy.as_ref(),
            arns: &self.policy_arns,
        };
        let (policy, policy_arns) = policies.checked(cx.tx, cx.environment, account).await?;
        let tags = tag::pairs(&self.tags);
        let packed_policy_size = packed_size(policy.as_deref(), &policy_arns, &tags)?;
        let session = NewSession {
            federated_user_name: Some(name.to_owned()),
            policy,
            policy_arns,
            tags,
            ..NewSession::of(account, owner_id, duration)
        };
        Ok(FederationToken {
            credentials: session.begin(&cx.environment.vault, cx.entropy(), cx.now)?,
            federated_user: FederatedUser {
                federated_user_id: format!("{account}:{name}"),
                arn: carillon_aws::arn::federated_user(account, name),
            },
            packed_policy_size,
        })
    }
}
