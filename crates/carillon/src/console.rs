//! The web console's server side: signing in, sessions, and every operation by its name for whoever is signed in.
//!
//! It has no rights of its own. A browser shows a cookie instead of a signature, and from there on its request goes
//! through the pipeline as any other.

mod files;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carillon_aws::secret::Secret;
use carillon_aws::sigv4::sha256;
use carillon_aws::time::Timestamp;
use carillon_iam::console::{
    Browser, ConsoleCredentials, ConsoleSession, ConsoleSessions, LONGEST, SwitchedRole,
};
use carillon_iam::{PasskeyAssertion, ShownFactor, SignIn, SignInOutcome, sign_in};
use carillon_operation::{ConsoleRequest, Fault, Peer, Pipeline, is_from_here};
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER,
    SET_COOKIE, USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

/// Characters kept of what a browser says it is.
const BROWSER: usize = 256;
/// The largest body of what is not an operation, in bytes.
const FORM: usize = 16 * 1024;
/// What a page proves with that it is ours: other sites can neither read it nor send this header.
const CSRF: &str = "x-carillon-csrf";
/// What a session may ask for that must choose another password first.
const BEFORE_PASSWORD: &[(&str, &str)] = &[
    ("iam", "ChangePassword"),
    ("iam", "GetAccountPasswordPolicy"),
    ("sts", "GetCallerIdentity"),
];

/// Answers the requests of the web console.
pub struct Console {
    pipeline: Arc<Pipeline>,
    sessions: ConsoleSessions,
}

type Answer = Response<Bytes>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignInForm {
    account: String,
    /// Nothing of root.
    user_name: Option<String>,
    password: String,
    code: Option<String>,
    passkey: Option<PasskeyForm>,
}

/// What a key answered, in base64url.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasskeyForm {
    credential_id: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleForm {
    role_arn: String,
}

/// Why a request is not treated.
enum Refusal {
    /// Nobody is signed in, or not any more.
    SignedOut,
    /// Another site sent it.
    Elsewhere,
    Unreadable(String),
    PasswordFirst,
    /// The role that was switched to is over, and nothing is done before the user says as whom to go on.
    RoleOver,
    NotFound,
}

impl Refusal {
    fn answer(self) -> Answer {
        let (status, code, message) = match self {
            Self::SignedOut => (
                StatusCode::UNAUTHORIZED,
                "SignedOut",
                "sign in, or sign in again".to_owned(),
            ),
            Self::Elsewhere => (
                StatusCode::FORBIDDEN,
                "CrossSite",
                "the request does not come from a page of this console".to_owned(),
            ),
            Self::Unreadable(message) => (StatusCode::BAD_REQUEST, "BadRequest", message),
            Self::PasswordFirst => (
                StatusCode::FORBIDDEN,
                "PasswordChangeRequired",
                "choose another password before anything else".to_owned(),
            ),
            Self::RoleOver => (
                StatusCode::FORBIDDEN,
                "RoleExpired",
                "the session of the role is over; switch to it again, or go on without it".to_owned(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "NotFound",
                "there is no such thing".to_owned(),
            ),
        };
        answer(status, &json!({ "__type": code, "message": message }))
    }
}

impl Console {
    pub fn new(pipeline: Arc<Pipeline>) -> Self {
        let sessions = ConsoleSessions::new(pipeline.store.clone(), Arc::clone(&pipeline.environment));
        Self { pipeline, sessions }
    }

    /// Whether the console was built into this binary. Its server side is there in any case.
    pub fn is_built() -> bool {
        files::is_built()
    }

    /// Answers a request below `/console`, unless it is one of the API: old clients put `/console` before its paths,
    /// and sign.
    pub async fn serve(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Option<Answer> {
        let path = parts.uri.path().strip_prefix("/console")?;
        let is_signed = parts.headers.contains_key(AUTHORIZATION)
            || parts.uri.query().is_some_and(|query| query.contains("X-Amz-"));
        if is_signed || !(path.is_empty() || path.starts_with('/')) {
            return None;
        }
        let path = path.trim_start_matches('/');
        let outcome = match path.split_once('/') {
            _ if path == "session" => Box::pin(self.session(parts, body, peer)).await,
            _ if path == "sessions" => Box::pin(self.list(parts)).await,
            _ if path == "role" => Box::pin(self.role(parts, body, peer)).await,
            Some(("sessions", id)) => Box::pin(self.end(parts, peer, id)).await,
            Some(("api", operation)) => Box::pin(self.operation(parts, body, peer, operation)).await,
            _ if parts.method == Method::GET || parts.method == Method::HEAD => {
                return files::serve(path, &parts.headers);
            }
            _ => Ok(Refusal::NotFound.answer()),
        };
        Some(outcome.unwrap_or_else(|fault| match fault {
            Fault::Refused {
                status,
                code,
                message,
                ..
            } => answer(
                StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
                &json!({ "__type": code, "message": message }),
            ),
            fault => {
                tracing::error!(
                    ?fault,
                    path = parts.uri.path(),
                    "the console could not be answered"
                );
                let failed = json!({ "__type": "ServiceFailure", "message": "the service failed" });
                answer(StatusCode::INTERNAL_SERVER_ERROR, &failed)
            }
        }))
    }

    async fn session(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Result<Answer, Fault> {
        match parts.method {
            Method::GET => match self.signed_in(parts).await? {
                Ok((session, token)) => Ok(answer(StatusCode::OK, &self.shown(&session, &token))),
                Err(refusal) => Ok(refusal.answer()),
            },
            Method::POST => self.sign_in(parts, body, peer).await,
            Method::DELETE => match self.acting(parts).await? {
                Ok((session, _)) => {
                    let browser = browser(parts, peer);
                    self.sessions
                        .end(&session, &session.id, &browser, self.now())
                        .await?;
                    let mut gone = answer(StatusCode::OK, &json!({}));
                    self.set_cookie(&mut gone, "", Duration::ZERO);
                    Ok(gone)
                }
                Err(refusal) => Ok(refusal.answer()),
            },
            _ => Ok(Refusal::NotFound.answer()),
        }
    }

    async fn sign_in(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Result<Answer, Fault> {
        if !self.is_from_here(&parts.headers) {
            return Ok(Refusal::Elsewhere.answer());
        }
        let form: SignInForm = match read(&parts.headers, body) {
            Ok(form) => form,
            Err(refusal) => return Ok(refusal.answer()),
        };
        let browser = browser(parts, peer);
        let (password, code) = (Secret::new(form.password), form.code.map(Secret::new));
        let passkey = form.passkey.map(|passkey| PasskeyAssertion {
            credential_id: passkey.credential_id,
            client_data: passkey.client_data,
            authenticator_data: passkey.authenticator_data,
            signature: passkey.signature,
        });
        let code = code.as_ref().map(ShownFactor::Code);
        let attempt = SignIn {
            aws_account: form.account.trim(),
            user_name: form.user_name.as_deref(),
            password: &password,
            factor: passkey.as_ref().map(ShownFactor::Passkey).or(code),
            source_ip: peer.ip,
            user_agent: Some(&browser.user_agent),
        };
        let now = self.now();
        let environment = &self.pipeline.environment;
        let (who, must_change) = match sign_in(&self.pipeline.store, environment, &attempt, now).await? {
            SignInOutcome::SignedIn(who) => (who, false),
            SignInOutcome::PasswordChangeWanted(who) => (who, true),
            outcome => return Ok(turned_away(&outcome)),
        };
        // Another token each time, so that one planted before is worth nothing.
        let (token, session) = self.sessions.begin(&who, must_change, &browser, now).await?;
        let mut welcome = answer(StatusCode::OK, &self.shown(&session, token.expose()));
        self.set_cookie(&mut welcome, token.expose(), LONGEST);
        Ok(welcome)
    }

    async fn list(&self, parts: &Parts) -> Result<Answer, Fault> {
        let (session, _) = match self.signed_in(parts).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(refusal.answer()),
        };
        let sessions = self.sessions.list(&session, self.now()).await?;
        let shown: Vec<Value> = sessions
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "isThis": one.id == session.id, "sourceIp": one.source_ip,
                    "userAgent": one.user_agent, "createdAt": one.created_at, "seenAt": one.seen_at,
                })
            })
            .collect();
        Ok(answer(StatusCode::OK, &json!({ "sessions": shown })))
    }

    async fn end(&self, parts: &Parts, peer: &Peer, id: &str) -> Result<Answer, Fault> {
        if parts.method != Method::DELETE {
            return Ok(Refusal::NotFound.answer());
        }
        let (session, _) = match self.acting(parts).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(refusal.answer()),
        };
        let browser = browser(parts, peer);
        Ok(
            match self.sessions.end(&session, id, &browser, self.now()).await? {
                true => answer(StatusCode::OK, &json!({})),
                false => Refusal::NotFound.answer(),
            },
        )
    }

    /// Switches to a role, or back. Whether the user may is for `AssumeRole` to say.
    async fn role(&self, parts: &Parts, body: &[u8], peer: &Peer) -> Result<Answer, Fault> {
        let (session, token) = match self.acting(parts).await? {
            Ok((session, _)) if session.must_change_password => return Ok(Refusal::PasswordFirst.answer()),
            Ok(found) => found,
            Err(refusal) => return Ok(refusal.answer()),
        };
        let (browser, now) = (browser(parts, peer), self.now());
        let role = match parts.method {
            Method::DELETE => None,
            Method::PUT => {
                let form: RoleForm = match read(&parts.headers, body) {
                    Ok(form) => form,
                    Err(refusal) => return Ok(refusal.answer()),
                };
                match self.assume(parts, peer, &session, form.role_arn).await? {
                    Ok(role) => Some(role),
                    Err(mut refused) => {
                        guard(refused.headers_mut());
                        return Ok(*refused);
                    }
                }
            }
            _ => return Ok(Refusal::NotFound.answer()),
        };
        self.sessions
            .switch(&session, role.as_ref(), &browser, now)
            .await?;
        let session = session.with_role(role);
        Ok(answer(StatusCode::OK, &self.shown(&session, &token)))
    }

    async fn assume(
        &self,
        parts: &Parts,
        peer: &Peer,
        session: &ConsoleSession,
        arn: String,
    ) -> Result<Result<SwitchedRole, Box<Answer>>, Fault> {
        let name = session.user_name.as_deref().unwrap_or("root");
        let input = json!({ "RoleArn": arn, "RoleSessionName": name }).to_string();
        let asked = asked(session.own_credentials(), "sts", "AssumeRole");
        let response = self
            .pipeline
            .serve_console(parts, input.as_bytes(), peer, asked)
            .await;
        if response.status() != StatusCode::OK {
            return Ok(Err(Box::new(response)));
        }
        let output: Value = serde_json::from_slice(response.body()).map_err(Fault::internal)?;
        let text = |member: &str| output["Credentials"][member].as_str().map(str::to_owned);
        let expires_at = text("Expiration").and_then(|at| at.parse::<Timestamp>().ok());
        match (text("AccessKeyId"), text("SessionToken"), expires_at) {
            (Some(access_key_id), Some(session_token), Some(expires_at)) => Ok(Ok(SwitchedRole {
                arn,
                credentials: ConsoleCredentials {
                    access_key_id,
                    session_token,
                },
                expires_at,
            })),
            _ => Err(Fault::internal("AssumeRole answered no credentials")),
        }
    }

    /// `service/Operation`, with its input as JSON.
    async fn operation(
        &self,
        parts: &Parts,
        body: &[u8],
        peer: &Peer,
        operation: &str,
    ) -> Result<Answer, Fault> {
        let (session, _) = match self.acting(parts).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(refusal.answer()),
        };
        let Some((service, operation)) = operation.split_once('/').filter(|_| parts.method == Method::POST)
        else {
            return Ok(Refusal::NotFound.answer());
        };
        if session.must_change_password && !BEFORE_PASSWORD.contains(&(service, operation)) {
            return Ok(Refusal::PasswordFirst.answer());
        }
        let Some(credentials) = session.credentials(self.now()) else {
            return Ok(Refusal::RoleOver.answer());
        };
        let asked = asked(credentials, service, operation);
        let mut response = self.pipeline.serve_console(parts, body, peer, asked).await;
        guard(response.headers_mut());
        Ok(response)
    }

    /// Whoever is signed in, for requests that change nothing, with the token of its session.
    async fn signed_in(&self, parts: &Parts) -> Result<Result<(ConsoleSession, String), Refusal>, Fault> {
        let Some(token) = self.cookie(&parts.headers) else {
            return Ok(Err(Refusal::SignedOut));
        };
        Ok(match self.sessions.find(token, self.now()).await? {
            Some(session) => Ok((session, token.to_owned())),
            None => Err(Refusal::SignedOut),
        })
    }

    /// Whoever is signed in, for requests that do something: they must come from a page of ours.
    async fn acting(&self, parts: &Parts) -> Result<Result<(ConsoleSession, String), Refusal>, Fault> {
        let Some(token) = self.cookie(&parts.headers) else {
            return Ok(Err(Refusal::SignedOut));
        };
        let shown = parts.headers.get(CSRF).map(HeaderValue::as_bytes);
        let is_ours = shown.is_some_and(|shown| Secret::new(csrf(token)).matches(shown));
        if !is_ours || !self.is_from_here(&parts.headers) {
            return Ok(Err(Refusal::Elsewhere));
        }
        self.signed_in(parts).await
    }

    fn is_from_here(&self, headers: &HeaderMap) -> bool {
        is_from_here(headers, &self.pipeline.environment.settings.public_url)
    }

    fn shown(&self, session: &ConsoleSession, token: &str) -> Value {
        let role = session.role().map(|role| {
            json!({ "arn": role.arn, "expiresAt": role.expires_at, "isOver": role.expires_at <= self.now() })
        });
        json!({
            "accountId": session.aws_account_id,
            "userName": session.user_name,
            "mustChangePassword": session.must_change_password,
            "role": role,
            "createdAt": session.created_at,
            "expiresAt": session.expires_at(),
            "csrf": csrf(token),
        })
    }

    fn now(&self) -> Timestamp {
        self.pipeline.environment.clock.now()
    }

    fn is_secure(&self) -> bool {
        self.pipeline
            .environment
            .settings
            .public_url
            .starts_with("https://")
    }

    fn cookie_name(&self) -> &'static str {
        // With this prefix browsers take the cookie only from this very host.
        if self.is_secure() {
            "__Host-carillon-console"
        } else {
            "carillon-console"
        }
    }

    fn cookie<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == self.cookie_name() && !value.is_empty() && value.len() <= 128)
            .map(|(_, value)| value)
    }

    fn set_cookie(&self, answer: &mut Answer, token: &str, age: Duration) {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let cookie = format!(
            "{}={token}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
            self.cookie_name(),
            age.as_secs()
        );
        if let Ok(mut value) = HeaderValue::from_str(&cookie) {
            value.set_sensitive(true);
            answer.headers_mut().insert(SET_COOKIE, value);
        }
    }
}

/// Where the sign-in page of an account is, for its own address `/<account or alias>/console`.
pub fn sign_in_address(account: &str) -> Answer {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::FOUND;
    // It has letters, digits and dashes only.
    if let Ok(location) = HeaderValue::from_str(&format!("/console/?account={account}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn asked<'a>(
    credentials: &'a ConsoleCredentials,
    service: &'a str,
    operation: &'a str,
) -> ConsoleRequest<'a> {
    ConsoleRequest {
        access_key_id: &credentials.access_key_id,
        session_token: &credentials.session_token,
        service,
        operation,
    }
}

/// How a sign-in ended that began no session.
fn turned_away(outcome: &SignInOutcome) -> Answer {
    let (status, code, message) = match outcome {
        SignInOutcome::SecondFactorWanted(_) => (
            StatusCode::UNAUTHORIZED,
            "SecondFactorWanted",
            "one of your devices is wanted",
        ),
        SignInOutcome::PasswordExpired => (
            StatusCode::FORBIDDEN,
            "PasswordExpired",
            "the password has expired; an administrator must set another",
        ),
        SignInOutcome::Wait(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyTries",
            "too many tries; wait before the next",
        ),
        SignInOutcome::Refused
        | SignInOutcome::PasskeyCopied
        | SignInOutcome::SignedIn(_)
        | SignInOutcome::PasswordChangeWanted(_) => (
            StatusCode::UNAUTHORIZED,
            "Refused",
            "account, user name, password, code or passkey is not right",
        ),
    };
    let mut body = json!({ "__type": code, "message": message });
    if let SignInOutcome::SecondFactorWanted(wanted) = outcome {
        body["code"] = wanted.code.into();
        body["passkey"] = wanted.passkey.as_ref().map_or(Value::Null, |passkey| {
            json!({
                "challenge": passkey.challenge,
                "relyingPartyId": passkey.relying_party_id,
                "credentialIds": passkey.credential_ids,
                "userVerification": passkey.user_verification,
                "timeout": u64::try_from(passkey.patience.as_millis()).unwrap_or(u64::MAX),
            })
        });
    }
    let mut refused = answer(status, &body);
    if let SignInOutcome::Wait(wait) = outcome {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        refused.headers_mut().insert(RETRY_AFTER, seconds);
    }
    refused
}

/// Follows from the token of the session, and does not give it away.
fn csrf(token: &str) -> String {
    hex::encode(sha256(format!("csrf/{token}").as_bytes()))
}

fn browser(parts: &Parts, peer: &Peer) -> Browser {
    let user_agent = parts
        .headers
        .get(USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .unwrap_or_default();
    Browser {
        source_ip: peer.ip,
        user_agent: user_agent
            .chars()
            .filter(|c| !c.is_control())
            .take(BROWSER)
            .collect(),
    }
}

/// A body of JSON. Forms of other sites cannot be of this type without asking first.
fn read<T: for<'a> Deserialize<'a>>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refusal> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if !is_json || body.len() > FORM {
        return Err(Refusal::Unreadable(
            "the body must be a short JSON object".to_owned(),
        ));
    }
    serde_json::from_slice(body).map_err(|error| Refusal::Unreadable(error.to_string()))
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    guard(headers);
    response
}

/// What is for one person is kept by nobody.
fn guard(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
