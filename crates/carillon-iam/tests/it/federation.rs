//! Those whom AWS does not know: web identities, and sessions that users hand on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_aws::time::Clock as _;
use carillon_iam::testing::{ACCOUNT, Answer, TestClient, TestServer};
use carillon_operation::{BoxFuture, Documents, Outside, Unavailable, Wanted};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::sts::session;
use crate::{allow, document, given_policy, given_role, servers, text};

const ISSUER: &str = "https://login.example.com/realms/One";

/// An identity provider: what it publishes, and the key that it signs with.
struct Provider {
    documents: Mutex<HashMap<String, Value>>,
    /// How often it was asked for its keys.
    asked: AtomicUsize,
    key: Mutex<(String, EcdsaKeyPair)>,
}

impl Provider {
    fn new() -> Arc<Self> {
        let provider = Arc::new(Self {
            documents: Mutex::default(),
            asked: AtomicUsize::new(0),
            key: Mutex::new(("first".to_owned(), new_key())),
        });
        provider.publish(
            "/.well-known/openid-configuration",
            json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys") }),
        );
        provider.publish_key();
        provider
    }

    fn publish(&self, path: &str, content: Value) {
        self.documents
            .lock()
            .expect("nobody panicked with it")
            .insert(format!("{ISSUER}{path}"), content);
    }

    fn publish_key(&self) {
        let (name, key) = &*self.key.lock().expect("nobody panicked with it");
        let point = key.public_key().as_ref();
        let coordinate = |range: std::ops::Range<usize>| BASE64_URL_SAFE_NO_PAD.encode(&point[range]);
        let odd = json!({ "kty": "XYZ", "kid": "odd" });
        let key = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name,
            "x": coordinate(1..33), "y": coordinate(33..65),
        });
        self.publish("/keys", json!({ "keys": [odd, key] }));
    }

    fn rotate(&self, name: &str) {
        *self.key.lock().expect("nobody panicked with it") = (name.to_owned(), new_key());
    }

    fn token(&self, claims: &Value) -> String {
        let (name, key) = &*self.key.lock().expect("nobody panicked with it");
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": name });
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = key
            .sign(&SystemRandom::new(), text.as_bytes())
            .expect("a key that signs");
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a new key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a new key")
}

fn part(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

impl Documents for Provider {
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Arc<[u8]>, Unavailable>> {
        Box::pin(async move {
            if wanted.url.ends_with("/keys") {
                self.asked.fetch_add(1, Ordering::Relaxed);
            }
            let documents = self.documents.lock().expect("nobody panicked with it");
            let found = documents
                .get(wanted.url)
                .map(|found| found.to_string().into_bytes().into());
            found.ok_or_else(|| Unavailable("no such page".to_owned()))
        })
    }
}

fn provider_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:oidc-provider/login.example.com/realms/One")
}

/// A trust policy for people of the provider, with further conditions.
fn web_trust(action: &Value, conditions: &Value) -> String {
    document(&json!({
        "Effect": "Allow", "Principal": { "Federated": provider_arn() }, "Action": action, "Condition": conditions,
    }))
}

/// Claims that hold at the beginning of a test, with others in place of some.
fn claims(server: &TestServer, others: &Value) -> Value {
    let now = server.clock().now().as_seconds();
    let mut claims = json!({
        "iss": ISSUER, "sub": "ben", "aud": "app", "iat": now, "exp": now + 600,
    });
    for (key, value) in others.as_object().expect("an object") {
        claims[key] = value.clone();
    }
    claims
}

async fn assume(server: &TestServer, role: &str, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut members = vec![
        ("RoleArn", role),
        ("RoleSessionName", "browser"),
        ("WebIdentityToken", token),
    ];
    members.extend_from_slice(more);
    let nobody = server.as_nobody();
    nobody.query("sts", "AssumeRoleWithWebIdentity", &members).await
}

/// Servers that know the provider, and a role that trusts it.
async fn trusting(conditions: &Value) -> Vec<(TestServer, Arc<Provider>, String)> {
    let mut found = Vec::new();
    for server in servers().await {
        let provider = Provider::new();
        let server = server.with_outside(Outside {
            documents: Some(Arc::clone(&provider) as Arc<dyn Documents>),
            ..Outside::default()
        });
        let root = server.as_root();
        let made = [("Url", ISSUER), ("ClientIDList.member.1", "app")];
        root.iam("CreateOpenIDConnectProvider", &made).await.ok();
        let trust = web_trust(&json!("sts:AssumeRoleWithWebIdentity"), conditions);
        let role = given_role(&root, "Web", &trust).await;
        let allowed = [
            ("RoleName", "Web"),
            ("PolicyName", "p"),
            ("PolicyDocument", &*allow("iam:ListUsers")),
        ];
        root.iam("PutRolePolicy", &allowed).await.ok();
        found.push((server, provider, role));
    }
    found
}

const REFUSED: (u16, &str, &str) = (
    403,
    "AccessDenied",
    "Not authorized to perform sts:AssumeRoleWithWebIdentity",
);

#[tokio::test]
async fn a_token_opens_a_session_of_the_role() {
    let conditions = json!({ "StringEquals": {
        "login.example.com/realms/One:aud": "app", "login.example.com/realms/One:sub": "ben",
    } });
    for (server, provider, role) in trusting(&conditions).await {
        let token = provider.token(&claims(&server, &json!({})));
        let answer = assume(&server, &role, &token, &[("DurationSeconds", "900")]).await;
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/Web/browser");
        assert_eq!(answer.ok()["AssumedRoleUser"]["Arn"], arn);
        assert_eq!(answer.body["SubjectFromWebIdentityToken"], "ben");
        assert_eq!(answer.body["Provider"], ISSUER);
        assert_eq!(answer.body["Audience"], "app");
        assert_eq!(answer.body["Credentials"]["Expiration"], "2026-03-01T12:15:00Z");
        let event = server.last_event();
        assert_eq!(event["eventName"], "AssumeRoleWithWebIdentity");
        assert_eq!(
            event["userIdentity"],
            json!({
                "type": "WebIdentityUser", "principalId": format!("{}:app:ben", provider_arn()), "userName": "ben",
                "identityProvider": provider_arn(),
            })
        );
        assert!(!event.to_string().contains(&token));

        let browser = session(&server, &answer);
        browser.iam("ListUsers", &[]).await.ok();
        assert_eq!(browser.iam("ListRoles", &[]).await.code(), "AccessDenied");
        let eve = provider.token(&claims(&server, &json!({ "sub": "eve" })));
        assert_eq!(assume(&server, &role, &eve, &[]).await.refusal(), REFUSED);
        assert_eq!(server.last_event()["errorCode"], "AccessDenied");
        // The provider was asked only once for each of them, and the session outlives the token.
        server.clock().advance(Duration::from_secs(700));
        browser.iam("ListUsers", &[]).await.ok();
        server.clock().advance(Duration::from_secs(200));
        assert_eq!(browser.iam("ListUsers", &[]).await.code(), "ExpiredToken");
    }
}

#[tokio::test]
async fn what_is_not_proven_is_refused() {
    for (server, provider, role) in trusting(&json!({})).await {
        let now = server.clock().now().as_seconds();
        let key = "Couldn't retrieve verification key from your identity provider, please reference \
                   AssumeRoleWithWebIdentity documentation for requirements";
        let malformed =
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
        for (others, code, message) in [
            (
                json!({ "aud": "other" }),
                "InvalidIdentityToken",
                "Incorrect token audience",
            ),
            (
                json!({ "aud": ["app", "other"], "azp": "other" }),
                "InvalidIdentityToken",
                "Incorrect token audience",
            ),
            (
                json!({ "aud": [] }),
                "InvalidIdentityToken",
                "Missing a required claim: aud",
            ),
            (
                json!({ "sub": null }),
                "InvalidIdentityToken",
                "Missing a required claim: sub",
            ),
            (
                json!({ "exp": null }),
                "InvalidIdentityToken",
                "Missing a required claim: exp",
            ),
            (json!({ "exp": "tomorrow" }), "InvalidIdentityToken", malformed),
            (
                json!({ "iat": now + 3_600 }),
                "InvalidIdentityToken",
                "The ID Token provided is not valid yet",
            ),
            (
                json!({ "nbf": now + 3_600 }),
                "InvalidIdentityToken",
                "The ID Token provided is not valid yet",
            ),
            (
                json!({ "iss": "https://evil.example.com" }),
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for https://evil.example.com",
            ),
            (
                json!({ "iss": "login.example.com/realms/One" }),
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for login.example.com/realms/One",
            ),
        ] {
            let token = provider.token(&claims(&server, &others));
            let refused = assume(&server, &role, &token, &[]).await;
            assert_eq!(refused.refusal(), (400, code, message), "{others}");
        }
        let old = provider.token(&claims(&server, &json!({ "exp": now })));
        assert_eq!(
            assume(&server, &role, &old, &[]).await.code(),
            "ExpiredTokenException"
        );
        // Nobody was asked for keys because of any of them.
        assert_eq!(provider.asked.load(Ordering::Relaxed), 0);

        let good = provider.token(&claims(&server, &json!({})));
        let [header, body, signature] = good.split('.').collect::<Vec<_>>()[..] else {
            panic!("three parts")
        };
        let eve = part(&claims(&server, &json!({ "sub": "eve" })));
        let none = part(&json!({ "alg": "none" }));
        let shared = part(&json!({ "alg": "HS256", "kid": "first" }));
        for (token, message) in [
            (format!("{header}.{eve}.{signature}"), key),
            (format!("{shared}.{body}.{signature}"), key),
            (format!("{header}.{body}."), key),
            (format!("{none}.{body}."), malformed),
            (format!("{header}.{body}"), malformed),
            ("a.b.c".to_owned(), malformed),
            ("....".to_owned(), malformed),
        ] {
            let refused = assume(&server, &role, &token, &[]).await;
            assert_eq!(
                refused.refusal(),
                (400, "InvalidIdentityToken", message),
                "{token}"
            );
        }
        let event = server.last_event();
        assert_eq!(event["errorCode"], "InvalidIdentityToken");
        assert_eq!(event["userIdentity"], json!({}));
        assume(&server, &role, &good, &[]).await.ok();
    }
}

#[tokio::test]
async fn new_keys_of_a_provider_are_found_and_others_are_not_taken() {
    for (server, provider, role) in trusting(&json!({})).await {
        let first = provider.token(&claims(&server, &json!({})));
        assume(&server, &role, &first, &[]).await.ok();
        provider.rotate("second");
        let second = provider.token(&claims(&server, &json!({})));
        let refused = assume(&server, &role, &second, &[]).await;
        assert_eq!(refused.code(), "InvalidIdentityToken");
        provider.publish_key();
        assume(&server, &role, &second, &[]).await.ok();
        let refused = assume(&server, &role, &first, &[]).await;
        assert_eq!(refused.code(), "InvalidIdentityToken");

        provider.publish(
            "/.well-known/openid-configuration",
            json!({ "issuer": "https://other.example.com", "jwks_uri": format!("{ISSUER}/keys") }),
        );
        assert_eq!(
            assume(&server, &role, &second, &[]).await.code(),
            "InvalidIdentityToken"
        );
        provider.documents.lock().unwrap().clear();
        let refused = assume(&server, &role, &second, &[]).await;
        assert_eq!((refused.status, refused.code()), (400, "IDPCommunicationError"));
    }
}

#[tokio::test]
async fn tags_and_source_of_a_token_need_the_roles_consent() {
    for (server, provider, role) in trusting(&json!({})).await {
        let root = server.as_root();
        let said = json!({
            "https://aws.amazon.com/tags": {
                "principal_tags": { "team": ["web"], "desk": ["7"] }, "transitive_tag_keys": ["team"],
            },
            "https://aws.amazon.com/source_identity": "ben",
            "amr": ["pwd", "otp"], "aud": ["other", "app"], "azp": "app",
        });
        let token = provider.token(&claims(&server, &said));
        let refused = assume(&server, &role, &token, &[]).await;
        assert_eq!(
            refused.refusal(),
            (403, "AccessDenied", "Not authorized to perform sts:TagSession")
        );
        let actions = json!([
            "sts:AssumeRoleWithWebIdentity",
            "sts:TagSession",
            "sts:SetSourceIdentity"
        ]);
        let conditions = json!({
            "StringEquals": {
                "aws:RequestTag/team": "web", "sts:SourceIdentity": "ben",
                "login.example.com/realms/one:aud": "app",
            },
            "ForAnyValue:StringEquals": {
                "login.example.com/realms/one:amr": "otp", "login.example.com/realms/one:oaud": "other",
                "sts:TransitiveTagKeys": "team",
            },
        });
        let trust = web_trust(&actions, &conditions);
        let members = [("RoleName", "Web"), ("PolicyDocument", &*trust)];
        root.iam("UpdateAssumeRolePolicy", &members).await.ok();
        let answer = assume(&server, &role, &token, &[]).await;
        assert_eq!(answer.ok()["SourceIdentity"], "ben");
        assert!(answer.body.get("PackedPolicySize").is_some());

        let tagged = document(&json!({
            "Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*", "Condition": { "StringEquals": {
                "aws:PrincipalTag/desk": "7", "aws:FederatedProvider": provider_arn(), "aws:SourceIdentity": "ben",
            } },
        }));
        let members = [
            ("RoleName", "Web"),
            ("PolicyName", "p"),
            ("PolicyDocument", &*tagged),
        ];
        root.iam("PutRolePolicy", &members).await.ok();
        session(&server, &answer).iam("ListRoles", &[]).await.ok();

        for (tags, code) in [
            (
                json!({ "principal_tags": { "team": ["web", "more"] } }),
                "InvalidIdentityToken",
            ),
            (
                json!({ "principal_tags": { "aws:x": ["web"], "team": ["web"] }, "transitive_tag_keys": ["team"] }),
                "InvalidInput",
            ),
            (
                json!({ "principal_tags": { "team": ["web"] }, "transitive_tag_keys": ["team", "x"] }),
                "IDPRejectedClaim",
            ),
        ] {
            let mut said = said.clone();
            said["https://aws.amazon.com/tags"] = tags;
            let token = provider.token(&claims(&server, &said));
            assert_eq!(assume(&server, &role, &token, &[]).await.code(), code, "{said}");
        }
    }
}

#[tokio::test]
async fn a_proof_ends_with_the_provider_and_its_applications() {
    for (server, provider, role) in trusting(&json!({})).await {
        let root = server.as_root();
        let token = provider.token(&claims(&server, &json!({})));
        let arn = ("OpenIDConnectProviderArn", &*provider_arn());
        let app = [arn, ("ClientID", "app")];
        root.iam("RemoveClientIDFromOpenIDConnectProvider", &app)
            .await
            .ok();
        let refused = assume(&server, &role, &token, &[]).await;
        assert_eq!(refused.message(), "Incorrect token audience");
        root.iam("AddClientIDToOpenIDConnectProvider", &app).await.ok();
        assume(&server, &role, &token, &[]).await.ok();

        for nothing in [
            format!("arn:aws:iam::{ACCOUNT}:role/nothing"),
            format!("arn:aws:iam::{ACCOUNT}:role/path/Web"),
        ] {
            assert_eq!(assume(&server, &nothing, &token, &[]).await.refusal(), REFUSED);
        }
        // An account that does not know the provider, whether it exists or not.
        let other = server.as_root_of_another_account().await;
        let me = other.query("sts", "GetCallerIdentity", &[]).await;
        for account in [text(&me.ok()["Account"]), "000000000009".to_owned()] {
            let role = format!("arn:aws:iam::{account}:role/Web");
            let refused = assume(&server, &role, &token, &[]).await;
            assert_eq!(refused.code(), "InvalidIdentityToken");
        }
        // A role that trusts the account does not trust those whom the provider knows.
        let plain = given_role(&root, "Plain", &crate::trust("*")).await;
        assert_eq!(assume(&server, &plain, &token, &[]).await.refusal(), REFUSED);

        root.iam("DeleteOpenIDConnectProvider", &[arn]).await.ok();
        assert_eq!(
            assume(&server, &role, &token, &[]).await.code(),
            "InvalidIdentityToken"
        );
    }
}

#[tokio::test]
async fn nothing_else_is_done_without_a_signature() {
    for (server, provider, role) in trusting(&json!({})).await {
        let nobody = server.as_nobody();
        for (service, action) in [
            ("sts", "GetCallerIdentity"),
            ("sts", "AssumeRole"),
            ("sts", "GetSessionToken"),
            ("iam", "ListUsers"),
            ("iam", "CreateUser"),
            ("sts", "Nothing"),
        ] {
            let answer = nobody.query(service, action, &[("UserName", "x")]).await;
            assert_eq!(
                (answer.status, answer.code()),
                (403, "MissingAuthenticationToken"),
                "{action}"
            );
        }
        let refused = nobody.query("sts", "AssumeRoleWithWebIdentity", &[]).await;
        assert_eq!(refused.code(), "ValidationError");
        // Whoever signs is not better off.
        let token = provider.token(&claims(&server, &json!({})));
        let members = [
            ("RoleArn", &*role),
            ("RoleSessionName", "browser"),
            ("WebIdentityToken", &*token),
        ];
        let ada = server.as_user("ada", &[]).await;
        ada.query("sts", "AssumeRoleWithWebIdentity", &members).await.ok();
        let stranger = server.as_key("AKIAIOSFODNN7EXAMPLE", "s");
        let refused = stranger.query("sts", "AssumeRoleWithWebIdentity", &members).await;
        assert_eq!(refused.code(), "InvalidClientTokenId");
    }
}

#[tokio::test]
async fn strangers_do_not_fill_the_trail_with_bad_tokens() {
    let (server, _, role) = trusting(&json!({})).await.remove(0);
    for _ in 0..70 {
        assert_eq!(
            assume(&server, &role, "a.b.c", &[]).await.code(),
            "InvalidIdentityToken"
        );
    }
    let mut tx = server.store().read().await.unwrap();
    let count = tx
        .fetch_number(
            "SELECT COUNT(*) FROM audit_event WHERE event_name = 'AssumeRoleWithWebIdentity'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(count, 60);
}

// Sessions that users hand on.

async fn federate(client: &TestClient<'_>, more: &[(&str, &str)]) -> Answer {
    let mut members = vec![("Name", "bob")];
    members.extend_from_slice(more);
    client.query("sts", "GetFederationToken", &members).await
}

#[tokio::test]
async fn a_federated_user_may_do_what_both_sides_allow() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server
            .as_user(
                "ada",
                &[
                    &allow("sts:GetFederationToken"),
                    &allow("sts:TagSession"),
                    &allow("cloudtrail:*"),
                ],
            )
            .await;
        let answer = federate(&ada, &[("Policy", &allow("*")), ("DurationSeconds", "900")]).await;
        let arn = format!("arn:aws:sts::{ACCOUNT}:federated-user/bob");
        assert_eq!(
            answer.ok()["FederatedUser"],
            json!({ "FederatedUserId": format!("{ACCOUNT}:bob"), "Arn": arn })
        );
        assert!(answer.body["PackedPolicySize"].as_str().is_some());
        let bob = session(&server, &answer);
        let me = bob.query("sts", "GetCallerIdentity", &[]).await;
        assert_eq!(me.ok()["Arn"], arn);
        assert_eq!(me.body["UserId"], format!("{ACCOUNT}:bob"));
        let event = server.last_event();
        assert_eq!(event["userIdentity"]["type"], "FederatedUser");
        // Nothing of IAM and STS, whatever the policies say.
        for (service, action) in [
            ("iam", "ListUsers"),
            ("sts", "AssumeRole"),
            ("sts", "GetSessionToken"),
        ] {
            let answer = bob.query(service, action, &[]).await;
            assert_ne!(answer.code(), "", "{action}");
        }
        assert_eq!(bob.iam("ListUsers", &[]).await.code(), "InvalidClientTokenId");

        // A managed policy is as good, and who has no right to make sessions makes none.
        let managed = given_policy(&root, "Narrow", &allow("cloudtrail:*")).await;
        federate(&ada, &[("PolicyArns.member.1.arn", &managed)])
            .await
            .ok();
        let nothing = format!("arn:aws:iam::{ACCOUNT}:policy/nothing");
        let refused = federate(&ada, &[("PolicyArns.member.1.arn", &nothing)]).await;
        assert_eq!(refused.code(), "ValidationError");
        let refused = federate(&ada, &[("Policy", "{")]).await;
        assert_eq!(refused.code(), "MalformedPolicyDocument");
        let eve = server.as_user("eve", &[&allow("sts:GetFederationToken")]).await;
        federate(&eve, &[]).await.ok();
        let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "web")];
        assert_eq!(federate(&eve, &tags).await.code(), "AccessDenied");
        federate(&ada, &tags).await.ok();
        let joe = server.as_user("joe", &[&allow("sts:TagSession")]).await;
        let refused = federate(&joe, &[]).await;
        assert_eq!(
            refused.message(),
            format!(
                "User: arn:aws:iam::{ACCOUNT}:user/joe is not authorized to perform: sts:GetFederationToken on \
                 resource: {arn} because no identity-based policy allows the sts:GetFederationToken action"
            )
        );
        // Sessions make no such sessions.
        let own = ada.query("sts", "GetSessionToken", &[]).await;
        let refused = federate(&session(&server, &own), &[]).await;
        assert_eq!(refused.code(), "AccessDenied");
        // A session of root does not last longer than an hour.
        let answer = federate(&root, &[("DurationSeconds", "43200")]).await;
        assert_eq!(answer.ok()["Credentials"]["Expiration"], "2026-03-01T13:00:00Z");
    }
}
