//! People who come by themselves: registering with an address, forgotten passwords.

use std::time::Duration;

use carillon_iam::testing::{Engine, engines};
use serde_json::{Value, json};

use crate::world::{Browser, DAY, PASSWORD, Page, World, sqlite, text, worlds};

const HOUR: Duration = Duration::from_secs(3600);
const OTHER_PASSWORD: &str = "another bicycle 7";

impl World {
    /// An account that has claimed example.com.
    async fn enterprise(&self) -> String {
        let account = self.account("Example Corp").await;
        self.claim(&account, "example.com").await;
        self.work().await;
        account
    }

    /// How many mails were sent, and to whom the last one.
    fn mailed(&self) -> (usize, String) {
        let mails = self.mails();
        let last = mails.last().map(|mail| mail.to.clone()).unwrap_or_default();
        (mails.len(), last)
    }

    async fn trial(&self, email: &str) -> Option<String> {
        let mut tx = self.server.store().read().await.unwrap();
        let found: Option<(Option<String>,)> = tx
            .fetch_optional(
                "SELECT license FROM chime_user WHERE email_key = $1",
                carillon_store::bind![email],
            )
            .await
            .unwrap();
        found.and_then(|(license,)| license)
    }
}

impl Browser<'_> {
    async fn ask(&mut self, path: &str, email: &str) -> Page {
        self.post(path, &[("email", email)]).await
    }

    /// Fills in the form that a link to register leads to.
    async fn complete(&mut self, link: &str, password: &str) -> Page {
        let (path, token) = link.split_once("?token=").expect("a token");
        let fields = [
            ("token", token),
            ("display_name", "Ada Lovelace"),
            ("new_password", password),
        ];
        self.post(path, &fields).await
    }
}

#[tokio::test]
async fn people_of_a_claimed_domain_register() {
    for world in worlds().await {
        let account = world.enterprise().await;
        let mut browser = world.browser();
        assert_eq!(browser.ask("/register", "Ada@Example.com").await.status, 200);
        world.work().await;
        assert_eq!(world.mailed(), (1, "Ada@Example.com".to_owned()));
        let link = world.link();
        let page = browser.open(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Example Corp") && page.text.contains("Ada@Example.com"));
        let users = world.get(&format!("/accounts/{account}/users")).await;
        assert_eq!(users["Users"], json!([]), "looking is not registering");
        assert_eq!(browser.complete(&link, "password123").await.status, 400);
        let page = browser.complete(&link, PASSWORD).await;
        assert_eq!(
            (page.status, &page.headers["location"]),
            (303, &"/portal".parse().unwrap())
        );
        let event = world.server.last_event();
        assert_eq!(event["eventName"], "UserRegistration");
        let user = world.user(&account, "ada@example.com").await;
        assert_eq!(
            (
                &user["UserRegistrationStatus"],
                &user["LicenseType"],
                &user["DisplayName"]
            ),
            (&json!("Registered"), &json!("Pro"), &json!("Ada Lovelace"))
        );
        assert_eq!(user["UserInvitationStatus"], Value::Null, "nobody asked");
        assert_eq!(text(&user["PersonalPIN"]).len(), 10);
        assert!(browser.is_signed_in().await);
        assert_eq!(world.browser().open(&link).await.status, 404, "used up");
        assert_eq!(world.browser().complete(&link, PASSWORD).await.status, 404);
        assert_eq!(
            world.browser().sign_in("ada@example.com", PASSWORD).await.status,
            303
        );
    }
}

#[tokio::test]
async fn the_answer_says_nothing_of_the_address() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.member(&account, "ada@example.net").await;
        world.invited(&account, "bob@example.net").await;
        world.enterprise().await;
        world.work().await;
        let before = world.mailed().0;
        for path in ["/register", "/password/forgot"] {
            let mut pages = Vec::new();
            for email in [
                "ada@example.net",
                "bob@example.net",
                "new@example.com",
                "nobody@example.org",
            ] {
                let page = world.browser().ask(path, email).await;
                pages.push((page.status, page.text));
            }
            assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "{pages:?}");
            assert_eq!(pages[0].0, 200);
        }
        world.work().await;
        let subjects: Vec<(String, String)> = world.mails()[before..]
            .iter()
            .map(|mail| (mail.to.clone(), mail.subject.clone()))
            .collect();
        let mut subjects: Vec<(&str, &str)> = subjects
            .iter()
            .map(|(to, subject)| (to.as_str(), subject.as_str()))
            .collect();
        subjects.sort_unstable();
        assert_eq!(
            subjects,
            [
                ("ada@example.net", "Choose another password for Amazon Chime"),
                ("ada@example.net", "You are registered at Amazon Chime already"),
                ("bob@example.net", "Your registration at Amazon Chime"),
                ("new@example.com", "Your registration at Amazon Chime"),
            ]
        );
    }
}

#[tokio::test]
async fn an_invited_person_need_not_find_the_first_mail() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.invited(&account, "bob@example.net").await;
        world.work().await;
        let invitation = world.link();
        let mut browser = world.browser();
        browser.ask("/register", "bob@example.net").await;
        world.work().await;
        assert_eq!(browser.complete(&world.link(), PASSWORD).await.status, 303);
        let user = world.user(&account, "bob@example.net").await;
        assert_eq!(
            (&user["UserRegistrationStatus"], &user["UserInvitationStatus"]),
            (&json!("Registered"), &json!("Accepted"))
        );
        assert_eq!(world.browser().open(&invitation).await.status, 404);
    }
}

#[tokio::test]
async fn whoever_may_not_register_gets_no_mail() {
    let world = sqlite().await;
    let directory = world.enterprise().await;
    world.set_type(&directory, "EnterpriseDirectory").await;
    let stopped = world.account("Stopped").await;
    world.claim(&stopped, "example.org").await;
    world
        .set_life(&stopped, carillon_chime::account::Life::Suspended)
        .await;
    world.work().await;
    for email in ["new@example.com", "new@example.org", "new@example.net"] {
        assert_eq!(world.browser().ask("/register", email).await.status, 200);
    }
    world.work().await;
    assert_eq!(world.mailed().0, 0);
    for wrong in [
        "",
        "ada",
        "ada@example.com\r\nBcc: eve@example.com",
        "@example.com",
    ] {
        assert_eq!(
            world.browser().ask("/register", wrong).await.status,
            400,
            "{wrong}"
        );
    }
    let mut elsewhere = world.browser();
    elsewhere.headers = [("origin", "https://evil.example".to_owned())].into();
    assert_eq!(elsewhere.ask("/register", "new@example.com").await.status, 403);
}

#[tokio::test]
async fn what_changed_since_the_mail_decides() {
    let world = sqlite().await;
    let account = world.enterprise().await;
    let mut browser = world.browser();
    let link = async |browser: &mut Browser<'_>, email: &str| {
        browser.ask("/register", email).await;
        world.work().await;
        world.link()
    };
    let late = link(&mut browser, "late@example.com").await;
    let released = link(&mut browser, "released@example.com").await;
    world.server.clock().advance(24 * HOUR);
    assert_eq!(browser.open(&late).await.status, 404, "too late");
    assert_eq!(browser.complete(&late, PASSWORD).await.status, 404);
    let fresh = link(&mut browser, "released@example.com").await;
    world.release(&account, "example.com").await;
    for link in [&released, &fresh] {
        assert_eq!(browser.open(link).await.status, 404);
        assert_eq!(browser.complete(link, PASSWORD).await.status, 404);
    }
    let (path, token) = fresh.split_once("?token=").unwrap();
    for wrong in [
        path.to_owned(),
        format!("{path}?token="),
        format!("{path}?token={}", &token[1..]),
        format!("{path}?token=%00%ff"),
        format!("/password/choose?token={token}"),
    ] {
        assert_eq!(browser.open(&wrong).await.status, 404, "{wrong}");
    }
}

#[tokio::test]
async fn two_who_register_at_once_are_one() {
    for world in worlds().await {
        let account = world.enterprise().await;
        let (mut one, mut two) = (world.browser(), world.browser());
        one.ask("/register", "ada@example.com").await;
        world.work().await;
        let link = world.link();
        let (first, second) =
            tokio::join!(one.complete(&link, PASSWORD), two.complete(&link, OTHER_PASSWORD));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404]);
        let users = world.get(&format!("/accounts/{account}/users")).await;
        assert_eq!(users["Users"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn everybody_registers_where_the_operator_says_so() {
    for engine in engines().await {
        let world = World::open_on(engine).await;
        let mut browser = world.browser();
        browser.ask("/register", "ada@example.net").await;
        world.work().await;
        let link = world.link();
        assert!(browser.open(&link).await.text.contains("on your own"));
        assert_eq!(browser.complete(&link, PASSWORD).await.status, 303);
        assert!(browser.open("/portal").await.text.contains("ProTrial"));
        assert_eq!(world.trial("ada@example.net").await.as_deref(), Some("ProTrial"));
        world.server.clock().advance(30 * DAY);
        world.work().await;
        assert_eq!(world.trial("ada@example.net").await.as_deref(), Some("Basic"));

        // Joining an account ends the trial, and the job that waits for its end changes nothing.
        let account = world.account("A").await;
        let mut bob = world.browser();
        bob.ask("/register", "bob@example.net").await;
        world.work().await;
        assert_eq!(bob.complete(&world.link(), PASSWORD).await.status, 303);
        world.member(&account, "bob@example.net").await;
        world.server.clock().advance(30 * DAY);
        world.work().await;
        assert_eq!(world.trial("bob@example.net").await.as_deref(), Some("Pro"));
    }
}

#[tokio::test]
async fn whose_invitation_ran_out_may_still_come_alone() {
    let world = World::open_on(Engine::sqlite()).await;
    let account = world.account("A").await;
    world.invited(&account, "ada@example.net").await;
    world.server.clock().advance(31 * DAY);
    world.work().await;
    let mut browser = world.browser();
    browser.ask("/register", "ada@example.net").await;
    world.work().await;
    assert_eq!(browser.complete(&world.link(), PASSWORD).await.status, 303);
    assert_eq!(world.server.last_event()["eventName"], "UserDeparture");
    let users = world.get(&format!("/accounts/{account}/users")).await;
    assert_eq!(users["Users"], json!([]));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        world.browser().ask("/password/forgot", "ADA@example.com").await;
        world.work().await;
        let link = world.link();
        let (path, token) = link.split_once("?token=").unwrap();
        let mut thief = world.browser();
        assert_eq!(thief.open(&link).await.status, 200);
        assert!(browser.is_signed_in().await, "looking changes nothing");
        let choose = async |password: &str| {
            let fields = [("token", token), ("new_password", password)];
            world.browser().post(path, &fields).await
        };
        assert_eq!(choose("ada@example.com").await.status, 400);
        assert_eq!(choose(OTHER_PASSWORD).await.status, 200);
        assert_eq!(world.server.last_event()["eventName"], "UserPasswordReset");
        assert!(!browser.is_signed_in().await, "all sessions end");
        assert_eq!(choose(PASSWORD).await.status, 404, "once");
        assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status, 401);
        assert_eq!(
            browser.sign_in("ada@example.com", OTHER_PASSWORD).await.status,
            303
        );
        world.work().await;
        let told = world.mails().pop().unwrap();
        assert_eq!(
            (told.to.as_str(), told.subject.as_str()),
            ("ada@example.com", "Your password for Amazon Chime was changed")
        );
    }
}

#[tokio::test]
async fn a_link_for_a_password_ends_with_time_with_another_and_with_the_person() {
    let world = sqlite().await;
    let account = world.account("A").await;
    let (user, _) = world.member(&account, "ada@example.com").await;
    let link = async || {
        world.browser().ask("/password/forgot", "ada@example.com").await;
        world.work().await;
        world.link()
    };
    let first = link().await;
    world.server.clock().advance(HOUR);
    assert_eq!(world.browser().open(&first).await.status, 404, "after an hour");
    let (second, third) = (link().await, link().await);
    assert_ne!(second, third);
    world
        .set_life(&account, carillon_chime::account::Life::Suspended)
        .await;
    assert_eq!(
        world.browser().open(&third).await.status,
        404,
        "of a stopped account"
    );
    world
        .set_life(&account, carillon_chime::account::Life::Active)
        .await;
    let (path, token) = second.split_once("?token=").unwrap();
    let fields = [("token", token), ("new_password", OTHER_PASSWORD)];
    assert_eq!(world.browser().post(path, &fields).await.status, 200);
    assert_eq!(
        world.browser().open(&third).await.status,
        404,
        "the others go with it"
    );
    let path = format!("/accounts/{account}/users?operation=suspend");
    let removed = world
        .call("POST", &path, json!({ "UserIdList": [user["UserId"]] }))
        .await;
    removed.ok();
    world.work().await;
    let before = world.mailed().0;
    world.browser().ask("/password/forgot", "ada@example.com").await;
    world.work().await;
    assert_eq!(
        world.mailed().0,
        before + 1,
        "removed from the team, they go on alone"
    );
}

#[tokio::test]
async fn nobody_is_flooded_with_mails() {
    let world = sqlite().await;
    let account = world.account("A").await;
    world.member(&account, "ada@example.com").await;
    let before = world.mailed().0;
    let mut browser = world.browser();
    for _ in 0..3 {
        assert_eq!(
            browser.ask("/password/forgot", "ada@example.com").await.status,
            200
        );
        world.work().await;
    }
    let page = browser.ask("/password/forgot", "ada@example.com").await;
    assert_eq!(
        (page.status, &page.headers["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    assert_eq!(
        browser.ask("/password/forgot", "nobody@example.com").await.status,
        200
    );
    // However patient somebody is.
    for _ in 0..9 {
        world.server.clock().advance(Duration::from_secs(300));
        browser.ask("/register", "ada@example.com").await;
        world.work().await;
    }
    assert_eq!(world.mailed().0, before + 5);
    for number in 0..30 {
        let email = format!("{number}@example.net");
        let page = browser.ask("/register", &email).await;
        if page.status == 429 {
            return;
        }
    }
    panic!("one source asks for as many mails as it likes");
}

#[tokio::test]
async fn what_was_asked_for_is_forgotten() {
    let world = sqlite().await;
    world.enterprise().await;
    world.browser().ask("/register", "ada@example.com").await;
    world.work().await;
    world.server.clock().advance(24 * HOUR);
    world.work().await;
    let mut tx = world.server.store().read().await.unwrap();
    let kept = tx
        .fetch_number("SELECT COUNT(*) FROM chime_link", carillon_store::bind![])
        .await
        .unwrap();
    assert_eq!(kept, 0);
}
