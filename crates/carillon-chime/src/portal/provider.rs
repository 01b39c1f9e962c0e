//! The portal as an OpenID Connect provider: other products let people in because they are signed in here.
//!
//! Authorization code with PKCE, and nothing else. What the administrator decides is asked at every step: a suspended
//! person gets no code, its codes and refresh tokens bring nothing, and its access tokens show nothing.
//!
//! Sources: OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0, Back-Channel Logout 1.0; RFC 6749, 7009,
//! 7636, 7662, 9068, 9207, 9700.

pub(super) mod authorize;
mod claims;
pub(super) mod leave;
mod resource;
mod standing;
mod token;

use carillon_operation::{Event, Fault};
use carillon_store::WriteTx;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::standing::recording;
use super::page::{self, Page, Stop};
use super::visit::Visit;
use crate::open_id::grant::SCOPES;
use crate::open_id::key::{self, Algorithm, KeyRow};
use crate::open_id::rows;

/// Whether programs ask here, not browsers of people: no cookie counts, so any origin may.
pub(super) fn is_for_programs(visit: &Visit<'_>) -> bool {
    matches!(
        visit.path().as_slice(),
        [".well-known", "openid-configuration"]
            | ["oauth2", "token" | "userinfo" | "revoke" | "introspect" | "jwks"]
            | ["portal", "api", "settings"]
    )
}

/// What programs ask.
pub(super) async fn answer(visit: &Visit<'_>) -> Page {
    let outcome = match (&visit.parts.method, visit.path().as_slice()) {
        (&Method::OPTIONS, _) => Ok(preflight()),
        (&Method::GET | &Method::HEAD, [_, "openid-configuration"]) => discovery(visit).await,
        (&Method::GET | &Method::HEAD, [_, "jwks"]) => jwks(visit).await,
        (&Method::POST, [_, "token"]) => token::give(visit).await,
        (&Method::POST, [_, "revoke"]) => token::revoke(visit).await,
        (&Method::POST, [_, "introspect"]) => resource::introspect(visit).await,
        (&Method::GET | &Method::HEAD | &Method::POST, [_, "userinfo"]) => resource::userinfo(visit).await,
        (&Method::GET | &Method::HEAD, [_, _, "settings"]) => resource::settings(visit).await,
        _ => Ok(error(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request",
            "not with this method",
        )),
    };
    let mut page = match outcome {
        Ok(page) => page,
        Err(Stop::Page(page)) => *page,
        Err(Stop::Fault(Fault::Contended | Fault::Throttled)) => error(
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            "try again",
        ),
        Err(Stop::Fault(fault)) => {
            tracing::error!(?fault, path = visit.parts.uri.path(), "a product got no answer");
            error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "the server failed",
            )
        }
    };
    page.headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    page
}

fn preflight() -> Page {
    let mut page = page::json(StatusCode::NO_CONTENT, &Value::Null);
    *page.body_mut() = bytes::Bytes::new();
    let headers = page.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST"),
    );
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    page
}

/// Source: OpenID Connect Discovery 1.0, section 3; RFC 8414.
async fn discovery(visit: &Visit<'_>) -> Result<Page, Stop> {
    let keys = published(visit).await?;
    let is_used = |algorithm: &&Algorithm| keys.iter().any(|key| key.algorithm == **algorithm);
    let algorithms: Vec<&str> = Algorithm::ALL
        .iter()
        .filter(is_used)
        .map(|used| used.as_str())
        .collect();
    let issuer = visit.issuer();
    let at = |path: &str| format!("{issuer}/oauth2/{path}");
    let by_secret = ["client_secret_basic", "client_secret_post"];
    let by_client = ["client_secret_basic", "client_secret_post", "none"];
    let mut page = page::json(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks"),
            "revocation_endpoint": at("revoke"),
            "introspection_endpoint": at("introspect"),
            "end_session_endpoint": at("end-session"),
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "token_endpoint_auth_methods_supported": by_client,
            "revocation_endpoint_auth_methods_supported": by_client,
            "introspection_endpoint_auth_methods_supported": by_secret,
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "select_account", "consent"],
            "claims_supported": [
                "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "email", "email_verified", "name",
                "license", "account_id", "account_name", "disable_remote_control", "enable_dial_out",
            ],
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        }),
    );
    may_be_kept(&mut page);
    Ok(page)
}

/// The keys, one of ours among them.
async fn published(visit: &Visit<'_>) -> Result<Vec<KeyRow>, Stop> {
    let mut tx = visit.portal.store.read().await?;
    let keys = rows::keys(&mut tx).await?;
    drop(tx);
    if keys.iter().any(|key| key.algorithm == Algorithm::ES256) {
        return Ok(keys);
    }
    Ok(recording!(visit, |tx| first_key(visit, tx).await)?)
}

async fn jwks(visit: &Visit<'_>) -> Result<Page, Stop> {
    let keys = published(visit).await?;
    let keys: Vec<Value> = keys.iter().filter_map(KeyRow::jwk).collect();
    let mut page = page::json(StatusCode::OK, &json!({ "keys": keys }));
    may_be_kept(&mut page);
    Ok(page)
}

async fn first_key(visit: &Visit<'_>, tx: &mut WriteTx) -> Result<(Vec<KeyRow>, Option<Event>), Fault> {
    key::signing(tx, &visit.portal.environment, Algorithm::ES256, visit.device.now).await?;
    Ok((rows::keys(tx).await?, None))
}

fn may_be_kept(page: &mut Page) {
    page.headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
}

/// A refusal as RFC 6749, section 5.2, has it.
fn error(status: StatusCode, code: &str, description: &str) -> Page {
    page::json(
        status,
        &json!({ "error": code, "error_description": description }),
    )
}

/// The refusal of a client that is not who it says.
fn unknown_client() -> Page {
    let mut page = error(
        StatusCode::UNAUTHORIZED,
        "invalid_client",
        "the client is not known by this secret",
    );
    page.headers_mut().insert(
        WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"carillon\""),
    );
    page
}

fn wait(pause: std::time::Duration) -> Page {
    let mut page = error(
        StatusCode::TOO_MANY_REQUESTS,
        "invalid_client",
        "there were too many wrong secrets",
    );
    page.headers_mut()
        .insert(RETRY_AFTER, (pause.as_secs() + 1).into());
    page
}
