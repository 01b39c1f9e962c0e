//! The administration of Chime: accounts, users and everything they have.

pub mod account;
pub mod activity;
mod attachment;
mod beyond;
mod data_export;
mod delegate;
mod domain;
mod email;
mod error;
mod event;
mod html;
mod license;
mod link;
mod name;
pub mod open_id;
mod page;
mod portal;
mod report;
mod session;
mod support;
mod user;

pub use data_export::{DOWNLOADS, open_data_export};
pub use domain::name::read_providers as read_mail_providers;
pub use error::Error;
pub use license::License;
pub use portal::{Files, Portal, Upload};
pub use report::csv::as_csv;

use account::operations::*;
use carillon_aws::error::{JsonErrors, Protocol};
use carillon_operation::{
    AnyJob, FA, Group, RO, ResourceTerms, Service, Spec, Terms, UM, job, operation, planned,
};
use data_export::operations::{RetrieveDataExport, StartDataExport};
use delegate::operations::*;
use domain::operations::*;
use report::meetings::*;
use report::usage::*;
use serde_json::Value;
use support::operations::SubmitSupportRequest;
use user::batches::*;
use user::invitation::operations::*;
use user::operations::*;
use user::update::ResetPersonalPIN;

/// The kinds of jobs of this crate, for the runner.
pub static JOBS: &[&dyn AnyJob] = &[
    job::<account::jobs::PurgeAccount>(),
    job::<attachment::jobs::DeleteObjects>(),
    job::<attachment::jobs::DropUnkept>(),
    job::<attachment::jobs::ForgetFiles>(),
    job::<data_export::jobs::WritePart>(),
    job::<data_export::jobs::ExpireExport>(),
    job::<data_export::jobs::TellReady>(),
    job::<account::jobs::WindDown>(),
    job::<domain::jobs::CheckDomain>(),
    job::<domain::claim::SettleDomain>(),
    job::<domain::release::ReleasePeople>(),
    job::<delegate::jobs::SendDelegateInvitation>(),
    job::<delegate::jobs::TellDelegation>(),
    job::<delegate::jobs::EndDelegation>(),
    job::<support::jobs::SendSupportRequest>(),
    job::<support::jobs::CopySupportRequest>(),
    job::<user::jobs::SendInvitation>(),
    job::<user::jobs::ExpireInvitations>(),
    job::<user::jobs::TellPinReset>(),
    job::<session::jobs::ForgetSession>(),
    job::<user::jobs::EndTrial>(),
    job::<link::jobs::AnswerAsk>(),
    job::<link::jobs::SendLetter>(),
    job::<link::jobs::ForgetLink>(),
    job::<open_id::jobs::EndSession>(),
    job::<open_id::jobs::ReviewGrants>(),
    job::<open_id::jobs::TellClient>(),
    job::<open_id::jobs::RotateKeys>(),
];

/// The structure of every operation, in JSON, from which the model of those that are not built is made.
pub const PLANNED_MODEL: &str = include_str!("../model/planned.json");

/// What a request concerns: the user if it names one, else the account, and for `CreateAccount` the new one.
fn resource_of(input: &Value, output: Option<&Value>) -> Option<(&'static str, String)> {
    let named = |tree: &Value, pointer: &str| tree.pointer(pointer)?.as_str().map(str::to_owned);
    if let Some(user) = named(input, "/UserId") {
        return Some(("AWS::Chime::User", user));
    }
    let account = named(input, "/AccountId").or_else(|| named(output?, "/Account/AccountId"))?;
    Some(("AWS::Chime::Account", account))
}

/// Amazon Chime, version 2018-05-01: the founding table's actions under its headings, in its order, and what AWS
/// offers beyond them.
pub static CHIME: Service = Service {
    name: "chime",
    event_source: "chime.amazonaws.com",
    protocol: Protocol::RestJson(JsonErrors::Chime),
    version: "2018-05-01",
    region: None,
    resource_of,
    locate: Some(account::locate),
    policies: &[],
    terms: &Terms {
        title: "Amazon Chime",
        known_actions: include_str!("known_actions.txt"),
        asked_besides: &[],
        resources: ResourceTerms::Declared,
        keys: &[],
    },
    groups: &[
        Group {
            name: "Accounts",
            operations: &[
                operation::<CreateAccount>(),
                operation::<DeleteAccount>(),
                operation::<GetAccount>(),
                operation::<ListAccounts>(),
                operation::<RenameAccount>(),
            ],
        },
        Group {
            name: "Users",
            operations: &[
                operation::<ActivateUsers>(),
                operation::<BatchSuspendUser>(),
                operation::<BatchUnsuspendUser>(),
                operation::<BatchUpdateUser>(),
                operation::<GetAccountSettings>(),
                operation::<GetUser>(),
                operation::<GetUserByEmail>(),
                operation::<InviteUsers>(),
                operation::<ListUsers>(),
                operation::<LogoutUser>(),
                operation::<ResetPersonalPIN>(),
                operation::<SuspendUsers>(),
                operation::<UpdateAccountSettings>(),
                operation::<UpdateUserLicenses>(),
            ],
        },
        Group {
            name: "Reporting",
            operations: &[
                operation::<GetMeetingDetail>(),
                operation::<GetUserActivityReportData>(),
                operation::<ListAccountUsageReportData>(),
                operation::<ListMeetingEvents>(),
                operation::<ListMeetingReportData>(),
            ],
        },
        Group {
            name: "Attachments",
            operations: &[operation::<RetrieveDataExport>(), operation::<StartDataExport>()],
        },
        Group {
            name: "Domains",
            operations: &[
                operation::<AddDomain>(),
                operation::<DeleteDomain>(),
                operation::<GetDomain>(),
                operation::<ListDomains>(),
            ],
        },
        Group {
            name: "Active Directory",
            operations: &[
                planned!(
                    Write,
                    Spec::rest(
                        "chime:AddOrUpdateGroups",
                        "POST /accounts/{AccountId}/groups?operation=add-or-update"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:AuthorizeDirectory",
                        "POST /accounts/{AccountId}/directories/{DirectoryId}?operation=authorize"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:ConnectDirectory",
                        "POST /accounts/{AccountId}/directories/{DirectoryId}?operation=connect"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DeleteGroups",
                        "POST /accounts/{AccountId}/groups?operation=batch-delete"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DisconnectDirectory",
                        "POST /accounts/{AccountId}/directories/{DirectoryId}?operation=disconnect"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListDirectories", "GET /directories").granted(&[FA, UM, RO])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListGroups", "GET /accounts/{AccountId}/groups").granted(&[FA, UM, RO])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:UnauthorizeDirectory",
                        "POST /accounts/{AccountId}/directories/{DirectoryId}?operation=unauthorize"
                    )
                    .granted(&[FA])
                ),
            ],
        },
        Group {
            name: "Okta",
            operations: &[
                planned!(
                    Write,
                    Spec::rest("chime:CreateApiKey", "POST /accounts/{AccountId}/api-keys").granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DeleteAccountOpenIdConfig",
                        "DELETE /accounts/{AccountId}/openid-config"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DeleteApiKey",
                        "DELETE /accounts/{AccountId}/api-keys/{ApiKeyId}"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Read,
                    Spec::rest(
                        "chime:GetAccountWithOpenIdConfig",
                        "GET /accounts/{AccountId}/openid-config"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListApiKeys", "GET /accounts/{AccountId}/api-keys").granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:UpdateAccountOpenIdConfig",
                        "PUT /accounts/{AccountId}/openid-config"
                    )
                    .granted(&[FA])
                ),
            ],
        },
        Group {
            name: "Calling",
            operations: &[
                planned!(
                    Write,
                    Spec::rest(
                        "chime:AssociatePhoneNumberWithUser",
                        "POST /accounts/{AccountId}/users/{UserId}?operation=associate-phone-number"
                    )
                    .granted(&[FA, UM])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:AssociatePhoneNumbersWithVoiceConnector",
                        "POST /voice-connectors/{VoiceConnectorId}?operation=associate-phone-numbers"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:BatchDeletePhoneNumber",
                        "POST /phone-numbers?operation=batch-delete"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:BatchUpdatePhoneNumber",
                        "POST /phone-numbers?operation=batch-update"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest("chime:CreatePhoneNumberOrder", "POST /phone-number-orders").granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest("chime:CreateVoiceConnector", "POST /voice-connectors").granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest("chime:DeletePhoneNumber", "DELETE /phone-numbers/{PhoneNumberId}")
                        .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DeleteVoiceConnector",
                        "DELETE /voice-connectors/{VoiceConnectorId}"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DeleteVoiceConnectorOrigination",
                        "DELETE /voice-connectors/{VoiceConnectorId}/origination"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DeleteVoiceConnectorTermination",
                        "DELETE /voice-connectors/{VoiceConnectorId}/termination"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DeleteVoiceConnectorTerminationCredentials",
                        "POST /voice-connectors/{VoiceConnectorId}/termination/credentials?operation=delete"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DisassociatePhoneNumberFromUser",
                        "POST /accounts/{AccountId}/users/{UserId}?operation=disassociate-phone-number"
                    )
                    .granted(&[FA, UM])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:DisassociatePhoneNumbersFromVoiceConnector",
                        "POST /voice-connectors/{VoiceConnectorId}?operation=disassociate-phone-numbers"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Read,
                    Spec::rest("chime:GetCDRBucket", "GET /cdr-buckets/{BucketName}").granted(&[FA, RO])
                ),
                planned!(
                    Read,
                    Spec::rest("chime:GetGlobalSettings", "GET /settings").granted(&[FA])
                ),
                planned!(
                    Read,
                    Spec::rest("chime:GetPhoneNumber", "GET /phone-numbers/{PhoneNumberId}")
                        .granted(&[FA, UM, RO])
                ),
                planned!(
                    Read,
                    Spec::rest(
                        "chime:GetPhoneNumberOrder",
                        "GET /phone-number-orders/{PhoneNumberOrderId}"
                    )
                    .granted(&[FA, RO])
                ),
                planned!(
                    Read,
                    Spec::rest("chime:GetTelephonyLimits", "GET /telephony-limits").granted(&[FA])
                ),
                planned!(
                    Read,
                    Spec::rest(
                        "chime:GetVoiceConnector",
                        "GET /voice-connectors/{VoiceConnectorId}"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA, RO])
                ),
                planned!(
                    Read,
                    Spec::rest(
                        "chime:GetVoiceConnectorOrigination",
                        "GET /voice-connectors/{VoiceConnectorId}/origination"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA, RO])
                ),
                planned!(
                    Read,
                    Spec::rest(
                        "chime:GetVoiceConnectorTermination",
                        "GET /voice-connectors/{VoiceConnectorId}/termination"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA, RO])
                ),
                planned!(
                    Read,
                    Spec::rest(
                        "chime:GetVoiceConnectorTerminationHealth",
                        "GET /voice-connectors/{VoiceConnectorId}/termination/health"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA, RO])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListCallingRegions", "GET /calling-regions").granted(&[FA, RO])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListCDRBucket", "GET /cdr-buckets").granted(&[FA, RO])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListPhoneNumberOrders", "GET /phone-number-orders").granted(&[FA, RO])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListPhoneNumbers", "GET /phone-numbers").granted(&[FA, UM, RO])
                ),
                planned!(
                    List,
                    Spec::rest("chime:ListVoiceConnectors", "GET /voice-connectors").granted(&[FA, RO])
                ),
                planned!(
                    List,
                    Spec::rest(
                        "chime:ListVoiceConnectorTerminationCredentials",
                        "GET /voice-connectors/{VoiceConnectorId}/termination/credentials"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA, RO])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:PutVoiceConnectorOrigination",
                        "PUT /voice-connectors/{VoiceConnectorId}/origination"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:PutVoiceConnectorTermination",
                        "PUT /voice-connectors/{VoiceConnectorId}/termination"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:PutVoiceConnectorTerminationCredentials",
                        "POST /voice-connectors/{VoiceConnectorId}/termination/credentials?operation=put"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:RestorePhoneNumber",
                        "POST /phone-numbers/{PhoneNumberId}?operation=restore"
                    )
                    .granted(&[FA])
                ),
                planned!(
                    Read,
                    Spec::rest(
                        "chime:SearchAvailablePhoneNumbers",
                        "GET /search?type=phone-numbers"
                    )
                    .granted(&[FA, RO])
                ),
                planned!(
                    Write,
                    Spec::rest("chime:UpdateGlobalSettings", "PUT /settings").granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest("chime:UpdatePhoneNumber", "POST /phone-numbers/{PhoneNumberId}")
                        .granted(&[FA])
                ),
                planned!(
                    Write,
                    Spec::rest(
                        "chime:UpdateVoiceConnector",
                        "PUT /voice-connectors/{VoiceConnectorId}"
                    )
                    .on("vc/{VoiceConnectorId}")
                    .granted(&[FA])
                ),
            ],
        },
        Group {
            name: "Amazon Chime Support",
            operations: &[operation::<SubmitSupportRequest>()],
        },
        Group {
            name: "AWS Account Delegation",
            operations: &[
                operation::<AcceptDelegate>(),
                operation::<DeleteDelegate>(),
                operation::<ListDelegates>(),
            ],
        },
        Group {
            name: "Beyond the table",
            operations: beyond::OPERATIONS,
        },
    ],
};
