//! Users, one by one and in lists, without the mail.

use std::collections::HashSet;

use carillon_aws::time::Timestamp;
use carillon_store::bind;
use serde_json::{Value, json};

use crate::world::{NOBODY, World, sqlite, statuses, text, worlds};

#[tokio::test]
async fn an_invited_user_is_found_by_id_and_by_address() {
    for world in worlds().await {
        let account = world.account("A").await;
        let ada = world.invited(&account, "Ada@Example.com").await;
        let id = text(&ada["UserId"]);
        assert_eq!(
            ada,
            json!({
                "UserId": id, "AccountId": account, "PrimaryEmail": "Ada@Example.com", "UserType": "PrivateUser",
                "UserRegistrationStatus": "Unregistered", "UserInvitationStatus": "Pending",
                "InvitedOn": "2026-03-01T12:00:00.000Z",
                "AlexaForBusinessMetadata": { "IsAlexaForBusinessEnabled": false },
            })
        );
        assert_eq!(
            world.get(&format!("/accounts/{account}/users/{id}")).await["User"],
            ada
        );
        assert_eq!(world.user(&account, "aDA%40example.COM").await, ada);
        let listed = world
            .get(&format!("/accounts/{account}/users?user-email=ada%40example.com"))
            .await;
        assert_eq!(listed["Users"], json!([ada]));
        let devices =
            format!("/accounts/{account}/users?user-email=ada%40example.com&user-type=SharedDevice");
        assert_eq!(world.get(&devices).await["Users"], json!([]));

        let other = world.account("B").await;
        for path in [
            format!("/accounts/{other}/users/{id}"),
            format!("/accounts/{account}/users/{NOBODY}"),
            format!("/accounts/{account}/users/nothing"),
            format!("/accounts/{other}/users?operation=get-by-email&user-email=ada%40example.com"),
        ] {
            let answer = world.call("GET", &path, Value::Null).await;
            assert_eq!(
                (answer.status, answer.code()),
                (404, "NotFoundException"),
                "{path}"
            );
        }
        let path = format!("/accounts/{account}/users?operation=get-by-email");
        let missing = world.call("GET", &path, Value::Null).await;
        assert_eq!(missing.code(), "BadRequestException");
    }
}

#[tokio::test]
async fn addresses_do_not_reach_the_trail() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.invite(&account, &["secret.person@example.com"]).await.ok();
        let event = world.server.last_event();
        assert_eq!(event["eventName"], "InviteUsers");
        assert!(!event.to_string().contains("secret.person"), "{event}");
        world.user(&account, "secret.person@example.com").await;
        assert!(!world.server.last_event().to_string().contains("secret.person"));
        for address in ["secret.person%40elsewhere.example", "secret.person"] {
            let path = format!("/accounts/{account}/users?operation=get-by-email&user-email={address}");
            assert!(world.call("GET", &path, Value::Null).await.status >= 400);
            let event = world.server.last_event();
            assert!(
                event["errorCode"].is_string() && !event.to_string().contains("secret.person"),
                "{event}"
            );
        }
        world.invite(&account, &["secret.person@-wrong.example"]).await;
        assert!(!world.server.last_event().to_string().contains("secret.person"));
    }
}

#[tokio::test]
async fn a_bad_address_is_not_shown_but_where_it_stands() {
    let world = sqlite().await;
    let account = world.account("A").await;
    let users = format!("/accounts/{account}/users");
    let bad = "secret.person@-wrong.example";
    let list = json!({ "UserEmailList": ["good@example.com", bad] });
    for (method, path, body, member) in [
        ("POST", format!("{users}?operation=add"), list, "userEmailList"),
        (
            "GET",
            format!("{users}?operation=get-by-email&user-email={bad}"),
            Value::Null,
            "userEmail",
        ),
        (
            "GET",
            format!("{users}?user-email={bad}"),
            Value::Null,
            "userEmail",
        ),
        (
            "GET",
            format!("/accounts?user-email={bad}"),
            Value::Null,
            "userEmail",
        ),
        (
            "POST",
            format!("{users}?operation=create"),
            json!({ "Email": bad }),
            "email",
        ),
    ] {
        let answer = world.call(method, &path, body).await;
        assert_eq!((answer.status, answer.code()), (400, "BadRequestException"));
        assert_eq!(
            answer.message(),
            format!(
                "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must be a \
                 mailbox in ASCII and a domain, such as ada@example.com"
            )
        );
    }
}

#[tokio::test]
async fn pages_of_users_keep_the_order_of_invitation() {
    for world in worlds().await {
        let account = world.account("A").await;
        let emails: Vec<String> = (0..50)
            .map(|number| format!("p{}@example.com", 99 - number))
            .collect();
        let emails: Vec<&str> = emails.iter().map(String::as_str).collect();
        world.invite(&account, &emails).await.ok();
        for size in [7, 50, 200] {
            let (mut got, mut next) = (Vec::new(), String::new());
            loop {
                let page = world
                    .get(&format!("/accounts/{account}/users?max-results={size}{next}"))
                    .await;
                got.extend(statuses(&page).into_iter().map(|(email, _)| email));
                match page["NextToken"].as_str() {
                    Some(token) => next = format!("&next-token={token}"),
                    None => break,
                }
            }
            assert_eq!(got, emails, "pages of {size}");
        }
        let page = world
            .get(&format!(
                "/accounts/{account}/users?max-results=5&user-type=PrivateUser"
            ))
            .await;
        let token = text(&page["NextToken"]);
        let other = world.account("B").await;
        for path in [
            format!("/accounts/{account}/users?next-token={token}"),
            format!("/accounts/{other}/users?user-type=PrivateUser&next-token={token}"),
        ] {
            assert_eq!(
                world.call("GET", &path, Value::Null).await.code(),
                "BadRequestException"
            );
        }
    }
}

/// What SQLite does for a statement that begins like one of ours.
async fn plan(world: &World, sql: &'static str, values: &[carillon_store::Value<'_>]) -> String {
    let mut tx = world.server.store().read().await.unwrap();
    let steps: Vec<(i64, i64, i64, String)> = tx.fetch_all(sql, values).await.unwrap();
    steps
        .into_iter()
        .map(|(.., step)| step)
        .collect::<Vec<_>>()
        .join("; ")
}

#[tokio::test]
async fn pages_and_addresses_are_read_from_an_index() {
    let world = sqlite().await;
    let start = bind!["a", 0_i64, Timestamp::MIN, "", "PrivateUser"];
    let page = plan(
        &world,
        "EXPLAIN QUERY PLAN SELECT email FROM chime_user
          WHERE account_id = $1 AND (list_rank, created_at, user_id) > ($2, $3, $4)
          ORDER BY list_rank, created_at, user_id LIMIT 100",
        &start[..4],
    )
    .await;
    assert!(
        page.contains("INDEX chime_user_page (account_id=? AND (list_rank,created_at,user_id)>"),
        "{page}"
    );
    assert!(!page.contains("TEMP B-TREE"), "nothing is sorted: {page}");
    let page = plan(
        &world,
        "EXPLAIN QUERY PLAN SELECT email FROM chime_user
          WHERE account_id = $1 AND (list_rank, created_at, user_id) > ($2, $3, $4) AND user_type = $5
          ORDER BY list_rank, created_at, user_id LIMIT 100",
        start,
    )
    .await;
    assert!(
        page.contains("INDEX chime_user_page_of_type (account_id=? AND user_type=? AND (list_rank,"),
        "{page}"
    );
    assert!(!page.contains("TEMP B-TREE"), "nothing is sorted: {page}");
    for sql in [
        "EXPLAIN QUERY PLAN SELECT email FROM chime_user WHERE email_key = $1 AND account_id = $2
          ORDER BY list_rank, created_at DESC, user_id LIMIT 1",
        "EXPLAIN QUERY PLAN UPDATE chime_user SET invitation = 'Failed'
          WHERE account_id = $1 AND email_key = $2 AND invitation = 'Pending'",
    ] {
        let found = plan(&world, sql, bind!["ada@example.com", "a"]).await;
        assert!(
            found.contains("INDEX chime_user_by_email (email_key=? AND account_id=?)"),
            "{found}"
        );
    }
    let holder = plan(
        &world,
        "EXPLAIN QUERY PLAN SELECT email FROM chime_user WHERE email_key = $1 AND list_rank = 0",
        bind!["ada@example.com"],
    )
    .await;
    assert!(
        holder.contains("chime_user_holds_email (email_key=?)"),
        "{holder}"
    );
}

#[tokio::test]
async fn what_a_domain_has_is_read_from_an_index() {
    let world = sqlite().await;
    for (sql, index) in [
        (
            "EXPLAIN QUERY PLAN SELECT email FROM chime_user
              WHERE email_domain = $1 AND user_id > $2 AND list_rank = 0 ORDER BY user_id LIMIT 200",
            "chime_user_by_domain (email_domain=? AND user_id>?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT email FROM chime_user
              WHERE account_id = $2 AND email_domain = $1 AND registration IN ('Registered', 'Unregistered') LIMIT 200",
            "chime_user_of_account_by_domain (account_id=? AND email_domain=? AND registration=?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT user_id FROM chime_user
              WHERE account_id IS NULL AND email_domain = $1 AND user_id <> $2 AND registration = 'Registered' LIMIT 200",
            "chime_user_of_account_by_domain (account_id=? AND email_domain=? AND registration=?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT user_id FROM chime_user
              WHERE account_id = $2 AND email_domain < $1 AND registration = 'Registered' LIMIT 200",
            "chime_user_of_account_by_domain (account_id=? AND email_domain<?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT account_id FROM chime_domain
              WHERE domain_name = $1 AND status = 'PendingVerification' AND account_id > $2 ORDER BY account_id LIMIT 100",
            "chime_domain_waiting (domain_name=? AND account_id>?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT invite_id FROM chime_invite
              WHERE email_domain = $1 AND status = 'Pending' AND account_id <> $2 LIMIT 200",
            "chime_invite_open_of_domain (email_domain=?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT status, mail_at FROM chime_invite
              WHERE aws_account_id = $1 AND email_key = $2 AND mail_at IS NOT NULL
              ORDER BY mail_at DESC, created_at DESC LIMIT 1",
            "chime_invite_mails_to (aws_account_id=? AND email_key=?",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT COUNT(*) FROM chime_invite WHERE aws_account_id = $1 AND mail_at > $2",
            "chime_invite_mails (aws_account_id=? AND mail_at>?)",
        ),
    ] {
        let found = plan(&world, sql, bind!["example.com", "a"]).await;
        assert!(found.contains(index), "{found}");
    }
}

#[tokio::test]
async fn a_new_pin_replaces_the_old_one() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, _) = world.member(&account, "ada@example.com").await;
        let path = format!(
            "/accounts/{account}/users/{}?operation=reset-personal-pin",
            text(&ada["UserId"])
        );
        let mut pins = HashSet::from([text(&ada["PersonalPIN"])]);
        for _ in 0..4 {
            let answer = world.call("POST", &path, Value::Null).await;
            pins.insert(text(&answer.ok()["User"]["PersonalPIN"]));
        }
        assert_eq!(pins.len(), 5);
        assert!(
            pins.iter()
                .all(|pin| pin.len() == 10 && pin.bytes().all(|byte| byte.is_ascii_digit()))
        );
        let before = world.mails().len();
        world.work().await;
        let told = world.mails().split_off(before);
        assert_eq!(told.len(), 4);
        assert!(told[0].to == "ada@example.com" && told[0].subject.contains("PIN"));
        let event = world.server.last_event();
        assert_eq!(event["eventName"], "ResetPersonalPIN");
        assert_eq!(
            event["responseElements"]["user"]["personalPIN"],
            "HIDDEN_DUE_TO_SECURITY_REASONS"
        );

        let bob = world.invited(&account, "bob@example.com").await;
        for (id, status) in [(text(&bob["UserId"]), 400), (NOBODY.to_owned(), 404)] {
            let path = format!("/accounts/{account}/users/{id}?operation=reset-personal-pin");
            assert_eq!(world.call("POST", &path, Value::Null).await.status, status);
        }
    }
}

#[tokio::test]
async fn logging_out_ends_every_session_of_the_person_alone() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, mut phone) = world.member(&account, "ada@example.com").await;
        let (_, mut other) = world.member(&account, "bob@example.com").await;
        let mut desk = world.browser();
        assert_eq!(
            desk.sign_in("ada@example.com", crate::world::PASSWORD)
                .await
                .status,
            303
        );
        assert!(phone.is_signed_in().await && desk.is_signed_in().await);
        let path = format!(
            "/accounts/{account}/users/{}?operation=logout",
            text(&ada["UserId"])
        );
        for _ in 0..2 {
            let answer = world.call("POST", &path, Value::Null).await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        }
        assert!(!phone.is_signed_in().await && !desk.is_signed_in().await);
        assert!(other.is_signed_in().await);
    }
}

#[tokio::test]
async fn one_user_is_changed_by_the_same_rules() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, mut browser) = world.member(&account, "ada@example.com").await;
        let path = format!("/accounts/{account}/users/{}", text(&ada["UserId"]));
        let metadata =
            json!({ "IsAlexaForBusinessEnabled": true, "AlexaForBusinessRoomArn": "arn:aws:a4b:x" });
        let body = json!({ "LicenseType": "Basic", "AlexaForBusinessMetadata": metadata });
        let changed = world.call("POST", &path, body).await;
        let user = &changed.ok()["User"];
        assert_eq!(
            (&user["LicenseType"], &user["AlexaForBusinessMetadata"]),
            (&json!("Basic"), &metadata)
        );
        assert_eq!(user["PersonalPIN"], ada["PersonalPIN"]);
        for body in [
            json!({}),
            json!({ "LicenseType": "ProTrial" }),
            json!({ "LicenseType": "Gold" }),
            json!({ "UserType": "SharedDevice" }),
            json!({ "AlexaForBusinessMetadata": { "AlexaForBusinessRoomArn": "a\0" } }),
        ] {
            let refused = world.call("POST", &path, body).await;
            assert_eq!((refused.status, refused.code()), (400, "BadRequestException"));
        }
        // In an Enterprise account a person's profile can become a device's: no PIN, no signing in.
        world.set_type(&account, "EnterpriseLWA").await;
        let device = world
            .call("POST", &path, json!({ "UserType": "SharedDevice" }))
            .await;
        assert_eq!(device.ok()["User"].get("PersonalPIN"), None);
        assert!(!browser.is_signed_in().await);
        let person = world
            .call("POST", &path, json!({ "UserType": "PrivateUser" }))
            .await;
        assert_ne!(person.ok()["User"]["PersonalPIN"], ada["PersonalPIN"]);
    }
}

#[tokio::test]
async fn devices_are_created_in_enterprise_accounts() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.set_type(&account, "EnterpriseLWA").await;
        world.claim(&account, "example.com").await;
        let body = json!({ "Username": "Room 1", "Email": "room1@example.com", "UserType": "SharedDevice" });
        let made = world.batch(&account, "create", body.clone()).await;
        assert_eq!(made.status, 201);
        let user = &made.ok()["User"];
        assert_eq!(
            (
                &user["DisplayName"],
                &user["UserRegistrationStatus"],
                user.get("PersonalPIN")
            ),
            (&json!("Room 1"), &json!("Registered"), None)
        );
        let list = world
            .get(&format!("/accounts/{account}/users?user-type=SharedDevice"))
            .await;
        assert_eq!(list["Users"].as_array().unwrap().len(), 1);
        let again = world.batch(&account, "create", body).await;
        assert_eq!((again.status, again.code()), (409, "ConflictException"));
        for body in [
            json!({ "Username": "Ada", "Email": "ada@example.com" }),
            json!({ "Username": "Room 2", "UserType": "SharedDevice" }),
            json!({ "Username": " ", "Email": "room2@example.com", "UserType": "SharedDevice" }),
            json!({ "Username": "a\0", "Email": "room2@example.com", "UserType": "SharedDevice" }),
        ] {
            assert_eq!(
                world.batch(&account, "create", body).await.code(),
                "BadRequestException"
            );
        }
    }
}

#[tokio::test]
async fn a_device_takes_no_address_of_others() {
    for world in worlds().await {
        let (mine, other) = (world.account("A").await, world.account("B").await);
        world.set_type(&mine, "EnterpriseLWA").await;
        world.claim(&mine, "example.com").await;
        world.claim(&other, "claimed.example").await;
        world
            .invited(&world.account("C").await, "ada@nobodys.example")
            .await;
        let mut answers = Vec::new();
        for email in [
            "victim@nobodys.example",
            "ada@nobodys.example",
            "victim@claimed.example",
        ] {
            let body = json!({ "Username": "Room", "Email": email, "UserType": "SharedDevice" });
            let answer = world.batch(&mine, "create", body).await;
            assert_eq!(
                (answer.status, answer.code()),
                (409, "ConflictException"),
                "{email}"
            );
            answers.push(answer.text);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    }
}

#[tokio::test]
async fn settings_of_a_user_are_replaced() {
    for world in worlds().await {
        let account = world.account("A").await;
        let ada = world.invited(&account, "ada@example.com").await;
        let path = format!("/accounts/{account}/users/{}/settings", text(&ada["UserId"]));
        let telephony =
            |on: bool| json!({ "Telephony": { "InboundCalling": on, "OutboundCalling": on, "SMS": on } });
        assert_eq!(
            world.get(&path).await,
            json!({ "UserSettings": telephony(false) })
        );
        let put = world
            .call("PUT", &path, json!({ "UserSettings": telephony(true) }))
            .await;
        assert_eq!(put.status, 204);
        assert_eq!(world.get(&path).await, json!({ "UserSettings": telephony(true) }));
        for wrong in [
            json!({}),
            json!({ "UserSettings": { "Telephony": { "SMS": true } } }),
        ] {
            assert_eq!(
                world.call("PUT", &path, wrong).await.code(),
                "BadRequestException"
            );
        }
    }
}
