//! A form of any bytes: read within its bounds or refused, and written as XML whatever it holds.
#![no_main]

use carillon_aws::{query, xml};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|form: &[u8]| {
    if let Ok(members) = query::parse(form) {
        let members = Value::Object(members);
        assert!(depth(&members) <= query::MAX_DEPTH + 1);
        let _ = xml::response("Echo", "urn:echo", &members, "request");
    }
    if let Ok(text) = std::str::from_utf8(form) {
        let _ = query::parse_query_string(text);
    }
});

fn depth(value: &Value) -> usize {
    value
        .as_object()
        .map_or(1, |members| 1 + members.values().map(depth).max().unwrap_or(0))
}
