//! `ListPoliciesToReview`: the AWS account's own policies that a later release made mean more, or left behind. An
//! operation of this server's own.
//!
//! A policy is never changed by a release. A wildcard in it gets new actions by itself, a list of names does not get
//! them: both are for the owner to look at, until the policy is written anew.

mod rows;
mod served;
mod widened;

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Ranged;
use carillon_aws::string_enum;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Context, Fault, List, Operation, Registry, Spec};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::Custom;
pub use self::served::note_served_actions;
use self::widened::{Nearest, Review, Widened, Wildcard, Yardstick};
use super::{StatementEffect, invalid};
use crate::page::fetched;

/// Policies of a page unless asked otherwise.
const PAGE: usize = 100;

/// Lists the AWS account's own policies that actions of a later release concern.
///
/// Told of each, managed or inline, are the wildcards that mean more than when it was written, and what the nearest managed
/// policy of AWS's grants besides.
///
/// A page looks at a stretch of the policies. It may list nothing and still have a next page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListPoliciesToReview {
    /// Policies to look at.
    max_results: Option<Ranged<1, 100>>,
    next_token: Option<String>,
}

/// Policies and the token of the next page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PoliciesToReview {
    policies: Vec<PolicyReview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// A policy to look at.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyReview {
    pub policy_name: String,
    /// Of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<String>,
    /// The user, role or group that has the policy, of an inline policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<String>,
    /// When the text that counts was written. Absent if that was before it was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<IsoSeconds>,
    /// Wildcards that mean more than they did then.
    pub widened_wildcards: Vec<WidenedWildcard>,
    /// The managed policy of AWS's that the policy has most in common with, if it has anything in common with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_policy: Option<NearestPolicy>,
}

string_enum! {
    /// Where a wildcard stands.
    pub enum WildcardElement {
        Action,
        NotAction,
    }
}

/// A wildcard, and what it has come to mean.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WidenedWildcard {
    /// Its place among the statements of the policy, counted from 0.
    pub statement_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub effect: StatementEffect,
    pub element: WildcardElement,
    /// One member of `Action`, or all of `NotAction`.
    pub patterns: Vec<String>,
    /// Actions that came after the policy was written.
    pub new_actions: Vec<String>,
}

/// A managed policy of AWS's, and what it grants that the policy does not.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NearestPolicy {
    pub policy_arn: String,
    pub missing_actions: Vec<String>,
    /// Those of them that came after the policy was written.
    pub new_actions: Vec<String>,
}

impl Operation for ListPoliciesToReview {
    const SPEC: Spec = Spec::rest("access-analyzer:ListPoliciesToReview", "POST /policies-to-review");

    type Access = List;
    type Output = PoliciesToReview;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<PoliciesToReview, Fault> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let limit = self
            .max_results
            .and_then(|limit| usize::try_from(limit.get()).ok())
            .unwrap_or(PAGE);
        let after: [String; 3] = match &self.next_token {
            None => Default::default(),
            Some(token) => cx
                .place(token, &[])
                .and_then(|key| key.try_into().ok())
                .ok_or_else(|| invalid("nextToken is not one of this list, or too old"))?,
        };
        let Some(yardstick) = Yardstick::read(cx.tx, registry).await? else {
            return Ok(PoliciesToReview {
                policies: Vec::new(),
                next_token: None,
            });
        };
        let found = rows::list_after(cx.tx, account, yardstick.newest(), &after, fetched(limit)).await?;
        let page = cx.page(found, limit, &[], |last| last.key.to_vec());
        Ok(PoliciesToReview {
            policies: cx.think(move || due(&yardstick, page.items)).await?,
            next_token: page.next,
        })
    }
}

/// All policies of an AWS account that are to be reviewed, for whoever may read the database.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn review_policies(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
) -> Result<Vec<PolicyReview>, StoreError> {
    let Some(yardstick) = Yardstick::read(tx, registry).await? else {
        return Ok(Vec::new());
    };
    let mut reviews = Vec::new();
    let mut after: [String; 3] = Default::default();
    let limit = fetched(PAGE);
    loop {
        let found = rows::list_after(tx, account, yardstick.newest(), &after, limit).await?;
        let Some(last) = found.last() else {
            return Ok(reviews);
        };
        after.clone_from(&last.key);
        reviews.extend(due(&yardstick, found));
    }
}

/// What is to be said of those policies of a page that later releases concern.
fn due(yardstick: &Yardstick, policies: Vec<Custom>) -> Vec<PolicyReview> {
    let texts = policies
        .iter()
        .map(|policy| (policy.document.as_str(), policy.edited_at));
    let reviews = yardstick.review(texts);
    policies
        .into_iter()
        .zip(reviews)
        .filter(|(_, review)| review.is_due())
        .map(|(policy, review)| PolicyReview::of(policy, review))
        .collect()
}

impl PolicyReview {
    fn of(policy: Custom, review: Review) -> Self {
        let is_noted = policy.edited_at > Timestamp::EPOCH;
        Self {
            policy_name: policy.name,
            policy_arn: policy.arn,
            attached_to: policy.holder,
            edited_at: is_noted.then(|| policy.edited_at.into()),
            widened_wildcards: review.widened.into_iter().map(WidenedWildcard::from).collect(),
            nearest_policy: review.nearest.map(NearestPolicy::from),
        }
    }
}

impl From<Widened> for WidenedWildcard {
    fn from(widened: Widened) -> Self {
        let (element, patterns) = match widened.wildcard {
            Wildcard::Action(pattern) => (WildcardElement::Action, vec![pattern]),
            Wildcard::NotAction(patterns) => (WildcardElement::NotAction, patterns),
        };
        Self {
            statement_index: widened.index,
            sid: widened.sid,
            effect: widened.effect.into(),
            element,
            patterns,
            new_actions: widened.actions,
        }
    }
}

impl From<Nearest> for NearestPolicy {
    fn from(nearest: Nearest) -> Self {
        Self {
            policy_arn: nearest.arn,
            missing_actions: nearest.missing,
            new_actions: nearest.new,
        }
    }
}
