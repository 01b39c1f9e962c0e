//! `ListUnusedAccess`: roles, access keys and passwords that nobody used for long. An operation of this server's own;
//! what it finds has the names that AWS's Access Analyzer has for it.

mod rows;

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Ranged;
use carillon_aws::string_enum;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Context, Fault, List, Operation, Spec};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::Unused;
use super::invalid;
use crate::entity::EntityKind;

/// Findings of a page unless asked otherwise.
const PAGE: usize = 100;
/// Days without use, unless asked otherwise. Source: Access Analyzer API Reference, `UnusedAccessConfiguration`.
const DAYS: i64 = 90;
const DAY: i64 = 24 * 60 * 60;

string_enum! {
    /// What is not used.
    pub enum FindingType {
        Role = "UnusedIAMRole",
        AccessKey = "UnusedIAMUserAccessKey",
        Password = "UnusedIAMUserPassword",
    }
}

impl FindingType {
    const fn of(self) -> EntityKind {
        match self {
            Self::Role => EntityKind::Role,
            Self::AccessKey | Self::Password => EntityKind::User,
        }
    }
}

/// Lists roles, active access keys and passwords that were there all the last days and not used in them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListUnusedAccess {
    /// How long, 90 unless told otherwise.
    days: Option<Ranged<1, 365>>,
    /// Of one type only.
    finding_type: Option<FindingType>,
    max_results: Option<Ranged<1, 100>>,
    next_token: Option<String>,
}

/// Findings and the token of the next page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnusedAccess {
    findings: Vec<UnusedAccessFinding>,
    /// Not used since then.
    unused_since: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Something that is not used.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnusedAccessFinding {
    pub finding_type: FindingType,
    /// The role, or the user whose key or password it is.
    pub resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// When it was made; of a password, when it was set.
    pub created_at: IsoSeconds,
    /// Nothing if it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_accessed: Option<IsoSeconds>,
}

impl UnusedAccessFinding {
    fn of(unused: Unused, account: AwsAccountId) -> Self {
        Self {
            resource: unused.ty.of().arn(account, &unused.path, &unused.name),
            finding_type: unused.ty,
            access_key_id: (!unused.access_key_id.is_empty()).then_some(unused.access_key_id),
            created_at: unused.created_at.into(),
            last_accessed: unused.last_used_at.map(IsoSeconds),
        }
    }
}

impl Operation for ListUnusedAccess {
    const SPEC: Spec = Spec::rest("access-analyzer:ListUnusedAccess", "POST /unused-access");

    type Access = List;
    type Output = UnusedAccess;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UnusedAccess, Fault> {
        let account = cx.aws_account_id();
        let days = self.days.map_or(DAYS, Ranged::get);
        let ty = self.finding_type.map_or("", FindingType::as_str);
        let limit = self
            .max_results
            .and_then(|limit| usize::try_from(limit.get()).ok())
            .unwrap_or(PAGE);
        let filters = [days.to_string(), ty.to_owned()];
        let filters = filters.each_ref().map(String::as_str);
        let after: [String; 3] = match &self.next_token {
            None => Default::default(),
            Some(token) => cx
                .place(token, &filters)
                .and_then(|key| key.try_into().ok())
                .ok_or_else(|| invalid("nextToken is not one of this list, or too old"))?,
        };
        let since = since((cx.now, days));
        let found = rows::list_after(cx.tx, account, since, ty, &after, limit).await?;
        let page = cx.page(found, limit, &filters, |last| last.key().to_vec());
        let shape = |unused| UnusedAccessFinding::of(unused, account);
        Ok(UnusedAccess {
            findings: page.items.into_iter().map(shape).collect(),
            unused_since: since.into(),
            next_token: page.next,
        })
    }
}

/// Everything of an AWS account that was not used, for whoever may read the database. `window`: now, and how many days
/// back.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn unused_access(
    tx: &mut ReadTx,
    account: AwsAccountId,
    window: (Timestamp, i64),
) -> Result<Vec<UnusedAccessFinding>, StoreError> {
    let mut findings = Vec::new();
    let mut after: [String; 3] = Default::default();
    loop {
        let found = rows::list_after(tx, account, since(window), "", &after, PAGE).await?;
        let Some(last) = found.last() else {
            return Ok(findings);
        };
        after = last.key();
        findings.extend(
            found
                .into_iter()
                .map(|unused| UnusedAccessFinding::of(unused, account)),
        );
    }
}

fn since((now, days): (Timestamp, i64)) -> Timestamp {
    Timestamp::from_seconds(now.as_seconds() - days * DAY)
}
