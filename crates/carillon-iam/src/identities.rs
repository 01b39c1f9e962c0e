//! Who an access key belongs to, and what policies its owner has.
//!
//! What was read is remembered under the revision of the AWS account's access control. The pipeline compares
//! that number in the transaction of each request, so a change is effective for the very next one, and
//! between changes nothing is read or parsed again. Nothing remembered is ever trusted by itself; remembering the
//! wrong thing costs time, not safety.

mod owner;
mod recently;
mod remembered;

use std::sync::Arc;
use std::time::Duration;

use carillon_aws::id::{AccessKeyKind, AwsAccountId};
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{
    BoxFuture, Caller, Credentials, Environment, Fault, Identities, SecondFactor, Unidentified,
};
use carillon_policy::Document;
use carillon_store::{ReadTx, Store, StoreError, Value, bind};

use self::owner::Owner;
use self::recently::Recently;
use self::remembered::Remembered;
use crate::access_key::rows::RECORD_USE;
use crate::account::secret_purpose;
use crate::last_accessed::rows::RECORD_ACCESS;
use crate::mfa;
use crate::session::SessionToken;

/// Bytes of credentials that one generation remembers, with the text of their policies counted to each.
const CREDENTIALS: usize = 32 << 20;
/// Bytes of credentials without policies.
const ENTRY: usize = 2_048;
/// Bytes of text whose compiled documents one generation remembers.
const DOCUMENTS: usize = 8 << 20;
/// Keys whose last use is remembered.
const USES: usize = 50_000;
/// Actions of principals whose last try is remembered.
const ACCESSES: usize = 200_000;

/// How often the use of one key is written down.
const USE_RECORDED_EVERY: Duration = Duration::from_secs(15 * 60);
/// How often it is written down that a principal tried an action.
const ACCESS_RECORDED_EVERY: Duration = Duration::from_secs(60 * 60);

/// Identities as IAM keeps them.
pub struct IamIdentities {
    store: Store,
    environment: Arc<Environment>,
    known: Remembered<Arc<Credentials>>,
    /// Compiled documents by their text: principals share policies.
    documents: Remembered<Arc<Document>>,
    /// Uses of long-term keys.
    used: Recently,
    /// Actions that were tried, by whose policies count.
    accessed: Recently,
}

impl IamIdentities {
    pub fn new(store: Store, environment: Arc<Environment>) -> Self {
        Self {
            store,
            environment,
            known: Remembered::new(CREDENTIALS),
            documents: Remembered::new(DOCUMENTS),
            used: Recently::new(USE_RECORDED_EVERY, USES),
            accessed: Recently::new(ACCESS_RECORDED_EVERY, ACCESSES),
        }
    }

    async fn find(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<Credentials>, Unidentified> {
        let known = self
            .known
            .get(access_key_id)
            .filter(|known| known.session_token.as_deref() == session_token);
        let credentials = match known {
            Some(known) => known,
            None => {
                let mut tx = self.store.read().await?;
                let credentials = self.read(&mut tx, access_key_id, session_token).await?;
                self.remember(&credentials);
                credentials
            }
        };
        match &credentials.caller.session {
            Some(session) if session.expires_at <= now => Err(Unidentified::Expired),
            _ => Ok(credentials),
        }
    }

    /// Reads the credentials of a key.
    async fn read(
        &self,
        tx: &mut ReadTx,
        access_key_id: &str,
        session_token: Option<&str>,
    ) -> Result<Arc<Credentials>, Unidentified> {
        let credentials = match (AccessKeyKind::of(access_key_id), session_token) {
            (Some(AccessKeyKind::Temporary), Some(token)) => self.temporary(tx, access_key_id, token).await?,
            // A long-term key has no token; one that comes with it is somebody else's.
            (Some(AccessKeyKind::Temporary), None) | (_, Some(_)) => return Err(Unidentified::Invalid),
            (_, None) => self.long_term(tx, access_key_id).await?,
        };
        Ok(Arc::new(credentials))
    }

    async fn long_term(&self, tx: &mut ReadTx, access_key_id: &str) -> Result<Credentials, Unidentified> {
        let key: Option<(AwsAccountId, String, String, String)> = tx
            .fetch_optional(
                "SELECT aws_account_id, user_id, sealed_secret, status
                   FROM iam_access_key WHERE access_key_id = $1",
                bind![access_key_id],
            )
            .await?;
        let (account, user_id, sealed, status) = key.ok_or(Unidentified::Invalid)?;
        if status != "Active" {
            return Err(Unidentified::Invalid);
        }
        let secret = self
            .environment
            .vault
            .open_text(&secret_purpose(access_key_id), &sealed)
            .ok_or_else(|| {
                Unidentified::Store(StoreError::Corrupt {
                    column: 2,
                    expected: "a secret sealed by this server's key",
                    found: "something else".to_owned(),
                })
            })?;
        let Owner {
            caller,
            policies,
            revision,
            text,
        } = self.owner(tx, account, &user_id, access_key_id, None).await?;
        Ok(Credentials::new(
            caller,
            Secret::new(secret),
            None,
            policies,
            revision,
            ENTRY + text,
        ))
    }

    async fn temporary(
        &self,
        tx: &mut ReadTx,
        access_key_id: &str,
        session_token: &str,
    ) -> Result<Credentials, Unidentified> {
        let token = SessionToken::open(&self.environment.vault, access_key_id, session_token)
            .ok_or(Unidentified::Invalid)?;
        let Owner {
            caller,
            policies,
            revision,
            text,
        } = self
            .owner(
                tx,
                token.aws_account_id,
                &token.owner_id,
                access_key_id,
                Some(&token),
            )
            .await?;
        let weight = ENTRY + text + session_token.len();
        Ok(Credentials::new(
            caller,
            Secret::new(token.secret_access_key),
            Some(session_token.to_owned()),
            policies,
            revision,
            weight,
        ))
    }
}

impl Identities for IamIdentities {
    fn credentials<'a>(
        &'a self,
        access_key_id: &'a str,
        session_token: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Arc<Credentials>, Unidentified>> {
        Box::pin(self.find(access_key_id, session_token, now))
    }

    fn reread<'a>(
        &'a self,
        stale: &'a Credentials,
        tx: &'a mut ReadTx,
    ) -> BoxFuture<'a, Result<Option<Arc<Credentials>>, StoreError>> {
        Box::pin(async move {
            let key = stale.caller.access_key_id.as_str();
            match self.read(tx, key, stale.session_token.as_deref()).await {
                Ok(credentials) => Ok(Some(credentials)),
                Err(Unidentified::Invalid | Unidentified::Expired) => Ok(None),
                Err(Unidentified::Store(error)) => Err(error),
            }
        })
    }

    fn remember(&self, credentials: &Arc<Credentials>) {
        let key = &credentials.caller.access_key_id;
        // Somebody who began later may have been faster.
        let is_newer = |known: &Arc<Credentials>| known.revision > credentials.revision;
        self.known
            .put(key, Arc::clone(credentials), credentials.weight, is_newer);
    }

    fn forget(&self, access_key_id: &str) {
        self.known.remove(access_key_id);
    }

    fn second_factor<'a>(
        &'a self,
        caller: &'a Caller,
        factor: &'a SecondFactor,
        tx: &'a mut ReadTx,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(mfa::check(tx, &self.environment, caller, factor, now))
    }

    fn used<'a>(
        &'a self,
        credentials: &Credentials,
        service: &'static str,
        region: &str,
        now: Timestamp,
    ) -> Option<BoxFuture<'a, ()>> {
        // Keys of sessions have no last use.
        if credentials.caller.session.is_some() {
            return None;
        }
        let access_key_id = &credentials.caller.access_key_id;
        if !self.used.is_due(access_key_id, "", now) {
            return None;
        }
        let values = vec![
            Value::Text(access_key_id.clone().into()),
            Value::Number(now.as_micros()),
            Value::Text(service.into()),
            Value::Text(region.to_owned().into()),
        ];
        // Awaited, although the answer does not need it: whoever asks for the last use after an answer finds it,
        // and one flush more in a quarter of an hour is no matter.
        Some(Box::pin(async move {
            if let Err(error) = self.store.append(RECORD_USE, values).await {
                tracing::warn!(%error, "the use of an access key could not be recorded");
            }
        }))
    }

    fn accessed<'a>(
        &'a self,
        caller: &Caller,
        action: &'static str,
        now: Timestamp,
    ) -> Option<BoxFuture<'a, ()>> {
        let principal = caller.owner_id();
        if !self.accessed.is_due(principal, action, now) {
            return None;
        }
        let service = action.split_once(':').map_or(action, |(service, _)| service);
        let values = vec![
            Value::Text(principal.to_owned().into()),
            Value::Text(service.into()),
            Value::Text(action.into()),
            Value::Number(now.as_micros()),
        ];
        Some(Box::pin(async move {
            if let Err(error) = self.store.append(RECORD_ACCESS, values).await {
                tracing::warn!(%error, "the last access of a principal could not be recorded");
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::Clock;

    use super::*;
    use crate::account::raise_revision;
    use crate::testing::{TestServer, engines};

    async fn known(identities: &IamIdentities, key: &str, now: Timestamp) -> Arc<Credentials> {
        identities.credentials(key, None, now).await.unwrap()
    }

    #[tokio::test]
    async fn what_never_got_durable_is_not_remembered() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[]).await;
            let (key, now) = (server.as_root().access_key_id, server.clock().now());
            let identities = IamIdentities::new(server.store().clone(), Arc::clone(server.environment()));
            let before = known(&identities, &key, now).await;

            let mut tx = server.store().write().await.unwrap();
            raise_revision(&mut tx, server.account_id(), now).await.unwrap();
            let within = identities.reread(&before, &mut tx).await.unwrap().unwrap();
            assert!(within.revision > before.revision);
            drop(tx);
            assert_eq!(known(&identities, &key, now).await.revision, before.revision);

            identities.remember(&within);
            assert_eq!(known(&identities, &key, now).await.revision, within.revision);
            // An older one does not take the place of a newer one.
            identities.remember(&before);
            assert_eq!(known(&identities, &key, now).await.revision, within.revision);
        }
    }

    #[tokio::test]
    async fn credentials_weigh_what_their_policies_do() {
        let server = TestServer::start(&[]).await;
        let now = server.clock().now();
        let document = |blanks| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"chime:*","Resource":"*"}}{}}}"#,
                " ".repeat(blanks)
            )
        };
        let (light, heavy) = (document(0), document(50_000));
        let ada = server.as_user("ada", &[&light]).await;
        let bob = server.as_user("bob", &[&light, &heavy]).await;
        let identities = IamIdentities::new(server.store().clone(), Arc::clone(server.environment()));
        let ada = known(&identities, &ada.access_key_id, now).await;
        let bob = known(&identities, &bob.access_key_id, now).await;
        assert_eq!(ada.weight, ENTRY + light.len());
        assert_eq!(bob.weight, ENTRY + light.len() + heavy.len());
    }

    #[tokio::test]
    async fn no_revision_comes_twice() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[]).await;
            let (key, now) = (server.as_root().access_key_id, server.clock().now());
            let mut seen = Vec::new();
            for at in [
                now,
                now,
                Timestamp::from_micros(now.as_micros() - 5),
                now + Duration::from_secs(1),
            ] {
                let mut tx = server.store().write().await.unwrap();
                raise_revision(&mut tx, server.account_id(), at).await.unwrap();
                tx.commit().await.unwrap();
                let identities = IamIdentities::new(server.store().clone(), Arc::clone(server.environment()));
                seen.push(known(&identities, &key, now).await.revision - now.as_micros());
            }
            assert_eq!(seen, [0, 1, 2, 1_000_000]);
        }
    }
}
