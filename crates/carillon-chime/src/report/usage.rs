//! Reports on what an account, and a user, did.

use std::collections::BTreeMap;

use carillon_aws::time::Timestamp;
use carillon_operation::{Context, FA, List, Operation, RO, Read, Spec, UM};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Range, ReportDate, ResultMax, result_max, rows, satisfaction};
use crate::account::ManagedAccount;
use crate::activity::date::Date;
use crate::activity::figures::{Figures, PersonDay, Span};
use crate::activity::source;
use crate::error::Error;
use crate::name::{AccountId, UserId};
use crate::page::beginning;
use crate::user::operations::require_user;

carillon_aws::string_enum! {
    /// What one row of a usage report is about.
    pub(crate) enum ReportPeriod {
        Day,
        /// From Monday to Sunday.
        Week,
        Month,
        /// All days that are asked for.
        Total,
    }
}

impl ReportPeriod {
    fn span(self) -> Option<Span> {
        match self {
            Self::Day => Some(Span::Day),
            Self::Week => Some(Span::Week),
            Self::Month => Some(Span::Month),
            Self::Total => None,
        }
    }

    /// The part of a range that the period has of it which begins on its first day.
    fn part(self, range: Range) -> Range {
        let last = self
            .span()
            .map_or(range.last, |span| span.last(span.first(range.first)));
        Range {
            last: last.min(range.last),
            ..range
        }
    }
}

/// Shows how much an account was used, by day, week or month, oldest first.
///
/// A week or month of which only some days are asked for is reported with those days only.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAccountUsageReportData {
    account_id: AccountId,
    start_date: Option<ReportDate>,
    end_date: Option<ReportDate>,
    period: Option<ReportPeriod>,
    max_results: Option<ResultMax>,
    next_token: Option<String>,
}

/// A page of usage reports.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAccountUsageReportDataOutput {
    usage_reports: Vec<UsageReport>,
    /// What sources had told by then is in the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_through_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// How much an account was used.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UsageReport {
    start_date: ReportDate,
    end_date: ReportDate,
    /// People who had signed up by the end of the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_users: Option<i64>,
    /// People who attended a meeting or sent a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_users: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_pro_users: Option<i64>,
    /// Meetings that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    meetings_held: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_messages_sent: Option<i64>,
    /// Positive answers in percent of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_satisfaction: Option<f64>,
}

impl Operation for ListAccountUsageReportData {
    const SPEC: Spec = Spec::rest(
        "chime:ListAccountUsageReportData",
        "GET /accounts/{AccountId}/reports/usage?start-date={StartDate}&end-date={EndDate}&period={Period}\
         &max-results={MaxResults}&next-token={NextToken}",
    )
    .granted(&[FA, UM, RO]);

    type Access = List;
    type Output = ListAccountUsageReportDataOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ListAccountUsageReportDataOutput, Error> {
        let asked = Range::read(self.start_date.as_ref(), self.end_date.as_ref(), cx.now)?;
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let period = self.period.unwrap_or(ReportPeriod::Day);
        let bounds = [asked.first.to_string(), asked.last.to_string()];
        let filters = [account.id.as_str(), &bounds[0], &bounds[1], period.as_str()];
        let first = beginning(cx, self.next_token.as_ref(), &filters, asked.first, |key| {
            key.first()?.parse().ok()
        })?;
        let (size, _) = result_max(self.max_results);
        let mut parts = Vec::with_capacity(size);
        let mut rest = Range { first, ..asked };
        while rest.first <= rest.last && parts.len() < size {
            let part = period.part(rest);
            rest.first = part.last.plus(1);
            parts.push(part);
        }
        let next_token = (rest.first <= rest.last).then(|| cx.token(&filters, &[rest.first.to_string()]));
        let page = Range {
            first,
            last: rest.first.plus(-1),
        };
        let usage = Usage::read(cx.tx, &account, period, page).await?;
        let mut usage_reports = Vec::with_capacity(parts.len());
        for part in parts {
            usage_reports.push(usage.report(cx.tx, &account, period, part).await?);
        }
        Ok(ListAccountUsageReportDataOutput {
            usage_reports,
            data_through_timestamp: source::data_through(cx.tx, &account.id).await?,
            next_token,
        })
    }
}

/// What the reports of a page are made of.
struct Usage {
    days: BTreeMap<Date, Figures>,
    /// Of whole weeks or months.
    spans: BTreeMap<Date, Figures>,
    /// People who signed up, by day.
    registered: BTreeMap<Date, i64>,
}

impl Usage {
    async fn read(
        tx: &mut carillon_store::ReadTx,
        account: &ManagedAccount,
        period: ReportPeriod,
        range: Range,
    ) -> Result<Self, Error> {
        let dated = |found: Vec<rows::Dated>| found.into_iter().map(|row| (row.first, row.figures)).collect();
        let spans = match period.span() {
            Some(span @ (Span::Week | Span::Month)) => rows::figures(tx, account, span, range).await?,
            _ => Vec::new(),
        };
        let (_, end) = range.moments();
        let registered = rows::registered(tx, account, end).await?;
        Ok(Self {
            days: dated(rows::figures(tx, account, Span::Day, range).await?),
            spans: dated(spans),
            registered: registered
                .into_iter()
                .map(|(day, count)| (Date::from_number(day), count))
                .collect(),
        })
    }

    async fn report(
        &self,
        tx: &mut carillon_store::ReadTx,
        account: &ManagedAccount,
        period: ReportPeriod,
        part: Range,
    ) -> Result<UsageReport, Error> {
        let mut sum = Figures::default();
        for figures in self
            .days
            .range(part.first..=part.last)
            .map(|(_, figures)| figures)
        {
            sum.meetings += figures.meetings;
            sum.messages += figures.messages;
            sum.positive += figures.positive;
            sum.negative += figures.negative;
        }
        // Distinct people of some days are not the sum of those of each. They are kept for whole spans.
        let is_whole = period
            .span()
            .is_some_and(|span| span.first(part.first) == part.first && span.last(part.first) == part.last);
        let kept = match period {
            ReportPeriod::Day => &self.days,
            _ => &self.spans,
        };
        let (active_users, active_pro_users) = if is_whole {
            let figures = kept.get(&part.first).copied().unwrap_or_default();
            (figures.active_users, figures.active_pro_users)
        } else {
            rows::distinct(tx, account, part).await?
        };
        let date = |date: Date| Option::<ReportDate>::from(date).ok_or_else(Error::next_token);
        Ok(UsageReport {
            start_date: date(part.first)?,
            end_date: date(part.last)?,
            registered_users: Some(self.registered.range(..=part.last).map(|(_, count)| count).sum()),
            active_users: Some(active_users),
            active_pro_users: Some(active_pro_users),
            meetings_held: Some(sum.meetings),
            chat_messages_sent: Some(sum.messages),
            meeting_satisfaction: satisfaction(sum.positive, sum.negative),
        })
    }
}

/// Shows what a user did. Without dates, since it signed up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUserActivityReportData {
    account_id: AccountId,
    user_id: UserId,
    start_date: Option<ReportDate>,
    end_date: Option<ReportDate>,
}

/// What a user did, and until when that is known.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUserActivityReportDataOutput {
    user_activity_report: UserActivityReport,
    /// What sources had told by then is in the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_through_timestamp: Option<Timestamp>,
}

/// What a user did.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserActivityReport {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<ReportDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<ReportDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meetings_attended: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meetings_organized: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_messages_sent: Option<i64>,
    /// Positive answers about meetings that the user organized, in percent of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_satisfaction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_active_date: Option<ReportDate>,
}

impl Operation for GetUserActivityReportData {
    const SPEC: Spec = Spec::rest(
        "chime:GetUserActivityReportData",
        "GET /accounts/{AccountId}/users/{UserId}/activity-report?start-date={StartDate}&end-date={EndDate}",
    )
    .granted(&[FA, UM, RO]);

    type Access = Read;
    type Output = GetUserActivityReportDataOutput;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GetUserActivityReportDataOutput, Error> {
        let asked = match (&self.start_date, &self.end_date) {
            (None, None) => None,
            (start, end) => Some(Range::read(start.as_ref(), end.as_ref(), cx.now)?),
        };
        let account = ManagedAccount::find(cx, self.account_id.as_str())?;
        let user = require_user(cx.tx, &account, self.user_id.as_str()).await?;
        let range = asked.unwrap_or_else(|| Range {
            first: Date::of(user.registered_at.unwrap_or(user.created_at)).min(Date::of(cx.now)),
            last: Date::of(cx.now),
        });
        let days = rows::person(cx.tx, &account, &user.id, range).await?;
        let mut sum = PersonDay::default();
        days.iter().for_each(|(_, did)| sum.add(did));
        let last_active = days.iter().rfind(|(_, did)| did.is_active()).map(|(day, _)| *day);
        Ok(GetUserActivityReportDataOutput {
            user_activity_report: UserActivityReport {
                user_id: user.id,
                start_date: range.first.into(),
                end_date: range.last.into(),
                meetings_attended: Some(sum.attended),
                meetings_organized: Some(sum.organized),
                chat_messages_sent: Some(sum.messages),
                meeting_satisfaction: satisfaction(sum.positive, sum.negative),
                last_active_date: last_active.and_then(Option::from),
            },
            data_through_timestamp: source::data_through(cx.tx, &account.id).await?,
        })
    }
}
