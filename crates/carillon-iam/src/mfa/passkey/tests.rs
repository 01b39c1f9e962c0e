use std::net::Ipv4Addr;
use std::sync::Arc;

use carillon_aws::secret::Secret;
use carillon_aws::time::Clock;
use serde_json::{Value, json};

use super::ceremony::tests::{Authenticator, ORIGIN, client_data};
use super::*;
use crate::console::{Browser, ConsoleSessions};
use crate::login_profile::sign_in::{ShownFactor, SignIn, SignInOutcome, SignedIn, sign_in};
use crate::mfa::tests::Device;
use crate::testing::{ACCOUNT, Answer, TestClient, TestServer, engines};
use crate::{IAM, STS};

const PASSWORD: &str = "Some-Pass-1";
const OWN: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"}}"#;

/// Ada, with a password.
async fn ada(server: &TestServer, policies: &[&str]) {
    server.as_user("ada", policies).await;
    let members = [("UserName", "ada"), ("Password", PASSWORD)];
    server.as_root().iam("CreateLoginProfile", &members).await.ok();
}

async fn attempt(server: &TestServer, user: Option<&str>, factor: Option<ShownFactor<'_>>) -> SignInOutcome {
    let password = match user {
        Some(_) => Secret::new(PASSWORD.to_owned()),
        None => server.root_password().clone(),
    };
    let attempt = SignIn {
        aws_account: ACCOUNT,
        user_name: user,
        password: &password,
        factor,
        source_ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: None,
    };
    let now = server.clock().now();
    sign_in(server.store(), server.environment(), &attempt, now)
        .await
        .unwrap()
}

/// What the console asks the keys of somebody for.
async fn wanted(server: &TestServer, user: Option<&str>) -> PasskeyRequest {
    match attempt(server, user, None).await {
        SignInOutcome::SecondFactorWanted(wanted) => wanted.passkey.expect("somebody with passkeys"),
        other => panic!("{other:?}"),
    }
}

fn assertion(authenticator: &Authenticator, challenge: &str, origin: &str) -> PasskeyAssertion {
    let said = client_data("webauthn.get", challenge, origin);
    let [data, signature] = authenticator.get(&said);
    PasskeyAssertion {
        credential_id: BASE64URL_NOPAD.encode(&authenticator.id),
        client_data: BASE64URL_NOPAD.encode(&said),
        authenticator_data: BASE64URL_NOPAD.encode(&data),
        signature: BASE64URL_NOPAD.encode(&signature),
    }
}

/// Counts on, and shows the key.
async fn show(server: &TestServer, user: Option<&str>, authenticator: &mut Authenticator) -> SignInOutcome {
    let request = wanted(server, user).await;
    authenticator.sign_count += 1;
    let assertion = assertion(authenticator, &request.challenge, ORIGIN);
    attempt(server, user, Some(ShownFactor::Passkey(&assertion))).await
}

async fn signed_in(server: &TestServer, user: Option<&str>) -> SignedIn {
    match attempt(server, user, None).await {
        SignInOutcome::SignedIn(who) => who,
        other => panic!("{other:?}"),
    }
}

/// Whoever signed in, in the console.
async fn console<'a>(server: &'a TestServer, who: &SignedIn) -> TestClient<'a> {
    let browser = Browser {
        source_ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: "a browser".to_owned(),
    };
    let sessions = ConsoleSessions::new(server.store().clone(), Arc::clone(server.environment()));
    let begun = sessions.begin(who, false, &browser, server.clock().now()).await;
    let (_, session) = begun.unwrap();
    let own = session.own_credentials();
    server.as_session(&own.access_key_id, "not known", &own.session_token)
}

async fn start(client: &TestClient<'_>) -> Answer {
    client.console("iam", "StartPasskeyRegistration", json!({})).await
}

fn finish(authenticator: &Authenticator, challenge: &str, origin: &str) -> Value {
    let said = client_data("webauthn.create", challenge, origin);
    json!({
        "DeviceName": "key",
        "ClientData": BASE64URL_NOPAD.encode(&said),
        "AttestationObject": BASE64URL_NOPAD.encode(&authenticator.create(&said)),
    })
}

async fn register(client: &TestClient<'_>, authenticator: &Authenticator) -> Answer {
    let asked = start(client).await;
    let challenge = asked.ok()["Challenge"].as_str().unwrap();
    let answer = finish(authenticator, challenge, ORIGIN);
    client.console("iam", "FinishPasskeyRegistration", answer).await
}

/// Ada with a passkey.
async fn ada_with_key(server: &TestServer) -> (Authenticator, String) {
    ada(server, &[OWN]).await;
    let who = signed_in(server, Some("ada")).await;
    let authenticator = Authenticator::new();
    let made = register(&console(server, &who).await, &authenticator).await;
    let serial = made.ok()["SerialNumber"].as_str().unwrap().to_owned();
    (authenticator, serial)
}

/// A figure of the summary of the AWS account.
async fn counted(client: &TestClient<'_>, name: &str) -> String {
    let summary = client.iam("GetAccountSummary", &[]).await;
    let entries = summary.ok()["SummaryMap"].as_array().unwrap().clone();
    let entry = entries.iter().find(|entry| entry["key"] == name).unwrap();
    entry["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_registered_asked_for_and_removed() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        let (mut key, serial) = ada_with_key(&server).await;
        assert!(
            serial.starts_with(&format!("arn:aws:iam::{ACCOUNT}:u2f/user/ada/key-")),
            "{serial}"
        );
        let event = server.last_event();
        assert_eq!(event["eventName"], "FinishPasskeyRegistration");
        assert_eq!(event["responseElements"]["serialNumber"], serial);

        let listed = root.iam("ListMFADevices", &[("UserName", "ada")]).await;
        assert_eq!(listed.ok()["MFADevices"][0]["SerialNumber"], serial);
        let named = [("UserName", "ada"), ("SerialNumber", serial.as_str())];
        assert_eq!(root.iam("GetMFADevice", &named).await.ok()["UserName"], "ada");
        let all = root.iam("ListVirtualMFADevices", &[]).await;
        assert!(!all.ok().to_string().contains(&serial), "it is not a virtual one");
        assert_eq!(counted(&root, "MFADevicesInUse").await, "1");
        let held = root.iam("DeleteUser", &[("UserName", "ada")]).await;
        assert_eq!(held.code(), "DeleteConflict");

        let outcome = show(&server, Some("ada"), &mut key).await;
        let SignInOutcome::SignedIn(who) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(who.multi_factor_at, Some(server.clock().now()));
        let event = server.last_event();
        assert_eq!(event["serviceEventDetails"]["MFAUsed"], "Yes");
        assert_eq!(event["serviceEventDetails"]["MFAIdentifier"], serial);

        root.iam("DeactivateMFADevice", &named).await.ok();
        assert!(matches!(
            attempt(&server, Some("ada"), None).await,
            SignInOutcome::SignedIn(_)
        ));
        let left = root.iam("ListMFADevices", &[("UserName", "ada")]).await;
        assert!(!left.ok().to_string().contains(&serial));
        assert_eq!(
            root.iam("DeactivateMFADevice", &named).await.code(),
            "NoSuchEntity"
        );
        let who = signed_in(&server, Some("ada")).await;
        register(&console(&server, &who).await, &key).await.ok();
    }
}

#[tokio::test]
async fn root_has_keys_as_well() {
    let server = TestServer::start(&[&IAM]).await;
    let who = signed_in(&server, None).await;
    let mut key = Authenticator::new();
    let made = register(&console(&server, &who).await, &key).await;
    let serial = made.ok()["SerialNumber"].as_str().unwrap();
    assert!(serial.contains(":u2f/root-account/key-"), "{serial}");
    assert!(matches!(
        show(&server, None, &mut key).await,
        SignInOutcome::SignedIn(_)
    ));
    assert_eq!(counted(&server.as_root(), "AccountMFAEnabled").await, "1");
}

#[tokio::test]
async fn only_in_the_console_a_moment_after_signing_in_by_oneself_and_if_allowed() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
        ada(&server, &[OWN]).await;
        server.as_user("bob", &[]).await;
        let members = [("UserName", "bob"), ("Password", PASSWORD)];
        server.as_root().iam("CreateLoginProfile", &members).await.ok();
        let who = signed_in(&server, Some("ada")).await;
        let client = console(&server, &who).await;
        let asked = start(&client).await;
        let challenge = asked.ok()["Challenge"].as_str().unwrap();

        let signed = server.as_root().iam("StartPasskeyRegistration", &[]).await;
        assert_eq!(
            signed.message(),
            "Passkeys are registered in the web console.",
            "{signed:?}"
        );
        let of_bob = console(&server, &signed_in(&server, Some("bob")).await).await;
        let refused = start(&of_bob).await;
        assert_eq!(refused.code(), "AccessDeniedException");
        assert!(refused.message().contains("iam:EnableMFADevice"), "{refused:?}");
        let answer = finish(&Authenticator::new(), challenge, ORIGIN);
        let refused = of_bob.console("iam", "FinishPasskeyRegistration", answer).await;
        assert_eq!(refused.code(), "AccessDeniedException");

        let other = console(&server, &who).await;
        let answer = finish(&Authenticator::new(), challenge, ORIGIN);
        let elsewhere = other.console("iam", "FinishPasskeyRegistration", answer).await;
        assert_eq!(elsewhere.code(), "InvalidInput", "a challenge is of one session");

        server.clock().advance(RECENT);
        assert_eq!(start(&client).await.code(), "RecentSignInRequired");
        let answer = finish(&Authenticator::new(), challenge, ORIGIN);
        let late = client.console("iam", "FinishPasskeyRegistration", answer).await;
        assert_eq!(late.code(), "RecentSignInRequired");
    }
}

#[tokio::test]
async fn what_a_key_answers_must_fit() {
    let server = TestServer::start(&[&IAM]).await;
    ada(&server, &[OWN]).await;
    let client = console(&server, &signed_in(&server, Some("ada")).await).await;
    let finished = |answer| client.console("iam", "FinishPasskeyRegistration", answer);
    let key = Authenticator::new();
    let challenge = start(&client).await.ok()["Challenge"]
        .as_str()
        .unwrap()
        .to_owned();
    let wrong = [
        finish(&key, "another", ORIGIN),
        finish(&key, &challenge, "https://evil.example"),
        finish(&key, &challenge, "http://chime.example.com"),
    ];
    for answer in wrong {
        assert_eq!(finished(answer).await.code(), "InvalidInput");
    }
    finished(finish(&key, &challenge, ORIGIN)).await.ok();
    let again = finished(finish(&Authenticator::new(), &challenge, ORIGIN)).await;
    assert_eq!(again.code(), "InvalidInput", "a challenge is good once");
    assert_eq!(register(&client, &key).await.code(), "EntityAlreadyExists");
    let late = start(&client).await.ok()["Challenge"]
        .as_str()
        .unwrap()
        .to_owned();
    server.clock().advance(PATIENCE);
    assert_eq!(
        finished(finish(&Authenticator::new(), &late, ORIGIN))
            .await
            .code(),
        "InvalidInput"
    );
}

#[tokio::test]
async fn what_opens_nothing() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (mut key, _) = ada_with_key(&server).await;
        let user = Some("ada");
        let refused = async |assertion: &PasskeyAssertion| {
            attempt(&server, user, Some(ShownFactor::Passkey(assertion))).await == SignInOutcome::Refused
        };
        key.sign_count += 1;
        let fresh = async || wanted(&server, user).await.challenge;
        assert!(refused(&assertion(&key, &fresh().await, "https://evil.example")).await);
        assert!(refused(&assertion(&key, "invented", ORIGIN)).await);
        assert!(refused(&assertion(&Authenticator::new(), &fresh().await, ORIGIN)).await);
        let mut stranger = Authenticator::new();
        stranger.id.clone_from(&key.id);
        let challenge = fresh().await;
        assert!(refused(&assertion(&stranger, &challenge, ORIGIN)).await);
        assert!(
            refused(&assertion(&key, &challenge, ORIGIN)).await,
            "a challenge is used up by a wrong answer"
        );
        server.clock().advance(Duration::from_secs(60));

        let request = wanted(&server, user).await;
        assert_eq!(request.relying_party_id, "chime.example.com");
        assert_eq!(request.user_verification, "required");
        let good = assertion(&key, &request.challenge, ORIGIN);
        let entered = attempt(&server, user, Some(ShownFactor::Passkey(&good))).await;
        assert!(matches!(entered, SignInOutcome::SignedIn(_)), "{entered:?}");
        assert!(refused(&good).await, "an answer is good once");

        let copied = attempt_with_count(&server, &mut key, 1).await;
        assert_eq!(copied, SignInOutcome::PasskeyCopied);
        assert_eq!(server.last_event()["errorCode"], "PasskeyCopied");

        let challenge = fresh().await;
        server.clock().advance(PATIENCE);
        key.sign_count = 100;
        assert!(
            refused(&assertion(&key, &challenge, ORIGIN)).await,
            "a challenge is good for a while"
        );
    }
}

async fn attempt_with_count(server: &TestServer, key: &mut Authenticator, sign_count: u32) -> SignInOutcome {
    key.sign_count = sign_count;
    let challenge = wanted(server, Some("ada")).await.challenge;
    let assertion = assertion(key, &challenge, ORIGIN);
    attempt(server, Some("ada"), Some(ShownFactor::Passkey(&assertion))).await
}

#[tokio::test]
async fn guessing_gets_slow_and_either_device_will_do() {
    let server = TestServer::start(&[&IAM]).await;
    let (mut key, _) = ada_with_key(&server).await;
    let device = Device::make(&server.as_root(), "phone").await;
    device.enable(&server, "ada").await;
    let code = Secret::new(device.code(&server, 0));
    let outcome = attempt(&server, Some("ada"), Some(ShownFactor::Code(&code))).await;
    assert!(matches!(outcome, SignInOutcome::SignedIn(_)), "{outcome:?}");
    let mut stranger = Authenticator::new();
    stranger.id.clone_from(&key.id);
    let mut outcomes = Vec::new();
    for _ in 0..8 {
        outcomes.push(show(&server, Some("ada"), &mut stranger).await);
    }
    assert!(
        outcomes
            .iter()
            .any(|outcome| matches!(outcome, SignInOutcome::Wait(_))),
        "{outcomes:?}"
    );
    server.clock().advance(Duration::from_secs(3600));
    let outcome = show(&server, Some("ada"), &mut key).await;
    assert!(matches!(outcome, SignInOutcome::SignedIn(_)), "{outcome:?}");
}

#[tokio::test]
async fn ceremonies_and_devices_are_few() {
    let server = TestServer::start(&[&IAM]).await;
    ada(&server, &[OWN]).await;
    let client = console(&server, &signed_in(&server, Some("ada")).await).await;
    let first = start(&client).await.ok()["Challenge"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..CEREMONIES {
        server.clock().advance(Duration::from_secs(1));
        start(&client).await.ok();
    }
    let answer = finish(&Authenticator::new(), &first, ORIGIN);
    let forgotten = client.console("iam", "FinishPasskeyRegistration", answer).await;
    assert_eq!(forgotten.code(), "InvalidInput");
    for _ in 0..super::super::DEVICES_PER_USER {
        register(&client, &Authenticator::new()).await.ok();
    }
    assert_eq!(start(&client).await.code(), "LimitExceeded");
}
