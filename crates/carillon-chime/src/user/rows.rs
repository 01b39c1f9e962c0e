//! How users and their PINs are kept.

use carillon_aws::time::{Entropy, Timestamp};
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{Alexa, RegistrationStatus, Telephony, UserRow, UserType};
use crate::account::{self, AccountRow, ManagedAccount};
use crate::attachment;
use crate::email::{domain_of, key_of};
use crate::{open_id, session};

impl FromRow for UserRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            account_id: row.get(1)?,
            email: row.get(2)?,
            display_name: row.get(3)?,
            license: row.parse_optional(4)?,
            user_type: row.parse(5)?,
            registration: row.parse(6)?,
            invitation: row.parse_optional(7)?,
            registered_at: row.get(8)?,
            invited_at: row.get(9)?,
            personal_pin: row.get(10)?,
            alexa: Alexa {
                enabled: row.get(11)?,
                room_arn: row.get(12)?,
            },
            telephony: Telephony {
                inbound_calling: row.get(13)?,
                outbound_calling: row.get(14)?,
                sms: row.get(15)?,
            },
            password_hash: row.get(16)?,
            created_at: row.get(17)?,
            presence: row.parse(18)?,
        })
    }
}

/// The statement that reads users, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT user_id, account_id, email, display_name, license, user_type, registration, invitation,
                    registered_at, invited_at, personal_pin, alexa_enabled, alexa_room_arn,
                    inbound_calling, outbound_calling, sms, password_hash, created_at, presence
               FROM chime_user ",
            $rest
        )
    };
}

/// Where a user stands in lists: those who are released come last.
fn list_rank(registration: RegistrationStatus) -> i64 {
    i64::from(registration == RegistrationStatus::Released)
}

/// The place of a user in the list of its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub rank: i64,
    pub created_at: Timestamp,
    pub user_id: String,
}

impl Place {
    /// Before everybody.
    pub fn first() -> Self {
        Self {
            rank: -1,
            created_at: Timestamp::MIN,
            user_id: String::new(),
        }
    }

    pub fn of(user: &UserRow) -> Self {
        Self {
            rank: list_rank(user.registration),
            created_at: user.created_at,
            user_id: user.id.clone(),
        }
    }
}

/// How many users the account has, counted no further than `most`.
pub(crate) async fn count(tx: &mut ReadTx, account: &ManagedAccount, most: i64) -> Result<i64, StoreError> {
    tx.fetch_number(
        "SELECT COUNT(*) FROM (SELECT user_id FROM chime_user WHERE account_id = $1 LIMIT $2) AS counted",
        bind![account.id, most],
    )
    .await
}

pub(crate) async fn find(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    id: &str,
) -> Result<Option<UserRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE user_id = $1 AND account_id = $2"),
        bind![id, account.id],
    )
    .await
}

/// The user of the account with this address: the one who holds it, before those who gave it up.
pub(crate) async fn find_by_address(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    email_key: &str,
) -> Result<Option<UserRow>, StoreError> {
    tx.fetch_optional(
        select!(
            "WHERE email_key = $1 AND account_id = $2 ORDER BY list_rank, created_at DESC, user_id LIMIT 1"
        ),
        bind![email_key, account.id],
    )
    .await
}

/// Users after `after`: oldest first, those released last.
pub(crate) async fn list_after(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    user_type: Option<UserType>,
    after: &Place,
    limit: i64,
) -> Result<Vec<UserRow>, StoreError> {
    match user_type {
        None => {
            tx.fetch_all(
                select!(
                    "WHERE account_id = $1 AND (list_rank, created_at, user_id) > ($2, $3, $4)
                     ORDER BY list_rank, created_at, user_id
                     LIMIT $5"
                ),
                bind![account.id, after.rank, after.created_at, after.user_id, limit],
            )
            .await
        }
        Some(user_type) => {
            tx.fetch_all(
                select!(
                    "WHERE account_id = $1 AND user_type = $2 AND (list_rank, created_at, user_id) > ($3, $4, $5)
                     ORDER BY list_rank, created_at, user_id
                     LIMIT $6"
                ),
                bind![
                    account.id,
                    user_type.as_str(),
                    after.rank,
                    after.created_at,
                    after.user_id,
                    limit
                ],
            )
            .await
        }
    }
}

/// Whoever holds the address, in whatever account. Not for callers of the API.
pub(crate) async fn holder(tx: &mut ReadTx, email_key: &str) -> Result<Option<UserRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE email_key = $1 AND list_rank = 0"),
        bind![email_key],
    )
    .await
}

/// The user, in whatever account. Not for callers of the API.
pub(crate) async fn find_any(tx: &mut ReadTx, id: &str) -> Result<Option<UserRow>, StoreError> {
    tx.fetch_optional(select!("WHERE user_id = $1"), bind![id]).await
}

/// The account that the user belongs to. Not for callers of the API.
pub(crate) async fn account_of(tx: &mut ReadTx, user: &UserRow) -> Result<Option<AccountRow>, StoreError> {
    match &user.account_id {
        Some(id) => account::rows::find_any(tx, id).await,
        None => Ok(None),
    }
}

/// The account that whoever holds the address belongs to.
pub(crate) async fn account_of_address(
    tx: &mut ReadTx,
    email_key: &str,
) -> Result<Option<String>, StoreError> {
    let found: Option<(Option<String>,)> = tx
        .fetch_optional(
            "SELECT account_id FROM chime_user WHERE email_key = $1 AND list_rank = 0",
            bind![email_key],
        )
        .await?;
    Ok(found.and_then(|(account,)| account))
}

pub(crate) async fn insert(tx: &mut WriteTx, user: &UserRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_user
           (user_id, account_id, email, email_key, email_domain, display_name, license, user_type, registration,
            invitation, list_rank, registered_at, invited_at, personal_pin, alexa_enabled, alexa_room_arn,
            inbound_calling, outbound_calling, sms, password_hash, created_at, presence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        bind![
            user.id,
            user.account_id,
            user.email,
            key_of(&user.email),
            domain_of(&user.email),
            user.display_name,
            user.license.map(|license| license.as_str()),
            user.user_type.as_str(),
            user.registration.as_str(),
            user.invitation.map(|status| status.as_str()),
            list_rank(user.registration),
            user.registered_at,
            user.invited_at,
            user.personal_pin,
            user.alexa.enabled,
            user.alexa.room_arn,
            user.telephony.inbound_calling,
            user.telephony.outbound_calling,
            user.telephony.sms,
            user.password_hash,
            user.created_at,
            user.presence.as_str()
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything of the user that can change.
pub(crate) async fn update(tx: &mut WriteTx, user: &UserRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_user
            SET account_id = $1, display_name = $2, license = $3, user_type = $4, registration = $5,
                invitation = $6, list_rank = $7, registered_at = $8, invited_at = $9, personal_pin = $10,
                alexa_enabled = $11, alexa_room_arn = $12, inbound_calling = $13, outbound_calling = $14,
                sms = $15, password_hash = $16, created_at = $17, presence = $18
          WHERE user_id = $19",
        bind![
            user.account_id,
            user.display_name,
            user.license.map(|license| license.as_str()),
            user.user_type.as_str(),
            user.registration.as_str(),
            user.invitation.map(|status| status.as_str()),
            list_rank(user.registration),
            user.registered_at,
            user.invited_at,
            user.personal_pin,
            user.alexa.enabled,
            user.alexa.room_arn,
            user.telephony.inbound_calling,
            user.telephony.outbound_calling,
            user.telephony.sms,
            user.password_hash,
            user.created_at,
            user.presence.as_str(),
            user.id
        ],
    )
    .await?;
    open_id::jobs::review(tx, &user.id).await
}

pub(crate) async fn delete(tx: &mut WriteTx, user: &UserRow) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chime_user WHERE user_id = $1", bind![user.id])
        .await?;
    Ok(())
}

/// People of a domain who have to leave the account that gave it up. Not for callers of the API.
pub(crate) async fn leaving(
    tx: &mut ReadTx,
    account_id: &str,
    domain: &str,
    limit: i64,
) -> Result<Vec<UserRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE account_id = $1 AND email_domain = $2 AND registration IN ('Registered', 'Unregistered')
             LIMIT $3"
        ),
        bind![account_id, domain, limit],
    )
    .await
}

/// Holders of addresses of a domain, in whatever account, after the one with the id `after`. Not for callers of the
/// API.
pub(crate) async fn holders_of_domain(
    tx: &mut ReadTx,
    domain: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<UserRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE email_domain = $1 AND user_id > $2 AND list_rank = 0
             ORDER BY user_id LIMIT $3"
        ),
        bind![domain, after, limit],
    )
    .await
}

/// Erases up to `limit` users of a deleted account, and says whether there may be more.
pub(crate) async fn purge_portion(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    account_id: &str,
    limit: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let users: Vec<(String,)> = tx
        .fetch_all(
            "SELECT user_id FROM chime_user WHERE account_id = $1
              ORDER BY list_rank, created_at, user_id LIMIT $2",
            bind![account_id, limit],
        )
        .await?;
    for (user,) in &users {
        attachment::jobs::forget_person(tx, entropy, user, now).await?;
        tx.execute(
            "UPDATE chime_personal_pin SET retired_at = $1 WHERE user_id = $2 AND retired_at IS NULL",
            bind![now, user],
        )
        .await?;
        session::rows::end_all(tx, user).await?;
        tx.execute("DELETE FROM chime_user WHERE user_id = $1", bind![user])
            .await?;
    }
    Ok(i64::try_from(users.len()).unwrap_or(i64::MAX) == limit)
}

/// When a PIN was retired, if it is known at all: `Some(None)` is one in use.
pub(crate) async fn find_pin(tx: &mut ReadTx, pin: &str) -> Result<Option<Option<Timestamp>>, StoreError> {
    let found: Option<(Option<Timestamp>,)> = tx
        .fetch_optional(
            "SELECT retired_at FROM chime_personal_pin WHERE personal_pin = $1",
            bind![pin],
        )
        .await?;
    Ok(found.map(|(retired_at,)| retired_at))
}

pub(crate) async fn put_pin(tx: &mut WriteTx, pin: &str, user_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_personal_pin (personal_pin, user_id, retired_at) VALUES ($1, $2, NULL)
         ON CONFLICT (personal_pin) DO UPDATE SET user_id = excluded.user_id, retired_at = NULL",
        bind![pin, user_id],
    )
    .await?;
    Ok(())
}

pub(crate) async fn retire_pin(tx: &mut WriteTx, pin: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chime_personal_pin SET retired_at = $1 WHERE personal_pin = $2",
        bind![now, pin],
    )
    .await?;
    Ok(())
}
