//! What callers may ask of the credential report.

use carillon_aws::string_enum;
use carillon_aws::time::IsoSeconds;
use carillon_operation::{Context, Operation, Read, Spec, Write, enqueue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::jobs::MakeReport;
use super::{ReportRow, ReportState, rows};
use crate::blob::Blob;
use crate::error::Error;

string_enum! {
    /// What a report is written in.
    pub enum ReportFormat { Csv = "text/csv" }
}

/// Begins a report on the credentials of all users, unless there is one of the last four hours.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GenerateCredentialReport {}

/// How far the report is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ReportProgress {
    state: ReportState,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
}

impl Operation for GenerateCredentialReport {
    const SPEC: Spec = Spec::named("iam:GenerateCredentialReport");

    // AWS says `Read`; but a report is begun.
    type Access = Write;
    type Output = ReportProgress;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ReportProgress, Error> {
        let account = cx.aws_account_id();
        let state = ReportRow::state(rows::find(cx.tx, account).await?, cx.now);
        if state == ReportState::Started {
            rows::begin(cx.tx, account, cx.now).await?;
            let job = MakeReport {
                aws_account_id: account,
            };
            enqueue(cx.tx, &*cx.environment.entropy, &job, cx.now, cx.now).await?;
        }
        Ok(ReportProgress {
            state,
            description: (state == ReportState::Started)
                .then_some("No report exists. Starting a new report generation task"),
        })
    }
}

/// Returns the report on the credentials of all users, as CSV with a header.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GetCredentialReport {}

/// The report.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CredentialReport {
    content: Blob,
    report_format: ReportFormat,
    generated_time: IsoSeconds,
}

impl Operation for GetCredentialReport {
    const SPEC: Spec = Spec::named("iam:GetCredentialReport");

    type Access = Read;
    type Output = CredentialReport;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<CredentialReport, Error> {
        let account = cx.aws_account_id();
        let generated_at = ReportRow::generated_at(rows::find(cx.tx, account).await?, cx.now)?;
        let content = rows::content(cx.tx, account).await?;
        Ok(CredentialReport {
            content: Blob(content.into_bytes()),
            report_format: ReportFormat::Csv,
            generated_time: IsoSeconds(generated_at),
        })
    }
}
