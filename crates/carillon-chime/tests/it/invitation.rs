//! Invitations: what the answer says, what is mailed, how they end.

use std::sync::atomic::{AtomicUsize, Ordering};

use carillon_iam::testing::ACCOUNT;
use carillon_operation::MailError;
use serde_json::{Value, json};

use crate::world::{DAY, PASSWORD, World, link_in, text, worlds};

fn invites(answer: &carillon_iam::testing::Answer) -> Vec<(String, String, String)> {
    answer.ok()["Invites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|invite| {
            (
                text(&invite["EmailAddress"]),
                text(&invite["Status"]),
                text(&invite["EmailStatus"]),
            )
        })
        .collect()
}

fn invite(address: &str, status: &str, mail: &str) -> (String, String, String) {
    (address.to_owned(), status.to_owned(), mail.to_owned())
}

impl World {
    async fn status(&self, account: &str, email: &str) -> Value {
        self.user(account, email).await["UserInvitationStatus"].clone()
    }
}

#[tokio::test]
async fn each_address_is_invited_once() {
    for world in worlds().await {
        let account = world.account("A").await;
        let answer = world
            .invite(
                &account,
                &["ada@example.com", "Bob@Example.com", "ADA@example.com"],
            )
            .await;
        assert_eq!(answer.status, 201);
        assert_eq!(
            invites(&answer),
            [
                invite("ada@example.com", "Pending", "Sent"),
                invite("Bob@Example.com", "Pending", "Sent"),
            ]
        );
        world.work().await;
        let mails = world.mails();
        assert_eq!(mails.len(), 2);
        let id = text(&answer.ok()["Invites"][1]["InviteId"]);
        assert!(world.link().starts_with(&format!("/invitations/{id}?token=")));
        assert!(mails[1].subject.contains("A") && mails[1].text.contains("AWS account 123456789012"));
    }
}

#[tokio::test]
async fn one_bad_address_refuses_all() {
    for world in worlds().await {
        let account = world.account("A").await;
        let many: Vec<String> = (0..51).map(|number| format!("p{number}@example.com")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for list in [
            vec!["good@example.com", "a@example.com\r\nBcc: eve@example.com"],
            vec!["good@example.com", "a@b"],
            vec!["good@example.com", "a@exä mple.com"],
            vec![],
            many,
        ] {
            let answer = world.invite(&account, &list).await;
            assert_eq!(
                (answer.status, answer.code()),
                (400, "BadRequestException"),
                "{list:?}"
            );
        }
        let device = json!({ "UserEmailList": ["good@example.com"], "UserType": "SharedDevice" });
        let path = format!("/accounts/{account}/users?operation=add");
        assert_eq!(world.call("POST", &path, device).await.status, 400);
        assert_eq!(
            world.get(&format!("/accounts/{account}/users")).await["Users"],
            json!([])
        );
        world.work().await;
        assert!(world.mails().is_empty());
    }
}

#[tokio::test]
async fn inviting_again_kills_the_old_link() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.work().await;
        let old = world.link();
        world.server.clock().advance(DAY / 24);
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.work().await;
        let new = world.link();
        let mut browser = world.browser();
        assert_eq!(browser.open(&old).await.status, 404);
        assert_eq!(browser.open(&new).await.status, 200);
        assert_eq!(world.status(&account, "ada@example.com").await, "Pending");
        // The old one running out does not concern the new one.
        world.server.clock().advance(29 * DAY);
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.server.clock().advance(2 * DAY);
        world.work().await;
        assert_eq!(world.status(&account, "ada@example.com").await, "Pending");
    }
}

#[tokio::test]
async fn an_invitation_runs_out_after_thirty_days() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.work().await;
        let link = world.link();
        let mut browser = world.browser();
        world
            .server
            .clock()
            .advance(30 * DAY - std::time::Duration::from_secs(1));
        assert_eq!(browser.open(&link).await.status, 200);
        world.server.clock().advance(std::time::Duration::from_secs(1));
        assert_eq!(browser.open(&link).await.status, 404, "even before the job ran");
        assert_eq!(browser.accept(&link, PASSWORD).await.status, 404);
        world.work().await;
        let event = world.server.last_event();
        assert_eq!(
            (
                &event["eventName"],
                &event["eventType"],
                &event["serviceEventDetails"]["accountId"]
            ),
            (
                &json!("ExpireInvitation"),
                &json!("AwsServiceEvent"),
                &json!(account)
            )
        );
        assert_eq!(world.status(&account, "ada@example.com").await, "Failed");
    }
}

#[tokio::test]
async fn nobody_is_flooded_with_invitations() {
    let minute = DAY / (24 * 60);
    for world in worlds().await {
        let account = world.account("A").await;
        let path = format!("/accounts/{account}/users?operation=suspend");
        for number in 0..5 {
            let ada = world.invited(&account, "ada@example.com").await;
            world.work().await;
            world.server.clock().advance(minute);
            if number % 2 == 0 {
                // Taking it back and inviting anew is no way around.
                world
                    .call("POST", &path, json!({ "UserIdList": [ada["UserId"]] }))
                    .await
                    .ok();
            }
        }
        world.invite(&account, &["ada@example.com"]).await.ok();
        world.work().await;
        assert_eq!(world.mails().len(), 3);
        world.server.clock().advance(5 * minute);
        world.work().await;
        assert_eq!(
            world.mails().len(),
            4,
            "the newest link comes when the first mail is ten minutes old"
        );
        assert_eq!(world.browser().open(&world.link()).await.status, 200);
        // Another Chime account of the AWS account is the same sender.
        let crowd = world.mails().len();
        for number in 0..5 {
            let more = world.account(&format!("More {number}")).await;
            world.invite(&more, &["ada@example.com"]).await.ok();
        }
        world.work().await;
        assert!(world.mails().len() <= crowd + 2, "{}", world.mails().len());
        // Who accepted wants mail.
        let other = world.account("B").await;
        let (eve, _) = world.member(&other, "eve@example.com").await;
        let before = world.mails().len();
        world
            .call(
                "POST",
                &format!("/accounts/{other}/users?operation=suspend"),
                json!({ "UserIdList": [eve["UserId"]] }),
            )
            .await
            .ok();
        world.invite(&other, &["eve@example.com"]).await.ok();
        world.work().await;
        assert_eq!(world.mails().len(), before + 1);
    }
}

#[tokio::test]
async fn an_account_has_a_quota_of_mails() {
    for world in worlds().await {
        let account = world.account("A").await;
        let now = world.server.environment().clock.now();
        let mut tx = world.server.store().write().await.unwrap();
        for number in 0..1_999 {
            let address = format!("p{number}@example.com");
            tx.execute(
                "INSERT INTO chime_invite (invite_id, account_id, aws_account_id, email, email_key, email_domain, status,
                                           token_digest, created_at, expires_at, mail_at)
                 VALUES ($1, $2, $3, $4, $5, 'example.com', 'Failed', '', $6, $7, $8)",
                carillon_store::bind![address, account, ACCOUNT, address, address, now, now, now],
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        let two = ["ada@example.com", "bob@example.com"];
        let refused = world.invite(&account, &two).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "ResourceLimitExceededException")
        );
        assert_eq!(
            world.get(&format!("/accounts/{account}/users")).await["Users"],
            json!([])
        );
        // Another Chime account is no way around: anybody who may can make any number.
        let other = world.account("B").await;
        assert_eq!(
            world.invite(&other, &two).await.code(),
            "ResourceLimitExceededException"
        );
        world.invite(&other, &two[..1]).await.ok();
        let stranger = world.server.as_root_of_another_account().await;
        let theirs = stranger
            .rest("chime", "POST", "/accounts", json!({ "Name": "Theirs" }))
            .await;
        let theirs = text(&theirs.ok()["Account"]["AccountId"]);
        let path = format!("/accounts/{theirs}/users?operation=add");
        let body = json!({ "UserEmailList": two });
        stranger.rest("chime", "POST", &path, body).await.ok();
        world.server.clock().advance(DAY);
        world.invite(&account, &two).await.ok();
    }
}

#[tokio::test]
async fn every_invitation_answered_is_kept() {
    for world in worlds().await {
        let account = world.account("A").await;
        world.member(&account, "ada@example.com").await;
        let claimant = world.account("B").await;
        world.set_type(&claimant, "EnterpriseLWA").await;
        world.claim(&claimant, "claimed.example").await;
        let answer = world
            .invite(&account, &["ada@example.com", "bob@claimed.example"])
            .await;
        for (place, status) in [(0, "Accepted"), (1, "Failed")] {
            let invite = &answer.ok()["Invites"][place];
            assert_eq!(invite["Status"], status);
            let mut tx = world.server.store().read().await.unwrap();
            let kept: Option<(String,)> = tx
                .fetch_optional(
                    "SELECT status FROM chime_invite WHERE invite_id = $1",
                    carillon_store::bind![text(&invite["InviteId"])],
                )
                .await
                .unwrap();
            assert_eq!(kept, Some((status.to_owned(),)));
        }
    }
}

#[tokio::test]
async fn a_mail_that_waited_is_sent_only_while_its_link_opens() {
    for world in worlds().await {
        let account = world.account("A").await;
        let ada = world.invited(&account, "ada@example.com").await;
        let bob = world.invited(&account, "bob@example.com").await;
        let path = format!("/accounts/{account}/users?operation=suspend");
        world
            .call("POST", &path, json!({ "UserIdList": [ada["UserId"]] }))
            .await
            .ok();
        world.work().await;
        let mails = world.mails();
        assert_eq!(
            mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(),
            [text(&bob["PrimaryEmail"])]
        );
        let late = world.account("B").await;
        world.invite(&late, &["eve@example.com"]).await.ok();
        world
            .call(
                "POST",
                &format!("/accounts/{late}/users?operation=suspend"),
                json!({
                    "UserIdList": [world.user(&late, "eve@example.com").await["UserId"]]
                }),
            )
            .await
            .ok();
        world
            .call("DELETE", &format!("/accounts/{late}"), Value::Null)
            .await
            .ok();
        world.work().await;
        assert_eq!(world.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_mailbox_that_is_none_fails_the_invitation() {
    for world in worlds().await {
        let account = world.account("A").await;
        *world.relay.refuse.lock().unwrap() = Some(|| MailError::Refused("550 no such mailbox".to_owned()));
        world.invite(&account, &["gone@example.com"]).await.ok();
        world.work().await;
        let event = world.server.last_event();
        assert_eq!(event["eventName"], "FailInvitation");
        assert!(!event.to_string().contains("gone@"), "{event}");
        assert_eq!(world.status(&account, "gone@example.com").await, "Failed");
        *world.relay.refuse.lock().unwrap() = None;
        world.server.clock().advance(DAY);
        world.work().await;
        assert!(world.mails().is_empty(), "it is not tried again");
        world.invite(&account, &["gone@example.com"]).await.ok();
        world.work().await;
        assert_eq!(world.mails().len(), 1);
        assert_eq!(world.status(&account, "gone@example.com").await, "Pending");
    }
}

#[tokio::test]
async fn a_busy_mailbox_is_tried_again_for_a_day() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    for world in worlds().await {
        TRIES.store(0, Ordering::SeqCst);
        let account = world.account("A").await;
        *world.relay.refuse.lock().unwrap() = Some(|| {
            TRIES.fetch_add(1, Ordering::SeqCst);
            MailError::Later("451 busy".to_owned())
        });
        world.invite(&account, &["busy@example.com"]).await.ok();
        for _ in 0..23 {
            world.work().await;
            world.server.clock().advance(DAY / 24);
        }
        assert_eq!(world.status(&account, "busy@example.com").await, "Pending");
        let tries = TRIES.load(Ordering::SeqCst);
        assert!((10..=23).contains(&tries), "{tries} tries");
        world.server.clock().advance(DAY / 12);
        world.work().await;
        assert_eq!(world.status(&account, "busy@example.com").await, "Failed");
    }
}

#[tokio::test]
async fn who_is_not_invited() {
    for world in worlds().await {
        let account = world.account("A").await;
        let (ada, _) = world.member(&account, "ada@example.com").await;
        let before = world.mails().len();
        assert_eq!(
            invites(&world.invite(&account, &["ADA@example.com"]).await),
            [invite("ADA@example.com", "Accepted", "NotSent")]
        );
        world.work().await;
        assert_eq!(world.mails().len(), before);
        // People of an Enterprise account stay there, and nobody elsewhere is told that they are there.
        let other = world.account("B").await;
        let (bob, _) = world.member(&other, "bob@example.com").await;
        world.set_type(&account, "EnterpriseLWA").await;
        let asking = world.account("C").await;
        assert_eq!(
            invites(
                &world
                    .invite(&asking, &["ada@example.com", "bob@example.com"])
                    .await
            ),
            [
                invite("ada@example.com", "Pending", "Sent"),
                invite("bob@example.com", "Pending", "Sent")
            ],
            "{bob}"
        );
        world.work().await;
        let mails = world.mails();
        let to_ada = mails.iter().rfind(|mail| mail.to == "ada@example.com").unwrap();
        let mut browser = world.browser();
        let page = browser.open(&link_in(to_ada)).await;
        assert_eq!(page.status, 404, "{}", page.text);
        assert_eq!(
            world.user(&account, "ada@example.com").await["UserId"],
            ada["UserId"]
        );
        assert_eq!(
            world.get(&format!("/accounts/{asking}/users")).await["Users"],
            json!([])
        );
    }
}

#[tokio::test]
async fn a_member_of_another_team_moves_when_it_accepts() {
    for world in worlds().await {
        let (old, new) = (world.account("Old").await, world.account("New").await);
        let (ada, mut browser) = world.member(&old, "ada@example.com").await;
        assert_eq!(
            invites(&world.invite(&new, &["ada@example.com"]).await),
            [invite("ada@example.com", "Pending", "Sent")]
        );
        world.work().await;
        assert_eq!(
            world.user(&old, "ada@example.com").await,
            ada,
            "until then it stays"
        );
        world.server.clock().advance(std::time::Duration::from_secs(1));
        assert_eq!(browser.accept(&world.link(), PASSWORD).await.status, 303);
        let aws_account_id = carillon_iam::testing::ACCOUNT;
        let left = world.event(aws_account_id, "UserDeparture").await.unwrap();
        assert_eq!(
            left["serviceEventDetails"],
            json!({ "userId": ada["UserId"], "accountId": old })
        );
        let joined = world.event(aws_account_id, "UserRegistration").await.unwrap();
        assert_eq!(joined["serviceEventDetails"]["accountId"], new.as_str());
        let moved = world.user(&new, "ada@example.com").await;
        assert_eq!(
            (&moved["UserId"], &moved["PersonalPIN"]),
            (&ada["UserId"], &ada["PersonalPIN"])
        );
        assert_eq!(
            world.get(&format!("/accounts/{old}/users")).await["Users"],
            json!([])
        );
    }
}

#[tokio::test]
async fn an_invitation_taken_back_does_not_open() {
    for world in worlds().await {
        let account = world.account("A").await;
        let ada = world.invited(&account, "ada@example.com").await;
        world.work().await;
        let link = world.link();
        let path = format!("/accounts/{account}/users?operation=suspend");
        world
            .call("POST", &path, json!({ "UserIdList": [ada["UserId"]] }))
            .await
            .ok();
        let mut browser = world.browser();
        assert_eq!(browser.open(&link).await.status, 404);
        assert_eq!(browser.accept(&link, PASSWORD).await.status, 404);
        // Nor does one of a deleted account.
        world.invite(&account, &["bob@example.com"]).await.ok();
        world.work().await;
        let link = world.link();
        world.set_type(&account, "EnterpriseLWA").await;
        assert_eq!(browser.open(&link).await.status, 404, "only Team accounts invite");
        world
            .call("DELETE", &format!("/accounts/{account}"), Value::Null)
            .await
            .ok();
        assert_eq!(browser.open(&link).await.status, 404);
    }
}
