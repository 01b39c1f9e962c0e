//! Audit records as JSON Lines.

use std::fs;

use serde_json::Value;

use crate::harness::{PASSWORD, SECRET, Setup};

fn records(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn each_request_is_a_line_of_the_file() {
    let setup = Setup::pinned();
    let path = setup.folder.path().join("audit.jsonl");
    let setup = setup.arg("--audit-log").arg(&path.display().to_string());
    let mut server = setup.start();
    server.caller();
    server.signed("chime", "POST", "/accounts", r#"{"Name":"Recorded"}"#);
    let whole = |count: usize| {
        let path = path.clone();
        move |_: &crate::harness::Server| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            (text.lines().count() == count).then_some(text)
        }
    };
    let text = server.wait_for(whole(3));
    let names: Vec<Value> = records(&text)
        .iter()
        .map(|record| record["eventName"].clone())
        .collect();
    assert_eq!(names, ["CreateAwsAccount", "GetCallerIdentity", "CreateAccount"]);
    assert!(!text.contains(SECRET) && !text.contains(PASSWORD));

    // Somebody moves the file away, as log rotation does.
    fs::rename(&path, path.with_extension("1")).unwrap();
    server.signal("HUP");
    server.wait_for(|_| path.exists().then_some(()));
    server.caller();
    server.wait_for(whole(1));
    // What waits is written before the end.
    for _ in 0..20 {
        server.caller();
    }
    assert_eq!(server.stop(), Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 21);
}

#[test]
fn it_may_go_to_standard_output() {
    let setup = Setup::pinned().env("CARILLON_AUDIT_LOG", "-");
    assert_eq!(setup.start().stop(), Some(0));
    // A second start has nothing else to say.
    let mut server = setup.start();
    server.caller();
    assert_eq!(server.stop(), Some(0));
    assert_eq!(records(&server.stdout())[0]["eventName"], "GetCallerIdentity");
}

#[test]
fn only_a_trusted_proxy_speaks_for_others() {
    let forwarded = [
        ("x-forwarded-for", "198.51.100.7, 203.0.113.9, 127.0.0.2"),
        ("x-forwarded-proto", "https"),
    ];
    let source = |setup: Setup| {
        let setup = setup.env("CARILLON_AUDIT_LOG", "-");
        assert_eq!(setup.start().stop(), Some(0));
        let mut server = setup.start();
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        assert_eq!(
            server.signed_with("sts", "POST", "/", body, &forwarded).status,
            200
        );
        assert_eq!(server.stop(), Some(0));
        records(&server.stdout())[0]["sourceIPAddress"].clone()
    };
    assert_eq!(source(Setup::pinned()), "127.0.0.1");
    assert_eq!(
        source(Setup::pinned().env("CARILLON_TRUSTED_PROXY", "127.0.0.0/8,::1")),
        "203.0.113.9"
    );
}
