//! The canonical request and the string to sign, as every service but S3 reads them.

use super::{ALGORITHM, RequestView, Token, hex_digest, sha256};
use crate::time::Timestamp;

/// `method \n path \n query \n headers \n \n signed header names \n payload digest`.
pub(super) fn request(view: &RequestView<'_>, signed_headers: &str, payload: &[u8], token: Token) -> Vec<u8> {
    // Enough for most requests: what is repeated, and some room for escapes.
    let mut text = Vec::with_capacity(512 + view.path_and_query.len() * 2);
    text.extend_from_slice(view.method.as_bytes());
    text.push(b'\n');
    path(&mut text, view.path());
    text.push(b'\n');
    query(&mut text, view.query(), token);
    text.push(b'\n');
    for name in signed_headers.split(';') {
        header(&mut text, view, name);
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload);
    text
}

/// `algorithm \n time \n scope \n digest of the canonical request`.
pub(super) fn string_to_sign(signed_at: Timestamp, scope: &str, canonical_request: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(ALGORITHM.len() + scope.len() + 96);
    text.extend_from_slice(ALGORITHM.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(signed_at.iso_basic().as_bytes());
    text.push(b'\n');
    text.extend_from_slice(scope.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(&hex_digest(&sha256(canonical_request)));
    text
}

/// The path with dots resolved and slashes folded, every byte that is not unreserved encoded once more: a `%40` on the
/// wire is signed as `%2540`.
fn path(text: &mut Vec<u8>, wire: &str) {
    text.push(b'/');
    if !wire.contains("/.") && !wire.contains("//") {
        encode_path(text, wire.strip_prefix('/').unwrap_or(wire));
        return;
    }
    let mut segments = Vec::new();
    for segment in wire.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    for (index, segment) in segments.iter().enumerate() {
        if index > 0 {
            text.push(b'/');
        }
        encode_path(text, segment);
    }
    if wire.ends_with('/') && !segments.is_empty() {
        text.push(b'/');
    }
}

/// The parameters, encoded alike and sorted by name and value; without the signature itself.
fn query(text: &mut Vec<u8>, wire: &str, token: Token) {
    if wire.is_empty() {
        return;
    }
    let mut encoded = Vec::with_capacity(wire.len() + 16);
    let mut pairs = Vec::with_capacity(16);
    for pair in wire.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == "X-Amz-Signature" || (token == Token::Unsigned && name == "X-Amz-Security-Token") {
            continue;
        }
        let start = encoded.len();
        encode_query(&mut encoded, name);
        let middle = encoded.len();
        encode_query(&mut encoded, value);
        pairs.push((start..middle, middle..encoded.len()));
    }
    let part = |range: &std::ops::Range<usize>| encoded.get(range.clone()).unwrap_or_default();
    pairs.sort_unstable_by(|(name, value), (other_name, other_value)| {
        part(name)
            .cmp(part(other_name))
            .then_with(|| part(value).cmp(part(other_value)))
    });
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(part(name));
        text.push(b'=');
        text.extend_from_slice(part(value));
    }
}

/// `name:values \n`, the values of one name joined with commas in the order in which they came. A header that was
/// signed and did not come has no value.
fn header(text: &mut Vec<u8>, view: &RequestView<'_>, name: &str) {
    text.extend_from_slice(name.as_bytes());
    text.push(b':');
    let mut values = view.headers.get_all(header_of(name)).iter().peekable();
    if values.peek().is_none()
        && header_of(name) == "host"
        && let Some(authority) = view.authority
    {
        text.extend_from_slice(authority.as_bytes());
    }
    for (index, value) in values.enumerate() {
        if index > 0 {
            text.push(b',');
        }
        fold(text, value.as_bytes());
    }
    text.push(b'\n');
}

fn header_of(name: &str) -> &str {
    if name == ":authority" { "host" } else { name }
}

/// Trims the value and makes every run of blanks one space.
fn fold(text: &mut Vec<u8>, value: &[u8]) {
    let words = value
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

fn encode_path(text: &mut Vec<u8>, wire: &str) {
    for byte in wire.bytes() {
        if byte == b'/' {
            text.push(byte)
        } else {
            encode(text, byte)
        }
    }
}

/// Decodes what is percent-encoded and encodes it in the one right way, so that `%7e` and `~` are signed alike. A plus
/// stands for itself, and a percent sign that begins no escape too.
pub(super) fn encode_query(text: &mut Vec<u8>, wire: &str) {
    let mut rest = wire.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == b'%'
            && let [high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (hex_value(*high), hex_value(*low))
        {
            encode(text, high << 4 | low);
            rest = after;
        } else {
            encode(text, *byte);
        }
    }
}

pub(super) fn encode(text: &mut Vec<u8>, byte: u8) {
    const UPPER: &[u8; 16] = b"0123456789ABCDEF";
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        text.push(byte);
    } else {
        let digit = |value: u8| UPPER.get(usize::from(value)).copied().unwrap_or(b'0');
        text.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_path(wire: &str) -> String {
        let mut text = Vec::new();
        path(&mut text, wire);
        String::from_utf8(text).unwrap()
    }

    fn canonical_query(wire: &str) -> String {
        let mut text = Vec::new();
        query(&mut text, wire, Token::AsSent);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_path_is_normalised_and_encoded_again() {
        for (wire, expected) in [
            ("", "/"),
            ("/", "/"),
            ("*", "/%2A"),
            ("/phone-numbers/%2B12065550100", "/phone-numbers/%252B12065550100"),
            ("/phone-numbers/+12065550100", "/phone-numbers/%2B12065550100"),
            ("/a//b/./c/../d/", "/a/b/d/"),
            ("/a/..", "/"),
            ("/../../a", "/a"),
            ("/a/%2E%2E/b", "/a/%252E%252E/b"),
            ("/.well-known", "/.well-known"),
            ("/a b/é", "/a%20b/%C3%A9"),
            ("//", "/"),
        ] {
            assert_eq!(canonical_path(wire), expected, "{wire}");
        }
    }

    #[test]
    fn a_query_is_sorted_after_encoding() {
        for (wire, expected) in [
            ("", ""),
            ("&", ""),
            ("b&a", "a=&b="),
            ("Param-3=3&Param=2&%e1%88%b4=1", "%E1%88%B4=1&Param=2&Param-3=3"),
            ("a=2&a=1&a=1", "a=1&a=1&a=2"),
            ("a=b=c&d=/+%2b%20%7E", "a=b%3Dc&d=%2F%2B%2B%20~"),
            ("a=%zz%4", "a=%25zz%254"),
            ("X-Amz-Signature=x&a=1", "a=1"),
        ] {
            assert_eq!(canonical_query(wire), expected, "{wire}");
        }
    }

    #[test]
    fn blanks_are_folded() {
        let mut text = Vec::new();
        fold(&mut text, b"  \"a   b\t c\"  ");
        assert_eq!(text, b"\"a b c\"");
    }
}
