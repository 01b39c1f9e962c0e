//! What an identity provider says of somebody, and for whom and how long.

use std::time::Duration;

use carillon_aws::time::Timestamp;
use roxmltree::Node;

use crate::Refusal;
use crate::xml::{self, ASSERTION, Malformed, attribute, child, children, required};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// How long after it was made an assertion is taken. Source: STS's own words, "Token must be redeemed within 5 minutes
/// of issuance".
pub const FRESH: Duration = Duration::from_secs(300);
/// How far the provider's clock may be ahead of ours.
pub const SKEW: Duration = Duration::from_secs(300);

/// Characters of what somebody or an assertion is called. Our choice: twice what persistent names may have by SAML 2.0
/// Core, section 8.3.7, so that they can be looked up.
const NAME: usize = 512;

/// An assertion that its provider made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    pub id: String,
    pub issuer: String,
    /// Whom it is about: `NameID`, and its format if it has one.
    pub subject: String,
    pub subject_format: Option<String>,
    /// Where it is to be sent.
    pub recipient: String,
    /// When the provider ends its own session.
    pub session_ends_at: Option<Timestamp>,
    /// Attributes by name, each with its values.
    pub attributes: Vec<(String, Vec<String>)>,
    issued_at: Timestamp,
    /// From when on, and before when.
    not_before: Option<Timestamp>,
    not_on_or_after: Timestamp,
    /// Who may use it: one of each list.
    audiences: Vec<Vec<String>>,
}

/// Whom assertions must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Of these one.
    pub audiences: &'a [String],
    /// Of these one.
    pub recipients: &'a [String],
}

impl Assertion {
    /// The values of an attribute; none if it is not there.
    pub fn values(&self, name: &str) -> &[String] {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, values)| values.as_slice())
            .unwrap_or_default()
    }

    /// Refuses an assertion that is not for us, or not for now.
    ///
    /// # Errors
    ///
    /// [`Refusal::Expired`], [`Refusal::NotYetValid`], [`Refusal::Recipient`], [`Refusal::Audience`].
    pub fn check(&self, expected: Expected<'_>, now: Timestamp) -> Result<(), Refusal> {
        let is_over = |end: Timestamp| end <= now;
        let is_ahead = |begin: Timestamp| begin > now + SKEW;
        if is_over(self.not_on_or_after)
            || is_over(self.issued_at + FRESH)
            || self.session_ends_at.is_some_and(is_over)
        {
            return Err(Refusal::Expired);
        }
        if is_ahead(self.issued_at) || self.not_before.is_some_and(is_ahead) {
            return Err(Refusal::NotYetValid);
        }
        if !expected.recipients.contains(&self.recipient) {
            return Err(Refusal::Recipient);
        }
        let is_for_us =
            |list: &Vec<String>| list.iter().any(|audience| expected.audiences.contains(audience));
        if self.audiences.is_empty() || !self.audiences.iter().all(is_for_us) {
            return Err(Refusal::Audience);
        }
        Ok(())
    }

    /// Reads an assertion from what was signed.
    pub(crate) fn read(assertion: Node<'_, '_>) -> Result<Self, Malformed> {
        if !xml::is(assertion, ASSERTION, "Assertion") || attribute(assertion, "Version") != Some("2.0") {
            return Err("it has no Assertion of SAML 2.0");
        }
        let subject = required(assertion, ASSERTION, "Subject")?;
        let name = child(subject, ASSERTION, "NameID")?.ok_or("the Subject has no NameID")?;
        let confirmation = Confirmation::read(subject)?;
        let conditions = Conditions::read(assertion)?;
        let mut session_ends_at = None;
        for statement in children(assertion, ASSERTION, "AuthnStatement") {
            let ends = time(statement, "SessionNotOnOrAfter")?;
            session_ends_at = [session_ends_at, ends].into_iter().flatten().min();
        }
        let read = Self {
            id: attribute(assertion, "ID")
                .ok_or("the Assertion has no ID")?
                .to_owned(),
            issuer: xml::text(required(assertion, ASSERTION, "Issuer")?)?,
            subject: xml::text(name)?,
            subject_format: attribute(name, "Format").map(str::to_owned),
            recipient: confirmation.recipient,
            session_ends_at,
            attributes: attributes(assertion)?,
            issued_at: time(assertion, "IssueInstant")?.ok_or("the Assertion has no IssueInstant")?,
            not_before: [confirmation.not_before, conditions.not_before]
                .into_iter()
                .flatten()
                .max(),
            not_on_or_after: conditions
                .not_on_or_after
                .map_or(confirmation.not_on_or_after, |end| {
                    end.min(confirmation.not_on_or_after)
                }),
            audiences: conditions.audiences,
        };
        let is_name = |name: &str| (1..=NAME).contains(&name.chars().count());
        if !is_name(&read.subject) || !is_name(&read.id) {
            return Err("the NameID or the ID of the Assertion has not 1 to 512 characters");
        }
        Ok(read)
    }
}

/// How the subject is confirmed: by holding the assertion, at one place and for a while.
struct Confirmation {
    recipient: String,
    not_before: Option<Timestamp>,
    not_on_or_after: Timestamp,
}

impl Confirmation {
    fn read(subject: Node<'_, '_>) -> Result<Self, Malformed> {
        let confirmation = child(subject, ASSERTION, "SubjectConfirmation")?
            .filter(|confirmation| attribute(*confirmation, "Method") == Some(BEARER))
            .ok_or("the Subject has no SubjectConfirmation of bearers")?;
        let data = required(confirmation, ASSERTION, "SubjectConfirmationData")?;
        Ok(Self {
            recipient: attribute(data, "Recipient")
                .ok_or("the SubjectConfirmationData has no Recipient")?
                .to_owned(),
            not_before: time(data, "NotBefore")?,
            not_on_or_after: time(data, "NotOnOrAfter")?
                .ok_or("the SubjectConfirmationData has no NotOnOrAfter")?,
        })
    }
}

#[derive(Default)]
struct Conditions {
    not_before: Option<Timestamp>,
    not_on_or_after: Option<Timestamp>,
    audiences: Vec<Vec<String>>,
}

impl Conditions {
    fn read(assertion: Node<'_, '_>) -> Result<Self, Malformed> {
        let Some(conditions) = child(assertion, ASSERTION, "Conditions")? else {
            return Ok(Self::default());
        };
        let mut audiences = Vec::new();
        for condition in conditions.children().filter(Node::is_element) {
            if xml::is(condition, ASSERTION, "AudienceRestriction") {
                let list: Result<Vec<String>, Malformed> = children(condition, ASSERTION, "Audience")
                    .map(xml::text)
                    .collect();
                audiences.push(list?);
                continue;
            }
            // An assertion is used at once, and never to make another one.
            let is_kept = ["OneTimeUse", "ProxyRestriction"]
                .iter()
                .any(|name| xml::is(condition, ASSERTION, name));
            if !is_kept {
                return Err("it has a condition that nobody here understands");
            }
        }
        Ok(Self {
            not_before: time(conditions, "NotBefore")?,
            not_on_or_after: time(conditions, "NotOnOrAfter")?,
            audiences,
        })
    }
}

/// All attributes; those that stand there twice are one with all values.
fn attributes(assertion: Node<'_, '_>) -> Result<Vec<(String, Vec<String>)>, Malformed> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let each = children(assertion, ASSERTION, "AttributeStatement")
        .flat_map(|statement| children(statement, ASSERTION, "Attribute"));
    for read in each {
        let name = attribute(read, "Name").ok_or("an Attribute has no Name")?;
        let mut values = Vec::new();
        for value in children(read, ASSERTION, "AttributeValue") {
            // The value of eduPersonTargetedID is a NameID. Whatever else has elements is nothing we look at.
            let inner = child(value, ASSERTION, "NameID")?.unwrap_or(value);
            if !inner.children().any(|child| child.is_element()) {
                values.push(xml::text(inner)?);
            }
        }
        match found.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.extend(values),
            None => found.push((name.to_owned(), values)),
        }
    }
    Ok(found)
}

fn time(node: Node<'_, '_>, name: &str) -> Result<Option<Timestamp>, Malformed> {
    attribute(node, name)
        .map(|time| time.parse().map_err(|_| "it has a time that is none"))
        .transpose()
}
