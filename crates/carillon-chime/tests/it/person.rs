//! What people change of themselves.

use std::time::Duration;

use serde_json::json;

use crate::world::{PASSWORD, sqlite, text, worlds};

#[tokio::test]
async fn people_end_their_other_sessions() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (_, mut desk) = world.member(&account, "ada@example.com").await;
        let (_, mut bob) = world.member(&account, "bob@example.com").await;
        let (mut phone, mut lost) = (world.browser(), world.browser());
        phone.sign_in("ada@example.com", PASSWORD).await;
        lost.sign_in("ada@example.com", PASSWORD).await;
        let id_of = |page: &str| {
            let (_, rest) = page
                .split_once("name=\"session\" value=\"")
                .expect("another session");
            rest.split('"').next().unwrap().to_owned()
        };
        // Of another person: nothing happens.
        let of_ada = id_of(&desk.open("/portal/sessions").await.text);
        bob.open("/portal").await;
        assert_eq!(
            bob.post("/portal/sessions/end", &[("session", &of_ada)])
                .await
                .status,
            303
        );
        assert!(phone.is_signed_in().await && lost.is_signed_in().await);

        assert_eq!(
            desk.post("/portal/sessions/end", &[("session", &of_ada)])
                .await
                .status,
            303
        );
        assert_eq!(world.server.last_event()["eventName"], "UserSessionEnd");
        assert_eq!(
            [phone.is_signed_in().await, lost.is_signed_in().await]
                .iter()
                .filter(|is| **is)
                .count(),
            1
        );
        assert_eq!(desk.post("/portal/sessions/end", &[]).await.status, 303);
        assert!(!phone.is_signed_in().await && !lost.is_signed_in().await);
        assert!(desk.is_signed_in().await && bob.is_signed_in().await);
    }
}

#[tokio::test]
async fn people_get_another_pin() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (before, mut browser) = world.member(&account, "ada@example.com").await;
        browser.open("/portal").await;
        assert_eq!(browser.post("/portal/pin", &[]).await.status, 303);
        assert_eq!(world.server.last_event()["eventName"], "UserPersonalPinReset");
        let after = world.user(&account, "ada@example.com").await;
        assert_ne!(before["PersonalPIN"], after["PersonalPIN"]);
        assert!(
            browser
                .open("/portal")
                .await
                .text
                .contains(&text(&after["PersonalPIN"]))
        );
        assert!(
            !world
                .server
                .last_event()
                .to_string()
                .contains(&text(&after["PersonalPIN"])),
            "it is a secret"
        );
    }
}

#[tokio::test]
async fn nobody_changes_itself_without_end() {
    let world = sqlite().await;
    let account = world.account("A").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    browser.open("/portal").await;
    for _ in 0..20 {
        assert_eq!(browser.post("/portal/pin", &[]).await.status, 303);
    }
    assert_eq!(browser.post("/portal/pin", &[]).await.status, 429);
    world.server.clock().advance(Duration::from_secs(60));
    assert_eq!(browser.post("/portal/pin", &[]).await.status, 303);
}

#[tokio::test]
async fn people_call_themselves_as_they_like() {
    let world = sqlite().await;
    let account = world.account("A").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    browser.open("/portal").await;
    let long = "a".repeat(129);
    for wrong in ["", "   ", "two\nlines", "\u{2028}", &long] {
        let page = browser.post("/portal/name", &[("display_name", wrong)]).await;
        assert_eq!(page.status, 400, "{wrong}");
        assert!(page.text.contains("role=\"alert\"") && page.text.contains("aria-invalid=\"true\""));
    }
    let hostile = "\"><script>alert('x')</script>";
    assert_eq!(
        browser
            .post("/portal/name", &[("display_name", hostile)])
            .await
            .status,
        303
    );
    assert_eq!(
        world.user(&account, "ada@example.com").await["DisplayName"],
        hostile
    );
    let page = browser.open("/portal").await.text;
    assert!(
        !page.contains("<script") && page.contains("&#60;script&#62;"),
        "{page}"
    );
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (_, mut desk) = world.member(&account, "ada@example.com").await;
        let mut phone = world.browser();
        phone.sign_in("ada@example.com", PASSWORD).await;
        desk.open("/portal/password").await;
        let change = [("password", PASSWORD), ("new_password", "another bicycle 7")];
        let guess = [("password", "a guess"), ("new_password", "another bicycle 7")];
        let weak = [("password", PASSWORD), ("new_password", "ada@example.com")];
        assert_eq!(desk.post("/portal/password", &guess).await.status, 401);
        assert_eq!(desk.post("/portal/password", &weak).await.status, 400);
        let before = desk.cookie.clone();
        assert_eq!(desk.post("/portal/password", &change).await.status, 303);
        assert_eq!(world.server.last_event()["eventName"], "UserPasswordChange");
        assert_ne!(desk.cookie, before, "a new session");
        assert!(desk.is_signed_in().await && !phone.is_signed_in().await);
        assert_eq!(phone.sign_in("ada@example.com", PASSWORD).await.status, 401);
        assert_eq!(
            phone.sign_in("ada@example.com", "another bicycle 7").await.status,
            303
        );
    }
}

#[tokio::test]
async fn a_stolen_session_does_not_guess_the_password() {
    let world = sqlite().await;
    let account = world.account("A").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    browser.open("/portal/password").await;
    let guess = [("password", "a guess"), ("new_password", "another bicycle 7")];
    for _ in 0..5 {
        assert_eq!(browser.post("/portal/password", &guess).await.status, 401);
    }
    assert_eq!(browser.post("/portal/password", &guess).await.status, 429);
}

#[tokio::test]
async fn signing_in_ends_the_session_that_the_browser_had() {
    let world = sqlite().await;
    let account = world.account("A").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    let planted = browser.cookie.clone();
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status, 303);
    assert_ne!(browser.cookie, planted);
    browser.cookie = planted;
    assert!(
        !browser.is_signed_in().await,
        "whoever planted the cookie has nothing of it"
    );
}

#[tokio::test]
async fn people_come_back_to_where_they_wanted_to_go() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.member(&account, "ada@example.com").await;
    let mut browser = world.browser();
    let page = browser.open("/portal/sessions?a=b").await;
    assert_eq!(
        page.headers["location"],
        "/signin?to=%2Fportal%2Fsessions%3Fa%3Db"
    );
    let page = browser.open("/signin?to=%2Fportal%2Fsessions%3Fa%3Db").await;
    assert!(
        page.text.contains("name=\"to\" value=\"/portal/sessions?a=b\""),
        "{}",
        page.text
    );
    let fields = [
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("to", "/oauth2/authorize?a=b"),
    ];
    // Not a redirect: browsers would not follow it on to another site.
    let page = world.browser().post("/signin", &fields).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("content=\"0;url=/oauth2/authorize?a=b\""),
        "{}",
        page.text
    );
    assert!(page.headers.contains_key("set-cookie"));
    for (to, location) in [
        ("/portal/sessions", "/portal/sessions"),
        ("//evil.example/", "/portal"),
        ("https://evil.example/", "/portal"),
        ("/\\evil.example", "/portal"),
    ] {
        let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("to", to)];
        let page = world.browser().post("/signin", &fields).await;
        assert_eq!(
            (page.status, &page.headers["location"]),
            (303, &location.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn the_first_step_is_the_same_for_everybody() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.member(&account, "ada@example.com").await;
    let step = async |email: &str| {
        let page = world.browser().post("/signin", &[("email", email)]).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("type=\"password\""));
        page.text.replace(email, "")
    };
    assert_eq!(step("ada@example.com").await, step("nobody@example.net").await);
}

#[tokio::test]
async fn suspended_people_are_out_and_told_whom_to_ask() {
    for world in worlds().await {
        let account = world.account("Example Corp").await;
        let (user, mut browser) = world.member(&account, "ada@example.com").await;
        world.claim(&account, "example.com").await;
        let path = format!("/accounts/{account}/users?operation=suspend");
        let suspended = world
            .call("POST", &path, json!({ "UserIdList": [user["UserId"]] }))
            .await;
        suspended.ok();
        let page = browser.open("/portal").await;
        assert_eq!(
            (page.status, &page.headers["location"]),
            (303, &"/signin".parse().unwrap())
        );
        assert_eq!(browser.cookie, None);
        assert_eq!(browser.sign_in("ada@example.com", "a guess").await.status, 401);
        let page = browser.sign_in("ada@example.com", PASSWORD).await;
        assert_eq!((page.status, &browser.cookie), (403, &None));
        assert!(page.text.contains("suspended") && page.text.contains("Example Corp"));
        let before = world.mails().len();
        browser
            .post("/password/forgot", &[("email", "ada@example.com")])
            .await;
        world.work().await;
        assert_eq!(world.mails().len(), before);
    }
}

#[tokio::test]
async fn released_people_are_out() {
    for world in worlds().await {
        let account = world.account("Example Corp").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        world.claim(&account, "example.com").await;
        world.work().await;
        browser.sign_in("ada@example.com", PASSWORD).await;
        assert!(browser.is_signed_in().await);
        world.release(&account, "example.com").await;
        assert!(!browser.is_signed_in().await);
        assert_eq!(browser.sign_in("ada@example.com", "a guess").await.status, 401);
        assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status, 401);
    }
}
