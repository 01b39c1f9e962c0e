//! What callers may ask of support.

use carillon_aws::id::uuid_v4;
use carillon_aws::shape::Ranged;
use carillon_aws::time::Timestamp;
use carillon_operation::{
    Context, FA, Grant, List, ManagedPolicy, Operation, Read, Spec, UM, Write, enqueue,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::jobs::{CopySupportRequest, SendSupportRequest};
use super::{
    DAY, MOST, SupportDescription, SupportReference, SupportRequest, SupportRequestStatus, SupportRow,
    SupportSeverity, SupportSubject, rows,
};
use crate::account::ManagedAccount;
use crate::email::{EmailAddress, member};
use crate::error::Error;
use crate::name::{AccountId, require_printable};
use crate::page::{beginning, time_and_id};

carillon_aws::string_type! {
    /// The identifier of a request for help.
    pub(crate) SupportRequestId, pattern: r".*\S.*", example: "12a3456b-7c89-012d-3456-78901e23fg45"
}

/// How many requests a page has; 50 if nothing is said.
type SupportPageSize = Ranged<1, 99>;

/// Whoever may ask may also look, since the second version of the policies.
const BEYOND: &[Grant] = &[
    Grant::since(ManagedPolicy::FullAccess, 2),
    Grant::since(ManagedPolicy::UserManagement, 2),
];

/// The answer of operations about one request.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SupportRequestOutput {
    support_request: SupportRequest,
}

/// Sends a request for help to the operator of the server, and a copy to the contact.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SubmitSupportRequest {
    subject: SupportSubject,
    description: SupportDescription,
    #[serde(deserialize_with = "member::contact_email")]
    contact_email: EmailAddress,
    /// The account that it is about.
    account_id: Option<AccountId>,
    /// When it happened, with any offset. It is kept and shown in UTC.
    occurred_at: Option<Timestamp>,
    client_version: Option<SupportReference>,
    log_reference_id: Option<SupportReference>,
    meeting_id: Option<SupportReference>,
    /// `Normal` if nothing is said.
    severity: Option<SupportSeverity>,
}

impl Operation for SubmitSupportRequest {
    const SPEC: Spec = Spec::rest("chime:SubmitSupportRequest", "POST /support-requests")
        .status(201)
        .granted(&[FA, UM]);

    type Access = Write;
    type Output = SupportRequestOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SupportRequestOutput, Error> {
        require_printable("Subject", self.subject.as_str())?;
        let reference = |member, text: &Option<SupportReference>| match text {
            None => Ok(None),
            Some(text) => require_printable(member, text.as_str()).map(|()| Some(text.to_string())),
        };
        let client_version = reference("ClientVersion", &self.client_version)?;
        let log_reference_id = reference("LogReferenceId", &self.log_reference_id)?;
        let meeting_id = reference("MeetingId", &self.meeting_id)?;
        let account_id = match &self.account_id {
            None => None,
            Some(id) => Some(ManagedAccount::find_active(cx, id.as_str())?.id.clone()),
        };
        let settings = &cx.environment.settings;
        if settings.support_address.is_none() || !settings.mail {
            return Err(Error::Unavailable(
                "the operator of this server has not set up support".to_owned(),
            ));
        }
        let owner = cx.aws_account_id();
        if rows::count_since(cx.tx, owner, cx.now - DAY).await? >= MOST {
            return Err(Error::LimitExceeded(format!(
                "an AWS account makes at most {MOST} support requests in a day"
            )));
        }
        let row = SupportRow {
            id: uuid_v4(cx.entropy()),
            aws_account_id: owner,
            account_id,
            status: SupportRequestStatus::Submitted,
            severity: self.severity.unwrap_or(SupportSeverity::Normal),
            subject: self.subject.to_string(),
            description: self.description.to_string(),
            contact_email: self.contact_email.as_str().to_owned(),
            occurred_at: self.occurred_at,
            client_version,
            log_reference_id,
            meeting_id,
            submitted_at: cx.now,
            submitted_by: cx.caller.arn.clone(),
        };
        rows::insert(cx.tx, &row).await?;
        let entropy = &*cx.environment.entropy;
        let send = SendSupportRequest {
            request_id: row.id.clone(),
        };
        enqueue(cx.tx, entropy, &send, cx.now, cx.now).await?;
        let copy = CopySupportRequest {
            request_id: row.id.clone(),
        };
        enqueue(cx.tx, entropy, &copy, cx.now, cx.now).await?;
        Ok(SupportRequestOutput {
            support_request: row.summary(),
        })
    }
}

/// Shows a support request of the AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSupportRequest {
    support_request_id: SupportRequestId,
}

impl Operation for GetSupportRequest {
    const SPEC: Spec = Spec::rest(
        "chime:GetSupportRequest",
        "GET /support-requests/{SupportRequestId}",
    )
    .granted(BEYOND);

    type Access = Read;
    type Output = SupportRequestOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SupportRequestOutput, Error> {
        let (owner, id) = (cx.aws_account_id(), self.support_request_id.as_str());
        let found = rows::find(cx.tx, owner, id).await?;
        let row = found.ok_or_else(|| Error::support_request_not_found(id))?;
        Ok(SupportRequestOutput {
            support_request: row.shape(),
        })
    }
}

/// Lists the support requests of the AWS account, the newest first, without their descriptions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSupportRequests {
    max_results: Option<SupportPageSize>,
    next_token: Option<String>,
}

/// A page of requests.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSupportRequestsOutput {
    support_requests: Vec<SupportRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListSupportRequests {
    const SPEC: Spec = Spec::rest(
        "chime:ListSupportRequests",
        "GET /support-requests?max-results={MaxResults}&next-token={NextToken}",
    )
    .granted(BEYOND);

    type Access = List;
    type Output = ListSupportRequestsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListSupportRequestsOutput, Error> {
        let first = (Timestamp::MAX, String::new());
        let (before_at, before_id) = beginning(cx, self.next_token.as_ref(), &[], first, time_and_id)?;
        let size = self.max_results.map_or(50, SupportPageSize::get).clamp(1, 99);
        let (owner, before) = (cx.aws_account_id(), (before_at, before_id.as_str()));
        let found = rows::list_before(cx.tx, owner, before, size + 1).await?;
        let page = cx.page(found, usize::try_from(size).unwrap_or(1), &[], |last| {
            vec![last.submitted_at.as_micros().to_string(), last.id.clone()]
        });
        Ok(ListSupportRequestsOutput {
            support_requests: page.items.iter().map(SupportRow::summary).collect(),
            next_token: page.next,
        })
    }
}
