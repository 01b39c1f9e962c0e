//! Signing certificates of users and of root.

use carillon_aws::sigv4::sha256;
use carillon_aws::string_type;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Caller, Context, Fault, List, Operation, Spec, Target, Write};
use carillon_store::ReadTx;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CredentialRow, Kind, Whose, rows};
use crate::access_key::Status;
use crate::certificate::Certificate;
use crate::error::Error;
use crate::name::{CertificateBody, ExistingUserName, Marker};
use crate::page::MaxItems;
use crate::user::{Owner, subject_target};

/// Certificates of one user, and of root.
pub(crate) const SIGNING_CERTIFICATES: usize = 2;

const KIND: Kind = Kind::SigningCertificate;
/// Characters of an identifier.
const ID: usize = 32;

string_type! {
    /// The identifier of a signing certificate.
    pub CertificateId, min: 24, max: 128, pattern: r"[\w]+", example: "TA7SMP42TDN5Z26OBPJE7EXAMPLE"
}

/// The same certificate of the same owner has the same identifier.
fn id_of(owner_id: &str, der: &[u8]) -> String {
    let digest = sha256(&[owner_id.as_bytes(), der].concat());
    let mut id = BASE32_NOPAD.encode(&digest);
    id.truncate(ID);
    id
}

fn check_validity(certificate: &Certificate, now: Timestamp) -> Result<(), Error> {
    if now < certificate.not_before {
        return Err(Error::InvalidCertificate("The certificate is not valid yet."));
    }
    if now > certificate.not_after {
        return Err(Error::InvalidCertificate("The certificate is valid no longer."));
    }
    Ok(())
}

/// Gives an IAM user a signing certificate, or the caller if no name is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UploadSigningCertificate {
    user_name: Option<ExistingUserName>,
    certificate_body: CertificateBody,
}

/// A signing certificate.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SigningCertificate {
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    certificate_id: String,
    certificate_body: String,
    status: Status,
    upload_date: IsoSeconds,
}

impl SigningCertificate {
    fn of(row: CredentialRow) -> Self {
        Self {
            user_name: row.user_name,
            certificate_id: row.id,
            certificate_body: row.body,
            status: row.status,
            upload_date: IsoSeconds(row.created_at),
        }
    }
}

/// The answer of `UploadSigningCertificate`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SigningCertificateOutput {
    certificate: SigningCertificate,
}

impl Operation for UploadSigningCertificate {
    const SPEC: Spec = Spec::named("iam:UploadSigningCertificate");

    type Access = Write;
    type Output = SigningCertificateOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SigningCertificateOutput, Error> {
        let account = cx.aws_account_id();
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let certificate = Certificate::parse(self.certificate_body.as_str())?;
        check_validity(&certificate, cx.now)?;
        let fingerprint = HEXLOWER.encode(&sha256(&certificate.der));
        if !rows::owners_of_fingerprint(cx.tx, KIND, account, &fingerprint)
            .await?
            .is_empty()
        {
            return Err(Error::DuplicateCertificate);
        }
        if rows::count_of_owner(cx.tx, KIND, &owner.id, "").await? >= SIGNING_CERTIFICATES {
            return Err(Error::LimitExceeded {
                quota: "SigningCertificatesPerUser",
                limit: SIGNING_CERTIFICATES,
            });
        }
        let row = CredentialRow {
            id: id_of(&owner.id, &certificate.der),
            owner_id: owner.id,
            status: Status::Active,
            body: self.certificate_body.to_string(),
            fingerprint,
            service_name: None,
            created_at: cx.now,
            expires_at: None,
            user_name: owner.name,
        };
        rows::insert(cx.tx, KIND, account, &row).await?;
        Ok(SigningCertificateOutput {
            certificate: SigningCertificate::of(row),
        })
    }
}

/// Makes a signing certificate usable or not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateSigningCertificate {
    user_name: Option<ExistingUserName>,
    certificate_id: CertificateId,
    status: Status,
}

impl Operation for UpdateSigningCertificate {
    const SPEC: Spec = Spec::named("iam:UpdateSigningCertificate");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        super::set_status(cx.tx, KIND, &owner, &self.certificate_id, self.status).await
    }
}

/// Deletes a signing certificate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteSigningCertificate {
    user_name: Option<ExistingUserName>,
    certificate_id: CertificateId,
}

impl Operation for DeleteSigningCertificate {
    const SPEC: Spec = Spec::named("iam:DeleteSigningCertificate");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        super::delete(cx.tx, KIND, &owner, &self.certificate_id).await
    }
}

/// Lists the signing certificates of an IAM user, or of the caller if no name is given, the oldest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSigningCertificates {
    user_name: Option<ExistingUserName>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// A page of signing certificates.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SigningCertificates {
    certificates: Vec<SigningCertificate>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListSigningCertificates {
    const SPEC: Spec = Spec::named("iam:ListSigningCertificates");

    type Access = List;
    type Output = SigningCertificates;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SigningCertificates, Error> {
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let (found, next) = super::page(
            cx,
            KIND,
            (Whose::Owner(&owner.id), ""),
            self.marker.as_ref(),
            self.max_items,
        )
        .await?;
        Ok(SigningCertificates {
            certificates: found.into_iter().map(SigningCertificate::of).collect(),
            is_truncated: next.is_some(),
            marker: next,
        })
    }
}
