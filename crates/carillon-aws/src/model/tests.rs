use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::shape::{Listed, Ranged};

crate::string_type! {
    /// The name of an account.
    pub AccountName, min: 1, max: 100, pattern: r".*\S.*", example: "Sales"
}
crate::string_type! {
    pub EmailAddress, pattern: r".+@.+\..+", example: "ada@example.com", sensitive
}
crate::string_type! {
    pub NonEmptyString, pattern: r".*\S.*", example: "a"
}
crate::string_enum! {
    /// What a user is.
    pub enum UserType { PrivateUser, SharedDevice }
}

/// Lists `users`,
/// a page at a time.
///
/// Second <paragraph>.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only its shape is used")]
struct ListUsers {
    account_id: NonEmptyString,
    /// The address to look for.
    user_email: Option<EmailAddress>,
    user_type: Option<UserType>,
    max_results: Option<Ranged<1, 200>>,
    next_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct ListUsersOutput {
    users: Vec<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct User {
    user_id: String,
    #[schemars(extend("x-timestamp" = true))]
    since: String,
    friends: Option<Vec<User>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only its shape is used")]
struct CreateAccount {
    name: AccountName,
    #[schemars(extend("x-sensitive" = true))]
    pin: Option<u16>,
    labels: Option<BTreeMap<String, String>>,
    names: Option<Listed<AccountName, 1, 5>>,
    ratio: Option<f64>,
    count: Option<u64>,
    anything: Option<Value>,
    note: Option<other::User>,
}

mod other {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "PascalCase")]
    pub struct User {
        #[expect(dead_code, reason = "only its shape is used")]
        other: bool,
    }
}

fn built() -> ServiceModel {
    let mut model = ServiceModel::new(Metadata::chime());
    model.add(&Operation {
        name: "ListUsers",
        doc: "Lists `users`,\na page at a time.\n\nSecond <paragraph>.",
        binding: Binding::new(
            "GET /accounts/{AccountId}/users?user-email={UserEmail}&user-type={UserType}\
             &max-results={MaxResults}&next-token={NextToken}",
        ),
        status: 200,
        input: &Shape::of::<ListUsers>(),
        output: &Shape::of_output::<ListUsersOutput>(),
        errors: &[("NotFoundException", 404), ("ServiceFailureException", 500)],
    });
    model.add(&Operation {
        name: "CreateAccount",
        doc: "",
        binding: Binding::new("POST /accounts?operation=create&dry"),
        status: 201,
        input: &Shape::of::<CreateAccount>(),
        output: &Shape::of_output::<()>(),
        errors: &[("NotFoundException", 404)],
    });
    model
}

fn planned() -> Value {
    serde_json::from_str(include_str!("../../../carillon-chime/model/planned.json")).unwrap()
}

#[test]
fn an_operation_is_described_by_its_types() {
    let Documents { service, paginators } = built().finish();
    assert_eq!(
        service["operations"]["ListUsers"],
        json!({
            "name": "ListUsers",
            "http": {"method": "GET", "requestUri": "/accounts/{accountId}/users", "responseCode": 200},
            "input": {"shape": "ListUsersRequest"},
            "output": {"shape": "ListUsersResponse"},
            "errors": [{"shape": "NotFoundException"}, {"shape": "ServiceFailureException"}],
            "documentation": "<p>Lists <code>users</code>, a page at a time.</p><p>Second &lt;paragraph&gt;.</p>",
        })
    );
    assert_eq!(
        service["operations"]["CreateAccount"]["http"]["requestUri"],
        "/accounts?operation=create&dry"
    );
    assert_eq!(service["operations"]["CreateAccount"].get("output"), None);
    let shapes = &service["shapes"];
    assert_eq!(
        shapes["ListUsersRequest"]["members"],
        json!({
            "AccountId": {"shape": "NonEmptyString", "location": "uri", "locationName": "accountId"},
            "UserEmail": {
                "shape": "EmailAddress",
                "documentation": "<p>The address to look for.</p>",
                "location": "querystring",
                "locationName": "user-email",
            },
            "UserType": {"shape": "UserType", "location": "querystring", "locationName": "user-type"},
            "MaxResults": {
                "shape": "IntegerFrom1To200", "location": "querystring", "locationName": "max-results",
            },
            "NextToken": {"shape": "String", "location": "querystring", "locationName": "next-token"},
        })
    );
    assert_eq!(shapes["ListUsersRequest"]["required"], json!(["AccountId"]));
    assert_eq!(
        shapes["EmailAddress"],
        json!({"type": "string", "pattern": r".+@.+\..+", "sensitive": true})
    );
    assert_eq!(shapes["UserType"]["enum"], json!(["PrivateUser", "SharedDevice"]));
    assert_eq!(
        shapes["IntegerFrom1To200"],
        json!({"type": "integer", "max": 200, "min": 1})
    );
    assert_eq!(
        shapes["Iso8601Timestamp"],
        json!({"type": "timestamp", "timestampFormat": "iso8601"})
    );
    assert_eq!(
        shapes["NotFoundException"],
        json!({
            "type": "structure",
            "members": {"Code": {"shape": "ErrorCode"}, "Message": {"shape": "String"}},
            "error": {"httpStatusCode": 404},
            "exception": true,
        })
    );
    assert_eq!(shapes["ServiceFailureException"]["fault"], true);
    assert_eq!(
        paginators["pagination"],
        json!({"ListUsers": {
            "input_token": "NextToken", "limit_key": "MaxResults", "output_token": "NextToken",
            "result_key": "Users",
        }})
    );
}

#[test]
fn every_kind_of_member_has_a_shape() {
    let service = built().finish().service;
    let shapes = &service["shapes"];
    let of = |member: &str| {
        let name = shapes["CreateAccountRequest"]["members"][member]["shape"]
            .as_str()
            .unwrap();
        (name.to_owned(), shapes[name]["type"].as_str().unwrap().to_owned())
    };
    let pair = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    assert_eq!(of("Pin"), pair("SensitiveInteger", "integer"));
    assert_eq!(of("Labels"), pair("StringMap", "map"));
    assert_eq!(of("Names"), pair("AccountNameListFrom1To5", "list"));
    assert_eq!(of("Ratio"), pair("Double", "double"));
    assert_eq!(of("Count"), pair("Long", "long"));
    assert_eq!(of("Anything"), pair("Document", "structure"));
    assert_eq!(shapes["AccountNameListFrom1To5"]["min"], 1);
}

#[test]
fn structures_of_the_same_name_are_kept_apart() {
    let service = built().finish().service;
    let shapes = &service["shapes"];
    // The first keeps the name; its reference to itself does too.
    assert!(shapes["User"]["members"].get("UserId").is_some());
    assert_eq!(shapes["User"]["members"]["Friends"]["shape"], "UserList");
    assert_eq!(shapes["UserList"]["member"]["shape"], "User");
    assert_eq!(
        shapes["CreateAccountRequest"]["members"]["Note"]["shape"],
        "User2"
    );
    assert!(shapes["User2"]["members"].get("Other").is_some());
}

/// Names of shapes that something refers to and that are not there.
fn dangling(model: &Value) -> Vec<String> {
    let shapes = model["shapes"].as_object().unwrap();
    let operations = model["operations"].as_object().unwrap();
    let references = operations
        .values()
        .flat_map(referred_by_operation)
        .chain(shapes.values().flat_map(|s| referred(s)));
    references
        .filter(|name| !shapes.contains_key(*name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_planned_model_is_complete() {
    let planned = planned();
    assert_eq!(dangling(&planned), Vec::<String>::new());
    let operations = planned["operations"].as_object().unwrap();
    let mut grouped = 0;
    for (group, count) in [
        ("chime", 62),
        ("chime-sdk-voice", 17),
        ("console", 37),
        ("supplement", 8),
    ] {
        let names = planned["groups"][group].as_array().unwrap();
        assert_eq!(names.len(), count, "{group}");
        for name in names {
            assert!(operations.contains_key(name.as_str().unwrap()), "{name}");
        }
        grouped += count;
    }
    assert_eq!(operations.len(), grouped, "an operation belongs to one group");
    for (name, operation) in operations {
        assert_eq!(operation["name"], **name);
        let uri = operation["http"]["requestUri"].as_str().unwrap();
        let members = &planned["shapes"][operation["input"]["shape"].as_str().unwrap_or_default()]["members"];
        for label in uri.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let bound = members.as_object().into_iter().flat_map(Map::values);
            let bound: Vec<&Value> = bound.filter(|member| member["locationName"] == label).collect();
            assert!(
                matches!(bound[..], [member] if member["location"] == "uri"),
                "{name}: {label}"
            );
        }
    }
    let text = planned.to_string();
    assert!(!text.contains("documentation"), "the file holds facts, not prose");
}

#[test]
fn planned_operations_fill_what_is_not_built() {
    let mut model = built();
    model.add_planned(&planned()).unwrap();
    let Documents { service, paginators } = model.finish();
    assert_eq!(dangling(&service), Vec::<String>::new());
    assert_eq!(service["operations"].as_object().unwrap().len(), 62 + 17 + 37 + 8);
    // Built operations are as their types say.
    assert_eq!(
        service["operations"]["CreateAccount"]["http"]["requestUri"],
        "/accounts?operation=create&dry"
    );
    let shapes = &service["shapes"];
    // Our user lacks most of AWS's members, so operations that are not built keep AWS's.
    let user = shapes["GetUserResponse"]["members"]["User"]["shape"]
        .as_str()
        .unwrap();
    assert!(shapes[user]["members"].get("PersonalPIN").is_some());
    assert_eq!(
        shapes["ListUsersResponse"]["members"]["Users"]["shape"],
        "UserList"
    );
    // Equal shapes are shared.
    assert_eq!(
        shapes["CreateUserRequest"]["members"]["UserType"]["shape"],
        "UserType"
    );
    assert_eq!(
        shapes["CreateUserRequest"]["members"]["AccountId"]["shape"],
        "NonEmptyString"
    );
    assert!(
        shapes["ErrorCode"]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .any(|code| code == "Unprocessable")
    );
    let pages = paginators["pagination"].as_object().unwrap();
    for name in [
        "ListAccounts",
        "ListUsers",
        "ListDomains",
        "ListVoiceConnectors",
        "ListCDRBucket",
    ] {
        assert!(pages.contains_key(name), "{name}");
    }
    assert!(!pages.contains_key("GetMeetingDetail"));
}

#[test]
fn a_planned_model_with_a_hole_is_refused() {
    let mut model = ServiceModel::new(Metadata::chime());
    let hole = json!({"operations": {"A": {"name": "A", "input": {"shape": "Missing"}}}, "shapes": {}});
    assert_eq!(
        model.add_planned(&hole),
        Err(Incomplete::Shape("Missing".to_owned()))
    );
    assert_eq!(model.add_planned(&json!({})), Err(Incomplete::Part("shapes")));
}

#[test]
fn drift_from_the_published_model_is_named() {
    let service = built().finish().service;
    let published = planned();
    let lines = drift(&service, &published, "ListUsers");
    assert!(
        lines.iter().all(|line| line.contains(" output")),
        "the input is AWS's: {lines:?}"
    );
    assert!(lines.contains(&"ListUsers output.Users[member].PersonalPIN: is missing".to_owned()));
    assert!(lines.contains(&"ListUsers output.Users[member].Since: AWS has no such member".to_owned()));
    let lines = drift(&service, &published, "CreateAccount");
    assert_eq!(
        lines[0],
        r#"CreateAccount: requestUri is "/accounts?operation=create&dry", AWS has "/accounts""#
    );
    assert_eq!(drift(&published, &published, "ListUsers"), Vec::<String>::new());
    assert_eq!(drift(&service, &published, "GetUser").len(), 1);
}
