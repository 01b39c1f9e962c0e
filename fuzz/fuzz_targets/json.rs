//! Any JSON against a shape with every kind of member: what decodes can be read by its type and decodes again to
//! itself, and as the audit trail has it no sensitive value is left.
#![no_main]

use std::collections::BTreeMap;

use carillon_aws::shape::{HIDDEN, Listed, Ranged, Shape, Source, violations_message};
use carillon_aws::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

carillon_aws::string_type! {
    pub Name, min: 1, max: 8, pattern: r"[\w+=,.@-]+", example: "ada"
}
carillon_aws::string_type! {
    pub Password, min: 4, max: 16, sensitive
}
carillon_aws::string_enum! {
    pub enum License { Basic, Pro }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only read")]
struct Everything {
    name: Option<Name>,
    password: Option<Password>,
    license: Option<License>,
    count: Option<Ranged<1, 100>>,
    small: Option<u8>,
    ratio: Option<f64>,
    enabled: Option<bool>,
    since: Option<Timestamp>,
    names: Option<Listed<Name, 1, 3>>,
    named: Option<BTreeMap<Name, Password>>,
    #[serde(default)]
    below: Vec<Everything>,
    anything: Option<Value>,
}

fuzz_target!(|input: (bool, &str)| {
    let (form, json) = input;
    let Ok(raw) = serde_json::from_str::<Value>(json) else {
        return;
    };
    let shape = Shape::of::<Everything>();
    let source = if form { Source::Text } else { Source::Json };

    assert_hidden(&serde_json::to_value(shape.recorded(&raw)).unwrap());

    match shape.decode(raw, source) {
        Ok(value) => {
            assert!(Everything::deserialize(&value).is_ok(), "{value}");
            assert_eq!(shape.decode(value.clone(), Source::Json), Ok(value));
        }
        Err(violations) => assert!(violations_message(&violations).len() < 1 << 20),
    }
});

fn assert_hidden(value: &Value) {
    if let Some(password) = value.get("password") {
        assert!(password.is_null() || password == HIDDEN, "{value}");
    }
    if let Some(Value::Array(below)) = value.get("below") {
        below.iter().for_each(assert_hidden);
    }
}
