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

/// How many registered people of a domain are in other Team accounts of the AWS account that owns this one. Nothing of
/// the answer depends on what other AWS accounts have.
pub(super) async fn team_members_of(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    most: i64,
) -> Result<Counted, StoreError> {
    let accounts = tx
        .fetch_number(
            "SELECT COUNT(*) FROM
               (SELECT account_id FROM chime_account WHERE aws_account_id = $1
                 ORDER BY created_at, account_id LIMIT $2) AS owned",
            bind![account.aws_account_id, most],
        )
        .await?;
    let counted = counted(
        tx,
        "SELECT COUNT(*), COUNT(*) FROM
           (SELECT u.user_id FROM
              (SELECT account_id, account_type FROM chime_account WHERE aws_account_id = $1
                ORDER BY created_at, account_id LIMIT $2) AS owned
              JOIN chime_user u ON u.account_id = owned.account_id
             WHERE owned.account_id <> $3 AND owned.account_type = 'Team' AND u.email_domain = $4
               AND u.registration = 'Registered' AND u.user_type = 'PrivateUser' LIMIT $2) AS looked_at",
        bind![account.aws_account_id, most, account.id, domain],
    )
    .await?;
    Ok(Counted {
        looked_at: counted.looked_at.max(accounts),
        ..counted
    })
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

/// How many open invitations to addresses of a domain other accounts of the same AWS account have.
pub(super) async fn invitations_of_others(
    tx: &mut ReadTx,
    account: &ManagedAccount,
    domain: &str,
    most: i64,
) -> Result<Counted, StoreError> {
    counted(
        tx,
        "SELECT COALESCE(SUM(CASE WHEN account_id <> $1 THEN 1 ELSE 0 END), 0), COUNT(*) FROM
           (SELECT account_id FROM chime_invite
             WHERE email_domain = $2 AND aws_account_id = $3 AND status = 'Pending' LIMIT $4) AS looked_at",
        bind![account.id, domain, account.aws_account_id, most],
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
