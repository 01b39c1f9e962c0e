//! Accounts.

use std::num::NonZeroU32;

use carillon_chime::account::{Life, operator};
use carillon_chime::{CHIME, JOBS};
use carillon_iam::testing::{ACCOUNT, TestServer, engines};
use carillon_operation::{Outside, Settings};
use serde_json::{Value, json};

use crate::world::{DAY, NOBODY, World, text, worlds};

#[tokio::test]
async fn an_account_is_as_it_was_made() {
    for world in worlds().await {
        let made = world
            .call("POST", "/accounts", json!({ "Name": "Pies & <Sons>" }))
            .await;
        assert_eq!(made.status, 201);
        let account = &made.ok()["Account"];
        let id = text(&account["AccountId"]);
        assert_eq!(
            *account,
            json!({
                "AwsAccountId": ACCOUNT, "AccountId": id, "Name": "Pies & <Sons>", "AccountType": "Team",
                "CreatedTimestamp": "2026-03-01T12:00:00.000Z", "DefaultLicense": "Pro",
                "SupportedLicenses": ["Basic", "Pro"], "AccountStatus": "Active", "SigninDelegateGroups": [],
            })
        );
        assert_eq!(world.get(&format!("/accounts/{id}")).await["Account"], *account);
        let event = world.server.last_event();
        assert_eq!(
            (&event["eventName"], &event["readOnly"]),
            (&json!("GetAccount"), &json!(true))
        );
    }
}

#[tokio::test]
async fn names_have_a_form() {
    for world in worlds().await {
        for name in [
            json!(""),
            json!("   "),
            json!("x".repeat(101)),
            json!(7),
            json!("a\nb"),
            json!("a\0"),
            Value::Null,
        ] {
            let answer = world.call("POST", "/accounts", json!({ "Name": name })).await;
            assert_eq!(
                (answer.status, answer.code()),
                (400, "BadRequestException"),
                "{name}"
            );
        }
        world
            .call("POST", "/accounts", json!({ "Name": "é".repeat(100) }))
            .await
            .ok();
    }
}

#[tokio::test]
async fn an_account_of_others_is_as_one_that_is_not() {
    for world in worlds().await {
        let mine = world.account("Mine").await;
        let stranger = world.server.as_root_of_another_account().await;
        for (method, path, body) in [
            ("GET", format!("/accounts/{mine}"), Value::Null),
            ("DELETE", format!("/accounts/{mine}"), Value::Null),
            ("POST", format!("/accounts/{mine}"), json!({ "Name": "Yours" })),
            (
                "POST",
                format!("/accounts/{mine}?operation=rename"),
                json!({ "Name": "Yours" }),
            ),
            ("GET", format!("/accounts/{mine}/settings"), Value::Null),
            (
                "PUT",
                format!("/accounts/{mine}/settings"),
                json!({ "AccountSettings": {} }),
            ),
            ("GET", format!("/accounts/{mine}/users"), Value::Null),
            ("GET", format!("/accounts/{mine}/users/{NOBODY}"), Value::Null),
            (
                "POST",
                format!("/accounts/{mine}/users?operation=add"),
                json!({ "UserEmailList": ["a@example.com"] }),
            ),
            (
                "POST",
                format!("/accounts/{mine}/users?operation=suspend"),
                json!({ "UserIdList": [NOBODY] }),
            ),
        ] {
            let foreign = stranger.rest("chime", method, &path, body.clone()).await;
            let absent = world.call(method, &path.replace(&mine, NOBODY), body).await;
            assert_eq!(
                (foreign.status, foreign.code()),
                (404, "NotFoundException"),
                "{method} {path}"
            );
            assert_eq!(foreign.text.replace(&mine, NOBODY), absent.text);
        }
        for id in [
            "nothing",
            "ABCDEF00-0000-4000-8000-000000000000",
            "%27%20OR%201=1%20--",
        ] {
            assert_eq!(
                world
                    .call("GET", &format!("/accounts/{id}"), Value::Null)
                    .await
                    .status,
                404,
                "{id}"
            );
        }
        let theirs = stranger.rest("chime", "GET", "/accounts", Value::Null).await;
        assert_eq!(theirs.ok()["Accounts"], json!([]));
    }
}

#[tokio::test]
async fn an_aws_account_has_a_quota_of_accounts() {
    for engine in engines().await {
        let settings = Settings {
            account_quota: NonZeroU32::new(2),
            ..TestServer::settings()
        };
        let world = World::with(engine, settings).await;
        let first = world.account("A").await;
        world.account("B").await;
        let body = json!({ "Name": "C" });
        let refused = world.call("POST", "/accounts", body.clone()).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "ResourceLimitExceededException")
        );
        let other = world.server.as_root_of_another_account().await;
        let made = other.rest("chime", "POST", "/accounts", body.clone()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        // What can be restored is still there.
        world
            .call("DELETE", &format!("/accounts/{first}"), Value::Null)
            .await;
        assert_eq!(world.call("POST", "/accounts", body.clone()).await.status, 400);
        world.server.clock().advance(DAY * 91);
        world.work().await;
        assert_eq!(world.call("POST", "/accounts", body).await.status, 201);
    }
}

#[tokio::test]
async fn renaming_is_asked_by_what_is_changed() {
    let server = TestServer::start(&[&CHIME]).await;
    let root = server.as_root();
    let made = root
        .rest("chime", "POST", "/accounts", json!({ "Name": "Before" }))
        .await;
    let path = format!("/accounts/{}", text(&made.ok()["Account"]["AccountId"]));
    let allow = |action: &str| {
        json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } })
            .to_string()
    };
    let by_table = server.as_user("by-table", &[&allow("chime:RenameAccount")]).await;
    let by_aws = server.as_user("by-aws", &[&allow("chime:updateaccount")]).await;
    let (name, license) = (json!({ "Name": "After" }), json!({ "DefaultLicense": "Basic" }));
    let both = json!({ "Name": "After", "DefaultLicense": "Basic" });

    by_table.rest("chime", "POST", &path, name.clone()).await.ok();
    by_table
        .rest("chime", "POST", &format!("{path}?operation=rename"), name.clone())
        .await
        .ok();
    by_aws.rest("chime", "POST", &path, both.clone()).await.ok();
    for body in [license, both] {
        let refused = by_table.rest("chime", "POST", &path, body).await;
        assert_eq!(
            refused.refusal(),
            (
                403,
                "AccessDeniedException",
                "User: arn:aws:iam::123456789012:user/by-table is not authorized to perform: chime:UpdateAccount \
                 because no identity-based policy allows the chime:UpdateAccount action"
            )
        );
    }
    let denied = server
        .as_user(
            "denied",
            &[
                &allow("chime:*"),
                &allow("chime:UpdateAccount").replace("Allow", "Deny"),
            ],
        )
        .await;
    let refused = denied
        .rest("chime", "POST", &format!("{path}?operation=rename"), name)
        .await;
    assert_eq!(
        refused.status, 403,
        "an explicit deny of either name stops a renaming"
    );
}

#[tokio::test]
async fn the_default_licence_is_a_supported_one() {
    for world in worlds().await {
        let path = format!("/accounts/{}", world.account("A").await);
        let changed = world
            .call("POST", &path, json!({ "DefaultLicense": "Basic" }))
            .await;
        assert_eq!(changed.ok()["Account"]["DefaultLicense"], "Basic");
        for body in [
            json!({ "DefaultLicense": "Plus" }),
            json!({ "DefaultLicense": "ProTrial" }),
            json!({}),
        ] {
            let refused = world.call("POST", &path, body).await;
            assert_eq!((refused.status, refused.code()), (400, "BadRequestException"));
        }
    }
}

#[tokio::test]
async fn pages_of_accounts() {
    for world in worlds().await {
        let mut made = Vec::new();
        for number in 0..7 {
            made.push(world.account(&format!("Team {number}")).await);
            world.server.clock().advance(std::time::Duration::from_millis(1));
        }
        world.account("Another_%").await;
        let (mut got, mut next) = (Vec::new(), String::new());
        loop {
            let page = world
                .get(&format!("/accounts?name=tEAM&max-results=3{next}"))
                .await;
            got.extend(
                page["Accounts"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|account| text(&account["AccountId"])),
            );
            match page["NextToken"].as_str() {
                Some(token) => next = format!("&next-token={token}"),
                None => break,
            }
        }
        assert_eq!(got, made);
        assert_eq!(world.get("/accounts?name=%25").await["Accounts"], json!([]));
        assert_eq!(
            world.get("/accounts?name=another_").await["Accounts"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let first = text(&world.get("/accounts?max-results=3").await["NextToken"]);
        let path = format!("/accounts?next-token={first}");
        assert_eq!(world.get(&path).await["Accounts"].as_array().unwrap().len(), 5);
        for wrong in [
            format!("/accounts?name=Team&next-token={first}"),
            format!("/accounts?include-disabled=true&next-token={first}"),
            "/accounts?next-token=forged".to_owned(),
            format!("/accounts?user-email=a%40example.com&next-token={first}"),
            "/accounts?max-results=0".to_owned(),
            "/accounts?max-results=201".to_owned(),
            "/accounts?max-results=x".to_owned(),
        ] {
            let refused = world.call("GET", &wrong, Value::Null).await;
            assert_eq!(
                (refused.status, refused.code()),
                (400, "BadRequestException"),
                "{wrong}"
            );
        }
        world.server.clock().advance(DAY);
        assert_eq!(
            world.call("GET", &path, Value::Null).await.status,
            400,
            "a token of yesterday"
        );
    }
}

#[tokio::test]
async fn a_person_finds_its_account() {
    for world in worlds().await {
        let mine = world.account("Mine").await;
        world.invite(&mine, &["ada@example.com"]).await.ok();
        let by = |address: &str| format!("/accounts?user-email={address}");
        let found = world.get(&by("ADA%40example.com")).await;
        assert_eq!(found["Accounts"][0]["AccountId"], mine.as_str());
        assert_eq!(
            world.get(&(by("ada%40example.com") + "&name=other")).await["Accounts"],
            json!([])
        );
        assert_eq!(
            world.get(&by("nobody%40example.com")).await["Accounts"],
            json!([])
        );
        let stranger = world.server.as_root_of_another_account().await;
        let answer = stranger
            .rest("chime", "GET", &by("ada%40example.com"), Value::Null)
            .await;
        assert_eq!(answer.ok()["Accounts"], json!([]));
    }
}

#[tokio::test]
async fn settings_that_are_left_out_stay() {
    for world in worlds().await {
        let path = format!("/accounts/{}/settings", world.account("A").await);
        let put = async |settings: Value| {
            world
                .call("PUT", &path, json!({ "AccountSettings": settings }))
                .await
        };
        assert_eq!(
            world.get(&path).await,
            json!({ "AccountSettings": { "DisableRemoteControl": false, "EnableDialOut": false } })
        );
        assert_eq!(put(json!({ "EnableDialOut": true })).await.status, 204);
        put(json!({ "DisableRemoteControl": true })).await.ok();
        put(json!({})).await.ok();
        assert_eq!(
            world.get(&path).await,
            json!({ "AccountSettings": { "DisableRemoteControl": true, "EnableDialOut": true } })
        );
        assert_eq!(
            put(json!({ "EnableDialOut": "yes" })).await.code(),
            "BadRequestException"
        );
    }
}

#[tokio::test]
async fn an_account_with_users_stays() {
    for world in worlds().await {
        let mine = world.account("Mine").await;
        let path = format!("/accounts/{mine}");
        world
            .invite(&mine, &["ada@example.com", "bob@example.com"])
            .await
            .ok();
        let refused = world.call("DELETE", &path, Value::Null).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "UnprocessableEntityException")
        );
        assert_eq!(refused.body["Code"], "Unprocessable");
        assert!(refused.message().contains("2 users"));

        world.set_type(&mine, "EnterpriseLWA").await;
        world.claim(&mine, "Example.com").await;
        let refused = world.call("DELETE", &path, Value::Null).await;
        assert!(
            refused.status == 422 && refused.message().contains("1 domain:"),
            "{}",
            refused.text
        );
        world.release(&mine, "example.com").await;
        assert_eq!(world.call("DELETE", &path, Value::Null).await.status, 204);
    }
}

#[tokio::test]
async fn a_deleted_account_can_be_restored_for_ninety_days() {
    for world in worlds().await {
        // Times have microseconds, also in what is remembered to be done.
        world
            .server
            .clock()
            .advance(std::time::Duration::from_micros(123_456));
        let (kept, gone) = (world.account("Kept").await, world.account("Gone").await);
        // An Enterprise account goes with its people.
        world.invite(&gone, &["ada@example.com"]).await.ok();
        world.set_type(&gone, "EnterpriseLWA").await;
        for id in [&kept, &gone] {
            let answer = world
                .call("DELETE", &format!("/accounts/{id}"), Value::Null)
                .await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""));
            let again = world
                .call("DELETE", &format!("/accounts/{id}"), Value::Null)
                .await;
            assert_eq!(again.status, 404);
        }
        assert_eq!(world.get("/accounts").await["Accounts"], json!([]));
        let disabled = world.get("/accounts?include-disabled=true").await;
        assert_eq!(disabled["Accounts"].as_array().unwrap().len(), 2);
        assert_eq!(disabled["Accounts"][0]["AccountStatus"], "Suspended");

        world.server.clock().advance(89 * DAY);
        let now = world.server.environment().clock.now();
        let mut tx = world.server.store().write().await.unwrap();
        operator::set_status(&mut tx, &kept, Life::Active, world.entropy(), now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        world.server.clock().advance(2 * DAY);
        world.server.run_due_jobs(JOBS, Outside::default()).await;
        let event = world.server.last_event();
        assert_eq!(event["eventName"], "PurgeAccount");
        assert_eq!(
            event["serviceEventDetails"],
            json!({ "accountId": gone, "accountName": "Gone" })
        );
        assert_eq!(
            world.get(&format!("/accounts/{kept}")).await["Account"]["Name"],
            "Kept"
        );
        let all = world.get("/accounts?include-disabled=true").await;
        assert_eq!(
            all["Accounts"].as_array().unwrap().len(),
            1,
            "the other is purged"
        );
        let again = world.account("Another").await;
        world.invite(&again, &["ada@example.com"]).await.ok();
        assert_eq!(
            world.user(&again, "ada@example.com").await["AccountId"],
            again.as_str()
        );
    }
}

#[tokio::test]
async fn an_account_deleted_twice_has_its_ninety_days_again() {
    for world in worlds().await {
        let id = world.account("Twice").await;
        let people: Vec<String> = (0..450).map(|number| format!("p{number}@example.com")).collect();
        for some in people.chunks(50) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            world.invite(&id, &some).await.ok();
        }
        world.set_type(&id, "EnterpriseLWA").await;
        let set = async |life| {
            let now = world.server.environment().clock.now();
            let mut tx = world.server.store().write().await.unwrap();
            operator::set_status(&mut tx, &id, life, world.entropy(), now)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        };
        let is_kept = async || {
            world.work().await;
            let all = world.get("/accounts?include-disabled=true").await;
            !all["Accounts"].as_array().unwrap().is_empty()
        };
        set(Life::Disabled).await;
        world.server.clock().advance(50 * DAY);
        set(Life::Active).await;
        world
            .call("DELETE", &format!("/accounts/{id}"), Value::Null)
            .await
            .ok();
        world.server.clock().advance(89 * DAY);
        assert!(is_kept().await, "the first deletion does not count any more");
        world.server.clock().advance(DAY);
        assert!(!is_kept().await, "with all its people, in portions");
        let again = world.account("Again").await;
        world.invite(&again, &["p449@example.com"]).await.ok();
        assert_eq!(
            world.user(&again, "p449@example.com").await["AccountId"],
            again.as_str()
        );
    }
}

#[tokio::test]
async fn invitations_of_a_deleted_account_do_not_come_back() {
    for world in worlds().await {
        let id = world.account("A").await;
        world.invite(&id, &["ada@example.com"]).await.ok();
        world.work().await;
        let link = world.link();
        let set = async |life| {
            let now = world.server.environment().clock.now();
            let mut tx = world.server.store().write().await.unwrap();
            operator::set_status(&mut tx, &id, life, world.entropy(), now)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        };
        set(Life::Disabled).await;
        assert_eq!(world.browser().open(&link).await.status, 404, "at once");
        world.server.clock().advance(DAY);
        set(Life::Active).await;
        world.invite(&id, &["bob@example.com"]).await.ok();
        world.work().await;
        assert_eq!(world.browser().open(&link).await.status, 404);
        assert_eq!(
            world.user(&id, "ada@example.com").await["UserInvitationStatus"],
            "Failed"
        );
        assert_eq!(
            world.browser().open(&world.link()).await.status,
            200,
            "a later one is another's"
        );
    }
}

#[tokio::test]
async fn a_suspended_account_can_only_be_read_and_deleted() {
    for world in worlds().await {
        let mine = world.account("Mine").await;
        let now = world.server.environment().clock.now();
        let mut tx = world.server.store().write().await.unwrap();
        operator::set_status(&mut tx, &mine, Life::Suspended, world.entropy(), now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            world.get(&format!("/accounts/{mine}")).await["Account"]["AccountStatus"],
            "Suspended"
        );
        world.get(&format!("/accounts/{mine}/users")).await;
        let refused = world
            .call("POST", &format!("/accounts/{mine}"), json!({ "Name": "x" }))
            .await;
        assert_eq!((refused.status, refused.code()), (403, "ForbiddenException"));
        assert_eq!(
            world.invite(&mine, &["a@example.com"]).await.code(),
            "ForbiddenException"
        );
        assert_eq!(
            world
                .call("DELETE", &format!("/accounts/{mine}"), Value::Null)
                .await
                .status,
            204
        );
    }
}
