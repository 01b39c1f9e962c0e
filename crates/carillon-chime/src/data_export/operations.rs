//! What callers may ask of exports.

use carillon_aws::id::uuid_v4;
use carillon_aws::time::Timestamp;
use carillon_operation::{Caller, CallerKind, Context, FA, Link, Operation, Read, Spec, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DataExport, DataExportRow, DataExportStatus, download, jobs, rows};
use crate::account::{AccountType, ManagedAccount};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::name::{AccountId, ResultMax, is_uuid, result_max};
use crate::page::{beginning, time_and_id};
use crate::user;

/// The types of accounts that have exports.
const ENTERPRISE: &[AccountType] = &[
    AccountType::EnterpriseDirectory,
    AccountType::EnterpriseLWA,
    AccountType::EnterpriseOIDC,
];

/// The other spelling that AWS's references have for the action.
const ALSO: &[&str] = &["chime:RetrieveDataExports"];

carillon_aws::string_type! {
    /// The identifier of a data export.
    pub(crate) DataExportId, pattern: r".*\S.*", example: "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
}

/// The answer of operations about one export.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DataExportOutput {
    data_export: DataExport,
}

/// Begins an export of the account's attachments: what its users uploaded at the portal, into conversations, and into
/// rooms that users of the account created. It can be requested once in 7 days, for Enterprise accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartDataExport {
    account_id: AccountId,
}

impl Operation for StartDataExport {
    const SPEC: Spec = Spec::rest("chime:StartDataExport", "POST /accounts/{AccountId}/data-exports")
        .status(201)
        .granted(&[FA]);

    type Access = Write;
    type Output = DataExportOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DataExportOutput, Error> {
        let account = ManagedAccount::find_active(cx, self.account_id.as_str())?;
        account.require_type(ENTERPRISE)?;
        if let Some(before) = rows::newest(cx.tx, &account).await? {
            before.require_over(cx.now)?;
        }
        let export = DataExportRow::new(
            uuid_v4(cx.entropy()),
            account.id.clone(),
            cx.caller.arn.clone(),
            cx.now,
        );
        rows::insert(cx.tx, &export).await?;
        let tell = address_of(cx.tx, &account, cx.caller).await?;
        jobs::plan(cx.tx, &*cx.environment.entropy, &export, tell, cx.now).await?;
        Ok(DataExportOutput {
            data_export: export.shape(cx.now),
        })
    }
}

/// The address of whoever asks, if it is known: the name of an IAM user or of a session is often one. It counts if it
/// is that of a user of the account, so that nobody makes us write to strangers.
async fn address_of(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    caller: &Caller,
) -> Result<Option<String>, Error> {
    let name = match &caller.kind {
        CallerKind::User { name, .. } | CallerKind::FederatedUser { name } => name,
        CallerKind::RoleSession { session_name, .. } => session_name,
        CallerKind::Root | CallerKind::WebIdentity(_) => return Ok(None),
    };
    let Ok(address) = EmailAddress::parse(name) else {
        return Ok(None);
    };
    let found = user::rows::find_by_address(tx, account, &address.key()).await?;
    Ok(found.map(|user| user.email))
}

/// Shows an export, and, while its file is there, where to fetch it. The address is good for five minutes; whoever has
/// the file has the attachments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RetrieveDataExport {
    account_id: AccountId,
    data_export_id: DataExportId,
}

impl Operation for RetrieveDataExport {
    const SPEC: Spec = Spec::rest(
        "chime:RetrieveDataExport",
        "GET /accounts/{AccountId}/data-exports/{DataExportId}",
    )
    .granted(&[FA])
    .also(ALSO);

    type Access = Read;
    type Output = DataExportOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<DataExportOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        account.require_type(ENTERPRISE)?;
        let id = self.data_export_id.as_str();
        let found = if is_uuid(id) {
            rows::find(cx.tx, &account, id).await?
        } else {
            None
        };
        let export = found.ok_or_else(|| Error::data_export_not_found(id))?;
        let mut shape = export.shape(cx.now);
        if export.status_at(cx.now) == DataExportStatus::Succeeded {
            let link = Link {
                path: &download::path(&export.id),
                file_name: &download::file_name(&export),
                expires_at: cx.now + download::LINK,
            };
            let url = link.url(&cx.environment.vault, &cx.environment.settings.public_url);
            shape.file_url = url.try_into().ok();
        }
        Ok(DataExportOutput { data_export: shape })
    }
}

/// Lists the exports of an account, oldest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDataExports {
    account_id: AccountId,
    max_results: Option<ResultMax>,
    next_token: Option<String>,
}

/// A page of exports.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDataExportsOutput {
    data_exports: Vec<DataExport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListDataExports {
    const SPEC: Spec = Spec::rest(
        "chime:RetrieveDataExport",
        "GET /accounts/{AccountId}/data-exports?max-results={MaxResults}&next-token={NextToken}",
    )
    .wire_name("ListDataExports")
    .also(ALSO);

    // As the action is elsewhere.
    type Access = Read;
    type Output = ListDataExportsOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListDataExportsOutput, Error> {
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        account.require_type(ENTERPRISE)?;
        let filters = [account.id.as_str()];
        let first = (Timestamp::MIN, String::new());
        let (at, id) = beginning(cx, self.next_token.as_ref(), &filters, first, time_and_id)?;
        let (size, rows_read) = result_max(self.max_results);
        let found = rows::list_after(cx.tx, &account, (at, &id), rows_read).await?;
        let page = cx.page(found, size, &filters, |last| {
            vec![last.requested_at.as_micros().to_string(), last.id.clone()]
        });
        Ok(ListDataExportsOutput {
            data_exports: page.items.iter().map(|export| export.shape(cx.now)).collect(),
            next_token: page.next,
        })
    }
}
