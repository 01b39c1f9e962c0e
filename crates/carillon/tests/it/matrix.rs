//! The published table, asked for.

use crate::harness::{carillon, text};

#[test]
fn the_server_does_what_the_table_says() {
    // Whatever the environment says, it asks a server of its own.
    let output = carillon(&["matrix"])
        .env("CARILLON_DATABASE", "postgres://nobody@127.0.0.1:1/none")
        .env("CARILLON_LISTEN", "192.0.2.1:1")
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    let rows: Vec<&str> = said.lines().filter(|line| line.starts_with("  chime:")).collect();
    assert_eq!(rows.len(), 84);
    let cell = |action: &str, column: usize| {
        let row = rows
            .iter()
            .find(|row| row.contains(&format!("chime:{action} ")))
            .unwrap();
        row.split_whitespace()
            .nth(column)
            .unwrap()
            .trim_end_matches('*')
            .to_owned()
    };
    assert_eq!(cell("CreateAccount", 1), "allowed");
    assert_eq!(cell("CreateAccount", 2), "denied");
    assert_eq!(cell("GetMeetingDetail", 3), "denied");
    assert_eq!(cell("ListCDRBucket", 3), "allowed");
    assert!(
        rows.iter().all(|row| row.ends_with("denied")),
        "without a policy nothing is allowed: {said}"
    );
    let last = said
        .lines()
        .find(|line| line.trim_start().starts_with("allowed"))
        .unwrap();
    assert_eq!(
        last.split_whitespace().collect::<Vec<_>>(),
        ["allowed", "84", "31", "27", "0"]
    );
}
