//! What callers may ask of service-specific credentials.

use std::time::Duration;

use carillon_aws::arn;
use carillon_aws::id::{IdPrefix, unique_id};
use carillon_aws::secret::Secret;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Caller, Context, Fault, List, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CREDENTIALS, CredentialAgeDays, Form, ServiceName, ServiceSecret, ServiceSpecificCredentialId, digest,
};
use crate::access_key::Status;
use crate::credential::{self, CredentialRow, Kind, Whose, rows};
use crate::error::Error;
use crate::name::{Marker, UserName};
use crate::page::MaxItems;
use crate::user::{Owner, subject_target};

const KIND: Kind = Kind::ServiceSpecific;
const DAY: Duration = Duration::from_hours(24);
/// How often another name is tried when somebody has the one before.
const NAMES: usize = 20;

/// Gives an IAM user a name and a secret for one service. The secret is shown this once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateServiceSpecificCredential {
    user_name: UserName,
    service_name: ServiceName,
    /// Of API keys only. Others do not expire.
    credential_age_days: Option<CredentialAgeDays>,
}

/// A service-specific credential with its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceSpecificCredential {
    create_date: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<IsoSeconds>,
    service_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_password: Option<ServiceSecret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_credential_alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_credential_secret: Option<ServiceSecret>,
    service_specific_credential_id: String,
    user_name: Option<String>,
    status: Status,
}

/// The answer of operations that make a secret.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceSpecificCredentialOutput {
    service_specific_credential: ServiceSpecificCredential,
}

impl ServiceSpecificCredentialOutput {
    fn of(row: CredentialRow, form: Form, secret: &Secret<String>, now: Timestamp) -> Result<Self, Error> {
        let secret = ServiceSecret::try_from(secret.expose().clone())
            .map_err(|error| Fault::internal(error.to_string()))?;
        let status = status(&row, now);
        let (user_name, password, alias, key) = match form {
            Form::Password => (Some(row.body), Some(secret), None, None),
            Form::ApiKey => (None, None, Some(row.body), Some(secret)),
        };
        Ok(Self {
            service_specific_credential: ServiceSpecificCredential {
                create_date: IsoSeconds(row.created_at),
                expiration_date: row.expires_at.map(IsoSeconds),
                service_name: row.service_name,
                service_user_name: user_name,
                service_password: password,
                service_credential_alias: alias,
                service_credential_secret: key,
                service_specific_credential_id: row.id,
                user_name: row.user_name,
                status,
            },
        })
    }
}

/// As it is at this time.
fn status(row: &CredentialRow, now: Timestamp) -> Status {
    if row.expires_at.is_some_and(|at| at <= now) {
        Status::Expired
    } else {
        row.status
    }
}

impl Operation for CreateServiceSpecificCredential {
    const SPEC: Spec = Spec::named("iam:CreateServiceSpecificCredential");

    type Access = Write;
    type Output = ServiceSpecificCredentialOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = subject_target(tx, caller, Some(&self.user_name)).await?;
        target.keys.push((
            "iam:servicespecificcredentialservicename",
            self.service_name.to_string(),
        ));
        if let Some(days) = self.credential_age_days {
            target
                .keys
                .push(("iam:servicespecificcredentialagedays", days.get().to_string()));
        }
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ServiceSpecificCredentialOutput, Error> {
        let account = cx.aws_account_id();
        let owner = Owner::find_user(cx.tx, cx.caller, Some(&self.user_name)).await?;
        let service = self.service_name.as_str();
        let form = Form::of(service)?;
        if form == Form::Password && self.credential_age_days.is_some() {
            return Err(Error::Validation(format!(
                "Credentials for {service} do not expire: CredentialAgeDays cannot be given."
            )));
        }
        if rows::count_of_owner(cx.tx, KIND, &owner.id, service).await? >= CREDENTIALS {
            return Err(Error::LimitExceeded {
                quota: "ServiceSpecificCredentialsPerUser",
                limit: CREDENTIALS,
            });
        }
        let user = owner.name.as_deref().unwrap_or_default();
        let mut name = form.name(user, 0, account, cx.entropy());
        for number in 1..NAMES {
            if !rows::is_taken(cx.tx, account, service, &name).await? {
                break;
            }
            name = form.name(user, number, account, cx.entropy());
        }
        let secret = form.secret(&name, cx.entropy());
        let row = CredentialRow {
            id: unique_id(IdPrefix::ServiceSpecificCredential, cx.entropy()),
            owner_id: owner.id,
            status: Status::Active,
            body: name,
            fingerprint: digest(&secret),
            service_name: Some(service.to_owned()),
            created_at: cx.now,
            expires_at: self
                .credential_age_days
                .map(|days| cx.now + DAY * u32::try_from(days.get()).unwrap_or(u32::MAX)),
            user_name: owner.name,
        };
        rows::insert(cx.tx, KIND, account, &row).await?;
        ServiceSpecificCredentialOutput::of(row, form, &secret, cx.now)
    }
}

/// Gives a service-specific credential another secret, which is shown this once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResetServiceSpecificCredential {
    user_name: Option<UserName>,
    service_specific_credential_id: ServiceSpecificCredentialId,
}

impl Operation for ResetServiceSpecificCredential {
    const SPEC: Spec = Spec::named("iam:ResetServiceSpecificCredential");

    type Access = Write;
    type Output = ServiceSpecificCredentialOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ServiceSpecificCredentialOutput, Error> {
        let owner = Owner::find_user(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let id = &self.service_specific_credential_id;
        let row = credential::require(cx.tx, KIND, &owner, id).await?;
        let form = Form::of(row.service_name.as_deref().unwrap_or_default())?;
        let secret = form.secret(&row.body, cx.entropy());
        rows::set_fingerprint(cx.tx, &row.id, &digest(&secret)).await?;
        ServiceSpecificCredentialOutput::of(row, form, &secret, cx.now)
    }
}

/// Makes a service-specific credential usable or not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateServiceSpecificCredential {
    user_name: Option<UserName>,
    service_specific_credential_id: ServiceSpecificCredentialId,
    status: Status,
}

impl Operation for UpdateServiceSpecificCredential {
    const SPEC: Spec = Spec::named("iam:UpdateServiceSpecificCredential");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let owner = Owner::find_user(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let id = &self.service_specific_credential_id;
        credential::set_status(cx.tx, KIND, &owner, id, self.status).await
    }
}

/// Deletes a service-specific credential.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteServiceSpecificCredential {
    user_name: Option<UserName>,
    service_specific_credential_id: ServiceSpecificCredentialId,
}

impl Operation for DeleteServiceSpecificCredential {
    const SPEC: Spec = Spec::named("iam:DeleteServiceSpecificCredential");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let owner = Owner::find_user(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        credential::delete(cx.tx, KIND, &owner, &self.service_specific_credential_id).await
    }
}

/// Lists the service-specific credentials of an IAM user, of the caller if no name is given, or of all users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListServiceSpecificCredentials {
    user_name: Option<UserName>,
    service_name: Option<ServiceName>,
    all_users: Option<bool>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

impl ListServiceSpecificCredentials {
    fn is_of_all(&self) -> bool {
        self.all_users == Some(true)
    }
}

/// A service-specific credential without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceSpecificCredentialMetadata {
    user_name: Option<String>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_credential_alias: Option<String>,
    create_date: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<IsoSeconds>,
    service_specific_credential_id: String,
    service_name: String,
}

impl ServiceSpecificCredentialMetadata {
    fn of(row: CredentialRow, now: Timestamp) -> Result<Self, Error> {
        let status = status(&row, now);
        let service_name = row.service_name.unwrap_or_default();
        let (service_user_name, service_credential_alias) = match Form::of(&service_name)? {
            Form::Password => (Some(row.body), None),
            Form::ApiKey => (None, Some(row.body)),
        };
        Ok(Self {
            user_name: row.user_name,
            status,
            service_user_name,
            service_credential_alias,
            create_date: IsoSeconds(row.created_at),
            expiration_date: row.expires_at.map(IsoSeconds),
            service_specific_credential_id: row.id,
            service_name,
        })
    }
}

/// A page of service-specific credentials.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceSpecificCredentials {
    service_specific_credentials: Vec<ServiceSpecificCredentialMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    is_truncated: bool,
}

impl Operation for ListServiceSpecificCredentials {
    const SPEC: Spec = Spec::named("iam:ListServiceSpecificCredentials");

    type Access = List;
    type Output = ServiceSpecificCredentials;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        if self.is_of_all() {
            return Ok(Target::on(arn::user(caller.aws_account_id, "/", "")));
        }
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ServiceSpecificCredentials, Error> {
        let service = self.service_name.as_ref().map_or("", ServiceName::as_str);
        if !service.is_empty() {
            Form::of(service)?;
        }
        let owner_id;
        let whose = if self.is_of_all() {
            if self.user_name.is_some() {
                return Err(Error::InvalidInput(
                    "UserName cannot be given together with AllUsers.".to_owned(),
                ));
            }
            Whose::All(cx.caller.aws_account_id)
        } else {
            owner_id = Owner::find_user(cx.tx, cx.caller, self.user_name.as_ref())
                .await?
                .id;
            Whose::Owner(&owner_id)
        };
        let (found, next) =
            credential::page(cx, KIND, (whose, service), self.marker.as_ref(), self.max_items).await?;
        let shapes = found
            .into_iter()
            .map(|row| ServiceSpecificCredentialMetadata::of(row, cx.now));
        Ok(ServiceSpecificCredentials {
            service_specific_credentials: shapes.collect::<Result<_, _>>()?,
            is_truncated: next.is_some(),
            marker: next,
        })
    }
}
