//! Domains: claims and their proof, and what claims and their end do to people.

use std::sync::atomic::Ordering;
use std::time::Duration;

use carillon_chime::account::{Life, operator};
use carillon_iam::testing::{ACCOUNT, Answer};
use serde_json::{Value, json};

use crate::world::{NOBODY, PASSWORD, World, sqlite, statuses, text, worlds};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    async fn add_domain(&self, account: &str, domain: &str) -> Answer {
        let path = format!("/accounts/{account}/domains");
        self.call("POST", &path, json!({ "DomainName": domain })).await
    }

    async fn domain(&self, account: &str, domain: &str) -> Value {
        let path = format!("/accounts/{account}/domains/{domain}");
        self.get(&path).await["Domain"].clone()
    }

    async fn delete_domain(&self, account: &str, domain: &str) -> Answer {
        let path = format!("/accounts/{account}/domains/{domain}");
        self.call("DELETE", &path, Value::Null).await
    }

    async fn effects(&self, account: &str, domain: &str) -> Value {
        let path = format!("/accounts/{account}/domains/{domain}/effects");
        self.get(&path).await["DomainEffects"].clone()
    }

    /// Claims a domain and proves it.
    async fn prove(&self, account: &str, domain: &str) {
        let added = self.add_domain(account, domain).await;
        self.dns.publish(&added.ok()["Domain"]);
        self.work().await;
        assert_eq!(self.domain(account, domain).await["Status"], "Verified");
    }

    async fn users(&self, account: &str) -> Vec<(String, String)> {
        statuses(&self.get(&format!("/accounts/{account}/users")).await)
    }

    async fn type_of(&self, account: &str) -> Value {
        self.get(&format!("/accounts/{account}")).await["Account"]["AccountType"].clone()
    }

    fn looks(&self) -> usize {
        self.dns.asked.load(Ordering::Relaxed)
    }
}

fn pair(email: &str, status: &str) -> (String, String) {
    (email.to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_record_proves_a_claim() {
    for world in worlds().await {
        let account = world.account("A").await;
        let added = world.add_domain(&account, "Example.COM.").await;
        assert_eq!(added.status, 201);
        let domain = &added.ok()["Domain"];
        assert_eq!(domain["DomainName"], "example.com");
        assert_eq!(domain["AccountId"], account.as_str());
        assert_eq!(domain["Status"], "PendingVerification");
        let record = &domain["VerificationRecord"];
        assert_eq!(record["Name"], "_carillon-challenge.example.com");
        let value = text(&record["Value"]);
        let random = value.strip_prefix("carillon-domain-verification=").unwrap();
        assert_eq!(random.len(), 43);
        assert_eq!(
            world.type_of(&account).await,
            "Team",
            "a claim alone converts nothing"
        );

        world.work().await;
        let seen = world.domain(&account, "example.com").await;
        assert_eq!(
            (
                &seen["LastCheckResult"],
                &seen["LastCheckedTimestamp"],
                &seen["NextCheckTimestamp"]
            ),
            (
                &json!("RecordNotFound"),
                &json!("2026-03-01T12:00:00.000Z"),
                &json!("2026-03-01T12:00:30.000Z")
            )
        );
        world.server.clock().advance(Duration::from_secs(29));
        world.work().await;
        assert_eq!(world.looks(), 1, "not before it is due");
        world.dns.set(
            "_carillon-challenge.example.com",
            Some(&["v=spf1 -all", "carillon-domain-verification=another"]),
        );
        world.server.clock().advance(Duration::from_secs(1));
        world.work().await;
        let seen = world.domain(&account, "example.com").await;
        assert_eq!(seen["LastCheckResult"], "ValueMismatch");

        world.dns.set("_carillon-challenge.example.com", None);
        world.server.clock().advance(Duration::from_secs(30));
        world.work().await;
        let seen = world.domain(&account, "example.com").await;
        assert_eq!(
            (&seen["LastCheckResult"], &seen["Status"]),
            (&json!("DnsError"), &json!("PendingVerification"))
        );

        world.dns.publish(domain);
        world.server.clock().advance(Duration::from_secs(30));
        world.work().await;
        let proved = world.domain(&account, "example.com").await;
        assert_eq!(
            proved,
            json!({
                "DomainName": "example.com", "AccountId": account, "Status": "Verified",
                "CreatedTimestamp": "2026-03-01T12:00:00.000Z", "VerifiedTimestamp": "2026-03-01T12:01:30.000Z",
                "LastCheckedTimestamp": "2026-03-01T12:01:30.000Z", "LastCheckResult": "Found",
            })
        );
        assert_eq!(world.type_of(&account).await, "EnterpriseLWA");
        let event = world.event(ACCOUNT, "VerifyDomain").await.unwrap();
        assert_eq!(event["eventType"], "AwsServiceEvent");
        assert_eq!(
            event["serviceEventDetails"],
            json!({ "domainName": "example.com", "accountType": "EnterpriseLWA", "accountId": account })
        );
        let looks = world.looks();
        world.server.clock().advance(100 * HOUR);
        world.work().await;
        assert_eq!(world.looks(), looks, "what is proved is not looked at again");
        let again = world.add_domain(&account, "example.com").await;
        assert_eq!((again.status, again.code()), (409, "ConflictException"));
    }
}

#[tokio::test]
async fn a_claim_without_record_is_given_up_after_three_days() {
    for world in worlds().await {
        let account = world.account("A").await;
        let first = world.add_domain(&account, "example.com").await.ok()["Domain"].clone();
        let again = world.add_domain(&account, "example.com").await;
        assert_eq!((again.status, again.code()), (409, "ConflictException"));
        // Each look comes when it is due: twenty in ten minutes, twelve in an hour, then one in half an hour, and
        // one at the end.
        for look in 1..=174 {
            world.work().await;
            assert_eq!(world.looks(), look);
            world.server.clock().advance(match look {
                1..=20 => MINUTE / 2,
                21..=32 => 5 * MINUTE,
                33..=173 => 30 * MINUTE,
                _ => 20 * MINUTE,
            });
        }
        world.work().await;
        let failed = world.domain(&account, "example.com").await;
        assert_eq!(failed["Status"], "VerificationFailed");
        assert_eq!(failed["LastCheckResult"], "RecordNotFound");
        assert_eq!(failed["LastCheckedTimestamp"], "2026-03-04T12:00:00.000Z");
        assert_eq!(failed["NextCheckTimestamp"], Value::Null);
        let event = world.event(ACCOUNT, "FailDomainVerification").await.unwrap();
        assert_eq!(
            event["serviceEventDetails"],
            json!({ "domainName": "example.com", "lastCheckResult": "RecordNotFound", "accountId": account })
        );
        let looks = world.looks();
        world.server.clock().advance(100 * HOUR);
        world.work().await;
        assert_eq!(world.looks(), looks);

        let second = world.add_domain(&account, "example.com").await;
        assert_eq!(second.status, 201);
        let second = &second.ok()["Domain"];
        assert_eq!(second["Status"], "PendingVerification");
        assert_ne!(
            second["VerificationRecord"]["Value"],
            first["VerificationRecord"]["Value"]
        );
        world.dns.publish(&first);
        world.work().await;
        let seen = world.domain(&account, "example.com").await;
        assert_eq!(
            seen["LastCheckResult"], "ValueMismatch",
            "the old record proves nothing"
        );
        world.dns.publish(second);
        world.server.clock().advance(MINUTE);
        world.work().await;
        assert_eq!(world.domain(&account, "example.com").await["Status"], "Verified");
    }
}

#[tokio::test]
async fn of_two_who_claim_one_wins() {
    for world in worlds().await {
        let (one, two) = (world.account("One").await, world.account("Two").await);
        let mine = world.add_domain(&one, "example.com").await.ok()["Domain"].clone();
        let stranger = world.server.as_root_of_another_account().await;
        let theirs = stranger
            .rest("chime", "POST", "/accounts", json!({ "Name": "Theirs" }))
            .await;
        let path = format!("/accounts/{}/domains", text(&theirs.ok()["Account"]["AccountId"]));
        stranger
            .rest("chime", "POST", &path, json!({ "DomainName": "example.com" }))
            .await
            .ok();
        world.add_domain(&two, "example.com").await.ok();
        world.dns.publish(&mine);
        world.work().await;
        assert_eq!(world.domain(&one, "example.com").await["Status"], "Verified");
        let lost = world.domain(&two, "example.com").await;
        let far = stranger
            .rest("chime", "GET", &format!("{path}/example.com"), Value::Null)
            .await;
        for lost in [&lost, &far.ok()["Domain"]] {
            assert_eq!(
                (&lost["Status"], &lost["LastCheckResult"]),
                (&json!("VerificationFailed"), &json!("ClaimedByAnotherAccount"))
            );
        }
        for (client, account) in [
            (&world.root(), &two),
            (&stranger, &text(&theirs.ok()["Account"]["AccountId"])),
        ] {
            let path = format!("/accounts/{account}/domains");
            let refused = client
                .rest("chime", "POST", &path, json!({ "DomainName": "example.com" }))
                .await;
            assert_eq!((refused.status, refused.code()), (409, "ConflictException"));
            assert!(!refused.text.contains(&one), "{}", refused.text);
        }
        world.delete_domain(&one, "example.com").await.ok();
        world.work().await;
        world.prove(&two, "example.com").await;
    }
}

#[tokio::test]
async fn of_two_whose_records_are_both_there_one_wins() {
    for world in worlds().await {
        let mut values = Vec::new();
        let accounts = [world.account("One").await, world.account("Two").await];
        for account in &accounts {
            let added = world.add_domain(account, "example.com").await;
            values.push(text(&added.ok()["Domain"]["VerificationRecord"]["Value"]));
        }
        world.dns.set(
            "_carillon-challenge.example.com",
            Some(&[values[0].as_str(), values[1].as_str()]),
        );
        tokio::join!(world.work(), world.work());
        // Whoever lost a race looks again a moment later.
        world.server.clock().advance(MINUTE);
        world.work().await;
        let mut ends = Vec::new();
        for account in &accounts {
            let domain = world.domain(account, "example.com").await;
            ends.push((text(&domain["Status"]), text(&domain["LastCheckResult"])));
        }
        ends.sort();
        assert_eq!(
            ends,
            [
                pair("VerificationFailed", "ClaimedByAnotherAccount"),
                pair("Verified", "Found")
            ]
        );
    }
}

#[tokio::test]
async fn a_look_that_has_to_wait_is_none() {
    for world in worlds().await {
        let account = world.account("A").await;
        let added = world.add_domain(&account, "example.com").await;
        world.dns.publish(&added.ok()["Domain"]);
        world.dns.is_busy.store(true, Ordering::Relaxed);
        world.work().await;
        let domain = world.domain(&account, "example.com").await;
        assert_eq!(
            (&domain["LastCheckResult"], &domain["NextCheckTimestamp"]),
            (&Value::Null, &domain["CreatedTimestamp"])
        );
        world.dns.is_busy.store(false, Ordering::Relaxed);
        world.server.clock().advance(Duration::from_secs(2));
        world.work().await;
        assert_eq!(world.domain(&account, "example.com").await["Status"], "Verified");
    }
}

#[tokio::test]
async fn what_cannot_be_claimed_is_refused() {
    for world in worlds().await {
        let account = world.account("A").await;
        for name in [
            json!(""),
            json!(7),
            Value::Null,
            json!("localhost"),
            json!("127.0.0.1"),
            json!("::1"),
            json!("co.uk"),
            json!("github.io"),
            json!("GMAIL.com."),
            json!("a b.com"),
            json!("a@example.com"),
            json!("*.example.com"),
            json!("x".repeat(254)),
            json!(format!("{0}.{0}.{0}.{0}.com", "x".repeat(60))),
            json!("example.com\u{0}"),
            json!("xn--a.com"),
        ] {
            let path = format!("/accounts/{account}/domains");
            let answer = world.call("POST", &path, json!({ "DomainName": name })).await;
            assert_eq!(
                (answer.status, answer.code()),
                (400, "BadRequestException"),
                "{name}"
            );
        }
        // What has no form is refused before the account is looked for.
        for name in ["localhost", "co.uk", "gmail.com"] {
            assert_eq!(world.add_domain(NOBODY, name).await.status, 400, "{name}");
        }
        assert_eq!(world.add_domain(NOBODY, "example.com").await.status, 404);
        for name in [
            "nothing.example.com",
            "co.uk",
            "%20",
            "%00",
            "..",
            "%C3%A4",
            "example.com%2Feffects",
        ] {
            for (method, end) in [("GET", ""), ("DELETE", ""), ("GET", "/effects")] {
                let path = format!("/accounts/{account}/domains/{name}{end}");
                let status = world.call(method, &path, Value::Null).await.status;
                assert!(matches!(status, 400 | 404), "{method} {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn an_international_domain_has_one_name() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, _) = world.member(&account, "ada@exämple.com").await;
        assert_eq!(ada["PrimaryEmail"], "ada@xn--exmple-cua.com");
        let added = world.add_domain(&account, "EXÄMPLE.com").await;
        assert_eq!(added.ok()["Domain"]["DomainName"], "xn--exmple-cua.com");
        assert_eq!(
            added.ok()["Domain"]["VerificationRecord"]["Name"],
            "_carillon-challenge.xn--exmple-cua.com"
        );
        for name in ["ex%C3%A4mple.com", "EX%C3%84MPLE.com.", "XN--EXMPLE-CUA.COM"] {
            assert_eq!(
                world.domain(&account, name).await["DomainName"],
                "xn--exmple-cua.com"
            );
        }
        world.dns.publish(&added.ok()["Domain"]);
        world.work().await;
        assert_eq!(
            world.domain(&account, "ex%C3%A4mple.com").await["Status"],
            "Verified"
        );
        let elsewhere = world.account("B").await;
        let invites = world.invite(&elsewhere, &["eve@Exämple.com"]).await;
        assert_eq!(invites.ok()["Invites"][0]["Status"], "Failed");
        assert_eq!(
            world.delete_domain(&account, "ex%C3%A4mple.com").await.status,
            204
        );
        assert_eq!(
            world.users(&account).await,
            [pair("ada@xn--exmple-cua.com", "Released")]
        );
    }
}

#[tokio::test]
async fn a_claim_gathers_people_and_shows_it_before() {
    for world in worlds().await {
        let (company, club) = (world.account("Company").await, world.account("Club").await);
        world.member(&company, "ada@example.com").await;
        world.member(&company, "guest@example.org").await;
        let (_, mut eve) = world.member(&club, "eve@example.com").await;
        let (free, _) = world.member(&club, "free@example.com").await;
        world
            .batch(&club, "suspend", json!({ "UserIdList": [free["UserId"]] }))
            .await
            .ok();
        world.invited(&club, "open@example.com").await;
        world.invited(&company, "ours@example.com").await;
        world.invited(&company, "others@example.org").await;
        let added = world.add_domain(&company, "example.com").await;
        assert_eq!(
            world.effects(&company, "example.com").await,
            json!({
                "DomainName": "example.com", "AccountId": company, "Change": "Claim",
                "AccountType": "EnterpriseLWA", "IsTruncated": false,
                "Claim": {
                    "TeamMembersJoining": 1, "OthersInvitationsEnding": 1,
                    "OwnInvitationsEnding": 1, "ForeignMembersStaying": 1,
                },
            })
        );
        world.dns.publish(&added.ok()["Domain"]);
        world.work().await;
        let mut users = world.users(&company).await;
        users.sort();
        assert_eq!(
            users,
            [
                pair("ada@example.com", "Registered"),
                pair("eve@example.com", "Registered"),
                pair("free@example.com", "Registered"),
                pair("guest@example.org", "Registered"),
                pair("others@example.org", "Unregistered"),
                pair("ours@example.com", "Unregistered"),
            ]
        );
        assert!(!eve.is_signed_in().await, "who moves signs in anew");
        let failed = |user: Value| user["UserInvitationStatus"].clone();
        assert_eq!(failed(world.user(&club, "open@example.com").await), "Failed");
        assert_eq!(failed(world.user(&company, "others@example.org").await), "Failed");
        assert_eq!(failed(world.user(&company, "ours@example.com").await), "Pending");

        // An Enterprise account's second domain converts nothing any more.
        world.add_domain(&company, "example.net").await.ok();
        let effects = world.effects(&company, "example.net").await;
        assert_eq!(effects["Claim"]["ForeignMembersStaying"], 0);
        assert_eq!(effects["AccountType"], "EnterpriseLWA");
    }
}

#[tokio::test]
async fn nobody_is_moved_into_an_account_that_was_stopped() {
    for world in worlds().await {
        for life in [Life::Suspended, Life::Disabled] {
            let domain = format!("{}.example.com", life.as_str().to_lowercase());
            let address = format!("eve@{domain}");
            let (company, club) = (world.account("Company").await, world.account("Club").await);
            world.member(&club, &address).await;
            let now = world.server.environment().clock.now();
            let mut tx = world.server.store().write().await.unwrap();
            operator::claim_domain(&mut tx, &company, &domain, world.entropy(), now)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            world.set_life(&company, life).await;
            world.work().await;
            assert_eq!(world.users(&club).await, [pair(&address, "Registered")]);
            world.set_life(&company, Life::Active).await;
            world.server.clock().advance(HOUR);
            world.work().await;
            assert_eq!(world.users(&club).await, []);
            assert_eq!(world.users(&company).await, [pair(&address, "Registered")]);
        }
    }
}

#[tokio::test]
async fn a_preview_tells_nothing_of_other_aws_accounts() {
    for world in worlds().await {
        let stranger = world.server.as_root_of_another_account().await;
        let made = stranger
            .rest("chime", "POST", "/accounts", json!({ "Name": "Theirs" }))
            .await;
        let theirs = text(&made.ok()["Account"]["AccountId"]);
        let path = format!("/accounts/{theirs}/users?operation=add");
        let body = json!({ "UserEmailList": ["eve@example.com"] });
        stranger.rest("chime", "POST", &path, body).await.ok();
        world.work().await;
        let accepted = world.browser().accept(&world.link(), PASSWORD).await;
        assert_eq!(accepted.status, 303, "{}", accepted.text);
        let body = json!({ "UserEmailList": ["open@example.com"] });
        stranger.rest("chime", "POST", &path, body).await.ok();

        let mine = world.account("Mine").await;
        world.add_domain(&mine, "example.com").await.ok();
        assert_eq!(
            world.effects(&mine, "example.com").await["Claim"],
            json!({
                "TeamMembersJoining": 0, "OthersInvitationsEnding": 0, "OwnInvitationsEnding": 0,
                "ForeignMembersStaying": 0,
            })
        );
    }
}

#[tokio::test]
async fn people_of_a_domain_that_is_given_up_are_released() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, mut adas) = world.member(&account, "ada@example.com").await;
        let (bob, mut bobs) = world.member(&account, "bob@example.com").await;
        let (_, mut guests) = world.member(&account, "guest@example.org").await;
        world.invited(&account, "open@example.com").await;
        let link = {
            world.work().await;
            world.link()
        };
        world.prove(&account, "example.com").await;
        world
            .batch(
                &account,
                "suspend-users",
                json!({ "UserIdList": [bob["UserId"]] }),
            )
            .await
            .ok();
        assert_eq!(
            world.effects(&account, "example.com").await["Release"],
            json!({ "SignedOut": 1, "Released": 1, "Deleted": 1, "StayingSuspended": 1, "InvitationsEnding": 1 })
        );
        let refused = world
            .call("DELETE", &format!("/accounts/{account}"), Value::Null)
            .await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "UnprocessableEntityException")
        );

        let gone = world.delete_domain(&account, "example.com").await;
        assert_eq!((gone.status, gone.text.as_str()), (204, ""));
        assert_eq!(world.delete_domain(&account, "example.com").await.status, 404);
        let mut users = world.users(&account).await;
        users.sort();
        assert_eq!(
            users,
            [
                pair("ada@example.com", "Released"),
                pair("bob@example.com", "Suspended"),
                pair("guest@example.org", "Registered"),
            ]
        );
        assert!(!adas.is_signed_in().await && !bobs.is_signed_in().await);
        assert!(guests.is_signed_in().await, "people of other domains stay");
        assert_eq!(
            world.browser().sign_in("ada@example.com", PASSWORD).await.status,
            401
        );
        assert!(world.browser().accept(&link, PASSWORD).await.status >= 400);
        let released = world.user(&account, "ada@example.com").await;
        assert_eq!(released["PersonalPIN"], Value::Null);
        world.work().await;
        let event = world.event(ACCOUNT, "ReleaseUsers").await.unwrap();
        assert_eq!(
            event["serviceEventDetails"]["releasedUserIds"],
            json!([ada["UserId"]])
        );
        assert_eq!(
            event["serviceEventDetails"]["deletedUserIds"]
                .as_array()
                .unwrap()
                .len(),
            1
        );

        // Who was suspended cannot come back, also while the domain is claimed anew and not proved.
        for _ in 0..2 {
            let answer = world
                .batch(
                    &account,
                    "activate-users",
                    json!({ "UserIdList": [bob["UserId"]] }),
                )
                .await;
            assert_eq!(answer.ok()["UserErrors"][0]["ErrorCode"], "Conflict");
            let _ = world.add_domain(&account, "example.com").await;
        }
        world.delete_domain(&account, "example.com").await.ok();
        world.prove(&account, "example.com").await;
        let answer = world
            .batch(
                &account,
                "activate-users",
                json!({ "UserIdList": [bob["UserId"]] }),
            )
            .await;
        assert_eq!(answer.ok()["UserErrors"], json!([]));
        // The address of somebody who was released is free.
        world.delete_domain(&account, "example.com").await.ok();
        let elsewhere = world.account("B").await;
        world.member(&elsewhere, "ada@example.com").await;
        assert_eq!(
            world
                .call("DELETE", &format!("/accounts/{account}"), Value::Null)
                .await
                .status,
            204
        );
    }
}

#[tokio::test]
async fn where_a_directory_kept_them_people_are_deleted() {
    for world in worlds().await {
        for account_type in ["EnterpriseDirectory", "EnterpriseOIDC"] {
            let domain = format!("{}.example.com", account_type.to_lowercase());
            let account = world.account("A").await;
            let address = format!("ada@{domain}");
            let (ada, mut adas) = world.member(&account, &address).await;
            let (bob, _) = world.member(&account, &format!("bob@{domain}")).await;
            world.prove(&account, &domain).await;
            world
                .batch(
                    &account,
                    "suspend-users",
                    json!({ "UserIdList": [bob["UserId"]] }),
                )
                .await
                .ok();
            world.set_type(&account, account_type).await;
            let effects = world.effects(&account, &domain).await;
            assert_eq!(
                (
                    &effects["AccountType"],
                    &effects["Release"]["Deleted"],
                    &effects["Release"]["Released"]
                ),
                (&json!(account_type), &json!(1), &json!(0))
            );
            world.delete_domain(&account, &domain).await.ok();
            let path = format!("/accounts/{account}/users/{}", text(&ada["UserId"]));
            assert_eq!(world.call("GET", &path, Value::Null).await.status, 404);
            assert_eq!(
                world.users(&account).await,
                [pair(&format!("bob@{domain}"), "Suspended")]
            );
            assert!(!adas.is_signed_in().await);
            let mut tx = world.server.store().read().await.unwrap();
            let live = tx
                .fetch_number(
                    "SELECT COUNT(*) FROM chime_personal_pin WHERE personal_pin = $1 AND retired_at IS NULL",
                    carillon_store::bind![ada["PersonalPIN"].as_str().unwrap()],
                )
                .await
                .unwrap();
            assert_eq!(live, 0, "its PIN rests");
        }
    }
}

#[tokio::test]
async fn nobody_of_a_big_domain_is_let_in_while_it_is_released() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (_, mut last) = world.member(&account, "zoe@example.com").await;
        world.prove(&account, "example.com").await;
        // More people than are treated at once, all before the one who is signed in.
        let mut tx = world.server.store().write().await.unwrap();
        for number in 0..450 {
            tx.execute(
                "INSERT INTO chime_user (user_id, account_id, email, email_key, email_domain, user_type, registration,
                    list_rank, alexa_enabled, inbound_calling, outbound_calling, sms, created_at, presence)
                 VALUES ($1, $2, $3, $3, 'example.com', 'PrivateUser', 'Registered', 0, FALSE, FALSE, FALSE, FALSE, 0,
                    'Public')",
                carillon_store::bind![
                    format!("00000000-0000-4000-8000-{number:012}"),
                    account,
                    format!("p{number}@example.com")
                ],
            )
            .await
            .unwrap();
        }
        tx.execute(
            "UPDATE chime_user SET user_id = 'ffffffff-ffff-4fff-bfff-ffffffffffff' WHERE email_key = 'zoe@example.com'",
            carillon_store::bind![],
        )
        .await
        .unwrap();
        tx.execute(
            "UPDATE chime_session SET user_id = 'ffffffff-ffff-4fff-bfff-ffffffffffff'",
            carillon_store::bind![],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert!(last.is_signed_in().await);
        let effects = world.effects(&account, "example.com").await;
        assert_eq!(effects["Release"]["Released"], 451);

        world.delete_domain(&account, "example.com").await.ok();
        let zoe = world.user(&account, "zoe@example.com").await;
        assert_eq!(
            zoe["UserRegistrationStatus"], "Registered",
            "its turn has not come"
        );
        assert!(!last.is_signed_in().await);
        assert_eq!(last.sign_in("zoe@example.com", PASSWORD).await.status, 403);
        assert!(!last.is_signed_in().await);
        let early = world.add_domain(&account, "example.com").await;
        assert_eq!((early.status, early.code()), (409, "ConflictException"));
        world.work().await;
        let zoe = world.user(&account, "zoe@example.com").await;
        assert_eq!(zoe["UserRegistrationStatus"], "Released");
        assert_eq!(world.add_domain(&account, "example.com").await.status, 201);
    }
}

#[tokio::test]
async fn domains_are_listed_by_name() {
    for world in worlds().await {
        let account = world.account("A").await;
        let path = format!("/accounts/{account}/domains");
        assert_eq!(world.get(&path).await, json!({ "Domains": [] }));
        for number in (0..100).rev() {
            assert_eq!(
                world
                    .add_domain(&account, &format!("d{number:02}.example.com"))
                    .await
                    .status,
                201
            );
        }
        let full = world.add_domain(&account, "more.example.com").await;
        assert_eq!(
            (full.status, full.code()),
            (400, "ResourceLimitExceededException")
        );
        let first = world.get(&path).await;
        assert_eq!(first["Domains"].as_array().unwrap().len(), 50);
        let mut names = Vec::new();
        let mut next = format!("{path}?max-results=7");
        loop {
            let page = world.get(&next).await;
            names.extend(
                page["Domains"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| text(&one["DomainName"])),
            );
            match page["NextToken"].as_str() {
                Some(token) => next = format!("{path}?max-results=7&next-token={token}"),
                None => break,
            }
        }
        assert_eq!(names.len(), 100);
        assert!(names.is_sorted());
        let token = text(&first["NextToken"]);
        let other = world.account("B").await;
        for wrong in [
            format!("{path}?max-results=0"),
            format!("{path}?max-results=100"),
            format!("{path}?next-token=x"),
            format!("/accounts/{other}/domains?next-token={token}"),
        ] {
            assert_eq!(
                world.call("GET", &wrong, Value::Null).await.status,
                400,
                "{wrong}"
            );
        }
        world.delete_domain(&account, "d00.example.com").await.ok();
        assert_eq!(world.add_domain(&account, "more.example.com").await.status, 201);
    }
}

#[tokio::test]
async fn domains_are_their_accounts_and_ask_for_permission() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.prove(&account, "example.com").await;
        let asked = [
            (
                "POST",
                format!("/accounts/{account}/domains"),
                json!({ "DomainName": "example.net" }),
            ),
            (
                "GET",
                format!("/accounts/{account}/domains/example.com"),
                Value::Null,
            ),
            ("GET", format!("/accounts/{account}/domains"), Value::Null),
            (
                "GET",
                format!("/accounts/{account}/domains/example.com/effects"),
                Value::Null,
            ),
            (
                "DELETE",
                format!("/accounts/{account}/domains/example.com"),
                Value::Null,
            ),
        ];
        let stranger = world.server.as_root_of_another_account().await;
        for (method, path, body) in &asked {
            let foreign = stranger.rest("chime", method, path, body.clone()).await;
            let absent = world
                .call(method, &path.replace(&account, NOBODY), body.clone())
                .await;
            assert_eq!(
                (foreign.status, foreign.code()),
                (404, "NotFoundException"),
                "{method} {path}"
            );
            assert_eq!(foreign.text.replace(&account, NOBODY), absent.text);
        }
        for (policy, allowed) in [
            ("AmazonChimeReadOnly", [403, 200, 200, 403, 403]),
            ("AmazonChimeUserManagement", [403, 200, 200, 403, 403]),
            ("AmazonChimeFullAccess", [201, 200, 200, 200, 204]),
        ] {
            let user = world.server.as_user(policy, &[policy]).await;
            for ((method, path, body), status) in asked.iter().zip(allowed) {
                let answer = user.rest("chime", method, path, body.clone()).await;
                assert_eq!(answer.status, status, "{policy} {method} {path} {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn nobody_has_everything_looked_up_for_it() {
    for world in worlds().await {
        let mut claimed = 0;
        for name in ["A", "B"] {
            let account = world.account(name).await;
            for _ in 0..50 {
                world
                    .add_domain(&account, &format!("d{claimed}.example.com"))
                    .await
                    .ok();
                claimed += 1;
            }
        }
        let third = world.account("C").await;
        let refused = world.add_domain(&third, "more.example.com").await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "ResourceLimitExceededException")
        );
        assert!(refused.text.contains("at most 100 domains"), "{}", refused.text);
        // Others have their own hundred.
        let other = world.server.as_root_of_another_account().await;
        let made = other
            .rest("chime", "POST", "/accounts", json!({ "Name": "O" }))
            .await;
        let path = format!("/accounts/{}/domains", text(&made.ok()["Account"]["AccountId"]));
        let added = other
            .rest(
                "chime",
                "POST",
                &path,
                json!({ "DomainName": "more.example.com" }),
            )
            .await;
        assert_eq!(added.status, 201, "{}", added.text);
        // What was given up is asked for no more, and what is begun again counts again.
        world.server.clock().advance(HOUR * 73);
        world.work().await;
        world.add_domain(&third, "more.example.com").await.ok();
    }
}

#[tokio::test]
async fn a_stopped_account_claims_nothing() {
    for world in worlds().await {
        let account = world.account("A").await;
        let added = world.add_domain(&account, "example.com").await;
        world.dns.publish(&added.ok()["Domain"]);
        let set = async |life| {
            let now = world.server.environment().clock.now();
            let mut tx = world.server.store().write().await.unwrap();
            operator::set_status(&mut tx, &account, life, world.entropy(), now)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        };
        set(Life::Suspended).await;
        world.work().await;
        assert_eq!(world.looks(), 0);
        assert_eq!(world.add_domain(&account, "example.net").await.status, 403);
        assert_eq!(world.delete_domain(&account, "example.com").await.status, 403);
        assert_eq!(
            world.domain(&account, "example.com").await["Status"],
            "PendingVerification"
        );
        set(Life::Active).await;
        world.server.clock().advance(MINUTE);
        world.work().await;
        assert_eq!(world.domain(&account, "example.com").await["Status"], "Verified");

        // A Team account goes with its claims, and an Enterprise account comes back with its domains.
        let other = world.account("B").await;
        world.add_domain(&other, "example.net").await.ok();
        assert_eq!(
            world
                .call("DELETE", &format!("/accounts/{other}"), Value::Null)
                .await
                .status,
            204
        );
        let looks = world.looks();
        world.server.clock().advance(HOUR);
        world.work().await;
        assert_eq!(world.looks(), looks);
    }
}

#[tokio::test]
async fn what_is_claimed_by_hand_is_claimed_the_same_way() {
    let world = sqlite().await;
    let (account, other) = (world.account("A").await, world.account("B").await);
    world.add_domain(&other, "exämple.com").await.ok();
    world.claim(&account, "Exämple.com").await;
    world.work().await;
    let domain = world.domain(&account, "xn--exmple-cua.com").await;
    assert_eq!(
        (&domain["Status"], &domain["VerificationRecord"]),
        (&json!("Verified"), &Value::Null)
    );
    let lost = world.domain(&other, "xn--exmple-cua.com").await;
    assert_eq!(lost["LastCheckResult"], "ClaimedByAnotherAccount");
    world.release(&account, "exämple.com").await;
    assert_eq!(
        world
            .call(
                "GET",
                &format!("/accounts/{account}/domains/xn--exmple-cua.com"),
                Value::Null
            )
            .await
            .status,
        404
    );
}
