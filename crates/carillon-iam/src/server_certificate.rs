//! Certificates of servers with their private keys. Keys are sealed and never told again.

pub(crate) mod operations;
pub(crate) mod rows;

use carillon_aws::arn::{self, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_aws::string_type;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Caller, Fault, Target};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::name;
use crate::tag;

/// Server certificates in one AWS account.
pub(crate) const SERVER_CERTIFICATES: usize = 20;

/// What the trail files events under.
const RESOURCE_TYPE: &str = "AWS::IAM::ServerCertificate";

string_type! {
    /// The name of a server certificate.
    pub ServerCertificateName, min: 1, max: 128, pattern: r"[\w+=,.@-]+", form: name::NAME, example: "chime.example.com"
}

string_type! {
    /// The private key of a certificate, in PEM.
    pub PrivateKeyMaterial, min: 1, max: 16384, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    example: "-----BEGIN PRIVATE KEY-----", sensitive
}

string_type! {
    /// Certificates in PEM, each signed by the next.
    pub CertificateChain, min: 1, max: 2097152, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    example: "-----BEGIN CERTIFICATE-----"
}

/// How a private key is sealed.
fn key_purpose(id: &str) -> String {
    format!("private key of {id}")
}

/// A server certificate as it is kept, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerCertificateRow {
    pub id: String,
    pub name: String,
    pub path: String,
    pub body: String,
    pub chain: Option<String>,
    pub uploaded_at: Timestamp,
    pub expires_at: Timestamp,
}

impl ServerCertificateRow {
    fn arn(&self, account: AwsAccountId) -> String {
        arn(account, &self.path, &self.name)
    }

    fn metadata(&self, account: AwsAccountId) -> ServerCertificateMetadata {
        ServerCertificateMetadata {
            path: self.path.clone(),
            server_certificate_name: self.name.clone(),
            server_certificate_id: self.id.clone(),
            arn: self.arn(account),
            upload_date: IsoSeconds(self.uploaded_at),
            expiration: IsoSeconds(self.expires_at),
        }
    }
}

fn arn(account: AwsAccountId, path: &str, name: &str) -> String {
    arn::iam(IamKind::ServerCertificate, account, path, name)
}

/// The server certificate of this name, in any case, or `NoSuchEntity`.
async fn require(
    tx: &mut ReadTx,
    account: AwsAccountId,
    name: &ServerCertificateName,
) -> Result<ServerCertificateRow, Error> {
    rows::find(tx, account, name.as_str()).await?.ok_or_else(|| {
        Error::NotFound(format!(
            "The Server Certificate with name {name} cannot be found."
        ))
    })
}

/// What the policies are asked about: ARN and tags. One that does not exist is asked about as if it had the path `/`.
pub(crate) async fn target(
    tx: &mut ReadTx,
    caller: &Caller,
    name: &ServerCertificateName,
) -> Result<Target, Fault> {
    let account = caller.aws_account_id;
    let target = match rows::find(tx, account, name.as_str()).await? {
        None => Target::on(arn(account, "/", name.as_str())),
        Some(certificate) => {
            let mut target = Target::on(certificate.arn(account));
            target.tags = tag::of(tx, &certificate.id).await?;
            target
        }
    };
    Ok(target.filed_under(RESOURCE_TYPE, name.as_str()))
}

/// The identifier that the tags of a server certificate are kept under.
pub(crate) async fn tagged(
    tx: &mut ReadTx,
    caller: &Caller,
    name: &ServerCertificateName,
) -> Result<String, Error> {
    Ok(require(tx, caller.aws_account_id, name).await?.id)
}

/// A server certificate without the certificate.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServerCertificateMetadata {
    path: String,
    server_certificate_name: String,
    server_certificate_id: String,
    arn: String,
    upload_date: IsoSeconds,
    expiration: IsoSeconds,
}
