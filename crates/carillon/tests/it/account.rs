//! AWS accounts from the command line, while a server runs.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Setup, run, text};

#[test]
fn accounts_are_made_listed_and_shown_while_a_server_runs() {
    let setup = Setup::pinned();
    let server = setup.start();
    let data = setup.data_text();
    let said = |arguments: &[&str]| {
        let output = run(&[arguments, &["--data", &data]].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, created, _) = said(&[
        "account",
        "create",
        "--name",
        "Second",
        "--account-id",
        "999988887777",
    ]);
    assert_eq!(code, Some(0));
    assert!(
        created.contains("AKIA") && created.contains("999988887777"),
        "{created}"
    );
    assert_eq!(server.caller().status, 200);

    let (code, _, error) = said(&["account", "create", "--account-id", "999988887777"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("999988887777 already exists"), "{error}");
    let (code, _, _) = said(&["account", "create", "--account-id", "short"]);
    assert_eq!(code, Some(2));

    let (_, listed, _) = said(&["account", "list"]);
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.contains(ACCOUNT) && listed.contains("Second"), "{listed}");
    let (_, shown, _) = said(&["account", "show", "999988887777"]);
    assert!(shown.contains("Name        Second"), "{shown}");
    let (code, _, error) = said(&["account", "show", "000000000000"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("000000000000"), "{error}");
}

#[test]
fn the_trail_of_an_account_begins_with_its_creation() {
    let setup = Setup::pinned();
    let server = setup.start();
    let output = run(&["account", "create", "--data", &setup.data_text()]);
    let created = text(&output.stdout);
    let printed = |name: &str| {
        let line = created.lines().find_map(|line| line.trim().strip_prefix(name));
        line.unwrap().trim()
    };
    let account = printed("Account ID");
    let key = (printed("Access key ID"), printed("Secret access key"));
    let found = server.signed_by(key, "cloudtrail", "POST", "/", "{}").json();
    let [event] = found["Events"].as_array().unwrap().as_slice() else {
        panic!("{found}");
    };
    assert_eq!(event["EventName"], "CreateAwsAccount");
    let record = event["CloudTrailEvent"].as_str().unwrap();
    assert!(!record.contains(key.1) && !record.contains(printed("Root password")));
    let record: Value = serde_json::from_str(record).unwrap();
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["recipientAccountId"], account);
    assert_eq!(
        record["serviceEventDetails"],
        json!({ "initiator": "operator", "accountId": account })
    );
}

#[test]
fn chime_accounts_are_changed_while_a_server_runs() {
    let setup = Setup::pinned();
    let server = setup.start();
    let created = server
        .signed("chime", "POST", "/accounts", r#"{"Name":"Ours"}"#)
        .json();
    let id = created["Account"]["AccountId"].as_str().unwrap();
    let said = |command: &str, value: &str| {
        run(&["chime-account", command, id, value, "--data", &setup.data_text()])
    };
    assert!(text(&said("set-type", "EnterpriseLWA").stdout).contains("EnterpriseLWA"));
    let got = server
        .signed("chime", "GET", &format!("/accounts/{id}"), "")
        .json();
    assert_eq!(got["Account"]["AccountType"], "EnterpriseLWA");
    assert!(said("set-status", "Suspended").status.success());
    let got = server
        .signed("chime", "GET", &format!("/accounts/{id}"), "")
        .json();
    assert_eq!(got["Account"]["AccountStatus"], "Suspended");
    assert!(said("claim-domain", "example.com").status.success());
    assert!(said("release-domain", "example.com").status.success());
    assert_eq!(said("release-domain", "example.com").status.code(), Some(1));
    assert_eq!(said("set-type", "Nothing").status.code(), Some(2));

    // What failed changed nothing, and is not in the trail.
    let by = |(name, value): (&str, &str)| json!({ "AttributeKey": name, "AttributeValue": value });
    let asked = json!({ "LookupAttributes": [by(("ResourceName", id))] });
    let found = server
        .signed("cloudtrail", "POST", "/", &asked.to_string())
        .json();
    let events: Vec<Value> = found["Events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap())
        .filter(|event: &Value| event["eventType"] == "AwsServiceEvent")
        .collect();
    let mut changes: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event["eventName"].as_str().unwrap(),
                &event["serviceEventDetails"],
            )
        })
        .collect();
    changes.sort_by_key(|(name, _)| *name);
    let details = |name: &str, value: &str| json!({ "initiator": "operator", "accountId": id, name: value });
    assert_eq!(
        changes,
        [
            ("ClaimDomain", &details("domain", "example.com")),
            ("ReleaseDomain", &details("domain", "example.com")),
            ("SetAccountStatus", &details("accountStatus", "Suspended")),
            ("SetAccountType", &details("accountType", "EnterpriseLWA")),
        ]
    );
}

#[test]
fn the_audit_log_has_what_commands_change_and_how_the_first_account_began() {
    let setup = Setup::pinned();
    let path = setup.folder.path().join("audit.log");
    let log = path.to_str().unwrap();
    let setup = setup.arg("--audit-log").arg(log);
    let mut server = setup.start();
    let created = server
        .signed("chime", "POST", "/accounts", r#"{"Name":"Ours"}"#)
        .json();
    let id = created["Account"]["AccountId"].as_str().unwrap();
    let data = setup.data_text();
    let changed = run(&[
        "chime-account",
        "set-status",
        id,
        "Suspended",
        "--data",
        &data,
        "--audit-log",
        log,
    ]);
    assert!(changed.status.success(), "{}", text(&changed.stderr));
    let made = run(&[
        "account",
        "create",
        "--account-id",
        "999988887777",
        "--data",
        &data,
        "--audit-log",
        log,
    ]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    // Nothing is changed that could not be noted.
    let nowhere = format!("{data}/none/audit.log");
    let refused = run(&[
        "account",
        "create",
        "--account-id",
        "111100001111",
        "--data",
        &data,
        "--audit-log",
        &nowhere,
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("the audit log"));
    assert_eq!(
        run(&["account", "show", "111100001111", "--data", &data])
            .status
            .code(),
        Some(1)
    );
    server.stop();

    let written = std::fs::read_to_string(&path).unwrap();
    let records: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |name: &str| -> Vec<&Value> {
        records
            .iter()
            .filter(|record| record["eventName"] == name)
            .collect()
    };
    let accounts: Vec<&Value> = of("CreateAwsAccount")
        .iter()
        .map(|record| &record["recipientAccountId"])
        .collect();
    assert_eq!(accounts, [ACCOUNT, "999988887777"]);
    assert!(
        of("CreateAwsAccount")[0]["userAgent"]
            .as_str()
            .unwrap()
            .ends_with(" serve")
    );
    let [status] = of("SetAccountStatus")[..] else {
        panic!("{written}")
    };
    assert_eq!(status["serviceEventDetails"]["accountStatus"], "Suspended");
}
