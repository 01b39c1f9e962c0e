//! Flag before environment before file.

use std::fs;
use std::net::TcpListener;

use crate::harness::{Setup, run, text};

/// A port that is free now.
fn port() -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}

#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let (flag, environment, file) = (port(), port(), port());
    let mut setup = Setup::pinned();
    setup.arguments.clear();
    fs::create_dir(setup.data()).unwrap();
    fs::write(
        setup.data().join("carillon.toml"),
        format!("listen = \"{file}\"\n"),
    )
    .unwrap();

    let mut server = setup.start();
    assert_eq!(server.address, file);
    assert_eq!(server.stop(), Some(0));
    let setup = setup.env("CARILLON_LISTEN", &environment);
    let mut server = setup.start();
    assert_eq!(server.address, environment);
    assert_eq!(server.stop(), Some(0));
    let setup = setup.arg("--listen").arg(&flag);
    assert_eq!(setup.start().address, flag);
}

#[test]
fn a_file_that_is_wrong_is_said_with_its_key() {
    let setup = Setup::pinned();
    let path = setup.folder.path().join("options.toml");
    let setup = setup.env("CARILLON_CONFIG", &path.display().to_string());
    let said = setup.fail();
    assert!(said.contains("options.toml"), "{said}");
    for (content, expected) in [
        ("lisen = \"127.0.0.1:1\"", "`lisen`"),
        ("log-format = \"xml\"", "xml"),
        ("config = \"other.toml\"", "`config`"),
        ("[listen]\nport = 1", "`listen`"),
        (
            "log-level = \"info\"\nsmtp-url = \"smtp://a:hunter2@relay",
            "line 2",
        ),
    ] {
        fs::write(&path, content).unwrap();
        let said = setup.fail();
        assert!(
            said.contains(expected) && said.contains("options.toml") && !said.contains("hunter2"),
            "{content}: {said}"
        );
    }
}

#[test]
fn a_file_may_list() {
    let setup = Setup::pinned();
    fs::create_dir(setup.data()).unwrap();
    let lines = "trusted-proxy = [\"127.0.0.0/8\", \"::1\"]\nlog-level = \"debug\"\n";
    fs::write(setup.data().join("carillon.toml"), lines).unwrap();
    assert_eq!(setup.start().caller().status, 200);
    // Other commands read the same file, and take what is theirs.
    let output = run(&["account", "list", "--data", &setup.data_text()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn secrets_are_not_shown_again() {
    let setup = Setup::pinned()
        .env("CARILLON_SMTP_URL", "smtp://ada:hunter2@relay.example:port")
        .env("CARILLON_SERVER_KEY", "hunter3");
    let said = setup.fail();
    assert!(!said.contains("hunter"), "{said}");
    let help = run(&["serve", "--help"]);
    assert!(text(&help.stdout).contains("[default: 127.0.0.1:8080]"));
}

#[test]
fn usage_errors_have_their_own_status() {
    for arguments in [
        &["serve", "--no-such-option"][..],
        &["no-such-command"],
        &["policy"],
        &[],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_file_that_is_named_may_say_where_the_data_is() {
    let setup = Setup::pinned();
    let path = setup.folder.path().join("carillon.toml");
    let elsewhere = setup.folder.path().join("elsewhere");
    fs::write(&path, format!("data = \"{}\"\n", elsewhere.display())).unwrap();
    let output = run(&["account", "list", "--config", &path.display().to_string()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(elsewhere.join("carillon.db").exists());

    // One that was found there cannot.
    fs::copy(&path, elsewhere.join("carillon.toml")).unwrap();
    let output = run(&["account", "list", "--data", &elsewhere.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("`data`"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn options_of_a_pair_may_come_from_different_sources() {
    let setup = Setup::pinned()
        .arg("--tls-certificate")
        .arg("no-such-certificate.pem");
    let said = setup.fail();
    assert!(said.contains("a certificate needs its key"), "{said}");
    fs::create_dir(setup.data()).unwrap();
    let file = setup.data().join("carillon.toml");
    fs::write(&file, "tls-key = \"no-such-key.pem\"\n").unwrap();
    // It got as far as reading them.
    let said = setup.fail();
    assert!(said.contains("no-such-certificate.pem"), "{said}");
}

#[test]
fn of_two_server_keys_the_one_of_the_higher_source_counts() {
    let of = |digit: &str| digit.repeat(64);
    let setup = Setup::pinned().env("CARILLON_SERVER_KEY", &of("a"));
    assert_eq!(setup.start().stop(), Some(0));
    let key_file = setup.folder.path().join("key");
    let key_file_text = key_file.display().to_string();
    let options = setup.data().join("carillon.toml");

    // The environment before the file.
    fs::write(&options, format!("server-key-file = \"{key_file_text}\"\n")).unwrap();
    assert_eq!(setup.start().stop(), Some(0));
    // A flag before the environment and the file.
    fs::write(&options, format!("server-key = \"{}\"\n", of("c"))).unwrap();
    fs::write(&key_file, of("a")).unwrap();
    let setup = setup
        .env("CARILLON_SERVER_KEY", &of("b"))
        .arg("--server-key-file")
        .arg(&key_file_text);
    assert_eq!(setup.start().stop(), Some(0));
    // Of one source, neither.
    let said = setup.arg("--server-key").arg(&of("a")).fail();
    assert!(
        said.contains("two server keys") && !said.contains(&of("a")),
        "{said}"
    );
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let names = run(&["serve", "--help"]).stdout;
    let names = text(&names);
    let names: Vec<_> = names
        .split("[env: ")
        .skip(1)
        .map(|rest| rest.split(['=', ']']).next().unwrap().trim())
        .collect();
    assert!(
        names.contains(&"CARILLON_SMTP_URL") && names.len() > 15,
        "{names:?}"
    );
    let mut setup = Setup::pinned();
    let pinned = setup.environment.clone();
    setup.environment = names
        .iter()
        .map(|name| ((*name).to_owned(), String::new()))
        .collect();
    setup.environment.extend(pinned);
    fs::create_dir(setup.data()).unwrap();
    // The file comes after the environment, but not after nothing.
    fs::write(setup.data().join("carillon.toml"), "log-level = \"debug\"\n").unwrap();
    let mut server = setup.start();
    assert_eq!(server.caller().status, 200);
    assert_eq!(server.stop(), Some(0));
}
