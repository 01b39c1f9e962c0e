//! `PreviewAccessChange`: a change of access before it is made, tried on the calls that were recorded. An operation of
//! this server's own.

use std::sync::Arc;

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Ranged;
use carillon_aws::string_enum;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Context, Fault, Operation, Place, Read, Registry, Spec};
use carillon_policy::{Document, PolicyType};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::replay::{Change, Preview, Rehearsal, Stretch, Turned};
use super::{PolicyDocument, invalid};
use crate::document;
use crate::error::Error;
use crate::holding;
use crate::last_accessed::{Subject, SubjectKind};
use crate::name::{Arn, PolicyName};

/// Recorded calls of a page, at most and unless asked otherwise.
const PAGE: usize = 2_000;
/// Days that are looked at unless asked otherwise.
const DAYS: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

/// Decides the recorded calls of the last days again, by today's policies and by those after a change, and lists the
/// calls that would be decided otherwise: what somebody would lose, and what somebody would gain.
///
/// A page looks at a stretch of the trail, the newest calls first. It may list nothing and still have a next page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreviewAccessChange {
    change: AccessChange,
    /// How far back, 30 unless told otherwise.
    days: Option<Ranged<1, 90>>,
    /// Recorded calls to look at.
    max_results: Option<Ranged<1, 2000>>,
    next_token: Option<String>,
}

/// A change; exactly one member is there.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    replace_policy: Option<ReplacePolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    put_inline_policy: Option<PutInlinePolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_inline_policy: Option<DeleteInlinePolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach_policy: Option<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detach_policy: Option<Attachment>,
}

/// A managed policy gets another default version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReplacePolicy {
    policy_arn: Arn,
    policy_document: PolicyDocument,
}

/// A user, group or role gets an inline policy, or another one of that name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PutInlinePolicy {
    principal_arn: Arn,
    policy_name: PolicyName,
    policy_document: PolicyDocument,
}

/// A user, group or role loses an inline policy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DeleteInlinePolicy {
    principal_arn: Arn,
    policy_name: PolicyName,
}

/// A managed policy and a user, group or role.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    principal_arn: Arn,
    policy_arn: Arn,
}

string_enum! {
    /// What becomes of calls.
    pub enum Effect {
        /// They are refused today and would be allowed.
        Gained = "GAINED",
        /// They are allowed today and would be refused.
        Lost = "LOST",
    }
}

/// A page of calls that would be decided otherwise.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessPreview {
    pub changes: Vec<CallChange>,
    /// Recorded calls that this page looked at.
    pub examined: usize,
    /// Those of them that cannot be decided again: their caller is gone, or what it brought along is not kept.
    pub undecided: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The same call of the same caller, as often as the page has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallChange {
    pub effect: Effect,
    /// The user or role.
    pub principal_arn: String,
    pub action: String,
    pub resource: String,
    pub count: usize,
    /// The newest of these calls.
    pub last_request_id: String,
    last_time: IsoSeconds,
}

impl From<Turned> for CallChange {
    fn from(turned: Turned) -> Self {
        Self {
            effect: if turned.gained {
                Effect::Gained
            } else {
                Effect::Lost
            },
            principal_arn: turned.principal_arn,
            action: turned.action,
            resource: turned.resource,
            count: turned.count,
            last_request_id: turned.last_request_id,
            last_time: turned.last_at.into(),
        }
    }
}

impl Operation for PreviewAccessChange {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:PreviewAccessChange",
        "POST /access-change/preview",
    );

    type Access = Read;
    type Output = AccessPreview;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccessPreview, Fault> {
        let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
        let days = self.days.map_or(DAYS, Ranged::get);
        let change = serde_json::to_string(&self.change).map_err(Fault::internal)?;
        let filters = [change.as_str(), &days.to_string()];
        let before = match &self.next_token {
            None => Place::after(Timestamp::MAX),
            Some(token) => cx
                .place(token, &filters)
                .and_then(|key| Place::read(&key))
                .ok_or_else(|| invalid("nextToken is not one of this preview, or too old"))?,
        };
        let stretch = Stretch {
            account,
            since: Timestamp::from_seconds(cx.now.as_seconds() - days * DAY),
            before,
            limit: self
                .max_results
                .and_then(|max| usize::try_from(max.get()).ok())
                .unwrap_or(PAGE),
        };
        let rehearsal = self.change.rehearsal(cx.tx, registry, &stretch).await?;
        let preview = cx.think(|| rehearsal.run()).await?;
        let (mut page, next) = AccessPreview::of(preview);
        page.next_token = next.map(|place| cx.token(&filters, &place.key()));
        Ok(page)
    }
}

/// Tries a change on all recorded calls of the last `days` days, without pages. `show` gets each stretch of the trail.
///
/// # Errors
///
/// When the change could not be made, or the database cannot be read.
pub async fn preview_change(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    change: &AccessChange,
    (now, days): (Timestamp, i64),
    mut show: impl FnMut(AccessPreview),
) -> Result<(), Fault> {
    let mut stretch = Stretch {
        account,
        since: Timestamp::from_seconds(now.as_seconds() - days * DAY),
        before: Place::after(Timestamp::MAX),
        limit: PAGE,
    };
    loop {
        let (page, next) = AccessPreview::of(change.rehearsal(tx, registry, &stretch).await?.run());
        show(page);
        match next {
            Some(place) => stretch.before = place,
            None => return Ok(()),
        }
    }
}

impl AccessPreview {
    /// A page without its token, and where the next one begins.
    fn of(preview: Preview) -> (Self, Option<Place>) {
        let page = Self {
            changes: preview.turned.into_iter().map(CallChange::from).collect(),
            examined: preview.examined,
            undecided: preview.undecided,
            next_token: None,
        };
        (page, preview.next)
    }
}

impl AccessChange {
    async fn rehearsal(
        &self,
        tx: &mut ReadTx,
        registry: &Registry,
        stretch: &Stretch,
    ) -> Result<Rehearsal, Fault> {
        let change = self.read(tx, registry, stretch.account).await?;
        Ok(Rehearsal::read(tx, registry, change, stretch).await?)
    }

    async fn read(
        &self,
        tx: &mut ReadTx,
        registry: &Registry,
        account: AwsAccountId,
    ) -> Result<Change, Fault> {
        let given = [
            self.replace_policy.is_some(),
            self.put_inline_policy.is_some(),
            self.delete_inline_policy.is_some(),
            self.attach_policy.is_some(),
            self.detach_policy.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            return Err(invalid("change must have exactly one member"));
        }
        if let Some(replace) = &self.replace_policy {
            return Ok(Change::Replace {
                policy_arn: policy(tx, registry, account, &replace.policy_arn).await?,
                document: draft(&replace.policy_document, true)?,
            });
        }
        if let Some(put) = &self.put_inline_policy {
            return Ok(Change::PutInline {
                holder: holder(tx, registry, account, &put.principal_arn).await?,
                name: put.policy_name.to_string(),
                document: draft(&put.policy_document, false)?,
            });
        }
        if let Some(delete) = &self.delete_inline_policy {
            return Ok(Change::DeleteInline {
                holder: holder(tx, registry, account, &delete.principal_arn).await?,
                name: delete.policy_name.to_string(),
            });
        }
        if let Some(attach) = &self.attach_policy {
            let policy_arn = policy(tx, registry, account, &attach.policy_arn).await?;
            let text = holding::managed_text(tx, registry, &policy_arn).await?;
            return Ok(Change::Attach {
                holder: holder(tx, registry, account, &attach.principal_arn).await?,
                document: text.map_or_else(|| Ok(holding::nothing()), |text| holding::compiled(&text))?,
                policy_arn,
            });
        }
        let Some(detach) = &self.detach_policy else {
            return Err(invalid("change must have exactly one member"));
        };
        Ok(Change::Detach {
            holder: holder(tx, registry, account, &detach.principal_arn).await?,
            policy_arn: detach.policy_arn.to_string(),
        })
    }
}

/// The ARN of a managed policy that exists.
async fn policy(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    arn: &Arn,
) -> Result<String, Fault> {
    let subject = Subject::find(tx, registry, account, arn)
        .await
        .map_err(not_found)?;
    match subject.kind {
        SubjectKind::Policy => Ok(subject.arn),
        SubjectKind::Entity(..) => Err(invalid(format!("{arn} is no policy"))),
    }
}

/// A document that could be saved.
fn draft(text: &PolicyDocument, managed: bool) -> Result<Arc<Document>, Fault> {
    let parsed = document::parse(text.as_str(), PolicyType::Identity, managed);
    parsed.map(Arc::new).map_err(|error| invalid(error.to_string()))
}

async fn holder(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    arn: &Arn,
) -> Result<Subject, Fault> {
    let subject = Subject::find(tx, registry, account, arn)
        .await
        .map_err(not_found)?;
    match subject.kind {
        SubjectKind::Entity(..) => Ok(subject),
        SubjectKind::Policy => Err(invalid(format!("{arn} is no user, group or role"))),
    }
}

/// As this service words it.
pub(super) fn not_found(error: Error) -> Fault {
    match error {
        Error::NotFound(message) => Fault::refused(404, "ResourceNotFoundException", message),
        Error::InvalidInput(message) => invalid(message),
        other => other.into(),
    }
}
