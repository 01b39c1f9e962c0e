//! What an access token opens. It is asked of the database whether there is still a reason for it, so whoever is
//! suspended is out here at once, though the token itself has not run out.

use carillon_aws::time::Timestamp;
use carillon_operation::Fault;
use carillon_store::ReadTx;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::standing::{self, Standing};
use super::{claims, error, token, unknown_client};
use crate::account::Settings;
use crate::open_id::grant::{GrantRow, Status, family_of};
use crate::open_id::jws::{self, Kind};
use crate::open_id::rows;
use crate::portal::page::{self, Page, Stop};
use crate::portal::visit::Visit;

/// Somebody with an access token that is good.
struct Bearer {
    standing: Standing,
    grant: GrantRow,
    claims: Value,
}

impl Bearer {
    fn scope(&self) -> &str {
        self.claims["scope"].as_str().unwrap_or_default()
    }
}

/// Source: OpenID Connect Core 1.0, section 5.3.
pub(super) async fn userinfo(visit: &Visit<'_>) -> Result<Page, Stop> {
    let bearer = bearer(visit).await?;
    let claims = claims::of_person(&bearer.standing, bearer.scope());
    Ok(page::json(StatusCode::OK, &Value::Object(claims)))
}

/// The settings of the account, as `GetAccountSettings` answers them. Whoever belongs to none has those of a new one.
pub(super) async fn settings(visit: &Visit<'_>) -> Result<Page, Stop> {
    let bearer = bearer(visit).await?;
    let settings = match &bearer.standing.account {
        Some(account) => account.settings,
        None => Settings::default(),
    };
    Ok(page::json(
        StatusCode::OK,
        &json!({
            "AccountSettings": {
                "DisableRemoteControl": settings.disable_remote_control,
                "EnableDialOut": settings.enable_dial_out,
            }
        }),
    ))
}

/// Whether a token of the client that asks is good, and whom it is about. Source: RFC 7662.
pub(super) async fn introspect(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = token::form(visit)?;
    let client = token::client(visit, &form).await?;
    if client.secret_digest.is_none() {
        return Ok(unknown_client());
    }
    let text = form.get("token");
    let now = visit.device.now;
    let mut tx = visit.portal.store.read().await?;
    let found = match access(&mut tx, visit.issuer(), text, now).await? {
        Some(bearer) => Some((bearer.standing, bearer.grant, Some(bearer.claims))),
        None => match family_of(text) {
            Some(family) => match rows::grant_of_family(&mut tx, family).await? {
                Some(grant) if grant.is_current(text) => standing::find(&mut tx, &grant, now)
                    .await?
                    .map(|standing| (standing, grant, None)),
                _ => None,
            },
            None => None,
        },
    };
    let answer = match found.filter(|(_, grant, _)| grant.client_id == client.id) {
        None => json!({ "active": false }),
        Some((standing, grant, claims)) => {
            let scope = claims
                .as_ref()
                .and_then(|claims| claims["scope"].as_str())
                .unwrap_or(&grant.scope);
            let mut answer = claims::of_person(&standing, scope);
            answer.insert("active".to_owned(), json!(true));
            answer.insert("client_id".to_owned(), json!(grant.client_id));
            answer.insert("scope".to_owned(), json!(scope));
            answer.insert("iss".to_owned(), json!(visit.issuer()));
            answer.insert("sid".to_owned(), json!(grant.session_id));
            if let Some(claims) = &claims {
                answer.insert("token_type".to_owned(), json!("Bearer"));
                answer.insert("exp".to_owned(), claims["exp"].clone());
                answer.insert("iat".to_owned(), claims["iat"].clone());
            }
            Value::Object(answer)
        }
    };
    Ok(page::json(StatusCode::OK, &answer))
}

/// Whoever asks with an access token in the header.
async fn bearer(visit: &Visit<'_>) -> Result<Bearer, Stop> {
    let header = visit.parts.headers.get(AUTHORIZATION);
    let token = header
        .and_then(|header| header.to_str().ok())
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = token else {
        let mut page = error(
            StatusCode::UNAUTHORIZED,
            "invalid_request",
            "there is no access token",
        );
        page.headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return Err(page.into());
    };
    let mut tx = visit.portal.store.read().await?;
    match access(&mut tx, visit.issuer(), token, visit.device.now).await? {
        Some(bearer) => Ok(bearer),
        None => {
            let text = "the access token is not good, or not any more";
            let mut page = error(StatusCode::UNAUTHORIZED, "invalid_token", text);
            page.headers_mut().insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer error=\"invalid_token\""),
            );
            Err(page.into())
        }
    }
}

/// What an access token stands for, if we signed it for ourselves and there is still a reason for it.
async fn access(tx: &mut ReadTx, issuer: &str, token: &str, now: Timestamp) -> Result<Option<Bearer>, Fault> {
    let keys = rows::keys(tx).await?;
    let Some(claims) = jws::verify(&keys, Kind::Access, token) else {
        return Ok(None);
    };
    let is_ours = claims["iss"] == issuer && claims["aud"] == issuer && !token::is_over(&claims, now);
    let Some(id) = claims["grant_id"].as_str().filter(|_| is_ours) else {
        return Ok(None);
    };
    let Some(grant) = rows::grant(tx, id)
        .await?
        .filter(|grant| grant.status == Status::Live)
    else {
        return Ok(None);
    };
    let standing = standing::find(tx, &grant, now).await?;
    Ok(standing.map(|standing| Bearer {
        standing,
        grant,
        claims,
    }))
}
