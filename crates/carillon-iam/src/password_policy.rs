//! What passwords of IAM users must be like: the password policy of an AWS account.

pub(crate) mod operations;
pub(crate) mod rows;

use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;

use crate::error::Error;
use crate::login_profile::LoginProfileRow;

/// Characters that count as symbols. Source: IAM User Guide, "Setting an account password policy".
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// The shortest password of an account that has no policy.
const SHORTEST_WITHOUT_POLICY: i64 = 8;

/// The shortest password of a policy that does not say.
const SHORTEST_BY_DEFAULT: i64 = 6;

/// What becomes of who signs in with the right password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    /// Another password must be chosen first.
    MustChange,
    /// Only an administrator can set another.
    Ended,
}

/// The password policy of an AWS account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordPolicy {
    /// In characters.
    pub minimum_length: i64,
    pub require_symbols: bool,
    pub require_numbers: bool,
    pub require_uppercase_characters: bool,
    pub require_lowercase_characters: bool,
    pub allow_users_to_change_password: bool,
    /// In days.
    pub max_age: Option<i64>,
    /// How many of the last passwords a user may not choose again.
    pub reuse_prevention: Option<i64>,
    /// Whether an expired password can only be set anew by an administrator.
    pub hard_expiry: Option<bool>,
}

impl PasswordPolicy {
    /// What holds for an account without a policy.
    pub fn absent() -> Self {
        Self {
            minimum_length: SHORTEST_WITHOUT_POLICY,
            require_symbols: false,
            require_numbers: false,
            require_uppercase_characters: false,
            require_lowercase_characters: false,
            allow_users_to_change_password: false,
            max_age: None,
            reuse_prevention: None,
            hard_expiry: None,
        }
    }

    /// When a password that was set at that time expires; never without a maximum age.
    pub fn expires_at(&self, changed_at: Timestamp) -> Option<Timestamp> {
        let days = u64::try_from(self.max_age?).ok()?;
        Some(changed_at + Duration::from_secs(days * 24 * 60 * 60))
    }

    /// How a password stands that is right. Expiry comes first: a user who may not choose another one after it may not
    /// because of a reset either.
    pub fn standing(&self, profile: &LoginProfileRow, now: Timestamp) -> Standing {
        let has_expired = self
            .expires_at(profile.password_changed_at)
            .is_some_and(|at| at <= now);
        match (has_expired, self.hard_expiry == Some(true)) {
            (true, true) => Standing::Ended,
            (true, false) => Standing::MustChange,
            (false, _) if profile.password_reset_required => Standing::MustChange,
            (false, _) => Standing::Good,
        }
    }

    /// Refuses a password that is not as the policy wants it, with the first thing that is missing.
    pub fn check(&self, password: &str) -> Result<(), Error> {
        let has = |is_one: fn(char) -> bool| password.chars().any(is_one);
        let length = i64::try_from(password.chars().count()).unwrap_or(i64::MAX);
        let missing = if length < self.minimum_length {
            format!("a minimum length of {}", self.minimum_length)
        } else if self.require_uppercase_characters && !has(|c| c.is_ascii_uppercase()) {
            "at least one uppercase letter".to_owned()
        } else if self.require_lowercase_characters && !has(|c| c.is_ascii_lowercase()) {
            "at least one lowercase letter".to_owned()
        } else if self.require_numbers && !has(|c| c.is_ascii_digit()) {
            "at least one number".to_owned()
        } else if self.require_symbols && !has(|c| SYMBOLS.contains(c)) {
            "at least one symbol".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::PasswordPolicyViolation(format!(
            "Password should have {missing}"
        )))
    }
}

/// The refusal of an account that has no password policy.
fn no_policy(account: AwsAccountId) -> Error {
    Error::NotFound(format!(
        "The Password Policy with domain name {account} cannot be found."
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::IAM;
    use crate::testing::{TestServer, engines};

    fn missing(policy: &PasswordPolicy, password: &str) -> String {
        policy
            .check(password)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_password_has_what_the_policy_wants() {
        let policy = PasswordPolicy {
            minimum_length: 9,
            require_symbols: true,
            require_numbers: true,
            require_uppercase_characters: true,
            require_lowercase_characters: true,
            ..PasswordPolicy::absent()
        };
        for (password, expected) in [
            ("Aa1!ääää", "Password should have a minimum length of 9"),
            ("äÄaa1!aaaa", "Password should have at least one uppercase letter"),
            ("AAAA1!AAAA", "Password should have at least one lowercase letter"),
            ("Aaaaa!aaaa", "Password should have at least one number"),
            ("Aaaaa1aaa?", "Password should have at least one symbol"),
            ("Aaaaa1aaa!", ""),
        ] {
            assert_eq!(missing(&policy, password), expected, "{password}");
        }
    }

    #[test]
    fn a_password_stands_until_its_day() {
        let day = |day: i64| Timestamp::from_seconds(day * 24 * 60 * 60);
        let of = |max_age, hard_expiry| PasswordPolicy {
            max_age,
            hard_expiry,
            ..PasswordPolicy::absent()
        };
        let profile = |password_reset_required| LoginProfileRow {
            password_hash: String::new(),
            password_reset_required,
            created_at: day(0),
            password_changed_at: day(100),
        };
        for (policy, reset, at, expected) in [
            (of(None, None), false, 100_000, Standing::Good),
            (of(None, None), true, 100, Standing::MustChange),
            (of(Some(30), None), false, 129, Standing::Good),
            (of(Some(30), None), false, 130, Standing::MustChange),
            (of(Some(30), Some(false)), false, 130, Standing::MustChange),
            (of(Some(30), Some(true)), false, 129, Standing::Good),
            (of(Some(30), Some(true)), true, 129, Standing::MustChange),
            (of(Some(30), Some(true)), true, 130, Standing::Ended),
        ] {
            assert_eq!(
                policy.standing(&profile(reset), day(at)),
                expected,
                "{policy:?} {at}"
            );
        }
    }

    #[test]
    fn without_a_policy_the_length_counts_alone() {
        let absent = PasswordPolicy::absent();
        assert_eq!(
            missing(&absent, "1234567"),
            "Password should have a minimum length of 8"
        );
        assert_eq!(missing(&absent, "12345678"), "");
    }

    #[tokio::test]
    async fn a_policy_is_replaced_whole() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            let missing = "The Password Policy with domain name 123456789012 cannot be found.";
            for action in ["GetAccountPasswordPolicy", "DeleteAccountPasswordPolicy"] {
                assert_eq!(
                    root.iam(action, &[]).await.refusal(),
                    (404, "NoSuchEntity", missing)
                );
            }
            let strict = [
                ("MinimumPasswordLength", "14"),
                ("RequireSymbols", "true"),
                ("MaxPasswordAge", "90"),
                ("PasswordReusePrevention", "24"),
                ("HardExpiry", "true"),
            ];
            root.iam("UpdateAccountPasswordPolicy", &strict).await.ok();
            let read = root.iam("GetAccountPasswordPolicy", &[]).await;
            assert_eq!(
                read.ok()["PasswordPolicy"],
                json!({
                    "MinimumPasswordLength": "14", "RequireSymbols": "true", "RequireNumbers": "false",
                    "RequireUppercaseCharacters": "false", "RequireLowercaseCharacters": "false",
                    "AllowUsersToChangePassword": "false", "ExpirePasswords": "true", "MaxPasswordAge": "90",
                    "PasswordReusePrevention": "24", "HardExpiry": "true",
                })
            );
            root.iam("UpdateAccountPasswordPolicy", &[("RequireNumbers", "true")])
                .await
                .ok();
            let read = root.iam("GetAccountPasswordPolicy", &[]).await;
            assert_eq!(
                read.ok()["PasswordPolicy"],
                json!({
                    "MinimumPasswordLength": "6", "RequireSymbols": "false", "RequireNumbers": "true",
                    "RequireUppercaseCharacters": "false", "RequireLowercaseCharacters": "false",
                    "AllowUsersToChangePassword": "false", "ExpirePasswords": "false",
                })
            );
            root.iam("DeleteAccountPasswordPolicy", &[]).await.ok();
            assert_eq!(root.iam("GetAccountPasswordPolicy", &[]).await.status, 404);

            let short = root
                .iam("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "5")])
                .await;
            assert_eq!(
                short.message(),
                "1 validation error detected: Value '5' at 'minimumPasswordLength' failed to satisfy \
                 constraint: Member must have value greater than or equal to 6"
            );
        }
    }
}
