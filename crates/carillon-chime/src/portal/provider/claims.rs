//! What products are told of a person.

use carillon_aws::time::Timestamp;
use serde_json::{Map, Value, json};

use super::standing::Standing;

/// What is true of the person now. Licence, account and settings are what the administrator decides, so they are
/// always told.
pub(super) fn of_person(standing: &Standing, scope: &str) -> Map<String, Value> {
    let user = &standing.user;
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(user.id));
    let asked = |name: &str| scope.split(' ').any(|scope| scope == name);
    if asked("email") {
        claims.insert("email".to_owned(), json!(user.email));
        // Nobody is registered without having opened a link that was sent there, or being vouched for.
        claims.insert("email_verified".to_owned(), json!(true));
    }
    if asked("profile") {
        let name = user.display_name.as_deref().unwrap_or(&user.email);
        claims.insert("name".to_owned(), json!(name));
    }
    if let Some(license) = user.license {
        claims.insert("license".to_owned(), json!(license.as_str()));
    }
    if let Some(account) = &standing.account {
        claims.insert("account_id".to_owned(), json!(account.id));
        claims.insert("account_name".to_owned(), json!(account.name));
        let settings = account.settings;
        claims.insert(
            "disable_remote_control".to_owned(),
            json!(settings.disable_remote_control),
        );
        claims.insert("enable_dial_out".to_owned(), json!(settings.enable_dial_out));
    }
    claims
}

/// What a token says beside: by whom it is, for whom, from when till when.
pub(super) fn add_frame(
    claims: &mut Map<String, Value>,
    issuer: &str,
    audience: &str,
    standing: &Standing,
    now: Timestamp,
    expires: Timestamp,
) {
    claims.insert("iss".to_owned(), json!(issuer));
    claims.insert("aud".to_owned(), json!(audience));
    claims.insert("sub".to_owned(), json!(standing.user.id));
    claims.insert("sid".to_owned(), json!(standing.session.id));
    claims.insert("iat".to_owned(), json!(now.as_seconds()));
    claims.insert("exp".to_owned(), json!(expires.as_seconds()));
}
