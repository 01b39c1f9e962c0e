//! Users, many at once, and what becomes of them in each type of account.

use carillon_chime::account::operator;
use serde_json::{Value, json};

use crate::world::{NOBODY, World, item_errors, statuses, text, worlds};

impl World {
    /// Does something with users of an account: `operation` is that of the address.
    pub async fn batch(&self, account: &str, operation: &str, body: Value) -> carillon_iam::testing::Answer {
        let path = format!("/accounts/{account}/users?operation={operation}");
        self.call("POST", &path, body).await
    }

    /// Makes a domain the account's.
    pub async fn claim(&self, account: &str, domain: &str) {
        let now = self.server.environment().clock.now();
        let mut tx = self.server.store().write().await.unwrap();
        operator::claim_domain(&mut tx, account, domain, self.entropy(), now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn release(&self, account: &str, domain: &str) {
        let now = self.server.environment().clock.now();
        let mut tx = self.server.store().write().await.unwrap();
        operator::release_domain(&mut tx, account, domain, self.entropy(), now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn items_of_a_batch_fail_alone() {
    for world in worlds().await {
        let account = world.account("A").await;
        let one = text(&world.invited(&account, "one@example.com").await["UserId"]);
        let two = text(&world.invited(&account, "two@example.com").await["UserId"]);
        let answer = world
            .batch(
                &account,
                "update-licenses",
                json!({ "UserIdList": [one, NOBODY, one, two, "nothing"], "LicenseType": "Basic" }),
            )
            .await;
        assert_eq!(
            item_errors(&answer),
            [
                (NOBODY.to_owned(), "NotFound".to_owned()),
                (one.clone(), "BadRequest".to_owned()),
                ("nothing".to_owned(), "NotFound".to_owned()),
            ]
        );
        for email in ["one@example.com", "two@example.com"] {
            assert_eq!(world.user(&account, email).await["LicenseType"], "Basic");
        }
        let path = format!("/accounts/{account}/users");
        let items = json!({ "UpdateUserRequestItems": [
            { "UserId": one, "LicenseType": "Pro" },
            { "UserId": two },
            { "UserId": two, "LicenseType": "Pro" },
            { "UserId": NOBODY, "LicenseType": "Pro" },
        ] });
        let answer = world.call("POST", &path, items).await;
        let codes: Vec<String> = item_errors(&answer).into_iter().map(|(_, code)| code).collect();
        assert_eq!(codes, ["BadRequest", "BadRequest", "NotFound"]);
        assert_eq!(
            world.user(&account, "one@example.com").await["LicenseType"],
            "Pro"
        );
        let refused = world
            .batch(
                &account,
                "update-licenses",
                json!({ "UserIdList": [one], "LicenseType": "Plus" }),
            )
            .await;
        assert_eq!(refused.code(), "BadRequestException");
    }
}

#[tokio::test]
async fn batches_have_bounds() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.set_type(&account, "EnterpriseLWA").await;
        let ids: Vec<String> = (0..51).map(|number| format!("{number}")).collect();
        for operation in [
            "suspend",
            "unsuspend",
            "suspend-users",
            "activate-users",
            "update-licenses",
        ] {
            let body = |ids: &[String]| json!({ "UserIdList": ids, "LicenseType": "Pro" });
            for wrong in [&ids[..0], &ids[..]] {
                let refused = world.batch(&account, operation, body(wrong)).await;
                assert_eq!(
                    (refused.status, refused.code()),
                    (400, "BadRequestException"),
                    "{operation}"
                );
            }
            assert_eq!(
                item_errors(&world.batch(&account, operation, body(&ids[..50])).await).len(),
                50
            );
        }
        let items: Vec<Value> = ids
            .iter()
            .map(|id| json!({ "UserId": id, "LicenseType": "Pro" }))
            .collect();
        let path = format!("/accounts/{account}/users");
        for (items, status) in [(&items[..0], 400), (&items[..21], 400), (&items[..20], 200)] {
            let answer = world
                .call("POST", &path, json!({ "UpdateUserRequestItems": items }))
                .await;
            assert_eq!(answer.status, status);
        }
    }
}

#[tokio::test]
async fn which_operation_exists_for_which_type_of_account() {
    // In the order of the types: Team, LWA, Directory, OIDC.
    let legal = [
        ("add", [true, false, false, false]),
        ("suspend", [true, true, false, false]),
        ("unsuspend", [false, true, false, false]),
        ("suspend-users", [false, true, false, false]),
        ("activate-users", [false, true, false, false]),
        ("update-licenses", [true, true, false, false]),
        ("create", [false, true, true, true]),
    ];
    let types = ["Team", "EnterpriseLWA", "EnterpriseDirectory", "EnterpriseOIDC"];
    for world in worlds().await {
        for (place, account_type) in types.into_iter().enumerate() {
            let account = world.account(account_type).await;
            world.set_type(&account, account_type).await;
            for (operation, allowed) in legal {
                let body = json!({
                    "UserIdList": [NOBODY], "LicenseType": "Pro", "UserEmailList": ["somebody@example.com"],
                    "Username": "Room 1", "Email": format!("room@{account_type}.example"), "UserType":
                        if operation == "create" { "SharedDevice" } else { "PrivateUser" },
                });
                let answer = world.batch(&account, operation, body).await;
                assert_eq!(
                    answer.code() != "BadRequestException",
                    allowed[place],
                    "{operation} in {account_type}"
                );
            }
        }
    }
}

#[tokio::test]
async fn suspending_in_an_enterprise_account_and_back() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, mut browser) = world.member(&account, "ada@example.com").await;
        world.set_type(&account, "EnterpriseLWA").await;
        world.claim(&account, "example.com").await;
        let body = json!({ "UserIdList": [ada["UserId"]] });
        for suspend in ["suspend", "suspend-users"] {
            for _ in 0..2 {
                assert_eq!(
                    item_errors(&world.batch(&account, suspend, body.clone()).await),
                    []
                );
            }
            assert_eq!(
                world.user(&account, "ada@example.com").await["UserRegistrationStatus"],
                "Suspended"
            );
            assert!(!browser.is_signed_in().await, "at once");
            assert_eq!(
                browser
                    .sign_in("ada@example.com", crate::world::PASSWORD)
                    .await
                    .status,
                403
            );
            let restore = if suspend == "suspend" {
                "unsuspend"
            } else {
                "activate-users"
            };
            for _ in 0..2 {
                assert_eq!(
                    item_errors(&world.batch(&account, restore, body.clone()).await),
                    []
                );
            }
            let restored = world.user(&account, "ada@example.com").await;
            assert_eq!(restored["UserRegistrationStatus"], "Registered");
            assert_eq!(restored["PersonalPIN"], ada["PersonalPIN"]);
            assert_eq!(
                browser
                    .sign_in("ada@example.com", crate::world::PASSWORD)
                    .await
                    .status,
                303
            );
        }
    }
}

#[tokio::test]
async fn a_removed_domain_releases_the_registered_and_keeps_the_suspended() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, mut browser) = world.member(&account, "ada@example.com").await;
        let (bob, _) = world.member(&account, "bob@example.com").await;
        world.member(&account, "eve@elsewhere.example").await;
        world.set_type(&account, "EnterpriseLWA").await;
        world.claim(&account, "example.com").await;
        world
            .batch(&account, "suspend", json!({ "UserIdList": [bob["UserId"]] }))
            .await
            .ok();
        world.release(&account, "example.com").await;
        assert!(!browser.is_signed_in().await);

        let pair = |email: &str, status: &str| (email.to_owned(), status.to_owned());
        let list = world.get(&format!("/accounts/{account}/users")).await;
        assert_eq!(
            statuses(&list),
            [
                pair("bob@example.com", "Suspended"),
                pair("eve@elsewhere.example", "Registered"),
                pair("ada@example.com", "Released"),
            ],
            "who is released comes last"
        );
        let restored = world
            .batch(&account, "unsuspend", json!({ "UserIdList": [bob["UserId"]] }))
            .await;
        assert_eq!(
            item_errors(&restored),
            [(text(&bob["UserId"]), "Conflict".to_owned())]
        );
        // The address of the one is free, that of the other is not, and nobody elsewhere is told.
        let other = world.account("B").await;
        let invites = world
            .invite(&other, &["ada@example.com", "bob@example.com"])
            .await;
        assert_eq!(invites.ok()["Invites"][0]["Status"], "Pending");
        assert_eq!(invites.ok()["Invites"][1]["Status"], "Pending");
        world.server.clock().advance(crate::world::DAY);
        let (again, _) = world.member(&other, "ada@example.com").await;
        assert_ne!(again["UserId"], ada["UserId"]);
        assert_eq!(
            world.user(&account, "ada@example.com").await["UserRegistrationStatus"],
            "Released"
        );
    }
}

#[tokio::test]
async fn claiming_a_domain_makes_an_enterprise_of_a_team() {
    for world in worlds().await {
        let (mine, other) = (world.account("Mine").await, world.account("Other").await);
        let company = world.account("Company").await;
        let (kept, _) = world.member(&mine, "kept@elsewhere.example").await;
        let (_, mut moved) = world.member(&other, "moved@example.com").await;
        let (alone, _) = world.member(&other, "alone@example.com").await;
        world
            .batch(&other, "suspend", json!({ "UserIdList": [alone["UserId"]] }))
            .await
            .ok();
        let (stays, _) = world.member(&company, "stays@example.com").await;
        world.set_type(&company, "EnterpriseLWA").await;
        world
            .invite(&mine, &["late@example.com", "void@elsewhere.example"])
            .await
            .ok();
        world
            .invite(&other, &["theirs@example.com", "fine@elsewhere.example"])
            .await
            .ok();
        world.work().await;
        let links: Vec<(String, String)> = ["late@", "void@", "theirs@", "fine@"]
            .iter()
            .map(|name| {
                let mail = world.mails().into_iter().rfind(|mail| mail.to.starts_with(name));
                ((*name).to_owned(), crate::world::link_in(&mail.unwrap()))
            })
            .collect();

        world.claim(&mine, "example.com").await;
        world.work().await;
        let account = world.get(&format!("/accounts/{mine}")).await;
        assert_eq!(account["Account"]["AccountType"], "EnterpriseLWA");
        for (name, link) in &links {
            let opens = matches!(name.as_str(), "late@" | "fine@");
            assert_eq!(
                world.browser().open(link).await.status == 200,
                opens,
                "the invitation of {name}"
            );
        }
        let invitation = async |account: &str, email: &str| {
            world.user(account, email).await["UserInvitationStatus"].clone()
        };
        assert_eq!(invitation(&mine, "late@example.com").await, "Pending");
        assert_eq!(invitation(&mine, "void@elsewhere.example").await, "Failed");
        assert_eq!(invitation(&other, "theirs@example.com").await, "Failed");
        assert_eq!(invitation(&other, "fine@elsewhere.example").await, "Pending");

        // People of the domain come in, from another team and from nowhere; an Enterprise keeps its own.
        assert!(!moved.is_signed_in().await);
        for email in ["moved@example.com", "alone@example.com"] {
            let user = world.user(&mine, email).await;
            assert_eq!(
                (&user["UserRegistrationStatus"], &user["LicenseType"]),
                (&json!("Registered"), &json!("Pro"))
            );
            assert!(user["PersonalPIN"].is_string() && user.get("UserInvitationStatus").is_none());
        }
        assert_eq!(
            world.user(&mine, "alone@example.com").await["UserId"],
            alone["UserId"]
        );
        assert_eq!(
            world.user(&mine, "kept@elsewhere.example").await["UserId"],
            kept["UserId"]
        );
        assert_eq!(
            world.user(&company, "stays@example.com").await["UserId"],
            stays["UserId"]
        );
        let left = world
            .event(carillon_iam::testing::ACCOUNT, "UserDeparture")
            .await
            .unwrap();
        assert_eq!(left["serviceEventDetails"]["accountId"], other.as_str());

        // Whoever was invited before can still come.
        let late = &links[0].1;
        assert_eq!(
            world.browser().accept(late, crate::world::PASSWORD).await.status,
            303
        );
        assert_eq!(
            world.user(&mine, "late@example.com").await["UserRegistrationStatus"],
            "Registered"
        );
        let mut tx = world.server.store().write().await.unwrap();
        let back = operator::set_type(&mut tx, &mine, "Team".parse().unwrap()).await;
        assert!(back.is_err(), "a Team account has no domains");
    }
}

#[tokio::test]
async fn many_people_of_a_domain_move_in() {
    for world in worlds().await {
        let (mine, other) = (world.account("Mine").await, world.account("Other").await);
        let people: Vec<String> = (0..450).map(|number| format!("p{number}@example.com")).collect();
        for some in people.chunks(50) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            world.invite(&other, &some).await.ok();
        }
        let mut tx = world.server.store().write().await.unwrap();
        tx.execute(
            "UPDATE chime_user SET registration = 'Registered' WHERE account_id = $1",
            carillon_store::bind![other],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        world.claim(&mine, "example.com").await;
        world.work().await;
        let count = async |account: &str| {
            let mut tx = world.server.store().read().await.unwrap();
            tx.fetch_number(
                "SELECT COUNT(*) FROM chime_user WHERE account_id = $1",
                carillon_store::bind![account],
            )
            .await
            .unwrap()
        };
        assert_eq!((count(&mine).await, count(&other).await), (450, 0));
        let mut tx = world.server.store().read().await.unwrap();
        let open = tx
            .fetch_number(
                "SELECT COUNT(*) FROM chime_invite WHERE status = 'Pending'",
                carillon_store::bind![],
            )
            .await
            .unwrap();
        assert_eq!(open, 0);
    }
}

#[tokio::test]
async fn removing_from_a_team_and_coming_back() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, mut browser) = world.member(&account, "ada@example.com").await;
        let invited = world.invited(&account, "bob@example.com").await;
        let body = json!({ "UserIdList": [ada["UserId"], invited["UserId"]] });
        assert_eq!(
            item_errors(&world.batch(&account, "suspend", body.clone()).await),
            []
        );
        assert!(!browser.is_signed_in().await);
        assert_eq!(
            world.get(&format!("/accounts/{account}/users")).await["Users"],
            json!([])
        );
        assert_eq!(
            world.get("/accounts?user-email=ada%40example.com").await["Accounts"],
            json!([])
        );
        let codes: Vec<String> = item_errors(&world.batch(&account, "suspend", body).await)
            .into_iter()
            .map(|(_, code)| code)
            .collect();
        assert_eq!(codes, ["NotFound", "NotFound"]);

        // The person goes on alone.
        assert_eq!(
            browser
                .sign_in("ada@example.com", crate::world::PASSWORD)
                .await
                .status,
            303
        );
        let page = browser.open("/portal").await;
        assert!(
            page.text.contains("on your own") && page.text.contains("Basic"),
            "{}",
            page.text
        );

        world.server.clock().advance(crate::world::DAY);
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.work().await;
        let link = world.link();
        assert_eq!(browser.accept(&link, "not the password").await.status, 401);
        assert_eq!(browser.accept(&link, crate::world::PASSWORD).await.status, 303);
        let again = world.user(&account, "ada@example.com").await;
        assert_eq!(
            (&again["UserId"], &again["RegisteredOn"]),
            (&ada["UserId"], &ada["RegisteredOn"])
        );
        assert_eq!(again["LicenseType"], "Pro");
        assert_ne!(again["PersonalPIN"], ada["PersonalPIN"], "the old one is retired");
    }
}
