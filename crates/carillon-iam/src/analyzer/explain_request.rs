//! `ExplainRequest`: why a request was answered as it was, told from what was recorded of it.
//!
//! An operation of this server's own. AWS has nothing like it; `sts:DecodeAuthorizationMessage`, which comes nearest,
//! knows no statement but the one that decided.

mod attachable;
mod case;

use std::fmt::{self, Display, Formatter, Write as _};

use carillon_aws::id::AwsAccountId;
use carillon_aws::string_type;
use carillon_aws::time::IsoSeconds;
use carillon_operation::{Caller, Context, Fault, Operation, Read, Recorded, Registry, Spec, Target};
use carillon_policy::explain::{Explanation, Outcome};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::attachable::Candidates;
pub(crate) use self::case::Case;
use self::case::WITHOUT_RESOURCE;

/// The condition key of who made the request that is to be explained: with it somebody can be let explain no refusals
/// but their own.
const EXPLAINED: &str = "access-analyzer:explainedprincipalarn";
/// Who may not list the AWS account's policies is not told of them.
const LIST_POLICIES: &[&str] = &["iam:ListPolicies"];

string_type! {
    /// The identifier of a request, as its answer has it.
    pub(crate) RequestId, min: 36, max: 36, pattern: "[0-9a-f-]*", example: "01939f5c-6c00-7a3b-9c1d-2e3f4a5b6c7d"
}

/// Tells from the trail why a request was allowed or refused: which statements were considered, which of their parts
/// failed, and the smallest change that would allow the request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainRequest {
    request_id: RequestId,
}

/// A request with what came of it and why.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    request_id: String,
    event_id: String,
    event_time: IsoSeconds,
    event_source: String,
    event_name: String,
    /// Absent while nobody was proven to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_arn: Option<String>,
    source_ip_address: String,
    /// `allowed`, `explicitDeny` or `implicitDeny`, as it was recorded. Absent if no policy was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    /// What must be known of the explanation, or why there is none.
    notes: Vec<String>,
    /// The decision taken again, in full: the form of `carillon policy explain --format json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Value>,
    /// The explanation for people to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation_text: Option<String>,
}

impl Operation for ExplainRequest {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:ExplainRequest",
        "GET /request/{requestId}/explanation",
    );

    type Access = Read;
    type Output = Explained;
    type Error = Fault;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = Target::any();
        let found = Recorded::find(tx, caller.aws_account_id, self.request_id.as_str()).await?;
        if let Some(arn) = found.as_ref().and_then(Recorded::principal_arn) {
            target.keys.push((EXPLAINED, arn.to_owned()));
        }
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Explained, Fault> {
        let (id, account) = (self.request_id.as_str(), cx.aws_account_id());
        let recorded = Recorded::find(cx.tx, account, id).await?.ok_or_else(|| {
            Fault::refused(
                404,
                "ResourceNotFoundException",
                format!("the trail has no request {id}"),
            )
        })?;
        let registry = &cx.environment.registry;
        let Some(case) = Case::read(cx.tx, registry, &recorded).await? else {
            return Ok(Explained::without_decision(&recorded));
        };
        let customer = cx.may(LIST_POLICIES, &Target::any()).then_some(account);
        let candidates = case.candidates(cx.tx, registry, customer).await?;
        let shows_resource = case.shows_resource_to(cx).await?;
        let explained = cx.think(move || {
            let attachable = candidates.that_allow(&case.actions())?;
            Ok::<_, StoreError>(if shows_resource {
                Explained::of_case(&recorded, &case, &case.explain(&attachable))
            } else {
                Explained::of_caller(&recorded, &case, &case.explain_caller(&attachable))
            })
        });
        Ok(explained.await??)
    }
}

/// Explains a recorded request to whoever may read the database: nothing is left out.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn explain(
    tx: &mut ReadTx,
    registry: &Registry,
    recorded: &Recorded,
) -> Result<Explained, StoreError> {
    let Some(case) = Case::read(tx, registry, recorded).await? else {
        return Ok(Explained::without_decision(recorded));
    };
    let candidates = case
        .candidates(tx, registry, Some(recorded.aws_account_id))
        .await?;
    let attachable = candidates.that_allow(&case.actions())?;
    Ok(Explained::of_case(recorded, &case, &case.explain(&attachable)))
}

impl Case {
    /// What can be proposed: of the AWS account's policies only if `customer` is given.
    async fn candidates(
        &self,
        tx: &mut ReadTx,
        registry: &Registry,
        customer: Option<AwsAccountId>,
    ) -> Result<Candidates, StoreError> {
        if !self.is_refused() {
            return Ok(Candidates::default());
        }
        Candidates::read(tx, registry, customer).await
    }
}

/// Why there is no explanation.
fn without_decision(recorded: &Recorded) -> &'static str {
    if recorded.is_decided() {
        "the policies of that time are not kept any more"
    } else if recorded.is_of_another_account() {
        "the caller is of another AWS account, and what was asked of its policies is on record there"
    } else if recorded.caller_arn().is_none() {
        "the signature of the request proved nobody, so no policy was asked"
    } else if recorded.decision().is_some() {
        "the request is older than the record of what decisions are taken from"
    } else {
        "no policy was asked: valid credentials are enough for this operation, or the request failed before"
    }
}

impl Explained {
    fn of(recorded: &Recorded) -> Self {
        let (error_code, error_message) = recorded.error().unzip();
        Self {
            request_id: recorded.request_id().to_owned(),
            event_id: recorded.place.id.clone(),
            event_time: recorded.at().into(),
            event_source: recorded.event_source().to_owned(),
            event_name: recorded.event_name().to_owned(),
            principal_arn: recorded.caller_arn().map(str::to_owned),
            source_ip_address: recorded.source_ip_address().to_owned(),
            decision: recorded.decision().map(str::to_owned),
            error_code: error_code.map(str::to_owned),
            error_message: error_message.map(str::to_owned),
            notes: Vec::new(),
            explanation: None,
            explanation_text: None,
        }
    }

    fn without_decision(recorded: &Recorded) -> Self {
        let mut explained = Self::of(recorded);
        explained.notes.push(without_decision(recorded).to_owned());
        explained
    }

    fn of_case(recorded: &Recorded, case: &Case, explanation: &Explanation) -> Self {
        let mut explained = Self::of(recorded);
        // The trail does not have that a policy of another AWS account denied.
        if case.is_about_another(recorded.aws_account_id) && explained.decision.as_deref() != Some(ALLOWED) {
            explained.decision = Some(word(case.outcome()).to_owned());
        }
        explained.take(explanation, case.questions);
        explained
    }

    /// To those who do not see what belongs to the resource.
    fn of_caller(recorded: &Recorded, case: &Case, explanation: &Explanation) -> Self {
        let mut explained = Self::of(recorded);
        // That a refusal was explicit may be the resource's word.
        if explained.decision.as_deref() != Some(ALLOWED) && explanation.decision != Outcome::Allowed {
            explained.decision = Some(word(explanation.decision).to_owned());
        }
        explained.notes.push(WITHOUT_RESOURCE.to_owned());
        explained.take(explanation, case.questions);
        explained
    }

    fn take(&mut self, explanation: &Explanation, questions: usize) {
        let again = word(explanation.decision);
        if self.decision.as_deref() != Some(again) {
            let note = format!("taken again by this release, the decision is another one: {again}");
            self.notes.push(note);
        }
        if questions > 1 {
            let one = if explanation.decision == Outcome::Allowed {
                "the first"
            } else {
                "the first that was refused"
            };
            let note = format!("the request needed {questions} permissions; {one} is explained");
            self.notes.push(note);
        }
        if again == ALLOWED && self.error_code.is_some() {
            let note = "the policies allowed the request, and it failed afterwards";
            self.notes.push(note.to_owned());
        }
        self.explanation = serde_json::to_value(explanation).ok();
        self.explanation_text = Some(explanation.to_string());
    }
}

const ALLOWED: &str = "allowed";

/// As the trail has it.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => ALLOWED,
        Outcome::ExplicitlyDenied => "explicitDeny",
        Outcome::ImplicitlyDenied => "implicitDeny",
    }
}

/// Several lines; the last one has its end.
impl Display for Explained {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut line = |title: &str, value: &str| writeln!(f, "{title:<10} {value}");
        line("Request", &self.request_id)?;
        line("Time", self.event_time.0.iso_seconds().as_str())?;
        line("Caller", self.principal_arn.as_deref().unwrap_or("nobody proven"))?;
        line("From", &self.source_ip_address)?;
        line(
            "Operation",
            &format!("{} ({})", self.event_name, self.event_source),
        )?;
        if let Some(code) = &self.error_code {
            let mut error = code.clone();
            if let Some(message) = &self.error_message {
                write!(error, ": {message}")?;
            }
            line("Error", &error)?;
        }
        for note in &self.notes {
            line("Note", note)?;
        }
        match &self.explanation_text {
            Some(text) => write!(f, "\n{text}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_condition_key_is_declared() {
        let keys = crate::terms::ACCESS_ANALYZER.keys;
        assert!(keys.iter().any(|(name, ..)| name.to_lowercase() == EXPLAINED));
    }
}
