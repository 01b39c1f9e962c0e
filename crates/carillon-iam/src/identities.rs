//! Who an access key belongs to, and what policies its owner has.
//!
//! What was read is remembered under the revision of the AWS account's access control. The pipeline compares
//! that number in the transaction of each request, so a change is effective for the very next one, and
//! between changes nothing is read or parsed again.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use carillon_aws::arn;
use carillon_aws::id::{AccessKeyKind, AwsAccountId};
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{
    BoxFuture, Caller, CallerKind, Credentials, Environment, Identities, Session, Unidentified,
};
use carillon_policy::{Attached, Document, Policies, PolicyType, Principal};
use carillon_store::{ReadTx, Store, StoreError, Value, bind};

use crate::access_key::rows::RECORD_USE;
use crate::account::secret_purpose;
use crate::session::SessionToken;

/// Remembered keys and documents. When there are more, all are forgotten and the busy ones come back.
const REMEMBERED: usize = 50_000;

/// How often the use of one key is written down.
const USE_RECORDED_EVERY: Duration = Duration::from_secs(15 * 60);

/// Identities as IAM keeps them.
pub struct IamIdentities {
    store: Store,
    environment: Arc<Environment>,
    known: RwLock<HashMap<String, Arc<Known>>>,
    /// Compiled documents by their text: principals share policies.
    documents: RwLock<HashMap<Arc<str>, Arc<Document>>>,
    /// When this process last wrote down that a long-term key was used.
    used: RwLock<HashMap<String, Timestamp>>,
}

struct Known {
    credentials: Arc<Credentials>,
    session_token: Option<String>,
    expires_at: Option<Timestamp>,
}

impl IamIdentities {
    pub fn new(store: Store, environment: Arc<Environment>) -> Self {
        Self {
            store,
            environment,
            known: RwLock::default(),
            documents: RwLock::default(),
            used: RwLock::default(),
        }
    }

    async fn find(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<Credentials>, Unidentified> {
        let known = read(&self.known).get(access_key_id).cloned();
        if let Some(known) = known
            && known.session_token.as_deref() == session_token
        {
            return match known.expires_at {
                Some(expires_at) if expires_at <= now => Err(Unidentified::Expired),
                _ => Ok(Arc::clone(&known.credentials)),
            };
        }
        let credentials = match (AccessKeyKind::of(access_key_id), session_token) {
            (Some(AccessKeyKind::Temporary), Some(token)) => {
                self.temporary(access_key_id, token, now).await?
            }
            // A long-term key has no token; one that comes with it is somebody else's.
            (Some(AccessKeyKind::Temporary), None) | (_, Some(_)) => return Err(Unidentified::Invalid),
            (_, None) => self.long_term(access_key_id).await?,
        };
        let credentials = Arc::new(credentials);
        let known = Known {
            session_token: session_token.map(str::to_owned),
            expires_at: credentials
                .caller
                .session
                .as_ref()
                .map(|session| session.expires_at),
            credentials: Arc::clone(&credentials),
        };
        let mut remembered = write(&self.known);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(access_key_id.to_owned(), Arc::new(known));
        Ok(credentials)
    }

    async fn long_term(&self, access_key_id: &str) -> Result<Credentials, Unidentified> {
        let mut tx = self.store.read().await?;
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
            .open(&secret_purpose(access_key_id), &sealed)
            .and_then(|secret| String::from_utf8(secret).ok())
            .ok_or_else(|| {
                Unidentified::Store(StoreError::Corrupt {
                    column: 2,
                    expected: "a secret sealed by this server's key",
                    found: "something else".to_owned(),
                })
            })?;
        let (caller, policies, revision) = self
            .owner(&mut tx, account, &user_id, access_key_id, None)
            .await?;
        Ok(Credentials::new(caller, Secret::new(secret), policies, revision))
    }

    async fn temporary(
        &self,
        access_key_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Credentials, Unidentified> {
        let token =
            SessionToken::open(&self.environment.vault, access_key_id, token).ok_or(Unidentified::Invalid)?;
        if token.expires_at <= now {
            return Err(Unidentified::Expired);
        }
        let mut tx = self.store.read().await?;
        let (caller, policies, revision) = self
            .owner(
                &mut tx,
                token.aws_account_id,
                &token.owner_id,
                access_key_id,
                Some(&token),
            )
            .await?;
        Ok(Credentials::new(
            caller,
            Secret::new(token.secret_access_key.clone()),
            policies,
            revision,
        ))
    }

    /// The user, role or root behind a key, as things stand in this transaction.
    async fn owner(
        &self,
        tx: &mut ReadTx,
        account: AwsAccountId,
        owner_id: &str,
        access_key_id: &str,
        token: Option<&SessionToken>,
    ) -> Result<(Caller, Policies, i64), Unidentified> {
        let (revision, root_user_id): (i64, String) = tx
            .fetch_optional(
                "SELECT access_revision, root_user_id FROM aws_account WHERE aws_account_id = $1",
                bind![account],
            )
            .await?
            .ok_or(Unidentified::Invalid)?;
        let mut policies = Policies::new();
        let (kind, arn, user_id, principal, boundary);
        if owner_id == root_user_id {
            kind = CallerKind::Root;
            arn = arn::root(account);
            user_id = account.to_string();
            principal = Principal::Root {
                account: account.to_string(),
            };
            boundary = None;
        } else if let Some(role_session) = token.and_then(|token| token.role_session_name.as_deref()) {
            let (name, path, role_boundary): (String, String, Option<String>) = tx
                .fetch_optional(
                    "SELECT role_name, path, permissions_boundary_arn FROM iam_role WHERE role_id = $1",
                    bind![owner_id],
                )
                .await?
                .ok_or(Unidentified::Invalid)?;
            let role_arn = arn::role(account, &path, &name);
            arn = arn::assumed_role(account, &name, role_session);
            user_id = format!("{owner_id}:{role_session}");
            principal = Principal::RoleSession {
                arn: arn.clone(),
                role_arn: role_arn.clone(),
                account: account.to_string(),
                role_id: Some(owner_id.to_owned()),
            };
            kind = CallerKind::RoleSession {
                role_id: owner_id.to_owned(),
                role_name: name,
                role_arn,
                session_name: role_session.to_owned(),
            };
            boundary = role_boundary;
        } else {
            let (name, path, user_boundary): (String, String, Option<String>) = tx
                .fetch_optional(
                    "SELECT user_name, path, permissions_boundary_arn FROM iam_user WHERE user_id = $1",
                    bind![owner_id],
                )
                .await?
                .ok_or(Unidentified::Invalid)?;
            arn = arn::user(account, &path, &name);
            user_id = owner_id.to_owned();
            principal = Principal::User {
                arn: arn.clone(),
                account: account.to_string(),
                unique_id: Some(owner_id.to_owned()),
            };
            kind = CallerKind::User {
                id: owner_id.to_owned(),
                name,
            };
            boundary = user_boundary;
        }
        if kind != CallerKind::Root {
            policies = policies.identity(self.identity_policies(tx, owner_id).await?);
            if let Some(boundary) = boundary {
                policies = policies.boundary(vec![self.managed(tx, &boundary).await?]);
            }
        }
        if let Some(token) = token.filter(|token| token.has_session_policies()) {
            policies = policies.session(self.session_policies(tx, token).await?);
        }
        let mut tags: Vec<(String, String)> = tx
            .fetch_all(
                "SELECT tag_key, tag_value FROM iam_tag WHERE entity_id = $1",
                bind![owner_id],
            )
            .await?;
        if let Some(token) = token {
            // Session tags win over the role's.
            tags.retain(|(key, _)| {
                !token
                    .tags
                    .iter()
                    .any(|(session, _)| session.eq_ignore_ascii_case(key))
            });
            tags.extend(token.tags.iter().cloned());
        }
        let caller = Caller {
            aws_account_id: account,
            kind,
            arn,
            user_id,
            principal,
            access_key_id: access_key_id.to_owned(),
            tags,
            session: token.map(|token| Session {
                issued_at: token.issued_at,
                expires_at: token.expires_at,
                multi_factor_at: token.multi_factor_at,
                source_identity: token.source_identity.clone(),
                of_get_session_token: token.role_session_name.is_none(),
                transitive_tags: token.transitive_tags(),
            }),
        };
        Ok((caller, policies, revision))
    }

    /// Inline and attached policies of a user or role, and for a user those of its groups.
    async fn identity_policies(&self, tx: &mut ReadTx, owner_id: &str) -> Result<Vec<Attached>, StoreError> {
        let mut attached = Vec::new();
        let inline: Vec<(String, String)> = tx
            .fetch_all(
                "SELECT policy_name, document FROM iam_inline_policy
                  WHERE entity_id = $1
                     OR entity_id IN (SELECT group_id FROM iam_membership WHERE user_id = $2)
                  ORDER BY entity_id, policy_name",
                bind![owner_id, owner_id],
            )
            .await?;
        for (name, document) in inline {
            attached.push(Attached::inline(name, self.document(&document)?));
        }
        let managed: Vec<(String,)> = tx
            .fetch_all(
                "SELECT DISTINCT policy_arn FROM iam_attachment
                  WHERE entity_id = $1
                     OR entity_id IN (SELECT group_id FROM iam_membership WHERE user_id = $2)
                  ORDER BY policy_arn",
                bind![owner_id, owner_id],
            )
            .await?;
        for (arn,) in managed {
            attached.push(self.managed(tx, &arn).await?);
        }
        Ok(attached)
    }

    async fn session_policies(
        &self,
        tx: &mut ReadTx,
        token: &SessionToken,
    ) -> Result<Vec<Attached>, StoreError> {
        let mut attached = Vec::new();
        if let Some(document) = &token.policy {
            attached.push(Attached::inline("session", self.document(document)?));
        }
        for arn in &token.policy_arns {
            attached.push(self.managed(tx, arn).await?);
        }
        Ok(attached)
    }

    /// The default version of a managed policy, the customer's or AWS's.
    ///
    /// A policy that does not exist any more allows nothing; that can only be one of a session.
    async fn managed(&self, tx: &mut ReadTx, arn: &str) -> Result<Attached, StoreError> {
        let aws = self
            .environment
            .registry
            .aws_managed_policies()
            .iter()
            .find(|policy| policy.arn == arn);
        let text = match aws {
            Some(policy) => policy.documents.last().cloned(),
            None => tx
                .fetch_optional::<(String,)>(
                    "SELECT version.document
                       FROM iam_policy policy
                       JOIN iam_policy_version version
                         ON version.policy_id = policy.policy_id AND version.version = policy.default_version
                      WHERE policy.arn = $1",
                    bind![arn],
                )
                .await?
                .map(|(document,)| document),
        };
        let document = match text {
            Some(text) => self.document(&text)?,
            None => Arc::new(Document::lenient(&serde_json::json!({ "Statement": [] }))),
        };
        Ok(Attached::managed(arn, document))
    }

    /// The compiled form of a stored document.
    fn document(&self, text: &str) -> Result<Arc<Document>, StoreError> {
        if let Some(document) = read(&self.documents).get(text) {
            return Ok(Arc::clone(document));
        }
        // It was checked when it was stored; `managed` only adds a check.
        let document =
            Document::parse(text, PolicyType::Identity, false).map_err(|malformed| StoreError::Corrupt {
                column: 0,
                expected: "a policy document",
                found: malformed.message,
            })?;
        let document = Arc::new(document);
        let mut documents = write(&self.documents);
        if documents.len() >= REMEMBERED {
            documents.clear();
        }
        documents.insert(Arc::from(text), Arc::clone(&document));
        Ok(document)
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

    fn forget(&self, access_key_id: &str) {
        write(&self.known).remove(access_key_id);
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
        let is_recent = |used: &HashMap<String, Timestamp>| {
            used.get(access_key_id)
                .is_some_and(|at| now.since(*at) < USE_RECORDED_EVERY)
        };
        if is_recent(&read(&self.used)) {
            return None;
        }
        let mut used = write(&self.used);
        // Of requests that come together, one records.
        if is_recent(&used) {
            return None;
        }
        if used.len() >= REMEMBERED {
            used.clear();
        }
        used.insert(access_key_id.clone(), now);
        let values = vec![
            Value::Text(access_key_id.clone().into()),
            Value::Number(now.as_micros()),
            Value::Text(service.into()),
            Value::Text(region.to_owned().into()),
        ];
        // Awaited, although the answer does not need it: it is flushed together with the request's own event,
        // and whoever asks for the last use after an answer finds it.
        Some(Box::pin(async move {
            if let Err(error) = self.store.append(RECORD_USE, values).await {
                tracing::warn!(%error, "the use of an access key could not be recorded");
            }
        }))
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    // A panic while it was held left a whole map behind.
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
