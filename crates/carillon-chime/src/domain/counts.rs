//! How many people and invitations a change of a domain concerns. No more than `most` rows are looked at for a number.

use carillon_aws::time::Timestamp;
use carillon_store::{ReadTx, StoreError, Value, bind};

use crate::account::ManagedAccount;
use crate::user::RegistrationStatus;

/// How much matched of what was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub matched: i64,
    pub looked_at: i64,
}

/// How many people of a domain, in one state, the account has.
pub(super) async fn people_of(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    registration: RegistrationStatus,
    most: i64,
) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COUNT(*), COUNT(*) FROM
           (SELECT user_id FROM chime_user
             WHERE account_id = $1 AND email_domain = $2 AND registration = $3 LIMIT $4) AS looked_at",
        bind![account.id, domain, registration.as_str(), most],
    )
    .await
}

/// How many of the registered people of a domain in the account are signed in.
pub(super) async fn signed_in_of(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    since: Timestamp,
    most: i64,
) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COALESCE(SUM(CASE WHEN EXISTS
                  (SELECT 1 FROM chime_session s WHERE s.user_id = looked_at.user_id AND s.seen_at > $1)
                THEN 1 ELSE 0 END), 0), COUNT(*)
           FROM (SELECT user_id FROM chime_user
                  WHERE account_id = $2 AND email_domain = $3 AND registration = 'Registered' LIMIT $4) AS looked_at",
        bind![since, account.id, domain, most],
    )
    .await
}

/// How many members of the account have addresses of other domains.
pub(super) async fn foreign_members(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    most: i64,
) -> Result<Counted, StoreError> {
    // Two ranges of the index, not one with a hole that has to be walked over.
    counted(
        tx,
        "SELECT COUNT(*), COUNT(*) FROM
           (SELECT user_id FROM
              (SELECT user_id FROM chime_user
                WHERE account_id = $1 AND email_domain < $2 AND registration = 'Registered' LIMIT $3) AS low
             UNION ALL
            SELECT user_id FROM
              (SELECT user_id FROM chime_user
                WHERE account_id = $1 AND email_domain > $2 AND registration = 'Registered' LIMIT $3) AS high
           ) AS looked_at",
        bind![account.id, domain, most],
    )
    .await
}

/// How many registered people of a domain belong to no account.
pub(super) async fn unmanaged_of(tx: &mut ReadTx, domain: &str, most: i64) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COUNT(*), COUNT(*) FROM
           (SELECT user_id FROM chime_user
             WHERE account_id IS NULL AND email_domain = $1 AND registration = 'Registered'
               AND user_type = 'PrivateUser' LIMIT $2) AS looked_at",
        bind![domain, most],
    )
    .await
}

/// How many registered people of a domain are in Team accounts other than this one.
pub(super) async fn team_members_of(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    most: i64,
) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COALESCE(SUM(CASE WHEN looked_at.registration = 'Registered'
                   AND looked_at.user_type = 'PrivateUser' AND looked_at.account_id <> $1
                   AND a.account_type = 'Team' THEN 1 ELSE 0 END), 0), COUNT(*)
           FROM (SELECT account_id, registration, user_type FROM chime_user
                  WHERE email_domain = $2 ORDER BY user_id LIMIT $3) AS looked_at
           LEFT JOIN chime_account a ON a.account_id = looked_at.account_id",
        bind![account.id, domain, most],
    )
    .await
}

/// How many open invitations to addresses of a domain the account has.
pub(super) async fn invitations_inside(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    most: i64,
) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COALESCE(SUM(CASE WHEN account_id = $1 THEN 1 ELSE 0 END), 0), COUNT(*) FROM
           (SELECT account_id FROM chime_invite WHERE email_domain = $2 AND status = 'Pending' LIMIT $3) AS looked_at",
        bind![account.id, domain, most],
    )
    .await
}

/// How many open invitations to addresses of a domain others have.
pub(super) async fn invitations_of_others(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    most: i64,
) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COALESCE(SUM(CASE WHEN account_id <> $1 THEN 1 ELSE 0 END), 0), COUNT(*) FROM
           (SELECT account_id FROM chime_invite WHERE email_domain = $2 AND status = 'Pending' LIMIT $3) AS looked_at",
        bind![account.id, domain, most],
    )
    .await
}

/// How many open invitations of an account lead outside a domain.
pub(super) async fn invitations_outside(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    most: i64,
) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COALESCE(SUM(CASE WHEN email_domain <> $1 THEN 1 ELSE 0 END), 0), COUNT(*) FROM
           (SELECT email_domain FROM chime_invite WHERE account_id = $2 AND status = 'Pending' LIMIT $3) AS looked_at",
        bind![domain, account.id, most],
    )
    .await
}

/// The first two columns of a row that a statement counts.
async fn counted(tx: &mut ReadTx, sql: &'static str, values: &[Value<'_>]) -> Result<Counted, StoreError> {
    let found: Option<(i64, i64)> = tx.fetch_optional(sql, values).await?;
    let (matched, looked_at) = found.unwrap_or_default();
    Ok(Counted { matched, looked_at })
}
