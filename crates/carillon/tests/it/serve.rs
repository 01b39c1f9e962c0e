//! Start and stop.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::harness::{PASSWORD, Setup, in_database};

#[test]
fn it_starts_serves_and_stops() {
    let setup = Setup::pinned();
    let mut server = setup.start();
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(server.caller().status, 200);
    assert_eq!(server.stop(), Some(0));

    let mut again = setup.start();
    // Promised are 300 ms; the machine of a test may be busy with other things.
    assert!(
        again.started_in < Duration::from_secs(3),
        "{:?}",
        again.started_in
    );
    assert_eq!(again.caller().status, 200);
    again.signal("INT");
    assert_eq!(again.ended(), Some(0));
}

#[test]
fn a_request_in_progress_is_finished_and_an_idle_connection_is_not_waited_for() {
    let mut server = Setup::pinned().start();
    let _idle = server.connect();
    let mut busy = server.connect();
    busy.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nActi")
        .unwrap();
    // The server has it in hand when it serves others after it.
    assert_eq!(server.get("/healthz").status, 200);
    server.signal("TERM");
    server.wait_for(|server| server.stderr().contains("stopping").then_some(()));
    busy.write_all(b"on=Xyz").unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let began = Instant::now();
    assert_eq!(server.ended(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_was_begun_is_done_though_the_client_left() {
    let setup = Setup::pinned();
    let mut server = setup.start();
    let ask = |action: &str, user: usize| {
        format!("Action={action}&Version=2010-05-08&UserName=user-{user}&Password={PASSWORD}")
    };
    for user in 0..8 {
        let made = server.signed("iam", "POST", "/", &ask("CreateUser", user));
        assert_eq!(made.status, 200, "{made:?}");
    }
    // Passwords take a while.
    let asked: Vec<_> = (0..8)
        .map(|user| server.asked("iam", "POST", "/", &ask("CreateLoginProfile", user)))
        .collect();
    // Each is being answered, or was already.
    server.wait_for(|server| {
        let metrics = server.get("/metrics").body;
        let counted = |line: &&str| {
            line.starts_with("carillon_requests_answering ")
                || line.starts_with(r#"carillon_requests_total{action="iam:CreateLoginProfile""#)
        };
        let number = |line: &str| line.rsplit(' ').next()?.parse::<u32>().ok();
        let begun: u32 = metrics.lines().filter(counted).filter_map(number).sum();
        (begun == 8).then_some(())
    });
    drop(asked);
    assert_eq!(server.stop(), Some(0));

    let again = setup.start();
    for user in 0..8 {
        let got = again.signed("iam", "POST", "/", &ask("GetLoginProfile", user));
        assert_eq!(got.status, 200, "{got:?}");
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let setup = Setup::pinned();
    assert_eq!(setup.start().stop(), Some(0));
    in_database(
        &setup.data(),
        "INSERT INTO schema_version (version, name) VALUES (9999, 'of a release to come')",
    );
    let said = setup.fail();
    assert!(said.contains("9999") && said.contains("newer release"), "{said}");
}

#[test]
fn the_server_key_is_kept_and_another_one_refused() {
    let setup = Setup::pinned();
    assert_eq!(setup.start().stop(), Some(0));
    let path = setup.data().join("server.key");
    let key = fs::read_to_string(&path).unwrap();
    assert_eq!(key.trim().len(), 64);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    fs::write(&path, "00".repeat(32)).unwrap();
    let said = setup.fail();
    assert!(said.contains("not the server key"), "{said}");
    fs::write(&path, "not a key").unwrap();
    let said = setup.fail();
    assert!(
        said.contains("64 hexadecimal digits") && !said.contains("not a key"),
        "{said}"
    );
    fs::remove_file(&path).unwrap();
    let said = setup.fail();
    assert!(said.contains("no server key"), "{said}");
    assert!(!path.exists());

    let setup = setup.env("CARILLON_SERVER_KEY", key.trim());
    let server = setup.start();
    assert_eq!(server.caller().status, 200);
}

#[test]
fn what_cannot_be_used_is_said() {
    let server = Setup::pinned().start();
    let taken = Setup::pinned().arg("--listen").arg(&server.address);
    // The first of two is refused as a usage error, so take the one that is there away.
    let taken = Setup {
        arguments: taken.arguments[2..].to_vec(),
        ..taken
    };
    let said = taken.fail();
    assert!(said.contains(&server.address), "{said}");
    for (name, value) in [
        ("CARILLON_DATABASE", "mysql://localhost/x"),
        ("CARILLON_TLS_CERTIFICATE", "/nonexistent.pem"),
        ("CARILLON_SMTP_URL", "http://relay.example"),
        ("CARILLON_AUDIT_LOG", "/nonexistent/audit.jsonl"),
    ] {
        let setup = Setup::pinned()
            .env(name, value)
            .env("CARILLON_TLS_KEY", "/nonexistent.key");
        let setup = match name {
            "CARILLON_TLS_CERTIFICATE" => setup,
            _ => without(setup, "CARILLON_TLS_KEY"),
        };
        let said = setup.fail();
        assert!(!said.is_empty() && !said.contains("panicked"), "{name}: {said}");
    }
}

fn without(mut setup: Setup, name: &str) -> Setup {
    setup.environment.remove(name);
    setup
}
