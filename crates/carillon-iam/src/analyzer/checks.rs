//! `CheckNoNewAccess`, `CheckAccessNotGranted` and `CheckNoPublicAccess`: gates for changes of policies.

use std::fmt::Write as _;
use std::sync::Arc;

use carillon_aws::shape::Listed;
use carillon_aws::{string_enum, string_type};
use carillon_operation::{Context, Fault, Operation, Read, Registry, Spec};
use carillon_policy::analysis::{self, Source, Undecided, Values, Witness};
use carillon_policy::{Attached, Document, PolicyType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::known_actions;
use super::{PolicyDocument, invalid};

string_enum! {
    /// What a document is attached as.
    pub(super) enum AccessCheckPolicyType {
        IdentityPolicy = "IDENTITY_POLICY",
        ResourcePolicy = "RESOURCE_POLICY",
    }
}

impl AccessCheckPolicyType {
    fn policy_type(self) -> PolicyType {
        match self {
            AccessCheckPolicyType::IdentityPolicy => PolicyType::Identity,
            AccessCheckPolicyType::ResourcePolicy => PolicyType::Resource,
        }
    }
}

string_enum! {
    /// Whether a policy passed.
    pub(super) enum CheckResult {
        Pass = "PASS",
        Fail = "FAIL",
    }
}

/// What came of a check.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckAnswer {
    result: CheckResult,
    message: String,
    /// The statements that failed it.
    reasons: Vec<ReasonSummary>,
}

/// A statement that fails a check, with a request that shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReasonSummary {
    description: String,
    /// Absent where the policy only denies less, so that callers' own policies come to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
}

impl CheckAnswer {
    /// Passed if no statement failed; refused if that cannot be said.
    fn of<'a>(
        what: &str,
        messages: [&str; 2],
        failed: impl Iterator<Item = (Option<&'a Source>, &'a Witness)>,
        undecided: &[Undecided],
    ) -> Result<CheckAnswer, Fault> {
        let reasons: Vec<ReasonSummary> = failed
            .map(|(source, witness)| reason(what, source, witness))
            .collect();
        let [passed, not_passed] = messages;
        match (reasons.is_empty(), undecided.first()) {
            // A gate that is not sure must not open.
            (true, Some(undecided)) => Err(Fault::refused(
                422,
                "UnprocessableEntityException",
                format!("The policies could not be compared: {}.", undecided.reason),
            )),
            (true, None) => Ok(CheckAnswer {
                result: CheckResult::Pass,
                message: passed.to_owned(),
                reasons,
            }),
            (false, _) => Ok(CheckAnswer {
                result: CheckResult::Fail,
                message: not_passed.to_owned(),
                reasons,
            }),
        }
    }
}

fn reason(what: &str, source: Option<&Source>, witness: &Witness) -> ReasonSummary {
    let sid = source.and_then(|source| source.sid.clone());
    let place = match (source, &sid) {
        (Some(_), Some(sid)) => format!("in the statement with sid: {sid}"),
        (Some(source), None) => format!("in the statement with index: {}", source.index),
        (None, _) => "by what is no longer denied".to_owned(),
    };
    ReasonSummary {
        description: format!("{what} {place}, for example {}.", request(witness)),
        statement_index: source.map(|source| source.index),
        statement_id: sid,
    }
}

/// A request in words.
pub(super) fn request(witness: &Witness) -> String {
    let mut text = format!("{} on {}", witness.action, witness.resource);
    if let Some(caller) = &witness.caller {
        _ = write!(text, " by {caller}");
    }
    for (number, (key, values)) in witness.context.iter().enumerate() {
        let before = if number == 0 { " with" } else { "," };
        _ = match values {
            Values::One(value) => write!(text, "{before} {key} = {value}"),
            Values::Many(values) => write!(text, "{before} {key} = [{}]", values.join(", ")),
        };
    }
    text
}

/// The actions there are, for examples.
fn known_names(registry: &Registry) -> Vec<String> {
    let known = known_actions(registry).into_iter();
    known.map(|action| action.name).collect()
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn policy(text: &PolicyDocument, ty: PolicyType, member: &str) -> Result<Attached, Fault> {
    let document = Document::parse(text.as_str(), ty, false)
        .map_err(|error| invalid(format!("{member} is not a valid policy: {error}")))?;
    Ok(Attached::inline(member, Arc::new(document)))
}

/// Checks that a changed policy allows nothing that the existing one does not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckNoNewAccess {
    new_policy_document: PolicyDocument,
    existing_policy_document: PolicyDocument,
    policy_type: AccessCheckPolicyType,
}

impl Operation for CheckNoNewAccess {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:CheckNoNewAccess",
        "POST /policy/check-no-new-access",
    );

    type Access = Read;
    type Output = CheckAnswer;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<CheckAnswer, Fault> {
        let ty = self.policy_type.policy_type();
        let new = policy(&self.new_policy_document, ty, "newPolicyDocument")?;
        let old = policy(&self.existing_policy_document, ty, "existingPolicyDocument")?;
        let known = known_names(&cx.environment.registry);
        let found = cx
            .think(move || analysis::new_access(&[old], &[new], ty, &texts(&known)))
            .await?;
        CheckAnswer::of(
            "New access",
            [
                "The modified permissions do not grant new access compared to your existing policy.",
                "The modified permissions grant new access compared to your existing policy.",
            ],
            found
                .gained
                .iter()
                .map(|difference| (difference.statement.as_ref(), &difference.witness)),
            &found.undecided,
        )
    }
}

string_type! {
    /// An action, or a pattern of actions.
    pub(super) CheckedAction, min: 1, max: 256, example: "chime:DeleteUser"
}

string_type! {
    /// The ARN of a resource, or a pattern of ARNs.
    pub(super) CheckedResource, min: 1, max: 2048, example: "arn:aws:iam::111122223333:role/admin"
}

/// Access that must not be granted: one of these actions, of which one is enough, on one of these resources.
#[derive(Debug, Deserialize, JsonSchema)]
struct Access {
    /// Any, if empty.
    #[serde(default)]
    actions: Listed<CheckedAction, 0, 100>,
    /// Any, if empty.
    #[serde(default)]
    resources: Listed<CheckedResource, 0, 100>,
}

/// Checks that a policy does not grant certain access.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckAccessNotGranted {
    policy_document: PolicyDocument,
    access: Listed<Access, 0, 1>,
    policy_type: AccessCheckPolicyType,
}

impl Operation for CheckAccessNotGranted {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:CheckAccessNotGranted",
        "POST /policy/check-access-not-granted",
    );

    type Access = Read;
    type Output = CheckAnswer;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<CheckAnswer, Fault> {
        let ty = self.policy_type.policy_type();
        let policy = policy(&self.policy_document, ty, "policyDocument")?;
        let access = self.access.first();
        let owned = |list: Vec<&str>| -> Vec<String> { list.into_iter().map(ToOwned::to_owned).collect() };
        let actions = owned(
            access
                .iter()
                .flat_map(|access| access.actions.iter().map(|text| text.as_str()))
                .collect(),
        );
        let resources = owned(
            access
                .iter()
                .flat_map(|access| access.resources.iter().map(|text| text.as_str()))
                .collect(),
        );
        if actions.is_empty() && resources.is_empty() {
            return Err(invalid("access must name actions, resources or both"));
        }
        if let Some(wrong) = actions.iter().find(|text| !text.contains(':') && *text != "*") {
            return Err(invalid(format!(
                "access.actions has `{wrong}`, which is no action: service:Name"
            )));
        }
        if let Some(wrong) = resources
            .iter()
            .find(|text| !text.starts_with("arn:") && *text != "*")
        {
            return Err(invalid(format!(
                "access.resources has `{wrong}`, which is no ARN"
            )));
        }
        let known = known_names(&cx.environment.registry);
        let found = cx
            .think(move || {
                analysis::granted(&policy, ty, &texts(&actions), &texts(&resources), &texts(&known))
            })
            .await?;
        CheckAnswer::of(
            "One or more of the listed actions or resources",
            [
                "The policy document does not grant access to perform one or more of the listed actions or resources.",
                "The policy document grants access to perform one or more of the listed actions or resources.",
            ],
            found.by.iter().map(|(source, witness)| (Some(source), witness)),
            &found.undecided,
        )
    }
}

string_type! {
    /// A type of resource, such as `AWS::S3::Bucket`. Trust policies are `AWS::IAM::AssumeRolePolicyDocument`.
    AccessCheckResourceType, min: 3, max: 128, pattern: "AWS::[A-Za-z0-9]+::[A-Za-z0-9:]+", example: "AWS::S3::Bucket"
}

/// Checks that the policy of a resource does not grant access to everybody.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckNoPublicAccess {
    policy_document: PolicyDocument,
    resource_type: AccessCheckResourceType,
}

impl Operation for CheckNoPublicAccess {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:CheckNoPublicAccess",
        "POST /policy/check-no-public-access",
    );

    type Access = Read;
    type Output = CheckAnswer;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<CheckAnswer, Fault> {
        let ty = match self.resource_type.as_str() {
            "AWS::IAM::AssumeRolePolicyDocument" => PolicyType::Trust,
            _ => PolicyType::Resource,
        };
        let policy = policy(&self.policy_document, ty, "policyDocument")?;
        let known = known_names(&cx.environment.registry);
        let found = cx
            .think(move || analysis::public(&policy, ty, &texts(&known)))
            .await?;
        CheckAnswer::of(
            "Public access granted",
            [
                "The resource policy does not grant public access for the given resource type.",
                "The resource policy grants public access for the given resource type.",
            ],
            found.by.iter().map(|(source, witness)| (Some(source), witness)),
            &found.undecided,
        )
    }
}
