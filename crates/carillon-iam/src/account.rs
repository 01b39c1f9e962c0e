//! AWS accounts and their root users, and what belongs to an account as a whole.

pub(crate) mod alias;
pub(crate) mod details;
pub(crate) mod summary;

use carillon_aws::id::{AccessKeyKind, AwsAccountId, IdPrefix, access_key_id, secret_access_key, unique_id};
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Entrance, Environment, Fault, Vault};
use carillon_store::{ReadTx, StoreError, WriteTx, bind};

/// What a new AWS account is made of. What is absent is drawn.
#[derive(Debug, Default)]
pub struct NewAwsAccount {
    pub aws_account_id: Option<AwsAccountId>,
    pub name: String,
    pub email: String,
    pub root_access_key_id: Option<String>,
    pub root_secret_access_key: Option<Secret<String>>,
    pub root_password: Option<Secret<String>>,
}

/// A new AWS account with the secrets of its root user, which are shown once.
#[derive(Debug)]
pub struct CreatedAwsAccount {
    pub aws_account_id: AwsAccountId,
    pub root_access_key_id: String,
    pub root_secret_access_key: Secret<String>,
    pub root_password: Secret<String>,
}

/// An AWS account as it is listed.
#[derive(Debug)]
pub struct AwsAccount {
    pub aws_account_id: AwsAccountId,
    pub name: String,
    pub email: String,
    pub alias: Option<String>,
    pub created_at: Timestamp,
}

/// How the secret of an access key is sealed.
pub(crate) fn secret_purpose(access_key_id: &str) -> String {
    format!("access-key/{access_key_id}")
}

/// Creates an AWS account with a root user that has one access key and a password.
///
/// # Errors
///
/// [`Fault::Refused`] with `EntityAlreadyExists` when the account or the key identifier exists.
pub async fn create(
    tx: &mut WriteTx,
    environment: &Environment,
    new: NewAwsAccount,
    now: Timestamp,
) -> Result<CreatedAwsAccount, Fault> {
    let entropy = &*environment.entropy;
    let aws_account_id = new
        .aws_account_id
        .unwrap_or_else(|| AwsAccountId::generate(entropy));
    let root_access_key_id = new
        .root_access_key_id
        .unwrap_or_else(|| access_key_id(AccessKeyKind::LongTerm, aws_account_id, entropy));
    let root_secret_access_key = new
        .root_secret_access_key
        .unwrap_or_else(|| secret_access_key(entropy));
    // Letters and digits only would do too, but this is what people paste from a terminal once.
    let root_password = new
        .root_password
        .unwrap_or_else(|| carillon_aws::id::token(entropy));

    if find(tx, aws_account_id).await?.is_some() {
        return Err(exists(&format!("AWS account {aws_account_id}")));
    }
    let taken = tx
        .fetch_number(
            "SELECT COUNT(*) FROM iam_access_key WHERE access_key_id = $1",
            bind![root_access_key_id],
        )
        .await?;
    if taken > 0 {
        return Err(exists(&format!("access key {root_access_key_id}")));
    }
    let root_user_id = unique_id(IdPrefix::User, entropy);
    let password_hash = environment.hash_password(&root_password, Entrance::Api).await?;
    tx.execute(
        "INSERT INTO aws_account (aws_account_id, name, email, alias, root_user_id, root_password_hash,
                                  access_revision, created_at)
         VALUES ($1, $2, $3, NULL, $4, $5, 1, $6)",
        bind![
            aws_account_id,
            new.name,
            new.email,
            root_user_id,
            password_hash,
            now
        ],
    )
    .await?;
    insert_access_key(
        tx,
        environment,
        &NewAccessKey {
            access_key_id: &root_access_key_id,
            secret_access_key: &root_secret_access_key,
            aws_account_id,
            user_id: &root_user_id,
        },
        now,
    )
    .await?;
    Ok(CreatedAwsAccount {
        aws_account_id,
        root_access_key_id,
        root_secret_access_key,
        root_password,
    })
}

fn exists(what: &str) -> Fault {
    Fault::refused(409, "EntityAlreadyExists", format!("{what} already exists"))
}

pub(crate) struct NewAccessKey<'a> {
    pub access_key_id: &'a str,
    pub secret_access_key: &'a Secret<String>,
    pub aws_account_id: AwsAccountId,
    pub user_id: &'a str,
}

pub(crate) async fn insert_access_key(
    tx: &mut WriteTx,
    environment: &Environment,
    key: &NewAccessKey<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sealed = seal_secret(&environment.vault, environment, key);
    tx.execute(
        "INSERT INTO iam_access_key (access_key_id, aws_account_id, user_id, sealed_secret, status, created_at)
         VALUES ($1, $2, $3, $4, 'Active', $5)",
        bind![key.access_key_id, key.aws_account_id, key.user_id, sealed, now],
    )
    .await?;
    Ok(())
}

fn seal_secret(vault: &Vault, environment: &Environment, key: &NewAccessKey<'_>) -> String {
    vault.seal(
        &*environment.entropy,
        &secret_purpose(key.access_key_id),
        key.secret_access_key.expose().as_bytes(),
    )
}

/// The AWS account with this e-mail address, whatever its case, if there is exactly one.
pub(crate) async fn of_email(tx: &mut ReadTx, email: &str) -> Result<Option<AwsAccountId>, StoreError> {
    let found: Vec<(AwsAccountId,)> = tx
        .fetch_all(
            "SELECT aws_account_id FROM aws_account WHERE LOWER(email) = $1 LIMIT 2",
            bind![email.to_lowercase()],
        )
        .await?;
    match found.as_slice() {
        [(only,)] => Ok(Some(*only)),
        _ => Ok(None),
    }
}

/// The AWS account, if there is one of this number.
pub async fn find(tx: &mut ReadTx, id: AwsAccountId) -> Result<Option<AwsAccount>, StoreError> {
    tx.fetch_optional(
        "SELECT aws_account_id, name, email, alias, created_at FROM aws_account WHERE aws_account_id = $1",
        bind![id],
    )
    .await
}

/// When the password of root was last used, if it was.
pub(crate) async fn root_password_last_used(
    tx: &mut ReadTx,
    id: AwsAccountId,
) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<(Option<Timestamp>,)> = tx
        .fetch_optional(
            "SELECT root_password_last_used_at FROM aws_account WHERE aws_account_id = $1",
            bind![id],
        )
        .await?;
    Ok(found.and_then(|(at,)| at))
}

pub(crate) async fn set_root_password_last_used(
    tx: &mut WriteTx,
    id: AwsAccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE aws_account SET root_password_last_used_at = $1 WHERE aws_account_id = $2",
        bind![now, id],
    )
    .await?;
    Ok(())
}

/// AWS accounts by number, after `after`.
pub async fn list(tx: &mut ReadTx, after: &str, limit: i64) -> Result<Vec<AwsAccount>, StoreError> {
    tx.fetch_all(
        "SELECT aws_account_id, name, email, alias, created_at FROM aws_account
          WHERE aws_account_id > $1 ORDER BY aws_account_id LIMIT $2",
        bind![after, limit],
    )
    .await
}

impl carillon_store::FromRow for AwsAccount {
    fn from_row(row: &carillon_store::Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            aws_account_id: row.get(0)?,
            name: row.get(1)?,
            email: row.get(2)?,
            alias: row.get(3)?,
            created_at: row.get(4)?,
        })
    }
}

/// Says that access control of the account changed: whoever was compiled before is compiled again.
///
/// Called by every change of users, groups, memberships, policies, attachments, keys, roles and tags.
///
/// A number is not used again: it is the present microsecond, or one more than the last if that is later. A
/// database that lost its last commits, because it was restored or another took over, would count them anew, and
/// who read them would not notice.
pub(crate) async fn raise_revision(
    tx: &mut WriteTx,
    id: AwsAccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE aws_account
            SET access_revision = CASE WHEN access_revision < $1 THEN $2 ELSE access_revision + 1 END
          WHERE aws_account_id = $3",
        bind![now, now, id],
    )
    .await?;
    Ok(())
}
