//! Policy documents on their way in and out.

use carillon_policy::{Document, PolicyType};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// Everything but the unreserved characters of RFC 3986.
pub(crate) const RESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A document as answers carry it. Source: IAM API Reference, `PolicyVersion`.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// Reads a document that is to be stored. `managed`: of a managed policy, which must name version 2012-10-17.
pub(crate) fn parse(text: &str, ty: PolicyType, managed: bool) -> Result<Document, Error> {
    Document::parse(text, ty, managed).map_err(|malformed| Error::MalformedPolicyDocument(malformed.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(
            encoded("{\"a b\": \"c~d-e_f.*+é\"}"),
            "%7B%22a%20b%22%3A%20%22c~d-e_f.%2A%2B%C3%A9%22%7D"
        );
    }
}
