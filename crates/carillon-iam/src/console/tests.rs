use std::net::Ipv4Addr;

use carillon_aws::time::Clock;

use carillon_store::bind;

use super::*;
use crate::IAM;
use crate::testing::{Answer, TestServer, engines};
use crate::{SignIn, SignInOutcome};

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
    sign_in(server, Some("ada"), "First-1-Pass").await
}

async fn sign_in(server: &TestServer, user_name: Option<&str>, password: &str) -> SignedIn {
    let (account, secret) = (server.account_id(), Secret::new(password.to_owned()));
    let attempt = SignIn {
        aws_account: account.as_ref(),
        user_name,
        password: &secret,
        factor: None,
        source_ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: None,
    };
    let now = server.clock().now();
    match crate::sign_in(server.store(), server.environment(), &attempt, now)
        .await
        .unwrap()
    {
        SignInOutcome::SignedIn(who) => who,
        other => panic!("{other:?}"),
    }
}

/// Changes the password of whoever has the session, in it.
async fn change(server: &TestServer, session: &ConsoleSession, old: &str, new: &str) -> Answer {
    let input = json!({ "OldPassword": old, "NewPassword": new });
    server.at_console(session, "iam", "ChangePassword", input).await
}

async fn reset(server: &TestServer, password: &str) {
    let members = [("UserName", "ada"), ("Password", password)];
    server.as_root().iam("UpdateLoginProfile", &members).await.ok();
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
            bind![],
        )
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].0.contains(token.expose()) && !kept[0].1.contains(token.expose()));
}

#[tokio::test]
async fn another_password_ends_the_sessions_but_the_one_it_was_chosen_in() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (who, sessions, now) = (ada(&server).await, sessions(&server), server.clock().now());
        let (here, session) = sessions.begin(&who, true, &browser(), now).await.unwrap();
        let (there, _) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        assert_eq!(
            change(&server, &session, "Wrong", "Second-2-Pass").await.code(),
            "AccessDeniedException"
        );
        assert!(sessions.find(there.expose(), now).await.unwrap().is_some());
        change(&server, &session, "First-1-Pass", "Second-2-Pass")
            .await
            .ok();
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
async fn no_session_outlives_a_reset_not_even_of_the_same_moment() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (who, sessions, now) = (ada(&server).await, sessions(&server), server.clock().now());
        let (here, _) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        // The clock stands still: all of this happens in one microsecond.
        reset(&server, "Second-2-Pass").await;
        assert!(sessions.find(here.expose(), now).await.unwrap().is_none());
        let (late, _) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        assert!(
            sessions.find(late.expose(), now).await.unwrap().is_none(),
            "the sign-in was overtaken by the reset"
        );
        // Whoever changed the password and then lost it to an administrator has lost the session too.
        let who = sign_in(&server, Some("ada"), "Second-2-Pass").await;
        let (again, own) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        change(&server, &own, "Second-2-Pass", "Third-3-Pass").await.ok();
        reset(&server, "Fourth-4-Pass").await;
        assert!(sessions.find(again.expose(), now).await.unwrap().is_none());
        reset(&server, "First-1-Pass").await;
        assert!(
            sessions.find(here.expose(), now).await.unwrap().is_none(),
            "the same password is another one when it is given anew"
        );
    }
}

#[tokio::test]
async fn sessions_of_root_end_with_its_password() {
    for engine in engines().await {
        let server = TestServer::start_on(engine, &[&IAM]).await;
        let (sessions, now) = (sessions(&server), server.clock().now());
        let who = sign_in(&server, None, server.root_password().expose()).await;
        let (token, _) = sessions.begin(&who, false, &browser(), now).await.unwrap();
        assert!(sessions.find(token.expose(), now).await.unwrap().is_some());
        let mut tx = server.store().write().await.unwrap();
        tx.execute("UPDATE aws_account SET root_password_hash = 'another'", bind![])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(sessions.find(token.expose(), now).await.unwrap().is_none());
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
