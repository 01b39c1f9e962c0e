//! Requests for help: what reaches the operator, and what does not.

use std::time::Duration;

use carillon_chime::CHIME;
use carillon_chime::account::Life;
use carillon_iam::testing::{ACCOUNT, Answer, Engine, TestClient, TestServer};
use carillon_operation::{MailError, Settings};
use serde_json::{Value, json};

use crate::world::{DAY, World, sqlite, text, worlds};

async fn submit(who: &TestClient<'_>, more: Value) -> Answer {
    let mut body = json!({
        "Subject": "Meetings do not start", "Description": "Since nine.\nNobody can join.",
        "ContactEmail": "it@example.com",
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.rest("chime", "POST", "/support-requests", body).await
}

async fn submitted(world: &World, more: Value) -> String {
    let made = submit(&world.root(), more).await;
    assert_eq!(made.status, 201, "{}", made.text);
    text(&made.ok()["SupportRequest"]["SupportRequestId"])
}

async fn shown(world: &World, id: &str) -> Value {
    world.get(&format!("/support-requests/{id}")).await["SupportRequest"].clone()
}

#[tokio::test]
async fn a_request_reaches_the_operator_with_the_facts() {
    for world in worlds().await {
        let account = world.account("Pies & <Sons>").await;
        world.invited(&account, "ada@example.com").await;
        world.work().await;
        let before = world.mails().len();
        let more =
            json!({ "AccountId": account, "Severity": "Urgent", "OccurredAt": "2026-03-01T09:00:00+01:00" });
        let id = submitted(&world, more).await;
        assert_eq!(shown(&world, &id).await["Status"], "Submitted");
        world.work().await;
        let mails = world.mails().split_off(before);
        let to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
        assert_eq!(mails.len(), 2, "{to:?}");
        let operator = mails
            .iter()
            .find(|mail| mail.to == "support@operator.example")
            .unwrap();
        let copy = mails.iter().find(|mail| mail.to == "it@example.com").unwrap();
        assert_eq!(operator.reply_to.as_deref(), Some("it@example.com"));
        assert_eq!(copy.reply_to, None);
        assert_eq!(operator.subject, "[Support, Urgent] Meetings do not start");
        for part in [
            format!("Caller: arn:aws:iam::{ACCOUNT}:root\n"),
            format!("AWS account: {ACCOUNT} Test\n"),
            format!("Chime account: {account} Pies & <Sons>\n"),
            "Account type: Team\n".to_owned(),
            "Users: 1\n".to_owned(),
            "Occurred: 2026-03-01T08:00:00Z\n".to_owned(),
            "\n\nSince nine.\nNobody can join.\n".to_owned(),
        ] {
            assert!(operator.text.contains(&part), "{part} in {}", operator.text);
        }
        assert!(!copy.text.contains("arn:aws") && !copy.text.contains("Users"));
        let kept = shown(&world, &id).await;
        assert_eq!(kept["Status"], "Sent");
        assert_eq!(kept["Description"], "Since nine.\nNobody can join.");
        assert_eq!(kept["SubmittedBy"], format!("arn:aws:iam::{ACCOUNT}:root"));
        let event = world.event(ACCOUNT, "SubmitSupportRequest").await.unwrap();
        let event = event.to_string();
        assert!(
            !event.contains("Nobody can join") && !event.contains("Meetings do not"),
            "{event}"
        );
        assert!(!event.contains("it@example.com"));
    }
}

#[tokio::test]
async fn a_request_is_refused_before_anything_is_sent() {
    let world = sqlite().await;
    let stranger = world.server.as_root_of_another_account().await;
    let theirs = stranger
        .rest("chime", "POST", "/accounts", json!({ "Name": "Theirs" }))
        .await;
    let theirs = text(&theirs.ok()["Account"]["AccountId"]);
    for (more, status) in [
        (json!({ "AccountId": theirs }), 404),
        (json!({ "AccountId": crate::world::NOBODY }), 404),
        (json!({ "Subject": "" }), 400),
        (json!({ "Subject": "x".repeat(201) }), 400),
        (json!({ "Subject": "Help\r\nBcc: eve@example.com" }), 400),
        (json!({ "Description": "" }), 400),
        (json!({ "Description": "x".repeat(8_001) }), 400),
        (
            json!({ "ContactEmail": "it@example.com\r\nBcc: eve@example.com" }),
            400,
        ),
        (json!({ "ContactEmail": "it@example.com, eve@example.com" }), 400),
        (json!({ "Severity": "Panic" }), 400),
        (json!({ "ClientVersion": "x".repeat(101) }), 400),
        (json!({ "MeetingId": "a\nb" }), 400),
        (json!({ "OccurredAt": "yesterday" }), 400),
    ] {
        let answer = submit(&world.root(), more.clone()).await;
        assert_eq!(answer.status, status, "{more}: {}", answer.text);
    }
    let suspended = world.account("Suspended").await;
    world.set_life(&suspended, Life::Suspended).await;
    let about = submit(&world.root(), json!({ "AccountId": suspended })).await;
    assert_eq!((about.status, about.code()), (403, "ForbiddenException"));
    let nobody = world.server.as_user("nobody", &["AmazonChimeReadOnly"]).await;
    assert_eq!(submit(&nobody, json!({})).await.status, 403);
    world.work().await;
    assert!(world.mails().is_empty());
    assert_eq!(world.get("/support-requests").await["SupportRequests"], json!([]));
}

#[tokio::test]
async fn the_twenty_first_of_a_day_is_too_many() {
    for world in worlds().await {
        for _ in 0..20 {
            world.server.clock().advance(Duration::from_millis(1));
            submitted(&world, json!({})).await;
        }
        let answer = submit(&world.root(), json!({})).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "ResourceLimitExceededException")
        );
        let other = world.server.as_root_of_another_account().await;
        assert_eq!(submit(&other, json!({})).await.status, 201);
        world.server.clock().advance(DAY);
        submitted(&world, json!({ "Subject": "The last" })).await;

        let page = world.get("/support-requests?max-results=15").await;
        let first = page["SupportRequests"].as_array().unwrap();
        assert_eq!((first.len(), &first[0]["Subject"]), (15, &json!("The last")));
        assert!(first[0].get("Description").is_none());
        let next = text(&page["NextToken"]);
        let page = world
            .get(&format!("/support-requests?max-results=15&next-token={next}"))
            .await;
        assert_eq!(page["SupportRequests"].as_array().unwrap().len(), 6);
        assert!(page.get("NextToken").is_none());
    }
}

#[tokio::test]
async fn requests_are_those_of_the_aws_account() {
    let world = sqlite().await;
    let id = submitted(&world, json!({})).await;
    let other = world.server.as_root_of_another_account().await;
    let path = format!("/support-requests/{id}");
    assert_eq!(other.rest("chime", "GET", &path, Value::Null).await.status, 404);
    let list = other.rest("chime", "GET", "/support-requests", Value::Null).await;
    assert_eq!(list.ok()["SupportRequests"], json!([]));
    let manager = world
        .server
        .as_user("manager", &["AmazonChimeUserManagement"])
        .await;
    manager.rest("chime", "GET", &path, Value::Null).await.ok();
}

#[tokio::test]
async fn what_the_relay_refuses_has_failed() {
    let world = sqlite().await;
    let id = submitted(&world, json!({})).await;
    *world.relay.refuse.lock().unwrap() = Some(|| MailError::Refused("550 no such mailbox".to_owned()));
    world.work().await;
    assert_eq!(shown(&world, &id).await["Status"], "Failed");
}

#[tokio::test]
async fn without_an_address_there_is_no_support() {
    let settings = Settings {
        support_address: None,
        ..TestServer::settings()
    };
    let server = TestServer::start_with(Engine::sqlite(), &[&CHIME], settings).await;
    let answer = submit(&server.as_root(), json!({})).await;
    assert_eq!(
        (answer.status, answer.code()),
        (503, "ServiceUnavailableException"),
        "{}",
        answer.text
    );
}
