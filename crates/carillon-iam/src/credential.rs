//! Credentials of users beside access keys, passwords and devices: SSH public keys, signing certificates and
//! service-specific credentials. They are kept alike, and differ in what is in them.
//!
//! No service of this server takes one. They are kept for those who manage them where the policies are.

pub(crate) mod rows;
pub(crate) mod service_specific;
pub(crate) mod signing_certificate;
pub(crate) mod ssh_public_key;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_operation::{Context, List, Operation};
use carillon_store::{ReadTx, WriteTx};

use crate::access_key::Status;
use crate::error::Error;
use crate::name::Marker;
use crate::page::{self, MaxItems};
use crate::user::Owner;

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    SshPublicKey,
    SigningCertificate,
    ServiceSpecific,
}

impl Kind {
    /// In the table.
    const fn as_str(self) -> &'static str {
        match self {
            Self::SshPublicKey => "ssh",
            Self::SigningCertificate => "certificate",
            Self::ServiceSpecific => "service",
        }
    }

    /// The refusal of an identifier that the user has no credential of.
    fn no_such(self, id: impl std::fmt::Display) -> Error {
        let noun = match self {
            Self::SshPublicKey => "SSH Public Key",
            Self::SigningCertificate => "Certificate",
            Self::ServiceSpecific => "Service Specific Credential",
        };
        Error::NotFound(format!("The {noun} with id {id} cannot be found."))
    }
}

/// A credential as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CredentialRow {
    pub id: String,
    pub owner_id: String,
    pub status: Status,
    pub body: String,
    pub fingerprint: String,
    pub service_name: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Nothing is known of root's.
    pub user_name: Option<String>,
}

async fn require(
    tx: &mut ReadTx,
    kind: Kind,
    owner: &Owner,
    id: &(impl AsRef<str> + std::fmt::Display + Sync),
) -> Result<CredentialRow, Error> {
    rows::find(tx, kind, &owner.id, id.as_ref())
        .await?
        .ok_or_else(|| kind.no_such(id))
}

async fn set_status(
    tx: &mut WriteTx,
    kind: Kind,
    owner: &Owner,
    id: &(impl AsRef<str> + std::fmt::Display + Sync),
    status: Status,
) -> Result<(), Error> {
    if status == Status::Expired {
        return Err(Error::InvalidInput(
            "The status of a credential can be set to Active or Inactive only.".to_owned(),
        ));
    }
    if rows::set_status(tx, kind, &owner.id, id.as_ref(), status).await? {
        Ok(())
    } else {
        Err(kind.no_such(id))
    }
}

async fn delete(
    tx: &mut WriteTx,
    kind: Kind,
    owner: &Owner,
    id: &(impl AsRef<str> + std::fmt::Display + Sync),
) -> Result<(), Error> {
    if rows::delete(tx, kind, &owner.id, id.as_ref()).await? {
        Ok(())
    } else {
        Err(kind.no_such(id))
    }
}

/// Whose credentials are listed.
#[derive(Debug, Clone, Copy)]
enum Whose<'a> {
    Owner(&'a str),
    All(AwsAccountId),
}

/// A page of credentials, the oldest first, and where it ended. `service_name` is empty for any service.
async fn page<O: Operation<Access = List>>(
    cx: &mut Context<'_, O>,
    kind: Kind,
    (whose, service_name): (Whose<'_>, &str),
    marker: Option<&Marker>,
    max_items: Option<MaxItems>,
) -> Result<(Vec<CredentialRow>, Option<String>), Error> {
    let limit = page::limit(max_items);
    let owner = match whose {
        Whose::Owner(id) => id,
        Whose::All(_) => "",
    };
    let filters = [kind.as_str(), owner, service_name];
    let [micros, id] = page::after(cx, marker, &filters)?;
    let after = Timestamp::from_micros(micros.parse().unwrap_or(i64::MIN));
    let found = rows::list_after(
        cx.tx,
        kind,
        whose,
        service_name,
        (after, &id),
        page::fetched(limit),
    )
    .await?;
    let page = cx.page(found, limit, &filters, |row| {
        vec![row.created_at.as_micros().to_string(), row.id.clone()]
    });
    Ok((page.items, page.next))
}
