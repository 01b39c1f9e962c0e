//! What callers may ask of access keys: of a user that is named, or of themselves.

use carillon_aws::arn;
use carillon_aws::id::{AccessKeyKind, access_key_id, secret_access_key};
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Caller, Context, Fault, List, Operation, Read, Spec, Target, Write};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KEYS_PER_USER, SecretAccessKey, Status, rows};
use crate::account::{NewAccessKey, insert_access_key, raise_revision};
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::name::{AccessKeyId, ExistingUserName, Marker};
use crate::page::{self, MaxItems};
use crate::user::{Owner, subject_target};

/// How often a new identifier is drawn when the one before is taken: its random part has 39 bits.
const DRAWS: usize = 5;

fn no_such_key(id: &AccessKeyId) -> Error {
    Error::NotFound(format!("The Access Key with id {id} cannot be found"))
}

/// Creates an access key for an IAM user, or for the caller if no name is given. Its secret is shown this once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateAccessKey {
    user_name: Option<ExistingUserName>,
}

/// A new access key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKey {
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    access_key_id: String,
    status: Status,
    secret_access_key: SecretAccessKey,
    create_date: IsoSeconds,
}

/// The answer of `CreateAccessKey`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeyOutput {
    access_key: AccessKey,
}

impl Operation for CreateAccessKey {
    const SPEC: Spec = Spec::named("iam:CreateAccessKey");

    type Access = Write;
    type Output = AccessKeyOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccessKeyOutput, Error> {
        let account = cx.aws_account_id();
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        if rows::count(cx.tx, &owner.id).await? >= KEYS_PER_USER {
            return Err(Error::LimitExceeded {
                quota: "AccessKeysPerUser",
                limit: KEYS_PER_USER,
            });
        }
        let mut id = access_key_id(AccessKeyKind::LongTerm, account, cx.entropy());
        for _ in 0..DRAWS {
            if !rows::exists(cx.tx, &id).await? {
                break;
            }
            id = access_key_id(AccessKeyKind::LongTerm, account, cx.entropy());
        }
        let secret = secret_access_key(cx.entropy());
        let new = NewAccessKey {
            access_key_id: &id,
            secret_access_key: &secret,
            aws_account_id: account,
            user_id: &owner.id,
        };
        insert_access_key(cx.tx, cx.environment, &new, cx.now).await?;
        raise_revision(cx.tx, account, cx.now).await?;
        let shown = SecretAccessKey::try_from(secret.expose().clone())
            .map_err(|error| Fault::internal(error.to_string()))?;
        Ok(AccessKeyOutput {
            access_key: AccessKey {
                user_name: owner.name,
                access_key_id: id,
                status: Status::Active,
                secret_access_key: shown,
                create_date: cx.now.into(),
            },
        })
    }
}

/// Makes an access key usable or not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateAccessKey {
    user_name: Option<ExistingUserName>,
    access_key_id: AccessKeyId,
    status: Status,
}

impl Operation for UpdateAccessKey {
    const SPEC: Spec = Spec::named("iam:UpdateAccessKey");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        if self.status == Status::Expired {
            return Err(Error::InvalidInput(
                "The status of an access key can be set to Active or Inactive only.".to_owned(),
            ));
        }
        let account = cx.aws_account_id();
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        if !rows::set_status(cx.tx, &owner.id, self.access_key_id.as_str(), self.status).await? {
            return Err(no_such_key(&self.access_key_id));
        }
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Deletes an access key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteAccessKey {
    user_name: Option<ExistingUserName>,
    access_key_id: AccessKeyId,
}

impl Operation for DeleteAccessKey {
    const SPEC: Spec = Spec::named("iam:DeleteAccessKey");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        if !rows::delete(cx.tx, &owner.id, self.access_key_id.as_str()).await? {
            return Err(no_such_key(&self.access_key_id));
        }
        raise_revision(cx.tx, account, cx.now).await?;
        Ok(())
    }
}

/// Lists the access keys of an IAM user, or of the caller if no name is given, the oldest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAccessKeys {
    user_name: Option<ExistingUserName>,
    marker: Option<Marker>,
    max_items: Option<MaxItems>,
}

/// An access key without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeyMetadata {
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    access_key_id: String,
    status: Status,
    create_date: IsoSeconds,
}

/// A page of access keys.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeyList {
    access_key_metadata: Vec<AccessKeyMetadata>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListAccessKeys {
    const SPEC: Spec = Spec::named("iam:ListAccessKeys");

    type Access = List;
    type Output = AccessKeyList;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccessKeyList, Error> {
        let owner = Owner::find(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let limit = page::limit(self.max_items);
        let [micros, id] = page::after(cx, self.marker.as_ref(), &[&owner.id])?;
        let after = Timestamp::from_micros(micros.parse().unwrap_or(i64::MIN));
        let keys = rows::list_after(cx.tx, &owner.id, (after, &id), page::fetched(limit)).await?;
        let page = cx.page(keys, limit, &[&owner.id], |key| {
            vec![key.created_at.as_micros().to_string(), key.id.clone()]
        });
        let metadata = page.items.into_iter().map(|key| AccessKeyMetadata {
            user_name: owner.name.clone(),
            access_key_id: key.id,
            status: key.status,
            create_date: key.created_at.into(),
        });
        Ok(AccessKeyList {
            access_key_metadata: metadata.collect(),
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}

/// Tells when and for which service an access key was used last, to a quarter of an hour.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAccessKeyLastUsed {
    access_key_id: AccessKeyId,
}

/// Whose key it is, and its last use.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeyUse {
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    access_key_last_used: AccessKeyLastUsed,
}

/// The last use of an access key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeyLastUsed {
    /// Absent of a key that was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_date: Option<IsoSeconds>,
    service_name: String,
    region: String,
}

impl Operation for GetAccessKeyLastUsed {
    const SPEC: Spec = Spec::named("iam:GetAccessKeyLastUsed");

    type Access = Read;
    type Output = AccessKeyUse;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let account = caller.aws_account_id;
        match rows::owner(tx, account, self.access_key_id.as_str()).await? {
            Some((_, Some(name))) => entity::target(tx, account, EntityKind::User, &name).await,
            Some((_, None)) => Ok(Target::on(arn::root(account))),
            // Nobody's: only who may ask about every user learns that.
            None => Ok(Target::on(arn::user(account, "/", "*"))),
        }
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<AccessKeyUse, Error> {
        let account = cx.aws_account_id();
        let id = self.access_key_id.as_str();
        let (_, user_name) = rows::owner(cx.tx, account, id)
            .await?
            .ok_or_else(|| no_such_key(&self.access_key_id))?;
        let last_used = match rows::last_use(cx.tx, id).await? {
            Some(last) => AccessKeyLastUsed {
                last_used_date: Some(last.at.into()),
                service_name: last.service_name,
                region: last.region,
            },
            None => AccessKeyLastUsed {
                last_used_date: None,
                service_name: "N/A".to_owned(),
                region: "N/A".to_owned(),
            },
        };
        Ok(AccessKeyUse {
            user_name,
            access_key_last_used: last_used,
        })
    }
}
