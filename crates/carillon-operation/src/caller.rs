//! Who asks.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use carillon_aws::id::AwsAccountId;
use carillon_aws::secret::Secret;
use carillon_aws::sigv4::SigningKey;
use carillon_aws::time::Timestamp;
use carillon_policy::{Policies, Principal};
use carillon_store::{ReadTx, StoreError};

use crate::decision_record::Standing;

use crate::Fault;

/// A boxed future, where a trait must be usable as an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An authenticated principal, as long as one request lasts.
#[derive(Debug)]
pub struct Caller {
    pub aws_account_id: AwsAccountId,
    pub kind: CallerKind,
    /// As policies and messages name it: a user, role session, federated user or root ARN; of a web identity, the
    /// ARN of its provider.
    pub arn: String,
    /// `aws:userid`: `AIDA…`, `AROA…:session`, `account:name` of a federated user, or the account.
    pub user_id: String,
    pub principal: Principal,
    pub access_key_id: String,
    /// Tags of the user or role; those of the session win.
    pub tags: Vec<(String, String)>,
    /// Of temporary credentials.
    pub session: Option<Session>,
}

/// The kinds of principals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerKind {
    Root,
    User {
        id: String,
        name: String,
    },
    RoleSession {
        role_id: String,
        role_name: String,
        role_arn: String,
        session_name: String,
    },
    /// A session that a user, or root, made for somebody whom AWS does not know.
    FederatedUser {
        name: String,
    },
    /// Who asks in a request that nobody signed.
    WebIdentity(WebIdentity),
}

/// What an identity provider outside says of somebody, proven by its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// The ARN of the provider.
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    /// The application the proof was made for.
    pub audience: String,
    /// What conditions can ask for, by lower-case key: `login.example.com:aud`.
    pub claims: Vec<(String, Vec<String>)>,
    /// Tags for the session to be.
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// What an assertion of SAML says besides, if one proved it.
    pub saml: Option<Box<SamlSubject>>,
}

/// What an assertion of SAML says besides what every identity provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlSubject {
    pub assertion_id: String,
    /// `persistent`, `transient`, or another format by its whole name.
    pub subject_type: String,
    /// With the subject it names one person among those of all providers.
    pub name_qualifier: String,
    pub session_name: String,
    /// How long a session may last at most, in seconds.
    pub at_most: Option<i64>,
}

/// What temporary credentials carry beside the principal.
#[derive(Debug, Clone)]
pub struct Session {
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub multi_factor_at: Option<Timestamp>,
    pub source_identity: Option<String>,
    /// The ARN of the identity provider whose word the session was given on.
    pub federated_provider: Option<String>,
    /// Session tags that sessions made from this one keep.
    pub transitive_tags: Vec<(String, String)>,
    /// Made by `GetSessionToken`, whose sessions may not call all of IAM and STS.
    pub of_get_session_token: bool,
}

impl Caller {
    /// The friendly name, for IAM users only.
    pub fn user_name(&self) -> Option<&str> {
        match &self.kind {
            CallerKind::User { name, .. } => Some(name),
            _ => None,
        }
    }

    pub fn is_root(&self) -> bool {
        self.kind == CallerKind::Root
    }

    /// `aws:PrincipalArn`: the role for a role session, else as `arn`.
    pub fn principal_arn(&self) -> &str {
        match &self.kind {
            CallerKind::RoleSession { role_arn, .. } => role_arn,
            _ => &self.arn,
        }
    }

    /// The identifier of the user, role or account whose policies count.
    pub fn owner_id(&self) -> &str {
        self.user_id
            .split_once(':')
            .map_or(&self.user_id, |(owner, _)| owner)
    }

    /// Who answers for the requests: the user, role or root, because sessions are cheap to make, and for as many names as
    /// one likes; while nobody is known, whom the identity provider names.
    pub fn accountable(&self) -> &str {
        if self.web_identity().is_some() {
            return &self.user_id;
        }
        match &self.principal {
            Principal::Federated {
                user_arn: Some(user_arn),
                ..
            } => user_arn,
            _ => self.principal_arn(),
        }
    }

    /// `aws:PrincipalType`.
    pub fn principal_type(&self) -> &'static str {
        match self.kind {
            CallerKind::Root => "Account",
            CallerKind::User { .. } => "User",
            CallerKind::RoleSession { .. } => "AssumedRole",
            CallerKind::FederatedUser { .. } => "FederatedUser",
            CallerKind::WebIdentity(_) => "Anonymous",
        }
    }

    /// What an identity provider says of the caller, if that is all that is known.
    pub fn web_identity(&self) -> Option<&WebIdentity> {
        match &self.kind {
            CallerKind::WebIdentity(identity) => Some(identity),
            _ => None,
        }
    }
}

/// The facts of one request that are not its input.
#[derive(Debug)]
pub struct Call {
    pub request_id: String,
    /// Fixed for the whole request.
    pub now: Timestamp,
    pub source_ip: IpAddr,
    pub user_agent: Option<String>,
    pub referer: Option<String>,
    pub host: String,
    pub tls: Option<TransportSecurity>,
    /// Made in the web console, by somebody who signed in there.
    pub from_console: bool,
}

/// How a request was kept from others on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportSecurity {
    /// TLS ended in this process.
    Here {
        /// `TLSv1.3`
        version: String,
        cipher_suite: String,
    },
    /// TLS ended at a proxy that the operator trusts and that says so.
    AtProxy,
}

/// What a caller shows beside its signature: the code of a device, which proves that it holds the device.
#[derive(Debug, Clone)]
pub struct SecondFactor {
    pub serial_number: String,
    /// What the device shows.
    pub code: Secret<String>,
}

/// Credentials that a key identifier stands for, with everything a decision needs of their owner.
pub struct Credentials {
    pub caller: Caller,
    pub secret: Secret<String>,
    pub policies: Policies,
    /// Of temporary credentials.
    pub session_token: Option<String>,
    /// The revision of the AWS account's access control that all this was read at. The pipeline compares it
    /// in the transaction of the effect, so nothing older is ever used.
    pub revision: i64,
    /// About how many bytes of memory these credentials are worth, for whoever remembers them.
    pub weight: usize,
    signing_key: Mutex<Option<(String, Arc<SigningKey>)>>,
    standing: OnceLock<Arc<Standing>>,
}

impl Credentials {
    pub fn new(
        caller: Caller,
        secret: Secret<String>,
        session_token: Option<String>,
        policies: Policies,
        revision: i64,
        weight: usize,
    ) -> Self {
        Self {
            caller,
            secret,
            policies,
            session_token,
            revision,
            weight,
            signing_key: Mutex::new(None),
            standing: OnceLock::new(),
        }
    }

    /// The policies and tags as they are kept with decisions, put together at the first one.
    pub(crate) fn standing(&self) -> &Arc<Standing> {
        self.standing
            .get_or_init(|| Arc::new(Standing::of(&self.policies, &self.caller.tags)))
    }

    /// The key of a day, Region and service, derived once for the requests that follow.
    pub fn signing_key(&self, date: &str, region: &str, service: &str) -> Arc<SigningKey> {
        let scope = format!("{date}/{region}/{service}");
        let mut kept = self.signing_key.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((of, key)) if *of == scope => Arc::clone(key),
            _ => {
                let key = Arc::new(SigningKey::derive(self.secret.expose(), date, region, service));
                *kept = Some((scope, Arc::clone(&key)));
                key
            }
        }
    }
}

/// Why a key identifier and token are nobody's.
#[derive(Debug)]
pub enum Unidentified {
    /// Unknown, inactive, or with a token that is not its own.
    Invalid,
    Expired,
    Store(StoreError),
}

impl From<StoreError> for Unidentified {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How the pipeline learns who somebody is and what policies they have.
pub trait Identities: Send + Sync + 'static {
    /// The credentials of an access key. They may be remembered from an earlier request.
    fn credentials<'a>(
        &'a self,
        access_key_id: &'a str,
        session_token: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Arc<Credentials>, Unidentified>>;

    /// The same credentials as this transaction sees them, because access control changed since they were read;
    /// nothing if they are no longer good. Reading them where they are used is what lets any number of
    /// changes go through at the same time: each waits for the one before, and none starts over.
    ///
    /// They are not remembered: the transaction may see what never gets durable.
    fn reread<'a>(
        &'a self,
        stale: &'a Credentials,
        tx: &'a mut ReadTx,
    ) -> BoxFuture<'a, Result<Option<Arc<Credentials>>, StoreError>>;

    /// Remembers credentials that were read again, once what they were read from is durable.
    fn remember(&self, credentials: &Arc<Credentials>);

    /// Drops what is remembered of an access key, because something changed since.
    fn forget(&self, access_key_id: &str);

    /// Refuses a second factor that is not the caller's, or not what the device shows at that time. Changes nothing in
    /// the database: the operation that takes the code makes it good only once.
    ///
    /// # Errors
    ///
    /// [`Fault::Denied`], also when too many wrong codes were tried.
    fn second_factor<'a>(
        &'a self,
        caller: &'a Caller,
        factor: &'a SecondFactor,
        tx: &'a mut ReadTx,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        let _ = (caller, factor, tx, now);
        Box::pin(async { Err(Fault::denied("there are no second factors")) })
    }

    /// Told of each verified signature. Answers what is left to do, if the use is to be written down: nearly
    /// always nothing, because uses are recorded coarsely. It cannot fail the request.
    fn used<'a>(
        &'a self,
        credentials: &Credentials,
        service: &'static str,
        region: &str,
        now: Timestamp,
    ) -> Option<BoxFuture<'a, ()>> {
        let _ = (credentials, service, region, now);
        None
    }

    /// Told of each action that a caller tried, whatever came of it. Answers what is left to do, as
    /// [`Identities::used`] does.
    fn accessed<'a>(
        &'a self,
        caller: &Caller,
        action: &'static str,
        now: Timestamp,
    ) -> Option<BoxFuture<'a, ()>> {
        let _ = (caller, action, now);
        None
    }
}
