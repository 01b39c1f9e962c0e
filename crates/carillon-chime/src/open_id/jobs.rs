//! What happens to products later: they are told that somebody is gone, and keys are changed.

use std::time::Duration;

use carillon_aws::id::uuid_v4;
use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, JobError, Outside, Post, enqueue, enqueue_at_once};
use carillon_store::{Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::jws::{self, Kind};
use super::{key, rows};
use crate::user;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a product may take to forget somebody.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a logout token is good. Each try has a new one.
const LOGOUT_TOKEN: Duration = Duration::from_secs(120);

/// Tells the products that somebody used through a session that it is over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndSession {
    session_id: String,
}

/// Queues what follows from the end of a session in which products were used.
pub(crate) async fn end_session(tx: &mut WriteTx, session_id: String) -> Result<(), StoreError> {
    enqueue_at_once(tx, &EndSession { session_id }).await
}

impl Job for EndSession {
    const KIND: &'static str = "chime.openid.end-session";
    const PATIENCE: Duration = DAY;
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(self.session_id.clone())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        for grant in rows::grants_of_session(tx, &self.session_id).await? {
            // A code that nobody redeemed let nobody in.
            if grant.status != super::grant::Status::Waiting {
                let tell = TellClient {
                    client_id: grant.client_id,
                    session_id: grant.session_id,
                    user_id: grant.user_id,
                };
                enqueue(tx, &*environment.entropy, &tell, now, now).await?;
            }
        }
        rows::forget_session(tx, &self.session_id).await?;
        environment.jobs.notify_one();
        Ok(Vec::new())
    }
}

/// Ends what a person was given by products that are no longer for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReviewGrants {
    user_id: String,
}

/// Queues what follows for products from a change of a person: of its licence, or its account.
pub(crate) async fn review(tx: &mut WriteTx, user_id: &str) -> Result<(), StoreError> {
    if rows::uses_limited_clients(tx, user_id).await? {
        let user_id = user_id.to_owned();
        enqueue_at_once(tx, &ReviewGrants { user_id }).await?;
    }
    Ok(())
}

impl Job for ReviewGrants {
    const KIND: &'static str = "chime.openid.review";
    const PATIENCE: Duration = DAY;
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(self.user_id.clone())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let Some(user) = user::rows::find_any(tx, &self.user_id).await? else {
            return Ok(Vec::new());
        };
        for mut grant in rows::live_grants_of_user(tx, &user.id).await? {
            let client = rows::client(tx, &grant.client_id).await?;
            if client.is_some_and(|client| client.admits(&user)) {
                continue;
            }
            grant.end();
            rows::update_grant(tx, &grant).await?;
            let tell = TellClient {
                client_id: grant.client_id,
                session_id: grant.session_id,
                user_id: grant.user_id,
            };
            enqueue(tx, &*environment.entropy, &tell, now, now).await?;
        }
        environment.jobs.notify_one();
        Ok(Vec::new())
    }
}

/// Tells one product that a session is over.
///
/// Source: OpenID Connect Back-Channel Logout 1.0.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TellClient {
    client_id: String,
    session_id: String,
    user_id: String,
}

impl Job for TellClient {
    const KIND: &'static str = "chime.openid.tell-client";
    const PATIENCE: Duration = DAY;
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(format!("{}/{}", self.session_id, self.client_id))
    }

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<(), JobError> {
        let mut tx = store.read().await?;
        let client = rows::client(&mut tx, &self.client_id).await?;
        let keys = rows::keys(&mut tx).await?;
        drop(tx);
        let Some(client) = client else {
            return Ok(());
        };
        let Some(address) = client.back_channel_uri else {
            return Ok(());
        };
        let now = environment.clock.now();
        let later = |why: &str| JobError::Retry(why.to_owned());
        let key = key::current(&keys, client.algorithm, now).ok_or_else(|| later("there is no key"))?;
        let claims = json!({
            "iss": environment.settings.public_url,
            "aud": self.client_id,
            "iat": now.as_seconds(),
            "exp": (now + LOGOUT_TOKEN).as_seconds(),
            "jti": uuid_v4(&*environment.entropy),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            "sub": self.user_id,
            "sid": self.session_id,
        });
        let key = key::open(key, environment)?;
        let token =
            jws::sign(&key, Kind::Logout, &claims).ok_or_else(|| later("the token cannot be signed"))?;
        let delivery = outside
            .delivery
            .as_ref()
            .ok_or_else(|| later("nothing may be told"))?;
        let body = format!("logout_token={token}");
        let post = Post {
            url: &address,
            content_type: "application/x-www-form-urlencoded",
            headers: &[],
            body: body.as_bytes(),
            patience: ANSWER,
        };
        match delivery.post(post).await {
            Ok(reply) if (200..300).contains(&reply.status) => Ok(()),
            Ok(reply) => Err(JobError::Retry(format!("the answer has status {}", reply.status))),
            Err(error) => Err(JobError::Retry(error.to_string())),
        }
    }
}

/// Looks once a day whether keys are to be changed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RotateKeys {
    /// Since the epoch. The jobs of different days are different jobs.
    day: i64,
}

impl RotateKeys {
    pub fn on_the_day_after(now: Timestamp) -> Self {
        let day = i64::try_from(DAY.as_secs()).unwrap_or(i64::MAX);
        Self {
            day: now.as_seconds() / day + 1,
        }
    }

    pub fn due(&self) -> Timestamp {
        Timestamp::from_seconds(self.day * i64::try_from(DAY.as_secs()).unwrap_or(i64::MAX))
    }
}

impl Job for RotateKeys {
    const KIND: &'static str = "chime.openid.rotate-keys";
    const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    type Gathered = ();

    fn unique_key(&self) -> Option<String> {
        Some(self.day.to_string())
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let keys = rows::keys(tx).await?;
        let rotation = key::rotation(&keys, now);
        for key in rotation.gone {
            rows::delete_key(tx, &key.id).await?;
        }
        if let Some(signs_from) = rotation.next {
            key::add(tx, &environment.vault, &*environment.entropy, signs_from).await?;
        }
        key::watch(tx, &*environment.entropy, now).await?;
        Ok(Vec::new())
    }
}
