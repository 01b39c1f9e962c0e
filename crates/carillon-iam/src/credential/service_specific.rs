//! Service-specific credentials: a name and a secret that one service takes in the place of a signature.

pub(crate) mod operations;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carillon_aws::id::AwsAccountId;
use carillon_aws::secret::Secret;
use carillon_aws::shape::Ranged;
use carillon_aws::sigv4::sha256;
use carillon_aws::string_type;
use carillon_aws::time::Entropy;
use data_encoding::HEXLOWER;

use crate::error::Error;

/// Credentials of one user for one service.
pub(crate) const CREDENTIALS: usize = 2;

/// Days until a credential expires.
pub(crate) type CredentialAgeDays = Ranged<1, 36_600>;

string_type! {
    /// A service, by its host name.
    pub ServiceName, min: 1, max: 128, example: "codecommit.amazonaws.com"
}

string_type! {
    /// The identifier of a service-specific credential.
    pub ServiceSpecificCredentialId, min: 20, max: 128, pattern: r"[\w]+", example: "ACCAEXAMPLE1234567890"
}

string_type! {
    /// The secret of a service-specific credential, which is shown once.
    pub(crate) ServiceSecret, sensitive
}

/// What a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A user name and a password.
    Password,
    /// An API key, which says what its name is.
    ApiKey,
}

/// Services with credentials of their own. Source: IAM User Guide, "Service-specific credentials".
const SERVICES: [(&str, Form); 3] = [
    ("codecommit.amazonaws.com", Form::Password),
    ("cassandra.amazonaws.com", Form::Password),
    ("bedrock.amazonaws.com", Form::ApiKey),
];

impl Form {
    /// What a service takes.
    ///
    /// # Errors
    ///
    /// `NotSupportedService` for services that take signatures only.
    pub fn of(service: &str) -> Result<Self, Error> {
        SERVICES
            .iter()
            .find(|(name, _)| *name == service)
            .map(|(_, form)| *form)
            .ok_or_else(|| Error::NotSupportedService(service.to_owned()))
    }

    /// The name under which the service knows a user; `number` tells several apart.
    pub fn name(self, user: &str, number: usize, account: AwsAccountId, entropy: &dyn Entropy) -> String {
        match self {
            Self::Password if number == 0 => format!("{user}-at-{account}"),
            Self::Password => format!("{user}+{number}-at-{account}"),
            Self::ApiKey => {
                let mut random = [0; 2];
                entropy.fill(&mut random);
                format!("BedrockAPIKey-{}-at-{account}", HEXLOWER.encode(&random))
            }
        }
    }

    /// A new secret of 256 bits for a name.
    pub fn secret(self, name: &str, entropy: &dyn Entropy) -> Secret<String> {
        let mut random = [0; 32];
        entropy.fill(&mut random);
        let secret = STANDARD.encode(random);
        Secret::new(match self {
            Self::Password => secret,
            Self::ApiKey => format!("ABSK{}", STANDARD.encode(format!("{name}:{secret}"))),
        })
    }
}

/// What is kept of a secret: nobody finds 256 random bits by trying.
pub(crate) fn digest(secret: &Secret<String>) -> String {
    HEXLOWER.encode(&sha256(secret.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::TestEntropy;

    use super::*;

    #[test]
    fn each_service_has_its_form() {
        let account = "111122223333".parse().unwrap();
        let entropy = TestEntropy::seeded(1);
        let commit = Form::of("codecommit.amazonaws.com").unwrap();
        assert_eq!(commit.name("ada", 0, account, &entropy), "ada-at-111122223333");
        assert_eq!(commit.name("ada", 1, account, &entropy), "ada+1-at-111122223333");
        assert_eq!(commit.secret("ada", &entropy).expose().len(), 44);
        let bedrock = Form::of("bedrock.amazonaws.com").unwrap();
        let name = bedrock.name("ada", 0, account, &entropy);
        assert!(name.starts_with("BedrockAPIKey-") && name.ends_with("-at-111122223333"));
        let secret = bedrock.secret(&name, &entropy);
        let inside = STANDARD
            .decode(secret.expose().strip_prefix("ABSK").unwrap())
            .unwrap();
        assert!(inside.starts_with(format!("{name}:").as_bytes()));
        assert_ne!(digest(&secret), digest(&bedrock.secret(&name, &entropy)));
        assert!(Form::of("chime.amazonaws.com").is_err());
    }
}
