use std::net::Ipv4Addr;

use carillon_aws::time::Clock;

use super::*;
use crate::mfa::tests::Device;
use crate::testing::{ACCOUNT, TestServer, engines};
use crate::{IAM, STS};

const PASSWORD: &str = "Some-Pass-1";

/// What is said to who has an authenticator app.
fn code_wanted() -> SignInOutcome {
    SignInOutcome::SecondFactorWanted(SecondFactorWanted {
        code: true,
        passkey: None,
    })
}

async fn attempt(
    server: &TestServer,
    name: Option<&str>,
    password: &str,
    code: Option<&str>,
) -> SignInOutcome {
    attempt_in(server, ACCOUNT, name, password, code).await
}

async fn attempt_in(
    server: &TestServer,
    aws_account: &str,
    user_name: Option<&str>,
    password: &str,
    code: Option<&str>,
) -> SignInOutcome {
    let code = code.map(|code| Secret::new(code.to_owned()));
    let attempt = SignIn {
        aws_account,
        user_name,
        password: &Secret::new(password.to_owned()),
        factor: code.as_ref().map(ShownFactor::Code),
        source_ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: Some("browser"),
    };
    sign_in(
        server.store(),
        server.environment(),
        &attempt,
        server.clock().now(),
    )
    .await
    .unwrap()
}

fn name_of(outcome: &SignInOutcome) -> Option<&str> {
    match outcome {
        SignInOutcome::SignedIn(who) => who.user_name.as_deref(),
        other => panic!("{other:?}"),
    }
}

async fn give(server: &TestServer, name: &str, reset: &str) {
    let members = [
        ("UserName", name),
        ("Password", PASSWORD),
        ("PasswordResetRequired", reset),
    ];
    server.as_root().iam("CreateLoginProfile", &members).await.ok();
}

#[tokio::test]
async fn a_user_signs_in_with_account_name_and_password() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        server.as_user("ada", &[]).await;
        server.as_user("eve", &[]).await;
        give(&server, "ada", "false").await;
        root.iam("CreateAccountAlias", &[("AccountAlias", "example-corp")])
            .await
            .ok();
        for account in [ACCOUNT, "example-corp"] {
            let outcome = attempt_in(&server, account, Some("ADA"), PASSWORD, None).await;
            assert_eq!(name_of(&outcome), Some("ada"));
        }
        let event = server.last_event();
        assert_eq!(event["eventName"], "ConsoleLogin");
        assert_eq!(event["serviceEventDetails"]["userName"], "ada");
        let user = root.iam("GetUser", &[("UserName", "ada")]).await;
        assert_eq!(user.ok()["User"]["PasswordLastUsed"], "2026-03-01T12:00:00Z");

        let long = "x".repeat(1_000);
        for (account, name, password) in [
            (ACCOUNT, "ada", "wrong"),
            (ACCOUNT, "eve", PASSWORD),
            (ACCOUNT, "nobody", PASSWORD),
            (ACCOUNT, long.as_str(), PASSWORD),
            ("999999999999", "ada", PASSWORD),
            ("no-such-alias", "ada", PASSWORD),
        ] {
            let outcome = attempt_in(&server, account, Some(name), password, None).await;
            assert_eq!(outcome, SignInOutcome::Refused, "{account} {name}");
        }
        assert_eq!(
            attempt(&server, None, PASSWORD, None).await,
            SignInOutcome::Refused
        );
        assert_eq!(server.last_event()["errorCode"], "Failed");
    }
}

#[tokio::test]
async fn root_signs_in_with_its_own_password() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let password = server.root_password();
        let root = server.as_root();
        let outcome = attempt(&server, None, password.expose(), None).await;
        assert_eq!(name_of(&outcome), None);
        let me = root.iam("GetUser", &[]).await;
        assert_eq!(me.ok()["User"]["PasswordLastUsed"], "2026-03-01T12:00:00Z");
        Device::make(&root, "root").await.enable(&server, ACCOUNT).await;
        assert_eq!(
            attempt(&server, None, password.expose(), None).await,
            code_wanted()
        );
    }
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        server.as_user("ada", &[]).await;
        give(&server, "ada", "false").await;
        for name in ["phone", "tablet"] {
            Device::make(&server.as_root(), name)
                .await
                .enable(&server, "ada")
                .await;
        }
        let device = Device::make(&server.as_root(), "watch").await;
        device.enable(&server, "ada").await;
        let ada = Some("ada");
        assert_eq!(attempt(&server, ada, "wrong", None).await, SignInOutcome::Refused);
        assert_eq!(attempt(&server, ada, PASSWORD, None).await, code_wanted());
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some("000000")).await,
            SignInOutcome::Refused
        );
        let code = device.code(&server, 0);
        let SignInOutcome::SignedIn(who) = attempt(&server, ada, PASSWORD, Some(&code)).await else {
            panic!("not signed in")
        };
        assert_eq!(who.multi_factor_at, Some(server.clock().now()));
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some(&code)).await,
            SignInOutcome::Refused,
            "a code is good once"
        );
    }
}

#[tokio::test]
async fn passwords_expire_and_are_reset() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        let (ada, eve) = (Some("ada"), Some("eve"));
        let own = server.as_user("ada", &[]).await;
        server.as_user("eve", &[]).await;
        give(&server, "ada", "false").await;
        give(&server, "eve", "true").await;
        assert!(matches!(
            attempt(&server, eve, PASSWORD, None).await,
            SignInOutcome::PasswordChangeWanted(who) if who.user_name.as_deref() == eve
        ));
        let policy = [("MaxPasswordAge", "1"), ("AllowUsersToChangePassword", "true")];
        root.iam("UpdateAccountPasswordPolicy", &policy).await.ok();
        assert_eq!(name_of(&attempt(&server, ada, PASSWORD, None).await), ada);
        server.clock().advance(Duration::from_secs(24 * 60 * 60));
        assert!(matches!(
            attempt(&server, ada, PASSWORD, None).await,
            SignInOutcome::PasswordChangeWanted(_)
        ));
        let hard = [policy[0], policy[1], ("HardExpiry", "true")];
        root.iam("UpdateAccountPasswordPolicy", &hard).await.ok();
        assert_eq!(
            attempt(&server, ada, PASSWORD, None).await,
            SignInOutcome::PasswordExpired
        );
        assert_eq!(attempt(&server, ada, "wrong", None).await, SignInOutcome::Refused);
        // With an access key the user can still help itself, as AWS has it.
        let change = [("OldPassword", PASSWORD), ("NewPassword", "Other-Pass-2")];
        own.iam("ChangePassword", &change).await.ok();
        assert_eq!(name_of(&attempt(&server, ada, "Other-Pass-2", None).await), ada);
        own.iam("GetAccountPasswordPolicy", &[]).await.ok();
    }
}

#[tokio::test]
async fn the_trail_knows_how_far_somebody_came() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let root = server.as_root();
        server.as_user("ada", &[]).await;
        give(&server, "ada", "false").await;
        let device = Device::make(&root, "phone").await;
        device.enable(&server, "ada").await;
        let ada = Some("ada");
        let error = || {
            let event = server.last_event();
            assert_eq!(event["eventName"], "ConsoleLogin");
            assert_eq!(event["serviceEventDetails"]["userName"], "ada");
            event["errorCode"].as_str().unwrap_or_default().to_owned()
        };
        attempt(&server, ada, PASSWORD, None).await;
        assert_eq!(error(), "MfaRequired");
        for _ in 0..5 {
            attempt(&server, ada, PASSWORD, Some("000000")).await;
            assert_eq!(error(), "Failed");
            attempt(&server, ada, PASSWORD, None).await;
        }
        let code = device.code(&server, 0);
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some(&code)).await,
            SignInOutcome::Wait(Duration::from_secs(1))
        );
        assert_eq!(error(), "TooManyTries");

        let policy = [
            ("MaxPasswordAge", "1"),
            ("AllowUsersToChangePassword", "true"),
            ("HardExpiry", "true"),
        ];
        root.iam("UpdateAccountPasswordPolicy", &policy).await.ok();
        server.clock().advance(Duration::from_secs(24 * 60 * 60));
        let code = device.code(&server, 0);
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some(&code)).await,
            SignInOutcome::PasswordExpired
        );
        assert_eq!(error(), "PasswordExpired");
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some(&code)).await,
            SignInOutcome::Refused,
            "a code is good once"
        );
    }
}

#[tokio::test]
async fn one_of_those_who_show_a_code_at_the_same_time_signs_in() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        server.as_user("ada", &[]).await;
        give(&server, "ada", "false").await;
        let device = Device::make(&server.as_root(), "phone").await;
        device.enable(&server, "ada").await;
        let ada = Some("ada");
        let code = device.code(&server, 0);
        let try_it = || attempt(&server, ada, PASSWORD, Some(&code));
        let outcomes: [SignInOutcome; 4] = tokio::join!(try_it(), try_it(), try_it(), try_it()).into();
        let refused = outcomes.iter().filter(|one| **one == SignInOutcome::Refused);
        assert_eq!(refused.count(), 3, "{outcomes:?}");
        // Three wrong codes so far, however often their transactions were run.
        server.clock().advance(Duration::from_secs(30));
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some("000000")).await,
            SignInOutcome::Refused
        );
        let next = device.code(&server, 0);
        assert_eq!(name_of(&attempt(&server, ada, PASSWORD, Some(&next)).await), ada);
    }
}

#[tokio::test]
async fn codes_are_guessed_no_faster_with_several_devices_and_doors() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
        let client = server.as_user("ada", &[]).await;
        give(&server, "ada", "false").await;
        let [phone, tablet] = [
            Device::make(&server.as_root(), "phone").await,
            Device::make(&server.as_root(), "tablet").await,
        ];
        phone.enable(&server, "ada").await;
        tablet.enable(&server, "ada").await;
        for device in [&phone, &tablet] {
            for _ in 0..2 {
                let refused = device.session(&client, "000000").await;
                assert!(refused.message().contains("invalid MFA"), "{}", refused.message());
            }
        }
        let ada = Some("ada");
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some("000000")).await,
            SignInOutcome::Refused
        );
        let code = phone.code(&server, 0);
        assert_eq!(
            attempt(&server, ada, PASSWORD, Some(&code)).await,
            SignInOutcome::Wait(Duration::from_secs(1))
        );
        let refused = tablet.session(&client, &tablet.code(&server, 0)).await;
        assert!(
            refused.message().contains("too many wrong codes"),
            "{}",
            refused.message()
        );
    }
}

#[tokio::test]
async fn who_tries_too_often_waits() {
    let server = TestServer::start(&[&IAM]).await;
    server.as_user("ada", &[]).await;
    give(&server, "ada", "false").await;
    for _ in 0..5 {
        assert_eq!(
            attempt(&server, Some("ada"), "wrong", None).await,
            SignInOutcome::Refused
        );
    }
    assert_eq!(
        attempt(&server, Some("ada"), PASSWORD, None).await,
        SignInOutcome::Wait(Duration::from_secs(1))
    );
    server.clock().advance(Duration::from_secs(1));
    let outcome = attempt(&server, Some("ada"), PASSWORD, None).await;
    assert_eq!(name_of(&outcome), Some("ada"));
}

#[tokio::test]
async fn other_letters_are_no_new_target() {
    let server = TestServer::start(&[&IAM]).await;
    let mut outcomes = Vec::new();
    for address in [
        "root@example.com",
        "Root@example.com",
        "ROOT@example.com",
        "root@Example.com",
        "root@EXAMPLE.com",
        "rOOt@example.com",
    ] {
        outcomes.push(attempt_in(&server, address, None, "wrong", None).await);
    }
    let wait = outcomes.pop();
    assert!(outcomes.iter().all(|outcome| *outcome == SignInOutcome::Refused));
    assert!(matches!(wait, Some(SignInOutcome::Wait(_))), "{wait:?}");
}
