use std::collections::BTreeMap;

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::time::Timestamp;

crate::string_type! {
    /// The name of a user.
    pub UserName, min: 1, max: 64, pattern: r"[\w+=,.@-]+", example: "ada"
}
crate::string_type! {
    pub Password, min: 8, max: 128, sensitive
}
crate::string_type! {
    pub TagKey, min: 1, max: 8, example: "team"
}
crate::string_enum! {
    /// What a user may use.
    pub enum License {
        /// Free.
        Basic,
        Pro,
        ProTrial = "pro-trial",
    }
}

#[derive(Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: TagKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Login {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<Password>,
    #[schemars(extend("x-sensitive" = true))]
    pin: Option<u16>,
}

/// Makes a user.
#[derive(Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct CreateUser {
    user_name: UserName,
    license: Option<License>,
    /// Who may sign in how.
    login: Option<Login>,
    #[serde(default)]
    tags: Vec<Tag>,
    user_id_list: Option<Listed<UserName, 1, 3>>,
    max_results: Option<Ranged<1, 1000>>,
    small: Option<u8>,
    ratio: Option<f64>,
    enabled: Option<bool>,
    attributes: Option<BTreeMap<TagKey, UserName>>,
    since: Option<Timestamp>,
    until: Option<crate::time::EpochSeconds>,
    anything: Option<Value>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Tree {
    name: TagKey,
    #[serde(default)]
    children: Vec<Tree>,
    next: Option<Box<Tree>>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Page {
    next_token: Option<String>,
    max: Ranged<1, 5>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
enum Endpoint {
    Https { url: String },
    Lambda { arn: String, role: Option<String> },
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "Kind")]
enum Tagged {
    First { id: String, a: Option<u8> },
    Second { id: String, b: u8 },
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Flattened {
    id: UserName,
    #[serde(flatten)]
    page: Page,
    #[serde(flatten)]
    tag: Option<Tag>,
    endpoint: Endpoint,
    tagged: Tagged,
    roots: Listed<Tree, 1, 2>,
}

fn refusal(raw: Value, source: Source) -> String {
    violations_message(
        &Shape::of::<CreateUser>()
            .decode(raw, source)
            .expect_err("invalid"),
    )
}

fn decoded<T: JsonSchema>(raw: Value, source: Source) -> Value {
    Shape::of::<T>().decode(raw, source).expect("valid")
}

#[test]
fn all_violations_are_reported_at_once() {
    assert_eq!(
        refusal(
            json!({"License": "Gold", "MaxResults": 1001, "Small": 256, "Ratio": 1}),
            Source::Json
        ),
        "4 validation errors detected: \
         Value null at 'userName' failed to satisfy constraint: Member must not be null; \
         Value 'Gold' at 'license' failed to satisfy constraint: Member must satisfy enum value set: \
         [Basic, Pro, pro-trial]; \
         Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000; \
         Value '256' at 'small' failed to satisfy constraint: Member must have value less than or equal to 255"
    );
}

#[test]
fn lengths_count_characters_and_patterns_are_ascii() {
    let shape = Shape::of::<Tag>();
    assert!(shape.decode(json!({"Key": "éééééééé"}), Source::Json).is_ok());
    assert!(shape.decode(json!({"Key": "ééééééééé"}), Source::Json).is_err());
    assert_eq!(
        refusal(json!({"UserName": "é"}), Source::Json),
        "1 validation error detected: Value 'é' at 'userName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w+=,.@-]+"
    );
}

#[test]
fn members_of_items_have_a_path_and_scalar_items_speak_as_a_list() {
    assert_eq!(
        refusal(
            json!({"UserName": "a", "Tags": [{"Key": "a"}, {"Key": "far too long"}]}),
            Source::Json
        ),
        "1 validation error detected: Value 'far too long' at 'tags.2.member.key' failed to satisfy constraint: \
         Member must have length less than or equal to 8"
    );
    assert_eq!(
        refusal(
            json!({"UserName": "a", "UserIdList": ["a", "", "%"]}),
            Source::Json
        ),
        "1 validation error detected: Value '[a, , %]' at 'userIdList' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must satisfy regular expression pattern: [\\w+=,.@-]+, \
         Member must have length greater than or equal to 1]"
    );
    assert_eq!(
        refusal(json!({"UserName": "a", "UserIdList": []}), Source::Json),
        "1 validation error detected: Value '[]' at 'userIdList' failed to satisfy constraint: \
         Member must have length greater than or equal to 1"
    );
    assert_eq!(
        refusal(json!({"UserName": "a", "UserIdList": ["a", null]}), Source::Json),
        "1 validation error detected: Value null at 'userIdList.2.member' failed to satisfy constraint: \
         Member must not be null"
    );
    assert_eq!(
        refusal(json!({"UserName": "a", "Attributes": {"key": "%"}}), Source::Json),
        "1 validation error detected: Value '{key=%}' at 'attributes' failed to satisfy constraint: Map value must \
         satisfy constraint: [Member must satisfy regular expression pattern: [\\w+=,.@-]+]"
    );
}

#[test]
fn sensitive_values_are_not_repeated() {
    assert_eq!(
        refusal(
            json!({"UserName": "a", "Login": {"Password": "short", "Pin": 70000}}),
            Source::Json
        ),
        "2 validation errors detected: Value at 'login.password' failed to satisfy constraint: Member must have \
         length greater than or equal to 8; Value at 'login.pin' failed to satisfy constraint: Member must have \
         value less than or equal to 65535"
    );
}

#[test]
fn lists_of_sensitive_items_are_not_repeated_either() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Lists {
        words: Option<Listed<Password, 0, 1>>,
        logins: Option<Listed<Login, 0, 1>>,
        named: Option<BTreeMap<String, Password>>,
    }
    let violations = Shape::of::<Lists>()
        .decode(json!({"words": ["secret one", "secret two"], "logins": ["secret", "secret"], "named": {"a": "secret"}}), Source::Json)
        .unwrap_err();
    let message = violations_message(&violations);
    assert!(
        message.starts_with("3 validation errors") && !message.contains("secret"),
        "{message}"
    );
}

#[test]
fn wrong_types_are_their_own_kind() {
    for (raw, message) in [
        (json!({"UserName": 1}), "member `userName` must be a string"),
        (
            json!({"UserName": "a", "MaxResults": "10"}),
            "member `maxResults` must be an integer",
        ),
        (
            json!({"UserName": "a", "MaxResults": 1.5}),
            "member `maxResults` must be an integer",
        ),
        (
            json!({"UserName": "a", "Enabled": "true"}),
            "member `enabled` must be a boolean",
        ),
        (
            json!({"UserName": "a", "Tags": {"member": {}}}),
            "member `tags` must be a list",
        ),
        (
            json!({"UserName": "a", "Tags": ["a"]}),
            "member `tags.1.member` must be a structure",
        ),
        (
            json!({"UserName": "a", "Since": "yesterday"}),
            "member `since` must be a timestamp in ISO 8601",
        ),
        (json!([]), "the input must be a structure"),
    ] {
        assert_eq!(refusal(raw, Source::Json), message);
    }
    assert_eq!(
        refusal(json!({"UserName": "a", "MaxResults": "+1"}), Source::Text),
        "member `maxResults` must be an integer"
    );
}

#[test]
fn text_becomes_the_type_of_its_member() {
    let raw = json!({
        "UserName": "ada",
        "MaxResults": "10",
        "Enabled": "true",
        "Ratio": "0.5",
        "Tags": {"member": {"2": {"Key": "b"}, "1": {"Key": "a", "Value": ""}}},
        "UserIdList": {"1": "x", "2": "y"},
        "Attributes": {"entry": {"1": {"key": "k", "value": "v"}}},
        "Unknown": {"1": "x"},
    });
    assert_eq!(
        decoded::<CreateUser>(raw, Source::Text),
        json!({
            "UserName": "ada",
            "MaxResults": 10,
            "Enabled": true,
            "Ratio": 0.5,
            "Tags": [{"Key": "a", "Value": ""}, {"Key": "b"}],
            "UserIdList": ["x", "y"],
            "Attributes": {"k": "v"},
        })
    );
    assert_eq!(
        decoded::<CreateUser>(
            json!({"UserName": "a", "Tags": "", "UserIdList": "b"}),
            Source::Text
        ),
        json!({"UserName": "a", "Tags": [], "UserIdList": ["b"]})
    );
}

#[test]
fn no_part_of_a_list_is_left_out() {
    for tags in [
        json!({"member": {"2": {"Key": "b"}}}),
        json!({"member": {"1": {"Key": "a"}, "3": {"Key": "b"}}}),
        json!({"member": {"0": {"Key": "a"}}}),
        json!({"member": {"-1": {"Key": "a"}}}),
        json!({"member": {"01": {"Key": "a"}}}),
        json!({"member": {"4294967297": {"Key": "a"}}}),
        json!({"member": {"1": {"Key": "a"}}, "2": {"Key": "b"}}),
        json!({"member": {"1": {"Key": "a"}}, "entry": {"2": {"Key": "b"}}}),
        json!({"entry": {"1": {"Key": "a"}}}),
        json!({"member": {"Key": "a"}}),
        json!({"Key": "a"}),
    ] {
        assert_eq!(
            refusal(json!({"UserName": "a", "Tags": tags}), Source::Text),
            "member `tags` must be a list, numbered from 1 without gaps",
            "{tags}"
        );
    }
    assert_eq!(
        refusal(
            json!({"UserName": "a", "Attributes": {"entry": {"2": {"key": "k", "value": "v"}}}}),
            Source::Text
        ),
        "member `attributes` must be a map, numbered from 1 without gaps"
    );
    assert_eq!(
        decoded::<CreateUser>(json!({"UserName": "a", "Tags": {"member": ""}}), Source::Text),
        json!({"UserName": "a", "Tags": []})
    );
}

#[test]
fn null_is_absent_and_unknown_members_are_ignored() {
    let raw = json!({"UserName": "a", "License": null, "Elsewhere": 1, "Login": {"Pin": null, "More": 1}});
    assert_eq!(
        decoded::<CreateUser>(raw, Source::Json),
        json!({"UserName": "a", "Login": {}})
    );
    assert_eq!(
        refusal(Value::Null, Source::Json),
        "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn the_path_wins_over_the_body() {
    let shape = Shape::of::<CreateUser>();
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let text = object(json!({"UserName": "ada", "MaxResults": "7"}));
    let body = object(json!({"UserName": "eve", "License": "Pro", "MaxResults": 9}));
    assert_eq!(
        shape.decode_mixed(text.clone(), body).expect("valid"),
        json!({"UserName": "ada", "License": "Pro", "MaxResults": 7})
    );
    assert!(
        shape
            .decode_mixed(text.clone(), object(json!({"Small": "1"})))
            .is_err()
    );
    assert!(shape.decode_mixed(text, object(json!({}))).is_ok());
}

#[test]
fn numbers_and_times_of_lenient_clients_are_understood() {
    let raw = json!({"UserName": "a", "MaxResults": 10.0, "Since": 1_546_621_882.003});
    assert_eq!(
        decoded::<CreateUser>(raw, Source::Json),
        json!({"UserName": "a", "MaxResults": 10, "Since": "2019-01-04T17:11:22.003Z"})
    );
}

#[test]
fn sensitive_members_are_masked_wherever_they_are() {
    let shape = Shape::of::<CreateUser>();
    let value = json!({"UserName": "a", "Login": {"Password": "secret words", "Pin": 1, "Typo": "secret"}});
    assert_eq!(
        recorded(&shape, &value),
        json!({"userName": "a", "login": {"password": HIDDEN, "pin": HIDDEN}})
    );

    let value = json!({"UserName": "a", "Login": "secret words", "Tags": 1});
    assert_eq!(
        recorded(&shape, &value),
        json!({"userName": "a", "login": HIDDEN, "tags": 1})
    );

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Logins {
        all: Vec<Login>,
        words: Vec<Password>,
        named: BTreeMap<String, Login>,
    }
    let shape = Shape::of::<Logins>();
    let value = json!({
        "all": {"member": {"1": {"Password": "x"}}},
        "words": ["x", "y"],
        "named": {"a": {"Pin": 1}},
    });
    assert_eq!(
        recorded(&shape, &value),
        json!({
            "all": {"member": {"1": {"password": HIDDEN}}},
            "words": [HIDDEN, HIDDEN],
            "named": {"a": {"pin": HIDDEN}},
        })
    );
    let value = json!({
        "all": {"member": {"1": {"Password": "x"}}, "more": "x"},
        "named": {"entry": {"1": {"key": "a", "value": {"Password": "x"}}}, "more": "x"},
    });
    assert_eq!(
        recorded(&shape, &value),
        json!({"all": {"member": {"1": {"password": HIDDEN}}}, "named": {"entry": {"1": HIDDEN}}})
    );
}

#[test]
fn cloudtrail_names_begin_in_lower_case() {
    #[derive(JsonSchema)]
    #[serde(rename_all = "PascalCase")]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Domain {
        domain_name: String,
        #[serde(rename = "CDRBuckets")]
        buckets: Vec<BTreeMap<String, Option<String>>>,
    }
    let value = json!({"DomainName": "a", "CDRBuckets": [{"BucketName": "B", "Éclair": null}]});
    assert_eq!(
        recorded(&Shape::of::<Domain>(), &value),
        json!({"domainName": "a", "cDRBuckets": [{"bucketName": "B", "Éclair": null}]})
    );
}

/// The value with all of its texts replaced by a secret one.
fn secret(value: Value) -> Value {
    match value {
        Value::Object(object) => object
            .into_iter()
            .map(|(name, value)| (name, secret(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(secret).collect(),
        _ => json!("open sesame"),
    }
}

fn recorded(shape: &Shape, value: &Value) -> Value {
    serde_json::to_value(shape.recorded(value)).unwrap()
}

#[test]
fn a_shape_may_contain_itself() {
    let shape = Shape::of::<Tree>();
    let tree =
        json!({"Name": "a", "Children": [{"Name": "b"}], "Next": {"Name": "c", "Next": {"Name": "d"}}});
    assert_eq!(shape.decode(tree.clone(), Source::Json), Ok(tree));
    assert_eq!(shape.sample(), json!({"Name": "team"}));
    let violations = shape
        .decode(json!({"Name": "a", "Children": [{"Next": {}}]}), Source::Json)
        .unwrap_err();
    assert_eq!(
        violations.iter().map(Violation::path).collect::<Vec<_>>(),
        ["children.1.member.name", "children.1.member.next.name"]
    );
}

#[test]
fn enums_with_data_and_flattened_members_are_structures() {
    let shape = Shape::of::<Flattened>();
    let names: Vec<_> = shape
        .members()
        .iter()
        .map(|m| (m.name.as_str(), m.required))
        .collect();
    for member in [
        ("Id", true),
        ("NextToken", false),
        ("Max", true),
        ("Key", false),
        ("Value", false),
    ] {
        assert!(names.contains(&member), "{member:?} in {names:?}");
    }
    let endpoint = shape.at(shape.member("Endpoint").unwrap().shape);
    assert_eq!(endpoint.node().name.as_deref(), Some("Endpoint"));
    assert!(endpoint.members().iter().all(|member| !member.required));
    let tagged = shape.at(shape.member("Tagged").unwrap().shape);
    let tags: Vec<_> = tagged
        .members()
        .iter()
        .map(|m| (m.name.as_str(), m.required))
        .collect();
    assert_eq!(tags, [("Kind", true), ("id", true), ("a", false), ("b", false)]);
    let kind = tagged.at(tagged.members()[0].shape);
    let Kind::String(kind) = &kind.node().kind else {
        panic!("not a string")
    };
    assert_eq!(kind.values, ["First", "Second"]);
}

#[test]
fn derived_enums_with_documented_variants_are_enumerations() {
    /// Where something is.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Place {
        /// Far.
        There,
        Here,
        #[serde(rename = "no-where")]
        Nowhere,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Input {
        place: Option<Place>,
        /// Secret.
        #[schemars(extend("x-sensitive" = true))]
        hidden: Place,
    }
    let shape = Shape::of::<Input>();
    let violations = shape
        .decode(json!({"place": "x", "hidden": "y"}), Source::Json)
        .unwrap_err();
    assert_eq!(
        violations_message(&violations),
        "2 validation errors detected: Value 'x' at 'place' failed to satisfy constraint: Member must satisfy enum \
         value set: [Here, no-where, There]; Value at 'hidden' failed to satisfy constraint: Member must satisfy \
         enum value set: [Here, no-where, There]"
    );
}

#[test]
fn names_docs_and_bounds_come_from_the_types() {
    let shape = Shape::of::<CreateUser>();
    assert_eq!(shape.node().name.as_deref(), Some("CreateUser"));
    assert_eq!(shape.node().doc.as_deref(), Some("Makes a user."));
    let login = shape.member("Login").unwrap();
    assert_eq!(login.doc.as_deref(), Some("Who may sign in how."));
    assert_eq!(shape.at(login.shape).node().name.as_deref(), Some("Login"));
    let license = shape.at(shape.member("License").unwrap().shape);
    assert_eq!(license.node().name.as_deref(), Some("License"));
    let Kind::String(text) = &license.node().kind else {
        panic!("not a string")
    };
    assert_eq!(text.values, ["Basic", "Pro", "pro-trial"]);
    let name = shape.at(shape.member("UserName").unwrap().shape);
    assert_eq!(name.node().name.as_deref(), Some("UserName"));
    let small = shape.at(shape.member("Small").unwrap().shape);
    assert!(matches!(
        small.node().kind,
        Kind::Integer(Integer {
            min: None,
            max: None,
            width: (0, 255)
        })
    ));
    assert!(
        shape
            .members()
            .iter()
            .filter(|m| m.required)
            .map(|m| &m.name)
            .eq(["UserName"])
    );
    assert!(Shape::of::<()>().members().is_empty());
}

#[test]
fn samples_are_valid_and_can_be_read() {
    fn check<T: JsonSchema + serde::de::DeserializeOwned>() {
        let shape = Shape::of::<T>();
        let sample = shape.sample();
        assert_eq!(shape.decode(sample.clone(), Source::Json), Ok(sample.clone()));
        serde_json::from_value::<T>(sample.clone()).unwrap_or_else(|error| panic!("{sample}: {error}"));
    }
    check::<CreateUser>();
    check::<Tree>();
    check::<Login>();
    check::<Tag>();
    check::<Page>();
    check::<License>();
    check::<Password>();
    check::<Listed<Ranged<7, 9>, 2, 3>>();
}

#[test]
fn types_check_off_the_wire_too() {
    assert!(serde_json::from_value::<UserName>(json!("a b")).is_err());
    assert!("gold".parse::<License>().is_err());
    assert!(serde_json::from_value::<Listed<u8, 1, 2>>(json!([])).is_err());
    assert!(serde_json::from_value::<Ranged<1, 2>>(json!(3)).is_err());
    assert_eq!("a b".parse::<UserName>().unwrap_err().constraints().len(), 1);
    assert_eq!(
        format!("{:?}", "secret words".parse::<Password>().unwrap()),
        "Password(hidden)"
    );
}

#[test]
fn hostile_sizes_stay_small() {
    let many: Vec<Value> = (0..10_000).map(|_| json!({"Key": ""})).collect();
    let violations = Shape::of::<CreateUser>()
        .decode(json!({"UserName": "a", "Tags": many}), Source::Json)
        .unwrap_err();
    assert_eq!(violations.len(), 100);
    let long = "x".repeat(1 << 20);
    assert!(refusal(json!({"UserName": long}), Source::Json).len() < 600);
    let list: Vec<&str> = vec!["%"; 100_000];
    assert!(refusal(json!({"UserName": "a", "UserIdList": list}), Source::Json).len() < 600);
}

#[test]
fn schemas_that_are_no_shapes_are_refused() {
    let refused = |schema: Value| Shape::from_schema(&schema, "Any").unwrap_err().to_string();
    assert_eq!(
        refused(json!({"properties": {"A": {"$ref": "#/$defs/B"}}})),
        "`#/$defs/B` refers to nothing"
    );
    assert_eq!(
        refused(json!({"type": "string", "pattern": "("})),
        "pattern `(` does not compile"
    );
    let deep = (0..100).fold(
        json!({"type": "string"}),
        |inner, _| json!({"type": "array", "items": inner}),
    );
    assert_eq!(
        refused(json!({"type": "array", "prefixItems": [true]})),
        "AWS knows no tuples"
    );
    assert_eq!(refused(deep), "a schema nests deeper than 64 levels");
    let circle = json!({"$ref": "#/$defs/A", "$defs": {"A": {"allOf": [{"$ref": "#/$defs/A"}, {}]}}});
    assert!(Shape::from_schema(&circle, "Any").is_err());
    let circle = json!({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}});
    assert_eq!(
        refused(circle),
        "`#/$defs/A` is nothing but a reference to itself"
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("1")),
    ];
    let name = prop_oneof![
        Just("UserName"),
        Just("Tags"),
        Just("Key"),
        Just("member"),
        Just("entry"),
        Just("1"),
        Just("2"),
        Just("key"),
        Just("value"),
        Just("Attributes"),
        Just("Login"),
        Just("Password"),
        Just("UserIdList"),
        Just("MaxResults"),
        Just("Since"),
        Just("Anything"),
    ];
    leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|all| all
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_decodes_can_be_read_and_decodes_again(raw in any_json(), text in any::<bool>()) {
        let shape = Shape::of::<CreateUser>();
        let source = if text { Source::Text } else { Source::Json };
        if let Ok(value) = shape.decode(raw.clone(), source) {
            prop_assert!(serde_json::from_value::<CreateUser>(value.clone()).is_ok(), "{value}");
            prop_assert_eq!(shape.decode(value.clone(), Source::Json), Ok(value));
        }
        let text = recorded(&shape, &json!({ "Login": secret(raw) })).to_string();
        prop_assert!(!text.contains("open sesame"), "{text}");
    }
}

#[test]
fn no_string_holds_the_character_that_no_database_keeps() {
    let shape = Shape::of::<Tag>();
    let whole = json!({ "Key": "team", "Value": "a\u{1}b" });
    assert!(shape.decode(whole, Source::Json).is_ok());
    for (source, raw) in [
        (Source::Json, json!({ "Key": "te\0am" })),
        (Source::Text, json!({ "Key": "team", "Value": "\0" })),
    ] {
        let broken = shape.decode(raw, source).unwrap_err();
        let message = violations_message(&broken);
        assert!(
            message.ends_with(r"Member must satisfy regular expression pattern: [^\u0000]*"),
            "{message}"
        );
    }
}
