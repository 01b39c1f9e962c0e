//! How passkeys and the challenges of their ceremonies are kept.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{Credential, PasskeyRow};

impl FromRow for PasskeyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let sign_count: i64 = row.get(4)?;
        Ok(Self {
            serial_number: row.get(0)?,
            credential: Credential {
                id: row.get(1)?,
                public_key: row.get(2)?,
                verifies_user: row.get(3)?,
                sign_count: u32::try_from(sign_count).unwrap_or(u32::MAX),
            },
        })
    }
}

/// All passkeys of a user or root; a quota bounds them.
pub(super) async fn of_owner(tx: &mut ReadTx, owner_id: &str) -> Result<Vec<PasskeyRow>, StoreError> {
    tx.fetch_all(
        "SELECT p.serial_number, p.credential_id, p.public_key, p.verifies_user, p.sign_count
           FROM iam_mfa_device d JOIN iam_passkey p ON p.serial_number = d.serial_number
          WHERE d.owner_id = $1 ORDER BY d.serial_number",
        bind![owner_id],
    )
    .await
}

/// When a passkey was registered, if that user or root has it.
pub(crate) async fn enabled_at(
    tx: &mut ReadTx,
    owner_id: &str,
    serial_number: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<(Timestamp,)> = tx
        .fetch_optional(
            "SELECT d.created_at
               FROM iam_passkey p JOIN iam_mfa_device d ON d.serial_number = p.serial_number
              WHERE p.serial_number = $1 AND d.owner_id = $2",
            bind![serial_number, owner_id],
        )
        .await?;
    Ok(found.map(|(at,)| at))
}

/// Whether a key was registered, by whomever.
pub(super) async fn is_known(tx: &mut ReadTx, credential_id: &str) -> Result<bool, StoreError> {
    let count = tx
        .fetch_number(
            "SELECT COUNT(*) FROM iam_passkey WHERE credential_id = $1",
            bind![credential_id],
        )
        .await?;
    Ok(count > 0)
}

pub(super) async fn insert(
    tx: &mut WriteTx,
    (account, owner_id): (AwsAccountId, &str),
    key: &PasskeyRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_mfa_device
           (serial_number, aws_account_id, sealed_seed, owner_id, enabled_at, drift, last_step, created_at)
         VALUES ($1, $2, NULL, $3, $4, 0, 0, $5)",
        bind![key.serial_number, account, owner_id, now, now],
    )
    .await?;
    tx.execute(
        "INSERT INTO iam_passkey (serial_number, credential_id, public_key, verifies_user, sign_count)
         VALUES ($1, $2, $3, $4, $5)",
        bind![
            key.serial_number,
            key.credential.id,
            key.credential.public_key,
            key.credential.verifies_user,
            i64::from(key.credential.sign_count)
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn set_sign_count(tx: &mut WriteTx, key: &PasskeyRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE iam_passkey SET sign_count = $1 WHERE serial_number = $2",
        bind![i64::from(key.credential.sign_count), key.serial_number],
    )
    .await?;
    Ok(())
}

/// Forgets a passkey: it is nobody's from then on, and can be registered anew.
pub(crate) async fn delete(tx: &mut WriteTx, serial_number: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_passkey WHERE serial_number = $1",
        bind![serial_number],
    )
    .await?;
    tx.execute(
        "DELETE FROM iam_mfa_device WHERE serial_number = $1",
        bind![serial_number],
    )
    .await?;
    Ok(())
}

pub(super) async fn insert_challenge(
    tx: &mut WriteTx,
    challenge: &str,
    (owner_id, purpose): (&str, &str),
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO iam_passkey_challenge (challenge, owner_id, purpose, expires_at) VALUES ($1, $2, $3, $4)",
        bind![challenge, owner_id, purpose, expires_at],
    )
    .await?;
    Ok(())
}

/// Forgets the challenges of an owner that are over, and all but so many of the newest.
pub(super) async fn make_room(
    tx: &mut WriteTx,
    owner_id: &str,
    most: usize,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM iam_passkey_challenge WHERE owner_id = $1 AND expires_at <= $2",
        bind![owner_id, now],
    )
    .await?;
    let kept: Vec<(String,)> = tx
        .fetch_all(
            "SELECT challenge FROM iam_passkey_challenge WHERE owner_id = $1 ORDER BY expires_at DESC, challenge",
            bind![owner_id],
        )
        .await?;
    for (oldest,) in kept.iter().skip(most) {
        tx.execute(
            "DELETE FROM iam_passkey_challenge WHERE challenge = $1",
            bind![oldest],
        )
        .await?;
    }
    Ok(())
}

/// Uses a challenge up, and says whether it was good.
pub(super) async fn take_challenge(
    tx: &mut WriteTx,
    challenge: &str,
    (owner_id, purpose): (&str, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = tx
        .execute(
            "DELETE FROM iam_passkey_challenge
              WHERE challenge = $1 AND owner_id = $2 AND purpose = $3 AND expires_at > $4",
            bind![challenge, owner_id, purpose, now],
        )
        .await?;
    Ok(taken > 0)
}
