//! Requests of Query services: a form becomes a tree of members.
//!
//! `A.member.1.B=x` becomes `{"A": {"member": {"1": {"B": "x"}}}}`. Only objects and strings come out; which objects are
//! lists is said by the operation's shape, elsewhere.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// The longest form that is read, in bytes.
pub const MAX_LENGTH: usize = 1024 * 1024;
/// The most parameters of one form.
pub const MAX_PAIRS: usize = 4096;
/// The most names in one parameter's path.
pub const MAX_DEPTH: usize = 16;

/// The form cannot be read. Every variant is AWS's `MalformedQueryString`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("the form is longer than {MAX_LENGTH} bytes")]
    TooLong,
    #[error("the form has more than {MAX_PAIRS} parameters")]
    TooManyParameters,
    #[error("a parameter is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    #[error("a parameter is not percent-encoded UTF-8")]
    NotEncoded,
    #[error("a parameter has no name, or an empty name in its path")]
    NoName,
    #[error("parameter `{name}` appears more than once")]
    Repeated { name: String },
    #[error("parameter `{name}` has both a value and members")]
    ValueAndMembers { name: String },
}

impl FormError {
    /// The code that AWS answers. Source: IAM API Reference, "Common errors".
    pub const CODE: &'static str = "MalformedQueryString";
    /// The status that goes with it, from the same list.
    pub const STATUS: StatusCode = StatusCode::NOT_FOUND;
}

/// Reads a body of `application/x-www-form-urlencoded` into a tree.
///
/// A parameter without `=` has an empty value; a plus is a space. Parameters of a signature (`X-Amz-…`) are left out.
///
/// # Errors
/// When the form is not well-formed or beyond the bounds above. A name that appears twice is refused: were one of the
/// two values chosen, what was signed, decided and recorded could be read in two ways.
pub fn parse(form: &[u8]) -> Result<Map<String, Value>, FormError> {
    read(form, b' ')
}

/// Reads the query string of a `GET`, such as a presigned `GetCallerIdentity`, into a tree.
///
/// As [`parse`], but a plus is a plus: signatures cover the two spellings `+` and `%2B` alike, so they must mean the
/// same.
///
/// # Errors
/// As [`parse`].
pub fn parse_query_string(query: &str) -> Result<Map<String, Value>, FormError> {
    read(query.as_bytes(), b'+')
}

fn read(form: &[u8], plus: u8) -> Result<Map<String, Value>, FormError> {
    if form.len() > MAX_LENGTH {
        return Err(FormError::TooLong);
    }
    let mut members = Map::new();
    let pairs = form.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty());
    for (count, pair) in pairs.enumerate() {
        if count >= MAX_PAIRS {
            return Err(FormError::TooManyParameters);
        }
        let equals = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(equals).unwrap_or((pair, &[]));
        let name = decode(name, plus)?;
        if name.starts_with("X-Amz-") {
            continue;
        }
        let value = decode(value.strip_prefix(b"=").unwrap_or_default(), plus)?;
        insert(&mut members, &name, value.into_owned())?;
    }
    Ok(members)
}

fn insert(members: &mut Map<String, Value>, name: &str, value: String) -> Result<(), FormError> {
    let (path, last) = name
        .rsplit_once('.')
        .map_or((None, name), |(path, last)| (Some(path), last));
    let mut place = members;
    for (depth, step) in path.into_iter().flat_map(|path| path.split('.')).enumerate() {
        if depth + 1 >= MAX_DEPTH {
            return Err(FormError::TooDeep);
        }
        if step.is_empty() {
            return Err(FormError::NoName);
        }
        let next = place.entry(step).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = next else {
            return Err(FormError::ValueAndMembers { name: excerpt(name) });
        };
        place = inner;
    }
    if last.is_empty() {
        return Err(FormError::NoName);
    }
    match place.entry(last) {
        Entry::Vacant(vacant) => {
            vacant.insert(Value::String(value));
            Ok(())
        }
        Entry::Occupied(held) if held.get().is_object() => {
            Err(FormError::ValueAndMembers { name: excerpt(name) })
        }
        Entry::Occupied(_) => Err(FormError::Repeated { name: excerpt(name) }),
    }
}

fn decode(text: &[u8], plus: u8) -> Result<Cow<'_, str>, FormError> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(text)
            .map(Cow::Borrowed)
            .map_err(|_| FormError::NotEncoded);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'+' => bytes.push(plus),
            b'%' => {
                let (escape, after) = rest.split_at_checked(2).ok_or(FormError::NotEncoded)?;
                let mut decoded = [0];
                hex::decode_to_slice(escape, &mut decoded).map_err(|_| FormError::NotEncoded)?;
                bytes.extend_from_slice(&decoded);
                rest = after;
            }
            _ => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| FormError::NotEncoded)
}

/// So much of a name as is fit to repeat in a message.
fn excerpt(name: &str) -> String {
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn tree(form: &str) -> Result<Value, FormError> {
        parse(form.as_bytes()).map(Value::Object)
    }

    #[test]
    fn a_form_becomes_a_tree() {
        assert_eq!(
            tree(
                "Action=CreateUser&Version=2010-05-08&Tags.member.1.Key=a&Tags.member.1.Value=b+c%2B&Tags.member.2.Key=%C3%A9"
            ),
            Ok(json!({
                "Action": "CreateUser",
                "Version": "2010-05-08",
                "Tags": { "member": { "1": { "Key": "a", "Value": "b c+" }, "2": { "Key": "é" } } },
            }))
        );
        assert_eq!(tree(""), Ok(json!({})));
        assert_eq!(tree("&A&B=&C=x=y&"), Ok(json!({ "A": "", "B": "", "C": "x=y" })));
    }

    #[test]
    fn a_plus_in_a_query_string_is_a_plus() {
        assert_eq!(
            parse_query_string("A=b+c%2B%20d").map(Value::Object),
            Ok(json!({ "A": "b+c+ d" }))
        );
    }

    #[test]
    fn the_parameters_of_a_signature_are_left_out() {
        assert_eq!(
            tree("Action=GetCallerIdentity&X-Amz-Signature=0&X-Amz-Security-Token=t&X-Amz-Security-Token=u"),
            Ok(json!({ "Action": "GetCallerIdentity" }))
        );
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        let name = |name: &str| name.to_owned();
        assert_eq!(tree("A=1&A=1"), Err(FormError::Repeated { name: name("A") }));
        assert_eq!(
            tree("A.B=1&%41.B=2"),
            Err(FormError::Repeated { name: name("A.B") })
        );
        assert_eq!(
            tree("A=1&A.B=2"),
            Err(FormError::ValueAndMembers { name: name("A.B") })
        );
        assert_eq!(
            tree("A.B=2&A=1"),
            Err(FormError::ValueAndMembers { name: name("A") })
        );
        for form in ["=1", ".A=1", "A.=1", "A..B=1", "."] {
            assert_eq!(tree(form), Err(FormError::NoName), "{form}");
        }
    }

    #[test]
    fn what_is_not_encoded_is_refused() {
        for form in [&b"A=%"[..], b"A=%4", b"A=%zz", b"%ff=1", b"A=\xff", b"A=%C3"] {
            assert_eq!(parse(form), Err(FormError::NotEncoded), "{form:?}");
        }
    }

    #[test]
    fn every_bound_holds() {
        let form = |pairs: usize| {
            (0..pairs)
                .map(|pair| format!("A.{pair}=x"))
                .collect::<Vec<_>>()
                .join("&")
        };
        assert!(tree(&form(MAX_PAIRS)).is_ok());
        assert_eq!(tree(&form(MAX_PAIRS + 1)), Err(FormError::TooManyParameters));
        let deep = |depth: usize| vec!["a"; depth].join(".");
        assert!(tree(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(tree(&deep(MAX_DEPTH + 1)), Err(FormError::TooDeep));
        assert_eq!(parse(&vec![b'a'; MAX_LENGTH + 1]), Err(FormError::TooLong));
        assert!(parse(&vec![b'a'; MAX_LENGTH]).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(form in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&form);
        }

        #[test]
        fn an_encoded_value_comes_back(value in "\\PC{0,40}") {
            let encoded = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
            prop_assert_eq!(tree(&format!("A.member.1={encoded}")), Ok(json!({ "A": { "member": { "1": value } } })));
        }
    }
}
