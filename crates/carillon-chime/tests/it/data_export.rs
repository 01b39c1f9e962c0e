//! Uploads and exports, with a store of objects in memory that can be away.

use std::collections::BTreeMap;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use carillon_aws::time::Timestamp;
use carillon_chime::account::Life;
use carillon_chime::{Files, JOBS, Portal, open_data_export};
use carillon_operation::{BoxFuture, Chunks, Label, ObjectError, Objects, Outside, Peer};
use futures_core::Stream;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Browser, Page, World, text, worlds};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[derive(Default)]
struct Memory {
    kept: Mutex<BTreeMap<String, Bytes>>,
    is_away: AtomicBool,
}

impl Memory {
    fn check(&self) -> Result<(), ObjectError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(ObjectError::Unavailable("away".to_owned()));
        }
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        kept.keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }
}

impl Objects for Memory {
    fn put<'a>(
        &'a self,
        key: &'a str,
        _: Label<'a>,
        content: &'a mut dyn Chunks,
    ) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async move {
            self.check()?;
            let mut whole = Vec::new();
            while let Some(piece) = content.next().await? {
                whole.extend_from_slice(&piece);
            }
            self.kept.lock().unwrap().insert(key.to_owned(), whole.into());
            Ok(())
        })
    }

    fn get<'a>(
        &'a self,
        key: &'a str,
        _: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Box<dyn Chunks>, ObjectError>> {
        Box::pin(async move {
            self.check()?;
            let found = self.kept.lock().unwrap().get(key).cloned();
            let found = found.ok_or(ObjectError::Absent)?;
            Ok(Box::new(Some(found)) as Box<dyn Chunks>)
        })
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, ObjectError>> {
        Box::pin(async move {
            self.check()?;
            let kept = self.kept.lock().unwrap();
            Ok(kept.get(key).map(|content| content.len() as u64))
        })
    }

    fn link<'a>(
        &'a self,
        key: &'a str,
        label: Label<'a>,
        _: Timestamp,
        _: Duration,
    ) -> BoxFuture<'a, Result<String, ObjectError>> {
        Box::pin(async move { Ok(format!("memory:{key}?{}", label.content_type)) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async move {
            self.check()?;
            self.kept.lock().unwrap().remove(key);
            Ok(())
        })
    }

    fn delete_all<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async move {
            self.check()?;
            let below = format!("{prefix}/");
            self.kept
                .lock()
                .unwrap()
                .retain(|key, _| !key.starts_with(&below));
            Ok(())
        })
    }
}

/// A body that comes in these pieces, and then ends or breaks.
struct Body(Vec<Bytes>, bool);

impl Stream for Body {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.0.is_empty() {
            return Poll::Ready(Some(Ok(self.0.remove(0))));
        }
        Poll::Ready(self.1.then(|| Err("broken".into())))
    }
}

async fn worlds_with_files() -> Vec<(World, Arc<Memory>)> {
    let mut made = Vec::new();
    for mut world in worlds().await {
        let objects = Arc::new(Memory::default());
        let (store, environment) = (
            world.server.store().clone(),
            Arc::clone(world.server.environment()),
        );
        world.portal = Portal::new(store, environment).with_files(Files {
            objects: Arc::clone(&objects) as Arc<dyn Objects>,
            size: 1 << 20,
            quota: 2 << 20,
        });
        made.push((world, objects));
    }
    made
}

async fn work(world: &World, objects: &Arc<Memory>) {
    let outside = Outside {
        objects: Some(Arc::clone(objects) as Arc<dyn Objects>),
        ..Outside::default()
    };
    world.server.run_due_jobs(JOBS, outside).await;
}

/// Sends a file as a browser does, in small pieces.
async fn upload(world: &World, browser: &mut Browser<'_>, content: &[u8], breaks: bool) -> Page {
    let page = browser.open("/portal/files").await;
    let key = page
        .text
        .split("name=\"form_key\" value=\"")
        .nth(1)
        .expect("a form");
    let key = key.split('"').next().unwrap();
    let mut body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"form_key\"\r\n\r\n{key}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
         Content-Type: text/plain\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--x--\r\n");
    if breaks {
        body.truncate(body.len() - 12);
    }
    let pieces = body.chunks(7).map(Bytes::copy_from_slice).collect();
    let (parts, ()) = Request::post("/portal/files")
        .header("content-type", "multipart/form-data; boundary=x")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", browser.cookie.clone().unwrap())
        .body(())
        .unwrap()
        .into_parts();
    assert!(Portal::is_upload(&parts));
    let peer = Peer {
        ip: browser.ip,
        tls: None,
    };
    let answer = world
        .portal
        .upload(&parts, Box::pin(Body(pieces, breaks)), &peer)
        .await;
    Page {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: String::from_utf8(answer.body().to_vec()).unwrap(),
    }
}

async fn start(world: &World, account: &str) -> (u16, Value) {
    let path = format!("/accounts/{account}/data-exports");
    let answer = world.call("POST", &path, Value::Null).await;
    (answer.status, answer.body)
}

async fn export(world: &World, account: &str, id: &str) -> Value {
    let found = world.get(&format!("/accounts/{account}/data-exports/{id}")).await;
    found["DataExport"].clone()
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    for (world, objects) in worlds_with_files().await {
        let account = world.account("Example").await;
        let (_, mut ada) = world.member(&account, "ada@example.com").await;
        let page = upload(&world, &mut ada, b"hello", true).await;
        assert_eq!(page.status, 400);
        assert!(page.text.contains("did not arrive whole"), "{}", page.text);
        assert_eq!(objects.keys(""), Vec::<String>::new());

        objects.is_away.store(true, Ordering::Relaxed);
        assert_eq!(upload(&world, &mut ada, b"hello", false).await.status, 503);
        objects.is_away.store(false, Ordering::Relaxed);
        assert_eq!(upload(&world, &mut ada, b"hello", false).await.status, 303);
        assert_eq!(objects.keys(&format!("uploads/{account}/")).len(), 1);

        // An object that nothing came of, as a process leaves it that ends at the wrong moment.
        world.server.clock().advance(HOUR * 2);
        work(&world, &objects).await;
        assert_eq!(objects.keys("uploads/").len(), 1, "what was kept stays");
    }
}

#[tokio::test]
async fn an_export_fails_when_the_store_stays_away_and_does_not_count() {
    for (world, objects) in worlds_with_files().await {
        let account = world.account("Example").await;
        let (_, mut ada) = world.member(&account, "ada@example.com").await;
        assert_eq!(upload(&world, &mut ada, b"hello", false).await.status, 303);
        let (status, _) = start(&world, &account).await;
        assert_eq!(status, 400, "not for Team accounts");
        world.set_type(&account, "EnterpriseLWA").await;

        objects.is_away.store(true, Ordering::Relaxed);
        let (status, begun) = start(&world, &account).await;
        assert_eq!(status, 201);
        let id = text(&begun["DataExport"]["DataExportId"]);
        work(&world, &objects).await;
        assert_eq!(export(&world, &account, &id).await["Status"], "InProgress");
        assert_eq!(start(&world, &account).await.0, 409);

        world.server.clock().advance(HOUR * 25);
        work(&world, &objects).await;
        let failed = export(&world, &account, &id).await;
        assert_eq!(failed["Status"], "Failed");
        assert_eq!(
            failed["FailureReason"],
            "the object store could not be used for 24 hours"
        );
        assert_eq!(failed.get("NextRequestTimestamp"), None);
        assert_eq!(failed.get("FileUrl"), None);

        objects.is_away.store(false, Ordering::Relaxed);
        let (status, begun) = start(&world, &account).await;
        assert_eq!(status, 201, "{begun}");
        let id = text(&begun["DataExport"]["DataExportId"]);
        work(&world, &objects).await;
        let done = export(&world, &account, &id).await;
        assert_eq!(
            (&done["Status"], &done["AttachmentCount"], &done["TotalBytes"]),
            (&json!("Succeeded"), &json!(1), &json!(5))
        );
        let shared = Arc::clone(&objects) as Arc<dyn Objects>;
        let open = async || {
            open_data_export(world.server.store(), world.server.environment(), &shared, &id)
                .await
                .unwrap()
        };
        let mut file = open().await.expect("the file");
        let content = file.next().await.unwrap().unwrap();
        let content = String::from_utf8(content.to_vec()).unwrap();
        assert!(content.starts_with("url,file_name,"), "{content}");
        assert!(content.contains(",a.txt,text/plain,5,2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824,ada@example.com,"), "{content}");
        assert!(file.next().await.unwrap().is_none());

        // A part that was altered is not given away.
        let part = objects.keys("exports/").pop().expect("a part");
        let kept = objects
            .kept
            .lock()
            .unwrap()
            .insert(part.clone(), Bytes::from_static(b"x"));
        assert!(open().await.expect("the file").next().await.is_err());
        objects.kept.lock().unwrap().insert(part, kept.unwrap());

        world.server.clock().advance(HOUR * 24 * 6);
        assert_eq!(
            export(&world, &account, &id).await["Status"],
            "Expired",
            "by the clock"
        );
        assert!(open().await.is_none());
        work(&world, &objects).await;
        assert_eq!(objects.keys("exports/"), Vec::<String>::new());
        let (status, refusal) = start(&world, &account).await;
        assert_eq!(status, 400, "{refusal}");
        world.server.clock().advance(HOUR * 24);
        assert_eq!(start(&world, &account).await.0, 201);
    }
}

#[tokio::test]
async fn nobody_is_told_of_a_file_that_is_gone() {
    for (world, objects) in worlds_with_files().await {
        for (number, end) in ["nothing", "the account", "the links"].into_iter().enumerate() {
            let account = world.account("Example").await;
            let email = format!("ada{number}@example.com");
            let (_, mut ada) = world.member(&account, &email).await;
            assert_eq!(upload(&world, &mut ada, b"hello", false).await.status, 303);
            world.set_type(&account, "EnterpriseLWA").await;
            let asking = world.server.as_user(&email, &["AmazonChimeFullAccess"]).await;
            let path = format!("/accounts/{account}/data-exports");
            assert_eq!(asking.rest("chime", "POST", &path, Value::Null).await.status, 201);
            // The relay is away while the export is written.
            work(&world, &objects).await;
            match end {
                "the account" => world.set_life(&account, Life::Disabled).await,
                "the links" => world.server.clock().advance(HOUR * 24 * 6),
                _ => {}
            }
            world.server.clock().advance(HOUR * 2);
            let before = world.mails().len();
            world.work().await;
            let told = world.mails().split_off(before);
            let told = told.iter().filter(|mail| mail.subject.contains("export")).count();
            assert_eq!(told, usize::from(end == "nothing"), "{end}");
        }
    }
}
