//! What callers may ask of server certificates.

use carillon_aws::id::{IdPrefix, unique_id};
use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CertificateChain, PrivateKeyMaterial, RESOURCE_TYPE, SERVER_CERTIFICATES, ServerCertificateMetadata,
    ServerCertificateName, ServerCertificateRow, arn, key_purpose, require, rows, target,
};
use crate::certificate::Certificate;
use crate::error::Error;
use crate::name::{CertificateBody, Marker, Path, PathPrefix};
use crate::page::{self, MaxItems};
use crate::tag::{self, Tag, TagShape};

/// Keeps a certificate of a server with its private key and the certificates that vouch for it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UploadServerCertificate {
    path: Option<Path>,
    server_certificate_name: ServerCertificateName,
    certificate_body: CertificateBody,
    private_key: PrivateKeyMaterial,
    certificate_chain: Option<CertificateChain>,
    #[serde(default)]
    tags: Listed<Tag, 0, 50>,
}

/// The answer of `UploadServerCertificate`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UploadedServerCertificate {
    server_certificate_metadata: ServerCertificateMetadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

impl UploadServerCertificate {
    fn path(&self) -> &str {
        self.path.as_ref().map_or("/", Path::as_str)
    }
}

fn already_exists(name: &ServerCertificateName) -> Error {
    Error::AlreadyExists(format!("The Server Certificate with name {name} already exists."))
}

impl Operation for UploadServerCertificate {
    const SPEC: Spec = Spec::named("iam:UploadServerCertificate");

    type Access = Write;
    type Output = UploadedServerCertificate;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        let name = self.server_certificate_name.as_str();
        let mut target =
            Target::on(arn(caller.aws_account_id, self.path(), name)).filed_under(RESOURCE_TYPE, name);
        tag::made_with(&mut target, &self.tags);
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<UploadedServerCertificate, Error> {
        let account = cx.aws_account_id();
        let name = &self.server_certificate_name;
        tag::check(&self.tags)?;
        let certificate = Certificate::parse(self.certificate_body.as_str())?;
        if cx.now < certificate.not_before || cx.now > certificate.not_after {
            return Err(Error::MalformedCertificate(
                "The certificate is not valid at this time.".to_owned(),
            ));
        }
        certificate.check_key(self.private_key.as_str())?;
        if let Some(chain) = &self.certificate_chain {
            certificate.check_chain(chain.as_str())?;
        }
        if rows::find(cx.tx, account, name.as_str()).await?.is_some() {
            return Err(already_exists(name));
        }
        if rows::count(cx.tx, account).await? >= SERVER_CERTIFICATES {
            return Err(Error::LimitExceeded {
                quota: "ServerCertificatesPerAccount",
                limit: SERVER_CERTIFICATES,
            });
        }
        // Terraform knows the texts without white space around them, and replaces a certificate that is read otherwise.
        let trimmed = |text: &str| text.trim().to_owned();
        let row = ServerCertificateRow {
            id: unique_id(IdPrefix::ServerCertificate, cx.entropy()),
            name: name.to_string(),
            path: self.path().to_owned(),
            body: trimmed(self.certificate_body.as_str()),
            chain: self
                .certificate_chain
                .as_ref()
                .map(|chain| trimmed(chain.as_str())),
            uploaded_at: cx.now,
            expires_at: certificate.not_after,
        };
        let sealed = cx.environment.vault.seal(
            cx.entropy(),
            &key_purpose(&row.id),
            self.private_key.as_str().as_bytes(),
        );
        rows::insert(cx.tx, account, &row, &sealed).await?;
        tag::put(cx.tx, &row.id, &self.tags).await?;
        Ok(UploadedServerCertificate {
            server_certificate_metadata: row.metadata(account),
            tags: tag::shown(tag::pairs(&self.tags)),
        })
    }
}

/// Returns a server certificate, without its private key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetServerCertificate {
    server_certificate_name: ServerCertificateName,
}

/// A server certificate.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServerCertificate {
    server_certificate_metadata: ServerCertificateMetadata,
    certificate_body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_chain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

/// The answer of `GetServerCertificate`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServerCertificateOutput {
    server_certificate: ServerCertificate,
}

impl Operation for GetServerCertificate {
    const SPEC: Spec = Spec::named("iam:GetServerCertificate");

    type Access = Read;
    type Output = ServerCertificateOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.server_certificate_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ServerCertificateOutput, Error> {
        let account = cx.aws_account_id();
        let row = require(cx.tx, account, &self.server_certificate_name).await?;
        let tags = tag::of(cx.tx, &row.id).await?;
        Ok(ServerCertificateOutput {
            server_certificate: ServerCertificate {
                server_certificate_metadata: row.metadata(account),
                certificate_body: row.body,
                certificate_chain: row.chain,
                tags: tag::shown(tags),
            },
        })
    }
}

/// Lists server certificates by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListServerCertificates {
    path_prefix: Option<PathPrefix>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// A page of server certificates.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServerCertificates {
    server_certificate_metadata_list: Vec<ServerCertificateMetadata>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl ListServerCertificates {
    fn path_prefix(&self) -> &str {
        self.path_prefix.as_ref().map_or("/", PathPrefix::as_str)
    }
}

impl Operation for ListServerCertificates {
    const SPEC: Spec = Spec::named("iam:ListServerCertificates");

    type Access = List;
    type Output = ServerCertificates;
    type Error = Error;

    async fn target(&self, caller: &Caller, _: &mut ReadTx) -> Result<Target, Fault> {
        Ok(Target::on(arn(caller.aws_account_id, self.path_prefix(), "")))
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<ServerCertificates, Error> {
        let account = cx.aws_account_id();
        let limit = page::limit(self.max_items);
        let filters = [self.path_prefix()];
        let [after] = page::after(cx, self.marker.as_ref(), &filters)?;
        let found =
            rows::list_after(cx.tx, account, &after, self.path_prefix(), page::fetched(limit)).await?;
        let page = cx.page(found, limit, &filters, |last| vec![last.name.to_lowercase()]);
        Ok(ServerCertificates {
            server_certificate_metadata_list: page.items.iter().map(|row| row.metadata(account)).collect(),
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

/// Renames a server certificate or moves it to another path. Its identifier stays, its ARN changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateServerCertificate {
    server_certificate_name: ServerCertificateName,
    new_path: Option<Path>,
    new_server_certificate_name: Option<ServerCertificateName>,
}

impl Operation for UpdateServerCertificate {
    const SPEC: Spec = Spec::named("iam:UpdateServerCertificate");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let account = caller.aws_account_id;
        let mut target = target(tx, caller, &self.server_certificate_name).await?;
        let old = rows::find(tx, account, self.server_certificate_name.as_str()).await?;
        let (old_path, old_name) = old
            .as_ref()
            .map_or(("/", self.server_certificate_name.as_str()), |old| {
                (old.path.as_str(), old.name.as_str())
            });
        // Whoever renames needs the right to both names: what it has and what it gets.
        target.also_on(arn(
            account,
            self.new_path.as_ref().map_or(old_path, Path::as_str),
            self.new_server_certificate_name
                .as_ref()
                .map_or(old_name, ServerCertificateName::as_str),
        ));
        Ok(target)
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let mut row = require(cx.tx, account, &self.server_certificate_name).await?;
        if let Some(name) = &self.new_server_certificate_name {
            if let Some(other) = rows::find(cx.tx, account, name.as_str()).await?
                && other.id != row.id
            {
                return Err(already_exists(name));
            }
            row.name = name.to_string();
        }
        if let Some(path) = &self.new_path {
            row.path = path.to_string();
        }
        rows::rename(cx.tx, &row.id, &row.path, &row.name).await?;
        Ok(())
    }
}

/// Deletes a server certificate with its private key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteServerCertificate {
    server_certificate_name: ServerCertificateName,
}

impl Operation for DeleteServerCertificate {
    const SPEC: Spec = Spec::named("iam:DeleteServerCertificate");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        target(tx, caller, &self.server_certificate_name).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let row = require(cx.tx, cx.caller.aws_account_id, &self.server_certificate_name).await?;
        tag::remove_all(cx.tx, &row.id).await?;
        rows::delete(cx.tx, &row.id).await?;
        Ok(())
    }
}
