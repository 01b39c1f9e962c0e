//! What people do with a browser.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{DAY, PASSWORD, sqlite, text, worlds};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn registering_makes_a_member() {
    for world in worlds().await {
        let account = world.account("Pies <b>").await;
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.work().await;
        let link = world.link();
        let mut browser = world.browser();
        let page = browser.open(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Pies &#60;b&#62;") && page.text.contains("ada@example.com"));
        assert_eq!(
            world.user(&account, "ada@example.com").await["UserRegistrationStatus"],
            "Unregistered",
            "looking is not agreeing"
        );
        assert_eq!(browser.accept(&link, "short").await.status, 400);
        assert_eq!(browser.accept(&link, PASSWORD).await.status, 303);
        let event = world.server.last_event();
        assert_eq!(
            (&event["eventName"], &event["eventType"], &event["eventSource"]),
            (
                &json!("UserRegistration"),
                &json!("AwsServiceEvent"),
                &json!("chime.amazonaws.com")
            )
        );
        assert_eq!(event["serviceEventDetails"]["accountId"], account.as_str());
        let user = world.user(&account, "ada@example.com").await;
        assert_eq!(
            (
                &user["UserRegistrationStatus"],
                &user["UserInvitationStatus"],
                &user["DisplayName"],
                &user["LicenseType"]
            ),
            (
                &json!("Registered"),
                &json!("Accepted"),
                &json!("Ada Lovelace"),
                &json!("Pro")
            )
        );
        let own = browser.open("/portal/").await;
        assert_eq!(own.status, 200);
        for shown in [
            "Ada Lovelace",
            "ada@example.com",
            "Pro",
            &text(&user["PersonalPIN"]),
        ] {
            assert!(own.text.contains(shown), "{shown}");
        }
        let devices = browser.open("/portal/sessions").await;
        assert!(devices.text.contains("Mozilla/5.0 (test)") && devices.text.contains("127.0.0.1"));
        assert_eq!(
            world.browser().open(&link).await.status,
            404,
            "the link is used up"
        );
        assert_eq!(world.browser().accept(&link, PASSWORD).await.status, 404);
    }
}

#[tokio::test]
async fn links_that_lead_nowhere() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.invite(&account, &["ada@example.com"]).await.ok();
    world.work().await;
    let link = world.link();
    let (path, token) = link.split_once("?token=").unwrap();
    let mut browser = world.browser();
    for wrong in [
        path.to_owned(),
        format!("{path}?token="),
        format!("{path}?token={}", &token[1..]),
        format!("{path}?token={}", "A".repeat(43)),
        format!("{path}?token=%ff%00"),
        format!("{path}/more?token={token}"),
        format!("/invitations/?token={token}"),
        format!("/invitations/nothing?token={token}"),
        format!("/invitations/%00?token={token}"),
    ] {
        assert_eq!(browser.open(&wrong).await.status, 404, "{wrong}");
    }
    assert_eq!(browser.open("/portal/nothing").await.status, 404);
    assert_eq!(browser.send("DELETE", "/portal", "").await.status, 405);
}

#[tokio::test]
async fn other_spellings_of_an_address_are_no_new_target() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.member(&account, "ada@example.com").await;
    let mut browser = world.browser();
    let spellings = [
        "ada@example.com",
        "ADA@example.com",
        "ada@ｅxample.com",
        "ada@eｘample.com",
        "ada@exａmple.com",
    ];
    for spelling in spellings {
        assert_eq!(browser.sign_in(spelling, "wrong").await.status, 401, "{spelling}");
    }
    assert_eq!(browser.sign_in("ada@examｐle.com", "wrong").await.status, 429);
    world.server.clock().advance(HOUR);
    assert_eq!(browser.sign_in("ada@examｐle.com", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn an_invitation_is_no_faster_way_to_guess_a_password() {
    let world = sqlite().await;
    let (first, second) = (world.account("A").await, world.account("B").await);
    world.member(&first, "ada@example.com").await;
    world.invite(&second, &["ada@example.com"]).await.ok();
    world.work().await;
    let link = world.link();
    let mut browser = world.browser();
    for _ in 0..5 {
        assert_eq!(browser.sign_in("ada@example.com", "wrong").await.status, 401);
    }
    assert_eq!(browser.accept(&link, "wrong").await.status, 429);
    world.server.clock().advance(HOUR);
    assert_eq!(browser.accept(&link, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_form_writes_no_words_of_its_own_into_the_trail() {
    let world = sqlite().await;
    let account = world.account("A").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    browser.open("/portal/sessions").await;
    let words = "words".repeat(1_000);
    let page = browser.post("/portal/sessions/end", &[("session", &words)]).await;
    assert_eq!(page.status, 404);
    assert!(!world.server.last_event().to_string().contains("wordswords"));
}

#[tokio::test]
async fn pages_are_safe_to_show() {
    let world = sqlite().await;
    let page = world.browser().open("/signin").await;
    let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"));
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(
        world.browser().open("/portal/style.css").await.headers["content-type"],
        "text/css; charset=utf-8"
    );
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.invite(&account, &["ada@example.com"]).await.ok();
    world.work().await;
    let link = world.link();
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![
            ("sec-fetch-site", "same-site"),
            ("origin", "https://chime.example.com"),
        ],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![],
    ] {
        let mut browser = world.browser();
        browser.headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        assert_eq!(browser.accept(&link, PASSWORD).await.status, 403, "{headers:?}");
        assert_eq!(browser.post("/signout", &[]).await.status, 403);
    }
    let mut browser = world.browser();
    browser.headers = [("origin", "https://chime.example.com".to_owned())].into();
    assert_eq!(browser.accept(&link, PASSWORD).await.status, 303);
    let cookie = browser.cookie.clone().unwrap();
    assert!(cookie.starts_with("__Host-carillon-session="), "{cookie}");
}

#[tokio::test]
async fn signing_in_and_out() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.member(&account, "ada@example.com").await;
        let mut browser = world.browser();
        assert_eq!(
            browser.open("/portal").await.status,
            303,
            "to the page where one signs in"
        );
        let page = browser.sign_in(" ADA@example.com ", PASSWORD).await;
        assert_eq!(
            (page.status, page.headers["location"].to_str().unwrap()),
            (303, "/portal")
        );
        let cookie = page.headers["set-cookie"].to_str().unwrap();
        for attribute in [
            "; HttpOnly",
            "; SameSite=Lax",
            "; Secure",
            "; Path=/",
            "; Max-Age=2592000",
        ] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert_eq!(world.server.last_event()["eventName"], "UserSignIn");
        assert!(browser.is_signed_in().await);
        let stolen = browser.cookie.clone();
        let form_key = std::mem::take(&mut browser.form_key);
        assert_eq!(
            browser.post("/signout", &[]).await.status,
            403,
            "not a form of its own"
        );
        assert!(browser.is_signed_in().await);
        assert_eq!(browser.form_key, form_key, "the same in all forms of a session");
        assert_eq!(browser.post("/signout", &[]).await.status, 303);
        assert_eq!(world.server.last_event()["eventName"], "UserSignOut");
        assert_eq!(browser.cookie, None);
        browser.cookie = stolen;
        assert!(
            !browser.is_signed_in().await,
            "the session is over, not only forgotten"
        );
        assert_eq!(
            browser.post("/signout", &[]).await.status,
            303,
            "signing out twice is no error"
        );
    }
}

#[tokio::test]
async fn people_choose_who_sees_them() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        let is_private = |page: &str| page.contains("value=\"Private\" checked");
        assert!(!is_private(&browser.open("/portal").await.text));
        let private = [("presence", "Private")];
        let form_key = std::mem::take(&mut browser.form_key);
        assert_eq!(browser.post("/portal/presence", &private).await.status, 403);
        browser.form_key = form_key;
        assert_eq!(
            browser
                .post("/portal/presence", &[("presence", "Sometimes")])
                .await
                .status,
            400
        );
        assert_eq!(browser.post("/portal/presence", &private).await.status, 303);
        let event = world.server.last_event();
        assert_eq!(event["eventName"], "UserPresenceChange");
        assert_eq!(event["serviceEventDetails"]["presence"], "Private");
        assert!(is_private(&browser.open("/portal").await.text));
        assert_eq!(
            world.browser().post("/portal/presence", &private).await.headers["location"],
            "/signin"
        );
    }
}

#[tokio::test]
async fn signing_in_wrongly_says_one_thing() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.member(&account, "ada@example.com").await;
        world.invite(&account, &["bob@example.com"]).await.ok();
        let mut pages = Vec::new();
        for (email, password) in [
            ("ada@example.com", "not the password"),
            ("nobody@example.com", PASSWORD),
            ("bob@example.com", PASSWORD),
            ("bob@example.com", ""),
            ("", ""),
            ("no address", PASSWORD),
        ] {
            let mut browser = world.browser();
            let page = browser.sign_in(email, password).await;
            assert_eq!(page.status, 401);
            assert_eq!(browser.cookie, None);
            let shown = format!("value=\"{email}\" maxlength");
            assert!(page.text.contains(&shown), "{}", page.text);
            pages.push(page.text.replace(&shown, ""));
        }
        assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[tokio::test]
async fn trying_passwords_takes_longer_and_longer() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.member(&account, "ada@example.com").await;
    let mut browser = world.browser();
    for email in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            assert_eq!(browser.sign_in(email, "wrong").await.status, 401);
        }
        let page = browser.sign_in(email, "wrong").await;
        assert_eq!(
            (page.status, page.headers["retry-after"].to_str().unwrap()),
            (429, "1")
        );
    }
    assert_eq!(
        browser.sign_in("ada@example.com", PASSWORD).await.status,
        429,
        "the right one has to wait too"
    );
    world.server.clock().advance(Duration::from_secs(1));
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn failed_tries_reach_trail_and_log() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.member(&account, "ada@example.com").await;
        assert_eq!(
            world
                .browser()
                .sign_in("ada@example.com", "not the password")
                .await
                .status,
            401
        );
        for _ in 0..100 {
            if world.server.last_event()["errorCode"] == "Failed" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let event = world.server.last_event();
        assert_eq!(
            (&event["eventName"], &event["errorCode"]),
            (&json!("UserSignIn"), &json!("Failed"))
        );
        let kept = world.event(carillon_iam::testing::ACCOUNT, "UserSignIn").await;
        assert_eq!(kept, Some(event));
    }
}

#[tokio::test]
async fn a_stranger_does_not_keep_a_person_out() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.member(&account, "ada@example.com").await;
    let mut stranger = world.browser();
    stranger.ip = "198.51.100.1".parse().unwrap();
    for _ in 0..5 {
        assert_eq!(stranger.sign_in("ada@example.com", "guess").await.status, 401);
    }
    assert_eq!(stranger.sign_in("ada@example.com", "guess").await.status, 429);
    assert_eq!(
        world.browser().sign_in("ada@example.com", PASSWORD).await.status,
        303
    );
    assert_eq!(
        stranger.sign_in("ada@example.com", PASSWORD).await.status,
        429,
        "the person coming in does not let the stranger go on"
    );
}

#[tokio::test]
async fn registering_is_slowed_as_signing_in_is() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.invite(&account, &["ada@example.com"]).await.ok();
    world.work().await;
    let link = world.link();
    let attempt = async || world.browser().accept(&link, PASSWORD).await.status;
    let statuses = tokio::join!(
        attempt(),
        attempt(),
        attempt(),
        attempt(),
        attempt(),
        attempt(),
        attempt(),
        attempt()
    );
    let statuses: [u16; 8] = statuses.into();
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(303), 1, "{statuses:?}");
    assert!(
        count(429) >= 1,
        "each try costs a hash, whoever makes it: {statuses:?}"
    );
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (_, mut idle) = world.member(&account, "ada@example.com").await;
        let mut busy = world.browser();
        busy.sign_in("ada@example.com", PASSWORD).await;
        world.server.clock().advance(11 * HOUR);
        assert!(busy.is_signed_in().await);
        world.server.clock().advance(2 * HOUR);
        assert!(busy.is_signed_in().await);
        assert!(!idle.is_signed_in().await, "nobody used it for twelve hours");
        for _ in 0..70 {
            world.server.clock().advance(10 * HOUR);
            busy.open("/portal").await;
        }
        assert!(busy.is_signed_in().await);
        world.server.clock().advance(10 * HOUR);
        world.server.clock().advance(DAY / 6);
        assert!(!busy.is_signed_in().await, "thirty days are over");
    }
}

#[tokio::test]
async fn nobody_of_a_stopped_account_is_signed_in() {
    use carillon_chime::account::Life;
    for world in worlds().await {
        let account = world.account("A").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        let set = async |life| world.set_life(&account, life).await;
        set(Life::Suspended).await;
        assert!(!browser.is_signed_in().await, "at once");
        let stolen = browser.cookie.clone();
        world.work().await;
        set(Life::Active).await;
        browser.cookie = stolen;
        assert!(!browser.is_signed_in().await, "nor when it goes on");
        set(Life::Suspended).await;
        assert_eq!(browser.sign_in("ada@example.com", "a guess").await.status, 401);
        let page = browser.sign_in("ada@example.com", PASSWORD).await;
        assert_eq!((page.status, &browser.cookie), (403, &None));
        assert!(page.text.contains("A is suspended"), "{}", page.text);
        set(Life::Active).await;
        assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status, 303);
        // Where a directory or a provider decides, portal passwords count nothing.
        world.set_type(&account, "EnterpriseOIDC").await;
        assert!(!browser.is_signed_in().await);
        assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status, 401);
    }
}

#[tokio::test]
async fn two_who_accept_at_once_are_one() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.work().await;
        let link = world.link();
        let (mut one, mut two) = (world.browser(), world.browser());
        let (first, second) =
            tokio::join!(one.accept(&link, PASSWORD), two.accept(&link, "another password"));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404]);
        let users = world.get(&format!("/accounts/{account}/users")).await;
        assert_eq!(users["Users"].as_array().unwrap().len(), 1);
        assert_eq!(world.call("GET", "/accounts", Value::Null).await.status, 200);
    }
}

#[tokio::test]
async fn hostile_forms_are_refused() {
    let world = sqlite().await;
    let mut browser = world.browser();
    for body in [
        "a".repeat(16 * 1024 + 1),
        "email=%ff&password=x".to_owned(),
        "=&&=&%".to_owned(),
    ] {
        let page = browser.send("POST", "/signin", &body).await;
        assert!((400..500).contains(&page.status), "{}", page.status);
    }
    browser
        .headers
        .insert("content-type", "application/json".to_owned());
    assert_eq!(browser.send("POST", "/signin", "{}").await.status, 400);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_form_has_a_guarded_answer(
        path in "/(signin|signout|portal|portal/|invitations/[0-9a-f-]{0,40})",
        body in "([a-z_]{0,10}(=|%|&|[ -~]){0,8}&?){0,6}",
        cookie in "[ -~]{0,60}",
        method in "GET|POST|HEAD|PUT",
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let world = crate::world::sqlite().await;
            let mut browser = world.browser();
            browser.cookie = Some(cookie);
            let page = browser.send(&method, &path, &body).await;
            assert!(page.status < 500, "{} {}", page.status, page.text);
            assert!(page.headers.contains_key("content-security-policy"));
        });
    }
}
