//! A request of any bytes to the pages and endpoints that strangers reach: forms, links, tokens and what products ask.
//! It is answered, and never as if the server had failed.
//!
//! Four lines: the method's first letter with path and query, `Authorization`, `Cookie`, and the body. `CLIENT` stands
//! for the identifier of a product that is registered.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use carillon_aws::time::{SystemEntropy, TestClock, Timestamp};
use carillon_chime::open_id::Algorithm;
use carillon_chime::open_id::operator::{self, NewClient};
use carillon_chime::{CHIME, Portal};
use carillon_operation::guard::Guard;
use carillon_operation::{Environment, Hashing, Peer, Registry, Settings, Vault};
use carillon_store::Store;
use http::{Method, Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

struct World {
    runtime: Runtime,
    portal: Portal,
    client_id: String,
    _folder: tempfile::TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::from_seconds(1_700_000_000);
    let environment = Arc::new(Environment {
        clock: Arc::new(TestClock::at(now)),
        entropy: Arc::new(SystemEntropy),
        registry: Registry::new(&[&CHIME]),
        vault: Vault::new(&[7; 32]),
        settings: Settings {
            public_url: "https://chime.example.com".to_owned(),
            mail: true,
            self_registration: true,
            ..Settings::default()
        },
        jobs: Notify::new(),
        audit_log: None,
        hashing: Hashing::new(1),
        guard: Guard::default(),
    });
    let new = NewClient {
        name: "Wiki".to_owned(),
        redirect_uris: vec!["https://wiki.example.com/".to_owned()],
        post_logout_uris: Vec::new(),
        back_channel_uri: None,
        account_id: None,
        license: None,
        algorithm: Algorithm::ES256,
        is_public: true,
    };
    let (store, client_id) = runtime.block_on(async {
        let url = format!("sqlite:{}", folder.path().join("db").display());
        let store = Store::open(&url).await.unwrap();
        let mut tx = store.write().await.unwrap();
        let (client, _) = operator::create(&mut tx, &new, &SystemEntropy, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        (store, client.client_id)
    });
    World {
        portal: Portal::new(store, environment),
        runtime,
        client_id,
        _folder: folder,
    }
});

fuzz_target!(|data: &[u8]| {
    let world = &*WORLD;
    let text = String::from_utf8_lossy(data).replace("CLIENT", &world.client_id);
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (target, authorization, cookie, body) = (line(), line(), line(), line());
    let (method, target) = match target.strip_prefix('P') {
        Some(target) => (Method::POST, target),
        None => (Method::GET, target.strip_prefix('G').unwrap_or(target)),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    if !cookie.is_empty() {
        request = request.header("cookie", format!("__Host-carillon-session={cookie}"));
    }
    let Ok(request) = request.body(()) else { return };
    let (parts, ()) = request.into_parts();
    let peer = Peer {
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        tls: None,
    };
    let answer = world
        .runtime
        .block_on(world.portal.serve(&parts, body.as_bytes(), &peer));
    assert_eq!(answer.is_some(), Portal::owns(parts.uri.path()));
    if let Some(answer) = answer {
        assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
});
