//! What callers may ask of last accesses.

use carillon_aws::id::{AwsAccountId, uuid_v4};
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_aws::{string_enum, string_type};
use carillon_operation::{Caller, Context, Fault, Operation, REGION, Read, Registry, Spec, Target, Write};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{self, Access, LastAccess, Report, Requester};
use super::{Reachable, Subject, reachable};
use crate::error::Error;
use crate::name::{Arn, Marker};
use crate::page::{self, MaxItems};

/// How far back accesses are told, in seconds. Source: IAM API Reference, "GenerateServiceLastAccessedDetails".
const REACH: i64 = 400 * 24 * 60 * 60;
/// How long a report can be read, in seconds. Our choice.
const KEPT: i64 = 24 * 60 * 60;

string_enum! {
    /// How fine a report is.
    pub(crate) enum Granularity {
        ServiceLevel = "SERVICE_LEVEL",
        ActionLevel = "ACTION_LEVEL",
    }
}

string_enum! {
    /// How far a report is.
    pub(crate) enum JobStatus {
        InProgress = "IN_PROGRESS",
        Completed = "COMPLETED",
        Failed = "FAILED",
    }
}

string_enum! {
    /// What kind of entity used a service.
    pub(crate) enum EntityType {
        User = "USER",
        Role = "ROLE",
        Group = "GROUP",
    }
}

string_type! {
    /// The identifier of a report.
    pub(crate) JobId, min: 36, max: 36, example: "6ca17942-1d5b-4d08-9aa3-2d2a2d6cd7a4"
}

string_type! {
    /// The prefix of a service's actions.
    pub(crate) ServiceNamespace, min: 1, max: 64, pattern: r"[\w-]*", example: "chime"
}

/// Makes a report of when a user, group, role or policy was last used to access services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GenerateServiceLastAccessedDetails {
    arn: Arn,
    granularity: Option<Granularity>,
}

/// The report's identifier.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GeneratedReport {
    job_id: String,
}

impl Operation for GenerateServiceLastAccessedDetails {
    const SPEC: Spec = Spec::named("iam:GenerateServiceLastAccessedDetails");

    // AWS calls it a read, and keeps the report all the same.
    type Access = Write;
    type Output = GeneratedReport;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        Subject::target(tx, caller, &self.arn).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<GeneratedReport, Error> {
        let account = cx.aws_account_id();
        let registry = &cx.environment.registry;
        let subject = Subject::find(cx.tx, registry, account, &self.arn).await?;
        let granularity = self.granularity.unwrap_or(Granularity::ServiceLevel);
        let services = services(cx.tx, registry, account, &subject, granularity, cx.now).await?;
        let job_id = uuid_v4(cx.entropy());
        let report = Report {
            subject_id: subject.id().to_owned(),
            arn: subject.arn,
            granularity: granularity.to_string(),
            services: serde_json::to_string(&services).map_err(Fault::internal)?,
            created_at: cx.now,
        };
        let requester = requester(cx.caller);
        rows::insert(cx.tx, &requester, &job_id, &report, ago(cx.now, KEPT)).await?;
        Ok(GeneratedReport { job_id })
    }
}

/// Reports are read by who asked for them: the same user, or any session of the same role.
fn requester(caller: &Caller) -> Requester<'_> {
    Requester {
        account: caller.aws_account_id,
        id: caller.owner_id(),
    }
}

fn ago(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_seconds(now.as_seconds() - seconds)
}

/// The services that a subject gives access to, by namespace, with their last accesses so far.
async fn services(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    subject: &Subject,
    granularity: Granularity,
    now: Timestamp,
) -> Result<Vec<ServiceLastAccessed>, StoreError> {
    let since = ago(now, REACH);
    let documents = subject.documents(tx, registry, account).await?;
    let by_service = rows::by_service(tx, account, subject, since).await?;
    let by_action = match granularity {
        Granularity::ActionLevel => Some(rows::by_action(tx, account, subject, since).await?),
        Granularity::ServiceLevel => None,
    };
    let shape = |reachable: Reachable| {
        let last = by_service.get(reachable.service);
        let actions = by_action.as_ref().map(|by_action| {
            let actions = reachable.actions.iter();
            actions
                .map(|action| TrackedActionLastAccessed::of(action, by_action.get(*action), account))
                .collect()
        });
        ServiceLastAccessed::of(&reachable, last, actions, account)
    };
    Ok(reachable(registry, &documents).into_iter().map(shape).collect())
}

/// A report with the services in it.
struct Found {
    report: Report,
    services: Vec<ServiceLastAccessed>,
}

async fn find<O: Operation<Access = Read>>(cx: &mut Context<'_, O>, job_id: &JobId) -> Result<Found, Error> {
    let report = rows::find(cx.tx, &requester(cx.caller), job_id.as_str(), ago(cx.now, KEPT))
        .await?
        .ok_or_else(|| Error::NotFound(format!("Job {job_id} cannot be found.")))?;
    let services = serde_json::from_str(&report.services).map_err(Fault::internal)?;
    Ok(Found { report, services })
}

/// Reads a report: the services that the entity or policy gives access to, and when each was last accessed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetServiceLastAccessedDetails {
    job_id: JobId,
    max_items: Option<MaxItems>,
    marker: Option<Marker>,
}

/// A page of services.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServicesReport {
    job_status: JobStatus,
    job_type: String,
    job_creation_date: IsoSeconds,
    services_last_accessed: Vec<ServiceLastAccessed>,
    job_completion_date: IsoSeconds,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    /// Of a report that failed; ours do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetails>,
}

/// Why a report failed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ErrorDetails {
    message: String,
    code: String,
}

/// A service and its last access.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceLastAccessed {
    service_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_authenticated: Option<IsoSeconds>,
    service_namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_authenticated_entity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_authenticated_region: Option<String>,
    total_authenticated_entities: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracked_actions_last_accessed: Option<Vec<TrackedActionLastAccessed>>,
}

/// An action and its last access.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TrackedActionLastAccessed {
    action_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed_entity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed_time: Option<IsoSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed_region: Option<String>,
}

impl Operation for GetServiceLastAccessedDetails {
    const SPEC: Spec = Spec::named("iam:GetServiceLastAccessedDetails");

    type Access = Read;
    type Output = ServicesReport;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ServicesReport, Error> {
        let limit = page::limit(self.max_items);
        let job_id = self.job_id.as_str();
        let [after] = page::after(cx, self.marker.as_ref(), &[job_id])?;
        let found = find(cx, &self.job_id).await?;
        let services: Vec<ServiceLastAccessed> = found
            .services
            .into_iter()
            .filter(|service| service.service_namespace > after)
            .collect();
        let page = cx.page(services, limit, &[job_id], |last| {
            vec![last.service_namespace.clone()]
        });
        Ok(ServicesReport {
            job_status: JobStatus::Completed,
            job_type: found.report.granularity,
            job_creation_date: found.report.created_at.into(),
            services_last_accessed: page.items,
            job_completion_date: found.report.created_at.into(),
            is_truncated: page.next.is_some(),
            marker: page.next,
            error: None,
        })
    }
}

impl ServiceLastAccessed {
    fn of(
        reachable: &Reachable,
        last: Option<&LastAccess>,
        actions: Option<Vec<TrackedActionLastAccessed>>,
        account: AwsAccountId,
    ) -> Self {
        Self {
            service_name: reachable.title.to_owned(),
            last_authenticated: last.map(|last| last.at.into()),
            service_namespace: reachable.service.to_owned(),
            last_authenticated_entity: last.map(|last| last.by.arn(account)),
            last_authenticated_region: last.map(|_| REGION.to_owned()),
            total_authenticated_entities: last.map_or(0, |last| last.principals),
            tracked_actions_last_accessed: actions,
        }
    }
}

impl TrackedActionLastAccessed {
    fn of(action: &str, last: Option<&LastAccess>, account: carillon_aws::id::AwsAccountId) -> Self {
        Self {
            action_name: action.split_once(':').map_or(action, |(_, name)| name).to_owned(),
            last_accessed_entity: last.map(|last| last.by.arn(account)),
            last_accessed_time: last.map(|last| last.at.into()),
            last_accessed_region: last.map(|_| REGION.to_owned()),
        }
    }
}

/// Reads from a report who could have accessed a service through the entity or policy, the latest access first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetServiceLastAccessedDetailsWithEntities {
    job_id: JobId,
    service_namespace: ServiceNamespace,
    max_items: Option<MaxItems>,
    marker: Option<Marker>,
}

/// A page of entities.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EntitiesReport {
    job_status: JobStatus,
    job_creation_date: IsoSeconds,
    job_completion_date: IsoSeconds,
    entity_details_list: Vec<EntityDetails>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    /// Of a report that failed; ours do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetails>,
}

/// A user or role and its last access of the service.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EntityDetails {
    entity_info: EntityInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_authenticated: Option<IsoSeconds>,
}

/// Who it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EntityInfo {
    arn: String,
    name: String,
    #[serde(rename = "Type")]
    kind: EntityType,
    id: String,
    path: String,
}

impl Operation for GetServiceLastAccessedDetailsWithEntities {
    const SPEC: Spec = Spec::named("iam:GetServiceLastAccessedDetailsWithEntities");

    type Access = Read;
    type Output = EntitiesReport;
    type Error = Error;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<EntitiesReport, Error> {
        let account = cx.aws_account_id();
        let limit = page::limit(self.max_items);
        let service = self.service_namespace.as_str();
        let filters = [self.job_id.as_str(), service];
        let [at, id] = page::after(cx, self.marker.as_ref(), &filters)?;
        let after = (at.parse().unwrap_or(i64::MAX), id.as_str());
        let found = find(cx, &self.job_id).await?;
        let is_known = found
            .services
            .iter()
            .any(|reachable| reachable.service_namespace == service);
        if !is_known {
            let message = format!("The report has no service {service}.");
            return Err(Error::NotFound(message));
        }
        let subject = Subject::once(&found.report.arn, &found.report.subject_id)?;
        let since = ago(cx.now, REACH);
        let fetched = page::fetched(limit);
        let mut entities =
            rows::entities_after(cx.tx, account, &subject, service, since, after, fetched).await?;
        for access in &mut entities {
            access.by.recall(&subject);
        }
        let page = cx.page(entities, limit, &filters, |last| {
            vec![last.at.to_string(), last.by.id.clone()]
        });
        let shape = |Access { at, by }: Access| EntityDetails {
            last_authenticated: (at > 0).then(|| Timestamp::from_micros(at).into()),
            entity_info: EntityInfo {
                arn: by.arn(account),
                name: by.name,
                kind: if by.is_role {
                    EntityType::Role
                } else {
                    EntityType::User
                },
                id: by.id,
                path: by.path,
            },
        };
        Ok(EntitiesReport {
            job_status: JobStatus::Completed,
            job_creation_date: found.report.created_at.into(),
            job_completion_date: found.report.created_at.into(),
            entity_details_list: page.items.into_iter().map(shape).collect(),
            is_truncated: page.next.is_some(),
            marker: page.next,
            error: None,
        })
    }
}
