//! Users change their own passwords.

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use carillon_operation::guard::Key;
use carillon_operation::{
    Caller, CallerKind, Context, Entrance, Environment, Fault, Operation, Spec, Target, Write,
};
use carillon_policy::{Attached, Document};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operations::no_such_profile;
use super::{Password, REMEMBERED, rows};
use crate::console;
use crate::error::Error;
use crate::password_policy;

/// What an account says that lets its users change their own passwords and see what they must be like. As a policy of
/// the user as a resource it counts like any other grant, so a denial elsewhere still wins.
/// Source: IAM API Reference, `UpdateAccountPasswordPolicy`.
pub(crate) static OWN_PASSWORD: LazyLock<Arc<Attached>> = LazyLock::new(|| {
    let document = Document::lenient(&serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"],
            "Resource": "*",
        }],
    }));
    Arc::new(Attached::inline("account password policy", Arc::new(document)))
});

/// Changes the password of the calling IAM user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChangePassword {
    old_password: Password,
    new_password: Password,
    /// What the decision saw, for the slow work that follows it.
    #[serde(skip)]
    seen: OnceLock<Seen>,
    #[serde(skip)]
    prepared: Prepared,
}

/// The passwords of the user as the first snapshot has them.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    user_id: String,
    /// Nothing without a login profile.
    password_hash: Option<String>,
    /// Those that may not be chosen again.
    forbidden: Vec<String>,
}

impl Seen {
    async fn read(tx: &mut ReadTx, user_id: &str, reuse_prevention: Option<i64>) -> Result<Self, Fault> {
        let profile = rows::find(tx, user_id).await?;
        let forbidden = match reuse_prevention {
            Some(last) => rows::past_hashes(tx, user_id, last.min(REMEMBERED)).await?,
            None => Vec::new(),
        };
        Ok(Self {
            user_id: user_id.to_owned(),
            password_hash: profile.map(|profile| profile.password_hash),
            forbidden: forbidden.into_iter().map(|(hash,)| hash).collect(),
        })
    }
}

/// What the slow work found.
#[derive(Debug, Default)]
struct Prepared {
    /// How long to wait before the next try, if there were too many: nothing else was looked at.
    wait: Option<Duration>,
    old_matches: bool,
    is_reused: bool,
    hash: String,
}

impl Operation for ChangePassword {
    const SPEC: Spec = Spec::named("iam:ChangePassword");
    const PREPARES: bool = true;

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        let mut target = Target::on(caller.arn.clone());
        if let CallerKind::User { id, name } = &caller.kind {
            target = target.filed_under("AWS::IAM::User", name);
            target.tags.clone_from(&caller.tags);
            let policy = password_policy::rows::in_force(tx, caller.aws_account_id).await?;
            if policy.allow_users_to_change_password {
                target.resource_policy = Some(Arc::clone(&OWN_PASSWORD));
            }
            if self.seen.get().is_none() {
                let seen = Seen::read(tx, id, policy.reuse_prevention).await?;
                // Nobody else has this request, so nobody was faster.
                let _ = self.seen.set(seen);
            }
        }
        Ok(target)
    }

    async fn prepare(&mut self, environment: &Environment) -> Result<(), Error> {
        let Some(seen) = self.seen.get() else {
            return Ok(());
        };
        // Whoever has a stolen access key must not find the password to sign in with at the speed of this machine.
        let keys = [Key::OwnPassword(seen.user_id.clone())];
        if let Err(wait) = environment.guard.admit(&keys, environment.clock.now()) {
            self.prepared.wait = Some(wait);
            return Ok(());
        }
        let old_matches = environment
            .verify_password(
                &self.old_password.secret(),
                seen.password_hash.as_deref(),
                Entrance::Api,
            )
            .await?;
        if !old_matches {
            return Ok(());
        }
        environment.guard.forgive(&keys);
        let new = self.new_password.secret();
        let mut is_reused = false;
        for hash in &seen.forbidden {
            is_reused = environment
                .verify_password(&new, Some(hash), Entrance::Api)
                .await?;
            if is_reused {
                break;
            }
        }
        self.prepared = Prepared {
            wait: None,
            old_matches,
            is_reused,
            hash: environment.hash_password(&new, Entrance::Api).await?,
        };
        Ok(())
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let CallerKind::User { id, name } = &cx.caller.kind else {
            return Err(Error::InvalidUserType(
                "Only IAM Users can change their own password".to_owned(),
            ));
        };
        let account = cx.aws_account_id();
        let policy = password_policy::rows::in_force(cx.tx, account).await?;
        let present = Seen::read(cx.tx, id, policy.reuse_prevention).await?;
        if self.seen.get() != Some(&present) {
            // The password or the policy changed meanwhile: begin again.
            return Err(Fault::Changed.into());
        }
        if present.password_hash.is_none() {
            return Err(no_such_profile(name));
        }
        if let Some(wait) = self.prepared.wait {
            return Err(Error::AccessDenied(format!(
                "Too many wrong passwords. Try again in {} seconds.",
                wait.as_secs().max(1)
            )));
        }
        if !self.prepared.old_matches {
            return Err(Error::AccessDenied("The old password was incorrect.".to_owned()));
        }
        policy.check(self.new_password.as_str())?;
        if self.prepared.is_reused {
            return Err(Error::PasswordPolicyViolation(
                "Password does not conform to the account password policy: it was used before".to_owned(),
            ));
        }
        rows::set_password(cx.tx, id, &self.prepared.hash, cx.now).await?;
        rows::set_reset_required(cx.tx, id, false).await?;
        console::rows::keep(cx.tx, id, &cx.caller.access_key_id, &self.prepared.hash).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IAM;
    use crate::testing::{TestClient, TestServer, engines};

    const ALLOWED: &str = r#"{"Statement":{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"*"}}"#;
    const DENIED: &str = r#"{"Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#;

    async fn give(server: &TestServer, name: &str, password: &str) {
        let members = [
            ("UserName", name),
            ("Password", password),
            ("PasswordResetRequired", "true"),
        ];
        server.as_root().iam("CreateLoginProfile", &members).await.ok();
    }

    async fn change(client: &TestClient<'_>, old: &str, new: &str) -> crate::testing::Answer {
        let members = [("OldPassword", old), ("NewPassword", new)];
        client.iam("ChangePassword", &members).await
    }

    #[tokio::test]
    async fn a_user_changes_its_password_with_the_old_one() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let ada = server.as_user("ada", &[ALLOWED]).await;
            assert_eq!(
                change(&ada, "First-1-Pass", "Second-2-Pass").await.refusal(),
                (404, "NoSuchEntity", "Login Profile for User ada cannot be found.")
            );
            give(&server, "ada", "First-1-Pass").await;
            assert_eq!(
                change(&ada, "Wrong", "Second-2-Pass").await.code(),
                "AccessDenied"
            );
            assert_eq!(
                change(&ada, "First-1-Pass", "short").await.refusal(),
                (
                    400,
                    "PasswordPolicyViolation",
                    "Password should have a minimum length of 8"
                )
            );
            change(&ada, "First-1-Pass", "Second-2-Pass").await.ok();
            let event = server.last_event().to_string();
            assert!(!event.contains("-Pass"), "{event}");
            assert_eq!(
                change(&ada, "First-1-Pass", "Third-3-Pass").await.code(),
                "AccessDenied"
            );
            let profile = server
                .as_root()
                .iam("GetLoginProfile", &[("UserName", "ada")])
                .await;
            assert_eq!(profile.ok()["LoginProfile"]["PasswordResetRequired"], "false");
            assert_eq!(
                change(&server.as_root(), "x", "Third-3-Pass").await.code(),
                "InvalidUserType"
            );
        }
    }

    #[tokio::test]
    async fn guessing_the_old_password_gets_slow() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let [ada, bob] = [
                server.as_user("ada", &[ALLOWED]).await,
                server.as_user("bob", &[ALLOWED]).await,
            ];
            give(&server, "ada", "First-1-Pass").await;
            give(&server, "bob", "First-1-Pass").await;
            for _ in 0..5 {
                let wrong = change(&ada, "Wrong", "Second-2-Pass").await;
                assert_eq!(wrong.message(), "The old password was incorrect.");
            }
            for old in ["Wrong", "First-1-Pass"] {
                assert_eq!(
                    change(&ada, old, "Second-2-Pass").await.refusal(),
                    (
                        403,
                        "AccessDenied",
                        "Too many wrong passwords. Try again in 1 seconds."
                    )
                );
            }
            change(&bob, "First-1-Pass", "Second-2-Pass").await.ok();
            server.clock().advance(Duration::from_secs(1));
            change(&ada, "First-1-Pass", "Second-2-Pass").await.ok();
            let wrong = change(&ada, "First-1-Pass", "Third-3-Pass").await;
            assert_eq!(
                wrong.message(),
                "The old password was incorrect.",
                "the right one forgave those before it"
            );
        }
    }

    #[tokio::test]
    async fn the_account_can_allow_it_and_a_policy_can_still_deny_it() {
        let server = TestServer::start(&[&IAM]).await;
        let bob = server.as_user("bob", &[]).await;
        let eve = server.as_user("eve", &[DENIED]).await;
        give(&server, "bob", "First-1-Pass").await;
        give(&server, "eve", "First-1-Pass").await;
        assert_eq!(
            change(&bob, "First-1-Pass", "Second-2-Pass").await.code(),
            "AccessDenied"
        );
        let allow = [("AllowUsersToChangePassword", "true")];
        server
            .as_root()
            .iam("UpdateAccountPasswordPolicy", &allow)
            .await
            .ok();
        change(&bob, "First-1-Pass", "Second-2-Pass").await.ok();
        let denied = change(&eve, "First-1-Pass", "Second-2-Pass").await;
        assert_eq!(denied.code(), "AccessDenied");
        assert!(
            denied.message().contains("with an explicit deny"),
            "{}",
            denied.message()
        );
    }

    #[tokio::test]
    async fn the_last_passwords_are_not_chosen_again() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let ada = server.as_user("ada", &[ALLOWED]).await;
            let policy = [("PasswordReusePrevention", "2")];
            server
                .as_root()
                .iam("UpdateAccountPasswordPolicy", &policy)
                .await
                .ok();
            give(&server, "ada", "Password-1").await;
            for (old, new, code) in [
                ("Password-1", "Password-2", ""),
                ("Password-2", "Password-1", "PasswordPolicyViolation"),
                ("Password-2", "Password-2", "PasswordPolicyViolation"),
                ("Password-2", "Password-3", ""),
                ("Password-3", "Password-1", ""),
            ] {
                server.clock().advance(Duration::from_secs(1));
                assert_eq!(change(&ada, old, new).await.code(), code, "{old} to {new}");
            }
        }
    }

    #[tokio::test]
    async fn an_administrator_makes_changes_and_removes_profiles() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            server.as_user("ada", &[]).await;
            give(&server, "ada", "First-1-Pass").await;
            let again = [("UserName", "ada"), ("Password", "First-1-Pass")];
            assert_eq!(
                root.iam("CreateLoginProfile", &again).await.refusal(),
                (
                    409,
                    "EntityAlreadyExists",
                    "Login Profile for user ada already exists."
                )
            );
            let short = [("UserName", "ada"), ("Password", "short")];
            assert_eq!(
                root.iam("UpdateLoginProfile", &short).await.code(),
                "PasswordPolicyViolation"
            );
            let update = [("UserName", "ada"), ("PasswordResetRequired", "false")];
            root.iam("UpdateLoginProfile", &update).await.ok();
            let read = root.iam("GetLoginProfile", &[("UserName", "ada")]).await;
            assert_eq!(read.ok()["LoginProfile"]["PasswordResetRequired"], "false");
            let held = root.iam("DeleteUser", &[("UserName", "ada")]).await;
            assert_eq!(
                held.message(),
                "Cannot delete entity, must delete access keys first."
            );
            root.iam("DeleteLoginProfile", &[("UserName", "ada")]).await.ok();
            assert_eq!(
                root.iam("DeleteLoginProfile", &[("UserName", "ada")])
                    .await
                    .refusal(),
                (404, "NoSuchEntity", "Login Profile for User ada cannot be found.")
            );
            let unnamed = root
                .iam("CreateLoginProfile", &[("Password", "First-1-Pass")])
                .await;
            assert_eq!(unnamed.code(), "ValidationError");
        }
    }
}
