//! What callers may ask of simulations.

use carillon_aws::arn;
use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, Operation, Read, Spec, Target};
use carillon_policy::explain::context_keys;
use carillon_policy::{Attached, Principal};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exclusion::{Exclusions, PolicyIdentifier};
use super::principal::{self, Source};
use super::question::{Levels, Question};
use super::result::SimulatePolicyResponse;
use super::{Part, Simulation, policy_inputs};
use crate::error::Error;
use crate::name::{Arn, PolicyDocument};
use crate::page;

/// Simulates the policies of a user, group or role: which actions they allow on which resources. Nothing is carried
/// out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SimulatePrincipalPolicy {
    policy_source_arn: Arn,
    #[serde(default)]
    policy_input_list: Vec<PolicyDocument>,
    #[serde(default)]
    policy_exclusion_list: Listed<PolicyIdentifier, 0, 256>,
    #[serde(flatten)]
    question: Question,
}

impl Operation for SimulatePrincipalPolicy {
    const SPEC: Spec = Spec::named("iam:SimulatePrincipalPolicy");

    type Access = Read;
    type Output = SimulatePolicyResponse;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        principal::target(self.policy_source_arn.as_str(), caller, tx).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SimulatePolicyResponse, Error> {
        let exclusions = Exclusions::read(&self.policy_exclusion_list)?;
        let registry = &cx.environment.registry;
        let mut source = principal::source(
            cx.tx,
            registry,
            cx.caller.aws_account_id,
            self.policy_source_arn.as_str(),
            &exclusions,
        )
        .await?;
        source.identity.extend(policy_inputs(&self.policy_input_list)?);
        if let Some(caller) = &self.question.caller_arn {
            source.principal = principal::caller(caller.as_str())?;
        }
        let simulation = self.question.simulation(registry, source, &[])?;
        answer(cx, simulation, &self.question).await
    }
}

/// Simulates policies that the request brings along: which actions they allow on which resources. Nothing is carried
/// out, and nothing is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SimulateCustomPolicy {
    policy_input_list: Vec<PolicyDocument>,
    #[serde(default)]
    ordered_organization_policy_input_list: Levels,
    #[serde(flatten)]
    question: Question,
}

impl Operation for SimulateCustomPolicy {
    const SPEC: Spec = Spec::named("iam:SimulateCustomPolicy");

    type Access = Read;
    type Output = SimulatePolicyResponse;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SimulatePolicyResponse, Error> {
        let principal = match &self.question.caller_arn {
            Some(caller) => principal::caller(caller.as_str())?,
            None if self.question.resource_policy.is_some() => {
                return Err(Error::InvalidInput(
                    "CallerArn is required with a ResourcePolicy, whose Principal element names callers."
                        .to_owned(),
                ));
            }
            // Nobody in particular: without a resource policy nothing asks who it is.
            None => Principal::User {
                arn: arn::user(cx.caller.aws_account_id, "/", "simulated"),
                account: cx.caller.aws_account_id.to_string(),
                unique_id: None,
            },
        };
        let asker = Source {
            principal,
            identity: policy_inputs(&self.policy_input_list)?,
            boundary: None,
            tags: Vec::new(),
        };
        let organization = &self.ordered_organization_policy_input_list;
        let simulation = self
            .question
            .simulation(&cx.environment.registry, asker, organization)?;
        answer(cx, simulation, &self.question).await
    }
}

/// A page of a simulation. Its items are the actions, and a marker is good for the same actions and resources only.
async fn answer<O: Operation<Access = Read>>(
    cx: &mut Context<'_, O>,
    simulation: Simulation,
    question: &Question,
) -> Result<SimulatePolicyResponse, Error> {
    let asked = simulation.asked();
    let [start] = page::after(cx, question.marker.as_ref(), &[&asked])?;
    let start: usize = match start.as_str() {
        "" => 0,
        number => number.parse().map_err(Fault::internal)?,
    };
    let limit = page::limit(question.max_items);
    let Part { results, next } = cx.think(move || simulation.run(start, limit)).await??;
    let marker = next.map(|next| cx.token(&[&asked], &[next.to_string()]));
    Ok(SimulatePolicyResponse {
        evaluation_results: results,
        is_truncated: marker.is_some(),
        marker,
    })
}

impl Simulation {
    /// What a marker is bound to.
    fn asked(&self) -> String {
        let mut asked = String::new();
        for name in self.actions.iter().flatten().chain(&self.resources) {
            asked.push_str(name);
            asked.push('\n');
        }
        asked
    }
}

/// Lists the context keys that policies name, so that a simulation can be told their values.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetContextKeysForCustomPolicy {
    policy_input_list: Vec<PolicyDocument>,
}

/// Context keys as the policies write them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContextKeys {
    context_key_names: Vec<String>,
}

impl ContextKeys {
    fn of(policies: &[Attached]) -> Self {
        Self {
            context_key_names: context_keys(policies.iter().map(|policy| &policy.document)),
        }
    }
}

impl Operation for GetContextKeysForCustomPolicy {
    const SPEC: Spec = Spec::named("iam:GetContextKeysForCustomPolicy");

    type Access = Read;
    type Output = ContextKeys;
    type Error = Error;

    async fn handle(&self, _: &mut Context<'_, Self>) -> Result<ContextKeys, Error> {
        Ok(ContextKeys::of(&policy_inputs(&self.policy_input_list)?))
    }
}

/// Lists the context keys that the policies of a user, group or role name, those of a user's groups included.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetContextKeysForPrincipalPolicy {
    policy_source_arn: Arn,
    #[serde(default)]
    policy_input_list: Vec<PolicyDocument>,
}

impl Operation for GetContextKeysForPrincipalPolicy {
    const SPEC: Spec = Spec::named("iam:GetContextKeysForPrincipalPolicy");

    type Access = Read;
    type Output = ContextKeys;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        principal::target(self.policy_source_arn.as_str(), caller, tx).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ContextKeys, Error> {
        let Source { mut identity, .. } = principal::source(
            cx.tx,
            &cx.environment.registry,
            cx.caller.aws_account_id,
            self.policy_source_arn.as_str(),
            &Exclusions::default(),
        )
        .await?;
        identity.extend(policy_inputs(&self.policy_input_list)?);
        Ok(ContextKeys::of(&identity))
    }
}
