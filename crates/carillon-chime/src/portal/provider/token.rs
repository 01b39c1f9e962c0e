//! What products ask for themselves: tokens for a code, the next tokens for the last ones, and the end of them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use carillon_aws::id::uuid_v4;
use carillon_aws::time::Timestamp;
use carillon_operation::guard::Key;
use carillon_operation::{Environment, Event, Fault};
use carillon_store::WriteTx;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::standing::{self, Standing, recording};
use super::{claims, error, unknown_client, wait};
use crate::open_id::client::ClientRow;
use crate::open_id::grant::{GrantRow, Status, TOKEN, family_of};
use crate::open_id::jws::{self, Kind};
use crate::open_id::{key, rows};
use crate::portal::page::{self, Page, Stop};
use crate::portal::visit::{FORM, Form, Visit};
use crate::session::{self, digest};
use crate::{account, event};

/// Why no tokens are given.
enum No {
    /// The code or the refresh token is not good. What came of it is over.
    Grant(&'static str),
    Scope,
}

impl No {
    fn page(&self) -> Page {
        match self {
            Self::Grant(why) => error(StatusCode::BAD_REQUEST, "invalid_grant", why),
            Self::Scope => error(
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "the scope is larger than what was granted",
            ),
        }
    }
}

/// Source: RFC 6749, sections 4.1.3 and 6; OpenID Connect Core 1.0, sections 3.1.3 and 12.
pub(super) async fn give(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = form(visit)?;
    let client = client(visit, &form).await?;
    let outcome = match form.get("grant_type") {
        "authorization_code" => recording!(visit, |tx| redeem(visit, tx, &client, &form).await)?,
        "refresh_token" => recording!(visit, |tx| refresh(visit, tx, &client, &form).await)?,
        "" => {
            return Ok(error(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "`grant_type` is missing",
            ));
        }
        _ => {
            return Ok(error(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "the grant type must be `authorization_code` or `refresh_token`",
            ));
        }
    };
    Ok(match outcome {
        Ok(tokens) => page::json(StatusCode::OK, &tokens),
        Err(no) => no.page(),
    })
}

type Outcome = (Result<Value, No>, Option<Event>);

async fn redeem(
    visit: &Visit<'_>,
    tx: &mut WriteTx,
    client: &ClientRow,
    form: &Form,
) -> Result<Outcome, Fault> {
    let refused = |why| Ok((Err(No::Grant(why)), None));
    let code = form.get("code");
    let found = rows::grant_of_code(tx, &digest(code)).await?;
    let Some(mut grant) = found.filter(|grant| grant.client_id == client.id) else {
        return refused("the code is not known");
    };
    if grant.status != Status::Waiting {
        // Two have it, and one of them is a thief.
        let event = end(visit, tx, &mut grant, "OpenIdCodeReplay").await?;
        return Ok((
            Err(No::Grant("the code was used before: what came of it is over")),
            event,
        ));
    }
    if visit.device.now >= grant.code_expires_at {
        return refused("the code has expired");
    }
    if form.get("redirect_uri") != grant.redirect_uri {
        return refused("the code was given for another address");
    }
    if !grant.is_asked_by(form.get("code_verifier")) {
        return refused("`code_verifier` does not go with the code");
    }
    let Some(standing) = standing::find(tx, &grant, visit.device.now).await? else {
        return refused("the person is not signed in any more, or may not use the product");
    };
    let scope = grant.scope.clone();
    let tokens = tokens(visit, tx, &standing, &mut grant, &scope).await?;
    let event = standing.account.as_ref().map(|account| {
        let details = told(&grant);
        event::of_account(
            account,
            "OpenIdSignIn",
            details,
            &visit.portal.environment,
            visit.device.now,
        )
    });
    Ok((Ok(tokens), event))
}

async fn refresh(
    visit: &Visit<'_>,
    tx: &mut WriteTx,
    client: &ClientRow,
    form: &Form,
) -> Result<Outcome, Fault> {
    let refused = |why| Ok((Err(No::Grant(why)), None));
    let token = form.get("refresh_token");
    let found = match family_of(token) {
        Some(family) => rows::grant_of_family(tx, family).await?,
        None => None,
    };
    let Some(mut grant) = found.filter(|grant| grant.client_id == client.id) else {
        return refused("the refresh token is not known");
    };
    if !grant.is_current(token) {
        let event = match grant.status {
            // Of those before it: two have it, and one of them is a thief.
            Status::Live => end(visit, tx, &mut grant, "OpenIdRefreshTokenReuse").await?,
            Status::Waiting | Status::Ended => None,
        };
        return Ok((Err(No::Grant("the refresh token is good no longer")), event));
    }
    let Some(standing) = standing::find(tx, &grant, visit.device.now).await? else {
        return refused("the person is not signed in any more, or may not use the product");
    };
    let scope = match form.find("scope") {
        None => grant.scope.clone(),
        Some(asked) => {
            let granted: Vec<&str> = grant.scope.split(' ').collect();
            if !asked.split(' ').all(|scope| granted.contains(&scope)) {
                return Ok((Err(No::Scope), None));
            }
            asked.to_owned()
        }
    };
    // Whoever works in a product uses the session.
    if standing.session.is_to_be_noted(visit.device.now) {
        session::rows::note_use(tx, &standing.session, visit.device.now).await?;
    }
    let tokens = tokens(visit, tx, &standing, &mut grant, &scope).await?;
    Ok((Ok(tokens), None))
}

/// Ends a grant that was used as it must not be, and tells the trail.
async fn end(
    visit: &Visit<'_>,
    tx: &mut WriteTx,
    grant: &mut GrantRow,
    name: &'static str,
) -> Result<Option<Event>, Fault> {
    grant.end();
    rows::update_grant(tx, grant).await?;
    let Some(user) = crate::user::rows::find_any(tx, &grant.user_id).await? else {
        return Ok(None);
    };
    let Some(account_id) = user.account_id else {
        return Ok(None);
    };
    let account = account::rows::find_any(tx, &account_id).await?;
    Ok(account.map(|account| {
        event::of_account(
            &account,
            name,
            told(grant),
            &visit.portal.environment,
            visit.device.now,
        )
    }))
}

/// What the trail says of a grant.
fn told(grant: &GrantRow) -> Value {
    json!({ "userId": grant.user_id, "clientId": grant.client_id, "sessionId": grant.session_id })
}

/// The next tokens of a grant.
async fn tokens(
    visit: &Visit<'_>,
    tx: &mut WriteTx,
    standing: &Standing,
    grant: &mut GrantRow,
    scope: &str,
) -> Result<Value, Fault> {
    let environment: &Environment = &visit.portal.environment;
    let now = visit.device.now;
    let expires = now + TOKEN;
    let key = key::signing(tx, environment, standing.algorithm, now).await?;
    let next = grant.renew(&*environment.entropy);
    rows::update_grant(tx, grant).await?;
    let issuer = visit.issuer();
    let sign = |kind, claims: Map<String, Value>| {
        jws::sign(&key, kind, &Value::Object(claims))
            .ok_or_else(|| Fault::internal("a token could not be signed"))
    };

    let mut id = claims::of_person(standing, scope);
    claims::add_frame(&mut id, issuer, &grant.client_id, standing, now, expires);
    id.insert(
        "auth_time".to_owned(),
        json!(standing.session.created_at.as_seconds()),
    );
    if let Some(nonce) = &grant.nonce {
        id.insert("nonce".to_owned(), json!(nonce));
    }

    // Without what changes: who wants to know the licence asks, or refreshes.
    let mut access = Map::new();
    claims::add_frame(&mut access, issuer, issuer, standing, now, expires);
    access.insert("client_id".to_owned(), json!(grant.client_id));
    access.insert("scope".to_owned(), json!(scope));
    access.insert("jti".to_owned(), json!(uuid_v4(&*environment.entropy)));
    access.insert("grant_id".to_owned(), json!(grant.id));

    Ok(json!({
        "access_token": sign(Kind::Access, access)?,
        "token_type": "Bearer",
        "expires_in": TOKEN.as_secs(),
        "refresh_token": next.expose(),
        "id_token": sign(Kind::Id, id)?,
        "scope": scope,
    }))
}

/// Source: RFC 7009. Whatever is revoked, the whole grant is over.
pub(super) async fn revoke(visit: &Visit<'_>) -> Result<Page, Stop> {
    let form = form(visit)?;
    let client = client(visit, &form).await?;
    recording!(visit, |tx| end_by_token(tx, &client, form.get("token")).await)?;
    Ok(page::json(StatusCode::OK, &json!({})))
}

async fn end_by_token(
    tx: &mut WriteTx,
    client: &ClientRow,
    token: &str,
) -> Result<((), Option<Event>), Fault> {
    let mut found = match family_of(token) {
        Some(family) => rows::grant_of_family(tx, family).await?,
        None => None,
    }
    .filter(|grant| grant.is_current(token));
    if found.is_none() {
        let keys = rows::keys(tx).await?;
        let claims = jws::verify(&keys, Kind::Access, token);
        if let Some(id) = claims.as_ref().and_then(|claims| claims["grant_id"].as_str()) {
            found = rows::grant(tx, id).await?;
        }
    }
    let is_its = |grant: &GrantRow| grant.client_id == client.id && grant.status == Status::Live;
    if let Some(mut grant) = found.filter(is_its) {
        grant.end();
        rows::update_grant(tx, &grant).await?;
    }
    Ok(((), None))
}

/// The form of a product.
pub(super) fn form(visit: &Visit<'_>) -> Result<Form, Stop> {
    let is_form = visit
        .parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let form = (is_form && visit.body.len() <= FORM)
        .then(|| Form::parse(visit.body).ok())
        .flatten();
    form.ok_or_else(|| {
        let text = "the request must be a form, with each parameter once";
        error(StatusCode::BAD_REQUEST, "invalid_request", text).into()
    })
}

/// The client that asks, if it is who it says.
///
/// Only wrong secrets are counted, and a right one is never refused. It has 256 bits: nobody finds it by trying, at
/// whatever speed, but strangers who try must not keep a product waiting, and with it everybody who wants in.
pub(super) async fn client(visit: &Visit<'_>, form: &Form) -> Result<ClientRow, Stop> {
    let header = visit.parts.headers.get(AUTHORIZATION);
    let (id, secret) = match (header, form.find("client_secret")) {
        (Some(_), Some(_)) => {
            let text = "a client proves itself in one way at a time";
            return Err(error(StatusCode::BAD_REQUEST, "invalid_request", text).into());
        }
        (Some(header), None) => {
            let (id, secret) = header.to_str().ok().and_then(basic).ok_or_else(unknown_client)?;
            (id, Some(secret))
        }
        (None, secret) => (form.get("client_id").to_owned(), secret.map(str::to_owned)),
    };
    let mut tx = visit.portal.store.read().await?;
    let client = if id.len() <= 64 {
        rows::client(&mut tx, &id).await?
    } else {
        None
    };
    drop(tx);
    // Digests of 256 random bits: how many characters agree says nothing about the others.
    let given = secret.as_deref().map(digest);
    if let Some(client) = client.filter(|client| client.secret_digest == given) {
        return Ok(client);
    }
    let keys = Key::of_try(&digest(&format!("client/{id}")), visit.device.ip);
    visit.portal.guard.admit(&keys, visit.device.now).map_err(wait)?;
    Err(unknown_client().into())
}

/// Identifier and secret of a header. Both are encoded as in a form.
///
/// Source: RFC 6749, section 2.3.1.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || credentials.len() > 1024 {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |value: &str| {
        let form = Form::parse(format!("value={value}").as_bytes()).ok()?;
        form.find("value").map(str::to_owned)
    };
    Some((decode(id)?, decode(secret)?))
}

/// Whether a token has run out.
pub(super) fn is_over(claims: &Value, now: Timestamp) -> bool {
    claims["exp"]
        .as_i64()
        .is_none_or(|expires| now.as_seconds() >= expires)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_secrets_of_headers() {
        let header = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(basic(&header("a:b")), pair("a", "b"));
        assert_eq!(basic(&header("a%3A:b+%25")), pair("a:", "b %"));
        assert_eq!(basic(&header("a:b:c")), pair("a", "b:c"));
        for bad in [
            "Basic",
            "Bearer YTpi",
            "Basic !",
            &header("ab"),
            &header("a:b&c=d%"),
        ] {
            assert_eq!(basic(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(header in "(Basic )?\\PC{0,80}") {
            let _ = basic(&header);
        }
    }
}
