//! What a first start creates and says, once.

use crate::harness::{ACCOUNT, KEY, PASSWORD, SECRET, Setup};

#[test]
fn credentials_are_drawn_and_printed_once() {
    let setup = Setup::unpinned();
    let mut server = setup.start();
    let said = server.stdout();
    let value = |name: &str| {
        let (_, rest) = said
            .split_once(name)
            .unwrap_or_else(|| panic!("{name} in {said}"));
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let key = value("Access key ID");
    assert!(key.starts_with("AKIA") && key.len() == 20, "{said}");
    assert_eq!(value("Secret access key").len(), 40);
    assert!(value("Root password").len() >= 20);
    let account = value("Account ID");
    assert_eq!(
        value("Console sign-in"),
        format!("http://{}/{account}/console", server.address)
    );
    assert_eq!(value("Endpoint"), format!("http://{}", server.address));
    assert!(said.matches("\n  aws ").count() >= 3, "{said}");
    // Logs are kept and shipped; secrets must not be in them.
    assert!(!server.stderr().contains(&value("Secret access key")));
    assert_eq!(server.stop(), Some(0));

    let again = setup.start();
    assert_eq!(again.stdout(), "");
    assert!(!again.stderr().contains(&key));
}

#[test]
fn what_is_given_is_taken_and_its_secrets_are_not_printed() {
    let setup = Setup::pinned();
    let mut server = setup.start();
    assert!(
        server
            .caller()
            .body
            .contains(&format!("arn:aws:iam::{ACCOUNT}:root"))
    );
    let said = server.stdout() + &server.stderr();
    assert!(
        said.contains(KEY) && !said.contains(SECRET) && !said.contains(PASSWORD),
        "{said}"
    );
    assert_eq!(server.stop(), Some(0));

    // Later starts change nothing.
    let setup = setup.env("CARILLON_ACCOUNT_ID", "999988887777");
    assert!(setup.start().caller().body.contains(ACCOUNT));
}

#[test]
fn what_cannot_be_is_refused() {
    for (name, value) in [
        ("CARILLON_ACCOUNT_ID", "12345"),
        ("CARILLON_ROOT_ACCESS_KEY_ID", "short"),
        ("CARILLON_ROOT_ACCESS_KEY_ID", "ASIAROOTOFTHETESTS01"),
        ("CARILLON_ROOT_SECRET_ACCESS_KEY", "hunter2"),
        ("CARILLON_ROOT_PASSWORD", "hunter2"),
    ] {
        let said = Setup::pinned().env(name, value).fail();
        assert!(said.contains(name) || said.contains(value), "{name}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
