//! Session tokens: sealed, so that nothing need be looked up and nothing can be altered.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::Vault;
use serde::{Deserialize, Serialize};

/// What a session token carries. It opens only together with its own access key identifier.
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionToken {
    pub aws_account_id: AwsAccountId,
    /// The user, role or root whose permissions the session has.
    pub owner_id: String,
    /// Of role sessions only.
    pub role_session_name: Option<String>,
    /// Made by `GetFederationToken`: its permissions are those that both its owner and its session policies have.
    pub federated_user_name: Option<String>,
    /// Made by `GetSessionToken`, whose sessions may not call all of IAM and STS.
    pub of_get_session_token: bool,
    pub secret_access_key: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub multi_factor_at: Option<Timestamp>,
    pub source_identity: Option<String>,
    /// The ARN of the identity provider whose word it was given on.
    pub federated_provider: Option<String>,
    /// The session policy given as text.
    pub policy: Option<String>,
    /// Managed policies given as session policies.
    pub policy_arns: Vec<String>,
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
}

fn purpose(access_key_id: &str) -> String {
    format!("session/{access_key_id}")
}

impl SessionToken {
    pub fn seal(&self, vault: &Vault, entropy: &dyn Entropy, access_key_id: &str) -> String {
        let plain = serde_json::to_vec(self).expect("strings and numbers are always written");
        vault.seal(entropy, &purpose(access_key_id), &plain)
    }

    pub fn open(vault: &Vault, access_key_id: &str, token: &str) -> Option<Self> {
        serde_json::from_slice(&vault.open(&purpose(access_key_id), token)?).ok()
    }

    pub fn has_session_policies(&self) -> bool {
        self.policy.is_some() || !self.policy_arns.is_empty()
    }

    /// The tags that a session made from this one keeps.
    pub fn transitive_tags(&self) -> Vec<(String, String)> {
        let is_transitive = |key: &str| {
            self.transitive_tag_keys
                .iter()
                .any(|transitive| transitive.to_lowercase() == key.to_lowercase())
        };
        self.tags
            .iter()
            .filter(|(key, _)| is_transitive(key))
            .cloned()
            .collect()
    }
}
