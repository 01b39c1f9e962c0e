//! What a refused caller is given for whoever may know more: the place of the recorded decision, sealed.
//!
//! AWS seals the details themselves. Here they are in the trail already, so the message only says where, is short enough
//! for a header, costs a refusal next to nothing, and ends with the record it points to. `sts:DecodeAuthorizationMessage`
//! opens it for callers of the same AWS account that may.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Entropy;
use http::HeaderName;

use crate::vault::Vault;

/// The header of refusals that carries it.
pub const AUTHORIZATION_MESSAGE: HeaderName = HeaderName::from_static("x-amzn-encoded-authorization-message");

/// The message about a refused request of this AWS account.
pub fn encode(vault: &Vault, entropy: &dyn Entropy, account: AwsAccountId, request_id: &str) -> String {
    vault.seal(entropy, &purpose(account), request_id.as_bytes())
}

/// The identifier of the request that a message is about; nothing if it is none of this AWS account.
pub fn decode(vault: &Vault, account: AwsAccountId, message: &str) -> Option<String> {
    vault.open_text(&purpose(account), message)
}

fn purpose(account: AwsAccountId) -> String {
    format!("authorization-message/{account}")
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::SystemEntropy;

    use super::*;

    #[test]
    fn a_message_is_of_one_account() {
        let vault = Vault::new(&[7; 32]);
        let account = |text: &str| text.parse::<AwsAccountId>().unwrap();
        let own = account("111122223333");
        let message = encode(
            &vault,
            &SystemEntropy,
            own,
            "01939f5c-6c00-7a3b-9c1d-2e3f4a5b6c7d",
        );
        assert!(message.len() < 128, "{}", message.len());
        assert_eq!(
            decode(&vault, own, &message).as_deref(),
            Some("01939f5c-6c00-7a3b-9c1d-2e3f4a5b6c7d")
        );
        assert_eq!(decode(&vault, account("444455556666"), &message), None);
        assert_eq!(decode(&vault, own, "message"), None);
    }
}
