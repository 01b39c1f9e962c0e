//! A server with people, mail and browsers.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Entropy;
use carillon_chime::account::{Life, operator};
use carillon_chime::{CHIME, JOBS, Portal};
use carillon_iam::testing::{Answer, Engine, TestClient, TestServer, engines};
use carillon_operation::{
    BoxFuture, Delivery, Mail, MailError, MailRelay, NoAnswer, Outside, Peer, Post, Reply, Settings,
    TxtRecords, Unavailable,
};
use http::Request;
use serde_json::{Value, json};

impl World {
    /// The newest event of this name in a trail.
    pub async fn event(&self, aws_account_id: &str, name: &str) -> Option<Value> {
        let mut tx = self.server.store().read().await.unwrap();
        let found: Option<(String,)> = tx
            .fetch_optional(
                "SELECT record FROM audit_event WHERE aws_account_id = $1 AND event_name = $2
                  ORDER BY event_at DESC, event_id DESC LIMIT 1",
                carillon_store::bind![aws_account_id, name],
            )
            .await
            .unwrap();
        found.map(|(record,)| serde_json::from_str(&record).unwrap())
    }
}

/// A user that does not exist.
pub const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
pub const PASSWORD: &str = "correct horse battery 9";
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A server with a portal and a mail relay.
pub struct World {
    pub server: TestServer,
    pub portal: Portal,
    pub relay: Arc<Relay>,
    pub dns: Arc<Zone>,
    pub products: Arc<Products>,
}

/// Other products, which keep what is posted to them: the address and the body.
#[derive(Default)]
pub struct Products {
    pub heard: Mutex<Vec<(String, String)>>,
}

impl Delivery for Products {
    fn post<'a>(&'a self, post: Post<'a>) -> BoxFuture<'a, Result<Reply, Unavailable>> {
        let body = String::from_utf8_lossy(post.body).into_owned();
        self.heard.lock().unwrap().push((post.url.to_owned(), body));
        Box::pin(async {
            Ok(Reply {
                status: 200,
                body: Bytes::new(),
            })
        })
    }
}

/// Takes mail and keeps it, or refuses it.
#[derive(Default)]
pub struct Relay {
    pub sent: Mutex<Vec<Mail>>,
    pub refuse: Mutex<Option<fn() -> MailError>>,
}

impl MailRelay for Relay {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            match *self.refuse.lock().unwrap() {
                Some(refusal) => Err(refusal()),
                None => {
                    self.sent.lock().unwrap().push(mail.clone());
                    Ok(())
                }
            }
        })
    }
}

/// TXT records by name, and how often somebody looked. A name whose records are `None` has no name server that answers.
#[derive(Default)]
pub struct Zone {
    pub records: Mutex<HashMap<String, Option<Vec<String>>>>,
    pub asked: AtomicUsize,
    pub is_busy: AtomicBool,
}

impl Zone {
    /// Puts a record in the place of what the name had.
    pub fn set(&self, name: &str, records: Option<&[&str]>) {
        let records = records.map(|records| records.iter().map(|text| (*text).to_owned()).collect());
        self.records.lock().unwrap().insert(name.to_owned(), records);
    }

    /// Publishes what an answer about a domain asks for.
    pub fn publish(&self, domain: &Value) {
        let record = &domain["VerificationRecord"];
        assert_eq!(record["Type"], "TXT");
        self.set(
            record["Name"].as_str().unwrap(),
            Some(&[record["Value"].as_str().unwrap()]),
        );
    }
}

impl TxtRecords for Zone {
    fn look_up<'a>(
        &'a self,
        name: &'a str,
        _: AwsAccountId,
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, NoAnswer>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = self.records.lock().unwrap().get(name).cloned();
        let is_busy = self.is_busy.load(Ordering::Relaxed);
        Box::pin(async move {
            if is_busy {
                return Err(NoAnswer::Busy);
            }
            match found {
                None => Ok(Vec::new()),
                Some(None) => Err(NoAnswer::Failed("the name servers are down".to_owned())),
                Some(Some(records)) => Ok(records.into_iter().map(String::into_bytes).collect()),
            }
        })
    }
}

/// A world on each engine.
pub async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for engine in engines().await {
        worlds.push(World::on(engine).await);
    }
    worlds
}

/// A world on SQLite, where the engine does not matter.
pub async fn sqlite() -> World {
    World::on(Engine::sqlite()).await
}

impl World {
    async fn on(engine: Engine) -> Self {
        Self::with(engine, TestServer::settings()).await
    }

    /// A world where everybody may register.
    pub async fn open_on(engine: Engine) -> Self {
        let settings = Settings {
            self_registration: true,
            ..TestServer::settings()
        };
        Self::with(engine, settings).await
    }

    pub async fn with(engine: Engine, settings: Settings) -> Self {
        let server = TestServer::start_with(engine, &[&CHIME], settings).await;
        let portal = Portal::new(server.store().clone(), Arc::clone(server.environment()));
        Self {
            server,
            portal,
            relay: Arc::new(Relay::default()),
            dns: Arc::default(),
            products: Arc::default(),
        }
    }

    pub fn entropy(&self) -> &dyn Entropy {
        &*self.server.environment().entropy
    }

    pub fn root(&self) -> TestClient<'_> {
        self.server.as_root()
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.root().rest("chime", method, path, body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).await.ok().clone()
    }

    /// A new Team account's id.
    pub async fn account(&self, name: &str) -> String {
        let made = self.call("POST", "/accounts", json!({ "Name": name })).await;
        text(&made.ok()["Account"]["AccountId"])
    }

    /// Changes the type of an account past the services.
    pub async fn set_type(&self, account: &str, account_type: &str) {
        let mut tx = self.server.store().write().await.unwrap();
        operator::set_type(&mut tx, account, account_type.parse().unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Suspends, deletes or restores an account as the operator does.
    pub async fn set_life(&self, account: &str, life: Life) {
        let now = self.server.environment().clock.now();
        let mut tx = self.server.store().write().await.unwrap();
        operator::set_status(&mut tx, account, life, self.entropy(), now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn invite(&self, account: &str, emails: &[&str]) -> Answer {
        let path = format!("/accounts/{account}/users?operation=add");
        self.call("POST", &path, json!({ "UserEmailList": emails })).await
    }

    /// The user with this address.
    pub async fn user(&self, account: &str, email: &str) -> Value {
        let path = format!("/accounts/{account}/users?operation=get-by-email&user-email={email}");
        self.get(&path).await["User"].clone()
    }

    /// Invites somebody and answers its user.
    pub async fn invited(&self, account: &str, email: &str) -> Value {
        self.invite(account, &[email]).await.ok();
        self.user(account, email).await
    }

    /// Does everything that is due.
    pub async fn work(&self) {
        let outside = Outside {
            mail: Some(Arc::clone(&self.relay) as Arc<dyn MailRelay>),
            txt: Some(Arc::clone(&self.dns) as Arc<dyn TxtRecords>),
            delivery: Some(Arc::clone(&self.products) as Arc<dyn Delivery>),
            ..Outside::default()
        };
        self.server.run_due_jobs(JOBS, outside).await;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.relay.sent.lock().unwrap().clone()
    }

    /// The path of the link in the newest mail.
    pub fn link(&self) -> String {
        link_in(&self.mails().pop().expect("a mail"))
    }

    /// Invites somebody, who accepts: the user, and the browser it did that with.
    pub async fn member(&self, account: &str, email: &str) -> (Value, Browser<'_>) {
        // Lists are in the order of time, which stands still by itself.
        self.server.clock().advance(Duration::from_millis(1));
        self.invite(account, &[email]).await.ok();
        self.work().await;
        let mut browser = self.browser();
        let page = browser.accept(&self.link(), PASSWORD).await;
        assert_eq!(page.status, 303, "{}", page.text);
        (self.user(account, email).await, browser)
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser {
            world: self,
            cookie: None,
            form_key: String::new(),
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            headers: HashMap::from([("sec-fetch-site", "same-origin".to_owned())]),
        }
    }
}

/// One device of one person.
pub struct Browser<'a> {
    world: &'a World,
    pub cookie: Option<String>,
    /// Of the last page that had one.
    pub form_key: String,
    pub ip: IpAddr,
    pub headers: HashMap<&'static str, String>,
}

#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Browser<'_> {
    pub async fn send(&mut self, method: &str, path: &str, body: &str) -> Page {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "chime.example.com")
            .header("user-agent", "Mozilla/5.0 (test)");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("other=1; {cookie}"));
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let peer = Peer {
            ip: self.ip,
            tls: None,
        };
        let response = self
            .world
            .portal
            .serve(&parts, body.as_bytes(), &peer)
            .await
            .expect("a path of the portal");
        if let Some(set) = response.headers().get("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        if let Some((_, rest)) = text.split_once("name=\"form_key\" value=\"") {
            self.form_key = rest.split('"').next().unwrap().to_owned();
        }
        Page {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
        }
    }

    pub async fn open(&mut self, path: &str) -> Page {
        self.send("GET", path, "").await
    }

    /// Sends a form with what the last page put into its own; names and values need no escaping here.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form_key = self.form_key.clone();
        let body: Vec<String> = fields
            .iter()
            .chain([&("form_key", form_key.as_str())])
            .map(|(name, value)| {
                format!(
                    "{name}={}",
                    value.replace('%', "%25").replace('&', "%26").replace(' ', "+")
                )
            })
            .collect();
        self.send("POST", path, &body.join("&")).await
    }

    /// Accepts the invitation behind a link.
    pub async fn accept(&mut self, link: &str, password: &str) -> Page {
        let (path, token) = link.split_once("?token=").expect("a token");
        let fields = [
            ("token", token),
            ("display_name", "Ada Lovelace"),
            ("password", password),
            ("new_password", password),
        ];
        self.post(path, &fields).await
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Page {
        self.post("/signin", &[("email", email), ("password", password)])
            .await
    }

    pub async fn is_signed_in(&mut self) -> bool {
        self.open("/portal").await.status == 200
    }
}

/// The path of the link in a mail.
pub fn link_in(mail: &Mail) -> String {
    let at = mail.text.find("https://").expect("a link");
    let link: String = mail.text[at..]
        .chars()
        .take_while(|c| !c.is_whitespace())
        .collect();
    link.strip_prefix("https://chime.example.com").unwrap().to_owned()
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The codes of the items that failed, in order.
pub fn item_errors(answer: &Answer) -> Vec<(String, String)> {
    answer.ok()["UserErrors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|error| (text(&error["UserId"]), text(&error["ErrorCode"])))
        .collect()
}

/// Who is in a list of users, and where each stands.
pub fn statuses(list: &Value) -> Vec<(String, String)> {
    list["Users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (text(&user["PrimaryEmail"]), text(&user["UserRegistrationStatus"])))
        .collect()
}
