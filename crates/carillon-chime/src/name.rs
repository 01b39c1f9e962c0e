//! Names and numbers as members of requests.

use carillon_aws::shape::Ranged;

use crate::error::Error;

carillon_aws::string_type! {
    /// The identifier of a Chime account.
    pub(crate) AccountId, pattern: r".*\S.*", example: "12a3456b-7c89-012d-3456-78901e23fg45"
}

carillon_aws::string_type! {
    /// The identifier of a user.
    pub(crate) UserId, pattern: r".*\S.*", example: "1ab2345c-67de-8901-f23g-45h678901j2k"
}

carillon_aws::string_type! {
    /// The name of a Chime account. People see it in their invitations.
    pub(crate) AccountName, min: 1, max: 100, pattern: r".*\S.*", example: "Example Corp"
}

/// How many items a page has; 100 if nothing is said.
pub(crate) type PageSize = Ranged<1, 200>;

/// How many items a page of a list has that only AWS's console asks for; 50 if nothing is said.
pub(crate) type ResultMax = Ranged<1, 99>;

/// As [`page_size`], for those lists.
pub(crate) fn result_max(asked: Option<ResultMax>) -> (usize, i64) {
    let size = asked.map_or(50, ResultMax::get).clamp(1, 99);
    (usize::try_from(size).unwrap_or(1), size + 1)
}

/// The page size that is asked for, and how many rows are read for it: one more tells whether there is a next page.
pub(crate) fn page_size(asked: Option<PageSize>) -> (usize, i64) {
    let size = asked.map_or(100, PageSize::get).clamp(1, 200);
    // Never zero, which would be a page that ends where it begins.
    (usize::try_from(size).unwrap_or(1), size + 1)
}

/// Equal for names that differ in case only. The key of the beginning of a name is the beginning of its key, which
/// `str::to_lowercase` does not promise: it writes a sigma by where it stands.
pub(crate) fn name_key(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// Whether the text has the form of the identifiers we make. Others are found nowhere, and need not be looked for.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// Text that is kept and shown again, on lines that are not ours: in mail headers, in logs, in tables.
///
/// # Errors
///
/// [`Error::BadRequest`] when it has control characters, line breaks among them.
pub(crate) fn require_printable(member: &'static str, text: &str) -> Result<(), Error> {
    if text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        return Err(Error::BadRequest(format!(
            "`{member}` must not contain control characters"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_identifiers_are_looked_for() {
        assert!(is_uuid("00000000-0000-4000-8000-00000000000f"));
        for other in [
            "",
            "0",
            "ABCDEF00-0000-4000-8000-000000000000",
            "00000000-0000-4000-8000-0000000000é",
            "' OR 1=1 --",
        ] {
            assert!(!is_uuid(other), "{other}");
        }
    }

    #[test]
    fn the_key_of_a_beginning_begins_the_key() {
        assert!(name_key("ΑΣΑ").starts_with(&name_key("ασ")));
        assert_eq!(name_key("Größe"), name_key("GRÖßE"));
    }

    #[test]
    fn kept_text_has_no_control_characters() {
        assert!(require_printable("Name", "Pies & <Sons> 🎉").is_ok());
        for text in ["a\r\nBcc: b", "a\0", "a\u{85}b", "a\u{2028}b"] {
            assert!(
                matches!(require_printable("Name", text), Err(Error::BadRequest(_))),
                "{text:?}"
            );
        }
    }
}
