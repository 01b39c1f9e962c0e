//! E-mail addresses: what one is, and when two are the same.

use std::borrow::Cow;
use std::fmt;

use carillon_aws::shape::macros::schemars::{Schema, SchemaGenerator};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use crate::domain::name::to_ascii;

/// What AWS's clients check. What the server checks is below.
mod wire {
    carillon_aws::string_type! {
        /// An e-mail address.
        pub(crate) EmailAddress, pattern: r".+@.+\..+", example: "ada@example.com", sensitive
    }
}

/// RFC 5321, 4.5.3.1: octets of a local part, and of a whole address as it fits a path.
const LOCAL_PART: usize = 64;
const WHOLE: usize = 254;
/// RFC 1035, 2.3.4.
const LABEL: usize = 63;

/// A well-formed e-mail address, kept as it was entered.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EmailAddress(String);

/// The text is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Member must be a mailbox in ASCII and a domain, such as ada@example.com")]
pub(crate) struct NoAddress;

impl EmailAddress {
    /// Reads an address. A domain in its own script is kept in ASCII, as mail is sent to it.
    ///
    /// Source: RFC 5321, 4.1.2: dot-string or quoted string before the `@`, a host name of at least two labels
    /// behind it. Address literals are no mailboxes of people.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(NoAddress)?;
        if !domain.is_ascii() {
            let domain = to_ascii(domain).ok_or(NoAddress)?;
            return Self::parse(&format!("{local}@{domain}"));
        }
        if text.len() > WHOLE || !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(NoAddress);
        }
        if local.len() <= LOCAL_PART && is_local_part(local) && is_domain(domain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoAddress)
        }
    }

    /// As entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal for addresses that are the same.
    pub fn key(&self) -> String {
        key_of(&self.0)
    }
}

/// Equal for addresses that are the same: what they are found by.
pub(crate) fn key_of(address: &str) -> String {
    address.to_ascii_lowercase()
}

/// The domain of an address, given its key or itself, in lower case.
pub(crate) fn domain_of(address: &str) -> String {
    address
        .rsplit_once('@')
        .map_or(String::new(), |(_, domain)| domain.to_ascii_lowercase())
}

fn is_local_part(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let mut escaped = false;
        for byte in quoted.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return false,
                _ => {}
            }
        }
        return !escaped && !quoted.is_empty();
    }
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    })
}

/// A host name of at least two labels, of which the last is not a number.
pub(crate) fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.')
        && domain.split('.').all(label)
        && domain
            .rsplit('.')
            .next()
            .is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(hidden)")
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Readers of members that hold addresses, one a member, for `deserialize_with`. They say which member is wrong, as
/// messages about other constraints do, and do not show the address.
pub(crate) mod member {
    use carillon_aws::shape::Listed;
    use serde::{Deserialize, Deserializer, de};

    use super::{EmailAddress, NoAddress};

    fn named<T, E: de::Error>(read: Result<T, E>, member: &str) -> Result<T, E> {
        read.map_err(|_| {
            E::custom(format!(
                "1 validation error detected: Value at '{member}' failed to satisfy constraint: {NoAddress}"
            ))
        })
    }

    pub(crate) fn email<'de, D: Deserializer<'de>>(from: D) -> Result<Option<EmailAddress>, D::Error> {
        named(Option::deserialize(from), "email")
    }

    pub(crate) fn required_email<'de, D: Deserializer<'de>>(from: D) -> Result<EmailAddress, D::Error> {
        named(EmailAddress::deserialize(from), "email")
    }

    pub(crate) fn contact_email<'de, D: Deserializer<'de>>(from: D) -> Result<EmailAddress, D::Error> {
        named(EmailAddress::deserialize(from), "contactEmail")
    }

    pub(crate) fn organizer_email<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<EmailAddress>, D::Error> {
        named(Option::deserialize(from), "organizerEmail")
    }

    pub(crate) fn user_email<'de, D: Deserializer<'de>>(from: D) -> Result<EmailAddress, D::Error> {
        named(EmailAddress::deserialize(from), "userEmail")
    }

    pub(crate) fn user_email_filter<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<EmailAddress>, D::Error> {
        named(Option::deserialize(from), "userEmail")
    }

    pub(crate) fn user_email_list<'de, D: Deserializer<'de>, const MIN: usize, const MAX: usize>(
        from: D,
    ) -> Result<Listed<EmailAddress, MIN, MAX>, D::Error> {
        named(Listed::deserialize(from), "userEmailList")
    }
}

impl JsonSchema for EmailAddress {
    fn inline_schema() -> bool {
        wire::EmailAddress::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        wire::EmailAddress::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        wire::EmailAddress::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        wire::EmailAddress::json_schema(generator)
    }
}

/// An address in an answer.
pub(crate) use wire::EmailAddress as WireEmailAddress;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_people() {
        let long = format!("{}@example.com", "x".repeat(64));
        for text in [
            "ada@example.com",
            "Ada.Lovelace+chime@Mail.Example.COM",
            "o'brien@xn--exmple-cua.com",
            r#""a b@c"@example.com"#,
            "a@1.example",
            &long,
        ] {
            assert!(EmailAddress::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address() {
        let long_local = format!("{}@example.com", "x".repeat(65));
        let long = format!("a@{}.com", "x".repeat(250));
        let long_label = format!("a@{}.com", "x".repeat(64));
        for text in [
            "",
            "plain",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@example.com\r\nBcc: eve@example.com",
            "a@@example.com",
            "a@example..com",
            "a@-example.com",
            "a@example-.com",
            "ä@example.com",
            ".a@example.com",
            "a..b@example.com",
            "a@example.com.",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "\"@example.com",
            "\"\"@example.com",
            "\"a\"b\"@example.com",
            "\"a\\\"@example.com",
            "<a@example.com>",
            "a,b@example.com",
            "a@example.com\0",
            &long_local,
            &long,
            &long_label,
        ] {
            assert_eq!(EmailAddress::parse(text), Err(NoAddress), "{text}");
        }
    }

    #[test]
    fn an_international_domain_is_that_in_ascii() {
        for text in [
            "Ada@Exämple.com",
            "Ada@XN--exmple-cua.COM",
            "Ada@EXA\u{308}MPLE。com",
        ] {
            let address = EmailAddress::parse(text).unwrap();
            assert_eq!(address.key(), "ada@xn--exmple-cua.com", "{text}");
            assert!(address.as_str().is_ascii());
        }
        for text in [
            "a@exä mple.com",
            "a@ä",
            "a@b@exämple.com",
            "a@ä\u{202e}.com",
            "a@ä..com",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(NoAddress), "{text}");
        }
    }

    #[test]
    fn case_does_not_tell_people_apart() {
        let one = EmailAddress::parse("Ada@Example.com").unwrap();
        assert_eq!(one.as_str(), "Ada@Example.com");
        assert_eq!(one.key(), EmailAddress::parse("aDA@eXAMPLE.COM").unwrap().key());
        assert_eq!(domain_of(one.as_str()), "example.com");
        assert_eq!(domain_of(r#""a@b.c"@Example.com"#), "example.com");
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_one_line_of_ascii(text in "\\PC{0,20}@\\PC{0,20}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert!(address.as_str().is_ascii());
                prop_assert!(!address.as_str().contains(['\r', '\n', '\0', '<', '>']) || address.as_str().starts_with('"'));
            }
        }
    }
}
