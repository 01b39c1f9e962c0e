//! Where products send people who want in: whoever is signed in, and may use the product, goes back with a code.

use std::fmt::Write as _;
use std::time::Duration;

use carillon_aws::id::{token, uuid_v4};
use carillon_aws::secret::Secret;
use carillon_aws::time::Timestamp;
use carillon_operation::{Event, Fault};
use carillon_store::WriteTx;
use http::StatusCode;
use serde_json::Value;

use super::standing::recording;
use crate::open_id::client::ClientRow;
use crate::open_id::grant::{self, CODE, GrantRow, Status};
use crate::open_id::jws::{self, Kind};
use crate::open_id::rows;
use crate::portal::page::{self, Page, Stop};
use crate::portal::people::SignedIn;
use crate::portal::visit::{FORM, Form, Visit, encoded};
use crate::session::{self, digest};

/// Bytes of a query: it has to fit into the way back from the page where one signs in.
const QUERY: usize = 1700;
/// Characters of a value that comes back as it is.
const ECHO: usize = 1024;
/// What the parameter is called that says when the person was sent to sign in.
const RESUMED: &str = "&resumed=";
/// How long signing in may take.
const SIGNING_IN: Duration = Duration::from_secs(60 * 60);
const PURPOSE: &str = "openid-authorize";

/// What a product asks for.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    scope: String,
    nonce: Option<String>,
    challenge: String,
    prompt: Prompt,
    max_age: Option<u64>,
    login_hint: String,
    id_token_hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// No page may be shown.
    None,
    /// The person must sign in now, though it may be signed in.
    Login,
    AsNeeded,
}

/// A refusal that the product is told: code and description.
type Refusal = (&'static str, &'static str);

impl Question {
    fn read(form: &Form) -> Result<Self, Refusal> {
        if form.find("request").is_some() {
            return Err(("request_not_supported", "request objects are not supported"));
        }
        if form.find("request_uri").is_some() {
            return Err(("request_uri_not_supported", "request objects are not supported"));
        }
        match form.find("response_type") {
            Some("code") => {}
            Some(_) => return Err(("unsupported_response_type", "the response type must be `code`")),
            None => return Err(("invalid_request", "`response_type` is missing")),
        }
        if form.find("response_mode").is_some_and(|mode| mode != "query") {
            return Err(("invalid_request", "the response mode must be `query`"));
        }
        let scope =
            grant::scope(form.get("scope")).ok_or(("invalid_scope", "the scope must include `openid`"))?;
        if form.get("code_challenge_method") != "S256" {
            return Err(("invalid_request", "`code_challenge_method` must be `S256`"));
        }
        let challenge = form.get("code_challenge");
        if !grant::is_challenge(challenge) {
            return Err((
                "invalid_request",
                "`code_challenge` must be one of the method S256",
            ));
        }
        let nonce = form.find("nonce");
        if nonce.is_some_and(|nonce| nonce.len() > ECHO) {
            return Err(("invalid_request", "`nonce` is too long"));
        }
        let max_age = match form.find("max_age") {
            None => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|_| ("invalid_request", "`max_age` must be a number of seconds"))?,
            ),
        };
        let prompts: Vec<&str> = form
            .get("prompt")
            .split(' ')
            .filter(|word| !word.is_empty())
            .collect();
        let prompt = match prompts.as_slice() {
            ["none"] => Prompt::None,
            prompts if prompts.contains(&"none") => {
                return Err(("invalid_request", "`none` goes with no other prompt"));
            }
            prompts if prompts.contains(&"login") || prompts.contains(&"select_account") => Prompt::Login,
            _ => Prompt::AsNeeded,
        };
        Ok(Self {
            scope,
            nonce: nonce.map(str::to_owned),
            challenge: challenge.to_owned(),
            prompt,
            max_age,
            login_hint: form.get("login_hint").chars().take(254).collect(),
            id_token_hint: form.find("id_token_hint").map(str::to_owned),
        })
    }
}

/// A form of the same: it goes on as a link, because forms of other sites come without the cookie.
pub(in crate::portal) fn send(visit: &Visit<'_>) -> Result<Page, Stop> {
    let query = std::str::from_utf8(visit.body)
        .ok()
        .filter(|query| query.len() <= FORM && query.bytes().all(|byte| (0x21..0x7f).contains(&byte)))
        .ok_or_else(|| wrong("The request of the product cannot be read."))?;
    Ok(page::see(&format!("/oauth2/authorize?{query}")))
}

pub(in crate::portal) async fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    let query = visit.parts.uri.query().unwrap_or_default();
    let (query, resumed) = match query.rsplit_once(RESUMED) {
        Some((query, sealed)) => (query, resumed_at(visit, query, sealed)),
        None => (query, None),
    };
    if query.len() > QUERY {
        return Err(wrong("The request of the product is too long."));
    }
    let form =
        Form::parse(query.as_bytes()).map_err(|_| wrong("The request of the product cannot be read."))?;
    let mut tx = visit.portal.store.read().await?;
    let client = match form.find("client_id").filter(|id| id.len() <= 64) {
        Some(id) => rows::client(&mut tx, id).await?,
        None => None,
    };
    let keys = rows::keys(&mut tx).await?;
    drop(tx);
    let client = client.ok_or_else(|| wrong("The product that sent you here is not known."))?;
    let redirect_uri = form.get("redirect_uri");
    // Nobody is sent to an address that is not registered, not even with an error.
    if !client.may_redirect_to(redirect_uri) {
        return Err(wrong(
            "The product that sent you here wants you back at an address that is not its own.",
        ));
    }
    let state = form.find("state");
    if state.is_some_and(|state| state.len() > ECHO) {
        return Err(wrong("The request of the product is too long."));
    }
    let back = |parameters: &[(&str, &str)]| way_home(redirect_uri, state, visit.issuer(), parameters);
    let refuse = |(code, description): Refusal| {
        page::see(&back(&[("error", code), ("error_description", description)]))
    };
    let question = match Question::read(&form) {
        Ok(question) => question,
        Err(refusal) => return Ok(refuse(refusal)),
    };
    let hinted = match &question.id_token_hint {
        None => None,
        Some(hint) => match jws::verify(&keys, Kind::Id, hint) {
            Some(claims) => claims.get("sub").and_then(Value::as_str).map(str::to_owned),
            None => {
                return Ok(refuse((
                    "invalid_request",
                    "`id_token_hint` is not a token of ours",
                )));
            }
        },
    };
    let person = visit.anybody().await?;
    let person = match (person, resumed) {
        (Some(person), _) if is_enough(&question, &person, resumed, visit.device.now) => person,
        (_, _) if question.prompt == Prompt::None => {
            return Ok(refuse(("login_required", "nobody is signed in as that asks for")));
        }
        _ => return Ok(sign_in(visit, query, &question)),
    };
    if hinted.is_some_and(|sub| sub != person.user.id) {
        return Ok(refuse(("login_required", "somebody else is signed in")));
    }
    if !client.admits(&person.user) {
        return Ok(refuse((
            "access_denied",
            "the person's account or licence does not include this product",
        )));
    }
    let code = recording!(visit, |tx| give_code(
        visit,
        tx,
        &client,
        &person,
        &question,
        redirect_uri
    )
    .await)?;
    let Some(code) = code else {
        return Ok(sign_in(visit, query, &question));
    };
    Ok(page::see(&back(&[("code", code.expose())])))
}

/// Whether the person need not sign in again.
fn is_enough(question: &Question, person: &SignedIn, resumed: Option<Timestamp>, now: Timestamp) -> bool {
    let since = person.session.created_at;
    if resumed.is_some_and(|sent| since >= sent) {
        return true;
    }
    let is_fresh = question
        .max_age
        .is_none_or(|most| now.since(since) <= Duration::from_secs(most));
    question.prompt != Prompt::Login && is_fresh
}

/// In one transaction: the session must still be there.
async fn give_code(
    visit: &Visit<'_>,
    tx: &mut WriteTx,
    client: &ClientRow,
    person: &SignedIn,
    question: &Question,
    redirect_uri: &str,
) -> Result<(Option<Secret<String>>, Option<Event>), Fault> {
    if session::rows::find_by_id(tx, &person.session.id).await?.is_none() {
        return Ok((None, None));
    }
    let entropy = &*visit.portal.environment.entropy;
    let now = visit.device.now;
    let code = token(entropy);
    let grant = GrantRow {
        id: uuid_v4(entropy),
        client_id: client.id.clone(),
        session_id: person.session.id.clone(),
        user_id: person.user.id.clone(),
        scope: question.scope.clone(),
        nonce: question.nonce.clone(),
        redirect_uri: redirect_uri.to_owned(),
        challenge: question.challenge.clone(),
        code_expires_at: now + CODE,
        status: Status::Waiting,
        family: token(entropy).expose().clone(),
        refresh_digest: None,
        created_at: now,
    };
    rows::insert_grant(tx, &grant, &digest(code.expose())).await?;
    Ok((Some(code), None))
}

/// Sends the person to sign in. It comes back with the same question, and with when it was sent, under seal: a page of
/// another site cannot make it look as if somebody had just signed in.
fn sign_in(visit: &Visit<'_>, query: &str, question: &Question) -> Page {
    let environment = &visit.portal.environment;
    let said = format!("{} {}", visit.device.now.as_micros(), digest(query));
    let sealed = environment
        .vault
        .seal(&*environment.entropy, PURPOSE, said.as_bytes());
    let back = format!("/oauth2/authorize?{query}{RESUMED}{sealed}");
    let mut path = format!("/signin?to={}", encoded(&back));
    if !question.login_hint.is_empty() {
        let _ = write!(path, "&email={}", encoded(&question.login_hint));
    }
    page::see(&path)
}

/// When the person was sent to sign in with this very question.
fn resumed_at(visit: &Visit<'_>, query: &str, sealed: &str) -> Option<Timestamp> {
    let said = visit.portal.environment.vault.open(PURPOSE, sealed)?;
    let (at, of) = std::str::from_utf8(&said).ok()?.split_once(' ')?;
    let at = Timestamp::from_micros(at.parse().ok()?);
    (of == digest(query) && visit.device.now < at + SIGNING_IN).then_some(at)
}

/// The address to go back to, with what the product is told.
pub(super) fn way_home(uri: &str, state: Option<&str>, issuer: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = uri.to_owned();
    let mut separator = if uri.contains('?') { '&' } else { '?' };
    let state = state.map(|state| ("state", state));
    for (name, value) in parameters.iter().copied().chain(state).chain([("iss", issuer)]) {
        let _ = write!(url, "{separator}{name}={}", encoded(value));
        separator = '&';
    }
    url
}

pub(super) fn wrong(text: &str) -> Stop {
    page::message(StatusCode::BAD_REQUEST, "That did not work", text).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "response_type=code&scope=openid+email&code_challenge_method=S256&\
                        code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str) -> Result<Question, Refusal> {
        Question::read(&Form::parse(query.as_bytes()).unwrap())
    }

    #[test]
    fn questions_that_are_understood() {
        let question = read(&format!("{GOOD}&prompt=consent+login&max_age=60&nonce=n")).unwrap();
        assert_eq!(question.scope, "openid email");
        assert_eq!((question.prompt, question.max_age), (Prompt::Login, Some(60)));
        assert_eq!(read(GOOD).unwrap().prompt, Prompt::AsNeeded);
        assert_eq!(read(&format!("{GOOD}&prompt=none")).unwrap().prompt, Prompt::None);
    }

    #[test]
    fn questions_that_are_not() {
        for (query, code) in [
            (GOOD.replace("code&", "token&"), "unsupported_response_type"),
            (GOOD.replace("response_type", "type"), "invalid_request"),
            (GOOD.replace("openid", "phone"), "invalid_scope"),
            (GOOD.replace("S256", "plain"), "invalid_request"),
            (GOOD.replace("cM", ""), "invalid_request"),
            (format!("{GOOD}&prompt=none+login"), "invalid_request"),
            (format!("{GOOD}&max_age=-1"), "invalid_request"),
            (format!("{GOOD}&response_mode=form_post"), "invalid_request"),
            (format!("{GOOD}&request=a"), "request_not_supported"),
            (format!("{GOOD}&request_uri=a"), "request_uri_not_supported"),
            (
                format!("{GOOD}&nonce={}", "n".repeat(ECHO + 1)),
                "invalid_request",
            ),
        ] {
            assert_eq!(read(&query).unwrap_err().0, code, "{query}");
        }
    }

    #[test]
    fn the_way_home_keeps_what_the_address_has() {
        assert_eq!(
            way_home(
                "https://a.example/cb?x=1",
                Some("a&b"),
                "https://c.example",
                &[("code", "k")]
            ),
            "https://a.example/cb?x=1&code=k&state=a%26b&iss=https%3A%2F%2Fc%2Eexample"
        );
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "\\PC{0,200}") {
            if let Ok(form) = Form::parse(query.as_bytes()) {
                let _ = Question::read(&form);
            }
        }

        #[test]
        fn what_comes_back_cannot_leave_its_place(state in "\\PC{0,80}") {
            let url = way_home("https://a.example/cb", Some(&state), "https://c.example", &[]);
            prop_assert!(http::HeaderValue::from_str(&url).is_ok());
            let form = Form::parse(url.split_once('?').unwrap().1.as_bytes()).unwrap();
            prop_assert_eq!(form.get("state"), state);
        }
    }
}
