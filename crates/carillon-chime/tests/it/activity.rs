//! What products tell, and the reports of it.

use std::time::Duration;

use carillon_aws::secret::Secret;
use carillon_aws::time::{Clock, Timestamp};
use carillon_chime::activity::Feed;
use carillon_chime::activity::source::{self, NewSource};
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use serde_json::{Value, json};
use sha2::Sha256;

use super::world::{DAY, World, sqlite, text, worlds};

/// A product that tells what people do in it.
pub struct Product<'a> {
    pub world: &'a World,
    pub feed: Feed,
    pub id: String,
    pub key: String,
}

impl<'a> Product<'a> {
    pub async fn new(world: &'a World, accounts: &[&str]) -> Self {
        let new = NewSource {
            name: "Product".to_owned(),
            accounts: accounts.iter().map(|id| (*id).to_owned()).collect(),
            ..NewSource::default()
        };
        Self::of(world, &new).await
    }

    pub async fn of(world: &'a World, new: &NewSource) -> Self {
        let environment = world.server.environment();
        let mut tx = world.server.store().write().await.unwrap();
        let now = world.server.clock().now();
        let created = source::create(&mut tx, &environment.vault, world.entropy(), new, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Self {
            world,
            feed: Feed::new(world.server.store().clone(), environment.clone()),
            id: created.source.id,
            key: created.key.expose().clone(),
        }
    }

    pub fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).unwrap();
        mac.update(format!("{timestamp}.").as_bytes());
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let answer = self.feed.serve(&parts, body).await.expect("a path of the feed");
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap(),
        )
    }

    pub async fn send(&self, timestamp: &str, signature: &str, body: &[u8]) -> (u16, Value) {
        let headers = [
            ("x-carillon-source", self.id.as_str()),
            ("x-carillon-timestamp", timestamp),
            ("x-carillon-signature", signature),
        ];
        self.post("/ingest/v1/events", &headers, body).await
    }

    pub async fn try_tell(&self, events: &Value) -> (u16, Value) {
        let body = serde_json::to_vec(events).unwrap();
        let timestamp = self.world.server.clock().now().as_seconds().to_string();
        self.send(&timestamp, &self.sign(&timestamp, &body), &body).await
    }

    /// Tells events, all of which are taken, and answers how many of them were new.
    pub async fn tell(&self, events: &Value) -> u64 {
        let (status, answer) = self.try_tell(events).await;
        assert_eq!(status, 202, "{answer}");
        let count = |name: &str| answer[name].as_u64().unwrap();
        assert_eq!(
            count("NewEvents") + count("RepeatedEvents"),
            events.as_array().unwrap().len() as u64
        );
        count("NewEvents")
    }
}

/// Makes events of one meeting.
pub struct Script {
    pub meeting: String,
    pub start: Timestamp,
    pub events: Vec<Value>,
}

impl Script {
    pub fn new(meeting: &str, start: Timestamp) -> Self {
        Self {
            meeting: meeting.to_owned(),
            start,
            events: Vec::new(),
        }
    }

    pub fn at(&mut self, seconds: u64, kind: &str, mut facts: Value) -> &mut Self {
        facts["EventId"] = json!(format!("{}-{}", self.meeting, self.events.len()));
        facts["EventType"] = json!(kind);
        facts["Timestamp"] = json!(self.start + Duration::from_secs(seconds));
        facts["MeetingId"] = json!(self.meeting);
        self.events.push(facts);
        self
    }

    pub fn all(&self) -> Value {
        json!(self.events)
    }
}

#[tokio::test]
async fn nobody_keeps_a_meeting_from_ending_by_filling_it_with_events() {
    for world in worlds().await {
        let account = world.account("Meetings").await;
        world.invited(&account, "ada@fill.example").await;
        let product = Product::new(&world, &[]).await;
        let mut script = Script::new("m", world.server.clock().now() - DAY);
        let organizer = json!({ "OrganizerEmail": "ada@fill.example" });
        script.at(0, "meeting.started", organizer);
        product.tell(&script.all()).await;
        let mut tx = world.server.store().write().await.unwrap();
        tx.execute("UPDATE activity_meeting SET events = 50000", &[])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        script.at(60, "attendee.joined", json!({ "AttendeeId": "eve" }));
        script.at(90, "meeting.ended", json!({}));
        let (status, refused) = product.try_tell(&script.all()).await;
        assert_eq!((status, &refused["Index"]), (400, &json!(1)), "{refused}");
        script.events.remove(1);
        product.tell(&script.all()).await;
        let path = format!("/accounts/{account}/reports/meetings");
        let listed = world.get(&path).await;
        assert_eq!(listed["MeetingReports"].as_array().unwrap().len(), 1);
    }
}

fn date(at: Timestamp) -> String {
    at.to_string()[..10].to_owned()
}

/// Reads everything that reports say of an account, but when it was told.
async fn everything(world: &World, account: &str, users: &[String]) -> Value {
    let now = world.server.clock().now();
    let start = date(now - 29 * DAY);
    let range = format!("start-date={start}&max-results=99");
    let mut all = serde_json::Map::new();
    for period in ["Day", "Week", "Month", "Total"] {
        let usage = world
            .get(&format!(
                "/accounts/{account}/reports/usage?{range}&period={period}"
            ))
            .await;
        all.insert(period.to_owned(), usage["UsageReports"].clone());
    }
    let meetings = world
        .get(&format!("/accounts/{account}/reports/meetings?{range}"))
        .await;
    assert!(meetings.get("NextToken").is_none());
    for meeting in meetings["MeetingReports"].as_array().unwrap() {
        let path = format!(
            "/accounts/{account}/reports/meetings/{}",
            text(&meeting["MeetingId"])
        );
        all.insert(path.clone(), world.get(&path).await);
        let events = world.get(&format!("{path}/events?max-results=99")).await;
        all.insert(format!("{path}/events"), events);
    }
    all.insert("meetings".to_owned(), meetings["MeetingReports"].clone());
    for user in users {
        let path = format!("/accounts/{account}/users/{user}/activity-report?start-date={start}");
        all.insert(path.clone(), world.get(&path).await["UserActivityReport"].clone());
    }
    Value::Object(all)
}

#[tokio::test]
async fn a_meeting_is_reported_as_it_was() {
    for world in worlds().await {
        let account = world.account("Meetings").await;
        let (ada, _) = world.member(&account, "ada@example.com").await;
        let ada = text(&ada["UserId"]);
        let bob = text(&world.invited(&account, "bob@example.com").await["UserId"]);
        let product = Product::new(&world, &[]).await;
        let now = world.server.clock().now();
        let start = now - Duration::from_secs(3 * 60 * 60);
        let mut script = Script::new("weekly", start);
        script
            .at(0, "meeting.started", json!({
                "ConferenceId": "0123456789", "MeetingType": "ScheduledUniqueId", "Title": "Weekly",
                "OrganizerEmail": "Ada@Example.com",
            }))
            .at(0, "attendee.invited", json!({ "AttendeeId": "a3", "Email": "eve@elsewhere.example" }))
            .at(10, "attendee.joined", json!({
                "AttendeeId": "a1", "Email": "ada@example.com", "DisplayName": "Ada", "ClientType": "MacOS",
                "ClientVersion": "5.1", "IpAddress": "192.0.2.7", "MediaRegion": "eu-central-1", "ConnectionId": "c1",
            }))
            .at(20, "attendee.joined", json!({
                "AttendeeId": "a1", "Email": "ada@example.com", "ConnectionId": "c2", "ClientType": "IOS",
            }))
            .at(30, "attendee.joined", json!({ "AttendeeId": "a2", "DisplayName": "Guest", "ClientType": "DialIn" }))
            .at(40, "attendee.screen-share", json!({ "AttendeeId": "a1", "State": "Started" }))
            .at(60, "attendee.left", json!({ "AttendeeId": "a1", "ConnectionId": "c1" }))
            .at(70, "attendee.dropped", json!({ "AttendeeId": "a2" }))
            .at(80, "meeting.recording", json!({ "State": "Started", "ActorAttendeeId": "a1" }))
            .at(90, "attendee.joined", json!({ "AttendeeId": "a4", "Email": "bob@example.com" }))
            .at(100, "meeting.ended", json!({}))
            .at(200, "survey.submitted", json!({ "AttendeeId": "a1", "Rating": "Positive", "Comment": "=nice" }))
            .at(210, "survey.submitted", json!({ "AttendeeId": "a4", "Rating": "Negative" }));
        assert_eq!(product.tell(&script.all()).await, 13);
        assert_eq!(product.tell(&script.all()).await, 0, "all of it is known");

        let range = format!("start-date={}", date(start));
        let list = world
            .get(&format!("/accounts/{account}/reports/meetings?{range}"))
            .await;
        assert_eq!(text(&list["DataThroughTimestamp"]), now.to_string());
        let row = list["MeetingReports"][0].clone();
        let id = text(&row["MeetingId"]);
        assert_eq!(
            row,
            json!({
                "MeetingId": id, "ConferenceId": "0123456789", "MeetingType": "ScheduledUniqueId",
                "OrganizerUserId": ada, "OrganizerEmail": "Ada@Example.com",
                "StartTimestamp": start, "EndTimestamp": start + Duration::from_secs(100), "DurationSeconds": 100,
                "AttendeeCount": 3, "Recorded": true, "PhoneUsed": true, "RoomSystemUsed": false, "ActivePro": true,
                "PositiveResponses": 1, "NegativeResponses": 1,
            })
        );
        let path = format!("/accounts/{account}/reports/meetings/{id}");
        let detail = world.get(&path).await["MeetingDetail"].clone();
        assert_eq!(detail["Title"], "Weekly");
        let attendees = detail["Attendees"].as_array().unwrap();
        let ids: Vec<&Value> = attendees.iter().map(|one| &one["AttendeeId"]).collect();
        assert_eq!(ids, ["a3", "a1", "a2", "a4"]);
        assert_eq!(attendees[0]["Status"], "Invited");
        assert_eq!(attendees[0].get("Connections"), None);
        let at = |seconds| json!(start + Duration::from_secs(seconds));
        assert_eq!(
            attendees[1],
            json!({
                "AttendeeId": "a1", "UserId": ada, "Email": "ada@example.com", "DisplayName": "Ada", "Role": "Host",
                "Status": "Present", "ClientType": "IOS", "ClientVersion": "5.1", "AudioType": "None",
                "JoinedTimestamp": at(10), "LeftTimestamp": at(100), "DurationSeconds": 90,
                "Connections": [
                    { "ConnectedTimestamp": at(10), "DisconnectedTimestamp": at(60), "DisconnectReason": "Left",
                      "MediaRegion": "eu-central-1", "IpAddress": "192.0.2.7" },
                    { "ConnectedTimestamp": at(20), "DisconnectedTimestamp": at(100),
                      "DisconnectReason": "MeetingEnded" },
                ],
                "Feedback": { "Rating": "Positive", "Comment": "=nice", "SubmittedTimestamp": at(200) },
            })
        );
        assert_eq!(attendees[2]["DisplayName"], "<Guest>");
        assert_eq!(attendees[2]["Status"], "Dropped");
        assert_eq!(attendees[2]["AudioType"], "Phone");
        assert_eq!(attendees[3]["UserId"], json!(bob));

        let events = world.get(&format!("{path}/events")).await["MeetingEvents"].clone();
        let kinds: Vec<&str> = events
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["EventType"].as_str().unwrap())
            .collect();
        assert_eq!(kinds.len(), 13);
        assert_eq!(kinds[5], "ScreenShareStarted");
        assert_eq!(events[8]["ActorAttendeeId"], "a1");
        assert_eq!(
            events[2]["Details"],
            json!({ "ClientType": "MacOS", "ClientVersion": "5.1", "MediaRegion": "eu-central-1" })
        );
        let shown = events.to_string();
        for hidden in ["example.com", "192.0.2.7", "nice", "Guest"] {
            assert!(!shown.contains(hidden), "{hidden}");
        }

        let usage = world
            .get(&format!("/accounts/{account}/reports/usage?{range}&period=Total"))
            .await["UsageReports"][0]
            .clone();
        assert_eq!(usage["ActiveUsers"], 2);
        assert_eq!(usage["ActiveProUsers"], 1);
        assert_eq!(usage["MeetingsHeld"], 1);
        assert_eq!(usage["MeetingSatisfaction"], 50.0);
        assert_eq!(usage["RegisteredUsers"], 1, "bob did not accept");
        let report = world
            .get(&format!(
                "/accounts/{account}/users/{ada}/activity-report?{range}"
            ))
            .await["UserActivityReport"]
            .clone();
        assert_eq!(report["MeetingsAttended"], 1);
        assert_eq!(report["MeetingsOrganized"], 1);
        assert_eq!(report["MeetingSatisfaction"], 50.0);
        assert_eq!(
            report["LastActiveDate"],
            json!(date(start + Duration::from_secs(100)))
        );
    }
}

#[tokio::test]
async fn weeks_count_people_once_and_late_events_correct_the_days_before() {
    for world in worlds().await {
        let account = world.account("Weeks").await;
        for name in ["ada", "bob", "eve"] {
            world.invited(&account, &format!("{name}@weeks.example")).await;
        }
        let product = Product::new(&world, &[]).await;
        let now = world.server.clock().now();
        // The Monday of the week before last: all of its days are over.
        let days = now.as_seconds() / 86_400;
        let monday = Timestamp::from_seconds((days - (days + 3).rem_euclid(7) - 14) * 86_400);
        let message = |id: &str, who: &str, at: Timestamp| {
            json!({ "EventId": id, "EventType": "chat.message-sent", "Timestamp": at,
                    "Email": format!("{who}@weeks.example"), "ConversationId": "c" })
        };
        product
            .tell(&json!([
                message("1", "ada", monday),
                message("2", "ada", monday + 2 * DAY),
                message("3", "ada", monday + 2 * DAY),
                message("4", "bob", monday + 2 * DAY),
                message("5", "stranger", monday + 2 * DAY),
            ]))
            .await;
        let usage = async |period: &str, from: u32, to: u32| {
            let (start, end) = (date(monday + from * DAY), date(monday + to * DAY));
            world
                .get(&format!(
                    "/accounts/{account}/reports/usage?start-date={start}&end-date={end}&period={period}"
                ))
                .await["UsageReports"]
                .clone()
        };
        let week = usage("Week", 0, 6).await;
        assert_eq!(week.as_array().unwrap().len(), 1);
        assert_eq!(week[0]["ActiveUsers"], 2, "not the sum of its days, which is 3");
        assert_eq!(week[0]["ChatMessagesSent"], 4);
        assert_eq!(usage("Week", 1, 8).await[0]["ActiveUsers"], 2);
        assert_eq!(
            usage("Total", 1, 1).await[0]["ActiveUsers"],
            0,
            "between two days of ada"
        );
        assert_eq!(usage("Total", 1, 6).await[0]["ActiveUsers"], 2);
        let day = usage("Day", 2, 2).await;
        assert_eq!(day[0]["ActiveUsers"], 2);

        // A meeting, and late what changes its day.
        let mut script = Script::new("m", monday + DAY);
        script
            .at(
                0,
                "meeting.started",
                json!({ "OrganizerEmail": "eve@weeks.example" }),
            )
            .at(
                1,
                "attendee.joined",
                json!({ "AttendeeId": "e", "Email": "eve@weeks.example" }),
            )
            .at(3_600, "meeting.ended", json!({}));
        product.tell(&script.all()).await;
        assert_eq!(usage("Day", 1, 1).await[0]["MeetingsHeld"], 1);
        assert_eq!(usage("Week", 0, 6).await[0]["ActiveUsers"], 3);
        let told = script.events.len();
        script.at(4 * 86_400, "meeting.ended", json!({}));
        product.tell(&json!(script.events[told..])).await;
        let days = usage("Day", 0, 6).await;
        assert_eq!(
            (&days[1]["MeetingsHeld"], &days[5]["MeetingsHeld"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(
            (&days[1]["ActiveUsers"], &days[5]["ActiveUsers"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(usage("Week", 0, 6).await[0]["ActiveUsers"], 3);
    }
}

/// A small generator of numbers, the same each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}

/// Events of some meetings and messages, of all kinds and moments, many of them the same moment.
fn generated(draw: &mut Draw, now: Timestamp) -> Vec<Value> {
    let start = now - 5 * DAY;
    let person = |draw: &mut Draw| format!("p{}@order.example", draw.below(5));
    let mut all = Vec::new();
    for number in 0..3 {
        let mut script = Script::new(&format!("m{number}"), start + number * DAY / 2);
        for _ in 0..10 {
            let at = draw.below(40) * 1_800;
            let attendee = format!("a{}", draw.below(4));
            let email = person(draw);
            let (kind, facts) = match draw.below(12) {
                0 => (
                    "meeting.started",
                    json!({ "OrganizerEmail": email, "Title": format!("t{at}") }),
                ),
                1 | 2 => ("meeting.ended", json!({ "MeetingType": "Instant" })),
                3..=5 => (
                    "attendee.joined",
                    json!({ "AttendeeId": attendee, "Email": email, "ConnectionId": format!("c{}", draw.below(2)) }),
                ),
                6 => (
                    "attendee.left",
                    json!({ "AttendeeId": attendee, "ConnectionId": format!("c{}", draw.below(2)) }),
                ),
                7 => (
                    "attendee.dropped",
                    json!({ "AttendeeId": attendee, "DisplayName": format!("n{at}") }),
                ),
                8 => (
                    "survey.submitted",
                    json!({ "AttendeeId": attendee, "Rating": "Positive" }),
                ),
                9 => (
                    "survey.submitted",
                    json!({ "AttendeeId": attendee, "Rating": "Negative" }),
                ),
                10 => (
                    "attendee.audio",
                    json!({ "AttendeeId": attendee, "State": "Started", "AudioType": "Phone" }),
                ),
                _ => ("meeting.recording", json!({ "State": "Started" })),
            };
            script.at(at, kind, facts);
        }
        all.extend(script.events);
    }
    for number in 0..6 {
        let at = start + Duration::from_secs(draw.below(400_000));
        all.push(
            json!({ "EventId": format!("c{number}"), "EventType": "chat.message-sent", "Timestamp": at,
                         "Email": person(draw) }),
        );
    }
    all
}

#[tokio::test]
async fn neither_order_nor_batches_nor_repetition_make_a_difference() {
    let mut draw = Draw(7);
    for round in 0..6 {
        let mut reports = Vec::new();
        let mut events = Vec::new();
        for order in 0..4 {
            let world = sqlite().await;
            let account = world.account("Order").await;
            let mut users = Vec::new();
            for number in 0..4 {
                let user = world.invited(&account, &format!("p{number}@order.example")).await;
                users.push(text(&user["UserId"]));
            }
            let product = Product::new(&world, &[]).await;
            if order == 0 {
                events = generated(&mut draw, world.server.clock().now());
                product.tell(&json!(events)).await;
            } else {
                let mut mixed = events.clone();
                draw.shuffle(&mut mixed);
                let mut rest = mixed.as_slice();
                while !rest.is_empty() {
                    let (batch, more) = rest.split_at(1 + draw.below(rest.len() as u64) as usize);
                    product.tell(&json!(batch)).await;
                    if draw.below(3) == 0 {
                        assert_eq!(product.tell(&json!(batch)).await, 0);
                    }
                    rest = more;
                }
                assert_eq!(product.tell(&json!(events)).await, 0);
            }
            // Identifiers are drawn alike in every world.
            reports.push(everything(&world, &account, &users).await);
        }
        for (order, report) in reports.iter().enumerate().skip(1) {
            for (name, part) in report.as_object().unwrap() {
                assert_eq!(part, &reports[0][name], "round {round}, order {order}: {name}");
            }
            assert_eq!(report, &reports[0]);
        }
    }
}

#[tokio::test]
async fn only_what_a_source_signed_now_is_taken() {
    let world = sqlite().await;
    let product = Product::new(&world, &[]).await;
    let other = Product::new(&world, &[]).await;
    let now = world.server.clock().now();
    let event = json!([{ "EventId": "1", "EventType": "chat.message-sent", "Timestamp": now, "Email": "a@b.example" }]);
    let body = serde_json::to_vec(&event).unwrap();
    let timestamp = now.as_seconds().to_string();
    let signature = product.sign(&timestamp, &body);
    let other_body = serde_json::to_vec(&json!([])).unwrap();
    let old = (now.as_seconds() - 301).to_string();
    let early = (now.as_seconds() + 301).to_string();
    for (timestamp, signature, body, why) in [
        (timestamp.as_str(), "", &body, "no signature"),
        (timestamp.as_str(), "zz", &body, "no hexadecimal"),
        (timestamp.as_str(), &signature[..62], &body, "half of it"),
        (
            timestamp.as_str(),
            &other.sign(&timestamp, &body),
            &body,
            "another key",
        ),
        (timestamp.as_str(), &signature, &other_body, "another body"),
        (old.as_str(), &signature, &body, "another time"),
        (old.as_str(), &product.sign(&old, &body), &body, "an old time"),
        (
            early.as_str(),
            &product.sign(&early, &body),
            &body,
            "a time to come",
        ),
        ("now", &product.sign("now", &body), &body, "no time"),
    ] {
        let (status, answer) = product.send(timestamp, signature, body).await;
        assert_eq!(status, 401, "{why}: {answer}");
    }
    assert_eq!(product.post("/ingest/v1/events", &[], &body).await.0, 401);
    assert_eq!(product.post("/ingest/v2/events", &[], &body).await.0, 404);
    assert_eq!(product.send(&timestamp, &signature, &body).await.0, 202);
    assert_eq!(
        product.send(&timestamp, &signature, &body).await.1["RepeatedEvents"],
        1
    );

    // A malformed event refuses them all.
    let (status, answer) = product
        .try_tell(&json!([{ "EventId": "2", "EventType": "chat.message-sent", "Timestamp": now, "Email": "a@b.example" },
                          { "EventId": "3" }]))
        .await;
    assert_eq!((status, &answer["Index"]), (400, &json!(1)), "{answer}");
    assert_eq!(
        product
            .try_tell(
                &json!([{ "EventId": "2", "EventType": "chat.message-sent", "Timestamp": now,
                                          "Email": "a@b.example" }])
            )
            .await
            .1["NewEvents"],
        1
    );

    // A source with a new key, and one that is deleted.
    let environment = world.server.environment();
    let mut tx = world.server.store().write().await.unwrap();
    let given = Secret::new("a key that we were given".to_owned());
    let rotated = source::rotate(
        &mut tx,
        &environment.vault,
        world.entropy(),
        &product.id,
        Some(&given),
    )
    .await
    .unwrap();
    source::delete(&mut tx, &other.id).await.unwrap();
    assert!(source::delete(&mut tx, &other.id).await.is_err());
    assert_eq!(source::list(&mut tx).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    assert_eq!(product.try_tell(&json!([])).await.0, 401);
    let product = Product {
        key: rotated.key.expose().clone(),
        ..product
    };
    assert_eq!(product.try_tell(&json!([])).await.0, 202);
    assert_eq!(other.try_tell(&json!([])).await.0, 401);
}

#[tokio::test]
async fn a_limited_source_speaks_of_nobody_else() {
    let world = sqlite().await;
    let mine = world.account("Mine").await;
    let theirs = world.account("Theirs").await;
    let eve = text(&world.invited(&theirs, "eve@theirs.example").await["UserId"]);
    world.invited(&mine, "ada@mine.example").await;
    let product = Product::new(&world, &[&mine]).await;
    let start = world.server.clock().now() - DAY;
    let meeting = |name: &str, organizer: &str| {
        let mut script = Script::new(name, start);
        script
            .at(0, "meeting.started", json!({ "OrganizerEmail": organizer }))
            .at(
                1,
                "attendee.joined",
                json!({ "AttendeeId": "e", "Email": "eve@theirs.example" }),
            )
            .at(
                2,
                "attendee.joined",
                json!({ "AttendeeId": "a", "Email": "ada@mine.example" }),
            )
            .at(9, "meeting.ended", json!({}));
        script
    };
    product
        .tell(&meeting("of-theirs", "eve@theirs.example").all())
        .await;
    product.tell(&meeting("of-mine", "ada@mine.example").all()).await;
    product
        .tell(
            &json!([{ "EventId": "1", "EventType": "chat.message-sent", "Timestamp": start,
                        "Email": "eve@theirs.example" }]),
        )
        .await;
    let range = format!("start-date={}", date(start));
    let count = async |account: &str| {
        let list = world
            .get(&format!("/accounts/{account}/reports/meetings?{range}"))
            .await;
        let usage = world
            .get(&format!("/accounts/{account}/reports/usage?{range}&period=Total"))
            .await;
        let active = usage["UsageReports"][0]["ActiveUsers"].as_i64().unwrap();
        (list["MeetingReports"].as_array().unwrap().len(), active)
    };
    assert_eq!(count(&theirs).await, (0, 0));
    assert_eq!(count(&mine).await, (1, 1));
    let list = world
        .get(&format!("/accounts/{mine}/reports/meetings?{range}"))
        .await;
    let id = text(&list["MeetingReports"][0]["MeetingId"]);
    let detail = world
        .get(&format!("/accounts/{mine}/reports/meetings/{id}"))
        .await;
    assert!(!detail.to_string().contains(&eve), "{detail}");
    // Nor does another account see it.
    let path = format!("/accounts/{theirs}/reports/meetings/{id}");
    assert_eq!(world.call("GET", &path, Value::Null).await.status, 404);
    assert_eq!(
        world
            .call("GET", &format!("{path}/events"), Value::Null)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn reports_go_by_page_and_filter() {
    let world = sqlite().await;
    let account = world.account("Pages").await;
    for name in ["ada", "bob"] {
        world.invited(&account, &format!("{name}@pages.example")).await;
    }
    let product = Product::new(&world, &[]).await;
    let start = world.server.clock().now() - 3 * DAY;
    let mut events = Vec::new();
    for number in 0..7_u32 {
        let organizer = if number % 2 == 0 { "ada" } else { "bob" };
        let mut script = Script::new(&format!("m{number}"), start + number / 2 * DAY / 4);
        script
            .at(
                0,
                "meeting.started",
                json!({ "OrganizerEmail": format!("{organizer}@pages.example"),
                                              "ConferenceId": format!("000000000{}", number % 3) }),
            )
            .at(60, "meeting.ended", json!({}));
        events.extend(script.events);
    }
    product.tell(&json!(events)).await;
    let base = format!("/accounts/{account}/reports/meetings?start-date={}", date(start));
    let all = world.get(&base).await["MeetingReports"].clone();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 7);
    let ends: Vec<&str> = all
        .iter()
        .map(|row| row["EndTimestamp"].as_str().unwrap())
        .collect();
    assert!(ends.is_sorted_by(|a, b| a >= b), "{ends:?}");
    let mut paged = Vec::new();
    let mut token = String::new();
    loop {
        let page = world.get(&format!("{base}&max-results=2{token}")).await;
        paged.extend(page["MeetingReports"].as_array().unwrap().clone());
        let Some(next) = page["NextToken"].as_str() else {
            break;
        };
        token = format!("&next-token={next}");
    }
    assert_eq!(&paged, all);
    let count = async |filter: &str| {
        world.get(&format!("{base}&{filter}")).await["MeetingReports"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("organizer-email=ADA@pages.example").await, 4);
    assert_eq!(count("conference-id=0000000001").await, 2);
    assert_eq!(
        count("conference-id=0000000001&organizer-email=bob@pages.example").await,
        1
    );
    assert_eq!(count("organizer-email=eve@pages.example").await, 0);
    // A token is one of its list only.
    for (path, status) in [
        (format!("{base}&organizer-email=ada@pages.example{token}"), 400),
        (format!("{base}&next-token=x"), 400),
        (format!("{base}&max-results=100"), 400),
        (format!("{base}&conference-id=1"), 400),
        (format!("{base}&conference-id={}", "1".repeat(9_000)), 400),
        (format!("{base}&end-date=2999-01-01"), 400),
        (
            format!("/accounts/{account}/reports/meetings?start-date=2024-02-30"),
            400,
        ),
        (format!("/accounts/{account}/reports/usage?period=Year"), 400),
        (format!("/accounts/{account}/reports/meetings/m1"), 404),
        (
            format!(
                "/accounts/{account}/users/{}/activity-report",
                super::world::NOBODY
            ),
            404,
        ),
    ] {
        assert_eq!(
            world.call("GET", &path, Value::Null).await.status,
            status,
            "{path}"
        );
    }
    // The event of the request does not show the address.
    let event = world
        .event(carillon_iam::testing::ACCOUNT, "ListMeetingReportData")
        .await
        .unwrap();
    assert!(!event.to_string().contains("pages.example"), "{event}");
    // Days that are none are refused before the account, or the user, is looked for.
    let nobody = super::world::NOBODY;
    for of in [
        format!("{nobody}/reports/meetings"),
        format!("{nobody}/reports/usage"),
        format!("{nobody}/users/{nobody}/activity-report"),
        format!("{account}/users/{nobody}/activity-report"),
    ] {
        for (days, status) in [
            ("start-date=2024-02-30", 400),
            ("end-date=2999-01-01", 400),
            ("", 404),
        ] {
            let path = format!("/accounts/{of}?{days}");
            assert_eq!(
                world.call("GET", &path, Value::Null).await.status,
                status,
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn people_see_their_own_meetings_and_answer_once() {
    for world in worlds().await {
        let account = world.account("Answers").await;
        let (ada, mut browser) = world.member(&account, "ada@answers.example").await;
        let (_, mut other) = world.member(&account, "bob@answers.example").await;
        // Its own source adds answers only: whom the product may not speak of stays unknown.
        let elsewhere = world.account("Elsewhere").await;
        world.invited(&elsewhere, "eve@answers.example").await;
        let product = Product::new(&world, &[&account]).await;
        let start = world.server.clock().now() - DAY;
        let mut script = Script::new("m", start);
        script
            .at(
                0,
                "meeting.started",
                json!({ "OrganizerEmail": "ada@answers.example", "Title": "<b>Plans</b>" }),
            )
            .at(
                1,
                "attendee.joined",
                json!({ "AttendeeId": "a", "Email": "ada@answers.example" }),
            )
            .at(
                2,
                "attendee.joined",
                json!({ "AttendeeId": "e", "Email": "eve@answers.example" }),
            )
            .at(9, "meeting.ended", json!({}));
        product.tell(&script.all()).await;
        let range = format!("start-date={}", date(start));
        let list = world
            .get(&format!("/accounts/{account}/reports/meetings?{range}"))
            .await;
        let id = text(&list["MeetingReports"][0]["MeetingId"]);
        let path = format!("/portal/meetings/{id}");

        let page = browser.open("/portal/meetings").await;
        assert_eq!(page.status, 200);
        assert!(
            page.text.contains("Plans") && !page.text.contains("<b>Plans"),
            "{}",
            page.text
        );
        assert!(page.text.contains(&path));
        assert_eq!(browser.post(&path, &[("rating", "Fine")]).await.status, 400);
        let fields = [("rating", "Positive"), ("comment", "short and good")];
        assert_eq!(browser.post(&path, &fields).await.status, 303);
        assert!(
            browser
                .open("/portal/meetings")
                .await
                .text
                .contains("You answered: good.")
        );
        // Another answer changes nothing.
        assert_eq!(browser.post(&path, &[("rating", "Negative")]).await.status, 303);
        // Nobody answers for a meeting of others, nor without the form's key.
        let page = other.open("/portal/meetings").await;
        assert!(!page.text.contains(&id), "{}", page.text);
        other.open("/portal").await;
        assert_eq!(other.post(&path, &[("rating", "Negative")]).await.status, 404);
        assert_eq!(other.send("POST", &path, "rating=Negative").await.status, 403);

        let path = format!("/accounts/{account}/reports/meetings/{id}");
        let detail = world.get(&path).await["MeetingDetail"].clone();
        assert_eq!(
            (&detail["PositiveResponses"], &detail["NegativeResponses"]),
            (&json!(1), &json!(0))
        );
        assert_eq!(detail["Attendees"][0]["UserId"], ada["UserId"]);
        assert_eq!(detail["Attendees"][0]["Feedback"]["Comment"], "short and good");
        assert_eq!(detail["Attendees"][1].get("UserId"), None);
        let event = world
            .event(carillon_iam::testing::ACCOUNT, "UserSurveySubmission")
            .await
            .unwrap();
        assert!(!event.to_string().contains("short and good"));
    }
}

/// A webhook as LiveKit's server signs it.
fn livekit_token(
    api_key: &str,
    secret: &str,
    body: &[u8],
    claims: impl Fn(&mut Value),
    now: Timestamp,
) -> String {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use sha2::Digest as _;
    let mut said = json!({
        "exp": now.as_seconds() + 300, "iss": api_key, "nbf": now.as_seconds(),
        "sha256": BASE64_STANDARD.encode(Sha256::digest(body)),
    });
    claims(&mut said);
    let header = said["header"].take();
    let header = if header.is_null() {
        json!({ "alg": "HS256", "typ": "JWT" })
    } else {
        header
    };
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&said));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

#[tokio::test]
async fn livekits_webhooks_are_taken_as_it_signs_them() {
    let world = sqlite().await;
    let account = world.account("LiveKit").await;
    let (ada, _) = world.member(&account, "ada@rooms.example").await;
    let secret = "a secret of LiveKit's that is long";
    let new = NewSource {
        name: "LiveKit".to_owned(),
        livekit_api_key: Some("APIabc".to_owned()),
        key: Some(Secret::new(secret.to_owned())),
        ..NewSource::default()
    };
    let product = Product::of(&world, &new).await;
    let now = world.server.clock().now();
    let path = format!("/ingest/livekit/{}", product.id);
    let send = async |body: &Value, claims: fn(&mut Value), secret: &str| {
        let body = serde_json::to_vec(body).unwrap();
        let token = livekit_token("APIabc", secret, &body, claims, now);
        product.post(&path, &[("authorization", &token)], &body).await
    };
    let start = now.as_seconds() - 7_200;
    let metadata =
        json!({ "organizerEmail": "ada@rooms.example", "title": "Stand-up", "scheduled": true }).to_string();
    let room =
        json!({ "sid": "RM_1", "name": "stand-up", "metadata": metadata, "creationTime": start.to_string() });
    let ada_in = json!({ "sid": "PA_1", "identity": "ada@rooms.example", "name": "Ada", "state": "ACTIVE" });
    let guest = json!({ "sid": "PA_2", "identity": "guest-7", "name": "Visitor" });
    let phone = json!({ "sid": "PA_3", "identity": "sip_1", "kind": "SIP" });
    let mut webhooks: Vec<Value> = [
        (0, json!({ "event": "room_started", "room": room })),
        (
            1,
            json!({ "event": "participant_joined", "room": room, "participant": ada_in }),
        ),
        (
            2,
            json!({ "event": "participant_joined", "room": room, "participant": guest }),
        ),
        (
            3,
            json!({ "event": "participant_joined", "room": room, "participant": phone }),
        ),
        (
            4,
            json!({ "event": "participant_joined", "room": room,
                    "participant": { "sid": "PA_4", "identity": "EG_1", "kind": "EGRESS" } }),
        ),
        (
            5,
            json!({ "event": "track_published", "room": room, "participant": ada_in,
                    "track": { "sid": "TR_1", "source": "MICROPHONE" } }),
        ),
        (
            6,
            json!({ "event": "track_published", "room": room, "participant": ada_in,
                    "track": { "sid": "TR_2", "type": "VIDEO", "source": "SCREEN_SHARE" } }),
        ),
        (
            7,
            json!({ "event": "egress_started", "egressInfo": { "egressId": "EG_1", "roomId": "RM_1" } }),
        ),
        (
            8,
            json!({ "event": "participant_connection_aborted", "room": room, "participant": guest }),
        ),
        (
            9,
            json!({ "event": "track_unpublished", "room": room, "participant": ada_in,
                    "track": { "sid": "TR_2", "type": "VIDEO", "source": "SCREEN_SHARE" } }),
        ),
        (
            60,
            json!({ "event": "participant_left", "room": room, "participant": phone }),
        ),
        (90, json!({ "event": "room_finished", "room": room })),
    ]
    .into_iter()
    .map(|(after, mut webhook)| {
        webhook["id"] = json!(format!("EV_{after}"));
        webhook["createdAt"] = json!((start + after).to_string());
        webhook
    })
    .collect();
    let first = webhooks.remove(0);
    for (claims, key, why) in [
        (
            (|_: &mut Value| {}) as fn(&mut Value),
            "another secret",
            "another secret",
        ),
        (|claims| claims["iss"] = json!("APIxyz"), secret, "another key"),
        (|claims| claims["exp"] = json!(1_000_000), secret, "too late"),
        (
            |claims| claims["nbf"] = json!(9_000_000_000_i64),
            secret,
            "too early",
        ),
        (|claims| claims["sha256"] = json!("AAAA"), secret, "another body"),
        (
            |claims| claims["header"] = json!({ "alg": "none" }),
            secret,
            "no algorithm",
        ),
        (
            |claims| claims["header"] = json!({ "alg": "HS512" }),
            secret,
            "another algorithm",
        ),
    ] {
        assert_eq!(send(&first, claims, key).await.0, 401, "{why}");
    }
    assert_eq!(
        product.try_tell(&json!([])).await.0,
        401,
        "it is no source of the feed"
    );
    for webhook in std::iter::once(&first).chain(webhooks.iter().rev()) {
        let (status, answer) = send(webhook, |_| {}, secret).await;
        assert_eq!(status, 202, "{webhook}: {answer}");
    }
    assert_eq!(send(&first, |_| {}, secret).await.1["RepeatedEvents"], 1);
    assert_eq!(
        send(
            &json!({ "event": "ingress_started", "id": "EV_x" }),
            |_| {},
            secret
        )
        .await
        .0,
        202
    );
    assert_eq!(
        send(&json!({ "event": "room_started" }), |_| {}, secret).await.0,
        400
    );

    let list = world.get(&format!("/accounts/{account}/reports/meetings")).await;
    let row = &list["MeetingReports"][0];
    assert_eq!(row["OrganizerUserId"], ada["UserId"]);
    assert_eq!(row["AttendeeCount"], 3);
    assert_eq!(row["DurationSeconds"], 90);
    assert_eq!(
        (&row["Recorded"], &row["PhoneUsed"], &row["ActivePro"]),
        (&json!(true), &json!(true), &json!(true))
    );
    let path = format!("/accounts/{account}/reports/meetings/{}", text(&row["MeetingId"]));
    let detail = world.get(&path).await["MeetingDetail"].clone();
    assert_eq!(detail["Title"], "Stand-up");
    let shown: Vec<(&Value, &Value, &Value)> = detail["Attendees"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["DisplayName"], &one["Status"], &one["AudioType"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!("Ada"), &json!("Present"), &json!("VoIP")),
            (&json!("<Visitor>"), &json!("Dropped"), &json!("None")),
            (&json!("<sip_1>"), &json!("Left"), &json!("Phone")),
        ]
    );
    let events = world.get(&format!("{path}/events")).await.to_string();
    assert!(
        events.contains("ScreenShareStopped") && events.contains("RecordingStarted"),
        "{events}"
    );
}

#[tokio::test]
async fn what_is_too_old_goes_with_its_figures() {
    let world = sqlite().await;
    let account = world.account("Old").await;
    let (ada, _) = world.member(&account, "ada@old.example").await;
    let product = Product::new(&world, &[]).await;
    let tell = async |name: &str| {
        let start = world.server.clock().now() - DAY;
        let mut script = Script::new(name, start);
        script
            .at(
                0,
                "meeting.started",
                json!({ "OrganizerEmail": "ada@old.example" }),
            )
            .at(
                1,
                "attendee.joined",
                json!({ "AttendeeId": "a", "Email": "ada@old.example" }),
            )
            .at(9, "meeting.ended", json!({}));
        product.tell(&script.all()).await;
        product
            .tell(
                &json!([{ "EventId": format!("c{name}"), "EventType": "chat.message-sent", "Timestamp": start,
                            "Email": "ada@old.example" }]),
            )
            .await;
    };
    tell("first").await;
    world.server.clock().advance(60 * DAY);
    tell("second").await;
    let now = world.server.clock().now();
    let count = async |sql: &'static str| {
        world
            .server
            .store()
            .read()
            .await
            .unwrap()
            .fetch_number(sql, &[])
            .await
            .unwrap()
    };
    for _ in 0..2 {
        carillon_chime::activity::prune(world.server.store(), now, 40 * DAY)
            .await
            .unwrap();
        assert_eq!(count("SELECT COUNT(*) FROM activity_meeting").await, 1);
        assert_eq!(count("SELECT COUNT(*) FROM activity_attendee").await, 1);
        assert_eq!(count("SELECT COUNT(*) FROM activity_event").await, 4);
        assert_eq!(count("SELECT COUNT(*) FROM activity_person_day").await, 1);
    }
    let path = format!(
        "/accounts/{account}/users/{}/activity-report",
        text(&ada["UserId"])
    );
    let report = world.get(&path).await["UserActivityReport"].clone();
    assert_eq!(
        (&report["MeetingsAttended"], &report["ChatMessagesSent"]),
        (&json!(1), &json!(1))
    );
}
