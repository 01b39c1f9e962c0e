//! What attributes of an assertion become: condition keys, and tags of the session.
//!
//! Source: IAM User Guide, "Configure SAML assertions for the authentication response" and "IAM and AWS STS condition
//! context keys".

use carillon_operation::{Fault, SamlSubject};
use carillon_saml::Assertion;

use super::{ATTRIBUTES, invalid};

/// Attributes by name, the end of the condition key that has their value, and whether it has all of them.
const KEYS: &[(&str, &str, bool)] = &[
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "edupersonaffiliation", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "edupersonnickname", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "edupersonorgdn", false),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", "edupersonorgunitdn", true),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.5",
        "edupersonprimaryaffiliation",
        false,
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
        "edupersonprincipalname",
        false,
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "edupersonentitlement", true),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.8",
        "edupersonprimaryorgunitdn",
        false,
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
        "edupersonscopedaffiliation",
        true,
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "edupersontargetedid", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "edupersonassurance", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "eduorghomepageuri", true),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.2.1.3",
        "eduorgidentityauthnpolicyuri",
        true,
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "eduorglegalname", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "eduorgsuperioruri", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", "eduorgwhitepagesuri", true),
    ("urn:oid:2.5.4.3", "cn", true),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "name",
        false,
    ),
    (
        "http://schemas.xmlsoap.org/claims/CommonName",
        "commonname",
        false,
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "givenname",
        false,
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
        "surname",
        false,
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "mail",
        false,
    ),
    (
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
        "primarygroupsid",
        false,
    ),
    ("2.5.4.3", "commonname", false),
    ("2.5.4.4", "surname", false),
    // The user guide has the first; the directory's own number is the second.
    ("2.4.5.42", "givenname", false),
    ("2.5.4.42", "givenname", false),
    ("2.5.4.45", "x500uniqueidentifier", false),
    ("0.9.2342.19200300.100.1.1", "uid", false),
    ("0.9.2342.19200300.100.1.3", "mail", false),
    ("0.9.2342.19200300.100.1.45", "organizationstatus", false),
];

/// The values of an attribute that is for AWS.
pub(super) fn values<'a>(assertion: &'a Assertion, name: &str) -> &'a [String] {
    assertion.values(&format!("{ATTRIBUTES}{name}"))
}

/// What conditions can ask for. `provider`: its AWS account and name.
pub(super) fn keys(
    assertion: &Assertion,
    subject: &SamlSubject,
    provider: &str,
) -> Vec<(String, Vec<String>)> {
    let mut keys: Vec<(String, Vec<String>)> = [
        ("aud", assertion.recipient.as_str()),
        ("iss", &assertion.issuer),
        ("sub", &assertion.subject),
        ("sub_type", &subject.subject_type),
        ("namequalifier", &subject.name_qualifier),
        ("doc", provider),
    ]
    .into_iter()
    .map(|(key, value)| (format!("saml:{key}"), vec![value.to_owned()]))
    .collect();
    for (name, key, has_all) in KEYS {
        let key = format!("saml:{key}");
        let values = assertion.values(name);
        let kept = if *has_all { values.len() } else { 1 };
        let values: Vec<String> = values.iter().take(kept).cloned().collect();
        // Of several attributes for one key the first counts.
        if !values.is_empty() && keys.iter().all(|(known, _)| *known != key) {
            keys.push((key, values));
        }
    }
    keys
}

/// Tags by key, and those of the keys that sessions made from the session keep.
type Tags = (Vec<(String, String)>, Vec<String>);

/// The tags that the provider gives the session. Each has one value.
pub(super) fn tags(assertion: &Assertion) -> Result<Tags, Fault> {
    let mut tags = Vec::new();
    for (name, values) in &assertion.attributes {
        let tag = name
            .strip_prefix(ATTRIBUTES)
            .and_then(|name| name.strip_prefix("PrincipalTag:"));
        if let Some(key) = tag {
            let [value] = values.as_slice() else {
                return Err(invalid(
                    "A session tag of the assertion must have exactly one value",
                ));
            };
            tags.push((key.to_owned(), value.clone()));
        }
    }
    Ok((tags, values(assertion, "TransitiveTagKeys").to_vec()))
}
