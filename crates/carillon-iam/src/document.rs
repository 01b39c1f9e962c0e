//! Policy documents on their way in and out.

use carillon_policy::validate::{Finding, place_of_refusal};
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
///
/// A refusal is AWS's sentence, on which clients match, and behind it in brackets the place and what is wrong there.
pub(crate) fn parse(text: &str, ty: PolicyType, managed: bool) -> Result<Document, Error> {
    Document::parse(text, ty, managed).map_err(|malformed| {
        let place = place_of_refusal(text, ty, &malformed).map(|finding| place(&finding));
        Error::MalformedPolicyDocument(malformed.message + &place.unwrap_or_default())
    })
}

fn place(finding: &Finding) -> String {
    let start = finding.span.start;
    format!(
        " (line {}, column {}: {})",
        start.line, start.column, finding.message
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_where_it_comes_from() {
        let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": {\"Effect\": \"Allow\", \"Action\": [\"a:B\"\n\"a:C\"], \"Resource\": \"*\"}}";
        let refused = |text: &str, ty| parse(text, ty, true).expect_err("refused").to_string();
        assert_eq!(
            refused(text, PolicyType::Identity),
            "Syntax errors in policy. (line 3, column 1: expected `,` or `]`; a comma is missing after `\"a:B\"`)"
        );
        assert_eq!(
            refused(
                &text.replace("]", ",\"\"]").replace("\n\"a", ",\"a"),
                PolicyType::Identity
            ),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (line 2, column 58: an action \
             is a service and a name, such as `chime:ListUsers`, or `*`)"
        );
        assert_eq!(
            refused("{\"Version\": \"2012-10-17\",", PolicyType::Identity),
            "Syntax errors in policy. (line 1, column 26: expected `}`: the `{` of line 1 is not closed)"
        );
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(
            encoded("{\"a b\": \"c~d-e_f.*+é\"}"),
            "%7B%22a%20b%22%3A%20%22c~d-e_f.%2A%2B%C3%A9%22%7D"
        );
    }
}
