use super::*;

const BATCH_UPDATE_USER: Binding = Binding::new("POST /accounts/{AccountId}/users");
const INVITE_USERS: Binding = Binding::new("POST /accounts/{AccountId}/users?operation=add");
const LIST_USERS: Binding = Binding::new(
    "GET /accounts/{AccountId}/users?user-email={UserEmail}&max-results={MaxResults}&next-token={NextToken}",
);
const GET_USER_BY_EMAIL: Binding =
    Binding::new("GET /accounts/{AccountId}/users?operation=get-by-email&user-email={UserEmail}");
const GET_USER: Binding = Binding::new("GET /accounts/{AccountId}/users/{UserId}");
const LIST_ACCOUNTS: Binding = Binding::new("GET /accounts?name={Name}");
const GET_PHONE_NUMBER: Binding = Binding::new("GET /phone-numbers/{PhoneNumberId}");
const SEARCH: Binding = Binding::new("GET /search?type=phone-numbers&toll-free-prefix={TollFreePrefix}");
const ALL: [Binding; 8] = [
    BATCH_UPDATE_USER,
    INVITE_USERS,
    LIST_USERS,
    GET_USER_BY_EMAIL,
    GET_USER,
    LIST_ACCOUNTS,
    GET_PHONE_NUMBER,
    SEARCH,
];

/// The binding found and its members as JSON, or what else came of it.
fn find(method: &str, path: &str, query: &str) -> String {
    match Router::new(&ALL).unwrap().find(method, path, Some(query)) {
        Ok(Route::Found { index, text }) => {
            format!(
                "{} {}",
                ALL[index].as_str().split(['{', '&']).next().unwrap(),
                serde_json::Value::from(text)
            )
        }
        Ok(other) => format!("{other:?}"),
        Err(malformed) => malformed.to_string(),
    }
}

#[test]
fn the_most_specific_query_wins() {
    let users = "/accounts/1/users";
    assert!(matches!(
        router().find("POST", users, None),
        Ok(Route::Found { index: 0, .. })
    ));
    assert!(matches!(
        router().find("POST", users, Some("operation=add")),
        Ok(Route::Found { index: 1, .. })
    ));
    assert_eq!(find("POST", users, "operation=delete-all"), "NotFound");
    assert_eq!(find("POST", users, "operation=add&operation=suspend"), "NotFound");
    assert_eq!(find("GET", "/accounts/1/users/2", "operation=logout"), "NotFound");
    assert!(matches!(
        router().find("GET", users, Some("user-email=a&operation=get-by-email")),
        Ok(Route::Found { index: 3, .. })
    ));
    assert_eq!(find("GET", "/search", ""), "NotFound");
}

fn router() -> Router {
    Router::new(&ALL).unwrap()
}

#[test]
fn labels_and_query_members_are_decoded_after_splitting() {
    assert_eq!(
        find("GET", "/phone-numbers/%2B12065550100", ""),
        r#"GET /phone-numbers/ {"PhoneNumberId":"+12065550100"}"#
    );
    assert_eq!(
        find("GET", "/accounts/a%2Fb/users/%E2%82%AC", ""),
        r#"GET /accounts/ {"AccountId":"a/b","UserId":"€"}"#
    );
    assert_eq!(
        find("GET", "/accounts", "name=R%26D+%3D"),
        r#"GET /accounts?name= {"Name":"R&D+="}"#
    );
    assert_eq!(
        find("GET", "/accounts", "name=a&name=b&x"),
        r#"GET /accounts?name= {"Name":["a","b"]}"#
    );
    assert_eq!(find("GET", "/%61ccounts", ""), "GET /accounts?name= {}");
}

#[test]
fn console_prefix_and_trailing_slash_are_accepted() {
    assert_eq!(find("GET", "/console/accounts/", ""), "GET /accounts?name= {}");
    assert_eq!(find("GET", "/consoleaccounts", ""), "NotFound");
    assert_eq!(find("GET", "/accounts//users", ""), "NotFound");
    assert_eq!(find("GET", "/", ""), "NotFound");
    assert_eq!(find("GET", "", ""), "NotFound");
    assert_eq!(find("GET", &"/a".repeat(100), ""), "NotFound");
}

#[test]
fn a_known_path_with_another_method_is_told_apart() {
    assert_eq!(find("DELETE", "/accounts", ""), "MethodNotAllowed");
    assert_eq!(find("DELETE", "/nothing", ""), "NotFound");
}

#[test]
fn broken_escapes_are_refused() {
    let broken = Malformed::Escape.to_string();
    assert_eq!(find("GET", "/accounts/%2", ""), broken);
    assert_eq!(find("GET", "/accounts/%zz", ""), broken);
    assert_eq!(find("GET", "/accounts", "name=%"), broken);
    assert_eq!(find("GET", "/accounts/%FF", ""), Malformed::NotUtf8.to_string());
    assert_eq!(
        find("GET", "/accounts", &"a&".repeat(300)),
        Malformed::QueryTooLong.to_string()
    );
}

#[test]
fn bindings_that_cannot_be_told_apart_are_refused() {
    let other = Binding::new("GET /accounts/{Id}/users/{UserId}?max-results={MaxResults}");
    assert_eq!(
        Router::new(&[GET_USER, other]).unwrap_err(),
        Ambiguous(GET_USER.as_str(), other.as_str())
    );
}

#[test]
fn fixed_segments_win_and_the_search_goes_back() {
    const BINDINGS: [Binding; 3] = [
        Binding::new("GET /a/{X}/c"),
        Binding::new("GET /a/b/d"),
        Binding::new("POST /a/b/c"),
    ];
    let router = Router::new(&BINDINGS).unwrap();
    let index = |method: &str, path: &str| match router.find(method, path, None) {
        Ok(Route::Found { index, .. }) => Some(index),
        _ => None,
    };
    assert_eq!(index("GET", "/a/b/c"), Some(0));
    assert_eq!(index("GET", "/a/b/d"), Some(1));
    assert_eq!(index("POST", "/a/b/c"), Some(2));
    assert_eq!(index("POST", "/a/x/c"), None);
}

#[test]
fn a_binding_says_what_it_binds() {
    assert!(GET_USER_BY_EMAIL.binds("AccountId"));
    assert!(GET_USER_BY_EMAIL.binds("UserEmail"));
    assert!(!GET_USER_BY_EMAIL.binds("operation"));
    assert_eq!(GET_USER_BY_EMAIL.method(), "GET");
    assert_eq!(GET_USER_BY_EMAIL.path(), "/accounts/{AccountId}/users");
    assert_eq!(
        GET_USER_BY_EMAIL.query().collect::<Vec<_>>(),
        [
            QueryMember::Fixed {
                name: "operation",
                value: "get-by-email"
            },
            QueryMember::Bound {
                name: "user-email",
                member: "UserEmail"
            },
        ]
    );
    assert_eq!(Binding::new("GET /").segments().count(), 0);
}

#[test]
fn malformed_lines_are_refused() {
    for line in [
        "",
        "GET",
        "GET ",
        "get /",
        "GET accounts",
        "GET /a//b",
        "GET /a/",
        "GET /{1}",
        "GET /{-a}",
        "GET /{A",
        "GET /{A}b",
        "GET /a{A}",
        "GET /a?",
        "GET /a?b=c&",
        "GET /a?=c",
        "GET /a b",
        "GET /{A}/{A}",
        "GET /{A}?a={A}",
        "GET /a?b=c=d",
        "GET /ä",
    ] {
        let line: &'static str = line;
        assert!(
            std::panic::catch_unwind(|| Binding::new(line)).is_err(),
            "`{line}` was accepted"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_request_line_is_answered(method in "[A-Z]{1,6}", path in ".{0,60}", query in ".{0,60}") {
        let _ = router().find(&method, &path, Some(&query));
    }

    #[test]
    fn what_a_client_encodes_is_what_we_read(value in "\\PC{1,20}") {
        let encoded = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC).to_string();
        let path = format!("/phone-numbers/{encoded}");
        let Ok(Route::Found { text, .. }) = router().find("GET", &path, None) else { panic!("not found") };
        proptest::prop_assert_eq!(&text["PhoneNumberId"], &value);
    }
}
