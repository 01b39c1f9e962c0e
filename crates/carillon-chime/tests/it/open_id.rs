//! The portal as an OpenID Connect provider, as products and strangers ask it.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::time::{Clock, Timestamp};
use carillon_chime::account::Life;
use carillon_chime::open_id::Algorithm;
use carillon_chime::open_id::operator::{self, NewClient};
use serde_json::{Value, json};

use crate::world::{Browser, DAY, PASSWORD, Page, World, sqlite, worlds};

const CALLBACK: &str = "https://wiki.example.com/callback";
const OUT: &str = "https://wiki.example.com/out";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A product that people sign in to.
struct Product<'a> {
    world: &'a World,
    id: String,
    secret: String,
}

impl World {
    fn now(&self) -> Timestamp {
        self.server.clock().now()
    }

    async fn product(&self, account: Option<&str>) -> Product<'_> {
        let new = NewClient {
            name: "Wiki".to_owned(),
            redirect_uris: vec![CALLBACK.to_owned()],
            back_channel_uri: Some(OUT.to_owned()),
            account_id: account.map(str::to_owned),
            post_logout_uris: Vec::new(),
            license: None,
            algorithm: Algorithm::ES256,
            is_public: false,
        };
        let mut tx = self.server.store().write().await.unwrap();
        let (shown, secret) = operator::create(&mut tx, &new, self.entropy(), self.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Product {
            world: self,
            id: shown.client_id,
            secret: secret.unwrap().expose().clone(),
        }
    }

    async fn rotate_keys(&self, withdraw: bool) -> String {
        let mut tx = self.server.store().write().await.unwrap();
        let vault = &self.server.environment().vault;
        let key = operator::rotate_keys(&mut tx, vault, self.entropy(), self.now(), withdraw)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        key
    }

    /// The identifiers of the keys that are published.
    async fn keys(&self) -> Vec<String> {
        let page = self.browser().open("/oauth2/jwks").await;
        let known: Value = serde_json::from_str(&page.text).unwrap();
        let keys = known["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    async fn userinfo(&self, access_token: &str) -> u16 {
        let mut program = self.browser();
        let header = format!("Bearer {access_token}");
        program.headers.insert("authorization", header);
        program.open("/oauth2/userinfo").await.status
    }

    /// The bodies of what the product was told.
    fn told(&self) -> Vec<String> {
        let heard = self.products.heard.lock().unwrap();
        heard.iter().map(|(_, body)| body.clone()).collect()
    }
}

impl Product<'_> {
    fn question(&self, more: &str) -> String {
        format!(
            "/oauth2/authorize?response_type=code&client_id={}&redirect_uri={}&scope=openid%20email&state=s\
             &code_challenge_method=S256&code_challenge={CHALLENGE}{more}",
            self.id,
            CALLBACK.replace(':', "%3A").replace('/', "%2F"),
        )
    }

    /// Posts a form as this product, from an address.
    async fn ask_from(&self, ip: IpAddr, secret: &str, endpoint: &str, form: &str) -> Page {
        let mut program = self.world.browser();
        program.ip = ip;
        program
            .headers
            .insert("content-type", "application/x-www-form-urlencoded".to_owned());
        let body = format!("client_id={}&client_secret={secret}&{form}", self.id);
        program.send("POST", &format!("/oauth2/{endpoint}"), &body).await
    }

    async fn ask(&self, endpoint: &str, form: &str) -> (u16, Value) {
        let page = self
            .ask_from(Ipv4Addr::LOCALHOST.into(), &self.secret, endpoint, form)
            .await;
        (page.status, serde_json::from_str(&page.text).unwrap())
    }

    async fn redeem(&self, code: &str) -> (u16, Value) {
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}"
        );
        self.ask("token", &form).await
    }

    async fn refresh(&self, tokens: &Value) -> (u16, Value) {
        let token = tokens["refresh_token"].as_str().unwrap();
        self.ask(
            "token",
            &format!("grant_type=refresh_token&refresh_token={token}"),
        )
        .await
    }

    /// Lets whoever is signed in with the browser in, and answers the tokens.
    async fn let_in(&self, browser: &mut Browser<'_>) -> Value {
        let page = browser.open(&self.question("")).await;
        let (status, tokens) = self.redeem(&code_in(&location(&page))).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }
}

fn location(page: &Page) -> String {
    assert_eq!(page.status, 303, "{}", page.text);
    page.headers["location"].to_str().unwrap().to_owned()
}

fn code_in(url: &str) -> String {
    let (_, rest) = url
        .split_once("?code=")
        .unwrap_or_else(|| panic!("no code: {url}"));
    rest.split('&').next().unwrap().to_owned()
}

fn error_in(url: &str) -> String {
    let (_, rest) = url
        .split_once("?error=")
        .unwrap_or_else(|| panic!("no error: {url}"));
    decoded(rest.split('&').next().unwrap())
}

/// A text of a query as it was before it was put there.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

#[tokio::test]
async fn a_person_is_let_in_by_one_page_and_out_with_its_session() {
    for world in worlds().await {
        let account = world.account("Pies").await;
        let (user, _) = world.member(&account, "ada@example.com").await;
        let wiki = world.product(None).await;
        let mut browser = world.browser();
        let to = location(&browser.open(&wiki.question("&nonce=n")).await);
        let way_back = decoded(to.strip_prefix("/signin?to=").unwrap());
        let form = [
            ("email", "ada@example.com"),
            ("password", PASSWORD),
            ("to", way_back.as_str()),
        ];
        let page = browser.post("/signin", &form).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("http-equiv=\"refresh\""));
        // From there on no other page comes in between.
        let home = location(&browser.open(&way_back).await);
        assert!(home.starts_with(&format!("{CALLBACK}?code=")), "{home}");
        let code = code_in(&home);
        let (status, tokens) = wiki.redeem(&code).await;
        assert_eq!(status, 200, "{tokens}");
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(world.userinfo(access).await, 200);
        let (status, renewed) = wiki.refresh(&tokens).await;
        assert_eq!(status, 200, "{renewed}");
        let path = format!(
            "/accounts/{account}/users/{}?operation=logout",
            user["UserId"].as_str().unwrap()
        );
        world.call("POST", &path, Value::Null).await.ok();
        assert_eq!(world.userinfo(access).await, 401);
        assert_eq!(wiki.refresh(&renewed).await.1["error"], "invalid_grant");
        world.work().await;
        world.work().await;
        assert_eq!(world.told().len(), 1);
    }
}

#[tokio::test]
async fn a_code_that_comes_twice_ends_what_came_of_it() {
    for world in worlds().await {
        let account = world.account("Pies").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        let (wiki, other) = (world.product(None).await, world.product(None).await);
        let code = code_in(&location(&browser.open(&wiki.question("")).await));
        assert_eq!(
            other.redeem(&code).await.1["error"],
            "invalid_grant",
            "of another"
        );
        let (_, tokens) = wiki.redeem(&code).await;
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(world.userinfo(access).await, 200);
        assert_eq!(wiki.redeem(&code).await.1["error"], "invalid_grant");
        assert_eq!(world.userinfo(access).await, 401);
        // The same of refresh tokens.
        let first = wiki.let_in(&mut browser).await;
        let (_, second) = wiki.refresh(&first).await;
        assert_eq!(wiki.refresh(&first).await.1["error"], "invalid_grant");
        assert_eq!(wiki.refresh(&second).await.1["error"], "invalid_grant");
        // And a code waits a minute.
        let late = code_in(&location(&browser.open(&wiki.question("")).await));
        world.server.clock().advance(Duration::from_secs(60));
        assert_eq!(wiki.redeem(&late).await.1["error"], "invalid_grant");
    }
}

#[tokio::test]
async fn hostile_questions_get_no_code() {
    let world = sqlite().await;
    let account = world.account("Pies").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    let wiki = world.product(None).await;
    let good = wiki.question("");
    for (from, to) in [
        ("wiki.example.com", "evil.example"),
        ("callback", "callback%2F..%2Fx"),
        ("callback", "callback%3Fa%3Db"),
        (wiki.id.as_str(), "nobody"),
        ("client_id=", "client="),
        ("&state=s", "&state=s&redirect_uri=https%3A%2F%2Fevil.example"),
        ("&state=s", "&state=%FF"),
    ] {
        let page = browser.open(&good.replace(from, to)).await;
        assert_eq!(page.status, 400, "{from} to {to}");
        assert!(page.headers.get("location").is_none());
    }
    for (from, to, error) in [
        ("=S256", "=plain", "invalid_request"),
        ("&code_challenge_method=S256", "", "invalid_request"),
        (CHALLENGE, "short", "invalid_request"),
        ("=code&", "=token&", "unsupported_response_type"),
        ("=code&", "=code%20id_token&", "unsupported_response_type"),
        ("openid%20", "", "invalid_scope"),
        ("&state=s", "&state=s&request=e30", "request_not_supported"),
        ("&state=s", "&state=s&prompt=none%20login", "invalid_request"),
        ("&state=s", "&state=s&id_token_hint=a.b.c", "invalid_request"),
    ] {
        let home = location(&browser.open(&good.replace(from, to)).await);
        assert!(home.starts_with(CALLBACK), "{home}");
        assert_eq!(error_in(&home), error, "{home}");
    }
    let home = location(&world.browser().open(&wiki.question("&prompt=none")).await);
    assert_eq!(error_in(&home), "login_required");
}

#[tokio::test]
async fn strangers_with_wrong_secrets_do_not_keep_a_product_waiting() {
    let world = sqlite().await;
    let account = world.account("Pies").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    let wiki = world.product(None).await;
    let tokens = wiki.let_in(&mut browser).await;
    let form = "grant_type=refresh_token&refresh_token=x";
    let mut statuses = Vec::new();
    for stranger in 0..200_u32 {
        let ip = Ipv4Addr::from_bits(0x0a00_0000 + stranger / 5);
        statuses.push(wiki.ask_from(ip.into(), "guess", "token", form).await.status);
    }
    assert!(statuses.contains(&401) && statuses.contains(&429), "{statuses:?}");
    let (status, renewed) = wiki.refresh(&tokens).await;
    assert_eq!(status, 200, "{renewed}");
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_products_hear_of_it() {
    for world in worlds().await {
        let account = world.account("Pies").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        let wiki = world.product(None).await;
        let tokens = wiki.let_in(&mut browser).await;
        let hour = Duration::from_secs(60 * 60);
        world.server.clock().advance(11 * hour);
        let (status, renewed) = wiki.refresh(&tokens).await;
        assert_eq!(status, 200, "{renewed}");
        world.server.clock().advance(11 * hour);
        world.work().await;
        world.work().await;
        assert_eq!(world.told(), [] as [String; 0], "it was used");
        world.server.clock().advance(hour);
        world.work().await;
        world.work().await;
        let told = world.told();
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("logout_token="));
    }
}

#[tokio::test]
async fn products_hear_that_a_whole_account_was_stopped() {
    for world in worlds().await {
        for life in [Life::Suspended, Life::Disabled] {
            let account = world.account("Pies").await;
            let wiki = world.product(None).await;
            let before = world.told().len();
            let mut people = Vec::new();
            for name in ["ada", "bob"] {
                let email = format!("{name}-{}@example.com", life.as_str());
                let (_, mut browser) = world.member(&account, &email).await;
                people.push(wiki.let_in(&mut browser).await);
            }
            world.set_life(&account, life).await;
            for tokens in &people {
                assert_eq!(
                    world.userinfo(tokens["access_token"].as_str().unwrap()).await,
                    401
                );
                assert_eq!(wiki.refresh(tokens).await.0, 400);
            }
            world.work().await;
            let told = world.told().split_off(before);
            assert_eq!(told.len(), 2, "{life:?}: {told:?}");
            assert!(told.iter().all(|body| body.starts_with("logout_token=")));
            assert_ne!(told[0], told[1]);
        }
    }
}

#[tokio::test]
async fn codes_that_other_sites_ask_for_do_not_end_what_is_in_use() {
    for world in worlds().await {
        let account = world.account("Pies").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        let wiki = world.product(None).await;
        let tokens = wiki.let_in(&mut browser).await;
        for _ in 0..30 {
            world.server.clock().advance(Duration::from_millis(1));
            browser.open(&wiki.question("")).await;
        }
        let (status, renewed) = wiki.refresh(&tokens).await;
        assert_eq!(status, 200, "{renewed}");
        // The last of them is good all the same.
        let last = code_in(&location(&browser.open(&wiki.question("")).await));
        assert_eq!(wiki.redeem(&last).await.0, 200);
    }
}

#[tokio::test]
async fn keys_change_by_themselves_whoever_made_the_first() {
    for world in worlds().await {
        let first = world.rotate_keys(false).await;
        assert_eq!(world.keys().await, std::slice::from_ref(&first));
        for _ in 0..91 {
            world.server.clock().advance(DAY);
            world.work().await;
        }
        let keys = world.keys().await;
        assert_eq!(
            keys.len(),
            2,
            "the next one is published, and the first not yet gone"
        );
        world.server.clock().advance(DAY);
        world.work().await;
        assert_eq!(world.keys().await, keys[1..]);
    }
}

#[tokio::test]
async fn a_key_in_wrong_hands_is_withdrawn_at_once() {
    for world in worlds().await {
        let account = world.account("Pies").await;
        let (_, mut browser) = world.member(&account, "ada@example.com").await;
        let wiki = world.product(None).await;
        let tokens = wiki.let_in(&mut browser).await;
        let access = tokens["access_token"].as_str().unwrap();
        world.server.clock().advance(Duration::from_secs(1));
        world.rotate_keys(false).await;
        assert_eq!(world.userinfo(access).await, 200);
        world.server.clock().advance(Duration::from_secs(1));
        let only = world.rotate_keys(true).await;
        assert_eq!(world.keys().await, [only]);
        assert_eq!(world.userinfo(access).await, 401);
        let (status, renewed) = wiki.refresh(&tokens).await;
        assert_eq!(status, 200, "nobody is signed out: {renewed}");
        assert_eq!(
            world.userinfo(renewed["access_token"].as_str().unwrap()).await,
            200
        );
    }
}

#[tokio::test]
async fn a_product_of_rs256_needs_a_key_of_the_operator() {
    let world = sqlite().await;
    let (store, entropy, now) = (world.server.store(), world.entropy(), world.now());
    let vault = &world.server.environment().vault;
    let new = NewClient {
        name: "Old".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_uris: Vec::new(),
        back_channel_uri: None,
        account_id: None,
        license: None,
        algorithm: Algorithm::RS256,
        is_public: false,
    };
    let mut tx = store.write().await.unwrap();
    let refused = operator::create(&mut tx, &new, entropy, now).await.unwrap_err();
    assert!(format!("{refused:?}").contains("import one first"), "{refused:?}");
    for wrong in [b"".as_slice(), b"key", &[0x30, 0x82, 0x01]] {
        let refused = operator::import_key(&mut tx, wrong, vault, entropy, now, true)
            .await
            .unwrap_err();
        assert!(
            format!("{refused:?}").contains("2048 to 4096 bits"),
            "{refused:?}"
        );
    }
    drop(tx);
    let page = world.browser().open("/.well-known/openid-configuration").await;
    assert!(
        page.text
            .contains("\"id_token_signing_alg_values_supported\":[\"ES256\"]"),
        "{}",
        page.text
    );

    // Of the tests alone: it signs nothing elsewhere.
    let secret = include_bytes!("rsa-2048.der");
    let mut tx = store.write().await.unwrap();
    let id = operator::import_key(&mut tx, secret, vault, entropy, now, false)
        .await
        .unwrap();
    let (shown, secret) = operator::create(&mut tx, &new, entropy, now).await.unwrap();
    tx.commit().await.unwrap();
    let old = Product {
        world: &world,
        id: shown.client_id,
        secret: secret.unwrap().expose().clone(),
    };
    let wiki = world.product(None).await;
    let account = world.account("Pies").await;
    let (_, mut browser) = world.member(&account, "ada@example.com").await;
    let tokens = old.let_in(&mut browser).await;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.userinfo(access).await, 200);
    for (name, kind) in [("access_token", "at+jwt"), ("id_token", "JWT")] {
        let expected = json!({ "alg": "RS256", "typ": kind, "kid": id });
        assert_eq!(header_of(&tokens, name), expected);
    }
    let others = wiki.let_in(&mut browser).await;
    assert_eq!(
        header_of(&others, "id_token")["alg"],
        "ES256",
        "others stay as they are"
    );
    let page = world.browser().open("/.well-known/openid-configuration").await;
    assert!(page.text.contains("[\"ES256\",\"RS256\"]"), "{}", page.text);
    let altered = format!("{}AAAA", &access[..access.len() - 4]);
    assert_eq!(world.userinfo(&altered).await, 401);
    assert_eq!(old.refresh(&tokens).await.0, 200);
    world.rotate_keys(true).await;
    assert_eq!(
        world.userinfo(access).await,
        200,
        "the operator's key is not ours to withdraw"
    );
}

fn header_of(tokens: &Value, name: &str) -> Value {
    let token = tokens[name].as_str().unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    serde_json::from_slice(&header.unwrap()).unwrap()
}

#[tokio::test]
async fn what_the_trail_cannot_be_told_is_not_done() {
    for world in worlds().await {
        let account = world.account("Pies").await;
        let wiki = world.product(Some(&account)).await;
        let (store, entropy, now) = (world.server.store(), world.entropy(), world.now());
        let mut tx = store.write().await.unwrap();
        tx.execute("DROP TABLE audit_event", &[]).await.unwrap();
        assert!(
            operator::rotate_secret(&mut tx, &wiki.id, entropy, now)
                .await
                .is_err()
        );
        drop(tx);
        let mut tx = store.write().await.unwrap();
        tx.execute("DROP TABLE audit_event", &[]).await.unwrap();
        assert!(operator::delete(&mut tx, &wiki.id, entropy, now).await.is_err());
        drop(tx);
        let mut tx = store.write().await.unwrap();
        operator::delete(&mut tx, &wiki.id, entropy, now).await.unwrap();
    }
}
