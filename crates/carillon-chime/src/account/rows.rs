//! How accounts are kept.

use std::sync::Arc;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{AccountRow, Delegation, InReach, Life, Settings};
use crate::license::License;
use crate::name::name_key;

const SUPPORTED_LICENSES: usize = 6;

impl FromRow for AccountRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let supported: String = row.get(SUPPORTED_LICENSES)?;
        let supported_licenses = supported
            .split(',')
            .map(str::parse)
            .collect::<Result<Vec<License>, _>>()
            .map_err(|_| StoreError::Corrupt {
                column: SUPPORTED_LICENSES,
                expected: "licenses",
                found: supported.clone(),
            })?;
        Ok(Self {
            id: row.get(0)?,
            aws_account_id: row.get(1)?,
            name: row.get(2)?,
            account_type: row.parse(3)?,
            life: row.parse(4)?,
            default_license: row.parse(5)?,
            supported_licenses,
            settings: Settings {
                disable_remote_control: row.get(7)?,
                enable_dial_out: row.get(8)?,
            },
            created_at: row.get(9)?,
            disabled_at: row.get(10)?,
        })
    }
}

/// An account that is lent: its own columns, then those of the delegation.
impl FromRow for InReach {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            account: Arc::new(AccountRow::from_row(row)?),
            delegation: Some(Delegation {
                id: row.get(11)?,
                boundary: row.get(12)?,
            }),
        })
    }
}

/// The statement that reads accounts, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account_id, aws_account_id, name, account_type, status, default_license, supported_licenses,
                    disable_remote_control, enable_dial_out, created_at, disabled_at
               FROM chime_account ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE account_id = $1");

fn licenses(list: &[License]) -> String {
    list.iter()
        .map(|license| license.as_str())
        .collect::<Vec<_>>()
        .join(",")
}

/// The account, if an AWS account owns it or acts on it by a delegation that is not over.
///
/// Two plain statements: nearly everybody asks for an account of its own and needs the first alone, and a join of both
/// is planned anew at each request.
pub(crate) async fn in_reach(
    tx: &mut ReadTx,
    caller: AwsAccountId,
    id: &str,
    now: Timestamp,
) -> Result<Option<InReach>, StoreError> {
    // Nearly every request about something in an account reads it.
    let account: Option<Arc<AccountRow>> = tx.fetch_often(BY_ID, bind![id]).await?;
    let Some(account) = account else {
        return Ok(None);
    };
    if account.aws_account_id == caller {
        return Ok(Some(InReach {
            account,
            delegation: None,
        }));
    }
    let lent: Option<(String, Option<String>)> = tx
        .fetch_optional(
            "SELECT delegate_id, boundary FROM chime_delegate
              WHERE account_id = $1 AND delegate_aws_account_id = $2 AND (ends_at IS NULL OR ends_at > $3)",
            bind![id, caller, now],
        )
        .await?;
    Ok(lent.map(|(id, boundary)| InReach {
        account,
        delegation: Some(Delegation { id, boundary }),
    }))
}

/// The account, whoever owns it. For the operator, for jobs, and for people who act in their own account.
pub(crate) async fn find_any(tx: &mut ReadTx, id: &str) -> Result<Option<AccountRow>, StoreError> {
    tx.fetch_optional(BY_ID, bind![id]).await
}

/// Which accounts a list has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Names that begin so, whatever their case.
    pub name: Option<String>,
    pub include_disabled: bool,
}

/// Accounts that an AWS account owns, after `after`, oldest first.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    owner: AwsAccountId,
    filter: &Filter,
    after: (Timestamp, &str),
    limit: i64,
) -> Result<Vec<AccountRow>, StoreError> {
    let prefix = name_key(filter.name.as_deref().unwrap_or_default());
    // Text sorts by code point, so everything that begins with the prefix lies before this.
    let end = format!("{prefix}\u{10FFFF}");
    let hidden = if filter.include_disabled {
        ""
    } else {
        Life::Disabled.as_str()
    };
    tx.fetch_all(
        select!(
            "WHERE aws_account_id = $1 AND (created_at, account_id) > ($2, $3)
            AND name_key >= $4 AND name_key < $5 AND status <> $6
          ORDER BY created_at, account_id
          LIMIT $7"
        ),
        bind![owner, after.0, after.1, prefix, end, hidden, limit],
    )
    .await
}

/// Accounts that others lend to an AWS account, in the order of [`list_after`].
pub(crate) async fn list_lent_after(
    tx: &mut ReadTx,
    delegate: AwsAccountId,
    filter: &Filter,
    after: (Timestamp, &str),
    now: Timestamp,
    limit: i64,
) -> Result<Vec<InReach>, StoreError> {
    let prefix = name_key(filter.name.as_deref().unwrap_or_default());
    let end = format!("{prefix}\u{10FFFF}");
    tx.fetch_all(
        "SELECT a.account_id, a.aws_account_id, a.name, a.account_type, a.status, a.default_license,
                a.supported_licenses, a.disable_remote_control, a.enable_dial_out, a.created_at, a.disabled_at,
                d.delegate_id, d.boundary
           FROM chime_delegate d
           JOIN chime_account a ON a.account_id = d.account_id
          WHERE d.delegate_aws_account_id = $1 AND (d.account_created_at, d.account_id) > ($2, $3)
            AND (d.ends_at IS NULL OR d.ends_at > $4)
            AND a.name_key >= $5 AND a.name_key < $6 AND a.status <> 'Disabled'
          ORDER BY d.account_created_at, d.account_id
          LIMIT $7",
        bind![delegate, after.0, after.1, now, prefix, end, limit],
    )
    .await
}

/// How many accounts an AWS account has, in whatever state; no more than `most` are counted.
pub(crate) async fn count(tx: &mut ReadTx, owner: AwsAccountId, most: i64) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM (SELECT 1 FROM chime_account WHERE aws_account_id = $1 LIMIT $2) AS held",
        bind![owner, most],
    )
    .await
}

pub(crate) async fn insert(tx: &mut WriteTx, account: &AccountRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_account
           (account_id, aws_account_id, name, name_key, account_type, status, default_license,
            supported_licenses, disable_remote_control, enable_dial_out, created_at, disabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        bind![
            account.id,
            account.aws_account_id,
            account.name,
            name_key(&account.name),
            account.account_type.as_str(),
            account.life.as_str(),
            account.default_license.as_str(),
            licenses(&account.supported_licenses),
            account.settings.disable_remote_control,
            account.settings.enable_dial_out,
            account.created_at,
            account.disabled_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything of the account that can change.
pub(crate) async fn update(tx: &mut WriteTx, account: &AccountRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_account
            SET name = $1, name_key = $2, account_type = $3, status = $4, default_license = $5,
                supported_licenses = $6, disable_remote_control = $7, enable_dial_out = $8, disabled_at = $9
          WHERE account_id = $10",
        bind![
            account.name,
            name_key(&account.name),
            account.account_type.as_str(),
            account.life.as_str(),
            account.default_license.as_str(),
            licenses(&account.supported_licenses),
            account.settings.disable_remote_control,
            account.settings.enable_dial_out,
            account.disabled_at,
            account.id
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chime_account WHERE account_id = $1", bind![id])
        .await?;
    Ok(())
}

/// The account that has proved its claim of a domain, in whatever state it is and whoever owns it: people with
/// addresses of the domain are its.
pub(crate) async fn claimant(tx: &mut ReadTx, domain: &str) -> Result<Option<AccountRow>, StoreError> {
    tx.fetch_optional(
        select!(
            "WHERE account_id = (SELECT account_id FROM chime_domain
                                  WHERE domain_name = $1 AND status = 'Verified')"
        ),
        bind![domain],
    )
    .await
}

/// The name of an AWS account, and the address of its owner, for mails. Either may be empty.
pub(crate) async fn aws_account(tx: &mut ReadTx, id: AwsAccountId) -> Result<(String, String), StoreError> {
    let found = tx
        .fetch_optional(
            "SELECT name, email FROM aws_account WHERE aws_account_id = $1",
            bind![id],
        )
        .await?;
    Ok(found.unwrap_or_default())
}
