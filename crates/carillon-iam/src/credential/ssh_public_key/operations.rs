//! What callers may ask of the SSH public keys of users.

use carillon_aws::id::{IdPrefix, unique_id};
use carillon_aws::time::IsoSeconds;
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Encoding, PublicKey, PublicKeyMaterial, SSH_KEYS, SshPublicKeyId};
use crate::access_key::Status;
use crate::credential::{self, CredentialRow, Kind, Whose, rows};
use crate::error::Error;
use crate::name::{Marker, UserName};
use crate::page::MaxItems;
use crate::user::{Owner, subject_target};

const KIND: Kind = Kind::SshPublicKey;

/// Gives an IAM user an SSH public key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UploadSSHPublicKey {
    user_name: UserName,
    #[serde(rename = "SSHPublicKeyBody")]
    body: PublicKeyMaterial,
}

/// An SSH public key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SshPublicKey {
    user_name: Option<String>,
    #[serde(rename = "SSHPublicKeyId")]
    id: String,
    fingerprint: String,
    #[serde(rename = "SSHPublicKeyBody")]
    body: String,
    status: Status,
    upload_date: IsoSeconds,
}

/// The answer of operations about one key.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SshPublicKeyOutput {
    #[serde(rename = "SSHPublicKey")]
    key: SshPublicKey,
}

impl SshPublicKeyOutput {
    fn of(row: CredentialRow, body: String) -> Self {
        Self {
            key: SshPublicKey {
                user_name: row.user_name,
                id: row.id,
                fingerprint: row.fingerprint,
                body,
                status: row.status,
                upload_date: IsoSeconds(row.created_at),
            },
        }
    }
}

impl Operation for UploadSSHPublicKey {
    const SPEC: Spec = Spec::named("iam:UploadSSHPublicKey");

    type Access = Write;
    type Output = SshPublicKeyOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, Some(&self.user_name)).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SshPublicKeyOutput, Error> {
        let account = cx.aws_account_id();
        let owner = Owner::find_user(cx.tx, cx.caller, Some(&self.user_name)).await?;
        let key = PublicKey::parse(self.body.as_str())?;
        let fingerprint = key.fingerprint();
        let owners = rows::owners_of_fingerprint(cx.tx, KIND, account, &fingerprint).await?;
        if owners.iter().any(|(id,)| *id == owner.id) {
            return Err(Error::DuplicateSshPublicKey);
        }
        if rows::count_of_owner(cx.tx, KIND, &owner.id, "").await? >= SSH_KEYS {
            return Err(Error::LimitExceeded {
                quota: "SSHPublicKeysPerUser",
                limit: SSH_KEYS,
            });
        }
        let row = CredentialRow {
            id: unique_id(IdPrefix::PublicKey, cx.entropy()),
            owner_id: owner.id,
            status: Status::Active,
            body: key.blob(),
            fingerprint,
            service_name: None,
            created_at: cx.now,
            expires_at: None,
            user_name: owner.name,
        };
        rows::insert(cx.tx, KIND, account, &row).await?;
        Ok(SshPublicKeyOutput::of(row, self.body.to_string()))
    }
}

/// Returns an SSH public key of an IAM user, in the form that is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSSHPublicKey {
    user_name: UserName,
    #[serde(rename = "SSHPublicKeyId")]
    id: SshPublicKeyId,
    encoding: Encoding,
}

impl Operation for GetSSHPublicKey {
    const SPEC: Spec = Spec::named("iam:GetSSHPublicKey");

    type Access = Read;
    type Output = SshPublicKeyOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, Some(&self.user_name)).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SshPublicKeyOutput, Error> {
        let owner = Owner::find_user(cx.tx, cx.caller, Some(&self.user_name)).await?;
        let row = credential::require(cx.tx, KIND, &owner, &self.id).await?;
        let body = PublicKey::from_blob(&row.body)
            .and_then(|key| key.encoded(self.encoding).ok())
            .ok_or_else(|| Fault::internal("a kept SSH key can be read no longer"))?;
        Ok(SshPublicKeyOutput::of(row, body))
    }
}

/// Lists the SSH public keys of an IAM user, or of the caller if no name is given, the oldest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSSHPublicKeys {
    user_name: Option<UserName>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// An SSH public key without the key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SshPublicKeyMetadata {
    user_name: Option<String>,
    #[serde(rename = "SSHPublicKeyId")]
    id: String,
    status: Status,
    upload_date: IsoSeconds,
}

/// A page of SSH public keys.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SshPublicKeyList {
    #[serde(rename = "SSHPublicKeys")]
    keys: Vec<SshPublicKeyMetadata>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListSSHPublicKeys {
    const SPEC: Spec = Spec::named("iam:ListSSHPublicKeys");

    type Access = List;
    type Output = SshPublicKeyList;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<SshPublicKeyList, Error> {
        let owner = Owner::find_user(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let (found, next) = credential::page(
            cx,
            KIND,
            (Whose::Owner(&owner.id), ""),
            self.marker.as_ref(),
            self.max_items,
        )
        .await?;
        let shape = |row: CredentialRow| SshPublicKeyMetadata {
            user_name: row.user_name,
            id: row.id,
            status: row.status,
            upload_date: IsoSeconds(row.created_at),
        };
        Ok(SshPublicKeyList {
            keys: found.into_iter().map(shape).collect(),
            is_truncated: next.is_some(),
            marker: next,
        })
    }
}

/// Makes an SSH public key of an IAM user usable or not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateSSHPublicKey {
    user_name: UserName,
    #[serde(rename = "SSHPublicKeyId")]
    id: SshPublicKeyId,
    status: Status,
}

impl Operation for UpdateSSHPublicKey {
    const SPEC: Spec = Spec::named("iam:UpdateSSHPublicKey");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, Some(&self.user_name)).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let owner = Owner::find_user(cx.tx, cx.caller, Some(&self.user_name)).await?;
        credential::set_status(cx.tx, KIND, &owner, &self.id, self.status).await
    }
}

/// Takes an SSH public key from an IAM user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteSSHPublicKey {
    user_name: UserName,
    #[serde(rename = "SSHPublicKeyId")]
    id: SshPublicKeyId,
}

impl Operation for DeleteSSHPublicKey {
    const SPEC: Spec = Spec::named("iam:DeleteSSHPublicKey");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, Some(&self.user_name)).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let owner = Owner::find_user(cx.tx, cx.caller, Some(&self.user_name)).await?;
        credential::delete(cx.tx, KIND, &owner, &self.id).await
    }
}
