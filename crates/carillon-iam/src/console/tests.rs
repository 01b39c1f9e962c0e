use std::net::Ipv4Addr;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Clock;

use super::*;
use crate::IAM;
use crate::testing::{TestServer, engines};

const ALLOWED: &str = r#"{"Statement":{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"*"}}"#;

fn browser() -> Browser {
    Browser {
        source_ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: "a browser".to_owned(),
    }
}

fn sessions(server: &TestServer) -> ConsoleSessions {
    ConsoleSessions::new(server.store().clone(), Arc::clone(server.environment()))
}

/// Ada, with a password, as a sign-in finds her.
async fn ada(server: &TestServer) -> SignedIn {
    server.as_user("ada", &[ALLOWED]).await;
    let members = [("UserName", "ada"), ("Password", "First-1-Pass")];
    server.as_root().iam("CreateLoginProfile", &members).await.ok();
    let read = server.as_root().iam("GetUser", &[("UserName", "ada")]).await;
    signed_in(server.account_id(), read.ok()["User"]["UserId"].as_str().unwrap())
}

fn signed_in(account: AwsAccountId, user_id: &str) -> SignedIn {
    SignedIn {
        aws_account_id: account,
        user_id: user_id.to_owned(),
        user_name: Some("ada".to_owned()),
        multi_factor_at: None,
    }
}

#[tokio::test]
async fn a_session_lasts_half_a_day() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (who, sessions, now) = (ada(&server).await, sessions(&server), server.clock().now());
        let (token, session) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        let last = now + (LONGEST - Duration::from_secs(1));
        let found = sessions.find(token.expose(), last).await.unwrap().unwrap();
        assert_eq!((found.id, found.user_name.as_deref()), (session.id, Some("ada")));
        assert!(
            sessions
                .find(token.expose(), now + LONGEST)
                .await
                .unwrap()
                .is_none()
        );
        assert!(sessions.find("another", now).await.unwrap().is_none());
        assert!(sessions.find("", now).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn nothing_that_opens_a_session_is_kept() {
    let server = TestServer::start(&[&IAM]).await;
    let (who, sessions, now) = (ada(&server).await, sessions(&server), server.clock().now());
    let (token, _) = sessions.begin(&who, false, &browser(), now).await.unwrap();
    let mut tx = server.store().read().await.unwrap();
    let kept: Vec<(String, String)> = tx
        .fetch_all(
            "SELECT token_digest, session_token FROM iam_console_session",
            carillon_store::bind![],
        )
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].0.contains(token.expose()) && !kept[0].1.contains(token.expose()));
}

#[tokio::test]
async fn another_password_ends_the_sessions_before_it() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (who, sessions) = (ada(&server).await, sessions(&server));
        let now = server.clock().now();
        let (here, session) = sessions.begin(&who, true, &browser(), now).await.unwrap();
        let (there, _) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        server.clock().advance(Duration::from_secs(1));
        let members = [("UserName", "ada"), ("Password", "Second-2-Pass")];
        server.as_root().iam("UpdateLoginProfile", &members).await.ok();
        let now = server.clock().now();
        sessions.keep(&session, now).await.unwrap();
        let found = sessions.find(here.expose(), now).await.unwrap().unwrap();
        assert!(!found.must_change_password);
        assert!(sessions.find(there.expose(), now).await.unwrap().is_none());
        assert_eq!(sessions.list(&session, now).await.unwrap().len(), 1);
        server
            .as_root()
            .iam("DeleteLoginProfile", &[("UserName", "ada")])
            .await
            .ok();
        assert!(sessions.find(here.expose(), now).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_nobody_elses() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (who, sessions, now) = (ada(&server).await, sessions(&server), server.clock().now());
        let (here, mine) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        let (there, other) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        let stranger = ConsoleSession {
            owner_id: "AIDAEXAMPLE".to_owned(),
            ..mine.clone()
        };
        assert!(!sessions.end(&stranger, &other.id, &browser(), now).await.unwrap());
        assert!(sessions.find(there.expose(), now).await.unwrap().is_some());
        assert!(sessions.end(&mine, &other.id, &browser(), now).await.unwrap());
        assert!(sessions.find(there.expose(), now).await.unwrap().is_none());
        assert!(sessions.find(here.expose(), now).await.unwrap().is_some());
        assert_eq!(server.last_event()["eventName"], "ConsoleLogout");
        assert!(!sessions.end(&mine, &other.id, &browser(), now).await.unwrap());
    }
}

#[tokio::test]
async fn the_oldest_session_makes_room() {
    let server = TestServer::start(&[&IAM]).await;
    let (who, sessions) = (ada(&server).await, sessions(&server));
    let mut tokens = Vec::new();
    for _ in 0..=MOST {
        server.clock().advance(Duration::from_secs(1));
        let now = server.clock().now();
        tokens.push(sessions.begin(&who, false, &browser(), now).await.unwrap().0);
    }
    let now = server.clock().now();
    assert!(sessions.find(tokens[0].expose(), now).await.unwrap().is_none());
    assert!(sessions.find(tokens[1].expose(), now).await.unwrap().is_some());
}

#[tokio::test]
async fn a_role_ends_before_the_session_does() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (who, sessions, now) = (ada(&server).await, sessions(&server), server.clock().now());
        let (token, session) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        let role = SwitchedRole {
            arn: "arn:aws:iam::123456789012:role/Auditor".to_owned(),
            credentials: ConsoleCredentials {
                access_key_id: "ASIAEXAMPLE".to_owned(),
                session_token: "sealed".to_owned(),
            },
            expires_at: now + Duration::from_secs(3600),
        };
        sessions
            .switch(&session, Some(&role), &browser(), now)
            .await
            .unwrap();
        let found = sessions.find(token.expose(), now).await.unwrap().unwrap();
        assert_eq!(found.role(), Some(&role));
        assert_eq!(found.credentials(now), Some(&role.credentials));
        let event = server.last_event();
        assert_eq!(event["eventName"], "SwitchRole");
        assert_eq!(event["serviceEventDetails"]["roleArn"], role.arn);
        let later = now + Duration::from_secs(3600);
        assert_eq!(
            found.credentials(later),
            None,
            "the user does not go on what the role began"
        );
        sessions.switch(&found, None, &browser(), now).await.unwrap();
        let back = sessions.find(token.expose(), now).await.unwrap().unwrap();
        assert_eq!(back.role(), None);
        assert_eq!(back.credentials(now), Some(back.own_credentials()));
        assert_eq!(server.last_event()["eventName"], "ExitRole");
    }
}
