//! A request for an operation, made from its declaration.

use anyhow::bail;
use bytes::Bytes;
use carillon_aws::binding::{Binding, QueryMember, Segment};
use carillon_operation::{Entry, Wire};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// A request that is not signed yet.
pub struct Sample {
    pub method: &'static str,
    pub path_and_query: String,
    pub body: Bytes,
}

/// For labels of operations whose types do not say yet what they hold.
const LABELS: [(&str, &str); 5] = [
    ("BucketName", "bucket"),
    ("DirectoryId", "d-0123456789"),
    ("DomainName", "example.com"),
    ("PhoneNumberId", "+12065550100"),
    ("VoiceConnectorId", "abcdef1ghij2klmno3pqr4"),
];
/// For all others: the identifier of nothing.
const NOTHING: &str = "00000000-0000-4000-8000-000000000000";

/// A request with this JSON body.
pub fn json(method: &'static str, path_and_query: &str, body: &Value) -> Sample {
    Sample {
        method,
        path_and_query: path_and_query.to_owned(),
        body: body.to_string().into(),
    }
}

/// A request without a body.
pub fn get(path_and_query: &str) -> Sample {
    Sample {
        method: "GET",
        path_and_query: path_and_query.to_owned(),
        body: Bytes::new(),
    }
}

/// The labels in the path of an operation.
pub fn labels(entry: &Entry) -> Vec<&'static str> {
    match entry.spec.wire {
        Wire::Rest(binding) => binding
            .segments()
            .filter_map(|segment| match segment {
                Segment::Label(name) => Some(name),
                Segment::Fixed(_) => None,
            })
            .collect(),
        Wire::Named => Vec::new(),
    }
}

/// The smallest well-formed request for an operation. `known` gives the values of members that exist.
pub fn sample(entry: &Entry, known: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Sample> {
    let Wire::Rest(binding) = entry.spec.wire else {
        bail!("the operation has no address");
    };
    let mut members = match entry.input().sample() {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let mut path_and_query = path(binding, &mut members, known);
    let mut separator = '?';
    for member in binding.query() {
        let pair = match member {
            QueryMember::Fixed { name, value } => Some((name, value.to_owned())),
            QueryMember::Bound { name, member } => members.remove(member).map(|value| (name, text(&value))),
        };
        if let Some((name, value)) = pair {
            path_and_query.push_str(&format!("{separator}{name}={}", encode(&value)));
            separator = '&';
        }
    }
    let body = if members.is_empty() {
        Bytes::new()
    } else {
        Value::Object(members).to_string().into()
    };
    Ok(Sample {
        method: binding.method(),
        path_and_query,
        body,
    })
}

fn path(
    binding: Binding,
    members: &mut Map<String, Value>,
    known: &dyn Fn(&str) -> Option<String>,
) -> String {
    binding
        .segments()
        .map(|segment| match segment {
            Segment::Fixed(literal) => format!("/{literal}"),
            Segment::Label(name) => {
                let sampled = members.remove(name).map(|value| text(&value));
                let usual = LABELS
                    .iter()
                    .find(|(label, _)| *label == name)
                    .map(|(_, value)| *value);
                let value = known(name)
                    .or(sampled)
                    .unwrap_or_else(|| usual.unwrap_or(NOTHING).to_owned());
                format!("/{}", encode(&value))
            }
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn encode(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}
